//! Selectors of labels: their conditions, and whether they find the pods of their own object.

use super::Rule;
use super::at::{At, items, text};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{label_key, label_value};
use crate::text::{Entry, Map, Node};

/// What a condition may say of a label.
const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "selector-conditions",
        at: "meta/v1.LabelSelector",
        check: |at| {
            for (number, condition) in at.items(&["matchExpressions"]) {
                values_fit(at, number, condition);
            }
        },
        refuses: &[
            "{matchExpressions: [{key: a, operator: In}]}",
            "{matchExpressions: [{key: a, operator: NotIn, values: []}]}",
            "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            "{matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]}",
            "{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}",
            "{matchExpressions: [{key: a, operator: exists}]}",
        ],
        accepts: &[
            "{matchExpressions: [{key: a, operator: In, values: [b]}, {key: a, operator: NotIn, values: [c]}]}",
            "{matchExpressions: [{key: a, operator: Exists}, {key: b, operator: DoesNotExist, values: []}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "selector-names",
        at: "meta/v1.LabelSelector",
        check: |at| {
            for (number, condition) in at.items(&["matchExpressions"]) {
                if let Some(key) = condition.get("key")
                    && let Some(name) = key.as_str()
                    && let Err(reason) = label_key(name)
                {
                    let message = format!("`{name}` is no name for a label: {reason}");
                    let finding = Diagnostic::new(Code::InvalidName, key.origin(), message);
                    at.report(format_args!("matchExpressions[{number}].key"), finding);
                }
                for (index, value) in items(condition, &["values"]) {
                    if let Some(found) = value.as_str()
                        && let Err(reason) = label_value(found)
                    {
                        let message = format!("`{found}` is no value for a label: {reason}");
                        let finding = Diagnostic::new(Code::InvalidName, value.origin(), message);
                        at.report(format_args!("matchExpressions[{number}].values[{index}]"), finding);
                    }
                }
            }
        },
        refuses: &[
            "{matchExpressions: [{key: a/b/c, operator: Exists}]}",
            "{matchExpressions: [{key: '', operator: Exists}]}",
            "{matchExpressions: [{key: a, operator: In, values: [a/b]}]}",
        ],
        accepts: &[
            "{matchExpressions: [{key: a/b, operator: Exists}]}",
            "{matchExpressions: [{key: a, operator: In, values: ['']}]}",
        ],
        ..Rule::ALWAYS
    },
];

fn values_fit(at: &mut At<'_>, number: usize, condition: &Node) {
    let Some(operator) = condition.get("operator").filter(|operator| !operator.is_null()) else { return };
    let values = condition.get("values").filter(|values| values.as_seq().is_some_and(|values| !values.is_empty()));
    match (operator.as_str(), values) {
        (Some(word @ ("In" | "NotIn")), None) => {
            let message = format!("`{word}` needs `values` that it compares the label with");
            let finding = Diagnostic::new(Code::MissingField, condition.origin(), message)
                .help("add `values`, or write `Exists` or `DoesNotExist`");
            at.report(format_args!("matchExpressions[{number}]"), finding);
        }
        (Some(word @ ("Exists" | "DoesNotExist")), Some(values)) => {
            let message = format!("`{word}` takes no `values`: it asks whether the label is there");
            let better = if word == "Exists" { "In" } else { "NotIn" };
            let finding = Diagnostic::new(Code::ForbiddenField, values.origin(), message)
                .help(format!("take `values` out, or write `operator: {better}`"));
            at.report(format_args!("matchExpressions[{number}].values"), finding);
        }
        (Some(word), _) if !OPERATORS.contains(&word) => {
            let message = format!("expected `In`, `NotIn`, `Exists` or `DoesNotExist`, found `{word}`");
            let finding =
                Diagnostic::new(Code::InvalidValue, operator.origin(), message).did_you_mean_word(word, OPERATORS);
            at.report(format_args!("matchExpressions[{number}].operator"), finding);
        }
        _ => {}
    }
}

