//! Updates, and what is refused of them.

// Literals read better without references.
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Value as Json, json};

use super::*;
use crate::kubernetes::Minor;

#[test]
fn what_never_changes_is_known_by_its_path() {
    for path in [".spec.selector", "spec.selector.matchLabels", ".spec.selector.matchLabels.app"] {
        assert!(never_changes("apps", "Deployment", path), "{path}");
    }
    assert!(never_changes("batch", "Job", ".spec.template.spec.containers[name=\"x\"].image"));
    assert!(!never_changes("apps", "Deployment", ".spec.template.spec.containers[name=\"x\"].image"));
    assert!(!never_changes("apps", "Deployment", ".spec.selectors"));
}

fn object(api_version: &str, kind: &str, rest: Json) -> Json {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
    rest.as_object().unwrap().iter().for_each(|(key, value)| object[key] = value.clone());
    object
}

/// Returns the paths that an update from manifest to manifest is refused for.
fn update(api_version: &str, kind: &str, old: Json, new: Json) -> Vec<String> {
    let (old, new) = (object(api_version, kind, old), object(api_version, kind, new));
    paths(refused(Facts::newest(), &old, &old, &new))
}

fn paths(refused: Vec<Refused>) -> Vec<String> {
    refused.into_iter().map(|refused| refused.path).collect()
}

fn spec(api_version: &str, kind: &str, old: Json, new: Json) -> Vec<String> {
    update(api_version, kind, json!({"spec": old}), json!({"spec": new}))
}

#[test]
fn every_path_of_the_table_leads_somewhere() {
    for minor in Minor::bundled() {
        let facts = Facts::of(minor).unwrap();
        for (group, kind, fields) in IMMUTABLE {
            let Some(kind) = facts.kinds().iter().find(|known| known.group == *group && known.kind == *kind) else {
                panic!("{minor} has no {kind}");
            };
            for field in *fields {
                let mut ty = facts.ty(facts.type_of(kind).unwrap());
                for key in field.split('.') {
                    let field = ty.field(key).unwrap_or_else(|| panic!("{minor}: {} has no {field}", kind.kind));
                    if let Shape::Type(id) = &field.schema.shape {
                        ty = facts.ty(*id);
                    }
                }
            }
        }
    }
}

#[test]
fn selectors_and_templates_of_claims_stay() {
    let set = |claim: &str, replicas: i32| {
        json!({
            "serviceName": "a", "replicas": replicas, "selector": {"matchLabels": {"app": "a"}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": claim}}}}],
        })
    };
    assert_eq!(spec("apps/v1", "StatefulSet", set("1Gi", 1), set("1024Mi", 2)), [""; 0]);
    assert_eq!(
        spec("apps/v1", "StatefulSet", set("1Gi", 1), set("2Gi", 1)),
        ["spec.volumeClaimTemplates[0].spec.resources.requests.storage"]
    );
    let selector = |app: Json| json!({"selector": {"matchLabels": app}});
    for kind in ["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"] {
        let other = spec("apps/v1", kind, selector(json!({"app": "a"})), selector(json!({"app": "b"})));
        assert_eq!(other, ["spec.selector.matchLabels.app"], "{kind}");
        let fewer = spec("apps/v1", kind, selector(json!({"app": "a", "b": "c"})), selector(json!({"app": "a"})));
        assert_eq!(fewer, ["spec.selector.matchLabels.b"], "{kind}");
    }
    let policy = |policy: &str| json!({"podManagementPolicy": policy});
    assert_eq!(spec("apps/v1", "StatefulSet", json!({}), policy("OrderedReady")), [""; 0], "the default, written out");
    assert_eq!(spec("apps/v1", "StatefulSet", policy("OrderedReady"), json!({})), [""; 0]);
    assert_eq!(spec("apps/v1", "StatefulSet", policy("Parallel"), json!({})), ["spec.podManagementPolicy"]);
}

fn job(image: &str, cpu: &str, suspend: bool) -> Json {
    json!({"suspend": suspend, "template": {"metadata": {"labels": {"app": image}}, "spec": {
        "containers": [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": cpu}}}],
        "restartPolicy": "Never",
    }}})
}

#[test]
fn jobs_change_their_template_only_while_suspended() {
    assert_eq!(spec("batch/v1", "Job", job("a", "1", false), job("a", "1000m", false)), [""; 0]);
    assert_eq!(
        spec("batch/v1", "Job", job("a", "1", false), job("b", "1", false)),
        ["spec.template.metadata.labels.app"]
    );
    assert_eq!(spec("batch/v1", "Job", job("a", "1", true), job("b", "1", false)), [""; 0]);
    assert_eq!(spec("batch/v1", "Job", job("a", "1", true), job("a", "2", true)), [""; 0]);
    let (old, new) = (
        object("batch/v1", "Job", json!({"spec": job("a", "1", true)})),
        object("batch/v1", "Job", json!({"spec": job("a", "2", true)})),
    );
    let older = Facts::of(Minor(35)).unwrap();
    assert_eq!(
        paths(refused(older, &old, &old, &new)),
        ["spec.template.spec.containers[0].resources.requests.cpu"],
        "amounts may be changed from 1.36 on"
    );
    let mut ran = old.clone();
    ran["status"] = json!({"startTime": "2030-01-31T08:00:00Z"});
    assert_eq!(paths(refused(Facts::newest(), &ran, &old, &new)).len(), 1);
}

#[test]
fn a_suspended_job_does_not_hide_a_second_change() {
    let mut new = job("b", "1", true);
    new["template"]["spec"]["containers"][0]["image"] = json!("a:2");
    let paths = spec("batch/v1", "Job", job("a", "1", true), new);
    assert_eq!(paths, ["spec.template.spec.containers[0].image"]);
}

#[test]
fn what_the_server_generated_is_no_change() {
    let live = object(
        "batch/v1",
        "Job",
        json!({
            "metadata": {"name": "a", "labels": {"job-name": "a"}},
            "spec": {
                "completions": 1, "completionMode": "NonIndexed",
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}},
                "template": {
                    "metadata": {"labels": {"app": "a", "controller-uid": "1"}},
                    "spec": {"dnsPolicy": "ClusterFirst", "containers": [{"name": "a", "image": "a:1", "resources": {}}]},
                },
            },
        }),
    );
    let new = |image: &str| {
        object(
            "batch/v1",
            "Job",
            json!({"spec": {"template": {
                "metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": image}]},
            }}}),
        )
    };
    let stated = json!({"spec": {"template": new("a:1")["spec"]["template"]}});
    assert_eq!(refused(Facts::newest(), &live, &stated, &new("a:1")), []);
    assert_eq!(
        paths(refused(Facts::newest(), &live, &stated, &new("a:2"))),
        ["spec.template.spec.containers[0].image"]
    );
}

