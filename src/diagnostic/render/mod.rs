//! Findings in; text in the formats that people and programs read out.
//!
//! Each format is a file of its own. Whatever the format, a text that [`Sources::hide`] covers never gets into it:
//! excerpts, messages and fixes are masked here, before a renderer sees them. What leaves is [`harmless`] to terminals and
//! runners: whoever prints it prints it as it is.

mod excerpt;
mod fingerprint;
mod fold;
mod github;
mod gitlab;
mod human;
mod json;
mod redact;
mod sarif;
mod short;

use std::borrow::Cow;

use super::words::{grouped, one_line};
use super::{Diagnostic, Diagnostics};
use crate::text::{Sources, harmless};

/// A format for findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: excerpt, caret, reason, way out.
    #[default]
    Human,
    /// One line each: `file:line:column: severity[code]: message`.
    Short,
    /// One JSON object a line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub workflow commands.
    Github,
    /// GitLab code quality.
    Gitlab,
}

/// How text for people is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

/// Returns the findings as text; it ends with a line break unless it is empty.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, format: Format, style: Style) -> String {
    let findings: Vec<Diagnostic> = diagnostics.iter().map(|finding| redact::redacted(finding, sources)).collect();
    let (text, written): (String, fn(&str) -> Cow<'_, str>) = match format {
        Format::Human if style.color => (human::render(&findings, sources, style), |text| harmless::report(text, true)),
        Format::Human => (human::render(&findings, sources, style), |text| harmless::report(text, false)),
        Format::Short => (short::render(&findings, sources), |text| harmless::report(text, false)),
        Format::Json => (json::render(&findings, sources), harmless::json),
        Format::Sarif => (sarif::render(&findings, sources), harmless::json),
        Format::Gitlab => (gitlab::render(&findings, sources), harmless::json),
        // Its lines are commands on purpose; it sees to each of them itself.
        Format::Github => return github::render(&findings, sources),
    };
    match written(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(written) => written,
    }
}

/// Returns one finding as [`Format::Json`] writes it.
pub fn to_json(finding: &Diagnostic, sources: &Sources) -> serde_json::Value {
    json::object(&redact::redacted(finding, sources), sources)
}

/// Returns a finding without a word of what the sources hide.
pub fn masked(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    redact::redacted(finding, sources)
}

/// Returns "in 1,000 objects" for a cause that was found in more than one, and nothing otherwise.
fn repeated(finding: &Diagnostic) -> Option<String> {
    (finding.count > 1).then(|| format!("in {} objects", grouped(finding.count)))
}

/// Returns the template or layer that a finding is in.
fn home(finding: &Diagnostic) -> Option<&str> {
    finding.template.as_deref().or(finding.layer.as_deref())
}

/// Returns what a finding became, "becomes Deployment shop/web, field spec.replicas", or what it is in.
fn became(finding: &Diagnostic) -> Option<String> {
    let home = home(finding).map(|home| format!("from {}", one_line(home)));
    match (object(finding), home) {
        (Some(object), Some(home)) => Some(format!("{object}, {home}")),
        (object, home) => object.or(home),
    }
}

fn object(finding: &Diagnostic) -> Option<String> {
    let subject = finding.subject.as_ref();
    let field = |field: &str| if field.is_empty() { String::new() } else { format!(", field {field}") };
    match (subject, repeated(finding)) {
        (Some(subject), Some(times)) => Some(format!("{times}, first {}{}", subject.object, field(&subject.field))),
        (Some(subject), None) => {
            let verb = if subject.written { "in" } else { "becomes" };
            Some(format!("{verb} {}{}", subject.object, field(&subject.field)))
        }
        (None, times) => times,
    }
}

/// Returns a finding's message and its ways out, a line each, for formats that have one text a finding.
fn prose(finding: &Diagnostic) -> String {
    let mut text = finding.message.clone();
    for line in became(finding).into_iter().chain(finding.help.iter().map(|help| format!("help: {help}"))) {
        text.push('\n');
        text.push_str(&line);
    }
    text
}
