//! Taints of nodes and the tolerations of pods, as objects have them: which pods may land where.

use smol_str::SmolStr;

use super::Tree;

/// The taint that a cordoned node has.
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// A toleration, as a pod has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tolerated {
    key: SmolStr,
    operator: SmolStr,
    value: SmolStr,
    effect: SmolStr,
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taint {
    /// The key.
    pub key: SmolStr,
    /// The value; may be empty.
    pub value: SmolStr,
    /// What it does to pods that do not tolerate it.
    pub effect: SmolStr,
}

impl Tolerated {
    /// Reads a toleration.
    pub fn read(node: &impl Tree) -> Self {
        let word = |key: &str| node.word(key).unwrap_or_default();
        Self { key: word("key"), operator: word("operator"), value: word("value"), effect: word("effect") }
    }

    /// Returns what tolerates a key with any value.
    pub fn exists(key: &str, effect: &str) -> Self {
        Self { key: key.into(), operator: "Exists".into(), effect: effect.into(), value: SmolStr::default() }
    }

    /// Whether a pod with it may be on a node with a taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let same_effect = self.effect.is_empty() || self.effect == taint.effect;
        let same_key = self.key.is_empty() || self.key == taint.key;
        let same_value = match self.operator.as_str() {
            "" | "Equal" => self.value == taint.value,
            // Those that compare numbers are given the benefit of the doubt.
            _ => true,
        };
        same_effect && same_key && same_value
    }
}

impl Taint {
    /// Reads a taint.
    pub fn read(node: &impl Tree) -> Self {
        let word = |key: &str| node.word(key).unwrap_or_default();
        Self { key: word("key"), value: word("value"), effect: word("effect") }
    }

    /// Returns the taint of a cordoned node.
    pub fn unschedulable() -> Self {
        Self { key: UNSCHEDULABLE.into(), value: SmolStr::default(), effect: "NoSchedule".into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[allow(clippy::needless_pass_by_value)]
    fn tolerated(toleration: Value, taint: Value) -> bool {
        Tolerated::read(&toleration).tolerates(&Taint::read(&taint))
    }

    #[test]
    fn tolerations_match_as_the_scheduler_has_it() {
        let taint = || json!({"key": "gpu", "value": "a", "effect": "NoSchedule"});
        assert!(tolerated(json!({"operator": "Exists"}), taint()));
        assert!(tolerated(json!({"key": "gpu", "operator": "Exists"}), taint()));
        assert!(tolerated(json!({"key": "gpu", "value": "a"}), taint()));
        assert!(!tolerated(json!({"key": "gpu", "value": "b"}), taint()));
        assert!(!tolerated(json!({"key": "gpu"}), taint()), "no operator compares with an empty value");
        assert!(!tolerated(json!({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}), taint()));
        assert!(!tolerated(json!({"key": "cpu", "operator": "Exists"}), taint()));
    }
}
