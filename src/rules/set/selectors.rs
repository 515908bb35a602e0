//! Selectors and the pods beside them.

use std::collections::{HashMap, HashSet};

use super::gather::{Labels, Selects};
use super::{Hashed, NearPods, Outside, Row, Set};
use crate::diagnostic::{Code, Diagnostic, Severity, is_near};
use crate::text::Entry;

/// The pods of a set by the labels that are asked for.
pub(super) struct Index<'s> {
    set: &'s Set,
    by_label: HashMap<Hashed, Vec<u32>>,
}

impl<'s> Index<'s> {
    pub(super) fn of(set: &'s Set) -> Self {
        let wanted = set.selects.iter().map(|selects| &selects.wanted);
        let wanted = wanted.chain(set.targets.iter().map(|target| &target.wanted));
        let wanted = wanted.chain(set.budgets.iter().map(|budget| &budget.wanted));
        let wanted = wanted.chain(set.owners.iter().map(|owner| &owner.wanted));
        let wanted: HashSet<Hashed> = wanted.flat_map(|labels| &labels.hashes).copied().collect();
        let mut by_label: HashMap<Hashed, Vec<u32>> = HashMap::new();
        if !wanted.is_empty() {
            for (number, row) in (0..).zip(&set.pods) {
                let (common, own) = set.labels_of(row);
                for label in common.iter().chain(own).filter(|label| wanted.contains(label)) {
                    by_label.entry(*label).or_default().push(number);
                }
            }
        }
        Self { set, by_label }
    }

    /// Returns the pods that labels select, with their numbers; nothing where no label is asked for.
    pub(super) fn selected<'i>(&'i self, wanted: &'i Labels) -> impl Iterator<Item = (u32, &'s Row)> + 'i {
        let with = |label: &Hashed| self.by_label.get(label).map_or(&[][..], Vec::as_slice);
        let fewest = wanted.hashes.iter().map(with).min_by_key(|numbers| numbers.len()).unwrap_or_default();
        let rows = fewest.iter().filter_map(|number| Some((*number, self.set.pods.get(*number as usize)?)));
        rows.filter(|(_, row)| {
            let (common, own) = self.set.labels_of(row);
            wanted.hashes.iter().all(|label| common.contains(label) || own.contains(label))
        })
    }
}

impl Set {
    /// Returns the labels of pods: those that they have in common with others, and their own.
    pub(super) fn labels_of(&self, row: &Row) -> (&[Hashed], &[Hashed]) {
        let start = row.start as usize;
        let own = self.labels.get(start..start + usize::from(row.others)).unwrap_or_default();
        (self.common.get(row.common).map_or(&[][..], Vec::as_slice), own)
    }

    /// Finds selectors that miss the pods that they were most likely written for.
    pub(super) fn judge_selects(&self, index: &Index<'_>, outside: Outside, found: &mut Vec<Diagnostic>) {
        for selects in self.selects.iter().filter(|selects| index.selected(&selects.wanted).next().is_none()) {
            let beside = self.near_pods.get(&selects.about.namespace).map_or(&[][..], Vec::as_slice);
            found.extend(self.missed(selects, beside, outside));
        }
    }

    fn missed(&self, selects: &Selects, beside: &[NearPods], outside: Outside) -> Option<Diagnostic> {
        let Selects { about, field, wanted } = selects;
        // Pods without labels are nobody's, and often only a part of what is applied.
        let labeled = beside.iter().filter(|pods| !pods.labels.is_empty());
        let Some(nearest) = labeled.min_by_key(|pods| misses(wanted, pods)) else {
            let first = wanted.all().next().filter(|_| outside == Outside::Error)?;
            let message = "no pods of the inputs have the labels that the selector asks for";
            let finding = Diagnostic::new(Code::SelectsNothing, first.key.origin, message).severity(Severity::Error);
            let finding = finding.help("with `--closed` the inputs are all that there is: add what makes the pods");
            return Some(about.subject(finding, field));
        };
        let wrong = misses(wanted, nearest);
        let is_meant = || {
            let near = |label: &Entry| {
                let theirs = nearest.labels.all().find(|theirs| theirs.key.text == label.key.text);
                theirs.and_then(|theirs| Some(is_near(theirs.value.as_str()?, label.value.as_str()?))) == Some(true)
            };
            wanted.all().all(near)
        };
        // A spec names all its pods. Of several labels all but one fit, or a slip of the keyboard tells them apart, or no
        // other pods are there.
        let whole = about.made && outside != Outside::Silent || outside == Outside::Error;
        let alone = beside.len() == 1 && !self.has_others;
        let is_told =
            whole || alone || wanted.hashes.len() > 1 && wrong == 1 && !self.has_others || wrong <= 2 && is_meant();
        if !is_told {
            return None;
        }
        let label = wanted.all().find(|label| !nearest.labels.has(label))?;
        let theirs = nearest.labels.all().find(|theirs| theirs.key.text == label.key.text);
        let of = format!("{} `{}`", nearest.about.key.kind, nearest.about.key.name);
        let wanted = format!("{}: {}", label.key.text, label.value.as_str().unwrap_or_default());
        let message = format!("the selector asks for `{wanted}` and selects none of the pods beside it");
        let finding = Diagnostic::new(Code::SelectsNothing, label.key.origin, message).repeats([label.value.origin()]);
        let finding = match theirs {
            Some(theirs) => finding.also(theirs.key.origin, format!("the pods of {of} have another")),
            None => finding.also(nearest.at, format!("the pods of {of} have no such label")),
        };
        let finding = match outside {
            Outside::Error => finding.severity(Severity::Error),
            _ => finding,
        };
        Some(
            about.subject(
                finding.help("write the labels that the pods have"),
                format_args!("{field}.{}", label.key.text),
            ),
        )
    }
}

/// Returns how many labels that are asked for the pods do not have.
fn misses(wanted: &Labels, pods: &NearPods) -> usize {
    wanted.all().filter(|label| !pods.labels.has(label)).count()
}
