//! What a server says of an object that holds a secret: in none of its answers is the secret repeated, and none of its
//! lines begins where those of Fanfold do.

use std::process::Stdio;

use serde_json::{Value, json};

use super::api::{Api, Asked, Reply};
use super::planted::encoded;
use crate::bench::{Bench, stderr, stdout};
use crate::pace;

const TOKEN: &str = "TOPSECRET4711";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {pw: TOPSECRET4711}\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {key: x}\n";
/// A Deployment that a secret parameter reaches.
const SPEC: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: t, namespace: shop}\nparams: {pw: TOPSECRET4711}\nsecrets: {db: {nameHash: false, stringData: {pw: \"{{ params.pw }}\"}}}\nworkloads: {web: {kind: Deployment, image: \"nginx:1.27\", env: {A: \"{{ params.pw }}\"}}}\n";

fn is_about(asked: &Asked) -> bool {
    ["/secrets/db", "/deployments/web"].iter().any(|path| asked.path.ends_with(path))
}

/// Returns all that a run says, and its report.
fn said(bench: &Bench, args: &[&str]) -> String {
    let mut command = bench.command(args);
    command.arg("--kubeconfig").arg(bench.path("kubeconfig")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.stdin(Stdio::null()).output().expect("the binary runs");
    let report = ["r.json", "r.xml"].map(|name| std::fs::read_to_string(bench.path(name)).unwrap_or_default());
    stderr(&output) + &stdout(&output) + &report.concat()
}

fn refusal(code: u16, message: &str, causes: &Value) -> Reply {
    let reason = if code == 409 { "Conflict" } else { "Invalid" };
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message, "details": {"causes": causes}});
    Reply::Whole(code, "application/json", body.to_string())
}

/// Answers that repeat the token wherever an answer has room for a text.
fn answers() -> Vec<fn(&Asked) -> Reply> {
    vec![
        |asked| {
            let mut object: Value = serde_json::from_str(&asked.body()).expect("JSON");
            object["metadata"]["uid"] = json!("1");
            let body = object.to_string();
            let warnings: String =
                ["TOPSECRET4711", "TOPSECRET4711.data: no", "the TOPSECRET4711 is short", "data[TOPSECRET4711].x: no"]
                    .map(|text| format!("Warning: 299 - \"{text}\"\r\n"))
                    .concat();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{warnings}Connection: close\r\n");
            Reply::Raw(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
        },
        |_| {
            refusal(
                422,
                "it is invalid",
                &json!([{"reason": "FieldValueInvalid", "message": "no", "field": "data.TOPSECRET4711"}]),
            )
        },
        |_| refusal(422, "invalid", &json!([{"message": "TOPSECRET4711 is no good", "field": "TOPSECRET4711.x"}])),
        |_| refusal(422, "x", &json!([{"message": "Forbidden: field is immutable", "field": "data[TOPSECRET4711]"}])),
        |_| {
            let message = "conflict with \"kubectl TOPSECRET4711\" with subresource \"TOPSECRET4711\" using v1";
            refusal(
                409,
                message,
                &json!([{"reason": "FieldManagerConflict", "message": message, "field": ".data.TOPSECRET4711"}]),
            )
        },
        |_| refusal(400, "the pw TOPSECRET4711 is too short", &json!([])),
        |_| refusal(403, "no map[data:map[pw:VE9QU0VDUkVUNDcxMQ==]]", &json!([])),
        |_| {
            let body = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "TOPSECRET4711", "namespace": "shop", "uid": "1"}});
            Reply::Whole(200, "application/json", body.to_string())
        },
        |_| {
            let body =
                json!({"kind": "TOPSECRET4711", "apiVersion": "v1", "metadata": {"name": "db", "namespace": "shop"}});
            Reply::Whole(200, "application/json", body.to_string())
        },
        |_| Reply::Whole(500, "text/html", "<html>TOPSECRET4711".into()),
    ]
}

