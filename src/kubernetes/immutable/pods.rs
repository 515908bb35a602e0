//! What updates of Pods, and of Jobs that make them, may not change.

use super::compare::Compare;
use super::{Rule, Update};
use crate::kubernetes::{Minor, Shape, Tree, same};

/// What a Job that is suspended may change of its template's Pods.
const SUSPENDED: &[&str] = &["nodeSelector", "tolerations", "schedulingGates"];

/// What annotations that name the profile of a container begin with.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io";
const APP_ARMOR_FIELD: &str = "metadata.annotations.container.apparmor.security.beta.kubernetes.io";

const GRACE: &str = "terminationGracePeriodSeconds";

/// Where a node affinity says what must be.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Whether a term asks for all that another one asks for, in the same order, and perhaps for more.
fn only_adds<O: Tree, N: Tree>(old: &O, new: &N) -> bool {
    let lists = ["matchExpressions", "matchFields"].map(|list| {
        (old.get(list).map(Tree::items).unwrap_or_default(), new.get(list).map(Tree::items).unwrap_or_default())
    });
    if lists.iter().all(|(old, _)| old.is_empty()) {
        return lists.iter().all(|(_, new)| new.is_empty());
    }
    lists.iter().all(|(old, new)| old.len() <= new.len() && old.iter().zip(*new).all(|(old, new)| same(old, new)))
}

/// Whether two tolerations are one: for how long it holds may change.
fn tolerates_alike<O: Tree, N: Tree>(old: &O, new: &N) -> bool {
    ["key", "operator", "value", "effect"].iter().all(|field| match (old.present(field), new.present(field)) {
        (Some(old), Some(new)) => same(old, new),
        (old, new) => old.is_none() && new.is_none(),
    })
}

