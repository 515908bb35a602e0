//! When a Job has failed and when it has succeeded, as its policies say.

use std::collections::HashMap;

use super::Rule;
use super::at::{At, get, number, number_at, text};
use super::job::{completions, is_indexed};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::label_key;
use crate::text::Node;

/// The most rules of a policy, and the most conditions of a rule.
const RULES_LIMIT: usize = 20;
/// The most exit codes of a rule.
const CODES_LIMIT: usize = 255;
/// The most bytes of a list of indexes.
const INDEXES_BYTES: usize = 64 * 1024;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "job-failure-rules",
        at: "batch/v1.PodFailurePolicy",
        check: |at| not_too_many(at, "rules", RULES_LIMIT, "rules"),
        refuses: &["{rules: [{action: Count, onExitCodes: {operator: In, values: [1]}}, \
             {action: Count, onExitCodes: {operator: In, values: [2]}}, {action: Count, onExitCodes: {operator: In, values: [3]}}, \
             {action: Count, onExitCodes: {operator: In, values: [4]}}, {action: Count, onExitCodes: {operator: In, values: [5]}}, \
             {action: Count, onExitCodes: {operator: In, values: [6]}}, {action: Count, onExitCodes: {operator: In, values: [7]}}, \
             {action: Count, onExitCodes: {operator: In, values: [8]}}, {action: Count, onExitCodes: {operator: In, values: [9]}}, \
             {action: Count, onExitCodes: {operator: In, values: [10]}}, {action: Count, onExitCodes: {operator: In, values: [11]}}, \
             {action: Count, onExitCodes: {operator: In, values: [12]}}, {action: Count, onExitCodes: {operator: In, values: [13]}}, \
             {action: Count, onExitCodes: {operator: In, values: [14]}}, {action: Count, onExitCodes: {operator: In, values: [15]}}, \
             {action: Count, onExitCodes: {operator: In, values: [16]}}, {action: Count, onExitCodes: {operator: In, values: [17]}}, \
             {action: Count, onExitCodes: {operator: In, values: [18]}}, {action: Count, onExitCodes: {operator: In, values: [19]}}, \
             {action: Count, onExitCodes: {operator: In, values: [20]}}, {action: Count, onExitCodes: {operator: In, values: [21]}}]}"],
        accepts: &["{rules: [{action: Count, onExitCodes: {operator: In, values: [1]}}]}", "{rules: []}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-failure-cause",
        at: "batch/v1.PodFailurePolicyRule",
        check: cause,
        refuses: &[
            "{action: Count}",
            "{action: Count, onPodConditions: []}",
            "{action: Count, onExitCodes: {operator: In, values: [1]}, onPodConditions: [{type: DisruptionTarget}]}",
            "{action: Count, onPodConditions: [{type: a b}]}",
            "{action: Count, onPodConditions: [{type: DisruptionTarget, status: 'Yes'}]}",
        ],
        accepts: &[
            "{action: Count, onExitCodes: {operator: In, values: [1]}, onPodConditions: []}",
            "{action: Count, onPodConditions: [{type: DisruptionTarget}, {type: a/b, status: Unknown}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-exit-codes",
        at: "batch/v1.PodFailurePolicyOnExitCodesRequirement",
        check: exit_codes,
        refuses: &[
            "{operator: In, values: []}",
            "{operator: In, values: [0, 1]}",
            "{operator: NotIn, values: [2, 1]}",
            "{operator: In, values: [1, 1]}",
        ],
        accepts: &["{operator: In, values: [1, 2, 137]}", "{operator: NotIn, values: [0]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-failure-of-container",
        at: "batch/v1.JobSpec",
        check: containers,
        refuses: &[
            concat!(
                "{podFailurePolicy: {rules: [{action: Count, onExitCodes: {containerName: b, operator: In, values: [1]}}]}, ",
                once!()
            ),
            concat!(
                "{podFailurePolicy: {rules: [{action: Count, onExitCodes: {containerName: '', operator: In, values: [1]}}]}, ",
                once!()
            ),
        ],
        accepts: &[concat!(
            "{podFailurePolicy: {rules: [{action: Count, onExitCodes: {containerName: a, operator: In, values: [1]}}]}, ",
            once!()
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-failure-of-index",
        at: "batch/v1.JobSpec",
        check: |at| {
            if at.get(&["backoffLimitPerIndex"]).is_some() {
                return;
            }
            for (index, rule) in at.items(&["podFailurePolicy", "rules"]) {
                let Some(action) = get(rule, &["action"]).filter(|action| action.as_str() == Some("FailIndex")) else {
                    continue;
                };
                let message = "`FailIndex` needs `backoffLimitPerIndex`: otherwise no index fails by itself";
                let finding = Diagnostic::new(Code::InvalidValue, action.origin(), message)
                    .help("write `backoffLimitPerIndex` in the spec, or `FailJob` here");
                at.report(format_args!("podFailurePolicy.rules[{index}].action"), finding);
            }
        },
        refuses: &[concat!(
            "{completionMode: Indexed, completions: 2, \
             podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [1]}}]}, ",
            once!()
        )],
        accepts: &[concat!(
            "{completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, \
             podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [1]}}]}, ",
            once!()
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-replaces-failed-pods",
        at: "batch/v1.JobSpec",
        check: |at| {
            let (Some(policy), Some(node)) = (at.get(&["podFailurePolicy"]), at.get(&["podReplacementPolicy"])) else {
                return;
            };
            if at.text(&["podReplacementPolicy"]) == Some("TerminatingOrFailed") {
                let message =
                    "expected `Failed`, found `TerminatingOrFailed`: `podFailurePolicy` looks at pods that have ended";
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
                    .also(policy.origin(), "the policy")
                    .help("take `podReplacementPolicy` out: it is `Failed` then");
                at.report("podReplacementPolicy", finding);
            }
        },
        refuses: &[concat!("{podReplacementPolicy: TerminatingOrFailed, podFailurePolicy: {rules: []}, ", once!())],
        accepts: &[
            concat!("{podReplacementPolicy: Failed, podFailurePolicy: {rules: []}, ", once!()),
            concat!("{podReplacementPolicy: TerminatingOrFailed, ", once!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-success-rules",
        at: "batch/v1.SuccessPolicy",
        check: |at| {
            let Some(rules) = at.get(&["rules"]) else { return };
            if rules.as_seq().is_some_and(<[Node]>::is_empty) {
                at.invalid("rules", rules, "expected at least one rule, found none");
            }
            not_too_many(at, "rules", RULES_LIMIT, "rules");
        },
        refuses: &[
            "{rules: []}",
            "{rules: [{succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, \
             {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, \
             {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, \
             {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, {succeededCount: 1}, \
             {succeededCount: 1}]}",
        ],
        accepts: &["{rules: [{succeededCount: 1}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-success",
        at: "batch/v1.JobSpec",
        check: success,
        refuses: &[
            concat!("{completionMode: Indexed, completions: 4, successPolicy: {rules: [{}]}, ", once!()),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededCount: 5}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededCount: -1}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededIndexes: '0,4'}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededIndexes: '2,1'}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededIndexes: '2-2'}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededIndexes: '0-1-2'}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededIndexes: '0, 1'}]}, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 4, \
                 successPolicy: {rules: [{succeededIndexes: '0-1', succeededCount: 3}]}, ",
                once!()
            ),
        ],
        accepts: &[
            concat!(
                "{completionMode: Indexed, completions: 4, successPolicy: {rules: [{succeededCount: 4}, \
                 {succeededIndexes: '0,2-3', succeededCount: 3}, {succeededIndexes: '+1,003'}, {succeededIndexes: ''}]}, ",
                once!()
            ),
            concat!("{completionMode: Indexed, successPolicy: {rules: [{succeededIndexes: '0'}]}, ", once!()),
        ],
        ..Rule::ALWAYS
    },
];