#[test]
fn what_is_owned_as_a_whole_is_compared_as_a_whole() {
    let live = object("batch/v1", "Job", json!({"spec": {"selector": {"matchLabels": {"controller-uid": "1"}}}}));
    let new = |spec: Json| object("batch/v1", "Job", json!({"spec": spec}));
    let nothing = json!({});
    assert_eq!(refused(Facts::newest(), &live, &nothing, &new(json!({}))), []);
    assert_eq!(
        paths(refused(Facts::newest(), &live, &nothing, &new(json!({"selector": {}})))),
        ["spec.selector.matchLabels.controller-uid"]
    );
}

#[test]
fn completions_go_in_step() {
    let job = |mode: &str, completions: i32, parallelism: i32| json!({"completionMode": mode, "completions": completions, "parallelism": parallelism});
    assert_eq!(spec("batch/v1", "Job", job("NonIndexed", 2, 1), job("NonIndexed", 3, 3)), ["spec.completions"]);
    assert_eq!(spec("batch/v1", "Job", job("Indexed", 2, 2), job("Indexed", 3, 3)), [""; 0]);
    assert_eq!(spec("batch/v1", "Job", job("Indexed", 2, 2), job("Indexed", 3, 2)), ["spec.completions"]);
    assert_eq!(spec("batch/v1", "Job", json!({}), json!({"completionMode": "Indexed"})), ["spec.completionMode"]);
}

#[test]
fn claims_grow() {
    let claim =
        |storage: &str| json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}});
    let storage = "spec.resources.requests.storage";
    assert_eq!(spec("v1", "PersistentVolumeClaim", claim("1Gi"), claim("2Gi")), [""; 0]);
    assert_eq!(spec("v1", "PersistentVolumeClaim", claim("2Gi"), claim("1Gi")), [storage]);
    let live = |phase: &str| {
        object(
            "v1",
            "PersistentVolumeClaim",
            json!({"spec": claim("4Gi"), "status": {"phase": phase, "capacity": {"storage": "2Gi"}}}),
        )
    };
    let to = |phase: &str, storage: &str| {
        let (live, new) = (live(phase), object("v1", "PersistentVolumeClaim", json!({"spec": claim(storage)})));
        refused(Facts::newest(), &live, &live, &new).into_iter().map(|refused| refused.rule).collect::<Vec<_>>()
    };
    assert_eq!(to("Bound", "8Gi"), []);
    assert_eq!(to("Bound", "3Gi"), [], "an expansion that failed may be taken back");
    assert_eq!(to("Bound", "1Gi"), [Rule::Grows]);
    assert_eq!(to("Pending", "8Gi"), [Rule::OnceBound]);
    let name = |name: Json| json!({"volumeName": name});
    assert_eq!(spec("v1", "PersistentVolumeClaim", json!({}), name(json!("a"))), [""; 0], "it may be set once");
    assert_eq!(spec("v1", "PersistentVolumeClaim", name(json!("a")), name(json!("b"))), ["spec.volumeName"]);
    assert_eq!(spec("v1", "PersistentVolumeClaim", name(json!("a")), json!({})), ["spec.volumeName"]);
}

