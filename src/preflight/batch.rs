//! What a batch brings and asks for: what is there once it is applied, and the pods that it makes.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::cluster::{Cluster, Pod, Runtime};
use super::limits::Range;
use super::pod::{Apart, Port, Rules, Spread};
use super::units::{Units, units};
use crate::kubernetes::pods::pod_template;
use crate::kubernetes::references::secret_made_for;
use crate::kubernetes::{Basis, Facts, Labels, Load, Manifest, PodDemand, Quantity, Selector, Tree, pod_spec_field};
use crate::text::{Node, Origin};

/// The objects of a batch, with the namespace of each.
pub(super) struct Batch<'m> {
    pub(super) objects: Vec<Object<'m>>,
    brought: HashSet<(SmolStr, SmolStr, SmolStr, SmolStr)>,
}

/// An object and the namespace that it will be in; empty where it is in none.
#[derive(Clone, Copy)]
pub(super) struct Object<'m> {
    pub(super) manifest: &'m Manifest,
    pub(super) namespace: &'m SmolStr,
}

/// The pods that an object asks for.
pub(super) struct Asked<'m> {
    pub(super) object: Object<'m>,
    /// The spec of the pods.
    pub(super) spec: &'m Node,
    pub(super) labels: Labels,
    pub(super) each_node: bool,
    /// How many are to be there at one time.
    pub(super) count: u64,
    pub(super) demand: PodDemand,
    pub(super) requests: Units,
    pub(super) limits: Units,
    pub(super) priority_class: Option<SmolStr>,
    pub(super) rules: Rules,
    pub(super) ports: Vec<Port>,
    pub(super) apart: Vec<Apart>,
    pub(super) spread: Vec<Spread>,
    /// Those of its pods that are there already, in the order of their names.
    pub(super) present: Vec<usize>,
}

impl<'m> Batch<'m> {
    pub(super) fn of(objects: &'m [Manifest], cluster: &'m Cluster, facts: &Facts) -> Self {
        const NONE: &SmolStr = &SmolStr::new_static("");
        let mut batch = Self { objects: Vec::with_capacity(objects.len()), brought: HashSet::new() };
        for manifest in objects {
            let key = &manifest.key;
            let kind = facts.kind(&key.group, &key.version, &key.kind);
            let namespace = match kind {
                Some(kind) if !kind.namespaced => NONE,
                Some(_) if key.namespace.is_empty() => &cluster.default_namespace,
                _ => &key.namespace,
            };
            batch.objects.push(Object { manifest, namespace });
            batch.bring(&key.group, &key.kind, namespace, &key.name);
            if let Some(name) = secret_made_for(manifest) {
                batch.bring("", "Secret", namespace, name);
            }
        }
        batch
    }

    fn bring(&mut self, group: &str, kind: &str, namespace: &str, name: &str) {
        self.brought.insert((group.into(), kind.into(), namespace.into(), name.into()));
    }

    /// Whether the batch itself brings an object.
    pub(super) fn brings(&self, group: &str, kind: &str, namespace: &str, name: &str) -> bool {
        self.brought.contains(&(group.into(), kind.into(), namespace.into(), name.into()))
    }

    /// Returns its objects of a kind.
    pub(super) fn of_kind<'b>(&'b self, group: &'b str, kind: &'b str) -> impl Iterator<Item = Object<'m>> + 'b {
        self.objects.iter().copied().filter(move |object| object.is(group, kind))
    }

    /// Returns the pods that it asks for; what runs only from time to time is left out.
    pub(super) fn asked(&self, cluster: &Cluster, ranges: &HashMap<SmolStr, Vec<Range>>) -> Vec<Asked<'m>> {
        let runtimes: HashMap<&str, &Node> = self
            .of_kind("node.k8s.io", "RuntimeClass")
            .map(|object| (object.manifest.key.name.as_str(), &object.manifest.node))
            .collect();
        let scalers = self.scalers();
        let index = Index::of(&cluster.pods);
        let mut claimed = HashSet::new();
        let mut all = Vec::new();
        for object in &self.objects {
            let Some(mut asked) = Asked::of(*object, cluster, &runtimes, ranges) else { continue };
            let key = &object.manifest.key;
            if object.manifest.node.at(&["spec", "replicas"]).is_none_or(Node::is_null)
                && let Some(least) = scalers.get(&(key.kind.as_str(), object.namespace.as_str(), key.name.as_str()))
            {
                asked.count = asked.count.max(*least);
            }
            asked.present = index.pods_of(*object, &asked.labels, &cluster.pods);
            asked.present.retain(|at| claimed.insert(*at));
            all.push(asked);
        }
        all
    }

    /// Returns the fewest pods that autoscalers of the batch keep, by kind, namespace and name.
    fn scalers(&self) -> HashMap<(&'m str, &'m str, &'m str), u64> {
        let scalers = self.of_kind("autoscaling", "HorizontalPodAutoscaler");
        scalers
            .filter_map(|object| {
                let spec = object.manifest.node.get("spec")?;
                let target = spec.get("scaleTargetRef")?;
                let least = spec.word("minReplicas")?.parse().ok()?;
                let name = |key: &str| target.get(key).and_then(Node::as_str);
                Some(((name("kind")?, object.namespace.as_str(), name("name")?), least))
            })
            .collect()
    }
}

