//! Findings in, the `results` of a function out: severity, message, object, field, file, and the line in the tags.
//!
//! What the sources hide is masked, as in every report.

use super::call::{Call, path_of};
use crate::compile::Compilation;
use crate::diagnostic::{Diagnostic, Diagnostics, Fix, Severity, masked};
use crate::kubernetes::ObjectKey;
use crate::text::{Map, Node, Origin, Sources};

/// Returns a result for each finding.
pub fn results(
    findings: &Diagnostics,
    sources: &Sources,
    call: Option<&Call>,
    compilation: Option<&Compilation>,
) -> Vec<Node> {
    if findings.is_empty() {
        return Vec::new();
    }
    let made: Vec<ObjectKey> =
        compilation.map(Compilation::objects).unwrap_or_default().into_iter().map(|object| object.key).collect();
    findings.iter().map(|finding| result(&masked(finding, sources), sources, call, &made)).collect()
}

fn result(finding: &Diagnostic, sources: &Sources, call: Option<&Call>, made: &[ObjectKey]) -> Node {
    let item = call.and_then(|call| call.item_at(finding.origin));
    let mut result = Map::new();
    result.put("message", text(&finding.message));
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "info",
    };
    result.put("severity", text(severity));
    let subject = finding.subject.as_ref();
    let of_subject =
        || made.iter().find(|key| subject.is_some_and(|subject| key.to_string() == subject.object)).cloned();
    if let Some(key) = item.and_then(ObjectKey::of).or_else(of_subject).filter(|key| !key.name.is_empty()) {
        result.put("resourceRef", reference(&key));
        if let Some(field) = field(finding) {
            result.put("field", field);
        }
    }
    let place = sources.place(finding.origin);
    let file = match item.and_then(path_of) {
        Some((path, index)) => Some((path, index)),
        // What came through a pipe has no path that anybody could open.
        None => place.map(|(name, _)| (name, 0)).filter(|(name, _)| !name.starts_with('<') && !name.starts_with("--")),
    };
    if let Some((path, index)) = file {
        let mut file = Map::new();
        file.put("path", text(path));
        file.put("index", Node::integer(index, Origin::NOWHERE));
        result.put("file", Node::map(file, Origin::NOWHERE));
    }
    result.put("tags", tags(finding, sources));
    Node::map(result, Origin::NOWHERE)
}

fn reference(key: &ObjectKey) -> Node {
    let mut reference = Map::new();
    reference.put("apiVersion", text(&key.api_version()));
    reference.put("kind", text(&key.kind));
    if !key.namespace.is_empty() {
        reference.put("namespace", text(&key.namespace));
    }
    reference.put("name", text(&key.name));
    Node::map(reference, Origin::NOWHERE)
}

fn field(finding: &Diagnostic) -> Option<Node> {
    let path = finding.subject.as_ref().map(|subject| subject.field.as_str()).filter(|path| !path.is_empty())?;
    let mut field = Map::new();
    field.put("path", text(path));
    if let Some(edit) = finding.fix.as_ref().and_then(Fix::only).filter(|edit| edit.origin == finding.origin) {
        field.put("proposedValue", text(&edit.replacement));
    }
    Some(Node::map(field, Origin::NOWHERE))
}

/// Returns what the form of a result has no place for: the code, the line, the way out.
fn tags(finding: &Diagnostic, sources: &Sources) -> Node {
    let mut tags = Map::new();
    tags.put("code", text(finding.code.name()));
    if let Some((_, place)) = sources.place(finding.origin) {
        tags.put("line", text(&place.line.to_string()));
        tags.put("column", text(&place.column.to_string()));
    }
    if !finding.help.is_empty() {
        tags.put("help", text(&finding.help.join("; ")));
    }
    Node::map(tags, Origin::NOWHERE)
}

fn text(text: &str) -> Node {
    Node::string(text, Origin::NOWHERE)
}
