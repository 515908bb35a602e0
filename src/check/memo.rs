//! What is known of subtrees that were settled: those that many objects share, and those that stood last at a place.
//!
//! A memo holds on to the nodes that it knows, so that no address in it is ever that of another node. Walks find the
//! same and settle to the same with a memo and without.

use std::collections::HashMap;

use crate::kubernetes::{Facts, Schema};
use crate::rules;
use crate::text::{Entry, Node, Value};

/// Subtrees without findings, and what they were settled to.
#[derive(Debug, Default)]
pub struct Memo {
    settled: HashMap<Key, Known>,
    last: HashMap<u64, Known>,
    /// What rules found nothing in.
    pub(super) judged: rules::Memo,
}

/// A subtree, and what it was settled to: nothing where it was settled already.
type Known = (Node, Option<Node>);

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

    /// Returns the subtree settled as the one that stood last at its place was, where no more differs than texts that settle
    /// to themselves and that nobody has a say about.
    pub(super) fn like_last(&self, place: u64, node: &Node, schema: &Schema, facts: &Facts) -> Option<Node> {
        let (last, settled) = self.last.get(&place)?;
        rules::differ_unread(node, last, schema, facts).then(|| graft(settled.as_ref().unwrap_or(last), last, node))
    }

    /// Remembers a subtree without findings as the last one at its place.
    pub(super) fn insert_last(&mut self, place: u64, node: &Node, settled: Option<&Node>) {
        if self.last.len() >= rules::MOST_STRUCTURES {
            self.last.clear();
        }
        self.last.insert(place, (node.clone(), settled.cloned()));
    }
}

/// Returns what `last` was settled to, with the texts of `node` in the places of its own.
fn graft(settled: &Node, last: &Node, node: &Node) -> Node {
    if last.same(node) {
        return settled.clone();
    }
    match (settled.value(), last.value(), node.value()) {
        (Value::Map(settled), Value::Map(last), Value::Map(map)) => {
            let entries = settled.iter().map(|entry| {
                let both = last.get(&entry.key.text).zip(map.get(&entry.key.text));
                let value = both.map_or_else(|| entry.value.clone(), |(last, own)| graft(&entry.value, last, own));
                Entry { key: entry.key.clone(), value }
            });
            Node::map(entries.collect(), node.origin())
        }
        (Value::Seq(settled), Value::Seq(last), Value::Seq(items)) => {
            let items = settled.iter().zip(last).zip(items).map(|((settled, last), own)| graft(settled, last, own));
            Node::seq(items.collect(), node.origin())
        }
        (_, _, Value::String(_)) => node.clone(),
        _ => settled.clone(),
    }
}
