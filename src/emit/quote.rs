//! Which quotes a text needs, so that every reader takes it for that text.
//!
//! A text enters; its [`Style`], or its quoted bytes, leave. go-yaml 2 (kubectl, Helm, the API server), go-yaml 3
//! (kustomize) and YAML 1.2 readers all read back the identical text. The rules are go-yaml's own, so that a manifest
//! looks as kubectl would write it; they depart from it only where another reader would stumble, or where a multi-line
//! text with tabs would lose its lines.

use crate::text::harmless::active_at;
use crate::text::scalar::{self, Meaning};

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it stands.
    Plain,
    /// In single quotes: only its syntax is in the way.
    Single,
    /// In double quotes: it would be no text without them, or needs escapes.
    Double,
    /// Line by line below a `|`.
    Literal,
}

/// A control character, in one byte.
const CONTROL: u8 = 1;
const TAB: u8 = 1 << 1;
const BREAK: u8 = 1 << 2;
/// `:` or `#`, which end a plain scalar next to a blank.
const MARK: u8 = 1 << 3;
/// The first byte of the sequences among which the characters beyond ASCII are that need escapes.
const WIDE: u8 = 1 << 4;
/// A byte that stands in no number and no timestamp.
const WORD: u8 = 1 << 5;
/// What JSON and YAML escape in double quotes.
const QUOTE: u8 = 1 << 6;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [WORD; 256];
    let numeric = b"0123456789abcdefABCDEFxXoO_.+-:TtZz iInN";
    let mut at = 0;
    while at < numeric.len() {
        classes[numeric[at] as usize] = 0;
        at += 1;
    }
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] |= CONTROL;
        byte += 1;
    }
    classes[b'\t' as usize] = TAB | WORD;
    classes[b'\n' as usize] = BREAK | WORD;
    classes[0x7F] |= CONTROL;
    classes[b':' as usize] |= MARK;
    classes[b'#' as usize] |= MARK;
    classes[b'"' as usize] |= QUOTE;
    classes[b'\\' as usize] |= QUOTE;
    // Of these only: nearly all letters of others are passed over by their first byte.
    let wide: [u8; 9] = [0xC2, 0xCD, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF0, 0xF3];
    let mut at = 0;
    while at < wide.len() {
        classes[wide[at] as usize] |= WIDE;
        at += 1;
    }
    classes
}

/// Returns the style that a text needs as a value.
pub fn style(text: &str) -> Style {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return Style::Double };
    let seen = bytes.iter().fold(0, |seen, byte| seen | CLASSES[*byte as usize]);
    if seen & CONTROL != 0 || (seen & WIDE != 0 && has_unprintable(text)) {
        return Style::Double;
    }
    if seen & BREAK != 0 {
        return if fits_literal(text) { Style::Literal } else { Style::Double };
    }
    if seen & TAB != 0 || is_ambiguous(text, *first, seen) {
        return Style::Double;
    }
    if is_plain(bytes, seen) { Style::Plain } else { Style::Single }
}

/// Returns the style that a text needs as a key, which must stay on its line.
pub fn key_style(text: &str) -> Style {
    match style(text) {
        Style::Literal => Style::Double,
        style => style,
    }
}

/// Writes a text in single quotes.
pub(super) fn single(text: &str, out: &mut Vec<u8>) {
    out.push(b'\'');
    let mut parts = text.split('\'');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        out.extend_from_slice(b"''");
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'\'');
}