impl<O: Tree, S: Tree, N: Tree> Update<'_, O, S, N> {
    pub(super) fn job(&mut self) {
        let mode = self.new.at(&["spec", "completionMode"]).and_then(Tree::as_text);
        if mode == Some("Indexed") {
            let completions = Self::number(self.new, &["spec", "completions"]);
            let number = ["spec", "parallelism"];
            // One that is left out, and was never stated, stays as it is.
            let stays = || Self::number(self.old, &number).filter(|_| self.stated.at(&number).is_none());
            let parallelism = Self::number(self.new, &number).or_else(stays).unwrap_or(1);
            let in_step = completions == Some(parallelism);
            if !in_step && completions.is_some() {
                self.keep("spec.completions", Rule::InStep);
            }
        } else {
            self.keep("spec.completions", Rule::Immutable);
        }
        // Where both are left open, the server sets both to one.
        let open = ["spec", "completions"];
        let at_will = self.old.at(&open).is_none() && self.stated.at(&["spec", "parallelism"]).is_some();
        if at_will && self.new.at(&open).is_none() && self.new.at(&["spec", "parallelism"]).is_none() {
            self.refuse(open.join("."), "spec.completions", Rule::Immutable);
        }
        if let Some(path) = self.differences("spec.template").into_iter().find(|path| !self.is_open(path)) {
            self.refuse(path, "spec.template", Rule::Immutable);
        }
    }

    /// Whether a Job is suspended, so that its template may change there.
    ///
    /// A manifest does not say whether the Job ever ran; it is taken not to have.
    fn is_open(&self, path: &str) -> bool {
        let status = |key: &str| self.old.at(&["status", key]);
        if !Self::is_true(self.old, &["spec", "suspend"]) {
            return false;
        }
        let newer = self.facts.minor >= Minor(36);
        let ran = status("startTime").is_some();
        let active = Self::number(self.old, &["status", "active"]).is_some_and(|active| active > 0);
        let conditions = status("conditions").map(Tree::items).unwrap_or_default();
        let halted = conditions.iter().any(|condition| {
            let text = |key: &str| condition.get(key).and_then(Tree::as_text);
            text("type") == Some("Suspended") && text("status") == Some("True")
        });
        if active || (ran && !(newer && halted)) {
            return false;
        }
        let Some(path) = path.strip_prefix("spec.template.") else { return false };
        if let Some(path) = path.strip_prefix("metadata.") {
            return ["labels", "annotations"].iter().any(|open| path.starts_with(open));
        }
        let Some(path) = path.strip_prefix("spec.") else { return false };
        let directive =
            SUSPENDED.iter().any(|open| path.starts_with(open)) || path.starts_with("affinity.nodeAffinity");
        let resources = newer && path.contains("ontainers[") && path.contains("].resources");
        directive || resources
    }

    /// Whether a change makes a Pod that waits at a gate fit fewer nodes.
    fn narrows(&self, field: &str, below: &str) -> bool {
        if self.old.at(&["spec", "schedulingGates"]).is_none_or(|gates| gates.items().is_empty()) {
            return false;
        }
        match field {
            "nodeSelector" => {
                let label = below.strip_prefix('.').unwrap_or(below);
                self.old.at(&["spec", "nodeSelector", label]).is_none()
            }
            "affinity" if below.starts_with(".nodeAffinity") => {
                let path = ["spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"];
                let old = self.old.at(&path).map(Tree::items).unwrap_or_default();
                let new = self.new.at(&path).map(Tree::items).unwrap_or_default();
                old.is_empty() || old.len() == new.len() && old.iter().zip(new).all(|(old, new)| only_adds(old, new))
            }
            _ => false,
        }
    }

    /// Whether a grace period below zero, which older servers took, becomes the one that it stands for.
    fn is_grace_mended(&self) -> bool {
        let path = ["spec", GRACE];
        Self::number(self.old, &path).is_some_and(|old| old < 0) && Self::number(self.new, &path) == Some(1)
    }

    /// Annotations that name profiles are as fixed as the fields that took their place.
    fn app_armor(&mut self) {
        const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];
        // Beside a field the server writes the annotation itself.
        let has_profile = |pod: &O| pod.at(&["securityContext", "appArmorProfile"]).is_some();
        let has_field = self.old.get("spec").is_some_and(|spec| {
            let lists = ["containers", "initContainers", "ephemeralContainers"];
            has_profile(spec) || lists.iter().flat_map(|list| spec.list(list)).any(has_profile)
        });
        let (old, new) = (self.old.at(&ANNOTATIONS), self.new.at(&ANNOTATIONS));
        let stated = self.stated.at(&ANNOTATIONS);
        let added = new.into_iter().flat_map(Tree::members).filter(|(key, value)| {
            old.and_then(|old| old.get(key)).map_or(!has_field, |old| old.as_text() != value.as_text())
        });
        let gone =
            stated.into_iter().flat_map(Tree::members).filter(|(key, _)| new.is_none_or(|new| new.get(key).is_none()));
        let keys = added.map(|(key, _)| key).chain(gone.map(|(key, _)| key));
        let first = keys.filter(|key| key.strip_prefix(APP_ARMOR).is_some_and(|rest| rest.starts_with('/'))).min();
        if let Some(path) = first.map(|key| format!("metadata.annotations.{key}")) {
            self.refuse(path, APP_ARMOR_FIELD, Rule::Immutable);
        }
    }

    pub(super) fn pod(&mut self) {
        let Some(Shape::Type(id)) = self.ty.field("spec").map(|field| &field.schema.shape) else { return };
        let ty = self.facts.ty(*id);
        let (old, stated, new) = (self.old.get("spec"), self.stated.get("spec"), self.new.get("spec"));
        let compare = Compare { facts: self.facts, root: self.ty };
        for field in &ty.fields {
            let name = field.name.as_str();
            if ["activeDeadlineSeconds", "tolerations", "schedulingGates"].contains(&name) {
                continue;
            }
            // Admission fills these in.
            let filled = ["priority", "preemptionPolicy", "enableServiceLinks", "serviceAccountName"];
            if filled.contains(&name) && new.is_none_or(|spec| spec.get(name).is_none()) {
                continue;
            }
            if name == GRACE && self.is_grace_mended() {
                continue;
            }
            for below in compare.field(ty, name, old, stated, new) {
                let image = ["containers", "initContainers"].contains(&name) && below.ends_with("].image");
                if !image && !self.narrows(name, &below) {
                    self.refuse(format!("spec.{name}{below}"), "spec", Rule::Immutable);
                }
            }
        }
        self.app_armor();
        let deadline = ["spec", "activeDeadlineSeconds"];
        if let Some(old) = Self::number(self.old, &deadline) {
            let raised = match Self::number(self.new, &deadline) {
                Some(new) => new > old,
                None => self.stated.at(&deadline).is_some(),
            };
            if raised {
                self.refuse(deadline.join("."), "spec.activeDeadlineSeconds", Rule::Falls);
            }
        }
        let new_items = |key: &str| new.and_then(|spec| spec.get(key)).map(Tree::items).unwrap_or_default();
        let stated_items = |key: &str| stated.and_then(|spec| spec.get(key)).map(Tree::items).unwrap_or_default();
        let old_items = |key: &str| old.and_then(|spec| spec.get(key)).map(Tree::items).unwrap_or_default();
        // Admission adds its own again where they are gone.
        let own = |item: &S| {
            let key = item.get("key").and_then(Tree::as_text).unwrap_or_default();
            ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].contains(&key)
        };
        let kept = |item: &S| own(item) || new_items("tolerations").iter().any(|new| tolerates_alike(item, new));
        if !stated_items("tolerations").iter().all(kept) {
            self.refuse("spec.tolerations".to_owned(), "spec.tolerations", Rule::Gains);
        }
        let known = |item: &N| old_items("schedulingGates").iter().any(|old| same(old, item));
        if !new_items("schedulingGates").iter().all(known) {
            self.refuse("spec.schedulingGates".to_owned(), "spec.schedulingGates", Rule::Loses);
        }
    }
}
