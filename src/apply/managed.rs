//! Who owns which field: the `metadata.managedFields` of live objects, and what an applied body would own.
//!
//! Field sets enter in the server's notation (`{"f:spec": {"f:replicas": {}}}`) or are computed from a body and the
//! types of its kind, as server-side apply computes them; both come out as one thing, so that they can be compared.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map as JsonMap, Value as Json};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::cluster::Live;
use crate::kubernetes::{Facts, Look, Merge, Schema, Shape, Tree, Type};

/// Our name as the manager of fields.
pub const MANAGER: &str = "fanfold";

/// How a manager wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// By server-side apply: fields that it leaves out next time are taken away.
    Apply,
    /// By any other write.
    Update,
}

/// One entry of `metadata.managedFields`.
#[derive(Clone, Copy, Debug)]
pub struct ManagedEntry<'a> {
    /// The name of the manager.
    pub manager: &'a str,
    /// How it wrote.
    pub operation: Operation,
    /// The version that its fields are named in.
    pub api_version: &'a str,
    /// The subresource that it wrote to; empty for the object itself.
    pub subresource: &'a str,
    /// When it wrote last.
    pub time: Option<&'a str>,
    /// Its fields, as the server writes them.
    pub(super) fields: &'a JsonMap<String, Json>,
}

impl<'a> ManagedEntry<'a> {
    fn read(entry: &'a Json) -> Option<Self> {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let operation = match text("operation")? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if text("fieldsType")? != "FieldsV1" {
            return None;
        }
        Some(Self {
            manager: text("manager").unwrap_or_default(),
            operation,
            api_version: text("apiVersion")?,
            subresource: text("subresource").unwrap_or_default(),
            time: text("time"),
            fields: entry.get("fieldsV1")?.as_object()?,
        })
    }

    /// Whether this is what a manager applied to the object itself.
    pub fn is_applied_by(&self, manager: &str) -> bool {
        self.operation == Operation::Apply && self.manager == manager && self.subresource.is_empty()
    }

    /// Returns its fields; none where they are in no known notation.
    pub fn fields(&self) -> Option<FieldSet> {
        FieldSet::read(self.fields)
    }

    /// Whether it owns a field, or something in it.
    pub fn owns(&self, path: &Path) -> bool {
        self.fields().is_some_and(|fields| fields.below(path).is_some())
    }
}

impl fmt::Display for ManagedEntry<'_> {
    /// Writes the manager as the server names it in conflicts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.manager)?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource \"{}\"", self.subresource)?;
        }
        if self.operation == Operation::Update {
            write!(f, " using {}", self.api_version)?;
        }
        Ok(())
    }
}

/// Returns who wrote an object; none where an entry is not understood.
pub fn managed_entries(live: &Live) -> Option<Vec<ManagedEntry<'_>>> {
    live.list(&["metadata", "managedFields"]).iter().map(ManagedEntry::read).collect()
}

/// Returns those who own a field, or something in it.
pub fn owners<'a>(entries: &[ManagedEntry<'a>], path: &Path) -> Vec<ManagedEntry<'a>> {
    entries.iter().filter(|entry| entry.owns(path)).copied().collect()
}

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A field of a type, or a key of a mapping.
    Field(SmolStr),
    /// The item of a list with these values of its keys.
    Key(Vec<(SmolStr, Json)>),
    /// The item of a set.
    Value(Json),
    /// The item at a place.
    Index(u64),
}

