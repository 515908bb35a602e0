//! Reading collections page by page.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Live;
use super::answer::{Expects, Passing, Verdict, judge};
use super::resource::escape;
use super::{Answer, Call, Client, Lost, METADATA, Resource, WHOLE};

/// Pages are answered from the server's cache up to here without effort.
const PAGE: usize = 500;
/// How long a server that has answered before may be gone.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long one that never answered is asked.
const DOUBT: Duration = Duration::from_secs(3);
/// How often is asked again where nobody knows what is wrong.
const TRIES: u32 = 8;

/// How much of each object is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// All of it.
    Whole,
    /// Its metadata.
    Metadata,
}

/// A whole collection.
#[derive(Clone, Debug)]
pub enum Listed {
    /// What is there, and the version from which a watch goes on.
    Objects(Vec<Live>, String),
    /// The server refused.
    Refused(Answer),
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    items: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMetadata {
    r#continue: String,
    resource_version: String,
}

/// The items of a page, or what reads them.
enum Read {
    Done(Option<Vec<Value>>),
    Going(JoinHandle<Result<Option<Vec<Value>>, Lost>>),
}

fn page(body: &[u8]) -> Result<Page, Lost> {
    serde_json::from_slice(body)
        .map_err(|error| Lost { reason: format!("the list cannot be read: {error}"), hopeless: false })
}

/// Reads what a page says before its items: no text in it can hold quotes that are not escaped.
fn head(body: &[u8]) -> Option<PageMetadata> {
    const ITEMS: &[u8] = br#","items":["#;
    let end = body.windows(ITEMS.len()).take(8 * 1024).position(|window| window == ITEMS)?;
    let head: Page = serde_json::from_slice(&[&body[..end], b"}"].concat()).ok()?;
    Some(head.metadata).filter(|metadata| !metadata.resource_version.is_empty())
}

async fn gather(pages: Vec<Read>) -> Result<Vec<Live>, Lost> {
    let mut objects = Vec::new();
    for page in pages {
        let items = match page {
            Read::Done(items) => items,
            Read::Going(reading) => {
                reading.await.map_err(|error| Lost { reason: error.to_string(), hopeless: true })??
            }
        };
        objects.extend(items.unwrap_or_default().into_iter().map(Live));
    }
    Ok(objects)
}

impl Client {
    /// Lists a collection, in a namespace or in all, by label selector (empty for all).
    pub async fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &str,
        projection: Projection,
    ) -> Result<Listed, Lost> {
        self.list_where(resource, namespace, &[("labelSelector", selector)], projection).await
    }

    /// Lists a collection, in a namespace or in all, narrowed by parameters of the query; empty ones are left out.
    pub async fn list_where(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        query: &[(&str, &str)],
        projection: Projection,
    ) -> Result<Listed, Lost> {
        let mut pages = Vec::new();
        let mut token = String::new();
        let mut restarts = 0;
        loop {
            let mut path = format!("{}?limit={PAGE}", resource.collection(namespace));
            for (key, value) in query.iter().copied().chain([("continue", token.as_str())]) {
                if !value.is_empty() {
                    let _ = write!(path, "&{key}={}", escape(value));
                }
            }
            let accept = match projection {
                Projection::Whole => WHOLE,
                Projection::Metadata => {
                    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
                }
            };
            let answer = self.patient(&Call { accept, ..Call::get(path) }).await?;
            // The continuation is older than what the server keeps: start again.
            if answer.code == 410 && restarts < 3 {
                restarts += 1;
                pages.clear();
                token.clear();
                continue;
            }
            if !answer.is_success() {
                return Ok(Listed::Refused(answer));
            }
            let body = answer.body;
            let Some(head) = head(&body) else {
                let page = page(&body)?;
                pages.push(Read::Done(page.items));
                if page.metadata.r#continue.is_empty() {
                    return Ok(Listed::Objects(gather(pages).await?, page.metadata.resource_version));
                }
                token = page.metadata.r#continue;
                continue;
            };
            // The next page is on its way while this one is read.
            pages.push(Read::Going(tokio::task::spawn_blocking(move || page(&body).map(|page| page.items))));
            if head.r#continue.is_empty() {
                return Ok(Listed::Objects(gather(pages).await?, head.resource_version));
            }
            token = head.r#continue;
        }
    }

    /// Reads one object; none where it is not there.
    pub async fn read(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        projection: Projection,
    ) -> Result<Result<Option<Live>, Answer>, Lost> {
        let accept = if projection == Projection::Whole { WHOLE } else { METADATA };
        let answer = self.patient(&Call { accept, ..Call::get(resource.object(namespace, name)) }).await?;
        Ok(match answer.code {
            200 => Ok(Some(Live(answer.json()))),
            404 => Ok(None),
            _ => Err(answer),
        })
    }

    /// Sends a request whose repetition does no harm until it is answered for good: for long where the server has
    /// answered before, as it may be starting anew, and not for long where it never did, as it may be the wrong one.
    pub async fn patient(&self, call: &Call) -> Result<Answer, Lost> {
        let start = Instant::now();
        let mut tries = 0u32;
        loop {
            let outcome = self.call(call).await;
            let (wait, most) = match &outcome {
                Ok(answer) if answer.early => (None, u32::MAX),
                Ok(answer) => match judge(answer.code, answer.retry_after, &answer.body, Expects::default()) {
                    Verdict::Throttled(wait) => (wait, u32::MAX),
                    Verdict::Passing(Passing::Server) => (None, u32::MAX),
                    Verdict::Passing(Passing::Webhook | Passing::Unknown) => (None, TRIES),
                    _ => return outcome,
                },
                Err(lost) if !lost.hopeless => (None, u32::MAX),
                Err(_) => return outcome,
            };
            tries += 1;
            let wait = wait.unwrap_or(Duration::from_millis(25 << tries.min(6)));
            let patience = if self.health.reached.load(Ordering::Relaxed) { PATIENCE } else { DOUBT };
            if tries >= most || start.elapsed() + wait > patience {
                return outcome;
            }
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_page_says_where_the_next_one_starts() {
        let body = br#"{"kind":"List","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"metadata":{}}]}"#;
        let read = head(body).expect("a head");
        assert_eq!((read.r#continue.as_str(), read.resource_version.as_str()), ("abc", "7"));
        assert_eq!(page(body).expect("a page").items.map(|items| items.len()), Some(1));
        for other in [br#"{"items":[{"a":1}],"metadata":{"continue":"abc"}}"#.as_slice(), b"{}", b""] {
            assert!(head(other).is_none());
        }
    }
}
