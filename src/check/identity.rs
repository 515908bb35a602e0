//! Which kind an object is of: native, custom, or none that Kubernetes serves.
//!
//! An object enters; its identity and what it is checked against leave, or the reason why it cannot be checked.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::crd::{Definition, Definitions, Version};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, has_slips, is_near, words};
use crate::kubernetes::facts::{Kind, Lifecycle};
use crate::kubernetes::{Facts, Minor, ObjectKey, TypeId};
use crate::text::{Entry, Key, Map, Node, Origin, Value, scalar};

/// An object whose kind is known, or known to be unknown.
#[derive(Debug)]
pub struct Identified<'a> {
    /// Its identity.
    pub key: ObjectKey,
    /// What it is checked against.
    pub kind: Checked<'a>,
}

/// What an object is checked against.
#[derive(Clone, Copy, Debug)]
pub enum Checked<'a> {
    /// A type of Kubernetes.
    Native(TypeId),
    /// A version of a definition among the inputs.
    Custom(&'a Version),
    /// Nothing: the definition of its kind is not among the inputs.
    Unknown,
}

/// Returns the objects of a list: `kind: List`, or the list of one kind, whose items need not repeat what they are.
pub fn items_of(node: &Node) -> Option<Vec<Node>> {
    let map = node.as_map()?;
    let kind = map.get("kind")?.as_str()?.strip_suffix("List")?;
    let items = map.get("items").filter(|items| items.as_seq().is_some() || items.is_null())?;
    if map.contains("spec") || map.get("metadata").is_some_and(|metadata| metadata.get("name").is_some()) {
        return None;
    }
    let complete = |item: &Node| match item.value() {
        Value::Map(fields) if !kind.is_empty() && !fields.contains("kind") => {
            let mut whole = Map::with_capacity(fields.len() + 2);
            if let Some(version) = map.get("apiVersion").filter(|_| !fields.contains("apiVersion")) {
                whole.push(Key::new("apiVersion", version.origin()), version.clone());
            }
            let origin = map.get("kind").map_or(item.origin(), Node::origin);
            whole.push(Key::new("kind", origin), Node::string(kind, origin));
            fields.iter().for_each(|entry| whole.push(entry.key.clone(), entry.value.clone()));
            Node::map(whole, item.origin())
        }
        _ => item.clone(),
    };
    Some(items.as_seq().unwrap_or_default().iter().map(complete).collect())
}

/// Finds out what an object is; where that cannot be, the findings say why.
pub fn identify<'a>(
    node: &Node,
    facts: &Facts,
    definitions: &'a Definitions,
    findings: &mut Vec<Diagnostic>,
) -> Option<Identified<'a>> {
    let Some(map) = node.as_map() else {
        let message = format!("expected an object of Kubernetes, found {}", words::found(node, false));
        findings.push(
            Diagnostic::new(Code::NotAMapping, node.origin(), message)
                .help("an object is a mapping with `apiVersion`, `kind` and `metadata`"),
        );
        return None;
    };
    let before = findings.len();
    let (api_version, kind) = (required(map, "apiVersion", node, findings), required(map, "kind", node, findings));
    let ((Some(api_version), Some(kind)), true) = ((api_version, kind), findings.len() == before) else { return None };
    let key = ObjectKey::of(node)?;
    let identified = if let Some(known) = facts.kind(&key.group, &key.version, &key.kind) {
        findings.extend(deprecation(&key, facts, api_version.origin()));
        facts.type_of(known).map_or(Checked::Unknown, Checked::Native)
    } else if let Some(definition) = definitions.get(&key.group, &key.kind, node.origin().file) {
        let all = || definitions.all(&key.group, &key.kind).iter();
        let version = definition.version(&key.version).or_else(|| all().find_map(|other| other.version(&key.version)));
        let Some(version) = version else {
            let served: BTreeSet<&str> = all().flat_map(Definition::served).collect();
            let served = words::list(served, "and");
            let message = format!("`{}` has no version `{}` of `{}`", key.group, key.version, key.kind);
            findings.push(
                Diagnostic::new(Code::UnknownKind, api_version.origin(), message)
                    .also(definition.origin, "the definition")
                    .help(format!("its definition serves {served}")),
            );
            return None;
        };
        findings.extend(version.deprecation(&key, api_version.origin()));
        Checked::Custom(version)
    } else if let Some(finding) = unserved(&key, facts, api_version.origin(), kind.origin()) {
        findings.push(finding);
        return None;
    } else {
        Checked::Unknown
    };
    // A field that is misspelled is found with its type.
    if !matches!(identified, Checked::Native(_)) || !misspells_name(map) {
        check_name(map, &key, kind.origin(), findings);
    }
    Some(Identified { key, kind: identified })
}

