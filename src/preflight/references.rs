//! What a batch refers to and neither brings nor finds in the cluster.

use smol_str::SmolStr;

use super::batch::{Batch, Object};
use super::cluster::Cluster;
use super::finding::{Findings, Found};
use super::limits::claims;
use crate::diagnostic::{Code, Severity, suggestion};
use crate::kubernetes::references::{Named, Need, is_built_in, is_issued, mentions};
use crate::kubernetes::{Facts, Tree};
use crate::text::{Node, Origin};

/// A mention of an object by name.
pub(super) struct Reference<'m> {
    pub(super) group: SmolStr,
    pub(super) version: SmolStr,
    pub(super) kind: SmolStr,
    /// The namespace that it has to be in; empty where it is in none.
    pub(super) namespace: SmolStr,
    pub(super) name: SmolStr,
    object: Object<'m>,
    origin: Origin,
    field: String,
}

/// What is looked for in a cluster, beside the targets of autoscalers.
const LOOKED_FOR: [&str; 8] = [
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "ServiceAccount",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "IngressClass",
];

/// Returns all that the objects of a batch refer to and need, whether it is there or not.
pub(super) fn references<'m>(batch: &Batch<'m>) -> Vec<Reference<'m>> {
    let mut found = Vec::new();
    for object in &batch.objects {
        let is_scaler = object.is("autoscaling", "HorizontalPodAutoscaler");
        let is_issued = object.is("networking.k8s.io", "Ingress") && is_issued(object.manifest);
        mentions(object.manifest, &mut |mention| {
            let Named { group, version, kind, namespaced } = mention.target;
            let is_looked_for = is_scaler || LOOKED_FOR.contains(&kind) && mention.namespace().is_none();
            let is_needed = mention.need != Need::None && !mention.is_optional();
            if !is_needed || !is_looked_for || is_issued && kind == "Secret" {
                return;
            }
            found.push(Reference {
                group: group.into(),
                version: version.into(),
                kind: kind.into(),
                namespace: if namespaced { object.namespace.clone() } else { SmolStr::default() },
                name: mention.name.text().cloned().unwrap_or_default(),
                object: *object,
                origin: mention.name.origin(),
                field: mention.field.to_string(),
            });
        });
    }
    found
}

impl Reference<'_> {
    /// Whether nothing has to be read to know that it is there.
    pub(super) fn is_settled(&self, batch: &Batch<'_>) -> bool {
        is_built_in(&self.kind, &self.name) || batch.brings(&self.group, &self.kind, &self.namespace, &self.name)
    }

    fn name_with_namespace(&self) -> String {
        if self.namespace.is_empty() { self.name.to_string() } else { format!("{}/{}", self.namespace, self.name) }
    }
}

/// Says what is missing.
pub(super) fn check(batch: &Batch<'_>, cluster: &Cluster, facts: &Facts, findings: &mut Findings) {
    namespaces(batch, cluster, findings);
    for reference in references(batch) {
        let Reference { group, version, kind, namespace, name, object, origin, .. } = &reference;
        // What is no kind of Kubernetes cannot be asked for; what is in no namespace yet is told with the namespace.
        if reference.is_settled(batch)
            || facts.kind(group, version, kind).is_none()
            || is_lost(namespace, batch, cluster)
        {
            continue;
        }
        let there = if is_new(namespace, cluster) { Some(false) } else { cluster.has(group, kind, namespace, name) };
        if there != Some(false) {
            continue;
        }
        let (means, severity) = consequence(kind, *object, &reference.field);
        let message = format!("the cluster has no `{kind} {}`", reference.name_with_namespace());
        let mut found = Found::new(Code::MissingInCluster, *object, message)
            .at((*origin, reference.field.clone()))
            .severity(severity)
            .help(means);
        let near = cluster.names(group, kind, namespace).into_iter().flatten().map(SmolStr::as_str);
        // Names of Secrets stay in the cluster: what was meant is not guessed from them.
        found.help.extend(suggestion(name, near).filter(|_| kind != "Secret"));
        findings.anywhere(found);
    }
    default_class(batch, cluster, findings);
}

