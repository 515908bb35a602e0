//! A small API server in the process of the tests, for answers that no real one gives: objects by their paths, and a
//! script that may answer any request otherwise.
//!
//! It knows what the client asks of it: discovery, lists by label, reads, server-side apply, leases, deletion.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::bench::Bench;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The path without the query.
    pub(super) path: String,
    pub(super) query: String,
    body: Vec<u8>,
}

impl Asked {
    /// Returns the body as text.
    pub(super) fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What becomes of a request.
pub(super) enum Reply {
    /// The server's own answer.
    Usual,
    /// A status, the type of a body, and the body.
    Whole(u16, &'static str, String),
    /// Bytes as they are, after which the connection ends.
    Raw(Vec<u8>),
    /// Whatever is written to the connection.
    Written(Box<dyn FnOnce(&mut TcpStream) + Send>),
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A running server; its threads end with the tests.
pub(super) struct Api {
    port: u16,
    state: Arc<State>,
}

struct State {
    script: Box<Script>,
    objects: Mutex<BTreeMap<String, Value>>,
    seen: Mutex<Vec<Asked>>,
}

/// Group, version, kind, name in paths, and whether it lies in namespaces.
const KINDS: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "Namespace", "namespaces", false),
    ("", "v1", "Node", "nodes", false),
    ("", "v1", "ConfigMap", "configmaps", true),
    ("", "v1", "Secret", "secrets", true),
    ("", "v1", "Pod", "pods", true),
    ("", "v1", "ServiceAccount", "serviceaccounts", true),
    ("", "v1", "ResourceQuota", "resourcequotas", true),
    ("", "v1", "LimitRange", "limitranges", true),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("apps", "v1", "Deployment", "deployments", true),
    ("apps", "v1", "DaemonSet", "daemonsets", true),
    ("coordination.k8s.io", "v1", "Lease", "leases", true),
    ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
    ("shop.dev", "v1", "Cache", "caches", true),
];

impl Api {
    /// Starts a server that answers as a script says.
    pub(super) fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = State { script: Box::new(script), objects: Mutex::default(), seen: Mutex::default() };
        let api = Self { port, state: Arc::new(state) };
        let state = Arc::clone(&api.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // A client that goes away ends its thread.
                thread::spawn(move || serve(stream, &state));
            }
        });
        api
    }

    /// Starts a server that answers as servers do.
    pub(super) fn plain() -> Self {
        Self::start(|_| Reply::Usual)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns a folder with a kubeconfig of the server, `kubeconfig`, and the files.
    pub(super) fn bench(&self, files: &[(&str, &str)]) -> Bench {
        let bench = Bench::with(files);
        bench.write("kubeconfig", &kubeconfig(&json!({ "server": self.url() }), &json!({})));
        bench
    }

    /// Puts an object there, as somebody else made it.
    pub(super) fn put(&self, path: &str, object: &Value) {
        let (resource, _, _) = parse(path).expect("a path of an object");
        put(&self.state, path, resource, object.clone());
    }

    pub(super) fn get(&self, path: &str) -> Value {
        guard(&self.state.objects).get(path).cloned().unwrap_or_default()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        guard(&self.state.objects).contains_key(path)
    }

    pub(super) fn seen(&self, method: &str) -> Vec<Asked> {
        guard(&self.state.seen).iter().filter(|asked| asked.method == method).cloned().collect()
    }
}

/// Returns a kubeconfig.
pub(super) fn kubeconfig(cluster: &Value, user: &Value) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "c", "cluster": cluster }],
        "users": [{ "name": "c", "user": user }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "c", "namespace": "shop" } }],
        "current-context": "c",
    })
    .to_string()
}

/// Refuses a request as a server refuses who has no right to it.
pub(super) fn forbidden(asked: &Asked) -> Reply {
    let plural = asked.path.rsplit('/').next().unwrap_or_default();
    let message = format!("{plural} is forbidden: User \"dev\" cannot list resource \"{plural}\"");
    Reply::Whole(403, "application/json", status(403, "Forbidden", &message).to_string())
}

fn guard<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers with a status.
pub(super) fn said(code: u16, reason: &str) -> Reply {
    Reply::Whole(code, "application/json", status(code, reason, reason).to_string())
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    let word = if code < 300 { "Success" } else { "Failure" };
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": word, "reason": reason, "message": message, "code": code})
}

fn serve(mut stream: TcpStream, state: &State) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let asked = read(&mut reader)?;
        guard(&state.seen).push(asked.clone());
        match (state.script)(&asked) {
            Reply::Usual => {
                let (code, body) = answer(state, &asked);
                write(&mut stream, code, "application/json", &body.to_string())?;
            }
            Reply::Whole(code, content, body) => write(&mut stream, code, content, &body)?,
            Reply::Raw(bytes) => return stream.write_all(&bytes).ok(),
            Reply::Written(write) => {
                write(&mut stream);
                return None;
            }
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|length| *length > 0)?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Asked { method, path: path.to_owned(), query: query.to_owned(), body })
}

