//! A server that takes a handful of requests at once.

use super::{Case, size};
use crate::controlplane::{ControlPlane, Options, User};

#[expect(clippy::print_stderr, reason = "it tells people how often the server refused")]
fn crowded(flags: &[&str], objects: usize) {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let plane = ControlPlane::start(&Options { flags, ..Options::default() });
    let case = Case::new(&plane, objects);
    let run = case.apply(&plane.kubeconfig(User::Builder), &[]);
    eprintln!("{}, retries {:?}", run.done, run.retries());
    run.assert_success();
    run.assert_each_once(case.compiled().len(), "created");
    case.assert_applied();
    case.assert_tidy();
    case.assert_settled();
}

#[test]
fn a_server_that_queues_requests_gets_what_it_can_take() {
    needs!(CONTROL_PLANE);
    crowded(&["--max-mutating-requests-inflight=5", "--max-requests-inflight=5"], size(2000));
}

#[test]
fn a_server_that_refuses_requests_gets_what_it_can_take() {
    needs!(CONTROL_PLANE);
    let flags =
        ["--max-mutating-requests-inflight=5", "--max-requests-inflight=10", "--enable-priority-and-fairness=false"];
    crowded(&flags, size(2000));
}
