//! What a call costs, as the server counts it (`pkg/cel/library/cost.go` of `k8s.io/apiserver`, `runtimecost.go` of cel-go).

use super::super::value::{Opaque, Value};
use super::super::work;

/// A tenth of a unit for each character that is looked at.
const CHARACTER: f64 = 0.1;
/// A quarter for each character of a pattern.
const PATTERN: f64 = 0.25;
/// What a new list costs.
pub(in crate::cel) const LIST: u64 = 10;
/// What a new mapping costs.
pub(in crate::cel) const MAP: u64 = 30;

/// How a call is counted.
#[derive(Clone, Copy, Debug)]
pub(in crate::cel) enum Cost {
    /// One unit.
    One,
    /// The characters of an argument, so many times.
    Scan(usize, f64),
    /// The characters of what is converted.
    Convert,
    /// The characters of the result, so many times.
    Result(f64),
    /// A pattern on a text.
    Match,
    /// A text in a text.
    Contains,
    /// The shorter of two.
    Shorter,
    /// Both together, where they are texts.
    Both,
    /// The items of the second argument, where it is a list.
    Items,
    /// All that the first argument holds.
    Traverse,
    /// A new list as long as the result.
    NewList,
    /// A new list of the items, so often as the second argument says.
    Flatten,
    /// Each item with each other.
    Pairs,
    /// A format, which is a pattern of so many characters for each format.
    Format,
    /// A network with an address, or with a network.
    Network(bool),
    /// Each item of one list with each of the other, so many times.
    Sets(u64),
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn ceil(size: u64, factor: f64) -> u64 {
    (size as f64 * factor).ceil() as u64
}

fn size(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Optional(Some(inner))) => size(Some(inner)),
        Some(Value::Opaque(opaque)) => match &**opaque {
            Opaque::Ip(ip) if ip.is_ipv4() => 4,
            Opaque::Ip(_) => 16,
            Opaque::Cidr(_, bits) => u64::from(bits.div_ceil(8)),
            _ => 1,
        },
        Some(value) => value.size().map_or(1, |size| size as u64),
        None => 1,
    }
}

impl Cost {
    /// Whether it is counted only where the form of the function is known before: one unit is counted otherwise.
    pub(in crate::cel) fn is_of_form(self) -> bool {
        matches!(self, Self::Convert | Self::Shorter | Self::Both | Self::Items | Self::Pairs)
    }

    /// Whether what it costs is known before, and may be more than anybody waits for.
    pub(in crate::cel) fn is_steep(self) -> bool {
        matches!(self, Self::Pairs | Self::Sets(_))
    }

    /// Returns what a call costs.
    pub(in crate::cel) fn of(self, args: &[Value], result: &Value) -> u64 {
        let first = || size(args.first());
        let second = || size(args.get(1));
        match self {
            Self::One => 1,
            Self::Scan(at, times) => ceil(size(args.get(at)), CHARACTER * times),
            Self::Convert => ceil(first(), CHARACTER),
            Self::Result(times) => ceil(size(Some(result)), CHARACTER * times),
            Self::Match => ceil(first() + 1, CHARACTER) * ceil(second(), PATTERN),
            Self::Contains => ceil(first(), CHARACTER) * ceil(second(), CHARACTER),
            Self::Shorter => ceil(first().min(second()), CHARACTER),
            Self::Both => match args {
                [Value::Text(_) | Value::Bytes(_), _] => ceil(first() + second(), CHARACTER),
                _ => 1,
            },
            Self::Items => match args.get(1) {
                Some(list) if list.is_list() => second(),
                _ => 1,
            },
            Self::Traverse => args.first().map_or(0, traverse),
            Self::NewList => size(Some(result)) + 1 + LIST,
            Self::Flatten => {
                let depth =
                    if let Some(Value::Int(depth)) = args.get(1) { u64::try_from(*depth).unwrap_or(1) } else { 1 };
                first().saturating_mul(depth) + 1 + LIST
            }
            Self::Pairs => {
                let items = args.first().and_then(Value::items).unwrap_or_default();
                let is_text =
                    items.first().is_some_and(|item| matches!(item.settled(), Value::Text(_) | Value::Bytes(_)));
                pairs(items.len() as u64, is_text)
            }
            Self::Format => {
                let pattern = match args.first() {
                    Some(Value::Opaque(opaque)) => match &**opaque {
                        Opaque::Format(name) => super::formats::pattern_size(name),
                        _ => 1,
                    },
                    _ => 1,
                };
                ceil(second() + 1, CHARACTER) * ceil(pattern, PATTERN)
            }
            Self::Network(is_network) => {
                let mut cost = ceil(2 * first(), CHARACTER);
                if is_network {
                    cost += ceil(first(), CHARACTER) + 1;
                }
                if let Some(Value::Text(_)) = args.get(1) {
                    cost += ceil(second(), CHARACTER);
                }
                cost
            }
            Self::Sets(times) => first().saturating_mul(second()).saturating_mul(times) + 1,
        }
    }
}

/// Returns what it costs to hold so many items against each other.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(in crate::cel) fn pairs(items: u64, is_text: bool) -> u64 {
    let factor = if is_text { 2.0 + CHARACTER } else { 2.0 };
    (items.saturating_mul(items) as f64 * factor) as u64 + 1 + LIST
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn traverse(value: &Value) -> u64 {
    if !work::take(1) {
        return 0;
    }
    match value.settled() {
        Value::Text(text) => (text.len() as f64 * CHARACTER) as u64,
        Value::Bytes(bytes) => (bytes.len() as f64 * CHARACTER) as u64,
        other => {
            if let Some(items) = other.items() {
                items.iter().map(traverse).sum()
            } else if let Some(entries) = other.entries() {
                entries.iter().map(|(key, value)| traverse(key) + traverse(value)).sum()
            } else {
                1
            }
        }
    }
}
