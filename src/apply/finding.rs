//! What the server says, as findings at the places that made the fields.

use std::collections::BTreeSet;

use super::desired::Desired;
use super::engine::{End, Ended, refusals};
use super::field::locate;
use super::heard::brief;
use super::managed::{MANAGER, own_part};
use super::write::{Recreate, Write};
use crate::cluster::Live;
use crate::cluster::answer::{Conflict, Refusal, Verdict, cannot_change};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Facts;
use crate::kubernetes::immutable::{never_changes, refused};
use crate::text::Node;

/// Returns the findings for an object that did not get through.
pub(super) fn of_end(desired: &Desired, ended: &Ended, answer: &str) -> Vec<Diagnostic> {
    match &ended.end {
        End::Well | End::Needs(_) | End::NotTried => Vec::new(),
        End::Lost(lost) if lost.foreign => {
            let finding = at_object(desired, Code::RefusedByServer, &desired.heard().reason(&lost.reason));
            vec![finding.help("nobody knows whether it was applied: see to the way to the server, and run again")]
        }
        End::Lost(lost) => {
            let message = format!("no answer from the server: {}", desired.heard().reason(&lost.reason));
            vec![at_object(desired, Code::RefusedByServer, &message)]
        }
        End::Verdict(verdict) => of_verdict(desired, verdict, ended.tries, answer),
    }
}

/// Points at what differs in a field that cannot be changed: the server says no more than `spec.template`.
pub(super) fn at_difference(finding: Diagnostic, desired: &Desired, before: &Live, facts: &Facts) -> Diagnostic {
    let field = finding.subject.as_ref().filter(|_| finding.code == Code::ImmutableField);
    let Some(field) = field.map(|subject| subject.field.clone()) else { return finding };
    let stated = own_part(before, facts, MANAGER).unwrap_or_default();
    let differs = refused(facts, &before.0, &stated, &desired.node);
    let Some(differs) = differs.into_iter().find(|differs| differs.field == field && differs.path != field) else {
        return finding;
    };
    let Diagnostic { origin, .. } = at_field(desired, finding.code, &differs.path, "");
    Diagnostic { origin, ..finding }.label(format!("`{}` is another than before", differs.path))
}

/// Returns the findings for an object that the server did not take, after so many tries.
pub(super) fn of_verdict(desired: &Desired, verdict: &Verdict, tries: u32, answer: &str) -> Vec<Diagnostic> {
    match verdict {
        Verdict::Conflict(conflicts) => conflicts.iter().map(|conflict| of_conflict(desired, conflict)).collect(),
        Verdict::Immutable(refusals) => {
            let of_one = |refusal: &Refusal| {
                if cannot_change(&refusal.message) {
                    of_immutable(desired, refusal)
                } else {
                    of_refusal(desired, refusal)
                }
            };
            refusals.iter().map(of_one).collect()
        }
        Verdict::Passing(_) => {
            let message = format!("the server did not take it in {tries} tries: {}", desired.heard().words(answer));
            vec![at_object(desired, Code::RefusedByServer, &message)]
        }
        verdict => refusals(verdict).iter().map(|refusal| of_refusal(desired, refusal)).collect(),
    }
}

fn at_object(desired: &Desired, code: Code, message: &str) -> Diagnostic {
    let origin = desired.node.at(&["metadata", "name"]).map_or(desired.origin, Node::origin);
    Diagnostic::new(code, origin, brief(message)).subject(desired.key.to_string(), "")
}

fn at_field(desired: &Desired, code: Code, field: &str, message: &str) -> Diagnostic {
    let shown = desired.heard().field(field);
    if shown.is_empty() || field == "<nil>" {
        return at_object(desired, code, message);
    }
    // The line of a value would show the value.
    let (field, shown) = (field.trim_start_matches('.'), shown.trim_start_matches('.'));
    if is_secret(desired) && ["data", "stringData"].iter().any(|holder| field.starts_with(holder)) {
        return at_object(desired, code, message).subject(desired.key.to_string(), shown);
    }
    Diagnostic::new(code, locate(&desired.node, field), brief(message)).subject(desired.key.to_string(), shown)
}

fn of_refusal(desired: &Desired, refusal: &Refusal) -> Diagnostic {
    let finding = at_field(desired, Code::RefusedByServer, &refusal.field, &desired.heard().words(&refusal.message));
    let help = if refusal.message.contains("is being terminated") {
        Some(format!("the namespace `{}` is being deleted: run again once it is gone", desired.key.namespace))
    } else if refusal.message.contains("exceeded quota") {
        Some(
            "ask for less, or have the quota raised; `fanfold apply --preflight` says before what does not fit"
                .to_owned(),
        )
    } else if refusal.message.starts_with("namespaces \"") && refusal.message.contains("not found") {
        let namespace = &desired.key.namespace;
        Some(format!("create it with `kubectl create namespace {namespace}`, or add a Namespace to the inputs"))
    } else if refusal.message.contains("is forbidden: User") {
        Some("ask for a role that allows `patch` and `create` on it".to_owned())
    } else {
        None
    };
    finding.maybe_help(help)
}

