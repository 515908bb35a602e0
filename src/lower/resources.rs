//! Resources: `{cpu: 100m, memory: 64Mi..128Mi}` beside the native requests and limits.

use super::Lowering;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::expand::{is_short, spelled};
use crate::text::{Key, Node};

/// What containers may ask for by a name without a domain; `hugepages-SIZE` besides.
const PLAIN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

impl Lowering<'_> {
    /// Spells out the resources of a container.
    pub(super) fn resources(&mut self, node: &Node) -> Node {
        let spelled = self.spelled_resources(node);
        let mut told = Vec::new();
        for amounts in ["requests", "limits"].iter().filter_map(|key| spelled.get(key).and_then(Node::as_map)) {
            for Key { text, origin, .. } in amounts.iter().map(|entry| &entry.key) {
                let known = PLAIN.contains(&text.as_str()) || text.contains('/') || text.starts_with("hugepages-");
                if !known && !told.contains(origin) {
                    told.push(*origin);
                    self.diagnostics.push(
                        Diagnostic::new(Code::UnknownField, *origin, format!("containers have no resource `{text}`"))
                            .did_you_mean_word(text, PLAIN)
                            .help("what a device plugin brings has a domain: `nvidia.com/gpu`"),
                    );
                }
            }
        }
        spelled
    }

    fn spelled_resources(&mut self, node: &Node) -> Node {
        let Some(map) = node.as_map().filter(|map| map.iter().any(|entry| is_short(&entry.key.text))) else {
            return node.clone();
        };
        let mut read = map.clone();
        for entry in map.iter().filter(|entry| is_short(&entry.key.text) && !entry.value.is_null()) {
            let native = did_you_mean(&entry.key.text, ["requests", "limits", "claims"]);
            if let Some(native) = native.filter(|_| entry.value.text().is_none()) {
                let message = format!("resources have no field `{}`", entry.key.text);
                self.diagnostics.push(
                    Diagnostic::new(Code::UnknownField, entry.key.origin, message)
                        .did_you_mean_word(&entry.key.text, [native]),
                );
            } else if entry.value.text().is_none() {
                let broken = self.refuse(
                    &entry.value,
                    format!("expected an amount of `{}`, found {}", entry.key.text, entry.value.type_name()),
                    "write `{cpu: 100m, memory: 64Mi..128Mi}`: a request, or a request and a limit",
                );
                read.set(entry.key.clone(), broken);
            }
        }
        let spelled = spelled(&read).iter().filter(|entry| !is_short(&entry.key.text)).cloned().collect();
        Node::map(spelled, node.origin())
    }
}