fn write(stream: &mut TcpStream, code: u16, content: &str, body: &str) -> Option<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {code} Some\r\nContent-Type: {content}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()
}

type Kind = &'static (&'static str, &'static str, &'static str, &'static str, bool);

/// Returns the kind that a path names, its namespace and its name.
fn parse(path: &str) -> Option<(Kind, Option<&str>, Option<&str>)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, plural, name) = match rest {
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        [plural, name] => (None, *plural, Some(*name)),
        [plural] => (None, *plural, None),
        _ => return None,
    };
    let kind = KINDS.iter().find(|kind| (kind.0, kind.1, kind.3) == (group, version, plural))?;
    Some((kind, namespace, name))
}

fn api_version(kind: Kind) -> String {
    if kind.0.is_empty() { kind.1.to_owned() } else { format!("{}/{}", kind.0, kind.1) }
}

fn put(state: &State, path: &str, kind: Kind, mut object: Value) -> Value {
    let (_, namespace, name) = parse(path).expect("a path of an object");
    let mut objects = guard(&state.objects);
    let uid = objects.get(path).map(|old| old["metadata"]["uid"].clone());
    object["apiVersion"] = json!(api_version(kind));
    object["kind"] = json!(kind.2);
    object["metadata"]["name"] = json!(name);
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object["metadata"]["uid"] = uid.unwrap_or_else(|| json!(format!("uid-{path}")));
    object["metadata"]["resourceVersion"] = json!(format!("{}", guard(&state.seen).len()));
    objects.insert(path.to_owned(), object.clone());
    object
}

fn answer(state: &State, asked: &Asked) -> (u16, Value) {
    if asked.path == "/api" || asked.path == "/apis" {
        return (200, discovery(asked.path == "/api"));
    }
    let Some((kind, namespace, name)) = parse(&asked.path) else {
        return (404, status(404, "NotFound", "no such path"));
    };
    let missing = || (404, status(404, "NotFound", &format!("{} not found", kind.3)));
    let dry_run = asked.query.contains("dryRun=All") || asked.body().contains("\"dryRun\"");
    match (asked.method.as_str(), name) {
        ("GET", None) => (200, list(state, kind, namespace, &asked.query)),
        ("GET", Some(_)) => guard(&state.objects).get(&asked.path).map_or_else(missing, |object| (200, object.clone())),
        ("POST", None) => {
            let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
            let path = format!("{}/{}", asked.path, body["metadata"]["name"].as_str().expect("a name"));
            (201, put(state, &path, kind, body))
        }
        ("PATCH" | "PUT", Some(_)) => {
            let there = guard(&state.objects).contains_key(&asked.path);
            let object = put(state, &asked.path, kind, serde_json::from_slice(&asked.body).expect("JSON"));
            if dry_run && !there {
                guard(&state.objects).remove(&asked.path);
            }
            (if there { 200 } else { 201 }, object)
        }
        ("DELETE", Some(_)) if dry_run => (200, status(200, "", "")),
        ("DELETE", Some(name)) => {
            let mut objects = guard(&state.objects);
            if objects.remove(&asked.path).is_none() {
                return missing();
            }
            if kind.2 == "Namespace" {
                let inside = format!("/namespaces/{name}/");
                objects.retain(|path, _| !path.contains(&inside));
            }
            (200, status(200, "", ""))
        }
        _ => (405, status(405, "MethodNotAllowed", "not allowed")),
    }
}

fn list(state: &State, kind: Kind, namespace: Option<&str>, query: &str) -> Value {
    let selector = query.split('&').find_map(|part| part.strip_prefix("labelSelector=")).unwrap_or_default();
    let selector = selector.replace("%2F", "/").replace("%3D", "=").replace("%21", "!");
    let chosen = |object: &Value| match (selector.split_once("!="), selector.split_once('=')) {
        (Some((label, value)), _) => object["metadata"]["labels"][label] != value,
        (None, Some((label, value))) => object["metadata"]["labels"][label] == value,
        (None, None) => true,
    };
    let objects = guard(&state.objects);
    let items: Vec<&Value> = objects
        .iter()
        .filter(|(path, object)| {
            parse(path).is_some_and(|(other, place, _)| {
                other.2 == kind.2 && (namespace.is_none() || namespace == place) && chosen(object)
            })
        })
        .map(|(_, object)| object)
        .collect();
    json!({"kind": format!("{}List", kind.2), "apiVersion": api_version(kind), "metadata": {"resourceVersion": "1"}, "items": items})
}

fn discovery(core: bool) -> Value {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (group, version, kind, plural, namespaced) in KINDS.iter().filter(|kind| kind.0.is_empty() == core) {
        let scope = if *namespaced { "Namespaced" } else { "Cluster" };
        groups.entry(group).or_default().push(json!({
            "resource": plural,
            "responseKind": {"group": group, "version": version, "kind": kind},
            "scope": scope,
        }));
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, resources)| json!({"metadata": {"name": group}, "versions": [{"version": "v1", "resources": resources}]}))
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}
