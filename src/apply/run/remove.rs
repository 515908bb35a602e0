//! A whole set out of the cluster, in the reverse of the order in which it came.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::apply::engine::pace::Pace;
use crate::apply::event::{Event, Outcome, Report, Settled};
use crate::apply::run::{TAKEN_OVER, interrupted};
use crate::apply::set::ApplySet;
use crate::apply::set::survey::{Found, Keep, Look, survey};
use crate::apply::write::{Remove, delete};
use crate::apply::{Run, RunError, order};
use crate::cluster::{Live, Projection, Resource};
use crate::kubernetes::ObjectKey;
use crate::text::Origin;

/// What has to go: its identity, where it lives, and how it is.
type Going = (ObjectKey, Arc<Resource>, Live);

impl Run<'_> {
    /// Deletes all members of the set, and the set; without a set, the objects by their names.
    pub async fn delete(mut self, await_end: bool) -> Result<Report, RunError> {
        let start = Instant::now();
        let mut report = Report::default();
        let mut pace = Pace::new(self.options.concurrency);
        let interrupted = interrupted(self.interrupt.clone());
        let going = tokio::select! {
            going = self.going(&mut report) => going?,
            () = interrupted => return Ok(Report { interrupted: true, took: start.elapsed(), ..Report::default() }),
        };
        self.say(&going, &report);
        (self.tell)(Event::Planned { total: 0, unchanged: 0, prune: going.len() });
        for settled in &report.settled {
            (self.tell)(Event::Settled(settled.clone()));
        }
        let set = self.set.filter(|_| !self.options.dry_run && !going.is_empty());
        let mut hold = match set {
            Some(set) => Some(self.take(set).await?),
            None => None,
        };
        let user = self.interrupt.clone();
        if let Some(hold) = &mut hold {
            self.interrupt = hold.with_user(user.clone());
        }
        let needs = edges(&going);
        let held_back: Vec<bool> = held_back(&needs);
        let removals: Vec<Remove> = going
            .iter()
            .zip(held_back)
            .map(|((key, resource, live), needed)| Remove {
                dry_run: self.options.dry_run,
                await_end: await_end || needed,
                ..Remove::new(key.clone(), resource, live, Outcome::Deleted)
            })
            .collect();
        let ends = self.remove(removals, needs, &mut pace, start, &mut report).await;
        let all = ends.iter().all(|end| end.outcome.is_fine());
        let kept = report.settled.iter().any(|settled| settled.outcome == Outcome::Unchanged);
        report.settled.extend(ends);
        if let Some(set) = self.set.filter(|_| all && !kept && !self.options.dry_run) {
            let parent = self.client.read(&set.parent, &set.namespace, &set.name, Projection::Metadata).await?;
            if let Ok(Some(parent)) = parent
                && set.read(&parent).is_ok()
            {
                let call = delete(&set.parent, &set.namespace, &set.name, parent.uid(), "Background", false);
                let gone = self.client.patient(&call).await?;
                if !gone.is_success() && gone.code != 404 {
                    report.stopped =
                        Some(format!("the set `{}` itself could not be deleted: {}", set.name, gone.message()));
                }
            }
        }
        if let Some(hold) = hold {
            if hold.is_lost() {
                report.stopped = Some(TAKEN_OVER.into());
            }
            hold.release().await;
        }
        report.interrupted = user.borrow().is_end();
        report.took = start.elapsed();
        Ok(report)
    }

    /// Says what is about to go, and how much stays.
    fn say(&mut self, going: &[Going], report: &Report) {
        let kept = report.settled.iter().filter(|settled| settled.outcome == Outcome::Unchanged);
        let (going, kept) = (tally(going.iter().map(|(key, ..)| key)), tally(kept.map(|settled| &settled.key)));
        let verb = if self.options.dry_run { "would delete" } else { "deletes" };
        match (going.as_str(), kept.as_str()) {
            ("", "") => {}
            (going, "") => (self.tell)(Event::Note(format!("{verb} {going}"))),
            ("", kept) => (self.tell)(Event::Note(format!("{verb} nothing; keeps {kept}"))),
            (going, kept) => (self.tell)(Event::Note(format!("{verb} {going}; keeps {kept}"))),
        }
    }

    /// Finds what has to go, the last one to be installed first; what is not there, or stays, is settled at once.
    async fn going(&mut self, report: &mut Report) -> Result<Vec<Going>, RunError> {
        let mut found: Vec<(Going, Origin)> = Vec::new();
        let Self { client, kinds, desired, set, .. } = *self;
        let keep = if set.is_some() { Keep::Members } else { Keep::Whole };
        let survey = survey(Look { client, kinds, desired, set, keep }).await.map_err(RunError::Survey)?;
        if let Some(set) = set {
            if survey.extent.is_none() {
                let ApplySet { name, namespace, .. } = set;
                let members = if survey.members == 0 {
                    ", and no object of the kinds in the inputs is a member of it"
                } else {
                    ""
                };
                (self.tell)(Event::Note(format!("the set `{name}` is not there in namespace `{namespace}`{members}")));
            }
            found.extend(survey.surplus.into_iter().map(|surplus| {
                let key = surplus.key();
                ((key, surplus.resource, surplus.live), Origin::NOWHERE)
            }));
        } else {
            for (object, there) in self.desired.iter().zip(survey.found) {
                let key = object.key.clone();
                match there {
                    Found::Absent => {
                        let end = Settled::unsent(key, object.origin, Outcome::Absent, String::new());
                        report.settled.push(end);
                    }
                    Found::Same { .. } => {}
                    Found::Whole(live) | Found::Metadata(live) => {
                        found.push(((key, Arc::clone(&object.resource), live), object.origin));
                    }
                }
            }
        }
        let guard = self.options.guard;
        let all: Vec<_> = found.iter().map(|((key, _, live), _)| (key.clone(), live)).collect();
        let taken = guard.taken(self.client, self.kinds, self.set, &all).await;
        let taken = taken.map_err(|lost| RunError::Survey(lost.into()))?;
        let mut going = Vec::new();
        for ((key, resource, live), origin) in found {
            match guard.keeps(&key, &live, &taken) {
                Some(stay) => {
                    report.held += usize::from(stay.wants_flag);
                    report.settled.push(Settled::unsent(key, origin, Outcome::Unchanged, stay.reason));
                }
                None => going.push((key, resource, live)),
            }
        }
        going.sort_by(|(left, ..), (right, ..)| {
            order::priority(right).cmp(&order::priority(left)).then_with(|| left.cmp(right))
        });
        Ok(going)
    }
}

/// Counts objects by kind: `2 ConfigMap, 1 Deployment`.
fn tally<'a>(keys: impl Iterator<Item = &'a ObjectKey>) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys {
        *kinds.entry(key.kind.as_str()).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// Returns for each object those that have to be gone before: what is in a namespace, and what a definition defines.
fn edges(going: &[Going]) -> Vec<Vec<usize>> {
    let all = |holds: &dyn Fn(&ObjectKey) -> bool| {
        going.iter().enumerate().filter(|(_, (key, ..))| holds(key)).map(|(at, _)| at).collect()
    };
    going
        .iter()
        .map(|(key, _, live)| match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => all(&|other| other.namespace == key.name),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let group = live.text(&["spec", "group"]).unwrap_or_default();
                let kind = live.text(&["spec", "names", "kind"]).unwrap_or_default();
                all(&|other| other.group == group && other.kind == kind)
            }
            _ => Vec::new(),
        })
        .collect()
}

/// Says of each object whether something waits for it to be gone.
fn held_back(needs: &[Vec<usize>]) -> Vec<bool> {
    let mut needed = vec![false; needs.len()];
    for at in needs.iter().flatten() {
        needed[*at] = true;
    }
    needed
}
