//! The proxies do to requests what they say, and nothing else.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::controlplane::distance::Distance;
use crate::controlplane::fault_proxy::{Fault, FaultProxy, Script};
use crate::controlplane::{ControlPlane, PATIENCE, User, succeeded};

/// A reply as it came over the wire.
struct Reply {
    code: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.head))
    }
}

fn send(proxy: &FaultProxy, method: &str, path: &str, body: &str) -> io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port(User::Builder)))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    Ok(BufReader::new(stream))
}

/// Asks once, on a connection of its own: what libraries repeat by themselves would hide a fault.
fn ask(proxy: &FaultProxy, method: &str, path: &str, body: &str) -> io::Result<Reply> {
    let mut reader = send(proxy, method, path, body)?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    Ok(Reply { code, head, body })
}

fn always(fault: Fault) -> Script {
    Script { seed: 1, faults: vec![(fault, 1.0)], limit: 1 }
}

fn config_map(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}).to_string()
}

/// Makes a `ConfigMap` twice through a proxy that spoils the first attempt.
fn twice(fault: Fault) -> [io::Result<Reply>; 2] {
    let plane = ControlPlane::shared();
    let path = format!("/api/v1/namespaces/{}/configmaps", plane.namespace());
    let proxy = FaultProxy::start(plane, always(fault));
    let replies = [(); 2].map(|()| ask(&proxy, "POST", &path, &config_map("once")));
    let counts: Vec<_> = proxy.counts().into_iter().collect();
    assert_eq!(counts, [(("POST".to_owned(), None), 1), (("POST".to_owned(), Some(fault)), 1)]);
    replies
}

fn code(reply: &io::Result<Reply>) -> Result<u16, io::ErrorKind> {
    reply.as_ref().map(|reply| reply.code).map_err(io::Error::kind)
}

#[test]
fn a_reset_comes_before_the_server_or_after_it() {
    needs!(CONTROL_PLANE);
    let [first, second] = twice(Fault::ResetBefore);
    assert_eq!((code(&first), code(&second)), (Err(io::ErrorKind::ConnectionReset), Ok(201)));
    let [first, second] = twice(Fault::ResetAfter);
    assert_eq!((code(&first), code(&second)), (Err(io::ErrorKind::ConnectionReset), Ok(409)));
}

#[test]
fn servers_that_fail_say_so_as_servers_do() {
    needs!(CONTROL_PLANE);
    for (status, reason, again) in [
        (500, Some(Value::Null), 201),
        (502, None, 201),
        (503, Some("ServiceUnavailable".into()), 201),
        (504, Some("Timeout".into()), 409),
    ] {
        let [first, second] = twice(Fault::Status(status));
        assert_eq!((code(&first), code(&second)), (Ok(status), Ok(again)));
        let first = first.unwrap();
        if let Some(reason) = reason {
            let said = first.json();
            assert_eq!((&said["kind"], &said["code"], &said["reason"]), (&"Status".into(), &status.into(), &reason));
        }
    }
    let [first, second] = twice(Fault::TooMany(Some(3)));
    assert_eq!((code(&first), code(&second)), (Ok(429), Ok(201)));
    assert_eq!(first.unwrap().header("Retry-After"), Some("3"));
    let [first, _] = twice(Fault::TooMany(None));
    assert_eq!((code(&first), first.unwrap().header("Retry-After")), (Ok(429), None));
}

#[test]
fn stalls_take_their_time() {
    needs!(CONTROL_PLANE);
    let time = Duration::from_millis(700);
    for fault in [Fault::Stall(time), Fault::Late(time)] {
        let start = Instant::now();
        let [first, second] = twice(fault);
        assert_eq!((code(&first), code(&second)), (Ok(201), Ok(409)));
        assert!(start.elapsed() >= time, "{fault:?} took {:?}", start.elapsed());
    }
}

#[test]
fn a_client_that_leaves_has_asked_for_nothing_or_for_all() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    for (fault, made) in [(Fault::Stall(Duration::from_secs(1)), false), (Fault::Late(Duration::from_secs(1)), true)] {
        let path = format!("/api/v1/namespaces/{}/configmaps", plane.namespace());
        let proxy = FaultProxy::start(plane, always(fault));
        let reader = send(&proxy, "POST", &path, &config_map("left")).unwrap();
        reader.get_ref().set_read_timeout(Some(Duration::from_millis(600))).unwrap();
        let mut reader = reader;
        let early = reader.read(&mut [0]).expect_err("no reply so soon");
        assert!(matches!(early.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{early}");
        drop(reader);
        thread::sleep(Duration::from_secs(1));
        let there = plane.kubectl(&["get", "--raw", &format!("{path}/left")]).status.success();
        assert_eq!(there, made, "{fault:?}");
    }
}

#[test]
fn a_body_is_cut_off_in_its_middle() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let proxy = FaultProxy::start(plane, always(Fault::CutOff));
    let path = "/api/v1/namespaces/default";
    let first = ask(&proxy, "GET", path, "").unwrap();
    let second = ask(&proxy, "GET", path, "").unwrap();
    assert_eq!((first.code, second.code), (200, 200));
    assert_eq!(second.json()["metadata"]["name"], "default");
    assert_eq!(first.header("Content-Length"), Some(second.body.len().to_string().as_str()));
    assert_eq!(first.body, second.body[..second.body.len() / 2]);
}

