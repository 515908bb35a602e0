//! What is in the cluster before anything is sent: one list a kind, not one request an object.
//!
//! Desired objects enter, what is there for each of them leaves, and what else the set has. Objects are judged page by page
//! as they come: of those that are as desired hardly anything is kept, so that a set of any size needs little memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::task::JoinSet;

use crate::apply::desired::Desired;
use crate::apply::heard;
use crate::apply::managed::MANAGER;
use crate::apply::proof::is_unchanged;
use crate::apply::set::{ApplySet, Extent, PART_OF, is_ours};
use crate::cluster::{Answer, Client, Discovered, Listed, Live, Lost, Projection, Resource};
use crate::kubernetes::{Facts, ObjectKey};

/// Up to so many objects of a kind in a namespace are read one by one; from there on a list is cheaper.
const FEW: usize = 8;
/// So far away a round trip costs more than a list.
const FAR: Duration = Duration::from_millis(5);

/// What is there for one desired object.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::apply) enum Found {
    /// Nothing.
    Absent,
    /// The object, proven to be as desired: nothing more of it is needed.
    Same {
        /// What tells it from a later one of the same name.
        uid: SmolStr,
        /// The generation of its specification, where it has one.
        generation: Option<i64>,
    },
    /// The object, all of it.
    Whole(Live),
    /// The object, of which only the metadata was read: it is not a member of the set.
    Metadata(Live),
}

impl Found {
    /// Returns the object, where all of it was kept.
    pub(in crate::apply) fn whole(&self) -> Option<&Live> {
        match self {
            Self::Whole(live) => Some(live),
            Self::Absent | Self::Same { .. } | Self::Metadata(_) => None,
        }
    }

    /// Returns what was kept.
    pub(in crate::apply) fn live(&self) -> Option<&Live> {
        match self {
            Self::Absent | Self::Same { .. } => None,
            Self::Whole(live) | Self::Metadata(live) => Some(live),
        }
    }
}

/// A member of the set for which no desired object stands any more.
#[derive(Clone, Debug)]
pub(in crate::apply) struct Surplus {
    /// Where it lives.
    pub resource: Arc<Resource>,
    /// The object.
    pub live: Live,
}

impl Surplus {
    /// Returns its identity.
    pub(in crate::apply) fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.resource.group.clone(),
            version: self.resource.version.clone(),
            kind: self.resource.kind.clone(),
            namespace: self.live.namespace().into(),
            name: self.live.name().into(),
        }
    }
}

/// The state of the cluster as far as it matters.
#[derive(Clone, Debug, Default)]
pub(in crate::apply) struct Survey {
    /// What is there for each desired object.
    pub found: Vec<Found>,
    /// Members that are not desired.
    pub surplus: Vec<Surplus>,
    /// How many members the set has.
    pub members: usize,
    /// Where the set said to have members; `None` without a set or where it is new.
    pub extent: Option<Extent>,
}

/// Why the cluster could not be read.
#[derive(Clone, Debug)]
pub enum SurveyError {
    /// No answer.
    Lost(Lost),
    /// A refusal, and what was asked for.
    Refused(String, String),
    /// The parent of the set is not ours.
    Set(String),
}

impl SurveyError {
    /// Returns the error about a kind that the server refuses to list, with those of its words that may be repeated.
    fn refused(what: String, resource: &Resource, answer: &Answer) -> Self {
        Self::Refused(what, heard::of_resource(resource, &answer.message()))
    }
}

impl std::fmt::Display for SurveyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(lost) if lost.hopeless => lost.fmt(f),
            Self::Lost(lost) => write!(f, "the cluster does not answer: {lost}"),
            Self::Refused(what, said) => write!(f, "cannot read {what}: {said}"),
            Self::Set(problem) => f.write_str(problem),
        }
    }
}

