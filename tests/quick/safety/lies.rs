//! A server that answers in the right form, and says what is not so: nothing is deleted, forgotten or claimed for it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Api, Asked, Reply, kubeconfig, said};
use super::server::{MAP, ends};
use crate::bench::Bench;

const OBJECT: &str = "/api/v1/namespaces/shop/configmaps/a";
const PARENT: &str = "/api/v1/namespaces/shop/configmaps/s";
const THEIRS: &str = "/api/v1/namespaces/shop/configmaps/theirs";
const SET: &str = "--applyset=s";

fn reply(body: &Value) -> Reply {
    Reply::Whole(200, "application/json", body.to_string())
}

fn is_list(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.ends_with("/configmaps") && !asked.query.contains("watch=")
}

/// Starts a server that tells the truth until the set is applied.
fn after_apply(lie: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Api, Bench) {
    let lying = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&lying);
    let api = Api::start(move |asked| if now.load(Ordering::SeqCst) { lie(asked) } else { Reply::Usual });
    let bench = api.bench(&[("a.yaml", MAP)]);
    ends(&bench, &["apply", "a.yaml", SET], 0, &["1 created"]);
    api.put(THEIRS, &json!({"data": {"precious": "x"}}));
    lying.store(true, Ordering::SeqCst);
    (api, bench)
}

#[test]
fn what_the_server_did_not_select_is_no_member() {
    let (api, bench) = after_apply(|asked| {
        if !is_list(asked) {
            return Reply::Usual;
        }
        let item = |name: &str| json!({"metadata": {"name": name, "namespace": "shop", "uid": name}});
        reply(
            &json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": [item("a"), item("theirs")]}),
        )
    });
    let words = ["expected a list of configmaps", "without the label `applyset.kubernetes.io/part-of`"];
    for args in [&["apply", "a.yaml", SET, "--prune", "--prune-limit=9"][..], &["delete", "a.yaml", SET]] {
        ends(&bench, args, 3, &words);
    }
    ends(&bench, &["diff", "a.yaml", "--against=cluster", SET, "--prune"], 3, &words);
    assert!(api.has(OBJECT) && api.has(THEIRS) && api.has(PARENT));
    assert!(
        api.seen("DELETE").iter().all(|asked| asked.path.contains("/leases/")),
        "only the lease of apply is deleted"
    );
}

#[test]
fn a_list_that_is_missing_or_of_another_kind_is_not_empty() {
    type Answer = fn() -> Reply;
    let lists: [(Answer, &str); 2] = [
        (|| said(404, "NotFound"), "cannot read the configmaps of the set: NotFound"),
        (|| reply(&json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []})), "found `PodList`"),
    ];
    for (list, word) in lists {
        let (api, bench) = after_apply(move |asked| if is_list(asked) { list() } else { Reply::Usual });
        ends(&bench, &["delete", "a.yaml", SET], 3, &[word]);
        ends(&bench, &["apply", "a.yaml", SET, "--prune"], 3, &[word]);
        ends(&bench, &["diff", "a.yaml", "--against=cluster", SET], 3, &[word]);
        let said = ends(&bench, &["status", "a.yaml", SET], 3, &["cannot look at the cluster"]);
        assert!(!said.contains("role") && !said.contains("may not") && !said.contains("not there"), "{said}");
        assert!(api.has(OBJECT) && api.has(PARENT), "the set is not forgotten");
    }
}

#[test]
fn a_set_whose_parent_is_not_found_is_known_by_its_members() {
    let (api, bench) =
        after_apply(
            |asked| if asked.path == PARENT && asked.method == "GET" { said(404, "NotFound") } else { Reply::Usual },
        );
    ends(&bench, &["delete", "a.yaml", SET], 0, &["the set `s` is not there in namespace `shop`", "1 deleted"]);
    assert!(!api.has(OBJECT) && api.has(THEIRS));
    let words = [
        "the set `s` is not there in namespace `shop`, and no object of the kinds in the inputs is a member",
        "nothing done",
    ];
    ends(&bench, &["delete", "a.yaml", SET], 0, &words);
}

