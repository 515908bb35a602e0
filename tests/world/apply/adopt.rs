//! Objects that were there before the set.

use serde_json::json;

use super::{Bench, config, text};

const PART_OF: &str = "applyset.kubernetes.io/part-of";

#[test]
fn an_object_of_nobody_becomes_a_member() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.make(&config("a", "x"));
    let uid = bench.uid("configmap/a");
    let ran = bench.set(&format!("{}{}", config("a", "x"), config("b", "x")), &[]);
    ran.ends(0, "1 configured, 1 created");
    assert_eq!(ran.end_of("ConfigMap/a")["adopted"], true);
    assert_eq!(ran.end_of("ConfigMap/b")["adopted"], false);
    assert_eq!(bench.uid("configmap/a"), uid);
    bench.set(&config("b", "x"), &["--prune"]).ends(0, "1 unchanged, 1 pruned");
}

#[test]
fn objects_of_others_are_refused_before_anything_is_written() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let owned = [
        ("helm", "annotations: {meta.helm.sh/release-name: shop}", "the Helm release `shop`"),
        (
            "argo",
            "annotations: {argocd.argoproj.io/tracking-id: 'shop:/ConfigMap:NS/argo'}",
            "the Argo CD application `shop`",
        ),
        ("flux", "labels: {kustomize.toolkit.fluxcd.io/name: shop}", "the Flux kustomization `shop`"),
        ("set", "labels: {applyset.kubernetes.io/part-of: applyset-x-v1}", "the set `applyset-x-v1`"),
        (
            "owned",
            "ownerReferences: [{apiVersion: v1, kind: Thing, name: boss, uid: u-1, controller: true}]",
            "the Thing `boss`",
        ),
    ];
    let (mut theirs, mut wanted) = (String::new(), config("new", "x"));
    for (name, marks, _) in owned {
        theirs += &format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x-{name}, {marks}}}\ndata: {{key: old}}\n"
        );
        wanted += &config(&format!("x-{name}"), "new");
    }
    bench.make(&theirs);
    let refused = bench.set(&wanted, &[]);
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert_eq!(refused.findings.len(), owned.len(), "{refused:#?}");
    for (at, ((name, _, owner), finding)) in owned.iter().zip(&refused.findings).enumerate() {
        assert_eq!((&finding["code"], &finding["line"]), (&json!("owned-elsewhere"), &json!(10 + 6 * at)), "{name}");
        assert!(text(&finding["message"]).contains(owner), "{finding}");
    }
    assert!(!bench.is_there("configmap/new") && !bench.is_there("configmap/set"));
    // What they own of the values is theirs until it is taken by force.
    let taken = bench.set(&wanted, &["--adopt", "--force-conflicts"]);
    taken.ends(0, "1 created, 5 configured");
    assert_eq!(taken.end_of("ConfigMap/x-helm")["adopted"], true);
    bench.set(&wanted, &[]).ends(0, "6 unchanged");
}

#[test]
fn adopting_takes_the_label_of_the_set_and_no_other_field() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let theirs = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {{{PART_OF}: applyset-x-v1}}\ndata:\n  key: x\n"
    );
    bench.kubectl_with(&["apply", "--server-side", "--field-manager=other", "-f", "-"], &theirs);
    let ran = bench.set(&config("a", "w"), &["--adopt"]);
    ran.ends(1, "1 failed").finds("field-conflict", 6, &["`other`", "data.key"]);
    assert_eq!(bench.get("configmap/a")["metadata"]["labels"][PART_OF], "applyset-x-v1");
    bench.set(&config("a", "x"), &["--adopt"]).ends(0, "1 configured");
    let id = &bench.get("configmap/set")["metadata"]["labels"]["applyset.kubernetes.io/id"];
    assert_eq!(&bench.get("configmap/a")["metadata"]["labels"][PART_OF], id);
}

#[test]
fn two_sets_do_not_take_objects_from_each_other() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&config("a", "x"), &[]).ends(0, "1 created");
    let ran = bench.apply(&["a.yaml", "--applyset=other"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.finds("owned-elsewhere", 4, &["--adopt"]);
    let taken = bench.apply(&["a.yaml", "--applyset=other", "--adopt"]);
    taken.ends(0, "1 configured");
    bench.set(&config("b", "x"), &["--prune"]).ends(0, "1 created");
    assert!(bench.is_there("configmap/a"), "it is a member of the other set now");
}

#[test]
fn manifests_of_no_set_come_over_from_kubectl_too() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.kubectl_with(&["apply", "-f", "-"], &format!("{}  old: w\n", config("a", "x")));
    bench.write("a.yaml", &config("a", "w"));
    bench.apply(&["a.yaml"]).ends(0, "1 configured");
    assert_eq!(bench.get("configmap/a")["data"], json!({"key": "w"}));
    bench.apply(&["a.yaml"]).ends(0, "1 unchanged");
}

#[test]
fn what_kubectl_applied_loses_fields_that_the_spec_does_not_name() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let more = format!("{}  old: w\n", config("a", "x"));
    bench.kubectl_with(&["apply", "-f", "-"], &more);
    bench.kubectl(&[
        "patch",
        "configmap",
        "a",
        "--type=merge",
        "--patch",
        r#"{"data":{"theirs":"z"}}"#,
        "--field-manager=else",
    ]);
    let ran = bench.set(&config("a", "w"), &[]);
    ran.ends(0, "1 configured");
    assert_eq!(ran.end_of("ConfigMap/a")["adopted"], true);
    let live = bench.get("configmap/a");
    assert_eq!(live["data"], json!({"key": "w", "theirs": "z"}), "{live}");
    let managers: Vec<_> = live["metadata"]["managedFields"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| text(&entry["manager"]))
        .collect();
    assert_eq!(managers, ["fanfold", "else"], "{live}");
    bench.set(&config("a", "w"), &[]).ends(0, "1 unchanged");
}
