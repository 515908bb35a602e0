//! A whole run: what was planned is done, waited for, and followed by what left the set.

mod ends;
mod planning;
mod remove;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::planning::{Plan, extent, is_leaving};
use super::engine::pace::Pace;
use super::engine::{Effect, End, Ended, Engine, Interrupt, refusals};
use super::event::{Event, Outcome, Report, Settled};
use super::heard::Heard;
use super::managed::MANAGER;
use super::options::{Options, RunError};
use super::set::hold::{self, Hold, Runner};
use super::set::shard::Shard;
use super::set::survey::extent_said;
use super::set::{ApplySet, Extent};
use super::wait::Waiting;
use super::write::{Manner, Remove, Write};
use super::{Desired, finding, order};
use crate::cluster::answer::{Expects, Verdict};
use crate::cluster::{Call, Client, Discovered, Reply, Verb};
use crate::kubernetes::{Facts, ObjectKey};
use crate::text::Origin;

/// From here on a connection is worth opening before it is needed.
const FAR: Duration = Duration::from_millis(5);
/// So few requests need none.
const FEW: usize = 8;

/// Why a run stops whose lease another one took.
const TAKEN_OVER: &str = "another run took the set over";

/// All that a run works with.
pub struct Run<'a> {
    /// The server.
    pub client: &'a Client,
    /// Its kinds.
    pub kinds: &'a Discovered,
    /// What should be there.
    pub desired: &'a Arc<[Desired]>,
    /// The set that it is.
    pub set: Option<&'a ApplySet>,
    /// The facts that it was compiled for.
    pub facts: &'static Facts,
    /// How it is meant.
    pub options: &'a Options,
    /// Who runs.
    pub runner: Runner<'a>,
    /// What may end it.
    pub interrupt: watch::Receiver<Interrupt>,
    /// Who is told.
    pub tell: &'a mut dyn FnMut(Event),
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("objects", &self.desired.len()).field("set", &self.set).finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// Applies the set.
    pub async fn apply(mut self) -> Result<Report, RunError> {
        let start = Instant::now();
        let mut report = Report::default();
        let mut settled: Vec<Option<Settled>> = vec![None; self.desired.len()];
        let interrupted = interrupted(self.interrupt.clone());
        let mut plan = tokio::select! {
            plan = self.plan(&mut settled, &mut report) => plan?,
            () = interrupted => return Ok(Report { interrupted: true, took: start.elapsed(), ..Report::default() }),
        };
        if report.stopped.is_none() && plan.has_work() {
            self.write(&mut plan, start, &mut settled, &mut report).await?;
        } else {
            self.announce(&plan, &settled);
            if report.stopped.is_none() {
                self.wait(&settled, &mut report).await;
            }
        }
        report.interrupted = self.interrupt.borrow().is_end();
        let held_back = self.held_back(&plan, &settled, &report);
        report.settled.splice(0..0, settled.into_iter().flatten());
        report.settled.extend(held_back);
        report.settled.extend(plan.pruning.kept);
        report.took = start.elapsed();
        Ok(report)
    }

    /// Tells what is going to be done, and what is done already.
    fn announce(&mut self, plan: &Plan, settled: &[Option<Settled>]) {
        let total = plan.chosen.iter().filter(|chosen| **chosen).count();
        let unchanged = settled.iter().flatten().count();
        (self.tell)(Event::Planned { total, unchanged, prune: plan.pruning.removals.len() });
        for settled in settled.iter().flatten().chain(&plan.pruning.kept) {
            (self.tell)(Event::Settled(settled.clone()));
        }
    }

    /// Tells what was to be pruned and stays, since the run did not come so far.
    fn held_back(&mut self, plan: &Plan, settled: &[Option<Settled>], report: &Report) -> Vec<Settled> {
        // What stops a run is reported in full.
        if report.stopped.is_some() {
            return Vec::new();
        }
        let gone: HashSet<&ObjectKey> = report.settled.iter().map(|settled| &settled.key).collect();
        let open: Vec<_> = plan.pruning.removals.iter().filter(|removal| !gone.contains(&removal.key)).collect();
        if open.is_empty() {
            return Vec::new();
        }
        let chosen = settled.iter().zip(&plan.chosen).filter(|(_, chosen)| **chosen);
        let is_fine = |settled: &Option<Settled>| settled.as_ref().is_some_and(|settled| settled.outcome.is_fine());
        let why = if report.interrupted {
            "the run ended before"
        } else if chosen.into_iter().all(|(settled, _)| is_fine(settled)) {
            "not all of the others work"
        } else {
            "not all objects were applied"
        };
        let (objects, stay) = if open.len() == 1 { ("object", "stays") } else { ("objects", "stay") };
        let count = open.len();
        (self.tell)(Event::Warning(format!(
            "nothing was pruned, since {why}: {count} {objects} that left the set {stay}; mend what failed, and run again with `--prune`"
        )));
        let reason = format!("left the set; it stays, since {why}");
        let held_back = open
            .into_iter()
            .map(|removal| Settled::unsent(removal.key.clone(), Origin::NOWHERE, Outcome::Skipped, reason.clone()));
        let held_back: Vec<Settled> = held_back.collect();
        for settled in &held_back {
            (self.tell)(Event::Settled(settled.clone()));
        }
        held_back
    }

    async fn write(
        &mut self,
        plan: &mut Plan,
        start: Instant,
        settled: &mut [Option<Settled>],
        report: &mut Report,
    ) -> Result<(), RunError> {
        let mut pace = Pace::new(self.options.concurrency).at_distance(self.client.distance());
        let _warming = self.warm(plan.send.len().min(pace.limit()));
        let set = self.set.filter(|_| !self.options.dry_run);
        // A set lives in a namespace, which may itself be of the set and not be there yet.
        let home = set.and_then(|set| {
            let is_home = |number: &usize| {
                let key = &self.desired[*number].key;
                key.kind == "Namespace" && key.group.is_empty() && key.name == set.namespace
            };
            plan.send.iter().copied().find(is_home)
        });
        if let Some(home) = home {
            self.announce(plan, settled);
            plan.send.retain(|number| *number != home);
            self.send(plan, &[home], &mut pace, start, settled, report).await;
            if settled[home].as_ref().is_none_or(|settled| !settled.outcome.is_fine()) {
                self.skip(plan, settled, &format!("it needs `{}`", self.desired[home].key));
                return Ok(());
            }
        }
        let mut hold = match set {
            Some(set) => {
                let interrupted = interrupted(self.interrupt.clone());
                tokio::select! {
                    hold = self.take(set) => Some(hold?),
                    () = interrupted => {
                        self.skip(plan, settled, "the run ended before");
                        return Ok(());
                    }
                }
            }
            None => None,
        };
        let user = self.interrupt.clone();
        if let Some(hold) = &mut hold {
            self.interrupt = hold.with_user(user.clone());
        }
        if home.is_none() {
            if hold.as_ref().is_some_and(Hold::waited) {
                // What the other run did was not seen.
                settled.fill(None);
                *plan = self.plan(settled, report).await?;
            }
            self.announce(plan, settled);
        }
        let outcome = match &report.stopped {
            None => self.write_held(plan, &mut pace, start, settled, report, hold.as_ref()).await,
            Some(_) => Ok(()),
        };
        self.interrupt = user;
        if let Some(hold) = hold {
            if hold.is_lost() {
                report.stopped = Some(TAKEN_OVER.into());
            }
            hold.release().await;
        }
        outcome
    }

    async fn write_held(
        &mut self,
        plan: &Plan,
        pace: &mut Pace,
        start: Instant,
        settled: &mut [Option<Settled>],
        report: &mut Report,
        hold: Option<&Hold>,
    ) -> Result<(), RunError> {
        let set = self.set.filter(|_| !self.options.dry_run);
        let now = extent(self.desired, set);
        let mut said = None;
        let mut too_wide = false;
        if let Some(set) = set {
            // Another run may have ended between the survey and now; a parent that is made now had none before.
            let is_new = plan.survey.extent.is_none() && make_parent(self.client, set, &now).await?;
            if !is_new {
                said = extent_said(self.client, set).await.map_err(RunError::Survey)?;
                let before = [&said, &plan.survey.extent].into_iter().flatten();
                let wide = before.fold(now.clone(), |wide, before| wide.with(before));
                if said.as_ref() != Some(&wide) {
                    write_parent(self.client, set, &wide).await?;
                }
                too_wide = wide != now;
            }
        }
        let surveyed = said == plan.survey.extent;
        self.send(plan, &plan.send, pace, start, settled, report).await;
        let taken_over = hold.is_some_and(Hold::is_lost);
        let all_fine = settled
            .iter()
            .zip(&plan.chosen)
            .filter(|(_, chosen)| **chosen)
            .all(|(settled, _)| settled.as_ref().is_some_and(|settled| settled.outcome.is_fine()));
        // What left the set may still serve until what replaces it works.
        let works = all_fine && !taken_over && self.wait(settled, report).await;
        if !works {
            return Ok(());
        }
        let pruned_all = self.prune(plan, pace, start, report).await;
        let narrow = pruned_all && surveyed && self.options.shard.is_none() && !plan.pruning.still_members;
        if let (Some(set), Some(hold), true) = (set, hold, narrow && too_wide)
            && hold.is_ours().await
        {
            write_parent(self.client, set, &now).await?;
        }
        Ok(())
    }

    /// Opens connections while the set is taken, where that saves more than it costs.
    fn warm(&self, connections: usize) -> JoinSet<()> {
        let mut warming = JoinSet::new();
        if self.client.distance() >= FAR && connections > FEW {
            let client = self.client.clone();
            warming.spawn(async move { client.warm(connections).await });
        }
        warming
    }

    fn part(&self) -> String {
        self.options.shard.map(Shard::suffix).unwrap_or_default()
    }

    async fn take(&mut self, set: &ApplySet) -> Result<Hold, RunError> {
        let part = self.part();
        let tell = &mut *self.tell;
        Ok(hold::take(self.client, set, &part, self.runner, |note| tell(Event::Note(note))).await?)
    }

    /// Sends some of the objects; those that they need and that are not among them are there.
    async fn send(
        &mut self,
        plan: &Plan,
        numbers: &[usize],
        pace: &mut Pace,
        start: Instant,
        settled: &mut [Option<Settled>],
        report: &mut Report,
    ) {
        let manner = Manner { dry_run: self.options.dry_run, force: self.options.force_conflicts };
        let place: BTreeMap<usize, usize> = numbers.iter().enumerate().map(|(at, number)| (*number, at)).collect();
        let needs: Vec<Vec<usize>> = numbers
            .iter()
            .map(|number| plan.needs[*number].iter().filter_map(|needed| place.get(needed).copied()).collect())
            .collect();
        let mut tasks: Vec<Write<'_>> = numbers
            .iter()
            .map(|number| {
                let object = &self.desired[*number];
                let made = |kind: &str| {
                    let needed = plan.needs[*number].iter().map(|needed| &self.desired[*needed].key);
                    needed.into_iter().any(|key| key.kind == kind)
                };
                let expects = Expects { namespace: made("Namespace"), definition: made("CustomResourceDefinition") };
                let recreate = self.options.recreate.of(object);
                let live = plan.survey.found[*number].live();
                // What goes with its namespace or definition is gone once those are there again.
                let leaves_with = plan.needs[*number].iter().any(|needed| is_leaving(&plan.survey.found[*needed]));
                let live = live.filter(|_| !leaves_with);
                let mut write = Write::new(object, manner, expects, recreate, live);
                write.before = live.filter(|_| self.options.dry_run);
                match live {
                    Some(live) if plan.adopted[*number] => write.adopt(live),
                    // Without a set any object may have been kubectl's until now.
                    Some(live) if self.set.is_none() => write.take_over(live),
                    _ => {}
                }
                write
            })
            .collect();
        let ranks: Vec<usize> = numbers.iter().map(|number| order::priority(&self.desired[*number].key)).collect();
        let mut ends: Vec<(usize, Settled)> = Vec::new();
        let findings = &mut report.findings;
        let (desired, facts) = (self.desired, self.facts);
        let told = std::cell::RefCell::new(&mut *self.tell);
        let mut each = |tasks: &mut [Write<'_>], mut ended: Ended, effects: Vec<Effect>| {
            let number = numbers[ended.number];
            let object = &desired[number];
            let task = &tasks[ended.number];
            for Effect::Warning(warning) in effects {
                findings.push(finding::of_warning(object, &warning));
            }
            let mut reason = finding::reason(&ended, task, |at| desired[numbers[at]].key.to_string());
            if matches!(ended.end, End::Verdict(Verdict::Untestable)) {
                ended.outcome = Outcome::Skipped;
                ended.end = End::NotTried;
                reason = "the server cannot try it before what it needs is there".into();
            }
            let before = plan.survey.found[number].whole();
            let found = finding::of_end(object, &ended, &task.said);
            let is_found = !found.is_empty();
            for finding in found {
                findings.push(match before {
                    Some(before) => finding::at_difference(finding, object, before, facts),
                    None => finding,
                });
            }
            let settled = Settled {
                key: object.key.clone(),
                origin: object.origin,
                outcome: ended.outcome,
                reason,
                is_found,
                adopted: plan.adopted[number] && ended.outcome.is_fine(),
                uid: task.uid.clone(),
                generation: task.generation,
                written: task.written,
                tries: ended.tries,
                took: ended.took,
            };
            (told.borrow_mut())(Event::Settled(settled.clone()));
            ends.push((number, settled));
        };
        let mut engine = Engine {
            client: self.client,
            pace,
            interrupt: &mut self.interrupt,
            start,
            requests: &mut report.requests,
            news: None,
        };
        engine.run(&mut tasks, &needs, |at| ranks[at], &mut each, &mut |event| (told.borrow_mut())(event)).await;
        for (number, end) in ends {
            settled[number] = Some(end);
        }
    }

    /// Waits until all works, where that is asked for; says whether it does.
    async fn wait(&mut self, settled: &[Option<Settled>], report: &mut Report) -> bool {
        if !self.options.wait || self.options.dry_run {
            return true;
        }
        let settled: Vec<Settled> = settled.iter().flatten().cloned().collect();
        let waiting = Waiting {
            client: self.client,
            kinds: self.kinds,
            desired: self.desired,
            set: self.set,
            settled: &settled,
            timeout: self.options.timeout,
            interrupt: self.interrupt.clone(),
            tell: &mut *self.tell,
        };
        let since = Instant::now();
        report.waiting = waiting.wait().await;
        report.waited = since.elapsed();
        report.waiting.is_empty()
    }

    fn skip(&mut self, plan: &Plan, settled: &mut [Option<Settled>], reason: &str) {
        for number in plan.send.iter().copied() {
            let object = &self.desired[number];
            let end = Settled::unsent(object.key.clone(), object.origin, Outcome::Skipped, reason);
            (self.tell)(Event::Settled(end.clone()));
            settled[number] = Some(end);
        }
    }

    /// Deletes what left the set; says whether all of it went.
    async fn prune(&mut self, plan: &Plan, pace: &mut Pace, start: Instant, report: &mut Report) -> bool {
        let removals = plan.pruning.removals.clone();
        let needs = vec![Vec::new(); removals.len()];
        let ends = self.remove(removals, needs, pace, start, report).await;
        let all = ends.iter().all(|end| end.outcome.is_fine());
        report.settled.extend(ends);
        all
    }

    /// Deletes objects, each after those that its number says.
    async fn remove(
        &mut self,
        mut removals: Vec<Remove>,
        needs: Vec<Vec<usize>>,
        pace: &mut Pace,
        start: Instant,
        report: &mut Report,
    ) -> Vec<Settled> {
        let watched = ends::watch(self.client, self.set, &mut removals);
        let mut ends = Vec::new();
        let told = std::cell::RefCell::new(&mut *self.tell);
        let mut each = |tasks: &mut [Remove], ended: Ended, _: Vec<Effect>| {
            let task = &tasks[ended.number];
            let heard = Heard::of_theirs(&task.key);
            let reason = match &ended.end {
                End::Well if ended.outcome == Outcome::Absent => heard.words(&task.said),
                End::Well => String::new(),
                End::Lost(lost) => heard.reason(&lost.reason),
                End::Needs(other) => format!("`{}` could not be deleted", tasks[*other].key),
                End::NotTried => "the run ended before".into(),
                End::Verdict(verdict) => {
                    let refusals = refusals(verdict);
                    let words: Vec<String> = refusals.iter().map(|refusal| heard.words(&refusal.message)).collect();
                    if words.is_empty() { heard.words(&task.said) } else { words.join("; ") }
                }
            };
            let settled = Settled {
                tries: ended.tries,
                took: ended.took,
                ..Settled::unsent(task.key.clone(), Origin::NOWHERE, ended.outcome, reason)
            };
            (told.borrow_mut())(Event::Settled(settled.clone()));
            ends.push(settled);
        };
        let mut engine = Engine {
            client: self.client,
            pace,
            interrupt: &mut self.interrupt,
            start,
            requests: &mut report.requests,
            news: Some(watched.news),
        };
        engine.run(&mut removals, &needs, |at| at, &mut each, &mut |event| (told.borrow_mut())(event)).await;
        ends
    }
}

