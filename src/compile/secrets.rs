//! Where the values of Secrets were written: hidden from every excerpt of every report.

use crate::expand;
use crate::text::{Map, Node, Origin, Sources};

/// The parts of a Secret that hold its values, and the annotation in which kubectl repeats them.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Hides the values of Secrets in a spec, and the parameters that they are made of, wherever those were given.
///
/// This comes before anything is resolved: a finding about a parameter may be the first one.
pub(super) fn hide_in_spec(root: &Node, given: &[Map], sources: &mut Sources) {
    let profiles: Vec<&Node> = values(root.get("profiles")).collect();
    let layers = || std::iter::once(root).chain(profiles.iter().copied());
    for secrets in layers().filter_map(|layer| layer.get("secrets")) {
        for secret in values(Some(secrets)) {
            hide_values(secret, sources);
        }
        for path in expand::paths_read(secrets, sources) {
            let mut parts = path.split('.');
            let (Some("params"), Some(name)) = (parts.next(), parts.next()) else { continue };
            let written = layers().filter_map(|layer| layer.get("params")?.get(name));
            let values: Vec<&Node> = written.chain(given.iter().filter_map(|params| params.get(name))).collect();
            for value in values {
                let default = value.get("default");
                for secret in std::iter::once(value).chain(default).filter(|value| value.as_map().is_none()) {
                    sources.hide(secret.origin());
                }
            }
        }
    }
}

fn values(section: Option<&Node>) -> impl Iterator<Item = &Node> {
    section.and_then(Node::as_map).into_iter().flatten().map(|entry| &entry.value)
}

/// Hides the values of Secrets among manifests.
pub(super) fn hide_in_manifests(documents: &[(Node, Origin)], sources: &mut Sources) {
    for (root, _) in documents {
        let items = root.get("items").and_then(Node::as_seq).unwrap_or_default();
        for object in std::iter::once(root).chain(items) {
            if object.get("kind").and_then(Node::as_str) == Some("Secret") {
                hide_values(object, sources);
                if let Some(repeated) = object.at(&["metadata", "annotations", LAST_APPLIED]) {
                    sources.hide(repeated.origin());
                }
            }
        }
    }
}

fn hide_values(secret: &Node, sources: &mut Sources) {
    for part in ["data", "stringData"] {
        match secret.get(part) {
            Some(values) if values.as_map().is_some() => {
                for entry in values.as_map().into_iter().flatten() {
                    sources.hide(entry.value.origin());
                }
            }
            Some(values) => sources.hide(values.origin()),
            None => {}
        }
    }
}
