//! The report of a run on a cluster, as a file: JSON or JUnit.

use serde_json::{Value, json};

use crate::apply::Settled;
use crate::kubernetes::ObjectKey;

/// Returns an identity as JSON.
pub(super) fn key(key: &ObjectKey) -> Value {
    json!({ "apiVersion": key.api_version(), "kind": key.kind, "namespace": key.namespace, "name": key.name })
}

/// Returns the end of an object as JSON.
pub(super) fn settled(settled: &Settled) -> Value {
    json!({
        "event": "settled",
        "object": key(&settled.key),
        "outcome": settled.outcome.as_str(),
        "reason": settled.reason,
        "adopted": settled.adopted,
        "tries": settled.tries,
        "seconds": settled.took.as_secs_f64(),
    })
}
