//! Budgets that let no pod go, and what is scaled by two at once.

use std::collections::HashSet;

use super::super::at::get;
use super::gather::{Budget, Scaled};
use super::selectors::Index;
use super::{Asking, Name, Outside, Row, Set};
use crate::diagnostic::{Code, Diagnostic, Severity, is_near};
use crate::kubernetes::{Manifest, is_scalable};
use crate::text::Origin;

/// How many pods a budget keeps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Least {
    /// All of them, however many there are.
    All,
    /// So many.
    Count(u64),
    /// So many of a hundred.
    Percent(u64),
}

impl Least {
    /// Returns how many of some pods it keeps; none where that is all of any number.
    pub(super) fn keeps(self, pods: u64) -> Option<u64> {
        match self {
            Self::All => None,
            Self::Count(count) => Some(count),
            Self::Percent(percent) => Some((percent.saturating_mul(pods)).div_ceil(100)),
        }
    }
}

/// Reads how many pods a budget keeps, and where that is written.
pub(super) fn read(budget: &Manifest) -> Option<(Least, &'static str, Origin)> {
    let written = |name: &str| get(&budget.node, &["spec", name]);
    if let Some(node) = written("maxUnavailable") {
        return matches!(node.text()?.as_str(), "0" | "0%").then(|| (Least::All, "maxUnavailable", node.origin()));
    }
    let node = written("minAvailable")?;
    let text = node.text()?;
    let least = match text.strip_suffix('%') {
        Some(percent) => match percent.parse().ok()? {
            100.. => Least::All,
            percent => Least::Percent(percent),
        },
        None => Least::Count(text.parse().ok()?),
    };
    Some((least, "minAvailable", node.origin()))
}

impl Set {
    /// Finds budgets that let no pod go.
    pub(super) fn judge_budgets(&self, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
        let scaled: HashSet<u32> = self.scalers.keys().filter_map(|target| self.row_of(*target)).collect();
        for Budget { about, wanted, least, field, at } in &self.budgets {
            let pods: Vec<(u32, &Row)> = index.selected(wanted).collect();
            let is_known = |number: &u32, row: &Row| row.count > 0 && !row.is_scaled && !scaled.contains(number);
            let written = pods.iter().map(|(number, row)| is_known(number, row).then_some(row.count));
            let message = match (least, written.map(|count| count.map(u64::from)).sum::<Option<u64>>()) {
                (Least::All, _) => "the budget allows no pod to be evicted".to_owned(),
                (_, Some(all)) if all > 0 && least.keeps(all).is_some_and(|kept| kept >= all) => {
                    let pods = if all == 1 { "the only pod".to_owned() } else { format!("all {all} pods") };
                    format!("the budget keeps {pods}: none may be evicted")
                }
                _ => continue,
            };
            let finding = Diagnostic::new(Code::BlocksEvictions, *at, message)
                .help("write `maxUnavailable: 1`, or run more pods than must be available");
            found.push(about.subject(finding, format_args!("spec.{field}")));
        }
    }

    /// Finds autoscalers of what is not there.
    pub(super) fn judge_scaled(&self, asking: &Asking<'_>, found: &mut Vec<Diagnostic>) {
        for Scaled { about, kind, name, at, .. } in &self.scaled {
            let namespace = &about.namespace;
            if (asking.is_there)(Name { group: "apps", kind, namespace, text: name }) {
                continue;
            }
            let names = self.near_names.get(&(kind.clone(), namespace.clone())).into_iter().flatten();
            let names: Vec<&str> = names.map(smol_str::SmolStr::as_str).collect();
            let is_meant = names.iter().any(|near| is_near(near, name));
            let is_native = is_scalable(kind);
            let severity = match asking.outside.severity(self.has_others) {
                Some(Severity::Error) if is_native => Severity::Error,
                _ if is_meant => Severity::Warning,
                Some(severity) if is_native => severity,
                _ => continue,
            };
            let message = format!("there is no {kind} `{name}` beside the autoscaler");
            let finding = Diagnostic::new(Code::UndeclaredReference, *at, message).severity(severity);
            let finding = finding.did_you_mean(name, names);
            found.push(about.subject(finding, "spec.scaleTargetRef.name"));
        }
    }
}

impl Outside {
    /// Returns how loud it is that something is not there; none where it is not said. Where others are among the inputs,
    /// they may make it.
    pub(super) fn severity(self, has_others: bool) -> Option<Severity> {
        match self {
            Self::Silent => None,
            Self::Warning if !has_others => Some(Severity::Warning),
            Self::Note | Self::Warning => Some(Severity::Note),
            Self::Error => Some(Severity::Error),
        }
    }
}
