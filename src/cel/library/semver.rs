//! Versions, `1.2.3-rc.1+build`.

use std::cmp::Ordering;

use super::super::run::Fault;
use super::super::value::{Opaque, Value};
use super::{Call, Cost, Form, Outcome};

/// A version.
#[derive(Clone, Debug)]
pub struct Semver {
    numbers: [u64; 3],
    /// What a version before its release is called, part by part.
    pre: Vec<String>,
}

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("semver(string) -> Semver", 33, Cost::Scan(0, 1.0), read),
    Form("semver(string, bool) -> Semver", 33, Cost::Scan(0, 1.0), read),
    Form("isSemver(string) -> bool", 33, Cost::Scan(0, 1.0), |call| Ok(Value::Bool(parsed(call)?.is_some()))),
    Form("isSemver(string, bool) -> bool", 33, Cost::Scan(0, 1.0), |call| Ok(Value::Bool(parsed(call)?.is_some()))),
    Form("Semver.isGreaterThan(Semver) -> bool", 33, Cost::One, |call| Ok(Value::Bool(order(call)?.is_gt()))),
    Form("Semver.isLessThan(Semver) -> bool", 33, Cost::One, |call| Ok(Value::Bool(order(call)?.is_lt()))),
    Form("Semver.compareTo(Semver) -> int", 33, Cost::One, |call| Ok(Value::Int(order(call)? as i64))),
    Form("Semver.major() -> int", 33, Cost::One, |call| number(call, 0)),
    Form("Semver.minor() -> int", 33, Cost::One, |call| number(call, 1)),
    Form("Semver.patch() -> int", 33, Cost::One, |call| number(call, 2)),
];

impl Semver {
    fn parse(text: &str) -> Option<Self> {
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(text, pre)| (text, Some(pre)));
        let is_part =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = |part: &str| !is_number(part) || part == "0" || !part.starts_with('0');
        if !build.is_none_or(|build| build.split('.').all(is_part)) {
            return None;
        }
        let pre: Vec<String> = pre.map(|pre| pre.split('.').map(str::to_owned).collect()).unwrap_or_default();
        if !pre.iter().all(|part| is_part(part) && is_plain(part)) {
            return None;
        }
        let parts: Vec<&str> = numbers.split('.').collect();
        let [major, minor, patch] = parts[..] else { return None };
        let read = |part: &str| part.parse().ok().filter(|_| is_number(part) && is_plain(part));
        Some(Self { numbers: [read(major)?, read(minor)?, read(patch)?], pre })
    }

    /// Reads a version that may lack parts, or start with a `v`, or have zeros in front.
    fn normal(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts: Vec<String> = text.splitn(3, '.').map(str::to_owned).collect();
        for part in &mut parts {
            if part.len() > 1 {
                let trimmed = part.trim_start_matches('0');
                let zero = if trimmed.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
                *part = format!("{zero}{trimmed}");
            }
        }
        if parts.len() < 3 {
            if parts.last().is_some_and(|part| part.contains(['+', '-'])) {
                return None;
            }
            parts.resize(3, "0".to_owned());
        }
        Self::parse(&parts.join("."))
    }

    pub(in crate::cel) fn order(&self, other: &Self) -> Ordering {
        let by_release = match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Equal,
        };
        let parts = || self.pre.iter().zip(&other.pre).map(|(ours, theirs)| part_order(ours, theirs));
        let by_parts = || parts().find(|order| order.is_ne()).unwrap_or_else(|| self.pre.len().cmp(&other.pre.len()));
        self.numbers.cmp(&other.numbers).then(by_release).then_with(by_parts)
    }
}

fn part_order(ours: &str, theirs: &str) -> Ordering {
    match (ours.parse::<u64>(), theirs.parse::<u64>()) {
        (Ok(ours), Ok(theirs)) => ours.cmp(&theirs),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => ours.cmp(theirs),
    }
}

fn parsed(call: &Call<'_>) -> Result<Option<Semver>, Fault> {
    let text = call.text(0)?;
    let normalizes = matches!(call.args.get(1), Some(Value::Bool(true)));
    Ok(if normalizes { Semver::normal(text) } else { Semver::parse(text) })
}

fn read(call: &Call<'_>) -> Outcome {
    let version = parsed(call)?.ok_or_else(|| Fault::failed("the text is no semantic version"))?;
    Ok(Value::opaque(Opaque::Semver(version)))
}

fn version<'a>(call: &'a Call<'_>, at: usize) -> Result<&'a Semver, Fault> {
    match call.value(at)? {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Semver(version) => Ok(version),
            _ => Err(Fault::no_overload()),
        },
        _ => Err(Fault::no_overload()),
    }
}

fn order(call: &Call<'_>) -> Result<Ordering, Fault> {
    Ok(version(call, 0)?.order(version(call, 1)?))
}

fn number(call: &Call<'_>, at: usize) -> Outcome {
    Ok(Value::Int(i64::try_from(version(call, 0)?.numbers[at]).unwrap_or(i64::MAX)))
}
