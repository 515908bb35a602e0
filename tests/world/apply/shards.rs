//! Parts of one set, applied side by side.

use super::{Bench, configs, end};

#[test]
fn three_parts_at_once_are_the_whole() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS-inner}\n";
    let all = |count| format!("{namespace}{}", configs(count).replace("}\ndata", ", namespace: NS-inner}\ndata"));
    bench.write("a.yaml", &all(60));
    let start = |part: &str| bench.start(&["a.yaml", "--namespace=NS-inner", "--applyset=set", "--shard", part]);
    let runs = ["1/3", "2/3", "3/3"].map(start).map(end);
    let mut made = Vec::new();
    for run in &runs {
        assert_eq!(run.code, 0, "{run:#?}");
        let created = run.settled().filter(|event| event["outcome"] == "created");
        made.extend(created.map(|event| event["object"]["name"].to_string()));
    }
    made.sort();
    let count = made.len();
    made.dedup();
    assert_eq!((count, made.len()), (61, 61), "each is made once: {runs:#?}");
    bench.write("a.yaml", &all(40));
    // What left the set may serve what another part has yet to replace: only a run of the whole knows.
    let args = ["--namespace=NS-inner", "--applyset=set", "--prune"];
    let parts = bench.run(&[&["apply", "a.yaml", "--shard=1/3"], &args[..]].concat());
    assert_eq!(parts.status.code(), Some(2), "{parts:?}");
    let whole = bench.apply(&[&["a.yaml"], &args[..]].concat());
    whole.ends(0, "41 unchanged, 20 pruned");
    let left = bench.plane.get_json(&bench.fill("/api/v1/namespaces/NS-inner/configmaps"));
    assert_eq!(left["items"].as_array().map(Vec::len), Some(41));
}