#[test]
fn watches_stream_through() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let proxy = FaultProxy::start(plane, always(Fault::CutOff));
    // The first watch is cut off after its first event, the second goes on.
    for cut in [true, false] {
        let reader = send(&proxy, "GET", &format!("{path}?watch=true"), "").unwrap();
        let (sender, events) = mpsc::channel();
        let watcher = thread::spawn(move || {
            for line in reader.lines() {
                let Ok(line) = line else { break };
                if line.starts_with('{') && sender.send(line).is_err() {
                    break;
                }
            }
        });
        let names = if cut { ["a", "b"] } else { ["c", "d"] };
        let mut seen = BTreeSet::new();
        for name in names {
            succeeded(&plane.kubectl(&["create", "configmap", name, "-n", &namespace])).unwrap();
            // A watch from nowhere starts with what is there, in any order.
            while !seen.contains(name) {
                let Ok(event) = events.recv_timeout(PATIENCE) else { break };
                let event: Value = serde_json::from_str(&event).unwrap();
                assert_eq!(event["type"], "ADDED");
                seen.insert(event["object"]["metadata"]["name"].as_str().unwrap().to_owned());
            }
        }
        let expected: &[&str] = if cut { &["a"] } else { &["a", "b", "c", "d"] };
        assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        drop(events);
        if cut {
            watcher.join().unwrap();
        }
    }
}

/// Asks many paths in some order, a few times each, from several threads, and returns what became of each.
fn sweep(seed: u64, backwards: bool) -> Vec<crate::controlplane::fault_proxy::Seen> {
    let faults = vec![(Fault::ResetBefore, 0.3), (Fault::TooMany(Some(1)), 0.1), (Fault::Status(503), 0.2)];
    let proxy = FaultProxy::start(ControlPlane::shared(), Script { seed, faults, limit: 2 });
    let mut paths: Vec<String> = (0..40).map(|at| format!("/api/v1/namespaces/missing-{at}")).collect();
    if backwards {
        paths.reverse();
    }
    thread::scope(|scope| {
        for part in paths.chunks(10) {
            let proxy = &proxy;
            scope.spawn(move || {
                for path in part {
                    let codes: Vec<_> = (0..3).map(|_| code(&ask(proxy, "GET", path, ""))).collect();
                    assert!(codes.contains(&Ok(404)), "two faults at most for {path}: {codes:?}");
                }
            });
        }
    });
    let mut seen = proxy.seen();
    // Those of one path came one after the other.
    seen.sort_by(|one, other| one.path.cmp(&other.path));
    seen
}

#[test]
fn a_seed_is_a_script_whatever_the_order() {
    needs!(CONTROL_PLANE);
    let seen = sweep(7, false);
    assert_eq!(seen.len(), 120);
    assert_eq!(seen, sweep(7, true));
    assert_ne!(seen, sweep(8, false));
    let spoiled = seen.iter().filter(|seen| seen.fault.is_some()).count();
    assert!((40..90).contains(&spoiled), "six of ten or a little less are spoiled, not {spoiled} of 120");
}

#[test]
fn kubectl_goes_through_both() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let (faults, far) = (FaultProxy::start(plane, Script::default()), Distance::start(plane, Duration::from_millis(5)));
    for user in [User::Admin, User::Builder] {
        for kubeconfig in [faults.kubeconfig(user), far.kubeconfig(user)] {
            let namespace = plane.namespace();
            let input = config_map("through");
            let flags = ["apply", "--server-side", "-n", &namespace, "-f", "-"];
            succeeded(&plane.kubectl_through(&kubeconfig, &flags, input)).unwrap();
            let live = plane.get_json(&format!("/api/v1/namespaces/{namespace}/configmaps/through"));
            assert_eq!(live["data"]["key"], "value");
        }
    }
}

#[test]
fn distance_takes_time_but_no_bandwidth() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let round_trip = Duration::from_millis(300);
    let far = Distance::start(plane, round_trip);
    let took = |kubeconfig: &std::path::Path, path: &str| {
        let start = Instant::now();
        let asked = plane.kubectl_through(kubeconfig, &["get", "--raw", path], "");
        succeeded(&asked).unwrap();
        (start.elapsed(), asked.stdout.len())
    };
    // A round trip each for TCP, TLS and the request.
    let (time, _) = took(&far.kubeconfig(User::Admin), "/readyz");
    assert!(time >= 3 * round_trip, "{time:?}");
    // Megabytes come in as few round trips; so many as a window of 64 KB would need are minutes.
    let (near, size) = took(&plane.kubeconfig(User::Admin), "/openapi/v2");
    let (time, far_size) = took(&far.kubeconfig(User::Admin), "/openapi/v2");
    assert_eq!(size, far_size);
    assert!(size > 2_000_000, "{size} bytes are too few to tell");
    let windows = u32::try_from(size / 65_536).unwrap();
    assert!(time < near + windows * round_trip / 3, "{size} bytes in {time:?}, from near in {near:?}");
}