async fn interrupted(mut interrupt: watch::Receiver<Interrupt>) {
    if interrupt.wait_for(|interrupt| interrupt.is_end()).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Makes the parent of a set; says whether there was none.
async fn make_parent(client: &Client, set: &ApplySet, extent: &Extent) -> Result<bool, RunError> {
    let path = format!("{}?fieldManager={MANAGER}-applyset", set.parent.collection(Some(&set.namespace)));
    let reply = Reply::object(&set.parent, &set.namespace, &set.name);
    let body = set.parent(extent).to_string();
    let call = Call::send(Verb::POST, path, "application/json", body).expecting(reply);
    let answer = client.patient(&call).await?;
    match answer.code {
        // An answer that was lost may have made it: then it is there, and read.
        409 => Ok(false),
        _ if answer.is_success() => Ok(true),
        _ => Err(cannot_write(set, &answer.message())),
    }
}

fn cannot_write(set: &ApplySet, why: &str) -> RunError {
    RunError::Set(format!("cannot write the set `{}` in namespace `{}`: {why}", set.name, set.namespace))
}

/// Writes the parent of a set.
async fn write_parent(client: &Client, set: &ApplySet, extent: &Extent) -> Result<(), RunError> {
    let path = format!("{}?fieldManager={MANAGER}-applyset&force=true", set.path());
    let body = set.parent(extent).to_string();
    let reply = Reply::object(&set.parent, &set.namespace, &set.name);
    let answer = client.patient(&Call::apply(path, body).expecting(reply)).await?;
    if answer.is_success() {
        return Ok(());
    }
    Err(cannot_write(set, &answer.message()))
}
