//! Which kinds the server has: asked once, in two requests.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use smol_str::SmolStr;

use super::{Call, Client, Lost, Resource};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The kinds of a server.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    kinds: HashMap<(SmolStr, SmolStr, SmolStr), Arc<Resource>>,
    /// Groups whose server did not answer the API server.
    stale: Vec<SmolStr>,
}

/// Asks the server for all its kinds.
pub async fn discover(client: &Client) -> Result<Discovered, Lost> {
    let ask = |path: &'static str| {
        let call = Call { accept: AGGREGATED, ..Call::get(path) };
        async move { client.patient(&call).await }
    };
    let (core, groups) = tokio::join!(ask("/api"), ask("/apis"));
    let mut discovered = Discovered::default();
    for answer in [core?, groups?] {
        if !answer.is_success() {
            let hopeless = matches!(answer.code, 401 | 403);
            return Err(Lost { reason: answer.message(), hopeless });
        }
        discovered.read(&answer.json());
    }
    Ok(discovered)
}

impl Discovered {
    fn read(&mut self, list: &Value) {
        let items = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |value: &Value, key: &str| SmolStr::new(value.get(key).and_then(Value::as_str).unwrap_or_default());
        for group in items(list, "items") {
            let name = group.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default();
            for version in items(&group, "versions") {
                if text(&version, "freshness") == "Stale" {
                    self.stale.push(name.clone());
                }
                for resource in items(&version, "resources") {
                    let kind = resource.get("responseKind").map(|kind| text(kind, "kind")).unwrap_or_default();
                    self.add(Resource {
                        group: name.clone(),
                        version: text(&version, "version"),
                        kind,
                        plural: text(&resource, "resource"),
                        namespaced: text(&resource, "scope") == "Namespaced",
                        has_status: items(&resource, "subresources")
                            .iter()
                            .any(|part| text(part, "subresource") == "status"),
                    });
                }
            }
        }
    }

    /// Adds a kind that will be there once its definition is applied.
    pub fn add(&mut self, resource: Resource) {
        let key = (resource.group.clone(), resource.version.clone(), resource.kind.clone());
        self.kinds.entry(key).or_insert_with(|| Arc::new(resource));
    }

    /// Returns where a kind lives.
    pub fn resource(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.kinds.get(&(group.into(), version.into(), kind.into()))
    }

    /// Returns any served version of a kind, the alphabetically last one: members of a set are named without version.
    pub fn any_version(&self, group: &str, kind: &str) -> Option<&Arc<Resource>> {
        let of_kind = self.kinds.iter().filter(|((g, _, k), _)| g == group && k == kind);
        of_kind
            .max_by_key(|((_, version, _), _)| {
                (!version.contains("alpha") && !version.contains("beta"), version.clone())
            })
            .map(|(_, resource)| resource)
    }

    /// Returns the versions and groups in which a kind of this name is served, for suggestions.
    pub fn served(&self, kind: &str) -> Vec<String> {
        let mut served: Vec<String> = self
            .kinds
            .keys()
            .filter(|(_, _, name)| name == kind)
            .map(
                |(group, version, _)| if group.is_empty() { version.to_string() } else { format!("{group}/{version}") },
            )
            .collect();
        served.sort();
        served
    }

    /// Whether the server of a group was out of reach, so that its kinds are not known.
    pub fn is_stale(&self, group: &str) -> bool {
        self.stale.iter().any(|stale| stale == group)
    }
}
