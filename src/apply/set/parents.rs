//! What the sets of others are called: the labels of members enter, the names of their parents leave.

use std::collections::{BTreeMap, BTreeSet};

use super::ID;
use crate::cluster::{Client, Listed, Projection, Resource};

/// The number of sets whose parents are looked for.
const MOST: usize = 5;

/// Returns the names of sets by the labels of their members; those whose parents are not found, or may not be read, are left
/// out. A parent is looked for everywhere, or in these namespaces where that is all we may see.
pub(in crate::apply) async fn parents(
    client: &Client,
    ids: BTreeSet<&str>,
    namespaces: &BTreeSet<&str>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for id in ids.into_iter().take(MOST) {
        for (kind, plural) in [("ConfigMap", "configmaps"), ("Secret", "secrets")] {
            if let Some(name) = parent(client, id, kind, plural, namespaces).await {
                names.insert(id.to_owned(), name);
                break;
            }
        }
    }
    names
}

async fn parent(client: &Client, id: &str, kind: &str, plural: &str, namespaces: &BTreeSet<&str>) -> Option<String> {
    let resource = Resource::core(kind, plural);
    let selector = format!("{ID}={id}");
    let mut places = vec![None];
    places.extend(namespaces.iter().copied().map(Some));
    for place in places {
        // What is not found only leaves a name out of a message.
        match client.list(&resource, place, &selector, Projection::Metadata).await {
            Ok(Listed::Objects(found, _)) => match found.first() {
                Some(parent) => {
                    return Some(format!(
                        "`{}` (parent: {kind} `{}/{}`)",
                        parent.name(),
                        parent.namespace(),
                        parent.name()
                    ));
                }
                None if place.is_none() => return None,
                None => {}
            },
            Ok(Listed::Refused(_)) => {}
            Err(_) => return None,
        }
    }
    None
}
