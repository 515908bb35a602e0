//! Which lists have to be read for a batch: no more than it refers to, in no namespace that is not there.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::batch::Batch;
use super::cluster::{Cluster, Need};
use super::limits::claims;
use super::quota::count_names;
use super::references::{is_new, references};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Amounts, Facts, Manifest, Tree};

/// Pods that have come to their end take no room.
const RUNNING: &str = "status.phase!=Succeeded,status.phase!=Failed";

impl Cluster {
    /// Returns the lists that have to be read next; nothing where all is there that can be.
    ///
    /// Some needs come from what others bring: ask again once these are put.
    pub fn needs(&self, objects: &[Manifest], facts: &Facts) -> Vec<Need> {
        let batch = Batch::of(objects, self, facts);
        let mut needs = BTreeSet::new();
        if batch.objects.iter().any(|object| !object.namespace.is_empty()) {
            needs.insert(Need::of("", "v1", "Namespace", "namespaces").metadata());
        }
        let runs = batch.objects.iter().any(|object| template(object.manifest).is_some());
        if runs {
            needs.insert(Need::of("", "v1", "Node", "nodes"));
            needs.insert(Need { field_selector: Some(RUNNING), ..Need::of("", "v1", "Pod", "pods") });
            needs.insert(Need::of("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses"));
        }
        if batch.objects.iter().any(|object| !claims(*object).is_empty()) {
            needs.insert(Need::of("storage.k8s.io", "v1", "StorageClass", "storageclasses").metadata());
        }
        // Which namespaces there are decides what is read next.
        if needs.iter().all(|need| need.kind != "Namespace" || self.was_asked(need)) {
            self.in_namespaces(&batch, facts, &mut needs);
        }
        needs.into_iter().filter(|need| !self.was_asked(need)).collect()
    }

    fn in_namespaces(&self, batch: &Batch<'_>, facts: &Facts, needs: &mut BTreeSet<Need>) {
        for object in batch.objects.iter().filter(|object| !object.namespace.is_empty()) {
            let namespace = object.namespace;
            if is_new(namespace, self) {
                continue;
            }
            needs.insert(Need::of("", "v1", "ResourceQuota", "resourcequotas").within(namespace));
            if template(object.manifest).is_some() || !claims(*object).is_empty() {
                needs.insert(Need::of("", "v1", "LimitRange", "limitranges").within(namespace));
            }
            if object.is("batch", "Job") {
                needs.insert(Need::of("batch", "v1", "Job", "jobs").within(namespace));
            }
            let hard = self.quotas.get(namespace).into_iter().flatten();
            let hard: Vec<Amounts> = hard.map(|quota| Amounts::read(quota.at(&["status", "hard"]))).collect();
            if hard.is_empty() {
                continue;
            }
            let counted = |name: &SmolStr| hard.iter().any(|hard| hard.get(name).is_some());
            let key = &object.manifest.key;
            if let Some(kind) = facts.kind(&key.group, &key.version, &key.kind)
                && !object.is("", "Pod")
                && count_names(*object, facts).iter().any(counted)
            {
                needs.insert(
                    Need::of(&kind.group, &kind.version, &kind.kind, &kind.plural).within(namespace).metadata(),
                );
            }
            if !claims(*object).is_empty() {
                let claims = Need::of("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims");
                needs.insert(claims.within(namespace).metadata());
            }
        }
        for reference in references(batch) {
            if reference.is_settled(batch) || is_new(&reference.namespace, self) {
                continue;
            }
            let Some(kind) = facts.kind(&reference.group, &reference.version, &reference.kind) else { continue };
            let need = Need::of(&kind.group, &kind.version, &kind.kind, &kind.plural).within(&reference.namespace);
            needs.insert(match kind.kind.as_str() {
                "PriorityClass" | "RuntimeClass" => need,
                _ => need.metadata(),
            });
        }
        // Of one kind and namespace, the list with more in it is enough.
        let whole: Vec<Need> = needs.iter().filter(|need| !need.metadata_only).cloned().collect();
        for need in whole {
            needs.remove(&need.metadata());
        }
    }
}

impl Need {
    fn of(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            namespace: None,
            metadata_only: false,
            field_selector: None,
        }
    }

    fn within(self, namespace: &SmolStr) -> Self {
        Self { namespace: Some(namespace.clone()).filter(|namespace| !namespace.is_empty()), ..self }
    }

    fn metadata(self) -> Self {
        Self { metadata_only: true, ..self }
    }

    /// Whether an object is in the list; field selectors aside.
    pub fn takes(&self, object: &crate::cluster::Live) -> bool {
        let (group, version) = match object.0.word("apiVersion") {
            Some(version) => match version.split_once('/') {
                Some((group, version)) => (SmolStr::new(group), SmolStr::new(version)),
                None => (SmolStr::default(), version),
            },
            None => return false,
        };
        (group, version) == (self.group.clone(), self.version.clone())
            && object.0.word("kind").as_ref() == Some(&self.kind)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace())
    }
}
