//! A server that is none, is in trouble, or has no right for us: a clear end in bounded time, and no success that is none.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Api, Asked, Reply, forbidden, kubeconfig};
use crate::bench::{Bench, stderr, stdout};

pub(super) const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {key: x}\n";
/// Longer than anything here may take, on a machine that does other things too.
const LONG: Duration = Duration::from_secs(60);

fn run(bench: &Bench, args: &[&str]) -> Output {
    let mut command = bench.command(args);
    command.arg("--kubeconfig").arg(bench.path("kubeconfig")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("the binary runs");
    assert!(start.elapsed() < LONG, "{args:?} took {:?}: {}", start.elapsed(), stderr(&output));
    output
}

/// Runs a command, and expects an exit code and words on one of its streams.
#[track_caller]
pub(super) fn ends(bench: &Bench, args: &[&str], exit: i32, words: &[&str]) -> String {
    let output = run(bench, args);
    let said = stderr(&output) + &stdout(&output);
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not said by {args:?}: {said}");
    }
    said
}

/// Answers each request with these bytes.
fn always(bytes: impl Into<Vec<u8>>) -> Api {
    let bytes = bytes.into();
    Api::start(move |_| Reply::Raw(bytes.clone()))
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn whoever_answers_in_place_of_the_server_is_told_from_it_at_once() {
    let login = "<!DOCTYPE html><title>Log in</title>";
    let many: String = (0..100_000).map(|at| format!("X-{at}: y\r\n")).collect();
    let cases: Vec<(String, &[&str])> = vec![
        (http("200 OK\r\nContent-Type: text/html", login), &["an HTML page", "proxy"]),
        (http("200 OK\r\nContent-Type: application/json", "{}"), &["no object of Kubernetes"]),
        (http("200 OK", r#"{"kind":"APIVersions","versions":["v1"]}"#), &["`APIVersions`", "`APIGroupDiscoveryList`"]),
        (http("200 OK\r\nContent-Type: text/plain", "ok"), &["no JSON"]),
        (http("200 OK", ""), &["an empty answer"]),
        (
            http("302 Found\r\nLocation: https://me:TOPSECRET@login.example/start?ticket=TOPSECRET", ""),
            &["a redirect to `https://login.example/start`"],
        ),
        (http("200 OK\r\nContent-Encoding: gzip", "\u{1f}bomb"), &["encoding `gzip`"]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".into(), &["chunk"]),
        (format!("HTTP/1.1 200 OK\r\n{many}\r\n"), &["does not answer"]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &["HTTP"]),
        ("\0\0\u{12}\u{4}\0\0\0\0\0".into(), &["HTTP"]),
        ("SSH-2.0-OpenSSH_9.9\r\n".into(), &["HTTP"]),
        (http("429 Too Many\r\nRetry-After: 99999999999", "wait"), &["429"]),
        (http("429 Too Many\r\nRetry-After: 99999999999999999999999999", "<html>"), &["429"]),
        (http("401 Unauthorized\r\nContent-Type: text/html", login), &["401", "an HTML page"]),
    ];
    for (answer, words) in cases {
        let api = always(answer.clone());
        let bench = api.bench(&[("a.yaml", MAP)]);
        let start = Instant::now();
        let said = ends(&bench, &["status", "a.yaml"], 3, &[words, &[api.url().as_str()]].concat());
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}: {said}", start.elapsed());
        assert!(!said.contains("TOPSECRET") && said.len() < 1000, "{said}");
    }
}

#[test]
fn a_body_without_an_end_ends_the_run() {
    let endless = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"kind\":\"");
        while stream.write_all(&[b'x'; 1 << 14]).is_ok() {}
    };
    for path in ["/api", "/api/v1/namespaces/shop/configmaps/a", "/api/v1/configmaps"] {
        let api = Api::start(move |asked| {
            if asked.path == path && asked.method == "GET" { Reply::Written(Box::new(endless)) } else { Reply::Usual }
        });
        let bench = api.bench(&[("a.yaml", MAP)]);
        let args: &[&str] =
            if path.ends_with("maps") { &["apply", "a.yaml", "--applyset=s"] } else { &["apply", "a.yaml"] };
        ends(&bench, args, 3, &["longer than 64 MiB"]);
        assert!(api.seen("PATCH").is_empty());
    }
    let api =
        Api::start(move |asked| if asked.method == "PATCH" { Reply::Written(Box::new(endless)) } else { Reply::Usual });
    ends(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml"], 1, &["longer than 64 MiB", "1 failed"]);
}

#[test]
fn a_list_without_an_end_ends_the_run() {
    let api = Api::start(|asked| {
        if asked.path != "/api/v1/configmaps" {
            return Reply::Usual;
        }
        let next = asked.query.len();
        let page = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"continue": format!("{next}")}, "items": []});
        Reply::Whole(200, "application/json", page.to_string())
    });
    ends(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml", "--applyset=s"], 3, &["goes on for ever"]);
}

