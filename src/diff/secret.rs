//! Which values are secret: those of Secrets, and whatever was hidden where it was read.
//!
//! A value enters, what may be shown of it leaves. Nothing else makes a [`Shown`] of a value, so that whoever shows one
//! need not know of secrets.

use super::{Path, Shown, Step};
use crate::kubernetes::Manifest;
use crate::source::{Entry, Map, Node, Sources, Value};

/// The annotation in which kubectl repeats the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The parts of a Secret that hold its values.
const PARTS: [&str; 2] = ["data", "stringData"];

/// Says what may be shown of the values of an object.
#[derive(Clone, Copy)]
pub(super) struct Veil<'a> {
    is_secret: bool,
    sources: &'a Sources,
}

impl<'a> Veil<'a> {
    pub(super) fn of(objects: [&Manifest; 2], sources: &'a Sources) -> Self {
        Self { is_secret: objects.iter().any(|object| is_secret(object)), sources }
    }

    /// Whether the values of a Secret are what is compared.
    pub(super) fn is_secret(self) -> bool {
        self.is_secret
    }

    /// Returns what may be shown of a value at that path.
    pub(super) fn shown(self, path: &[Step], value: &Node) -> Shown {
        let keys: Vec<&str> = path
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        match self.veiled(&keys, value) {
            Some(node) => Shown::Value(node),
            None => Shown::Hidden,
        }
    }

    /// Returns the value without what is secret in it; nothing where all of it is.
    fn veiled(self, keys: &[&str], value: &Node) -> Option<Node> {
        if self.hides(keys) || self.sources.hidden_in(value.origin()).next().is_some() && value.text().is_some() {
            return None;
        }
        match value.value() {
            Value::Map(map) if self.is_secret || keys.last() == Some(&"metadata") || keys.is_empty() || holds(map) => {
                let entries = map.iter().filter_map(|entry| {
                    let inner: Vec<&str> = keys.iter().copied().chain([entry.key.text.as_str()]).collect();
                    // The name of what is hidden is no secret.
                    let value = self
                        .veiled(&inner, &entry.value)
                        .unwrap_or_else(|| Node::new(Value::Null, entry.value.origin()));
                    Some(Entry { key: entry.key.clone(), value })
                });
                Some(Node::map(entries.collect::<Map>(), value.origin()))
            }
            _ => Some(value.clone()),
        }
    }

    /// Whether no value below these keys is ever shown. Tools repeat objects in annotations under names of their own,
    /// so that no annotation of a Secret is shown.
    fn hides(self, keys: &[&str]) -> bool {
        match keys {
            [.., "annotations", LAST_APPLIED] => true,
            ["metadata", "annotations", _, ..] => self.is_secret,
            [part, _, ..] => self.is_secret && PARTS.contains(part),
            _ => false,
        }
    }
}

fn holds(map: &Map) -> bool {
    map.contains(LAST_APPLIED)
}

/// Whether an object is a Secret.
pub(super) fn is_secret(object: &Manifest) -> bool {
    object.key.kind == "Secret" && object.key.group.is_empty()
}

/// Returns an object as it may be shown.
pub(super) fn whole(object: &Manifest, sources: &Sources) -> Shown {
    Veil::of([object, object], sources).shown(&Path::default().0, &object.node)
}
