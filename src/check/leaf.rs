//! Scalars against the type of their field: what kubectl would send, or what the field makes of a text.
//!
//! In a spec the field decides and nothing is ambiguous. In a manifest kubectl's reading decides; where it does not fit
//! the field that is an error, and where it fits but others would read something else, a warning.

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::path::Path;
use super::shape::{Mode, Walk};
use crate::diagnostic::{Code, Diagnostic, Severity, did_you_mean, words};
use crate::kubernetes::{Quantity, Schema, Shape};
use crate::source::scalar::{self, Meaning};
use crate::source::{Entry, Node, Value};

impl Walk<'_> {
    /// Returns the settled scalar of a field, or none where it is settled, or wrong.
    pub(super) fn scalar(&mut self, node: &Node, schema: &Schema, path: &Path<'_>) -> Option<Node> {
        match &schema.shape {
            Shape::Boolean => self.boolean(node, path),
            Shape::Integer => self.integer(node, schema.format.as_deref() == Some("int32"), path),
            Shape::Number => self.number(node, path),
            Shape::Quantity => self.quantity(node, path),
            Shape::IntOrString => self.int_or_string(node, path),
            Shape::Time => self.text(node, "a time", path, |walk, text| walk.check_time(node, text, path)),
            Shape::Bytes => self.text(node, "text in base64", path, |walk, text| walk.check_base64(node, text, path)),
            _ => self.text(node, "a string", path, |walk, text| walk.check_enum(node, text, schema, path)),
        }
    }

    /// Settles a scalar without a type as kubectl reads it.
    pub(super) fn untyped(&mut self, node: &Node, text: &SmolStr, path: &Path<'_>) -> Option<Node> {
        let meaning = scalar::resolve(text);
        if meaning == Meaning::Float(None) {
            self.invalid(node, format!("expected a value that JSON can write, found `{text}`"), None, path);
            return None;
        }
        let settled = words::settled(&meaning, text);
        match self.mode {
            Mode::Manifest => self.warn_of_other_readers(node, text, &settled, false, path),
            Mode::Spec if !agree(text, &settled, false) => {
                let message = format!("readers of YAML disagree: `{text}` is {}", words::readings(text));
                let finding = Diagnostic::new(Code::AmbiguousScalar, node.origin(), message);
                let help = "the field has no type that decides: quote the text, or write the value another way";
                self.report(finding.help(help).fix(node.origin(), words::quoted(text)), path);
                return None;
            }
            Mode::Spec => {}
        }
        Some(Node::new(settled, node.origin()))
    }

    /// Checks the key of a mapping, which kubectl turns into a text.
    pub(super) fn key(&mut self, entry: &Entry, path: &Path<'_>) {
        let text = &entry.key.text;
        if self.mode == Mode::Spec || !entry.key.plain {
            return;
        }
        let sent = match scalar::resolve(text) {
            Meaning::Text => return,
            Meaning::Null => "null".to_smolstr(),
            Meaning::Bool(value) => format_smolstr!("{value}"),
            Meaning::Integer(digits) => digits,
            Meaning::Float(number) => number
                .and_then(|number| number.parse::<f64>().ok())
                .map_or_else(|| text.clone(), |value| format_smolstr!("{value}")),
        };
        if sent != *text {
            let message = format!("expected a string as key, found `{text}`, which kubectl reads as `{sent}`");
            let finding = Diagnostic::new(Code::AmbiguousScalar, entry.key.origin, message)
                .label(format!("becomes the key `{sent}`"))
                .help("quote the key")
                .fix(entry.key.origin, words::quoted(text));
            self.report(finding, path);
        }
    }

    fn text(
        &mut self,
        node: &Node,
        expected: &str,
        path: &Path<'_>,
        check: impl FnOnce(&mut Self, &str),
    ) -> Option<Node> {
        match node.value() {
            Value::String(text) | Value::Raw(text) => {
                check(self, text);
                None
            }
            Value::Plain(text) => {
                let meaning = if self.mode == Mode::Manifest { scalar::resolve(text) } else { Meaning::Text };
                if meaning != Meaning::Text {
                    self.unquoted(node, text, &meaning, expected, path);
                    return None;
                }
                check(self, text);
                Some(Node::string(text.clone(), node.origin()))
            }
            Value::Number(text) if self.mode == Mode::Spec => {
                check(self, text);
                Some(Node::string(text.clone(), node.origin()))
            }
            Value::Bool(value) if self.mode == Mode::Spec => {
                let text = if *value { "true" } else { "false" };
                check(self, text);
                Some(Node::string(text, node.origin()))
            }
            Value::Number(_) | Value::Bool(_) => {
                self.wrong_type(node, expected, path, Some("quote it".to_owned()));
                None
            }
            Value::Null | Value::Seq(_) | Value::Map(_) => {
                self.wrong_type(node, expected, path, None);
                None
            }
        }
    }

    /// Reports a scalar that kubectl reads as no text where a text belongs.
    fn unquoted(&mut self, node: &Node, text: &str, meaning: &Meaning, expected: &str, path: &Path<'_>) {
        let ambiguous = !agree(text, &words::settled(meaning, text), false);
        let found = if self.masked {
            node.type_name().to_owned()
        } else if ambiguous {
            format!("`{}`, which kubectl reads as {}", words::shown(text), words::reading(meaning, text))
        } else {
            words::found(node, false)
        };
        let code = if ambiguous { Code::AmbiguousScalar } else { Code::WrongType };
        let mut finding = Diagnostic::new(code, node.origin(), format!("expected {expected}, found {found}"));
        // A null is left out rather than quoted.
        if *meaning != Meaning::Null {
            finding = finding.label(format!("not {expected} without quotes"));
            finding = if self.masked {
                finding.help("quote the value")
            } else {
                finding.help(format!("quote it: `{}`", words::quoted(text))).fix(node.origin(), words::quoted(text))
            };
        }
        self.report(finding, path);
    }

    fn boolean(&mut self, node: &Node, path: &Path<'_>) -> Option<Node> {
        match node.value() {
            Value::Bool(_) => return None,
            Value::Plain(text) => {
                if let Meaning::Bool(value) = scalar::resolve(text) {
                    self.warn_of_other_readers(node, text, &Value::Bool(value), false, path);
                    return Some(Node::boolean(value, node.origin()));
                }
            }
            _ => {}
        }
        let meant = quoted_text(node).map(scalar::resolve).and_then(|meaning| match meaning {
            Meaning::Bool(value) => Some(format_smolstr!("{value}")),
            _ => None,
        });
        self.quoted(node, "a boolean", meant, path);
        None
    }

    fn integer(&mut self, node: &Node, narrow: bool, path: &Path<'_>) -> Option<Node> {
        const EXPECTED: &str = "an integer";
        let (text, meaning) = match node.value() {
            Value::Number(text) | Value::Plain(text) => (text, scalar::resolve(text)),
            _ => {
                let meant = quoted_text(node).and_then(|text| whole(&scalar::resolve(text)));
                self.quoted(node, EXPECTED, meant, path);
                return None;
            }
        };
        let Some(digits) = whole(&meaning) else {
            self.wrong_type(node, EXPECTED, path, None);
            return None;
        };
        self.check_range(node, &digits, narrow, path);
        if let Value::Number(written) = node.value()
            && *written == digits
        {
            return None;
        }
        let settled = Value::Number(digits);
        self.warn_of_other_readers(node, text, &settled, true, path);
        Some(Node::new(settled, node.origin()))
    }

    fn number(&mut self, node: &Node, path: &Path<'_>) -> Option<Node> {
        match node.value() {
            Value::Number(_) => return None,
            Value::Plain(text) => {
                if let Meaning::Integer(number) | Meaning::Float(Some(number)) = scalar::resolve(text) {
                    let settled = Value::Number(number);
                    self.warn_of_other_readers(node, text, &settled, false, path);
                    return Some(Node::new(settled, node.origin()));
                }
            }
            _ => {}
        }
        let meant =
            quoted_text(node).filter(|text| matches!(scalar::resolve(text), Meaning::Integer(_) | Meaning::Float(_)));
        self.quoted(node, "a number", meant.map(SmolStr::new), path);
        None
    }

    fn quantity(&mut self, node: &Node, path: &Path<'_>) -> Option<Node> {
        let (text, meaning) = match node.value() {
            Value::String(text) | Value::Raw(text) | Value::Number(text) => {
                self.check_quantity(node, text, path);
                return None;
            }
            Value::Plain(text) => (text, scalar::resolve(text)),
            _ => {
                self.wrong_type(node, "a quantity", path, None);
                return None;
            }
        };
        let settled = match (meaning, self.mode) {
            (Meaning::Integer(number) | Meaning::Float(Some(number)), _) if number == *text => Value::Number(number),
            (Meaning::Integer(number) | Meaning::Float(Some(number)), Mode::Manifest) => {
                let settled = Value::Number(number);
                self.warn_of_other_readers(node, text, &settled, false, path);
                settled
            }
            (Meaning::Bool(_) | Meaning::Null, Mode::Manifest) => {
                self.wrong_type(node, "a quantity", path, None);
                return None;
            }
            _ => Value::String(text.clone()),
        };
        let settled = Node::new(settled, node.origin());
        self.check_quantity(&settled, settled.text().unwrap_or(text), path);
        Some(settled)
    }

    fn int_or_string(&mut self, node: &Node, path: &Path<'_>) -> Option<Node> {
        const EXPECTED: &str = "an integer or a string";
        let (text, meaning) = match node.value() {
            Value::String(_) | Value::Raw(_) => return None,
            Value::Plain(text) | Value::Number(text) => (text, scalar::resolve(text)),
            _ => {
                self.wrong_type(node, EXPECTED, path, None);
                return None;
            }
        };
        if let Some(digits) = whole(&meaning) {
            self.check_range(node, &digits, true, path);
            if *node.value() == Value::Number(digits.clone()) {
                return None;
            }
            let settled = Value::Number(digits);
            self.warn_of_other_readers(node, text, &settled, true, path);
            return Some(Node::new(settled, node.origin()));
        }
        match (meaning, self.mode) {
            (Meaning::Float(_), _) => self.wrong_type(node, EXPECTED, path, None),
            (Meaning::Text, _) | (_, Mode::Spec) => return Some(Node::string(text.clone(), node.origin())),
            (meaning, Mode::Manifest) => self.unquoted(node, text, &meaning, EXPECTED, path),
        }
        None
    }

    fn check_range(&mut self, node: &Node, digits: &str, narrow: bool, path: &Path<'_>) {
        let fits = if narrow { digits.parse::<i32>().is_ok() } else { digits.parse::<i64>().is_ok() };
        if !fits {
            let (bits, least, most) =
                if narrow { (32, i64::from(i32::MIN), i64::from(i32::MAX)) } else { (64, i64::MIN, i64::MAX) };
            let message = format!("expected an integer of {bits} bits, found `{}`", words::shown(digits));
            self.invalid(node, message, Some(format!("the field takes {least} to {most}")), path);
        }
    }

    fn check_quantity(&mut self, node: &Node, text: &str, path: &Path<'_>) {
        if let Err(refused) = Quantity::parse(text) {
            self.invalid(node, refused.reason, refused.hint, path);
        }
    }

    fn check_time(&mut self, node: &Node, text: &str, path: &Path<'_>) {
        if !is_time(text) {
            let help = "RFC 3339 has date, time and zone: `2030-01-31T08:00:00Z`".to_owned();
            self.invalid(node, format!("expected a time, found `{}`", words::shown(text)), Some(help), path);
        }
    }

    fn check_base64(&mut self, node: &Node, text: &str, path: &Path<'_>) {
        if !is_base64(text) {
            // The value may be a secret that was not encoded.
            let help = "plain text belongs in `stringData` of a Secret or `data` of a ConfigMap".to_owned();
            self.invalid(
                node,
                "expected text in base64, found other characters or padding".to_owned(),
                Some(help),
                path,
            );
        }
    }

    fn check_enum(&mut self, node: &Node, text: &str, schema: &Schema, path: &Path<'_>) {
        // The server takes an empty text for none, and defaults it.
        if schema.values.is_empty() || text.is_empty() || schema.values.iter().any(|known| known == text) {
            return;
        }
        let values = || schema.values.iter().map(SmolStr::as_str);
        let message = format!("expected {}, found `{}`", words::list(values(), "or"), words::shown(text));
        let mut finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        if let Some(meant) = did_you_mean(text, values()) {
            finding = finding.help(format!("did you mean `{meant}`?")).fix(node.origin(), meant);
        }
        self.report(finding, path);
    }

    fn invalid(&mut self, node: &Node, message: String, help: Option<String>, path: &Path<'_>) {
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        self.report(finding.maybe_help(help), path);
    }

    /// Reports a value of another type, which without its quotes may be the one that was meant.
    fn quoted(&mut self, node: &Node, expected: &str, meant: Option<SmolStr>, path: &Path<'_>) {
        let Some(meant) = meant else { return self.wrong_type(node, expected, path, None) };
        let message = format!("expected {expected}, found {}", words::found(node, self.masked));
        let finding = Diagnostic::new(Code::WrongType, node.origin(), message)
            .label(format!("not {expected} in quotes"))
            .help(format!("remove the quotes: `{meant}`"))
            .fix(node.origin(), meant);
        self.report(finding, path);
    }

    /// Warns of a scalar that fits as kubectl reads it, where another reader would make something else of it.
    fn warn_of_other_readers(&mut self, node: &Node, text: &str, settled: &Value, octal: bool, path: &Path<'_>) {
        if self.mode == Mode::Spec || !matches!(node.value(), Value::Plain(_)) || agree(text, settled, octal) {
            return;
        }
        let message = format!("readers of YAML disagree: `{text}` is {}", words::readings(text));
        let sent = match settled {
            Value::Bool(value) => format!("{value}"),
            Value::Number(number) => number.to_string(),
            _ => words::quoted(text),
        };
        let finding = Diagnostic::new(Code::AmbiguousScalar, node.origin(), message)
            .severity(Severity::Warning)
            .help(format!("write `{sent}`, which all of them read alike"))
            .fix(node.origin(), sent);
        self.report(finding, path);
    }
}

