//! What is admitted to a cluster: whether a change of a webhook, of a policy or of its binding lets in what was refused.
//!
//! An object of before and the same one of now enter, a sentence leaves for each thing that is admitted now. What mutates
//! objects refuses them only where it fails.

use std::collections::BTreeSet;

use smol_str::{SmolStr, format_smolstr};

use super::traffic::is_wider;
use crate::kubernetes::{Manifest, Tree, same};
use crate::text::Node;

/// Returns what is admitted now, and was not before.
pub(super) fn admitted(old: &Manifest, new: &Manifest) -> Vec<SmolStr> {
    let mut found = Vec::new();
    let spec = |object: &'_ Manifest| object.node.present("spec").cloned();
    match new.key.kind.as_str() {
        "ValidatingWebhookConfiguration" => webhooks(&old.node, &new.node, true, &mut found),
        "MutatingWebhookConfiguration" => webhooks(&old.node, &new.node, false, &mut found),
        kind => {
            let Some((old, new)) = spec(old).zip(spec(new)) else { return found };
            match kind {
                "ValidatingAdmissionPolicy" => policy(&old, &new, &mut found),
                "MutatingAdmissionPolicy" => fails_open(&old, &new, "it", &mut found),
                "ValidatingAdmissionPolicyBinding" => binding(&old, &new, &mut found),
                _ => {}
            }
        }
    }
    found
}

fn webhooks(old: &Node, new: &Node, validates: bool, found: &mut Vec<SmolStr>) {
    for webhook in old.list("webhooks") {
        let name = webhook.word("name").unwrap_or_default();
        match new.list("webhooks").iter().find(|other| other.word("name").as_deref() == Some(&name)) {
            None if validates => found.push(format_smolstr!("what the webhook `{name}` refused is admitted")),
            None => {}
            Some(now) => {
                fails_open(webhook, now, &format!("the webhook `{name}`"), found);
                if validates && !matches_all(webhook, now) {
                    found.push(format_smolstr!("the webhook `{name}` looks at fewer requests"));
                }
            }
        }
    }
}

fn policy(old: &Node, new: &Node, found: &mut Vec<SmolStr>) {
    fails_open(old, new, "the policy", found);
    let expressions = |spec: &Node| -> BTreeSet<SmolStr> {
        spec.list("validations").iter().filter_map(|validation| validation.word("expression")).collect()
    };
    let (was, is) = (expressions(old), expressions(new));
    if is.len() < was.len() && is.is_subset(&was) {
        found.push("what a validation refused that is gone is admitted".into());
    }
    let constraints = |spec: &'_ Node| spec.present("matchConstraints").cloned();
    let looks = match (constraints(old), constraints(new)) {
        (Some(old), Some(new)) => matches_all(&old, &new),
        _ => true,
    };
    if !looks || more_conditions(old, new) {
        found.push("the policy looks at fewer requests".into());
    }
}

fn binding(old: &Node, new: &Node, found: &mut Vec<SmolStr>) {
    let denies = |spec: &Node| spec.list("validationActions").iter().any(|it| it.scalar().as_deref() == Some("Deny"));
    if denies(old) && !denies(new) {
        found.push("what it refused is admitted (`validationActions` has no `Deny`)".into());
    }
    let without = |spec: &Node| spec.present_at(&["paramRef", "parameterNotFoundAction"]).and_then(Tree::scalar);
    if without(old).as_deref() == Some("Deny") && without(new).as_deref() == Some("Allow") {
        found.push("without its parameters all is admitted (`parameterNotFoundAction: Allow`)".into());
    }
    let looks = match (old.present("matchResources"), new.present("matchResources")) {
        (Some(old), Some(new)) => matches_all(old, new),
        // What matched all that the policy does is held to less.
        (None, Some(new)) => ["namespaceSelector", "objectSelector"].iter().all(|key| is_wider(new.present(key), None)),
        (_, None) => true,
    };
    if !looks {
        found.push("the policy is bound to fewer requests".into());
    }
}

/// Says that requests pass where what judges them fails, which were refused.
fn fails_open(old: &Node, new: &Node, who: &str, found: &mut Vec<SmolStr>) {
    let policy = |node: &Node| node.word("failurePolicy").unwrap_or_else(|| "Fail".into());
    if policy(old) == "Fail" && policy(new) == "Ignore" {
        found.push(format_smolstr!("where {who} fails, requests are admitted that were refused (`failurePolicy`)"));
    }
}

/// Whether all requests are still looked at.
fn matches_all(old: &Node, new: &Node) -> bool {
    let selectors = ["namespaceSelector", "objectSelector"];
    let all_rules = |list: &str| old.list(list).iter().all(|rule| new.list(list).iter().any(|now| covers(now, rule)));
    let excluded = new.list("excludeResourceRules").iter();
    selectors.iter().all(|key| is_wider(new.present(key), old.present(key)))
        && all_rules("rules")
        && all_rules("resourceRules")
        && excluded.into_iter().all(|rule| old.list("excludeResourceRules").iter().any(|known| covers(known, rule)))
        && !more_conditions(old, new)
}

fn more_conditions(old: &Node, new: &Node) -> bool {
    let known = old.list("matchConditions");
    new.list("matchConditions")
        .iter()
        .any(|condition| !known.iter().any(|known| known.word("expression") == condition.word("expression")))
}

/// Whether a rule is about all that another one is about.
fn covers(rule: &Node, other: &Node) -> bool {
    let lists = ["apiGroups", "apiVersions", "resources", "operations", "resourceNames"];
    let all = lists.iter().all(|list| {
        let (known, asked) = (rule.list(list), other.list(list));
        let is_all = |item: &Node| matches!(item.scalar().as_deref(), Some("*" | "*/*"));
        // No names are all names.
        let names_all = *list == "resourceNames" && known.is_empty();
        names_all
            || known.iter().any(is_all)
            || !(*list == "resourceNames" && asked.is_empty())
                && asked.iter().all(|item| known.iter().any(|known| same(known, item)))
    });
    let scope = |rule: &Node| rule.word("scope").unwrap_or_else(|| "*".into());
    all && (scope(rule) == "*" || scope(rule) == scope(other))
}
