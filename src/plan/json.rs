//! An estimate as JSON: versioned, with keys that stay.

use serde_json::{Map, Value as Json, json};

use super::{Estimate, Longest, Share, Workload};
use crate::kubernetes::{Amounts, Basis};
use crate::preflight::Room;

/// The version of the form; it changes where a key goes or means something else, not where one is added.
const VERSION: u32 = 1;

/// Writes an estimate.
pub(super) fn write(estimate: &Estimate) -> String {
    let kinds = estimate
        .kinds
        .iter()
        .map(|(api_version, kind, objects)| json!({"apiVersion": api_version, "kind": kind, "objects": objects}));
    let namespaces = estimate.namespaces.iter().map(|(name, objects)| {
        let name = (!name.is_empty()).then_some(name);
        json!({"name": name, "objects": objects})
    });
    let totals = [Basis::Running, Basis::PerNode, Basis::PerRun].map(|basis| {
        let total = estimate.totals.get(&basis).cloned().unwrap_or_default();
        (word(basis).to_owned(), Json::Object(share(&total)))
    });
    let value = json!({
        "version": VERSION,
        "name": estimate.name,
        "kubernetes": estimate.kubernetes.to_string(),
        "objects": estimate.objects,
        "calls": estimate.objects,
        "bytes": estimate.bytes,
        "kinds": kinds.collect::<Vec<_>>(),
        "namespaces": namespaces.collect::<Vec<_>>(),
        "workloads": estimate.workloads.iter().map(workload).collect::<Vec<_>>(),
        "totals": Map::from_iter(totals),
        "completions": estimate.completions,
        "longestName": estimate.longest.as_ref().map(longest),
        "cluster": estimate.room.as_ref().map(room),
    });
    format!("{value:#}\n")
}

fn workload(workload: &Workload) -> Json {
    let axes = workload.axes.iter().map(|(name, values)| json!({"name": name, "values": values}));
    let mut all = Map::new();
    all.insert("batch".into(), workload.batch.as_str().into());
    all.insert("name".into(), workload.name.as_str().into());
    all.insert("kind".into(), workload.kind.as_str().into());
    all.insert("instances".into(), workload.instances.into());
    all.insert("axes".into(), axes.collect());
    all.insert("basis".into(), word(workload.basis).into());
    all.extend(share(&workload.share));
    all.into()
}

fn share(share: &Share) -> Map<String, Json> {
    let amounts = |amounts: &Amounts| -> Map<String, Json> {
        amounts.iter().map(|(name, amount)| (name.to_string(), amount.to_string().into())).collect()
    };
    let mut all = Map::new();
    all.insert("pods".into(), share.pods.into());
    all.insert("requests".into(), amounts(&share.requests).into());
    all.insert("limits".into(), amounts(&share.limits).into());
    all.insert("podsWithoutRequest".into(), json!(share.without_request));
    all.insert("podsWithoutLimit".into(), json!(share.without_limit));
    all
}

fn longest(longest: &Longest) -> Json {
    let Longest { key, budget } = longest;
    json!({
        "apiVersion": key.api_version(),
        "kind": key.kind,
        "namespace": (!key.namespace.is_empty()).then_some(&key.namespace),
        "name": key.name,
        "length": key.name.len(),
        "budget": budget,
    })
}

fn room(room: &Room) -> Json {
    let amounts = |amounts: &Amounts| -> Map<String, Json> {
        amounts.iter().map(|(name, amount)| (name.to_string(), amount.to_string().into())).collect()
    };
    json!({
        "nodes": room.nodes,
        "pods": room.pods,
        "podsPresent": room.present,
        "podsFitting": room.fitting,
        "podsOfOthersWaiting": room.waiting,
        "requests": amounts(&room.requests),
        "allocatable": amounts(&room.allocatable),
        "free": amounts(&room.free),
    })
}

fn word(basis: Basis) -> &'static str {
    match basis {
        Basis::Running => "running",
        Basis::PerNode => "perNode",
        Basis::PerRun => "perRun",
    }
}
