//! The ends of objects that are deleted: one list and one watch a kind, not one request again and again an object.
//!
//! What is going enters, and the number of each object leaves once it is gone: it is missing in a list, or a watch said so.
//! What may not be watched is left to those who wait, who look for themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::apply::set::{ApplySet, PART_OF};
use crate::apply::write::Remove;
use crate::cluster::{Change, Client, Listed, Live, Lost, Projection, Resource};

/// A watch that ends is followed by a list not before this.
const PAUSE: Duration = Duration::from_millis(200);

/// News of objects that are gone, for as long as this lives.
pub(super) struct Ends {
    pub(super) news: mpsc::UnboundedReceiver<usize>,
    /// Ends the watches with this.
    _watches: JoinSet<()>,
}

/// Objects of one kind that are followed together.
#[derive(Clone)]
struct Kind {
    client: Client,
    resource: Arc<Resource>,
    selector: String,
    /// The numbers and namespaces of the objects, by uid.
    numbers: Arc<HashMap<String, (usize, SmolStr)>>,
    /// Their namespaces, where not all may be seen.
    namespaces: BTreeSet<SmolStr>,
    send: mpsc::UnboundedSender<usize>,
}

/// Begins to watch for the ends of those whose end is awaited.
pub(super) fn watch(client: &Client, set: Option<&ApplySet>, removals: &mut [Remove]) -> Ends {
    let (send, news) = mpsc::unbounded_channel();
    let mut groups: BTreeMap<(Arc<Resource>, Option<SmolStr>), Vec<usize>> = BTreeMap::new();
    for (number, removal) in removals.iter().enumerate().filter(|(_, removal)| removal.await_end && !removal.dry_run) {
        // Of a set one watch sees all, wherever they are.
        let namespace = (removal.resource.namespaced && set.is_none()).then(|| removal.key.namespace.clone());
        groups.entry((Arc::clone(&removal.resource), namespace)).or_default().push(number);
    }
    let mut watches = JoinSet::new();
    for ((resource, namespace), members) in groups {
        let is_watched = Arc::new(AtomicBool::new(true));
        for number in &members {
            removals[*number].is_watched = Some(Arc::clone(&is_watched));
        }
        let kind = Kind {
            client: client.clone(),
            resource,
            selector: set.map(|set| format!("{PART_OF}={}", set.id())).unwrap_or_default(),
            numbers: Arc::new(members.iter().map(|number| identity(*number, &removals[*number])).collect()),
            namespaces: members.iter().map(|number| removals[*number].key.namespace.clone()).collect(),
            send: send.clone(),
        };
        watches.spawn(async move {
            kind.follow_all(namespace).await;
            is_watched.store(false, Ordering::Relaxed);
        });
    }
    Ends { news, _watches: watches }
}

fn identity(number: usize, removal: &Remove) -> (String, (usize, SmolStr)) {
    (removal.uid.clone(), (number, removal.key.namespace.clone()))
}

impl Kind {
    /// Follows all for as long as that is possible.
    async fn follow_all(self, namespace: Option<SmolStr>) {
        let everywhere = namespace.is_none() && self.resource.namespaced;
        if self.follow(namespace).await != Some(403) || !everywhere {
            return;
        }
        let mut places = JoinSet::new();
        for namespace in self.namespaces.clone() {
            let kind = self.clone();
            places.spawn(async move { kind.follow(Some(namespace)).await });
        }
        // Where one cannot be followed, those who wait look for themselves, which does no harm to the others.
        let _ = places.join_next().await;
    }

    /// Lists and watches one place; returns the status code of a refusal, or nothing where no answer is to be had.
    async fn follow(&self, namespace: Option<SmolStr>) -> Option<u16> {
        let namespace = namespace.as_deref();
        loop {
            let query = [("labelSelector", self.selector.as_str())];
            let each = |live: Live| Some(live.uid().to_owned());
            let listed = self.client.list_each(&self.resource, namespace, &query, Projection::Metadata, each).await;
            match listed {
                Ok(Listed::Objects(there, version)) => {
                    let there: BTreeSet<String> = there.into_iter().collect();
                    let is_gone = |uid: &String, home: &SmolStr| {
                        !there.contains(uid) && namespace.is_none_or(|namespace| namespace == home)
                    };
                    let gone = self.numbers.iter().filter(|(uid, (_, home))| is_gone(uid, home));
                    let gone: BTreeSet<usize> = gone.map(|(_, (number, _))| *number).collect();
                    gone.into_iter().for_each(|number| self.tell(number));
                    if self.watch(namespace, &version).await.is_err_and(|lost| lost.hopeless) {
                        return None;
                    }
                }
                Ok(Listed::Refused(answer)) => return Some(answer.code),
                Err(lost) if lost.hopeless => return None,
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }

    /// Tells of all ends until the watch itself ends, as it does every few minutes.
    async fn watch(&self, namespace: Option<&str>, version: &str) -> Result<(), Lost> {
        let selector = ("labelSelector", self.selector.as_str());
        let mut watch = self.client.watch(&self.resource, namespace, selector, version, Projection::Metadata).await?;
        while let Some(change) = watch.next().await? {
            match change {
                Change::Gone(live) => {
                    if let Some((number, _)) = self.numbers.get(live.uid()) {
                        self.tell(*number);
                    }
                }
                Change::Expired => break,
                Change::Now(_) | Change::Bookmark(_) => {}
            }
        }
        Ok(())
    }

    fn tell(&self, number: usize) {
        // Nobody listens any more once all have ended.
        let _ = self.send.send(number);
    }
}
