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

/// Where a subtree may be known from.
pub(super) struct Spot {
    /// The subtree itself, which other objects hold as well.
    pub(super) shared: Option<Key>,
    /// Where it stands in objects of its kind, with those before it that are likely alike.
    pub(super) place: Option<u64>,
}

impl Memo {
    pub(super) fn key(node: &Node, schema: &Schema, partial: bool, masked: bool) -> Key {
        (node.address(), std::ptr::from_ref(schema).addr(), partial, masked)
    }

    /// Returns what a subtree settles to, `Some(None)` for one that is settled already. It is known where the subtree itself
    /// was seen, or one at its place that differs in texts that no rule reads; `None` if neither is.
    #[expect(clippy::option_option, reason = "the walk itself says by none that nothing changes")]
    pub(super) fn recall(&self, spot: &Spot, node: &Node, schema: &Schema, facts: &Facts) -> Option<Option<Node>> {
        let known = |key| self.settled.get(key).map(|(_, settled)| settled.clone());
        spot.shared.as_ref().and_then(known).or_else(|| {
            let (last, settled) = self.last.get(&spot.place?)?;
            let is_alike = rules::differ_unread(node, last, schema, facts);
            is_alike.then(|| Some(graft(settled.as_ref().unwrap_or(last), last, node)))
        })
    }

    /// Remembers a subtree without findings.
    pub(super) fn remember(&mut self, spot: &Spot, node: &Node, settled: Option<&Node>) {
        if self.last.len() >= rules::MOST_STRUCTURES {
            self.last.clear();
        }
        let known = || (node.clone(), settled.cloned());
        if let Some(place) = spot.place {
            self.last.insert(place, known());
        }
        if let Some(key) = spot.shared {
            self.settled.insert(key, known());
        }
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
