//! `specs/parallel.yaml` does what it says: what its pods run, run here as its account, applies all parts, and the account
//! can do no more than that.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::controlplane::{ControlPlane, User, succeeded, until};

const ACCOUNT: &str = "system:serviceaccount:users:applier";
const USERS: usize = 200;

/// Returns what `kubectl get` says.
fn get(plane: &ControlPlane, arguments: &[&str]) -> Value {
    let output = plane.kubectl(&[&["get", "--namespace=users", "--output=json"], arguments].concat());
    succeeded(&output).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Writes a kubeconfig for what a pod of the account would be.
fn kubeconfig(plane: &ControlPlane, folder: &Path) {
    let text = std::fs::read_to_string(plane.kubeconfig(User::Admin)).expect("a kubeconfig");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    for user in config["users"].as_array_mut().expect("the users") {
        user["user"]["as"] = json!(ACCOUNT);
    }
    for context in config["contexts"].as_array_mut().expect("the contexts") {
        context["context"]["namespace"] = json!("users");
    }
    std::fs::write(folder.join("kubeconfig"), config.to_string()).expect("the kubeconfig is written");
}

fn fanfold() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fanfold"))
}

#[test]
fn the_account_of_the_spec_can_apply_all_parts_side_by_side_and_no_more() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = Command::new(fanfold())
        .args(["apply", "specs/parallel.yaml", "--no-wait"])
        .arg("--kubeconfig")
        .arg(plane.kubeconfig(User::Admin))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("fanfold runs");
    succeeded(&made).unwrap_or_else(|error| panic!("{error}"));
    kubeconfig(plane, folder.path());
    until("the account may do what its role says", || {
        let asked = ["auth", "can-i", "patch", "deployments.apps", "--namespace=users", "--as", ACCOUNT];
        Ok(plane.kubectl(&asked).status.success())
    })
    .unwrap_or_else(|error| panic!("{error}"));

    let job = get(plane, &["job/apply"]);
    let spec = &job["spec"]["template"]["spec"];
    assert_eq!(format!("system:serviceaccount:users:{}", spec["serviceAccountName"].as_str().unwrap()), ACCOUNT);
    let config = get(plane, &["configmap", spec["volumes"][0]["configMap"]["name"].as_str().expect("a ConfigMap")]);
    for (name, text) in config["data"].as_object().expect("its files") {
        std::fs::write(folder.path().join(name), text.as_str().expect("a text")).expect("the file is written");
    }
    let container = &spec["containers"][0];
    let words = ["command", "args"].iter().flat_map(|key| container[*key].as_array().expect("a list"));
    let mount = container["volumeMounts"][0]["mountPath"].as_str().expect("a path");
    let here = folder.path().to_string_lossy();
    let words: Vec<String> = words.map(|word| word.as_str().expect("a word").replace(mount, &here)).collect();
    let parts = job["spec"]["completions"].as_u64().expect("a number");
    let start = |index: u64| -> Child {
        Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", fanfold().parent().expect("a folder").display()))
            .env("HOME", folder.path())
            .env("KUBECONFIG", folder.path().join("kubeconfig"))
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command of the pod starts")
    };
    let all = || -> Vec<Output> {
        let pods: Vec<Child> = (0..parts).map(start).collect();
        pods.into_iter().map(|pod| pod.wait_with_output().expect("the pod ends")).collect()
    };
    let said = |outputs: &[Output]| -> String {
        outputs.iter().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).collect()
    };

    let first = all();
    first.iter().for_each(|output| succeeded(output).unwrap_or_else(|error| panic!("{error}")));
    // Parts of many objects are told in numbers: "70 objects: 70 created in 1.0 s".
    let created = |output: &Output| -> usize {
        let all = [&output.stdout[..], &output.stderr[..]].concat();
        let all = String::from_utf8_lossy(&all).into_owned();
        let count =
            all.lines().find_map(|line| line.split_once(" objects: ")?.1.split_once(" created")?.0.parse().ok());
        count.unwrap_or_else(|| panic!("no count in {all}"))
    };
    assert_eq!(first.iter().map(created).sum::<usize>(), USERS + 1, "each object, and the set, is in one part");
    let deployments = get(plane, &["deployments"]);
    let deployments = deployments["items"].as_array().expect("a list");
    assert_eq!(deployments.len(), USERS);
    let sets: BTreeSet<String> = deployments
        .iter()
        .map(|one| one["metadata"]["labels"]["applyset.kubernetes.io/part-of"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(sets.len(), 1, "all are of one set");
    assert!(get(plane, &["leases"])["items"].as_array().expect("a list").is_empty(), "no part is held any more");

    // A pod that is started again finds its part done.
    let again = all();
    again.iter().for_each(|output| succeeded(output).unwrap_or_else(|error| panic!("{error}")));
    assert!(!said(&again).contains("created") && !said(&again).contains("configured"), "{}", said(&again));

    // What it does not need it may not do.
    for (verb, resource) in
        [("delete", "deployments.apps"), ("delete", "configmaps"), ("get", "secrets"), ("create", "pods")]
    {
        let asked = plane.kubectl(&["auth", "can-i", verb, resource, "--namespace=users", "--as", ACCOUNT]);
        assert!(!asked.status.success(), "the account may {verb} {resource}");
    }
    let elsewhere = plane.kubectl(&["auth", "can-i", "list", "configmaps", "--namespace=default", "--as", ACCOUNT]);
    assert!(!elsewhere.status.success(), "the account may read other namespaces");
}
