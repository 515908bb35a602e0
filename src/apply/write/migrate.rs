//! From client-side apply to ours: what kubectl remembered in an annotation becomes what we manage.
//!
//! `kubectl apply` without `--server-side` is an update to the server. Its fields would stay for ever: the spec that leaves
//! one out does not own it, and whoever owns it does not come again. So its fields become ours before our first apply.

use serde_json::{Map, Value, json};

use crate::apply::managed::{MANAGER, Operation, managed_entries};
use crate::cluster::Live;

/// The manager that kubectl is when it applies from the client.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";

/// Returns the JSON patch that makes the fields of client-side apply ours; none where there are none. The server takes it
/// only if nobody wrote the object in between.
pub(super) fn migration(live: &Live) -> Option<Value> {
    let entries = managed_entries(live)?;
    let is_theirs = |at: usize| {
        let entry = entries[at];
        entry.manager == CLIENT_SIDE && entry.operation == Operation::Update && entry.subresource.is_empty()
    };
    let theirs: Vec<usize> = (0..entries.len()).filter(|at| is_theirs(*at)).collect();
    let first = *theirs.first()?;
    let ours = entries.iter().position(|entry| entry.is_applied_by(MANAGER));
    let version = entries[ours.unwrap_or(first)].api_version;
    // Fields of another version may have other names.
    let merged: Vec<usize> = theirs.into_iter().filter(|at| entries[*at].api_version == version).collect();
    let target = ours.or(merged.first().copied())?;
    let raw = live.list(&["metadata", "managedFields"]);
    let mut fields = Map::new();
    for at in ours.iter().chain(&merged) {
        unite(&mut fields, entries[*at].fields);
    }
    let mut kept = Vec::with_capacity(raw.len());
    for (at, entry) in raw.iter().enumerate() {
        if at == target {
            let mut entry = entry.clone();
            entry["manager"] = json!(MANAGER);
            entry["operation"] = json!("Apply");
            entry["fieldsV1"] = Value::Object(std::mem::take(&mut fields));
            kept.push(entry);
        } else if !merged.contains(&at) {
            kept.push(entry.clone());
        }
    }
    Some(json!([
        { "op": "replace", "path": "/metadata/managedFields", "value": kept },
        { "op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version() },
    ]))
}

fn unite(all: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, value) in more {
        match (all.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => unite(inner, more),
            _ => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({ "manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields })
    }

    fn object(entries: &[Value]) -> Live {
        Live(json!({ "metadata": { "resourceVersion": "7", "managedFields": entries } }))
    }

    #[test]
    fn the_fields_of_both_become_ours_and_no_others() {
        let a = json!({ "f:data": { "f:a": {} } });
        let b = json!({ "f:data": { "f:b": {} } });
        let other = entry("else", "Update", &json!({ "f:data": { "f:c": {} } }));
        let theirs = entry(CLIENT_SIDE, "Update", &a);
        let patch = migration(&object(&[theirs.clone(), other.clone()])).expect("there is something to take over");
        assert_eq!(patch[0]["value"], json!([entry(MANAGER, "Apply", &a), other.clone()]));
        assert_eq!(patch[1]["value"], "7");
        let ours = entry(MANAGER, "Apply", &b);
        let patch = migration(&object(&[theirs, ours, other.clone()])).expect("there is something to take over");
        let both = json!({ "f:data": { "f:b": {}, "f:a": {} } });
        assert_eq!(patch[0]["value"], json!([entry(MANAGER, "Apply", &both), other.clone()]));
        assert_eq!(migration(&object(&[other])), None);
    }
}
