//! The pages of what the server says, held against a real one: what is in the cluster is written there by whom the page
//! names, each Wrong is applied and must give one finding of the code, and each Right must give none.

use crate::support::golden::snapshot;
use std::process::{Command, Output};

use fanfold::diagnostic::{Code, Example, Page, Severity, explanation};

use crate::controlplane::{ControlPlane, User, succeeded};

/// Makes a namespace with what the page says is there.
fn prepare(plane: &ControlPlane, page: &Page, namespace: &str) {
    let made = plane.kubectl(&["create", "namespace", namespace]);
    succeeded(&made).unwrap_or_else(|error| panic!("{namespace}: {error}"));
    for there in &page.cluster {
        let manager = format!("--field-manager={}", there.manager.unwrap_or("kubectl"));
        let apply = ["apply", "--server-side", &manager, "--namespace", namespace, "--filename=-"];
        let applied = plane.kubectl_with(User::Admin, &apply, there.text);
        succeeded(&applied).unwrap_or_else(|error| panic!("{}: what is in the cluster: {error}", page.code));
    }
    for there in page.cluster.iter().filter(|there| there.text.contains("CustomResourceDefinition")) {
        let wait = ["wait", "--for=condition=Established", "--timeout=60s", "--filename=-"];
        let waited = plane.kubectl_with(User::Admin, &wait, there.text);
        succeeded(&waited).unwrap_or_else(|error| panic!("{}: {error}", page.code));
    }
}

fn apply(plane: &ControlPlane, example: &Example, namespace: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("example.yaml"), example.text).expect("the example is written");
    Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["apply", "example.yaml", "--no-wait", "--namespace", namespace])
        .args(&example.flags)
        .current_dir(folder.path())
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120")
        .env("HOME", folder.path())
        .env("KUBECONFIG", plane.kubeconfig(User::Admin))
        .output()
        .expect("the program runs")
}

/// Returns the codes of the findings that a user sees.
fn codes(shown: &str) -> Vec<&str> {
    let heads = shown.lines().filter_map(|line| {
        let (severity, rest) = line.split_once('[')?;
        ["error", "warning", "note"].contains(&severity).then_some(rest)
    });
    heads.filter_map(|rest| rest.split_once(']')).map(|(code, _)| code).collect()
}

#[test]
fn the_server_says_what_the_pages_say() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let mut untrue = String::new();
    for code in Code::ALL.iter().filter(|code| code.is_of_server()) {
        let page = explanation(*code);
        let mut golden = String::new();
        for (part, examples) in [("wrong", &page.wrong), ("right", &page.right)] {
            for (number, example) in examples.iter().enumerate() {
                let namespace = format!("{code}-{part}-{number}");
                prepare(plane, &page, &namespace);
                let output = apply(plane, example, &namespace);
                let shown = String::from_utf8_lossy(&output.stderr).replace(&namespace, "shop");
                let (codes, exit) = match part {
                    "wrong" => (codes(&shown) == [code.name()], i32::from(code.severity() == Severity::Error)),
                    _ => (codes(&shown).is_empty(), 0),
                };
                if !codes || output.status.code() != Some(exit) {
                    let said = String::from_utf8_lossy(&output.stdout);
                    untrue = format!("{untrue}{code}, {part} {number}: {}\n{said}{shown}\n", output.status);
                }
                if part == "wrong" {
                    golden += &shown;
                }
            }
        }
        snapshot("explain", code.name(), &golden);
    }
    assert!(untrue.is_empty(), "{untrue}");
}

/// What a page says beside its examples: a warning may be denied, and a comment may allow it.
#[test]
fn a_warning_of_the_server_can_be_denied_and_allowed() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let page = explanation(Code::ServerWarning);
    let with = |text: String, flags: Vec<&'static str>| {
        let example = Example { flags, text: text.leak(), ..page.wrong[0].clone() };
        let output = apply(plane, &example, &namespace);
        (output.status.code(), codes(&String::from_utf8_lossy(&output.stderr)).len())
    };
    let text = page.wrong[0].text;
    assert_eq!(with(text.to_owned(), vec!["--dry-run=server"]), (Some(0), 1));
    assert_eq!(with(text.to_owned(), vec!["--dry-run=server", "--deny=server-warning"]), (Some(1), 1));
    assert_eq!(with(text.to_owned(), vec!["--dry-run=server", "--allow=server-warning"]), (Some(0), 0));
    let comment = "    # fanfold: allow(server-warning) ends at once\n    terminationGracePeriodSeconds";
    let allowed = text.replace("    terminationGracePeriodSeconds", comment);
    assert_eq!(with(allowed, vec!["--dry-run=server"]), (Some(0), 0));
    // A comment that was of use when compiling is not of no use when applying.
    let more = "  none:\n    kind: Job\n    image: a\n    # fanfold: allow(empty-matrix) filled later\n    matrix: {rows: []}\n";
    assert_eq!(with(format!("{text}{more}"), vec!["--dry-run=server"]), (Some(0), 1));
}