impl Object<'_> {
    /// Whether it is of a kind.
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        self.manifest.key.group == group && self.manifest.key.kind == kind
    }

    /// Whether it is refused itself where its pods would be: a controller tries on for ever, a Pod is not made at all.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.manifest.key.kind.as_str(), "Pod" | "PersistentVolumeClaim")
    }
}

impl<'m> Asked<'m> {
    fn of(
        object: Object<'m>,
        cluster: &Cluster,
        runtimes: &HashMap<&str, &Node>,
        ranges: &HashMap<SmolStr, Vec<Range>>,
    ) -> Option<Self> {
        let manifest = object.manifest;
        let load = Load::of(manifest).filter(|load| load.basis != Basis::PerRun)?;
        let template = pod_template(manifest)?;
        let spec = template.get("spec")?;
        let mut count = load.pods;
        if object.is("batch", "Job") {
            count = cluster
                .jobs
                .get(&(object.namespace.clone(), manifest.key.name.clone()))
                .copied()
                .flatten()
                .map_or(count, |left| count.min(left));
        }
        let waits = manifest.node.get("spec").is_some_and(|all| all.is_set("suspend"));
        if waits || !spec.list("schedulingGates").is_empty() {
            count = 0;
        }
        let defaults = Range::defaults(ranges.get(object.namespace).map_or(&[], Vec::as_slice));
        let mut demand = PodDemand::of(spec, &defaults);
        let mut rules = Rules::read(spec);
        if let Some(name) = spec.word("runtimeClassName") {
            let live = || cluster.class("RuntimeClass", &name).map(|class| Runtime::read(&class.0));
            if let Some(runtime) = runtimes.get(name.as_str()).map(|class| Runtime::read(*class)).or_else(live) {
                demand.overhead.complete(&runtime.overhead);
                rules.selector.and(runtime.selector);
                rules.tolerations.extend(runtime.tolerations);
            }
        }
        let each_node = load.basis == Basis::PerNode;
        if each_node {
            rules.for_each_node();
        }
        let priority_class = spec.word("priorityClassName").filter(|name| !name.is_empty());
        Some(Self {
            labels: Labels::read(template.at(&["metadata", "labels"])),
            each_node,
            count,
            requests: Units::of(&demand.reserved()),
            limits: Units::of(&demand.limits),
            demand,
            priority_class: priority_class.or_else(|| cluster.default_priority.clone()),
            rules,
            ports: Port::read_all(spec),
            apart: Apart::read_all(spec, object.namespace),
            spread: Spread::read_all(spec),
            present: Vec::new(),
            object,
            spec,
        })
    }

    /// Returns where the request of a resource is written, which may be its limit: of several containers, the one that
    /// asks for most.
    pub(super) fn place_of(&self, resource: &str) -> (Origin, String) {
        self.place_in(&["requests", "limits"], resource)
    }

    /// Returns where the limit of a resource is written.
    pub(super) fn place_of_limit(&self, resource: &str) -> (Origin, String) {
        self.place_in(&["limits"], resource)
    }

