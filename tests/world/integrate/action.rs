//! The action for GitHub: its own steps, with the real binary and a stand-in for GitHub's API.

use std::fs;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::release::{Release, SCRIPT, VERSION};
use super::runner::{Run, run, run_workflow};
use super::server::{Asked, Server};
use super::{Bench, SPEC};

const MARKER: &str = "<!-- fanfold action: default -->";

/// A checkout of a pull request that changes the tag of an image.
fn pull_request() -> (Bench, String) {
    let bench = Bench::new();
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    let base = bench.commit();
    bench.write("specs/shop.yaml", &SPEC.replace("1.27", "1.28"));
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    bench.commit();
    (bench, base)
}

/// GitHub, where a pull request has these comments.
fn github(comments: Vec<Value>) -> Server {
    Server::start(move |asked| answer(asked, &comments))
}

fn answer(asked: &Asked, comments: &[Value]) -> (u16, Vec<u8>) {
    let list = "/repos/owner/shop/issues/7/comments";
    match (asked.method.as_str(), asked.path.split_once('?').unwrap_or((&asked.path, ""))) {
        ("GET", (path, query)) if path == list => {
            let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
            let (size, page) = (of("per_page=").unwrap_or(30), of("page=").unwrap_or(1));
            let page: Vec<&Value> = comments.iter().skip(size * (page - 1)).take(size).collect();
            (200, json!(page).to_string().into_bytes())
        }
        ("POST", (path, _)) if path == list => (201, b"{\"id\": 9}".to_vec()),
        ("PATCH", (path, _)) if path.starts_with("/repos/owner/shop/issues/comments/") => {
            (200, b"{\"id\": 77}".to_vec())
        }
        ("POST", ("/repos/owner/shop/code-scanning/sarifs", _)) => (202, b"{}".to_vec()),
        _ => (404, b"{\"message\": \"Not Found\"}".to_vec()),
    }
}

fn action(bench: &Bench, base: &str, server: &Server, inputs: &[(&str, &str)], environment: &[(&str, &str)]) -> Run {
    let inputs = [&[("version", "none")][..], inputs].concat();
    let event = pull_request_event(base);
    let url = server.url();
    run(bench, &inputs, &event, &[&[("GITHUB_API_URL", url.as_str())][..], environment].concat())
}

fn pull_request_event(base: &str) -> Value {
    json!({"number": 7, "pull_request": {"number": 7, "base": {"sha": base, "ref": "main"}, "head": {"ref": "change"}}})
}

/// Returns what was written to comments: method, path, body.
fn written(asked: &[Asked]) -> Vec<(String, String, String)> {
    let writes = asked.iter().filter(|asked| asked.method != "GET" && asked.path.contains("/issues/"));
    writes
        .map(|asked| {
            let body = asked.json()["body"].as_str().expect("a body").to_owned();
            (asked.method.clone(), asked.path.clone(), body)
        })
        .collect()
}

fn uploaded(asked: &[Asked]) -> Value {
    let upload = asked.iter().find(|asked| asked.path.ends_with("/code-scanning/sarifs")).expect("an upload").json();
    assert_eq!(upload["commit_sha"].as_str().map(str::len), Some(40), "{upload}");
    assert_eq!(upload["ref"], "refs/pull/7/merge");
    let packed = BASE64_STANDARD.decode(upload["sarif"].as_str().expect("a report")).expect("base64");
    let mut gunzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip starts");
    let mut input = gunzip.stdin.take().expect("a pipe");
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut input, &packed));
    let output = gunzip.wait_with_output().expect("gzip ends");
    feeder.join().expect("no panic").expect("gzip reads");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_pull_request_is_checked_and_gets_one_comment() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    let server = github(Vec::new());
    let run = action(&bench, &base, &server, &[("manifests", "manifests")], &[]);
    assert!(run.succeeded, "{}", run.log);
    let of = |name: &str| run.outputs[name].as_str();
    assert_eq!(
        (of("findings"), of("stale"), of("changed"), of("comment-id")),
        ("false", "false", "true", "9"),
        "{}",
        run.log
    );
    let asked = server.asked();
    for request in &asked {
        assert_eq!(request.header("authorization"), "Bearer secret-token", "{request:?}");
    }
    let [(method, path, body)] = &written(&asked)[..] else { panic!("one comment: {asked:?}") };
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/repos/owner/shop/issues/7/comments"));
    assert!(body.starts_with(&format!("{MARKER}\n")) && body.contains("1.27") && body.contains("1.28"), "{body}");
    assert_eq!(body.strip_prefix(MARKER).map(str::trim), Some(run.summary.trim()), "the comment is the summary");
    assert_eq!(uploaded(&asked)["runs"][0]["automationDetails"]["id"], "fanfold/");
    assert!(!run.log.contains("secret-token"), "{}", run.log);

    // The next push finds it behind a hundred others, by its first line alone.
    let mut comments: Vec<Value> = (0..130).map(|id| json!({"id": id, "body": format!("I saw `{MARKER}`")})).collect();
    comments.push(json!({"id": 131, "body": null}));
    comments.push(json!({"id": 77, "body": format!("{MARKER}\nold")}));
    let server = github(comments);
    let run = action(&bench, &base, &server, &[], &[]);
    assert_eq!(run.outputs["comment-id"], "77", "{}", run.log);
    let asked = server.asked();
    let [(method, path, again)] = &written(&asked)[..] else { panic!("one comment: {asked:?}") };
    assert_eq!((method.as_str(), path.as_str()), ("PATCH", "/repos/owner/shop/issues/comments/77"));
    assert_eq!(again, body);
}

