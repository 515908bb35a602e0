//! Policies of a cluster, `ValidatingAdmissionPolicy`, held against objects before they are sent.
//!
//! Policies with their bindings and parameters enter, and each object that would be created; what they refuse leaves, and
//! what cannot be told without the cluster. A verdict is never guessed: what depends on who asks, on a namespace or on
//! parameters that are not here is a note.

pub(super) mod expression;
mod matching;
mod object;
mod policy;

use std::cell::OnceCell;

use smol_str::SmolStr;

use self::matching::Fits;
use self::object::Seen;
use self::policy::{Action, Binding, Failing, Policy, Validation};
use super::at::text;
use crate::cel::{CONDITIONS, Fault, Given, Meter, OBJECT, Program, Ran, Value};
use crate::diagnostic::{Code, Diagnostic, Severity, words};
use crate::kubernetes::{Facts, Manifest, ObjectKey};
use crate::limits;
use crate::text::{Node, Origin};

/// The group of policies, and of all that has a say in admission: the server holds none of that against policies.
const GROUP: &str = "admissionregistration.k8s.io";
/// The longest message that an expression may make.
const MESSAGE: usize = 5 * 1024;

/// An object that may be a policy, a binding, or what they read, and the sets of objects that it is in.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The object, settled.
    pub object: &'a Manifest,
    /// Its sets; none where it is there for all objects, and enforced whether it is bound or not.
    pub sets: Option<&'a [u32]>,
}

/// Policies, ready to judge.
#[derive(Debug, Default)]
pub struct Policies {
    all: Vec<Policy>,
    meter: Meter,
    namespaces: Vec<(SmolStr, Node, Option<Vec<u32>>)>,
}

impl Policies {
    /// Reads the policies among objects, with what they are bound to; those with expressions that the server would not
    /// take judge nothing.
    pub fn read(objects: &[Placed<'_>], facts: &Facts) -> Self {
        let of_kind = |kind: &'static str| {
            objects.iter().filter(move |placed| placed.object.key.group == GROUP && placed.object.key.kind == kind)
        };
        let bindings: Vec<(&Placed<'_>, Binding)> = of_kind("ValidatingAdmissionPolicyBinding")
            .filter_map(|placed| Some((placed, Binding::read(placed.object)?)))
            .collect();
        let named: Vec<&SmolStr> = of_kind("ValidatingAdmissionPolicy")
            .filter(|placed| placed.sets.is_none())
            .map(|placed| &placed.object.key.name)
            .collect();
        // One that is named stands for one of that name among the inputs.
        let is_once = |placed: &&Placed<'_>| placed.sets.is_none() || !named.contains(&&placed.object.key.name);
        let mut policies = Vec::new();
        for placed in of_kind("ValidatingAdmissionPolicy").filter(is_once) {
            let Some(mut policy) = Policy::read(placed.object, facts) else { continue };
            policy.sets = placed.sets.map(<[u32]>::to_vec);
            let own =
                bindings.iter().filter(|(at, binding)| binding.policy == policy.name && meet(at.sets, placed.sets));
            policy.bindings = own.map(|(at, binding)| binding.with_params(&policy, at, objects)).collect();
            // Who names a policy asks what it refuses.
            if policy.bindings.is_empty() && placed.sets.is_none() {
                policy.bindings.push(Binding::deny(&policy));
            }
            if !policy.bindings.is_empty() {
                policies.push(policy);
            }
        }
        if policies.is_empty() {
            return Self::default();
        }
        let namespaces =
            objects.iter().filter(|placed| placed.object.key.group.is_empty() && placed.object.key.kind == "Namespace");
        let namespaces = namespaces.map(|placed| {
            let Manifest { key, node, .. } = placed.object;
            (key.name.clone(), node.clone(), placed.sets.map(<[u32]>::to_vec))
        });
        Self { namespaces: namespaces.collect(), meter: Meter::default(), all: policies }
    }

    /// Whether there is nothing to judge by.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns what the policies refuse of an object of those sets; `stored` is a custom resource with its defaults.
    pub fn judge(&self, object: &Manifest, stored: Option<&Node>, sets: &[u32], facts: &Facts) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if self.all.is_empty() || object.key.group == GROUP {
            return found;
        }
        if self.meter.is_over() {
            found.extend(self.all.first().map(Policy::exhausted));
            return found;
        }
        let seen = OnceCell::new();
        let seen = || seen.get_or_init(|| Seen::of(object, stored, facts));
        let namespace = self.namespaces.iter().find(|(name, _, known)| {
            *name == object.key.namespace && !name.is_empty() && meet(known.as_deref(), Some(sets))
        });
        let namespace = namespace.map(|(_, node, _)| node);
        for policy in self.all.iter().filter(|policy| meet(policy.sets.as_deref(), Some(sets))) {
            let resource = matching::Resource::of(object, namespace, facts);
            match policy.constraints.fits(&resource) {
                Fits::No => continue,
                Fits::Unknown(why) => {
                    found.push(policy.undecided(policy.place, why, &object.key));
                    continue;
                }
                Fits::Yes => {}
            }
            for binding in &policy.bindings {
                match binding.constraints.as_ref().map_or(Fits::Yes, |constraints| constraints.fits(&resource)) {
                    Fits::No => {}
                    Fits::Unknown(why) => found.push(policy.undecided(policy.place, why, &object.key)),
                    Fits::Yes => {
                        let judged = Judged { policy, binding, object, seen: seen(), meter: &self.meter };
                        judge_by(&judged, namespace, &mut found);
                    }
                }
            }
        }
        found
    }
}

