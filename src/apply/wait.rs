//! Until it works: every object is followed by one watch a kind, and judged by what it shows.

mod around;
mod group;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::around::{Surroundings, reason_text};
use self::group::{Group, Members, News, Unseen};
use super::event::{Event, Settled, Unready};
use super::set::{ApplySet, PART_OF};
use super::{Desired, Interrupt};
use crate::cluster::{Client, Discovered, Listed, Live, Lost, Projection, Resource, unreadable};
use crate::diagnostic::words;
use crate::readiness::{Expected, Readiness};

/// Kinds that work as soon as they are there.
const STILL: &[&str] = &[
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "NetworkPolicy",
    "LimitRange",
    "ResourceQuota",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "IngressClass",
    "CronJob",
];
/// After so long an object of which nobody reports anything is taken as ready.
const GRACE: Duration = Duration::from_secs(5);
/// How often, without news, it is said what is missing.
const REMINDER: Duration = Duration::from_secs(10);
/// Of so many objects the reasons are looked up, in so many namespaces: beyond that they repeat each other.
const EXPLAINED: usize = 500;
const EXPLAINED_NAMESPACES: usize = 20;

/// What is waited for.
pub struct Waiting<'a> {
    /// The server.
    pub client: &'a Client,
    /// Its kinds.
    pub kinds: &'a Discovered,
    /// What should work.
    pub desired: &'a [Desired],
    /// The set that it is.
    pub set: Option<&'a ApplySet>,
    /// How the objects ended, in any order; those that failed are not waited for.
    pub settled: &'a [Settled],
    /// How long; none for as long as it takes.
    pub timeout: Option<Duration>,
    /// What may end it.
    pub interrupt: watch::Receiver<Interrupt>,
    /// Who is told.
    pub tell: &'a mut dyn FnMut(Event),
}

impl std::fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("objects", &self.desired.len()).finish_non_exhaustive()
    }
}

/// One object that is followed.
#[derive(Clone, Debug)]
struct Followed {
    number: usize,
    expected: Expected,
    state: Readiness,
    live: Option<Live>,
    /// Whether the server was asked for it yet.
    heard: bool,
}

