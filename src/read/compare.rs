//! Both readers, side by side, for tests and for `fuzz/`.
//!
//! A text enters; where the fast reader answers, it says what the reader of all YAML says, places included.

use std::fmt::Write;

use super::{plain, split, whole};
use crate::text::{Entry, FileId, Node, Origin, Value};

/// The number of the file that is compared.
pub(super) const FILE: FileId = FileId(7);

/// Reads each document of a text with both readers, and returns how many the fast one read, and of how many; otherwise
/// where they differ.
pub fn compare_readers(text: &str) -> Result<(usize, usize), String> {
    let chunks = split(text);
    let mut answered = 0;
    for chunk in &chunks {
        let Some(root) = plain::read(text, FILE, chunk.clone()) else { continue };
        answered += 1;
        let (roots, findings) = whole::read(text, FILE, chunk.clone());
        let document = &text[chunk.clone()];
        if let Some(finding) = findings.first() {
            return Err(format!("{finding:?} in {document:?}"));
        }
        let (fast, sound) = (shown(&[root]), shown(&roots));
        if fast != sound {
            let differs = fast.lines().zip(sound.lines()).find(|(fast, sound)| fast != sound);
            return Err(format!("{differs:?} in {document:?}"));
        }
    }
    Ok((answered, chunks.len()))
}

/// Shows all that nodes hold, a line for each scalar and each key.
fn shown(nodes: &[Node]) -> String {
    let mut text = String::new();
    nodes.iter().for_each(|node| show(node, 0, &mut text));
    text
}

fn show(node: &Node, indent: usize, into: &mut String) {
    let Origin { file: FileId(file), start, end } = node.origin();
    let place = format!("{:indent$}{file}:{start}..{end}", "");
    // Writing to a text cannot fail.
    let _ = match node.value() {
        Value::Seq(items) => writeln!(into, "{place} list of {}", items.len()),
        Value::Map(map) => writeln!(into, "{place} mapping of {}", map.len()),
        scalar => writeln!(into, "{place} {scalar:?}"),
    };
    match node.value() {
        Value::Seq(items) => items.iter().for_each(|item| show(item, indent + 2, into)),
        Value::Map(map) => {
            for Entry { key, value } in map {
                let _ = writeln!(into, "{:indent$}{key:?}", "");
                show(value, indent + 2, into);
            }
        }
        _ => {}
    }
}
