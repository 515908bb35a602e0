//! JSON patches (RFC 6902): an operation and a tree in, the changed tree out, or why it cannot be.
//!
//! Nothing grows beyond the room of its patch; what is not there is reported with how far its path leads.

use crate::diagnostic::{Code, Diagnostic, did_you_mean, words};
use crate::limits;
use crate::text::{Key, Map, Node, Origin, Value};

/// How much a JSON patch may still bring or move, in nodes, each `copy` written out.
pub(super) struct Room(pub(super) usize);

impl Room {
    /// Takes the room of a value that comes to stand so deep; `None` if there is none.
    fn take(&mut self, value: &Node, depth: usize) -> Option<()> {
        /// So many bytes of a text take the room of a node.
        const BYTES: usize = 64;
        self.spend(1 + value.text().map_or(0, |text| text.len() / BYTES))?;
        let deeper = depth + 1;
        match value.value() {
            Value::Map(_) | Value::Seq(_) if deeper > limits::DEPTH => None,
            Value::Map(map) => map.iter().try_for_each(|entry| self.take(&entry.value, deeper)),
            Value::Seq(items) => items.iter().try_for_each(|item| self.take(item, deeper)),
            _ => Some(()),
        }
    }

    fn spend(&mut self, nodes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(nodes)?;
        Some(())
    }
}

/// Applies one operation of a JSON patch (RFC 6902).
pub(super) fn operate(node: &Node, operation: &Node, room: &mut Room) -> Result<Node, Box<Diagnostic>> {
    let refuse = |at: &Node, message: String| Box::new(Diagnostic::new(Code::InvalidPatch, at.origin(), message));
    let text = |key: &str| operation.get(key).and_then(Node::as_str);
    let Some(op) = text("op") else { return Err(refuse(operation, "an operation needs `op`".into())) };
    let Some(path) = text("path") else { return Err(refuse(operation, "an operation needs `path`".into())) };
    let path_node = operation.get("path").unwrap_or(operation);
    let read = |key: &str, path: &str| {
        steps(path).ok_or_else(|| {
            let finding = refuse(operation.get(key).unwrap_or(operation), format!("expected a path, found `{path}`"));
            Box::new(finding.help("each step starts with `/`; in a key, `~` is written `~0` and `/` is written `~1`"))
        })
    };
    let value = || operation.get("value").cloned().ok_or_else(|| refuse(operation, format!("`{op}` needs a `value`")));
    let from = || {
        let path = text("from").ok_or_else(|| refuse(operation, format!("`{op}` needs `from`")))?;
        let steps = read("from", path)?;
        match find(node, &steps).cloned() {
            Some(found) => Ok((found, steps)),
            None => Err(refuse(operation, format!("there is nothing at `{path}`"))),
        }
    };
    let target = read("path", path)?;
    let full = || {
        let message = format!(
            "the patch makes the object larger than {} nodes, or deeper than {}",
            words::grouped(limits::PATCHED_NODES),
            limits::DEPTH
        );
        refuse(operation, message)
    };
    // Each edit copies what stands beside it.
    room.spend(beside(node, &target) / COPIED_FOR_ONE).ok_or_else(full)?;
    let mut fitting = |value: Node| room.take(&value, target.len()).map(|()| value).ok_or_else(full);
    let missing =
        || Box::new(nothing_at(node, &target, path, path_node.origin(), matches!(op, "add" | "copy" | "move")));
    match op {
        "add" => edit(node, &target, &Edit::Add(fitting(value()?)?)).ok_or_else(missing),
        "replace" => edit(node, &target, &Edit::Replace(fitting(value()?)?)).ok_or_else(missing),
        "remove" => edit(node, &target, &Edit::Remove).ok_or_else(missing),
        "copy" => edit(node, &target, &Edit::Add(fitting(from()?.0)?)).ok_or_else(missing),
        "move" => {
            let (moved, source) = from()?;
            let moved = fitting(moved)?;
            let without = edit(node, &source, &Edit::Remove).ok_or_else(missing)?;
            edit(&without, &target, &Edit::Add(moved)).ok_or_else(missing)
        }
        "test" => {
            let wanted = value()?;
            match find(node, &target) {
                Some(found) if crate::expand::same_value(found, &wanted) => Ok(node.clone()),
                _ => Err(refuse(path_node, format!("the test of `{path}` does not hold"))),
            }
        }
        other => Err(refuse(
            operation.get("op").unwrap_or(operation),
            format!("expected `add`, `remove`, `replace`, `move`, `copy` or `test`, found `{other}`"),
        )),
    }
}

