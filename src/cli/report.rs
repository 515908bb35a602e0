//! What a run on a cluster did, for machines: objects as JSON, and the report file in JSON or JUnit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::output::{self, Inputs, Rights};
use super::{Exit, Failure};
use crate::apply::{Outcome, Report, Settled, Unready};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, masked, to_json};
use crate::kubernetes::ObjectKey;
use crate::text::{Origin, Sources, harmless};

/// So many different troubles are told one by one.
const MOST_GROUPS: usize = 20;
/// The version of the forms of the report, of the stream of events, and of the state of a set.
pub(super) const VERSION: u32 = 1;

/// How a report in JUnit begins.
const JUNIT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";

/// All that there is to say of a run that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    /// `apply` or `delete`.
    pub(super) command: &'static str,
    pub(super) dry_run: bool,
    pub(super) report: &'a Report,
    pub(super) findings: &'a Diagnostics,
    pub(super) sources: &'a Sources,
    pub(super) exit: Exit,
    /// The files that the run has read.
    pub(super) inputs: &'a Inputs,
}

/// Returns an identity as JSON.
pub(super) fn key(key: &ObjectKey) -> Value {
    json!({ "apiVersion": key.api_version(), "kind": key.kind, "namespace": key.namespace, "name": key.name })
}

/// Returns the end of an object as JSON.
pub(super) fn settled(settled: &Settled) -> Value {
    json!({
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
    let (file, line) = place(unready.origin, sources).unzip();
    json!({
        "object": key(&unready.key),
        "file": file,
        "line": line,
        "state": unready.state,
        "failed": unready.failed,
        "reasons": unready.reasons,
    })
}

/// Says which objects do not work; those of one kind that lack the same for the same reasons are one line, with the reasons
/// of the first below.
pub(super) fn unready_lines(all: &[Unready], sources: &Sources) -> Vec<String> {
    let mut groups: Vec<(&Unready, Vec<&Unready>)> = Vec::new();
    for unready in all {
        let same = |(first, _): &&mut (&Unready, Vec<&Unready>)| {
            first.key.kind == unready.key.kind
                && (&first.state, first.failed, &first.cause) == (&unready.state, unready.failed, &unready.cause)
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
            let place = place(first.origin, sources);
            let place = place.map(|(file, line)| format!(" ({file}:{line})")).unwrap_or_default();
            let word = if first.failed { "failed" } else { "not ready" };
            let more = match group.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let mut line = harmless::one_line(&format!("{}{more} {word}: {}{place}", first.key, first.state));
            for reason in &first.reasons {
                let _ = write!(line, "\n    {}", harmless::one_line(reason));
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

fn place(origin: Origin, sources: &Sources) -> Option<(&str, usize)> {
    sources.place(origin).map(|(file, place)| (file, place.line))
}

/// Refuses a file that is in the way of a report, before a run begins.
pub(super) fn check(path: &str, inputs: &Inputs) -> Result<(), Failure> {
    let rights = Rights { force: false, inputs: Some(inputs) };
    output::check_known(Path::new(path), rights, |found| std::str::from_utf8(found).is_ok_and(is_report))?;
    Ok(())
}

/// Writes the report of a run: JUnit where the name ends with `.xml`, JSON elsewhere.
pub(super) fn write(path: &str, ending: &Ending<'_>) -> Result<(), Failure> {
    let is_junit = Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xml"));
    let text = if is_junit { junit(ending) } else { json(ending) };
    let rights = Rights { force: false, inputs: Some(ending.inputs) };
    output::write_known(text.as_bytes(), Path::new(path), rights, |found| {
        std::str::from_utf8(found).is_ok_and(is_report)
    })?;
    Ok(())
}

/// Whether a text is the report of an earlier run.
fn is_report(text: &str) -> bool {
    let is_command = |command: &Value| ["apply", "delete"].iter().any(|known| command == known);
    let json = || {
        serde_json::from_str::<Value>(text).is_ok_and(|report| {
            is_command(&report["command"]) && report["version"].is_u64() && report["outcomes"].is_object()
        })
    };
    text.starts_with(&format!("{JUNIT}  <testsuite name=\"fanfold ")) || json()
}

/// Returns the findings by the object that they are about.
fn by_object(findings: &Diagnostics) -> BTreeMap<&str, Vec<&Diagnostic>> {
    let mut found: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for finding in findings.iter() {
        if let Some(subject) = &finding.subject {
            found.entry(subject.object.as_str()).or_default().push(finding);
        }
    }
    found
}

fn json(ending: &Ending<'_>) -> String {
    let Ending { command, dry_run, report, findings, sources, exit, .. } = *ending;
    let about = by_object(findings);
    let objects: Vec<Value> = report
        .settled
        .iter()
        .map(|entry| {
            let mut value = settled(entry);
            if let Some(object) = value.as_object_mut() {
                let (file, line) = place(entry.origin, sources).unzip();
                let found = about.get(entry.key.to_string().as_str()).into_iter().flatten();
                let codes: BTreeSet<&str> = found.map(|finding| finding.code.name()).collect();
                object.insert("codes".into(), json!(codes));
                object.insert("file".into(), json!(file));
                object.insert("line".into(), json!(line));
                object.insert("uid".into(), json!(Some(&entry.uid).filter(|uid| !uid.is_empty())));
            }
            value
        })
        .collect();
    let counts: serde_json::Map<String, Value> =
        Outcome::ALL.iter().map(|outcome| (outcome.as_str().to_owned(), json!(report.count(*outcome)))).collect();
    let waiting: Vec<Value> = report.waiting.iter().map(|object| unready(object, sources)).collect();
    let report = json!({
        "version": VERSION,
        "command": command,
        "dryRun": dry_run,
        "exit": exit as u8,
        "outcomes": counts,
        "interrupted": report.interrupted,
        "stopped": report.stopped,
        "requests": report.requests,
        "seconds": report.took.as_secs_f64(),
        "objects": objects,
        "unready": waiting,
        "findings": findings.iter().map(|finding| to_json(finding, sources)).collect::<Vec<_>>(),
    });
    harmless::json(&format!("{report:#}\n")).into_owned()
}

fn junit(ending: &Ending<'_>) -> String {
    let Ending { command, report, sources, .. } = *ending;
    let findings: &Diagnostics = &ending.findings.iter().map(|finding| masked(finding, sources)).collect();
    let about = by_object(findings);
    let cases: Vec<(Verdict, String)> = report
        .settled
        .iter()
        .map(|entry| {
            let name = entry.key.to_string();
            let found = about.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let verdict = verdict(entry, report, found);
            let file = place(entry.origin, sources)
                .map(|(file, line)| format!(" file=\"{}\" line=\"{line}\"", attribute(file)))
                .unwrap_or_default();
            let (kind, name) = (attribute(&entry.key.kind), attribute(&name));
            let time = entry.took.as_secs_f64();
            (verdict, format!("<testcase classname=\"{kind}\" name=\"{name}\"{file} time=\"{time:.3}\""))
        })
        // A run that stopped as a whole may have no object at all to show for it.
        .chain(report.stopped.iter().map(|stopped| {
            let found: Vec<&Diagnostic> = findings.iter().collect();
            let verdict = Verdict::Failed { message: stopped.clone(), codes: codes(&found), text: messages(&found) };
            (verdict, format!("<testcase classname=\"fanfold\" name=\"{command}\" time=\"0.000\""))
        }))
        .collect();
    let count = |which: fn(&Verdict) -> bool| cases.iter().filter(|(verdict, _)| which(verdict)).count();
    let mut out = String::from(JUNIT);
    let _ = writeln!(
        out,
        "  <testsuite name=\"fanfold {command}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        cases.len(),
        count(|verdict| matches!(verdict, Verdict::Failed { .. })),
        count(|verdict| matches!(verdict, Verdict::Skipped(_))),
        report.took.as_secs_f64()
    );
    for (verdict, case) in cases {
        let _ = match verdict {
            Verdict::Passed => writeln!(out, "    {case}/>"),
            Verdict::Skipped(reason) => {
                writeln!(out, "    {case}>\n      <skipped message=\"{}\"/>\n    </testcase>", attribute(&reason))
            }
            Verdict::Failed { message, codes, text } => writeln!(
                out,
                "    {case}>\n      <failure message=\"{}\" type=\"{codes}\">{}</failure>\n    </testcase>",
                attribute(&message),
                escape(&text)
            ),
        };
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// What a test case says of an object.
enum Verdict {
    Passed,
    Skipped(String),
    Failed { message: String, codes: String, text: String },
}

fn verdict(entry: &Settled, report: &Report, found: &[&Diagnostic]) -> Verdict {
    let unready = report.waiting.iter().find(|unready| unready.key == entry.key);
    match (entry.outcome, unready) {
        (Outcome::Failed, _) => {
            Verdict::Failed { message: entry.reason.clone(), codes: codes(found), text: messages(found) }
        }
        (Outcome::Skipped, _) => Verdict::Skipped(entry.reason.clone()),
        (_, Some(unready)) => Verdict::Failed {
            message: unready.state.clone(),
            codes: "not-ready".to_owned(),
            text: unready.reasons.iter().map(|reason| harmless::one_line(reason)).collect::<Vec<_>>().join("\n"),
        },
        _ => Verdict::Passed,
    }
}

fn codes(found: &[&Diagnostic]) -> String {
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    let codes: BTreeSet<&str> = errors.map(|finding| finding.code.name()).collect();
    codes.into_iter().collect::<Vec<_>>().join(" ")
}

fn messages(found: &[&Diagnostic]) -> String {
    let lines = found.iter().flat_map(|finding| {
        let head = format!("{}[{}]: {}", finding.severity.as_str(), finding.code, finding.message);
        let all = std::iter::once(head).chain(finding.help.iter().map(|help| format!("  help: {help}")));
        all.map(|line| harmless::indented(&line).into_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Escapes a text for an attribute of XML, where it is one line.
fn attribute(text: &str) -> String {
    escape(&harmless::one_line(text))
}

/// Escapes a text for XML, in which nothing acts: a job may print the report, and a page show it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in harmless::report(text, false).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_earlier_runs_are_known() {
        let json = r#"{"version": 1, "command": "apply", "outcomes": {"created": 1}}"#;
        assert!(is_report(json) && is_report(&format!("{JUNIT}  <testsuite name=\"fanfold delete\" tests=\"0\"")));
        for other in ["mine", "{}", r#"{"version": 1, "command": "rm", "outcomes": {}}"#, JUNIT] {
            assert!(!is_report(other), "{other}");
        }
    }

    #[test]
    fn objects_are_folded_by_the_reason_for_which_they_do_not_work() {
        let unready = |number: usize, reason: &str, cause: &str| Unready {
            key: ObjectKey {
                group: "apps".into(),
                version: "v1".into(),
                kind: "Deployment".into(),
                namespace: "shop".into(),
                name: format!("web-{number}").into(),
            },
            origin: Origin::NOWHERE,
            state: "0 of 1 replicas are ready".into(),
            reasons: vec![format!("{reason} (Pod shop/web-{number}-x)")],
            cause: cause.into(),
            failed: false,
        };
        let mut all: Vec<Unready> = ["no such image", "no room", "a probe fails", "a volume is missing"]
            .into_iter()
            .enumerate()
            .map(|(number, reason)| unready(number, reason, reason))
            .collect();
        all.extend((4..1000).map(|number| unready(number, "no room", "no room")));
        let lines = unready_lines(&all, &Sources::default());
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[0].contains("web-0 not ready") && lines[0].contains("no such image"), "{lines:#?}");
        assert!(lines[1].contains("web-1 and 996 more not ready") && lines[1].contains("no room"), "{lines:#?}");
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escape("a<b>&\"c\"\u{1}"), "a&lt;b&gt;&amp;&quot;c&quot;\\u{1}");
        assert_eq!(escape("a\n::error::b ##vso[c] ##[error]"), "a\n\\::error::b #\\#vso[c] #\\#[error]");
    }
}
