//! The nodes of a cluster, what is left on each, and whether one more pod has a place there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use smol_str::SmolStr;

use super::batch::Asked;
use super::cluster::{Cluster, Node};
use super::pod::{Apart, Port, Spread};
use crate::kubernetes::{Labels, Taint};

/// Why a node does not take a pod; the order is that in which the scheduler asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reason {
    Cordoned,
    OtherNode,
    Tainted(Taint),
    Unselected,
    PortTaken,
    TooManyPods,
    Insufficient(SmolStr),
    Uneven,
    Apart,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cordoned => f.write_str("unschedulable"),
            Self::OtherNode => f.write_str("of another name"),
            Self::Tainted(Taint { key, value, .. }) if value.is_empty() => write!(f, "untolerated taint {{{key}}}"),
            Self::Tainted(Taint { key, value, .. }) => write!(f, "untolerated taint {{{key}: {value}}}"),
            Self::Unselected => f.write_str("not matched by node affinity or selector"),
            Self::PortTaken => f.write_str("without free host port"),
            Self::TooManyPods => f.write_str("too many pods"),
            Self::Insufficient(resource) => write!(f, "insufficient {resource}"),
            Self::Uneven => f.write_str("against topology spread constraints"),
            Self::Apart => f.write_str("against anti-affinity rules"),
        }
    }
}

/// Nodes and what is left on them.
pub(super) struct Fleet<'c> {
    pub(super) nodes: Vec<&'c Node>,
    free: Vec<HashMap<&'c str, i64>>,
    ports: Vec<Vec<Port>>,
    crowds: Vec<Crowd<'c>>,
    /// The crowds that keep others away.
    guarded: Vec<usize>,
    spaces: HashMap<&'c str, &'c Labels>,
    verdicts: HashMap<super::pod::Rules, Rc<Vec<Option<Reason>>>>,
}

/// Equal pods, and the nodes that they are on.
struct Crowd<'c> {
    namespace: &'c SmolStr,
    labels: &'c Labels,
    apart: &'c [Apart],
    nodes: Vec<usize>,
}

/// The look for places for the pods of one object.
pub(super) struct Search<'a> {
    asked: &'a Asked<'a>,
    verdicts: Rc<Vec<Option<Reason>>>,
    /// Labels of nodes on which its pods must not be: others there keep apart from it, or it from them.
    blocked: BTreeMap<SmolStr, HashSet<SmolStr>>,
    /// Labels that its own pods block for each other.
    own: Vec<&'a SmolStr>,
    evenness: Vec<Evenness<'a>>,
}

/// How many pods there are in each place of a spread rule.
struct Evenness<'a> {
    rule: &'a Spread,
    counts: HashMap<SmolStr, i64>,
    least: i64,
    counts_own: bool,
}

impl<'c> Fleet<'c> {
    /// Returns the nodes with all running pods on them but for those that go.
    pub(super) fn of(cluster: &'c Cluster, gone: &HashSet<usize>) -> Self {
        let mut nodes: Vec<&Node> = cluster.nodes.iter().collect();
        nodes.sort_by(|left, right| left.name.cmp(&right.name));
        let free = nodes.iter().map(|node| node.allocatable.iter().map(|(name, all)| (name.as_str(), all)).collect());
        let spaces = cluster.namespaces.iter().map(|(name, space)| (name.as_str(), &space.labels)).collect();
        let mut fleet = Self {
            free: free.collect(),
            ports: vec![Vec::new(); nodes.len()],
            crowds: Vec::new(),
            guarded: Vec::new(),
            spaces,
            verdicts: HashMap::new(),
            nodes,
        };
        let places: HashMap<&str, usize> =
            fleet.nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect();
        for (_, pod) in cluster.pods.iter().enumerate().filter(|(at, _)| !gone.contains(at)) {
            let Some(at) = pod.node.as_ref().and_then(|node| places.get(node.as_str())).copied() else { continue };
            for (name, units) in pod.requests.iter() {
                *fleet.free[at].entry(name.as_str()).or_default() -= units;
            }
            *fleet.free[at].entry("pods").or_default() -= 1;
            fleet.ports[at].extend(pod.ports.iter().cloned());
            let (namespace, labels, apart) = (&pod.namespace, &pod.labels, &pod.apart[..]);
            fleet.join(Crowd { namespace, labels, apart, nodes: vec![at] });
        }
        fleet
    }

