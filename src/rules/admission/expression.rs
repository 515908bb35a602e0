//! Expressions of policies and webhooks: what they may read, and which of them the server takes.
//!
//! A text enters; a program leaves, or a finding that says why it is none.

use std::fmt::Display;
use std::sync::LazyLock;

use smol_str::{SmolStr, format_smolstr};

use super::super::at::At;
use super::super::value::{check_once, named};
use crate::cel::{Environment, Object, Program, Refusal, Ty};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Minor;
use crate::kubernetes::name::label_key;
use crate::text::Node;

/// The most conditions under which a webhook or policy is asked.
const CONDITIONS: usize = 64;

/// Checks the conditions under which a webhook or policy is asked.
pub(in crate::rules) fn conditions(at: &mut At<'_>, has_params: bool) {
    let environment = environment(at.minor(), has_params);
    if let Some(list) = at.get(&["matchConditions"])
        && let Some(found) = list.as_seq().map(<[Node]>::len).filter(|found| *found > CONDITIONS)
    {
        at.invalid("matchConditions", list, format!("expected at most {CONDITIONS} conditions, found {found}"));
    }
    let mut names = Vec::new();
    for (index, condition) in at.items(&["matchConditions"]) {
        let place = format!("matchConditions[{index}]");
        compiled(at, &place, condition, "expression", &environment, &[Ty::Bool]);
        if let Some(node) = condition.get("name") {
            named(at, format_args!("{place}.name"), node, "a condition", label_key);
            names.push((format!("{place}.name"), node));
        }
    }
    check_once(at, names, |name| format!("two conditions have the name `{name}`"));
}

/// Compiles the expression in a field of a structure at a place, which must come to one of some types; any where there
/// is none. What is not taken is reported.
pub(in crate::rules) fn compiled(
    at: &mut At<'_>,
    place: impl Display,
    parent: &Node,
    field: &str,
    environment: &Environment,
    wanted: &[Ty],
) -> Option<Program> {
    let node = parent.get(field)?;
    let text = node.as_str()?;
    let refusal = match compile(text, environment, wanted) {
        Ok(program) => return Some(program),
        Err(refusal) => refusal,
    };
    let message = format!("the server takes no such `{field}`: {}", refusal.message);
    let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message).maybe_help(refusal.help);
    let finding = match excerpt(text, refusal.at) {
        Some(near) => finding.label(format!("at `{near}`")),
        None => finding,
    };
    at.report(format_args!("{place}.{field}"), finding);
    None
}

/// Compiles an expression that must come to one of some types; any where there is none.
pub(super) fn compile(text: &str, environment: &Environment, wanted: &[Ty]) -> Result<Program, Refusal> {
    match environment.compile(text) {
        Ok(program) if wanted.is_empty() || wanted.contains(program.ty()) => Ok(program),
        Ok(program) => Err(mistyped(program.ty(), wanted)),
        Err(refusal) => Err(refusal),
    }
}

fn mistyped(found: &Ty, wanted: &[Ty]) -> Refusal {
    let help = match (found, &wanted[0]) {
        (Ty::Dyn, Ty::Bool) => Some("compare it with what it must be: `… == true`".to_owned()),
        (Ty::Dyn, Ty::Text) => Some("make it a text: `string(…)`".to_owned()),
        _ => None,
    };
    let found =
        if *found == Ty::Dyn { "a value of any type".to_owned() } else { format!("a value of the type `{found}`") };
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let wanted = words::list(wanted.iter().map(String::as_str), "or");
    Refusal { at: 0, message: format!("expected it to come to a {wanted}, found {found}"), help }
}

/// Returns the part of a longer text that a refusal is about.
fn excerpt(text: &str, at: usize) -> Option<SmolStr> {
    const SHOWN: usize = 40;
    let rest = text.get(at..)?.lines().next()?.trim_end();
    let cut = rest.char_indices().nth(SHOWN).map(|(end, _)| end);
    let shown = cut.map_or_else(|| rest.into(), |end| format_smolstr!("{}…", &rest[..end]));
    (at > 0 && !rest.is_empty()).then_some(shown)
}

