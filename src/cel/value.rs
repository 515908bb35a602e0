//! Values of expressions. What comes of an object is read where it stands, and keeps its place.
//!
//! A part of a tree is a [`Value::Tree`] until a function asks what it is: only then does it count as read.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::library::semver::Semver;
use super::library::url::Url;
use super::time;
use super::types::Ty;
use super::work;
use crate::kubernetes::Quantity;
use crate::text::{Node, Scalar, Value as Written};

/// How many items are copied, or keys compared, in a step.
const COPIED: usize = 4;
/// How many bytes of a text are looked at in a step.
const SCANNED: usize = 512;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// A number that is not below zero.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// A text.
    Text(SmolStr),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A point in time, in nanoseconds since 1970.
    Timestamp(i128),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A mapping, its keys unique.
    Map(Arc<Vec<(Value, Value)>>),
    /// A value that may be missing.
    Optional(Option<Arc<Value>>),
    /// A type, by its name.
    Type(SmolStr),
    /// A part of an object, and its type.
    Tree(Node, Ty),
    /// A value of a library.
    Opaque(Arc<Opaque>),
    /// What is not known here, and why.
    Unknown(&'static str),
}

/// A value of a library.
#[derive(Debug)]
pub enum Opaque {
    /// An amount.
    Quantity(Quantity),
    /// An address.
    Ip(IpAddr),
    /// A network.
    Cidr(IpAddr, u8),
    /// An address of the web.
    Url(Url),
    /// A version.
    Semver(Semver),
    /// A format of texts, by its name.
    Format(&'static str),
}

impl Value {
    /// Returns a part of an object of unknown type.
    pub fn tree(node: Node) -> Self {
        Self::Tree(node, Ty::Dyn)
    }

    /// Returns a text.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }

    pub(super) fn opaque(opaque: Opaque) -> Self {
        Self::Opaque(Arc::new(opaque))
    }

    pub(super) fn some(value: Value) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// Returns what a scalar of a tree means; lists and mappings stay where they are.
    pub(super) fn settled(&self) -> Self {
        let Self::Tree(node, ty) = self else { return self.clone() };
        match (node.value(), ty) {
            (Written::Seq(_) | Written::Map(_), _) => self.clone(),
            (value, ty) => match value.meaning() {
                Some(Scalar::Bool(value)) => Self::Bool(value),
                Some(Scalar::Number(number)) => number_of(&number, ty),
                Some(Scalar::Text(text)) => text_of(text, ty),
                Some(Scalar::Null) | None => Self::Null,
            },
        }
    }

    /// Names the type of the value.
    pub(super) fn ty(&self) -> SmolStr {
        let name = match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Tree(node, ty) => match (node.value(), ty) {
                (Written::Seq(_), _) => "list",
                (Written::Map(_), Ty::Object(object)) => return object.name.clone(),
                (Written::Map(_), _) => "map",
                _ => return self.settled().ty(),
            },
            Self::Opaque(opaque) => match &**opaque {
                Opaque::Quantity(_) => "kubernetes.Quantity",
                Opaque::Ip(_) => "net.IP",
                Opaque::Cidr(..) => "net.CIDR",
                Opaque::Url(_) => "kubernetes.URL",
                Opaque::Semver(_) => "kubernetes.Semver",
                Opaque::Format(_) => "kubernetes.NamedFormat",
            },
            Self::Unknown(_) => "unknown",
        };
        SmolStr::new_static(name)
    }

    /// Whether the value is of a type, as far as its outside tells.
    pub(super) fn is(&self, ty: &Ty) -> bool {
        match (self, ty) {
            (_, Ty::Dyn | Ty::Param(_))
            | (Self::Null, Ty::Null)
            | (Self::Bool(_), Ty::Bool)
            | (Self::Int(_), Ty::Int)
            | (Self::Uint(_), Ty::Uint)
            | (Self::Double(_), Ty::Double)
            | (Self::Text(_), Ty::Text)
            | (Self::Bytes(_), Ty::Bytes)
            | (Self::Duration(_), Ty::Duration)
            | (Self::Timestamp(_), Ty::Timestamp)
            | (Self::List(_), Ty::List(_))
            | (Self::Map(_), Ty::Map(_))
            | (Self::Optional(_), Ty::Optional(_))
            | (Self::Type(_), Ty::Type) => true,
            (Self::Opaque(_), Ty::Opaque(name)) => self.ty() == *name,
            (Self::Tree(node, _), Ty::List(_)) => node.as_seq().is_some(),
            (Self::Tree(node, _), Ty::Map(_)) => node.as_map().is_some(),
            _ => false,
        }
    }

