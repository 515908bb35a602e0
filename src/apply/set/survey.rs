//! What is in the cluster before anything is sent: one list a kind, not one request an object.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use smol_str::SmolStr;
use tokio::task::JoinSet;

use crate::apply::desired::Desired;
use crate::apply::set::{ApplySet, Extent, PART_OF, is_ours};
use crate::cluster::{Answer, Client, Discovered, Listed, Live, Lost, Projection, Resource};
use crate::kubernetes::ObjectKey;

/// Up to so many objects of a kind in a namespace are read one by one; from there on a list is cheaper.
const FEW: usize = 8;

/// What is there for one desired object.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::apply) enum Found {
    /// Nothing.
    Absent,
    /// The object, all of it.
    Whole(Live),
    /// The object, of which only the metadata was read: it is not a member of the set.
    Metadata(Live),
}

impl Found {
    /// Returns the object, where all of it was read.
    pub(in crate::apply) fn whole(&self) -> Option<&Live> {
        match self {
            Self::Whole(live) => Some(live),
            Self::Absent | Self::Metadata(_) => None,
        }
    }

    /// Returns what was read.
    pub(in crate::apply) fn live(&self) -> Option<&Live> {
        match self {
            Self::Absent => None,
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
    /// Where the set said to have members; none without a set or where it is new.
    pub extent: Option<Extent>,
}

/// Why the cluster could not be read.
#[derive(Clone, Debug)]
pub enum SurveyError {
    /// No answer.
    Lost(Lost),
    /// A refusal, and what was asked for.
    Refused(String, Answer),
    /// The parent of the set is not ours.
    Set(String),
}

impl std::fmt::Display for SurveyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(lost) if lost.hopeless => lost.fmt(f),
            Self::Lost(lost) => write!(f, "the cluster does not answer: {lost}"),
            Self::Refused(what, answer) => write!(f, "cannot read {what}: {}", answer.message()),
            Self::Set(problem) => f.write_str(problem),
        }
    }
}

