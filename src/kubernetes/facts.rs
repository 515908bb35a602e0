//! The bundled facts: which kinds and fields a Kubernetes minor has, read from its OpenAPI and Go types.
//!
//! A minor is a file in `schemas/kubernetes/`, written by `schemas/generator`; a new minor is a new file and a new
//! line in `BUNDLED`. Facts never change; each type has a line of its own, which is parsed on first use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::BuildHasherDefault;
use std::marker::PhantomData;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use smol_str::SmolStr;

use super::fnv::Fnv;

const VALID: &str = "the bundled facts are valid: a test reads all of them";

/// The bundled minors, oldest first.
const BUNDLED: [(Minor, &str); 7] = [
    (Minor(32), include_str!("../../schemas/kubernetes/1.32.json")),
    (Minor(33), include_str!("../../schemas/kubernetes/1.33.json")),
    (Minor(34), include_str!("../../schemas/kubernetes/1.34.json")),
    (Minor(35), include_str!("../../schemas/kubernetes/1.35.json")),
    (Minor(36), include_str!("../../schemas/kubernetes/1.36.json")),
    (Minor(37), include_str!("../../schemas/kubernetes/1.37.json")),
    (Minor(38), include_str!("../../schemas/kubernetes/1.38.json")),
];

/// A minor version of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(pub u32);

impl Minor {
    /// The newest one that is out: what is meant where nobody says otherwise. Later ones are previews.
    pub const NEWEST: Self = Self(37);

    /// Reads `1.37`, `v1.37` or `1.37.2`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
        let minor = rest.split('.').next()?;
        minor.parse().ok().map(Self)
    }

    /// Whether it is not out yet, so that what is known of it may change.
    pub fn is_preview(self) -> bool {
        self > Self::NEWEST
    }

    /// Returns all bundled minors, oldest first.
    pub fn bundled() -> impl Iterator<Item = Self> {
        BUNDLED.iter().map(|(minor, _)| *minor)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// All that is known of one minor.
#[derive(Debug)]
pub struct Facts {
    /// The minor.
    pub minor: Minor,
    types: Vec<Line>,
    type_index: HashMap<&'static str, TypeId, BuildHasherDefault<Fnv>>,
    kinds: Vec<Kind>,
    kind_index: HashMap<(SmolStr, SmolStr, SmolStr), usize>,
    lifecycle: Vec<Lifecycle>,
    gates: Gates,
}

/// Feature gates that are set otherwise than they are by default, by their names.
pub type Gates = BTreeMap<SmolStr, bool>;

/// The line of a type, and the type once it is read.
#[derive(Debug)]
struct Line {
    name: &'static str,
    text: &'static str,
    read: OnceLock<Type>,
}

/// The number of a type in [`Facts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

/// A structured type: `core/v1.Container`.
#[derive(Debug)]
pub struct Type {
    /// The name, `<group>/<version>.<type>`.
    pub name: SmolStr,
    /// The fields, in the order in which Kubernetes documents them.
    pub fields: Vec<Field>,
    /// The names of the fields that must be there.
    pub required: Vec<SmolStr>,
    /// Whether values of it are replaced as wholes.
    pub atomic: bool,
    index: HashMap<SmolStr, usize, BuildHasherDefault<Fnv>>,
}

/// A field of a type.
#[derive(Debug)]
pub struct Field {
    /// The name in JSON.
    pub name: SmolStr,
    /// What it takes.
    pub schema: Schema,
    /// The feature gate without which the server drops it.
    pub gate: Option<Gate>,
}

/// A feature gate that holds a field back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its name.
    pub name: SmolStr,
    /// Whether it is on where nobody sets it.
    pub is_on: bool,
}

