//! The same policies before the real server and here: they refuse the same objects, with the same messages.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::bench::Bench;
use crate::controlplane::{ControlPlane, User, until};

/// Policies, each with its name in place of `NS-`.
const POLICIES: &str = include_str!("policies.yaml");
/// Objects, of which each breaks one policy at most.
const OBJECTS: &str = include_str!("objects.yaml");

fn binding(policy: &str, namespace: &str) -> String {
    format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: {policy}}}\n\
         spec:\n  policyName: {policy}\n  validationActions: [Deny]\n  paramRef: PARAMS\n  matchResources: {{namespaceSelector: \
         {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}\n"
    )
}

/// Returns what the server says of an object: nothing, or the message of the policy that denies it.
fn refused(plane: &ControlPlane, namespace: &str, object: &str) -> Option<String> {
    let tried = plane.kubectl_with(User::Admin, &["create", "--dry-run=server", "-n", namespace, "-f", "-"], object);
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    if tried.status.success() {
        return None;
    }
    let message = said.split_once("denied request: ").map(|(_, message)| message.trim().to_owned());
    Some(message.unwrap_or_else(|| panic!("refused by no policy: {said}\n{object}")))
}

#[test]
fn policies_refuse_here_what_they_refuse_there_with_the_same_messages() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let policies = POLICIES.replace("NS-", &format!("{namespace}-"));
    let names: Vec<&str> =
        policies.lines().filter_map(|line| line.strip_prefix("metadata: {name: ")?.strip_suffix('}')).collect();
    let mut bound = policies.clone();
    for name in names.iter().filter(|name| name.starts_with(&namespace)) {
        let params = if name.ends_with("-params") { "{name: limits, parameterNotFoundAction: Deny}" } else { "null" };
        bound += &binding(name, &namespace).replace("PARAMS", params);
    }
    let made = plane.kubectl_with(User::Admin, &["create", "-n", &namespace, "-f", "-"], bound.as_str());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // The last policy is there to tell when all hold.
    let probe = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: probe}\n";
    until("the policies hold", || {
        let tried =
            plane.kubectl_with(User::Admin, &["create", "--dry-run=server", "-n", &namespace, "-f", "-"], probe);
        Ok(!tried.status.success())
    })
    .unwrap();
    let mut wrong = Vec::new();
    let bench = Bench::with(&[(
        "policies.yaml",
        &bound.replace(
            "kind: ConfigMap\nmetadata: {name: limits}",
            &format!("kind: ConfigMap\nmetadata: {{name: limits, namespace: {namespace}}}"),
        ),
    )]);
    for object in OBJECTS.split("---\n").filter(|object| !object.trim().is_empty()) {
        let placed = object.replacen("metadata: {", &format!("metadata: {{namespace: {namespace}, "), 1);
        let theirs = refused(plane, &namespace, &placed);
        let (_, out, _) = bench.said_to(
            &["check", "-", "--policy", "policies.yaml", "--format", "json", "--allow", "policy-undecided"],
            &placed,
        );
        let findings: Vec<Json> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let ours: BTreeMap<String, String> = findings
            .iter()
            .filter(|finding| finding["code"] == "policy")
            .map(|finding| (finding["message"].as_str().unwrap_or_default().to_owned(), finding.to_string()))
            .collect();
        let agrees = match &theirs {
            None => ours.is_empty(),
            Some(theirs) if theirs.contains("resulted in error") => {
                ours.keys().any(|ours| ours.contains("cannot judge"))
            }
            Some(theirs) => ours.keys().any(|ours| ours.replace('`', "").contains(&theirs.replace('`', ""))),
        };
        if !agrees {
            wrong.push(format!("{placed}\n  the server: {theirs:?}\n  here: {ours:#?}\n  {out}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