#[test]
fn without_changes_only_an_old_comment_is_corrected() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, _) = pull_request();
    let head = bench.commit();
    let server = github(Vec::new());
    let run = action(&bench, &head, &server, &[], &[]);
    assert!(run.succeeded && run.outputs["changed"] == "false", "{}", run.log);
    assert!(written(&server.asked()).is_empty());
    let server = github(vec![json!({"id": 77, "body": format!("{MARKER}\nold")})]);
    action(&bench, &head, &server, &[], &[]);
    assert_eq!(written(&server.asked()).len(), 1);
    let server = github(vec![json!({"id": 77, "body": format!("{MARKER}\nold")})]);
    action(&bench, &head, &server, &[("comment-key", "a b-->")], &[]);
    assert!(written(&server.asked()).is_empty(), "another key is another comment");
    action(&bench, &head, &server, &[("comment", "false"), ("sarif", "false")], &[]);
    assert!(server.asked().is_empty(), "nobody is asked");
}

#[test]
fn findings_and_stale_manifests_fail_the_run_after_all_was_said() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    bench.write("specs/shop.yaml", &SPEC.replace("image:", "imag:"));
    let server = github(Vec::new());
    let run = action(&bench, &base, &server, &[("manifests", "manifests")], &[]);
    assert!(!run.succeeded && run.outputs["findings"] == "true", "{}", run.log);
    assert!(run.log.contains("::error file=specs/shop.yaml,line=9,"), "{}", run.log);
    assert!(run.log.contains("::error title=fanfold::the check found errors"), "{}", run.log);
    let asked = server.asked();
    assert!(written(&asked).is_empty(), "no comment says that nothing changes: {}", run.log);
    assert!(uploaded(&asked)["runs"][0]["results"].as_array().is_some_and(|results| !results.is_empty()));

    bench.write("specs/shop.yaml", &SPEC.replace("1.27", "1.29 ```` é"));
    let run = action(&bench, &base, &server, &[("manifests", "manifests")], &[]);
    assert!(!run.succeeded && run.outputs["stale"] == "true", "{}", run.log);
    assert!(run.summary.contains("stale") && run.summary.contains("1.29 ````"), "{}", run.summary);
    // What cannot run at all is no good end either.
    let run = action(&bench, &base, &server, &[("specs", "nowhere")], &[]);
    assert!(!run.succeeded, "{}", run.log);
    let run = action(&bench, "0123456789012345678901234567890123456789", &server, &[], &[]);
    assert!(!run.succeeded && run.log.contains("there is no revision 0123"), "{}", run.log);
    // A branch's first push has nothing before it.
    let run = action(&bench, "0000000000000000000000000000000000000000", &server, &[], &[]);
    assert!(run.succeeded && run.outputs["changed"] == "false", "{}", run.log);
}

#[test]
fn effects_that_are_refused_fail_the_run() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    let server = github(Vec::new());
    assert!(action(&bench, &base, &server, &[("fail-on", "recreate,data-loss,security")], &[]).succeeded);
    let run = action(&bench, &base, &server, &[("fail-on", "rollout")], &[]);
    assert!(!run.succeeded && run.log.contains("effects of: rollout"), "{}", run.log);
    assert_eq!(written(&server.asked()).len(), 2, "it is said all the same");
}

#[test]
fn a_base_that_a_shallow_checkout_lacks_is_fetched() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (origin, base) = pull_request();
    origin.ok("git", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let bench = Bench::new();
    let url = format!("file://{}", origin.folder.path().display());
    fs::remove_dir_all(bench.path("specs")).expect("an empty folder");
    bench.ok("git", &["clone", "--quiet", "--depth=1", &url, "."]);
    let server = github(Vec::new());
    let run = action(&bench, &base, &server, &[], &[]);
    assert!(run.succeeded && run.outputs["changed"] == "true", "{}", run.log);
    let run = action(&bench, &base, &server, &[("against", "main")], &[]);
    assert!(run.succeeded && run.outputs["changed"] == "false", "{}", run.log);
}

