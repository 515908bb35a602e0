//! What must be there before what.
//!
//! Only what the server would refuse otherwise is an edge: the namespace of an object, the definition of its kind, the role
//! of a binding, and what the admission of a bare Pod looks up. All the rest is priority: it decides what is sent first, and
//! holds nothing back.

use std::collections::HashMap;

use crate::kubernetes::{ObjectKey, install_rank};
use crate::text::Node;

/// Returns for each object the numbers of those that it cannot do without.
pub(super) fn needs<'a>(objects: impl IntoIterator<Item = (&'a ObjectKey, &'a Node)>) -> Vec<Vec<usize>> {
    let objects: Vec<(&ObjectKey, &Node)> = objects.into_iter().collect();
    // Only what can be needed is looked up by name.
    let mut named: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut defined: HashMap<(String, String), usize> = HashMap::new();
    for (at, (key, node)) in objects.iter().enumerate() {
        match (key.group.as_str(), key.kind.as_str()) {
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let text = |path: &[&str]| node.at(path).and_then(Node::as_str).unwrap_or_default().to_owned();
                defined.insert((text(&["spec", "group"]), text(&["spec", "names", "kind"])), at);
            }
            ("", "Namespace" | "ServiceAccount")
            | ("rbac.authorization.k8s.io", "Role" | "ClusterRole")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("node.k8s.io", "RuntimeClass") => {
                named.insert((&key.kind, &key.namespace, &key.name), at);
            }
            _ => {}
        }
    }
    if named.is_empty() && defined.is_empty() {
        return vec![Vec::new(); objects.len()];
    }
    objects
        .iter()
        .enumerate()
        .map(|(at, (key, node))| {
            let text = |path: &[&str]| node.at(path).and_then(Node::as_str).unwrap_or_default();
            let mut needed = Vec::new();
            let mut need = |kind: &str, namespace: &str, name: &str| needed.extend(named.get(&(kind, namespace, name)));
            if !key.namespace.is_empty() {
                need("Namespace", "", &key.namespace);
            }
            match key.kind.as_str() {
                "RoleBinding" | "ClusterRoleBinding" => {
                    let kind = text(&["roleRef", "kind"]);
                    let namespace = if kind == "Role" { key.namespace.as_str() } else { "" };
                    need(kind, namespace, text(&["roleRef", "name"]));
                }
                "Pod" if key.group.is_empty() => {
                    need("ServiceAccount", &key.namespace, text(&["spec", "serviceAccountName"]));
                    need("PriorityClass", "", text(&["spec", "priorityClassName"]));
                    need("RuntimeClass", "", text(&["spec", "runtimeClassName"]));
                }
                _ => {}
            }
            needed.extend(defined.get(&(key.group.to_string(), key.kind.to_string())));
            needed.retain(|needed| *needed != at);
            needed
        })
        .collect()
}

/// Returns what is sent first; lower goes before higher.
pub(super) fn priority(key: &ObjectKey) -> usize {
    install_rank(&key.group, &key.kind)
}

/// Adds all that the chosen objects need, directly or not.
pub(super) fn with_needs(chosen: &mut [bool], needs: &[Vec<usize>]) {
    let mut open: Vec<usize> = (0..chosen.len()).filter(|at| chosen[*at]).collect();
    while let Some(at) = open.pop() {
        for needed in &needs[at] {
            if !std::mem::replace(&mut chosen[*needed], true) {
                open.push(*needed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::read::read_document;
    use crate::text::Sources;

    fn object(text: &str) -> (ObjectKey, Node) {
        let node = read_document(&mut Sources::default(), "a", text.as_bytes().to_vec(), &mut Diagnostics::new());
        let node = node.expect("reads");
        (ObjectKey::of(&node).expect("has a key"), node)
    }

    #[test]
    fn only_what_the_server_refuses_otherwise_holds_back() {
        let objects = [
            object("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}"),
            object("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"),
            object("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}"),
            object("{apiVersion: example.com/v1, kind: Cache, metadata: {name: x, namespace: other}}"),
            object(
                "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: caches.example.com}, spec: {group: example.com, names: {kind: Cache}}}",
            ),
            object("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: other}}"),
            object(
                "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: other}, roleRef: {kind: Role, name: r}}",
            ),
        ];
        let needs = needs(objects.iter().map(|(key, node)| (key, node)));
        assert_eq!(needs, [vec![1], vec![], vec![1], vec![4], vec![], vec![], vec![5]]);
        let mut chosen = vec![false, false, true, false, false, false, false];
        with_needs(&mut chosen, &needs);
        assert_eq!(chosen, [false, true, true, false, false, false, false]);
    }
}
