//! The pods of an object: how many there are at one time, and what one of them asks for, as the scheduler counts it.

use std::collections::BTreeSet;

use super::amounts::{Amounts, lacking};
use crate::kubernetes::Manifest;
use crate::source::Node;

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
pub(super) struct Load {
    pub(super) basis: Basis,
    /// The pods that are there at one time.
    pub(super) pods: u64,
    /// The pods that run to their end; 0 where none is meant to end.
    pub(super) completions: u64,
    pub(super) pod: PodDemand,
}

/// What one pod asks for.
#[derive(Debug, Default)]
pub(super) struct PodDemand {
    pub(super) requests: Amounts,
    pub(super) limits: Amounts,
    /// The usual resources of which some container requests none.
    pub(super) unrequested: BTreeSet<&'static str>,
    /// The usual resources of which some container has no limit.
    pub(super) unlimited: BTreeSet<&'static str>,
}

/// Returns how often the pods of a kind are there.
pub(super) fn basis(kind: &str) -> Basis {
    match kind {
        "DaemonSet" => Basis::PerNode,
        "CronJob" => Basis::PerRun,
        _ => Basis::Running,
    }
}

/// Returns the pods of an object; none where its kind makes none.
pub(super) fn of(object: &Manifest) -> Option<Load> {
    let key = &object.key;
    let spec = object.node.get("spec")?;
    let job = match (key.group.as_str(), key.kind.as_str()) {
        ("" | "apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" | "DaemonSet" | "Pod") => {
            None
        }
        ("batch", "Job") => Some(spec),
        ("batch", "CronJob") => Some(spec.at(&["jobTemplate", "spec"])?),
        _ => return None,
    };
    let (pods, completions) = match job {
        Some(job) => of_job(job),
        None if matches!(key.kind.as_str(), "Pod" | "DaemonSet") => (1, 0),
        None => (number(spec.get("replicas")).unwrap_or(1), 0),
    };
    let pod = match key.kind.as_str() {
        "Pod" => spec,
        _ => job.unwrap_or(spec).at(&["template", "spec"])?,
    };
    Some(Load { basis: basis(&key.kind), pods, completions, pod: demand(pod) })
}

/// Returns the pods that a Job runs at one time, and those that it runs to their end.
fn of_job(job: &Node) -> (u64, u64) {
    let parallelism = number(job.get("parallelism")).unwrap_or(1);
    match number(job.get("completions")) {
        Some(completions) => (parallelism.min(completions), completions),
        // Without a number, any pod that succeeds ends the work, and the others finish theirs.
        None => (parallelism, parallelism),
    }
}

fn number(node: Option<&Node>) -> Option<u64> {
    node?.text()?.parse().ok()
}

/// Adds up a pod: containers run side by side, init containers one after the other, sidecars from their turn on.
fn demand(pod: &Node) -> PodDemand {
    let mut demand = PodDemand::default();
    for container in list(pod, "containers") {
        let (requests, limits) = demand.read(container);
        demand.requests.add(&requests);
        demand.limits.add(&limits);
    }
    let mut sidecars = (Amounts::default(), Amounts::default());
    let mut peak = (Amounts::default(), Amounts::default());
    for container in list(pod, "initContainers") {
        let (mut requests, mut limits) = demand.read(container);
        if container.get("restartPolicy").and_then(Node::as_str) == Some("Always") {
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
    // What is written for the pod as a whole holds for all its containers together; its limit is its request only where
    // no container requests anything.
    let (requests, limits) = written(pod);
    demand.requests.replace(&requests);
    demand.requests.complete(&limits);
    demand.limits.replace(&limits);
    demand.unrequested.retain(|name| requests.get(name).or_else(|| limits.get(name)).is_none());
    demand.unlimited.retain(|name| limits.get(name).is_none());
    demand.requests.add(&Amounts::read(pod.get("overhead")));
    demand
}

impl PodDemand {
    fn read(&mut self, container: &Node) -> (Amounts, Amounts) {
        let (mut requests, limits) = written(container);
        // Where only a limit is written, it is the request too.
        requests.complete(&limits);
        self.unrequested.extend(lacking(&requests));
        self.unlimited.extend(lacking(&limits));
        (requests, limits)
    }
}

/// Returns the requests and limits that a container or pod writes.
fn written(node: &Node) -> (Amounts, Amounts) {
    let read = |key: &str| Amounts::read(node.at(&["resources", key]));
    (read("requests"), read("limits"))
}

fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).and_then(Node::as_seq).unwrap_or_default()
}
