//! What fields that no instance changes were lowered to by the instances before.
//!
//! Only fields whose lowering looks at nothing else are remembered: neither at the instance, nor at other objects. The
//! plan holds on to the nodes, so that no address is ever that of another one.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::Lowering;
use crate::spec::axis_label;
use crate::text::Node;

/// What is known from the instances before; results are the same without.
#[derive(Debug, Default)]
pub struct Memo {
    lowered: HashMap<(usize, usize, SmolStr), Node>,
    axes: HashMap<SmolStr, Option<SmolStr>>,
}

impl Memo {
    /// Returns the label that stands for an axis, where its name can be one.
    pub(super) fn axis_label(&mut self, axis: &SmolStr) -> Option<SmolStr> {
        if let Some(label) = self.axes.get(axis) {
            return label.clone();
        }
        let label = axis_label(axis);
        self.axes.insert(axis.clone(), label.clone());
        label
    }
}

impl Lowering<'_> {
    /// Lowers a field, or returns what it was lowered to before beside the same other field.
    pub(super) fn once(
        &mut self,
        key: &str,
        node: &Node,
        beside: Option<&Node>,
        lower: impl FnOnce(&mut Self) -> Node,
    ) -> Node {
        if !self.plan.is_fixed(node) || !beside.is_none_or(|beside| self.plan.is_fixed(beside)) {
            return lower(self);
        }
        let key = (node.address(), beside.map_or(0, Node::address), SmolStr::new(key));
        if let Some(known) = self.memo.lowered.get(&key) {
            return known.clone();
        }
        let found = self.diagnostics.len();
        let lowered = lower(self);
        // Every instance has its own findings.
        if self.diagnostics.len() == found {
            self.memo.lowered.insert(key, lowered.clone());
        }
        lowered
    }
}
