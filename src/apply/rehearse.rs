//! What the server would make of objects, beside what it has: the two sides of a diff against a cluster.
//!
//! Both sides are the server's own, so that its defaults and the fields of other managers are on both of them and make no
//! difference. A field of the new side keeps the place of the field that asked for it.

use std::sync::Arc;

use serde_json::Value as Json;
use smol_str::{SmolStr, ToSmolStr};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::answer::{Expects, Verdict, judge};
use super::client::{Call, Client, Lost, Projection, WHOLE};
use super::write::{Manner, apply};
use super::{Desired, Live, finding};
use crate::diagnostic::Diagnostics;
use crate::kubernetes::Manifest;
use crate::source::{Key, Map, Node, Origin, Value};

/// So many objects are asked about at once.
const IN_FLIGHT: usize = 32;

/// Both sides, object by object.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// What the server has.
    pub old: Vec<Manifest>,
    /// What it would have.
    pub new: Vec<Manifest>,
    /// What it would refuse.
    pub findings: Diagnostics,
}

/// Asks the server about all objects; nothing changes there.
pub async fn rehearse(client: &Client, desired: &[Desired], force: bool) -> Result<Rehearsal, Lost> {
    let seats = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut asked = JoinSet::new();
    for (number, object) in desired.iter().enumerate() {
        let (client, seats) = (client.clone(), Arc::clone(&seats));
        let (resource, key) = (Arc::clone(&object.resource), object.key.clone());
        let call = Call { accept: WHOLE, ..apply(object, Manner { dry_run: true, force }) };
        asked.spawn(async move {
            let _seat = seats.acquire().await;
            let live = client.read(&resource, &key.namespace, &key.name, Projection::Whole).await?;
            let answer = client.patient(&call).await?;
            Ok::<_, Lost>((number, live, answer))
        });
    }
    let mut answers = Vec::with_capacity(desired.len());
    while let Some(answer) = asked.join_next().await {
        if let Ok(answer) = answer {
            answers.push(answer?);
        }
    }
    answers.sort_by_key(|(number, ..)| *number);
    let mut rehearsal = Rehearsal::default();
    for (number, live, answer) in answers {
        let object = &desired[number];
        let place = |node| Manifest { key: object.key.clone(), node, origin: object.origin };
        let live = live.map_err(|answer| Lost { reason: answer.message(), hopeless: true })?;
        if let Some(live) = &live {
            rehearsal.old.push(place(without_server_fields(live, None, Origin::NOWHERE)));
        }
        if answer.is_success() {
            rehearsal.new.push(place(without_server_fields(&Live(answer.json()), Some(&object.node), object.origin)));
            continue;
        }
        // What it needs is not there, since nothing of this run is.
        let missing = answer.code == 404;
        let verdict = judge(answer.code, answer.retry_after, &answer.body, Expects::default());
        rehearsal.new.push(match (&live, &verdict) {
            // The server will not change it, but it says what it would be.
            (Some(live), Verdict::Immutable(_)) => place(over(live, object)),
            _ => place(object.node.clone()),
        });
        if !missing && !matches!(verdict, Verdict::Immutable(_)) {
            rehearsal.findings.extend(finding::of_verdict(object, &verdict, 1, &answer.message()));
        }
    }
    Ok(rehearsal)
}

/// Returns an object of a server without what the server alone writes.
pub fn without_server_fields(live: &Live, model: Option<&Node>, origin: Origin) -> Node {
    let mut value = live.0.clone();
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("status");
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            for field in ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"] {
                metadata.shift_remove(field);
            }
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
                annotations.shift_remove("deployment.kubernetes.io/revision");
                annotations.shift_remove("deprecated.daemonset.template.generation");
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