/// Writes a text in double quotes with YAML's escapes.
pub(super) fn double(text: &str, out: &mut Vec<u8>) {
    escaped(text, out, |code, out| {
        let short = match code {
            0x00 => b'0',
            0x07 => b'a',
            0x08 => b'b',
            0x09 => b't',
            0x0A => b'n',
            0x0B => b'v',
            0x0C => b'f',
            0x0D => b'r',
            0x1B => b'e',
            0x22 => b'"',
            0x5C => b'\\',
            0x85 => b'N',
            0x2028 => b'L',
            0x2029 => b'P',
            _ => {
                let (mark, digits) = match code {
                    ..0x100 => (b'x', 2),
                    0x100..0x1_0000 => (b'u', 4),
                    _ => (b'U', 8),
                };
                out.extend_from_slice(&[b'\\', mark]);
                return hex(code, digits, out);
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    });
}

/// Writes a text in double quotes with JSON's escapes; YAML readers take the result as well.
pub fn json(text: &str, out: &mut Vec<u8>) {
    escaped(text, out, |code, out| {
        let short = match code {
            0x08 => b'b',
            0x09 => b't',
            0x0A => b'n',
            0x0C => b'f',
            0x0D => b'r',
            0x22 => b'"',
            0x5C => b'\\',
            // Two escapes in the place of one character are none to readers of YAML.
            0x1_0000.. => {
                let letter = char::from_u32(code).unwrap_or_default();
                return out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => {
                out.extend_from_slice(b"\\u");
                return hex(code, 4, out);
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    });
}

fn escaped(text: &str, out: &mut Vec<u8>, escape: impl Fn(u32, &mut Vec<u8>)) {
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let class = CLASSES[bytes[at] as usize];
        let found = if class & (CONTROL | TAB | BREAK | QUOTE) != 0 {
            Some((u32::from(bytes[at]), 1))
        } else if class & WIDE != 0 {
            unprintable(text, at)
        } else {
            None
        };
        if let Some((code, width)) = found {
            out.extend_from_slice(&bytes[copied..at]);
            escape(code, out);
            at += width;
            copied = at;
        } else {
            at += 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

fn hex(code: u32, digits: u32, out: &mut Vec<u8>) {
    out.extend((0..digits).rev().map(|digit| b"0123456789ABCDEF"[(code >> (4 * digit) & 0xF) as usize]));
}

fn has_unprintable(text: &str) -> bool {
    text.char_indices().any(|(at, letter)| !letter.is_ascii() && unprintable(text, at).is_some())
}

/// Returns the code and the bytes of a character beyond ASCII that Go's readers refuse, or take for a line break or a
/// byte-order mark, and of those that nobody sees or that turn the direction of the text around them: a reviewer would
/// read another value than the cluster.
fn unprintable(text: &str, at: usize) -> Option<(u32, usize)> {
    active_at(text, at).map(|letter| (u32::from(letter), letter.len_utf8()))
}

/// Whether a text of several lines can stand below a `|`.
///
/// Blanks at the end of a line could, but editors and formatters take them away.
fn fits_literal(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    !body.is_empty() && !body.split('\n').any(|line| line.ends_with([' ', '\t']))
}

/// Whether some reader takes the bare text for something else than a text.
fn is_ambiguous(text: &str, first: u8, seen: u8) -> bool {
    match first {
        b'+' | b'-' | b'.' | b'0'..=b'9' => seen & WORD == 0 && is_number_to_some(text),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            text.len() <= 5 && scalar::resolve(text) != Meaning::Text
        }
        b'<' => text == "<<",
        b'=' => text == "=",
        _ => false,
    }
}

fn is_number_to_some(text: &str) -> bool {
    scalar::resolve(text) != Meaning::Text || is_radix_number(text) || is_base_60(text) || is_timestamp(text)
}

/// `0x`, `0o` and `0b` numbers that are too large for Go but not for others, and `0b-1`, of which go-yaml cuts the
/// prefix off and reads the rest, sign and all.
fn is_radix_number(text: &str) -> bool {
    let bare = text.replace('_', "");
    let unsigned = bare.strip_prefix(['+', '-']).unwrap_or(&bare);
    let Some((prefix, digits)) = unsigned.split_at_checked(2) else { return false };
    let radix = match prefix {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return false,
    };
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((head, rest)) = unsigned.split_once(':') else { return false };
    let (tail, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    head.starts_with(|first: char| first.is_ascii_digit())
        && digits(head)
        && digits(fraction)
        && tail.split(':').all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// `[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}`, alone or with a time after it. Go reads fewer of them, Python and Ruby these.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at(digits(rest));
    let hour = time.strip_prefix(['T', 't', ' ']).map(str::trim_start);
    year.len() == 4
        && digits(year) == 4
        && (1..=2).contains(&month.len())
        && digits(month) == month.len()
        && (1..=2).contains(&day.len())
        && (time.is_empty() || hour.is_some_and(|hour| digits(hour) > 0))
}

/// Whether nothing in the text means something to YAML's syntax outside of braces and brackets.
fn is_plain(bytes: &[u8], seen: u8) -> bool {
    let blank_at = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b' ');
    let starts_well = match bytes[0] {
        b' ' | b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%'
        | b'@' | b'`' => false,
        b'?' | b':' | b'-' => !blank_at(1),
        _ => true,
    };
    starts_well
        && bytes.last() != Some(&b' ')
        && !bytes.starts_with(b"---")
        && !bytes.starts_with(b"...")
        && (seen & MARK == 0
            || !bytes.iter().enumerate().any(|(at, byte)| match byte {
                b':' => blank_at(at + 1),
                b'#' => at > 0 && bytes[at - 1] == b' ',
                _ => false,
            }))
}
