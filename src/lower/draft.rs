//! Small builders for generated trees: every generated node stands for something that was written.

use crate::text::{Key, Map, Node, Origin, scalar};

/// Builds a mapping that stands for what was written at one place.
#[derive(Debug)]
pub(super) struct Draft {
    map: Map,
    origin: Origin,
}

impl Draft {
    /// Returns an empty mapping that stands for what was written at `origin`.
    pub(super) fn new(origin: Origin) -> Self {
        Self { map: Map::new(), origin }
    }

    /// Adds a key with a value that was written somewhere.
    pub(super) fn node(mut self, key: &str, value: Node) -> Self {
        self.map.set(Key::new(key, value.origin()), value);
        self
    }

    /// Adds a key with a value where there is one.
    pub(super) fn maybe(self, key: &str, value: Option<Node>) -> Self {
        match value {
            Some(value) => self.node(key, value),
            None => self,
        }
    }

    /// Adds a text.
    pub(super) fn text(self, key: &str, text: impl Into<smol_str::SmolStr>) -> Self {
        let origin = self.origin;
        self.node(key, Node::string(text, origin))
    }

    /// Adds all entries of a mapping; those that are there already are replaced.
    pub(super) fn all(mut self, entries: impl IntoIterator<Item = crate::text::Entry>) -> Self {
        entries.into_iter().for_each(|entry| self.map.set(entry.key, entry.value));
        self
    }

    /// Returns the mapping.
    pub(super) fn done(self) -> Node {
        Node::map(self.map, self.origin)
    }
}

/// Returns a list of one item that stands where the item was written.
pub(super) fn list_of(item: Node) -> Node {
    let origin = item.origin();
    Node::seq(vec![item], origin)
}

/// Returns the items of a list, or the one value as its only item.
pub(super) fn items(node: &Node) -> Vec<Node> {
    match node.as_seq() {
        Some(items) => items.to_vec(),
        None => vec![node.clone()],
    }
}

/// Returns a value as the name of an object.
pub(super) fn as_name(node: &Node) -> Node {
    Node::string(node.text().cloned().unwrap_or_default(), node.origin())
}

/// Whether a value is true, as a boolean field reads it.
pub(super) fn is_true(node: &Node) -> bool {
    scalar::boolean(node) == Some(true)
}
