//! Who owns the fields of a saved object, as its `managedFields` say.
//!
//! An object enters, and is followed field by field; whether a field belongs to others alone leaves. Server-side apply
//! leaves such a field as it is, so that what does not state it does not take it away either.

use crate::kubernetes::{Merge, Tree};
use crate::text::Node;

/// kubectl's own way to apply, which owns what it wrote as one that applies does.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";

/// The owners of one place: those that apply, and the others.
#[derive(Default)]
pub(super) struct Owned<'a> {
    applied: Vec<&'a Node>,
    others: Vec<&'a Node>,
}

impl<'a> Owned<'a> {
    /// Reads who owns what; nobody owns anything where no one applied the object.
    pub(super) fn of(object: &'a Node) -> Self {
        let mut owned = Self::default();
        let entries = object.present_at(&["metadata", "managedFields"]).and_then(Node::as_seq).unwrap_or_default();
        for entry in entries {
            let Some(fields) = entry.get("fieldsV1") else { continue };
            let says = |key: &str, word: &str| entry.get(key).and_then(Node::as_str) == Some(word);
            let applies = says("operation", "Apply") || says("manager", CLIENT_SIDE);
            if applies { owned.applied.push(fields) } else { owned.others.push(fields) }
        }
        if owned.applied.is_empty() { Self::default() } else { owned }
    }

    /// Goes to the value of a key.
    pub(super) fn member(&self, key: &str) -> Self {
        let step = format!("f:{key}");
        self.step(|fields| fields.get(&step))
    }

    /// Goes to an item of a list.
    pub(super) fn item(&self, item: &Node, merge: &Merge) -> Self {
        self.step(|fields| {
            let mut members = fields.members();
            let found = members.find(|(step, _)| match merge {
                Merge::Keys(_) => step.strip_prefix("k:").is_some_and(|keys| has(item, keys)),
                Merge::Set => {
                    let value = step.strip_prefix("v:").and_then(|value| serde_json::from_str(value).ok());
                    value.is_some_and(|value: serde_json::Value| value.scalar() == item.scalar())
                }
                Merge::Replace => false,
            });
            found.map(|(_, fields)| fields)
        })
    }

    /// Whether others own the place, and none that applies does.
    pub(super) fn is_foreign(&self) -> bool {
        self.applied.is_empty() && !self.others.is_empty()
    }

    fn step(&self, find: impl Fn(&'a Node) -> Option<&'a Node>) -> Self {
        let step = |fields: &Vec<&'a Node>| fields.iter().filter_map(|fields| find(fields)).collect();
        Self { applied: step(&self.applied), others: step(&self.others) }
    }
}

/// Whether an item has the keys of `{"name":"web"}`; a key that it leaves out may have any default.
fn has(item: &Node, keys: &str) -> bool {
    let Ok(keys) = serde_json::from_str::<serde_json::Value>(keys) else { return false };
    keys.members().all(|(key, value)| item.get(key).is_none_or(|own| own.scalar() == value.scalar()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_documents;
    use crate::text::Sources;

    #[test]
    fn what_others_own_is_told_apart() {
        let text = r#"
metadata:
  managedFields:
  - {manager: us, operation: Apply, fieldsV1: {"f:a": {}, "f:both": {"f:x": {}}, "f:list": {'k:{"name":"n"}': {}}}}
  - {manager: them, operation: Update, fieldsV1: {"f:b": {}, "f:both": {"f:y": {}}, "f:list": {'k:{"name":"m"}': {}}}}
items: [{name: n}, {name: m}]
"#;
        let mut found = crate::diagnostic::Diagnostics::new();
        let documents = read_documents(&mut Sources::default(), "", text.into(), &mut found);
        let object = &documents[0].root;
        let owned = Owned::of(object);
        assert!(!owned.member("a").is_foreign() && owned.member("b").is_foreign());
        assert!(!owned.member("nobody").is_foreign(), "a default belongs to nobody");
        assert!(!owned.member("both").member("x").is_foreign() && owned.member("both").member("y").is_foreign());
        let keys = Merge::Keys(vec!["name".into()]);
        let items = object.get("items").and_then(Node::as_seq).unwrap();
        let list = owned.member("list");
        assert!(!list.item(&items[0], &keys).is_foreign() && list.item(&items[1], &keys).is_foreign());
    }
}