    /// Writes the value so that two of different types never look alike.
    pub fn shown(&self) -> String {
        if !work::take(1) {
            return String::new();
        }
        let value = self.settled();
        if let Some(items) = value.items() {
            return format!("[{}]", items.iter().map(Self::shown).collect::<Vec<_>>().join(", "));
        }
        if let Some(entries) = value.entries() {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", key.shown(), value.shown()));
            let mut entries: Vec<String> = entries.collect();
            entries.sort();
            return format!("{{{}}}", entries.join(", "));
        }
        match &value {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Uint(number) => format!("{number}u"),
            Self::Double(number) => format!("double({})", super::library::shortest(*number)),
            Self::Text(text) => serde_json::to_string(text.as_str()).unwrap_or_default(),
            Self::Bytes(bytes) => {
                format!("bytes({})", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            Self::Duration(nanos) => format!("google.protobuf.Duration({})", time::seconds(*nanos)),
            Self::Timestamp(nanos) => format!("google.protobuf.Timestamp({})", time::written(*nanos)),
            Self::Optional(None) => "none".to_owned(),
            Self::Optional(Some(inner)) => format!("optional({})", inner.shown()),
            Self::Type(name) => format!("type({name})"),
            other => other.ty().to_string(),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Double(_))
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_)) || matches!(self, Self::Tree(node, _) if node.as_seq().is_some())
    }

    /// Whether it is a mapping.
    pub(super) fn is_mapping(&self) -> bool {
        matches!(self, Self::Map(_)) || matches!(self, Self::Tree(node, _) if node.as_map().is_some())
    }

    /// Returns an item of a list.
    pub(super) fn item(&self, at: usize) -> Option<Value> {
        match self {
            Self::List(items) => items.get(at).cloned(),
            Self::Tree(node, ty) => {
                let of = if let Ty::List(item) = ty { &**item } else { &Ty::Dyn };
                Some(Self::Tree(node.as_seq()?.get(at)?.clone(), of.clone()))
            }
            _ => None,
        }
    }

    /// Returns the items of a list.
    pub(super) fn items(&self) -> Option<Vec<Value>> {
        if self.is_list() && !work::take(self.size().unwrap_or_default() / COPIED) {
            return Some(Vec::new());
        }
        match self {
            Self::List(items) => Some(items.to_vec()),
            Self::Tree(node, ty) => {
                let of = if let Ty::List(item) = ty { &**item } else { &Ty::Dyn };
                Some(node.as_seq()?.iter().map(|item| Self::Tree(item.clone(), of.clone())).collect())
            }
            _ => None,
        }
    }

    /// Returns the keys and values of a mapping.
    pub(super) fn entries(&self) -> Option<Vec<(Value, Value)>> {
        if self.is_mapping() && !work::take(self.size().unwrap_or_default() / COPIED) {
            return Some(Vec::new());
        }
        match self {
            Self::Map(entries) => Some(entries.to_vec()),
            Self::Tree(node, ty) => {
                let entries = node.as_map()?.iter();
                Some(
                    entries
                        .map(|entry| (key_of(&entry.key.text, ty), value_of(&entry.value, &entry.key.text, ty)))
                        .collect(),
                )
            }
            _ => None,
        }
    }