fn of_conflict(desired: &Desired, conflict: &Conflict) -> Diagnostic {
    let Conflict { field, manager, subresource } = conflict;
    let field = field.trim_start_matches('.');
    let heard = desired.heard();
    let through =
        if subresource.is_empty() { String::new() } else { format!(" through `{}`", heard.manager(subresource)) };
    let message = match heard.field(field) {
        "" => format!("a field is managed by `{}`{through}", heard.manager(manager)),
        shown => format!("`{shown}` is managed by `{}`{through}", heard.manager(manager)),
    };
    let finding = at_field(desired, Code::FieldConflict, field, &message).names_alone();
    if field == "spec.replicas" {
        return finding
            .help("leave `replicas` out: then whoever scales the workload keeps deciding")
            .help("or take the field over with `--force-conflicts`");
    }
    let kind = &desired.key.kind;
    if never_changes(&desired.key.group, kind, field) {
        return finding.help(format!(
            "the field cannot be changed: write the value that it has, or let the object be deleted and made anew with `--force-conflicts --recreate {kind}=on-change`"
        ));
    }
    finding.help("take the field over with `--force-conflicts`, or leave it out of the spec")
}

fn of_immutable(desired: &Desired, refusal: &Refusal) -> Diagnostic {
    let kind = &desired.key.kind;
    let what = match desired.heard().field(&refusal.field) {
        "" => "it".to_owned(),
        field => format!("`{field}`"),
    };
    let message = format!("{what} cannot be changed: {}", desired.heard().words(last_part(&refusal.message)));
    let finding = at_field(desired, Code::ImmutableField, &refusal.field, &message).names_alone();
    let consequence = match kind.as_str() {
        "Job" => "its pods end and it starts again",
        "StatefulSet" => "its pods and claims stay, and the new one takes them over",
        "PersistentVolumeClaim" | "PersistentVolume" => "its data is lost",
        _ => "what it controls is made anew",
    };
    finding
        .help(format!("`--recreate {kind}=on-change` deletes it and makes it anew: {consequence}"))
        .help("the annotation `fanfold.dev/recreate: on-change` says so for this object alone")
}

/// Returns the finding for a warning of the server.
pub(super) fn of_warning(desired: &Desired, warning: &str) -> Diagnostic {
    let field = warning.split_once(": ").map(|(field, _)| field);
    let field = field.filter(|field| field.contains(['.', '[']) && !field.contains(' '));
    let message = desired.heard().words(warning);
    match field {
        Some(field) => at_field(desired, Code::ServerWarning, field, &message),
        None => at_object(desired, Code::ServerWarning, &message),
    }
}

/// Returns the finding for an object of somebody else.
pub(super) fn of_owner(desired: &Desired, owner: &str) -> Diagnostic {
    at_object(desired, Code::OwnedElsewhere, &format!("`{}` is there already and belongs to {owner}", desired.key))
        .help("give the object another name, or take it over with `--adopt`")
}

/// Says in a few words why an object ended so.
pub(super) fn reason(ended: &Ended, task: &Write<'_>, name: impl Fn(usize) -> String) -> String {
    match &ended.end {
        End::Well if !task.immutable.is_empty() => unchangeable(task.desired, &task.immutable),
        End::Well => String::new(),
        End::Needs(other) => format!("it needs `{}`", name(*other)),
        End::NotTried if ended.tries > 0 => "the run ended before the server's answer".into(),
        End::NotTried => "the run ended before".into(),
        End::Lost(lost) => task.desired.heard().reason(&lost.reason),
        End::Verdict(Verdict::Conflict(conflicts)) => {
            let managers: BTreeSet<&str> =
                conflicts.iter().map(|conflict| task.desired.heard().manager(&conflict.manager)).collect();
            format!("fields are managed by {}", managers.into_iter().collect::<Vec<_>>().join(", "))
        }
        End::Verdict(Verdict::Immutable(refusals)) => brief(&unchangeable(task.desired, refusals)),
        End::Verdict(Verdict::Refused(refusals)) => {
            let heard = task.desired.heard();
            let one = |refusal: &Refusal| match heard.field(&refusal.field) {
                "" | "<nil>" => heard.words(&refusal.message),
                field => format!("{field}: {}", heard.words(&refusal.message)),
            };
            brief(&refusals.iter().map(one).collect::<Vec<_>>().join("; "))
        }
        End::Verdict(_) => task.desired.heard().words(&task.said),
    }
}

fn unchangeable(desired: &Desired, refusals: &[Refusal]) -> String {
    let fields: Vec<&str> = refusals.iter().map(|refusal| desired.heard().field(&refusal.field)).collect();
    format!("`{}` cannot be changed", fields.join("`, `"))
}

/// Returns the last part of `Invalid value: {…}: field is immutable`: the value is all of a pod template at times, and the
/// kind of the error says nothing beside the code of the finding.
fn last_part(message: &str) -> &str {
    let said = message.lines().next().unwrap_or_default();
    let said = said.strip_prefix("Invalid value: ").unwrap_or(said);
    said.rsplit_once(": ").map_or(said, |(_, said)| said)
}

fn is_secret(desired: &Desired) -> bool {
    desired.key.kind == "Secret" && desired.key.group.is_empty()
}

/// What an annotation on the object says about making it anew, before what the command line says.
pub(super) fn recreate_annotation(desired: &Desired) -> Option<Recreate> {
    match desired.node.at(&["metadata", "annotations", "fanfold.dev/recreate"]).and_then(Node::as_str) {
        Some("on-change") => Some(Recreate::OnChange),
        Some("never") => Some(Recreate::Never),
        _ => None,
    }
}
