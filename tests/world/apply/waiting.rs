//! Waiting until it works, and what is said where it does not; on nodes that pretend.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Bench, Ran};
use crate::controlplane::ControlPlane;

fn bench() -> Bench {
    Bench::on(ControlPlane::with_controllers())
}

/// Returns a workload of a pod that pretends something.
fn workload(kind: &str, name: &str, pretend: &str, more: &str) -> String {
    let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let labels = format!("{{app: {name}}}");
    let (selector, restart) = match kind {
        "Job" => (String::new(), "\n      restartPolicy: Never"),
        _ => (format!("\n  selector: {{matchLabels: {labels}}}"), ""),
    };
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:{selector}{more}\n  template:\n    \
         metadata: {{labels: {labels}, annotations: {{pretend: {pretend}}}}}\n    spec:{restart}\n      \
         containers: [{{name: main, image: \"example.com/{name}:1\", resources: {{requests: {{cpu: 10m}}}}}}]\n"
    )
}

/// Returns what the run says of an object that does not work: its state and reasons.
fn unready(ran: &Ran, name: &str) -> String {
    let all = ran.done()["unready"].as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|unready| unready["object"]["name"] == name);
    let found = found.unwrap_or_else(|| panic!("{name} should not work: {ran:#?}"));
    format!("{} {}", found["state"], found["reasons"])
}

#[test]
fn a_run_ends_when_all_works() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let text = [
        workload("Deployment", "web", "slow", "\n  replicas: 2"),
        workload("StatefulSet", "db", "nothing", "\n  serviceName: db"),
        workload("DaemonSet", "agent", "nothing", ""),
        workload("Job", "once", "nothing", ""),
    ];
    let ran = bench.set(&text.concat(), &["--wait", "--timeout=90s"]);
    ran.ends(0, "4 created");
    let ready = ran.events.iter().filter(|event| event["event"] == "ready" && event["failed"].is_null());
    assert_eq!(ready.count(), 4, "{ran:#?}");
    let web = bench.get("deployment/web");
    assert_eq!(web["status"]["availableReplicas"], 2, "{web}");
    assert_eq!(bench.get("job/once")["status"]["succeeded"], 1);
    let status = bench.run(&["status", "--applyset=set", "--namespace=NS", "a.yaml"]);
    let said = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status.status.code(), Some(0), "{said}");
    assert!(said.contains("Deployment   1 of 1 ready"), "{said}");
}

#[test]
fn what_does_not_work_says_why() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let huge = workload("Deployment", "huge", "nothing", "").replace("cpu: 10m", "cpu: 1000");
    let text = [
        workload("Deployment", "absent", "no-image", ""),
        workload("Deployment", "broken", "crash", ""),
        huge,
        workload("Deployment", "fine", "nothing", ""),
    ];
    let ran = bench.set(&text.concat(), &["--wait", "--timeout=12s"]);
    ran.ends(4, "4 created");
    assert_eq!(ran.done()["unready"].as_array().map(Vec::len), Some(3), "{ran:#?}");
    for (name, words) in [
        ("absent", ["example.com/absent:1", "0 of 1"]),
        ("broken", ["exit", "main"]),
        ("huge", ["0/3 nodes are available", "Insufficient cpu"]),
    ] {
        let said = unready(&ran, name);
        for word in words {
            assert!(said.contains(word), "`{word}` of {name} is not said: {said}");
        }
    }
}

#[test]
fn what_failed_for_good_ends_the_wait() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let text = [workload("Job", "doomed", "fail", "\n  backoffLimit: 0"), workload("Job", "endless", "run", "")];
    let start = Instant::now();
    let ran = bench.set(&text.concat(), &["--wait", "--timeout=10m"]);
    ran.ends(4, "2 created");
    assert!(start.elapsed() < Duration::from_mins(2), "it did not wait for what never comes");
    let said = unready(&ran, "doomed");
    assert!(said.contains("BackoffLimitExceeded"), "{said}");
}

#[test]
fn nothing_is_pruned_before_what_replaces_it_works() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let (old, new) = (workload("Deployment", "old", "nothing", ""), workload("Deployment", "new", "no-image", ""));
    bench.set(&old, &["--wait", "--timeout=90s"]).ends(0, "1 created");
    let ran = bench.set(&new, &["--wait", "--timeout=3s", "--prune", "--prune-limit=1"]);
    ran.ends(4, "1 created, 1 skipped");
    assert!(bench.is_there("deployment/old"));
    let mended = new.replace("no-image", "nothing");
    bench.set(&mended, &["--wait", "--timeout=90s", "--prune", "--prune-limit=1"]).ends(0, "1 configured, 1 pruned");
    assert!(!bench.is_there("deployment/old"));
}

#[test]
fn preflight_says_what_the_scheduler_will_say() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    // Three nodes of 8 cpus take one of these each, and the fourth finds none.
    let text = workload("Deployment", "wide", "nothing", "\n  replicas: 4").replace("cpu: 10m", "cpu: 5");
    let ran = bench.set(&text, &["--preflight"]);
    assert_eq!((ran.code, ran.finding()["code"].as_str()), (1, Some("does-not-fit")), "{ran:#?}");
    assert!(ran.finding()["message"].to_string().contains("1 of"), "{ran:#?}");
    assert!(!bench.is_there("deployment/wide"), "what does not fit is not sent");
    bench.set(&text, &["--preflight", "--allow=does-not-fit"]).ends(0, "1 created");
    let pods = || {
        let list = bench.kubectl(&["get", "pods", "--output=json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    };
    let refused = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["reason"] == "Unschedulable")
    };
    crate::controlplane::until("the scheduler has looked at all pods", || {
        let pods = pods();
        let placed = pods.iter().filter(|pod| pod["spec"]["nodeName"].is_string()).count();
        Ok(placed == 3 && pods.iter().filter(|pod| refused(pod)).count() == 1)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    bench.kubectl(&["delete", "deployment", "wide"]);
}

#[test]
fn images_are_pulled_before_the_batch_starts() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let text = [workload("Deployment", "one", "nothing", ""), workload("DaemonSet", "two", "nothing", "")];
    let ran = bench.set(&text.concat(), &["--prepull", "--timeout=90s"]);
    ran.ends(0, "2 created");
    let notes: Vec<&str> = ran.events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("2 images are on all of 3 nodes")), "{notes:?}");
    let sets = bench.kubectl(&["get", "daemonsets", "--output=name"]);
    assert_eq!(sets.trim(), "daemonset.apps/two", "what pulled is gone again");
}

#[test]
fn images_are_pulled_into_a_namespace_that_the_batch_itself_makes() {
    needs!(CONTROL_PLANE);
    let bench = bench();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS-pull}\n";
    let work = workload("Deployment", "one", "nothing", "").replace("{name: one}", "{name: one, namespace: NS-pull}");
    let ran = bench.set(&format!("{namespace}{work}"), &["--prepull", "--timeout=90s"]);
    assert_eq!((ran.code, ran.outcome("Deployment/one").as_str()), (0, "created"), "{ran:#?}");
    let notes: Vec<&str> = ran.events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("1 image is on all of 3 nodes")), "{notes:?}");
    let sets = bench.kubectl(&["get", "daemonsets", "--namespace=NS-pull", "--output=name"]);
    assert_eq!(sets.trim(), "", "what pulled is gone again");
}
