//! A tree to YAML, as kubectl would write it.
//!
//! A [`Node`] enters; block style leaves: two spaces a level, lists not indented below their key, keys in the order of
//! the tree. Reading the result gives the same tree by meaning, whoever reads it.

use super::quote::{self, Style};
use super::scalar::{Scalar, scalar};
use crate::text::{Map, Node, Value};

/// Readers look no further than this for the colon after a key.
const MAX_KEY_BYTES: usize = 1000;

/// Writes a tree and the line break after it.
pub fn write(node: &Node, out: &mut Vec<u8>) {
    write_around(node, out, &mut Vec::new());
}

/// A scalar that is left out of what is written around it.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The number of the hole that stands there.
    pub slot: usize,
    /// What is written before it.
    pub start: usize,
    indent: usize,
}

impl Gap {
    /// Writes a scalar into the gap, and the line break.
    pub fn fill(&self, node: &Node, out: &mut Vec<u8>) {
        leaf(node.value(), self.indent, out);
    }
}

/// Writes a tree as [`write`] does, but for what stands in holes: of each instance that goes into a gap.
pub fn write_around(node: &Node, out: &mut Vec<u8>, gaps: &mut Vec<Gap>) {
    let mut writer = Writer { out, gaps };
    match node.sample() {
        Value::Map(map) if !map.is_empty() => writer.mapping(map, 0, false),
        Value::Seq(items) if !items.is_empty() => writer.sequence(items, 0, false),
        // A text that is all of a document has no parent to be indented below.
        Value::String(text) | Value::Raw(text) if text.contains('\n') => {
            quote::double(text, writer.out);
            writer.out.push(b'\n');
        }
        _ => writer.leaf(node, 0),
    }
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    gaps: &'a mut Vec<Gap>,
}

impl Writer<'_> {
    /// Writes entries at `indent`; the first follows a `- ` when `inline`.
    fn mapping(&mut self, map: &Map, indent: usize, inline: bool) {
        let mut placed = inline;
        for entry in map {
            if !placed {
                pad(indent, self.out);
            }
            placed = false;
            key(&entry.key.text, indent, self.out);
            match entry.value.sample() {
                Value::Map(map) if !map.is_empty() => {
                    self.out.push(b'\n');
                    self.mapping(map, indent + 2, false);
                }
                Value::Seq(items) if !items.is_empty() => {
                    self.out.push(b'\n');
                    self.sequence(items, indent, false);
                }
                _ => {
                    self.out.push(b' ');
                    self.leaf(&entry.value, indent);
                }
            }
        }
    }

    /// Writes items at `indent`; the first follows another `- ` when `inline`.
    fn sequence(&mut self, items: &[Node], indent: usize, inline: bool) {
        let mut placed = inline;
        for item in items {
            if !placed {
                pad(indent, self.out);
            }
            placed = false;
            self.out.extend_from_slice(b"- ");
            match item.sample() {
                Value::Map(map) if !map.is_empty() => self.mapping(map, indent + 2, true),
                Value::Seq(items) if !items.is_empty() => self.sequence(items, indent + 2, true),
                _ => self.leaf(item, indent),
            }
        }
    }

    fn leaf(&mut self, node: &Node, indent: usize) {
        match node.as_hole() {
            Some(hole) => self.gaps.push(Gap { slot: hole.slot(), start: self.out.len(), indent }),
            None => leaf(node.value(), indent, self.out),
        }
    }
}

fn key(text: &str, indent: usize, out: &mut Vec<u8>) {
    let start = out.len();
    match quote::key_style(text) {
        Style::Plain => out.extend_from_slice(text.as_bytes()),
        Style::Single => quote::single(text, out),
        Style::Double | Style::Literal => quote::double(text, out),
    }
    if out.len() - start > MAX_KEY_BYTES {
        out.splice(start..start, *b"? ");
        out.push(b'\n');
        pad(indent, out);
    }
    out.push(b':');
}

/// Writes what fits behind a key or a dash at `indent`, and the line break.
fn leaf(value: &Value, indent: usize, out: &mut Vec<u8>) {
    match value {
        Value::Map(_) => out.extend_from_slice(b"{}"),
        Value::Seq(_) => out.extend_from_slice(b"[]"),
        value => match scalar(value) {
            Scalar::Word(word) => out.extend_from_slice(word.as_bytes()),
            Scalar::Number(number) => out.extend_from_slice(number.as_bytes()),
            Scalar::Endless(text) => out.extend_from_slice(text.as_bytes()),
            Scalar::Text(text) => match quote::style(text) {
                Style::Plain => out.extend_from_slice(text.as_bytes()),
                Style::Single => quote::single(text, out),
                Style::Double => quote::double(text, out),
                Style::Literal => literal(text, indent + 2, out),
            },
        },
    }
    out.push(b'\n');
}

/// Writes all of a literal but its last line break.
fn literal(text: &str, indent: usize, out: &mut Vec<u8>) {
    out.push(b'|');
    if text.starts_with([' ', '\t', '\n']) {
        out.push(b'2');
    }
    if !text.ends_with('\n') {
        out.push(b'-');
    } else if text.ends_with("\n\n") {
        out.push(b'+');
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push(b'\n');
        if !line.is_empty() {
            pad(indent, out);
            out.extend_from_slice(line.as_bytes());
        }
    }
}

/// Writes spaces.
pub(super) fn pad(mut width: usize, out: &mut Vec<u8>) {
    const SPACES: &[u8; 64] = &[b' '; 64];
    while width > SPACES.len() {
        out.extend_from_slice(SPACES);
        width -= SPACES.len();
    }
    out.extend_from_slice(&SPACES[..width]);
}
