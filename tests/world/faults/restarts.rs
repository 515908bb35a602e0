//! The server, or its store, dies in the middle and comes back.

use std::process::Stdio;

use super::{Case, Run, size};
use crate::controlplane::{ControlPlane, Options, User};
use std::io::{BufRead, BufReader, Read};

/// Applies, does something in the middle, and looks at what came of it.
fn survives(plane: &ControlPlane, user: User, disturb: impl FnOnce()) {
    let objects = size(1000);
    let case = Case::new(plane, objects);
    let kubeconfig = plane.kubeconfig(user);
    let mut command = case.command(&kubeconfig, &["--concurrency", "1"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut stdout = Vec::new();
    let mut settled = 0;
    while settled < objects / 4 {
        let from = stdout.len();
        assert!(lines.read_until(b'\n', &mut stdout).expect("it can be read") > 0, "the run ended early");
        settled += usize::from(String::from_utf8_lossy(&stdout[from..]).contains(r#""event":"settled""#));
    }
    let reader = std::thread::spawn(move || {
        lines.read_to_end(&mut stdout).expect("it can be read");
        stdout
    });
    assert!(child.try_wait().expect("it can be asked").is_none(), "it goes on");
    disturb();
    let mut output = child.wait_with_output().expect("it ends");
    output.stdout = reader.join().expect("reading does not panic");
    let run = Run::of(&output);
    run.assert_success();
    // A server rides out a short absence of its store: then a request only takes longer.
    run.assert_each_once(case.compiled().len(), "created");
    case.assert_applied();
    case.assert_tidy();
    case.assert_settled();
}

#[test]
fn a_restart_of_the_server_is_waited_out() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::start(&Options::default());
    survives(&plane, User::Builder, || {
        plane.kill_apiserver();
        plane.start_apiserver();
    });
    // One that ends in order says so to those who ask meanwhile.
    survives(&plane, User::Admin, || plane.restart_apiserver());
}

#[test]
fn a_restart_of_the_store_is_waited_out() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::start(&Options::default());
    survives(&plane, User::Builder, || plane.restart_etcd());
}
