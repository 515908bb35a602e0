//! Sees every change of the objects in a namespace, past whatever stands between others and the server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{COLLECTIONS, Case, collection, identity};
use crate::controlplane::User;

type Seen = BTreeMap<(String, String), Vec<Value>>;

/// An open watch on every collection of a namespace.
pub(super) struct Watcher {
    seen: Arc<Mutex<Seen>>,
    runtime: Option<Runtime>,
}

impl Watcher {
    /// Starts to watch; what happens from now on is seen.
    pub(super) fn start(case: &Case<'_>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let kubeconfig = Kubeconfig::read_from(case.plane.kubeconfig(User::Admin)).expect("it is there");
        runtime.block_on(async {
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
            let client = kube::Client::try_from(config.expect("a kubeconfig")).expect("a client");
            for (kind, _) in COLLECTIONS {
                let path = format!("{}?watch=true&timeoutSeconds=900", collection(&case.namespace, kind));
                let request = Request::get(path).body(Body::empty()).expect("a request");
                let response = client.send(request).await.expect("the server answers");
                assert!(response.status().is_success(), "{}", response.status());
                tokio::spawn(read(response.into_body(), kind, Arc::clone(&seen)));
            }
        });
        Self { seen, runtime: Some(runtime) }
    }

    /// Panics unless every object of the spec changed once, by being made, and stays so.
    pub(super) fn assert_made_once(&self, case: &Case<'_>) {
        let end = Instant::now() + Duration::from_secs(60);
        let compiled = case.compiled();
        loop {
            let seen = self.seen.lock().expect("nobody panics with it").clone();
            let missing = compiled.keys().filter(|key| !seen.contains_key(*key)).count();
            if missing == 0 {
                let members = seen.iter().filter(|(key, _)| compiled.contains_key(*key));
                for (key, changes) in members {
                    let [change] = changes.as_slice() else { panic!("{key:?} changed {} times", changes.len()) };
                    assert_eq!(change["type"], "ADDED", "{change}");
                    let generation = &change["object"]["metadata"]["generation"];
                    assert!(generation.is_null() || *generation == 1, "{change}");
                }
                return;
            }
            assert!(Instant::now() < end, "the watch has not seen {missing} objects");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

async fn read(mut body: Body, kind: &str, seen: Arc<Mutex<Seen>>) {
    let mut pending: Vec<u8> = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        pending.extend(frame.into_data().unwrap_or_default());
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let mut change: Value = serde_json::from_slice(&line).expect("an event");
            change["object"]["kind"] = kind.into();
            let key = identity(&change["object"]);
            seen.lock().expect("nobody panics with it").entry(key).or_default().push(change);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
