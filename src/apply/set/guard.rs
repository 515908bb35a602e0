//! What is deleted only by a flag of its own: data, and what would take objects of others with it.
//!
//! The same for `apply --prune`, `diff --prune` and `delete`: members enter, those that stay leave with the reason.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use smol_str::SmolStr;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::apply::set::{ApplySet, asks_to_stay};
use crate::cluster::{Client, Discovered, Listed, Live, Lost, Projection, Resource};
use crate::kubernetes::ObjectKey;

/// So many lists are read at once.
const IN_FLIGHT: usize = 16;
/// So many objects of others are named.
const NAMED: usize = 3;

/// What may go beside what can be made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Whether namespaces, volumes, claims and definitions go too.
    pub data: bool,
    /// Whether these go where they take objects of others with them.
    pub others: bool,
}

/// Why a member stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::apply) struct Stay {
    pub(in crate::apply) reason: String,
    /// Whether it wants a flag; otherwise the object itself asks to be kept.
    pub(in crate::apply) wants_flag: bool,
}

/// Kinds that take data or other objects with them.
const PRECIOUS: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
];
/// Kinds that controllers write beside what they are about, and that nobody would miss.
const TRACES: &[&str] = &["Event", "Endpoints", "EndpointSlice", "PodMetrics", "LocalSubjectAccessReview", "Binding"];

impl Guard {
    /// Returns why a member stays; `None` where it may go.
    pub(in crate::apply) fn keeps(self, key: &ObjectKey, live: &Live, taken: &Taken) -> Option<Stay> {
        if asks_to_stay(live) {
            return Some(Stay { reason: "an annotation asks to keep it".into(), wants_flag: false });
        }
        let reason = if !self.data && PRECIOUS.contains(&(key.group.as_str(), key.kind.as_str())) {
            format!("a {} goes only with `--prune-data`", key.kind)
        } else {
            taken.get(key)?.clone()
        };
        Some(Stay { reason, wants_flag: true })
    }
}

/// Namespaces and definitions that would take others' objects with them, with what is to be said of each.
pub(in crate::apply) type Taken = BTreeMap<ObjectKey, String>;

/// One list that has to be empty but for what goes itself.
struct Room {
    holder: ObjectKey,
    resource: Arc<Resource>,
    namespace: Option<SmolStr>,
}

/// What a list held.
enum Seen {
    Others(Vec<String>),
    Unseen(String),
}

impl Guard {
    /// Looks what else the namespaces and definitions hold that are about to go.
    pub(in crate::apply) async fn taken(
        self,
        client: &Client,
        kinds: &Discovered,
        set: Option<&ApplySet>,
        going: &[(ObjectKey, &Live)],
    ) -> Result<Taken, Lost> {
        if !self.data || self.others {
            return Ok(Taken::new());
        }
        let stays: HashSet<&str> =
            going.iter().filter(|(_, live)| asks_to_stay(live)).map(|(_, live)| live.uid()).collect();
        let own: HashSet<String> =
            going.iter().map(|(_, live)| live.uid()).filter(|uid| !stays.contains(uid)).map(str::to_owned).collect();
        let own = Arc::new(own);
        let seats = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut lists = JoinSet::new();
        for room in rooms(kinds, going) {
            let (client, own, seats) = (client.clone(), Arc::clone(&own), Arc::clone(&seats));
            let set = set.cloned();
            lists.spawn(async move {
                let _seat = seats.acquire().await;
                let listed = client.list(&room.resource, room.namespace.as_deref(), "", Projection::Metadata).await?;
                let seen = match listed {
                    Listed::Objects(objects, _) => Seen::Others(
                        objects
                            .iter()
                            .filter(|live| {
                                !own.contains(live.uid()) && is_of_others(&room.resource, live, set.as_ref())
                            })
                            .map(|live| format!("`{} {}`", room.resource.kind, live.name()))
                            .collect(),
                    ),
                    // What cannot be listed at all holds nothing that could be lost.
                    Listed::Refused(answer) if matches!(answer.code, 404 | 405) => Seen::Others(Vec::new()),
                    Listed::Refused(answer) => Seen::Unseen(answer.message()),
                };
                Ok::<_, Lost>((room.holder, seen))
            });
        }
        let mut others: BTreeMap<ObjectKey, Vec<String>> = BTreeMap::new();
        let mut taken = Taken::new();
        while let Some(list) = lists.join_next().await {
            let (holder, seen) = list.map_err(|error| Lost::hopeless(error.to_string()))??;
            match seen {
                Seen::Others(names) => others.entry(holder).or_default().extend(names),
                Seen::Unseen(why) => {
                    let way = "`--prune-others` deletes it all the same";
                    taken.insert(holder, format!("what else it holds could not be read ({why}): {way}"));
                }
            }
        }
        for (holder, mut names) in others.into_iter().filter(|(_, names)| !names.is_empty()) {
            names.sort();
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let text = format!("it holds {named}{more}, which would go with it: only `--prune-others` does that");
            taken.insert(holder, text);
        }
        Ok(taken)
    }
}

