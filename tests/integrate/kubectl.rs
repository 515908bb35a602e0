//! `kubectl fanfold`, with kubectl itself.

use std::process::Output;

use super::{Bench, stderr, stdout};

fn kubectl(bench: &Bench, arguments: &[&str]) -> Output {
    let mut command = bench.command(crate::controlplane::kubectl_path());
    command.args(arguments).env("KUBERC", "off").output().expect("kubectl runs")
}

/// What must hold however the programs came to their folder.
fn is_a_plugin(bench: &Bench) {
    let help = stdout(&kubectl(bench, &["fanfold", "build", "--help"]));
    assert!(help.contains("Usage: kubectl fanfold build [OPTIONS] <FILE>..."), "{help}");
    let wrong = kubectl(bench, &["fanfold", "biuld"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("Usage: kubectl fanfold <COMMAND>"), "{}", stderr(&wrong));
    let built = kubectl(bench, &["fanfold", "build", "specs"]);
    assert_eq!(stdout(&built), bench.ok("fanfold", &["build", "specs"]), "{}", stderr(&built));

    let complete = |words: &[&str]| {
        let output = kubectl(bench, &[&["__complete", "fanfold"], words].concat());
        stdout(&output).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["ap"]), ["apply\tApply specs or manifests to a cluster", ":4"]);
    assert_eq!(complete(&["integrate", "g"]).len(), 3, "github, gitlab, and the directive");
    assert_eq!(complete(&["build", "specs/"]), [":0"], "files are left to the shell");
    assert!(complete(&["build", "--lay"])[0].starts_with("--layout\t"));

    let shell = kubectl(bench, &["fanfold", "completions", "bash"]);
    assert!(
        shell.status.code() == Some(2) && stderr(&shell).contains("fanfold integrate kubectl"),
        "{}",
        stderr(&shell)
    );
}

#[test]
fn the_written_programs_are_a_plugin() {
    let bench = Bench::new();
    let folder = bench.programs.path().display().to_string();
    bench.ok("fanfold", &["integrate", "kubectl", "-o", &folder]);
    is_a_plugin(&bench);
    let listed = kubectl(&bench, &["plugin", "list"]);
    assert!(stdout(&listed).contains("/kubectl-fanfold\n"), "{}{}", stdout(&listed), stderr(&listed));
}

#[test]
fn links_to_the_binary_are_a_plugin() {
    let bench = Bench::new();
    bench.link("kubectl-fanfold");
    bench.link("kubectl_complete-fanfold");
    is_a_plugin(&bench);
}

#[test]
fn by_its_own_name_it_is_itself() {
    let bench = Bench::new();
    assert!(bench.ok("fanfold", &["build", "--help"]).contains("Usage: fanfold build"));
    assert!(bench.ok("fanfold", &["completions", "bash"]).contains("_fanfold"));
}