    fn place_in(&self, parts: &[&str], resource: &str) -> (Origin, String) {
        let mut best: Option<(i64, Origin, String)> = None;
        for list in ["containers", "initContainers"] {
            for (at, container) in self.spec.list(list).iter().enumerate() {
                let written = parts.iter().find_map(|part| Some((part, container.at(&["resources", part, resource])?)));
                let Some((part, node)) = written else { continue };
                let asked = node.text().and_then(|text| Quantity::decode(text).ok());
                let asked = asked.map_or(0, |asked| units(resource, &asked));
                if best.as_ref().is_none_or(|(most, ..)| *most < asked) {
                    best = Some((asked, node.origin(), format!("{list}[{at}].resources.{part}.{resource}")));
                }
            }
        }
        match best {
            Some((_, origin, field)) => (self.or_whole(origin), self.field(&field)),
            None => (self.or_whole(self.spec.origin()), String::new()),
        }
    }

    /// Returns where a field of the pods is written, and its path in the object; the whole where nobody wrote it.
    pub(super) fn place(&self, path: &[&str]) -> (Origin, String) {
        match self.spec.at(path) {
            Some(node) => (self.or_whole(node.origin()), self.field(&path.join("."))),
            None => (self.object.manifest.origin, String::new()),
        }
    }

    /// Returns the path in the object of a field of its pods.
    pub(super) fn field(&self, field: &str) -> String {
        let before = pod_spec_field(&self.object.manifest.key).unwrap_or_default();
        format!("{before}.{field}")
    }

    fn or_whole(&self, origin: Origin) -> Origin {
        if origin.is_nowhere() { self.object.manifest.origin } else { origin }
    }
}

/// Pods by their names and labels.
struct Index<'p> {
    by_name: HashMap<(&'p str, &'p str), usize>,
    by_label: HashMap<(&'p str, &'p str, &'p str), Vec<usize>>,
}

impl<'p> Index<'p> {
    fn of(pods: &'p [Pod]) -> Self {
        let mut by_label: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_name = HashMap::new();
        for (at, pod) in pods.iter().enumerate() {
            by_name.insert((pod.namespace.as_str(), pod.name.as_str()), at);
            for (key, value) in pod.labels.iter() {
                by_label.entry((pod.namespace.as_str(), key.as_str(), value.as_str())).or_default().push(at);
            }
        }
        Self { by_name, by_label }
    }

    /// Returns the pods that are an object's own, in the order of their names.
    fn pods_of(&self, object: Object<'_>, labels: &Labels, pods: &[Pod]) -> Vec<usize> {
        let key = &object.manifest.key;
        let mut found: Vec<usize> = match key.kind.as_str() {
            "Pod" => self.by_name.get(&(object.namespace.as_str(), key.name.as_str())).copied().into_iter().collect(),
            "Job" => self.selected(object.namespace, &Selector::label("batch.kubernetes.io/job-name", &key.name), pods),
            _ => {
                let selector = object.manifest.node.at(&["spec", "selector"]);
                match selector.map(Selector::read).filter(|selector| !selector.is_empty() && selector.selects(labels)) {
                    Some(selector) => self.selected(object.namespace, &selector, pods),
                    None => Vec::new(),
                }
            }
        };
        found.retain(|at| !pods[*at].ending && is_owner(&key.kind, &key.name, pods[*at].owner.as_ref()));
        found.sort_by(|left, right| pods[*left].name.cmp(&pods[*right].name));
        found
    }

    fn selected(&self, namespace: &str, selector: &Selector, pods: &[Pod]) -> Vec<usize> {
        let Some((key, value)) = selector.pair() else { return Vec::new() };
        let near = self.by_label.get(&(namespace, key.as_str(), value.as_str()));
        near.into_iter().flatten().copied().filter(|at| selector.selects(&pods[*at].labels)).collect()
    }
}

/// Whether what made a pod can be this object: two selectors may take the same pods, the owner tells whose they are.
fn is_owner(kind: &str, name: &str, owner: Option<&(SmolStr, SmolStr)>) -> bool {
    let Some((owner_kind, owner_name)) = owner else { return true };
    match kind {
        "Deployment" => {
            let revision = owner_name.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            owner_kind == "ReplicaSet" && revision.is_some_and(|hash| !hash.contains('-'))
        }
        "Pod" => true,
        _ => owner_kind == kind && owner_name == name,
    }
}
