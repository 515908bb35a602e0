//! What Flux makes of what was built, by its own kustomize-controller and a real API server.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::server::Server;
use super::{Bench, ROOT, checksum, root};
use crate::controlplane::process::Process;
use crate::controlplane::{ControlPlane, Options, User, succeeded, until};
use crate::programs::Module;

pub(crate) static FLUX: Module = Module::new("flux", "Flux's kustomize-controller", "tests of what Flux takes need");

const SCRIPTS: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: scripts, namespace: scripts}
defaults: {kind: CronJob, image: \"busybox:1.37\", schedule: \"0 3 * * *\"}
workloads:
  ours:
    args: ['echo ${INTERVAL:-5} ${CLUSTER} $HOME']
  theirs:
    annotations: {kustomize.toolkit.fluxcd.io/substitute: enabled}
    args: ['${CLUSTER}']
";

/// Flux, as far as it takes part: the controller, and what a source of it has fetched.
struct Flux<'a> {
    plane: &'a ControlPlane,
    artifacts: Server,
    controller: Process,
}

/// Returns the definition of Kustomizations that belongs to the controller.
fn definition() -> String {
    // It may be asked for before the controller is built, on a machine that has none of it.
    let fetched = Command::new("go")
        .args(["mod", "download", "-json", "github.com/fluxcd/kustomize-controller"])
        .current_dir(Path::new(ROOT).join("tests/programs/flux"))
        .output()
        .expect("go runs");
    let fetched: Value = serde_json::from_slice(&fetched.stdout).expect("go says where it is");
    let folder = PathBuf::from(fetched["Dir"].as_str().unwrap_or_else(|| panic!("{fetched}")));
    let path = folder.join("config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn apply(plane: &ControlPlane, text: impl Into<Vec<u8>>) {
    let applied = plane.kubectl_with(User::Admin, &["apply", "--server-side", "--filename", "-"], text);
    succeeded(&applied).unwrap_or_else(|error| panic!("{error}"));
}

impl<'a> Flux<'a> {
    fn start(plane: &'a ControlPlane, bench: &Bench) -> Flux<'a> {
        apply(plane, definition());
        apply(plane, root("tests/programs/flux/sources.yaml"));
        let wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
        succeeded(&plane.kubectl(&wait)).unwrap_or_else(|error| panic!("{error}"));
        for namespace in ["flux-system", "scripts"] {
            succeeded(&plane.kubectl(&["create", "namespace", namespace])).unwrap_or_else(|error| panic!("{error}"));
        }
        let folder = bench.programs.path().to_owned();
        let artifacts = Server::start(move |asked| {
            let name = asked.path.trim_start_matches('/');
            std::fs::read(folder.join(name)).map_or_else(|_| (404, Vec::new()), |bytes| (200, bytes))
        });
        let environment = [
            format!("KUBECONFIG={}", plane.kubeconfig(User::Admin).display()),
            "RUNTIME_NAMESPACE=flux-system".to_owned(),
            FLUX.program("kustomize-controller").display().to_string(),
        ];
        // It binds no port, and looks again within a second where something failed.
        let flags = ["--metrics-addr=0", "--health-addr=0", "--max-retry-delay=1s"].map(str::to_owned);
        let arguments = [&environment[..], &flags[..]].concat();
        let controller = Process::start(Path::new("env"), &arguments, bench.programs.path()).expect("it starts");
        Flux { plane, artifacts, controller }
    }

    /// Hands over the repository as it is now, as a source does that has fetched it.
    fn fetched(&self, bench: &Bench, revision: &str) {
        let name = format!("{revision}.tar.gz");
        let archive = bench.programs.path().join(&name);
        bench.ok("tar", &["-czf", &archive.display().to_string(), "manifests"]);
        let bytes = std::fs::read(&archive).expect("the archive");
        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"interval": "10m", "url": "https://example.com/shop"},
        });
        apply(self.plane, repository.to_string());
        let now = "2026-01-01T00:00:00Z";
        let status = json!({"status": {
            "artifact": {
                "url": format!("{}/{name}", self.artifacts.url()), "path": name, "revision": format!("main@sha1:{revision}"),
                "digest": format!("sha256:{}", checksum(&bytes)), "lastUpdateTime": now, "size": bytes.len(),
            },
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": now},
            ],
        }});
        let patch = ["patch", "gitrepository", "flux-system", "--namespace=flux-system", "--subresource=status"];
        let status = ["--type=merge".to_owned(), format!("--patch={status}")];
        let arguments = [&patch[..], &status.each_ref().map(String::as_str)].concat();
        succeeded(&self.plane.kubectl(&arguments)).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits until the controller is done with a revision; returns whether it could apply it, and what it says.
    fn outcome(&mut self, revision: &str) -> (bool, String) {
        let revision = format!("main@sha1:{revision}");
        let mut outcome = (false, String::new());
        until("Flux is done with the revision", || {
            self.controller.alive()?;
            let path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/fanfold";
            let status = &self.plane.get_json(path)["status"];
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready").unwrap_or_default();
            outcome = (ready["status"] == "True", ready["message"].as_str().unwrap_or_default().to_owned());
            let failed = ready["status"] == "False" && status["lastAttemptedRevision"] == revision.as_str();
            Ok(failed || status["lastAppliedRevision"] == revision.as_str())
        })
        .unwrap_or_else(|error| panic!("{error}: {}", outcome.1));
        outcome
    }

    fn arguments(&self, name: &str) -> Value {
        let job = self.plane.get_json(&format!("/apis/batch/v1/namespaces/scripts/cronjobs/{name}"));
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"].clone()
    }
}

