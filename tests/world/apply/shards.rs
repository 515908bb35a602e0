//! Parts of one set, applied side by side.

use super::{Bench, configs, end};

#[test]
fn three_parts_at_once_are_the_whole() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS-inner}\n";
    let all = |count| format!("{namespace}{}", configs(count).replace("}\ndata", ", namespace: NS-inner}\ndata"));
    bench.write("a.yaml", &all(60));
    let together = |args: &[&str]| -> Vec<super::Ran> {
        let start = |part: &str| {
            let mut all = vec!["a.yaml", "--namespace=NS-inner", "--applyset=set", "--shard", part];
            all.extend(args);
            bench.start(&all)
        };
        ["1/3", "2/3", "3/3"].map(start).into_iter().map(end).collect()
    };
    let runs = together(&[]);
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
    let gone: usize = together(&["--prune"])
        .iter()
        .map(|run| {
            assert_eq!(run.code, 0, "{run:#?}");
            run.settled().filter(|event| event["outcome"] == "pruned").count()
        })
        .sum();
    assert_eq!(gone, 20);
    let left = bench.plane.get_json(&bench.fill("/api/v1/namespaces/NS-inner/configmaps"));
    assert_eq!(left["items"].as_array().map(Vec::len), Some(41));
}
