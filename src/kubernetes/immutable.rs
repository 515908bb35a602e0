//! What an update may not change, and therefore takes a deletion and a new object.
//!
//! An object as it stands and as it is wanted enter; the fields whose change the server would refuse leave. What counts as a
//! change is what server-side apply would make of it:
//!
//! - A field that the wanted object states is compared with what stands. Where it says less, as a template without the
//!   labels and defaults that the server added, only what it says is compared. Lists that have keys are compared item by
//!   item; quantities by value.
//! - A field that it leaves out is a change only if we stated it before, because only then is it taken away. Defaults that
//!   the server added, or what others set, are none of our business.
//! - A default that is written out, or no longer written out, is no change, as far as [`Storage`](super::Storage) knows it.
//!
//! So much can be said before anything is sent; the server alone has the last word.

mod compare;
mod config;
mod pods;
mod service;
mod storage;
#[cfg(test)]
mod tests;

use std::fmt;

use self::compare::Compare;
use self::storage::CLAIM;
use super::{Facts, Look, Shape, Tree, Type, same};

/// A change that the server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the objects differ first: `spec.template.spec.containers[0].image`.
    pub path: String,
    /// The field that must stay as it is: `spec.template`.
    pub field: &'static str,
    /// Why.
    pub rule: Rule,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It never changes.
    Immutable,
    /// It does not change while the object says `immutable: true`.
    MarkedImmutable,
    /// It was left open, was set, and stays.
    SetOnce,
    /// It was left open, the server gave it a value, and that stays.
    Given,
    /// It only grows.
    Grows,
    /// It only falls, and is not taken away.
    Falls,
    /// Items are only added.
    Gains,
    /// Items are only taken away.
    Loses,
    /// It changes only together with `parallelism`, to the same number.
    InStep,
    /// It changes only once the claim is bound.
    OnceBound,
    /// It stays as long as objects may be stored in it.
    Stored,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Immutable => "it cannot be changed",
            Self::MarkedImmutable => "the object is marked `immutable`",
            Self::SetOnce => "it cannot be changed once it is set",
            Self::Given => "the server gave it a value when the object was made, and takes no other",
            Self::Grows => "it can only grow",
            Self::Falls => "it can only be lowered",
            Self::Gains => "items can only be added",
            Self::Loses => "items can only be taken away",
            Self::InStep => "it can only be changed together with `spec.parallelism`, to the same number",
            Self::OnceBound => "it can only be changed when the claim is bound",
            Self::Stored => {
                "a version in which objects were stored can only be taken away once they are migrated, and \
                 `status.storedVersions` names it no longer"
            }
        })
    }
}

/// Fields that never change, by group and kind.
const IMMUTABLE: &[(&str, &str, &[&str])] = &[
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &["spec.group", "spec.names.plural", "spec.names.kind", "spec.scope"],
    ),
    ("apps", "ControllerRevision", &["data"]),
    ("apps", "DaemonSet", &["spec.selector"]),
    ("apps", "Deployment", &["spec.selector"]),
    ("apps", "ReplicaSet", &["spec.selector"]),
    (
        "apps",
        "StatefulSet",
        &["spec.selector", "spec.volumeClaimTemplates", "spec.serviceName", "spec.podManagementPolicy"],
    ),
    (
        "batch",
        "Job",
        &[
            "spec.selector",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.successPolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
        ],
    ),
    ("certificates.k8s.io", "CertificateSigningRequest", &["spec"]),
    ("certificates.k8s.io", "ClusterTrustBundle", &["spec.signerName"]),
    ("discovery.k8s.io", "EndpointSlice", &["addressType"]),
    ("networking.k8s.io", "IPAddress", &["spec.parentRef"]),
    ("networking.k8s.io", "IngressClass", &["spec.controller"]),
    ("node.k8s.io", "RuntimeClass", &["handler"]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"]),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"]),
    ("resource.k8s.io", "ResourceClaim", &["spec"]),
    ("resource.k8s.io", "ResourceClaimTemplate", &["spec"]),
    ("resource.k8s.io", "ResourceSlice", &["spec.driver", "spec.nodeName", "spec.pool.name"]),
    ("scheduling.k8s.io", "PriorityClass", &["value", "preemptionPolicy"]),
    ("storage.k8s.io", "CSIDriver", &["spec.attachRequired", "spec.volumeLifecycleModes"]),
    ("storage.k8s.io", "CSIStorageCapacity", &["nodeTopology", "storageClassName"]),
    ("storage.k8s.io", "StorageClass", &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ("storage.k8s.io", "VolumeAttributesClass", &["driverName", "parameters"]),
    ("storage.k8s.io", "VolumeAttachment", &["spec"]),
    ("", "Node", &["spec.externalID"]),
    ("", "Secret", &["type"]),
];

