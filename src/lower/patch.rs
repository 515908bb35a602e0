//! Patches of objects: strategic merge by the bundled list keys, and JSON patches, by kind or by kind and name.
//!
//! A patch that changes nothing, or that no object takes, is a finding. What a patch leaves is identified anew, as if it had
//! been written so, and nothing grows beyond what an object can be.

use std::sync::atomic::{AtomicBool, Ordering};

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, words};
use crate::expand::{Place, merge};
use crate::kubernetes::{Facts, Manifest, ObjectKey};
use crate::limits;
use crate::text::{Entry, Key, Map, Node, Origin, Value};

/// Says what an object is that a patch has changed: those that come after lowering know.
pub trait Identify: Sync + std::fmt::Debug {
    /// Returns the identity of an object; `None` if it is none, which the findings tell.
    fn identify(&self, object: &Node, findings: &mut Vec<Diagnostic>) -> Option<ObjectKey>;
}

/// The patches of a batch, and whether they changed anything.
#[derive(Debug, Default)]
pub struct BatchPatches {
    patches: Vec<(Patch, AtomicBool)>,
}

/// A patch of the objects of one kind, or of the one of them that has a name.
#[derive(Clone, Debug)]
struct Patch {
    kind: SmolStr,
    name: Option<SmolStr>,
    body: Node,
    json: bool,
    origin: Origin,
}

impl BatchPatches {
    /// Reads the patches of a batch.
    pub fn read(strategic: Option<&Node>, json: Option<&Node>, diagnostics: &mut Diagnostics) -> Self {
        let patches = read(strategic, json, diagnostics).into_iter().map(|patch| (patch, AtomicBool::new(false)));
        Self { patches: patches.collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    /// Applies the patches to an object.
    ///
    /// An object that is none any more comes back as it was before the patch, which is told.
    pub fn apply(
        &self,
        facts: &'static Facts,
        identify: &dyn Identify,
        object: Manifest,
        diagnostics: &mut Diagnostics,
    ) -> Manifest {
        let mut object = object;
        for (patch, effective) in &self.patches {
            if !patch.is_for(&object.key) {
                continue;
            }
            let changed;
            (object, changed) = patch.apply(facts, identify, object, diagnostics);
            if changed != Some(false) {
                effective.store(true, Ordering::Relaxed);
            }
        }
        object
    }

    /// Reports the patches that changed nothing in the whole run.
    pub fn finish(&self, diagnostics: &mut Diagnostics) {
        for (patch, effective) in &self.patches {
            if !effective.load(Ordering::Relaxed) {
                diagnostics.push(ineffective(patch));
            }
        }
    }
}

/// Applies the patches of an instance to one of its objects.
pub(super) fn apply_own(
    facts: &'static Facts,
    identify: &dyn Identify,
    fields: &Node,
    object: Manifest,
    diagnostics: &mut Diagnostics,
) -> Manifest {
    if fields.get("patch").is_none() && fields.get("patchJSON6902").is_none() {
        return object;
    }
    let mut object = object;
    for patch in read(fields.get("patch"), fields.get("patchJSON6902"), diagnostics) {
        if !patch.is_for(&object.key) {
            continue;
        }
        let changed;
        (object, changed) = patch.apply(facts, identify, object, diagnostics);
        if changed == Some(false) {
            diagnostics.push(ineffective(&patch));
        }
    }
    object
}

/// Reports the patches of an instance that none of its objects takes.
pub(super) fn check_kinds(fields: &Node, objects: &[Manifest], diagnostics: &mut Diagnostics) {
    for patch in read(fields.get("patch"), fields.get("patchJSON6902"), &mut Diagnostics::new()) {
        if !objects.iter().any(|object| patch.is_for(&object.key)) {
            let kinds = objects.iter().map(|object| object.key.kind.as_str());
            diagnostics.push(
                Diagnostic::new(
                    Code::IneffectivePatch,
                    patch.origin,
                    format!("the workload makes no `{}` to patch", patch.target()),
                )
                .maybe_help(crate::diagnostic::suggestion(&patch.kind, kinds)),
            );
        }
    }
}

fn ineffective(patch: &Patch) -> Diagnostic {
    Diagnostic::new(Code::IneffectivePatch, patch.origin, format!("this patch of `{}` changes nothing", patch.target()))
        .help("remove it, or mend its path: what it sets is there already, or no such object is made")
}

fn read(strategic: Option<&Node>, json: Option<&Node>, diagnostics: &mut Diagnostics) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (node, is_json) in [(strategic, false), (json, true)] {
        let Some(node) = node.filter(|node| !node.is_null()) else { continue };
        let Some(map) = node.as_map() else {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidPatch,
                    node.origin(),
                    format!("expected patches by kind, found {}", node.type_name()),
                )
                .help("write `patch: {Deployment: {spec: {…}}}`"),
            );
            continue;
        };
        for Entry { key, value } in map {
            // Layers of a workload bring several patches of one kind, in their order.
            let layers = match value.as_seq() {
                Some(layers) if !is_json => layers.iter().map(|body| (body, body.origin())).collect(),
                _ => vec![(value, key.origin)],
            };
            for (body, origin) in layers {
                let fits = if is_json { body.as_seq().is_some() } else { body.as_map().is_some() };
                if !fits {
                    let expected = if is_json { "a list of operations" } else { "a mapping" };
                    diagnostics.push(Diagnostic::new(
                        Code::InvalidPatch,
                        body.origin(),
                        format!("expected {expected} for the patch of `{}`, found {}", key.text, body.type_name()),
                    ));
                    continue;
                }
                let (kind, name) = match key.text.split_once('/') {
                    Some((kind, name)) => (kind.into(), Some(name.into())),
                    None => (key.text.clone(), None),
                };
                patches.push(Patch { kind, name, body: body.clone(), json: is_json, origin });
            }
        }
    }
    patches
}

