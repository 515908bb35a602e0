//! What is asked of the objects of a file, beside what they hold: how they get to a server, and which others they meet.

use std::collections::HashMap;
use std::sync::Arc;

use super::additions::Additions;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::ObjectKey;
use crate::text::{FileId, Node, Origin};

/// How an object gets to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It is applied with all others: it needs a name.
    #[default]
    Applied,
    /// It is looked at, and may also be created.
    Looked,
    /// Another tool rendered it and sends it in its own way.
    Rendered,
    /// It is a patch: what it leaves out is in the object that it changes.
    Patch,
}

/// What is asked of the objects of a file.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// How they get to a server.
    pub purpose: Purpose,
    /// The sets that they belong to. Objects of one set meet in one cluster; those without a set meet each other.
    pub sets: Vec<u32>,
    /// Whether a kustomization gives them their namespace: what is written in its place does not count.
    pub moved: bool,
    /// Whether a kustomization changes them before they are applied: labels, images, patches.
    pub altered: bool,
    /// What is known of that, of each kustomization that builds from them.
    pub added: Vec<Arc<Additions>>,
}

/// The roles of files. Objects of a file without one are applied, all of them together.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    by_file: HashMap<FileId, Role>,
    given: Vec<(u32, &'static str, String)>,
}

impl Role {
    /// Returns the sets; those without one are in the first.
    pub fn sets(&self) -> &[u32] {
        if self.sets.is_empty() { &[0] } else { &self.sets }
    }

    /// Whether a kustomization adds what a finding about an object misses.
    pub fn is_mended(&self, finding: &Diagnostic, key: &ObjectKey, object: &Node) -> bool {
        self.added.iter().any(|added| added.mend(finding, key, object))
    }
}

impl Roles {
    /// Sets the role of a file.
    pub fn set(&mut self, file: FileId, role: Role) {
        self.by_file.insert(file, role);
    }

    /// Notes that another program adds an object of a kind and name to a set.
    pub fn give(&mut self, set: u32, kind: &'static str, name: String) {
        self.given.push((set, kind, name));
    }

    /// Returns the sets, kinds and names of what other programs add.
    pub fn given(&self) -> impl Iterator<Item = (u32, &'static str, &str)> {
        self.given.iter().map(|(set, kind, name)| (*set, *kind, name.as_str()))
    }

    /// Returns the role of a file.
    pub fn of(&self, file: FileId) -> &Role {
        static APPLIED: Role =
            Role { purpose: Purpose::Applied, sets: Vec::new(), moved: false, altered: false, added: Vec::new() };
        self.by_file.get(&file).unwrap_or(&APPLIED)
    }
}

/// Whether a key is a directive of a strategic merge patch, which no object has.
pub(super) fn is_directive(key: &str) -> bool {
    key.strip_prefix('$').is_some_and(|word| {
        matches!(word, "patch" | "retainKeys")
            || word.starts_with("setElementOrder/")
            || word.starts_with("deleteFromPrimitiveList/")
    })
}

/// Whether a tree holds such a directive: then it is a patch, whoever names it.
pub(super) fn is_patch(node: &Node) -> bool {
    let in_map =
        || node.as_map().into_iter().flatten().any(|entry| is_directive(&entry.key.text) || is_patch(&entry.value));
    node.as_seq().map_or_else(in_map, |items| items.iter().any(is_patch))
}

/// Returns the places where the namespace of an object is written: its own, and the name of a Namespace.
pub(super) fn namespaces(node: &Node) -> [Option<Origin>; 2] {
    let is_namespace = node.get("kind").and_then(Node::as_str) == Some("Namespace");
    let place = |name: &str| node.at(&["metadata", name]).map(Node::origin);
    [place("namespace"), place("name").filter(|_| is_namespace)]
}
