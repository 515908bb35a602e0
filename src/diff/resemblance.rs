//! How much two objects have in common.
//!
//! An object enters, the numbers of its leaves leave, its own name and its namespace apart. What every object of a kind says
//! (labels, groups, kinds, protocols) counts for the likeness, and proves nothing: objects that share nothing else are
//! not one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use smol_str::SmolStr;

use crate::kubernetes::{Look, Manifest, Tree};
use crate::text::Node;

/// The leaves of an object, and how much each of them tells.
#[derive(Debug, Default)]
pub(super) struct Traits(BTreeMap<u64, u32>);

/// How much two objects must have in common to be one under another name.
pub(super) const ALIKE: f64 = 0.6;
/// How much of that must tell them apart from other objects of their kind.
const TELLING: u32 = 3;
/// Keys whose values are words of the API: two objects that have them alike are not therefore alike.
const WORDS: [&str; 9] =
    ["accessModes", "apiGroup", "apiVersion", "kind", "namespace", "policyTypes", "protocol", "restartPolicy", "type"];

impl Traits {
    pub(super) fn of(object: &Manifest) -> Self {
        let name = object.key.name.as_str();
        // What is made of the name differs with it.
        Self::with(object, &|text| if name.is_empty() { text } else { text.replace(name, "\u{0}").into() })
    }

    /// Returns the leaves with each text as it is to be compared.
    pub(super) fn with(object: &Manifest, text: &dyn Fn(SmolStr) -> SmolStr) -> Self {
        let mut traits = Self::default();
        for (key, value) in object.node.members() {
            if matches!(key, "apiVersion" | "kind" | "status") {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let telling = key != "metadata";
            for (inner, value) in value.members().filter(|_| !telling) {
                if !matches!(inner, "name" | "namespace" | "generateName") {
                    traits.walk(value, below(hasher.finish(), inner), text, false);
                }
            }
            if telling {
                traits.walk(value, hasher.finish(), text, true);
            }
        }
        traits
    }

    fn walk(&mut self, node: &Node, above: u64, compared: &dyn Fn(SmolStr) -> SmolStr, telling: bool) {
        match node.look() {
            Look::Map(_) => {
                for (key, value) in node.members() {
                    self.walk(value, below(above, key), compared, telling && !WORDS.contains(&key));
                }
            }
            // An item that moves is still the same item.
            Look::List(items) => items.iter().for_each(|item| self.walk(item, below(above, "[]"), compared, telling)),
            _ => {
                let text = node.scalar().unwrap_or_default();
                let weight = if telling { 1 + u32::try_from(text.len() / 24).unwrap_or(u32::MAX).min(3) } else { 0 };
                self.0.insert(below(above, &compared(text)), weight);
            }
        }
    }

    /// Returns the numbers of the leaves.
    pub(super) fn leaves(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// Whether it says nothing that tells it apart from others of its kind.
    pub(super) fn is_plain(&self) -> bool {
        self.0.values().sum::<u32>() < TELLING
    }

    /// Returns the share of the leaves that both have, from 0 to 1.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let common = self.0.keys().filter(|leaf| other.0.contains_key(leaf)).count();
        let all = self.0.len() + other.0.len() - common;
        #[expect(clippy::cast_precision_loss, reason = "leaves are counted in thousands")]
        let likeness = if all == 0 { 1.0 } else { common as f64 / all as f64 };
        likeness
    }

    /// Returns the likeness of two objects that are one by what they say, or `None` if that is not known.
    pub(super) fn resemblance(&self, other: &Self) -> Option<f64> {
        let common = self.0.iter().filter(|(leaf, _)| other.0.contains_key(leaf));
        let telling: u32 = common.map(|(_, weight)| weight).sum();
        let likeness = self.likeness(other);
        (telling >= TELLING && likeness >= ALIKE).then_some(likeness)
    }
}

fn below(above: u64, step: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (above, step).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::ObjectKey;
    use crate::read::read_confidential;
    use crate::text::{Origin, Sources};

    fn traits(text: &str) -> Traits {
        let mut sources = Sources::default();
        let mut found = crate::diagnostic::Diagnostics::new();
        let node = read_confidential(&mut sources, "a", text.as_bytes().to_vec(), &mut found).expect("a document");
        Traits::of(&Manifest { key: ObjectKey::of(&node).expect("an object"), node, origin: Origin::NOWHERE })
    }

    #[test]
    fn what_every_object_of_a_kind_says_makes_no_two_of_them_one() {
        let account = |name: &str| format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}}}");
        assert_eq!(traits(&account("a")).resemblance(&traits(&account("b"))), None);
        let claim = |name: &str| {
            format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n\
                 spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}"
            )
        };
        assert_eq!(traits(&claim("a")).resemblance(&traits(&claim("b"))), None);
    }

    #[test]
    fn a_name_in_a_value_differs_with_it() {
        let service = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
                 spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}"
            )
        };
        assert_eq!(traits(&service("a")).resemblance(&traits(&service("website"))), Some(1.0));
    }
}
