//! Whether all pods find a node: the largest first, each on the first node that takes it.
//!
//! The scheduler packs less tightly than that: where room is short, a pod that fits here may still wait there. Pods that
//! are there already and would not be made anew stay where they are. Volumes, and affinity to other pods, are not looked
//! at.

use std::collections::{BTreeMap, HashSet};

use super::batch::Asked;
use super::cluster::Cluster;
use super::finding::{Findings, Found, counted};
use super::fleet::{Fleet, Reason, Search};
use super::units::{Units, quantity};
use crate::diagnostic::{Code, suggestion};
use crate::kubernetes::{Amounts, Tree};

/// What a cluster has room for.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// The nodes.
    pub nodes: u64,
    /// The pods that the batch asks for; of a DaemonSet one for each node that it may run on.
    pub pods: u64,
    /// Those of them that are there already and stay.
    pub present: u64,
    /// Those that find a node: the ones that stay, and the new ones that fit.
    pub fitting: u64,
    /// What the new pods ask for.
    pub requests: Amounts,
    /// What all nodes have for pods.
    pub allocatable: Amounts,
    /// What is left of that before the new pods come.
    pub free: Amounts,
    /// The pods of others that wait for a node.
    pub waiting: u64,
}

/// The pods of one object that have still to find a node.
struct Open<'a> {
    asked: &'a Asked<'a>,
    /// How many; for a DaemonSet, the nodes that it has a pod on already.
    new: u64,
    covered: HashSet<usize>,
    size: f64,
}

