//! What is known of a cluster: lists that the caller read enter, what matters of them stays.
//!
//! Of most objects that is the name. A list that could not be read is unknown, which is not the same as empty: nothing
//! is found where it would be needed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use smol_str::SmolStr;

use super::pod::{Apart, Port};
use super::units::Units;
use crate::cluster::Live;
use crate::kubernetes::{Amounts, Defaults, Labels, PodDemand, Selector, Taint, Tolerated, Tree};

/// A list that has to be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The name in URLs.
    pub plural: SmolStr,
    /// The namespace; none where the list is of the whole cluster.
    pub namespace: Option<SmolStr>,
    /// Whether metadata is enough: no data of Secrets and ConfigMaps is ever needed.
    pub metadata_only: bool,
    /// Which objects are enough.
    pub field_selector: Option<&'static str>,
}

/// What was read of a cluster.
#[derive(Debug, Default)]
pub struct Cluster {
    /// The namespace of objects that name none.
    pub(super) default_namespace: SmolStr,
    asked: BTreeSet<Need>,
    names: HashMap<(SmolStr, SmolStr), BTreeMap<SmolStr, BTreeSet<SmolStr>>>,
    pub(super) namespaces: BTreeMap<SmolStr, Namespace>,
    pub(super) nodes: Vec<Node>,
    pub(super) pods: Vec<Pod>,
    pub(super) quotas: BTreeMap<SmolStr, Vec<Live>>,
    pub(super) ranges: BTreeMap<SmolStr, Vec<Live>>,
    pub(super) classes: BTreeMap<SmolStr, Live>,
    pub(super) jobs: BTreeMap<(SmolStr, SmolStr), Option<u64>>,
    pub(super) default_storage_class: Option<SmolStr>,
    pub(super) default_priority: Option<SmolStr>,
    /// What could not be read, whether for want of a right, and the server's words.
    pub(super) refused: Vec<(Need, bool, String)>,
}

/// A namespace.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    pub(super) labels: Labels,
    /// Whether it is on its way out, so that nothing can be made in it.
    pub(super) ending: bool,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: SmolStr,
    pub(super) labels: Labels,
    pub(super) taints: Vec<Taint>,
    pub(super) cordoned: bool,
    pub(super) allocatable: Units,
}

/// A pod that has not come to its end.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) name: SmolStr,
    pub(super) namespace: SmolStr,
    pub(super) labels: Labels,
    /// The kind and name of what made it.
    pub(super) owner: Option<(SmolStr, SmolStr)>,
    pub(super) node: Option<SmolStr>,
    pub(super) ending: bool,
    pub(super) priority: i64,
    pub(super) requests: Units,
    pub(super) limits: Units,
    pub(super) ports: Vec<Port>,
    pub(super) apart: Vec<Apart>,
}

impl Cluster {
    /// Returns a cluster of which nothing is known.
    pub fn new(default_namespace: impl Into<SmolStr>) -> Self {
        Self { default_namespace: default_namespace.into(), ..Self::default() }
    }

    /// Takes a list, or a page of it.
    pub fn put(&mut self, need: &Need, objects: impl IntoIterator<Item = Live>) {
        let known = (need.group.clone(), need.kind.clone());
        self.names.entry(known).or_default().entry(need.namespace.clone().unwrap_or_default()).or_default();
        for object in objects {
            self.take(need, object);
        }
        self.asked.insert(need.clone());
    }

    /// Notes that a list cannot be read, so that it is not asked for again.
    pub fn put_unknown(&mut self, need: &Need) {
        self.asked.insert(need.clone());
    }

    /// Notes that a list was refused, for want of a right or for another reason; this leaves as much unknown, and is told.
    pub fn put_refused(&mut self, need: &Need, denied: bool, said: impl Into<String>) {
        self.refused.push((need.clone(), denied, said.into()));
        self.asked.insert(need.clone());
    }

    /// Whether a list was asked for.
    pub(super) fn was_asked(&self, need: &Need) -> bool {
        self.asked.contains(need)
    }

    /// Returns the names of the objects of a kind in a namespace, none where they are unknown.
    pub(super) fn names(&self, group: &str, kind: &str, namespace: &str) -> Option<&BTreeSet<SmolStr>> {
        self.names.get(&(group.into(), kind.into()))?.get(namespace)
    }