/// Says that a custom resource was not checked.
pub fn unknown_custom_kind(key: &ObjectKey, origin: Origin) -> Diagnostic {
    let message = format!("`{}` of `{}` is not checked: its definition is unknown", key.kind, key.api_version());
    Diagnostic::new(Code::UnknownCustomKind, origin, message)
        .help("add its CustomResourceDefinition to the inputs to check it")
}

/// Returns a field that says what the object is: a text.
fn required<'a>(map: &'a Map, name: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<&'a Node> {
    let value = map.get(name).filter(|value| !value.is_null());
    match value.map(|value| (value, value.value())) {
        Some((value, Value::String(_) | Value::Raw(_))) => return Some(value),
        Some((value, Value::Plain(text))) if scalar::resolve(text) == scalar::Meaning::Text => return Some(value),
        Some((value, _)) => {
            let message = format!("expected a string as `{name}`, found {}", words::found(value, false));
            findings.push(Diagnostic::new(Code::WrongType, value.origin(), message));
        }
        None => {
            let first = map.iter().next().map_or(node.origin(), |entry| entry.key.origin);
            let mut finding = Diagnostic::new(Code::MissingField, first, format!("missing field `{name}`"));
            let near = did_you_mean(name, map.iter().map(|entry| entry.key.text.as_str()));
            if let Some(entry) = near.and_then(|near| map.entry(near)) {
                finding = finding.also(entry.key.origin, format!("written `{}`", entry.key.text));
            } else {
                finding = finding.help("each object says what it is: `apiVersion`, `kind` and `metadata.name`");
            }
            findings.push(finding);
        }
    }
    None
}

/// Whether what is written looks like `metadata.name`, but for a slip.
fn misspells_name(map: &Map) -> bool {
    let has = |map: &Map, name: &str| {
        let slips = |entry: &Entry| entry.key.text != name && is_near(&entry.key.text, name);
        !map.contains(name) && map.iter().any(slips)
    };
    has(map, "metadata") || map.get("metadata").and_then(Node::as_map).is_some_and(|metadata| has(metadata, "name"))
}

fn check_name(map: &Map, key: &ObjectKey, kind: Origin, findings: &mut Vec<Diagnostic>) {
    let metadata = map.entry("metadata");
    let field = |name: &str| metadata.and_then(|entry| entry.value.get(name)).is_some_and(|value| !value.is_null());
    if field("name") || metadata.is_some_and(|entry| entry.value.as_map().is_none() && !entry.value.is_null()) {
        return;
    }
    // Whether that is enough depends on how the object gets to the server, which is not known here.
    if field("generateName") {
        return;
    }
    let origin = metadata.map_or(kind, |entry| entry.key.origin);
    findings.push(missing_name(key, origin));
}

fn missing_name(key: &ObjectKey, origin: Origin) -> Diagnostic {
    Diagnostic::new(Code::MissingField, origin, "missing field `metadata.name`")
        .label("`name` is missing here")
        .subject(key.kind.as_str(), "metadata.name")
}

/// Returns the finding about an object that lets the server make up its name, which nothing that is applied can do.
pub fn unnamed(key: &ObjectKey, node: &Node) -> Option<Diagnostic> {
    let metadata = node.as_map()?.entry("metadata")?;
    let has = |name: &str| metadata.value.get(name).is_some_and(|value| !value.is_null());
    (has("generateName") && !has("name")).then(|| {
        missing_name(key, metadata.key.origin)
            .help("`generateName` serves `kubectl create` alone: what is applied needs a name")
    })
}

fn deprecation(key: &ObjectKey, facts: &Facts, origin: Origin) -> Option<Diagnostic> {
    let lifecycle = facts.lifecycle(&key.group, &key.version, &key.kind)?;
    let since = minor(lifecycle.deprecated.as_ref()).filter(|since| *since <= facts.minor)?;
    let message = format!("`{}` of `{}` is deprecated since Kubernetes {since}", key.kind, key.api_version());
    let mut finding = Diagnostic::new(Code::DeprecatedApi, origin, message);
    if let Some(removed) = minor(lifecycle.removed.as_ref()) {
        finding = finding.help(format!("Kubernetes {removed} will not serve it"));
    }
    Some(succeed(finding, lifecycle).subject(key.to_string(), "apiVersion"))
}

