//! Trees with holes: what stands above these, so that they are filled in for an instance without a look at the rest.

use std::sync::Arc;

use crate::text::hole::Looks;
use crate::text::{Entry, Map, Node};

/// A part of an object that holds holes, with what is above them.
#[derive(Debug)]
pub(super) struct Spine {
    pub(super) node: Node,
    held: Below,
}

#[derive(Debug)]
enum Below {
    /// Nothing differs between instances.
    Same,
    Hole(usize),
    /// Entries or items, by their places.
    Parts(Vec<(usize, Spine)>),
}

impl Spine {
    /// Returns the spine of a tree, for all of its holes or for those alone whose numbers are `wanted`.
    pub(super) fn of(node: &Node, wanted: Option<&[usize]>) -> Self {
        let held = match node.as_hole() {
            Some(hole) if wanted.is_none_or(|wanted| wanted.contains(&hole.slot())) => Below::Hole(hole.slot()),
            Some(_) => Below::Same,
            None => {
                let entries = node.as_map().into_iter().flatten().map(|entry| &entry.value);
                let all = entries.chain(node.as_seq().into_iter().flatten()).enumerate();
                let below = all.map(|(at, part)| (at, Self::of(part, wanted)));
                let below: Vec<(usize, Self)> = below.filter(|(_, part)| !matches!(part.held, Below::Same)).collect();
                if below.is_empty() { Below::Same } else { Below::Parts(below) }
            }
        };
        Self { node: node.clone(), held }
    }

    /// Collects the numbers of the holes, as often as they stand there.
    pub(super) fn holes(&self, holes: &mut Vec<usize>) {
        match &self.held {
            Below::Same => {}
            Below::Hole(slot) => holes.push(*slot),
            Below::Parts(below) => below.iter().for_each(|(_, part)| part.holes(holes)),
        }
    }

    /// Fills in what stands in the holes.
    pub(super) fn filled(&self, leaves: &[Node]) -> Node {
        let below = match &self.held {
            Below::Same => return self.node.clone(),
            Below::Hole(slot) => return leaves[*slot].clone(),
            Below::Parts(below) => below,
        };
        let Some(map) = self.node.as_map() else {
            let mut items = self.node.as_seq().unwrap_or_default().to_vec();
            below.iter().for_each(|(at, part)| items[*at] = part.filled(leaves));
            return Node::seq(items, self.node.origin());
        };
        let mut entries: Vec<Entry> = map.iter().cloned().collect();
        for (at, part) in below {
            let entry = &mut entries[*at];
            let value = part.filled(leaves);
            // A key that stands for its value is where that is written.
            if entry.key.origin == entry.value.origin() {
                entry.key.origin = value.origin();
            }
            entry.value = value;
        }
        Node::map(Map::of_distinct(entries), self.node.origin())
    }
}

/// Whether all holes of a tree tell these looks.
pub(super) fn is_settled(node: &Node, looks: &Arc<Looks>) -> bool {
    if let Some(hole) = node.as_hole() {
        return hole.tells(looks);
    }
    let mut entries = node.as_map().into_iter().flatten().map(|entry| &entry.value);
    let mut items = node.as_seq().into_iter().flatten();
    entries.all(|value| is_settled(value, looks)) && items.all(|item| is_settled(item, looks))
}