#[test]
fn a_server_that_is_silent_is_waited_for_a_while_and_that_is_said() {
    needs!(TIME);
    let silent = |_: &mut TcpStream| std::thread::sleep(LONG);
    let drip = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let api = Api::start(move |_| Reply::Written(Box::new(silent)));
    let bench = api.bench(&[("a.yaml", MAP)]);
    let line = format!("waiting for {} (5 s)", api.url());
    ends(&bench, &["status", "a.yaml", "--request-timeout=6s"], 3, &[&line, "no answer within 6 s"]);
    let api = Api::start(move |_| Reply::Written(Box::new(drip)));
    ends(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml", "--request-timeout=1s"], 3, &["no answer within 1 s"]);
    let api = Api::start(move |asked| match asked.path.as_str() {
        "/api" | "/apis" => Reply::Usual,
        _ => Reply::Written(Box::new(silent)),
    });
    let bench = api.bench(&[("a.yaml", MAP)]);
    let mut child = bench.command(&["apply", "a.yaml", "--kubeconfig=kubeconfig"]);
    let mut child = child.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary starts");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped"));
    lines.read_line(&mut said).expect("it says something");
    child.kill().expect("it still waits");
    child.wait().expect("it ended");
    assert_eq!(said.trim(), format!("waiting for {} (5 s)", api.url()), "a server that went silent");
}

#[test]
fn only_the_object_itself_is_the_answer_to_its_write() {
    let other = |name: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", "uid": "1"}})
            .to_string()
    };
    let cases: Vec<(&str, String, &str)> = vec![
        ("text/html", "<html>Welcome</html>".into(), "an HTML page"),
        ("application/json", other("b"), "`ConfigMap shop/b`"),
        ("application/json", other("a").replace("ConfigMap", "Secret"), "`Secret shop/a`"),
        (
            "application/json",
            json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}).to_string(),
            "`Status`",
        ),
        ("application/json", "{}".into(), "no object of Kubernetes"),
        ("application/json", String::new(), "an empty answer"),
    ];
    for (content, body, word) in cases {
        let api = Api::start(move |asked| match asked.method.as_str() {
            "PATCH" => Reply::Whole(200, content, body.clone()),
            _ => Reply::Usual,
        });
        let bench = api.bench(&[("a.yaml", MAP)]);
        let words = ["expected `ConfigMap shop/a`", word, "refused-by-server", "proxy"];
        for args in [&["apply", "a.yaml"][..], &["apply", "a.yaml", "--dry-run=server"]] {
            let said = ends(&bench, args, 1, &words);
            assert!(said.contains("1 failed") && !said.contains("configured"), "{said}");
        }
        ends(&bench, &["diff", "a.yaml", "--against=cluster"], 3, &["expected `ConfigMap shop/a`", word]);
    }
}

#[test]
fn a_page_is_no_list_and_no_object_that_is_gone() {
    for code in [200, 404] {
        let api = Api::start(move |asked| match asked.path.as_str() {
            "/api" | "/apis" => Reply::Usual,
            _ => Reply::Whole(code, "text/html", "<html>".into()),
        });
        let bench = api.bench(&[("a.yaml", MAP)]);
        ends(&bench, &["delete", "a.yaml"], 3, &["an HTML page"]);
        ends(&bench, &["apply", "a.yaml"], 3, &["an HTML page"]);
        if code == 200 {
            ends(&bench, &["status", "a.yaml"], 3, &["expected a list of configmaps", "an HTML page"]);
            ends(&bench, &["plan", "a.yaml", "--against=cluster"], 3, &["an HTML page"]);
        }
        let api = Api::start(move |asked| match asked.method.as_str() {
            "DELETE" => Reply::Whole(code, "text/html", "<html>".into()),
            _ => Reply::Usual,
        });
        api.put("/api/v1/namespaces/shop/configmaps/a", &json!({}));
        let said = ends(&api.bench(&[("a.yaml", MAP)]), &["delete", "a.yaml"], 1, &["an HTML page", "1 failed"]);
        assert!(!said.contains("1 deleted"), "{said}");
    }
}

