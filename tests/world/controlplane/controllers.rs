//! What makes things become ready: the controllers and the scheduler, and kwok, whose nodes and pods only pretend.

use serde_json::{Value, json};

use super::process::Process;
use super::programs::program;
use super::{ControlPlane, User, succeeded, until};

/// `stages.yaml` says what kwok pretends, and how a pod can be made to fail.
const STAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world/controlplane/stages.yaml");
/// So many claims can be bound.
const VOLUMES: usize = 16;

/// Starts the programs and waits until the nodes take pods.
pub(super) fn start(plane: &ControlPlane) -> Result<Vec<Process>, String> {
    let kubeconfig = format!("--kubeconfig={}", plane.kubeconfig(User::Admin).display());
    let launch = |name: &str, flags: &[String]| {
        let arguments = [std::slice::from_ref(&kubeconfig), flags].concat();
        Process::start(&program(name)?, &arguments, &plane.folder)
    };
    let pki = plane.folder.join("pki");
    // They listen nowhere, and none is in the way of another.
    let mut quick = ["--secure-port=0", "--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=1000"]
        .map(str::to_owned)
        .to_vec();
    let scheduler = launch("kube-scheduler", &quick)?;
    quick.push(format!("--service-account-private-key-file={}", pki.join("apiserver.key").display()));
    quick.push(format!("--root-ca-file={}", pki.join("apiserver.crt").display()));
    let controllers = launch("kube-controller-manager", &quick)?;
    let kwok = ["--manage-all-nodes", "--cidr=10.244.0.0/16", "--node-lease-duration-seconds=40", "--config", STAGES];
    let mut running = vec![controllers, scheduler, launch("kwok", &kwok.map(str::to_owned))?];

    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects(plane.options.nodes)});
    succeeded(&plane.kubectl_with(User::Admin, &["create", "-f", "-"], list.to_string()))?;
    until("all nodes are ready", || {
        running.iter_mut().try_for_each(Process::alive)?;
        let nodes = plane.get_json("/api/v1/nodes");
        let nodes = nodes["items"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(nodes.len() == plane.options.nodes && nodes.iter().all(takes_pods))
    })?;
    Ok(running)
}

fn takes_pods(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    conditions.is_some_and(|conditions| conditions.iter().any(ready)) && node["spec"]["taints"].is_null()
}

/// Returns the nodes, and a default storage class with volumes that are there already, as nobody provisions any.
fn objects(nodes: usize) -> Vec<Value> {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "pretended",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
    });
    let node = |at: usize| {
        let name = format!("node-{at}");
        let capacity = json!({"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"});
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {"kwok.x-k8s.io/node": "fake"},
                "labels": {
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": format!("zone-{at}"),
                },
            },
            "status": {"capacity": capacity, "allocatable": capacity},
        })
    };
    let volume = |at: usize| {
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": format!("volume-{at}")},
            "spec": {
                "capacity": {"storage": "100Gi"},
                "accessModes": ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"],
                "storageClassName": "pretended",
                "hostPath": {"path": format!("/pretended/{at}")},
            },
        })
    };
    std::iter::once(class).chain((0..nodes).map(node)).chain((0..VOLUMES).map(volume)).collect()
}
