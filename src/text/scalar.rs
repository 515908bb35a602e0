//! What a plain scalar means to the three readers a manifest meets.
//!
//! kubectl, Helm and the API server read as go-yaml 2 does, kustomize as go-yaml 3, most other tools as YAML 1.2's core
//! schema. The functions are pure and total: every text has one meaning to each reader.

use smol_str::{SmolStr, format_smolstr};

use super::{Node, Value};

/// What a plain scalar stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer, in decimal.
    Integer(SmolStr),
    /// Any other number, in JSON's notation; none for infinities and not-a-number, which JSON cannot write.
    Float(Option<SmolStr>),
    /// A text, as it stands.
    Text,
}

impl Meaning {
    /// Names the type as a finding does.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text => "a string",
        }
    }
}

/// Whether any reader takes the text for null; all of them agree.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Returns the boolean that a value is to a boolean field.
pub fn boolean(node: &Node) -> Option<bool> {
    match node.value() {
        Value::Bool(value) => Some(*value),
        Value::Plain(text) => match resolve(text) {
            Meaning::Bool(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the meaning to kubectl, Helm and the API server.
pub fn resolve(text: &str) -> Meaning {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Meaning::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        _ => resolve_go(text, false),
    }
}

/// Returns the meaning to kustomize.
pub fn resolve_kustomize(text: &str) -> Meaning {
    resolve_go(text, true)
}

/// Returns what both versions of go-yaml read; `third` is the version that knows `0o`.
fn resolve_go(text: &str, third: bool) -> Meaning {
    let first = text.as_bytes().first().copied().unwrap_or(b'~');
    match first {
        b'~' | b'n' | b'N' if is_null(text) => Meaning::Null,
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => Meaning::Bool(true),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => Meaning::Bool(false),
        b'+' | b'-' | b'.' | b'0'..=b'9' => number(text, third),
        _ => Meaning::Text,
    }
}

/// Returns the meaning in the core schema of YAML 1.2.
pub fn resolve_core(text: &str) -> Meaning {
    let meaning = resolve_kustomize(text);
    let digits = text.trim_start_matches(['+', '-']);
    match meaning {
        Meaning::Integer(_) | Meaning::Float(_)
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let stripped = digits.trim_start_matches('0');
            let sign = if text.starts_with('-') && !stripped.is_empty() { "-" } else { "" };
            Meaning::Integer(format_smolstr!("{sign}{}", if stripped.is_empty() { "0" } else { stripped }))
        }
        Meaning::Integer(_) | Meaning::Float(_) if text.contains('_') => Meaning::Text,
        Meaning::Integer(_) if digits.starts_with("0b") || digits.starts_with("0B") => Meaning::Text,
        Meaning::Integer(_) if digits.starts_with("0X") || digits.starts_with("0O") => Meaning::Text,
        Meaning::Integer(_) if digits.starts_with("0o") && digits[2..].starts_with(['+', '-']) => Meaning::Text,
        // The core schema has no sign before `0o` and `0x`.
        Meaning::Integer(_) if digits.len() != text.len() && digits.starts_with('0') => Meaning::Text,
        other => other,
    }
}

/// Returns why readers disagree on a plain scalar: the three meanings, where they are not all the same.
pub fn disagreement(text: &str) -> Option<[Meaning; 3]> {
    let meanings = [resolve(text), resolve_kustomize(text), resolve_core(text)];
    (meanings[0] != meanings[1] || meanings[0] != meanings[2]).then_some(meanings)
}

fn number(text: &str, third: bool) -> Meaning {
    if let Some(special) = special_float(text) {
        return special;
    }
    let without_underscores;
    let plain = if text.contains('_') {
        // Where a text starts with its point, go-yaml takes underscores only between digits.
        if text.starts_with('.') && !text[1..].split('_').all(is_cut_between_digits) {
            return Meaning::Text;
        }
        without_underscores = text.replace('_', "");
        without_underscores.as_str()
    } else {
        text
    };
    let inner = inner_sign(plain, "0b", 2).or_else(|| inner_sign(plain, "0o", 8).filter(|_| third));
    if let Some(integer) = integer(plain).or(inner) {
        return Meaning::Integer(integer);
    }
    if is_decimal_float(plain) {
        return match plain.parse::<f64>() {
            Ok(value) if value.is_finite() => Meaning::Float(Some(json_float(plain, value))),
            _ => Meaning::Text,
        };
    }
    Meaning::Text
}

fn is_cut_between_digits(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_digit()) && part.ends_with(|last: char| last.is_ascii_digit())
}

fn special_float(text: &str) -> Option<Meaning> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let infinite = matches!(unsigned, ".inf" | ".Inf" | ".INF");
    let not_a_number = matches!(text, ".nan" | ".NaN" | ".NAN");
    (infinite || not_a_number).then_some(Meaning::Float(None))
}

