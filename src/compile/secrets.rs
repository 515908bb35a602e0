//! Where the values of Secrets were written: hidden from every excerpt of every report.

use crate::expand::{self, Expanded};
use crate::source::{Node, Origin, Sources};

/// The parts of a Secret that hold its values, and the annotation in which kubectl repeats them.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Hides the values of Secrets in specs, and the parameters that they are made of.
pub(super) fn hide_in_batch(expanded: &Expanded, sources: &mut Sources) {
    let Some(written) = expanded.batch.root.get("secrets") else { return };
    for entry in written.as_map().into_iter().flatten() {
        hide_values(&entry.value, sources);
    }
    for path in expand::paths_read(written, sources) {
        let mut parts = path.split('.');
        if let (Some("params"), Some(name)) = (parts.next(), parts.next()) {
            let declared = expanded.batch.params.get(name);
            let values = [expanded.params.get(name), declared, declared.and_then(|node| node.get("default"))];
            for value in values.into_iter().flatten().filter(|value| value.text().is_some()) {
                sources.hide(value.origin());
            }
        }
    }
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