    /// Returns what is left of a resource on a node.
    pub(super) fn free(&self, at: usize, resource: &str) -> i64 {
        self.free[at].get(resource).copied().unwrap_or(0)
    }

    /// Returns which nodes take pods of an object, whatever runs there.
    pub(super) fn verdicts(&mut self, asked: &Asked<'_>) -> Rc<Vec<Option<Reason>>> {
        if let Some(known) = self.verdicts.get(&asked.rules) {
            return Rc::clone(known);
        }
        let rules = &asked.rules;
        let verdict = |node: &&Node| {
            if let Some(name) = &rules.node {
                // Who names the node goes past the scheduler, and past its rules.
                return (node.name != *name).then_some(Reason::OtherNode);
            }
            if node.cordoned && !rules.tolerates(&Taint::unschedulable()) {
                return Some(Reason::Cordoned);
            }
            if let Some(taint) = rules.untolerated(&node.taints) {
                return Some(Reason::Tainted(taint.clone()));
            }
            (!rules.admits(&node.name, &node.labels)).then_some(Reason::Unselected)
        };
        let verdicts: Rc<Vec<_>> = Rc::new(self.nodes.iter().map(verdict).collect());
        self.verdicts.insert(rules.clone(), Rc::clone(&verdicts));
        verdicts
    }

    /// Starts a look for places.
    pub(super) fn search<'a>(&mut self, asked: &'a Asked<'a>) -> Search<'a> {
        let (namespace, labels) = (asked.object.namespace, &asked.labels);
        let none = Labels::default();
        let space = |name: &str| self.spaces.get(name).copied().unwrap_or(&none);
        let mut blocked: BTreeMap<SmolStr, HashSet<SmolStr>> = BTreeMap::new();
        let mut block = |rule: &Apart, crowd: &Crowd<'_>| {
            let values = crowd.nodes.iter().filter_map(|at| self.nodes[*at].labels.get(&rule.topology));
            blocked.entry(rule.topology.clone()).or_default().extend(values.cloned());
        };
        for crowd in self.guarded.iter().map(|at| &self.crowds[*at]) {
            let theirs = crowd.apart.iter().filter(|rule| rule.is_about(namespace, space(namespace), labels));
            theirs.for_each(|rule| block(rule, crowd));
        }
        for rule in &asked.apart {
            let about = |crowd: &&Crowd<'_>| rule.is_about(crowd.namespace, space(crowd.namespace), crowd.labels);
            self.crowds.iter().filter(about).for_each(|crowd| block(rule, crowd));
        }
        let own = asked.apart.iter().filter(|rule| rule.is_about(namespace, space(namespace), labels));
        let own = own.map(|rule| &rule.topology).collect();
        let evenness = asked.spread.iter().map(|rule| self.evenness(asked, rule)).collect();
        Search { asked, verdicts: self.verdicts(asked), blocked, own, evenness }
    }

    fn evenness<'a>(&self, asked: &'a Asked<'a>, rule: &'a Spread) -> Evenness<'a> {
        let selects = |labels: &Labels| rule.pods.as_ref().is_some_and(|pods| pods.selects(labels));
        let place = |node: &Node| {
            let counts = (rule.all_nodes || asked.rules.admits(&node.name, &node.labels))
                && !(rule.untainted && asked.rules.untolerated(&node.taints).is_some());
            node.labels.get(&rule.topology).filter(|_| counts).cloned()
        };
        let mut counts: HashMap<SmolStr, i64> = self.nodes.iter().filter_map(|node| Some((place(node)?, 0))).collect();
        let near = |crowd: &&Crowd<'_>| crowd.namespace == asked.object.namespace && selects(crowd.labels);
        for at in self.crowds.iter().filter(near).flat_map(|crowd| &crowd.nodes) {
            if let Some(count) = place(self.nodes[*at]).and_then(|place| counts.get_mut(&place)) {
                *count += 1;
            }
        }
        let mut evenness = Evenness { rule, counts, least: 0, counts_own: selects(&asked.labels) };
        evenness.settle();
        evenness
    }

    /// Whether a node takes one more pod.
    pub(super) fn takes(&self, at: usize, search: &Search<'_>) -> bool {
        search.verdicts[at].is_none()
            && self.has_room(at, search.asked)
            && !self.is_taken(at, &search.asked.ports)
            && !search.is_uneven(self.nodes[at])
            && !search.is_blocked(self.nodes[at])
    }

    /// Returns why a node does not take one more pod; nothing where it does.
    pub(super) fn reasons(&self, at: usize, search: &Search<'_>) -> Vec<Reason> {
        if let Some(reason) = &search.verdicts[at] {
            return vec![reason.clone()];
        }
        if self.is_taken(at, &search.asked.ports) {
            return vec![Reason::PortTaken];
        }
        let asked = search.asked.requests.iter();
        let mut reasons: Vec<Reason> = asked
            .filter(|(name, units)| self.free(at, name) < *units)
            .map(|(name, _)| Reason::Insufficient(name.clone()))
            .collect();
        if self.free(at, "pods") < 1 {
            reasons.push(Reason::TooManyPods);
        }
        if reasons.is_empty() && search.is_uneven(self.nodes[at]) {
            reasons.push(Reason::Uneven);
        }
        if reasons.is_empty() && search.is_blocked(self.nodes[at]) {
            reasons.push(Reason::Apart);
        }
        reasons
    }

    fn has_room(&self, at: usize, asked: &Asked<'_>) -> bool {
        self.free(at, "pods") >= 1 && asked.requests.iter().all(|(name, units)| self.free(at, name) >= units)
    }

    fn is_taken(&self, at: usize, ports: &[Port]) -> bool {
        ports.iter().any(|port| self.ports[at].iter().any(|taken| taken.clashes(port)))
    }

    /// Puts a pod on a node.
    pub(super) fn place(&mut self, at: usize, search: &mut Search<'_>) {
        for (name, units) in search.asked.requests.iter() {
            if let Some(free) = self.free[at].get_mut(name.as_str()) {
                *free -= units;
            }
        }
        if let Some(free) = self.free[at].get_mut("pods") {
            *free -= 1;
        }
        self.ports[at].extend(search.asked.ports.iter().cloned());
        search.note(self.nodes[at]);
    }

    /// Remembers the pods that were placed, for those that come after them.
    pub(super) fn settle(&mut self, asked: &'c Asked<'c>, nodes: Vec<usize>) {
        if !nodes.is_empty() {
            let (namespace, labels, apart) = (asked.object.namespace, &asked.labels, &asked.apart[..]);
            self.join(Crowd { namespace, labels, apart, nodes });
        }
    }

    fn join(&mut self, crowd: Crowd<'c>) {
        if !crowd.apart.is_empty() {
            self.guarded.push(self.crowds.len());
        }
        self.crowds.push(crowd);
    }
}

