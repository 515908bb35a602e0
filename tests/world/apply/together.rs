//! Two runs at once, runs that are killed, and runs that the user ends.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{Bench, Ran, configs, end};
use crate::controlplane::distance::Distance;
use crate::controlplane::fault_proxy::{Fault, FaultProxy, Script};
use crate::controlplane::{User, until};

fn far(bench: &mut Bench, milliseconds: u64) -> Distance {
    let distance = Distance::start(bench.plane, Duration::from_millis(milliseconds));
    bench.kubeconfig = distance.kubeconfig(User::Admin);
    distance
}

fn count(bench: &Bench) -> usize {
    bench.kubectl(&["get", "configmaps", "--output=name"]).lines().filter(|name| name.contains("/c-")).count()
}

#[test]
fn a_second_run_is_told_and_the_first_one_ends_well() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    let _distance = far(&mut bench, 60);
    bench.write("a.yaml", &configs(150));
    let args = ["a.yaml", "--applyset=set", "--concurrency=1"];
    let first = bench.start(&args);
    until("the first one holds the set", || Ok(bench.is_there("lease/set"))).unwrap();
    let second = bench.apply(&args);
    assert_eq!((second.code, second.settled().count()), (3, 0), "{second:#?}");
    assert!(second.said.contains("another run is applying this set"), "{second:#?}");
    end(first).ends(0, "150 created");
}

#[test]
fn a_killed_run_does_not_keep_the_next_one_waiting() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    let _distance = far(&mut bench, 40);
    bench.write("a.yaml", &configs(200));
    let mut first = bench.start(&["a.yaml", "--applyset=set", "--concurrency=2"]);
    until("it has begun", || Ok(count(&bench) > 5)).unwrap();
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    assert!(bench.is_there("lease/set"));
    let start = Instant::now();
    let ran = bench.apply(&["a.yaml", "--applyset=set"]);
    assert_eq!((ran.code, count(&bench)), (0, 200), "{ran:#?}");
    assert!(ran.outcomes()["unchanged"] > 5, "{:?}", ran.outcomes());
    assert!(start.elapsed() < Duration::from_secs(12), "a lease lives longer than this");
}

#[test]
fn the_user_can_end_a_run_and_go_on_later() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    let _distance = far(&mut bench, 60);
    bench.write("a.yaml", &configs(300));
    let run = bench.start(&["a.yaml", "--applyset=set", "--concurrency=4"]);
    until("it has begun", || Ok(count(&bench) > 8)).unwrap();
    let kill = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let ran = end(run);
    assert_eq!(ran.code, 130, "{ran:#?}");
    let made = said_created(&ran);
    assert!(!made.is_empty() && made.len() < 300);
    assert_eq!(ran.outcomes().values().sum::<u64>(), 300);
    let mut there: Vec<String> = bench
        .kubectl(&["get", "configmaps", "--output=name"])
        .lines()
        .map(|name| name.trim_start_matches("configmap/").to_owned())
        .filter(|name| name != "set")
        .collect();
    there.sort();
    assert_eq!(made, there, "what it says it made is there, and nothing else");
    assert!(!bench.is_there("lease/set"), "the set is free");
    let rest = bench.apply(&["a.yaml", "--applyset=set"]);
    assert_eq!((rest.code, count(&bench)), (0, 300), "{rest:#?}");
    assert_eq!(rest.outcomes()["unchanged"], made.len() as u64);
}

fn said_created(ran: &Ran) -> Vec<String> {
    let created = ran.settled().filter(|event| event["outcome"] == "created");
    let mut names: Vec<String> = created.map(|event| super::text(&event["object"]["name"])).collect();
    names.sort();
    names
}

#[test]
fn a_job_that_is_being_made_anew_is_there_when_the_user_ends_the_run() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{{name: j, image: '{image}'}}]\n"
        )
    };
    bench.set(&job("busybox:1.36"), &[]).ends(0, "1 created");
    let before = bench.uid("job/j");
    // It is held for a while after it was deleted.
    bench.kubectl(&[
        "patch",
        "job",
        "j",
        "--type=merge",
        "--patch",
        r#"{"metadata":{"finalizers":["example.com/hold"]}}"#,
    ]);
    let _distance = far(&mut bench, 20);
    bench.write("a.yaml", &job("busybox:1.37"));
    let run = bench.start(&["a.yaml", "--applyset=set", "--recreate=on-change"]);
    until("it is deleted", || Ok(!bench.get("job/j")["metadata"]["deletionTimestamp"].is_null())).unwrap();
    let kill = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    std::thread::sleep(Duration::from_millis(500));
    bench.kubectl(&["patch", "job", "j", "--type=merge", "--patch", r#"{"metadata":{"finalizers":null}}"#]);
    end(run).ends(130, "1 recreated");
    assert_ne!(bench.uid("job/j"), before);
}

#[test]
fn a_run_that_ends_while_it_reads_writes_nothing() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    let faults = vec![(Fault::Stall(Duration::from_secs(2)), 1.0)];
    let proxy = FaultProxy::start(bench.plane, Script { seed: 0, faults, limit: 1 });
    bench.kubeconfig = proxy.kubeconfig(User::Admin);
    bench.write("a.yaml", &configs(12));
    let run = bench.start(&["a.yaml", "--applyset=set"]);
    until("it reads", || Ok(proxy.seen().iter().any(|seen| seen.path.ends_with("/configmaps")))).unwrap();
    let kill = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    end(run).ends(130, "");
    assert!(proxy.seen().iter().all(|seen| seen.method == "GET"), "{:?}", proxy.seen());
}
