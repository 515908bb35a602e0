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
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, suggestion};
use crate::spec::Batch;
use crate::text::{Node, Origin};

/// The ConfigMap that Kubernetes puts into each namespace.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";
/// The ServiceAccount that Kubernetes puts into each namespace.
const DEFAULT_ACCOUNT: &str = "default";

/// What becomes of pods that refer to what is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// They do not start.
    Must,
    /// They start without.
    May,
    /// They start where their images are there, or can be pulled without.
    Pull,
}

impl Need {
    /// Returns the need of a native reference.
    pub(super) fn of(reference: &Node) -> Self {
        if reference.get("optional").is_some_and(is_true) { Self::May } else { Self::Must }
    }
}

/// An object that the pods of an instance use by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Used {
    /// A PersistentVolumeClaim.
    Claim,
    /// A ServiceAccount.
    Account,
}

impl Used {
    /// Returns the kind of the object.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Claim => "PersistentVolumeClaim",
            Self::Account => "ServiceAccount",
        }
    }

    fn section(self) -> &'static str {
        match self {
            Self::Claim => "claims",
            Self::Account => "serviceAccounts",
        }
    }

    /// Returns the finding about one that nothing makes and nothing declares.
    pub fn undeclared(self, name: &str, origin: Origin, batch: &Batch) -> Diagnostic {
        let declared = match self {
            Self::Claim => &batch.claims,
            Self::Account => &batch.service_accounts,
        };
        let message = format!("no {} `{name}` is declared", self.kind());
        Diagnostic::new(Code::UndeclaredReference, origin, message)
            .maybe_help(suggestion(name, declared.iter().map(|entry| entry.key.text.as_str())))
            .help(format!(
                "declare it under `{}`; one that exists already as `{name}: {{external: true}}`",
                self.section()
            ))
    }
}

/// What is referred to, and how.
#[derive(Clone, Copy)]
struct Reference<'a> {
    source: Source,
    name: &'a str,
    key: Option<&'a str>,
    need: Need,
    /// Where it is written.
    at: &'a Node,
    /// The namespace of the object that refers, where it is not the batch's.
    elsewhere: Option<&'a SmolStr>,
}

impl Configs {
    /// Returns the name of the object that a reference means; what nothing declares is a finding, and keeps its name.
    fn resolve(&self, reference: Reference<'_>, diagnostics: &mut Diagnostics) -> SmolStr {
        let Reference { source, name, key, need, at, elsewhere } = reference;
        let Some(shared) = self.get(source, name) else {
            let is_there = source == Source::ConfigMap && name == ROOT_CERTIFICATES;
            if is_there || need == Need::May || self.known.contains(&(source.kind().into(), name.into())) {
                return name.into();
            }
            // As kubectl names it: `configmap/app`.
            let bare = name.rsplit(['/', ':']).next().unwrap_or(name);
            let near = suggestion(bare, self.names(source));
            let message = format!("no {} `{name}` is declared", source.kind());
            let finding = Diagnostic::new(Code::UndeclaredReference, at.origin(), message);
            if need == Need::Must {
                diagnostics.push(finding.maybe_help(near).help(format!(
                    "declare it under `{}`; one that exists already as `{name}: {{external: true}}`",
                    source.section()
                )));
            } else if near.is_some() {
                diagnostics.push(finding.severity(Severity::Warning).maybe_help(near));
            }
            return name.into();
        };
        self.note(source, name, elsewhere);
        if let (Some(key), Some(keys)) = (key, &shared.keys)
            && !keys.contains(key)
            && need != Need::May
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

/// Whether an entry of a section says that the object exists already.
pub(super) fn is_external(entry: &Node) -> bool {
    entry.get("external").is_some_and(is_true)
}

impl Lowering<'_> {
    /// Returns the name of the object that a reference of the instance means.
    pub(super) fn reference(
        &mut self,
        source: Source,
        name: &str,
        key: Option<&str>,
        need: Need,
        at: &Node,
    ) -> SmolStr {
        let (here, home) = (self.namespace(), self.context.batch.batch.namespace.as_ref());
        let (here, home) = (here.and_then(Node::text), home.and_then(Node::text));
        let elsewhere = here.filter(|_| here != home);
        let reference = Reference { source, name, key, need, at, elsewhere };
        self.context.configs.resolve(reference, self.diagnostics)
    }

    /// Rewrites the name in a native reference to a ConfigMap or Secret.
    pub(super) fn native_reference(&mut self, kind: Source, reference: &Node, field: &str, key: Option<&str>) -> Node {
        let Some(name) = reference.get(field).cloned() else { return reference.clone() };
        let Some(text) = name.text().cloned() else { return reference.clone() };
        let target = self.reference(kind, &text, key, Need::of(reference), &name);
        if target == text { reference.clone() } else { replace(reference, field, Node::string(target, name.origin())) }
    }

    /// Notes that the pods use an object by its name, where the batch itself declares none of it: what other workloads
    /// make is known when all are lowered.
    pub(super) fn uses(&self, used: Used, name: &Node) {
        let Some(text) = name.text().filter(|_| !name.is_null()) else { return };
        let batch = &self.context.batch.batch;
        let declared = match used {
            Used::Claim => batch.claims.get(text),
            Used::Account if text == DEFAULT_ACCOUNT => return,
            Used::Account => batch.service_accounts.get(text),
        };
        // Those of a batch are in its namespace; one that is external may be anywhere.
        let (here, home) = (self.namespace().and_then(Node::text), batch.namespace.as_ref().and_then(Node::text));
        let is_declared = declared.is_some_and(|entry| here == home || is_external(entry));
        if !is_declared && !self.context.configs.known.contains(&(used.kind().into(), text.clone())) {
            self.context.configs.note_use(used, here.cloned().unwrap_or_default(), text.clone(), name.origin());
        }
    }

    /// Spells out a list of Secrets, each a name or a native reference.
    pub(super) fn secret_list(&mut self, list: &Node) -> Node {
        spelled_list(list, |name, at| self.reference(Source::Secret, name, None, Need::Pull, at))
    }
}

/// Spells out a list of Secrets that an object of the batch as a whole refers to.
pub(super) fn secret_list(context: &Context<'_>, list: &Node, diagnostics: &mut Diagnostics) -> Node {
    spelled_list(list, |name, at| {
        let (source, elsewhere) = (Source::Secret, None);
        let reference = Reference { source, name, key: None, need: Need::Pull, at, elsewhere };
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
