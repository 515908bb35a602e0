//! What left the set goes when asked for, and nothing else does.

use std::time::Duration;

use super::{Bench, config, configs, end, text};
use crate::controlplane::fault_proxy::{Fault, FaultProxy, Script};
use crate::controlplane::{ControlPlane, User, until};

const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

#[test]
fn what_left_the_set_goes_only_when_asked_for() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  ports: [{port: 80}]\n";
    bench.set(&format!("{}{}{service}", config("a", "x"), config("b", "x")), &[]).ends(0, "3 created");
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][KINDS], "ConfigMap,Service");
    let less = format!("{}{}", config("a", "x"), config("b", "x"));
    bench.set(&less, &[]).ends(0, "2 unchanged");
    assert!(bench.is_there("service/s"));
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][KINDS], "ConfigMap,Service", "it has one still");
    let pruned = bench.set(&less, &["--prune"]);
    pruned.ends(0, "2 unchanged, 1 pruned");
    assert_eq!(pruned.outcome("Service/s"), "pruned");
    assert!(!bench.is_there("service/s") && bench.is_there("configmap/b"));
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][KINDS], "ConfigMap");
    bench.set(&less, &["--prune"]).ends(0, "2 unchanged");
}

#[test]
fn more_than_half_of_a_set_does_not_go_unasked() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(5), &[]).ends(0, "5 created");
    let refused = bench.set(&configs(2).replace("key: x", "key: w"), &["--prune"]);
    assert_eq!(refused.code, 1, "{refused:#?}");
    for word in ["3 of the 5 objects", "--prune-limit 3", &bench.fill("`ConfigMap NS/c-4`")] {
        assert!(refused.said.contains(word), "`{word}` is not said: {refused:#?}");
    }
    assert_eq!(bench.get("configmap/c-0")["data"]["key"], "x", "nothing is written before the question is settled");
    bench.set(&configs(2), &["--prune", "--prune-limit=2"]).ends(1, "2 unchanged");
    bench.set(&configs(2), &["--prune", "--prune-limit=3"]).ends(0, "2 unchanged, 3 pruned");
}

#[test]
fn an_object_that_asks_to_stay_stays() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let keep =
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: keep, annotations: {helm.sh/resource-policy: keep}}\n";
    bench.set(&format!("{}{keep}", config("a", "x")), &[]).ends(0, "2 created");
    let ran = bench.set(&config("a", "x"), &["--prune"]);
    ran.ends(0, "2 unchanged");
    assert!(text(&ran.done()["stopped"]).is_empty());
    assert!(bench.is_there("configmap/keep"));
}

#[test]
fn other_namespaces_of_the_set_are_looked_through() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let other = bench.plane.namespace();
    let stray = config("b", "x").replace("name: b", &format!("name: b, namespace: {other}"));
    bench.set(&format!("{}{stray}", config("a", "x")), &[]).ends(0, "2 created");
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][NAMESPACES], other.as_str());
    bench.set(&config("a", "x"), &["--prune"]).ends(0, "1 unchanged, 1 pruned");
    let left = bench.plane.get_json(&format!("/api/v1/namespaces/{other}/configmaps"));
    assert_eq!(left["items"], serde_json::json!([]));
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][NAMESPACES], "");
}

#[test]
fn what_holds_data_goes_only_by_a_flag_of_its_own() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n";
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: NS-inner}\n";
    bench.set(&format!("{}{claim}{namespace}", configs(4)), &[]).ends(0, "6 created");
    let kept = bench.set(&configs(4), &["--prune"]);
    kept.ends(0, "6 unchanged");
    assert!(text(&kept.end_of("PersistentVolumeClaim/data")["reason"]).contains("--prune-data"), "{kept:#?}");
    assert!(bench.is_there("pvc/data"));
    bench.set(&configs(4), &["--prune", "--prune-data"]).ends(0, "4 unchanged, 2 pruned");
    assert!(!bench.get("pvc/data")["metadata"]["deletionTimestamp"].is_null() || !bench.is_there("pvc/data"));
    let inner = bench.get("namespace/NS-inner");
    assert!(inner.is_null() || !inner["metadata"]["deletionTimestamp"].is_null(), "{inner}");
}

#[test]
fn a_namespace_that_holds_what_is_wanted_stays() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: NS-inner}\n";
    let inside = config("in", "x").replace("name: in", "name: in, namespace: NS-inner");
    bench.set(&format!("{namespace}{inside}"), &[]).ends(0, "2 created");
    let ran = bench.set(&inside, &["--prune", "--prune-data"]);
    ran.ends(0, "2 unchanged");
    assert!(text(&ran.end_of(&bench.fill("Namespace/NS-inner"))["reason"]).contains("holds objects of the set"));
    assert!(bench.get("namespace/NS-inner")["metadata"]["deletionTimestamp"].is_null());
}

#[test]
fn nothing_is_pruned_after_a_failure() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(3), &[]).ends(0, "3 created");
    let bad = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  type: NodePort\n  ports: [{port: 80, nodePort: 80}]\n";
    let ran = bench.set(&format!("{}{bad}", configs(2)), &["--prune"]);
    ran.ends(1, "2 unchanged, 1 failed, 1 skipped");
    assert!(text(&ran.end_of("ConfigMap/c-2")["reason"]).contains("not all objects were applied"), "{ran:#?}");
    assert!(ran.events.iter().any(|event| text(&event["text"]).contains("nothing was pruned")), "{ran:#?}");
    assert!(bench.is_there("configmap/c-2"));
    let kinds = &bench.get("configmap/set")["metadata"]["annotations"][KINDS];
    assert_eq!(kinds, "ConfigMap,Service", "the set covers what may be there");
    bench.set(&configs(2), &["--prune"]).ends(0, "2 unchanged, 1 pruned");
    let kinds = &bench.get("configmap/set")["metadata"]["annotations"][KINDS];
    assert_eq!(kinds, "ConfigMap");
}

