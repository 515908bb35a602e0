//! Which values of axes an instance has, and which of these are in its name.
//!
//! An object enters with the labels that compiling gave it. Two instances whose names hold different values of one axis are
//! two, however much else they have in common.

use crate::kubernetes::{Manifest, ObjectKey};
use crate::spec::AXIS_PREFIX;
use crate::text::Node;

/// Returns the axes of an instance with its values.
pub(super) fn of(object: &Manifest) -> impl Iterator<Item = (&str, &Node)> {
    let labels = object.node.at(&["metadata", "labels"]).and_then(Node::as_map);
    labels.into_iter().flatten().filter_map(|entry| Some((entry.key.text.strip_prefix(AXIS_PREFIX)?, &entry.value)))
}

/// Whether a value is a part of the name of an object, or of that of its namespace.
pub(super) fn is_in_name(value: &str, key: &ObjectKey) -> bool {
    let holds = |name: &str| {
        name.match_indices(value).any(|(at, _)| {
            let is_joint = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_ascii_alphanumeric());
            is_joint(name[..at].chars().next_back()) && is_joint(name[at + value.len()..].chars().next())
        })
    };
    !value.is_empty() && (holds(&key.name) || holds(&key.namespace))
}

/// Whether two objects are instances of different values of an axis that names them.
pub(super) fn are_apart(old: &Manifest, new: &Manifest) -> bool {
    of(old).any(|(axis, was)| {
        let Some((_, is)) = of(new).find(|(name, _)| *name == axis) else { return false };
        let (Some(was), Some(is)) = (was.text(), is.text()) else { return false };
        was != is && is_in_name(was, &old.key) && is_in_name(is, &new.key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_a_name_between_its_joints() {
        let key = |namespace: &str, name: &str| ObjectKey {
            group: "apps".into(),
            version: "v1".into(),
            kind: "Deployment".into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        assert!(is_in_name("acme", &key("tenant-acme", "web")) && is_in_name("eu-1", &key("", "web-eu-1")));
        assert!(!is_in_name("eu", &key("museum", "neu-web")) && !is_in_name("", &key("a", "b")));
    }
}
