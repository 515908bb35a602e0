//! Until it works: every object is followed by one watch a kind, and judged by what it shows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use smol_str::SmolStr;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::event::{Event, Settled, Unready};
use super::set::{ApplySet, PART_OF};
use super::{Desired, Interrupt};
use crate::cluster::{Change, Client, Discovered, Listed, Live, Lost, Projection, Resource};
use crate::readiness::{Expected, Readiness, Reason, Related, judge, judge_gone, why};

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
/// Of so many objects the reasons are looked up.
const EXPLAINED: usize = 20;

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

/// Objects of one kind by namespace and name.
type Members = BTreeMap<(SmolStr, SmolStr), (usize, Expected)>;
type News = (usize, Readiness, Option<Live>);

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

    /// Looks once at what is there and returns what does not work, in the order of the objects.
    pub async fn look(self) -> Vec<Unready> {
        let mut followed = self.followed(|_| true).await;
        let (send, mut news) = mpsc::channel::<News>(1024);
        let mut lists = tokio::task::JoinSet::new();
        for group in self.groups(&followed) {
            let (client, send) = (self.client.clone(), send.clone());
            lists.spawn(async move {
                let _ = group.list(&client, &send).await;
            });
        }
        drop(send);
        while let Some((at, state, live)) = news.recv().await {
            followed[at].state = state;
            followed[at].live = live;
        }
        for object in &mut followed {
            if let Readiness::Silent(text) = &object.state {
                object.state = Readiness::Ready(Some(text.clone()));
            }
        }
        self.unready(followed, EXPLAINED).await
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

    async fn followed(&self, wanted: impl Fn(&str) -> bool) -> Vec<Followed> {
        let late = self.late_classes().await;
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
    async fn late_classes(&self) -> Option<BTreeSet<String>> {
        if !self.desired.iter().any(|object| object.key.kind == "PersistentVolumeClaim") {
            return None;
        }
        let resource = self.kinds.any_version("storage.k8s.io", "StorageClass")?;
        let Ok(Listed::Objects(classes, _)) = self.client.list(resource, None, "", Projection::Whole).await else {
            return None;
        };
        let mut late = BTreeSet::new();
        for class in classes.iter().filter(|class| class.text(&["volumeBindingMode"]) == Some("WaitForFirstConsumer")) {
            late.insert(class.name().to_owned());
            if class.annotation("storageclass.kubernetes.io/is-default-class") == Some("true") {
                late.insert(String::new());
            }
        }
        Some(late)
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
        for namespace in namespaces.into_iter().filter(|name| !name.is_empty()) {
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
                Unready {
                    key: desired.key.clone(),
                    origin: desired.origin,
                    state: object.state.text().unwrap_or_default().to_owned(),
                    failed: matches!(object.state, Readiness::Failed(_)) || reasons.iter().any(|reason| reason.lasting),
                    reasons: reasons.iter().map(reason_text).collect(),
                }
            })
            .collect()
    }
}

/// What lies around objects that do not work.
#[derive(Debug, Default)]
struct Surroundings {
    pods: Vec<Live>,
    controllers: Vec<Live>,
    events: Vec<Live>,
    claims: Vec<Live>,
}

impl Surroundings {
    async fn read(client: &Client, kinds: &Discovered, namespace: &str) -> Self {
        let list = |group: &'static str, kind: &'static str| async move {
            let Some(resource) = kinds.any_version(group, kind) else { return Vec::new() };
            // What may not be seen says nothing; the state of the object is told all the same.
            match client.list(resource, Some(namespace), "", Projection::Whole).await {
                Ok(Listed::Objects(objects, _)) => objects.into_iter().map(|live| named(live, resource)).collect(),
                _ => Vec::new(),
            }
        };
        let (pods, sets, jobs, events, claims) = tokio::join!(
            list("", "Pod"),
            list("apps", "ReplicaSet"),
            list("batch", "Job"),
            list("", "Event"),
            list("", "PersistentVolumeClaim")
        );
        let controllers = sets.into_iter().chain(jobs).collect();
        Self { pods, controllers, events, claims }
    }

    fn why(&self, live: &Live) -> Vec<Reason> {
        let related = Related {
            pods: &self.pods,
            controllers: &self.controllers,
            events: &self.events,
            claims: &self.claims,
            now: Some(Timestamp::now()),
        };
        why(live, &related).into_iter().take(3).collect()
    }
}

fn reason_text(reason: &Reason) -> String {
    let Reason { text, count, object, .. } = reason;
    if *count > 1 { format!("{text} ({count} times, as {object})") } else { format!("{text} ({object})") }
}

