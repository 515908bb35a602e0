//! Reading collections page by page.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use super::Live;
use super::answer::{Expects, Passing, Verdict, judge};
use super::page::{Expected, Page, head};
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
pub enum Listed<T = Live> {
    /// What is there, and the version from which a watch goes on.
    Objects(Vec<T>, String),
    /// The server refused.
    Refused(Answer),
}

/// Says what could not be read, by kind and place, with the server's words.
pub fn unreadable(plural: &str, namespaces: &[&str], denied: bool, said: &str) -> String {
    let place = match namespaces {
        [] => String::new(),
        [one] => format!(" in `{one}`"),
        [first, more @ ..] => {
            format!(" in `{first}` and {} more namespace{}", more.len(), if more.len() == 1 { "" } else { "s" })
        }
    };
    // Only a server that says so denies a right; whoever is in trouble does not.
    format!("{} list `{plural}`{place}: {said}", if denied { "may not" } else { "cannot" })
}

fn path(resource: &Resource, namespace: Option<&str>, query: &[(&str, &str)], limit: usize, token: &str) -> String {
    let mut path = format!("{}?limit={limit}", resource.collection(namespace));
    for (key, value) in query.iter().copied().chain([("continue", token)]) {
        if !value.is_empty() {
            let _ = write!(path, "&{key}={}", escape(value));
        }
    }
    path
}

fn joined<T>(read: Result<Result<Page<T>, Lost>, JoinError>) -> Result<Page<T>, Lost> {
    read.map_err(|error| Lost::hopeless(error.to_string()))?
}

/// What was seen of a list so far, within the limits of one.
struct Seen<'a, T> {
    plural: &'a str,
    made: Vec<T>,
    bytes: usize,
    pages: usize,
    objects: usize,
}

impl<'a, T> Seen<'a, T> {
    fn new(plural: &'a str) -> Self {
        Self { plural, made: Vec::new(), bytes: 0, pages: 0, objects: 0 }
    }

    fn add_bytes(&mut self, bytes: usize) -> Result<(), Lost> {
        self.bytes += bytes;
        if self.bytes <= limits::LIST_BYTES {
            return Ok(());
        }
        let most = limits::LIST_BYTES >> 20;
        Err(Lost::hopeless(format!("the list of {} is longer than {most} MiB", self.plural)))
    }

    fn add(&mut self, page: Page<T>) -> Result<(), Lost> {
        self.made.extend(page.made);
        self.pages += 1;
        self.objects += page.objects;
        if self.objects > limits::LIST_OBJECTS {
            let most = limits::LIST_OBJECTS;
            return Err(Lost::hopeless(format!("the list of {} holds more than {most} objects", self.plural)));
        }
        // A server fills its pages, of which none was asked to be smaller than so many objects.
        if self.pages > limits::EMPTY_PAGES + self.objects / FEW { Err(self.endless()) } else { Ok(()) }
    }

    fn endless(&self) -> Lost {
        Lost::foreign(format!("the list of {} goes on for ever", self.plural))
    }
}

impl Projection {
    /// Returns what a list should look like.
    fn list(self) -> &'static str {
        match self {
            Self::Whole => WHOLE,
            Self::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
        }
    }
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
        self.list_each(resource, namespace, query, projection, Some).await
    }

    /// Lists a collection and keeps of each object what `each` makes of it: the objects themselves are there a page at a time.
    pub async fn list_each<T: Send + 'static>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        query: &[(&str, &str)],
        projection: Projection,
        each: impl Fn(Live) -> Option<T> + Clone + Send + 'static,
    ) -> Result<Listed<T>, Lost> {
        let selector = query.iter().find(|(key, _)| *key == "labelSelector").map_or("", |(_, selector)| *selector);
        let expected = Expected::of(resource, namespace, selector);
        let mut restarts = 0;
        'anew: loop {
            let mut seen = Seen::new(&resource.plural);
            let mut reading: Option<JoinHandle<Result<Page<T>, Lost>>> = None;
            let mut token = String::new();
            let mut limit = PAGE;
            loop {
                let path = path(resource, namespace, query, limit, &token);
                let answer = match self.patient(&Call { accept: projection.list(), ..Call::get(path) }).await {
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
                    continue 'anew;
                }
                if !answer.is_success() {
                    return Ok(Listed::Refused(answer));
                }
                let Answer { body, content, .. } = answer;
                seen.add_bytes(body.len())?;
                // No more than two pages are there at a time: one that is read, and one that has come meanwhile.
                if let Some(reading) = reading.take() {
                    seen.add(joined(reading.await)?)?;
                }
                let head = head(&body);
                let (expected, each) = (expected.clone(), each.clone());
                let read = tokio::task::spawn_blocking(move || expected.read(&content, &body, &each));
                let metadata = if let Some(head) = head {
                    // The next page is on its way while this one is read.
                    reading = Some(read);
                    head
                } else {
                    let page = joined(read.await)?;
                    let metadata = page.metadata.clone();
                    seen.add(page)?;
                    metadata
                };
                if metadata.r#continue.is_empty() {
                    if let Some(reading) = reading.take() {
                        seen.add(joined(reading.await)?)?;
                    }
                    return Ok(Listed::Objects(seen.made, metadata.resource_version));
                }
                if metadata.r#continue == token {
                    return Err(seen.endless());
                }
                token = metadata.r#continue;
            }
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
        let _waiting = self.waits.begin();
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
