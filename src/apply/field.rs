//! From a path in a message of the server to the place that made the field.
//!
//! Paths come in two notations: `spec.template.spec.containers[0].image` of validation, and
//! `.spec.template.spec.containers[name="web"].image` of server-side apply, where keys of mappings may hold dots.

use crate::text::{Node, Origin, Value};

/// Returns the place of a field; of the deepest part of the path that is there, where the field itself is not.
pub(super) fn locate(node: &Node, path: &str) -> Origin {
    descend(node, path.trim_start_matches('.')).origin()
}

fn descend<'a>(node: &'a Node, path: &str) -> &'a Node {
    if path.is_empty() {
        return node;
    }
    match node.value() {
        Value::Map(map) => {
            let (key, rest) = if let Some(rest) = path.strip_prefix('[') {
                let Some((key, rest)) = rest.split_once(']') else { return node };
                (key.trim_matches('"'), rest)
            } else {
                let longest = map
                    .iter()
                    .map(|entry| entry.key.text.as_str())
                    .filter(|key| {
                        path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                    })
                    .max_by_key(|key| key.len());
                let Some(key) = longest else { return node };
                (key, &path[key.len()..])
            };
            map.get(key).map_or(node, |inner| descend(inner, rest.trim_start_matches('.')))
        }
        Value::Seq(items) => {
            let Some((inside, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
                return node;
            };
            let item = match inside.parse::<usize>() {
                Ok(index) => items.get(index),
                Err(_) => items.iter().find(|item| has_keys(item, inside)),
            };
            item.map_or(node, |item| descend(item, rest.trim_start_matches('.')))
        }
        _ => node,
    }
}

/// Whether an item has the keys of `containerPort=80,protocol="TCP"`; keys that it leaves out are defaults of the server.
fn has_keys(item: &Node, keys: &str) -> bool {
    let mut named = false;
    let all = keys.split(',').all(|pair| {
        let Some((key, value)) = pair.split_once('=') else { return false };
        match item.get(key) {
            Some(found) => {
                named = true;
                text(found).is_some_and(|text| text == value.trim_matches('"'))
            }
            None => true,
        }
    });
    all && named
}

fn text(node: &Node) -> Option<String> {
    match node.value() {
        Value::String(text) | Value::Number(text) | Value::Plain(text) => Some(text.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::read::read_document;
    use crate::text::Sources;

    #[test]
    fn both_notations_find_the_line() {
        let text = "metadata:\n  labels:\n    app.kubernetes.io/name: x\nspec:\n  containers:\n  - name: web\n    image: i\n    ports:\n    - containerPort: 80\n";
        let mut sources = Sources::default();
        let node =
            read_document(&mut sources, "a.yaml", text.as_bytes().to_vec(), &mut Diagnostics::new()).expect("reads");
        let line = |path: &str| sources.place(locate(&node, path)).map(|(_, place)| place.line);
        assert_eq!(line("spec.containers[0].image"), Some(7));
        assert_eq!(line(".spec.containers[name=\"web\"].image"), Some(7));
        assert_eq!(line(".metadata.labels.app.kubernetes.io/name"), Some(3));
        assert_eq!(line("metadata.labels[app.kubernetes.io/name]"), Some(3));
        assert_eq!(line(".spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"].hostPort"), Some(9));
        assert_eq!(line("spec.containers[0].resources.limits[cpu]"), Some(6), "the deepest that is there");
    }
}
