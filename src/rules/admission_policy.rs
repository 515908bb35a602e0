//! Policies of admission that judge objects: what they are about, what they ask, and in which words they refuse.

use super::Rule;
use super::admission::expression::{compiled, conditions, environment, of_messages};
use super::at::{At, get, items};
use super::value::{check_once, has_any, named, one_of};
use crate::cel::{Environment, Ty, is_word};
use crate::diagnostic::words;
use crate::kubernetes::name::{dns_1035_label, dns_subdomain, label_key};
use crate::text::Node;

const SPEC: &str = "admissionregistration/v1.ValidatingAdmissionPolicySpec";
/// The most annotations that a policy makes for the log.
const ANNOTATIONS: usize = 20;
/// The most bytes of an expression for one.
const LONGEST: usize = 5 * 1024;
/// Why a policy refuses: words that answers of the server hold.
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "policy-scope",
        at: SPEC,
        kin: &[
            "admissionregistration/v1beta1.ValidatingAdmissionPolicySpec",
            "admissionregistration/v1.MutatingAdmissionPolicySpec",
            "admissionregistration/v1beta1.MutatingAdmissionPolicySpec",
            "admissionregistration/v1alpha1.MutatingAdmissionPolicySpec",
        ],
        check: |at| match at.get(&["matchConstraints"]) {
            None => at.missing("matchConstraints", "missing field `matchConstraints`: what the policy is about"),
            Some(node) if !has_any(get(node, &["resourceRules"])) => {
                let message =
                    "missing field `resourceRules`: expected at least one rule that says what the policy is about";
                super::value::missing(at, "matchConstraints.resourceRules", node.origin(), message);
            }
            Some(_) => {}
        },
        refuses: &[
            "{validations: [{expression: 'true'}]}",
            "{validations: [{expression: 'true'}], matchConstraints: {}}",
            "{validations: [{expression: 'true'}], matchConstraints: {resourceRules: []}}",
        ],
        accepts: &[
            "{validations: [{expression: 'true'}], matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "policy-asks",
        at: SPEC,
        kin: &["admissionregistration/v1beta1.ValidatingAdmissionPolicySpec"],
        check: asks,
        refuses: &[
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: []}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: [{expression: '1'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: [{expression: object.x}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: [{expression: 'variables.x'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: [{expression: 'true', messageExpression: '1'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, validations: [{expression: 'true', messageExpression: 'authorizer.path(\"/\").check(\"get\").reason()'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, variables: [{name: a, expression: 'object.x +'}], validations: [{expression: 'variables.a'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, variables: [{name: a-b, expression: '1'}], validations: [{expression: 'true'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, variables: [{name: namespace, expression: '1'}], validations: [{expression: 'true'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, matchConditions: [{name: a, expression: variables.a}], variables: [{name: a, expression: 'true'}], validations: [{expression: 'true'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, auditAnnotations: [{key: a, valueExpression: '1'}]}",
        ],
        accepts: &[
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, \
             variables: [{name: a, expression: object.x}, {name: b, expression: 'variables.a == 1'}], validations: [{expression: variables.b, messageExpression: '\"a\" + string(variables.a)'}]}",
            "{matchConstraints: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, \
             paramKind: {apiVersion: v1, kind: ConfigMap}, matchConditions: [{name: a, expression: 'params == null'}], auditAnnotations: [{key: a, valueExpression: '\"a\"'}, {key: b, valueExpression: 'null'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "policy-validation",
        at: "admissionregistration/v1.Validation",
        kin: &["admissionregistration/v1beta1.Validation"],
        check: validation,
        refuses: &[
            "{expression: 'true', message: ' '}",
            "{expression: 'true', message: \"a\\nb\"}",
            "{expression: 'true', reason: BadRequest}",
            "{expression: 'true', reason: invalid}",
        ],
        accepts: &["{expression: 'true', message: \"a\\n\", reason: Invalid}", "{expression: 'true', message: ''}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "policy-parameters",
        at: "admissionregistration/v1.ParamKind",
        kin: &["admissionregistration/v1beta1.ParamKind", "admissionregistration/v1alpha1.ParamKind"],
        check: parameters,
        refuses: &[
            "{kind: ConfigMap}",
            "{apiVersion: v1}",
            "{apiVersion: '', kind: ConfigMap}",
            "{apiVersion: v1, kind: ''}",
            "{apiVersion: a/b/c, kind: A}",
            "{apiVersion: A/v1, kind: A}",
            "{apiVersion: a/V1, kind: A}",
            "{apiVersion: a/, kind: A}",
            "{apiVersion: v1, kind: Config_Map}",
        ],
        accepts: &["{apiVersion: v1, kind: ConfigMap}", "{apiVersion: a.example/v1beta1, kind: A}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "policy-annotations",
        at: "admissionregistration/v1.ValidatingAdmissionPolicy",
        kin: &["admissionregistration/v1beta1.ValidatingAdmissionPolicy"],
        check: annotations,
        refuses: &[
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}, spec: {matchConstraints: {resourceRules: \
             [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, auditAnnotations: [{key: a b, valueExpression: '\"a\"'}]}}",
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}, spec: {matchConstraints: {resourceRules: \
             [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, auditAnnotations: [{key: a/b, valueExpression: '\"a\"'}]}}",
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}, spec: {matchConstraints: {resourceRules: \
             [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, auditAnnotations: [{key: a, valueExpression: '\"a\"'}, {key: a, valueExpression: '\"a\"'}]}}",
        ],
        accepts: &[
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: a}, spec: {matchConstraints: {resourceRules: \
             [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}, auditAnnotations: [{key: a, valueExpression: '\"a\"'}, {key: A_b.c, valueExpression: '\"a\"'}]}}",
        ],
        ..Rule::ALWAYS
    },
];

fn asks(at: &mut At<'_>) {
    if !has_any(at.get(&["validations"])) && !has_any(at.get(&["auditAnnotations"])) {
        let message = "missing field `validations` or `auditAnnotations`: what the policy asks of objects";
        at.missing("validations", message);
    }
    let has_params = at.get(&["paramKind"]).is_some();
    conditions(at, has_params);
    let (mut environment, mut messages) = (environment(at.minor(), has_params), of_messages(at.minor(), has_params));
    if !variables(at, &mut [&mut environment, &mut messages]) {
        return;
    }
    for (index, item) in at.items(&["validations"]) {
        let place = format!("validations[{index}]");
        compiled(at, &place, item, "expression", &environment, &[Ty::Bool]);
        if item.get("messageExpression").is_some_and(|node| node.as_str() != Some("")) {
            compiled(at, &place, item, "messageExpression", &messages, &[Ty::Text]);
        }
    }
    for (index, item) in at.items(&["auditAnnotations"]) {
        let place = format!("auditAnnotations[{index}]");
        let Some((node, text)) = item.get("valueExpression").and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        if text.trim().len() > LONGEST {
            let message = format!("expected at most {LONGEST} bytes, found {}", text.trim().len());
            at.invalid(format_args!("{place}.valueExpression"), node, message);
        } else {
            compiled(at, &place, item, "valueExpression", &environment, &[Ty::Text, Ty::Null]);
        }
    }
}

/// Declares the variables of a policy; returns whether all of them are sound: one that is not is told once.
pub(super) fn variables(at: &mut At<'_>, environments: &mut [&mut Environment]) -> bool {
    let mut is_sound = true;
    let all: Vec<(usize, &Node)> = at.items(&["variables"]).collect();
    if !all.is_empty() {
        environments.iter_mut().for_each(|environment| environment.defers());
    }
    for (index, variable) in all {
        let place = format!("variables[{index}]");
        let name = variable.get("name").and_then(|node| Some((node, node.as_str()?)));
        if let Some((node, text)) = name.filter(|(_, text)| !is_identifier(text)) {
            let message = format!(
                "expected a name of letters, digits and `_` that expressions can read, found {}",
                words::word(text)
            );
            at.invalid(format_args!("{place}.name"), node, message);
            is_sound = false;
            continue;
        }
        let program = compiled(at, &place, variable, "expression", environments[0], &[]);
        match (name, program) {
            (Some((_, name)), Some(program)) => {
                environments.iter_mut().for_each(|environment| environment.defer(name, &program));
            }
            _ => is_sound = false,
        }
    }
    is_sound
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !is_word(name)
}

fn validation(at: &mut At<'_>) {
    if let Some((node, text)) = at.get(&["message"]).zip(at.text(&["message"])) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            at.invalid("message", node, "expected a message, found white space alone");
        } else if trimmed.contains(['\n', '\r']) {
            at.invalid("message", node, "expected a message of one line, found a line break");
        }
    }
    if let Some(node) = at.get(&["reason"]) {
        one_of(at, "reason", node, &REASONS);
    }
}

fn parameters(at: &mut At<'_>) {
    for (field, what) in [("apiVersion", "the version of the API"), ("kind", "the kind of object")] {
        if at.get(&[field]).is_none() {
            at.missing(field, format!("missing field `{field}`: {what} that the parameters are of"));
        }
    }
    if let Some(node) = at.get(&["apiVersion"]) {
        named(at, "apiVersion", node, "a version of an API", |text| {
            let (group, version) = text.split_once('/').unwrap_or(("", text));
            if version.contains('/') {
                return Err("expected `GROUP/VERSION`, found more than one `/`".to_owned());
            }
            if !group.is_empty() {
                dns_subdomain(group).map_err(|reason| format!("before the `/`: {reason}"))?;
            }
            dns_1035_label(version)
        });
    }
    if let Some(node) = at.get(&["kind"]) {
        named(at, "kind", node, "a kind", |kind| dns_1035_label(&kind.to_lowercase()));
    }
}

fn annotations(at: &mut At<'_>) {
    let Some(spec) = at.get(&["spec"]) else { return };
    if let Some(list) = get(spec, &["auditAnnotations"])
        && let Some(found) = list.as_seq().map(<[Node]>::len).filter(|found| *found > ANNOTATIONS)
    {
        at.invalid("spec.auditAnnotations", list, format!("expected at most {ANNOTATIONS} annotations, found {found}"));
    }
    let mut keys = Vec::new();
    for (index, item) in items(spec, &["auditAnnotations"]) {
        let Some(node) = item.get("key") else { continue };
        let place = format!("spec.auditAnnotations[{index}].key");
        // It is the name behind that of the policy.
        named(at, &place, node, "an annotation", |key| {
            if key.contains('/') {
                return Err("expected no `/`: the name of the policy comes before it".to_owned());
            }
            label_key(key)
        });
        keys.push((place, node));
    }
    check_once(at, keys, |key| format!("two annotations have the key `{key}`"));
}