#[test]
fn flux_applies_what_was_built_for_it_and_leaves_scripts_as_they_are() {
    needs!(CONTROL_PLANE, FLUX, GO);
    let bench = Bench::new();
    bench.write("specs/shop.yaml", SCRIPTS);
    bench.ok("fanfold", &["integrate", "flux"]);
    bench.ok("fanfold", &["build", "specs", "-o", "manifests", "--flux"]);
    let plane = ControlPlane::start(&Options::default());
    let mut flux = Flux::start(&plane, &bench);
    flux.fetched(&bench, "guarded");
    let substitutes = "  postBuild:\n    substitute: {CLUSTER: eu}\n";
    apply(&plane, bench.read("flux/fanfold.yaml") + substitutes);
    assert_eq!(flux.outcome("guarded"), (true, "Applied revision: main@sha1:guarded".into()));
    assert_eq!(flux.arguments("ours"), json!(["echo ${INTERVAL:-5} ${CLUSTER} $HOME"]));
    assert_eq!(flux.arguments("theirs"), json!(["eu"]));

    // Without the guard, Flux takes the variables of a script for its own.
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    flux.fetched(&bench, "plain");
    assert!(flux.outcome("plain").0);
    assert_eq!(flux.arguments("ours"), json!(["echo 5 eu $HOME"]));
    // What is no variable to it ends it.
    bench.write("specs/shop.yaml", &SCRIPTS.replace("INTERVAL:-5", "INTERVAL / 5"));
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    flux.fetched(&bench, "refused");
    let (applied, why) = flux.outcome("refused");
    assert!(!applied && why.contains("substitution"), "{why}");
    bench.ok("fanfold", &["build", "specs", "-o", "manifests", "--flux"]);
    flux.fetched(&bench, "guarded-again");
    assert!(flux.outcome("guarded-again").0);
    assert_eq!(flux.arguments("ours"), json!(["echo ${INTERVAL / 5} ${CLUSTER} $HOME"]));

    // What a spec no longer makes goes, as the Kustomization says.
    bench.write("specs/shop.yaml", SCRIPTS.split("  theirs:").next().expect("a head"));
    bench.ok("fanfold", &["build", "specs", "-o", "manifests", "--flux"]);
    flux.fetched(&bench, "fewer");
    assert!(flux.outcome("fewer").0);
    assert!(!plane.kubectl(&["get", "cronjob", "theirs", "--namespace=scripts"]).status.success());
}