/// Returns the variables of all expressions of policies, in the order in which [`super::Seen`] gives them.
pub(in crate::rules) fn environment(minor: Minor, has_params: bool) -> Environment {
    let environment = plain(minor)
        .with("authorizer", AUTHORIZER)
        // The check of what is asked of the object at hand.
        .with("authorizer.requestResource", AUTHORIZER);
    if has_params { environment.with("params", Ty::Dyn) } else { environment }
}

/// Returns the variables of expressions that make a message, which ask nobody what users may do.
pub(in crate::rules) fn of_messages(minor: Minor, has_params: bool) -> Environment {
    if has_params { plain(minor).with("params", Ty::Dyn) } else { plain(minor) }
}

fn plain(minor: Minor) -> Environment {
    Environment::new(minor)
        .with("object", Ty::Dyn)
        .with("oldObject", Ty::Dyn)
        .with("namespaceObject", NAMESPACE.clone())
        .with("request", REQUEST.clone())
}

fn object(name: &str, fields: Vec<(&str, Ty)>) -> Ty {
    let fields = fields.into_iter().map(|(name, ty)| (name.into(), name.into(), ty)).collect();
    Ty::Object(Object { name: name.into(), fields }.into())
}

/// The type of what answers who may do what.
const AUTHORIZER: Ty = Ty::Opaque("kubernetes.authorization.Authorizer");

/// The type of `request`.
pub(super) static REQUEST: LazyLock<Ty> = LazyLock::new(|| {
    let kind = |name, last| object(name, vec![("group", Ty::Text), ("version", Ty::Text), (last, Ty::Text)]);
    let kinds = kind("kubernetes.GroupVersionKind", "kind");
    let resources = kind("kubernetes.GroupVersionResource", "resource");
    let user = object(
        "kubernetes.UserInfo",
        vec![
            ("username", Ty::Text),
            ("uid", Ty::Text),
            ("groups", Ty::list(Ty::Text)),
            ("extra", Ty::map(Ty::list(Ty::Text))),
        ],
    );
    object(
        "kubernetes.AdmissionRequest",
        vec![
            ("kind", kinds.clone()),
            ("resource", resources.clone()),
            ("subResource", Ty::Text),
            ("requestKind", kinds),
            ("requestResource", resources),
            ("requestSubResource", Ty::Text),
            ("name", Ty::Text),
            ("namespace", Ty::Text),
            ("operation", Ty::Text),
            ("userInfo", user),
            ("dryRun", Ty::Bool),
            ("options", Ty::Dyn),
        ],
    )
});

/// The type of `namespaceObject`.
pub(super) static NAMESPACE: LazyLock<Ty> = LazyLock::new(|| {
    let metadata = object(
        "kubernetes.NamespaceMetadata",
        vec![
            ("name", Ty::Text),
            ("generateName", Ty::Text),
            ("namespace", Ty::Text),
            ("labels", Ty::map(Ty::Text)),
            ("annotations", Ty::map(Ty::Text)),
            ("UID", Ty::Text),
            ("creationTimestamp", Ty::Timestamp),
            ("deletionGracePeriodSeconds", Ty::Int),
            ("deletionTimestamp", Ty::Timestamp),
            ("generation", Ty::Int),
            ("resourceVersion", Ty::Text),
            ("finalizers", Ty::list(Ty::Text)),
        ],
    );
    let condition = object(
        "kubernetes.NamespaceCondition",
        vec![
            ("status", Ty::Text),
            ("type", Ty::Text),
            ("lastTransitionTime", Ty::Timestamp),
            ("message", Ty::Text),
            ("reason", Ty::Text),
        ],
    );
    let status = object("kubernetes.NamespaceStatus", vec![("conditions", Ty::list(condition)), ("phase", Ty::Text)]);
    let spec = object("kubernetes.NamespaceSpec", vec![("finalizers", Ty::list(Ty::Text))]);
    object("kubernetes.Namespace", vec![("metadata", metadata), ("spec", spec), ("status", status)])
});
