//! What tells the items of a custom resource's list apart.
//!
//! The definitions of both sides enter; for each list of an object of their kinds it is what its schema says. Where no
//! definition is given, the ids that people write in lists are looked for, and a list without them is one value.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::Step;
use crate::kubernetes::{Manifest, Merge, ObjectKey, Tree};
use crate::text::Node;

/// The schemas of custom resources, by group, kind and version.
#[derive(Debug, Default)]
pub(super) struct Lists<'a> {
    schemas: HashMap<(SmolStr, SmolStr, SmolStr), &'a Node>,
}

/// What is known of a list.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// How its items are told apart.
    pub(super) merge: Merge,
    /// The schema of its items.
    items: Option<&'a Node>,
}

/// Keys that hold ids, the likeliest first.
const IDS: [&str; 5] = ["name", "id", "key", "uid", "metadata.name"];

impl<'a> Lists<'a> {
    /// Gathers the schemas of the definitions on both sides; those of the first side count.
    pub(super) fn of(sides: [&'a [Manifest]; 2]) -> Self {
        let mut schemas = HashMap::new();
        for object in sides.into_iter().flatten() {
            if object.key.kind != "CustomResourceDefinition" || object.key.group != "apiextensions.k8s.io" {
                continue;
            }
            let word = |path: &[&str]| object.node.present_at(path).and_then(Tree::scalar);
            let Some((group, kind)) = word(&["spec", "group"]).zip(word(&["spec", "names", "kind"])) else { continue };
            let versions = object.node.present_at(&["spec"]).map_or(&[][..], |spec| spec.list("versions"));
            for version in versions {
                let schema = version.present_at(&["schema", "openAPIV3Schema"]);
                if let Some((name, schema)) = version.word("name").zip(schema) {
                    schemas.entry((group.clone(), kind.clone(), name)).or_insert(schema);
                }
            }
        }
        Self { schemas }
    }

    /// Returns what the definition of an object says of its list at that path, or `None` if there is no definition.
    pub(super) fn at(&self, key: &ObjectKey, path: &[Step]) -> Option<Known<'a>> {
        if self.schemas.is_empty() {
            return None;
        }
        let root = *self.schemas.get(&(key.group.clone(), key.kind.clone(), key.version.clone()))?;
        let below = |schema: &'a Node, step: &Step| match step {
            Step::Key(key) => schema
                .present("properties")
                .and_then(|properties| properties.present(key))
                .or_else(|| schema.present("additionalProperties")),
            Step::Item(_) | Step::Member(_) => schema.present("items"),
        };
        let schema = path.iter().try_fold(root, below)?;
        let keys: Vec<SmolStr> = schema.list("x-kubernetes-list-map-keys").iter().filter_map(Tree::scalar).collect();
        let merge = match schema.word("x-kubernetes-list-type").as_deref() {
            Some("map") if !keys.is_empty() => Merge::Keys(keys),
            Some("set") => Merge::Set,
            // Such a list is replaced as a whole; what differs in it is told by its ids all the same.
            _ => return None,
        };
        Some(Known { merge, items: schema.present("items") })
    }
}

impl Known<'_> {
    /// Returns what the server puts where an item leaves out a key.
    pub(super) fn default(&self, key: &str) -> Option<SmolStr> {
        self.items?.present_at(&["properties", key, "default"])?.scalar()
    }
}

/// Returns the key that tells the items of two lists apart, if all of them have it.
pub(super) fn guess(olds: &[Node], news: &[Node]) -> Option<Merge> {
    let every = |key: &str| {
        [olds, news].iter().all(|items| {
            let mut seen = std::collections::HashSet::new();
            items.iter().all(|item| part(item, key).and_then(Tree::scalar).is_some_and(|id| seen.insert(id)))
        })
    };
    let both = !olds.is_empty() && !news.is_empty();
    let key = IDS.into_iter().find(|key| both && every(key))?;
    Some(Merge::Keys(vec![SmolStr::new_static(key)]))
}

/// Returns the part of an item that a key names; one with a point leads into the item.
pub(super) fn part<'n>(item: &'n Node, key: &str) -> Option<&'n Node> {
    item.get(key).or_else(|| key.split('.').try_fold(item, |item, key| item.get(key)))
}
