//! The metadata of objects: their annotations, owners and finalizers.

use super::Rule;
use super::at::{At, is_true, text};
use super::value::bytes_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::ObjectKey;
use crate::kubernetes::name::label_key;
use crate::text::Node;

/// The most bytes that the annotations of an object may have, with their keys.
const ANNOTATION_BYTES: usize = 256 * 1024;
/// Metadata with one byte too many in its annotations.
const LARGE: &str = {
    const START: &[u8] = b"{name: a, namespace: default, annotations: {a: ";
    static TEXT: [u8; START.len() + ANNOTATION_BYTES + 2] = {
        let mut text = [b'x'; START.len() + ANNOTATION_BYTES + 2];
        let mut at = 0;
        while at < START.len() {
            text[at] = START[at];
            at += 1;
        }
        text[START.len() + ANNOTATION_BYTES] = b'}';
        text[START.len() + ANNOTATION_BYTES + 1] = b'}';
        text
    };
    match str::from_utf8(&TEXT) {
        Ok(text) => text,
        Err(_) => "",
    }
};

/// The finalizers of Kubernetes itself that have no domain.
const STANDARD: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "annotation-bytes",
        at: "meta/v1.ObjectMeta",
        check: annotations,
        refuses: &[LARGE],
        accepts: &["{name: a, namespace: default, annotations: {a: b}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "finalizer-names",
        at: "meta/v1.ObjectMeta",
        check: |at| {
            // Those of templates are looked at in what is made from them.
            if !at.is_own_metadata() {
                return;
            }
            for (number, finalizer) in at.items(&["finalizers"]) {
                let Some(name) = finalizer.as_str() else { continue };
                let may_be_short = !(at.is_native() && at.object().is_some_and(wants_domains));
                let has_domain = name.contains('/') || STANDARD.contains(&name) || may_be_short;
                let reason = label_key(name).and_then(|()| {
                    let reason = || "expected a name with a domain: `example.com/name`".to_owned();
                    has_domain.then_some(()).ok_or_else(reason)
                });
                if let Err(reason) = reason {
                    let message = format!("`{name}` is no name for a finalizer: {reason}");
                    let finding = Diagnostic::new(Code::InvalidName, finalizer.origin(), message);
                    at.report(format_args!("finalizers[{number}]"), finding);
                }
            }
        },
        refuses: &[
            "{name: a, namespace: default, finalizers: ['example.com/a b']}",
            "{name: a, namespace: default, finalizers: [example.com/]}",
            "{name: a, namespace: default, finalizers: ['']}",
            "{name: a, namespace: default, finalizers: [protected]}",
        ],
        accepts: &["{name: a, namespace: default, finalizers: [example.com/a, example.com/B_c, kubernetes]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "finalizers-of-deletion",
        at: "meta/v1.ObjectMeta",
        check: |at| {
            let place = |name: &str| at.items(&["finalizers"]).find(|(_, item)| item.as_str() == Some(name));
            if let (Some((_, orphan)), Some((number, foreground))) = (place("orphan"), place("foregroundDeletion"))
                && at.is_own_metadata()
            {
                let message = "`orphan` and `foregroundDeletion` exclude one another: the objects that it owns are \
                               either kept or deleted first";
                let finding = Diagnostic::new(Code::InvalidValue, foreground.origin(), message)
                    .also(orphan.origin(), "the other one")
                    .help("take one of them out");
                at.report(format_args!("finalizers[{number}]"), finding);
            }
        },
        refuses: &["{name: a, namespace: default, finalizers: [orphan, foregroundDeletion]}"],
        accepts: &["{name: a, namespace: default, finalizers: [orphan]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "managed-fields",
        at: "meta/v1.ManagedFieldsEntry",
        check: |at| {
            if at.is_own_metadata() {
                let operation = at.get(&["operation"]);
                let known = operation.and_then(Node::as_str).is_some_and(|word| matches!(word, "Apply" | "Update"));
                match operation {
                    Some(node) if !known => at.invalid("operation", node, "expected `Apply` or `Update`"),
                    None => at.missing("operation", "missing field `operation`: `Apply` or `Update`"),
                    Some(_) => {}
                }
            }
        },
        refuses: &["{manager: a}", "{manager: a, operation: Delete}"],
        accepts: &["{manager: a, operation: Update, fieldsType: FieldsV1, apiVersion: v1}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "one-controller",
        at: "meta/v1.ObjectMeta",
        check: |at| {
            let mut first: Option<&Node> = None;
            for (number, owner) in at.items(&["ownerReferences"]) {
                if !is_true(owner, &["controller"]) || !at.is_own_metadata() {
                    continue;
                }
                let Some(controller) = owner.get("controller") else { continue };
                match first {
                    None => first = Some(controller),
                    Some(first) => {
                        let message = "an object has one controller, and another owner is it already";
                        let finding = Diagnostic::new(Code::InvalidValue, controller.origin(), message)
                            .also(first.origin(), "the other one")
                            .help("write `controller: true` at one of its owners");
                        at.report(format_args!("ownerReferences[{number}].controller"), finding);
                    }
                }
            }
        },
        refuses: &["{name: a, namespace: default, ownerReferences: [\
             {apiVersion: v1, kind: Pod, name: a, uid: a, controller: true}, \
             {apiVersion: v1, kind: Pod, name: b, uid: b, controller: true}]}"],
        accepts: &["{name: a, namespace: default, ownerReferences: [\
             {apiVersion: v1, kind: Pod, name: a, uid: a, controller: true}, \
             {apiVersion: v1, kind: Pod, name: b, uid: b, controller: false}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "owner",
        at: "meta/v1.OwnerReference",
        check: owner,
        refuses: &[
            "{apiVersion: a/b/c, kind: Pod, name: a, uid: a}",
            "{apiVersion: apps/, kind: Deployment, name: a, uid: a}",
            "{apiVersion: '', kind: Pod, name: a, uid: a}",
            "{apiVersion: v1, kind: '', name: a, uid: a}",
            "{apiVersion: v1, kind: Pod, name: '', uid: a}",
            "{apiVersion: v1, kind: Pod, name: a, uid: ''}",
            "{apiVersion: v1, kind: Event, name: a, uid: a}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, name: a, uid: a}",
            "{apiVersion: events.k8s.io/v1, kind: Event, name: a, uid: a}",
        ],
        ..Rule::ALWAYS
    },
];

/// Whether the finalizers of a kind have domains: those of others may be any names, with a warning.
fn wants_domains(object: &ObjectKey) -> bool {
    let group = object.group.as_str();
    !matches!(object.kind.as_str(), "Event" | "Lease" | "PodDisruptionBudget" | "RuntimeClass")
        && !matches!(group, "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "apiregistration.k8s.io")
}

fn annotations(at: &mut At<'_>) {
    let Some(annotations) = at.get(&["annotations"]) else { return };
    let bytes = annotations.as_map().map_or(0, bytes_of);
    if bytes > ANNOTATION_BYTES {
        let message = format!(
            "expected annotations of at most {} KiB in all, found {} KiB",
            ANNOTATION_BYTES / 1024,
            bytes.div_ceil(1024),
        );
        let finding = Diagnostic::new(Code::InvalidValue, annotations.origin(), message);
        at.report("annotations", finding.help("keep large texts in a ConfigMap"));
    }
}

fn owner(at: &mut At<'_>) {
    if !at.is_own_metadata() {
        return;
    }
    for field in ["apiVersion", "kind", "name", "uid"] {
        let Some(node) = at.get(&[field]) else { continue };
        if node.as_str() == Some("") {
            at.invalid(field, node, format!("expected the `{field}` of the owner, found an empty text"));
        }
    }
    let (Some(node), Some(version)) = (at.get(&["apiVersion"]), at.text(&["apiVersion"])) else { return };
    let parts: Vec<&str> = version.split('/').collect();
    if parts.len() > 2 || parts.last().is_none_or(|version| version.is_empty()) {
        at.invalid("apiVersion", node, format!("expected `GROUP/VERSION` or `VERSION`, found `{version}`"));
    } else if matches!(version, "v1" | "/v1") && text(at.node(), &["kind"]) == Some("Event") {
        at.invalid("", at.node(), "an `Event` of `v1` owns nothing: it is deleted by itself after a while");
    }
}