impl Step {
    /// Reads `f:replicas`, `k:{"name":"web"}`, `v:"a"` or `i:0`.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        Some(match kind {
            "f" => Self::Field(rest.into()),
            "k" => {
                let keys: JsonMap<String, Json> = serde_json::from_str(rest).ok()?;
                let mut keys: Vec<_> = keys.into_iter().map(|(name, value)| (name.into(), value)).collect();
                keys.sort_by(|(left, _): &(SmolStr, Json), (right, _)| left.cmp(right));
                Self::Key(keys)
            }
            "v" => Self::Value(serde_json::from_str(rest).ok()?),
            "i" => Self::Index(rest.parse().ok()?),
            _ => return None,
        })
    }

    /// Returns the notation of `managedFields`, the same for equal steps.
    pub(super) fn notation(&self) -> SmolStr {
        match self {
            Self::Field(name) => format_smolstr!("f:{name}"),
            Self::Key(keys) => {
                let keys: JsonMap<String, Json> =
                    keys.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
                format_smolstr!("k:{}", Json::Object(keys))
            }
            Self::Value(value) => format_smolstr!("v:{value}"),
            Self::Index(at) => format_smolstr!("i:{at}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                f.write_str("[")?;
                for (at, (name, value)) in keys.iter().enumerate() {
                    write!(f, "{}{name}={value}", if at > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(at) => write!(f, "[{at}]"),
        }
    }
}

/// The way to a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path(pub Vec<Step>);

impl fmt::Display for Path {
    /// Writes `.spec.containers[name="web"].image`, as the server writes it in conflicts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Whether what stands here is in the set itself.
    member: bool,
    /// What is below, by the notation of the step.
    children: BTreeMap<SmolStr, FieldSet>,
}

impl FieldSet {
    /// Reads the notation of `managedFields`; none where something in it is unknown.
    pub fn read(fields: &JsonMap<String, Json>) -> Option<Self> {
        let mut set = Self::default();
        for (step, below) in fields {
            if step == "." {
                set.member = true;
                continue;
            }
            let below = below.as_object()?;
            let mut child = Self::read(below)?;
            // The server leaves the point out where nothing else is below.
            child.member |= below.is_empty();
            set.children.insert(settled(step)?, child);
        }
        Some(set)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Whether a field is in it.
    pub fn contains(&self, path: &Path) -> bool {
        self.below(path).is_some_and(|set| set.member)
    }

    /// Returns what is in it at a field and below.
    pub fn below(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |set, step| set.children.get(&step.notation()))
    }

    /// Returns the fields of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(step, child)| {
            let both = child.intersection(other.children.get(step)?);
            (!both.is_empty()).then(|| (step.clone(), both))
        });
        Self { member: self.member && other.member, children: children.collect() }
    }

    /// Returns the fields that are in it and not in another one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(step, child)| {
            let left = other.children.get(step).map_or_else(|| child.clone(), |other| child.difference(other));
            (!left.is_empty()).then(|| (step.clone(), left))
        });
        Self { member: self.member && !other.member, children: children.collect() }
    }

    /// Returns the fields one by one.
    pub fn paths(&self) -> Vec<Path> {
        fn walk(set: &FieldSet, at: &mut Vec<Step>, paths: &mut Vec<Path>) {
            if set.member {
                paths.push(Path(at.clone()));
            }
            for (step, child) in &set.children {
                at.extend(Step::read(step));
                walk(child, at, paths);
                at.pop();
            }
        }
        let mut paths = Vec::new();
        walk(self, &mut Vec::new(), &mut paths);
        paths
    }
}

/// Returns the notation of a step in which equal ones are equal texts.
fn settled(step: &str) -> Option<SmolStr> {
    let kind = step.as_bytes().first()?;
    if step.as_bytes().get(1) != Some(&b':') || !b"fkvi".contains(kind) {
        return None;
    }
    // Only texts with escapes have two notations.
    if *kind != b'f' && step.contains('\\') { Step::read(step).map(|step| step.notation()) } else { Some(step.into()) }
}

