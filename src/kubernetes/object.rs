//! The identity of an object, and an object ready to be checked and written.

use std::fmt;

use smol_str::{SmolStr, ToSmolStr};

use crate::text::{Node, Origin};

/// The groups whose annotations are between an object and the tool that carries it: kustomize, kpt, Helm.
const TOOLS: &[&str] = &[
    "config.kubernetes.io",
    "internal.config.kubernetes.io",
    "config.k8s.io",
    "kustomize.config.k8s.io",
    "postrenderer.helm.sh",
];

/// Whether an annotation is a tool's own note on an object: its file, its number, how to treat it.
pub fn tool_note(annotation: &str) -> bool {
    annotation.split_once('/').is_some_and(|(group, _)| TOOLS.contains(&group))
}

/// What makes two objects one to the API server, with the version that they are written in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version in the group.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The namespace; empty for cluster-scoped objects and where none is written.
    pub namespace: SmolStr,
    /// The name.
    pub name: SmolStr,
}

/// The fields of an object's metadata that the server alone writes.
pub const SERVER_METADATA: [&str; 7] =
    ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "deletionTimestamp"];
/// Annotations that controllers keep their books in.
pub const SERVER_ANNOTATIONS: [&str; 2] =
    ["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"];

/// An object on its way out.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its identity.
    pub key: ObjectKey,
    /// Its tree: apiVersion, kind, metadata and the rest.
    pub node: Node,
    /// Where the whole of it comes from: the workload's entry in a spec, or the document.
    pub origin: Origin,
}

impl Manifest {
    /// Returns the name that its tree has.
    pub fn name(&self) -> Option<&SmolStr> {
        self.node.at(&["metadata", "name"]).and_then(Node::text)
    }
}

impl ObjectKey {
    /// Reads the identity of an object, of one instance where each has its own; none where a part of it is no text.
    pub fn of(node: &Node) -> Option<Self> {
        let api_version = node.get("apiVersion")?.text()?;
        let (group, version) = match api_version.split_once('/') {
            Some((group, version)) => (group.into(), version.into()),
            None => (SmolStr::default(), api_version.clone()),
        };
        let metadata = node.get("metadata");
        let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Node::sample_text).cloned();
        Some(Self {
            group,
            version,
            kind: node.get("kind")?.text()?.clone(),
            namespace: text("namespace").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
        })
    }

    /// Returns the `apiVersion` that it is written in.
    pub fn api_version(&self) -> SmolStr {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version).to_smolstr()
        }
    }
}

impl fmt::Display for ObjectKey {
    /// Writes `Kind namespace/name`, as findings name objects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name, .. } = self;
        // What is longer is no name, and would be repeated in each finding about the object.
        if namespace.is_empty() {
            write!(f, "{kind:.300} {name:.300}")
        } else {
            write!(f, "{kind:.300} {namespace:.300}/{name:.300}")
        }
    }
}
