//! What a kustomization adds to the objects that it builds from: its text in, the additions out.
//!
//! Nothing is built: of a patch it is read which fields it writes, and of which objects.

use smol_str::SmolStr;

use super::input::ReadFile;
use crate::check::{Additions, Patched};
use crate::diagnostic::Diagnostics;
use crate::read::{Files, join, read_documents};
use crate::text::{Node, Sources, Value};

/// Where patches are read that stand in files of their own.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) folder: &'a str,
    pub(super) read: &'a [ReadFile],
    pub(super) files: &'a dyn Files,
}

/// Reads what a kustomization adds.
pub(super) fn additions(root: &Node, beside: Beside<'_>) -> Additions {
    let items = |field: &str| root.get(field).and_then(Node::as_seq).unwrap_or_default();
    let has = |field: &str| root.get(field).is_some_and(|node| node.as_map().is_some_and(|map| !map.is_empty()));
    let selects = |label: &Node| ["includeSelectors", "includeTemplates"].iter().any(|key| is_true(label.get(key)));
    let images = items("images").iter().filter_map(|image| image.get("name")?.text().cloned());
    let whole = items("patchesStrategicMerge").iter().flat_map(|item| patches(item.as_str(), None, beside));
    let named = ["patches", "patchesJson6902"].iter().flat_map(|field| items(field)).flat_map(|item| {
        let text = ["patch", "path"].iter().find_map(|key| item.get(key)).and_then(Node::as_str);
        patches(text, item.get("target"), beside)
    });
    Additions {
        namespace: root.get("namespace").and_then(Node::as_str).is_some_and(|name| !name.is_empty()),
        selectors: has("commonLabels") || items("labels").iter().any(selects),
        images: images.collect(),
        patches: whole.chain(named).collect(),
    }
}

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::as_str) == Some("true") || matches!(node.map(Node::value), Some(Value::Bool(true)))
}

/// Reads the patches of a text, or of the file that it names.
fn patches(text: Option<&str>, target: Option<&Node>, beside: Beside<'_>) -> Vec<Patched> {
    let of_target = |key: &str| target.and_then(|target| target.get(key)?.text().cloned());
    // Names of targets are patterns.
    let is_plain = |name: &SmolStr| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let aimed = Patched { kind: of_target("kind"), name: of_target("name").filter(is_plain), paths: None };
    let roots = text.map(|text| documents(text, beside)).unwrap_or_default();
    if roots.is_empty() {
        // What it writes is not known, and neither is that something is missing.
        return vec![aimed];
    }
    roots
        .iter()
        .map(|root| {
            if let Some(operations) = root.as_seq() {
                let path = |operation: &Node| Some(dotted(operation.get("path")?.as_str()?));
                return Patched { paths: Some(operations.iter().filter_map(path).collect()), ..aimed.clone() };
            }
            let own = |path: &[&str]| root.at(path).and_then(Node::text).cloned();
            let mut paths = Vec::new();
            written(root, "", &mut paths);
            let aim = target.is_none();
            Patched {
                kind: if aim { own(&["kind"]) } else { aimed.kind.clone() },
                name: if aim { own(&["metadata", "name"]) } else { aimed.name.clone() },
                paths: Some(paths),
            }
        })
        .collect()
}

fn documents(text: &str, beside: Beside<'_>) -> Vec<Node> {
    let parse = |bytes: Vec<u8>| -> Vec<Node> {
        let read = read_documents(&mut Sources::default(), "", bytes, &mut Diagnostics::new());
        read.into_iter().map(|document| document.root).collect()
    };
    if text.contains('\n') || text.trim_start().starts_with(['[', '{']) {
        return parse(text.as_bytes().to_vec());
    }
    let name = join(beside.folder, text);
    match beside.read.iter().find(|file| file.name == name) {
        Some(file) => file.documents.iter().map(|document| document.root.clone()).collect(),
        None if beside.files.outside(&name, beside.folder).is_some() => Vec::new(),
        None => beside.files.read(&name).map(parse).unwrap_or_default(),
    }
}

/// Returns `spec.template.spec` for `/spec/template/spec`, without the places of items.
fn dotted(pointer: &str) -> String {
    let steps = pointer.split('/').filter(|step| !step.is_empty() && *step != "-" && step.parse::<u32>().is_err());
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join(".")
}

/// Collects the paths of the values of a tree; items of a list stand at its path.
fn written(node: &Node, path: &str, found: &mut Vec<String>) {
    match node.value() {
        Value::Map(map) if !map.is_empty() => {
            for entry in map {
                let key = &entry.key.text;
                let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                written(&entry.value, &below, found);
            }
        }
        Value::Seq(items) if !items.is_empty() => items.iter().for_each(|item| written(item, path, found)),
        _ => found.push(path.to_owned()),
    }
}