/// Returns a folder whose user is who the program says.
fn with_program(api: &Api, script: &str) -> Bench {
    let bench = api.bench(&[("a.yaml", MAP), ("login", &format!("#!/bin/sh\n{script}\n"))]);
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [bench.path("login")], "interactiveMode": "IfAvailable"});
    bench.write("kubeconfig", &kubeconfig(&json!({"server": api.url()}), &json!({ "exec": exec })));
    bench
}

#[cfg(unix)]
#[test]
fn a_credential_program_has_its_time_and_its_room_and_is_not_quoted() {
    let api = Api::plain();
    let bench = with_program(&api, "echo $$ > pid; echo TOPSECRET; sleep 300 & echo $! > child; wait");
    ends(
        &bench,
        &["status", "a.yaml", "--request-timeout=1s"],
        3,
        &["`sh` did not end within 1 s", "--request-timeout"],
    );
    for name in ["pid", "child"] {
        let id = std::fs::read_to_string(bench.path(name)).expect("it began");
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "{name} is still there: {state}");
    }
    for (script, words) in [
        ("yes TOPSECRET", "printed more than 1 MiB"),
        ("echo TOPSECRET; echo TOPSECRET >&2; exit 7", "failed (exit status: 7)"),
        ("echo TOPSECRET", "printed no `ExecCredential`"),
        ("echo '{\"status\": {\"token\": [\"TOPSECRET\"]}}'", "printed no `ExecCredential`"),
        ("echo '{\"status\": {}}'", "neither a token nor a certificate"),
        ("printf '{\"status\": {\"token\": \"TOPSECRET\\\\nx\"}}'", "characters that no header takes"),
    ] {
        let said = ends(&with_program(&api, script), &["apply", "a.yaml"], 3, &[words]);
        assert!(!said.contains("TOPSECRET"), "{said}");
    }
    assert!(api.seen("GET").is_empty(), "nobody was asked without credentials");
    for script in [r#"echo '{"status": {"token": "t"}}'"#, "echo 'status: {token: t}'"] {
        ends(&with_program(&api, script), &["apply", "a.yaml", "--dry-run=server"], 0, &["1 created"]);
    }
}

#[cfg(unix)]
#[test]
fn a_credential_program_is_waited_for_and_that_is_said() {
    needs!(TIME);
    let api = Api::plain();
    let start = Instant::now();
    ends(
        &with_program(&api, "exec sleep 300"),
        &["apply", "a.yaml"],
        3,
        &["did not end within 10 s", "program `sh` (5 s)"],
    );
    assert!(start.elapsed() >= Duration::from_secs(10));
}

