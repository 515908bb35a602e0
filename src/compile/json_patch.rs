//! The shape of JSON patches (RFC 6902) in files that a kustomization names: what no object is needed for.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::text::Node;

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Reports operations that cannot be read.
pub(super) fn check(operations: &[Node], diagnostics: &mut Diagnostics) {
    for operation in operations {
        let text = |field: &str| operation.get(field).and_then(Node::as_str);
        let mut refuse = |node: &Node, message: String| {
            diagnostics.push(Diagnostic::new(Code::InvalidPatch, node.origin(), message));
        };
        let Some((op, node)) = text("op").zip(operation.get("op")) else {
            refuse(operation, "an operation needs `op`".to_owned());
            continue;
        };
        if !OPERATIONS.contains(&op) {
            refuse(node, format!("expected one of `{}`, found `{op}`", OPERATIONS.join("`, `")));
        }
        let other = match op {
            "move" | "copy" => Some("from"),
            "add" | "replace" | "test" => Some("value"),
            _ => None,
        };
        for field in std::iter::once("path").chain(other) {
            match operation.get(field) {
                None => refuse(operation, format!("`{op}` needs `{field}`")),
                Some(_) if field == "value" => {}
                Some(node) => {
                    let path = node.as_str().unwrap_or_default();
                    if !path.is_empty() && !path.starts_with('/') {
                        refuse(node, format!("expected a path whose steps start with `/`, found `{path}`"));
                    }
                }
            }
        }
    }
}
