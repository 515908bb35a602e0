//! GitLab's code quality report: one JSON list.
//!
//! A fingerprint is unique in the report and holds neither a line nor a column, so that a finding stays the same one
//! while the lines around it change.

use serde::Serialize;

use super::fingerprint::Fingerprints;
use super::{one_line, repeated};
use crate::diagnostic::{Diagnostic, Severity};
use crate::text::Sources;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn render(findings: &[Diagnostic], sources: &Sources) -> String {
    let mut fingerprints = Fingerprints::default();
    let issues: Vec<Issue> =
        findings.iter().map(|finding| issue(finding, sources, fingerprints.of(finding, sources))).collect();
    serde_json::to_string_pretty(&issues).expect("strings and numbers are always JSON") + "\n"
}

fn issue(finding: &Diagnostic, sources: &Sources, fingerprint: String) -> Issue {
    let times = repeated(finding).map(|times| format!(" ({times})")).unwrap_or_default();
    Issue {
        // GitLab shows the description alone.
        description: format!("{}: {}{times}", finding.code, one_line(&finding.message)),
        check_name: finding.code.name(),
        fingerprint,
        severity: match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: location(finding, sources),
    }
}

/// Returns the place; GitLab refuses an issue without one, so that a finding without a place stands at the first file.
fn location(finding: &Diagnostic, sources: &Sources) -> Location {
    if let Some(file) = sources.file(finding.origin.file) {
        let begin = file.place(finding.origin.start).line;
        let end = file.place(finding.origin.end).line.max(begin);
        return Location { path: relative(&file.name), lines: Lines { begin, end } };
    }
    let path = sources.files().next().map_or_else(|| ".".to_owned(), |(_, file)| relative(&file.name));
    Location { path, lines: Lines { begin: 1, end: 1 } }
}

fn relative(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}
