//! What updates of volumes and of claims on them may not change.

use super::compare::{Compare, quantity};
use super::{Rule, Update};
use crate::kubernetes::{Shape, Tree};

/// The fields of a claim that never change; those that may be set once, and those that may grow, are no part of it.
pub(super) const CLAIM: &[&str] = &[
    "spec.accessModes",
    "spec.selector",
    "spec.volumeMode",
    "spec.dataSource",
    "spec.dataSourceRef",
    "spec.resources.limits",
];

/// The fields of a volume that say nothing about where its data is.
const NO_SOURCE: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
];

/// Labels of nodes that were renamed: their old names, and the new ones.
const RENAMED: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
];

/// Returns the labels that a term asks for, in their order.
fn expressions<T: Tree>(term: &T) -> Vec<Option<&str>> {
    let all = term.get("matchExpressions").map(Tree::items).unwrap_or_default();
    all.iter().map(|one| one.get("key").and_then(Tree::as_text)).collect()
}

impl<O: Tree, S: Tree, N: Tree> Update<'_, O, S, N> {
    pub(super) fn volume(&mut self) {
        let Some(Shape::Type(id)) = self.ty.field("spec").map(|field| &field.schema.shape) else { return };
        let ty = self.facts.ty(*id);
        let (old, stated, new) = (self.old.get("spec"), self.stated.get("spec"), self.new.get("spec"));
        let compare = Compare { facts: self.facts, root: self.ty };
        for field in ty.fields.iter().filter(|field| !NO_SOURCE.contains(&field.name.as_str())) {
            if let Some(below) = compare.field(ty, &field.name, old, stated, new).into_iter().next() {
                // A secret to expand the volume with may be named later.
                let later = below.starts_with(".controllerExpandSecretRef")
                    && old.is_some_and(|spec| spec.at(&["csi", "controllerExpandSecretRef"]).is_none());
                if !later {
                    self.refuse(format!("spec.{}{below}", field.name), "spec", Rule::Immutable);
                }
            }
        }
        self.node_affinity();
        let class = "volumeAttributesClassName";
        if old.and_then(|spec| spec.get(class)).is_some() && new.is_none_or(|spec| spec.get(class).is_none()) {
            self.keep("spec.volumeAttributesClassName", Rule::SetOnce);
        }
    }

    /// The nodes from which a volume is reached stay; labels of old names may get their new ones.
    fn node_affinity(&mut self) {
        let terms = ["spec", "nodeAffinity", "required", "nodeSelectorTerms"];
        let old = self.old.at(&terms).map(Tree::items).unwrap_or_default();
        let new = self.new.at(&terms).map(Tree::items).unwrap_or_default();
        let renamed = old.iter().zip(new).flat_map(|(old, new)| expressions(old).into_iter().zip(expressions(new)));
        let renamed = renamed.filter(|pair| RENAMED.iter().any(|(old, new)| *pair == (Some(old), Some(new)))).count();
        if self.differences("spec.nodeAffinity").len() > renamed {
            self.keep_once("spec.nodeAffinity");
        }
    }

    /// Whether the server takes a source that is added to a claim for none: of a kind for which `dataSource` was not made,
    /// or in another namespace.
    fn is_ignored(&self, field: &str) -> bool {
        let has = |key: &str| self.old.at(&["spec", key]).is_some();
        if has("dataSource") || has("dataSourceRef") {
            return false;
        }
        let text = |key: &str, part: &str| Self::text_of(self.new, &["spec", key, part]);
        match field {
            "spec.dataSource" if self.new.at(&["spec", "dataSourceRef"]).is_none() => !matches!(
                (text("dataSource", "apiGroup").unwrap_or_default(), text("dataSource", "kind")),
                ("", Some("PersistentVolumeClaim")) | ("snapshot.storage.k8s.io", Some("VolumeSnapshot"))
            ),
            "spec.dataSourceRef" => text("dataSourceRef", "namespace").is_some(),
            _ => false,
        }
    }

    /// The annotation that named the class before there was a field for it stays, or gives way to the field.
    fn class_annotation(&mut self) {
        const FIELD: &str = "metadata.annotations.volume.beta.kubernetes.io/storage-class";
        let path = ["metadata", "annotations", "volume.beta.kubernetes.io/storage-class"];
        let old = Self::text_of(self.old, &path);
        let stays = || old.filter(|_| self.new.at(&path).is_none() && self.stated.at(&path).is_none());
        let new = Self::text_of(self.new, &path).or_else(stays);
        let moved = new.is_none() && Self::text_of(self.new, &["spec", "storageClassName"]) == old;
        if old != new && !moved {
            self.refuse(FIELD.to_owned(), FIELD, Rule::Immutable);
        }
    }

    pub(super) fn claim(&mut self) {
        for field in CLAIM {
            if !self.is_ignored(field) {
                self.keep(field, Rule::Immutable);
            }
        }
        self.keep_once("spec.volumeName");
        self.keep_once("spec.storageClassName");
        self.class_annotation();
        // A live claim says whether it is bound; a manifest does not.
        let phase = Self::text_of(self.old, &["status", "phase"]);
        if phase.is_some_and(|phase| phase != "Bound") {
            self.keep("spec.volumeAttributesClassName", Rule::OnceBound);
        }
        let requests = self.differences("spec.resources.requests").into_iter();
        let mut others =
            requests.filter(|path| path.starts_with("spec.resources.requests.") && !path.ends_with(".storage"));
        if let Some(path) = others.next() {
            self.refuse(path, "spec.resources.requests", Rule::Immutable);
        }
        let storage = ["spec", "resources", "requests", "storage"];
        let field = "spec.resources.requests.storage";
        let Some(old) = quantity(self.old.at(&storage)) else { return };
        let Some(new) = quantity(self.new.at(&storage)) else {
            if self.stated.at(&storage).is_some() {
                self.refuse(field.to_owned(), field, Rule::Grows);
            }
            return;
        };
        if phase.is_some_and(|phase| phase != "Bound") && old != new {
            self.refuse(field.to_owned(), field, Rule::OnceBound);
        } else if new < old {
            // After an expansion that failed, any size above the real one will do.
            let real = quantity(self.old.at(&["status", "capacity", "storage"]));
            if real.is_none_or(|real| new <= real) {
                self.refuse(field.to_owned(), field, Rule::Grows);
            }
        }
    }
}
