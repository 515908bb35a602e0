//! Paths of fields, as the API server writes them: `spec.template.spec.containers[0].image`, `data[key]`.
//!
//! A path is a chain of steps on the stack of the walk; its text is made only when a finding needs it.

use std::fmt;

/// A place in an object.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The object itself.
    Root,
    /// A place that has its text already: where a part of an object will stand.
    At(&'a str),
    /// A field of a structure.
    Field(&'a Path<'a>, &'a str),
    /// A key of a mapping.
    Key(&'a Path<'a>, &'a str),
    /// An item of a list.
    Item(&'a Path<'a>, usize),
    /// A place below, in the words of a rule: `template.spec`, `[0].name`; empty for the place itself.
    Below(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    /// Returns the field of the object that this is in, or is.
    pub fn top(&self) -> Option<&str> {
        match self {
            Self::Root | Self::At(_) => None,
            Self::Field(Self::Root, name) => Some(name),
            Self::Field(above, _) | Self::Key(above, _) | Self::Item(above, _) | Self::Below(above, _) => above.top(),
        }
    }

    /// Whether objects are told apart by what stands here: a name, a namespace, the value of a label.
    pub fn is_identity(&self) -> bool {
        match self {
            Self::Field(Self::Field(Self::Root, "metadata"), name) => matches!(*name, "name" | "namespace"),
            Self::Key(Self::Field(_, name), _) => matches!(*name, "labels" | "matchLabels" | "selector"),
            _ => false,
        }
    }

    /// Whether the number of an object's pods stands here.
    pub fn is_count(&self) -> bool {
        let of_spec = |name: &str| matches!(name, "replicas" | "parallelism" | "completions");
        matches!(self, Self::Field(Self::Field(Self::Root, "spec"), name) if of_spec(name))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::At(text) => f.write_str(text),
            Self::Field(Self::Root | Self::At(""), name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Key(parent, key) => write!(f, "{parent}[{key}]"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Below(parent, "") => parent.fmt(f),
            Self::Below(Self::Root | Self::At(""), below) => f.write_str(below),
            Self::Below(parent, below) if below.starts_with('[') => write!(f, "{parent}{below}"),
            Self::Below(parent, below) => write!(f, "{parent}.{below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path::{Field, Item, Key, Root};

    #[test]
    fn paths_read_as_those_of_the_api_server() {
        let containers = Field(&Field(&Root, "spec"), "containers");
        assert_eq!(Field(&Item(&containers, 0), "image").to_string(), "spec.containers[0].image");
        assert_eq!(Key(&Field(&Root, "data"), "a.b").to_string(), "data[a.b]");
        assert_eq!(Root.to_string(), "");
    }
}
