//! What `fanfold integrate` writes, and that it does what it says.

use std::fs;

use fanfold::integrate::{Target, Values};
use serde_json::Value;

use super::{Bench, SPEC, stderr, stdout, yaml};

#[test]
fn alone_it_lists_the_targets() {
    let listed = Bench::new().ok("fanfold", &["integrate"]);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, Target::ALL.iter().map(|target| target.name()).collect::<Vec<_>>());
}

#[test]
fn every_target_writes_what_it_says_and_nothing_twice() {
    let bench = Bench::new();
    let mut paths = Vec::new();
    for target in Target::ALL {
        let output = bench.run("fanfold", &["integrate", target.name(), "--check"]);
        assert_eq!(output.status.code(), Some(1), "nothing is there yet");
        let output = bench.run("fanfold", &["integrate", target.name()]);
        assert!(output.status.success() && stdout(&output).is_empty(), "{}", stderr(&output));
        for line in stderr(&output).lines().filter(|line| !line.starts_with("next: ")) {
            let (path, said) = line.split_once(": written; ").unwrap_or_else(|| panic!("unexpected: {line}"));
            assert!(!said.is_empty() && bench.path(path).is_file(), "{line}");
            if path.ends_with(".yaml") || path.ends_with(".yml") {
                assert!(yaml(&bench.read(path)).is_object(), "{path}");
            }
            paths.push(path.to_owned());
        }
        bench.ok("fanfold", &["integrate", target.name(), "--check"]);
        let again = stderr(&bench.run("fanfold", &["integrate", target.name()]));
        assert!(!again.contains(": written"), "{again}");
    }
    let all = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), all, "two targets write one file");
}

#[test]
fn what_somebody_else_wrote_stays_unless_forced() {
    let bench = Bench::new();
    bench.write("argocd/sidecar.yaml", "mine: true\n");
    let said = bench.fails(3, &["integrate", "argocd"]);
    assert!(said.contains("argocd/sidecar.yaml") && said.contains("did not write"), "{said}");
    assert!(!bench.path("argocd/plugin.yaml").exists(), "it is all or nothing");
    assert_eq!(bench.read("argocd/sidecar.yaml"), "mine: true\n");
    bench.ok("fanfold", &["integrate", "argocd", "--force"]);
    assert!(bench.read("argocd/sidecar.yaml").contains("argocd-repo-server"));

    bench.write("argocd/plugin.yaml", &bench.read("argocd/plugin.yaml").replace("Profiles", "Variants"));
    assert!(bench.fails(3, &["integrate", "argocd"]).contains("has been changed"));
    assert!(bench.fails(1, &["integrate", "argocd", "--check"]).contains("--force"));
    // What Fanfold wrote for other paths is its own to write anew.
    bench.ok("fanfold", &["integrate", "flux", "--manifests", "old"]);
    assert!(bench.fails(1, &["integrate", "flux", "--check"]).contains("is stale"));
    bench.ok("fanfold", &["integrate", "flux"]);
    assert!(bench.read("flux/fanfold.yaml").contains("path: ./manifests\n"));
}

#[test]
fn one_file_may_go_to_standard_output() {
    let bench = Bench::new();
    let text = bench.ok("fanfold", &["integrate", "gitlab", "-o", "-"]);
    let values = Values { specs: "specs".into(), manifests: "manifests".into() };
    assert_eq!(text, Target::Gitlab.files(&values)[0].text);
    assert!(bench.fails(2, &["integrate", "argocd", "-o", "-"]).contains("4 files"));
    assert!(!bench.path(".gitlab").exists());
    assert!(bench.fails(2, &["integrate", "gitlab", "--specs", "a b"]).contains("`a b`"));
    assert!(bench.fails(2, &["integrate", "subversion"]).contains("possible values"));
}

#[test]
fn scripts_are_guarded_from_flux_where_asked_for() {
    let bench = Bench::new();
    let script = "  job:\n    kind: Job\n    image: a\n    command: [sh, -c, 'echo \"${INTERVAL / 2} $HOME\"']\n";
    let own = "  own:\n    kind: Job\n    image: a\n    annotations: {kustomize.toolkit.fluxcd.io/substitute: enabled}\n    \
               args: ['${CLUSTER}']\n";
    bench.write("specs/shop.yaml", &SPEC.replace("profiles:", &format!("{script}{own}profiles:")));
    let plain = bench.ok("fanfold", &["build", "specs"]);
    assert!(!plain.contains("substitute: disabled"), "nobody has asked");
    let guarded = bench.ok("fanfold", &["build", "specs", "--flux"]);
    let documents: Vec<Value> = guarded.split("---\n").filter(|text| !text.is_empty()).map(yaml).collect();
    let said = |name: &str| {
        let found = documents.iter().find(|object| object["metadata"]["name"] == name).expect("the object");
        let note = "kustomize.toolkit.fluxcd.io/substitute";
        assert!(
            found["spec"]["template"]["metadata"]["annotations"][note] != "disabled",
            "pods are not replaced for it"
        );
        found["metadata"]["annotations"][note].as_str().map(str::to_owned)
    };
    assert_eq!(said("job").as_deref(), Some("disabled"));
    assert_eq!(said("own").as_deref(), Some("enabled"), "who says it knows");
    assert_eq!(said("web-eu"), None);
    let files = ["build", "specs", "-o", "out/", "--layout", "kustomize", "--flux"];
    bench.ok("fanfold", &files);
    assert!(
        fs::read_to_string(bench.path("out/batch_v1_job_job.yaml"))
            .is_ok_and(|text| text.contains("substitute: disabled"))
    );
    bench.ok("fanfold", &[&files[..], &["--check"]].concat());
}

#[test]
fn by_its_own_name_it_is_itself() {
    let bench = Bench::new();
    assert!(bench.ok("fanfold", &["build", "--help"]).contains("Usage: fanfold build"));
    assert!(bench.ok("fanfold", &["completions", "bash"]).contains("_fanfold"));
}
