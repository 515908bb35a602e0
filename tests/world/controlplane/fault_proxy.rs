//! A proxy that spoils requests as networks, load balancers and overloaded servers do, by a script drawn from a seed.
//!
//! It takes plain HTTP/1.1 and asks the server over TLS. What becomes of a request depends on the seed, the method, the
//! path and how often that path was asked before, so that the order of other requests changes nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::{ControlPlane, User, guard, kubeconfig};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Upstream = Client<hyper_rustls::HttpsConnector<HttpConnector>, Incoming>;
type Reply = Response<BoxBody<Bytes, Failure>>;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The connection is reset; the server has not seen the request.
    ResetBefore,
    /// The connection is reset; the server has done what it was asked.
    ResetAfter,
    /// The request reaches the server late.
    Stall(Duration),
    /// The reply comes late.
    Late(Duration),
    /// The server has too much to do, and may say when to come again, in seconds.
    TooMany(Option<u32>),
    /// 500, 502 or 503 in place of the server, which has not seen the request; 504 after it has done what it was asked.
    Status(u16),
    /// The connection ends in the middle of the body of the reply: after the first event of a watch, halfway else.
    CutOff,
}

/// How often what goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// The probability of each fault; together at most one.
    pub(crate) faults: Vec<(Fault, f64)>,
    /// At most so many faults for a path, so that who tries once more than that succeeds.
    pub(crate) limit: usize,
}

impl Script {
    /// Returns what becomes of the `nth` request of a path.
    fn draw(&self, method: &str, path: &str, nth: usize) -> Option<Fault> {
        let digest = Sha256::digest(format!("{} {method} {path} {nth}", self.seed));
        let number = digest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let mut rest = f64::from(number) / f64::from(u32::MAX);
        self.faults
            .iter()
            .find(|(_, probability)| {
                rest -= probability;
                rest < 0.0
            })
            .map(|(fault, _)| *fault)
    }
}

/// A request that came, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) fault: Option<Fault>,
}

/// A running proxy.
pub(crate) struct FaultProxy {
    doors: [Door; 2],
    state: Arc<State>,
    /// Ends all connections when it is dropped.
    runtime: Option<Runtime>,
}

/// Where one user comes in.
struct Door {
    user: User,
    port: u16,
    kubeconfig: PathBuf,
}

struct State {
    script: Script,
    upstream: Upstream,
    server: String,
    seen: Mutex<Vec<Seen>>,
    /// The requests and the faults of each path.
    paths: Mutex<BTreeMap<String, (usize, usize)>>,
}

impl FaultProxy {
    /// Starts a proxy in front of a control plane.
    pub(crate) fn start(plane: &ControlPlane, script: Script) -> FaultProxy {
        let total: f64 = script.faults.iter().map(|(_, probability)| probability).sum();
        assert!(total <= 1.0 + 1e-9, "the probabilities of {:?} are more than one", script.faults);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let upstream = runtime.block_on(upstream(plane));
        let paths = Mutex::default();
        let state = Arc::new(State { script, upstream, server: plane.url(), seen: Mutex::default(), paths });
        // kubectl sends no token where there is no TLS, so each user comes in by a door of their own.
        let doors = [User::Admin, User::Builder].map(|user| {
            let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
            let port = listener.local_addr().expect("it is bound").port();
            let cluster = json!({"server": format!("http://127.0.0.1:{port}")});
            let name = format!("fault-proxy-{port}.kubeconfig");
            let kubeconfig = plane.write(&name, kubeconfig(&cluster, user).to_string());
            runtime.spawn(accept(listener, Arc::clone(&state), user));
            Door { user, port, kubeconfig: kubeconfig.unwrap_or_else(|error| panic!("{error}")) }
        });
        FaultProxy { doors, state, runtime: Some(runtime) }
    }

    fn door(&self, user: User) -> &Door {
        self.doors.iter().find(|door| door.user == user).expect("there is one for each user")
    }

    /// Returns a kubeconfig that leads through the proxy.
    pub(crate) fn kubeconfig(&self, user: User) -> PathBuf {
        self.door(user).kubeconfig.clone()
    }

    /// Returns where a user comes in, for clients that read no kubeconfig.
    pub(crate) fn port(&self, user: User) -> u16 {
        self.door(user).port
    }

    /// Returns all requests that came, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        guard(&self.state.seen).clone()
    }

    /// Returns how many requests of each method came to each end.
    pub(crate) fn counts(&self) -> BTreeMap<(String, Option<Fault>), usize> {
        let mut counts = BTreeMap::new();
        for seen in self.seen() {
            *counts.entry((seen.method, seen.fault)).or_default() += 1;
        }
        counts
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Returns a client that trusts the server's certificate.
async fn upstream(plane: &ControlPlane) -> Upstream {
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig(User::Admin)).expect("it was just written");
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    let connector = config.expect("a kubeconfig").rustls_https_connector_with_connector(connector);
    Client::builder(TokioExecutor::new()).build(connector.expect("a certificate"))
}

async fn accept(listener: TcpListener, state: Arc<State>, user: User) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let connection = Connection(Arc::clone(&stream));
            let service = service_fn(|request| answer(request, user, &state, &stream));
            // A connection that ends by a fault ends with an error.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(connection, service).await;
        });
    }
}

