//! What the server does not take, at the lines that asked for it.

use super::{Bench, config, text};
use crate::controlplane::until;

/// Makes a policy for ConfigMaps of the test's namespace, and waits until it holds.
pub(super) fn policy(bench: &Bench, name: &str, resource: &str, rule: &str, action: &str, probe: &str) {
    bench.kubectl(&["label", "namespace", "NS", "test=NS"]);
    let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
    bench.make(&format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: NS-{name}}}
spec:
  matchConstraints:
    resourceRules: [{{apiGroups: ['{group}'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: [{plural}]}}]
  validations:
  - {rule}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: NS-{name}}}
spec:
  policyName: NS-{name}
  validationActions: [{action}]
  matchResources: {{namespaceSelector: {{matchLabels: {{test: NS}}}}}}
"
    ));
    let user = crate::controlplane::User::Admin;
    until("the policy holds", || {
        let args = ["create", "--dry-run=server", "-n", &bench.ns, "-f", "-"];
        let tried = bench.plane.kubectl_with(user, &args, probe);
        Ok(!tried.status.success() || String::from_utf8_lossy(&tried.stderr).contains("Warning"))
    })
    .unwrap();
}

const RULE: &str = "{expression: \"!has(object.data) || !('key' in object.data) || object.data.key != 'bad'\", message: 'the key is bad, ask the platform team'}";

#[test]
fn a_policy_is_heard_at_the_line_of_the_object() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    policy(&bench, "deny", "configmaps", RULE, "Deny", &config("probe", "bad"));
    let ran = bench.set(&format!("{}{}", config("a", "x"), config("b", "bad")), &[]);
    ran.ends(1, "1 created, 1 failed").finds("refused-by-server", 10, &["the key is bad, ask the platform team"]);
    assert!(text(&ran.end_of("ConfigMap/b")["reason"]).contains("ask the platform team"), "{ran:#?}");
    assert!(!bench.is_there("configmap/b"));
}

#[test]
fn a_policy_that_only_warns_is_a_warning() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    policy(&bench, "warn", "configmaps", RULE, "Warn", &config("probe", "bad"));
    let ran = bench.set(&config("b", "bad"), &[]);
    ran.ends(0, "1 created").finds("server-warning", 4, &["the key is bad"]);
    assert_eq!(ran.finding()["severity"], "warning");
}

#[test]
fn what_only_the_server_knows_is_found_at_the_field() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let address = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: 192.0.2.7\n  ports:\n  - port: 80\n";
    bench.set(address, &[]).ends(1, "1 failed").finds("refused-by-server", 6, &["failed to allocate IP 192.0.2.7"]);
    // This one is known before anything is sent.
    let policy = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: NS-broken}\nspec:\n  matchConstraints:\n    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n  validations:\n  - message: none\n    expression: object.spec ==\n";
    let ran = bench.set(policy, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.finds("invalid-value", 10, &["the server takes no such `expression`"]);
}

#[test]
fn warnings_of_the_server_are_shown_at_their_line_when_something_is_sent() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: p\n    image: busybox:1.36\n    resources:\n      limits: {cpu: '1', ephemeral-storage: 500m}\n";
    let ran = bench.set(pod, &[]);
    ran.ends(0, "1 created");
    let warnings: Vec<_> = ran.findings.iter().filter(|finding| finding["code"] == "server-warning").collect();
    // The limit was found before; the server says it of the request too, that it makes of it.
    assert_eq!(warnings.len(), 2, "{ran:#?}");
    assert!(warnings.iter().all(|warning| warning["line"] == 9), "{ran:#?}");
    let again = bench.set(pod, &[]);
    let warnings = again.findings.iter().filter(|finding| finding["code"] == "server-warning");
    assert_eq!(warnings.count(), 1, "what is found offline is told each time: {again:#?}");
}

#[test]
fn who_may_not_do_it_is_told_who_that_is() {
    needs!(CONTROL_PLANE);
    let mut bench = Bench::new();
    bench.kubeconfig = super::order::as_user(&bench, "nobody");
    bench.write("a.yaml", &config("a", "x"));
    let ran = bench.apply(&["a.yaml"]);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(ran.whole.contains("nobody"), "{ran:#?}");
}
