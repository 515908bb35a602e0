//! What left the set, and may go.

use crate::apply::order::priority;
use crate::apply::set::guard::{Guard, Taken};
use crate::apply::set::survey::Surplus;
use crate::apply::write::Remove;
use crate::apply::{Outcome, Settled};
use crate::text::Origin;

/// How much may go at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PruneLimit {
    /// A share of the set, in percent.
    Percent(f64),
    /// A number of objects.
    Count(usize),
}

impl Default for PruneLimit {
    fn default() -> Self {
        Self::Percent(50.0)
    }
}

impl std::str::FromStr for PruneLimit {
    type Err = String;

    /// Reads `20` or `80%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a number or a percentage such as `80%`, found `{text}`");
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
                if (0.0..=100.0).contains(&percent) { Ok(Self::Percent(percent)) } else { Err(wrong()) }
            }
            None => text.parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl PruneLimit {
    /// Returns the refusal, for the user, where that many of that many members would go.
    #[expect(clippy::cast_precision_loss, reason = "numbers of objects")]
    pub(in crate::apply) fn refusal(self, going: usize, members: usize) -> Option<String> {
        let (over, limit) = match self {
            Self::Percent(percent) => (going as f64 * 100.0 > members as f64 * percent, format!("{percent}%")),
            Self::Count(count) => (going > count, count.to_string()),
        };
        over.then(|| {
            format!("pruning would delete {going} of the {members} objects of the set, and the limit is {limit}: pass `--prune-limit {going}` if that is meant")
        })
    }
}

/// What goes, and what stays although it left the set.
#[derive(Debug, Default)]
pub(in crate::apply) struct Pruning {
    pub(in crate::apply) removals: Vec<Remove>,
    pub(in crate::apply) kept: Vec<Settled>,
    /// The namespaces and kinds of what stays, which the set goes on to cover.
    pub(in crate::apply) still_members: bool,
}

/// Decides about each surplus member, in the order in which it may go.
pub(in crate::apply) fn pruning(
    surplus: &[Surplus],
    desired_namespaces: &dyn Fn(&str) -> bool,
    guard: Guard,
    taken: &Taken,
    dry_run: bool,
) -> Pruning {
    let mut result = Pruning::default();
    for member in surplus {
        let Surplus { resource, live } = member;
        let key = member.key();
        let is_home = key.kind == "Namespace" && key.group.is_empty() && desired_namespaces(&key.name);
        let reason = match guard.keeps(&key, live, taken) {
            Some(stay) if !is_home || !stay.wants_flag => Some(format!("left the set; {}", stay.reason)),
            _ if is_home => Some("left the set; it holds objects of the set".to_owned()),
            _ => None,
        };
        if let Some(reason) = reason {
            result.still_members = true;
            result.kept.push(Settled::unsent(key, Origin::NOWHERE, Outcome::Unchanged, reason));
        } else {
            let removal = Remove::new(key, resource, live, Outcome::Pruned);
            result.removals.push(Remove { dry_run, ..removal });
        }
    }
    result
        .removals
        .sort_by(|left, right| priority(&right.key).cmp(&priority(&left.key)).then_with(|| left.key.cmp(&right.key)));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_a_set_does_not_go_unasked() {
        let limit = PruneLimit::default();
        assert_eq!(limit.refusal(5, 10), None);
        assert!(limit.refusal(6, 10).is_some());
        assert_eq!("6".parse::<PruneLimit>().expect("reads").refusal(6, 10), None);
        assert_eq!("60%".parse::<PruneLimit>().expect("reads").refusal(6, 10), None);
        assert!("150%".parse::<PruneLimit>().is_err());
        assert!("x".parse::<PruneLimit>().is_err());
    }
}