    /// Whether an object is there, none where that is unknown.
    pub(super) fn has(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<bool> {
        Some(self.names(group, kind, namespace)?.contains(name))
    }

    /// Returns what is known of a class: of priority, of a runtime.
    pub(super) fn class(&self, kind: &str, name: &str) -> Option<&Live> {
        self.classes.get(&class_key(kind, name))
    }

    fn take(&mut self, need: &Need, object: Live) {
        let (name, namespace) = (SmolStr::new(object.name()), SmolStr::new(object.namespace()));
        match need.kind.as_str() {
            "Node" => self.nodes.push(Node::read(&object)),
            "Pod" => {
                self.pods.extend(Pod::read(&object));
                // Nothing refers to a pod by name, and there may be very many.
                return;
            }
            "Namespace" => {
                let labels = Labels::read(object.at(&["metadata", "labels"]));
                let ending = object.at(&["metadata", "deletionTimestamp"]).is_some();
                self.namespaces.insert(name.clone(), Namespace { labels, ending });
            }
            "ResourceQuota" if !need.metadata_only => self.quotas.entry(namespace).or_default().push(object),
            "LimitRange" if !need.metadata_only => self.ranges.entry(namespace).or_default().push(object),
            "StorageClass" if is_default(&object) => {
                // Of several, the API server takes the newest, which is as good as any here.
                self.default_storage_class = Some(name.clone());
            }
            "PriorityClass" | "RuntimeClass" => {
                if object.0.is_set("globalDefault") {
                    self.default_priority = Some(name.clone());
                }
                self.classes.insert(class_key(&need.kind, &name), object);
            }
            "Job" if !need.metadata_only => {
                self.jobs.insert((namespace, name.clone()), left_of(&object));
            }
            _ => {}
        }
        let kinds = self.names.entry((need.group.clone(), need.kind.clone())).or_default();
        kinds.entry(need.namespace.clone().unwrap_or_default()).or_default().insert(name);
    }
}

impl Node {
    fn read(object: &Live) -> Self {
        let mut taints: Vec<Taint> = object.list(&["spec", "taints"]).iter().map(Taint::read).collect();
        let cordoned = object.0.get("spec").is_some_and(|spec| spec.is_set("unschedulable"));
        // The mark stands for the taint, which a controller adds a moment later.
        taints.retain(|taint| !cordoned || *taint != Taint::unschedulable());
        Self {
            name: object.name().into(),
            labels: Labels::read(object.at(&["metadata", "labels"])),
            taints,
            cordoned,
            allocatable: Units::of(&Amounts::read(object.at(&["status", "allocatable"]))),
        }
    }
}

impl Pod {
    fn read(object: &Live) -> Option<Self> {
        let spec = object.at(&["spec"])?;
        if matches!(object.text(&["status", "phase"]), Some("Succeeded" | "Failed")) {
            return None;
        }
        let demand = PodDemand::of(spec, &Defaults::default());
        let namespace = SmolStr::new(object.namespace());
        let controls = |owner: &&serde_json::Value| owner.is_set("controller");
        let owner = object.list(&["metadata", "ownerReferences"]).iter().find(controls);
        Some(Self {
            name: object.name().into(),
            labels: Labels::read(object.at(&["metadata", "labels"])),
            owner: owner.and_then(|owner| Some((owner.word("kind")?, owner.word("name")?))),
            node: spec.word("nodeName").filter(|node| !node.is_empty()),
            ending: object.at(&["metadata", "deletionTimestamp"]).is_some(),
            priority: spec.number("priority").unwrap_or(0),
            requests: Units::of(&demand.reserved()),
            limits: Units::of(&demand.limits),
            ports: Port::read_all(spec),
            apart: Apart::read_all(spec, &namespace),
            namespace,
        })
    }
}

/// What a RuntimeClass adds to its pods.
#[derive(Debug, Default)]
pub(super) struct Runtime {
    pub(super) overhead: Amounts,
    pub(super) selector: Selector,
    pub(super) tolerations: Vec<Tolerated>,
}

impl Runtime {
    /// Reads a RuntimeClass.
    pub(super) fn read(class: &impl Tree) -> Self {
        Self {
            overhead: Amounts::read(class.present_at(&["overhead", "podFixed"])),
            selector: Selector::equal(class.present_at(&["scheduling", "nodeSelector"])),
            tolerations: class
                .present_at(&["scheduling", "tolerations"])
                .map_or(&[][..], Tree::items)
                .iter()
                .map(Tolerated::read)
                .collect(),
        }
    }
}

/// Whether a StorageClass is the one of claims that name none.
fn is_default(class: &Live) -> bool {
    class.annotation("storageclass.kubernetes.io/is-default-class") == Some("true")
        || class.annotation("storageclass.beta.kubernetes.io/is-default-class") == Some("true")
}

/// Returns how many pods of a Job have still to run to their end, none where that is not counted.
fn left_of(job: &Live) -> Option<u64> {
    let ended = |condition: &serde_json::Value| {
        let kind = condition.word("type").unwrap_or_default();
        matches!(kind.as_str(), "Complete" | "Failed") && condition.word("status").as_deref() == Some("True")
    };
    if job.list(&["status", "conditions"]).iter().any(ended) {
        return Some(0);
    }
    let (wanted, done) = (job.integer(&["spec", "completions"])?, job.integer(&["status", "succeeded"]).unwrap_or(0));
    u64::try_from(wanted - done).ok()
}

fn class_key(kind: &str, name: &str) -> SmolStr {
    smol_str::format_smolstr!("{kind}/{name}")
}