/// Reads as Go's `strconv.ParseInt` with base 0 does; decimal numbers may be of any length.
fn integer(text: &str) -> Option<SmolStr> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let bytes = digits.as_bytes();
    let radix = match bytes {
        [b'0', b'x' | b'X', _, ..] => Some((16, 2)),
        [b'0', b'o' | b'O', _, ..] => Some((8, 2)),
        [b'0', b'b' | b'B', _, ..] => Some((2, 2)),
        [b'0', _, ..] => Some((8, 1)),
        _ => None,
    };
    if let Some((radix, skipped)) = radix {
        let value = bytes[skipped..].first().filter(|byte| byte.is_ascii_hexdigit())?;
        debug_assert!(value.is_ascii_hexdigit());
        let value = u64::from_str_radix(&digits[skipped..], radix).ok()?;
        if sign == "-" && value > i64::MIN.unsigned_abs() {
            return None;
        }
        let sign = if value == 0 { "" } else { sign };
        return Some(format_smolstr!("{sign}{value}"));
    }
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sign = if digits == "0" { "" } else { sign };
    Some(if sign.len() + digits.len() == text.len() { SmolStr::new(text) } else { format_smolstr!("{sign}{digits}") })
}

/// Reads a sign after the prefix: go-yaml hands what follows it to a parser that takes one.
fn inner_sign(text: &str, prefix: &str, radix: u32) -> Option<SmolStr> {
    let rest = text.strip_prefix(prefix).filter(|rest| rest.starts_with(['+', '-']))?;
    i64::from_str_radix(rest, radix).ok().map(|value| format_smolstr!("{value}"))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_fits && exponent_fits
}

/// Keeps a decimal as it was written where JSON can write it so; otherwise writes the value.
fn json_float(text: &str, value: f64) -> SmolStr {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let plain = unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let whole = unsigned.split('.').next().unwrap_or_default();
    let written_as_json = plain
        && !whole.is_empty()
        && (whole == "0" || !whole.starts_with('0'))
        && unsigned.contains('.')
        && !unsigned.ends_with('.');
    if written_as_json { SmolStr::new(text) } else { format_smolstr!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_take_old_scalars_differently() {
        let integer = |digits: &str| Meaning::Integer(digits.into());
        assert_eq!(resolve("yes"), Meaning::Bool(true));
        assert_eq!(resolve_kustomize("yes"), Meaning::Text);
        assert_eq!(resolve("0644"), integer("420"));
        assert_eq!(resolve("0o644"), integer("420"));
        assert_eq!(resolve_core("0644"), integer("644"));
        assert_eq!(resolve_core("0o644"), integer("420"));
        assert_eq!(resolve("1_000"), integer("1000"));
        assert_eq!(resolve_core("1_000"), Meaning::Text);
        assert_eq!(resolve("08"), Meaning::Float(Some("8".into())));
        assert_eq!(resolve("1e3"), Meaning::Float(Some("1000".into())));
        assert_eq!(resolve("0.10"), Meaning::Float(Some("0.10".into())));
        assert_eq!(resolve("12:30:45"), Meaning::Text);
        assert_eq!(resolve("2001-01-01"), Meaning::Text);
        assert_eq!(resolve("-0x1F"), integer("-31"));
        assert_eq!(resolve("+5"), integer("5"));
        assert_eq!(resolve("0x"), Meaning::Text);
        assert_eq!(resolve("-"), Meaning::Text);
        assert_eq!(resolve("."), Meaning::Text);
        assert_eq!(resolve("123456789012345678901234567890"), integer("123456789012345678901234567890"));
        assert_eq!(resolve("._1"), Meaning::Text);
        assert_eq!(resolve(".1_0"), Meaning::Float(Some("0.1".into())));
        assert_eq!(resolve("-._1"), Meaning::Float(Some("-0.1".into())));
        assert_eq!(resolve("-0x8000000000000001"), Meaning::Text);
        assert_eq!(resolve("-.inf"), Meaning::Float(None));
        assert_eq!((resolve("0b-11"), resolve_core("0b-11")), (integer("-3"), Meaning::Text));
        assert_eq!((resolve("0o-17"), resolve_kustomize("0o-17")), (Meaning::Text, integer("-15")));
        assert_eq!(resolve_core("0o-17"), Meaning::Text);
        assert!(disagreement("80").is_none());
        assert!(disagreement("1.27").is_none());
        assert!(disagreement("off").is_some());
        assert!(disagreement("08").is_some());
    }
}
