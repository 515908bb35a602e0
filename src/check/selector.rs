//! An object in, the labels out by which its selector would not find its own pods: the server refuses such an object.

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::ObjectKey;
use crate::text::{Entry, Node};

/// Returns the labels that a selector asks for and the pods of the same object do not have.
pub fn check(key: &ObjectKey, object: &Node) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if key.group != "apps" {
        return findings;
    }
    let wanted = object.at(&["spec", "selector", "matchLabels"]).and_then(Node::as_map);
    let (Some(wanted), Some(template)) = (wanted, object.at(&["spec", "template"])) else { return findings };
    let labels = template.at(&["metadata", "labels"]).and_then(Node::as_map);
    for Entry { key: label, value } in wanted {
        let found = labels.and_then(|labels| labels.entry(&label.text));
        if found.is_some_and(|found| found.value.text() == value.text()) {
            continue;
        }
        let pair = format!("{}: {}", label.text, value.text().map_or("", SmolStr::as_str));
        let finding = if let Some(found) = found {
            let message = format!("the selector asks for pods with `{pair}`, and theirs is another");
            Diagnostic::new(Code::SelectorConflict, found.value.origin(), message)
                .label("would take the pods out of the selector")
                .also(value.origin(), "the selector")
                .help("write the same value in both")
        } else {
            let message = format!("the selector asks for pods with `{pair}`, and they have no such label");
            Diagnostic::new(Code::SelectorConflict, label.origin, message)
                .help("give the pods the label (in a spec under `podLabels`), or take it out of the selector")
        };
        findings.push(finding.subject(key.to_string(), format!("spec.selector.matchLabels.{}", label.text)));
    }
    findings
}