/// What a field, an item or a map value takes.
#[derive(Debug)]
pub struct Schema {
    /// The type.
    pub shape: Shape,
    /// The width of a number: `int32`, `int64`, `double`.
    pub format: Option<SmolStr>,
    /// The only texts it takes; empty where any does.
    pub values: Vec<SmolStr>,
    /// What the server puts where nothing is written, whatever else is.
    pub default: Option<serde_json::Value>,
    /// The type of the objects that alone have the default, where others leave the field open.
    pub within: Option<SmolStr>,
    /// Whether what the server puts there depends on other fields.
    pub computed: bool,
    /// Whether an empty text, zero, false or an empty mapping is another thing than none.
    pub pointer: bool,
    /// How lists of it merge.
    pub merge: Merge,
    /// Whether mappings of it are replaced as wholes, where the field says so itself and not its type.
    pub atomic: Option<bool>,
}

/// The type of a value.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A boolean.
    Boolean,
    /// Anything.
    Any,
    /// An amount with a unit: `100m`, `1Gi`.
    Quantity,
    /// A whole number or a text.
    IntOrString,
    /// A point in time as RFC 3339 writes it.
    Time,
    /// A duration as Go writes it.
    Duration,
    /// Bytes in base64.
    Bytes,
    /// A structured type.
    Type(TypeId),
    /// A list of items.
    List(Box<Schema>),
    /// A mapping of texts to values.
    Map(Box<Schema>),
}

/// How two lists merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// The later one replaces the earlier one.
    #[default]
    Replace,
    /// Items with the same values of these keys are one.
    Keys(Vec<SmolStr>),
    /// Items are unique texts.
    Set,
}

/// A kind that users write.
#[derive(Clone, Debug, Deserialize)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The name in URLs.
    pub plural: SmolStr,
    /// Whether objects of it live in namespaces.
    pub namespaced: bool,
    #[serde(rename = "type")]
    type_name: SmolStr,
}

/// When a version of a kind was deprecated or removed.
#[derive(Clone, Debug, Deserialize)]
pub struct Lifecycle {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The minor that deprecated it.
    #[serde(default)]
    pub deprecated: Option<SmolStr>,
    /// The minor that no longer serves it.
    #[serde(default)]
    pub removed: Option<SmolStr>,
    /// What to write instead: `apps/v1 Deployment`.
    #[serde(default)]
    pub replacement: Option<SmolStr>,
}

impl Kind {
    /// Returns the apiVersion as objects write it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }
}

