//! `check --upgrade`: what changes for the same inputs from one minor to another.
//!
//! A case (`crate::cases`) says by `# range: 1.34..1.37` which; found are the exit code and all that is said.

use crate::bench::Bench;
use crate::cases;

const CASES: &str = "tests/quick/upgrade/cases";

#[test]
fn every_case_changes_as_it_says() {
    cases::hold(CASES, 5, |case| {
        let bench = Bench::with(&[("a.yaml", case.input())]);
        let range = case.settings("range").next().expect("a range");
        let flags: Vec<&str> = case.settings("flags").flat_map(|flags| flags.split(' ')).collect();
        let (exit, out, said) = bench.said(&[&["check", "a.yaml", "--upgrade", range], flags.as_slice()].concat());
        let lines = out.lines().chain(said.lines()).map(str::to_owned);
        std::iter::once(format!("exit {}", exit.expect("an exit code"))).chain(lines).collect()
    });
}

#[test]
fn a_range_is_two_bundled_minors_in_order() {
    let bench = Bench::with(&[("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    for (range, said) in [
        ("1.37..1.36", "expected two minors, the older one first"),
        ("1.36..1.36", "found 1.36 and 1.36"),
        ("1.12..1.37", "the Kubernetes version `1.12` is not known"),
        ("x", "the Kubernetes version `x` is not known"),
    ] {
        let (exit, _, err) = bench.said(&["check", "a.yaml", "--upgrade", range]);
        assert_eq!(exit, Some(2), "{range}");
        assert!(err.contains(said), "{err}");
    }
    let (exit, _, err) = bench.said(&["check", "a.yaml", "--kubernetes-version", "1.35", "--upgrade", "1.37"]);
    assert_eq!((exit, err.as_str()), (Some(0), "1 object compared for Kubernetes 1.35 and 1.37: nothing changes\n"));
    let (exit, out, _) = bench
        .said_to(&["check", "-", "--upgrade", "1.35..1.36"], "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!((exit, out.as_str()), (Some(0), ""), "standard input is read once");
}

#[test]
fn other_formats_say_since_when() {
    let driver = "apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: csi.example.com}\nspec: {}\n";
    let bench = Bench::with(&[("a.yaml", driver)]);
    let (exit, out, _) = bench.said(&["check", "a.yaml", "--upgrade", "1.36..1.37", "--format", "short"]);
    assert_eq!(exit, Some(0));
    let line = "a.yaml:4:7: note[changed-default]: other defaults from Kubernetes 1.37 on: the server \
                puts `false` into `spec.preventPodSchedulingIfMissing`, and left it out before\n";
    assert_eq!(out, line);
}
