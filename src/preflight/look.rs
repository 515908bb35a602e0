//! Reads of a cluster what [`preflight`](super::preflight()) asks for.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::Cluster;
use crate::cluster::{Client, Discovered, Listed, Lost, Projection, Resource, unreadable};
use crate::kubernetes::{Facts, Manifest};

/// Reads until nothing more is asked for; what may not be seen stays unknown, and is noted.
pub async fn look(client: &Client, kinds: &Discovered, objects: &[Manifest], facts: &Facts) -> Result<Cluster, Lost> {
    let mut cluster = Cluster::new(client.namespace());
    loop {
        let needs = cluster.needs(objects, facts);
        if needs.is_empty() {
            return Ok(cluster);
        }
        let mut lists = JoinSet::new();
        for need in needs {
            let served = kinds.resource(&need.group, &need.version, &need.kind);
            let Some(resource) = served.or_else(|| kinds.any_version(&need.group, &need.kind)).map(Arc::clone) else {
                cluster.put_unknown(&need);
                continue;
            };
            let (client, is_served) = (client.clone(), kinds.is_served(&resource));
            lists.spawn(async move {
                let projection = if need.metadata_only { Projection::Metadata } else { Projection::Whole };
                let fields = need.field_selector.unwrap_or_default();
                let resource: &Resource = &resource;
                let query = [("fieldSelector", fields)];
                let listed = client.list_where(resource, need.namespace.as_deref(), &query, projection).await;
                (need, is_served, listed)
            });
        }
        while let Some(listed) = lists.join_next().await {
            let (need, is_served, listed) = listed.map_err(|error| Lost::hopeless(error.to_string()))?;
            match listed? {
                Listed::Objects(objects, _) => cluster.put(&need, objects),
                // A kind that only the batch defines has no objects yet.
                Listed::Refused(answer) if answer.code == 404 && !is_served => cluster.put_unknown(&need),
                Listed::Refused(answer) if answer.is_trouble() => {
                    let said = unreadable(&need.plural, &[], false, &answer.message());
                    return Err(Lost::passing(said));
                }
                Listed::Refused(answer) => cluster.put_refused(&need, answer.is_denial(), answer.message()),
            }
        }
    }
}
