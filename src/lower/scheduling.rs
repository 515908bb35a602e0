//! Where pods may run: tolerations, affinity and spread, in the notations of kubectl.

use smol_str::SmolStr;

use super::Lowering;
use super::draft::{Draft, items};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Requirement, Toleration};
use crate::spec::WorkloadKind;
use crate::text::{Entry, Map, Node, Origin};

/// The weight of a preference that names none: as much as one preference can weigh.
const FULL_WEIGHT: i64 = 100;
const NODE_FORM: &str = "write `nodeAffinity: {require: [\"disktype in (ssd, nvme)\"], prefer: [\"zone = a\"]}`";
const POD_FORM: &str = "write a topology key such as `kubernetes.io/hostname`, or `{topologyKey, selector, weight}`";

impl Lowering<'_> {
    /// Spells out `tolerations`.
    pub(super) fn tolerations(&mut self, node: &Node) -> Node {
        let list = items(node).into_iter().filter_map(|item| match item.text() {
            None => Some(item),
            Some(text) => match Toleration::parse(text) {
                Ok(toleration) => Some(spelled_toleration(&toleration, item.origin())),
                Err(error) => {
                    let message = format!("`{text}` is no toleration: {}", error.reason);
                    let finding =
                        Diagnostic::new(Code::InvalidShorthand, item.origin(), message).maybe_help(error.hint);
                    self.diagnostics.push(finding.help("write `key=value:Effect`, `key:Effect` or `key`"));
                    None
                }
            },
        });
        let list: Vec<Node> = list.collect();
        Node::seq(list, node.origin())
    }

    /// Returns the affinity of the pods: the native one with the short ones in it.
    pub(super) fn affinity(&mut self, native: Option<&Node>) -> Option<Node> {
        let short = [
            ("nodeAffinity", self.field("nodeAffinity").map(|node| (node, self.node_affinity(node)))),
            ("podAffinity", self.field("podAffinity").map(|node| (node, self.pod_affinity(node)))),
            ("podAntiAffinity", self.field("podAntiAffinity").map(|node| (node, self.pod_affinity(node)))),
        ];
        let form = "write `nodeAffinity`, `podAffinity` or `podAntiAffinity` in it, or without it";
        let written = native.map(|native| self.expect_map(native, "affinity", form));
        let mut map = written.flatten().cloned().unwrap_or_default();
        let mut origin = native.map(Node::origin);
        for (key, lowered) in short {
            let Some((written, Some(affinity))) = lowered else { continue };
            origin.get_or_insert(written.origin());
            map.set(crate::text::Key::new(key, written.origin()), affinity);
        }
        map.sort_by_key(|entry| {
            ["nodeAffinity", "podAffinity", "podAntiAffinity"].iter().position(|key| *key == entry.key.text)
        });
        origin.map(|origin| Node::map(map, origin))
    }

    /// Splits `{require, prefer}`; any other key is native.
    fn both(&mut self, node: &Node, form: &str) -> Option<(Vec<Node>, Vec<Node>, Map)> {
        let map = self.expect_map(node, "affinity", form)?;
        let part = |key: &str| map.get(key).filter(|node| !node.is_null()).map(items).unwrap_or_default();
        let rest =
            map.iter().filter(|entry| !matches!(entry.key.text.as_str(), "require" | "prefer")).cloned().collect();
        Some((part("require"), part("prefer"), rest))
    }

    fn node_affinity(&mut self, node: &Node) -> Option<Node> {
        let (require, prefer, native) = self.both(node, NODE_FORM)?;
        let mut draft = Draft::new(node.origin());
        if !require.is_empty() {
            let expressions: Vec<Node> = require.iter().flat_map(|item| self.requirements(item, NODE_FORM)).collect();
            let origin = require[0].origin();
            let term = Draft::new(origin).node("matchExpressions", Node::seq(expressions, origin)).done();
            let terms = Draft::new(origin).node("nodeSelectorTerms", Node::seq(vec![term], origin)).done();
            draft = draft.node("requiredDuringSchedulingIgnoredDuringExecution", terms);
        }
        if !prefer.is_empty() {
            let terms: Vec<Node> = prefer.iter().filter_map(|item| self.node_preference(item)).collect();
            draft = draft.node("preferredDuringSchedulingIgnoredDuringExecution", Node::seq(terms, prefer[0].origin()));
        }
        Some(draft.all(native).done())
    }

    fn node_preference(&mut self, item: &Node) -> Option<Node> {
        let (weight, matching) = match item.as_map() {
            Some(map) if map.contains("preference") => return Some(item.clone()),
            Some(map) => (map.get("weight").cloned(), map.get("match").cloned()),
            None => (None, Some(item.clone())),
        };
        let Some(matching) = matching else {
            self.refuse(item, "expected `match` beside `weight`", "write `{weight: 50, match: \"zone = a\"}`");
            return None;
        };
        let origin = item.origin();
        let expressions = items(&matching).iter().flat_map(|one| self.requirements(one, NODE_FORM)).collect();
        let preference = Draft::new(origin).node("matchExpressions", Node::seq(expressions, matching.origin())).done();
        let weight = weight.unwrap_or_else(|| Node::integer(FULL_WEIGHT, origin));
        Some(Draft::new(origin).node("weight", weight).node("preference", preference).done())
    }

    fn requirements(&mut self, item: &Node, form: &str) -> Vec<Node> {
        let Some(text) = item.text() else {
            // The native form of one requirement.
            if item.as_map().is_some_and(|map| map.contains("key")) {
                return vec![item.clone()];
            }
            self.refuse(item, format!("expected a selector, found {}", item.type_name()), form);
            return Vec::new();
        };
        match Requirement::parse_all(text) {
            Ok(all) => all.iter().map(|one| spelled_requirement(one, item.origin())).collect(),
            Err(error) => {
                self.refuse(item, format!("`{text}` is no selector: {}", error.reason), form);
                Vec::new()
            }
        }
    }

    /// Reports what counts the pods of an instance that makes one pod alone: no other has its labels.
    fn check_counted(&mut self, key: &str, at: &Node, all: &str) {
        let is_one = |node: &Node| node.text().is_some_and(|text| text == "1");
        let is_single = match self.kind() {
            WorkloadKind::Pod => true,
            WorkloadKind::Job => self.field("parallelism").is_none_or(is_one),
            _ => false,
        };
        if is_single {
            let message = format!("`{key}` counts the pods of one instance, and this one makes a single pod");
            let finding = Diagnostic::new(Code::WithoutEffect, at.origin(), message);
            let name = &self.instance.entry;
            self.diagnostics
                .push(finding.help(format!("to count those of all instances, write {}", all.replace("NAME", name))));
        }
    }

    fn pod_affinity(&mut self, node: &Node) -> Option<Node> {
        let (require, prefer, native) = self.both(node, POD_FORM)?;
        let mut draft = Draft::new(node.origin());
        if !require.is_empty() {
            let terms: Vec<Node> =
                require.iter().filter_map(|item| self.pod_term(item)).map(|(term, _)| term).collect();
            draft = draft.node("requiredDuringSchedulingIgnoredDuringExecution", Node::seq(terms, require[0].origin()));
        }
        if !prefer.is_empty() {
            let terms = prefer.iter().filter_map(|item| {
                if item.as_map().is_some_and(|map| map.contains("podAffinityTerm")) {
                    return Some(item.clone());
                }
                let (term, weight) = self.pod_term(item)?;
                let weight = weight.unwrap_or_else(|| Node::integer(FULL_WEIGHT, item.origin()));
                Some(Draft::new(item.origin()).node("weight", weight).node("podAffinityTerm", term).done())
            });
            let terms: Vec<Node> = terms.collect();
            draft = draft.node("preferredDuringSchedulingIgnoredDuringExecution", Node::seq(terms, prefer[0].origin()));
        }
        Some(draft.all(native).done())
    }

    /// Returns a term, and the weight that is written beside it.
    fn pod_term(&mut self, item: &Node) -> Option<(Node, Option<Node>)> {
        let origin = item.origin();
        let is_own = item.as_map().is_none_or(|map| !map.contains("labelSelector") && !map.contains("selector"));
        if is_own && !item.is_broken() {
            let form = "`{topologyKey: kubernetes.io/hostname, selector: \"app.kubernetes.io/name = NAME\"}`";
            self.check_counted("affinity", item, form);
        }
        if item.text().is_some() {
            let selector = self.pod_selector(origin);
            let term = Draft::new(origin).node("labelSelector", selector).node("topologyKey", item.clone()).done();
            return Some((term, None));
        }
        let map = self.expect_map(item, "affinity term", POD_FORM)?;
        let weight = map.get("weight").cloned();
        let mut term: Map =
            map.iter().filter(|entry| !matches!(entry.key.text.as_str(), "weight" | "selector")).cloned().collect();
        if !map.contains("labelSelector") {
            let selector = match map.get("selector") {
                Some(written) => self.label_selector(written)?,
                None => self.pod_selector(origin),
            };
            term.put("labelSelector", selector);
        }
        let order = ["labelSelector", "topologyKey"];
        term.sort_by_key(|entry| order.iter().position(|key| *key == entry.key.text).unwrap_or(order.len()));
        Some((Node::map(term, origin), weight))
    }

    /// Reads a label selector in selector grammar.
    pub(super) fn label_selector(&mut self, node: &Node) -> Option<Node> {
        if node.as_map().is_some() {
            return Some(node.clone());
        }
        let expressions: Vec<Node> = items(node).iter().flat_map(|item| self.requirements(item, POD_FORM)).collect();
        (!expressions.is_empty())
            .then(|| Draft::new(node.origin()).node("matchExpressions", Node::seq(expressions, node.origin())).done())
    }

    /// Spells out `spread` behind the native constraints.
    pub(super) fn spread(&mut self, native: Option<&Node>) -> Option<Node> {
        let mut list = native.map(items).unwrap_or_default();
        let written = self.field("spread");
        if let Some(node) = written {
            let map = self.expect_map(node, "spread", "write `spread: {kubernetes.io/hostname: 1}`")?;
            let mut entries: Vec<&Entry> = map.iter().filter(|entry| !entry.value.is_null()).collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            list.extend(entries.into_iter().map(|entry| self.constraint(entry)));
        }
        let origin = native.or(written)?.origin();
        Some(Node::seq(list, origin))
    }

    fn constraint(&mut self, entry: &Entry) -> Node {
        let value = &entry.value;
        let own = value.as_map().cloned().unwrap_or_default();
        if !own.contains("labelSelector") {
            let form = "`{maxSkew: 1, labelSelector: {matchLabels: {app.kubernetes.io/name: NAME}}}`";
            self.check_counted("spread", value, form);
        }
        let skew = own.get("maxSkew").cloned().or_else(|| value.text().map(|_| value.clone()));
        let when = own.get("whenUnsatisfiable").cloned();
        let rest = own
            .iter()
            .filter(|entry| !matches!(entry.key.text.as_str(), "maxSkew" | "whenUnsatisfiable" | "labelSelector"));
        Draft::new(entry.origin())
            .node("maxSkew", skew.unwrap_or_else(|| Node::integer(1, entry.key.origin)))
            .node("topologyKey", Node::string(entry.key.text.clone(), entry.key.origin))
            .node("whenUnsatisfiable", when.unwrap_or_else(|| Node::string("DoNotSchedule", value.origin())))
            .node(
                "labelSelector",
                own.get("labelSelector").cloned().unwrap_or_else(|| self.pod_selector(value.origin())),
            )
            .all(rest.cloned())
            .done()
    }
}

fn spelled_toleration(toleration: &Toleration, origin: Origin) -> Node {
    let text = |text: &SmolStr| Node::string(text.clone(), origin);
    Draft::new(origin)
        .maybe("key", toleration.key.as_ref().map(text))
        .text("operator", toleration.operator())
        .maybe("value", toleration.value.as_ref().map(text))
        .maybe("effect", toleration.effect.map(|effect| Node::string(effect.as_str(), origin)))
        .maybe("tolerationSeconds", toleration.seconds.map(|seconds| Node::integer(seconds, origin)))
        .done()
}

fn spelled_requirement(requirement: &Requirement, origin: Origin) -> Node {
    let values: Vec<Node> = requirement.values.iter().map(|value| Node::string(value.clone(), origin)).collect();
    Draft::new(origin)
        .text("key", requirement.key.clone())
        .text("operator", requirement.operator.as_str())
        .maybe("values", (!values.is_empty()).then(|| Node::seq(values, origin)))
        .done()
}
