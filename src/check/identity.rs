//! Which kind an object is of: native, custom, or none that Kubernetes serves.
//!
//! An object enters; its identity and what it is checked against leave, or the reason why it cannot be checked.

use std::collections::{BTreeSet, HashSet};

use smol_str::SmolStr;

use super::crd::{Definition, Definitions, Version};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, did_you_mean, has_slips, is_near, words};
use crate::kubernetes::facts::{Kind, Lifecycle};
use crate::kubernetes::{Facts, Minor, ObjectKey, Schema, Shape, TypeId};
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
        .help("add its CustomResourceDefinition to the inputs, or keep it for all runs: `fanfold schema add FILE`")
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
    Some(succeed(finding, key, lifecycle).subject(key.to_string(), "apiVersion"))
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
            Some(lifecycle) => succeed(finding, key, lifecycle),
            None => match same_kind(key, facts).first() {
                Some(version) => {
                    let sure = is_same_shape(key, version);
                    finding.help(format!("write `{version}`")).with_fix(version_fix(key, api_version, version, sure))
                }
                None => finding,
            },
        });
    }
    let unknown = |origin| {
        let message = format!("`{api}` has no kind `{}` in Kubernetes {}", key.kind, facts.minor);
        Diagnostic::new(Code::UnknownKind, origin, message).repeats([api_version, kind])
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
        let sure = near.ends_with(&format!("/{}", key.version));
        let fix = version_fix(key, api_version, near, sure);
        return Some(unknown(api_version).help(format!("did you mean `{near}`?")).with_fix(fix));
    }
    if let Some(first) = elsewhere.first() {
        let versions = words::list(elsewhere.iter().map(SmolStr::as_str), "and");
        let finding = unknown(api_version).help(format!("`{}` is in {versions}", key.kind));
        let sure = elsewhere.len() == 1 && !key.version.contains("alpha") && !key.version.contains("beta");
        return Some(finding.with_fix(version_fix(key, api_version, first, sure)));
    }
    let same_version = |known: &&Kind| known.group == key.group && known.version == key.version;
    let siblings = facts.kinds().iter().filter(same_version).map(|known| known.kind.as_str());
    let finding = unknown(kind).did_you_mean_word(&key.kind, siblings);
    if finding.fix.is_some() {
        return Some(finding);
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
fn succeed(finding: Diagnostic, key: &ObjectKey, lifecycle: &Lifecycle) -> Diagnostic {
    let Some(replacement) = &lifecycle.replacement else { return finding };
    let origin = finding.origin;
    match replacement.split_once(' ') {
        Some((version, kind)) if kind == lifecycle.kind => {
            let sure = is_same_shape(key, version);
            finding.help(format!("write `{version}`")).with_fix(version_fix(key, origin, version, sure))
        }
        Some((version, kind)) => finding.help(format!("write `{kind}` of `{version}`")),
        None => finding.help(format!("write `{replacement}`")),
    }
}

/// Returns the change of an `apiVersion` to another one.
fn version_fix(key: &ObjectKey, origin: Origin, version: &str, sure: bool) -> Fix {
    Fix::safe_if(sure, [Edit::word(origin, key.api_version(), version)])
}

/// Kinds that kept their shape, and their defaults, when a version took the place of an older one that is in no facts.
const SAME_SHAPE: &[(&str, &[&str])] = &[
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"]),
    ("batch/v1beta1", &["CronJob"]),
    ("coordination.k8s.io/v1beta1", &["Lease"]),
    ("networking.k8s.io/v1beta1", &["IngressClass", "IPAddress", "ServiceCIDR"]),
    ("node.k8s.io/v1beta1", &["RuntimeClass"]),
    ("rbac.authorization.k8s.io/v1alpha1", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]),
    ("rbac.authorization.k8s.io/v1beta1", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]),
    ("scheduling.k8s.io/v1alpha1", &["PriorityClass"]),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"]),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment"]),
];

/// Whether an object of one version is one of another as it is written.
fn is_same_shape(key: &ObjectKey, version: &str) -> bool {
    let api = key.api_version();
    if SAME_SHAPE.iter().any(|(known, kinds)| *known == api && kinds.contains(&key.kind.as_str())) {
        return true;
    }
    let (group, new) = version.rsplit_once('/').unwrap_or(("", version));
    let ty = |facts: &'static Facts, group: &str, version: &str| {
        facts.type_of(facts.kind(group, version, &key.kind)?).map(|id| (facts, id))
    };
    // The last minor that served the old version knows both.
    let both = Minor::bundled()
        .filter_map(Facts::of)
        .filter_map(|known| Some((ty(known, &key.group, &key.version)?, ty(known, group, new)?)));
    let Some(((known, old), (_, new))) = both.last().filter(|_| group == key.group) else { return false };
    alike(known, old, new, &mut HashSet::new())
}

/// Whether two types take the same fields, of the same types.
fn alike(facts: &Facts, old: TypeId, new: TypeId, seen: &mut HashSet<(TypeId, TypeId)>) -> bool {
    if old == new || !seen.insert((old, new)) {
        return true;
    }
    let (old, new) = (facts.ty(old), facts.ty(new));
    let mut same = |old: &Schema, new: &Schema| match (&old.shape, &new.shape) {
        (Shape::Type(old), Shape::Type(new)) => alike(facts, *old, *new, seen),
        (Shape::List(old), Shape::List(new)) | (Shape::Map(old), Shape::Map(new)) => match (&old.shape, &new.shape) {
            (Shape::Type(old), Shape::Type(new)) => alike(facts, *old, *new, seen),
            (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
        },
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    old.required == new.required
        && old.fields.len() == new.fields.len()
        && old.fields.iter().all(|field| new.field(&field.name).is_some_and(|other| same(&field.schema, &other.schema)))
}

fn minor(text: Option<&SmolStr>) -> Option<Minor> {
    Minor::parse(text?)
}