fn not_too_many(at: &mut At<'_>, field: &str, limit: usize, what: &str) {
    if let Some(items) = at.get(&[field])
        && let Some(found) = items.as_seq().map(<[Node]>::len).filter(|found| *found > limit)
    {
        at.invalid(field, items, format!("expected at most {limit} {what}, found {found}"));
    }
}

fn cause(at: &mut At<'_>) {
    not_too_many(at, "onPodConditions", RULES_LIMIT, "conditions");
    let conditions = at.get(&["onPodConditions"]).filter(|list| list.as_seq().is_some_and(|list| !list.is_empty()));
    match (at.get(&["onExitCodes"]), conditions) {
        (None, None) => at.missing("", "a rule needs `onExitCodes` or `onPodConditions`, which say when it is used"),
        (Some(codes), Some(conditions)) => {
            let message = "a rule has either `onExitCodes` or `onPodConditions`";
            let finding = Diagnostic::new(Code::ForbiddenField, conditions.origin(), message)
                .also(codes.origin(), "the other one")
                .help("write two rules");
            at.report("onPodConditions", finding);
        }
        _ => {}
    }
    for (index, condition) in at.items(&["onPodConditions"]) {
        if let Some(node) = get(condition, &["type"])
            && let Some(name) = node.as_str()
            && let Err(reason) = label_key(name)
        {
            let message = format!("`{name}` is no type of a condition: {reason}");
            let finding = Diagnostic::new(Code::InvalidName, node.origin(), message);
            at.report(format_args!("onPodConditions[{index}].type"), finding);
        }
        if let Some(node) = get(condition, &["status"])
            && let Some(found) = text(condition, &["status"])
            && !matches!(found, "True" | "False" | "Unknown")
        {
            let message = format!("expected `True`, `False` or `Unknown`, found `{found}`");
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report(
                format_args!("onPodConditions[{index}].status"),
                finding.did_you_mean_word(found, ["True", "False", "Unknown"]),
            );
        }
    }
}

