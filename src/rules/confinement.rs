//! Annotations that named what confines containers before there were fields for it, and that of mirrors.
//!
//! The server still looks at them: at their values, at the container that they name, and at the field beside them.

use super::Rule;
use super::at::{At, get, text};
use super::container::descending;
use super::deprecated::{APPARMOR, SECCOMP_CONTAINER, SECCOMP_POD};
use super::pod::containers;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::text::{Entry, Node, Origin};

/// The annotation of pods that a kubelet made from a file.
const MIRROR: &str = "kubernetes.io/config.mirror";
const LOCALHOST: &str = "localhost/";
const HELP: &str = "write the field of the security context, and take out the annotation";

/// What an annotation is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    AppArmor,
    Seccomp,
}

impl What {
    fn field(self) -> &'static str {
        match self {
            Self::AppArmor => "appArmorProfile",
            Self::Seccomp => "seccompProfile",
        }
    }

    /// Whether a value names a profile.
    fn is_profile(self, value: &str) -> bool {
        match (self, value) {
            (_, "runtime/default" | "unconfined") | (Self::AppArmor, "") | (Self::Seccomp, "docker/default") => true,
            (Self::AppArmor, value) => value.starts_with(LOCALHOST),
            (Self::Seccomp, value) => value.strip_prefix(LOCALHOST).is_some_and(|path| descending(path).is_ok()),
        }
    }

    /// Whether a value of an annotation says the same as a field.
    fn agrees(self, value: &str, profile: &Node) -> bool {
        match text(profile, &["type"]) {
            Some("Unconfined") => value == "unconfined",
            Some("RuntimeDefault") => value == "runtime/default" || self == Self::Seccomp && value == "docker/default",
            Some("Localhost") => {
                value.strip_prefix(LOCALHOST).is_some_and(|path| text(profile, &["localhostProfile"]) == Some(path))
            }
            _ => true,
        }
    }
}

/// Checks the annotations of pods; `is_pod` is whether these are pods, and no template of them: where a pod is made, the
/// annotation of a container comes before the field of the pod.
fn check(at: &mut At<'_>, is_pod: bool) {
    let Some(annotations) = at.get(&["metadata", "annotations"]).and_then(Node::as_map) else { return };
    let Some(spec) = at.get(&["spec"]) else { return };
    for Entry { key, value } in annotations {
        let Some(said) = value.as_str() else { continue };
        let place = format!("metadata.annotations[{}]", key.text);
        if key.text == MIRROR && text(spec, &["nodeName"]).is_none() {
            let message = format!("`{MIRROR}` needs a `nodeName` beside it: a kubelet alone makes such pods");
            let finding = Diagnostic::new(Code::InvalidValue, value.origin(), message);
            at.report(place, finding.help("take out the annotation"));
            continue;
        }
        let (what, container) = if let Some(name) = key.text.strip_prefix(APPARMOR) {
            (What::AppArmor, Some(name))
        } else if let Some(name) = key.text.strip_prefix(SECCOMP_CONTAINER) {
            (What::Seccomp, Some(name))
        } else if key.text == SECCOMP_POD {
            (What::Seccomp, None)
        } else {
            continue;
        };
        let is_named = |name: &str| containers(spec).find(|(_, container)| text(container, &["name"]) == Some(name));
        let found = container.and_then(is_named);
        if what == What::AppArmor && found.is_none() {
            let name = container.unwrap_or_default();
            let names: Vec<&str> = containers(spec).filter_map(|(_, container)| text(container, &["name"])).collect();
            let finding = Diagnostic::new(
                Code::InvalidValue,
                key.origin,
                format!("the pod has no container {}", words::word(name)),
            );
            at.report(place, finding.did_you_mean(name, names));
            continue;
        }
        if !what.is_profile(said) {
            let message = format!(
                "expected `runtime/default`, `unconfined` or `localhost/` and a profile, found {}",
                words::word(said)
            );
            let finding = Diagnostic::new(Code::InvalidValue, value.origin(), message);
            at.report(place, finding.help(HELP));
            continue;
        }
        let field = ["securityContext", what.field()];
        let own = found.as_ref().and_then(|(_, container)| get(container, &field));
        let of_pod = || get(spec, &field).filter(|_| container.is_none() || what == What::AppArmor && !is_pod);
        if let Some(profile) = own.or_else(of_pod).filter(|_| !is_windows(spec)) {
            disagreement(at, place, what, said, value.origin(), profile);
        }
    }
}

fn disagreement(at: &mut At<'_>, place: String, what: What, said: &str, origin: Origin, profile: &Node) {
    if !what.agrees(said, profile) {
        let message = format!("expected the same as in `{}`, found {}", what.field(), words::word(said));
        let finding = Diagnostic::new(Code::InvalidValue, origin, message).also(profile.origin(), "the field");
        at.report(place, finding.help("take out the annotation: the field alone counts"));
    }
}

fn is_windows(spec: &Node) -> bool {
    text(spec, &["os", "name"]) == Some("windows")
}

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "confinement",
        at: "core/v1.Pod",
        check: |at| check(at, true),
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/b: unconfined}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/a: foo}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {containers: [{name: a, image: 'a:1', securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/a: localhost/x}}, spec: {containers: [{name: a, image: 'a:1', securityContext: {appArmorProfile: {type: Localhost, localhostProfile: y}}}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {seccomp.security.alpha.kubernetes.io/pod: foo}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.seccomp.security.alpha.kubernetes.io/z: localhost/../a}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {seccomp.security.alpha.kubernetes.io/pod: runtime/default}}, spec: {securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {kubernetes.io/config.mirror: x}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.apparmor.security.beta.kubernetes.io/a: ''}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {container.seccomp.security.alpha.kubernetes.io/a: localhost/a/b}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {kubernetes.io/config.mirror: x}}, spec: {nodeName: a, containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "confinement-of-template",
        at: "core/v1.PodTemplateSpec",
        check: |at| check(at, false),
        refuses: &[
            "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {securityContext: {appArmorProfile: {type: RuntimeDefault}}, containers: [{name: a, image: 'a:1'}]}}",
            "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/b: unconfined}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {securityContext: {appArmorProfile: {type: Unconfined}}, containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
];
