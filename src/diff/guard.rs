//! Whether a `NetworkPolicy` that is gone kept traffic from pods that are still there.
//!
//! A policy and both sides enter. Where the old side has pods that it selects, and the new side has none, it went together
//! with them; where neither has any, its pods are others', and nobody knows.

use super::NAMESPACE;
use crate::kubernetes::pods::pod_template;
use crate::kubernetes::{Manifest, Tree};
use crate::text::Node;

/// Whether the pods that a policy selects went with it, or their whole namespace.
pub(super) fn goes_with_its_pods(policy: &Manifest, [old, new]: [&[Manifest]; 2]) -> bool {
    let went = |has: &dyn Fn(&[Manifest]) -> bool| has(old) && !has(new);
    let is_policy = policy.key.kind == "NetworkPolicy" && policy.key.group == "networking.k8s.io";
    is_policy && (went(&|side| has_pods_of(policy, side)) || went(&|side| has_namespace_of(policy, side)))
}

fn has_namespace_of(policy: &Manifest, objects: &[Manifest]) -> bool {
    let is_its = |object: &Manifest| object.key.kind == "Namespace" && object.key.name == policy.key.namespace;
    objects.iter().any(|object| object.key.group.is_empty() && is_its(object))
}

fn has_pods_of(policy: &Manifest, objects: &[Manifest]) -> bool {
    let selector = policy.node.present_at(&["spec", "podSelector"]);
    let namespace = |object: &Manifest| match object.key.namespace.as_str() {
        "" => NAMESPACE.to_owned(),
        name => name.to_owned(),
    };
    let own = namespace(policy);
    objects.iter().filter(|object| namespace(object) == own).any(|object| {
        pod_template(object).is_some_and(|pod| selects(selector, pod.present_at(&["metadata", "labels"])))
    })
}

/// Whether a selector, of which an empty one selects all, selects what has those labels.
fn selects(selector: Option<&Node>, labels: Option<&Node>) -> bool {
    let Some(selector) = selector else { return true };
    let label = |key: &str| labels.and_then(|labels| labels.present(key)).and_then(Tree::scalar);
    let mut exact = selector.present("matchLabels").into_iter().flat_map(Tree::members);
    exact.all(|(key, value)| label(key) == value.scalar())
        && selector.list("matchExpressions").iter().all(|expression| {
            let found = label(&expression.word("key").unwrap_or_default());
            let listed = || expression.list("values").iter().any(|value| value.scalar() == found);
            match expression.word("operator").as_deref() {
                Some("In") => found.is_some() && listed(),
                Some("NotIn") => found.is_none() || !listed(),
                Some("Exists") => found.is_some(),
                Some("DoesNotExist") => found.is_none(),
                _ => false,
            }
        })
}