/// An error leaves the connection without a reply.
async fn answer(
    mut request: Request<Incoming>,
    user: User,
    state: &State,
    stream: &TcpStream,
) -> Result<Reply, Failure> {
    let fault = state.meet(request.method(), request.uri());
    let watch = request.uri().query().is_some_and(|query| query.split('&').any(|part| part.starts_with("watch=")));
    let reset = || {
        // What is closed with time zero is reset.
        let _ = stream.set_zero_linger();
        Failure::from("reset")
    };
    let token = || HeaderValue::try_from(format!("Bearer {}", user.token())).expect("a token is plain");
    request.headers_mut().entry(AUTHORIZATION).or_insert_with(token);
    match fault {
        Some(Fault::ResetBefore) => return Err(reset()),
        Some(Fault::TooMany(seconds)) => return Ok(too_many(seconds)),
        Some(Fault::Status(code)) if code != 504 => return Ok(status(code)),
        Some(Fault::Stall(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let reply = state.forward(request).await;
    if matches!(fault, Some(Fault::ResetAfter | Fault::Late(_) | Fault::Status(_))) {
        // The server is done when its reply is whole.
        let (head, body) = reply?.into_parts();
        let body = if watch { body } else { full(body.collect().await?.to_bytes()) };
        match fault {
            Some(Fault::Late(time)) => tokio::time::sleep(time).await,
            Some(Fault::Status(code)) => return Ok(status(code)),
            _ => return Err(reset()),
        }
        return Ok(Response::from_parts(head, body));
    }
    if fault != Some(Fault::CutOff) {
        return reply;
    }
    let (mut head, mut body) = reply?.into_parts();
    let first = if watch {
        body.frame().await.transpose()?.and_then(|frame| frame.into_data().ok()).unwrap_or_default()
    } else {
        let whole = body.collect().await?.to_bytes();
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
        whole.slice(..whole.len() / 2)
    };
    Ok(Response::from_parts(
        head,
        BodyExt::boxed(Torn { first: Some(first), pause: Box::pin(tokio::time::sleep(PAUSE)) }),
    ))
}

impl State {
    /// Notes a request and returns what is to become of it.
    fn meet(&self, method: &Method, uri: &Uri) -> Option<Fault> {
        let path = uri.path().to_owned();
        let fault = {
            let mut paths = guard(&self.paths);
            let (asked, spoiled) = paths.entry(path.clone()).or_default();
            *asked += 1;
            let fault = self.script.draw(method.as_str(), &path, *asked).filter(|_| *spoiled < self.script.limit);
            *spoiled += usize::from(fault.is_some());
            fault
        };
        guard(&self.seen).push(Seen { method: method.to_string(), path, fault });
        fault
    }

    async fn forward(&self, mut request: Request<Incoming>) -> Result<Reply, Failure> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{}{path}", self.server).parse()?;
        request.headers_mut().remove(http::header::HOST);
        remove_hop_headers(request.headers_mut());
        let mut reply = self.upstream.request(request).await?;
        remove_hop_headers(reply.headers_mut());
        Ok(reply.map(|body| BodyExt::boxed(body.map_err(Failure::from))))
    }
}

fn remove_hop_headers(headers: &mut HeaderMap) {
    const HOP: [HeaderName; 3] =
        [http::header::CONNECTION, http::header::TRANSFER_ENCODING, HeaderName::from_static("keep-alive")];
    for name in HOP {
        headers.remove(name);
    }
}

fn full(bytes: impl Into<Bytes>) -> BoxBody<Bytes, Failure> {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

fn reply(code: u16, kind: &'static str, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(full(text));
    *reply.status_mut() = http::StatusCode::from_u16(code).expect("a status code");
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// A server that refuses for want of seats answers with a plain text; a registry that does, with a Status.
fn too_many(seconds: Option<u32>) -> Reply {
    let Some(seconds) = seconds else {
        return failure(429, "TooManyRequests", "too many requests, please try again later");
    };
    let mut reply = reply(429, "text/plain; charset=utf-8", "Too many requests, please try again later.\n");
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    reply
}

fn status(code: u16) -> Reply {
    match code {
        // What comes of an error of etcd has no reason.
        500 => failure(500, "", "etcdserver: leader changed"),
        502 => reply(502, "text/html", "<html><head><title>502 Bad Gateway</title></head></html>\n"),
        503 => failure(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => failure(504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
        _ => panic!("no server answers {code} by itself"),
    }
}

fn failure(code: u16, reason: &str, message: &str) -> Reply {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if let (true, Some(fields)) = (reason.is_empty(), status.as_object_mut()) {
        fields.remove("reason");
    }
    reply(code, "application/json", status.to_string())
}

/// How long the first part of a torn body has to be sent, before the connection ends.
const PAUSE: Duration = Duration::from_millis(20);

/// A body that ends with an error, which ends the connection.
struct Torn {
    first: Option<Bytes>,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl Body for Torn {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            self.pause.as_mut().reset(tokio::time::Instant::now() + PAUSE);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        ready!(self.pause.as_mut().poll(context));
        Poll::Ready(Some(Err("cut off".into())))
    }
}

/// A stream that others can still reach, to say how it ends.
struct Connection(Arc<TcpStream>);

impl hyper::rt::Read for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; 16 * 1024];
        let room = buffer.remaining().min(bytes.len());
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(&mut bytes[..room]) {
                Ok(count) => {
                    buffer.put_slice(&bytes[..count]);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl hyper::rt::Write for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Dropping it closes it; to end one half first would spoil a reset.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
