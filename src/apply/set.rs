//! The set that a batch is to the cluster: an ApplySet as kubectl keeps it, so that either tool can read the other's.
//!
//! A parent object says which kinds and namespaces the set has members in; each member carries the set's name as a label.
//! The parent is widened before anything is sent and narrowed when all is done, so that no interruption leaves a member
//! where nobody looks for it.

pub(super) mod guard;
pub(super) mod hold;
pub(super) mod prune;
pub(super) mod parents;
pub(super) mod shard;
pub(super) mod survey;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::managed::{MANAGER, managed_entries};
use crate::cluster::{Live, Resource};

/// The label of members.
pub(super) const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of the parent.
pub(super) const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// Our name in it.
const TOOL: &str = "fanfold";

/// A set by its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplySet {
    /// The kind of the parent.
    pub parent: Resource,
    /// The namespace of the parent.
    pub namespace: String,
    /// The name of the parent.
    pub name: String,
}

/// Where a set has members: `Kind.group` and namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The kinds, as `(group, kind)`.
    pub kinds: BTreeSet<(String, String)>,
    /// The namespaces.
    pub namespaces: BTreeSet<String>,
}

impl ApplySet {
    /// Reads `NAME`, `configmaps/NAME` or `secrets/NAME`; a name alone means a ConfigMap.
    pub fn parse(text: &str, namespace: &str) -> Result<Self, String> {
        let (resource, name) = text.split_once('/').unwrap_or(("configmaps", text));
        let (kind, plural) = match resource.to_ascii_lowercase().as_str() {
            "configmap" | "configmaps" | "cm" => ("ConfigMap", "configmaps"),
            "secret" | "secrets" => ("Secret", "secrets"),
            other => return Err(format!("expected `configmaps/NAME` or `secrets/NAME`, found `{other}/{name}`")),
        };
        if let Err(problem) = crate::kubernetes::name::dns_subdomain(name) {
            return Err(format!("`{name}` cannot be the name of a set: {problem}"));
        }
        Ok(Self { parent: Resource::core(kind, plural), namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// Returns the value of the members' label.
    pub fn id(&self) -> String {
        let Self { parent, namespace, name } = self;
        let text = format!("{name}.{namespace}.{}.{}", parent.kind, parent.group);
        format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
    }

    /// Returns the path of the parent.
    pub fn path(&self) -> String {
        self.parent.object(&self.namespace, &self.name)
    }

    /// Reads what a parent says; an error, for the user, where it is not ours to use.
    pub fn read(&self, parent: &Live) -> Result<Extent, String> {
        let place = format!("{} `{}` in namespace `{}`", self.parent.kind, self.name, self.namespace);
        match parent.label(ID) {
            Some(id) if id == self.id() => {}
            Some(_) => return Err(format!("the {place} belongs to another set")),
            None => return Err(format!("the {place} exists and is not the parent of a set")),
        }
        let tooling = parent.annotation(TOOLING).unwrap_or_default();
        let tool = tooling.rsplit_once('/').map_or(tooling, |(tool, _)| tool);
        if tool != TOOL {
            return Err(format!("the set of the {place} is managed by `{tool}`"));
        }
        let list = |key: &str| {
            let text = parent.annotation(key).unwrap_or_default();
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let kinds = list(KINDS).into_iter().map(|kind| match kind.split_once('.') {
            Some((kind, group)) => (group.to_owned(), kind.to_owned()),
            None => (String::new(), kind),
        });
        let mut namespaces: BTreeSet<String> = list(NAMESPACES).into_iter().collect();
        namespaces.insert(self.namespace.clone());
        Ok(Extent { kinds: kinds.collect(), namespaces })
    }

    /// Returns the parent that says where the set has members.
    pub fn parent(&self, extent: &Extent) -> Value {
        let kinds = extent.kinds.iter().map(
            |(group, kind)| {
                if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") }
            },
        );
        let kinds: BTreeSet<String> = kinds.collect();
        let namespaces =
            extent.namespaces.iter().filter(|namespace| **namespace != self.namespace && !namespace.is_empty());
        let join = |items: Vec<&str>| items.join(",");
        json!({
            "apiVersion": self.parent.version,
            "kind": self.parent.kind,
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": { ID: self.id() },
                "annotations": {
                    TOOLING: format!("{TOOL}/v{}", env!("CARGO_PKG_VERSION")),
                    KINDS: join(kinds.iter().map(String::as_str).collect()),
                    NAMESPACES: join(namespaces.map(String::as_str).collect()),
                },
            },
        })
    }
}

impl Extent {
    /// Returns an extent that covers both.
    pub fn with(&self, other: &Self) -> Self {
        Self {
            kinds: self.kinds.union(&other.kinds).cloned().collect(),
            namespaces: self.namespaces.union(&other.namespaces).cloned().collect(),
        }
    }
}

/// Who holds an object, where that is somebody else.
///
/// `named` says what a set is called whose label that is.
pub(super) fn other_owner(live: &Live, own: Option<&str>, named: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(id) = live.label(PART_OF) {
        return (Some(id) != own)
            .then(|| format!("the set {}", named(id).unwrap_or_else(|| format!("`{id}`, whose parent is not found"))));
    }
    let of = |tool: &str, name: Option<&str>| name.map(|name| format!("{tool} `{name}`"));
    of("the Helm release", live.annotation("meta.helm.sh/release-name"))
        .or_else(|| of("the Argo CD application", live.annotation("argocd.argoproj.io/tracking-id").map(application)))
        .or_else(|| of("the Flux kustomization", live.label("kustomize.toolkit.fluxcd.io/name")))
        .or_else(|| of("the Flux release", live.label("helm.toolkit.fluxcd.io/name")))
        .or_else(|| of("the kapp application", live.label("kapp.k14s.io/app")))
        .or_else(|| of("the inventory", live.annotation("config.k8s.io/owning-inventory")))
        .or_else(|| controller(live))
}

/// Whether an object with the label of a set was applied by us: controllers copy labels to what they make, and people do.
pub(super) fn is_ours(live: &Live) -> bool {
    controller(live).is_none()
        && managed_entries(live)
            .is_none_or(|entries| entries.is_empty() || entries.iter().any(|entry| entry.is_applied_by(MANAGER)))
}

fn application(tracking: &str) -> &str {
    tracking.split_once(':').map_or(tracking, |(application, _)| application)
}

fn controller(live: &Live) -> Option<String> {
    let owners = live.list(&["metadata", "ownerReferences"]);
    let controller = owners.iter().find(|owner| owner.get("controller").is_some_and(|value| value == true))?;
    let text = |key: &str| controller.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(format!("the {} `{}`", text("kind"), text("name")))
}

/// Whether an object asks to be kept, whoever prunes.
pub(super) fn asks_to_stay(live: &Live) -> bool {
    live.annotation("helm.sh/resource-policy") == Some("keep")
        || live.annotation("client.lifecycle.config.k8s.io/deletion") == Some("detach")
        || live.annotation("kustomize.toolkit.fluxcd.io/prune") == Some("disabled")
        || live.annotation("argocd.argoproj.io/sync-options").is_some_and(|options| options.contains("Prune=false"))
        || live.annotation("fanfold.dev/prune") == Some("never")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_named_as_kubectl_names_them() {
        let set = ApplySet::parse("secrets/my-set", "test").expect("parses");
        assert_eq!(set.id(), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1");
    }

    #[test]
    fn a_parent_says_what_it_was_given() {
        let set = ApplySet::parse("shop", "shop").expect("parses");
        let extent = Extent {
            kinds: [("apps".into(), "Deployment".into()), (String::new(), "Service".into())].into(),
            namespaces: ["shop".into(), "web".into()].into(),
        };
        let parent = Live(set.parent(&extent));
        assert_eq!(parent.annotation(KINDS), Some("Deployment.apps,Service"));
        assert_eq!(parent.annotation(NAMESPACES), Some("web"));
        assert_eq!(set.read(&parent), Ok(extent));
        let other = ApplySet::parse("other", "shop").expect("parses");
        assert!(other.read(&parent).is_err());
    }
}
