//! Which kinds the server has: asked once, in two requests.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use smol_str::SmolStr;

use super::reply::described;
use super::{Call, Client, Lost, Resource};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const LIST: &str = "APIGroupDiscoveryList";

/// The kinds of a server.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    kinds: HashMap<(SmolStr, SmolStr, SmolStr), Arc<Resource>>,
    /// Those that are not served yet, since the definitions that bring them are about to be applied.
    coming: HashSet<Arc<Resource>>,
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
            return Err(match answer.code {
                401 => Lost::refused(format!("does not accept the credentials: {}", answer.message())),
                403 => Lost::refused(format!("refuses to say which kinds it has: {}", answer.message())),
                _ => Lost::passing(answer.message()),
            });
        }
        let groups = serde_json::from_slice::<Groups>(&answer.body).ok().filter(|groups| groups.kind == LIST);
        discovered.read(groups.ok_or_else(|| {
            let found = described(&answer.content, &answer.body);
            Lost::foreign(format!("expected its kinds as `{LIST}`, found {found}"))
        })?);
    }
    Ok(discovered)
}

#[derive(Deserialize)]
struct Groups {
    kind: String,
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    metadata: GroupMetadata,
    #[serde(default)]
    versions: Vec<Version>,
}

/// The core group has no name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupMetadata {
    name: SmolStr,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(rename = "version")]
    name: SmolStr,
    #[serde(default)]
    resources: Vec<ServedResource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServedResource {
    #[serde(rename = "resource")]
    plural: SmolStr,
    #[serde(default)]
    response_kind: Option<ServedKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    subresources: Vec<Subresource>,
}

#[derive(Deserialize)]
struct ServedKind {
    kind: SmolStr,
}

#[derive(Deserialize)]
struct Subresource {
    #[serde(rename = "subresource")]
    name: String,
}

impl Discovered {
    fn read(&mut self, groups: Groups) {
        for Group { metadata: GroupMetadata { name }, versions } in groups.items {
            for version in versions {
                if version.freshness == "Stale" {
                    self.stale.push(name.clone());
                }
                for served in version.resources {
                    let Some(ServedKind { kind }) = served.response_kind else { continue };
                    self.add(Resource {
                        group: name.clone(),
                        version: version.name.clone(),
                        kind,
                        plural: served.plural,
                        namespaced: served.scope == "Namespaced",
                        has_status: served.subresources.iter().any(|part| part.name == "status"),
                    });
                }
            }
        }
    }

    fn add(&mut self, resource: Resource) -> Option<&Arc<Resource>> {
        let key = (resource.group.clone(), resource.version.clone(), resource.kind.clone());
        match self.kinds.entry(key) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => Some(entry.insert(Arc::new(resource))),
        }
    }

    /// Adds a kind that will be there once its definition is applied.
    pub fn add_coming(&mut self, resource: Resource) {
        let new = self.add(resource).map(Arc::clone);
        self.coming.extend(new);
    }

    /// Whether the server said that it has a kind, so that not finding its collection says nothing of objects.
    pub fn is_served(&self, resource: &Resource) -> bool {
        !self.coming.contains(resource)
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

    /// Returns each kind once, in the version that says most.
    pub fn one_version_each(&self) -> impl Iterator<Item = &Arc<Resource>> {
        let mut kinds: Vec<(&SmolStr, &SmolStr)> = self.kinds.keys().map(|(group, _, kind)| (group, kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().filter_map(|(group, kind)| self.any_version(group, kind))
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