/// Returns the changes of an update that the server would refuse.
///
/// `old` is what stands: the live object, or the manifest of before. `stated` is what we stated of it: of a live object the
/// part that our manager owns, of a manifest all of it. Nothing is said about custom resources, whose rules are their own.
pub fn refused<O: Tree, S: Tree, N: Tree>(facts: &Facts, old: &O, stated: &S, new: &N) -> Vec<Refused> {
    let Some((group, kind, ty)) = kind_of(new, facts) else { return Vec::new() };
    let mut update = Update { facts, old, stated, new, ty, refused: Vec::new() };
    if let Some((_, _, fields)) = IMMUTABLE.iter().find(|(of, name, _)| *of == group && *name == kind) {
        fields.iter().for_each(|field| update.keep(field, Rule::Immutable));
    }
    match (group, kind) {
        ("batch", "Job") => update.job(),
        ("", "ConfigMap") => update.config_map(),
        ("", "Secret") => update.secret(),
        ("", "Service") => update.service(),
        ("", "PersistentVolume") => update.volume(),
        ("", "PersistentVolumeClaim") => update.claim(),
        ("", "Pod") => update.pod(),
        ("", "ResourceQuota") => update.quota(),
        ("", "Node") => update.keep_once("spec.providerID"),
        ("networking.k8s.io", "ServiceCIDR") => update.service_range(),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => update.definition(),
        _ => {}
    }
    update.refused
}

/// Whether a field of a kind never changes, or lies in one that does not; `path` is as the server writes it, from the root.
pub fn never_changes(group: &str, kind: &str, path: &str) -> bool {
    let fixed =
        IMMUTABLE.iter().find(|(of, name, _)| *of == group && *name == kind).map_or(&[][..], |(.., fields)| fields);
    let more: &[&str] = match (group, kind) {
        ("batch", "Job") => &["spec.template"],
        ("", "PersistentVolumeClaim") => CLAIM,
        _ => &[],
    };
    let path = path.trim_start_matches('.');
    let holds =
        |field: &&str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    fixed.iter().chain(more).any(holds)
}

/// Whether an update of a kind may be refused for a change at a path of keys. A no is certain; a yes asks for [`refused`].
pub fn may_refuse<'k>(group: &str, kind: &str, path: &(impl Iterator<Item = &'k str> + Clone)) -> bool {
    let has_own_rules = matches!(
        (group, kind),
        ("batch", "Job")
            | (
                "",
                "ConfigMap"
                    | "Node"
                    | "PersistentVolume"
                    | "PersistentVolumeClaim"
                    | "Pod"
                    | "ResourceQuota"
                    | "Secret"
                    | "Service"
            )
            | ("networking.k8s.io", "ServiceCIDR")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    );
    let fields =
        IMMUTABLE.iter().find(|(of, name, _)| *of == group && *name == kind).map_or(&[][..], |(.., fields)| fields);
    // One of the two lies in the other, or both are one.
    let overlaps = |field: &&str| field.split('.').zip(path.clone()).all(|(one, other)| one == other);
    has_own_rules || fields.iter().any(overlaps)
}

fn kind_of<'a, N: Tree>(object: &'a N, facts: &'a Facts) -> Option<(&'a str, &'a str, &'a Type)> {
    let api_version = object.get("apiVersion")?.as_text()?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = object.get("kind")?.as_text()?;
    let ty = facts.type_of(facts.kind(group, version, kind)?)?;
    Some((group, kind, facts.ty(ty)))
}