fn exit_codes(at: &mut At<'_>) {
    not_too_many(at, "values", CODES_LIMIT, "exit codes");
    let Some(values) = at.get(&["values"]) else { return };
    if values.as_seq().is_some_and(<[Node]>::is_empty) {
        at.invalid("values", values, "expected at least one exit code, found none");
    }
    let is_in = at.text(&["operator"]) == Some("In");
    let mut seen: HashMap<i64, &Node> = HashMap::new();
    let (mut last, mut in_order) = (i64::MIN, true);
    for (index, node) in at.items(&["values"]) {
        let Some(code) = number(node) else { continue };
        if is_in && code == 0 {
            at.invalid(format_args!("values[{index}]"), node, "expected an exit code of a failure, found `0`");
        }
        if let Some(first) = seen.insert(code, node) {
            let finding =
                Diagnostic::new(Code::DuplicateValue, node.origin(), format!("the exit code `{code}` is listed twice"))
                    .also(first.origin(), "the first time")
                    .help("take one of them out");
            at.report(format_args!("values[{index}]"), finding);
        }
        in_order &= last <= code;
        last = code;
    }
    if !in_order {
        at.invalid("values", values, "expected the exit codes from the least to the greatest");
    }
}

fn containers(at: &mut At<'_>) {
    let lists = ["containers", "initContainers"];
    let all = lists.iter().flat_map(|list| at.items(&["template", "spec", list]));
    let names: Vec<&str> = all.filter_map(|(_, container)| text(container, &["name"])).collect();
    for (index, rule) in at.items(&["podFailurePolicy", "rules"]) {
        let Some(node) = get(rule, &["onExitCodes", "containerName"]) else { continue };
        let Some(name) = node.as_str().filter(|name| !names.contains(name)) else { continue };
        let message = format!("expected the name of a container of the pods, found `{name}`");
        let finding = Diagnostic::new(Code::UndeclaredReference, node.origin(), message)
            .did_you_mean(name, names.iter().copied());
        at.report(format_args!("podFailurePolicy.rules[{index}].onExitCodes.containerName"), finding);
    }
}

fn success(at: &mut At<'_>) {
    if !is_indexed(at) {
        return;
    }
    let Some(completions) = completions(at.node()) else { return };
    for (index, rule) in at.items(&["successPolicy", "rules"]) {
        let place = format!("successPolicy.rules[{index}]");
        let (indexes, count) = (get(rule, &["succeededIndexes"]), get(rule, &["succeededCount"]));
        if indexes.is_none() && count.is_none() {
            let message = "a rule needs `succeededIndexes` or `succeededCount`";
            at.report(&place, Diagnostic::new(Code::MissingField, rule.origin(), message));
        }
        let mut listed = None;
        if let Some(node) = indexes
            && let Some(text) = node.as_str()
        {
            if text.len() > INDEXES_BYTES {
                let message =
                    format!("expected at most {} KiB, found {}", INDEXES_BYTES >> 10, text.len().div_ceil(1024));
                at.invalid(format_args!("{place}.succeededIndexes"), node, message);
            }
            match count_indexes(text, completions) {
                Ok(found) => listed = Some(found),
                Err(message) => {
                    at.invalid(format_args!("{place}.succeededIndexes"), node, message);
                    continue;
                }
            }
        }
        let (Some(node), Some(found)) = (count, number_at(rule, &["succeededCount"])) else { continue };
        let place = format!("{place}.succeededCount");
        if found < 0 {
            at.invalid(place, node, format!("expected a number from 0 on, found `{found}`"));
        } else if let Some(listed) = listed.filter(|listed| found > *listed) {
            at.invalid(place, node, format!("expected at most the {listed} listed indexes, found `{found}`"));
        } else if found > completions {
            at.invalid(place, node, format!("expected at most the {completions} completions, found `{found}`"));
        }
    }
}

/// Returns how many indexes a list such as `0,2-4` has; each is below the completions, and greater than the one before.
fn count_indexes(list: &str, completions: i64) -> Result<i64, String> {
    if list.is_empty() {
        return Ok(0);
    }
    let index = |text: &str| match text.parse::<i64>() {
        Ok(index) if index < completions => Ok(index),
        Ok(index) => Err(format!("expected indexes below the {completions} completions, found `{index}`")),
        Err(_) => Err(format!("expected indexes such as `0,2-4`, found `{text}`")),
    };
    let (mut last, mut count) = (None, 0);
    for item in list.split(',') {
        let bounds: Vec<&str> = item.split('-').collect();
        let (low, high) = match bounds[..] {
            [one] => (index(one)?, index(one)?),
            [low, high] => (index(low)?, index(high)?),
            _ => return Err(format!("expected indexes such as `0,2-4`, found `{item}`")),
        };
        if last.is_some_and(|last| last >= low) || bounds.len() == 2 && low >= high {
            return Err(format!("expected indexes from the least to the greatest, found `{item}` in `{list}`"));
        }
        count += high - low + 1;
        last = Some(high);
    }
    Ok(count)
}