/// How the parts of a value are owned.
pub(super) enum Parts<'a> {
    /// Not at all: it is owned as a whole.
    Whole,
    /// Field by field.
    Fields(&'a Type),
    /// Key by key.
    Values(&'a Schema),
    /// Item by item, told apart by keys.
    Items(&'a [SmolStr], &'a Schema),
    /// Text by text.
    Set,
}

impl<'a> Parts<'a> {
    /// Returns how values of a schema are owned.
    pub(super) fn of(schema: &'a Schema, facts: &'a Facts) -> Self {
        match &schema.shape {
            Shape::Type(id) => {
                let ty = facts.ty(*id);
                if schema.atomic.unwrap_or(ty.atomic) { Self::Whole } else { Self::Fields(ty) }
            }
            Shape::Map(_) if schema.atomic == Some(true) => Self::Whole,
            Shape::Map(value) => Self::Values(value),
            Shape::List(item) => match &schema.merge {
                Merge::Replace => Self::Whole,
                Merge::Keys(keys) => Self::Items(keys, item),
                Merge::Set => Self::Set,
            },
            _ => Self::Whole,
        }
    }
}

/// Returns the step to an item of a list whose items are told apart by keys; none where it has none of them.
///
/// A key that is left out has the default of its field, as in ports without a protocol.
pub(super) fn item_step<T: Tree>(item: &T, keys: &[SmolStr], schema: &Schema, facts: &Facts) -> Option<SmolStr> {
    let Shape::Type(id) = &schema.shape else { return None };
    let ty = facts.ty(*id);
    keyed_step(item, keys, |key| ty.field(key)?.schema.default.as_ref())
}

/// Returns the step to an item of a list whose items are told apart by keys, where the keys that it leaves out have these
/// values.
pub(super) fn keyed_step<'d, T: Tree>(
    item: &T,
    keys: &[SmolStr],
    default: impl Fn(&str) -> Option<&'d Json>,
) -> Option<SmolStr> {
    let mut keys: Vec<&str> = keys.iter().map(SmolStr::as_str).collect();
    keys.sort_unstable();
    let mut step = SmolStrBuilder::new();
    let mut found = false;
    for key in keys {
        let before = if found { "," } else { "k:{" };
        let mut put = |value: &str| [before, "\"", key, "\":", value].iter().for_each(|part| step.push_str(part));
        if let Some(value) = item.get(key) {
            put(&plain_scalar(value)?);
        } else if let Some(default) = default(key) {
            put(&plain_scalar(default)?);
        } else {
            continue;
        }
        found = true;
    }
    step.push('}');
    found.then(|| step.finish())
}

/// Returns the step to an item of a set.
pub(super) fn value_step<T: Tree>(item: &T) -> Option<SmolStr> {
    plain_scalar(item).map(|value| format_smolstr!("v:{value}"))
}

/// Returns a scalar in JSON; none where it is no scalar.
fn plain_scalar<T: Tree>(value: &T) -> Option<SmolStr> {
    match value.look() {
        Look::Bool(value) => Some(format_smolstr!("{value}")),
        Look::Number(number) => Some(number),
        Look::Text(text) if text.bytes().all(|byte| !matches!(byte, b'"' | b'\\' | 0..=31)) => {
            Some(format_smolstr!("\"{text}\""))
        }
        Look::Text(text) => Some(format_smolstr!("{}", Json::from(text))),
        Look::Null | Look::List(_) | Look::Map(_) => None,
    }
}

/// Fields that nobody owns.
pub(super) const NOBODYS: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Returns the type of an object by its `apiVersion` and `kind`; none for custom resources, whose types are not bundled.
pub(super) fn type_of<'a, T: Tree>(object: &T, facts: &'a Facts) -> Option<&'a Type> {
    let api_version = object.get("apiVersion")?.as_text()?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = facts.kind(group, version, object.get("kind")?.as_text()?)?;
    facts.type_of(kind).map(|id| facts.ty(id))
}

/// Returns the fields that the manager of an applied body owns.
///
/// None is returned where that cannot be said: for kinds that the facts do not know, custom resources among them, and for
/// bodies that the server would refuse. A `status` is not counted: applied to the object itself, it is passed over.
pub fn owned<T: Tree>(body: &T, facts: &Facts) -> Option<FieldSet> {
    let ty = type_of(body, facts)?;
    let mut set = FieldSet::default();
    collect_fields(body, ty, facts, &["apiVersion", "kind", "metadata", "status"], &mut set)?;
    if let Some(metadata) = body.get("metadata") {
        let meta = facts.named("meta/v1.ObjectMeta");
        let mut below = FieldSet::default();
        collect_fields(metadata, meta, facts, &NOBODYS, &mut below)?;
        if !below.is_empty() {
            set.children.insert("f:metadata".into(), below);
        }
    }
    Some(set)
}

