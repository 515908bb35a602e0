//! What the server takes, and nothing reads.
//!
//! A settled structure enters, warnings leave. Each points at the field that can go.

use super::at::At;
use super::service::is_headless;
use super::value::has_any;
use super::{Minor, Rule};
use crate::diagnostic::Code;

/// Warns of a field that has no effect, where it says anything.
fn ignored(at: &mut At<'_>, field: &str, why: &str) {
    let Some(entry) = at.node().as_map().and_then(|map| map.entry(field)) else { return };
    let says_nothing = entry.value.is_null() || entry.value.as_str() == Some("");
    if !says_nothing && (entry.value.as_seq().is_none() || has_any(Some(&entry.value))) {
        at.warn(field, Code::WithoutEffect, entry.key.origin, format!("`{field}` has no effect: {why}"), "take it out");
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "ignored-when-headless",
        at: "core/v1.ServiceSpec",
        minors: (Minor(34), Minor(u32::MAX)),
        check: |at| {
            let is_in_cluster = at.word("type").is_none_or(|kind| kind == "ClusterIP");
            if !is_in_cluster || !is_headless(at.node()) {
                return;
            }
            let why = "a headless Service has no address of its own, and forwards nothing";
            ignored(at, "externalIPs", why);
            if at.text(&["sessionAffinity"]).is_some_and(|affinity| affinity != "None") {
                ignored(at, "sessionAffinity", why);
            }
        },
        warns: &[
            "{clusterIP: None, ports: [{port: 80}], externalIPs: [10.9.8.7]}",
            "{clusterIP: None, ports: [{port: 80}], sessionAffinity: ClientIP}",
        ],
        accepts: &["{clusterIP: None, ports: [{port: 80}], sessionAffinity: None}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "projected-nothing",
        at: "core/v1.ProjectedVolumeSource",
        check: |at| {
            for (index, node) in at.items(&["sources"]) {
                if node.as_map().is_some_and(|map| map.iter().all(|entry| entry.value.is_null())) {
                    let message = "the source has no effect: it says of nothing that it is projected";
                    at.warn(
                        format_args!("sources[{index}]"),
                        Code::WithoutEffect,
                        node.origin(),
                        message,
                        "take it out",
                    );
                }
            }
        },
        warns: &["{sources: [{}]}", "{sources: [{configMap: {name: a}}, {secret: null}]}"],
        accepts: &["{sources: [{configMap: {name: a}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ignored-beside-type",
        at: "core/v1.ServiceSpec",
        check: |at| {
            if at.text(&["type"]) == Some("ExternalName") {
                ignored(at, "externalIPs", "a Service of `type: ExternalName` is a name alone");
            } else {
                ignored(at, "externalName", "the Service has no `type: ExternalName`");
            }
        },
        warns: &[
            "{ports: [{port: 80}], externalName: a.example}",
            "{type: ExternalName, externalName: a.example, externalIPs: [10.9.8.7]}",
        ],
        accepts: &["{type: ExternalName, externalName: a.example}"],
        ..Rule::ALWAYS
    },
];