impl Patch {
    fn is_for(&self, key: &ObjectKey) -> bool {
        self.kind == key.kind && self.name.as_ref().is_none_or(|name| *name == key.name)
    }

    /// Returns what it patches, as it was written.
    fn target(&self) -> SmolStr {
        match &self.name {
            Some(name) => smol_str::format_smolstr!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// Returns the patched object, and whether it changed: none where the patch cannot be applied, which is told here.
    fn apply(
        &self,
        facts: &'static Facts,
        identify: &dyn Identify,
        object: Manifest,
        diagnostics: &mut Diagnostics,
    ) -> (Manifest, Option<bool>) {
        let node = if self.json {
            match self.operate(&object.node) {
                Ok(node) => node,
                Err(finding) => {
                    diagnostics.push((*finding).subject(object.key.to_string(), ""));
                    return (object, None);
                }
            }
        } else {
            let ty = facts
                .kind(&object.key.group, &object.key.version, &object.key.kind)
                .and_then(|kind| facts.type_of(kind))
                .map(|id| facts.ty(id));
            merge(facts, &object.node, &self.body, ty.map_or(Place::Free, Place::Type))
        };
        if node == object.node {
            return (object, Some(false));
        }
        let mut findings = Vec::new();
        let identified = identify.identify(&node, &mut findings);
        let before = object.key.to_string();
        // What the patch does not hold itself is missed where the patch starts.
        let at_patch = |finding: Diagnostic| {
            let is_inside = self.holds(finding.origin);
            let label = if is_inside { finding.label.clone() } else { "this patch leaves it so".to_owned() };
            let origin = if is_inside { finding.origin } else { self.origin };
            Diagnostic { origin, ..finding }.label(label).subject(before.as_str(), "")
        };
        // A name that the patch took away is one whose finding the object itself does not have.
        let is_whole = identified.is_some() && findings.iter().all(|finding| finding.code != Code::MissingField);
        diagnostics.extend(findings.into_iter().map(at_patch));
        match identified {
            Some(key) if is_whole => (Manifest { key, node, origin: object.origin }, Some(true)),
            _ => (object, None),
        }
    }

    /// Applies the operations of a JSON patch, one after the other.
    fn operate(&self, node: &Node) -> Result<Node, Box<Diagnostic>> {
        let operations = self.body.as_seq().unwrap_or_default();
        if operations.len() > limits::PATCH_OPERATIONS {
            let message =
                format!("expected at most {} operations, found {}", limits::PATCH_OPERATIONS, operations.len());
            return Err(Box::new(Diagnostic::new(Code::InvalidPatch, self.origin, message)));
        }
        let mut room = Room(limits::PATCHED_NODES);
        operations.iter().try_fold(node.clone(), |node, operation| operate(&node, operation, &mut room))
    }

    /// Whether a place is in the text of the patch.
    fn holds(&self, place: Origin) -> bool {
        let body = self.body.origin();
        place.file == body.file && body.start <= place.start && place.end <= body.end && place != self.origin
    }
}

/// How much a JSON patch may still bring or move, in nodes, each `copy` written out.
struct Room(usize);

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
fn operate(node: &Node, operation: &Node, room: &mut Room) -> Result<Node, Box<Diagnostic>> {
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
    let missing = || Box::new(nothing_at(node, &target, path, path_node.origin()));
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

/// Says how far a path leads, and what there is where it ends.
fn nothing_at(node: &Node, steps: &[String], path: &str, origin: Origin) -> Diagnostic {
    let finding = Diagnostic::new(Code::InvalidPatch, origin, format!("there is nothing at `{path}`"));
    let mut at = node;
    for (depth, step) in steps.iter().enumerate() {
        if let Some(next) = find(at, std::slice::from_ref(step)) {
            at = next;
            continue;
        }
        let place = if depth == 0 { "the object".to_owned() } else { format!("`/{}`", steps[..depth].join("/")) };
        if let Some(map) = at.as_map() {
            let keys = || map.iter().map(|entry| entry.key.text.as_str());
            if let Some(near) = did_you_mean(step, keys()) {
                let mended = path.replacen(&format!("/{step}"), &format!("/{near}"), 1);
                return finding.help(format!("did you mean `{mended}`?")).fix(origin, mended);
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
