//! What the server would make of objects, beside what it has: the two sides of a diff against a cluster.
//!
//! Both sides are the server's own, so that its defaults and the fields of other managers are on both of them and make no
//! difference. A field of the new side keeps the place of the field that asked for it. What is proven to be unchanged is
//! not asked about: `apply` would not send it.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value as Json;
use smol_str::{SmolStr, ToSmolStr};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::heard::Heard;
use super::managed::MANAGER;
use super::set::prune::pruning;
use super::set::survey::{Found, Keep, Look, SurveyError, survey};
use super::write::{Manner, apply};
use super::{ApplySet, Desired, Guard, finding, proof};
use crate::cluster::answer::{Expects, Passing, Verdict, judge};
use crate::cluster::{Answer, Call, Client, Discovered, Live, Lost, Projection, WHOLE};
use crate::diagnostic::Diagnostics;
use crate::kubernetes::{Facts, Manifest, ObjectKey, SERVER_ANNOTATIONS, SERVER_METADATA};
use crate::text::{Key, Map, Node, Origin, Value};

/// So many objects are asked about at once.
const IN_FLIGHT: usize = 32;

/// What is rehearsed, and where.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The server.
    pub client: &'a Client,
    /// What it serves.
    pub kinds: &'a Discovered,
    /// What Kubernetes knows of its kinds.
    pub facts: &'static Facts,
    /// The objects.
    pub desired: &'a Arc<[Desired]>,
    /// The set that they are to be.
    pub set: Option<&'a ApplySet>,
    /// Whether what left the set goes, and what of it.
    pub prune: Option<Guard>,
}

/// Both sides, object by object.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// What the server has.
    pub old: Vec<Manifest>,
    /// What it would have.
    pub new: Vec<Manifest>,
    /// What it would refuse.
    pub findings: Diagnostics,
    /// How many objects left the set and stay.
    pub left: usize,
}

/// Asks the server about all objects; nothing changes there.
pub async fn rehearse(stage: &Stage<'_>) -> Result<Rehearsal, SurveyError> {
    let &Stage { client, kinds, facts, desired, set, prune } = stage;
    let look = Look { client, kinds, desired, set, keep: Keep::Whole };
    let found = survey(look).await?;
    let surplus = found.surplus;
    let known: Vec<(Option<Live>, bool)> = desired
        .par_iter()
        .zip(found.found)
        .map(|(object, found)| match found {
            Found::Whole(live) => {
                let live = typed(live, &object.key);
                let proven = proof::is_unchanged(&object.node, &live, facts, MANAGER);
                (Some(live), proven)
            }
            Found::Absent | Found::Same { .. } | Found::Metadata(_) => (None, false),
        })
        .collect();
    let mut rehearsal = Rehearsal::default();
    let answers = ask(client, desired, &known).await?;
    for ((object, (live, proven)), asked) in desired.iter().zip(known).zip(answers) {
        if proven && let Some(live) = live {
            let node = without_server_fields(&live, Some(&object.node), object.origin);
            let manifest = Manifest { key: object.key.clone(), node, origin: object.origin };
            rehearsal.old.push(manifest.clone());
            rehearsal.new.push(manifest);
        } else if let Some(asked) = asked {
            rehearsal.take(object, live.or(asked.live).as_ref(), &asked.answer)?;
        }
    }
    rehearsal.left = surplus.len();
    if let Some(guard) = prune {
        let leaving: Vec<_> = surplus.iter().map(|member| (member.key(), &member.live)).collect();
        let taken = guard.taken(client, kinds, set, &leaving).await?;
        let in_use = |namespace: &str| desired.iter().any(|object| object.key.namespace == namespace);
        let going = pruning(&surplus, &in_use, guard, &taken, true).removals;
        let going: HashSet<ObjectKey> = going.into_iter().map(|gone| gone.key).collect();
        rehearsal.left -= going.len();
        for member in surplus {
            let key = member.key();
            if going.contains(&key) {
                let node = without_server_fields(&typed(member.live, &key), None, Origin::NOWHERE);
                rehearsal.old.push(Manifest { key, node, origin: Origin::NOWHERE });
            }
        }
    }
    Ok(rehearsal)
}

/// Says of an object what it is: the items of a list leave that to the list.
fn typed(mut live: Live, key: &ObjectKey) -> Live {
    if let Some(object) = live.0.as_object_mut().filter(|object| !object.contains_key("kind")) {
        object.shift_insert(0, "apiVersion".into(), key.api_version().as_str().into());
        object.shift_insert(1, "kind".into(), key.kind.as_str().into());
    }
    live
}

/// What the server says of one object.
struct Asked {
    /// What it has, where that was not known before.
    live: Option<Live>,
    /// What it would make of it.
    answer: Answer,
}

/// Why nothing is known of an object.
enum Unasked {
    /// There is no answer that counts.
    Lost(Lost),
    /// The server does not say what it has, in its words.
    Refused(String),
}

impl Unasked {
    /// Returns it as far as it may be repeated.
    fn repeatable(self, heard: Heard<'_>) -> Lost {
        match self {
            Self::Lost(lost) => Lost { reason: heard.reason(&lost.reason), ..lost },
            Self::Refused(message) => Lost::hopeless(heard.words(&message)),
        }
    }
}

