//! Workloads of specs that select the pods of others beside their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::at::get;
use super::Set;
use super::gather::{About, Labels};
use super::selectors::Index;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::kubernetes::Manifest;
use crate::text::{Node, Origin};

/// What owns pods, and the labels by which it selects them.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) about: Arc<About>,
    pub(super) wanted: Labels,
    /// The number of its pods.
    pub(super) row: u32,
}

/// Returns the labels by which a workload of a spec selects its pods; `None` if they hold its name, which no other has.
pub(super) fn selector<'m>(about: &About, object: &'m Manifest) -> Option<&'m Node> {
    let selector = get(&object.node, &["spec", "selector"]).filter(|_| about.made && about.key.group == "apps")?;
    if get(selector, &["matchExpressions"]).is_some() {
        return None;
    }
    let labels = get(selector, &["matchLabels"])?;
    let label = |key: &str| labels.get(key).and_then(Node::as_str);
    let is_named = labels.as_map().is_some_and(|map| map.len() == 2)
        && label("app.kubernetes.io/instance") == Some(about.key.name.as_str())
        && label("app.kubernetes.io/name").is_some();
    (!is_named).then_some(labels)
}

impl Set {
    /// Finds workloads that select the pods of others: once for each place where that is written.
    pub(super) fn judge_owners(&self, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
        let mut told: BTreeMap<Origin, (Diagnostic, usize)> = BTreeMap::new();
        for owner in &self.owners {
            let Some(first) = owner.wanted.all().next() else { continue };
            let Some((row, _)) = index.selected(&owner.wanted).find(|(row, _)| *row != owner.row) else { continue };
            let other = self.owner(row);
            let is_same = other.is_some_and(|other| {
                let (left, right) = (&owner.wanted, &other.wanted);
                left.select(&right.hashes) && right.select(&left.hashes)
            });
            // Of two with one selector the later one says it.
            if is_same && row > owner.row {
                continue;
            }
            let place = first.value.origin();
            told.entry(place).or_insert_with(|| (self.overlap(owner, row, other, is_same, place), 0)).1 += 1;
        }
        found.extend(told.into_values().map(|(finding, count)| match count {
            1 => finding,
            _ => finding.help(format!("it is the same for {} more", count - 1)),
        }));
    }

    fn overlap(&self, owner: &Owner, row: u32, other: Option<&Owner>, is_same: bool, place: Origin) -> Diagnostic {
        let near = || {
            let near = self.near_pods.get(&owner.about.namespace).into_iter().flatten();
            near.into_iter().find(|pods| pods.row == row).map(|pods| (&pods.about, pods.at))
        };
        let of_owner = |other: &'_ Owner| other.wanted.all().next().map(|label| label.value.origin());
        let place_of = other.and_then(of_owner);
        let about = other.map(|other| &other.about).or_else(|| near().map(|(about, _)| about));
        let name = |about: &About| format!("the {} `{}`", about.key.kind, about.key.name);
        let (own, other) = (name(&owner.about), about.map_or("another workload".to_owned(), |about| name(about)));
        let labels = owner.wanted.all().map(|label| {
            let value = label.value.as_str().unwrap_or_default();
            format!("{}: {value}", label.key.text)
        });
        let labels = labels.collect::<Vec<_>>().join(", ");
        let finding = if is_same {
            let message = format!("{other} and {own} have one selector, `{labels}`");
            Diagnostic::new(Code::SelectorConflict, place, message)
                .label("each would take the pods of the other for its own")
        } else {
            let message = format!("{own} selects the pods of {other}, too: `{labels}`");
            Diagnostic::new(Code::SelectorConflict, place, message).severity(Severity::Warning)
        };
        let at = place_of.or_else(|| near().map(|(_, at)| at)).filter(|at| *at != place);
        let finding = match at {
            Some(at) => finding.also(at, if is_same { "the other is here" } else { "its pods are here" }),
            None => finding,
        };
        let finding =
            finding.help("put what tells the workloads apart into it: `selectorLabels: {app: \"{{ name }}\"}`");
        owner.about.subject(finding, "spec.selector.matchLabels")
    }

    fn owner(&self, row: u32) -> Option<&Owner> {
        self.owners.binary_search_by_key(&row, |owner| owner.row).ok().and_then(|at| self.owners.get(at))
    }
}