/// Fields whose keys may have a slash, behind a domain.
const KEYED: &[&str] =
    &["annotations", "labels", "matchLabels", "nodeSelector", "selector", "limits", "requests", "capacity", "hard"];

/// Says how far a path leads, and what there is where it ends; `is_added`, whether something was to come there.
fn nothing_at(node: &Node, steps: &[String], path: &str, origin: Origin, is_added: bool) -> Diagnostic {
    let finding = Diagnostic::new(Code::InvalidPatch, origin, format!("there is nothing at `{path}`"));
    let mut at = node;
    for (depth, step) in steps.iter().enumerate() {
        if let Some(next) = find(at, std::slice::from_ref(step)) {
            at = next;
            continue;
        }
        let place = if depth == 0 { "the object".to_owned() } else { format!("`{}`", pointer(&steps[..depth])) };
        if let Some(map) = at.as_map() {
            let keys = || map.iter().map(|entry| entry.key.text.as_str());
            let mended = |key: &str, rest: &[String]| {
                let whole: Vec<String> =
                    steps[..depth].iter().cloned().chain([key.to_owned()]).chain(rest.iter().cloned()).collect();
                pointer(&whole)
            };
            // The longest key that the path may have meant by several steps.
            let joined = (depth + 2..=steps.len()).rev().map(|end| (end, steps[depth..end].join("/")));
            if let Some((end, key)) = joined.clone().find(|(_, key)| map.contains(key)) {
                let mended = mended(&key, &steps[end..]);
                let help = format!("{place} has `{key}`: a `/` in a key is written `~1`, so the path is `{mended}`");
                return finding.help(help).fix(origin, mended);
            }
            if let Some(near) = did_you_mean(step, keys()) {
                let mended = mended(near, &steps[depth + 1..]);
                return finding.help(format!("did you mean `{mended}`?")).fix(origin, mended);
            }
            if is_added && depth + 1 < steps.len() {
                let missing = pointer(&steps[..=depth]);
                let finding = Diagnostic { message: format!("there is no `{missing}` to add to"), ..finding };
                let are_texts = map.iter().all(|entry| entry.value.text().is_some());
                let is_keyed =
                    are_texts && depth.checked_sub(1).is_some_and(|last| KEYED.contains(&steps[last].as_str()));
                return match joined.clone().next().filter(|_| is_keyed) {
                    Some((end, key)) if end == steps.len() => {
                        finding.help(format!("a `/` in a key is written `~1`: `{}`", mended(&key, &[])))
                    }
                    _ => finding.help(format!(
                        "add `{missing}` first, with a mapping as its `value`, or use `patch`, which makes what is not there"
                    )),
                };
            }
            return finding.help(format!("{place} has {}", words::list(keys(), "and")));
        }
        return finding.help(match at.as_seq() {
            Some(items) => {
                format!("{place} is a list of {}: items count from 0, and `-` stands for a new last one", items.len())
            }
            None => format!("{place} has no parts"),
        });
    }
    finding
}

/// Writes steps as a JSON pointer.
fn pointer(steps: &[String]) -> String {
    steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// So many entries are copied in the time of one that is made.
const COPIED_FOR_ONE: usize = 16;

/// Returns how many entries and items stand beside the way to a place.
fn beside(node: &Node, path: &[String]) -> usize {
    let count = |node: &Node| node.as_map().map_or(0, Map::len) + node.as_seq().map_or(0, <[Node]>::len);
    let mut all = count(node);
    let mut at = node;
    for step in path {
        match find(at, std::slice::from_ref(step)) {
            Some(next) => at = next,
            None => break,
        }
        all += count(at);
    }
    all
}

enum Edit {
    Add(Node),
    Replace(Node),
    Remove,
}

/// Reads a JSON pointer (RFC 6901). Returns `None` if the text is none.
fn steps(pointer: &str) -> Option<Vec<String>> {
    let sound = |step: &str| step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let mut parts = pointer.split('/');
    let starts = parts.next() == Some("");
    let steps = parts.map(|step| sound(step).then(|| step.replace("~1", "/").replace("~0", "~")));
    starts.then(|| steps.collect()).flatten()
}

/// Reads the number of an item, which has one notation alone.
fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || !step.starts_with(['0', '+']);
    canonical.then(|| step.parse().ok()).flatten()
}