#[test]
fn an_answer_without_what_was_sent_is_none() {
    type Lie = fn(&mut Value);
    let lies: [(Lie, &str); 2] = [
        (|object| drop(object.as_object_mut().expect("an object").remove("data")), "with its `data`, found it without"),
        (|object| object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"), "it is being deleted"),
    ];
    for (lie, word) in lies {
        let api = Api::start(move |asked| {
            if asked.method != "PATCH" {
                return Reply::Usual;
            }
            let mut object: Value = serde_json::from_str(&asked.body()).expect("JSON");
            object["metadata"]["uid"] = json!("1");
            lie(&mut object);
            reply(&object)
        });
        let bench = api.bench(&[("a.yaml", MAP)]);
        for args in [&["apply", "a.yaml"][..], &["apply", "a.yaml", "--dry-run=server"]] {
            let said = ends(&bench, args, 1, &[word, "1 failed"]);
            assert!(!said.contains("configured") && !said.contains("created"), "{said}");
        }
    }
}

#[test]
fn an_object_that_somebody_deletes_meanwhile_is_made_anew() {
    // It was there with a finalizer when it was looked at, and is gone after the first write.
    let first = AtomicBool::new(true);
    let going = Api::start(move |asked| {
        let is_first = asked.method == "PATCH" && asked.path == OBJECT && first.swap(false, Ordering::SeqCst);
        if !is_first {
            return Reply::Usual;
        }
        let metadata =
            json!({"name": "a", "namespace": "shop", "uid": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"});
        reply(&json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": {"key": "x"}}))
    });
    ends(&going.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml"], 0, &["1 created"]);
    assert!(going.has(OBJECT));
}

#[test]
fn pages_that_hold_hardly_anything_are_no_list() {
    let api = Api::start(|asked| {
        if !is_list(asked) {
            return Reply::Usual;
        }
        let number = asked.query.split("continue=").nth(1).map_or(0, |text| text.parse::<u32>().unwrap_or(0)) + 1;
        let item = json!({"metadata": {"name": format!("a-{number}"), "namespace": "shop", "uid": number.to_string(),
            "labels": {"applyset.kubernetes.io/part-of": asked.query.split("%3D").nth(1).unwrap_or_default().split('&').next()}}});
        let metadata = json!({"resourceVersion": "1", "continue": number.to_string()});
        reply(&json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": [item]}))
    });
    let bench = api.bench(&[("a.yaml", MAP)]);
    for args in [&["apply", "a.yaml", SET][..], &["delete", "a.yaml", SET], &["status", "a.yaml", SET]] {
        ends(&bench, args, 3, &["the list of configmaps goes on for ever"]);
    }
    assert!(api.seen("GET").len() < 100, "{}", api.seen("GET").len());
}

#[test]
fn a_lease_that_is_there_and_is_not_ends_the_run() {
    needs!(TIME);
    let api = Api::start(|asked| match (asked.method.as_str(), asked.path.contains("/leases")) {
        ("POST", true) => said(409, "AlreadyExists"),
        ("GET", true) => said(404, "NotFound"),
        _ => Reply::Usual,
    });
    let words =
        ["waiting for the set `s` to be free (5 s)", "refuses to make the Lease `s`", "says that it is not there"];
    ends(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml", SET], 3, &words);
    assert!(api.seen("POST").len() < 100, "{}", api.seen("POST").len());
}

/// Returns the first line of a run that says what it waits for.
fn first_wait(bench: &Bench, args: &[&str]) -> String {
    let mut command = bench.command(args);
    let mut child: Child = command
        .arg("--kubeconfig")
        .arg(bench.path("kubeconfig"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let start = Instant::now();
    let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("waiting for"));
    child.kill().expect("it still waits");
    child.wait().expect("it ended");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    line.unwrap_or_default()
}

#[test]
fn one_object_that_is_refused_a_hearing_is_named() {
    needs!(TIME);
    let other = MAP.replace("name: a", "name: b");
    let api = Api::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("PATCH", OBJECT) => Reply::Whole(429, "application/json", "{}".into()),
        _ => Reply::Usual,
    });
    let bench = api.bench(&[("a.yaml", MAP), ("b.yaml", &other)]);
    assert_eq!(
        first_wait(&bench, &["apply", "a.yaml", "b.yaml", SET]),
        "waiting for the server to take `ConfigMap shop/a` (5 s)"
    );
    let (api, bench) = after_apply(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("DELETE", OBJECT) => reply(&json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        _ => Reply::Usual,
    });
    assert_eq!(first_wait(&bench, &["delete", "a.yaml", SET]), "waiting for `ConfigMap shop/a` to be gone (5 s)");
    assert!(api.has(OBJECT) && api.has(PARENT));
}

#[test]
fn a_server_in_trouble_denies_no_right_and_knows_no_difference() {
    needs!(TIME);
    let api =
        Api::start(|asked| if is_list(asked) || asked.method == "PATCH" { said(500, "Oops") } else { Reply::Usual });
    let bench = api.bench(&[("a.yaml", MAP)]);
    let said = ends(&bench, &["status", "a.yaml"], 3, &["cannot list `configmaps` in `shop`: Oops"]);
    assert!(!said.contains("role"), "{said}");
    let said =
        ends(&bench, &["diff", "a.yaml", "--against=cluster"], 3, &["what it would make of `ConfigMap shop/a`: Oops"]);
    assert!(!said.contains("added"), "{said}");
}

#[test]
fn nodes_that_are_not_found_are_not_known() {
    let api = Api::start(|asked| if asked.path == "/api/v1/nodes" { said(404, "NotFound") } else { Reply::Usual });
    api.put("/api/v1/namespaces/shop", &json!({}));
    let spec = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop, namespace: shop}\nworkloads:\n  web: {kind: Deployment, image: \"nginx:1.27\"}\n";
    let bench = api.bench(&[("s.yaml", spec)]);
    let said = ends(&bench, &["apply", "s.yaml", "--preflight"], 1, &["not-readable", "cannot list `nodes`: NotFound"]);
    assert!(!said.contains("role"), "{said}");
    assert!(api.seen("PATCH").is_empty());
}

#[test]
fn a_server_that_refuses_us_does_answer() {
    for (code, reason, words) in [
        (401, "Unauthorized", "does not accept the credentials: Unauthorized"),
        (403, "forbidden: no", "refuses to say which kinds it has: forbidden: no"),
    ] {
        let api = Api::start(move |_| said(code, reason));
        let said = ends(&api.bench(&[("a.yaml", MAP)]), &["status", "a.yaml"], 3, &[words]);
        assert!(!said.contains("does not answer"), "{said}");
    }
}

#[test]
fn what_is_no_url_of_a_server_is_said_in_one_line() {
    for (server, words) in [
        ("u:TOPSECRET@127.0.0.1:1", "names neither `http://` nor `https://`"),
        ("127.0.0.1:1", "names neither"),
        ("localhost", "names neither"),
        ("http:127.0.0.1", "kubeconfig"),
        ("ftp://127.0.0.1", "names neither"),
        ("https://127.0.0.1:x", "has no port"),
        ("https://127.0.0.1:99999", "has no port"),
        ("http://127.0.0.1:9/?token=TOPSECRET", "http://127.0.0.1:9"),
        ("", "kubeconfig"),
    ] {
        let bench = Bench::with(&[("a.yaml", MAP)]);
        bench.write("kubeconfig", &kubeconfig(&json!({ "server": server }), &json!({})));
        let said = ends(&bench, &["status", "a.yaml"], 3, &[words]);
        assert!(!said.contains("SECRET") && !said.contains("panicked"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_credential_program_that_asks_itself_ends() {
    let api = Api::plain();
    let bench = api.bench(&[("a.yaml", MAP)]);
    let fanfold = env!("CARGO_BIN_EXE_fanfold");
    let script =
        format!("#!/bin/sh\necho run >> runs\n{fanfold} status a.yaml --kubeconfig kubeconfig 2>> said\nexit 1\n");
    bench.write("login", &script);
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [bench.path("login")], "interactiveMode": "Never"});
    bench.write("kubeconfig", &kubeconfig(&json!({"server": api.url()}), &json!({ "exec": exec })));
    ends(&bench, &["status", "a.yaml"], 3, &["credential program `sh` failed"]);
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).expect("the program wrote it");
    assert_eq!(read("runs"), "run\n");
    assert!(read("said").contains("is to be run by a credential program"), "{}", read("said"));
}
