//! The names of files that hold one object each.
//!
//! Identities enter, names leave, in the same order and all different on every file system: kustomize's convention
//! `apps_v1_deployment_web.yaml`, with the namespace in front where there is more than one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::kubernetes::ObjectKey;

/// What file systems allow, less room for what is added: the ending, the mark of a collision, a temporary name.
const MAX_STEM_BYTES: usize = 200;

/// Returns the file name of each object.
pub(super) fn names<'a>(keys: impl Iterator<Item = &'a ObjectKey> + Clone, extension: &str) -> Vec<String> {
    let namespaces: BTreeSet<&str> =
        keys.clone().map(|key| key.namespace.as_str()).filter(|ns| !ns.is_empty()).collect();
    let stems: Vec<(String, bool)> = keys.clone().map(|key| stem(key, namespaces.len() > 1)).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for (stem, _) in &stems {
        *uses.entry(stem).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let mut names = Vec::with_capacity(stems.len());
    for ((stem, cut), key) in stems.iter().zip(keys) {
        // All of those that collide are marked by what they are, so that none depends on which came first.
        let marked = if *cut || uses[stem.as_str()] > 1 { format!("{stem}_{}", mark(key)) } else { stem.clone() };
        let mut name = format!("{marked}.{extension}");
        let mut copy = 2;
        while !taken.insert(name.clone()) {
            name = format!("{marked}_{copy}.{extension}");
            copy += 1;
        }
        names.push(name);
    }
    names
}

/// Returns the name without its ending, and whether it had to be cut.
fn stem(key: &ObjectKey, with_namespace: bool) -> (String, bool) {
    let namespace = if with_namespace { key.namespace.as_str() } else { "" };
    let parts = [namespace, &key.group, &key.version, &key.kind, &key.name];
    let mut stem = String::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !stem.is_empty() {
            stem.push('_');
        }
        stem.extend(part.chars().map(safe));
    }
    // Windows knows devices by the name before the first point.
    if is_device(stem.split('.').next().unwrap_or_default()) {
        stem.insert_str(0, "x-");
    }
    // Templates of Helm that start so are not rendered, and files that start with a point are not seen.
    if stem.starts_with(['_', '.', '-']) {
        stem.insert(0, 'x');
    }
    let cut = stem.len() > MAX_STEM_BYTES;
    stem.truncate(MAX_STEM_BYTES);
    (stem, cut)
}

fn safe(character: char) -> char {
    match character.to_ascii_lowercase() {
        kept @ ('a'..='z' | '0'..='9' | '.' | '-' | '_') => kept,
        _ => '-',
    }
}

fn is_device(stem: &str) -> bool {
    let numbered = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|rest: &str| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Returns eight hexadecimal digits that stand for the identity.
fn mark(key: &ObjectKey) -> String {
    let identity = format!("{}\n{}\n{}\n{}", key.api_version(), key.kind, key.namespace, key.name);
    Sha256::digest(identity).iter().take(4).fold(String::new(), |mut mark, byte| {
        let _ = write!(mark, "{byte:02x}");
        mark
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(api_version: &str, kind: &str, namespace: &str, name: &str) -> ObjectKey {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        ObjectKey {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    fn names_of(keys: &[ObjectKey]) -> Vec<String> {
        names(keys.iter(), "yaml")
    }

    #[test]
    fn names_are_kustomizes() {
        let web = key("apps/v1", "Deployment", "shop", "web");
        let service = key("v1", "Service", "shop", "web");
        let role = key("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:Node");
        assert_eq!(
            names_of(&[web.clone(), service.clone(), role.clone()]),
            [
                "apps_v1_deployment_web.yaml",
                "v1_service_web.yaml",
                "rbac.authorization.k8s.io_v1_clusterrole_system-node.yaml"
            ]
        );
        let other = key("apps/v1", "Deployment", "bank", "web");
        assert_eq!(
            names_of(&[web, other, role]),
            [
                "shop_apps_v1_deployment_web.yaml",
                "bank_apps_v1_deployment_web.yaml",
                "rbac.authorization.k8s.io_v1_clusterrole_system-node.yaml"
            ]
        );
    }

    #[test]
    fn colliding_names_do_not_depend_on_their_order() {
        let one = key("v1", "ConfigMap", "a", "x:y");
        let two = key("v1", "ConfigMap", "a", "x/y");
        let mut there = names_of(&[one.clone(), two.clone()]);
        let back = names_of(&[two, one.clone()]);
        assert!(there[0].starts_with("v1_configmap_x-y_") && there[0] != there[1], "{there:?}");
        there.reverse();
        assert_eq!(there, back);
        let twice = names_of(&[one.clone(), one]);
        assert!(twice[1].ends_with("_2.yaml"), "{twice:?}");
    }

    #[test]
    fn names_are_safe_everywhere() {
        let devices = names_of(&[key("aux.example.com/v1", "K", "", "x"), key("v1", "K", "", "../../etc")]);
        assert_eq!(devices, ["x-aux.example.com_v1_k_x.yaml", "v1_k_..-..-etc.yaml"]);
        let long = names_of(&[key("v1", "ConfigMap", "", &"n".repeat(253)), key("v1", "K", "", &"é".repeat(250))]);
        assert!(long.iter().all(|name| name.len() < 230), "{long:?}");
    }
}
