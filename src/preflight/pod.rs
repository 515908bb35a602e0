//! What decides where a pod can run, read from a manifest or from the cluster.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::kubernetes::{Labels, Selector, Taint, Tolerated, Tree, UNSCHEDULABLE};

/// Which nodes a pod may run on, whatever else runs there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rules {
    /// The one node that it asks for by name, past the scheduler.
    pub(super) node: Option<SmolStr>,
    pub(super) selector: Selector,
    /// Alternatives: conditions on the labels and on the fields of a node. None where there is no such rule.
    pub(super) affinity: Option<Vec<(Selector, Selector)>>,
    pub(super) tolerations: Vec<Tolerated>,
}

/// A port of the node that a pod takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Port {
    number: i64,
    protocol: SmolStr,
    address: SmolStr,
}

/// Pods that must not be in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Apart {
    /// The label that makes nodes one place.
    pub(super) topology: SmolStr,
    /// The pods; none where the rule has no selector.
    pub(super) pods: Option<Selector>,
    spaces: Spaces,
    crosses: bool,
}

/// The namespaces that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spaces {
    names: BTreeSet<SmolStr>,
    labels: Option<Selector>,
}

/// Pods that are to be spread evenly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) topology: SmolStr,
    pub(super) pods: Option<Selector>,
    pub(super) most: i64,
    pub(super) places: i64,
    pub(super) all_nodes: bool,
    pub(super) untainted: bool,
}

impl Rules {
    /// Reads the spec of a pod.
    pub(super) fn read(spec: &impl Tree) -> Self {
        let required = spec.present_at(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]);
        let affinity = required.map(|required| {
            let term = |term: &_| (conditions(term, "matchExpressions"), conditions(term, "matchFields"));
            required.list("nodeSelectorTerms").iter().map(term).collect()
        });
        let tolerations = spec.list("tolerations").iter().map(Tolerated::read).collect();
        let (node, selector) = (spec.word("nodeName"), Selector::equal(spec.present("nodeSelector")));
        Self { node, selector, affinity, tolerations }
    }

    /// Adds what the DaemonSet controller adds: these pods stay on nodes in trouble.
    pub(super) fn for_each_node(&mut self) {
        for (key, effect) in [
            ("node.kubernetes.io/not-ready", "NoExecute"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
            ("node.kubernetes.io/disk-pressure", "NoSchedule"),
            ("node.kubernetes.io/memory-pressure", "NoSchedule"),
            ("node.kubernetes.io/pid-pressure", "NoSchedule"),
            (UNSCHEDULABLE, "NoSchedule"),
        ] {
            self.tolerations.push(Tolerated::exists(key, effect));
        }
    }

    /// Returns the first taint that keeps the pod away.
    pub(super) fn untolerated<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        let keeps_away = |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
        taints.iter().filter(keeps_away).find(|taint| !self.tolerates(taint))
    }

    /// Whether the pod bears a taint.
    pub(super) fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|one| one.tolerates(taint))
    }

    /// Whether the labels and the name of a node are what the pod asks for.
    pub(super) fn admits(&self, name: &SmolStr, labels: &Labels) -> bool {
        let field = |key: &str| (key == "metadata.name").then_some(name.as_str());
        let term = |(expressions, fields): &(Selector, Selector)| {
            // A term without conditions means no node, not every node.
            !(expressions.is_empty() && fields.is_empty()) && expressions.selects(labels) && fields.holds(field)
        };
        self.selector.selects(labels) && self.affinity.as_ref().is_none_or(|terms| terms.iter().any(term))
    }
}

impl Port {
    /// Reads the ports of the node that a pod takes.
    pub(super) fn read_all(spec: &impl Tree) -> Vec<Self> {
        let on_host = spec.is_set("hostNetwork");
        let restartable = |container: &&_| Tree::word(*container, "restartPolicy").as_deref() == Some("Always");
        let sidecars = spec.list("initContainers").iter().filter(restartable);
        let mut ports = Vec::new();
        for port in spec.list("containers").iter().chain(sidecars).flat_map(|container| container.list("ports")) {
            let number = port.number("hostPort").or_else(|| port.number("containerPort").filter(|_| on_host));
            if let Some(number) = number.filter(|number| *number > 0) {
                let protocol = port.word("protocol").unwrap_or_else(|| "TCP".into());
                let address = port.word("hostIP").filter(|address| address != "0.0.0.0").unwrap_or_default();
                ports.push(Self { number, protocol, address });
            }
        }
        ports
    }

