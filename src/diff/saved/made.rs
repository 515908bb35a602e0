//! Objects that a cluster makes by itself.
//!
//! The objects of a saved side enter; those that nobody wrote, and that nobody takes away by not writing them, leave it.

use std::collections::HashSet;

use crate::kubernetes::{Manifest, Tree};
use crate::text::Node;

/// Objects that are there in every namespace, or in every cluster: kind and name.
const STANDING: &[(&str, &str)] = &[
    ("ConfigMap", "kube-root-ca.crt"),
    ("Namespace", "default"),
    ("Namespace", "kube-node-lease"),
    ("Namespace", "kube-public"),
    ("Namespace", "kube-system"),
    ("Service", "kubernetes"),
    ("ServiceAccount", "default"),
];

/// Kinds that controllers alone write.
const WRITTEN_BY_CONTROLLERS: &[&str] = &["Endpoints", "EndpointSlice", "Event", "ControllerRevision"];
/// Types of Secrets that are the books of controllers and tools.
const BOOKS: &[&str] = &["kubernetes.io/service-account-token", "helm.sh/release.v1"];

/// Takes out of a side what the cluster has made, as far as it is asked about.
pub(super) fn without(side: &mut Vec<Manifest>, is_asked: impl Fn(&Manifest) -> bool) {
    let claims = claims(side);
    side.retain(|object| !is_asked(object) || !is_made(object, &claims));
}

fn is_made(object: &Manifest, claims: &HashSet<(String, String)>) -> bool {
    let (key, node) = (&object.key, &object.node);
    let native = !key.group.contains('.') || key.group.ends_with(".k8s.io");
    let has_controller = node.present_at(&["metadata", "ownerReferences"]).map(Tree::items).unwrap_or_default();
    if has_controller.iter().any(|owner| owner.is_set("controller")) {
        return true;
    }
    match key.kind.as_str() {
        "ConfigMap" if is_set_parent(node) => true,
        "Secret" if node.word("type").is_some_and(|of| BOOKS.contains(&of.as_str())) => true,
        "PersistentVolumeClaim" => {
            let stem = key.name.rsplit_once('-').filter(|(_, ordinal)| ordinal.parse::<u32>().is_ok());
            stem.is_some_and(|(stem, _)| claims.contains(&(key.namespace.to_string(), stem.to_owned())))
        }
        kind => {
            native
                && (WRITTEN_BY_CONTROLLERS.contains(&kind)
                    || STANDING.iter().any(|(of, name)| *of == kind && *name == key.name))
        }
    }
}

/// Whether a ConfigMap says which objects are a set: whoever applies the set writes it.
fn is_set_parent(node: &Node) -> bool {
    node.present_at(&["metadata", "labels"]).is_some_and(|labels| labels.get("applyset.kubernetes.io/id").is_some())
}

/// Returns what the claims of StatefulSets are named, up to the ordinal, with their namespaces.
fn claims(side: &[Manifest]) -> HashSet<(String, String)> {
    let sets = side.iter().filter(|object| object.key.kind == "StatefulSet");
    sets.flat_map(|set| {
        let templates = set.node.present_at(&["spec"]).map_or(&[][..], |spec| spec.list("volumeClaimTemplates"));
        templates.iter().filter_map(move |template| {
            let name = template.at(&["metadata", "name"])?.as_str()?;
            Some((set.key.namespace.to_string(), format!("{name}-{}", set.key.name)))
        })
    })
    .collect()
}
