//! What a run on a cluster did, for machines: objects as JSON, and the report file in JSON or JUnit.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Failure;
use super::output;
use crate::apply::{Outcome, Report, Settled, Unready};
use crate::kubernetes::ObjectKey;
use crate::source::{Origin, Sources};

/// The version of the report's form.
const VERSION: u32 = 1;
/// So many different troubles are told one by one.
const MOST_GROUPS: usize = 20;

/// Returns an identity as JSON.
pub(super) fn key(key: &ObjectKey) -> Value {
    json!({ "apiVersion": key.api_version(), "kind": key.kind, "namespace": key.namespace, "name": key.name })
}

/// Returns the end of an object as JSON.
pub(super) fn settled(settled: &Settled) -> Value {
    json!({
        "event": "settled",
        "object": key(&settled.key),
        "outcome": settled.outcome.as_str(),
        "reason": settled.reason,
        "adopted": settled.adopted,
        "tries": settled.tries,
        "seconds": settled.took.as_secs_f64(),
    })
}

/// Returns an object that does not work as JSON.
pub(super) fn unready(unready: &Unready, sources: &Sources) -> Value {
    json!({
        "object": key(&unready.key),
        "place": place(unready.origin, sources),
        "state": unready.state,
        "failed": unready.failed,
        "reasons": unready.reasons,
    })
}

/// Says which objects do not work; those of one kind that lack the same are one line, with the reasons of the first below.
pub(super) fn unready_lines(all: &[Unready], sources: &Sources) -> Vec<String> {
    let mut groups: Vec<(&Unready, Vec<&Unready>)> = Vec::new();
    for unready in all {
        let same = |(first, _): &&mut (&Unready, Vec<&Unready>)| {
            first.key.kind == unready.key.kind && first.state == unready.state && first.failed == unready.failed
        };
        match groups.iter_mut().find(same) {
            Some((_, group)) => group.push(unready),
            None => groups.push((unready, vec![unready])),
        }
    }
    let mut lines: Vec<String> = groups
        .iter()
        .take(MOST_GROUPS)
        .map(|(first, group)| {
            let place = place(first.origin, sources).map(|place| format!(" ({place})")).unwrap_or_default();
            let word = if first.failed { "failed" } else { "not ready" };
            let more = match group.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let mut line = format!("{}{more} {word}: {}{place}", first.key, first.state);
            let told = group.iter().find(|unready| !unready.reasons.is_empty()).unwrap_or(first);
            for reason in &told.reasons {
                let _ = write!(line, "\n    {reason}");
            }
            line
        })
        .collect();
    if groups.len() > MOST_GROUPS {
        let more: usize = groups.iter().skip(MOST_GROUPS).map(|(_, group)| group.len()).sum();
        lines.push(format!("{more} more do not work; `--report FILE` names all"));
    }
    lines
}

fn place(origin: Origin, sources: &Sources) -> Option<String> {
    sources.place(origin).map(|(file, place)| format!("{file}:{}", place.line))
}

/// Writes the report of a run: JUnit where the name ends with `.xml`, JSON elsewhere.
pub(super) fn write(path: &str, report: &Report, sources: &Sources) -> Result<(), Failure> {
    let is_junit = Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xml"));
    let text = if is_junit { junit(report, sources) } else { json(report, sources) };
    output::write_file(text.as_bytes(), Path::new(path), false)?;
    Ok(())
}

fn json(report: &Report, sources: &Sources) -> String {
    let objects: Vec<Value> = report
        .settled
        .iter()
        .map(|entry| {
            let mut value = settled(entry);
            if let Some(object) = value.as_object_mut() {
                object.shift_remove("event");
                object.insert("place".into(), json!(place(entry.origin, sources)));
                object.insert("uid".into(), json!(entry.uid));
            }
            value
        })
        .collect();
    let counts: serde_json::Map<String, Value> =
        Outcome::ALL.iter().map(|outcome| (outcome.as_str().to_owned(), json!(report.count(*outcome)))).collect();
    let waiting: Vec<Value> = report.waiting.iter().map(|object| unready(object, sources)).collect();
    let report = json!({
        "version": VERSION,
        "outcomes": counts,
        "interrupted": report.interrupted,
        "stopped": report.stopped,
        "requests": report.requests,
        "seconds": report.took.as_secs_f64(),
        "objects": objects,
        "unready": waiting,
    });
    format!("{report:#}\n")
}

fn junit(report: &Report, sources: &Sources) -> String {
    let failed = |entry: &&Settled| entry.outcome == Outcome::Failed;
    let skipped = |entry: &&Settled| entry.outcome == Outcome::Skipped;
    let unready = |key: &ObjectKey| report.waiting.iter().find(|unready| unready.key == *key);
    let failures = report.settled.iter().filter(failed).count() + report.waiting.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"fanfold apply\" tests=\"{}\" failures=\"{failures}\" skipped=\"{}\" time=\"{:.3}\">",
        report.settled.len(),
        report.settled.iter().filter(skipped).count(),
        report.took.as_secs_f64()
    );
    for entry in &report.settled {
        let file = sources
            .place(entry.origin)
            .map(|(file, place)| format!(" file=\"{}\" line=\"{}\"", escape(file), place.line));
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\"{} time=\"{:.3}\"",
            escape(&entry.key.kind),
            escape(&entry.key.to_string()),
            file.unwrap_or_default(),
            entry.took.as_secs_f64()
        );
        let reason = escape(&entry.reason);
        match (entry.outcome, unready(&entry.key)) {
            (Outcome::Failed, _) => {
                let _ = writeln!(out, ">\n      <failure message=\"{reason}\"/>\n    </testcase>");
            }
            (Outcome::Skipped, _) => {
                let _ = writeln!(out, ">\n      <skipped message=\"{reason}\"/>\n    </testcase>");
            }
            (_, Some(unready)) => {
                let message = escape(&unready.state);
                let text = escape(&unready.reasons.join("\n"));
                let _ = writeln!(out, ">\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>");
            }
            _ => out.push_str("/>\n"),
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Escapes a text for XML, in which control characters cannot be written at all.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            letter if letter.is_control() => out.push('\u{FFFD}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escape("a<b>&\"c\"\u{1}"), "a&lt;b&gt;&amp;&quot;c&quot;\u{FFFD}");
    }
}