impl Facts {
    /// Returns the facts of a minor, where they are bundled.
    pub fn of(minor: Minor) -> Option<&'static Self> {
        static LOADED: [OnceLock<Facts>; BUNDLED.len()] = [const { OnceLock::new() }; BUNDLED.len()];
        let at = BUNDLED.iter().position(|(known, _)| *known == minor)?;
        Some(LOADED[at].get_or_init(|| Self::read(minor, BUNDLED[at].1)))
    }

    /// Returns the facts of a minor whose server has some gates set otherwise, where they are bundled. They are kept for the
    /// rest of the run: a run asks for them once.
    pub fn with_gates(minor: Minor, gates: Gates) -> Option<&'static Self> {
        if gates.is_empty() {
            return Self::of(minor);
        }
        let (_, text) = BUNDLED.iter().find(|(known, _)| *known == minor)?;
        Some(Box::leak(Box::new(Self { gates, ..Self::read(minor, text) })))
    }

    /// Whether the server drops a field in silence, since its gate is off.
    pub fn drops(&self, field: &Field) -> bool {
        let is_on = |gate: &Gate| self.gates.get(&gate.name).copied().unwrap_or(gate.is_on);
        field.gate.as_ref().is_some_and(|gate| !is_on(gate))
    }

    /// Whether the server has a gate on that holds no field back, and is off unless it is set.
    pub fn has_gate(&self, name: &str) -> bool {
        self.gates.get(name) == Some(&true)
    }

    /// Returns the names of all gates that hold a field back in some minor.
    pub fn gate_names() -> BTreeSet<&'static str> {
        let marks = BUNDLED.iter().flat_map(|(_, text)| text.split("\"gate\":\"").skip(1));
        marks.filter_map(|rest| rest.split('"').next()).collect()
    }

    /// Returns the facts of the newest minor.
    pub fn newest() -> &'static Self {
        Self::of(Minor::NEWEST).expect("the newest minor is bundled")
    }

    fn read(minor: Minor, text: &'static str) -> Self {
        let (head, types) = text.split_once("\"types\":{").expect("the types come last");
        let head = format!("{}}}", head.trim_end().trim_end_matches(','));
        let file: File = serde_json::from_str(&head).expect(VALID);
        let line = |line: &'static str| {
            let (name, text) = line.strip_prefix('"')?.split_once("\":")?;
            Some(Line { name, text: text.trim_end_matches(','), read: OnceLock::new() })
        };
        let types: Vec<Line> = types.lines().filter_map(line).collect();
        let type_index = (0..).map(TypeId).zip(&types).map(|(id, line)| (line.name, id)).collect();
        let kind_index = file
            .kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| ((kind.group.clone(), kind.version.clone(), kind.kind.clone()), at))
            .collect();
        Self { minor, types, type_index, kinds: file.kinds, kind_index, lifecycle: file.lifecycle, gates: Gates::new() }
    }

    /// Returns all kinds.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Returns a kind by group, version and name.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Kind> {
        self.kind_index.get(&(group.into(), version.into(), kind.into())).map(|at| &self.kinds[*at])
    }

    /// Returns the kind of a name in the version that is preferred; the apiVersions of all groups that have one where that is
    /// not one group.
    pub fn preferred(&self, kind: &str) -> Result<&Kind, Vec<String>> {
        // `v2` before `v1`, and both before `v1beta1`.
        let rank = |kind: &Kind| {
            let rest = kind.version.strip_prefix('v').unwrap_or(&kind.version);
            let (number, stage) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
            let stage_rank = if stage.is_empty() { 2 } else { usize::from(stage.starts_with("beta")) };
            let of_stage = stage.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().unwrap_or(0);
            (stage_rank, number.parse::<u32>().unwrap_or(0), of_stage)
        };
        let mut best: Vec<&Kind> = Vec::new();
        for known in self.kinds.iter().filter(|known| known.kind == kind) {
            match best.iter_mut().find(|other| other.group == known.group) {
                Some(other) if rank(known) > rank(other) => *other = known,
                Some(_) => {}
                None => best.push(known),
            }
        }
        match best.as_slice() {
            [only] => Ok(only),
            several => Err(several.iter().map(|kind| kind.api_version()).collect()),
        }
    }

    /// Returns when a version of a kind was deprecated or removed.
    pub fn lifecycle(&self, group: &str, version: &str, kind: &str) -> Option<&Lifecycle> {
        self.lifecycle.iter().find(|entry| entry.kind == kind && entry.group == group && entry.version == version)
    }

    /// Returns all types.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        (0..).map(TypeId).take(self.types.len()).map(|id| self.ty(id))
    }

    /// Returns the type of that number.
    pub fn ty(&self, id: TypeId) -> &Type {
        let line = &self.types[id.0 as usize];
        line.read.get_or_init(|| {
            let raw = serde_json::from_str(line.text).expect(VALID);
            Type::read(line.name.into(), raw, &|name| self.type_id(name))
        })
    }

    /// Returns the number of a type by its name: `core/v1.PodSpec`.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        self.type_index.get(name).copied()
    }

    /// Returns a type by its name, which the facts of every minor have.
    pub fn named(&self, name: &str) -> &Type {
        match self.type_id(name) {
            Some(id) => self.ty(id),
            None => unreachable!("the facts of {} lack {name}: a test asks for every name in use", self.minor),
        }
    }

    /// Returns the type of the objects of a kind.
    pub fn type_of(&self, kind: &Kind) -> Option<TypeId> {
        self.type_id(&kind.type_name)
    }

    /// Returns the type that a schema holds: itself, its items or its values.
    pub fn inner_type(&self, schema: &Schema) -> Option<&Type> {
        match &schema.shape {
            Shape::Type(id) => Some(self.ty(*id)),
            Shape::List(inner) | Shape::Map(inner) => self.inner_type(inner),
            _ => None,
        }
    }
}