    /// Returns how many characters, bytes, items or entries there are.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Text(text) => {
                work::take(text.len() / SCANNED);
                Some(text.chars().count())
            }
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::List(items) => Some(items.len()),
            Self::Map(entries) => Some(entries.len()),
            Self::Tree(node, _) => match node.value() {
                Written::Seq(items) => Some(items.len()),
                Written::Map(map) => Some(map.len()),
                _ => self.settled().size(),
            },
            _ => None,
        }
    }

    /// Returns the value of a key of a mapping.
    pub(super) fn get(&self, key: &Value) -> Option<Value> {
        match self {
            Self::Map(entries) => {
                let is_it = |known: &Value| match (known, key) {
                    (Self::Text(known), Self::Text(key)) => known == key,
                    (known, key) => known.same(key),
                };
                let found = entries.iter().position(|(known, _)| is_it(known));
                work::take(found.unwrap_or(entries.len()) / COPIED);
                found.map(|at| entries[at].1.clone())
            }
            Self::Tree(..) => match key {
                Self::Text(key) => self.field(key),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the value of a field.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        match self {
            Self::Map(_) => self.get(&Self::text(name)),
            Self::Tree(node, Ty::Object(object)) => {
                let (field, ty) = object.field(name)?;
                Some(Self::Tree(node.get(field)?.clone(), ty.clone()))
            }
            Self::Tree(node, ty) => Some(value_of(node.get(name)?, name, ty)),
            _ => None,
        }
    }

    /// Whether both are equal; values of different types are not.
    pub(super) fn same(&self, other: &Value) -> bool {
        if !work::take(1) {
            return false;
        }
        // Values share their parts, and the same is equal to itself, but for numbers that are none.
        match (self, other) {
            (Self::List(ours), Self::List(theirs)) => {
                let is_it = Arc::ptr_eq(ours, theirs) && !self.holds_nan(&mut HashSet::new());
                return is_it || ours.len() == theirs.len() && ours.iter().zip(&**theirs).all(|(a, b)| a.same(b));
            }
            (Self::Map(ours), Self::Map(theirs))
                if Arc::ptr_eq(ours, theirs) && !self.holds_nan(&mut HashSet::new()) =>
            {
                return true;
            }
            (Self::Text(ours), Self::Text(theirs)) => {
                work::take(ours.len().min(theirs.len()) / SCANNED);
                return ours == theirs;
            }
            _ => {}
        }
        match (self.settled(), other.settled()) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(ours), Self::Bool(theirs)) => ours == theirs,
            (Self::Text(ours), Self::Text(theirs)) | (Self::Type(ours), Self::Type(theirs)) => ours == theirs,
            (Self::Bytes(ours), Self::Bytes(theirs)) => ours == theirs,
            (Self::Duration(ours), Self::Duration(theirs)) => ours == theirs,
            (Self::Timestamp(ours), Self::Timestamp(theirs)) => ours == theirs,
            (Self::Optional(ours), Self::Optional(theirs)) => match (ours, theirs) {
                (Some(ours), Some(theirs)) => ours.same(&theirs),
                (ours, theirs) => ours.is_none() && theirs.is_none(),
            },
            (Self::Opaque(ours), Self::Opaque(theirs)) => ours.same(&theirs),
            (ours, theirs) => {
                if ours.is_number() && theirs.is_number() {
                    return numbers(&ours, &theirs) == Some(Ordering::Equal);
                }
                if let (Some(ours), Some(theirs)) = (ours.items(), theirs.items()) {
                    return ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a.same(b));
                }
                if let (Some(ours), Some(_)) = (ours.entries(), theirs.entries()) {
                    return Some(ours.len()) == theirs.size()
                        && ours.iter().all(|(key, value)| theirs.get(key).is_some_and(|other| other.same(value)));
                }
                false
            }
        }
    }

    /// Whether a number in it is none, which is not equal to itself; what is seen already is passed over.
    fn holds_nan(&self, seen: &mut HashSet<usize>) -> bool {
        if !work::take(1) {
            return false;
        }
        match self {
            Self::Double(number) => number.is_nan(),
            Self::List(items) => {
                seen.insert(Arc::as_ptr(items).addr()) && items.iter().any(|item| item.holds_nan(seen))
            }
            Self::Map(entries) => {
                seen.insert(Arc::as_ptr(entries).addr())
                    && entries.iter().any(|(key, value)| key.holds_nan(seen) || value.holds_nan(seen))
            }
            Self::Optional(Some(inner)) => inner.holds_nan(seen),
            _ => false,
        }
    }

    /// Returns the order of two values, or `None` where they have none.
    pub(super) fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(ours), Self::Bool(theirs)) => Some(ours.cmp(theirs)),
            (Self::Text(ours), Self::Text(theirs)) => Some(ours.cmp(theirs)),
            (Self::Bytes(ours), Self::Bytes(theirs)) => Some(ours.cmp(theirs)),
            (Self::Duration(ours), Self::Duration(theirs)) => Some(ours.cmp(theirs)),
            (Self::Timestamp(ours), Self::Timestamp(theirs)) => Some(ours.cmp(theirs)),
            (ours, theirs) => numbers(ours, theirs),
        }
    }
}

