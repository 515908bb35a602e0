//! What subtrees that many objects share were settled to, and what is known of those that are alike.
//!
//! A memo holds on to the nodes that it knows, so that no address in it is ever that of another node. Walks find the
//! same and settle to the same with a memo and without.

use std::collections::HashMap;

use crate::kubernetes::Schema;
use crate::rules;
use crate::text::Node;

/// Subtrees without findings, and what they were settled to.
#[derive(Debug, Default)]
pub struct Memo {
    settled: HashMap<Key, (Node, Option<Node>)>,
    /// What rules found nothing in.
    pub(super) judged: rules::Memo,
}

/// The addresses of a node and of the schema that it was settled by, and what else the result depends on.
pub(super) type Key = (usize, usize, bool, bool);

impl Memo {
    pub(super) fn key(node: &Node, schema: &Schema, partial: bool, masked: bool) -> Key {
        (node.address(), std::ptr::from_ref(schema).addr(), partial, masked)
    }

    /// Returns the settled subtree, none where it was settled already; none at all where nothing is known.
    #[expect(clippy::option_option, reason = "the walk itself says by none that nothing changes")]
    pub(super) fn get(&self, key: &Key) -> Option<Option<Node>> {
        self.settled.get(key).map(|(_, settled)| settled.clone())
    }

    pub(super) fn insert(&mut self, key: Key, node: &Node, settled: Option<&Node>) {
        self.settled.insert(key, (node.clone(), settled.cloned()));
    }
}