#[test]
fn services_keep_the_address_they_were_given() {
    let service = |ip: Json| json!({"type": "ClusterIP", "clusterIP": ip});
    assert_eq!(spec("v1", "Service", service(json!("10.0.0.1")), service(json!("10.0.0.2"))), ["spec.clusterIP"]);
    assert_eq!(spec("v1", "Service", service(json!("10.0.0.1")), json!({"type": "ClusterIP"})), [""; 0]);
    assert_eq!(spec("v1", "Service", service(json!("10.0.0.1")), json!({"type": "ExternalName"})), [""; 0]);
    let balancer = |class: Json| json!({"type": "LoadBalancer", "loadBalancerClass": class});
    assert_eq!(spec("v1", "Service", balancer(json!("a/b")), balancer(json!("a/c"))), ["spec.loadBalancerClass"]);
    assert_eq!(
        spec("v1", "Service", balancer(json!("a/b")), json!({"type": "LoadBalancer"})),
        ["spec.loadBalancerClass"]
    );
}

#[test]
fn data_stays_only_when_it_is_marked() {
    let config = |mark: bool, a: &str| json!({"immutable": mark, "data": {"a": a}});
    assert_eq!(update("v1", "ConfigMap", config(false, "1"), config(true, "2")), [""; 0]);
    assert_eq!(update("v1", "ConfigMap", config(true, "1"), config(true, "1")), [""; 0]);
    assert_eq!(update("v1", "ConfigMap", config(true, "1"), config(true, "2")), ["data.a"]);
    assert_eq!(update("v1", "ConfigMap", config(true, "1"), json!({"data": {"a": "1"}})), ["immutable"]);
    assert_eq!(update("v1", "Secret", json!({"type": "Opaque"}), json!({})), [""; 0]);
    assert_eq!(update("v1", "Secret", json!({}), json!({"type": "kubernetes.io/tls"})), ["type"]);
}

#[test]
fn pods_change_their_images_and_little_else() {
    let pod = |image: &str, args: Json, deadline: Json| json!({"containers": [{"name": "a", "image": image, "args": args}], "activeDeadlineSeconds": deadline});
    let old = || pod("a:1", json!(["x"]), json!(60));
    assert_eq!(spec("v1", "Pod", old(), pod("a:2", json!(["x"]), json!(30))), [""; 0]);
    assert_eq!(spec("v1", "Pod", old(), pod("a:1", json!(["y"]), json!(60))), ["spec.containers[0].args[0]"]);
    assert_eq!(spec("v1", "Pod", old(), pod("a:1", json!(["x"]), json!(90))), ["spec.activeDeadlineSeconds"]);
    assert_eq!(spec("v1", "Pod", json!({}), json!({"hostNetwork": false, "dnsPolicy": "ClusterFirst"})), [""; 0]);
    let tolerations =
        |keys: &[&str]| json!({"tolerations": keys.iter().map(|key| json!({"key": key})).collect::<Vec<_>>()});
    assert_eq!(spec("v1", "Pod", tolerations(&["a"]), tolerations(&["a", "b"])), [""; 0]);
    assert_eq!(spec("v1", "Pod", tolerations(&["a"]), tolerations(&["b"])), ["spec.tolerations"]);
}

#[test]
fn volumes_keep_where_their_data_is() {
    let volume = |path: &str, size: &str| json!({"capacity": {"storage": size}, "nfs": {"server": "a", "path": path}});
    assert_eq!(spec("v1", "PersistentVolume", volume("/a", "1Gi"), volume("/a", "2Gi")), [""; 0]);
    assert_eq!(spec("v1", "PersistentVolume", volume("/a", "1Gi"), volume("/b", "1Gi")), ["spec.nfs.path"]);
}

