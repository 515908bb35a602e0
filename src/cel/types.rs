//! The types of values, as far as they are known before anything is evaluated.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// Known only when it is evaluated.
    Dyn,
    /// Nothing.
    Null,
    /// True or false.
    Bool,
    /// A signed number of 64 bits.
    Int,
    /// A number of 64 bits that is not below zero.
    Uint,
    /// A floating-point number.
    Double,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A length of time.
    Duration,
    /// A point in time.
    Timestamp,
    /// A type, as a value.
    Type,
    /// A list of items of one type.
    List(Arc<Ty>),
    /// A mapping.
    Map(Arc<(Ty, Ty)>),
    /// A value that may be missing.
    Optional(Arc<Ty>),
    /// A structure of known fields.
    Object(Arc<Object>),
    /// What expressions make of named fields, by the name of its type.
    Made(SmolStr),
    /// A type of a library, by its name.
    Opaque(&'static str),
    /// What a function leaves open, and each call fills in; [`Ty::FREE`] where none did.
    Param(u8),
}

/// A structure of known fields.
#[derive(Debug)]
pub struct Object {
    /// What it is called in findings.
    pub name: SmolStr,
    /// The fields: the name in expressions, the name in objects, the type.
    pub fields: Vec<(SmolStr, SmolStr, Ty)>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Object {
    /// Returns the name in objects, and the type, of a field.
    pub fn field(&self, name: &str) -> Option<(&SmolStr, &Ty)> {
        self.fields.iter().find(|(known, _, _)| known == name).map(|(_, field, ty)| (field, ty))
    }
}

impl Ty {
    /// The type of what is in an empty list, which is any.
    pub(super) const FREE: Self = Self::Param(u8::MAX);

    /// Returns the type of lists of a type.
    pub fn list(item: Ty) -> Self {
        Self::List(Arc::new(item))
    }

    /// Returns the type of mappings from texts to a type.
    pub fn map(value: Ty) -> Self {
        Self::Map(Arc::new((Self::Text, value)))
    }

    /// Whether values of the type hold no others.
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(
            self,
            Self::Dyn
                | Self::List(_)
                | Self::Map(_)
                | Self::Optional(_)
                | Self::Object(_)
                | Self::Made(_)
                | Self::Param(_)
        )
    }

    /// Reads a type as signatures write it: `list(string)`, `map(string, A)`, `Quantity`.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(item) = inner("list") {
            return Self::list(Self::parse(item));
        }
        if let Some(item) = inner("optional") {
            return Self::Optional(Arc::new(Self::parse(item)));
        }
        if let Some((key, value)) = inner("map").and_then(|both| both.split_once(',')) {
            return Self::Map(Arc::new((Self::parse(key), Self::parse(value))));
        }
        match text {
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "duration" => Self::Duration,
            "timestamp" => Self::Timestamp,
            "type" => Self::Type,
            "A" => Self::Param(0),
            "B" => Self::Param(1),
            "Quantity" => Self::Opaque("kubernetes.Quantity"),
            "IP" => Self::Opaque("net.IP"),
            "CIDR" => Self::Opaque("net.CIDR"),
            "URL" => Self::Opaque("kubernetes.URL"),
            "Semver" => Self::Opaque("kubernetes.Semver"),
            "Format" => Self::Opaque("kubernetes.NamedFormat"),
            "Authorizer" => Self::Opaque("kubernetes.authorization.Authorizer"),
            _ => Self::Dyn,
        }
    }

    /// Whether a value of this type may stand where `wanted` is asked for; `params` is what is known of open types.
    pub(super) fn fits(&self, wanted: &Ty, params: &mut [Option<Ty>; 2]) -> bool {
        if let Ty::Param(number) = wanted {
            let slot = usize::from(*number);
            if slot >= params.len() {
                return true;
            }
            return match params[slot].clone() {
                None => {
                    params[slot] = Some(self.clone());
                    true
                }
                Some(bound) => match bound.joined(self) {
                    Some(joined) => {
                        params[slot] = Some(joined);
                        true
                    }
                    None => false,
                },
            };
        }
        match (self, wanted) {
            (Ty::Dyn | Ty::Param(_), _) | (_, Ty::Dyn) => true,
            (Ty::List(ours), Ty::List(theirs)) | (Ty::Optional(ours), Ty::Optional(theirs)) => {
                ours.fits(theirs, params)
            }
            (Ty::Map(ours), Ty::Map(theirs)) => ours.0.fits(&theirs.0, params) && ours.1.fits(&theirs.1, params),
            (Ty::Null, Ty::Object(_) | Ty::Made(_) | Ty::Duration | Ty::Timestamp | Ty::Optional(_)) => true,
            (ours, theirs) => ours == theirs,
        }
    }

    /// Whether null may stand among values of this type.
    fn has_null(&self) -> bool {
        matches!(self, Ty::Object(_) | Ty::Made(_) | Ty::Duration | Ty::Timestamp | Ty::Opaque(_) | Ty::Optional(_))
    }

    /// Returns the type of what may be of this type or of the other, if there is one.
    pub(super) fn joined(&self, other: &Ty) -> Option<Ty> {
        match (self, other) {
            (Ty::Param(_), other) | (other, Ty::Param(_)) => Some(other.clone()),
            (Ty::Dyn, _) | (_, Ty::Dyn) => Some(Ty::Dyn),
            (Ty::List(ours), Ty::List(theirs)) => Some(Ty::list(ours.joined(theirs)?)),
            (Ty::Optional(ours), Ty::Optional(theirs)) => Some(Ty::Optional(Arc::new(ours.joined(theirs)?))),
            (Ty::Map(ours), Ty::Map(theirs)) => {
                Some(Ty::Map(Arc::new((ours.0.joined(&theirs.0)?, ours.1.joined(&theirs.1)?))))
            }
            (Ty::Null, other) | (other, Ty::Null) if other.has_null() => Some(other.clone()),
            (ours, theirs) => (ours == theirs).then(|| ours.clone()),
        }
    }

    /// Returns the type with what the call filled in.
    pub(super) fn filled(&self, params: &[Option<Ty>; 2]) -> Ty {
        match self {
            Ty::Param(number) => params.get(usize::from(*number)).cloned().flatten().unwrap_or(Ty::FREE),
            Ty::List(item) => Ty::list(item.filled(params)),
            Ty::Optional(item) => Ty::Optional(Arc::new(item.filled(params))),
            Ty::Map(both) => Ty::Map(Arc::new((both.0.filled(params), both.1.filled(params)))),
            other => other.clone(),
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Param(_) => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Type => f.write_str("type"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(both) => write!(f, "map({}, {})", both.0, both.1),
            Self::Optional(item) => write!(f, "optional({item})"),
            Self::Object(object) => f.write_str(&object.name),
            Self::Made(name) => f.write_str(name),
            Self::Opaque(name) => f.write_str(name),
        }
    }
}
