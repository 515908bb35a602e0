//! Following a collection from where a list left off.

use std::collections::VecDeque;

use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::lost::lost;
use super::resource::escape;
use super::{Call, Client, Live, Lost, METADATA, Projection, Resource, WHOLE};
use crate::limits;

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
    /// Follows a collection in a namespace, or in all, narrowed by a parameter of the query; an empty one is left out.
    pub async fn watch(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: (&str, &str),
        version: &str,
        projection: Projection,
    ) -> Result<Watch, Lost> {
        let selector = match selector {
            (_, "") => String::new(),
            (key, value) => format!("&{key}={}", escape(value)),
        };
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds=290&resourceVersion={version}{selector}",
            resource.collection(namespace)
        );
        let accept = if projection == Projection::Whole { WHOLE } else { METADATA };
        let call = Call { accept, ..Call::get(path) };
        let wait = self.waits.begin();
        let opened = tokio::time::timeout(self.limit(&call.verb), self.open(&call)).await;
        let opened = opened.unwrap_or_else(|_| Err(Lost::passing("no answer to the watch")));
        let response = opened?;
        wait.answered();
        drop(wait);
        if response.status().as_u16() == 410 {
            return Ok(Watch { body: Body::empty(), pending: Vec::new(), ready: VecDeque::from([Change::Expired]) });
        }
        if !response.status().is_success() {
            let hopeless = matches!(response.status().as_u16(), 401 | 403 | 404);
            let reason = format!("the watch was refused with status {}", response.status());
            return Err(Lost { hopeless, ..Lost::passing(reason) });
        }
        Ok(Watch { body: response.into_body(), pending: Vec::new(), ready: VecDeque::new() })
    }
}

impl Watch {
    /// Waits for the next change; `None` at the end of the stream, which the server closes every few minutes.
    pub async fn next(&mut self) -> Result<Option<Change>, Lost> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(Some(change));
            }
            let frame = tokio::time::timeout(limits::WATCH_TIME, self.body.frame()).await;
            let frame = frame.map_err(|_| Lost::passing("the watch says nothing any more"))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| lost(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            // What was there before holds no end of a line.
            let mut from = self.pending.len();
            self.pending.extend_from_slice(data);
            let mut start = 0;
            while let Some(end) = self.pending[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at) {
                self.ready.push_back(
                    read(&self.pending[start..=end])
                        .ok_or_else(|| Lost::foreign("expected an event of a watch, found something else"))?,
                );
                (start, from) = (end + 1, end + 1);
            }
            self.pending.drain(..start);
            if self.pending.len() > limits::ANSWER_BYTES {
                return Err(Lost::too_long(format!("an event is longer than {} MiB", limits::ANSWER_BYTES >> 20)));
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
