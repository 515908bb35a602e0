//! One line a finding, for editors and for pipes: `file:line:column: severity[code]: message`.

use super::{home, one_line, repeated};
use crate::diagnostic::Diagnostic;
use crate::text::Sources;

pub(super) fn render(findings: &[Diagnostic], sources: &Sources) -> String {
    findings.iter().map(|finding| line(finding, sources) + "\n").collect()
}

/// Returns a finding as one line without its break.
pub(super) fn line(finding: &Diagnostic, sources: &Sources) -> String {
    let place = sources
        .place(finding.origin)
        .map(|(name, place)| format!("{}:{}:{}: ", one_line(name), place.line, place.column))
        .unwrap_or_default();
    let times = repeated(finding).map(|times| format!(" ({times})")).unwrap_or_default();
    let message = one_line(&finding.message);
    let home = home(finding).map(|home| format!(" (from {})", one_line(home))).unwrap_or_default();
    format!("{place}{}[{}]: {message}{times}{home}", finding.severity.as_str(), finding.code)
}
