//! A set of manifests, checked as a whole.
//!
//! Roots of documents enter; manifests leave in the order written, settled, with the findings. Definitions of custom
//! resources are read first, wherever they stand. An object that cannot be identified yields findings alone.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use smol_str::SmolStr;

use super::crd::Definitions;
use super::identity::{Checked, identify, items_of, unknown_custom_kind};
use super::name;
use super::path::Path;
use super::selector;
use super::shape::{Mode, Walk};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::{Facts, Manifest, ObjectKey};
use crate::text::{Node, Origin, Value};

/// The most bytes of an object that etcd takes, as compact JSON.
pub const MAX_OBJECT_BYTES: usize = 1 << 20;
/// The annotation of what Helm makes at a moment of its own.
const HOOK: &str = "helm.sh/hook";
/// Sets below this size are not worth a second core.
const PARALLEL_OBJECTS: usize = 64;
/// So many objects are checked before their findings are counted, of which very many are not kept.
const AT_ONCE: usize = 8192;

/// Checks objects, each with the place that stands for the whole of it.
pub fn check_objects(
    documents: impl IntoIterator<Item = (Node, Origin)>,
    facts: &Facts,
    mode: Mode,
) -> (Vec<Manifest>, Diagnostics) {
    let mut objects = Vec::new();
    for (node, origin) in documents {
        unpack(node, origin, &mut objects);
    }
    let definitions = define(&objects, facts, mode);
    let check = |(node, origin): &(Node, Origin)| check_object(node, *origin, facts, mode, &definitions);
    let mut diagnostics = Diagnostics::new();
    let mut manifests = Vec::with_capacity(objects.len());
    let mut unknown: BTreeMap<(SmolStr, SmolStr), Diagnostic> = BTreeMap::new();
    for some in objects.chunks(AT_ONCE) {
        let checked: Vec<Outcome> = if some.len() < PARALLEL_OBJECTS {
            some.iter().map(check).collect()
        } else {
            some.par_iter().map(check).collect()
        };
        for Outcome { manifest, findings, unknown: note } in checked {
            diagnostics.extend(findings);
            if let (Some(note), Some(manifest)) = (note, &manifest) {
                let kind = (manifest.key.group.clone(), manifest.key.kind.clone());
                unknown.entry(kind).and_modify(|first| first.count += 1).or_insert(note);
            }
            manifests.extend(manifest);
        }
    }
    diagnostics.extend(unknown.into_values());
    diagnostics.extend(duplicates(&manifests));
    if mode == Mode::Manifest {
        diagnostics = diagnostics.into_iter().map(Diagnostic::as_written).collect();
    }
    (manifests, diagnostics)
}

/// Returns the bytes of a settled tree as compact JSON where they are more than an object may have.
pub fn oversize(node: &Node) -> Option<usize> {
    // Nearly all objects are far below the limit, which is known without a look at each character.
    if size_bound(node) <= MAX_OBJECT_BYTES {
        return None;
    }
    Some(json_size(node)).filter(|size| *size > MAX_OBJECT_BYTES)
}

/// Returns a number that is not below the size of a tree as compact JSON.
fn size_bound(node: &Node) -> usize {
    const PER_BYTE: usize = 6;
    const AROUND: usize = 4;
    match node.value() {
        Value::Seq(items) => AROUND + items.iter().map(|item| 1 + size_bound(item)).sum::<usize>(),
        Value::Map(map) => {
            let entries = map.iter().map(|entry| AROUND + PER_BYTE * entry.key.text.len() + size_bound(&entry.value));
            AROUND + entries.sum::<usize>()
        }
        _ => AROUND + 1 + PER_BYTE * node.text().map_or(0, smol_str::SmolStr::len),
    }
}

/// Returns the bytes of a settled tree as compact JSON.
pub fn json_size(node: &Node) -> usize {
    match node.value() {
        Value::Null => 4,
        Value::Bool(value) => 5 - usize::from(*value),
        Value::Number(text) => text.len(),
        Value::String(text) | Value::Raw(text) | Value::Plain(text) => text_size(text),
        Value::Seq(items) => 1 + items.len().max(1) + items.iter().map(json_size).sum::<usize>(),
        Value::Map(map) => {
            let entries = map.iter().map(|entry| text_size(&entry.key.text) + 1 + json_size(&entry.value));
            1 + map.len().max(1) + entries.sum::<usize>()
        }
    }
}

struct Outcome {
    manifest: Option<Manifest>,
    findings: Vec<Diagnostic>,
    unknown: Option<Diagnostic>,
}

fn unpack(node: Node, origin: Origin, objects: &mut Vec<(Node, Origin)>) {
    match items_of(&node) {
        None => objects.push((node, origin)),
        Some(items) => {
            for item in items {
                let origin = item.origin();
                unpack(item, origin, objects);
            }
        }
    }
}

/// Reads the definitions among the objects, which are checked like all others afterwards.
fn define(objects: &[(Node, Origin)], facts: &Facts, mode: Mode) -> Definitions {
    let ty = facts.kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition").and_then(|kind| facts.type_of(kind));
    let Some(ty) = ty else { return Definitions::default() };
    let settled: Vec<Node> = objects
        .iter()
        .filter(|(node, _)| Definitions::defines(node))
        .map(|(node, _)| Walk::new(facts, mode).settle_type(node, ty, &Path::Root))
        .collect();
    Definitions::read(&settled)
}