impl Type {
    /// Returns a field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.index.get(name).map(|at| &self.fields[*at])
    }

    /// Returns a field by name, with its place among the documented ones.
    pub fn place(&self, name: &str) -> Option<(usize, &Field)> {
        self.index.get(name).map(|at| (*at, &self.fields[*at]))
    }

    /// Returns the place of a field among the documented ones; unknown fields come last.
    pub fn position(&self, name: &str) -> usize {
        self.index.get(name).copied().unwrap_or(usize::MAX)
    }

    fn read(name: SmolStr, raw: RawType, id_of: &dyn Fn(&str) -> Option<TypeId>) -> Self {
        let fields: Vec<Field> = raw
            .fields
            .0
            .into_iter()
            .map(|(name, mut raw)| {
                let gate = raw.gate.take().map(|name| Gate { name, is_on: !raw.gate_off });
                Field { name, schema: Schema::read(raw, id_of), gate }
            })
            .collect();
        let index = fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        Self { name, fields, required: raw.required, atomic: raw.map_type.as_deref() == Some("atomic"), index }
    }
}

impl Schema {
    fn read(raw: RawSchema, id_of: &dyn Fn(&str) -> Option<TypeId>) -> Self {
        let shape = match (raw.reference, raw.list, raw.map) {
            (Some(name), ..) => id_of(&name).map_or(Shape::Any, Shape::Type),
            (_, Some(item), _) => Shape::List(Box::new(Self::read(*item, id_of))),
            (_, _, Some(value)) => Shape::Map(Box::new(Self::read(*value, id_of))),
            _ => match raw.ty.as_deref().unwrap_or("any") {
                "string" => Shape::String,
                "integer" => Shape::Integer,
                "number" => Shape::Number,
                "boolean" => Shape::Boolean,
                "quantity" => Shape::Quantity,
                "int-or-string" => Shape::IntOrString,
                "time" | "micro-time" => Shape::Time,
                "duration" => Shape::Duration,
                "bytes" => Shape::Bytes,
                _ => Shape::Any,
            },
        };
        let merge = match raw.list_type.as_deref() {
            Some("map") => Merge::Keys(raw.keys),
            Some("set") => Merge::Set,
            Some(_) => Merge::Replace,
            // Lists without a type of their own merge as kubectl's strategic patch merges them.
            None => raw.patch_key.map_or(Merge::Replace, |key| Merge::Keys(vec![key])),
        };
        let atomic = raw.map_type.map(|map_type| map_type == "atomic");
        let RawSchema { format, values, default, within, computed, pointer, .. } = raw;
        Self { shape, format, values, default, within, computed, pointer, merge, atomic }
    }
}

#[derive(Deserialize)]
struct File {
    kinds: Vec<Kind>,
    lifecycle: Vec<Lifecycle>,
}

#[derive(Deserialize)]
struct RawType {
    fields: Ordered<RawSchema>,
    #[serde(default)]
    required: Vec<SmolStr>,
    #[serde(default, rename = "map-type")]
    map_type: Option<SmolStr>,
}

#[derive(Deserialize)]
struct RawSchema {
    #[serde(default, rename = "type")]
    ty: Option<SmolStr>,
    #[serde(default, rename = "ref")]
    reference: Option<SmolStr>,
    #[serde(default)]
    list: Option<Box<Self>>,
    #[serde(default)]
    map: Option<Box<Self>>,
    #[serde(default)]
    format: Option<SmolStr>,
    #[serde(default, rename = "enum")]
    values: Vec<SmolStr>,
    #[serde(default)]
    default: Option<serde_json::Value>,
    #[serde(default, rename = "default-within")]
    within: Option<SmolStr>,
    #[serde(default)]
    computed: bool,
    #[serde(default)]
    pointer: bool,
    #[serde(default)]
    gate: Option<SmolStr>,
    #[serde(default, rename = "gate-off")]
    gate_off: bool,
    #[serde(default, rename = "list-type")]
    list_type: Option<SmolStr>,
    #[serde(default)]
    keys: Vec<SmolStr>,
    #[serde(default, rename = "patch-key")]
    patch_key: Option<SmolStr>,
    #[serde(default, rename = "map-type")]
    map_type: Option<SmolStr>,
}

/// A JSON object whose members keep their order.
struct Ordered<T>(Vec<(SmolStr, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}
