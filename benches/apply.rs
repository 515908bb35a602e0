//! Applying to a real API server, side by side in one run: `fanfold apply`, `kubectl apply --server-side`, and a bare loop
//! of raw PATCH requests at its best concurrency; near the server, and 20 ms away from it.
//!
//! `cargo bench --bench apply` ends in about five minutes and prints rates and ratios; machines differ, ratios less.

#![allow(clippy::print_stdout, reason = "the table is what it is run for")]

#[path = "../tests/world/controlplane/mod.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod controlplane;
#[path = "../tests/world/programs.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod programs;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use controlplane::distance::Distance;
use controlplane::{ControlPlane, Options, User};
use fanfold::cluster::{Call, Client, Target};
use tokio::runtime::Runtime;

const SIZES: [usize; 2] = [1000, 5000];
/// What kubectl does in a second at this distance makes more of them too slow.
const FAR_FOR_KUBECTL: usize = 200;
const FAR: Duration = Duration::from_millis(20);
const CONCURRENCIES: [usize; 5] = [8, 16, 32, 64, 128];

/// Objects a second.
type Rate = f64;

struct Bench {
    plane: ControlPlane,
    folder: tempfile::TempDir,
    runtime: Runtime,
    runs: AtomicUsize,
}

fn main() {
    // `cargo test --benches` asks whether it runs, not how fast.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let bench = Bench {
        plane: ControlPlane::start(&Options::default()),
        folder: tempfile::tempdir().expect("a folder"),
        runtime: Runtime::new().expect("a runtime"),
        runs: AtomicUsize::new(0),
    };
    let near = bench.plane.kubeconfig(User::Admin);
    // The first requests of a server are slow.
    bench.loop_of_patches(&near, 300, 16);
    println!("{:<34}{:>12}{:>12}{:>12}{:>9}{:>9}", "", "fanfold", "kubectl", "bare loop", "/kubectl", "/loop");
    // `-- far` asks for what distance costs alone.
    let far_alone = std::env::args().any(|argument| argument == "far");
    for size in SIZES.into_iter().filter(|_| !far_alone) {
        bench.compare(&format!("{size} Deployments"), &near, size, size);
    }
    let distance = Distance::start(&bench.plane, FAR);
    let far = distance.kubeconfig(User::Admin);
    bench.compare(&format!("{} Deployments, 20 ms away", SIZES[0]), &far, SIZES[0], FAR_FOR_KUBECTL);
    println!("objects a second; kubectl applies {FAR_FOR_KUBECTL} of them 20 ms away");
}

impl Bench {
    fn compare(&self, what: &str, kubeconfig: &Path, size: usize, for_kubectl: usize) {
        let best = CONCURRENCIES
            .iter()
            .map(|concurrency| (self.loop_of_patches(kubeconfig, size, *concurrency), *concurrency))
            .max_by(|left, right| left.0.total_cmp(&right.0))
            .unwrap_or_default();
        // Interleaved, and the best of each: what else the machine does makes runs slower, never faster.
        let rounds = if size > 1000 { 2 } else { 3 };
        let (mut ours, mut theirs, mut bare) = ([0.0f64; 2], [0.0f64; 2], best.0);
        for round in 0..rounds {
            let rates = self.fanfold(kubeconfig, size);
            ours = [ours[0].max(rates[0]), ours[1].max(rates[1])];
            if round == 0 || for_kubectl <= 1000 {
                let rates = self.kubectl(kubeconfig, for_kubectl);
                theirs = [theirs[0].max(rates[0]), theirs[1].max(rates[1])];
            }
            bare = bare.max(self.loop_of_patches(kubeconfig, size, best.1));
        }
        row(what, ours[0], theirs[0], Some((bare, best.1)));
        row(&format!("{what}, again"), ours[1], theirs[1], None);
    }

