//! `kubectl fanfold`, and what kubectl makes of the files for kustomize, Argo CD and Flux.

use std::process::Output;

use super::{Bench, stderr, stdout, yaml};

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
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let folder = bench.programs.path().display().to_string();
    bench.ok("fanfold", &["integrate", "kubectl", "-o", &folder]);
    is_a_plugin(&bench);
    let listed = kubectl(&bench, &["plugin", "list"]);
    assert!(stdout(&listed).contains("/kubectl-fanfold\n"), "{}{}", stdout(&listed), stderr(&listed));
}

#[test]
fn links_to_the_binary_are_a_plugin() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.link("kubectl-fanfold");
    bench.link("kubectl_complete-fanfold");
    is_a_plugin(&bench);
}

#[test]
fn kubectl_kustomize_runs_the_generator() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.ok("fanfold", &["integrate", "kustomize"]);
    let kubectl = crate::controlplane::kubectl_path();
    let build = ["kustomize", "--enable-alpha-plugins", "."];
    let mut command = bench.command(&kubectl);
    let output = command.args(build).env("KUSTOMIZE_PLUGIN_HOME", bench.path("kustomize-plugins")).output();
    let output = output.expect("kubectl runs");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("name: web-eu") && stdout(&output).contains("name: web-us"),
        "{}",
        stdout(&output)
    );
    // Without the folder of plugins it says so, and makes nothing.
    let output = bench.command(&kubectl).args(build).output().expect("kubectl runs");
    assert!(!output.status.success() && stdout(&output).is_empty(), "{}", stdout(&output));
}

#[test]
fn argo_cd_and_flux_take_their_manifests() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.ok("fanfold", &["integrate", "argocd"]);
    bench.ok("fanfold", &["integrate", "flux"]);
    let installed = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: argocd-repo-server}\nspec:\n  \
                     selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec:\n      \
                     containers: [{name: repo-server, image: 'a:1', resources: {limits: {memory: 1Gi}}}]\n      volumes: [{name: var-files, emptyDir: {}}, {name: plugins, emptyDir: {}}]\n";
    bench.write("install.yaml", installed);
    bench.write("kustomization.yaml", "resources: [install.yaml]\ncomponents: [argocd]\n");
    let kubectl = crate::controlplane::kubectl_path();
    let output = bench.command(&kubectl).args(["kustomize", "."]).output().expect("kubectl runs");
    assert!(output.status.success(), "{}", stderr(&output));
    bench.write("built.yaml", &stdout(&output));
    bench.ok("fanfold", &["check", "built.yaml", "--partial", "--deny", "warnings"]);
    let built = stdout(&output);
    let deployment = built.split("---\n").find(|one| one.contains("kind: Deployment")).expect("a Deployment");
    let deployment = yaml(deployment);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["containers"].as_array().map(Vec::len), Some(2), "{built}");
    let map = pod["volumes"].as_array().into_iter().flatten().find_map(|volume| volume["configMap"]["name"].as_str());
    let map = map.expect("the volume of the plugin");
    assert!(map.starts_with("argocd-fanfold-") && built.contains(&format!("name: {map}\n")), "{map}: {built}");
}