fn find<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, step| match node.as_seq() {
        Some(items) => items.get(index(step)?),
        None => node.get(step),
    })
}

/// Returns a copy with the edit made at a path; none where the path leads nowhere.
fn edit(node: &Node, path: &[String], change: &Edit) -> Option<Node> {
    let Some((step, rest)) = path.split_first() else {
        return match change {
            Edit::Add(value) | Edit::Replace(value) => Some(value.clone()),
            Edit::Remove => None,
        };
    };
    let origin = node.origin();
    if let Some(items) = node.as_seq() {
        let mut items = items.to_vec();
        let at = if step == "-" { items.len() } else { index(step)? };
        match (rest.is_empty(), change) {
            (true, Edit::Add(value)) if at <= items.len() => items.insert(at, value.clone()),
            (true, Edit::Remove) if at < items.len() => drop(items.remove(at)),
            _ => {
                let inner = edit(items.get(at)?, rest, change)?;
                items[at] = inner;
            }
        }
        return Some(Node::seq(items, origin));
    }
    let mut map: Map = node.as_map()?.clone();
    match (rest.is_empty(), change) {
        (true, Edit::Add(value)) => map.set(Key::new(step.as_str(), value.origin()), value.clone()),
        (true, Edit::Remove) => drop(map.remove(step)?),
        _ => {
            let entry = map.entry(step)?.clone();
            map.set(entry.key, edit(&entry.value, rest, change)?);
        }
    }
    Some(Node::map(map, origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::emit::json;
    use crate::read::read_document;
    use crate::text::Sources;

    const OBJECT: &str = "{a: [10, 11, 12], b: {'x/y': 1, 'm~n': two, c: '1'}}";

    fn node(text: &str) -> Node {
        read_document(&mut Sources::default(), "t", text.into(), &mut Diagnostics::new()).expect("a document")
    }

    /// Returns what an operation leaves, as JSON; otherwise what is said of it.
    fn operated(operation: &str) -> String {
        match operate(&node(OBJECT), &node(operation), &mut Room(limits::PATCHED_NODES)) {
            Ok(changed) => {
                let mut bytes = Vec::new();
                json::write_compact(&changed, &mut bytes);
                String::from_utf8(bytes).expect("JSON is UTF-8")
            }
            Err(finding) => finding.message,
        }
    }

    #[test]
    fn paths_are_json_pointers() {
        assert!(operated("{op: remove, path: /b/x~1y}").ends_with(r#""b":{"m~n":"two","c":"1"}}"#));
        assert!(operated("{op: remove, path: /b/m~0n}").ends_with(r#""b":{"x/y":1,"c":"1"}}"#));
        for path in ["a", "a/0", "b/c", "/b/m~n", "/b/m~2n", "/b/c~"] {
            for operation in [
                format!("{{op: add, path: {path}, value: 1}}"),
                format!("{{op: copy, from: {path}, path: /b}}"),
                format!("{{op: test, path: {path}, value: 1}}"),
            ] {
                assert_eq!(operated(&operation), format!("expected a path, found `{path}`"), "{operation}");
            }
        }
    }

    #[test]
    fn items_have_one_number_each() {
        assert!(operated("{op: remove, path: /a/1}").starts_with(r#"{"a":[10,12]"#));
        assert!(operated("{op: add, path: /a/3, value: 13}").starts_with(r#"{"a":[10,11,12,13]"#));
        for step in ["01", "+1", "00", "-1", "-", "4", "1e0"] {
            let found = operated(&format!("{{op: replace, path: /a/{step}, value: 1}}"));
            assert_eq!(found, format!("there is nothing at `/a/{step}`"));
        }
    }
}