struct Update<'a, O, S, N> {
    facts: &'a Facts,
    old: &'a O,
    stated: &'a S,
    new: &'a N,
    ty: &'a Type,
    refused: Vec<Refused>,
}

impl<O: Tree, S: Tree, N: Tree> Update<'_, O, S, N> {
    fn refuse(&mut self, path: String, field: &'static str, rule: Rule) {
        self.refused.push(Refused { path, field, rule });
    }

    /// Refuses any change of a field.
    fn keep(&mut self, field: &'static str, rule: Rule) {
        if let Some(path) = self.differences(field).into_iter().next() {
            self.refuse(path, field, rule);
        }
    }

    /// Refuses any change of a field that was set.
    fn keep_once(&mut self, field: &'static str) {
        let keys: Vec<&str> = field.split('.').collect();
        if self.old.at(&keys).is_some() {
            self.keep(field, Rule::SetOnce);
        }
    }

    /// Scopes stay, in any order.
    fn quota(&mut self) {
        let scopes = ["spec", "scopes"];
        let old = self.old.at(&scopes).map(Tree::items).unwrap_or_default();
        let new = self.new.at(&scopes).map(Tree::items).unwrap_or_default();
        let is_same_set = old.iter().all(|one| new.iter().any(|other| same(one, other)))
            && new.iter().all(|one| old.iter().any(|other| same(other, one)));
        if !is_same_set {
            self.keep("spec.scopes", Rule::Immutable);
        }
    }

    /// A second range, of the other family, may be added to one; else they stay.
    fn service_range(&mut self) {
        let ranges = ["spec", "cidrs"];
        let old = self.old.at(&ranges).map(Tree::items).unwrap_or_default();
        let new = self.new.at(&ranges).map(Tree::items).unwrap_or_default();
        let is_second = matches!((old, new), ([first], [same_first, _]) if same(first, same_first));
        if !is_second {
            self.keep("spec.cidrs", Rule::Immutable);
        }
    }

    /// Returns where a field differs.
    fn differences(&self, field: &str) -> Vec<String> {
        let keys: Vec<&str> = field.split('.').collect();
        let Some((last, above)) = keys.split_last() else { return Vec::new() };
        let mut ty = self.ty;
        for key in above {
            let Some(Shape::Type(id)) = ty.field(key).map(|field| &field.schema.shape) else { return Vec::new() };
            ty = self.facts.ty(*id);
        }
        let (old, stated, new) = (self.old.at(above), self.stated.at(above), self.new.at(above));
        let below = Compare { facts: self.facts, root: self.ty }.field(ty, last, old, stated, new);
        below.into_iter().map(|below| format!("{field}{below}")).collect()
    }

    fn text_of<'t, T: Tree>(tree: &'t T, path: &[&str]) -> Option<&'t str> {
        tree.at(path).and_then(Tree::as_text).filter(|text| !text.is_empty())
    }

    fn is_true<T: Tree>(tree: &T, path: &[&str]) -> bool {
        tree.at(path).is_some_and(|value| matches!(value.look(), Look::Bool(true)))
    }

    fn number<T: Tree>(tree: &T, path: &[&str]) -> Option<i64> {
        match tree.at(path)?.look() {
            Look::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    /// A live definition says which versions were ever stored; a manifest only which one is.
    fn definition(&mut self) {
        let new = self.new.at(&["spec", "versions"]).map(Tree::items).unwrap_or_default();
        let stays = |name: &str| new.iter().any(|version| version.get("name").and_then(Tree::as_text) == Some(name));
        let stored: Vec<&str> = if let Some(stored) = self.old.at(&["status", "storedVersions"]) {
            stored.items().iter().filter_map(Tree::as_text).collect()
        } else {
            let old = self.old.at(&["spec", "versions"]).map(Tree::items).unwrap_or_default();
            let stored = old.iter().filter(|version| Self::is_true(*version, &["storage"]));
            stored.filter_map(|version| version.get("name")?.as_text()).collect()
        };
        for name in stored.into_iter().filter(|name| !stays(name)) {
            self.refuse(format!("spec.versions[{name}]"), "spec.versions", Rule::Stored);
        }
    }
}
