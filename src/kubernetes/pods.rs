//! The pods of an object: how many there are at one time, and what one of them asks for, as the scheduler counts it.

use std::collections::BTreeSet;

use super::{Amounts, Manifest, ObjectKey, Tree};
use crate::text::Node;

/// The resources that every container had better name.
pub const USUAL: [&str; 2] = ["cpu", "memory"];

/// How often the pods of an object are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Once, all at one time.
    Running,
    /// Once on each node.
    PerNode,
    /// Once in each run of a CronJob.
    PerRun,
}

/// The pods of one object.
#[derive(Debug)]
pub struct Load {
    /// How often they are there.
    pub basis: Basis,
    /// The pods that are there at one time.
    pub pods: u64,
    /// The pods that run to their end; 0 where none is meant to end.
    pub completions: u64,
    /// What one of them asks for.
    pub pod: PodDemand,
}

/// What one pod asks for.
#[derive(Clone, Debug, Default)]
pub struct PodDemand {
    /// What its containers reserve.
    pub requests: Amounts,
    /// What its containers may use, so far as it is limited.
    pub limits: Amounts,
    /// What it reserves beside its containers.
    pub overhead: Amounts,
    /// The usual resources of which some container requests none.
    pub unrequested: BTreeSet<&'static str>,
    /// The usual resources of which some container has no limit.
    pub unlimited: BTreeSet<&'static str>,
}

/// What a namespace puts where a container says nothing.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The requests.
    pub requests: Amounts,
    /// The limits.
    pub limits: Amounts,
}

impl Basis {
    /// Returns how often the pods of a kind are there.
    pub fn of(kind: &str) -> Self {
        match kind {
            "DaemonSet" => Self::PerNode,
            "CronJob" => Self::PerRun,
            _ => Self::Running,
        }
    }
}

impl Load {
    /// Returns the pods of an object; none where its kind makes none.
    pub fn of(object: &Manifest) -> Option<Self> {
        let (basis, pod) = (Basis::of(&object.key.kind), PodDemand::of(template(object)?, &Defaults::default()));
        let (pods, completions) = counts(object)?;
        Some(Self { basis, pods, completions, pod })
    }
}

/// Returns how many pods of an object are there at one time, on each node or in each run where it is made so; none where
/// its kind makes none.
pub fn pods_at_once(object: &Manifest) -> Option<u64> {
    template(object)?;
    counts(object).map(|(pods, _)| pods)
}

/// Returns the pods of an object that are there at one time, and those that run to their end.
fn counts(object: &Manifest) -> Option<(u64, u64)> {
    let spec = object.node.get("spec")?;
    Some(match object.key.kind.as_str() {
        "Job" => of_job(spec),
        "CronJob" => of_job(spec.at(&["jobTemplate", "spec"])?),
        "Pod" | "DaemonSet" => (1, 0),
        _ => (count(spec, "replicas").unwrap_or(1), 0),
    })
}

/// Returns the spec of the pods that an object makes; none where its kind makes none.
pub fn template(object: &Manifest) -> Option<&Node> {
    pod_template(object)?.get("spec")
}

/// Returns what holds the metadata and the spec of the pods that an object makes: a Pod is that itself.
pub fn pod_template(object: &Manifest) -> Option<&Node> {
    // A PodTemplate makes none.
    object.node.at(template_path(&object.key).filter(|_| object.key.kind != "PodTemplate")?)
}

/// Returns where an object of a kind holds the metadata and the spec of pods; `None` if it holds no pod.
pub fn template_path(key: &ObjectKey) -> Option<&'static [&'static str]> {
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Pod") => Some(&[]),
        ("", "PodTemplate") => Some(&["template"]),
        ("" | "apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" | "DaemonSet")
        | ("batch", "Job") => Some(&["spec", "template"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// Returns the path of the spec of pods in an object of a kind, as findings write it: `spec.template.spec`; `None` if it
/// holds no pod.
pub fn pod_spec_field(key: &ObjectKey) -> Option<String> {
    let steps = template_path(key)?.iter().copied().chain(["spec"]);
    Some(steps.collect::<Vec<_>>().join("."))
}

/// Returns the pods that a Job runs at one time, and those that it runs to their end.
fn of_job(job: &Node) -> (u64, u64) {
    let parallelism = count(job, "parallelism").unwrap_or(1);
    match count(job, "completions") {
        Some(completions) => (parallelism.min(completions), completions),
        // Without a number, any pod that succeeds ends the work, and the others finish theirs.
        None => (parallelism, parallelism),
    }
}

fn count(node: &Node, key: &str) -> Option<u64> {
    node.word(key)?.parse().ok()
}

impl PodDemand {
    /// Adds up a pod: containers run side by side, init containers one after the other, sidecars from their turn on.
    pub fn of(pod: &impl Tree, defaults: &Defaults) -> Self {
        let mut demand = Self::default();
        for container in pod.list("containers") {
            let (requests, limits) = demand.read(container, defaults);
            demand.requests.add(&requests);
            demand.limits.add(&limits);
        }
        let mut sidecars = (Amounts::default(), Amounts::default());
        let mut peak = (Amounts::default(), Amounts::default());
        for container in pod.list("initContainers") {
            let (mut requests, mut limits) = demand.read(container, defaults);
            if container.word("restartPolicy").as_deref() == Some("Always") {
                demand.requests.add(&requests);
                demand.limits.add(&limits);
                sidecars.0.add(&requests);
                sidecars.1.add(&limits);
                peak.0.raise(&sidecars.0);
                peak.1.raise(&sidecars.1);
            } else {
                requests.add(&sidecars.0);
                limits.add(&sidecars.1);
                peak.0.raise(&requests);
                peak.1.raise(&limits);
            }
        }
        demand.requests.raise(&peak.0);
        demand.limits.raise(&peak.1);
        // What is written for the pod as a whole holds for all its containers together; its limit is its request only
        // where no container requests anything.
        let (requests, limits) = written(pod);
        demand.requests.replace(&requests);
        demand.requests.complete(&limits);
        demand.limits.replace(&limits);
        demand.unrequested.retain(|name| requests.get(name).or_else(|| limits.get(name)).is_none());
        demand.unlimited.retain(|name| limits.get(name).is_none());
        demand.overhead = Amounts::read(pod.present("overhead"));
        demand
    }

    /// Returns what the scheduler reserves for it.
    pub fn reserved(&self) -> Amounts {
        let mut all = self.requests.clone();
        all.add(&self.overhead);
        all
    }

    fn read(&mut self, container: &impl Tree, defaults: &Defaults) -> (Amounts, Amounts) {
        let (requests, limits) = of_container(container, defaults);
        self.unrequested.extend(lacking(&requests));
        self.unlimited.extend(lacking(&limits));
        (requests, limits)
    }
}

/// Returns the requests and limits of a container, as the server completes them.
pub fn of_container(container: &impl Tree, defaults: &Defaults) -> (Amounts, Amounts) {
    let (mut requests, mut limits) = written(container);
    // Where only a limit is written, it is the request too; that comes before what the namespace says.
    requests.complete(&limits);
    requests.complete(&defaults.requests);
    limits.complete(&defaults.limits);
    (requests, limits)
}

/// Returns the requests and limits that a container or pod writes.
fn written(node: &impl Tree) -> (Amounts, Amounts) {
    let read = |key: &str| Amounts::read(node.present_at(&["resources", key]));
    (read("requests"), read("limits"))
}

/// Returns the usual resources that amounts do not name.
fn lacking(amounts: &Amounts) -> impl Iterator<Item = &'static str> {
    USUAL.into_iter().filter(|name| amounts.get(name).is_none())
}