    /// Returns a namespace that is new, and a spec and manifests of so many Deployments for it.
    fn batch(&self, size: usize) -> (String, PathBuf, PathBuf) {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("bench-{run}");
        let created = self.plane.kubectl(&["create", "namespace", &namespace]);
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        let spec = self.folder.path().join(format!("{namespace}.spec.yaml"));
        let manifests = self.folder.path().join(format!("{namespace}.yaml"));
        let text = format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: bench, namespace: {namespace}, labels: {{team: shop}}}}\n\
             workloads:\n  web:\n    kind: Deployment\n    image: nginx:1.27\n    ports: {{http: 80}}\n    replicas: 2\n\
             \x20   env: {{LEVEL: info, REGION: eu}}\n    resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}\n\
             \x20   livenessProbe: {{httpGet: /livez}}\n    readinessProbe: {{httpGet: /readyz}}\n\
             \x20   matrix: {{n: {{from: 1, to: {size}}}}}\n"
        );
        std::fs::write(&spec, text).expect("the spec is written");
        let built = Command::new(env!("CARGO_BIN_EXE_fanfold"))
            .args(["build", "-o"])
            .arg(&manifests)
            .arg(&spec)
            .output()
            .expect("fanfold runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (namespace, spec, manifests)
    }

    /// Applies twice and returns both rates.
    fn fanfold(&self, kubeconfig: &Path, size: usize) -> [Rate; 2] {
        let (_, spec, _) = self.batch(size);
        [(); 2].map(|()| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
            command.args(["apply", "--no-wait", "--kubeconfig"]).arg(kubeconfig).arg(&spec);
            timed(&mut command, size)
        })
    }

    fn kubectl(&self, kubeconfig: &Path, size: usize) -> [Rate; 2] {
        let (_, _, manifests) = self.batch(size);
        [(); 2].map(|()| {
            let mut command = Command::new(controlplane::kubectl_path());
            command.args(["apply", "--server-side", "--kubeconfig"]).arg(kubeconfig).arg("-f").arg(&manifests);
            timed(&mut command, size)
        })
    }

    /// Sends so many PATCH requests, so many at a time, and nothing else.
    fn loop_of_patches(&self, kubeconfig: &Path, size: usize, concurrency: usize) -> Rate {
        let (namespace, _, manifests) = self.batch(size);
        let text = std::fs::read_to_string(manifests).expect("the manifests are there");
        let calls: Vec<Call> = text
            .split("\n---\n")
            .map(|document| {
                let object: serde_json::Value = serde_yaml::from_str(document).expect("a manifest");
                let name = object["metadata"]["name"].as_str().expect("a name");
                let path = format!(
                    "/apis/apps/v1/namespaces/{namespace}/deployments/{name}?fieldManager=bench&fieldValidation=Ignore&force=false"
                );
                Call::apply(path, object.to_string())
            })
            .collect();
        assert_eq!(calls.len(), size);
        let target = Target { kubeconfig: Some(kubeconfig.to_string_lossy().into_owned()), ..Target::default() };
        let client = self.runtime.block_on(Client::connect(&target)).expect("a connection");
        let (calls, next) = (Arc::new(calls), Arc::new(AtomicUsize::new(0)));
        let start = Instant::now();
        self.runtime.block_on(async {
            let workers: Vec<_> = (0..concurrency)
                .map(|_| {
                    let (client, calls, next) = (client.clone(), Arc::clone(&calls), Arc::clone(&next));
                    tokio::spawn(async move {
                        while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let answer = client.call(call).await.expect("an answer");
                            assert!(answer.is_success(), "{}", answer.message());
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.await.expect("a worker ends");
            }
        });
        rate(size, start)
    }
}

fn timed(command: &mut Command, size: usize) -> Rate {
    let start = Instant::now();
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().expect("the program runs");
    let rate = rate(size, start);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    rate
}

#[expect(clippy::cast_precision_loss, reason = "numbers of objects")]
fn rate(size: usize, start: Instant) -> Rate {
    size as f64 / start.elapsed().as_secs_f64()
}

fn row(what: &str, ours: Rate, theirs: Rate, bare: Option<(Rate, usize)>) {
    let (bare_rate, to_bare) = match bare {
        Some((bare, concurrency)) => (format!("{bare:.0} ({concurrency})"), format!("{:.2}", ours / bare)),
        None => (String::new(), String::new()),
    };
    let against = format!("{:.1}", ours / theirs);
    println!("{what:<34}{ours:>12.0}{theirs:>12.0}{bare_rate:>12}{against:>9}{to_bare:>9}");
    // A pipe keeps lines back until it is full.
    let _ = std::io::stdout().flush();
}
