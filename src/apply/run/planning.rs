//! Before the first write: what is there, what is proven, what is in the way, what goes.

use std::collections::BTreeSet;

use crate::apply::event::{Report, Settled};
use crate::apply::options::RunError;
use crate::apply::run::Run;
use crate::apply::set::hold;
use crate::apply::set::parents::parents;
use crate::apply::set::prune::{Pruning, pruning};
use crate::apply::set::survey::{Found, Keep, Look, Survey, survey};
use crate::apply::set::{ApplySet, Extent, PART_OF, other_owner};
use crate::apply::{Desired, finding, order};

/// What is known before the first write.
pub(super) struct Plan {
    pub(super) survey: Survey,
    pub(super) needs: Vec<Vec<usize>>,
    /// What is sent, by number.
    pub(super) send: Vec<usize>,
    pub(super) adopted: Vec<bool>,
    pub(super) chosen: Vec<bool>,
    pub(super) pruning: Pruning,
    /// Whether an earlier run ended before it had tidied up.
    pub(super) unfinished: bool,
}

impl Plan {
    pub(super) fn has_work(&self) -> bool {
        !self.send.is_empty() || !self.pruning.removals.is_empty() || self.unfinished
    }
}

impl Run<'_> {
    /// Looks at the cluster and decides about every object; what is settled by that alone is said so.
    pub(super) async fn plan(
        &mut self,
        settled: &mut [Option<Settled>],
        report: &mut Report,
    ) -> Result<Plan, RunError> {
        let Self { client, kinds, desired, set, options, .. } = *self;
        let left_over = async {
            match set.filter(|_| !options.dry_run) {
                Some(set) => hold::is_left_over(client, set, &self.part(), self.runner).await,
                None => false,
            }
        };
        let look = Look { client, kinds, desired, set, keep: Keep::Unproven(self.facts) };
        let (survey, left_over) = tokio::join!(survey(look), left_over);
        let survey = survey.map_err(RunError::Survey)?;
        let needs = order::needs(desired.iter().map(|object| (&object.key, &object.node)));
        let mut chosen = vec![true; desired.len()];
        if let Some(shard) = options.shard {
            chosen = desired.iter().map(|object| shard.holds(&object.key)).collect();
            order::with_needs(&mut chosen, &needs);
        }
        let own = set.map(ApplySet::id);
        let strangers: BTreeSet<&str> = survey
            .found
            .iter()
            .filter_map(|found| found.live()?.label(PART_OF))
            .filter(|id| own.as_deref().is_some_and(|own| own != *id))
            .collect();
        let homes: BTreeSet<&str> = desired.iter().map(|object| object.key.namespace.as_str()).collect();
        let homes = homes.into_iter().filter(|namespace| !namespace.is_empty()).collect();
        let names = parents(client, strangers, &homes).await;
        let named = |id: &str| names.get(id).cloned();
        let mut adopted = vec![false; desired.len()];
        let mut send = Vec::new();
        let leaving: Vec<bool> = survey.found.iter().map(is_leaving).collect();
        for (number, object) in desired.iter().enumerate().filter(|(number, _)| chosen[*number]) {
            match &survey.found[number] {
                Found::Absent => send.push(number),
                // It will not be there when it is its turn: neither it nor what goes with its namespace or definition.
                _ if leaving[number] || needs[number].iter().any(|needed| leaving[*needed]) => send.push(number),
                Found::Same { uid, generation } => {
                    let (uid, generation) = (uid.to_string(), *generation);
                    settled[number] = Some(Settled { uid, generation, ..Settled::expected(object) });
                }
                found => {
                    let live = found.live().filter(|_| own.is_some());
                    let owner = live.and_then(|live| other_owner(live, own.as_deref(), named));
                    if let Some(owner) = owner.filter(|_| !options.adopt) {
                        report.findings.push(finding::of_owner(object, &owner));
                    }
                    adopted[number] = matches!(found, Found::Metadata(_)) && own.is_some();
                    send.push(number);
                }
            }
        }
        if report.findings.has_errors() {
            report.stopped = Some("objects of others are in the way; nothing was sent".into());
        }
        let pruning = self.pruning(&survey, report).await?;
        let narrow = options.shard.is_none() && !options.dry_run && !pruning.still_members;
        let too_wide = survey.extent.as_ref().is_some_and(|said| *said != extent(desired, set));
        let orphaned = survey.extent.is_none() && survey.members > 0 && !options.dry_run;
        let unfinished = left_over || (narrow && too_wide) || orphaned;
        Ok(Plan { survey, needs, send, adopted, chosen, pruning, unfinished })
    }

    /// Decides what leaves the set, and stops the run where that is too much.
    async fn pruning(&self, survey: &Survey, report: &mut Report) -> Result<Pruning, RunError> {
        let options = self.options;
        let Some(limit) = options.prune.filter(|_| self.set.is_some()) else {
            return Ok(Pruning { still_members: !survey.surplus.is_empty(), ..Pruning::default() });
        };
        let going: Vec<_> = survey.surplus.iter().map(|member| (member.key(), &member.live)).collect();
        let taken = options.guard.taken(self.client, self.kinds, self.set, &going).await;
        let taken = taken.map_err(|lost| RunError::Survey(lost.into()))?;
        let in_use = |namespace: &str| self.desired.iter().any(|object| object.key.namespace == namespace);
        let pruning = pruning(&survey.surplus, &in_use, options.guard, &taken, options.dry_run);
        if let Some(refusal) = limit.refusal(pruning.removals.len(), survey.members) {
            let names: Vec<String> = pruning.removals.iter().take(10).map(|gone| format!("`{}`", gone.key)).collect();
            let more = pruning.removals.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            report.stopped = Some(format!("{refusal}; it would delete {}{more}", names.join(", ")));
        }
        Ok(pruning)
    }
}

/// Whether an object is being deleted.
pub(super) fn is_leaving(found: &Found) -> bool {
    found.live().is_some_and(|live| live.at(&["metadata", "deletionTimestamp"]).is_some())
}

/// Returns where a set of these objects has members; its own namespace is always looked at.
pub(super) fn extent(desired: &[Desired], set: Option<&ApplySet>) -> Extent {
    let kinds = desired.iter().map(|object| (object.key.group.to_string(), object.key.kind.to_string()));
    let namespaces = desired.iter().map(|object| object.key.namespace.to_string()).filter(|name| !name.is_empty());
    let namespaces = namespaces.chain(set.map(|set| set.namespace.clone()));
    Extent { kinds: kinds.collect(), namespaces: namespaces.collect() }
}