#[test]
fn kinds_without_rules_change_freely() {
    let schedule = |at: &str| json!({"schedule": at, "jobTemplate": {"spec": {"completions": at.len()}}});
    assert_eq!(spec("batch/v1", "CronJob", schedule("@daily"), schedule("@hourly")), [""; 0]);
    assert_eq!(spec("example.com/v1", "Thing", json!({"a": 1}), json!({"a": 2})), [""; 0]);
    let role = |name: &str| json!({"roleRef": {"kind": "Role", "name": name}});
    assert_eq!(update("rbac.authorization.k8s.io/v1", "RoleBinding", role("a"), role("b")), ["roleRef.name"]);
}

#[test]
fn pods_at_a_gate_may_only_be_held_to_fewer_nodes() {
    let pod = |more: Json| {
        let mut spec = json!({"containers": [{"name": "a", "image": "a:1"}], "schedulingGates": [{"name": "g"}]});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    let on = |terms: Json| {
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        pod(json!({"affinity": {"nodeAffinity": {required: {"nodeSelectorTerms": terms}}}}))
    };
    let term = |keys: &[&str]| {
        let all: Vec<Json> = keys.iter().map(|key| json!({"key": key, "operator": "Exists"})).collect();
        json!([{"matchExpressions": all}])
    };
    let change = |old: Json, new: Json| spec("v1", "Pod", old, new);
    let none: Vec<String> = Vec::new();
    assert_eq!(change(pod(json!({})), pod(json!({"nodeSelector": {"a": "b"}}))), none);
    assert_eq!(
        change(pod(json!({"nodeSelector": {"a": "b"}})), pod(json!({"nodeSelector": {"a": "c"}}))),
        ["spec.nodeSelector.a"]
    );
    assert_eq!(change(on(term(&["a"])), on(term(&["a", "b"]))), none);
    assert!(!change(on(term(&["a", "b"])), on(term(&["a"]))).is_empty());
    let mut free = pod(json!({}));
    free.as_object_mut().unwrap().remove("schedulingGates");
    let mut held = pod(json!({"nodeSelector": {"a": "b"}}));
    held.as_object_mut().unwrap().remove("schedulingGates");
    assert_eq!(change(free, held), ["spec.nodeSelector.a"], "without a gate nothing is open");
}

#[test]
fn sets_stay_in_any_order_and_ranges_gain_one_of_the_other_family() {
    let quota = |old: Json, new: Json| spec("v1", "ResourceQuota", json!({"scopes": old}), json!({"scopes": new}));
    assert!(quota(json!(["Terminating", "BestEffort"]), json!(["BestEffort", "Terminating"])).is_empty());
    assert!(!quota(json!(["Terminating"]), json!(["BestEffort"])).is_empty());
    let range = |old: Json, new: Json| {
        spec("networking.k8s.io/v1", "ServiceCIDR", json!({"cidrs": old}), json!({"cidrs": new}))
    };
    assert!(range(json!(["10.0.0.0/24"]), json!(["10.0.0.0/24", "fd00::/112"])).is_empty());
    assert!(!range(json!(["10.0.0.0/24", "fd00::/112"]), json!(["10.0.0.0/24"])).is_empty());
}

#[test]
fn sources_that_the_server_passes_over_are_no_change() {
    let claim = |more: Json| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    let add = |more: Json| spec("v1", "PersistentVolumeClaim", claim(json!({})), claim(more));
    assert!(add(json!({"dataSource": {"kind": "Image", "name": "a"}})).is_empty());
    assert!(!add(json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}})).is_empty());
    let later = json!({"csi": {"driver": "a", "volumeHandle": "b", "controllerExpandSecretRef": {"name": "s"}}});
    let volume = json!({"csi": {"driver": "a", "volumeHandle": "b"}});
    assert!(spec("v1", "PersistentVolume", volume, later).is_empty());
}

#[test]
fn a_job_that_says_less_is_not_run_once() {
    let job = |more: Json| spec("batch/v1", "Job", json!({"parallelism": 2}), more);
    assert_eq!(job(json!({})), ["spec.completions"]);
    assert!(job(json!({"parallelism": 3})).is_empty());
}

#[test]
fn a_toleration_may_hold_for_another_time() {
    let pod = |toleration: Json| json!({"tolerations": [toleration]});
    let timed =
        |seconds: i32| json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds});
    assert_eq!(spec("v1", "Pod", pod(timed(5)), pod(timed(9))), [""; 0]);
    assert_eq!(
        spec("v1", "Pod", pod(json!({"key": "a", "value": "b"})), pod(json!({"key": "a", "value": "c"}))),
        ["spec.tolerations"]
    );
    let grace = |seconds: i32| json!({"terminationGracePeriodSeconds": seconds});
    assert_eq!(spec("v1", "Pod", grace(-1), grace(1)), [""; 0]);
    assert_eq!(spec("v1", "Pod", grace(5), grace(1)), ["spec.terminationGracePeriodSeconds"]);
}