fn collect_fields<T: Tree>(body: &T, ty: &Type, facts: &Facts, not: &[&str], set: &mut FieldSet) -> Option<()> {
    let Look::Map(_) = body.look() else { return None };
    for (key, value) in body.members().filter(|(key, _)| !not.contains(key)) {
        let child = collect(value, &ty.field(key)?.schema, facts)?;
        if !child.is_empty() {
            set.children.insert(format_smolstr!("f:{key}"), child);
        }
    }
    Some(())
}

fn collect<T: Tree>(body: &T, schema: &Schema, facts: &Facts) -> Option<FieldSet> {
    let member = matches!(body.look(), Look::Null | Look::Map(0));
    let mut set = FieldSet { member, ..FieldSet::default() };
    if member {
        return Some(set);
    }
    match (Parts::of(schema, facts), body.look()) {
        (Parts::Whole, _) => set.member = true,
        (Parts::Fields(ty), Look::Map(_)) => collect_fields(body, ty, facts, &[], &mut set)?,
        (Parts::Values(schema), Look::Map(_)) => {
            for (key, value) in body.members() {
                let below = FieldSet { member: true, ..collect(value, schema, facts)? };
                set.children.insert(format_smolstr!("f:{key}"), below);
            }
        }
        (Parts::Items(keys, schema), Look::List(items)) => {
            for item in items {
                let below = FieldSet { member: true, ..collect(item, schema, facts)? };
                if set.children.insert(item_step(item, keys, schema, facts)?, below).is_some() {
                    return None;
                }
            }
        }
        (Parts::Set, Look::List(items)) => {
            for item in items {
                let below = FieldSet { member: true, ..FieldSet::default() };
                if set.children.insert(value_step(item)?, below).is_some() {
                    return None;
                }
            }
        }
        _ => return None,
    }
    Some(set)
}

/// Returns the part of an object that a manager applied and nobody else owns: what is taken away when it leaves it out.
///
/// None is returned where that cannot be said: for kinds that the facts do not know, and where it never applied anything.
pub fn own_part(live: &Live, facts: &Facts, manager: &str) -> Option<Json> {
    let ty = type_of(&live.0, facts)?;
    let entries = managed_entries(live)?;
    let (ours, others): (Vec<ManagedEntry<'_>>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.is_applied_by(manager));
    let mut fields = ours.first()?.fields()?;
    for other in others {
        fields = fields.difference(&other.fields()?);
    }
    part_of_fields(&fields, &live.0, ty, facts)
}

fn part_of_fields(set: &FieldSet, live: &Json, ty: &Type, facts: &Facts) -> Option<Json> {
    let member = |(step, below): (&SmolStr, &FieldSet)| {
        let key = step.strip_prefix("f:")?;
        Some((key.to_owned(), part_of(below, live.get(key)?, &ty.field(key)?.schema, facts)?))
    };
    live.is_object().then(|| set.children.iter().filter_map(member).collect())
}

fn part_of(set: &FieldSet, live: &Json, schema: &Schema, facts: &Facts) -> Option<Json> {
    match (Parts::of(schema, facts), live) {
        (Parts::Whole, _) => Some(live.clone()),
        (Parts::Fields(ty), _) => part_of_fields(set, live, ty, facts),
        (Parts::Values(schema), Json::Object(values)) => {
            let member = |(step, below): (&SmolStr, &FieldSet)| {
                let key = step.strip_prefix("f:")?;
                Some((key.to_owned(), part_of(below, values.get(key)?, schema, facts)?))
            };
            Some(set.children.iter().filter_map(member).collect())
        }
        (Parts::Items(keys, schema), Json::Array(items)) => {
            let part = |item: &Json| {
                let below = set.children.get(&settled(&item_step(item, keys, schema, facts)?)?)?;
                let mut part = part_of(below, item, schema, facts)?;
                // Whoever owns the keys, without them it is no item.
                for key in keys {
                    if let (Some(part), Some(value)) = (part.as_object_mut(), item.get(key.as_str())) {
                        part.insert(key.to_string(), value.clone());
                    }
                }
                Some(part)
            };
            Some(items.iter().filter_map(part).collect())
        }
        (Parts::Set, Json::Array(items)) => {
            let is_in = |item: &&Json| value_step(*item).is_some_and(|step| set.children.contains_key(&step));
            Some(items.iter().filter(is_in).cloned().collect())
        }
        _ => None,
    }
}
