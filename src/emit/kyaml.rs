//! A tree to KYAML, as `kubectl -o kyaml` would write it.
//!
//! A [`Node`] enters; flow style leaves: braces and brackets, trailing commas, every text in double quotes, keys
//! without quotes where no reader can take them for anything else. White space means nothing in the result.

use super::quote::{self, Style};
use super::scalar::{Scalar, scalar};
use super::yaml::pad;
use crate::text::harmless::active_at;
use crate::text::{Map, Node, Value};

/// Readers look no further than this for the colon after a key.
const MAX_KEY_BYTES: usize = 1000;

/// Writes a tree without a line break after it.
pub fn write(node: &Node, out: &mut Vec<u8>) {
    write_at(node, 0, out);
}

fn write_at(node: &Node, indent: usize, out: &mut Vec<u8>) {
    match node.value() {
        Value::Map(map) => mapping(map, indent, out),
        Value::Seq(items) => sequence(items, indent, out),
        value => match scalar(value) {
            Scalar::Word(word) => out.extend_from_slice(word.as_bytes()),
            Scalar::Number(number) => out.extend_from_slice(number.as_bytes()),
            Scalar::Endless(text) => out.extend_from_slice(text.as_bytes()),
            Scalar::Text(text) if text.contains('\n') => lines(text, indent + 2, out),
            Scalar::Text(text) => {
                out.push(b'"');
                put_all(text, b"\t", out);
                out.push(b'"');
            }
        },
    }
}

fn mapping(map: &Map, indent: usize, out: &mut Vec<u8>) {
    if map.is_empty() {
        out.extend_from_slice(b"{}");
        return;
    }
    out.extend_from_slice(b"{\n");
    for entry in map {
        pad(indent + 2, out);
        key(&entry.key.text, out);
        write_at(&entry.value, indent + 2, out);
        out.extend_from_slice(b",\n");
    }
    pad(indent, out);
    out.push(b'}');
}

/// Writes a list: brackets and braces share a line where all items have them.
fn sequence(items: &[Node], indent: usize, out: &mut Vec<u8>) {
    out.push(b'[');
    if items.iter().all(|item| matches!(item.value(), Value::Map(_) | Value::Seq(_))) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            write_at(item, indent, out);
        }
    } else {
        out.push(b'\n');
        for item in items {
            pad(indent + 2, out);
            write_at(item, indent + 2, out);
            out.extend_from_slice(b",\n");
        }
        pad(indent, out);
    }
    out.push(b']');
}

fn key(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    if needs_quotes(text) {
        out.push(b'"');
        put_all(text, b"\\t", out);
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    if out.len() - start > MAX_KEY_BYTES {
        out.splice(start..start, *b"? ");
    }
    out.extend_from_slice(b": ");
}

/// Writes a text of several lines, each on its own: an escaped line break joins them.
fn lines(text: &str, indent: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"\\\n");
    for (at, line) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\\n\\\n");
        }
        pad(indent, out);
        // Blanks at the start of a line would be folded away: the first is escaped, and other lines stay level with it.
        out.push(if line.starts_with([' ', '\t']) { b'\\' } else { b' ' });
        put_all(line, b"\t", out);
    }
    out.extend_from_slice(if text.ends_with('\n') { b"\\n\\\n" } else { b"\\\n" });
    pad(indent, out);
    out.push(b'"');
}

fn put_all(text: &str, tab: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let is_itself = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let (itself, other) = rest.split_at(rest.bytes().take_while(is_itself).count());
        out.extend_from_slice(itself.as_bytes());
        let mut others = other.chars();
        let Some(character) = others.next() else { break };
        if !character.is_ascii() && active_at(text, text.len() - other.len()).is_some() {
            escape(character, out);
        } else {
            put(character, tab, out);
        }
        rest = others.as_str();
    }
}

fn put(character: char, tab: &[u8], out: &mut Vec<u8>) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\t' => out.extend_from_slice(tab),
        _ if is_printable(character) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => escape(character, out),
    }
}

fn escape(character: char, out: &mut Vec<u8>) {
    let code = u32::from(character);
    let short = match code {
        0x00 => b'0',
        0x07 => b'a',
        0x08 => b'b',
        0x0A => b'n',
        0x0B => b'v',
        0x0C => b'f',
        0x0D => b'r',
        0x1B => b'e',
        0x85 => b'N',
        0xA0 => b'_',
        0x2028 => b'L',
        0x2029 => b'P',
        _ => {
            let (mark, digits) = match code {
                0..=0x1F | 0x7F => (b'x', 2),
                0x80..=0xFFFF => (b'u', 4),
                _ => (b'U', 8),
            };
            out.extend_from_slice(&[b'\\', mark]);
            out.extend((0..digits).rev().map(|digit| b"0123456789abcdef"[(code >> (4 * digit) & 0xF) as usize]));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Whether the character is a letter, mark, number, sign or symbol.
fn is_printable(character: char) -> bool {
    // The standard library escapes in its debug notation what is none of these, and marks that follow nothing.
    let mut pair = [b'.'; 5];
    let width = character.encode_utf8(&mut pair[1..]).len();
    std::str::from_utf8(&pair[..=width]).is_ok_and(|pair| pair.escape_debug().nth(1) != Some('\\'))
}

fn needs_quotes(key: &str) -> bool {
    quote::style(key) != Style::Plain || has_odd_characters(key) || is_ambiguous(key)
}

fn has_odd_characters(key: &str) -> bool {
    let inner = key.trim_matches(|character: char| character.is_alphanumeric() || character == '_');
    key.starts_with(['-', '.', '/'])
        || key.ends_with(['-', '.', '/'])
        || !inner.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '/'))
}

/// Whether the key looks like another type to someone, in whatever case, with whatever underscores.
fn is_ambiguous(key: &str) -> bool {
    const WORDS: [&str; 12] = ["null", "true", "t", "y", "yes", "on", "false", "f", "n", "no", "off", "~"];
    if key.len() <= 5 && WORDS.iter().any(|word| key.eq_ignore_ascii_case(word)) {
        return true;
    }
    let first = key.bytes().find(|byte| *byte != b'_').unwrap_or_default();
    if !first.is_ascii_digit() && !matches!(first, b'i' | b'I' | b'n' | b'N') {
        return false;
    }
    let bare = key.replace('_', "").to_ascii_lowercase();
    let is_number = first.is_ascii_digit() && quote::style(&bare) != Style::Plain;
    let is_hex_float = bare.starts_with("0x") && bare.contains('p');
    is_number || is_hex_float || matches!(bare.as_str(), "inf" | "infinity" | "nan")
}
