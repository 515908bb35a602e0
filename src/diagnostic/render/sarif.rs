//! SARIF 2.1.0: one run, the rules that occur with their pages, a result each finding.
//!
//! The report fits what code scanning takes: at most 25,000 results, each with a place; columns count Unicode
//! characters; fingerprints hold no line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::fingerprint::Fingerprints;
use super::{grouped, prose};
use crate::diagnostic::{Code, Diagnostic, Edit, explanation};
use crate::text::{FileId, Origin, Sources};

/// The most results of a run that code scanning takes.
const MAX_RESULTS: usize = 25_000;
/// The most further places of a result that code scanning takes.
const MAX_RELATED: usize = 100;

#[derive(Serialize)]
struct Log {
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invocations: Vec<Invocation>,
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: [Notification; 1],
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprint,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
}

#[derive(Serialize)]
struct Fingerprint {
    #[serde(rename = "fanfold/v1")]
    first: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    place: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Message>,
    artifact_changes: Vec<Change>,
    properties: FixProperties,
}

#[derive(Serialize)]
struct FixProperties {
    applicability: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    artifact_location: Artifact,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

pub(super) fn render(findings: &[Diagnostic], sources: &Sources) -> String {
    let mut shown: Vec<&Diagnostic> = findings.iter().collect();
    if shown.len() > MAX_RESULTS {
        // What must go goes from the end: the notes, then the warnings.
        shown.sort_by_key(|finding| finding.severity);
        shown.truncate(MAX_RESULTS);
    }
    let codes: BTreeSet<Code> = shown.iter().map(|finding| finding.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let mut fingerprints = Fingerprints::default();
    let results = shown
        .iter()
        .map(|finding| {
            let index = codes.binary_search(&finding.code).unwrap_or_default();
            result(finding, sources, index, fingerprints.of(finding, sources))
        })
        .collect();
    let driver = Driver {
        name: "fanfold",
        version: env!("CARGO_PKG_VERSION"),
        rules: codes.iter().map(|code| rule(*code)).collect(),
    };
    let log = Log {
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver },
            invocations: omitted(findings.len().saturating_sub(MAX_RESULTS)).into_iter().collect(),
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    serde_json::to_string_pretty(&log).expect("strings and numbers are always JSON") + "\n"
}

/// Says that there was more than a report may hold.
fn omitted(number: usize) -> Option<Invocation> {
    (number > 0).then(|| Invocation {
        execution_successful: true,
        tool_execution_notifications: [Notification {
            level: "warning",
            message: text(format!("{} further findings are left out of this report", grouped(number))),
        }],
    })
}

fn rule(code: Code) -> Rule {
    let page = explanation(code);
    Rule {
        id: code.name(),
        short_description: text(page.summary.to_owned()),
        full_description: text(page.what.to_owned()),
        help: Message { text: page.plain(), markdown: Some(page.markdown.to_owned()) },
        default_configuration: Configuration { level: code.severity().as_str() },
    }
}

fn result(finding: &Diagnostic, sources: &Sources, rule_index: usize, fingerprint: String) -> Finding {
    let related = finding.labels.iter().take(MAX_RELATED).zip(1..).filter_map(|(label, id)| {
        Some(Location {
            id: Some(id),
            place: physical(label.origin, sources)?,
            message: Some(text(label.text.clone())),
        })
    });
    let location = |place| Location { id: None, place, message: None };
    Finding {
        rule_id: finding.code.name(),
        rule_index,
        level: finding.severity.as_str(),
        message: text(prose(finding)),
        locations: physical(finding.origin, sources).or_else(|| anywhere(sources)).map(location).into_iter().collect(),
        related_locations: related.collect(),
        partial_fingerprints: Fingerprint { first: fingerprint },
        fixes: fix(finding, sources).into_iter().collect(),
    }
}

fn fix(finding: &Diagnostic, sources: &Sources) -> Option<Fix> {
    let fix = finding.fix.as_ref()?;
    let mut files: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    fix.edits.iter().for_each(|edit| files.entry(edit.origin.file).or_default().push(edit));
    let change = |edits: Vec<&Edit>| {
        let artifact_location = physical(edits.first()?.origin, sources)?.artifact_location;
        let replacement = |edit: &Edit| {
            let deleted_region = physical(edit.origin, sources)?.region;
            Some(Replacement { deleted_region, inserted_content: text(edit.replacement.clone()) })
        };
        let replacements = edits.into_iter().map(replacement).collect::<Option<_>>()?;
        Some(Change { artifact_location, replacements })
    };
    Some(Fix {
        description: finding.help.first().cloned().map(text),
        artifact_changes: files.into_values().map(change).collect::<Option<_>>()?,
        properties: FixProperties { applicability: fix.applicability.as_str() },
    })
}

fn physical(origin: Origin, sources: &Sources) -> Option<PhysicalLocation> {
    let file = sources.file(origin.file)?;
    let (start, end) = (file.place(origin.start), file.place(origin.end.max(origin.start)));
    let region =
        Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column };
    Some(PhysicalLocation { artifact_location: Artifact { uri: uri(&file.name) }, region })
}

/// Returns the start of the first file: code scanning refuses a report that has a result without a place.
fn anywhere(sources: &Sources) -> Option<PhysicalLocation> {
    let (id, _) = sources.files().next()?;
    physical(Origin::new(id, 0, 0), sources)
}

/// Returns a path as a URI reference.
fn uri(path: &str) -> String {
    let relative = path.strip_prefix("./").unwrap_or(path);
    let has_drive = relative.as_bytes().get(1) == Some(&b':');
    let mut uri = String::new();
    match relative {
        _ if has_drive => uri.push_str("file:///"),
        _ if relative.starts_with('/') => uri.push_str("file://"),
        _ => {}
    }
    for byte in relative.bytes() {
        // A colon in the first segment of a relative reference would make a scheme of it.
        let plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) || (has_drive && byte == b':');
        if plain {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn text(text: String) -> Message {
    Message { text, markdown: None }
}