impl From<Lost> for SurveyError {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// What is looked at, and how much of it is kept.
#[derive(Clone, Copy, Debug)]
pub(in crate::apply) struct Look<'a> {
    pub(in crate::apply) client: &'a Client,
    pub(in crate::apply) kinds: &'a Discovered,
    pub(in crate::apply) desired: &'a Arc<[Desired]>,
    pub(in crate::apply) set: Option<&'a ApplySet>,
    pub(in crate::apply) keep: Keep,
}

/// How much of what is there is kept.
#[derive(Clone, Copy, Debug)]
pub(in crate::apply) enum Keep {
    /// All of desired objects that are not proven to be as they should by these facts; of others what decides whether they go.
    Unproven(&'static Facts),
    /// All of everything.
    Whole,
    /// Of members what decides whether they go, desired or not; nothing of all others.
    Members,
}

/// The names of objects in one place of the API.
type Place = (Arc<Resource>, SmolStr);
/// The numbers of the desired objects, by namespace and name.
type Numbers = BTreeMap<Arc<Resource>, Arc<HashMap<(SmolStr, SmolStr), usize>>>;

/// What one object of a list is to the run.
enum Member {
    Desired(usize, Found),
    Surplus(Live),
}

/// Reads what is there for the desired objects, and the members of the set.
pub(in crate::apply) async fn survey(look: Look<'_>) -> Result<Survey, SurveyError> {
    let Look { desired, set, .. } = look;
    let mut by_kind: BTreeMap<Arc<Resource>, HashMap<(SmolStr, SmolStr), usize>> = BTreeMap::new();
    for (number, object) in desired.iter().enumerate() {
        let place = (object.key.namespace.clone(), object.key.name.clone());
        by_kind.entry(Arc::clone(&object.resource)).or_default().insert(place, number);
    }
    let numbers: Numbers = by_kind.into_iter().map(|(resource, places)| (resource, Arc::new(places))).collect();
    let mut result = Survey { found: vec![Found::Absent; desired.len()], ..Survey::default() };
    let mut ahead = None;
    if let Some(set) = set {
        // Far away a list that may turn out to be needless costs less than to wait whether it is.
        let many = if look.client.distance() >= FAR && !matches!(look.keep, Keep::Members) {
            places(&numbers, |_| true).into_iter().filter(|(_, names)| names.len() > FEW).collect()
        } else {
            BTreeMap::new()
        };
        let looked: BTreeSet<Place> = many.keys().cloned().collect();
        let (members, others) = tokio::join!(members(look, set, &numbers), others(look, many));
        let (extent, members) = members?;
        ahead = Some((looked, others?));
        result.extent = extent;
        for (resource, member) in members {
            match member {
                Member::Desired(number, found) => result.found[number] = found,
                Member::Surplus(live) => result.surplus.push(Surplus { resource, live }),
            }
            result.members += 1;
        }
    }
    if set.is_some() && matches!(look.keep, Keep::Members) {
        return Ok(result);
    }
    // What is left is not there, or not a member.
    let mut open = places(&numbers, |number| result.found[number] == Found::Absent);
    let mut more = Vec::new();
    if let Some((looked, found)) = ahead {
        open.retain(|place, _| !looked.contains(place));
        more = found;
    }
    more.extend(others(look, open).await?);
    for (number, found) in more {
        if result.found[number] == Found::Absent {
            result.found[number] = found;
        }
    }
    Ok(result)
}

/// Returns the names of those objects whose numbers pass, by the place where they are.
fn places(numbers: &Numbers, pass: impl Fn(usize) -> bool) -> BTreeMap<Place, Vec<(SmolStr, usize)>> {
    let mut open: BTreeMap<Place, Vec<(SmolStr, usize)>> = BTreeMap::new();
    for (resource, places) in numbers {
        for ((namespace, name), number) in places.iter().filter(|(_, number)| pass(**number)) {
            open.entry((Arc::clone(resource), namespace.clone())).or_default().push((name.clone(), *number));
        }
    }
    open
}

/// Keeps of a live object what is needed of it.
fn kept(object: &Desired, live: Live, keep: Keep) -> Found {
    match keep {
        Keep::Unproven(facts) if is_unchanged(&object.node, &live, facts, MANAGER) => {
            Found::Same { uid: live.uid().into(), generation: live.generation() }
        }
        _ => Found::Whole(live),
    }
}

/// Reads the parent, and lists all members.
async fn members(
    look: Look<'_>,
    set: &ApplySet,
    wanted: &Numbers,
) -> Result<(Option<Extent>, Vec<(Arc<Resource>, Member)>), SurveyError> {
    let Look { client, kinds, desired, keep, .. } = look;
    let parent = {
        let (client, set) = (client.clone(), set.clone());
        tokio::spawn(async move { extent_said(&client, &set).await })
    };
    let mut lists = JoinSet::new();
    let own: BTreeSet<SmolStr> =
        wanted.values().flat_map(|places| places.keys()).map(|(space, _)| space.clone()).collect();
    let own: BTreeSet<SmolStr> = own.into_iter().filter(|namespace| !namespace.is_empty()).collect();
    let list = |lists: &mut JoinSet<_>, resource: &Arc<Resource>, namespaces: BTreeSet<SmolStr>| {
        let numbers = wanted.get(resource).filter(|_| !matches!(keep, Keep::Members)).cloned();
        // Which objects a definition brings is a part of its specification.
        let whole = numbers.is_some() || matches!(keep, Keep::Whole) || resource.kind == "CustomResourceDefinition";
        let kind = Members {
            client: client.clone(),
            resource: Arc::clone(resource),
            is_served: kinds.is_served(resource),
            namespaces,
            selector: format!("{PART_OF}={}", set.id()),
            projection: if whole { Projection::Whole } else { Projection::Metadata },
        };
        let (numbers, desired) = (numbers.unwrap_or_default(), Arc::clone(desired));
        let each = move |live: Live| match numbers.get(&(live.namespace().into(), live.name().into())) {
            Some(number) => Some(Member::Desired(*number, kept(&desired[*number], live, keep))),
            None => is_ours(&live).then_some(Member::Surplus(live)),
        };
        lists.spawn(kind.read(each));
    };
    for resource in wanted.keys() {
        list(&mut lists, resource, own.clone());
    }
    let extent = parent.await.map_err(|error| Lost::hopeless(error.to_string()))??;
    if let Some(extent) = &extent {
        let all: BTreeSet<SmolStr> = extent.namespaces.iter().map(SmolStr::from).chain(own.iter().cloned()).collect();
        for (group, kind) in &extent.kinds {
            if wanted.keys().any(|resource| resource.group == *group && resource.kind == *kind) {
                continue;
            }
            match kinds.any_version(group, kind) {
                Some(resource) => list(&mut lists, resource, all.clone()),
                None if kinds.is_stale(group) => {
                    let problem = format!(
                        "the server of the group `{group}` does not answer, so that the members of the set cannot be read: see `kubectl get apiservices`"
                    );
                    return Err(SurveyError::Set(problem));
                }
                // A kind that is gone took its objects with it.
                None => {}
            }
        }
    }
    let mut members = Vec::new();
    while let Some(listed) = lists.join_next().await {
        let (resource, found) = listed.map_err(|error| Lost::hopeless(error.to_string()))??;
        members.extend(found.into_iter().map(|member| (Arc::clone(&resource), member)));
    }
    Ok((extent, members))
}

/// Reads where a set says to have members; `None` where it is new.
pub(in crate::apply) async fn extent_said(client: &Client, set: &ApplySet) -> Result<Option<Extent>, SurveyError> {
    let parent = client.read(&set.parent, &set.namespace, &set.name, Projection::Metadata).await?;
    let parent = parent.map_err(|answer| SurveyError::Refused(format!("the set `{}`", set.name), answer.message()))?;
    parent.map(|parent| set.read(&parent)).transpose().map_err(SurveyError::Set)
}

/// The members of one kind.
struct Members {
    client: Client,
    resource: Arc<Resource>,
    is_served: bool,
    namespaces: BTreeSet<SmolStr>,
    selector: String,
    projection: Projection,
}

impl Members {
    /// Lists them everywhere, or namespace by namespace where that is all we may see.
    async fn read(
        self,
        each: impl Fn(Live) -> Option<Member> + Clone + Send + 'static,
    ) -> Result<(Arc<Resource>, Vec<Member>), SurveyError> {
        match self.list(None, each.clone()).await? {
            Listed::Objects(members, _) => Ok((self.resource, members)),
            // Its definition is of this run, so that there is none yet.
            Listed::Refused(answer) if answer.code == 404 && !self.is_served => Ok((self.resource, Vec::new())),
            Listed::Refused(answer) if answer.code == 403 && self.resource.namespaced => {
                let mut all = Vec::new();
                for namespace in &self.namespaces {
                    match self.list(Some(namespace), each.clone()).await? {
                        Listed::Objects(members, _) => all.extend(members),
                        Listed::Refused(answer) => return Err(self.refused(&answer)),
                    }
                }
                Ok((self.resource, all))
            }
            Listed::Refused(answer) => Err(self.refused(&answer)),
        }
    }

