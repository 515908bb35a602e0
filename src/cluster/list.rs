//! Reading collections page by page.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Live;
use super::answer::{Expects, Passing, Verdict, judge};
use super::reply::described;
use super::resource::escape;
use super::{Answer, Call, Client, Lost, METADATA, Reply, Resource, WHOLE};
use crate::limits;

/// Pages are answered from the server's cache up to here without effort.
const PAGE: usize = 500;
/// So many objects are no longer than an answer may be, as large as each may be.
const FEW: usize = 20;
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
    kind: String,
    #[serde(default)]
    metadata: PageMetadata,
    /// `None` where there are none; the key itself has to be there.
    items: Option<Vec<Map<String, Value>>>,
}

/// What stands before the items.
#[derive(Deserialize)]
struct Head {
    kind: String,
    metadata: PageMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMetadata {
    r#continue: String,
    resource_version: String,
}

/// The items of a page, or what reads them.
enum Read {
    Done(Items),
    Going(JoinHandle<Result<Items, Lost>>),
}

type Items = Vec<Map<String, Value>>;

fn page(resource: &Resource, content: &str, body: &[u8]) -> Result<(Items, PageMetadata), Lost> {
    let none = || {
        // Of Secrets not even a name that somebody else gives is told.
        let found = if resource.kind == "Secret" { "another answer".to_owned() } else { described(content, body) };
        Lost::foreign(format!("expected a list of {}, found {found}", resource.plural))
    };
    let Page { kind, metadata, items } = serde_json::from_slice(body).map_err(|_| none())?;
    let is_named = || serde_json::from_slice::<Value>(body).is_ok_and(|body| body.get("items").is_some());
    if !kind.ends_with("List") || (items.is_none() && !is_named()) {
        return Err(none());
    }
    Ok((items.unwrap_or_default(), metadata))
}

/// Reads what a page says before its items: no text in it can hold quotes that are not escaped.
fn head(body: &[u8]) -> Option<PageMetadata> {
    const ITEMS: &[u8] = br#","items":["#;
    let end = body.windows(ITEMS.len()).take(8 * 1024).position(|window| window == ITEMS)?;
    let head: Head = serde_json::from_slice(&[&body[..end], b"}"].concat()).ok()?;
    Some(head.metadata).filter(|metadata| head.kind.ends_with("List") && !metadata.resource_version.is_empty())
}

/// Says what may not be read, by verb, kind and place, with the server's words.
pub fn unreadable(verb: &str, plural: &str, namespaces: &[&str], said: &str) -> String {
    let place = match namespaces {
        [] => String::new(),
        [one] => format!(" in `{one}`"),
        [first, more @ ..] => {
            format!(" in `{first}` and {} more namespace{}", more.len(), if more.len() == 1 { "" } else { "s" })
        }
    };
    format!("may not {verb} `{plural}`{place}: {said}")
}

async fn gather(pages: Vec<Read>) -> Result<Vec<Live>, Lost> {
    let mut objects = Vec::new();
    for page in pages {
        let items = match page {
            Read::Done(items) => items,
            Read::Going(reading) => reading.await.map_err(|error| Lost::hopeless(error.to_string()))??,
        };
        objects.extend(items.into_iter().map(|item| Live(Value::Object(item))));
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
        let mut limit = PAGE;
        let (mut bytes, mut empty) = (0, 0);
        loop {
            let mut path = format!("{}?limit={limit}", resource.collection(namespace));
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
            let answer = match self.patient(&Call { accept, ..Call::get(path) }).await {
                // Few objects may be as long as many are mostly.
                Err(lost) if lost.too_long && limit > FEW => {
                    limit = FEW;
                    continue;
                }
                answer => answer?,
            };
            // The continuation is older than what the server keeps: start again.
            if answer.code == 410 && restarts < 3 {
                restarts += 1;
                pages.clear();
                token.clear();
                bytes = 0;
                continue;
            }
            if !answer.is_success() {
                return Ok(Listed::Refused(answer));
            }
            let Answer { body, content, .. } = answer;
            bytes += body.len();
            if bytes > limits::LIST_BYTES {
                let most = limits::LIST_BYTES >> 20;
                return Err(Lost::hopeless(format!("the list of {} is longer than {most} MiB", resource.plural)));
            }
            let metadata = if let Some(head) = head(&body) {
                // The next page is on its way while this one is read.
                let resource = resource.clone();
                let read = move || page(&resource, &content, &body).map(|(items, _)| items);
                pages.push(Read::Going(tokio::task::spawn_blocking(read)));
                head
            } else {
                let (items, metadata) = page(resource, &content, &body)?;
                empty = if items.is_empty() { empty + 1 } else { 0 };
                pages.push(Read::Done(items));
                metadata
            };
            if metadata.r#continue.is_empty() {
                return Ok(Listed::Objects(gather(pages).await?, metadata.resource_version));
            }
            if empty > limits::EMPTY_PAGES || metadata.r#continue == token {
                return Err(Lost::foreign(format!("the list of {} goes on for ever", resource.plural)));
            }
            token = metadata.r#continue;
        }
    }

    /// Reads one object; `None` where it is not there.
    pub async fn read(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        projection: Projection,
    ) -> Result<Result<Option<Live>, Answer>, Lost> {
        let accept = if projection == Projection::Whole { WHOLE } else { METADATA };
        let call = Call::get(resource.object(namespace, name)).expecting(Reply::object(resource, namespace, name));
        let answer = self.patient(&Call { accept, ..call }).await?;
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
            let patience = match (self.health.answered.load(Ordering::Relaxed), &outcome) {
                (true, _) => limits::TROUBLE_TIME,
                (false, Ok(_)) => limits::FIRST_ANSWER_TIME,
                (false, Err(_)) => limits::DOUBT_TIME,
            };
            // What was asked before has waited, too.
            let waited = start.elapsed().max(self.waits.silence());
            if tries >= most || waited + wait > patience {
                return outcome;
            }
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> Resource {
        Resource {
            group: "".into(),
            version: "v1".into(),
            kind: "Pod".into(),
            plural: "pods".into(),
            namespaced: true,
            has_status: true,
        }
    }

    #[test]
    fn the_head_of_a_page_says_where_the_next_one_starts() {
        let body =
            br#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"metadata":{}}]}"#;
        let read = head(body).expect("a head");
        assert_eq!((read.r#continue.as_str(), read.resource_version.as_str()), ("abc", "7"));
        assert_eq!(page(&pods(), "", body).expect("a page").0.len(), 1);
        for other in [br#"{"items":[{"a":1}],"metadata":{"continue":"abc"}}"#.as_slice(), b"{}", b""] {
            assert!(head(other).is_none());
        }
    }

    #[test]
    fn what_is_no_list_is_not_an_empty_one() {
        for empty in [r#"{"kind":"PodList","items":[]}"#, r#"{"kind":"List","metadata":{},"items":null}"#] {
            assert!(page(&pods(), "", empty.as_bytes()).expect(empty).0.is_empty());
        }
        for other in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"items":[]}"#,
            r#"{"kind":"PodList"}"#,
            r#"{"kind":"Pod","items":[]}"#,
            r#"{"kind":"PodList","items":[1,2]}"#,
            r#"{"kind":"Status","apiVersion":"v1"}"#,
        ] {
            let lost =
                page(&pods(), "text/html", other.as_bytes()).err().unwrap_or_else(|| panic!("{other} is no list"));
            assert!(lost.foreign && lost.hopeless && lost.reason.contains("expected a list of pods"), "{lost}");
        }
    }
}