/// Looks for a node for each pod, and says which find none.
pub(super) fn fit(all: &[Asked<'_>], cluster: &Cluster, findings: &mut Findings) -> Room {
    let (kept, gone) = split(all, cluster);
    let mut fleet = Fleet::of(cluster, &gone);
    let own: HashSet<usize> = all.iter().flat_map(|asked| asked.present.iter().copied()).collect();
    let waits = |(at, pod): &(usize, &super::cluster::Pod)| pod.node.is_none() && !own.contains(at);
    let mut room = Room {
        nodes: fleet.nodes.len() as u64,
        waiting: cluster.pods.iter().enumerate().filter(waits).count() as u64,
        ..Room::default()
    };
    let (mut allocatable, mut free, mut requests) = (Units::default(), Units::default(), Units::default());
    for (at, node) in fleet.nodes.iter().enumerate() {
        allocatable.add(&node.allocatable, 1);
        for (name, _) in node.allocatable.iter() {
            free.add(&Units::one(name, fleet.free(at, name)), 1);
        }
    }
    let mut open: Vec<Open<'_>> = Vec::new();
    for (asked, kept) in all.iter().zip(kept) {
        let next = Open::of(asked, &kept, cluster, &mut fleet);
        room.pods += kept.len() as u64 + next.new;
        room.present += kept.len() as u64;
        requests.add(&asked.requests, i64::try_from(next.new).unwrap_or(i64::MAX));
        open.push(next);
    }
    // Those that need a certain node first, then the largest; equal ones in the order of the batch.
    open.sort_by(|left, right| right.asked.each_node.cmp(&left.asked.each_node).then(right.size.total_cmp(&left.size)));
    room.fitting = room.present;
    let placed: Vec<Vec<usize>> = open.iter().map(|one| one.place(&mut fleet)).collect();
    room.fitting += placed.iter().map(|nodes| nodes.len() as u64).sum::<u64>();
    for (one, placed) in open.iter_mut().zip(placed).filter(|(one, placed)| (placed.len() as u64) < one.new) {
        let lacking = one.new - placed.len() as u64;
        one.covered.extend(placed);
        one.tell(lacking, &mut fleet, cluster, findings);
    }
    room.requests = requests.amounts();
    room.allocatable = allocatable.amounts();
    room.free = free.amounts();
    room
}

/// Returns, for each object, the running pods that stay as they are, and all those that make room.
fn split(all: &[Asked<'_>], cluster: &Cluster) -> (Vec<Vec<usize>>, HashSet<usize>) {
    let nodes: BTreeMap<&str, &super::cluster::Node> =
        cluster.nodes.iter().map(|node| (node.name.as_str(), node)).collect();
    let mut gone = HashSet::new();
    let mut kept = Vec::with_capacity(all.len());
    for asked in all {
        let stays = |at: &usize| {
            let pod = &cluster.pods[*at];
            let node = pod.node.as_ref().and_then(|node| nodes.get(node.as_str()));
            pod.requests == asked.requests && node.is_some_and(|node| asked.rules.admits(&node.name, &node.labels))
        };
        let (mut staying, going): (Vec<usize>, Vec<usize>) = asked.present.iter().partition(|at| stays(at));
        gone.extend(going);
        let most = if asked.each_node { usize::MAX } else { usize::try_from(asked.count).unwrap_or(usize::MAX) };
        gone.extend(staying.drain(most.min(staying.len())..));
        kept.push(staying);
    }
    (kept, gone)
}

impl<'a> Open<'a> {
    fn of<'c: 'a>(asked: &'a Asked<'a>, kept: &[usize], cluster: &Cluster, fleet: &mut Fleet<'c>) -> Self {
        let verdicts = fleet.verdicts(asked);
        let eligible = || fleet.nodes.iter().enumerate().filter(|(at, _)| verdicts[*at].is_none());
        let mut covered = HashSet::new();
        let new = if asked.each_node {
            let on: HashSet<&str> = kept.iter().filter_map(|at| cluster.pods[*at].node.as_deref()).collect();
            covered.extend(eligible().filter(|(_, node)| on.contains(node.name.as_str())).map(|(at, _)| at));
            (eligible().count() - covered.len()) as u64
        } else {
            asked.count - kept.len() as u64
        };
        // A pod is as large as its largest part of what all nodes together have that may take it.
        #[allow(clippy::cast_precision_loss)]
        let part = |(name, units): (&smol_str::SmolStr, i64)| {
            let total: i64 = eligible().map(|(_, node)| node.allocatable.get(name)).sum();
            units as f64 / total.max(1) as f64
        };
        let size = asked.requests.iter().map(part).fold(0.0, f64::max);
        Self { asked, new, covered, size }
    }

    /// Puts its pods on nodes, and returns which.
    fn place(&self, fleet: &mut Fleet<'a>) -> Vec<usize> {
        let mut search = fleet.search(self.asked);
        let mut order: Vec<usize> = (0..fleet.nodes.len()).filter(|at| search.is_eligible(*at)).collect();
        let mut nodes = Vec::new();
        if self.asked.each_node {
            order.retain(|at| !self.covered.contains(at) && fleet.takes(*at, &search));
            for at in order {
                fleet.place(at, &mut search);
                nodes.push(at);
            }
        } else {
            // What is rare is left to those who ask for it.
            let idle = |at: usize| {
                let rare = fleet.nodes[at].allocatable.iter().filter(|(name, _)| name.contains('/'));
                rare.filter(|(name, _)| self.asked.requests.get(name) == 0).count()
            };
            order.sort_by_cached_key(|at| idle(*at));
            let mut from = 0;
            for _ in 0..self.new {
                let Some(step) = order[from..].iter().position(|at| fleet.takes(*at, &search)) else { break };
                let at = order[from + step];
                fleet.place(at, &mut search);
                nodes.push(at);
                // Equal pods never fit later where one did not fit, unless evenness comes into it.
                from = if search.may_change() { 0 } else { from + step };
            }
        }
        fleet.settle(self.asked, nodes.clone());
        nodes
    }

    /// Says why pods found no node.
    fn tell(&self, lacking: u64, fleet: &mut Fleet<'a>, cluster: &Cluster, findings: &mut Findings) {
        let search = fleet.search(self.asked);
        let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
        let asks = |at: &usize| !self.asked.each_node || (search.is_eligible(*at) && !self.covered.contains(at));
        for at in (0..fleet.nodes.len()).filter(asks) {
            for reason in fleet.reasons(at, &search) {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        let mut sorted: Vec<(&Reason, usize)> = reasons.iter().map(|(reason, count)| (reason, *count)).collect();
        sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let told: Vec<String> = sorted.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let message = match fleet.nodes.len() {
            0 => "the cluster has no node".to_owned(),
            _ if self.asked.each_node => format!("of the nodes that are to have one each: {}", told.join(", ")),
            all => format!("0/{all} nodes are available: {}", told.join(", ")),
        };
        let all = if self.asked.each_node { self.covered.len() as u64 + lacking } else { self.asked.count };
        let mut found = Found::new(Code::DoesNotFit, self.asked.object, message);
        found.pods = Some((lacking, all));
        if let Some(reason) = blamed(&sorted) {
            found = found.at(self.place_of(reason));
            found.help.extend(self.way_out(reason, fleet, &search));
        }
        found.help.extend(self.eviction(fleet, &search, cluster));
        findings.here(found);
    }

    /// Returns where that is written which a reason speaks of.
    fn place_of(&self, reason: &Reason) -> (crate::text::Origin, String) {
        let first = |paths: &[&[&str]]| {
            let written = paths.iter().find(|path| self.asked.spec.at(path).is_some_and(|node| !node.is_null()));
            self.asked.place(written.copied().unwrap_or(&["\0"]))
        };
        match reason {
            Reason::Insufficient(resource) => self.asked.place_of(resource),
            Reason::OtherNode => first(&[&["nodeName"]]),
            Reason::Tainted(_) | Reason::Cordoned => first(&[&["tolerations"]]),
            Reason::Unselected => first(&[&["nodeSelector"], &["affinity", "nodeAffinity"], &["affinity"]]),
            Reason::Uneven => first(&[&["topologySpreadConstraints"]]),
            Reason::Apart => first(&[&["affinity", "podAntiAffinity"], &["affinity"]]),
            Reason::PortTaken => first(&[&["containers"]]),
            Reason::TooManyPods => first(&[]),
        }
    }

    fn way_out(&self, reason: &Reason, fleet: &Fleet<'_>, search: &Search<'_>) -> Vec<String> {
        match reason {
            Reason::Insufficient(name) => {
                let nodes = (0..fleet.nodes.len()).filter(|at| search.is_eligible(*at));
                let largest = nodes.map(|at| fleet.nodes[at].allocatable.get(name)).max().unwrap_or(0);
                let asked = self.asked.requests.get(name);
                let (asked_for, has) = (quantity(name, asked), quantity(name, largest));
                vec![if asked > largest {
                    format!("a pod asks for `{asked_for}` of `{name}`, and the largest of these nodes has `{has}`")
                } else {
                    format!("a pod asks for `{asked_for}` of `{name}`: ask for less, run fewer pods, or add nodes")
                }]
            }
            Reason::Tainted(taint) => {
                let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
                let (key, effect) = (&taint.key, &taint.effect);
                vec![format!("pods that may run there say so: `tolerations: ['{key}{value}:{effect}']`")]
            }
            Reason::Unselected => self.near_labels(fleet),
            Reason::Cordoned => vec!["`kubectl uncordon NODE` opens a node again".into()],
            _ => Vec::new(),
        }
    }

    /// Says which label of the selector no node has, and which one was perhaps meant.
    fn near_labels(&self, fleet: &Fleet<'_>) -> Vec<String> {
        let selector = self.asked.spec.get("nodeSelector");
        let mut help = Vec::new();
        for (key, value) in selector.into_iter().flat_map(Tree::members) {
            let Some(value) = value.scalar() else { continue };
            let values: Vec<&str> = fleet.nodes.iter().filter_map(|node| node.labels.get(key)).map(|v| &**v).collect();
            if values.is_empty() {
                help.push(format!("no node has the label `{key}`"));
                let known = fleet.nodes.iter().flat_map(|node| node.labels.iter().map(|(key, _)| key.as_str()));
                help.extend(suggestion(key, known));
            } else if !values.contains(&value.as_str()) {
                help.push(format!("no node has the label `{key}: {value}`"));
                help.extend(suggestion(&value, values));
            }
        }
        help
    }

    /// Says whether the scheduler may make room by itself.
    fn eviction(&self, fleet: &Fleet<'_>, search: &Search<'_>, cluster: &Cluster) -> Option<String> {
        let class = cluster.class("PriorityClass", self.asked.priority_class.as_deref()?)?;
        let priority = class.integer(&["value"])?;
        if class.text(&["preemptionPolicy"]) == Some("Never") {
            return None;
        }
        let eligible: HashSet<&str> = (0..fleet.nodes.len())
            .filter(|at| search.is_eligible(*at))
            .map(|at| fleet.nodes[at].name.as_str())
            .collect();
        let below = |pod: &&super::cluster::Pod| {
            pod.priority < priority && pod.node.as_deref().is_some_and(|node| eligible.contains(node))
        };
        let count = cluster.pods.iter().filter(below).count() as u64;
        let of_less = counted(count, "pod");
        (count > 0)
            .then(|| format!("the scheduler may evict pods of lower priority: there is {of_less} on these nodes"))
    }
}

/// Returns the reason to point at: what is asked for comes before where.
fn blamed<'r>(reasons: &[(&'r Reason, usize)]) -> Option<&'r Reason> {
    let rank = |reason: &Reason| match reason {
        Reason::Insufficient(_) => 0,
        Reason::TooManyPods | Reason::PortTaken | Reason::Uneven | Reason::Apart => 1,
        Reason::Unselected | Reason::OtherNode => 2,
        Reason::Tainted(_) => 3,
        Reason::Cordoned => 4,
    };
    reasons.iter().min_by_key(|(reason, _)| rank(reason)).map(|(reason, _)| *reason)
}
