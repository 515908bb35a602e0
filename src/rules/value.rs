//! What several rules hold values to: ports, names, bounds. A value of another type than expected is left alone.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::at::number;
use super::{At, Check};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, words};
use crate::kubernetes::name::port_name;
use crate::text::{Map, Node, Origin, Value};

/// The most bytes and entries of the parameters of a class.
const PARAMETER_BYTES: usize = 256 << 10;
const PARAMETERS: usize = 512;

/// Reports a whole number that is no port.
pub(super) fn port(at: &mut At<'_>, place: impl Display, node: &Node) {
    within(at, place, node, "a port", 1..=65535);
}

/// Reports what is neither the number of a port nor the name of one.
pub(super) fn port_or_name(at: &mut At<'_>, place: impl Display, node: &Node) {
    match node.value() {
        // A quoted number is a name.
        Value::String(_) | Value::Raw(_) => named(at, place, node, "a port of a container", port_name),
        _ => port(at, place, node),
    }
}

/// Reports a whole number out of bounds; `what` is expected.
pub(super) fn within(at: &mut At<'_>, place: impl Display, node: &Node, what: &str, bounds: RangeInclusive<i64>) {
    if let Some(found) = number(node).filter(|found| !bounds.contains(found)) {
        let (least, most) = bounds.into_inner();
        at.invalid(place, node, format!("expected {what} from {least} to {most}, found `{found}`"));
    }
}

/// Reports a whole number below a bound; `what` is expected.
pub(super) fn at_least(at: &mut At<'_>, place: impl Display, node: &Node, what: &str, least: i64) {
    if let Some(found) = number(node).filter(|found| *found < least) {
        at.invalid(place, node, format!("expected {what} of at least {least}, found `{found}`"));
    }
}

/// Reports a text that is no name, or none at all.
pub(super) fn named(at: &mut At<'_>, place: impl Display, node: &Node, what: &str, is: Check) {
    let Some(text) = node.as_str() else { return };
    if let Err(reason) = is(text) {
        let message = format!("{} is no name for {what}: {reason}", words::word(text));
        at.report(place, Diagnostic::new(Code::InvalidName, node.origin(), message));
    }
}

/// Reports a text that is no name; an empty one is none, and fine.
pub(super) fn named_if_any(at: &mut At<'_>, place: impl Display, node: Option<&Node>, what: &str, is: Check) {
    if let Some(node) = node.filter(|node| node.as_str() != Some("")) {
        named(at, place, node, what, is);
    }
}

/// Reports a text that is none of the values, an empty one among them, and returns whether it is one.
pub(super) fn one_of(at: &mut At<'_>, place: impl Display, node: &Node, values: &[&str]) -> bool {
    let Some(text) = node.as_str() else { return true };
    let known = values.contains(&text);
    if !known {
        let list = words::list(values.iter().copied().filter(|value| !value.is_empty()), "or");
        let message = format!("expected {list}, found {}", words::word(text));
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report(place, finding.did_you_mean_word(text, values.iter().copied()));
    }
    known
}

/// Reports a text that must not be empty and is.
pub(super) fn filled(at: &mut At<'_>, place: impl Display, node: Option<&Node>, what: &str) {
    if let Some(node) = node.filter(|node| node.as_str() == Some("")) {
        at.invalid(place, node, format!("expected {what}, found an empty text"));
    }
}

/// Reports a field that may not be there.
pub(super) fn forbid(at: &mut At<'_>, place: impl Display, node: &Node, message: impl Into<String>, help: &str) {
    at.report(place, Diagnostic::new(Code::ForbiddenField, node.origin(), message).help(help));
}

/// Adds an entry to a mapping, after the first one that it has.
pub(super) fn added(node: &Node, entry: &str) -> Option<Edit> {
    Some(Edit::beside(node.as_map()?.iter().next()?, entry))
}

/// Removes an item of a list that is another one once more.
pub(super) fn without_repetition(first: &Node, again: &Node) -> Option<Fix> {
    (first == again).then(|| Fix::safe([Edit::without_item(again.origin())]))
}

/// Reports a field that must be there, of a structure below the one at hand that is written at `origin`.
pub(super) fn missing(at: &mut At<'_>, place: impl Display, origin: Origin, message: impl Into<String>) {
    at.report(place, Diagnostic::new(Code::MissingField, origin, message));
}

/// Reports what is there a second time.
pub(super) fn again(at: &mut At<'_>, place: impl Display, node: &Node, first: Origin, message: impl Into<String>) {
    at.report(place, Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(first, "the first time"));
}

/// Returns the percentage that a text is, `10%`; a vast one is the largest number.
pub(super) fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty())?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whether a list or mapping of a field holds anything.
pub(super) fn has_any(node: Option<&Node>) -> bool {
    node.is_some_and(|node| {
        node.as_seq().is_some_and(|items| !items.is_empty()) || node.as_map().is_some_and(|map| !map.is_empty())
    })
}

/// Returns the bytes of all keys and texts of a mapping.
pub(super) fn bytes_of(map: &Map) -> usize {
    map.iter().map(|entry| entry.key.text.len() + entry.value.as_str().map_or(0, str::len)).sum()
}

/// Checks the `parameters` of a class, which stand at the node.
pub(super) fn parameters(at: &mut At<'_>, node: &Node, map: &Map) {
    let bytes = bytes_of(map);
    if map.len() > PARAMETERS {
        at.invalid("parameters", node, format!("expected at most {PARAMETERS} entries, found {}", map.len()));
    } else if bytes > PARAMETER_BYTES {
        at.invalid("parameters", node, format!("expected at most {PARAMETER_BYTES} bytes, found {bytes}"));
    } else if let Some(entry) = map.entry("") {
        at.invalid("parameters", &entry.value, "expected a name for each parameter, found an empty text");
    }
}

/// Reports each name that is there again, with the place of the first one.
pub(super) fn check_once<'a>(
    at: &mut At<'_>,
    names: impl IntoIterator<Item = (String, &'a Node)>,
    message: impl Fn(&str) -> String,
) {
    let mut seen: HashMap<&str, Origin> = HashMap::new();
    for (place, node) in names {
        let Some(name) = node.as_str().filter(|name| !name.is_empty()) else { continue };
        if let Some(first) = seen.get(name) {
            let finding =
                Diagnostic::new(Code::DuplicateValue, node.origin(), message(name)).also(*first, "first here");
            at.report(place, finding);
        } else {
            seen.insert(name, node.origin());
        }
    }
}
