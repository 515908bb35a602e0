//! Everything that a network, a load balancer or a server in trouble does to requests, by twenty scripts.

use std::thread;
use std::time::Duration;

use super::watcher::Watcher;
use super::{Case, size};
use crate::controlplane::fault_proxy::{Fault, FaultProxy, Script};
use crate::controlplane::{ControlPlane, User};

const SEEDS: u64 = 20;
/// So many at once: most of the time of a run is waiting.
const LANES: u64 = 5;
const FAR: Duration = Duration::from_millis(20);

/// Returns faults that differ from seed to seed: each kind is common in some and absent in others. All other requests
/// take as long as over a distance.
fn faults(seed: u64) -> Vec<(Fault, f64)> {
    let all = [
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Stall(Duration::from_millis(300)),
        Fault::Late(Duration::from_millis(300)),
        Fault::TooMany(None),
        Fault::TooMany(Some(1)),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(504),
        Fault::CutOff,
    ];
    let mut faults: Vec<(Fault, f64)> = Vec::new();
    for (number, fault) in (0u32..).zip(all) {
        let draw = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(number * 7) % 4;
        let share = match fault {
            // Each holds everything for a second.
            Fault::TooMany(Some(_)) => 0.002,
            _ => 0.012,
        };
        faults.push((fault, share * f64::from(u32::try_from(draw).unwrap_or(0))));
    }
    let rest = 1.0 - faults.iter().map(|(_, share)| share).sum::<f64>();
    faults.push((Fault::Late(FAR), rest));
    faults
}

#[test]
fn twenty_scripts_of_faults_leave_every_object_made_once() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                for seed in (lane..SEEDS).step_by(usize::try_from(LANES).unwrap_or(1)) {
                    through_faults(plane, seed);
                }
            });
        }
    });
}

#[expect(clippy::print_stderr, reason = "it says which seed failed, and how many faults there were")]
fn through_faults(plane: &ControlPlane, seed: u64) {
    let case = Case::new(plane, size(100));
    let watcher = Watcher::start(&case);
    let proxy = FaultProxy::start(plane, Script { seed, faults: faults(seed), limit: 4 });
    let user = if seed.is_multiple_of(2) { User::Admin } else { User::Builder };
    let run = case.apply(&proxy.kubeconfig(user), &[]);
    let spoiled = proxy.seen().iter().filter(|seen| !matches!(seen.fault, None | Some(Fault::Late(FAR)))).count();
    eprintln!("seed {seed}: {spoiled} faults, {}, retries {:?}", run.done, run.retries());
    run.assert_success();
    assert!(spoiled > 2, "a script that spoils nothing shows nothing");
    run.assert_each_once(case.compiled().len(), "created");
    watcher.assert_made_once(&case);
    case.assert_applied();
    case.assert_tidy();
    case.assert_settled();
}
