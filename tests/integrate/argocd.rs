//! The commands of the config management plugin, run as the repo server runs them.

use std::process::Output;

use fanfold::integrate::{Target, Values};

use super::{Bench, SPEC, stderr, stdout, strings, yaml};

/// Runs a command of the plugin in the folder of the application.
fn plugin(bench: &Bench, pointer: &str, environment: &[(&str, &str)]) -> Output {
    let values = Values { specs: "specs".into(), manifests: "manifests".into() };
    let files = Target::Argocd.files(&values);
    let plugin = files.iter().find(|file| file.path.ends_with("/plugin.yaml")).expect("the plugin");
    let plugin = yaml(&plugin.text);
    assert_eq!(
        (&plugin["apiVersion"], &plugin["kind"]),
        (&"argoproj.io/v1alpha1".into(), &"ConfigManagementPlugin".into())
    );
    let words = strings(plugin.pointer(pointer).expect("a command"));
    let mut command = bench.command(words[0]);
    command.args(&words[1..]).current_dir(bench.path("specs"));
    command.env("ARGOCD_APP_NAME", "shop").env("ARGOCD_APP_NAMESPACE", "shop").env("ARGOCD_APP_REVISION", "0123abc");
    command.env("KUBE_VERSION", "1.37").envs(environment.iter().copied()).output().expect("sh runs")
}

fn generate(bench: &Bench, environment: &[(&str, &str)]) -> Output {
    plugin(bench, "/spec/generate/command", environment)
}

/// The repo server takes whatever is printed for all that the application is.
fn says_why_and_prints_nothing(output: &Output, why: &str) {
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", stdout(output));
    assert!(stderr(output).contains(why), "{}", stderr(output));
}

#[test]
fn applications_are_compiled_with_their_parameters() {
    let bench = Bench::new();
    let output = generate(&bench, &[]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert_eq!(stdout(&output), bench.ok("fanfold", &["build", "specs"]));
    let parameters = [("PARAM_PROFILES_0", "prod"), ("PARAM_SET_0", "tag=$(echo 1) \"a'b"), ("PARAM_SET_2", "tag=2")];
    let given = stdout(&generate(&bench, &parameters));
    assert!(given.contains("replicas: 10"), "{given}");
    let image = yaml(given.split("---\n").nth(1).expect("a document"));
    assert_eq!(
        image["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:$(echo 1) \"a'b",
        "no shell reads it"
    );
}

#[test]
fn what_cannot_be_compiled_is_never_an_empty_success() {
    let bench = Bench::new();
    bench.write("specs/shop.yaml", &SPEC.replace("image:", "imag:"));
    says_why_and_prints_nothing(&generate(&bench, &[]), "unknown-field");
    bench.write("specs/shop.yaml", SPEC);
    says_why_and_prints_nothing(&generate(&bench, &[("PARAM_PROFILES_0", "prd")]), "prd");
    says_why_and_prints_nothing(&generate(&bench, &[("PARAM_SET_0", "tag")]), "NAME=VALUE");
    bench.write("specs/shop.yaml", SPEC.split("params:").next().expect("a head"));
    says_why_and_prints_nothing(&generate(&bench, &[]), "no objects");
    // Whatever printed nothing and was content.
    bench.script("fanfold", "#!/bin/sh\n");
    says_why_and_prints_nothing(&generate(&bench, &[]), "the specs of shop make no object");
}

#[test]
fn applications_with_a_spec_are_discovered() {
    let bench = Bench::new();
    let discover = || stdout(&plugin(&bench, "/spec/discover/find/command", &[]));
    assert_eq!(discover(), "./shop.yaml\n");
    bench.write("specs/shop.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fanfold}\n");
    assert_eq!(discover(), "");
    bench.write("specs/deep/er.json", "{\"apiVersion\": \"fanfold.dev/v1\", \"kind\": \"Batch\"}");
    assert_eq!(discover(), "./deep/er.json\n");
}