/// Returns what has to be listed to know what else would go.
fn rooms(kinds: &Discovered, going: &[(ObjectKey, &Live)]) -> Vec<Room> {
    let mut rooms = Vec::new();
    for (key, live) in going {
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => {
                rooms.extend(kinds.one_version_each().filter(|resource| resource.namespaced).map(|resource| Room {
                    holder: key.clone(),
                    resource: Arc::clone(resource),
                    namespace: Some(key.name.clone()),
                }));
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let text = |path: &[&str]| live.text(path).unwrap_or_default();
                let resource = kinds.any_version(text(&["spec", "group"]), text(&["spec", "names", "kind"]));
                rooms.extend(resource.map(|resource| Room {
                    holder: key.clone(),
                    resource: Arc::clone(resource),
                    namespace: None,
                }));
            }
            _ => {}
        }
    }
    rooms
}

/// Whether somebody would miss an object: not what each namespace has by itself, nor what others own and make anew.
fn is_of_others(resource: &Resource, live: &Live, set: Option<&ApplySet>) -> bool {
    let of_the_set = |set: &ApplySet| {
        live.namespace() == set.namespace
            && match resource.kind.as_str() {
                // The parts of a set hold leases of their own.
                "Lease" => live.name().starts_with(&set.name),
                kind => kind == set.parent.kind && live.name() == set.name,
            }
    };
    let by_itself = match (resource.kind.as_str(), live.name()) {
        ("ConfigMap", "kube-root-ca.crt" | "openshift-service-ca.crt") | ("ServiceAccount", "default") => true,
        ("Secret", _) => live.annotation("kubernetes.io/service-account.name").is_some(),
        (kind, _) => TRACES.contains(&kind),
    };
    !by_itself && live.list(&["metadata", "ownerReferences"]).is_empty() && !set.is_some_and(of_the_set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(kind: &str) -> Resource {
        Resource::core(kind, "x")
    }

    #[test]
    fn only_what_somebody_would_miss_keeps_a_namespace() {
        let of_others = |kind: &str, metadata: serde_json::Value| {
            let set = ApplySet::parse("shop", "shop").expect("a name");
            is_of_others(&resource(kind), &Live(json!({ "metadata": metadata })), Some(&set))
        };
        assert!(of_others("ConfigMap", json!({"name": "theirs", "namespace": "shop"})));
        assert!(of_others("PersistentVolumeClaim", json!({"name": "data-db-0", "namespace": "shop"})));
        assert!(of_others("ConfigMap", json!({"name": "shop", "namespace": "other"})));
        assert!(!of_others("ConfigMap", json!({"name": "shop", "namespace": "shop"})), "the parent of the set");
        assert!(!of_others("Lease", json!({"name": "shop-1-of-3", "namespace": "shop"})));
        assert!(!of_others("ConfigMap", json!({"name": "kube-root-ca.crt", "namespace": "shop"})));
        assert!(!of_others("ServiceAccount", json!({"name": "default", "namespace": "shop"})));
        assert!(!of_others(
            "Pod",
            json!({"name": "web-1", "namespace": "shop", "ownerReferences": [{"kind": "ReplicaSet"}]})
        ));
        assert!(!of_others("Event", json!({"name": "web.1", "namespace": "shop"})));
    }

    #[test]
    fn data_wants_its_flag_and_an_annotation_wants_none() {
        let key = |kind: &str| ObjectKey {
            group: "".into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: "shop".into(),
            name: "x".into(),
        };
        let plain = Live(json!({}));
        let careful = Guard::default();
        assert_eq!(careful.keeps(&key("ConfigMap"), &plain, &Taken::new()), None);
        assert!(
            careful.keeps(&key("PersistentVolumeClaim"), &plain, &Taken::new()).is_some_and(|stay| stay.wants_flag)
        );
        let data = Guard { data: true, others: false };
        assert_eq!(data.keeps(&key("Namespace"), &plain, &Taken::new()), None);
        let taken = Taken::from([(key("Namespace"), "it holds `ConfigMap theirs`".into())]);
        assert!(data.keeps(&key("Namespace"), &plain, &taken).is_some_and(|stay| stay.reason.contains("theirs")));
        let keep = Live(json!({"metadata": {"annotations": {"fanfold.dev/prune": "never"}}}));
        assert!(data.keeps(&key("ConfigMap"), &keep, &Taken::new()).is_some_and(|stay| !stay.wants_flag));
    }
}