#[test]
fn values_of_secrets_are_compared_as_bytes() {
    let secret = |field: &str, value: &str| json!({"immutable": true, field: {"p": value}});
    assert_eq!(update("v1", "Secret", secret("stringData", "x"), secret("data", "eA==")), [""; 0]);
    assert_eq!(update("v1", "Secret", secret("data", "eA=="), secret("stringData", "x")), [""; 0]);
    assert_eq!(update("v1", "Secret", secret("stringData", "x"), secret("data", "eQ==")), ["data.p"]);
    let mut more = secret("data", "eA==");
    more["data"]["q"] = json!("");
    assert_eq!(update("v1", "Secret", secret("data", "eA=="), more.clone()), ["data.q"]);
    assert_eq!(update("v1", "Secret", more, secret("data", "eA==")), ["data.q"]);
}

#[test]
fn volumes_follow_labels_of_nodes_to_their_new_names() {
    let volume = |key: &str, value: &str| {
        let term = json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
        json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}})
    };
    let change = |old: Json, new: Json| spec("v1", "PersistentVolume", old, new);
    let (old, new) = ("beta.kubernetes.io/arch", "kubernetes.io/arch");
    assert_eq!(change(volume(old, "arm64"), volume(new, "arm64")), [""; 0]);
    assert_eq!(change(volume(new, "arm64"), volume(old, "arm64")).len(), 1);
    assert_eq!(change(volume(old, "arm64"), volume(new, "amd64")).len(), 1);
}

#[test]
fn what_the_server_gave_a_service_stays() {
    let change = |old: Json, new: Json| spec("v1", "Service", old, new);
    let ip = |ip: &str| json!({"clusterIP": ip});
    let none = || json!({});
    assert_eq!(change(none(), ip("None")), ["spec.clusterIP"]);
    assert_eq!(change(none(), ip("10.0.0.9")), ["spec.clusterIP"]);
    assert_eq!(change(json!({"type": "ExternalName"}), ip("None")), [""; 0]);
    assert_eq!(change(ip("None"), json!({"type": "NodePort"})), ["spec.type"]);
    assert_eq!(change(ip("None"), json!({"type": "ClusterIP"})), [""; 0]);
    assert_eq!(change(none(), json!({"ipFamilies": ["IPv6"]})), ["spec.ipFamilies[0]"]);
    assert_eq!(change(none(), json!({"ipFamilies": ["IPv4"]})), [""; 0]);
    let balancer = |more: Json| {
        let mut spec = json!({"type": "LoadBalancer"});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    let local = || balancer(json!({"externalTrafficPolicy": "Local"}));
    let asked = || balancer(json!({"externalTrafficPolicy": "Local", "healthCheckNodePort": 30_005}));
    assert_eq!(change(local(), asked()), ["spec.healthCheckNodePort"]);
    assert_eq!(change(balancer(none()), asked()), [""; 0]);
}

#[test]
fn annotations_that_stood_for_fields_stay() {
    let noted = |key: &str, value: &str| json!({"metadata": {"name": "a", "annotations": {key: value}}});
    let none = || json!({"metadata": {"name": "a"}});
    let armor = "container.apparmor.security.beta.kubernetes.io/a";
    let path = [format!("metadata.annotations.{armor}")];
    assert_eq!(update("v1", "Pod", none(), noted(armor, "unconfined")), path);
    assert_eq!(update("v1", "Pod", noted(armor, "unconfined"), none()), path);
    assert_eq!(update("v1", "Pod", noted(armor, "unconfined"), noted(armor, "unconfined")), [""; 0]);
    let profile =
        json!({"containers": [{"name": "a", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}]});
    let mut with_field = (none(), noted(armor, "unconfined"));
    with_field.0["spec"] = profile.clone();
    with_field.1["spec"] = profile;
    assert_eq!(update("v1", "Pod", with_field.0, with_field.1), [""; 0], "the server wrote it beside the field");
    let class = "volume.beta.kubernetes.io/storage-class";
    let path = [format!("metadata.annotations.{class}")];
    assert_eq!(update("v1", "PersistentVolumeClaim", none(), noted(class, "a")), path);
    assert_eq!(update("v1", "PersistentVolumeClaim", noted(class, "a"), none()), path);
    let mut moved = none();
    moved["spec"] = json!({"storageClassName": "a"});
    assert_eq!(update("v1", "PersistentVolumeClaim", noted(class, "a"), moved), [""; 0]);
}