#[test]
fn a_set_that_covers_too_much_is_narrowed_though_nothing_else_is_to_do() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(1), &[]).ends(0, "1 created");
    // As a run leaves it that ends before its last step.
    bench.kubectl(&["annotate", "configmap", "set", &format!("{KINDS}=ConfigMap,Service"), "--overwrite"]);
    bench.set(&configs(1), &["--prune"]).ends(0, "1 unchanged");
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][KINDS], "ConfigMap");
    bench.kubectl(&["delete", "configmap", "set"]);
    bench.set(&configs(1), &[]).ends(0, "1 unchanged");
    assert_eq!(bench.get("configmap/set")["metadata"]["annotations"][KINDS], "ConfigMap", "members need a parent");
}

#[test]
fn an_object_that_only_carries_the_label_is_not_deleted() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(3), &[]).ends(0, "3 created");
    let id = text(&bench.get("configmap/set")["metadata"]["labels"]["applyset.kubernetes.io/id"]);
    bench.make(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: copy, labels: {{applyset.kubernetes.io/part-of: {id}}}}}\n"
    ));
    bench.set(&configs(3), &["--prune"]).ends(0, "3 unchanged");
    assert!(bench.is_there("configmap/copy"));
}

#[test]
fn what_controllers_copy_labels_to_is_not_deleted() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    // The controller gives its slices the labels of the Service.
    let service =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  selector: {app: s}\n  ports: [{port: 80}]\n";
    let slice = "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: mine}\naddressType: IPv4\nendpoints: []\nports: []\n";
    bench.set(&format!("{service}{slice}"), &[]).ends(0, "2 created");
    let of_service = [
        "get",
        "endpointslices",
        "--selector=kubernetes.io/service-name=s",
        "--output=jsonpath={.items[*].metadata.uid}",
    ];
    until("the service has a slice", || Ok(!bench.kubectl(&of_service).is_empty())).unwrap();
    let slices = bench.kubectl(&of_service);
    bench.set(&format!("{service}{slice}"), &["--prune", "--prune-limit=100%"]).ends(0, "2 unchanged");
    assert_eq!(bench.kubectl(&of_service), slices);
}

#[test]
fn another_object_of_the_same_name_is_not_deleted() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    bench.set(&configs(3), &[]).ends(0, "3 created");
    let faults = vec![(Fault::Stall(Duration::from_millis(1500)), 1.0)];
    let proxy = FaultProxy::start(bench.plane, Script { seed: 0, faults, limit: 1 });
    bench.kubeconfig = proxy.kubeconfig(User::Admin);
    bench.write("a.yaml", &configs(2));
    let run = bench.start(&["a.yaml", "--applyset=set", "--prune"]);
    until("it is on the way to delete", || Ok(proxy.seen().iter().any(|seen| seen.method == "DELETE"))).unwrap();
    bench.kubectl_with(&["replace", "--force", "-f", "-"], &config("c-2", "somebody's"));
    let ran = end(run);
    ran.ends(0, "2 unchanged, 1 absent");
    assert!(text(&ran.end_of("ConfigMap/c-2")["reason"]).contains("another"), "{ran:#?}");
    assert_eq!(bench.get("configmap/c-2")["data"]["key"], "somebody's");
}

#[test]
fn kubectl_and_fanfold_read_each_others_sets_and_keep_off_them() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(2), &[]).ends(0, "2 created");
    let id = text(&bench.get("configmap/set")["metadata"]["labels"]["applyset.kubernetes.io/id"]);
    let members = bench.kubectl(&[
        "get",
        "configmaps",
        "--output=name",
        "--selector",
        &format!("applyset.kubernetes.io/part-of={id}"),
    ]);
    assert_eq!(members, "configmap/c-0\nconfigmap/c-1\n");
    let annotations = &bench.get("configmap/set")["metadata"]["annotations"];
    let version = format!("fanfold/v{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(annotations["applyset.kubernetes.io/tooling"], version.as_str());

    let of_kubectl = |name: &str, text: &str| {
        std::fs::write(bench.folder.path().join("k.yaml"), text).expect("it is written");
        std::process::Command::new(crate::controlplane::kubectl_path())
            .args(["apply", "--server-side", "--prune", "-f", "k.yaml", "-n", &bench.ns])
            .arg(format!("--applyset=configmaps/{name}"))
            .current_dir(bench.folder.path())
            .env_clear()
            .env("HOME", bench.folder.path())
            .env("KUBECTL_APPLYSET", "true")
            .env("KUBECONFIG", &bench.kubeconfig)
            .output()
            .expect("kubectl runs")
    };
    let refused = of_kubectl("set", &config("k", "x"));
    assert!(!refused.status.success() && bench.is_there("configmap/c-0"), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("tooling"), "{refused:?}");
    let made = of_kubectl("theirs", &config("k", "x"));
    assert!(made.status.success(), "{made:?}");
    bench.write("a.yaml", &config("a", "x"));
    let ran = bench.apply(&["a.yaml", "--applyset=theirs", "--prune"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.said.contains("is managed by `kubectl`"), "{ran:#?}");
    assert!(bench.is_there("configmap/k") && !bench.is_there("configmap/a"));
}