/// Reports a `selector` without conditions, which would take the pods of all others.
pub(super) fn is_not_empty(at: &mut At<'_>) {
    let Some(selector) = at.get(&["selector"]) else { return };
    let labels = at.get(&["selector", "matchLabels"]).and_then(Node::as_map).is_some_and(|labels| !labels.is_empty());
    if !labels && at.items(&["selector", "matchExpressions"]).next().is_none() {
        let message = "expected a selector of the pods, found an empty one, which takes all pods of the namespace";
        let help = "write `matchLabels` with labels that the pods have";
        at.report("selector", Diagnostic::new(Code::InvalidValue, selector.origin(), message).help(help));
    }
}

/// Reports the labels that the `selector` asks for and the `template` of the pods does not have.
pub(super) fn finds_its_pods(at: &mut At<'_>) {
    if at.get(&["template"]).is_none() {
        return;
    }
    let labels = at.get(&["template", "metadata", "labels"]).and_then(Node::as_map);
    if let Some(wanted) = at.get(&["selector", "matchLabels"]).and_then(Node::as_map) {
        finds_labels(at, "selector.matchLabels", wanted, labels);
    }
    let mut found = Vec::new();
    for (number, condition) in at.items(&["selector", "matchExpressions"]) {
        let (Some(key), Some(operator)) = (text(condition, &["key"]), text(condition, &["operator"])) else { return };
        let values: Vec<&str> = items(condition, &["values"]).filter_map(|(_, value)| value.as_str()).collect();
        let label = labels.and_then(|labels| labels.entry(key));
        let is_among = |entry: &Entry| entry.value.as_str().is_some_and(|value| values.contains(&value));
        let (holds, asked) = match (operator, values.is_empty()) {
            ("In", false) => (label.is_some_and(is_among), format!("`{key}` in `{}`", values.join("`, `"))),
            ("NotIn", false) => (!label.is_some_and(is_among), format!("`{key}` not in `{}`", values.join("`, `"))),
            ("Exists", true) => (label.is_some(), format!("`{key}`")),
            ("DoesNotExist", true) => (label.is_none(), format!("no `{key}`")),
            // Refused as it is, and no selector at all.
            _ => return,
        };
        if !holds {
            found.push((number, conflict(condition, label, &asked)));
        }
    }
    for (number, finding) in found {
        at.report(format_args!("selector.matchExpressions[{number}]"), finding);
    }
}

fn conflict(condition: &Node, label: Option<&Entry>, asked: &str) -> Diagnostic {
    if let Some(label) = label {
        let message = format!("the selector asks for pods with {asked}, and these have the label `{}`", pair(label));
        Diagnostic::new(Code::SelectorConflict, label.value.origin(), message)
            .label("would take the pods out of the selector")
            .also(condition.origin(), "the selector")
            .help("change the label, or the condition of the selector")
    } else {
        let message = format!("the selector asks for pods with {asked}, and they have no such label");
        Diagnostic::new(Code::SelectorConflict, condition.origin(), message)
            .help("give the pods the label (in a spec under `podLabels`), or take it out of the selector")
    }
}

/// Reports the labels of a mapping that others do not have; `place` is where it stands.
pub(super) fn finds_labels(at: &mut At<'_>, place: &str, wanted: &Map, labels: Option<&Map>) {
    for entry in wanted {
        let Entry { key: label, value } = entry;
        let found = labels.and_then(|labels| labels.entry(&label.text));
        let is_refused =
            || label_key(&label.text).is_err() || value.as_str().is_some_and(|text| label_value(text).is_err());
        let is_same = |found: &Entry| found.value == *value || found.value.text() == value.text();
        if found.is_some_and(is_same) || is_refused() {
            continue;
        }
        let pair = pair(entry);
        let finding = if let Some(found) = found {
            let message = format!("the selector asks for pods with `{pair}`, and theirs is another");
            Diagnostic::new(Code::SelectorConflict, found.value.origin(), message)
                .label("would take the pods out of the selector")
                .also(value.origin(), "the selector")
                .help("write the same value in both")
        } else {
            let message = format!("the selector asks for pods with `{pair}`, and they have no such label");
            Diagnostic::new(Code::SelectorConflict, label.origin, message)
                .repeats([value.origin()])
                .help("give the pods the label (in a spec under `podLabels`), or take it out of the selector")
        };
        at.report(format_args!("{place}.{}", label.text), finding);
    }
}

fn pair(entry: &Entry) -> String {
    format!("{}: {}", entry.key.text, entry.value.as_str().unwrap_or_default())
}