    /// Whether both cannot be taken on one node.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        let same = self.number == other.number && self.protocol == other.protocol;
        same && (self.address == other.address || self.address.is_empty() || other.address.is_empty())
    }
}

impl Apart {
    /// Reads the rules of a pod that must hold.
    pub(super) fn read_all(spec: &impl Tree, namespace: &SmolStr) -> Vec<Self> {
        let path = ["affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        let terms = spec.present_at(&path).map_or(&[][..], Tree::items);
        terms
            .iter()
            .map(|term| {
                let mut names: BTreeSet<SmolStr> = term.list("namespaces").iter().filter_map(Tree::scalar).collect();
                let labels = term.present("namespaceSelector").map(Selector::read);
                let crosses = !names.is_empty() || labels.is_some();
                if !crosses {
                    names.insert(namespace.clone());
                }
                Self {
                    topology: term.word("topologyKey").unwrap_or_default(),
                    pods: term.present("labelSelector").map(Selector::read),
                    spaces: Spaces { names, labels },
                    crosses,
                }
            })
            .collect()
    }

    /// Whether the rule is about other namespaces than its own.
    pub(super) fn crosses(&self) -> bool {
        self.crosses
    }

    /// Whether the rule is about a pod.
    pub(super) fn is_about(&self, namespace: &SmolStr, of_namespace: &Labels, labels: &Labels) -> bool {
        let spaces = &self.spaces;
        let here =
            spaces.names.contains(namespace) || spaces.labels.as_ref().is_some_and(|all| all.selects(of_namespace));
        here && self.pods.as_ref().is_some_and(|pods| pods.selects(labels))
    }
}

impl Spread {
    /// Reads the rules of a pod that must hold.
    pub(super) fn read_all(spec: &impl Tree) -> Vec<Self> {
        let rules = spec.list("topologySpreadConstraints").iter();
        let must_hold = |rule: &&_| Tree::word(*rule, "whenUnsatisfiable").as_deref() != Some("ScheduleAnyway");
        rules
            .filter(must_hold)
            .map(|rule| Self {
                topology: rule.word("topologyKey").unwrap_or_default(),
                pods: rule.present("labelSelector").map(Selector::read),
                most: rule.number("maxSkew").unwrap_or(1),
                places: rule.number("minDomains").unwrap_or(1),
                all_nodes: rule.word("nodeAffinityPolicy").as_deref() == Some("Ignore"),
                untainted: rule.word("nodeTaintsPolicy").as_deref() == Some("Honor"),
            })
            .collect()
    }
}

fn conditions(term: &impl Tree, key: &str) -> Selector {
    Selector::expressions(term.list(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn required_affinity_is_a_choice_of_terms() {
        let labels = json!({"zone": "a"});
        let admits = |terms: Value| {
            let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
            let rules = Rules::read(&json!({"affinity": {"nodeAffinity": required}}));
            rules.admits(&"n1".into(), &Labels::read(Some(&labels)))
        };
        let zone = |zone: &str| json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]});
        let name = |name: &str| json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]});
        assert!(admits(json!([zone("b"), zone("a")])));
        assert!(!admits(json!([zone("b")])));
        assert!(!admits(json!([{}])), "a term without conditions means no node");
        assert!(!admits(json!([])));
        assert!(admits(json!([name("n1")])) && !admits(json!([name("n2")])));
    }

    #[test]
    fn ports_of_the_host_clash_by_number_protocol_and_address() {
        let port = |port: Value| Port::read_all(&json!({"containers": [{"ports": [port]}]})).pop();
        let all = port(json!({"containerPort": 80, "hostPort": 80})).unwrap();
        let one = port(json!({"hostPort": 80, "hostIP": "10.0.0.1"})).unwrap();
        let other = port(json!({"hostPort": 80, "hostIP": "10.0.0.2"})).unwrap();
        assert!(all.clashes(&one) && !one.clashes(&other));
        assert!(!all.clashes(&port(json!({"hostPort": 80, "protocol": "UDP"})).unwrap()));
        assert_eq!(port(json!({"containerPort": 80})), None);
        let host = json!({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 80}]}]});
        assert!(Port::read_all(&host)[0].clashes(&all));
    }
}