impl Search<'_> {
    /// Whether a node takes the pods, whatever runs there.
    pub(super) fn is_eligible(&self, at: usize) -> bool {
        self.verdicts[at].is_none()
    }

    /// Whether a node that took no pod may take one later.
    pub(super) fn may_change(&self) -> bool {
        !self.evenness.is_empty()
    }

    fn is_blocked(&self, node: &Node) -> bool {
        self.blocked.iter().any(|(key, values)| node.labels.get(key).is_some_and(|value| values.contains(value)))
    }

    fn is_uneven(&self, node: &Node) -> bool {
        self.evenness.iter().any(|evenness| !evenness.allows(node))
    }

    fn note(&mut self, node: &Node) {
        for key in &self.own {
            if let Some(value) = node.labels.get(key) {
                self.blocked.entry((*key).clone()).or_default().insert(value.clone());
            }
        }
        for evenness in self.evenness.iter_mut().filter(|evenness| evenness.counts_own) {
            let count = node.labels.get(&evenness.rule.topology).and_then(|place| evenness.counts.get_mut(place));
            if let Some(count) = count {
                *count += 1;
            }
            evenness.settle();
        }
    }
}

impl Evenness<'_> {
    fn settle(&mut self) {
        let enough = i64::try_from(self.counts.len()).is_ok_and(|places| places >= self.rule.places);
        self.least = if enough { self.counts.values().copied().min().unwrap_or(0) } else { 0 };
    }

    fn allows(&self, node: &Node) -> bool {
        let count = node.labels.get(&self.rule.topology).and_then(|place| self.counts.get(place));
        count.is_some_and(|count| count + i64::from(self.counts_own) - self.least <= self.rule.most)
    }
}
