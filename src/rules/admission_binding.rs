//! Bindings of policies: where a policy is in force, with which parameters, and what becomes of what it refuses.

use super::Rule;
use super::at::At;
use super::value::{again, forbid, has_any, named, named_if_any, one_of};
use crate::kubernetes::name::{dns_subdomain, path_segment};
use crate::text::Node;

const SPEC: &str = "admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "binding-policy",
        at: SPEC,
        kin: &[
            "admissionregistration/v1beta1.ValidatingAdmissionPolicyBindingSpec",
            "admissionregistration/v1.MutatingAdmissionPolicyBindingSpec",
            "admissionregistration/v1beta1.MutatingAdmissionPolicyBindingSpec",
            "admissionregistration/v1alpha1.MutatingAdmissionPolicyBindingSpec",
        ],
        check: |at| match at.get(&["policyName"]) {
            // Where the published types require it, that is said already.
            None if !at.requires("policyName") => {
                at.missing("policyName", "missing field `policyName`: which policy is bound");
            }
            None => {}
            Some(node) => named(at, "policyName", node, "a policy", dns_subdomain),
        },
        refuses: &[
            "{validationActions: [Deny]}",
            "{policyName: '', validationActions: [Deny]}",
            "{policyName: A_b, validationActions: [Deny]}",
        ],
        accepts: &["{policyName: a.example.com, validationActions: [Deny]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "binding-actions",
        at: SPEC,
        kin: &["admissionregistration/v1beta1.ValidatingAdmissionPolicyBindingSpec"],
        check: actions,
        refuses: &[
            "{policyName: a, validationActions: []}",
            "{policyName: a, validationActions: [Deny, Warn]}",
            "{policyName: a, validationActions: [Deny, Deny]}",
        ],
        accepts: &[
            "{policyName: a, validationActions: [Deny, Audit]}",
            "{policyName: a, validationActions: [Warn, Audit]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "binding-parameters",
        at: "admissionregistration/v1.ParamRef",
        kin: &["admissionregistration/v1beta1.ParamRef", "admissionregistration/v1alpha1.ParamRef"],
        check: parameters,
        refuses: &[
            "{name: a}",
            "{name: a, parameterNotFoundAction: ''}",
            "{name: a, parameterNotFoundAction: deny}",
            "{parameterNotFoundAction: Deny}",
            "{name: a, selector: {}, parameterNotFoundAction: Deny}",
            "{name: a/b, parameterNotFoundAction: Deny}",
        ],
        accepts: &[
            "{name: a, namespace: b, parameterNotFoundAction: Deny}",
            "{selector: {}, parameterNotFoundAction: Allow}",
        ],
        ..Rule::ALWAYS
    },
];

fn actions(at: &mut At<'_>) {
    let Some(list) = at.get(&["validationActions"]).filter(|list| list.as_seq().is_some()) else { return };
    if !has_any(Some(list)) {
        at.invalid("validationActions", list, "expected at least one of `Deny`, `Warn` and `Audit`, found none");
    }
    let all: Vec<(usize, &Node)> = at.items(&["validationActions"]).collect();
    for (number, (index, node)) in all.iter().enumerate() {
        let Some(action) = node.as_str() else { continue };
        let first = |wanted: &str| all[..number].iter().find(|(_, known)| known.as_str() == Some(wanted));
        let place = format!("validationActions[{index}]");
        if let Some((_, known)) = first(action) {
            again(at, place, node, known.origin(), format!("the action `{action}` stands twice"));
        } else if action == "Deny" && first("Warn").is_some() || action == "Warn" && first("Deny").is_some() {
            let message = "`Warn` may not stand beside `Deny`: what is refused needs no warning";
            forbid(at, "validationActions", node, message, "write `Deny`, or `Warn` to let objects pass");
        }
    }
}

fn parameters(at: &mut At<'_>) {
    named_if_any(at, "name", at.get(&["name"]), "an object", path_segment);
    match (at.get(&["name"]).filter(|_| at.text(&["name"]).is_some()), at.get(&["selector"])) {
        (None, None) => at.missing("", "missing field `name` or `selector`: which objects the parameters are"),
        (Some(_), Some(selector)) => {
            let message = "`selector` may not stand beside `name`";
            forbid(at, "selector", selector, message, "name one object, or select several by their labels");
        }
        _ => {}
    }
    match at.get(&["parameterNotFoundAction"]) {
        None => at.missing(
            "parameterNotFoundAction",
            "missing field `parameterNotFoundAction`: expected `Allow` or `Deny` for what is asked while there are no parameters",
        ),
        Some(node) => {
            one_of(at, "parameterNotFoundAction", node, &["Allow", "Deny"]);
        }
    }
}