    async fn list(
        &self,
        namespace: Option<&str>,
        each: impl Fn(Live) -> Option<Member> + Clone + Send + 'static,
    ) -> Result<Listed<Member>, Lost> {
        let query = [("labelSelector", self.selector.as_str())];
        self.client.list_each(&self.resource, namespace, &query, self.projection, each).await
    }

    fn refused(&self, answer: &Answer) -> SurveyError {
        SurveyError::refused(format!("the {} of the set", self.resource.plural), &self.resource, answer)
    }
}

/// Looks for desired objects that are not members.
async fn others(
    look: Look<'_>,
    open: BTreeMap<Place, Vec<(SmolStr, usize)>>,
) -> Result<Vec<(usize, Found)>, SurveyError> {
    let Look { client, kinds, desired, set, keep } = look;
    let (selector, projection) = match set {
        Some(set) => (format!("{PART_OF}!={}", set.id()), Projection::Metadata),
        None => (String::new(), Projection::Whole),
    };
    let wrap = {
        let desired = Arc::clone(desired);
        move |number: usize, live| match projection {
            Projection::Whole => kept(&desired[number], live, keep),
            Projection::Metadata => Found::Metadata(live),
        }
    };
    let mut tasks: JoinSet<Result<Vec<(usize, Found)>, SurveyError>> = JoinSet::new();
    for ((resource, namespace), names) in open {
        if names.len() <= FEW {
            for (name, number) in names {
                let (client, resource, namespace) = (client.clone(), Arc::clone(&resource), namespace.clone());
                let wrap = wrap.clone();
                tasks.spawn(async move {
                    let read = client.read(&resource, &namespace, &name, projection).await?;
                    let live = read.map_err(|answer| {
                        SurveyError::refused(format!("{} `{name}`", resource.kind), &resource, &answer)
                    })?;
                    Ok(live.map(|live| (number, wrap(number, live))).into_iter().collect())
                });
            }
            continue;
        }
        let (client, selector, wrap) = (client.clone(), selector.clone(), wrap.clone());
        let is_served = kinds.is_served(&resource);
        tasks.spawn(async move {
            let wanted: Arc<HashMap<SmolStr, usize>> = Arc::new(names.into_iter().collect());
            let namespace = resource.namespaced.then_some(namespace.as_str());
            let each = move |live: Live| wanted.get(live.name()).map(|number| (*number, wrap(*number, live)));
            let query = [("labelSelector", selector.as_str())];
            match client.list_each(&resource, namespace, &query, projection, each).await? {
                Listed::Objects(found, _) => Ok(found),
                Listed::Refused(answer) if answer.code == 404 && !is_served => Ok(Vec::new()),
                Listed::Refused(answer) => {
                    Err(SurveyError::refused(format!("the {}", resource.plural), &resource, &answer))
                }
            }
        });
    }
    let mut found = Vec::new();
    while let Some(task) = tasks.join_next().await {
        found.extend(task.map_err(|error| Lost::hopeless(error.to_string()))??);
    }
    Ok(found)
}
