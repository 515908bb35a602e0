//! Objects as they will be sent.

use std::sync::Arc;

use super::set::PART_OF;
use crate::cluster::{Discovered, Reply, Resource};
use crate::diagnostic::words;
use crate::diagnostic::{Code, Diagnostic};
use crate::emit;
use crate::kubernetes::{Look, Manifest, ObjectKey, Tree};
use crate::text::{Key, Map, Node, Origin, Sources};

/// An object that should be in the cluster, in the form in which it is sent.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Its identity, with the namespace that it goes to.
    pub key: ObjectKey,
    /// Where it lives.
    pub resource: Arc<Resource>,
    /// Its tree, as sent.
    pub node: Node,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether a secret is in it, so that what the server says of it may repeat one.
    pub confidential: bool,
}

impl Desired {
    /// Returns the path of the object.
    pub fn path(&self) -> String {
        self.resource.object(&self.key.namespace, &self.key.name)
    }

    /// Returns the object as JSON: it is made when it is sent, since most objects of a large set never are.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(2048);
        emit::json::write_compact(&self.node, &mut body);
        body
    }

    /// Returns what an answer about the object has to be.
    pub(super) fn reply(&self) -> Reply {
        Reply::object(&self.resource, &self.key.namespace, &self.key.name)
    }

    /// Returns what an answer to its write has to be.
    pub(super) fn written(&self) -> Reply {
        let stays = |(key, value): &(&str, &Node)| {
            !matches!(*key, "apiVersion" | "kind" | "metadata" | "status" | "stringData") && holds(value)
        };
        self.reply().with_fields(self.node.members().filter(stays).map(|(key, _)| key.into()).collect())
    }
}

/// What is added to objects on their way.
#[derive(Clone, Copy, Debug)]
pub struct Placing<'a> {
    /// The kinds of the server, and those that the objects themselves define.
    pub kinds: &'a Discovered,
    /// The namespace of objects that name none.
    pub namespace: &'a str,
    /// The label value of the set that they become members of.
    pub set: Option<&'a str>,
    /// Which places are secret.
    pub sources: &'a Sources,
}

impl Placing<'_> {
    /// Returns an object as it will be sent; a finding where the server has no such kind.
    pub fn place(&self, manifest: &Manifest) -> Result<Desired, Box<Diagnostic>> {
        let mut key = manifest.key.clone();
        let Some(resource) = self.kinds.resource(&key.group, &key.version, &key.kind) else {
            return Err(Box::new(self.not_served(manifest)));
        };
        let mut node = manifest.node.clone();
        if resource.namespaced && key.namespace.is_empty() {
            key.namespace = self.namespace.into();
            node = with_metadata(&node, |metadata, origin| {
                metadata.set(Key::new("namespace", origin), Node::string(self.namespace, origin));
            });
        }
        if let Some(label) = node.at(&["metadata", "labels", PART_OF]) {
            return Err(Box::new(
                Diagnostic::new(Code::InvalidValue, label.origin(), format!("the label `{PART_OF}` is set by apply"))
                    .help("remove it: it says which set an object belongs to in a cluster")
                    .subject(key.to_string(), format!("metadata.labels[{PART_OF}]")),
            ));
        }
        if let Some(set) = self.set {
            node = with_metadata(&node, |metadata, origin| {
                let mut labels = metadata.get("labels").and_then(Node::as_map).cloned().unwrap_or_default();
                labels.set(Key::new(PART_OF, origin), Node::string(set, origin));
                metadata.set(Key::new("labels", origin), Node::map(labels, origin));
            });
        }
        let is_secret = key.kind == "Secret" && key.group.is_empty();
        let confidential = is_secret || self.sources.hold_secret_of(&node);
        Ok(Desired { key, resource: Arc::clone(resource), node, origin: manifest.origin, confidential })
    }

    fn not_served(&self, manifest: &Manifest) -> Diagnostic {
        let key = &manifest.key;
        let origin = manifest.node.get("kind").map_or(manifest.origin, Node::origin);
        let message = format!("the cluster does not serve `{}` `{}`", key.api_version(), key.kind);
        let served = self.kinds.served(&key.kind);
        let help = if self.kinds.is_stale(&key.group) {
            format!("the server of the group `{}` does not answer; see `kubectl get apiservices`", key.group)
        } else if !served.is_empty() {
            format!("it serves the kind in {}", words::list(served.iter().map(String::as_str), "and"))
        } else {
            "add the CustomResourceDefinition of the kind to the inputs, or install it first".to_owned()
        };
        Diagnostic::new(Code::NotServed, origin, message).help(help).subject(key.to_string(), "kind")
    }
}

/// Whether there is a value in it that no server leaves out of what it writes: some write no empty ones, and no zeros.
fn holds(value: &Node) -> bool {
    match value.look() {
        Look::Map(_) => value.members().any(|(_, value)| holds(value)),
        Look::List(items) => items.iter().any(holds),
        Look::Null => false,
        Look::Bool(value) => value,
        Look::Number(number) => number != "0",
        Look::Text(text) => !text.is_empty(),
    }
}

/// Adds the kinds that definitions among the objects bring.
pub fn defined_kinds(manifests: &[Manifest], kinds: &mut Discovered) {
    let definitions = manifests.iter().filter(|manifest| {
        manifest.key.kind == "CustomResourceDefinition" && manifest.key.group == "apiextensions.k8s.io"
    });
    for definition in definitions {
        let text = |path: &[&str]| definition.node.at(path).and_then(Node::as_str).unwrap_or_default();
        let versions = definition.node.at(&["spec", "versions"]).and_then(Node::as_seq).unwrap_or_default();
        for version in versions {
            kinds.add_coming(Resource {
                group: text(&["spec", "group"]).into(),
                version: version.get("name").and_then(Node::as_str).unwrap_or_default().into(),
                kind: text(&["spec", "names", "kind"]).into(),
                plural: text(&["spec", "names", "plural"]).into(),
                namespaced: text(&["spec", "scope"]) == "Namespaced",
                has_status: version.at(&["subresources", "status"]).is_some(),
            });
        }
    }
}

fn with_metadata(node: &Node, change: impl FnOnce(&mut Map, Origin)) -> Node {
    let mut object = node.as_map().cloned().unwrap_or_default();
    let (mut metadata, origin) = match object.get("metadata") {
        Some(metadata) => (metadata.as_map().cloned().unwrap_or_default(), metadata.origin()),
        None => (Map::new(), node.origin()),
    };
    change(&mut metadata, origin);
    object.set(Key::new("metadata", origin), Node::map(metadata, origin));
    Node::map(object, node.origin())
}