fn namespaces(batch: &Batch<'_>, cluster: &Cluster, findings: &mut Findings) {
    if cluster.names("", "Namespace", "").is_none() {
        return;
    }
    for object in &batch.objects {
        let namespace = object.namespace;
        let place = object.manifest.node.at(&["metadata", "namespace"]).map_or(object.manifest.origin, Node::origin);
        let ending = cluster.namespaces.get(namespace).is_some_and(|namespace| namespace.ending);
        let message = if is_lost(namespace, batch, cluster) {
            format!("the cluster has no namespace `{namespace}`")
        } else if ending {
            format!("the namespace `{namespace}` is being deleted")
        } else {
            continue;
        };
        let found = Found::new(Code::MissingInCluster, *object, message).at((place, "metadata.namespace"));
        findings.anywhere(if ending {
            found.help("nothing can be made in it: wait until it is gone")
        } else {
            let near = cluster.namespaces.keys().map(SmolStr::as_str);
            let found = found
                .help(format!("make it with `kubectl create namespace {namespace}`, or add a Namespace to the inputs"));
            match suggestion(namespace, near) {
                Some(near) => found.help(near),
                None => found,
            }
        });
    }
}

/// Claims that name no class need a default one, unless a volume waits for them.
fn default_class(batch: &Batch<'_>, cluster: &Cluster, findings: &mut Findings) {
    if cluster.names("storage.k8s.io", "StorageClass", "").is_none() || cluster.default_storage_class.is_some() {
        return;
    }
    let mut own = batch.of_kind("storage.k8s.io", "StorageClass");
    let key = "storageclass.kubernetes.io/is-default-class";
    if own.any(|class| class.manifest.node.at(&["metadata", "annotations"]).is_some_and(|all| all.is_set(key))) {
        return;
    }
    for object in &batch.objects {
        for claim in claims(*object) {
            // A class that is an empty text asks for a volume without one.
            if Tree::present(claim.spec, "storageClassName").is_some()
                || Tree::present(claim.spec, "volumeName").is_some()
            {
                continue;
            }
            let message = "the claim names no StorageClass, and the cluster has no default one";
            let place = claim.spec.get("resources").map_or(claim.spec.origin(), Node::origin);
            let place = if place.is_nowhere() { object.manifest.origin } else { place };
            findings.anywhere(
                Found::new(Code::MissingInCluster, *object, message)
                    .at((place, format!("{}.storageClassName", claim.field)))
                    .severity(Severity::Warning)
                    .help("it stays Pending until a default class or a volume of no class is there"),
            );
        }
    }
}

/// Returns what it means that an object is not there, and how bad that is.
fn consequence(kind: &str, object: Object<'_>, field: &str) -> (&'static str, Severity) {
    match kind {
        // Admission refuses the pod itself; what a controller makes is tried again.
        "ServiceAccount" | "PriorityClass" | "RuntimeClass" => {
            let severity = if object.is_direct() { Severity::Error } else { Severity::Warning };
            ("no pod is made until it is there", severity)
        }
        "StorageClass" => ("the claim stays Pending until it is there", Severity::Warning),
        "PersistentVolumeClaim" => ("the pods stay Pending until it is there", Severity::Warning),
        "IngressClass" => ("no controller serves the Ingress until it is there", Severity::Warning),
        "Secret" | "ConfigMap" if object.manifest.key.kind == "Ingress" => {
            ("controllers answer with a certificate of their own until it is there", Severity::Warning)
        }
        // The kubelet goes on without it: it is needed for a login alone.
        "Secret" if field.contains("imagePullSecrets") => (
            "without it pods start only where their images are on the node already, or need no login",
            Severity::Warning,
        ),
        "Secret" | "ConfigMap" => ("the pods do not start until it is there", Severity::Warning),
        _ => ("there is nothing to scale until it is there", Severity::Warning),
    }
}

/// Whether a namespace is neither in the cluster nor brought.
fn is_lost(namespace: &str, batch: &Batch<'_>, cluster: &Cluster) -> bool {
    is_new(namespace, cluster) && !batch.brings("", "Namespace", "", namespace)
}

/// Whether a namespace is known not to be in the cluster: nothing is in it.
pub(super) fn is_new(namespace: &str, cluster: &Cluster) -> bool {
    !namespace.is_empty() && namespace != "default" && cluster.has("", "Namespace", "", namespace) == Some(false)
}
