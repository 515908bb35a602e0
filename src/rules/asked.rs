//! What a run asks of objects beside what the server does: rule sets of `--rules`, and advice.
//!
//! Settled objects that are applied together enter, findings leave. Where nothing is asked for, nothing is looked at.

use super::standards::judge_pods;
use super::{Standard, advice, availability};
use crate::diagnostic::{Code, Diagnostic, suggestion, words};
use crate::kubernetes::Manifest;

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

    /// Looks at objects that are applied together; `beside` are others that have a say in how they run.
    pub fn judge(&self, objects: &[&Manifest], beside: &[Manifest]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        if !self.standards.is_empty() {
            found.extend(objects.iter().flat_map(|object| judge_pods(object, &self.standards)));
        }
        if self.availability {
            found.extend(availability::judge(objects, beside));
        }
        if self.advice {
            found.extend(advice::judge(objects, beside));
        }
        found
    }

    /// Whether an object has a say in how others run: a budget, or an autoscaler.
    pub fn has_a_say(object: &Manifest) -> bool {
        matches!(
            (object.key.group.as_str(), object.key.kind.as_str()),
            ("policy", "PodDisruptionBudget") | ("autoscaling", "HorizontalPodAutoscaler")
        )
    }
}

/// Returns a finding about a field of an object.
pub(super) fn finding(code: Code, object: &Manifest, field: String, of: &crate::text::Node, text: &str) -> Diagnostic {
    Diagnostic::new(code, of.origin(), text).subject(object.key.to_string(), field)
}
