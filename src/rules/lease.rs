//! Leases: how long they hold, and how often they changed hands.

use super::Rule;
use super::value::at_least;

pub(super) const RULES: &[Rule] = &[Rule {
    name: "lease",
    at: "coordination/v1.LeaseSpec",
    check: |at| {
        if let Some(node) = at.get(&["leaseDurationSeconds"]) {
            at_least(at, "leaseDurationSeconds", node, "seconds", 1);
        }
        if let Some(node) = at.get(&["leaseTransitions"]) {
            at_least(at, "leaseTransitions", node, "a number", 0);
        }
    },
    refuses: &["{leaseDurationSeconds: 0}", "{leaseTransitions: -1}"],
    accepts: &["{leaseDurationSeconds: 1, leaseTransitions: 0}"],
    ..Rule::ALWAYS
}];
