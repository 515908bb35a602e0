//! Following a collection from where a list left off.

use std::collections::VecDeque;

use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::Live;
use super::client::{lost, request};
use super::{Call, Client, Lost, Resource};

/// What happened to one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It came, or is different now.
    Now(Live),
    /// It is gone; this is how it was.
    Gone(Live),
    /// The version from which a new watch can go on.
    Bookmark(String),
    /// The version is too old: list again.
    Expired,
}

/// An open stream of changes.
#[derive(Debug)]
pub struct Watch {
    body: Body,
    pending: Vec<u8>,
    ready: VecDeque<Change>,
}

impl Client {
    /// Follows a collection in a namespace, or in all; `selector` is a part of a query such as `fieldSelector=…`, or empty.
    pub async fn watch(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &str,
        version: &str,
    ) -> Result<Watch, Lost> {
        let and = if selector.is_empty() { "" } else { "&" };
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds=290&resourceVersion={version}{and}{selector}",
            resource.collection(namespace)
        );
        let response = self.inner.send(request(&Call::get(path))?).await.map_err(|error| lost(&error))?;
        if response.status().as_u16() == 410 {
            return Ok(Watch { body: Body::empty(), pending: Vec::new(), ready: VecDeque::from([Change::Expired]) });
        }
        if !response.status().is_success() {
            let hopeless = matches!(response.status().as_u16(), 401 | 403 | 404);
            return Err(Lost { reason: format!("the watch was refused with status {}", response.status()), hopeless });
        }
        Ok(Watch { body: response.into_body(), pending: Vec::new(), ready: VecDeque::new() })
    }
}

impl Watch {
    /// Waits for the next change; none at the end of the stream, which the server closes every few minutes.
    pub async fn next(&mut self) -> Result<Option<Change>, Lost> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(Some(change));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|error| lost(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            self.pending.extend_from_slice(data);
            while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                self.ready.extend(read(&line));
            }
        }
    }
}

fn read(line: &[u8]) -> Option<Change> {
    let mut event: Value = serde_json::from_slice(line).ok()?;
    let object = Live(event.get_mut("object")?.take());
    match event.get("type")?.as_str()? {
        "ADDED" | "MODIFIED" => Some(Change::Now(object)),
        "DELETED" => Some(Change::Gone(object)),
        "BOOKMARK" => Some(Change::Bookmark(object.resource_version().to_owned())),
        // The server ends a watch that it cannot go on with by a Status of code 410.
        _ => Some(Change::Expired),
    }
}
