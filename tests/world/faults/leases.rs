//! One run at a time: a run that was not heard of for long finds its set taken, and lets go.

use std::process::{Command, Stdio};

use super::{Case, Run, after_events, size, spec};
use crate::controlplane::fault_proxy::{Fault, FaultProxy, Script};
use crate::controlplane::{ControlPlane, User};
use std::io::Read;

fn signal(name: &str, process: u32) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status();
    assert!(status.expect("there is a `kill`").success());
}

#[test]
fn a_run_that_slept_does_not_fight_the_one_that_took_its_place() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let objects = size(200);
    let case = Case::new(plane, objects);
    let kubeconfig = plane.kubeconfig(User::Admin);
    let mut sleeper =
        case.command(&kubeconfig, &["--concurrency", "1"]).stderr(Stdio::piped()).spawn().expect("the binary starts");
    after_events(&mut sleeper, 20);
    signal("STOP", sleeper.id());
    // As another machine would: the process is there, and does nothing.
    std::fs::write(case.spec(), spec(&case.namespace, objects).replace("nginx:1.27", "nginx:1.28")).expect("a spec");
    let other = case.apply_directly(&[]);
    other.assert_success();
    signal("CONT", sleeper.id());
    let ended = sleeper.wait().expect("it ends");
    let mut said = String::new();
    sleeper.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(ended.code(), Some(1), "{said}");
    assert!(said.contains("another run took the set over"), "{said}");
    let old = case.live("Deployment").iter().filter(|live| live.to_string().contains("nginx:1.27")).count();
    assert!(old <= 1, "{old} objects were changed back");
    let again: Run = case.apply_directly(&[]);
    again.assert_success();
    case.assert_applied();
    case.assert_tidy();
}

#[test]
fn a_run_whose_answers_are_lost_does_not_take_itself_for_another() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let apply = |seed| {
        let case = Case::new(plane, 8);
        let proxy = FaultProxy::start(plane, Script { seed, faults: vec![(Fault::ResetAfter, 0.5)], limit: 6 });
        case.apply(&proxy.kubeconfig(User::Admin), &[]).assert_success();
        case.assert_tidy();
    };
    std::thread::scope(|scope| (0..10).for_each(|seed| drop(scope.spawn(move || apply(seed)))));
}