fn check_object(node: &Node, origin: Origin, facts: &Facts, mode: Mode, definitions: &Definitions) -> Outcome {
    let mut findings = Vec::new();
    let Some(identified) = identify(node, facts, definitions, &mut findings) else {
        return Outcome { manifest: None, findings, unknown: None };
    };
    let key = identified.key;
    if let Some(finding) = name::check(&key, node, facts) {
        // A manifest holds the very text of its name; in a spec it may be made of other texts.
        let (origin, mended) = (finding.origin, name::mended(&key.name));
        findings.push(match mode {
            Mode::Manifest if !mended.is_empty() && !finding.help.is_empty() => finding.fix(origin, mended),
            _ => finding,
        });
    }
    let mut walk = Walk::new(facts, mode).about(&key);
    let mut unknown = None;
    let settled = match identified.kind {
        Checked::Native(id) => walk.settle_type(node, id, &Path::Root),
        Checked::Custom(_) => walk.settle_custom(node),
        Checked::Unknown => {
            let place = node.get("kind").map_or(origin, Node::origin);
            unknown = Some(unknown_custom_kind(&key, place));
            walk.settle_custom(node)
        }
    };
    findings.extend(walk.into_findings());
    if let Checked::Custom(version) = identified.kind {
        findings.extend(version.check(&settled, node, &key));
    }
    findings.extend(selector::check(&key, &settled));
    if let Some(size) = oversize(&settled) {
        let message = format!(
            "expected an object of at most {} KiB, found one of {}",
            MAX_OBJECT_BYTES >> 10,
            size.div_ceil(1024)
        );
        findings.push(
            Diagnostic::new(Code::ObjectTooLarge, node.get("kind").map_or(origin, Node::origin), message)
                .help("spread its data over several objects, or mount it from a volume")
                .subject(key.to_string(), ""),
        );
    }
    Outcome { manifest: Some(Manifest { key, node: settled, origin }), findings, unknown }
}

/// Finds objects of one identity; their versions do not tell them apart.
fn duplicates(manifests: &[Manifest]) -> impl Iterator<Item = Diagnostic> {
    let mut first: HashMap<[&str; 4], &Manifest> = HashMap::with_capacity(manifests.len());
    manifests.iter().filter_map(move |manifest| {
        let ObjectKey { group, kind, namespace, name, .. } = &manifest.key;
        // Helm makes what a hook holds anew each time, also beside an object of the same name.
        if name.is_empty() || manifest.node.at(&["metadata", "annotations", HOOK]).is_some() {
            return None;
        }
        let known = *first.entry([group, kind, namespace, name]).or_insert(manifest);
        if std::ptr::eq(known, manifest) {
            return None;
        }
        let place = |manifest: &Manifest| manifest.node.at(&["metadata", "name"]).map_or(manifest.origin, Node::origin);
        Some(
            Diagnostic::new(
                Code::DuplicateObject,
                place(manifest),
                format!("`{}` stands twice in the input", manifest.key),
            )
            .label("again here")
            .also(place(known), "first here")
            .help("rename one of them, or give it another namespace: the later one would replace the other")
            .subject(manifest.key.to_string(), "metadata.name"),
        )
    })
}

fn text_size(text: &str) -> usize {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0x00..0x20 => 5,
        _ => 0,
    };
    // Nearly all texts need no escape, and are soon looked through.
    let extra = if text.bytes().all(plain) { 0 } else { text.bytes().map(escaped).sum() };
    2 + text.len() + extra
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_documents;
    use crate::text::Sources;

    fn read(text: &str) -> Vec<(Node, Origin)> {
        let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut Diagnostics::new());
        documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect()
    }

    #[test]
    fn sizes_are_those_of_compact_json() {
        let text = r#"{"a": [1, true, false, null, "x\"\n\u0001é", {}, []], "b": {"c": {"d": 1.5}}, "e": "f"}"#;
        let node = Walk::new(Facts::newest(), Mode::Manifest).settle_custom(&read(text).remove(0).0);
        let compact = serde_json::to_string(&crate::schema::to_json(&node)).unwrap();
        assert_eq!(json_size(&node), compact.len(), "{compact}");
        assert!(size_bound(&node) >= compact.len(), "{compact}");
    }

    #[test]
    fn objects_over_a_mebibyte_are_refused() {
        let object = |length: usize| {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {}}}\n", "x".repeat(length))
        };
        let found = |length: usize| {
            let (_, diagnostics) = check_objects(read(&object(length)), Facts::newest(), Mode::Manifest);
            diagnostics.iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        let rest = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":""}}"#.len();
        assert_eq!(found(MAX_OBJECT_BYTES - rest), []);
        assert_eq!(found(MAX_OBJECT_BYTES - rest + 1), [Code::ObjectTooLarge]);
    }

    #[test]
    fn many_objects_keep_their_order() {
        let documents: Vec<String> =
            (0..500).map(|at| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a-{at}}}\n")).collect();
        let text = documents.join("---\n");
        let (manifests, diagnostics) = check_objects(read(&text), Facts::newest(), Mode::Manifest);
        assert!(diagnostics.is_empty());
        let names: Vec<String> = manifests.iter().map(|manifest| manifest.key.name.to_string()).collect();
        assert_eq!(names, (0..500).map(|at| format!("a-{at}")).collect::<Vec<_>>());
    }
}
