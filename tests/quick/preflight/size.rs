//! Large batches and clusters: what is counted stays right, and no step looks at everything for everything.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use fanfold::cluster::Live;
use fanfold::kubernetes::Facts;
use fanfold::preflight::preflight;
use serde_json::json;

use super::{compiled, read};

#[test]
fn thousands_of_pods_find_hundreds_of_nodes() {
    let (nodes, deployments) = (200, 800);
    let mut batch = String::from("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop}\nworkloads:\n");
    writeln!(
        batch,
        "  web: {{kind: Deployment, image: a, replicas: 4, matrix: {{n: {{from: 1, to: {deployments}}}}}, \
         resources: {{requests: {{cpu: 500m, memory: 256Mi}}}}}}"
    )
    .unwrap();
    let mut live: Vec<Live> = Vec::new();
    for at in 0..nodes {
        live.push(Live(json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{at:03}")},
            "status": {"allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"}},
        })));
        for number in 0..10 {
            live.push(Live(json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("old-{at}-{number}"), "namespace": "default", "labels": {"app": "old"}},
                "spec": {
                    "nodeName": format!("node-{at:03}"),
                    "containers": [{"name": "a", "resources": {"requests": {"cpu": "100m"}}}],
                },
            })));
        }
    }
    let (objects, _) = compiled(&batch, Path::new("size"));
    let facts = Facts::newest();
    let cluster = read(&live, &objects, facts);
    let start = Instant::now();
    let preflight = preflight(&objects, &cluster, facts);
    let took = start.elapsed();
    let room = preflight.room.expect("nodes and pods are known");
    // Of the 8 cores of each node 1 is taken: 14 pods of half a core.
    assert_eq!((room.pods, room.fitting), (3200, 14 * nodes));
    assert_eq!(room.free.get("cpu").map(ToString::to_string).as_deref(), Some("1400"));
    let findings: Vec<_> = preflight.findings.iter().collect();
    let told: Vec<(usize, &str)> = findings.iter().map(|finding| (finding.count, finding.message.as_str())).collect();
    assert_eq!(told, [(100, "all 400 pods would stay Pending: 0/200 nodes are available: 200 insufficient cpu")]);
    // Unoptimised and on a busy machine; a step that is quadratic takes minutes.
    assert!(took < Duration::from_secs(60), "{took:?}");
}
