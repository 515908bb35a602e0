//! Jobs: their numbers, their template, and names of what the server adds to them.
//!
//! The policies of failure and success are in `job_policy`.

use super::Rule;
use super::at::{At, is_true, number_at, text};
use super::selector::finds_its_pods;
use super::value::added;
use super::workload::not_negative;
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::kubernetes::name::{LABEL_LENGTH, dns_label, dns_subdomain};
use crate::text::{Entry, Node};

/// The most pods of an Indexed Job that run at once, and the most of its indexes that may fail.
const INDEXED_LIMIT: i64 = 100_000;
/// The same where there are more completions than [`INDEXED_LIMIT`] and a limit of failures for each index.
const MANY_LIMIT: i64 = 10_000;

/// The labels that the server gives the pods of a Job: its name, and its identity.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "job-numbers",
        at: "batch/v1.JobSpec",
        check: |at| {
            not_negative(
                at,
                &[
                    &["parallelism"],
                    &["completions"],
                    &["activeDeadlineSeconds"],
                    &["backoffLimit"],
                    &["ttlSecondsAfterFinished"],
                    &["backoffLimitPerIndex"],
                    &["maxFailedIndexes"],
                ],
            );
        },
        refuses: &[
            concat!("{parallelism: -1, ", once!()),
            concat!("{completions: -1, ", once!()),
            concat!("{activeDeadlineSeconds: -1, ", once!()),
            concat!("{backoffLimit: -1, ", once!()),
            concat!("{ttlSecondsAfterFinished: -1, ", once!()),
            concat!("{completionMode: Indexed, backoffLimitPerIndex: -1, ", once!()),
            concat!("{completionMode: Indexed, backoffLimitPerIndex: 1, maxFailedIndexes: -1, ", once!()),
        ],
        accepts: &[concat!("{parallelism: 0, completions: 0, backoffLimit: 0, ttlSecondsAfterFinished: 0, ", once!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-indexed-fields",
        at: "batch/v1.JobSpec",
        check: |at| {
            if is_indexed(at) {
                return;
            }
            let fields = ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"];
            let mut written = fields.into_iter().filter_map(|field| Some((field, at.get(&[field])?)));
            let Some((field, node)) = written.next() else { return };
            let message = format!("`{field}` needs `completionMode: Indexed`: other Jobs do not tell their pods apart");
            let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message)
                .help(format!("write `completionMode: Indexed` and `completions`, or take `{field}` out"));
            let finding = written.fold(finding, |finding, (_, node)| finding.also(node.origin(), "needs it too"));
            at.report(field, finding);
        },
        refuses: &[
            concat!("{backoffLimitPerIndex: 1, ", once!()),
            concat!("{completionMode: NonIndexed, backoffLimitPerIndex: 1, maxFailedIndexes: 1, ", once!()),
            concat!("{successPolicy: {rules: [{succeededCount: 1}]}, ", once!()),
        ],
        accepts: &[
            concat!(
                "{completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 1, ",
                once!()
            ),
            concat!("{backoffLimit: 1, ", once!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-failed-indexes-of-limit",
        at: "batch/v1.JobSpec",
        check: |at| {
            let Some(node) = at.get(&["maxFailedIndexes"]).filter(|_| is_indexed(at)) else { return };
            if at.get(&["backoffLimitPerIndex"]).is_none() {
                let message = "`maxFailedIndexes` needs `backoffLimitPerIndex`, which says when an index has failed";
                at.report("maxFailedIndexes", Diagnostic::new(Code::MissingField, node.origin(), message));
            }
        },
        refuses: &[concat!("{completionMode: Indexed, completions: 2, maxFailedIndexes: 1, ", once!())],
        accepts: &[concat!(
            "{completionMode: Indexed, completions: 2, backoffLimitPerIndex: 0, maxFailedIndexes: 1, ",
            once!()
        )],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-completions",
        at: "batch/v1.JobSpec",
        check: |at| {
            // Where neither is written, both are 1; in a CronJob they stay open, which is its own rule.
            if is_indexed(at) && at.get(&["completions"]).is_none() && at.get(&["parallelism"]).is_some() {
                at.missing("", "an Indexed Job needs `completions`, the number of its indexes");
            }
        },
        refuses: &[concat!("{completionMode: Indexed, parallelism: 2, ", once!())],
        accepts: &[
            concat!("{completionMode: Indexed, parallelism: 2, completions: 3, ", once!()),
            concat!("{completionMode: Indexed, ", once!()),
            concat!("{parallelism: 2, ", once!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-index-limits",
        at: "batch/v1.JobSpec",
        check: limits,
        refuses: &[
            concat!("{completionMode: Indexed, completions: 9, parallelism: 100001, ", once!()),
            concat!(
                "{completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 3, ",
                once!()
            ),
            concat!("{completionMode: Indexed, completions: 100001, backoffLimitPerIndex: 1, ", once!()),
            concat!(
                "{completionMode: Indexed, completions: 100001, backoffLimitPerIndex: 1, maxFailedIndexes: 10001, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 100001, backoffLimitPerIndex: 1, maxFailedIndexes: 1, \
                 parallelism: 10001, ",
                once!()
            ),
        ],
        accepts: &[
            concat!("{completionMode: Indexed, completions: 200000, parallelism: 100000, ", once!()),
            concat!(
                "{completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 2, ",
                once!()
            ),
            concat!(
                "{completionMode: Indexed, completions: 100001, backoffLimitPerIndex: 1, maxFailedIndexes: 10000, \
                 parallelism: 10000, ",
                once!()
            ),
            concat!("{completions: 9, parallelism: 100001, ", once!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-restart-policy",
        at: "batch/v1.JobSpec",
        check: restart_policy,
        refuses: &[
            "{template: {spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{template: {spec: {restartPolicy: Always, containers: [{name: a, image: 'a:1'}]}}}",
            "{podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}, \
             template: {spec: {restartPolicy: OnFailure, containers: [{name: a, image: 'a:1'}]}}}",
        ],
        accepts: &[
            "{template: {spec: {restartPolicy: OnFailure, containers: [{name: a, image: 'a:1'}]}}}",
            "{podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}, \
             template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-managed-by",
        at: "batch/v1.JobSpec",
        check: managed_by,
        refuses: &[
            concat!("{managedBy: '', ", once!()),
            concat!("{managedBy: acme, ", once!()),
            concat!("{managedBy: /foo, ", once!()),
            concat!("{managedBy: acme.io/, ", once!()),
            concat!("{managedBy: Acme.io/foo, ", once!()),
            concat!("{managedBy: acme.io/foo bar, ", once!()),
            concat!("{managedBy: acme.io/a2345678901234567890123456789012345678901234567890123456, ", once!()),
        ],
        accepts: &[
            concat!("{managedBy: acme.io/foo/Bar_1, ", once!()),
            concat!("{managedBy: acme.io/a234567890123456789012345678901234567890123456789012345, ", once!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-host-names",
        at: "batch/v1.Job",
        check: host_names,
        refuses: &[
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a.b, namespace: default}, \
             spec: {completionMode: Indexed, completions: 1, template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {namespace: default, \
             name: a2345678901234567890123456789012345678901234567890123456789012}, \
             spec: {completionMode: Indexed, template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        accepts: &[
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a.b, namespace: default}, \
             spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {namespace: default, \
             name: a234567890123456789012345678901234567890123456789012345678901}, \
             spec: {completionMode: Indexed, template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-generated-selector",
        at: "batch/v1.Job",
        check: generated,
        refuses: &[
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {selector: {matchLabels: {a: b}}, \
             template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {selector: {matchExpressions: [{key: a, operator: Exists}]}, \
             template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {template: {metadata: {labels: {job-name: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {template: {metadata: {labels: {controller-uid: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        accepts: &[
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {manualSelector: true, selector: {matchLabels: {a: b}}, \
             template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
            "{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: default}, \
             spec: {selector: {matchLabels: {job-name: a}}, \
             template: {metadata: {labels: {job-name: a}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "job-own-selector",
        at: "batch/v1.JobSpec",
        check: |at| {
            // The Jobs of a CronJob may have none, which is told there.
            let is_made = at.object().is_some_and(|object| object.kind == "CronJob");
            if is_made || !is_true(at.node(), &["manualSelector"]) {
                return;
            }
            if at.get(&["selector"]).is_none() {
                at.missing("", "`manualSelector: true` needs a `selector`, which the server does not make then");
            }
            finds_its_pods(at);
        },
        refuses: &[
            concat!("{manualSelector: true, ", once!()),
            concat!("{manualSelector: true, selector: {matchLabels: {a: b}}, ", once!()),
        ],
        accepts: &[
            "{manualSelector: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, \
             spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}",
            concat!("{manualSelector: false, ", once!()),
        ],
        ..Rule::ALWAYS
    },
];

/// Whether the pods of the Job have indexes.
pub(super) fn is_indexed(at: &At<'_>) -> bool {
    at.text(&["completionMode"]) == Some("Indexed")
}

/// Returns the completions of the spec of a Job, which the server puts there where it finds no parallelism either.
pub(super) fn completions(spec: &Node) -> Option<i64> {
    let is_open = ["completions", "parallelism"].iter().all(|field| spec.get(field).is_none_or(Node::is_null));
    number_at(spec, &["completions"]).or_else(|| is_open.then_some(1))
}

fn limits(at: &mut At<'_>) {
    if !is_indexed(at) {
        return;
    }
    let completions = completions(at.node());
    let many = completions.is_some_and(|found| found > INDEXED_LIMIT) && at.get(&["backoffLimitPerIndex"]).is_some();
    let (limit, why) = if many {
        (MANY_LIMIT, "with more than 100000 completions and `backoffLimitPerIndex`")
    } else {
        (INDEXED_LIMIT, "in an Indexed Job")
    };
    for field in ["parallelism", "maxFailedIndexes"] {
        let (Some(node), Some(found)) = (at.get(&[field]), number_at(at.node(), &[field])) else { continue };
        if found > limit {
            at.invalid(field, node, format!("expected at most {limit} {why}, found `{found}`"));
        } else if field == "maxFailedIndexes"
            && let Some(completions) = completions.filter(|completions| found > *completions && *completions >= 0)
        {
            at.invalid(field, node, format!("expected at most the {completions} completions, found `{found}`"));
        }
    }
    if many && at.get(&["maxFailedIndexes"]).is_none() {
        at.missing(
            "",
            format!(
                "an Indexed Job {why} needs `maxFailedIndexes`, of at most {MANY_LIMIT}: the server lists them all"
            ),
        );
    }
}

fn restart_policy(at: &mut At<'_>) {
    let Some(pod) = at.get(&["template", "spec"]) else { return };
    let help = "write `restartPolicy: Never`, or `OnFailure` to start containers again in the same pod";
    let Some(found) = text(pod, &["restartPolicy"]) else {
        let message = "a Job needs the `restartPolicy` of its pods: what it would be otherwise, `Always`, never ends";
        // The field is missed where the template is.
        let place = at.get(&["template"]).map_or(at.origin(), Node::origin);
        let finding = Diagnostic::new(Code::MissingField, place, message).help(help);
        let fix = added(pod, "restartPolicy: Never").map(|edit| Fix::unsure([edit]));
        return at.report("template.spec", Diagnostic { fix, ..finding });
    };
    let Some(node) = pod.get("restartPolicy") else { return };
    let place = "template.spec.restartPolicy";
    if found == "Always" {
        let message = "expected `Never` or `OnFailure`, found `Always`: the pods of a Job end";
        at.report(place, Diagnostic::new(Code::InvalidValue, node.origin(), message).help(help));
    } else if let (Some(policy), "OnFailure") = (at.get(&["podFailurePolicy"]), found) {
        let message = "expected `Never`, found `OnFailure`: `podFailurePolicy` looks at pods that have ended";
        at.report(
            place,
            Diagnostic::new(Code::InvalidValue, node.origin(), message).also(policy.origin(), "the policy"),
        );
    }
}

fn managed_by(at: &mut At<'_>) {
    let Some(node) = at.get(&["managedBy"]) else { return };
    let Some(found) = node.as_str() else { return };
    let is_path =
        |path: &str| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte));
    let reason = match found.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => dns_subdomain(host).err().or_else(|| {
            if is_path(path) {
                (found.len() > LABEL_LENGTH)
                    .then(|| format!("expected at most {LABEL_LENGTH} characters, found {}", found.len()))
            } else {
                Some("expected a path of a URL after the `/`".to_owned())
            }
        }),
        _ => Some("expected a domain and a path such as `acme.io/foo`".to_owned()),
    };
    if let Some(reason) = reason {
        at.invalid("managedBy", node, format!("`{found}` is no name for what manages a Job: {reason}"));
    }
}

fn host_names(at: &mut At<'_>) {
    let Some(spec) = at.get(&["spec"]).filter(|spec| text(spec, &["completionMode"]) == Some("Indexed")) else {
        return;
    };
    let (Some(node), Some(name)) = (at.get(&["metadata", "name"]), at.text(&["metadata", "name"])) else { return };
    let Some(completions) = completions(spec).filter(|completions| *completions > 0) else { return };
    // What is no name of any Job has its finding already.
    if dns_subdomain(name).is_err() || name.len() > LABEL_LENGTH {
        return;
    }
    let host = format!("{name}-{}", completions - 1);
    if let Err(reason) = dns_label(&host) {
        let message = format!("`{name}` is no name for an Indexed Job, whose last pod has the host `{host}`: {reason}");
        at.report("metadata.name", Diagnostic::new(Code::InvalidName, node.origin(), message));
    }
}

/// Reports a selector and labels that the server makes itself, unless it is told not to.
fn generated(at: &mut At<'_>) {
    if is_true(at.node(), &["spec", "manualSelector"]) {
        return;
    }
    // A name that is none may be filled in later.
    let name = at.text(&["metadata", "name"]).filter(|name| dns_subdomain(name).is_ok());
    let uid = at.text(&["metadata", "uid"]);
    // What was read from a server keeps its identity, and is the object of that name there.
    let is_generated = |entry: &Entry| {
        let value = entry.value.as_str();
        let key = entry.key.text.as_str();
        NAME_LABELS.contains(&key) && (name.is_none() || value == name)
            || UID_LABELS.contains(&key) && uid.is_some() && value == uid
    };
    let labels = at.get(&["spec", "template", "metadata", "labels"]).and_then(Node::as_map);
    for entry in labels.into_iter().flatten() {
        let key = entry.key.text.as_str();
        if (NAME_LABELS.contains(&key) || UID_LABELS.contains(&key)) && !is_generated(entry) {
            let message = format!("the label `{key}` is the server's: it makes another value for the pods of this Job");
            let finding = Diagnostic::new(Code::InvalidValue, entry.key.origin, message).help("take the label out");
            at.report(format_args!("spec.template.metadata.labels[{key}]"), finding);
            return;
        }
    }
    let Some(selector) = at.get(&["spec", "selector"]) else { return };
    let wanted = at.get(&["spec", "selector", "matchLabels"]).and_then(Node::as_map);
    let is_other = wanted.into_iter().flatten().any(|entry| !is_generated(entry));
    let asks_for_other = at.items(&["spec", "selector", "matchExpressions"]).any(|(_, condition)| {
        let key = text(condition, &["key"]).unwrap_or_default();
        matches!(text(condition, &["operator"]), Some("In" | "Exists"))
            && !NAME_LABELS.contains(&key)
            && !UID_LABELS.contains(&key)
    });
    if is_other || asks_for_other {
        let message = "a Job has no `selector` of its own: the server makes one that finds the pods of this Job alone";
        let help = "take `selector` out, or write `manualSelector: true` beside it";
        at.report("spec.selector", Diagnostic::new(Code::ForbiddenField, selector.origin(), message).help(help));
    }
}
