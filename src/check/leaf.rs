//! Scalars against the type of their field: what kubectl would send, or what the field makes of a text.
//!
//! In a spec the field decides and nothing is ambiguous. In a manifest kubectl's reading decides; where it does not fit
//! the field that is an error, and where it fits but others would read something else, a warning.

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::doubt::agree;
use super::shape::{Mode, Walk};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, words};
use crate::kubernetes::{Schema, Shape};
use crate::rules::Path;
use crate::text::scalar::{self, Meaning};
use crate::text::{Entry, Node, Value};

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
                let finding = self.mistyped(node, expected).help("quote it");
                let quoted = node.text().map(|text| Edit::word(node.origin(), text.as_str(), text.as_str()));
                self.report(Diagnostic { fix: quoted.map(|edit| Fix::safe([edit])), ..finding }, path);
                None
            }
            Value::Null | Value::Seq(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(node, expected, path, None);
                None
            }
        }
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
            if matches!(node.value(), Value::Number(number) if *number == digits) {
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
}

fn quoted_text(node: &Node) -> Option<&str> {
    match node.value() {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Returns the digits of a whole number, `1e3` among them: JSON has one kind of number.
pub(super) fn whole(meaning: &Meaning) -> Option<SmolStr> {
    match meaning {
        Meaning::Integer(digits) => Some(digits.clone()),
        Meaning::Float(Some(number)) => {
            let value: f64 = number.parse().ok()?;
            (value.fract() == 0.0 && value.abs() < 1e21).then(|| format_smolstr!("{value:.0}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
