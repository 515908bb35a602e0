//! Objects of one kind: listed, judged, and watched from there on; what may not be seen is said of each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::around::named;
use crate::apply::heard;
use crate::cluster::{Change, Client, Listed, Live, Lost, Projection, Resource, unreadable};
use crate::readiness::{Expected, Readiness, judge, judge_gone};

/// Objects of one kind by namespace and name.
pub(super) type Members = BTreeMap<(SmolStr, SmolStr), (usize, Expected)>;
/// What is new of an object, by its place among those that are followed.
pub(super) type News = (usize, Readiness, Option<Live>);

/// Why objects could not be looked at.
pub(super) enum Unseen {
    Lost(Lost),
    /// What may not be read.
    Denied(String),
}

impl Unseen {
    /// Whether looking again is pointless.
    fn is_hopeless(&self) -> bool {
        match self {
            Self::Lost(lost) => lost.hopeless,
            Self::Denied(_) => true,
        }
    }
}

impl std::fmt::Display for Unseen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(lost) => lost.fmt(f),
            Self::Denied(said) => f.write_str(said),
        }
    }
}

impl From<Lost> for Unseen {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// Objects of one kind that one watch follows.
pub(super) struct Group {
    pub(super) resource: Arc<Resource>,
    /// Whether the server has said that it has the kind.
    pub(super) is_served: bool,
    /// Their namespace, where it is only one.
    pub(super) namespace: Option<SmolStr>,
    /// All namespaces of the run, where only those may be seen.
    pub(super) namespaces: Vec<SmolStr>,
    pub(super) selector: String,
    pub(super) members: Members,
}

impl Group {
    /// Lists and judges all; returns the places to watch, each with the version from which.
    pub(super) async fn list(
        self: &Arc<Self>,
        client: &Client,
        send: &mpsc::Sender<News>,
    ) -> Result<Vec<(Option<SmolStr>, String)>, Unseen> {
        let mut places = vec![self.namespace.clone()];
        let mut from = Vec::new();
        let mut missing: BTreeSet<usize> = self.members.values().map(|(at, _)| *at).collect();
        while let Some(place) = places.pop() {
            let group = Arc::clone(self);
            let (query, each) = ([("labelSelector", self.selector.as_str())], move |live| group.judge(live));
            match client.list_each(&self.resource, place.as_deref(), &query, Projection::Whole, each).await? {
                Listed::Objects(all, version) => {
                    for news in all {
                        missing.remove(&news.0);
                        let _ = send.send(news).await;
                    }
                    from.push((place, version));
                }
                // Its definition is not there yet.
                Listed::Refused(answer) if answer.code == 404 && !self.is_served => {}
                Listed::Refused(answer) if answer.code == 403 && place.is_none() && self.resource.namespaced => {
                    places.extend(self.namespaces.iter().cloned().map(Some));
                }
                Listed::Refused(answer) => {
                    let namespaces: Vec<&str> = place.iter().map(SmolStr::as_str).collect();
                    let said = heard::of_resource(&self.resource, &answer.message());
                    let said = unreadable(&self.resource.plural, &namespaces, answer.is_denial(), &said);
                    return Err(if answer.is_denial() { Unseen::Denied(said) } else { Lost::passing(said).into() });
                }
            }
        }
        for at in missing {
            let _ = send.send((at, Readiness::Waiting("it is not there".into()), None)).await;
        }
        Ok(from)
    }

    /// Says of all objects that nobody knows how they are.
    pub(super) async fn tell_unseen(&self, send: &mpsc::Sender<News>, why: &Unseen) {
        for (at, _) in self.members.values() {
            let state = Readiness::Waiting(format!("it cannot be looked at: {why}"));
            let _ = send.send((*at, state, None)).await;
        }
    }

    fn judge(&self, live: Live) -> Option<News> {
        let (at, expected) = self.members.get(&(live.namespace().into(), live.name().into()))?;
        let live = named(live, &self.resource);
        let state = judge(&live, expected);
        // Only of what does not work it is asked why.
        let live = (!matches!(state, Readiness::Ready(_) | Readiness::Silent(_))).then_some(live);
        Some((*at, state, live))
    }

    /// Lists and watches for as long as anyone listens.
    pub(super) async fn follow(self, client: &Client, send: &mpsc::Sender<News>) {
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
                Err(unseen) if unseen.is_hopeless() => return group.tell_unseen(send, &unseen).await,
                Err(_) => {}
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn watch(&self, client: &Client, send: &mpsc::Sender<News>, place: Option<SmolStr>, mut version: String) {
        let selector = ("labelSelector", self.selector.as_str());
        loop {
            let opened = client.watch(&self.resource, place.as_deref(), selector, &version, Projection::Whole).await;
            let Ok(mut watch) = opened else { return };
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
