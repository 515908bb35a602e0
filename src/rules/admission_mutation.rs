//! Policies of admission that change objects: the patches that they make.

use super::Rule;
use super::admission::expression::{compiled, conditions, environment};
use super::admission_policy::variables;
use super::at::{At, get, items};
use super::value::{forbid, has_any};
use crate::cel::{Environment, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Node;

const SPEC: &str = "admissionregistration/v1.MutatingAdmissionPolicySpec";
/// The same in other versions of the API.
const KIN: &[&str] = &[
    "admissionregistration/v1beta1.MutatingAdmissionPolicySpec",
    "admissionregistration/v1alpha1.MutatingAdmissionPolicySpec",
];
/// What a patch is, and the field that holds it.
const PATCHES: [(&str, &str); 2] = [("ApplyConfiguration", "applyConfiguration"), ("JSONPatch", "jsonPatch")];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "mutation",
        at: SPEC,
        kin: KIN,
        check: mutations,
        refuses: &[
            "{reinvocationPolicy: Never}",
            "{reinvocationPolicy: Never, mutations: []}",
            "{mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}}]}",
            "{reinvocationPolicy: '', mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: ''}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '1'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: 1}]'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}, applyConfiguration: {expression: 'Object{}'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object.spec{}'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{a: variables.b}'}}], variables: [{name: a, expression: '1'}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Thing{}'}}]}",
            "{reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}], matchConditions: [{name: a, expression: 'Object{} == null'}]}",
        ],
        accepts: &[
            "{reinvocationPolicy: IfNeeded, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: \
             'Object{metadata: Object.metadata{labels: {\"a\": \"b\"}}, spec: Object.spec{replicas: object.spec.replicas + 1}}'}}]}",
            "{reinvocationPolicy: Never, variables: [{name: a, expression: object.x}], mutations: [{patchType: JSONPatch, jsonPatch: {expression: \
             '[JSONPatch{op: \"add\", path: \"/metadata/labels/\" + jsonpatch.escapeKey(\"a/b\"), value: variables.a}] + (has(object.y) ? [JSONPatch{op: \"remove\", path: \"/y\"}] : [])'}}]}",
            "{reinvocationPolicy: Never, paramKind: {apiVersion: v1, kind: ConfigMap}, mutations: [{patchType: JSONPatch, jsonPatch: {expression: \
             'params.data.map(key, JSONPatch{op: \"test\", path: \"/\" + key, value: 1})'}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "mutation-operations",
        at: SPEC,
        kin: KIN,
        check: |at| operations(at, "matchConstraints"),
        refuses: &[
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}}], matchConstraints: {resourceRules: [{operations: [CREATE, DELETE], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
        ],
        accepts: &[
            "{reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{}]'}}], matchConstraints: {resourceRules: [{operations: [CREATE, CONNECT], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "mutation-binding-operations",
        at: "admissionregistration/v1.MutatingAdmissionPolicyBindingSpec",
        kin: &[
            "admissionregistration/v1beta1.MutatingAdmissionPolicyBindingSpec",
            "admissionregistration/v1alpha1.MutatingAdmissionPolicyBindingSpec",
        ],
        check: |at| operations(at, "matchResources"),
        refuses: &[
            "{policyName: a, matchResources: {resourceRules: [{operations: [DELETE], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
        ],
        accepts: &[
            "{policyName: a, matchResources: {resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Reports what deletes: an object that goes away is not changed.
fn operations(at: &mut At<'_>, scope: &str) {
    let Some(scope_node) = at.get(&[scope]) else { return };
    for (index, rule) in items(scope_node, &["resourceRules"]) {
        for (number, node) in items(rule, &["operations"]).filter(|(_, node)| node.as_str() == Some("DELETE")) {
            let message =
                "expected `CREATE`, `UPDATE`, `CONNECT` or `*`, found `DELETE`: what goes away is not changed";
            at.invalid(format_args!("{scope}.resourceRules[{index}].operations[{number}]"), node, message);
        }
    }
}

fn mutations(at: &mut At<'_>) {
    // An empty word is refused by its type where that requires one.
    match at.get(&["reinvocationPolicy"]) {
        None => at.missing("reinvocationPolicy", "missing field `reinvocationPolicy`: expected `Never` or `IfNeeded`"),
        Some(node) if node.as_str() == Some("") => {
            at.invalid("reinvocationPolicy", node, "expected `Never` or `IfNeeded`, found an empty text");
        }
        Some(_) => {}
    }
    let has_params = at.get(&["paramKind"]).is_some();
    conditions(at, has_params);
    if !has_any(at.get(&["mutations"])) {
        at.missing("mutations", "missing field `mutations`: expected at least one, which says what is changed");
    }
    let plain = environment(at.minor(), has_params);
    let mut patches = plain.clone().with_patches();
    let mut of_variables = plain;
    of_variables.defers();
    patches.defers();
    if !variables(at, &mut [&mut of_variables, &mut patches]) {
        return;
    }
    for (index, item) in at.items(&["mutations"]) {
        mutation(at, &format!("mutations[{index}]"), item, &patches);
    }
}

fn mutation(at: &mut At<'_>, place: &str, item: &Node, environment: &Environment) {
    let Some(&(kind, field)) =
        PATCHES.iter().find(|(kind, _)| item.get("patchType").and_then(Node::as_str) == Some(kind))
    else {
        return;
    };
    let other = PATCHES.iter().map(|(_, field)| *field).find(|other| *other != field).unwrap_or_default();
    if let Some(node) = get(item, &[other]) {
        let message = format!("`{other}` may not stand beside `patchType: {kind}`");
        forbid(at, format_args!("{place}.{other}"), node, message, "write two mutations, or take one patch out");
    }
    let Some(patch) = get(item, &[field]) else {
        let message = format!("missing field `{field}`: the type of the patch is `{kind}`");
        at.report(format_args!("{place}.{field}"), Diagnostic::new(Code::MissingField, item.origin(), message));
        return;
    };
    if get(patch, &["expression"]).is_none() {
        let finding =
            Diagnostic::new(Code::MissingField, patch.origin(), "missing field `expression`: what makes the patch");
        at.report(format_args!("{place}.{field}.expression"), finding);
        return;
    }
    let wanted = match kind {
        "JSONPatch" => Ty::list(Ty::Made("JSONPatch".into())),
        _ => Ty::Made("Object".into()),
    };
    compiled(at, format_args!("{place}.{field}"), patch, "expression", environment, &[wanted]);
}
