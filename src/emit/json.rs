//! A tree to JSON that YAML readers take as well.
//!
//! A [`Node`] enters; JSON leaves. What Go's YAML readers refuse in it (DEL, C1 controls, NEL, U+2028, U+2029, the
//! byte-order mark, surrogate escapes) never occurs raw, or in the last case at all.

use super::quote;
use super::scalar::{Scalar, scalar};
use super::yaml::pad;
use crate::text::{Node, Value};

/// Writes a tree over several lines, two spaces a level, without a line break after it.
pub fn write(node: &Node, out: &mut Vec<u8>) {
    write_at(node, 0, out);
}

/// Writes a tree on one line, without white space.
pub fn write_compact(node: &Node, out: &mut Vec<u8>) {
    match node.value() {
        Value::Map(map) => {
            out.push(b'{');
            for (at, entry) in map.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quote::json(&entry.key.text, out);
                out.push(b':');
                write_compact(&entry.value, out);
            }
            out.push(b'}');
        }
        Value::Seq(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_compact(item, out);
            }
            out.push(b']');
        }
        value => leaf(value, out),
    }
}

/// Writes a tree whose first line is already indented by `indent`.
pub(super) fn write_at(node: &Node, indent: usize, out: &mut Vec<u8>) {
    match node.value() {
        Value::Map(map) if !map.is_empty() => {
            out.push(b'{');
            for (at, entry) in map.iter().enumerate() {
                next_line(at, indent + 2, out);
                quote::json(&entry.key.text, out);
                out.extend_from_slice(b": ");
                write_at(&entry.value, indent + 2, out);
            }
            out.push(b'\n');
            pad(indent, out);
            out.push(b'}');
        }
        Value::Seq(items) if !items.is_empty() => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                next_line(at, indent + 2, out);
                write_at(item, indent + 2, out);
            }
            out.push(b'\n');
            pad(indent, out);
            out.push(b']');
        }
        Value::Map(_) => out.extend_from_slice(b"{}"),
        Value::Seq(_) => out.extend_from_slice(b"[]"),
        value => leaf(value, out),
    }
}

fn next_line(at: usize, indent: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(if at > 0 { b",\n" } else { b"\n" });
    pad(indent, out);
}

fn leaf(value: &Value, out: &mut Vec<u8>) {
    match scalar(value) {
        Scalar::Word(word) => out.extend_from_slice(word.as_bytes()),
        Scalar::Number(number) => out.extend_from_slice(number.as_bytes()),
        Scalar::Text(text) | Scalar::Endless(text) => quote::json(text, out),
    }
}