/// Whether two objects meet in a set.
fn meet(ours: Option<&[u32]>, theirs: Option<&[u32]>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours.iter().any(|set| theirs.contains(set)),
        _ => true,
    }
}

fn judge_by(judged: &Judged<'_>, namespace: Option<&Node>, found: &mut Vec<Diagnostic>) {
    let Judged { policy, binding, object, seen, .. } = judged;
    let params = match binding.params_for(&object.key) {
        Ok(params) => params,
        Err(why) => {
            found.push(policy.undecided(policy.place, why, &object.key));
            return;
        }
    };
    for param in params {
        let mut roots = seen.roots(namespace, &object.key);
        roots.extend(policy.has_params.then(|| param.clone().map_or(Value::Null, Value::tree)));
        judged.judge(&roots, found);
    }
}

/// One object before one policy.
struct Judged<'a> {
    policy: &'a Policy,
    binding: &'a Binding,
    object: &'a Manifest,
    seen: &'a Seen,
    meter: &'a Meter,
}

impl Judged<'_> {
    fn judge(&self, roots: &[Value], found: &mut Vec<Diagnostic>) {
        let policy = self.policy;
        let mut left = CONDITIONS;
        let by_anyone = self.seen.by_anyone(roots);
        let given = self.seen.given(&by_anyone, &[]);
        for condition in &policy.conditions {
            let ran = self.run(&condition.program, &given);
            left = left.saturating_sub(ran.cost);
            if left == 0 {
                self.failed(&Fault::OverBudget, &condition.node, &ran.reads, found);
                return;
            }
            match ran.outcome {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return,
                Err(Fault::Unknown(why)) => {
                    found.push(policy.undecided(condition.node.origin(), why, &self.object.key));
                    return;
                }
                Err(fault) => {
                    self.failed(&fault, &condition.node, &ran.reads, found);
                    return;
                }
            }
        }
        let mut left = OBJECT;
        let given = self.seen.given(roots, &policy.variables);
        for validation in &policy.validations {
            let ran = self.run(&validation.expression.program, &given);
            left = left.saturating_sub(ran.cost);
            let at = validation.expression.node.origin();
            if left == 0 {
                self.failed(&Fault::OverBudget, &validation.expression.node, &ran.reads, found);
                return;
            }
            match ran.outcome {
                Ok(Value::Bool(true)) => {}
                Ok(_) => {
                    let finding = self.refused(validation, roots, &ran.reads);
                    self.push(finding, found);
                }
                Err(Fault::Unknown(why)) => found.push(policy.undecided(at, why, &self.object.key)),
                Err(fault) => self.failed(&fault, &validation.expression.node, &ran.reads, found),
            }
        }
    }

    fn run(&self, program: &Program, given: &Given<'_>) -> Ran {
        let ran = program.run(given);
        self.meter.add(ran.cost + ran.steps);
        ran
    }

    /// Adds a finding; of the same by several bindings the worst counts.
    fn push(&self, finding: Diagnostic, found: &mut Vec<Diagnostic>) {
        let finding = finding.severity(match self.binding.action {
            Action::Deny => Severity::Error,
            Action::Warn => Severity::Warning,
            Action::Audit => Severity::Note,
        });
        let same = found.iter_mut().find(|known| known.origin == finding.origin && known.message == finding.message);
        match same {
            Some(known) => known.severity = known.severity.min(finding.severity),
            None => found.push(finding),
        }
    }

    /// Says what a policy refuses: at the part of the object that it looked at last.
    fn refused(&self, validation: &Validation, roots: &[Value], reads: &[Node]) -> Diagnostic {
        let (said, repeats) = self.said(validation, roots);
        let why = match (said, &validation.message) {
            (Some(said), _) => format!("`{said}`"),
            (None, Some(message)) => message.to_string(),
            (None, None) => {
                format!("failed expression: `{}`", validation.expression.node.as_str().unwrap_or_default().trim())
            }
        };
        let message = format!("not allowed by policy `{}`: {why}", self.policy.name);
        self.at(message, reads).also(validation.expression.node.origin(), "this is false").repeats(repeats)
    }

    /// Returns what the message of a validation comes to, and the places of all that it read.
    fn said(&self, validation: &Validation, roots: &[Value]) -> (Option<SmolStr>, Vec<Origin>) {
        let Some(program) = &validation.message_expression else { return (None, Vec::new()) };
        // What a Secret holds is in no message, wherever it was written.
        let is_secret = self.object.key.group.is_empty() && self.object.key.kind == "Secret";
        // Variables are evaluated anew, so that what they read is known.
        let ran = self.run(program, &self.seen.given(roots, &self.policy.variables).whole());
        let places = ran.places().into_iter().collect();
        let Ok(Value::Text(text)) = ran.outcome else { return (None, Vec::new()) };
        let said = text.trim();
        let fits = !is_secret && !said.is_empty() && said.len() <= MESSAGE && !said.contains('\n');
        if !fits || self.binding.has_secret_params() {
            return (None, Vec::new());
        }
        (Some(said.into()), places)
    }

    /// Says that an expression has no value, where the policy refuses what it cannot judge.
    fn failed(&self, fault: &Fault, expression: &Node, reads: &[Node], found: &mut Vec<Diagnostic>) {
        if self.policy.failing == Failing::Ignore {
            return;
        }
        let name = &self.policy.name;
        let (message, help) = if let Fault::Failed(why) = fault {
            let why = match why.as_str() {
                "no such overload" => "a value is of another type than it expects".to_owned(),
                why => Fault::bare(why, expression.as_str().unwrap_or_default()),
            };
            let is_missing = why.starts_with("there is no") || why.starts_with("a key");
            let help =
                is_missing.then_some("a policy that allows it asks first whether the field is there, with `has()`");
            (format!("policy `{name}` cannot judge the object, and so refuses it: {why}"), help)
        } else {
            let help = "look at fewer items, or bound lists before they are compared with each other";
            (format!("policy `{name}` takes more than the server spends on an object, and so refuses it"), Some(help))
        };
        let finding = self.at(message, reads).also(expression.origin(), "this has no value").maybe_help(help);
        self.push(finding, found);
    }

    fn at(&self, message: String, reads: &[Node]) -> Diagnostic {
        let place = reads.iter().rev().find_map(|read| Some((read.origin(), self.seen.path(read)?)));
        let (origin, path) = place.unwrap_or_else(|| (self.object.origin.at_start(), String::new()));
        let origin = if origin.is_nowhere() { self.object.origin.at_start() } else { origin };
        Diagnostic::new(Code::Policy, origin, message).subject(self.object.key.to_string(), path)
    }
}

impl Policy {
    /// Says that all policies together take more than a run spends on them.
    fn exhausted(&self) -> Diagnostic {
        let most = words::grouped(limits::STEPS_OF_POLICIES);
        let message = format!("the policies take more than {most} steps for all objects: the others are not judged");
        let help = "look at fewer items in each object, or judge fewer objects at once";
        Diagnostic::new(Code::TooManyInstances, self.place, message).help(help)
    }

    /// Says what keeps the policy from being judged here.
    fn undecided(&self, origin: Origin, why: impl AsRef<str>, key: &ObjectKey) -> Diagnostic {
        let message = format!("what policy `{}` says of some objects is not known here: {}", self.name, why.as_ref());
        Diagnostic::new(Code::PolicyUndecided, origin, message).label(format!("`{}` for one", key.kind))
    }
}

/// Returns a text of an object.
fn word(node: &Node, path: &[&str]) -> Option<SmolStr> {
    text(node, path).map(SmolStr::new)
}
