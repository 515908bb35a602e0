//! What has to be there before what, in one run.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Bench, config, text};

/// Returns a kubeconfig of the admin as somebody else.
pub(super) fn as_user(bench: &Bench, user: &str) -> PathBuf {
    let own = std::fs::read_to_string(&bench.kubeconfig).expect("the kubeconfig is there");
    let mut own: Value = serde_json::from_str(&own).expect("it is JSON");
    own["users"][0]["user"]["as"] = json!(user);
    let path = bench.folder.path().join("other.kubeconfig");
    std::fs::write(&path, own.to_string()).expect("it is written");
    path
}

#[test]
fn a_definition_and_its_resources_go_in_one_run() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.NS.example.com}
spec:
  group: NS.example.com
  scope: Namespaced
  names: {kind: Cache, plural: caches}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
";
    let cache = "---\napiVersion: NS.example.com/v1\nkind: Cache\nmetadata: {name: c}\nspec: {size: 3}\n";
    let ran = bench.set(&format!("{cache}---\n{definition}"), &[]);
    ran.ends(0, "2 created");
    let live = bench.plane.get_json(&bench.fill("/apis/NS.example.com/v1/namespaces/NS/caches/c"));
    assert_eq!(live["spec"]["size"], 3);
    let again = bench.set(&format!("{definition}{cache}"), &[]);
    again.ends(0, "2 unchanged");
    // When the definition has gone, nobody can look for what it defined.
    bench.kubectl(&["delete", "crd", "caches.NS.example.com", "--wait=false"]);
}

#[test]
fn a_namespace_and_what_is_in_it_go_in_one_run() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let inside = config("a", "x").replace("name: a", "name: a, namespace: NS-inner");
    bench
        .set(&format!("{inside}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: NS-inner}}\n"), &[])
        .ends(0, "2 created");
}

#[test]
fn a_failed_namespace_holds_back_only_what_is_in_it() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    // A level that only the server knows not to be one.
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: NS-inner\n  labels: {pod-security.kubernetes.io/enforce: nobody}\n";
    let inside = config("b", "x").replace("name: b", "name: b, namespace: NS-inner");
    let ran = bench.set(&format!("{}{inside}{namespace}", config("a", "x")), &[]);
    ran.ends(1, "1 created, 1 failed, 1 skipped");
    assert_eq!(ran.outcome("ConfigMap/b"), "skipped");
    let reason = text(&ran.end_of("ConfigMap/b")["reason"]);
    assert_eq!(reason, bench.fill("it needs `Namespace NS-inner`"));
    let finding = ran.finding();
    assert_eq!((&finding["code"], &finding["line"]), (&"refused-by-server".into(), &18.into()), "{ran:#?}");
}

#[test]
fn a_role_goes_before_its_binding_for_those_who_may_not_do_everything() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    bench.make("apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer}
rules:
- {apiGroups: ['', rbac.authorization.k8s.io, coordination.k8s.io], resources: ['*'], verbs: [get, list, create, patch, update, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: NS-deployer}]
");
    let user = bench.fill("NS-deployer");
    crate::controlplane::until("the role holds", || {
        let args = ["auth", "can-i", "create", "roles", "--namespace", &bench.ns, "--as", &user];
        Ok(bench.plane.kubectl(&args).status.success())
    })
    .unwrap();
    bench.kubeconfig = as_user(&bench, &user);
    let many: String = (0..6)
        .map(|at| {
            format!(
                "---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: a-{at}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader-{at}}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader-{at}}}
rules: [{{apiGroups: [''], resources: [configmaps], verbs: [get]}}]
"
            )
        })
        .collect();
    // Without a look at other namespaces, too.
    bench.set(&many, &[]).ends(0, "12 created");
    bench.set(&many, &["--prune"]).ends(0, "12 unchanged");
}