impl From<Lost> for SurveyError {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// The names of objects in one place of the API.
type Place = (Arc<Resource>, SmolStr);

/// Reads what is there for the desired objects, and the members of the set.
pub(in crate::apply) async fn survey(
    client: &Client,
    kinds: &Discovered,
    desired: &[Desired],
    set: Option<&ApplySet>,
) -> Result<Survey, SurveyError> {
    let mut at: BTreeMap<(Arc<Resource>, SmolStr, SmolStr), usize> = BTreeMap::new();
    let mut namespaces: BTreeMap<Arc<Resource>, BTreeSet<SmolStr>> = BTreeMap::new();
    for (number, object) in desired.iter().enumerate() {
        let key = &object.key;
        at.insert((Arc::clone(&object.resource), key.namespace.clone(), key.name.clone()), number);
        namespaces.entry(Arc::clone(&object.resource)).or_default().insert(key.namespace.clone());
    }
    let mut result = Survey { found: vec![Found::Absent; desired.len()], ..Survey::default() };
    if let Some(set) = set {
        let (extent, members) = members(client, kinds, set, namespaces).await?;
        result.extent = extent;
        for (resource, live) in members {
            match at.remove(&(Arc::clone(&resource), live.namespace().into(), live.name().into())) {
                Some(number) => result.found[number] = Found::Whole(live),
                None if is_ours(&live) => result.surplus.push(Surplus { resource, live }),
                None => continue,
            }
            result.members += 1;
        }
    }
    // What is left is not there, or not a member.
    let mut open: BTreeMap<Place, Vec<(SmolStr, usize)>> = BTreeMap::new();
    for ((resource, namespace, name), number) in at {
        open.entry((resource, namespace)).or_default().push((name, number));
    }
    for (number, found) in others(client, open, set).await? {
        result.found[number] = found;
    }
    Ok(result)
}

/// Reads the parent, and lists all members.
async fn members(
    client: &Client,
    kinds: &Discovered,
    set: &ApplySet,
    wanted: BTreeMap<Arc<Resource>, BTreeSet<SmolStr>>,
) -> Result<(Option<Extent>, Vec<(Arc<Resource>, Live)>), SurveyError> {
    let parent = {
        let (client, set) = (client.clone(), set.clone());
        tokio::spawn(async move { extent_said(&client, &set).await })
    };
    let mut lists = JoinSet::new();
    let own: BTreeSet<SmolStr> = wanted.values().flatten().filter(|namespace| !namespace.is_empty()).cloned().collect();
    let list = |lists: &mut JoinSet<_>, resource: &Arc<Resource>, namespaces: BTreeSet<SmolStr>| {
        let (client, resource, selector) = (client.clone(), Arc::clone(resource), format!("{PART_OF}={}", set.id()));
        lists.spawn(
            async move { of_kind(&client, &resource, &namespaces, &selector).await.map(|found| (resource, found)) },
        );
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
        members.extend(found.into_iter().map(|live| (Arc::clone(&resource), live)));
    }
    Ok((extent, members))
}

/// Reads where a set says to have members; none where it is new.
pub(in crate::apply) async fn extent_said(client: &Client, set: &ApplySet) -> Result<Option<Extent>, SurveyError> {
    let parent = client.read(&set.parent, &set.namespace, &set.name, Projection::Metadata).await?;
    let parent = parent.map_err(|answer| SurveyError::Refused(format!("the set `{}`", set.name), answer))?;
    parent.map(|parent| set.read(&parent)).transpose().map_err(SurveyError::Set)
}

/// Lists the members of one kind everywhere, or namespace by namespace where that is all we may see.
async fn of_kind(
    client: &Client,
    resource: &Resource,
    namespaces: &BTreeSet<SmolStr>,
    selector: &str,
) -> Result<Vec<Live>, SurveyError> {
    let refused = |answer| SurveyError::Refused(format!("the {} of the set", resource.plural), answer);
    match client.list(resource, None, selector, Projection::Whole).await? {
        Listed::Objects(objects, _) => Ok(objects),
        Listed::Refused(answer) if answer.code == 404 => Ok(Vec::new()),
        Listed::Refused(answer) if answer.code == 403 && resource.namespaced => {
            let mut all = Vec::new();
            for namespace in namespaces {
                match client.list(resource, Some(namespace), selector, Projection::Whole).await? {
                    Listed::Objects(objects, _) => all.extend(objects),
                    Listed::Refused(answer) => return Err(refused(answer)),
                }
            }
            Ok(all)
        }
        Listed::Refused(answer) => Err(refused(answer)),
    }
}

/// Looks for desired objects that are not members.
async fn others(
    client: &Client,
    open: BTreeMap<Place, Vec<(SmolStr, usize)>>,
    set: Option<&ApplySet>,
) -> Result<Vec<(usize, Found)>, SurveyError> {
    let (selector, projection) = match set {
        Some(set) => (format!("{PART_OF}!={}", set.id()), Projection::Metadata),
        None => (String::new(), Projection::Whole),
    };
    let wrap = move |live| if projection == Projection::Whole { Found::Whole(live) } else { Found::Metadata(live) };
    let mut tasks: JoinSet<Result<Vec<(usize, Found)>, SurveyError>> = JoinSet::new();
    for ((resource, namespace), names) in open {
        if names.len() <= FEW {
            for (name, number) in names {
                let (client, resource, namespace) = (client.clone(), Arc::clone(&resource), namespace.clone());
                tasks.spawn(async move {
                    let read = client.read(&resource, &namespace, &name, projection).await?;
                    let live =
                        read.map_err(|answer| SurveyError::Refused(format!("{} `{name}`", resource.kind), answer))?;
                    Ok(live.map(|live| (number, wrap(live))).into_iter().collect())
                });
            }
            continue;
        }
        let (client, selector) = (client.clone(), selector.clone());
        tasks.spawn(async move {
            let wanted: HashMap<SmolStr, usize> = names.into_iter().collect();
            let namespace = resource.namespaced.then_some(namespace.as_str());
            match client.list(&resource, namespace, &selector, projection).await? {
                Listed::Objects(objects, _) => {
                    let wanted = |live: Live| wanted.get(live.name()).map(|number| (*number, wrap(live)));
                    Ok(objects.into_iter().filter_map(wanted).collect())
                }
                Listed::Refused(answer) if answer.code == 404 => Ok(Vec::new()),
                Listed::Refused(answer) => Err(SurveyError::Refused(format!("the {}", resource.plural), answer)),
            }
        });
    }
    let mut found = Vec::new();
    while let Some(task) = tasks.join_next().await {
        found.extend(task.map_err(|error| Lost::hopeless(error.to_string()))??);
    }
    Ok(found)
}
