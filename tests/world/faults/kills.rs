//! The client dies at any moment; the next run finishes what it began.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{Case, after_events, size};
use crate::controlplane::{ControlPlane, User};

const MOMENTS: u64 = 20;
const LANES: u64 = 5;

fn draw(seed: u64, below: u64) -> u64 {
    (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) % below.max(1)
}

/// Applies, and kills the client at a moment: after some events in every other case, else after some time.
fn kill(case: &Case<'_>, flags: &[&str], seed: u64, events: usize, usual: Duration) {
    let kubeconfig = case.plane.kubeconfig(User::Admin);
    let mut command = case.command(&kubeconfig, flags);
    let mut child = command.stderr(Stdio::null()).spawn().expect("the binary starts");
    if seed.is_multiple_of(2) {
        after_events(&mut child, usize::try_from(draw(seed, events as u64)).unwrap_or(0));
    } else {
        let time = u64::try_from(usual.as_micros()).unwrap_or(0);
        after_events(&mut child, 0);
        thread::sleep(Duration::from_micros(draw(seed, time)));
    }
    // It may be over already.
    let _ = child.kill();
    child.wait().expect("it ends");
}

#[test]
fn a_killed_run_is_finished_by_the_next_one() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let objects = size(120);
    let measured = Case::new(plane, objects);
    let start = Instant::now();
    measured.apply_directly(&[]).assert_success();
    let usual = start.elapsed();
    measured.assert_applied();
    measured.assert_tidy();
    thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                for seed in (lane..MOMENTS).step_by(usize::try_from(LANES).unwrap_or(1)) {
                    killed(plane, seed, objects, usual);
                }
            });
        }
    });
}

fn killed(plane: &ControlPlane, seed: u64, objects: usize, usual: Duration) {
    let case = Case::new(plane, objects);
    kill(&case, &[], seed, objects, usual);
    case.apply_directly(&[]).assert_success();
    case.assert_applied();
    case.assert_tidy();
    case.assert_settled();

    // Objects of others: one of nobody, one of another set.
    for (name, label) in [("stranger", "team=others"), ("guest", "applyset.kubernetes.io/part-of=applyset-other-v1")] {
        for arguments in [
            ["create", "configmap", name, "--namespace", &case.namespace].as_slice(),
            ["label", "configmap", name, label, "--namespace", &case.namespace].as_slice(),
        ] {
            crate::controlplane::succeeded(&plane.kubectl(arguments)).unwrap_or_else(|error| panic!("{error}"));
        }
    }
    // No Jobs any more, and half of the rest.
    let fewer = objects / 2 / 10 * 10;
    let without_jobs = super::spec(&case.namespace, fewer);
    let without_jobs = without_jobs.split("  sweep:").next().unwrap_or_default();
    std::fs::write(case.spec(), without_jobs).expect("the spec is written");
    let prune = ["--prune", "--prune-limit", "100%"];
    kill(&case, &prune, seed + MOMENTS, objects, usual);
    case.apply_directly(&prune).assert_success();
    case.assert_applied();
    case.assert_tidy();
    assert_eq!(case.live("Job").len(), 0, "all Jobs left the set");
    assert_eq!(case.live("Deployment").len(), fewer * 3 / 10);
    let names: Vec<String> = case
        .live("ConfigMap")
        .iter()
        .filter_map(|object| object["metadata"]["name"].as_str().map(Into::into))
        .collect();
    for name in ["stranger", "guest"] {
        assert!(names.iter().any(|found| found == name), "{name} was not ours to delete: {names:?}");
    }
    assert_eq!(names.len(), fewer * 3 / 10 + 3, "the rest, the parent and two of others: {names:?}");
    case.assert_settled();
}
