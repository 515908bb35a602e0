//! References to ConfigMaps and Secrets: declared names in, the names of the objects out.
//!
//! Each reference is noted, so that there is an object in the namespace of all that refer to it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use smol_str::SmolStr;

use super::configs::{Configs, Source};
use super::draft::{Draft, is_true, items};
use super::env::replace;
use super::{Context, Lowering};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::text::Node;

/// What is referred to, and how.
#[derive(Clone, Copy)]
struct Reference<'a> {
    source: Source,
    name: &'a str,
    key: Option<&'a str>,
    optional: bool,
    /// Where it is written.
    at: &'a Node,
    /// The namespace of the object that refers, where it is not the batch's.
    elsewhere: Option<&'a SmolStr>,
}

impl Configs {
    /// Returns the name of the object that a reference means; what nothing declares is a finding, and keeps its name.
    fn resolve(&self, reference: Reference<'_>, diagnostics: &mut Diagnostics) -> SmolStr {
        let Reference { source, name, key, optional, at, elsewhere } = reference;
        let Some(shared) = self.get(source, name) else {
            let known = self.known.contains(&(source.kind().into(), name.into()));
            if !known && !optional {
                // As kubectl names it: `configmap/app`.
                let bare = name.rsplit(['/', ':']).next().unwrap_or(name);
                diagnostics.push(
                    Diagnostic::new(
                        Code::UndeclaredReference,
                        at.origin(),
                        format!("no {} `{name}` is declared", source.kind()),
                    )
                    .maybe_help(suggestion(bare, self.names(source)))
                    .help(format!(
                        "declare it under `{}`; one that exists already as `{name}: {{external: true}}`",
                        source.section()
                    )),
                );
            }
            return name.into();
        };
        self.note(source, name, elsewhere);
        if let (Some(key), Some(keys)) = (key, &shared.keys)
            && !keys.contains(key)
            && !optional
        {
            diagnostics.push(
                Diagnostic::new(
                    Code::UndeclaredReference,
                    at.origin(),
                    format!("the {} `{name}` has no key `{key}`", source.kind()),
                )
                .maybe_help(suggestion(key, keys.iter().map(SmolStr::as_str)))
                .also(shared.origin, "declared here"),
            );
        }
        shared.name.clone()
    }

    /// Notes that an object refers to a name: one in another namespace than the batch's, where that is given.
    pub(super) fn note(&self, source: Source, name: &str, elsewhere: Option<&SmolStr>) {
        let key = (source, SmolStr::new(name));
        match (self.own.get(&key), elsewhere) {
            (Some(at_home), None) => at_home.store(true, Ordering::Relaxed),
            (Some(_), Some(namespace)) => {
                let mut noted = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
                noted.insert((source, key.1, namespace.clone()));
            }
            (None, elsewhere) => {
                let mut noted = self.borrowed.lock().unwrap_or_else(PoisonError::into_inner);
                noted.insert((source, key.1, elsewhere.cloned()));
            }
        }
    }
}

impl Lowering<'_> {
    /// Returns the name of the object that a reference of the instance means.
    pub(super) fn reference(
        &mut self,
        source: Source,
        name: &str,
        key: Option<&str>,
        optional: bool,
        at: &Node,
    ) -> SmolStr {
        let (here, home) = (self.namespace(), self.context.batch.batch.namespace.as_ref());
        let (here, home) = (here.and_then(Node::text), home.and_then(Node::text));
        let elsewhere = here.filter(|_| here != home);
        let reference = Reference { source, name, key, optional, at, elsewhere };
        self.context.configs.resolve(reference, self.diagnostics)
    }

    /// Rewrites the name in a native reference to a ConfigMap or Secret.
    pub(super) fn native_reference(&mut self, kind: Source, reference: &Node, field: &str, key: Option<&str>) -> Node {
        let Some(name) = reference.get(field).cloned() else { return reference.clone() };
        let Some(text) = name.text().cloned() else { return reference.clone() };
        let optional = reference.get("optional").is_some_and(is_true);
        let target = self.reference(kind, &text, key, optional, &name);
        if target == text { reference.clone() } else { replace(reference, field, Node::string(target, name.origin())) }
    }

    /// Spells out a list of Secrets, each a name or a native reference.
    pub(super) fn secret_list(&mut self, list: &Node) -> Node {
        spelled_list(list, |name, at| self.reference(Source::Secret, name, None, false, at))
    }
}

/// Spells out a list of Secrets that an object of the batch as a whole refers to.
pub(super) fn secret_list(context: &Context<'_>, list: &Node, diagnostics: &mut Diagnostics) -> Node {
    spelled_list(list, |name, at| {
        let (source, elsewhere) = (Source::Secret, None);
        let reference = Reference { source, name, key: None, optional: false, at, elsewhere };
        context.configs.resolve(reference, diagnostics)
    })
}

fn spelled_list(list: &Node, mut resolve: impl FnMut(&str, &Node) -> SmolStr) -> Node {
    let spelled = items(list).into_iter().map(|item| match (item.text(), item.get("name").and_then(Node::text)) {
        (Some(name), _) => Draft::new(item.origin()).text("name", resolve(name, &item)).done(),
        (None, Some(name)) => {
            let name = resolve(name, item.get("name").unwrap_or(&item));
            replace(&item, "name", Node::string(name, item.origin()))
        }
        (None, None) => item,
    });
    Node::seq(spelled.collect(), list.origin())
}
