//! What merging noted in, findings out: values that cannot merge, that say one thing twice, and nulls that remove nothing.

use std::collections::HashSet;

use super::merge::Notes;
use crate::diagnostic::{Code, Diagnostic};
use crate::text::{Key, Map, Node, Origin};

/// Returns the findings about values that merging lost, and about nulls that remove nothing.
pub(super) fn reported(notes: &Notes, fields: &Map) -> Vec<Diagnostic> {
    let lost = notes.lost.iter().map(|(base, over)| {
        let (wanted, found) = (over.type_name(), base.type_name());
        let message = format!("expected {wanted}, as a later layer has, found {found}: they cannot merge");
        Diagnostic::new(Code::WrongType, base.origin(), message)
            .also(over.origin(), "the later layer")
            .help("write both in one form, or leave this one out")
    });
    let differing = notes.differing.iter().map(|(base, over)| differing(base, over));
    let twice = notes.twice.iter().map(|(first, again)| {
        let message = if first.text == again.text {
            format!("`{}` has two values in one layer", again.text)
        } else {
            format!("`{}` and `{}` say the same thing, and differ", first.text, again.text)
        };
        let finding = Diagnostic::new(Code::InvalidShorthand, again.origin, message);
        finding.also(first.origin, "the other one").help("keep one of both")
    });
    let mut idle: Vec<Key> = notes.idle.clone();
    for key in ["containers", "initContainers"] {
        let containers = fields.get(key);
        let by_name = containers.and_then(Node::as_map).into_iter().flatten().map(|entry| &entry.value);
        let listed = containers.and_then(Node::as_seq).into_iter().flatten();
        for env in by_name.chain(listed).filter_map(|container| container.get("env")?.as_map()) {
            idle.extend(env.iter().filter(|entry| entry.value.is_null()).map(|entry| entry.key.clone()));
        }
    }
    let removed: HashSet<Origin> = notes.removed.iter().map(|key| key.origin).collect();
    let in_vain = |key: &&Key| !key.origin.is_nowhere() && !removed.contains(&key.origin);
    let idle = idle.iter().filter(in_vain).map(|key| {
        let message = format!("no earlier layer sets `{}`: this null removes nothing", key.text);
        Diagnostic::new(Code::WithoutEffect, key.origin, message)
            .help(format!("write `{}: \"\"` for an empty text", key.text))
    });
    notes.wrong.iter().cloned().chain(lost).chain(differing).chain(twice).chain(idle).collect()
}

/// Returns the finding about two values of which one is a list, and the other a mapping.
pub(super) fn differing(base: &Node, over: &Node) -> Diagnostic {
    let [wanted, found] = [base, over].map(Node::type_name);
    let message = format!("expected {wanted}, as an earlier layer has, found {found}: they cannot merge");
    Diagnostic::new(Code::WrongType, over.origin(), message)
        .also(base.origin(), "the earlier layer has it here")
        .help("write both in one form, or one of them under another name")
}