impl Opaque {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantity(ours), Self::Quantity(theirs)) => ours == theirs,
            (Self::Ip(ours), Self::Ip(theirs)) => ours == theirs,
            (Self::Cidr(ours, bits), Self::Cidr(theirs, others)) => ours == theirs && bits == others,
            (Self::Url(ours), Self::Url(theirs)) => ours.whole() == theirs.whole(),
            (Self::Semver(ours), Self::Semver(theirs)) => ours.order(theirs) == Ordering::Equal,
            (Self::Format(ours), Self::Format(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

/// Returns the key of a mapping of a tree: a text, but where its type says otherwise.
fn key_of(name: &SmolStr, ty: &Ty) -> Value {
    if let Ty::Object(object) = ty
        && let Some((known, _, _)) = object.fields.iter().find(|(_, field, _)| field == name)
    {
        return Value::Text(known.clone());
    }
    Value::Text(name.clone())
}

fn value_of(node: &Node, name: &str, ty: &Ty) -> Value {
    let ty = match ty {
        Ty::Map(both) => both.1.clone(),
        Ty::Object(object) => {
            object.fields.iter().find(|(_, field, _)| field == name).map_or(Ty::Dyn, |(_, _, ty)| ty.clone())
        }
        _ => Ty::Dyn,
    };
    Value::Tree(node.clone(), ty)
}

fn number_of(number: &str, ty: &Ty) -> Value {
    let double = || number.parse().map_or(Value::Null, Value::Double);
    match ty {
        Ty::Double => double(),
        _ => number.parse().map_or_else(|_| double(), Value::Int),
    }
}

fn text_of(text: &str, ty: &Ty) -> Value {
    let read = match ty {
        Ty::Duration => time::duration(text).map(Value::Duration),
        Ty::Timestamp => {
            time::timestamp(text).or_else(|| time::timestamp(&format!("{text}T00:00:00Z"))).map(Value::Timestamp)
        }
        Ty::Bytes => super::library::decode(text).map(|bytes| Value::Bytes(bytes.into())),
        _ => None,
    };
    read.unwrap_or_else(|| Value::text(text))
}

/// Returns the order of two numbers, whichever their types; nothing where one is none, or has no order.
#[allow(clippy::cast_precision_loss)]
fn numbers(ours: &Value, theirs: &Value) -> Option<Ordering> {
    match (ours, theirs) {
        (Value::Int(ours), Value::Int(theirs)) => Some(ours.cmp(theirs)),
        (Value::Uint(ours), Value::Uint(theirs)) => Some(ours.cmp(theirs)),
        (Value::Double(ours), Value::Double(theirs)) => ours.partial_cmp(theirs),
        (Value::Int(ours), Value::Uint(theirs)) => Some(i128::from(*ours).cmp(&i128::from(*theirs))),
        (Value::Uint(ours), Value::Int(theirs)) => Some(i128::from(*ours).cmp(&i128::from(*theirs))),
        (Value::Int(ours), Value::Double(theirs)) => against(i128::from(*ours), *theirs),
        (Value::Uint(ours), Value::Double(theirs)) => against(i128::from(*ours), *theirs),
        (Value::Double(ours), Value::Int(theirs)) => against(i128::from(*theirs), *ours).map(Ordering::reverse),
        (Value::Double(ours), Value::Uint(theirs)) => against(i128::from(*theirs), *ours).map(Ordering::reverse),
        _ => None,
    }
}

/// Compares a whole number with a fraction, exactly.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn against(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    let floor = double.floor();
    Some(whole.cmp(&(floor as i128)).then(if double > floor { Ordering::Less } else { Ordering::Equal }))
}
