//! `PodDisruptionBudget`: how many pods may be missing.

use super::Rule;
use super::value::{at_least, percent};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Value;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "disruption-budget-once",
        at: "policy/v1.PodDisruptionBudgetSpec",
        check: |at| {
            if let (Some(least), Some(node)) = (at.get(&["minAvailable"]), at.get(&["maxUnavailable"])) {
                let message = "`maxUnavailable` may not stand beside `minAvailable`: a budget is one of both";
                let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message);
                at.report("maxUnavailable", finding.also(least.origin(), "the other one").help("take one of them out"));
            }
        },
        refuses: &["{selector: {}, minAvailable: 1, maxUnavailable: 1}"],
        accepts: &["{selector: {}, minAvailable: 1}", "{selector: {}, maxUnavailable: 1}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "disruption-budget-amount",
        at: "policy/v1.PodDisruptionBudgetSpec",
        check: |at| {
            for field in ["minAvailable", "maxUnavailable"] {
                let Some(node) = at.get(&[field]) else { continue };
                let text = node.as_str().unwrap_or_default();
                if matches!(node.value(), Value::Number(_)) {
                    at_least(at, field, node, "a number of pods", 0);
                } else if percent(text).is_none_or(|percent| percent > 100) {
                    let message = format!("expected a number, or a percentage up to `100%`, found `{text}`");
                    at.invalid(field, node, message);
                }
            }
        },
        refuses: &[
            "{selector: {}, minAvailable: -1}",
            "{selector: {}, minAvailable: '1'}",
            "{selector: {}, maxUnavailable: 101%}",
            "{selector: {}, maxUnavailable: 10.5%}",
        ],
        accepts: &["{selector: {}, minAvailable: 0}", "{selector: {}, maxUnavailable: 100%}"],
        ..Rule::ALWAYS
    },
];
