//! What Namespaces among the inputs hold their pods to, as the admission of the server does (module
//! k8s.io/pod-security-admission): the level of the label `enforce` refuses pods, those of `warn` and `audit` warn.
//!
//! Namespaces enter with the sets that they are in, what a level does not allow of the pods of an object leaves. An object
//! that names no namespace is in one that nobody knows.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::standards::judge_pods;
use super::{Minor, Standard};
use crate::diagnostic::{Diagnostic, Severity};
use crate::kubernetes::{Manifest, SecurityLevel};
use crate::text::{Node, Origin};

/// The domain of the labels.
const DOMAIN: &str = "pod-security.kubernetes.io";
/// The labels, the strictest first.
const MODES: [(&str, Severity); 3] =
    [("enforce", Severity::Error), ("warn", Severity::Warning), ("audit", Severity::Warning)];

/// The levels of the Namespaces of a run.
#[derive(Debug, Default)]
pub struct Enforced {
    by_name: HashMap<(u32, SmolStr), Vec<Level>>,
}

/// What one label asks for.
#[derive(Clone, Debug)]
struct Level {
    mode: &'static str,
    severity: Severity,
    standard: Standard,
    /// Where that is written.
    origin: Origin,
}

impl Enforced {
    /// Whether no namespace holds its pods to anything.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Adds an object of some sets, if it is a Namespace with levels.
    pub fn add(&mut self, object: &Manifest, sets: &[u32], minor: Minor) {
        if object.key.kind != "Namespace" || !object.key.group.is_empty() {
            return;
        }
        let Some(labels) = object.node.at(&["metadata", "labels"]) else { return };
        let level = |(mode, severity): (&'static str, Severity)| {
            let label = labels.get(&format!("{DOMAIN}/{mode}"))?;
            let level = SecurityLevel::parse(label.as_str()?).filter(|level| *level > SecurityLevel::Privileged)?;
            let version = labels.get(&format!("{DOMAIN}/{mode}-version")).and_then(Node::as_str);
            // A version that is none, and one that is yet to come, is the latest to the server.
            let version = version.and_then(|text| Minor::parse(text.trim_start_matches('v')));
            let minor = version.filter(|version| *version <= minor).unwrap_or(minor);
            Some(Level { mode, severity, standard: Standard { level, minor }, origin: label.origin() })
        };
        let levels: Vec<Level> = MODES.into_iter().filter_map(level).collect();
        if !levels.is_empty() {
            for set in sets {
                self.by_name.insert((*set, object.key.name.clone()), levels.clone());
            }
        }
    }

    /// Returns what the Namespace of an object does not allow of its pods, so far as nothing `known` says so.
    pub fn judge(&self, object: &Manifest, sets: &[u32], known: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        if self.by_name.is_empty() || object.key.namespace.is_empty() {
            return found;
        }
        let levels = sets.iter().filter_map(|set| self.by_name.get(&(*set, object.key.namespace.clone())));
        for level in levels.flatten() {
            for finding in judge_pods(object, &[level.standard]) {
                let is_same = |one: &Diagnostic| one.origin == finding.origin && one.subject == finding.subject;
                if !known.iter().chain(&found).any(is_same) {
                    let why = format!("the Namespace `{}` asks for it by `{}`", object.key.namespace, level.mode);
                    found.push(finding.severity(level.severity).also(level.origin, why));
                }
            }
        }
        found
    }
}
