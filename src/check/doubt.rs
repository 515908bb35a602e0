//! What is wrong with a scalar, or doubtful, in words: the findings of [`leaf`](super::leaf).

use smol_str::SmolStr;

use super::gate::held_back;
use super::shape::{Mode, Walk};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Severity, words};
use crate::kubernetes::{Quantity, Schema, is_base64, is_time};
use crate::rules::Path;
use crate::text::scalar::{self, Meaning};
use crate::text::{Node, Value};

/// Fields that tell nothing from what is empty, of which the server looks at neither.
const TAKES_NOTHING: [(&str, &str); 3] = [
    ("core/v1.HostPathVolumeSource", "type"),
    ("core/v1.Lifecycle", "stopSignal"),
    ("storage/v1.StorageClass", "reclaimPolicy"),
];

impl Walk<'_> {
    /// Reports a scalar that kubectl reads as no text where a text belongs.
    pub(super) fn unquoted(&mut self, node: &Node, text: &str, meaning: &Meaning, expected: &str, path: &Path<'_>) {
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
            finding = match printed(text).filter(|_| !self.masked) {
                _ if self.masked => finding.help("quote the value"),
                Some(digits) => {
                    let quoted = words::quoted(&digits);
                    finding
                        .help(format!("write `{quoted}`: `{text}` is likely {digits}, as a template printed it"))
                        .help(format!("quotes alone would keep the text `{text}`"))
                        .fix(node.origin(), quoted)
                }
                None => {
                    let quoted = words::quoted(text);
                    finding
                        .help(format!("quote it: `{quoted}`"))
                        // Where a number may stand too, a text is likely none of those that may.
                        .with_fix(Fix::safe_if(!expected.contains("integer"), [Edit::bytes(node.origin(), quoted)]))
                }
            };
        }
        self.report(finding, path);
    }

    pub(super) fn check_range(&mut self, node: &Node, digits: &str, narrow: bool, path: &Path<'_>) {
        let fits = if narrow { digits.parse::<i32>().is_ok() } else { digits.parse::<i64>().is_ok() };
        if !fits {
            let (bits, least, most) =
                if narrow { (32, i64::from(i32::MIN), i64::from(i32::MAX)) } else { (64, i64::MIN, i64::MAX) };
            let message = format!("expected an integer of {bits} bits, found `{}`", words::shown(digits));
            self.invalid(node, message, Some(format!("the field takes {least} to {most}")), path);
        }
    }

    pub(super) fn check_quantity(&mut self, node: &Node, text: &str, path: &Path<'_>) {
        if text != text.trim() && Quantity::decode(text).is_ok() {
            let message = format!("expected a quantity without white space around it, found `{}`", words::shown(text));
            let bare = text.trim();
            let finding = Diagnostic::new(Code::AmbiguousScalar, node.origin(), message)
                .severity(Severity::Warning)
                .help(format!("the server takes it for `{bare}`, and other programs may not"))
                .with_fix(Fix::safe([Edit::word(node.origin(), text, bare)]));
            self.report(finding, path);
        } else if let Err(refused) = Quantity::decode(text) {
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), refused.reason).maybe_help(refused.hint);
            let fix = refused.meant.map(|meant| Fix::safe([Edit::word(node.origin(), text, meant)]));
            self.report(Diagnostic { fix, ..finding }, path);
        }
    }

    pub(super) fn check_time(&mut self, node: &Node, text: &str, path: &Path<'_>) {
        if !is_time(text) {
            let help = "RFC 3339 has date, time and zone: `2030-01-31T08:00:00Z`".to_owned();
            self.invalid(node, format!("expected a time, found {}", words::word(text)), Some(help), path);
        }
    }

    pub(super) fn check_base64(&mut self, node: &Node, text: &str, path: &Path<'_>) {
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

    pub(super) fn check_enum(&mut self, node: &Node, text: &str, schema: &Schema, path: &Path<'_>) {
        if schema.values.is_empty() || text.is_empty() && !self.holds_word(schema, path) {
            return;
        }
        let held = |value: &str| held_back(self.around.last().map(|(ty, _)| *ty), value, self.facts);
        if schema.values.iter().any(|known| known == text) && held(text).is_none() {
            return;
        }
        let values =
            || schema.values.iter().map(SmolStr::as_str).filter(|value| !value.is_empty() && held(value).is_none());
        let message = format!("expected {}, found {}", words::list(values(), "or"), words::word(text));
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        let finding = match (held(text), &schema.default) {
            (Some(gate), _) => finding.help(format!(
                "`{text}` is behind the feature gate `{gate}`, which is off; where the server has it on, say so: \
                 `--feature-gates {gate}=true`"
            )),
            (None, Some(default)) if text.is_empty() && schema.within.is_none() => {
                finding.help(format!("leave it out for the default, `{}`", default.as_str().unwrap_or_default()))
            }
            _ if text.is_empty() => finding.help("write one of them, or leave it out"),
            _ => finding.did_you_mean_word(text, values()),
        };
        self.report(finding, path);
    }

    /// Whether a word must stand in a field once it is there. An empty text is nothing in most fields, and the server fills
    /// in the default; in one that tells nothing from what is empty, and among items, it is a word that is none.
    fn holds_word(&self, schema: &Schema, path: &Path<'_>) -> bool {
        let Some((ty, _)) = self.around.last() else { return schema.pointer };
        match path {
            Path::Item(..) => true,
            Path::Field(_, name) if TAKES_NOTHING.contains(&(ty.name.as_str(), name)) => false,
            Path::Field(_, name) => schema.pointer || ty.required.iter().any(|required| required == name),
            _ => schema.pointer,
        }
    }

    pub(super) fn invalid(&mut self, node: &Node, message: String, help: Option<String>, path: &Path<'_>) {
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        self.report(finding.maybe_help(help), path);
    }

    /// Reports a value of another type, which without its quotes may be the one that was meant.
    pub(super) fn quoted(&mut self, node: &Node, expected: &str, meant: Option<SmolStr>, path: &Path<'_>) {
        let Some(meant) = meant else { return self.wrong_type(node, expected, path, None) };
        let message = format!("expected {expected}, found {}", words::found(node, self.masked));
        let finding = Diagnostic::new(Code::WrongType, node.origin(), message)
            .label(format!("not {expected} in quotes"))
            .help(format!("remove the quotes: `{meant}`"))
            .with_fix(Fix::safe_if(node.text() == Some(&meant), [Edit::bytes(node.origin(), meant)]));
        self.report(finding, path);
    }

    /// Warns of a scalar that fits as kubectl reads it, where another reader would make something else of it.
    pub(super) fn warn_of_other_readers(
        &mut self,
        node: &Node,
        text: &str,
        settled: &Value,
        octal: bool,
        path: &Path<'_>,
    ) {
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
            // It stays what kubectl sends. Digits that count otherwise than they look may not be what was meant.
            .with_fix(Fix::safe_if(
                !matches!(settled, Value::Number(number) if *number != text.replace('_', "")),
                [Edit::bytes(node.origin(), sent)],
            ));
        self.report(finding, path);
    }
}

/// Returns the digits of a whole number that a template printed with an exponent, as Go prints large floats, or `None`
/// if the text is none.
fn printed(text: &str) -> Option<SmolStr> {
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_printed = exponent.starts_with('+') && plain(digits.trim_start_matches('-')) && digits.len() < text.len();
    super::leaf::whole(&scalar::resolve(text)).filter(|_| is_printed)
}

/// Whether all readers make of a scalar what it settled to. `octal` passes over integers that YAML 1.2 alone takes for
/// decimal: every tool that applies manifests agrees on them.
pub(super) fn agree(text: &str, settled: &Value, octal: bool) -> bool {
    let same = |meaning: &Meaning| match (words::settled(meaning, text), settled) {
        (Value::Number(other), Value::Number(number)) => {
            other == *number || other.parse::<f64>().ok() == number.parse::<f64>().ok()
        }
        (other, settled) => other.meaning() == settled.meaning(),
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