/// Asks about the objects that are not proven, and returns what is said of each object.
async fn ask(client: &Client, desired: &[Desired], known: &[(Option<Live>, bool)]) -> Result<Vec<Option<Asked>>, Lost> {
    let seats = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut asked = JoinSet::new();
    for (number, object) in desired.iter().enumerate().filter(|(number, _)| !known[*number].1) {
        let (client, seats) = (client.clone(), Arc::clone(&seats));
        let (resource, key) = (Arc::clone(&object.resource), object.key.clone());
        let call = Call { accept: WHOLE, ..apply(object, Manner { dry_run: true, force: true }) };
        let unread = known[number].0.is_none();
        asked.spawn(async move {
            let _seat = seats.acquire().await;
            let live = if unread {
                let read = client.read(&resource, &key.namespace, &key.name, Projection::Whole).await;
                let read = read.map_err(|lost| (number, Unasked::Lost(lost)))?;
                read.map_err(|answer| (number, Unasked::Refused(answer.message())))?
            } else {
                None
            };
            let answer = client.patient(&call).await.map_err(|lost| (number, Unasked::Lost(lost)))?;
            Ok((number, Asked { live, answer }))
        });
    }
    let mut answers: Vec<Option<Asked>> = desired.iter().map(|_| None).collect();
    while let Some(answer) = asked.join_next().await {
        let answer = answer.map_err(|error| Lost::hopeless(error.to_string()))?;
        let (number, answer) = answer.map_err(|(number, why)| why.repeatable(desired[number].heard()))?;
        answers[number] = Some(answer);
    }
    Ok(answers)
}

impl Rehearsal {
    /// Takes in what the server has of an object, and what it answered.
    fn take(&mut self, object: &Desired, live: Option<&Live>, answer: &Answer) -> Result<(), SurveyError> {
        let place = |node| Manifest { key: object.key.clone(), node, origin: object.origin };
        if let Some(live) = live {
            self.old.push(place(without_server_fields(live, None, Origin::NOWHERE)));
        }
        if answer.is_success() {
            self.new.push(place(without_server_fields(&Live(answer.json()), Some(&object.node), object.origin)));
            return Ok(());
        }
        // What it needs is not there, since nothing of this run is.
        let missing = answer.code == 404;
        let verdict = judge(answer.code, answer.retry_after, &answer.body, Expects::default());
        // A server in trouble has said nothing about the object.
        if matches!(
            verdict,
            Verdict::Throttled(_) | Verdict::Passing(Passing::Server | Passing::Unknown | Passing::Starting)
        ) {
            let said = object.heard().words(&answer.message());
            return Err(SurveyError::Refused(format!("what it would make of `{}`", object.key), said));
        }
        self.new.push(match (live, &verdict) {
            // The server will not change it, but it says what it would be.
            (Some(live), Verdict::Immutable(_)) => place(over(live, object)),
            _ => place(object.node.clone()),
        });
        if !missing && !matches!(verdict, Verdict::Immutable(_)) {
            self.findings.extend(finding::of_verdict(object, &verdict, 1, &answer.message()));
        }
        Ok(())
    }
}

/// Returns an object of a server without what the server alone writes.
fn without_server_fields(live: &Live, model: Option<&Node>, origin: Origin) -> Node {
    let mut value = live.0.clone();
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("status");
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            for field in SERVER_METADATA {
                metadata.shift_remove(field);
            }
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
                for annotation in SERVER_ANNOTATIONS {
                    annotations.shift_remove(annotation);
                }
            }
        }
    }
    node(&value, model, origin)
}

/// Puts the fields of an object over what the server has.
fn over(live: &Live, object: &Desired) -> Node {
    merged(&without_server_fields(live, None, object.origin), &object.node)
}

fn merged(below: &Node, above: &Node) -> Node {
    let (Some(below), Some(fields)) = (below.as_map(), above.as_map()) else { return above.clone() };
    let mut map = below.clone();
    for entry in fields {
        let value = map.get(&entry.key.text).map_or_else(|| entry.value.clone(), |below| merged(below, &entry.value));
        map.set(entry.key.clone(), value);
    }
    Node::map(map, above.origin())
}

/// Turns JSON into a tree whose parts have the places of their likes in the model, or of what holds them.
fn node(value: &Json, model: Option<&Node>, origin: Origin) -> Node {
    let origin = model.map_or(origin, Node::origin);
    match value {
        Json::Null => Node::new(Value::Null, origin),
        Json::Bool(value) => Node::boolean(*value, origin),
        Json::Number(number) => Node::new(Value::Number(number.to_smolstr()), origin),
        Json::String(text) => Node::string(text.as_str(), origin),
        Json::Array(items) => {
            let models = model.and_then(Node::as_seq).unwrap_or_default();
            let like = |at: usize, item: &Json| {
                let name = |item: &Json| item.get("name").and_then(Json::as_str).map(SmolStr::from);
                match name(item) {
                    Some(name) => models.iter().find(|model| model.get("name").and_then(Node::text) == Some(&name)),
                    None => models.get(at),
                }
            };
            let items = items.iter().enumerate().map(|(at, item)| node(item, like(at, item), origin));
            Node::seq(items.collect(), origin)
        }
        Json::Object(fields) => {
            let mut map = Map::with_capacity(fields.len());
            for (key, value) in fields {
                let model = model.and_then(|model| model.get(key));
                let value = node(value, model, origin);
                map.push(Key::new(key.as_str(), value.origin()), value);
            }
            Node::map(map, origin)
        }
    }
}
