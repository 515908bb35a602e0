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
    match node.value() {
        Value::Map(map) if !map.is_empty() => mapping(map, 0, false, out),
        Value::Seq(items) if !items.is_empty() => sequence(items, 0, false, out),
        // A text that is all of a document has no parent to be indented below.
        Value::String(text) | Value::Raw(text) if text.contains('\n') => {
            quote::double(text, out);
            out.push(b'\n');
        }
        value => leaf(value, 0, out),
    }
}

/// Writes entries at `indent`; the first follows a `- ` when `inline`.
fn mapping(map: &Map, indent: usize, inline: bool, out: &mut Vec<u8>) {
    let mut placed = inline;
    for entry in map {
        if !placed {
            pad(indent, out);
        }
        placed = false;
        key(&entry.key.text, indent, out);
        match entry.value.value() {
            Value::Map(map) if !map.is_empty() => {
                out.push(b'\n');
                mapping(map, indent + 2, false, out);
            }
            Value::Seq(items) if !items.is_empty() => {
                out.push(b'\n');
                sequence(items, indent, false, out);
            }
            value => {
                out.push(b' ');
                leaf(value, indent, out);
            }
        }
    }
}

/// Writes items at `indent`; the first follows another `- ` when `inline`.
fn sequence(items: &[Node], indent: usize, inline: bool, out: &mut Vec<u8>) {
    let mut placed = inline;
    for item in items {
        if !placed {
            pad(indent, out);
        }
        placed = false;
        out.extend_from_slice(b"- ");
        match item.value() {
            Value::Map(map) if !map.is_empty() => mapping(map, indent + 2, true, out),
            Value::Seq(items) if !items.is_empty() => sequence(items, indent + 2, true, out),
            value => leaf(value, indent, out),
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
