//! Containers: the fields of one, shorthands spelled out, in documented order.

use smol_str::SmolStr;

use super::Lowering;
use super::draft::{Draft, items};
use super::mounts::Volumes;
use super::ports;
use super::probes::PROBES;
use crate::text::{Entry, Key, Map, Node, Origin};

impl Lowering<'_> {
    /// Spells out one container; what it mounts is added to the volumes of its pod.
    pub(super) fn container(&mut self, name: &Node, fields: &Map, volumes: &mut Volumes, origin: Origin) -> Node {
        let mut map = Map::with_capacity(fields.len() + 2);
        map.set(Key::new("name", name.origin()), name.clone());
        // Ports come first: probes look for theirs among them.
        let written = fields.get("ports");
        let declared = written.map(|node| self.once("ports", node, None, |lowering| lowering.ports(node)));
        let known = declared
            .as_ref()
            .map(|ports| ports::of_container(&Draft::new(origin).node("ports", ports.clone()).done()))
            .unwrap_or_default();
        for Entry { key, value } in fields.iter().filter(|entry| !entry.value.is_null()) {
            let lowered = match key.text.as_str() {
                "ports" => declared.clone().unwrap_or_else(|| value.clone()),
                "env" => self.env(value),
                "envFrom" => self.env_from(value),
                "resources" => self.once("resources", value, None, |lowering| lowering.resources(value)),
                "lifecycle" => self.once("lifecycle", value, written, |lowering| lowering.lifecycle(value, &known)),
                "command" | "args" if value.text().is_some() => self.refuse(
                    value,
                    format!("expected a list for `{}`, found a text", key.text),
                    "write each word as an item: `[sh, -c, \"…\"]`",
                ),
                probe if PROBES.contains(&probe) => {
                    self.once("probe", value, written, |lowering| lowering.probe(value, &known))
                }
                "mounts" => continue,
                _ => value.clone(),
            };
            map.set(key.clone(), lowered);
        }
        if let Some(mounts) = fields.get("mounts").filter(|node| !node.is_null()) {
            let mounted = self.mounts(mounts, volumes);
            let native = fields.get("volumeMounts").map(items).unwrap_or_default();
            if !mounted.is_empty() {
                let all = native.into_iter().chain(mounted).collect();
                map.set(Key::new("volumeMounts", mounts.origin()), Node::seq(all, mounts.origin()));
            }
        }
        map.sort_by_key(|entry| self.union.container.position(&entry.key.text));
        Node::map(map, origin)
    }

    /// Returns the named containers of a field that is a mapping by name or the native list, as they are written.
    pub(super) fn named_containers(&mut self, key: &str) -> Vec<(Node, Map, Origin)> {
        const FORM: &str = "write the fields of a container";
        let Some(node) = self.field(key) else { return Vec::new() };
        // Of one that cannot be read nobody knows what is missing.
        let broken =
            || std::iter::once(Entry { key: Key::new("image", Origin::BROKEN), value: Node::broken() }).collect();
        match (node.as_map(), node.as_seq()) {
            (Some(map), _) => {
                let written = map.iter().filter(|entry| !entry.value.is_null());
                let named = written.map(|entry| {
                    let fields = self.expect_map(&entry.value, &entry.key.text, FORM).cloned();
                    let name = Node::string(entry.key.text.clone(), entry.key.origin);
                    (name, fields.unwrap_or_else(broken), entry.origin())
                });
                named.collect()
            }
            (_, Some(items)) => {
                let named = items.iter().map(|item| match self.expect_map(item, key, FORM) {
                    Some(fields) => {
                        let name = fields.get("name").cloned().unwrap_or_else(|| Node::string("", item.origin()));
                        (name, fields.clone(), item.origin())
                    }
                    None => (Node::broken(), broken(), Origin::BROKEN),
                });
                named.collect()
            }
            _ => {
                let message =
                    format!("expected a mapping of containers by name for `{key}`, found {}", node.type_name());
                let name = self.refuse(node, message, "write `containers: {NAME: {image: …}}`");
                vec![(name, broken(), Origin::BROKEN)]
            }
        }
    }
}

/// Returns the name of a container.
pub(super) fn name_of(container: &Node) -> Option<&SmolStr> {
    container.get("name").and_then(Node::text)
}