#[test]
fn a_token_that_may_not_write_is_no_failure() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => (200, b"[]".to_vec()),
        _ => (403, b"{\"message\": \"Resource not accessible by integration\"}".to_vec()),
    });
    let run = action(&bench, &base, &server, &[], &[]);
    assert!(run.succeeded, "{}", run.log);
    assert_eq!(run.log.matches("::warning title=fanfold::").count(), 2, "{}", run.log);
    assert!(run.log.contains("Resource not accessible by integration") && run.summary.contains("1.28"), "{}", run.log);
    // Where the comments cannot be read, none is written: it could be the second.
    let server = Server::start(|_| (401, b"{\"message\": \"Bad credentials\"}".to_vec()));
    let run = action(&bench, &base, &server, &[], &[]);
    assert!(run.succeeded && run.log.contains("cannot be read: Bad credentials"), "{}", run.log);
    assert!(written(&server.asked()).is_empty());
}

#[test]
fn what_github_takes_is_not_exceeded() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    let wrong: Vec<String> = (0..40).map(|at| format!("    wrong{at}: 1\n")).collect();
    bench.write("specs/shop.yaml", &SPEC.replace("profiles:", &format!("{}profiles:", wrong.concat())));
    let server = github(Vec::new());
    let run = action(&bench, &base, &server, &[], &[("SARIF_RESULTS", "15")]);
    assert_eq!(run.log.matches("::error file=").count(), 10, "{}", run.log);
    assert_eq!(uploaded(&server.asked())["runs"][0]["results"].as_array().map(Vec::len), Some(15));
    assert!(run.log.contains("15 of 40 findings"), "{}", run.log);
    let run = action(&bench, &base, &server, &[], &[("SARIF_BYTES", "1500")]);
    let report = uploaded(&server.asked());
    let kept = report["runs"][0]["results"].as_array().map_or(0, Vec::len);
    assert_eq!(kept, 10, "half, and half again: {}", run.log);

    bench.write("specs/shop.yaml", &SPEC.replace("1.27", "1.28"));
    let run = action(&bench, &base, &server, &[], &[("COMMENT_LIMIT", "100"), ("SUMMARY_LIMIT", "100")]);
    let asked = server.asked();
    let [(_, _, body)] = &written(&asked)[..] else { panic!("one comment: {asked:?}") };
    assert!(body.starts_with(MARKER) && body.contains("/owner/shop/actions/runs/1"), "{body}");
    assert!(run.summary.contains("more than a summary takes") && run.summary.len() < 200, "{}", run.summary);
}

/// Returns the platform that the action finds here.
fn own_target() -> String {
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
    format!("{}-{system}", std::env::consts::ARCH)
}

#[test]
fn a_release_is_installed_once_its_checksum_is_right() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let bench = Bench::new();
    bench.commit();
    let release = Release::pack(&bench, &own_target(), "#!/bin/sh\necho released\n");
    let serve = |sums: String| {
        let release = release.clone();
        Server::start(move |asked| release.answer(&asked.path, &sums))
    };
    let install = |server: &Server, version: &str| {
        let inputs = [("version", version), ("diff", "false"), ("sarif", "false")];
        run(&bench, &inputs, &json!({}), &[("FANFOLD_RELEASES", &server.url())])
    };
    let zeros = "0".repeat(64);
    let right = serve(format!("{zeros}  other.tar.gz\n{}", release.sum));
    let found = install(&right, "");
    assert!(found.succeeded && found.log.contains("released"), "{}", found.log);
    assert!(found.path.ends_with(&format!("bin-{VERSION}")), "{}", found.path);
    assert!(install(&right, &format!("v{VERSION}")).succeeded, "a `v` in front is as good");
    assert!(!install(&right, "9.9.9").succeeded, "there is no such release");
    for sums in [format!("{zeros}  {}\n", release.name), release.sum.replace("fanfold", "another")] {
        let refused = install(&serve(sums), "");
        assert!(!refused.succeeded && refused.path.is_empty() && !refused.log.contains("released"), "{}", refused.log);
    }
}

#[test]
fn the_workflow_that_is_written_installs_the_release_and_comments() {
    needs!(ACT, BASH, CURL, GIT, JQ);
    let (bench, base) = pull_request();
    bench.ok("fanfold", &["integrate", "github"]);
    let release = Release::pack(&bench, &own_target(), SCRIPT);
    // What is released is what runs: nothing else is on the PATH.
    fs::remove_file(bench.programs.path().join("fanfold")).expect("the program is there");
    let server = Server::start(move |asked| {
        if asked.path.starts_with("/repos/") { answer(asked, &[]) } else { release.answer(&asked.path, &release.sum) }
    });
    let url = server.url();
    let environment = [("GITHUB_API_URL", url.as_str()), ("FANFOLD_RELEASES", url.as_str())];
    let workflow = bench.path(".github/workflows/fanfold.yml").display().to_string();
    let run = run_workflow(&bench, &workflow, &pull_request_event(&base), &environment);
    assert!(run.succeeded && run.path.ends_with(&format!("bin-{VERSION}")), "{}", run.log);
    let asked = server.asked();
    let [(_, _, body)] = &written(&asked)[..] else { panic!("one comment: {asked:?}") };
    assert!(body.contains("1.27") && body.contains("1.28") && run.outputs["stale"] == "false", "{body}{}", run.log);
    uploaded(&asked);
}
