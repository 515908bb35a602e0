//! Why objects do not work: what lies around them enters, reasons leave, with what could not be read for them.

use jiff::Timestamp;

use crate::cluster::{Client, Discovered, Listed, Live, Projection, Resource};
use crate::readiness::{Reason, Related, why};

/// What lies around objects that do not work.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pods: Vec<Live>,
    controllers: Vec<Live>,
    events: Vec<Live>,
    claims: Vec<Live>,
    /// What may not be read.
    pub(super) unseen: Vec<String>,
}

impl Surroundings {
    pub(super) async fn read(client: &Client, kinds: &Discovered, namespace: &str) -> Self {
        let list = |group: &'static str, kind: &'static str| async move {
            let Some(resource) = kinds.any_version(group, kind) else { return Ok(Vec::new()) };
            // The state of an object is reported all the same.
            match client.list(resource, Some(namespace), "", Projection::Whole).await {
                Ok(Listed::Objects(objects, _)) => Ok(objects.into_iter().map(|live| named(live, resource)).collect()),
                Ok(Listed::Refused(_)) => Err(resource.plural.to_string()),
                Err(_) => Ok(Vec::new()),
            }
        };
        let mut unseen = Vec::new();
        let mut seen = |listed: Result<Vec<Live>, String>| {
            listed.unwrap_or_else(|plural| {
                unseen.push(plural);
                Vec::new()
            })
        };
        let (pods, sets, jobs, events, claims) = tokio::join!(
            list("", "Pod"),
            list("apps", "ReplicaSet"),
            list("batch", "Job"),
            list("", "Event"),
            list("", "PersistentVolumeClaim")
        );
        let (pods, events, claims) = (seen(pods), seen(events), seen(claims));
        let controllers = seen(sets).into_iter().chain(seen(jobs)).collect();
        Self { pods, controllers, events, claims, unseen }
    }

    pub(super) fn why(&self, live: &Live) -> Vec<Reason> {
        let related = Related {
            pods: &self.pods,
            controllers: &self.controllers,
            events: &self.events,
            claims: &self.claims,
            now: Some(Timestamp::now()),
        };
        why(live, &related).into_iter().take(3).collect()
    }
}

/// Says a reason in one line.
pub(super) fn reason_text(reason: &Reason) -> String {
    let Reason { text, count, object, .. } = reason;
    if *count > 1 { format!("{text} ({count} times, as {object})") } else { format!("{text} ({object})") }
}

/// Items of lists leave out what they are.
pub(super) fn named(mut live: Live, resource: &Resource) -> Live {
    if let Some(object) = live.0.as_object_mut() {
        let version = if resource.group.is_empty() {
            resource.version.to_string()
        } else {
            format!("{}/{}", resource.group, resource.version)
        };
        object.insert("kind".into(), resource.kind.as_str().into());
        object.insert("apiVersion".into(), version.into());
    }
    live
}
