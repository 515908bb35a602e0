//! Namespaces: what holds back their end.

use super::Rule;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::label_key;

pub(super) const RULES: &[Rule] = &[Rule {
    name: "namespace-finalizers",
    at: "core/v1.NamespaceSpec",
    check: |at| {
        for (number, item) in at.items(&["finalizers"]) {
            let Some(name) = item.as_str() else { continue };
            let reason = match label_key(name) {
                Err(reason) => reason,
                Ok(()) if name.contains('/') || matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") => {
                    continue;
                }
                Ok(()) => "expected `kubernetes`, or a name with a domain: `example.com/name`".to_owned(),
            };
            let message = format!("`{name}` is no name for a finalizer: {reason}");
            at.report(format_args!("finalizers[{number}]"), Diagnostic::new(Code::InvalidName, item.origin(), message));
        }
    },
    refuses: &["{finalizers: [a]}", "{finalizers: [example.com/]}"],
    accepts: &["{finalizers: [kubernetes]}", "{finalizers: [example.com/a]}"],
    ..Rule::ALWAYS
}];
