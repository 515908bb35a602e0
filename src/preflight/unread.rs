//! What may not be read: where something is not known, "nothing found" would be no answer.
//!
//! Lists that the server refused enter, a finding each leaves; the same list of several namespaces is one.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::batch::Batch;
use super::cluster::Cluster;
use super::finding::{Findings, Found};
use crate::cluster::unreadable;
use crate::diagnostic::Code;

/// Says which lists could not be read, and what is not known for that.
pub(super) fn check(batch: &Batch<'_>, cluster: &Cluster, findings: &mut Findings) {
    let Some(first) = batch.objects.first() else { return };
    let mut kinds: BTreeMap<(&SmolStr, &SmolStr, bool), (Vec<&SmolStr>, &str)> = BTreeMap::new();
    for (need, denied, said) in &cluster.refused {
        let entry = kinds.entry((&need.group, &need.plural, *denied)).or_insert_with(|| (Vec::new(), said.as_str()));
        entry.0.extend(need.namespace.as_ref());
    }
    for ((_, plural, denied), (namespaces, said)) in kinds {
        let concerned = batch.objects.iter().find(|object| namespaces.contains(&object.namespace)).unwrap_or(first);
        let names: Vec<&str> = namespaces.iter().map(|name| name.as_str()).collect();
        let found = Found::new(Code::NotReadable, *concerned, unreadable(plural, &names, denied, said));
        findings.here(found.help(match plural.as_str() {
            _ if !denied => "what depends on them is not known: see what answers for the server, or pass `--allow not-readable`",
            "nodes" | "pods" => "whether the pods find room is not known: ask for a role that may list both, or pass `--allow not-readable`",
            _ => "what depends on them is not known: ask for a role that may list them, or pass `--allow not-readable`",
        }));
    }
}
