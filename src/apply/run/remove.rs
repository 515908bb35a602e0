//! A whole set out of the cluster, in the reverse of the order in which it came.

use tokio::time::Instant;

use crate::apply::engine::pace::Pace;
use crate::apply::event::{Event, Outcome, Report, Settled};
use crate::apply::run::TAKEN_OVER;
use crate::apply::set::asks_to_stay;
use crate::apply::set::survey::{Found, Surplus, survey};
use crate::apply::write::{Remove, delete};
use crate::apply::{Run, RunError, order};
use crate::cluster::{Call, Live, Verb};
use crate::kubernetes::ObjectKey;
use crate::text::Origin;

impl Run<'_> {
    /// Deletes all members of the set, and the set; without a set, the objects by their names.
    pub async fn delete(mut self, await_end: bool) -> Result<Report, RunError> {
        let start = Instant::now();
        let mut report = Report::default();
        let mut pace = Pace::new(self.options.concurrency);
        let going = self.going(&mut report).await?;
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
            .map(|((key, path, live), needed)| Remove {
                key: key.clone(),
                path: path.clone(),
                uid: live.uid().to_owned(),
                outcome: Outcome::Deleted,
                dry_run: self.options.dry_run,
                await_end: await_end || needed,
                ending: false,
                said: String::new(),
            })
            .collect();
        let ends = self.remove(removals, needs, &mut pace, start, &mut report).await;
        let all = ends.iter().all(|end| end.outcome.is_fine());
        let kept = report.settled.iter().any(|settled| settled.outcome == Outcome::Unchanged);
        report.settled.extend(ends);
        if let Some(set) = self.set.filter(|_| all && !kept && !self.options.dry_run) {
            let parent = self.client.patient(&Call::get(set.path())).await?;
            if parent.is_success() && set.read(&Live(parent.json())).is_ok() {
                let call = delete(set.path(), Live(parent.json()).uid(), "Background", false);
                self.client.patient(&Call { verb: Verb::DELETE, ..call }).await?;
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

    /// Finds what has to go, the last one to be installed first; what is not there, or asks to stay, is settled at once.
    async fn going(&mut self, report: &mut Report) -> Result<Vec<(ObjectKey, String, Live)>, RunError> {
        let mut going = Vec::new();
        let mut add = |settled: &mut Vec<Settled>, key: ObjectKey, path: String, live: Live, origin: Origin| {
            if asks_to_stay(&live) {
                let reason = "an annotation asks to keep it";
                settled.push(Settled::unsent(key, origin, Outcome::Unchanged, reason));
            } else {
                going.push((key, path, live));
            }
        };
        if let Some(set) = self.set {
            let found = survey(self.client, self.kinds, &[], Some(set)).await.map_err(RunError::Survey)?;
            for surplus in found.surplus {
                let key = surplus.key();
                let Surplus { resource, live } = surplus;
                let path = resource.object(&key.namespace, &key.name);
                add(&mut report.settled, key, path, live, Origin::NOWHERE);
            }
        } else {
            let found = survey(self.client, self.kinds, self.desired, None).await.map_err(RunError::Survey)?;
            for (object, found) in self.desired.iter().zip(found.found) {
                match found {
                    Found::Absent => report.settled.push(Settled::unsent(
                        object.key.clone(),
                        object.origin,
                        Outcome::Absent,
                        String::new(),
                    )),
                    Found::Whole(live) | Found::Metadata(live) => {
                        let (key, path) = (object.key.clone(), object.path());
                        add(&mut report.settled, key, path, live, object.origin);
                    }
                }
            }
        }
        going.sort_by(|(left, ..), (right, ..)| {
            order::priority(right).cmp(&order::priority(left)).then_with(|| left.cmp(right))
        });
        Ok(going)
    }
}

/// Returns for each object those that have to be gone before: what is in a namespace, and what a definition defines.
fn edges(going: &[(ObjectKey, String, Live)]) -> Vec<Vec<usize>> {
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
