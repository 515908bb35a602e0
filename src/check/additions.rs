//! What a kustomization adds to objects before they are applied, as far as that is known without building it.
//!
//! A finding about a file enters; whether the kustomization mends what it is about leaves. What nobody adds is missed as ever.

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::ObjectKey;
use crate::kubernetes::field::{is_within, without_items};
use crate::text::{Node, Origin, Value};

/// What is added to the objects of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// Whether they get a namespace, which their service accounts get too where others name them.
    pub namespace: bool,
    /// Whether they get labels by which they select pods, and which their pods have.
    pub selectors: bool,
    /// The images that get another tag, digest or name.
    pub images: Vec<SmolStr>,
    /// The patches.
    pub patches: Vec<Patched>,
}

/// What one patch writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patched {
    /// The kind of the objects that it changes; `None` is any.
    pub kind: Option<SmolStr>,
    /// Their name; `None` is any.
    pub name: Option<SmolStr>,
    /// The paths that it writes, without the places of items in lists; `None` where they are not known.
    pub paths: Option<Vec<String>>,
}

impl Additions {
    /// Whether nothing is added.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what a finding about an object misses is added.
    pub(crate) fn mend(&self, finding: &Diagnostic, key: &ObjectKey, object: &Node) -> bool {
        let Some(subject) = &finding.subject else { return false };
        let field = without_items(&subject.field);
        match finding.code {
            Code::ImageTag => {
                let image = text_at(object, finding.origin).map(without_tag);
                self.images.iter().any(|known| image == Some(known)) || self.writes(key, &field)
            }
            Code::MissingField => {
                self.namespace && field == "subjects.namespace"
                    || self.selectors && is_of_selectors(&field)
                    || self.writes(key, &field)
            }
            Code::InvalidValue => self.selectors && is_of_selectors(&field) || self.replaces(key, &field),
            Code::WrongType | Code::InvalidName | Code::PodSecurity => self.replaces(key, &field),
            code => code.is_advice() && self.writes(key, &field),
        }
    }

    /// Whether a patch of an object writes a field, or something in it.
    fn writes(&self, key: &ObjectKey, field: &str) -> bool {
        self.has_path(key, |path| is_within(path, field) || is_within(field, path))
    }

    /// Whether a patch of an object writes all of a field.
    fn replaces(&self, key: &ObjectKey, field: &str) -> bool {
        self.has_path(key, |path| is_within(field, path))
    }

    fn has_path(&self, key: &ObjectKey, is_it: impl Fn(&str) -> bool) -> bool {
        let is_of = |patch: &&Patched| {
            patch.kind.as_ref().is_none_or(|kind| *kind == key.kind)
                && patch.name.as_ref().is_none_or(|name| *name == key.name)
        };
        let mut own = self.patches.iter().filter(is_of);
        own.any(|patch| patch.paths.as_ref().is_none_or(|paths| paths.iter().any(|path| is_it(path))))
    }
}

/// Returns the text of a tree that was written at a place.
fn text_at(node: &Node, origin: Origin) -> Option<&str> {
    match node.value() {
        Value::Map(map) => map.iter().find_map(|entry| text_at(&entry.value, origin)),
        Value::Seq(items) => items.iter().find_map(|item| text_at(item, origin)),
        _ => node.as_str().filter(|_| node.origin() == origin),
    }
}

/// Returns the name of an image, without its tag and its digest.
fn without_tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rfind('/').map_or(0, |at| at + 1);
    image[last..].find(':').map_or(image, |at| &image[..last + at])
}

/// Whether a field is one that labels with selectors fill in.
fn is_of_selectors(field: &str) -> bool {
    const FIELDS: [&str; 3] = ["spec.selector", "spec.template.metadata", "spec.jobTemplate.spec.template.metadata"];
    FIELDS.iter().any(|known| is_within(field, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_mends_what_it_writes_and_nothing_beside_it() {
        let patch = Patched {
            kind: Some("Deployment".into()),
            name: None,
            paths: Some(vec!["spec.selector.matchLabels".into()]),
        };
        let additions = Additions { patches: vec![patch], ..Additions::default() };
        let key = |kind: &str| ObjectKey {
            group: "apps".into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: SmolStr::default(),
            name: "a".into(),
        };
        let missing = |field: &str| Diagnostic::new(Code::MissingField, Origin::NOWHERE, "").subject("a", field);
        let object = Node::map(crate::text::Map::new(), Origin::NOWHERE);
        let mends = |field: &str, kind: &str| additions.mend(&missing(field), &key(kind), &object);
        assert!(mends("spec.selector", "Deployment"));
        assert!(!mends("spec.selector", "StatefulSet") && !mends("spec.template", "Deployment"));
        assert_eq!(["a:1", "r:5000/a/b@sha256:1", "r:5000/a"].map(without_tag), ["a", "r:5000/a/b", "r:5000/a"]);
    }
}