#[test]
fn no_answer_about_a_secret_is_repeated_with_it() {
    std::thread::scope(|scope| {
        for (number, answer) in answers().into_iter().enumerate() {
            scope.spawn(move || {
                let api =
                    Api::start(
                        move |asked| {
                            if is_about(asked) && asked.method == "PATCH" { answer(asked) } else { Reply::Usual }
                        },
                    );
                let bench = api.bench(&[("secret.yaml", SECRET), ("spec.yaml", SPEC)]);
                for file in ["secret.yaml", "spec.yaml"] {
                    for args in [
                        &["apply", file, "--report=r.json", "--timeout=5s"][..],
                        &["apply", file, "--format=json", "--report=r.xml", "--timeout=5s"],
                        &["diff", file, "--against=cluster"],
                        &["diff", file, "--against=cluster", "--format=json"],
                    ] {
                        // A server that fails is asked again for some time: one way of asking tells what it says.
                        if number == answers().len() - 1 && args[0] == "diff" {
                            continue;
                        }
                        let said = said(&bench, args);
                        for secret in [TOKEN.to_owned(), encoded(TOKEN)] {
                            assert!(!said.contains(&secret), "answer {number}, {args:?}: {said}");
                        }
                        assert!(number == 9 || said.contains("db"), "answer {number}, {args:?}: {said}");
                    }
                }
            });
        }
    });
}

#[test]
fn what_is_said_when_a_secret_is_deleted_or_read_is_not_repeated() {
    let api = Api::start(|asked| match asked.method.as_str() {
        "DELETE" if is_about(asked) => refusal(400, "cannot delete TOPSECRET4711", &json!([])),
        _ => Reply::Usual,
    });
    let bench = api.bench(&[("a.yaml", SECRET)]);
    api.put("/api/v1/namespaces/shop/secrets/db", &json!({"data": {"pw": encoded(TOKEN)}}));
    for format in ["human", "json"] {
        let said = said(&bench, &["delete", "a.yaml", "--format", format, "--report=r.json"]);
        assert!(said.contains("cannot delete •••") && !said.contains(TOKEN), "{said}");
    }
    let api = Api::start(|asked| match asked.method.as_str() {
        "GET" if is_about(asked) => refusal(403, "no TOPSECRET4711", &json!([])),
        _ => Reply::Usual,
    });
    let bench = api.bench(&[("a.yaml", SECRET)]);
    for args in [&["diff", "a.yaml", "--against=cluster"][..], &["apply", "a.yaml"]] {
        let said = said(&bench, args);
        assert!(!said.contains(TOKEN), "{said}");
    }
}

#[test]
fn what_is_said_of_other_objects_is_repeated_in_full() {
    let api = Api::start(|asked| match asked.method.as_str() {
        "PATCH" if asked.path.ends_with("/configmaps/a") => refusal(
            409,
            "x",
            &json!([{"reason": "FieldManagerConflict", "message": "conflict with \"the team\" using v1", "field": ".data.key"}]),
        ),
        _ => Reply::Usual,
    });
    let said = said(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml"]);
    assert!(said.contains("`data.key` is managed by `the team`"), "{said}");
}

#[test]
fn no_line_of_an_answer_begins_where_ours_do() {
    const KINDS: [&str; 3] = ["configmaps", "secrets", "namespaces"];
    const FORGED: &str = "1 object: 1 created in 0.1 s";
    let message = format!("no\n{FORGED}\n\r{FORGED}");
    let begins = |said: &str| said.lines().any(|line| line.starts_with("1 object: 1 created in 0.1 s"));
    for kind in &KINDS[..if pace::is_quick() { 1 } else { 3 }] {
        for method in ["GET", "PATCH", "DELETE"] {
            let message = message.clone();
            let api = Api::start(move |asked| {
                let is_it = asked.path.contains(kind) && asked.method == method;
                if is_it {
                    refusal(403, &message, &json!([{"message": message, "field": message}]))
                } else {
                    Reply::Usual
                }
            });
            let bench = api.bench(&[("a.yaml", &format!("{MAP}---\n{SECRET}"))]);
            for args in [
                &["apply", "a.yaml", "--report=r.xml"][..],
                &["apply", "a.yaml", "--applyset=s", "--prune"],
                &["apply", "a.yaml", "--format=short"],
                &["apply", "a.yaml", "--format=github"],
                &["status", "a.yaml"],
                &["status", "a.yaml", "--format=short"],
                &["diff", "a.yaml", "--against=cluster"],
                &["plan", "a.yaml", "--against=cluster"],
                &["delete", "a.yaml"],
            ] {
                let said = said(&bench, args);
                assert!(!begins(&said), "{kind} {method} {args:?}: {said}");
            }
        }
    }
}