#[test]
fn credentials_are_in_no_message() {
    let down = |userinfo: &str| json!({"server": format!("http://{userinfo}127.0.0.1:9/base")});
    let cases = [
        (down("me:TOPSECRET@"), json!({}), "http://127.0.0.1:9/base"),
        (down("TOPSECRET@"), json!({}), "http://127.0.0.1:9/base"),
        (
            json!({"server": "https://host.invalid", "proxy-url": "http://me:TOPSECRET@127.0.0.1:9"}),
            json!({}),
            "host.invalid",
        ),
        (
            json!({"server": "https://host.invalid", "proxy-url": "ftp://me:TOPSECRET@127.0.0.1:9"}),
            json!({}),
            "ftp://127.0.0.1:9",
        ),
        (json!({"server": "https://me:TOP SECRET@x"}), json!({}), "kubeconfig"),
        (down(""), json!({"token": "TOPSECRET\nX"}), "characters that no header takes"),
        (down(""), json!({"token": "TOPSECRET\u{1}"}), "characters that no header takes"),
        (down(""), json!({"username": "me\n", "password": "TOPSECRET\n"}), "http://127.0.0.1:9/base"),
        (down(""), json!({"tokenFile": "token"}), "characters that no header takes"),
    ];
    let check = |cluster: &Value, user: &Value, word: &str| {
        let bench = Bench::with(&[("a.yaml", MAP), ("token", "TOPSECRET\nX\n")]);
        bench.write("kubeconfig", &kubeconfig(cluster, user));
        let said = ends(&bench, &["apply", "a.yaml"], 3, &[word]);
        assert!(!said.contains("SECRET"), "{said}");
        assert!(said.lines().filter(|line| !line.starts_with("waiting for ")).count() == 1, "{said}");
    };
    // Most of them are asked for some seconds.
    let check = &check;
    std::thread::scope(|scope| {
        for (cluster, user, word) in &cases {
            scope.spawn(move || check(cluster, user, word));
        }
    });
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_no_kubeconfig() {
    let bench = Bench::with(&[("a.yaml", MAP)]);
    for path in ["/dev/zero", "/dev", "."] {
        let output = bench.run(&["status", "a.yaml", "--kubeconfig", path]);
        assert_eq!(output.status.code(), Some(3), "{path}: {}", stderr(&output));
        let mut command = bench.command(&["status", "a.yaml"]);
        let output = command.env("KUBECONFIG", path).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(3), "{path}: {}", stderr(&output));
    }
    for field in ["certificate-authority", "client-certificate", "tokenFile"] {
        let cluster = json!({"server": "https://127.0.0.1:9", "certificate-authority": "/dev/zero"});
        let plain = json!({"server": "https://127.0.0.1:9"});
        let user = json!({field: "/dev/zero", "client-key": "/dev/zero"});
        let (cluster, user) = if field.starts_with("cert") { (cluster, json!({})) } else { (plain, user) };
        bench.write("kubeconfig", &kubeconfig(&cluster, &user));
        ends(&bench, &["status", "a.yaml"], 3, &["`/dev/zero`", "expected a file"]);
    }
}

#[test]
fn times_that_no_clock_counts_are_refused_before_anything_is_sent() {
    let api = Api::plain();
    let bench = api.bench(&[("a.yaml", MAP)]);
    for flag in ["--timeout", "--request-timeout"] {
        for time in ["18446744073709551615", "1h18446744073709551615", "9999999999h", "-1s", "x"] {
            ends(&bench, &["apply", "a.yaml", "--wait", &format!("{flag}={time}")], 2, &["8760h", time]);
        }
    }
    assert!(api.seen("GET").is_empty());
    ends(&bench, &["apply", "a.yaml", "--request-timeout=0", "--timeout=8760h"], 0, &["1 created"]);
}

const DEPLOYMENT: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
workloads:
  web: {kind: Deployment, image: \"nginx:1.27\", resources: {cpu: 2..2, memory: 1Gi..1Gi}}
";

/// Returns a cluster with a namespace and a node of so much cpu, whose answers to these lists are refusals.
fn cluster(cpu: &str, refused: &'static [&'static str]) -> Api {
    let api = Api::start(move |asked: &Asked| {
        let plural = asked.path.rsplit('/').next().unwrap_or_default();
        if asked.method == "GET" && refused.contains(&plural) { forbidden(asked) } else { Reply::Usual }
    });
    api.put("/api/v1/namespaces/shop", &json!({}));
    api.put("/api/v1/nodes/n", &json!({"status": {"allocatable": {"cpu": cpu, "memory": "64Gi", "pods": "110"}}}));
    api
}

#[test]
fn what_may_not_be_read_is_said_and_is_no_fine() {
    let api = cluster("8", &["nodes"]);
    let bench = api.bench(&[("s.yaml", DEPLOYMENT)]);
    let words = ["not-readable", "may not list `nodes`", "nodes is forbidden"];
    ends(&bench, &["plan", "s.yaml", "--against=cluster"], 1, &words);
    ends(&bench, &["plan", "s.yaml", "--against=cluster", "--allow=not-readable"], 0, &["OBJECTS"]);
    ends(&bench, &["apply", "s.yaml", "--preflight"], 1, &words);
    assert!(api.seen("PATCH").is_empty(), "nothing is sent");
    ends(&bench, &["apply", "s.yaml", "--preflight", "--allow=not-readable"], 0, &["1 created"]);

    let api = cluster("8", &["deployments"]);
    let bench = api.bench(&[("s.yaml", DEPLOYMENT)]);
    let said = ends(
        &bench,
        &["status", "s.yaml"],
        1,
        &["not-readable", "may not list `deployments` in `shop`", "cannot be looked at"],
    );
    assert!(!said.contains("not there"), "{said}");
    ends(&bench, &["diff", "s.yaml", "--against=cluster"], 3, &["deployments is forbidden"]);
    ends(&bench, &["apply", "s.yaml", "--prune"], 3, &["deployments is forbidden"]);
    ends(&bench, &["delete", "s.yaml"], 3, &["deployments is forbidden"]);

    let api = cluster("8", &["pods"]);
    let bench = api.bench(&[("s.yaml", DEPLOYMENT)]);
    ends(&bench, &["apply", "s.yaml", "--prepull", "--timeout=5s"], 3, &["may not list Pods in `shop`"]);
    assert!(!api.has("/apis/apps/v1/namespaces/shop/deployments/web"));
}

