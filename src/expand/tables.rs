//! Rows as values of parameters: `{rows: FILE}` where one is declared or given in, the list of the rows out.
//!
//! Comes before all else that looks at parameters, so that a cell is a value like any other, secret where its parameter is.
//! Rows that cannot be read, which is told here, leave a null in the place of their file.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::rows;
use super::world::World;
use crate::diagnostic::Diagnostics;
use crate::read::{Document, Files};
use crate::text::{Entry, FileId, Map, Node, Origin, Sources, Value};

/// Reads the rows of the parameters that a batch declares, and of those to which one of its profiles gives others.
pub fn read_tables(
    document: &mut Document,
    profiles: &[SmolStr],
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    let Some(declared) = document.root.get("params").and_then(Node::as_map).cloned() else { return };
    if !declared.iter().any(|entry| takes_rows(&entry.value)) {
        return;
    }
    let parts: Vec<FileId> = document.parts().collect();
    let world = World { files, sources, spec: document.file, parts: &parts };
    let mut tables = Tables { world, known: HashMap::new(), diagnostics };
    document.root = tables.in_batch(&document.root, &declared, profiles, true);
    // What is written over in a part is read by nobody.
    for layer in &mut document.layers {
        *layer = tables.in_batch(layer, &declared, profiles, false);
    }
}

/// Reads the rows that the command line gives to parameters, be it in a file of values.
pub fn read_given_tables(
    given: &mut [Map],
    specs: &[Document],
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    for layer in given {
        for Entry { key, value } in layer.clone() {
            let takes = |spec: &Document| spec.root.at(&["params", &key.text]).is_some_and(takes_rows);
            if lone_rows(&value).is_some() && specs.iter().any(takes) {
                let world = World { files, sources, spec: value.origin().file, parts: &[] };
                let mut tables = Tables { world, known: HashMap::new(), diagnostics };
                let value = tables.value(&value);
                layer.set(key, value);
            }
        }
    }
}

/// Whether the value of a parameter is a list, so that rows may stand for it.
pub(super) fn takes_rows(declaration: &Node) -> bool {
    let is_array = |ty: &Node| ty.as_str() == Some("array");
    declaration.as_seq().is_some()
        || declaration.get("rows").is_some()
        || declaration.get("default").is_some_and(|default| default.as_seq().is_some())
        || declaration.get("type").is_some_and(|ty| is_array(ty) || ty.as_seq().into_iter().flatten().any(is_array))
}

/// Returns what stands under `rows` where nothing else is written.
pub(super) fn lone_rows(value: &Node) -> Option<&Node> {
    let only = value.as_map().filter(|map| map.len() == 1)?;
    only.get("rows")
}

/// The rows of one spec.
struct Tables<'a> {
    world: World<'a>,
    /// Those that were read, by where they are named.
    known: HashMap<Origin, Node>,
    diagnostics: &'a mut Diagnostics,
}

impl Tables<'_> {
    /// Returns a batch, or a part of one, with its rows.
    fn in_batch(&mut self, root: &Node, declared: &Map, profiles: &[SmolStr], is_whole: bool) -> Node {
        let root = changed(root, "params", &mut |params| {
            each(params, &mut |entry| {
                changed(&entry.value, "rows", &mut |rows| match self.known.get(&rows.origin()) {
                    Some(known) => known.clone(),
                    None if is_whole => self.rows(rows),
                    None => rows.clone(),
                })
            })
        });
        changed(&root, "profiles", &mut |all| {
            each(all, &mut |profile| {
                if !profiles.contains(&profile.key.text) {
                    return profile.value.clone();
                }
                changed(&profile.value, "params", &mut |params| {
                    each(params, &mut |entry| {
                        let is_given = declared.get(&entry.key.text).is_some_and(takes_rows);
                        if is_given { self.value(&entry.value) } else { entry.value.clone() }
                    })
                })
            })
        })
    }

    /// Returns a given value: the rows where it names them.
    fn value(&mut self, value: &Node) -> Node {
        let Some(rows) = lone_rows(value) else { return value.clone() };
        let read = self.rows(rows);
        if read.as_seq().is_some() { read } else { changed(value, "rows", &mut |_| read.clone()) }
    }

    fn rows(&mut self, written: &Node) -> Node {
        if let Some(known) = self.known.get(&written.origin()) {
            return known.clone();
        }
        let file = self.world.sources.next_id();
        let read = if let Some((rows, origin)) = rows::read(written, &mut self.world, self.diagnostics) {
            rows::as_list(rows, origin)
        } else {
            let text = self.world.sources.file(file).map(|file| file.text.len());
            Node::new(Value::Null, text.map_or(written.origin(), |end| Origin::new(file, 0, end)))
        };
        self.known.insert(written.origin(), read.clone());
        read
    }
}

/// Returns a mapping with another value under a key, where it has that.
fn changed(node: &Node, key: &str, change: &mut dyn FnMut(&Node) -> Node) -> Node {
    let Some((map, entry)) = node.as_map().and_then(|map| Some((map, map.entry(key)?))) else { return node.clone() };
    let mut map = map.clone();
    map.set(entry.key.clone(), change(&entry.value));
    Node::map(map, node.origin())
}

/// Returns a mapping with other values.
fn each(node: &Node, change: &mut dyn FnMut(&Entry) -> Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let entries = map.iter().map(|entry| Entry { key: entry.key.clone(), value: change(entry) });
    Node::map(entries.collect(), node.origin())
}
