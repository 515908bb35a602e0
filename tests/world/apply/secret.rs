//! What a Secret holds is in no output.

use super::refusal::policy;
use super::{Bench, text};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2hunter2\ndata:\n  token: c2VzYW1lb3Blbg==\n";
/// The values as they are and in base64.
const VALUES: [&str; 4] = ["hunter2hunter2", "aHVudGVyMmh1bnRlcjI=", "sesameopen", "c2VzYW1lb3Blbg=="];

#[test]
fn no_value_of_a_refused_secret_is_in_any_output() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let rule = "{expression: 'false', messageExpression: \"'a hunter2hunter2 and sesameopen: ' + object.data.password + object.data.token\"}";
    policy(&bench, "secrets", "secrets", rule, "Deny", SECRET);
    let ran = bench.set(SECRET, &[]);
    ran.ends(1, "1 failed").finds("refused-by-server", 4, &["•••", "may repeat a secret"]);
    assert!(text(&ran.end_of("Secret/s")["reason"]).contains("•••"), "{ran:#?}");
    for format in ["json", "human", "short", "sarif", "github", "gitlab"] {
        let report = format!("--report={format}.xml");
        let output = bench.run(&["apply", "a.yaml", "-n", "NS", "--format", format, &report]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let report = std::fs::read_to_string(bench.folder.path().join(format!("{format}.xml"))).expect("a report");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let whole = format!("{out}{err}{report}");
        for value in VALUES {
            assert!(!whole.contains(value), "`{value}` is in {format}: {whole}");
        }
    }
}

#[test]
fn a_conflict_on_a_secret_does_not_show_the_line_of_its_value() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(SECRET, &[]).ends(0, "1 created");
    bench.kubectl(&[
        "patch",
        "secret",
        "s",
        "--type=merge",
        "--patch",
        r#"{"data":{"token":"b3RoZXI="}}"#,
        "--field-manager=other",
    ]);
    let output = bench.run(&["apply", "a.yaml", "-n", "NS", "--applyset=set"]);
    let whole = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code() == Some(1) && whole.contains("`data.token` is managed by `other`"), "{whole}");
    for value in VALUES {
        assert!(!whole.contains(value), "`{value}` is in {whole}");
    }
}

#[test]
fn what_differs_in_an_immutable_secret_is_not_shown() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let marked = format!("{SECRET}immutable: true\n");
    bench
        .set(&marked.replace("hunter2hunter2", "before").replace("c2VzYW1lb3Blbg==", "YmVmb3Jl"), &[])
        .ends(0, "1 created");
    let output = bench.run(&["apply", "a.yaml", "-n", "NS", "--applyset=set"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    bench.write("a.yaml", &marked);
    let output = bench.run(&["apply", "a.yaml", "-n", "NS", "--applyset=set"]);
    let whole = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code() == Some(1) && whole.contains("immutable-field"), "{whole}");
    for value in VALUES {
        assert!(!whole.contains(value), "`{value}` is in {whole}");
    }
}