#[test]
fn a_batch_that_does_not_fit_is_not_sent_after_a_look() {
    let api = cluster("1", &[]);
    let bench = api.bench(&[("s.yaml", DEPLOYMENT)]);
    ends(&bench, &["plan", "s.yaml", "--against=cluster"], 1, &["does-not-fit"]);
    ends(&bench, &["apply", "s.yaml", "--preflight"], 1, &["does-not-fit", "nothing was sent"]);
    assert!(api.seen("PATCH").is_empty());
    ends(&bench, &["apply", "s.yaml", "--preflight", "--allow=does-not-fit"], 0, &["1 created"]);
    let api = cluster("8", &[]);
    ends(&api.bench(&[("s.yaml", DEPLOYMENT)]), &["apply", "s.yaml", "--preflight"], 0, &["1 created"]);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let bench = Api::plain().bench(&[("s.yaml", DEPLOYMENT)]);
    ends(&bench, &["apply", "s.yaml", "--shard=1/3", "--prune"], 2, &["--shard", "--prune"]);
    ends(&bench, &["apply", "s.yaml", "--prune-data"], 2, &["--prune"]);
    ends(&bench, &["delete", "s.yaml", "--prune-others"], 2, &["--prune-data"]);
}

#[test]
fn a_plan_is_json_where_json_is_asked_for() {
    let bench = Bench::with(&[("s.yaml", DEPLOYMENT)]);
    let plan: Value = serde_json::from_str(&bench.ok(&["plan", "s.yaml", "--format=json"])).expect("JSON");
    assert_eq!(plan, serde_json::from_str::<Value>(&bench.ok(&["plan", "s.yaml", "--output=json"])).expect("JSON"));
    assert!(bench.ok(&["plan", "s.yaml", "--format=json", "--output=table"]).contains("OBJECTS"));
}

#[test]
fn pruning_that_is_held_back_is_said_with_its_way_out() {
    let refuse = |asked: &Asked| {
        let bad =
            asked.method == "PATCH" && asked.path.ends_with("/b") && asked.query.contains("fieldManager=fanfold&");
        if bad && asked.body().contains("bad") {
            let status = json!({"kind": "Status", "apiVersion": "v1", "code": 400, "message": "no"});
            return Reply::Whole(400, "application/json", status.to_string());
        }
        Reply::Usual
    };
    let api = Api::start(refuse);
    let map = |name: &str, value: &str| {
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: {value}}}\n")
    };
    let bench = api.bench(&[("a.yaml", &["a", "b", "c"].map(|name| map(name, "x")).concat())]);
    ends(&bench, &["apply", "a.yaml", "--applyset=set"], 0, &["3 created"]);
    bench.write("a.yaml", &[map("a", "x"), map("b", "bad")].concat());
    let words =
        ["nothing was pruned, since not all objects were applied", "1 object", "`--prune`", "ConfigMap shop/c skipped"];
    ends(&bench, &["apply", "a.yaml", "--applyset=set", "--prune"], 1, &words);
    ends(
        &bench,
        &["apply", "a.yaml", "--applyset=set", "--prune", "--format=json", "--report=r.json"],
        1,
        &["\"skipped\""],
    );
    let report = std::fs::read_to_string(bench.path("r.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let kept = report["objects"].as_array().and_then(|all| all.iter().find(|one| one["object"]["name"] == "c"));
    assert!(
        kept.is_some_and(|kept| kept["reason"].as_str().is_some_and(|why| why.contains("not all objects"))),
        "{report:#}"
    );
    assert!(api.has("/api/v1/namespaces/shop/configmaps/c"));
}
