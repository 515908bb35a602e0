//! What a run asks of objects beside what the server does: rule sets of `--rules`, and advice.
//!
//! Settled objects that are applied together enter, findings leave. Where nothing is asked for, nothing is looked at.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::at::get;
use super::standards::judge_pods;
use super::{Standard, advice, availability};
use crate::diagnostic::{Code, Diagnostic, suggestion, words};
use crate::kubernetes::{Labels, Manifest, Selector, is_autoscaler, scale_target};

/// What a run asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What pods are held to.
    pub standards: Vec<Standard>,
    /// Whether workloads must outlive the loss of a node: `ha`.
    pub availability: bool,
    /// Whether to warn of what mostly is a trap, although the server says nothing.
    pub advice: bool,
}

/// The names of the rule sets.
const NAMES: [&str; 3] = ["pss=baseline", "pss=restricted", "ha"];

impl Asked {
    /// Adds a rule set: `ha`, or a level of the Pod Security Standards; the error is a message.
    pub fn add(&mut self, word: &str) -> Result<(), String> {
        let name = word.split_once('@').map_or(word, |(name, _)| name);
        if word == "ha" {
            self.availability = true;
        } else if NAMES.contains(&name) && name != "ha" {
            let standard = Standard::parse(word)?;
            if !self.standards.contains(&standard) {
                self.standards.push(standard);
            }
        } else if name == "ha" {
            return Err("the rule set `ha` has no versions: write `ha`".to_owned());
        } else {
            let known = || format!("known are {}", words::list(NAMES, "and"));
            return Err(format!("there is no rule set `{name}`: {}", suggestion(name, NAMES).unwrap_or_else(known)));
        }
        Ok(())
    }

    /// Looks at objects that are applied together, none of which holds anything broken; `beside` are others that have a say in how they run.
    pub fn judge(&self, objects: &[&Manifest], beside: &Beside) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        if *self == Self::default() {
            return found;
        }
        if !self.standards.is_empty() {
            found.extend(objects.iter().flat_map(|object| judge_pods(object, &self.standards)));
        }
        if self.availability || self.advice {
            let own = Beside::of(objects.iter().copied());
            let around = [&own, beside];
            if self.availability {
                found.extend(availability::judge(objects, around));
            }
            if self.advice {
                found.extend(advice::judge(objects, around));
            }
        }
        found
    }
}

/// What has a say in how others run, by what it is about: autoscalers and budgets.
#[derive(Debug, Default)]
pub struct Beside {
    /// Autoscalers by the namespace, kind and name of what they scale.
    scalers: HashMap<(SmolStr, SmolStr, SmolStr), Manifest>,
    /// What budgets select, by their namespace and a label that all of it surely has.
    budgets: HashMap<(SmolStr, Option<Label>), Vec<Selector>>,
}

/// A label's key and value.
type Label = (SmolStr, SmolStr);

impl Beside {
    /// Whether nothing has a say in how others run.
    pub fn is_empty(&self) -> bool {
        self.scalers.is_empty() && self.budgets.is_empty()
    }

    /// Finds the autoscalers and budgets among objects.
    pub fn of<'m>(objects: impl IntoIterator<Item = &'m Manifest>) -> Self {
        let mut beside = Self::default();
        for object in objects {
            let namespace = object.key.namespace.clone();
            if let Some(target) = scale_target(object).filter(|_| is_autoscaler(object)) {
                let name = target.name.text().cloned().unwrap_or_default();
                beside.scalers.entry((namespace, target.kind, name)).or_insert_with(|| object.clone());
            } else if is_budget(object)
                && let Some(selector) = get(&object.node, &["spec", "selector"]).map(Selector::read)
            {
                let sure = selector.pair().map(|(key, value)| (key.clone(), value.clone()));
                beside.budgets.entry((namespace, sure)).or_default().push(selector);
            }
        }
        beside
    }

    /// Returns the autoscaler of an object.
    pub(super) fn scaler(&self, object: &Manifest) -> Option<&Manifest> {
        let key = &object.key;
        if self.scalers.is_empty() {
            return None;
        }
        self.scalers.get(&(key.namespace.clone(), key.kind.clone(), key.name.clone()))
    }

    /// Whether a budget is for pods with some labels.
    pub(super) fn keeps(&self, namespace: &SmolStr, labels: &Labels) -> bool {
        let selects = |sure: Option<&Label>| {
            let budgets = self.budgets.get(&(namespace.clone(), sure.cloned()));
            budgets.is_some_and(|all| all.iter().any(|selector| selector.selects(labels)))
        };
        !self.budgets.is_empty() && (selects(None) || labels.iter().any(|label| selects(Some(label))))
    }
}

/// Whether an object is a budget of evictions.
pub(super) fn is_budget(object: &Manifest) -> bool {
    object.key.group == "policy" && object.key.kind == "PodDisruptionBudget"
}

/// Returns a finding about a field of an object.
pub(super) fn finding(code: Code, object: &Manifest, field: String, of: &crate::text::Node, text: &str) -> Diagnostic {
    Diagnostic::new(code, of.origin(), text).subject(object.key.to_string(), field)
}
