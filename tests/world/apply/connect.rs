//! No cluster, or another one than is meant: one clear line, and exit 3.

use super::{Bench, config};

#[track_caller]
fn fails(bench: &Bench, args: &[&str], words: &[&str]) {
    let mut all = vec!["apply", "a.yaml"];
    all.extend(args);
    let output = bench.run(&all);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(output.stdout.is_empty() && said.lines().count() == 1, "one line is expected: {said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not said: {said}");
    }
}

#[test]
fn what_is_wrong_with_the_connection_is_one_line() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    bench.write("a.yaml", &config("a", "x"));
    fails(&bench, &["--kubeconfig=none.yaml"], &["none.yaml", "No such file"]);
    fails(&bench, &["--context=nowhere"], &["nowhere", "context"]);
    let own = bench.kubeconfig.display().to_string();
    fails(&bench, &["--kubeconfig", &own, "--context=nowhere"], &["nowhere", "context"]);
    bench.write("broken.yaml", "clusters: {");
    fails(&bench, &["--kubeconfig=broken.yaml"], &["broken.yaml"]);
    bench.write("down.yaml", r#"{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:9"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"c"}}],"users":[{"name":"c","user":{}}],"current-context":"c"}"#);
    fails(&bench, &["--kubeconfig=down.yaml"], &["http://127.0.0.1:9", "refused"]);
    let text = std::fs::read_to_string(&bench.kubeconfig).expect("it is there").replace("admin-token", "wrong");
    std::fs::write(bench.folder.path().join("stranger.yaml"), text).expect("it is written");
    fails(&bench, &["--kubeconfig=stranger.yaml"], &["https://127.0.0.1", "Unauthorized"]);
    bench.kubeconfig = bench.folder.path().join("not-there");
    fails(&bench, &[], &["--kubeconfig"]);
}

#[test]
fn the_context_and_its_namespace_are_those_that_are_asked_for() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("a.yaml", &config("a", "x"));
    let output = bench.run(&["apply", "a.yaml", "--context=builder", "-n", "NS"]);
    assert!(output.status.success(), "{output:?}");
    assert!(bench.is_there("configmap/a"));
    let own = std::fs::read_to_string(&bench.kubeconfig).expect("it is there");
    let mut own: serde_json::Value = serde_json::from_str(&own).expect("it is JSON");
    own["contexts"][0]["context"]["namespace"] = bench.ns.clone().into();
    std::fs::write(bench.folder.path().join("own.yaml"), own.to_string()).expect("it is written");
    bench.write("b.yaml", &config("b", "x"));
    let output = bench.run(&["apply", "b.yaml", "--kubeconfig=own.yaml"]);
    assert!(output.status.success(), "{output:?}");
    assert!(bench.is_there("configmap/b"));
}