/// Says why a native kind is not served; none where the kind may be a custom one.
fn unserved(key: &ObjectKey, facts: &Facts, api_version: Origin, kind: Origin) -> Option<Diagnostic> {
    let api = key.api_version();
    let lifecycle = facts.lifecycle(&key.group, &key.version, &key.kind);
    let older = || Minor::bundled().filter(|minor| *minor < facts.minor && serves(*minor, key)).last();
    let removed = lifecycle
        .and_then(|lifecycle| minor(lifecycle.removed.as_ref()))
        .filter(|removed| *removed <= facts.minor)
        .or_else(|| older().map(|Minor(last)| Minor(last + 1)));
    if let Some(removed) = removed {
        let message = format!("`{}` of `{api}` was removed in Kubernetes {removed}", key.kind);
        let finding = Diagnostic::new(Code::RemovedApi, api_version, message);
        return Some(match lifecycle.filter(|lifecycle| lifecycle.replacement.is_some()) {
            Some(lifecycle) => succeed(finding, lifecycle),
            None => match same_kind(key, facts).first() {
                Some(version) => finding.help(format!("write `{version}`")).fix(api_version, version.as_str()),
                None => finding,
            },
        });
    }
    let unknown = |origin| {
        let message = format!("`{api}` has no kind `{}` in Kubernetes {}", key.kind, facts.minor);
        Diagnostic::new(Code::UnknownKind, origin, message)
    };
    if let Some(newer) = Minor::bundled().find(|minor| *minor > facts.minor && serves(*minor, key)) {
        return Some(unknown(api_version).help(format!("Kubernetes serves it since {newer}")));
    }
    let groups = || facts.kinds().iter().map(|kind| kind.group.as_str());
    let elsewhere = same_kind(key, facts);
    let known_group = !key.group.contains('.') || groups().any(|group| group == key.group);
    if !known_group {
        let near = elsewhere
            .iter()
            .find(|version| version.split_once('/').is_some_and(|(group, _)| is_slip(&key.group, group)))?;
        return Some(unknown(api_version).help(format!("did you mean `{near}`?")).fix(api_version, near.as_str()));
    }
    if let Some(first) = elsewhere.first() {
        let versions = words::list(elsewhere.iter().map(SmolStr::as_str), "and");
        let finding = unknown(api_version).help(format!("`{}` is in {versions}", key.kind));
        return Some(finding.fix(api_version, first.as_str()));
    }
    let same_version = |known: &&Kind| known.group == key.group && known.version == key.version;
    let siblings = facts.kinds().iter().filter(same_version).map(|known| known.kind.as_str());
    if let Some(near) = did_you_mean(&key.kind, siblings) {
        return Some(unknown(kind).help(format!("did you mean `{near}`?")).fix(kind, near));
    }
    let near = did_you_mean(&key.kind, facts.kinds().iter().map(|known| known.kind.as_str()));
    let known = near.and_then(|near| facts.kinds().iter().find(|known| known.kind == near));
    Some(unknown(kind).maybe_help(known.map(|known| {
        let api = api_version_of(known);
        format!("did you mean `{}` of `{api}`?", known.kind)
    })))
}

/// Whether a group is one of Kubernetes with a slip in it. Groups of others are often alike: `scheduling.x-k8s.io`,
/// `batch.volcano.sh`, `apps.kruise.io`.
fn is_slip(group: &str, native: &str) -> bool {
    const SLIPS: usize = 2;
    let may_be_native = group.contains("k8s") && !group.ends_with(".x-k8s.io");
    may_be_native && native.contains('.') && has_slips(group, native, SLIPS)
}

fn serves(minor: Minor, key: &ObjectKey) -> bool {
    Facts::of(minor).is_some_and(|facts| facts.kind(&key.group, &key.version, &key.kind).is_some())
}

/// Returns the versions that serve a kind of the same name, stable ones first.
fn same_kind(key: &ObjectKey, facts: &Facts) -> Vec<SmolStr> {
    let mut kinds: Vec<&Kind> = facts.kinds().iter().filter(|known| known.kind == key.kind).collect();
    kinds.sort_by_key(|known| {
        (known.group != key.group, known.version.contains("beta"), known.version.contains("alpha"))
    });
    kinds.into_iter().map(api_version_of).collect()
}

fn api_version_of(kind: &Kind) -> SmolStr {
    if kind.group.is_empty() {
        kind.version.clone()
    } else {
        smol_str::format_smolstr!("{}/{}", kind.group, kind.version)
    }
}

/// Adds what takes the place of a version: a change of the `apiVersion`, where the kind is the same.
fn succeed(finding: Diagnostic, lifecycle: &Lifecycle) -> Diagnostic {
    let Some(replacement) = &lifecycle.replacement else { return finding };
    let origin = finding.origin;
    match replacement.split_once(' ') {
        Some((version, kind)) if kind == lifecycle.kind => {
            finding.help(format!("write `{version}`")).fix(origin, version)
        }
        Some((version, kind)) => finding.help(format!("write `{kind}` of `{version}`")),
        None => finding.help(format!("write `{replacement}`")),
    }
}

fn minor(text: Option<&SmolStr>) -> Option<Minor> {
    Minor::parse(text?)
}