/// Whether all readers make of a scalar what it settled to. `octal` passes over integers that YAML 1.2 alone takes for
/// decimal: every tool that applies manifests agrees on them.
fn agree(text: &str, settled: &Value, octal: bool) -> bool {
    let same = |meaning: &Meaning| match (words::settled(meaning, text), settled) {
        (Value::Number(other), Value::Number(number)) => {
            other == *number || other.parse::<f64>().ok() == number.parse::<f64>().ok()
        }
        (other, settled) => other == *settled,
    };
    // Most are written as they are sent.
    if matches!(settled, Value::Number(number) if number == text) {
        return true;
    }
    same(&scalar::resolve_kustomize(text)) && (same(&scalar::resolve_core(text)) || octal && is_octal(text))
}

fn is_octal(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn quoted_text(node: &Node) -> Option<&str> {
    match node.value() {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Returns the digits of a whole number, `1e3` among them: JSON has one kind of number.
fn whole(meaning: &Meaning) -> Option<SmolStr> {
    match meaning {
        Meaning::Integer(digits) => Some(digits.clone()),
        Meaning::Float(Some(number)) => {
            let value: f64 = number.parse().ok()?;
            (value.fract() == 0.0 && value.abs() < 1e21).then(|| format_smolstr!("{value:.0}"))
        }
        _ => None,
    }
}

/// Whether a text is a time as RFC 3339 writes it.
fn is_time(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let sign = |at: usize, expected: &[u8]| text.as_bytes().get(at).is_some_and(|byte| expected.contains(byte));
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(11..13), number(14..16), number(17..19)) else {
        return false;
    };
    let signs = sign(4, b"-") && sign(7, b"-") && sign(10, b"T") && sign(13, b":") && sign(16, b":");
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    let fraction = text.get(19..).and_then(|rest| rest.strip_prefix('.')).map_or(0, |rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 { usize::MAX } else { digits + 1 }
    });
    let Some(zone) = fraction.checked_add(19).and_then(|at| text.get(at..)) else { return false };
    let zone_fits = zone == "Z"
        || zone.len() == 6 && zone.is_ascii() && zone.starts_with(['+', '-']) && {
            let (hours, minutes) = (zone[1..3].parse::<u8>(), zone[4..].parse::<u8>());
            zone.as_bytes()[3] == b':'
                && hours.is_ok_and(|hours| hours < 24)
                && minutes.is_ok_and(|minutes| minutes < 60)
        };
    signs && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60 && zone_fits
}

/// Whether a text is base64 as the API server takes it: padded, line breaks ignored.
fn is_base64(text: &str) -> bool {
    let mut length = 0_usize;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        length += 1;
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
    }
    length.is_multiple_of(4) && padding <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        for text in ["2030-01-31T08:00:00Z", "2024-02-29T23:59:59.123456+02:00", "2030-01-31T08:00:00-00:30"] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "",
            "2030-01-31",
            "2030-01-31 08:00:00Z",
            "2030-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2030-01-31T08:00:00",
            "2030-01-31T24:00:00Z",
            "2030-01-31T08:00:00.Z",
            "2030-01-31T08:00:00+2:00",
            "2030-01-31T08:00:00Zé",
            "2030-01-00T08:00:00Z",
            "é030-01-31T08:00:00Z",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }

    #[test]
    fn base64_is_padded() {
        for text in ["", "YQ==", "YWI=", "YWJj", "YW\nJj\n", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["YQ", "YQ=", "Y===", "YQ==YQ==", "a b=", "_-_-", "plain text"] {
            assert!(!is_base64(text), "{text}");
        }
    }

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        let digits = |text: &str| whole(&scalar::resolve(text)).map(|digits| digits.to_string());
        assert_eq!(digits("1e3").as_deref(), Some("1000"));
        assert_eq!(digits("1.0").as_deref(), Some("1"));
        assert_eq!(digits("0644").as_deref(), Some("420"));
        assert_eq!(digits("1.5"), None);
        assert_eq!(digits("1e300"), None);
    }
}
