//! One JSON object a line and finding; the shape is stable: keys are added, never renamed or dropped.
//!
//! Lines and columns count from 1, columns in Unicode characters; bytes count from 0 in the text without its
//! byte-order mark; ends are exclusive. Every key is always there: one without a value is `null`.
//!
//! ```json
//! {"code": "unknown-field", "severity": "error", "message": "…",
//!  "file": "shop.yaml", "line": 6, "column": 5, "endLine": 6, "endColumn": 12, "byteStart": 71, "byteEnd": 78,
//!  "label": null, "labels": [{"text": "…", "file": …}], "help": ["…"],
//!  "fix": {"applicability": "safe", "edits": [{"replacement": "…", "file": …}], "replacement": "…", "file": …},
//!  "object": "Deployment shop/web", "field": "spec.replicas", "layer": "template gpu", "template": null,
//!  "count": 1}
//! ```

use serde_json::{Map, Value, json};

use crate::diagnostic::{Diagnostic, Edit};
use crate::text::{Origin, Sources};

pub(super) fn render(findings: &[Diagnostic], sources: &Sources) -> String {
    findings.iter().map(|finding| object(finding, sources).to_string() + "\n").collect()
}

pub(super) fn object(finding: &Diagnostic, sources: &Sources) -> Value {
    let mut object = keys(json!({
        "code": finding.code.name(),
        "severity": finding.severity.as_str(),
        "message": finding.message,
    }));
    let labels = finding.labels.iter().map(|label| {
        let mut further = keys(json!({ "text": label.text }));
        further.extend(range(label.origin, sources));
        Value::Object(further)
    });
    let edit = |edit: &Edit| {
        let mut change = keys(json!({ "replacement": edit.replacement }));
        change.extend(range(edit.origin, sources));
        change
    };
    // The first edit stands in the fix itself as well, as it did when there was one alone.
    let fix = finding.fix.as_ref().and_then(|fix| {
        let mut change = edit(fix.edits.first()?);
        let edits: Vec<_> = fix.edits.iter().map(edit).collect();
        change.extend(keys(json!({ "applicability": fix.applicability.as_str(), "edits": edits })));
        Some(change)
    });
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let subject = finding.subject.as_ref();
    object.extend(range(finding.origin, sources));
    object.extend(keys(json!({
        "label": filled(&finding.label),
        "labels": labels.collect::<Vec<_>>(),
        "help": finding.help,
        "fix": fix,
        "object": subject.and_then(|subject| filled(&subject.object)),
        "field": subject.and_then(|subject| filled(&subject.field)),
        "layer": finding.layer,
        "template": finding.template,
        "count": finding.count,
    })));
    Value::Object(object)
}

fn range(origin: Origin, sources: &Sources) -> Map<String, Value> {
    let file = sources.file(origin.file);
    let bytes = file.map(|_| (origin.start, origin.end.max(origin.start)));
    let start = file.zip(bytes).map(|(file, (start, _))| file.place(start));
    let end = file.zip(bytes).map(|(file, (_, end))| file.place(end));
    keys(json!({
        "file": file.map(|file| &file.name),
        "line": start.map(|start| start.line),
        "column": start.map(|start| start.column),
        "endLine": end.map(|end| end.line),
        "endColumn": end.map(|end| end.column),
        "byteStart": bytes.map(|(start, _)| start),
        "byteEnd": bytes.map(|(_, end)| end),
    }))
}

fn keys(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}