/// Items of lists leave out what they are.
fn named(mut live: Live, resource: &Resource) -> Live {
    if let Some(object) = live.0.as_object_mut() {
        let version = if resource.group.is_empty() {
            resource.version.to_string()
        } else {
            format!("{}/{}", resource.group, resource.version)
        };
        object.insert("kind".into(), resource.kind.as_str().into());
        object.insert("apiVersion".into(), version.into());
    }
    live
}

/// Objects of one kind that one watch follows.
struct Group {
    resource: Arc<Resource>,
    /// Their namespace, where it is only one.
    namespace: Option<SmolStr>,
    /// All namespaces of the run, where only those may be seen.
    namespaces: Vec<SmolStr>,
    selector: String,
    members: Members,
}

impl Group {
    /// Lists and judges all; returns the places to watch, each with the version from which.
    async fn list(&self, client: &Client, send: &mpsc::Sender<News>) -> Result<Vec<(Option<SmolStr>, String)>, Lost> {
        let mut places = vec![self.namespace.clone()];
        let mut from = Vec::new();
        let mut missing: BTreeSet<usize> = self.members.values().map(|(at, _)| *at).collect();
        while let Some(place) = places.pop() {
            match client.list(&self.resource, place.as_deref(), &self.selector, Projection::Whole).await? {
                Listed::Objects(objects, version) => {
                    for live in objects {
                        if let Some(news) = self.judge(live) {
                            missing.remove(&news.0);
                            let _ = send.send(news).await;
                        }
                    }
                    from.push((place, version));
                }
                Listed::Refused(answer) if answer.code == 403 && place.is_none() && self.resource.namespaced => {
                    places.extend(self.namespaces.iter().cloned().map(Some));
                }
                Listed::Refused(answer) => {
                    let hopeless = matches!(answer.code, 401 | 403);
                    return Err(Lost { reason: answer.message(), hopeless });
                }
            }
        }
        for at in missing {
            let _ = send.send((at, Readiness::Waiting("it is not there".into()), None)).await;
        }
        Ok(from)
    }

    fn judge(&self, live: Live) -> Option<News> {
        let (at, expected) = self.members.get(&(live.namespace().into(), live.name().into()))?;
        let live = named(live, &self.resource);
        Some((*at, judge(&live, expected), Some(live)))
    }

    /// Lists and watches for as long as anyone listens.
    async fn follow(self, client: &Client, send: &mpsc::Sender<News>) {
        let group = Arc::new(self);
        loop {
            match group.list(client, send).await {
                Ok(places) => {
                    let mut watches = tokio::task::JoinSet::new();
                    for (place, version) in places {
                        let (client, send, group) = (client.clone(), send.clone(), Arc::clone(&group));
                        watches.spawn(async move { group.watch(&client, &send, place, version).await });
                    }
                    // When one has to start anew, all do.
                    let _ = watches.join_next().await;
                }
                Err(lost) if lost.hopeless => {
                    for (at, _) in group.members.values() {
                        let state = Readiness::Waiting(format!("it cannot be looked at: {lost}"));
                        let _ = send.send((*at, state, None)).await;
                    }
                    return;
                }
                Err(_) => {}
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn watch(&self, client: &Client, send: &mpsc::Sender<News>, place: Option<SmolStr>, mut version: String) {
        let selector = if self.selector.is_empty() {
            String::new()
        } else {
            format!("labelSelector={}", self.selector.replace('=', "%3D").replace('/', "%2F"))
        };
        loop {
            let Ok(mut watch) = client.watch(&self.resource, place.as_deref(), &selector, &version).await else {
                return;
            };
            loop {
                let change = match watch.next().await {
                    Ok(Some(change)) => change,
                    // The server ends watches after some minutes.
                    Ok(None) => break,
                    Err(_) => return,
                };
                match change {
                    Change::Now(live) => {
                        live.resource_version().clone_into(&mut version);
                        if let Some(news) = self.judge(live) {
                            let _ = send.send(news).await;
                        }
                    }
                    Change::Gone(live) => {
                        live.resource_version().clone_into(&mut version);
                        let place = (live.namespace().into(), live.name().into());
                        if let Some((at, _)) = self.members.get(&place) {
                            let live = named(live, &self.resource);
                            let _ = send.send((*at, judge_gone(&live), Some(live))).await;
                        }
                    }
                    Change::Bookmark(at) => version = at,
                    Change::Expired => return,
                }
            }
        }
    }
}
