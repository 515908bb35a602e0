//! Environment variables: `{K: text, A: {secret: name/key}, …}`, or the native list; `envFrom` likewise.
//!
//! A mapping has no order, so its variables are sorted by name, and a variable that uses another as `$(NAME)` follows it.

use super::Lowering;
use super::draft::{Draft, items};
use super::references::Need;
use crate::expand::{in_order_of_use, uses};
use crate::spec::Section;
use crate::text::{Entry, Map, Node, Value};

const FORM: &str =
    "write a text, or `{secret: NAME/KEY}`, `{configMap: NAME/KEY}`, `{field: status.podIP}`, `{resource: limits.cpu}`";

impl Lowering<'_> {
    /// Spells out `env`.
    pub(super) fn env(&mut self, node: &Node) -> Node {
        if let Some(native) = node.as_seq() {
            let (variables, others): (Vec<&Node>, Vec<&Node>) = native.iter().partition(|item| item.as_map().is_some());
            for other in others {
                // What Compose writes as `NAME=VALUE`.
                let name = other.text().and_then(|text| text.split_once('=')).map(|(name, _)| name);
                let help = name.map_or_else(|| FORM.to_owned(), |name| format!("write `env: {{{name}: …}}`"));
                self.refuse(other, format!("expected a mapping for a variable, found {}", other.type_name()), &help);
            }
            let items = variables.into_iter().map(|item| self.native_variable(item)).collect();
            return Node::seq(items, node.origin());
        }
        let Some(map) = node.as_map() else { return node.clone() };
        let mut entries: Vec<&Entry> = map.iter().filter(|entry| !entry.value.is_null()).collect();
        entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
        let place_of = |name: &str| entries.binary_search_by(|entry| entry.key.text.as_str().cmp(name)).ok();
        let ordered = in_order_of_use(entries.len(), |at| uses(&entries[at].value), place_of);
        let items = ordered.into_iter().filter_map(|at| self.variable(entries[at])).collect();
        Node::seq(items, node.origin())
    }

    fn variable(&mut self, entry: &Entry) -> Option<Node> {
        let name = Node::string(entry.key.text.clone(), entry.key.origin);
        let draft = Draft::new(entry.origin()).node("name", name);
        let value = &entry.value;
        let Some(map) = value.as_map() else {
            if value.as_seq().is_some() {
                self.refuse(value, format!("expected a text for `{}`, found a list", entry.key.text), FORM);
                return None;
            }
            return Some(draft.node("value", value.made(as_text)).done());
        };
        if ["name", "value", "valueFrom"].iter().any(|key| map.contains(key)) {
            let native = draft.all(map.iter().cloned()).done();
            return Some(self.native_variable(&native));
        }
        Some(draft.node("valueFrom", self.value_from(map, value)?).done())
    }

    fn value_from(&mut self, map: &Map, node: &Node) -> Option<Node> {
        let sources = ["secret", "configMap", "field", "resource"];
        let source = map.iter().find(|entry| sources.contains(&entry.key.text.as_str()));
        let Some(source) = source else {
            self.refuse(node, "expected a source of the value", FORM);
            return None;
        };
        let (what, value) = (source.key.text.as_str(), &source.value);
        let Some(text) = value.text().cloned() else {
            self.refuse(value, format!("expected a text for `{what}`, found {}", value.type_name()), FORM);
            return None;
        };
        let rest = map.iter().filter(|entry| entry.key.text != what).cloned();
        let origin = value.origin();
        let (field, draft) = match what {
            "secret" | "configMap" => {
                let Some((name, key)) = text.split_once('/') else {
                    self.refuse(value, format!("expected `NAME/KEY` for `{what}`, found `{text}`"), FORM);
                    return None;
                };
                let kind = if what == "secret" { Section::Secrets } else { Section::ConfigMaps };
                let name = self.reference(kind, name, Some(key), Need::of(node), value);
                let draft = Draft::new(origin).node("name", Node::string(name, origin)).text("key", key);
                (if what == "secret" { "secretKeyRef" } else { "configMapKeyRef" }, draft)
            }
            "field" => ("fieldRef", Draft::new(origin).text("fieldPath", text)),
            _ => ("resourceFieldRef", Draft::new(origin).text("resource", text)),
        };
        Some(Draft::new(node.origin()).node(field, draft.all(rest).done()).done())
    }

    fn native_variable(&mut self, item: &Node) -> Node {
        let Some(from) = item.get("valueFrom") else { return item.clone() };
        let mut changed = from.clone();
        for (field, kind) in [("secretKeyRef", Section::Secrets), ("configMapKeyRef", Section::ConfigMaps)] {
            if let Some(reference) = from.get(field) {
                let key = reference.get("key").and_then(Node::text).cloned();
                changed = replace(&changed, field, self.native_reference(kind, reference, "name", key.as_deref()));
            }
        }
        replace(item, "valueFrom", changed)
    }

    /// Spells out `envFrom`.
    pub(super) fn env_from(&mut self, node: &Node) -> Node {
        let mut lowered = Vec::new();
        for item in items(node) {
            if item.as_map().is_some_and(|map| map.contains("configMapRef") || map.contains("secretRef")) {
                let mut native = item.clone();
                for (field, kind) in [("configMapRef", Section::ConfigMaps), ("secretRef", Section::Secrets)] {
                    if let Some(reference) = item.get(field) {
                        native = replace(&native, field, self.native_reference(kind, reference, "name", None));
                    }
                }
                lowered.push(native);
                continue;
            }
            let written = match item.as_map() {
                Some(map) => {
                    map.iter().find(|entry| matches!(entry.key.text.as_str(), "secret" | "configMap")).map(|entry| {
                        (
                            if entry.key.text == "secret" { Section::Secrets } else { Section::ConfigMaps },
                            entry.value.clone(),
                        )
                    })
                }
                None => item.text().map(|text| match text.split_once(':') {
                    Some(("secret", name)) => (Section::Secrets, Node::string(name, item.origin())),
                    Some(("configMap", name)) => (Section::ConfigMaps, Node::string(name, item.origin())),
                    _ => (Section::ConfigMaps, item.clone()),
                }),
            };
            let Some((kind, name)) = written.filter(|(_, name)| name.text().is_some()) else {
                self.refuse(&item, "expected the name of a ConfigMap or Secret", "write `envFrom: [app, secret:db]`");
                continue;
            };
            let target = self.reference(kind, name.as_str().unwrap_or_default(), None, Need::of(&item), &name);
            let field = if kind == Section::Secrets { "secretRef" } else { "configMapRef" };
            let reference = Draft::new(name.origin())
                .node("name", Node::string(target, name.origin()))
                .maybe("optional", item.get("optional").cloned())
                .done();
            lowered.push(
                Draft::new(item.origin()).maybe("prefix", item.get("prefix").cloned()).node(field, reference).done(),
            );
        }
        Node::seq(lowered, node.origin())
    }
}

/// Returns a copy with one key replaced.
pub(super) fn replace(node: &Node, key: &str, value: Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let Some(entry) = map.entry(key) else { return node.clone() };
    if entry.value.same(&value) {
        return node.clone();
    }
    let mut map = map.clone();
    map.set(entry.key.clone(), value);
    Node::map(map, node.origin())
}

/// An environment variable is a text, whatever its value looks like.
fn as_text(node: &Node) -> Node {
    match node.value() {
        Value::Bool(value) => Node::string(if *value { "true" } else { "false" }, node.origin()),
        Value::Number(text) | Value::Plain(text) => Node::string(text.clone(), node.origin()),
        _ => node.clone(),
    }
}
