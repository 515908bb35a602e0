//! GitHub workflow commands, which the runner shows as annotations on the lines of a pull request.
//!
//! The runner keeps ten annotations of a severity a step and drops the rest, so that only those ten are commands, the
//! errors first; the findings after them are plain lines of the log.

use std::fmt::Write as _;

use super::{one_line, prose, short};
use crate::diagnostic::{Diagnostic, Severity};
use crate::text::{Sources, harmless};

/// How many annotations of a severity the runner keeps a step.
const KEPT: usize = 10;

pub(super) fn render(findings: &[Diagnostic], sources: &Sources) -> String {
    let of = |severity| findings.iter().filter(move |finding| finding.severity == severity);
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    let commands = severities.iter().flat_map(|severity| of(*severity).take(KEPT)).map(|one| command(one, sources));
    let rest = severities
        .iter()
        .flat_map(|severity| of(*severity).skip(KEPT))
        .map(|one| harmless::report(&short::line(one, sources), false).into_owned());
    commands.chain(rest).map(|line| line + "\n").collect()
}

fn command(finding: &Diagnostic, sources: &Sources) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(file) = sources.file(finding.origin.file) {
        let start = file.place(finding.origin.start);
        let end = file.place(finding.origin.end.max(finding.origin.start));
        properties.push(format!("file={}", property(&harmless::report(&one_line(&file.name), false))));
        properties.push(format!("line={}", start.line));
        // The runner refuses columns of a range over several lines.
        if start.line == end.line {
            properties.push(format!("col={}", start.column));
            properties.push(format!("endLine={}", end.line));
            properties.push(format!("endColumn={}", end.column));
        } else {
            properties.push(format!("endLine={}", end.line));
        }
    }
    properties.push(format!("title={}", finding.code));
    format!("::{name} {}::{}", properties.join(","), data(&harmless::report(&text(finding, sources), false)))
}

/// Returns what is said of a finding, and the change that mends it, which the runner has no other place for.
fn text(finding: &Diagnostic, sources: &Sources) -> String {
    let mut text = prose(finding);
    let Some((fix, edit)) = finding.fix.as_ref().and_then(|fix| Some((fix, fix.only()?))) else { return text };
    let written = sources.text(edit.origin);
    if !written.is_empty() && !edit.replacement.is_empty() && !written.contains('\n') {
        let sure = fix.applicability.as_str();
        let _ = write!(text, "\nfix ({sure}): write `{}` in place of `{written}`", one_line(&edit.replacement));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