impl Waiting<'_> {
    /// Waits until all works, something never will, or the time is over; returns what does not work.
    pub async fn wait(mut self) -> Vec<Unready> {
        let mut followed = self.followed(|kind| !STILL.contains(&kind)).await;
        let total = followed.len();
        let (send, mut news) = mpsc::channel::<News>(1024);
        let watches = self.follow(&followed, &send);
        drop(send);
        let start = Instant::now();
        let deadline = self.timeout.map(|timeout| start + timeout);
        let mut ready = 0;
        let mut told = Instant::now();
        let mut listening = true;
        (self.tell)(Event::Waiting { ready, total });
        while ready < total {
            let silent = followed.iter().any(|object| matches!(object.state, Readiness::Silent(_)));
            let mut wake = told + REMINDER;
            if silent && start.elapsed() < GRACE {
                wake = wake.min(start + GRACE);
            }
            let wake = deadline.map_or(wake, |deadline| deadline.min(wake));
            tokio::select! {
                next = news.recv() => match next {
                    Some((at, state, live)) => self.note(&mut followed[at], state, live),
                    None => break,
                },
                () = sleep_until(wake) => {}
                changed = self.interrupt.changed(), if listening => listening = changed.is_ok(),
            }
            if start.elapsed() >= GRACE {
                for object in &mut followed {
                    if let Readiness::Silent(text) = &object.state {
                        let state = Readiness::Ready(Some(text.clone()));
                        let live = object.live.take();
                        self.note(object, state, live);
                    }
                }
            }
            let now = followed.iter().filter(|object| object.state.is_ready()).count();
            if now != ready {
                ready = now;
                (self.tell)(Event::Waiting { ready, total });
            }
            let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            // The first one that failed ends it, but not before it is known how all others fare.
            let failed = followed.iter().all(|object| object.heard)
                && followed.iter().any(|object| matches!(object.state, Readiness::Failed(_)));
            if over || failed || self.interrupt.borrow().is_end() {
                break;
            }
            if told.elapsed() >= REMINDER {
                told = Instant::now();
                if self.remind(&followed).await {
                    break;
                }
            }
        }
        watches.abort();
        self.unready(followed, EXPLAINED).await
    }

    /// Looks once at what is there and returns what does not work, in the order of the objects, and what could not be seen.
    pub async fn look(mut self) -> Result<(Vec<Unready>, Vec<String>), Lost> {
        let mut followed = self.followed(|_| true).await;
        let (send, mut news) = mpsc::channel::<News>(1024);
        let mut lists = tokio::task::JoinSet::new();
        for group in self.groups(&followed) {
            let (client, send, group) = (self.client.clone(), send.clone(), Arc::new(group));
            lists.spawn(async move {
                let listed = group.list(&client, &send).await;
                let Err(unseen) = &listed else { return Ok(None) };
                group.tell_unseen(&send, unseen).await;
                match listed {
                    Err(Unseen::Lost(lost)) => Err(lost),
                    listed => Ok(listed.err().map(|unseen| unseen.to_string())),
                }
            });
        }
        drop(send);
        while let Some((at, state, live)) = news.recv().await {
            followed[at].state = state;
            followed[at].live = live;
        }
        let mut unseen = Vec::new();
        while let Some(list) = lists.join_next().await {
            unseen.extend(list.map_err(|error| Lost::hopeless(error.to_string()))??);
        }
        unseen.sort();
        for object in &mut followed {
            if let Readiness::Silent(text) = &object.state {
                object.state = Readiness::Ready(Some(text.clone()));
            }
        }
        Ok((self.unready(followed, EXPLAINED).await, unseen))
    }

    fn note(&mut self, object: &mut Followed, state: Readiness, live: Option<Live>) {
        let key = &self.desired[object.number].key;
        match (&object.state, &state) {
            (Readiness::Ready(_), Readiness::Ready(_)) => {}
            (_, Readiness::Ready(_)) => (self.tell)(Event::Ready { key: key.clone(), failed: None }),
            (_, Readiness::Failed(text)) => {
                (self.tell)(Event::Ready { key: key.clone(), failed: Some(text.clone()) });
            }
            _ => {}
        }
        object.state = state;
        object.live = live;
        object.heard = true;
    }

    async fn followed(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<Followed> {
        let late = self.late_classes().await.unwrap_or_else(|said| {
            let what = "whether claims bind before their first pod is not known";
            (self.tell)(Event::Warning(format!("{said}: {what}")));
            None
        });
        let ends: HashMap<_, _> = self.settled.iter().map(|settled| (&settled.key, settled)).collect();
        let mut followed = Vec::new();
        for (number, object) in self.desired.iter().enumerate() {
            let Some(settled) = ends.get(&object.key).filter(|settled| settled.outcome.is_fine()) else { continue };
            if !wanted(object.key.kind.as_str()) {
                continue;
            }
            let class = object.node.at(&["spec", "storageClassName"]).and_then(crate::text::Node::as_str);
            let expected = Expected {
                generation: settled.generation,
                uid: (!settled.uid.is_empty()).then(|| settled.uid.clone()),
                written: settled.written,
                binds_late: object.key.kind == "PersistentVolumeClaim"
                    && late.as_ref().is_some_and(|late| late.contains(class.unwrap_or_default())),
                has_status: object.resource.has_status,
            };
            let state = Readiness::Waiting("it is not there yet".into());
            followed.push(Followed { number, expected, state, live: None, heard: false });
        }
        followed
    }

    /// Returns the storage classes that bind with the first pod, the default one also as the empty name.
    async fn late_classes(&self) -> Result<Option<BTreeSet<String>>, String> {
        if !self.desired.iter().any(|object| object.key.kind == "PersistentVolumeClaim") {
            return Ok(None);
        }
        let Some(resource) = self.kinds.any_version("storage.k8s.io", "StorageClass") else { return Ok(None) };
        let classes = match self.client.list(resource, None, "", Projection::Whole).await {
            Ok(Listed::Objects(classes, _)) => classes,
            Ok(Listed::Refused(answer)) => {
                return Err(unreadable(&resource.plural, &[], answer.is_denial(), &answer.message()));
            }
            Err(lost) => return Err(unreadable(&resource.plural, &[], false, &lost.reason)),
        };
        let mut late = BTreeSet::new();
        for class in classes.iter().filter(|class| class.text(&["volumeBindingMode"]) == Some("WaitForFirstConsumer")) {
            late.insert(class.name().to_owned());
            if class.annotation("storageclass.kubernetes.io/is-default-class") == Some("true") {
                late.insert(String::new());
            }
        }
        Ok(Some(late))
    }

    /// Splits what is followed into collections that are watched as one.
    fn groups(&self, followed: &[Followed]) -> Vec<Group> {
        let mut groups: BTreeMap<(Arc<Resource>, Option<SmolStr>), Members> = BTreeMap::new();
        for (at, object) in followed.iter().enumerate() {
            let desired = &self.desired[object.number];
            let key = &desired.key;
            let namespace = (desired.resource.namespaced && self.set.is_none()).then(|| key.namespace.clone());
            let group = groups.entry((Arc::clone(&desired.resource), namespace)).or_default();
            group.insert((key.namespace.clone(), key.name.clone()), (at, object.expected.clone()));
        }
        let selector = self.set.map(|set| format!("{PART_OF}={}", set.id())).unwrap_or_default();
        let all: BTreeSet<SmolStr> = self.desired.iter().map(|object| object.key.namespace.clone()).collect();
        groups
            .into_iter()
            .map(|((resource, namespace), members)| Group {
                is_served: self.kinds.is_served(&resource),
                resource,
                namespace,
                namespaces: all.iter().filter(|name| !name.is_empty()).cloned().collect(),
                selector: selector.clone(),
                members,
            })
            .collect()
    }

    fn follow(&self, followed: &[Followed], send: &mpsc::Sender<News>) -> tokio::task::AbortHandle {
        let groups = self.groups(followed);
        let (client, send) = (self.client.clone(), send.clone());
        tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            for group in groups {
                let (client, send) = (client.clone(), send.clone());
                tasks.spawn(async move { group.follow(&client, &send).await });
            }
            drop(send);
            while tasks.join_next().await.is_some() {}
        })
        .abort_handle()
    }

    /// Says what is missing, and whether it is known that it will never come.
    async fn remind(&mut self, followed: &[Followed]) -> bool {
        let waiting: Vec<Followed> =
            followed.iter().filter(|object| !object.state.is_ready()).take(3).cloned().collect();
        let more = followed.iter().filter(|object| !object.state.is_ready()).count() - waiting.len();
        let mut never = false;
        for unready in self.unready(waiting, 3).await {
            never |= unready.failed;
            let reason = unready.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
            (self.tell)(Event::Note(format!("waiting for {}: {}{reason}", unready.key, unready.state)));
        }
        if more > 0 {
            (self.tell)(Event::Note(format!("waiting for {more} more")));
        }
        never
    }

    /// Says of each object that does not work what is missing, and of the first ones why.
    async fn unready(&self, followed: Vec<Followed>, explained: usize) -> Vec<Unready> {
        let mut open: Vec<Followed> = followed.into_iter().filter(|object| !object.state.is_ready()).collect();
        open.sort_by_key(|object| (!matches!(object.state, Readiness::Failed(_)), object.number));
        let namespaces: BTreeSet<SmolStr> =
            open.iter().take(explained).map(|object| self.desired[object.number].key.namespace.clone()).collect();
        let mut surroundings: BTreeMap<SmolStr, Surroundings> = BTreeMap::new();
        for namespace in namespaces.into_iter().filter(|name| !name.is_empty()).take(EXPLAINED_NAMESPACES) {
            let read = Surroundings::read(self.client, self.kinds, &namespace).await;
            surroundings.insert(namespace, read);
        }
        open.into_iter()
            .enumerate()
            .map(|(at, object)| {
                let desired = &self.desired[object.number];
                let around = surroundings.get(&desired.key.namespace).filter(|_| at < explained);
                let reasons = match (&object.live, around) {
                    (Some(live), Some(around)) => around.why(live),
                    _ => Vec::new(),
                };
                let mut told: Vec<String> = reasons.iter().map(reason_text).collect();
                let unseen =
                    around.filter(|around| told.is_empty() && object.live.is_some() && !around.unseen.is_empty());
                told.extend(unseen.map(|around| {
                    let kinds = words::list(around.unseen.iter().map(String::as_str), "and");
                    format!("why is not known: may not list {kinds} in `{}`", desired.key.namespace)
                }));
                let alike: Vec<String> =
                    reasons.iter().map(|reason| reason.alike.replace(desired.key.name.as_str(), "*")).collect();
                Unready {
                    cause: if alike.is_empty() { told.join("\n") } else { alike.join("\n") },
                    key: desired.key.clone(),
                    origin: desired.origin,
                    state: desired.heard().reason(object.state.text().unwrap_or_default()),
                    failed: matches!(object.state, Readiness::Failed(_)) || reasons.iter().any(|reason| reason.lasting),
                    reasons: told.iter().map(|reason| desired.heard().reason(reason)).collect(),
                }
            })
            .collect()
    }
}
