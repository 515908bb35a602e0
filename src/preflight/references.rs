//! What a batch refers to and neither brings nor finds in the cluster.

use smol_str::SmolStr;

use super::batch::{Batch, Object};
use super::cluster::Cluster;
use super::finding::{Findings, Found};
use super::limits::claims;
use crate::diagnostic::{Code, Severity, suggestion};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Facts, Tree, pod_spec_field};
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

/// The look through one object.
struct Look<'m, 'r> {
    object: Object<'m>,
    found: &'r mut Vec<Reference<'m>>,
}

/// Returns all that the objects of a batch refer to and need, whether it is there or not.
pub(super) fn references<'m>(batch: &Batch<'m>) -> Vec<Reference<'m>> {
    let mut found = Vec::new();
    for object in &batch.objects {
        let mut look = Look { object: *object, found: &mut found };
        let key = &object.manifest.key;
        if let Some(pod) = template(object.manifest) {
            look.pod(pod, &pod_spec_field(key).unwrap_or_default());
        }
        for claim in claims(*object) {
            look.name(["storage.k8s.io", "v1", "StorageClass"], claim.spec.get("storageClassName"), || {
                format!("{}.storageClassName", claim.field)
            });
        }
        let spec = object.manifest.node.get("spec");
        match (key.group.as_str(), key.kind.as_str()) {
            ("networking.k8s.io", "Ingress") => look.ingress(spec),
            ("autoscaling", "HorizontalPodAutoscaler") => look.target(spec.and_then(|spec| spec.get("scaleTargetRef"))),
            ("", "ServiceAccount") => {
                for (at, secret) in Tree::list(&object.manifest.node, "imagePullSecrets").iter().enumerate() {
                    look.secret(secret.get("name"), || format!("imagePullSecrets[{at}].name"));
                }
            }
            _ => {}
        }
    }
    found
}

impl<'m> Look<'m, '_> {
    fn name(&mut self, [group, version, kind]: [&str; 3], name: Option<&'m Node>, field: impl FnOnce() -> String) {
        let Some((node, name)) = name.and_then(|node| Some((node, node.text()?))).filter(|(_, name)| !name.is_empty())
        else {
            return;
        };
        let everywhere = matches!(kind, "StorageClass" | "PriorityClass" | "RuntimeClass" | "IngressClass");
        self.found.push(Reference {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: if everywhere { SmolStr::default() } else { self.object.namespace.clone() },
            name: name.clone(),
            object: self.object,
            origin: node.origin(),
            field: field(),
        });
    }

    fn secret(&mut self, name: Option<&'m Node>, field: impl FnOnce() -> String) {
        self.name(["", "v1", "Secret"], name, field);
    }

    /// Takes the name in a mapping that may be said to be optional.
    fn needed(&mut self, kind: &str, place: Option<&'m Node>, key: &str, field: impl FnOnce() -> String) {
        if let Some(place) = place.filter(|place| !place.is_set("optional")) {
            self.name(["", "v1", kind], Node::get(place, key), || format!("{}.{key}", field()));
        }
    }

    fn pod(&mut self, pod: &'m Node, before: &str) {
        let plain = |key: &str| format!("{before}.{key}");
        self.name(["", "v1", "ServiceAccount"], pod.get("serviceAccountName"), || plain("serviceAccountName"));
        self.name(["scheduling.k8s.io", "v1", "PriorityClass"], pod.get("priorityClassName"), || {
            plain("priorityClassName")
        });
        self.name(["node.k8s.io", "v1", "RuntimeClass"], pod.get("runtimeClassName"), || plain("runtimeClassName"));
        for (at, secret) in pod.list("imagePullSecrets").iter().enumerate() {
            self.secret(secret.get("name"), || format!("{before}.imagePullSecrets[{at}].name"));
        }
        for list in ["containers", "initContainers"] {
            for (number, container) in pod.list(list).iter().enumerate() {
                let field = |rest: String| format!("{before}.{list}[{number}].{rest}");
                for (at, variable) in container.list("env").iter().enumerate() {
                    let from = |key: &str| variable.at(&["valueFrom", key]);
                    let path = |key: &str| field(format!("env[{at}].valueFrom.{key}"));
                    self.needed("Secret", from("secretKeyRef"), "name", || path("secretKeyRef"));
                    self.needed("ConfigMap", from("configMapKeyRef"), "name", || path("configMapKeyRef"));
                }
                for (at, source) in container.list("envFrom").iter().enumerate() {
                    let path = |key: &str| field(format!("envFrom[{at}].{key}"));
                    self.needed("Secret", source.get("secretRef"), "name", || path("secretRef"));
                    self.needed("ConfigMap", source.get("configMapRef"), "name", || path("configMapRef"));
                }
            }
        }
        for (at, volume) in pod.list("volumes").iter().enumerate() {
            self.volume(volume, &format!("{before}.volumes[{at}]"));
        }
    }

    fn volume(&mut self, volume: &'m Node, before: &str) {
        let path = |key: &str| format!("{before}.{key}");
        self.needed("ConfigMap", volume.get("configMap"), "name", || path("configMap"));
        self.needed("Secret", volume.get("secret"), "secretName", || path("secret"));
        let claim = volume.at(&["persistentVolumeClaim", "claimName"]);
        self.name(["", "v1", "PersistentVolumeClaim"], claim, || path("persistentVolumeClaim.claimName"));
        self.secret(volume.at(&["csi", "nodePublishSecretRef", "name"]), || path("csi.nodePublishSecretRef.name"));
        let sources = volume.get("projected").map_or(&[][..], |projected| projected.list("sources"));
        for (at, source) in sources.iter().enumerate() {
            let path = |key: &str| format!("{before}.projected.sources[{at}].{key}");
            self.needed("ConfigMap", source.get("configMap"), "name", || path("configMap"));
            self.needed("Secret", source.get("secret"), "name", || path("secret"));
        }
    }

    fn ingress(&mut self, spec: Option<&'m Node>) {
        let class = spec.and_then(|spec| spec.get("ingressClassName"));
        self.name(["networking.k8s.io", "v1", "IngressClass"], class, || "spec.ingressClassName".into());
        let annotations = self.object.manifest.node.at(&["metadata", "annotations"]);
        // cert-manager makes the Secrets of these.
        if annotations.into_iter().flat_map(Tree::members).any(|(key, _)| key.starts_with("cert-manager.io/")) {
            return;
        }
        for (at, tls) in spec.map_or(&[][..], |spec| spec.list("tls")).iter().enumerate() {
            self.secret(tls.get("secretName"), || format!("spec.tls[{at}].secretName"));
        }
    }

    fn target(&mut self, target: Option<&'m Node>) {
        let Some(target) = target else { return };
        let (Some(version), Some(kind)) = (target.word("apiVersion"), target.word("kind")) else { return };
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        self.name([group, version, &kind], target.get("name"), || "spec.scaleTargetRef.name".into());
    }
}

impl Reference<'_> {
    /// Whether nothing has to be read to know that it is there.
    pub(super) fn is_settled(&self, batch: &Batch<'_>) -> bool {
        let built_in = match self.kind.as_str() {
            "ServiceAccount" => self.name == "default",
            "ConfigMap" => self.name == "kube-root-ca.crt",
            "PriorityClass" => self.name.starts_with("system-"),
            _ => false,
        };
        built_in || batch.brings(&self.group, &self.kind, &self.namespace, &self.name)
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
