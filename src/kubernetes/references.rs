//! Which fields name other objects: an object in, all that it mentions out.
//!
//! The one table of them. A row is the path of a name and what it names; whether that may be missing, in which namespace it
//! is, and which of its keys are asked for stands beside the name itself.

use std::fmt;
use std::sync::LazyLock;

use super::{Manifest, Tree, pods, template_path};
use crate::text::Node;

/// A kind of objects that others name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<'a> {
    /// Its group.
    pub group: &'a str,
    /// The version in which it is asked for.
    pub version: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// Whether its objects are in a namespace.
    pub namespaced: bool,
}

impl Named<'static> {
    const fn core(kind: &'static str) -> Self {
        Self { group: "", version: "v1", kind, namespaced: true }
    }

    const fn class(group: &'static str, kind: &'static str) -> Self {
        Self { group, version: "v1", kind, namespaced: false }
    }
}

/// A Secret.
pub const SECRET: Named<'static> = Named::core("Secret");
/// A ConfigMap.
pub const CONFIG_MAP: Named<'static> = Named::core("ConfigMap");
/// A PersistentVolumeClaim.
pub const CLAIM: Named<'static> = Named::core("PersistentVolumeClaim");
/// A ServiceAccount.
pub const ACCOUNT: Named<'static> = Named::core("ServiceAccount");
/// A Service.
pub const SERVICE: Named<'static> = Named::core("Service");
const PRIORITY_CLASS: Named<'static> = Named::class("scheduling.k8s.io", "PriorityClass");
const RUNTIME_CLASS: Named<'static> = Named::class("node.k8s.io", "RuntimeClass");
const STORAGE_CLASS: Named<'static> = Named::class("storage.k8s.io", "StorageClass");
const INGRESS_CLASS: Named<'static> = Named::class("networking.k8s.io", "IngressClass");

/// What becomes of an object whose mention leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It does not work.
    Must,
    /// It works where images need no login, or are on the node already.
    Pull,
    /// Nothing: the other one may come at any time, or be made by a controller.
    None,
}

/// What a name names.
#[derive(Clone, Copy, Debug)]
enum Target {
    One(Named<'static>),
    /// What the fields beside the name say: `kind`, and this one for its group.
    Said(&'static str),
}

/// A field that names an object.
#[derive(Debug)]
struct Row {
    /// The path of the name: below the spec of pods, or in the object.
    path: &'static str,
    target: Target,
    need: Need,
    /// The path of the keys that are asked for, from what holds the name.
    keys: Option<&'static str>,
}

const fn row(path: &'static str, target: Named<'static>) -> Row {
    Row { path, target: Target::One(target), need: Need::Must, keys: None }
}

const fn keyed(path: &'static str, target: Named<'static>, keys: &'static str) -> Row {
    Row { path, target: Target::One(target), need: Need::Must, keys: Some(keys) }
}

const fn pull(path: &'static str) -> Row {
    Row { path, target: Target::One(SECRET), need: Need::Pull, keys: None }
}

const fn listed(path: &'static str, target: Named<'static>) -> Row {
    Row { path, target: Target::One(target), need: Need::None, keys: None }
}

const fn said(path: &'static str, group: &'static str) -> Row {
    Row { path, target: Target::Said(group), need: Need::Must, keys: None }
}

/// What the spec of pods mentions.
static OF_PODS: &[Row] = &[
    row("serviceAccountName", ACCOUNT),
    row("priorityClassName", PRIORITY_CLASS),
    row("runtimeClassName", RUNTIME_CLASS),
    pull("imagePullSecrets[].name"),
    keyed("containers[].env[].valueFrom.secretKeyRef.name", SECRET, "key"),
    keyed("containers[].env[].valueFrom.configMapKeyRef.name", CONFIG_MAP, "key"),
    row("containers[].envFrom[].secretRef.name", SECRET),
    row("containers[].envFrom[].configMapRef.name", CONFIG_MAP),
    keyed("initContainers[].env[].valueFrom.secretKeyRef.name", SECRET, "key"),
    keyed("initContainers[].env[].valueFrom.configMapKeyRef.name", CONFIG_MAP, "key"),
    row("initContainers[].envFrom[].secretRef.name", SECRET),
    row("initContainers[].envFrom[].configMapRef.name", CONFIG_MAP),
    keyed("volumes[].configMap.name", CONFIG_MAP, "items[].key"),
    keyed("volumes[].secret.secretName", SECRET, "items[].key"),
    row("volumes[].persistentVolumeClaim.claimName", CLAIM),
    row("volumes[].csi.nodePublishSecretRef.name", SECRET),
    row("volumes[].azureFile.secretName", SECRET),
    row("volumes[].cephfs.secretRef.name", SECRET),
    row("volumes[].flexVolume.secretRef.name", SECRET),
    row("volumes[].iscsi.secretRef.name", SECRET),
    row("volumes[].rbd.secretRef.name", SECRET),
    row("volumes[].scaleIO.secretRef.name", SECRET),
    row("volumes[].storageos.secretRef.name", SECRET),
    row("volumes[].ephemeral.volumeClaimTemplate.spec.storageClassName", STORAGE_CLASS),
    keyed("volumes[].projected.sources[].configMap.name", CONFIG_MAP, "items[].key"),
    keyed("volumes[].projected.sources[].secret.name", SECRET, "items[].key"),
];

const CONVERSION: &str = "spec.conversion.webhook.clientConfig.service.name";

/// What objects mention beside their pods, by group and kind.
static OF_OBJECTS: &[(&str, &str, &[Row])] = &[
    ("", "ServiceAccount", &[pull("imagePullSecrets[].name"), listed("secrets[].name", SECRET)]),
    (
        "",
        "PersistentVolume",
        &[
            listed("spec.claimRef.name", CLAIM),
            listed("spec.cephfs.secretRef.name", SECRET),
            listed("spec.csi.controllerExpandSecretRef.name", SECRET),
            listed("spec.csi.controllerPublishSecretRef.name", SECRET),
            listed("spec.csi.nodeExpandSecretRef.name", SECRET),
            listed("spec.csi.nodePublishSecretRef.name", SECRET),
            listed("spec.csi.nodeStageSecretRef.name", SECRET),
            listed("spec.flexVolume.secretRef.name", SECRET),
            listed("spec.iscsi.secretRef.name", SECRET),
            listed("spec.rbd.secretRef.name", SECRET),
            listed("spec.scaleIO.secretRef.name", SECRET),
        ],
    ),
    ("", "PersistentVolumeClaim", &[row("spec.storageClassName", STORAGE_CLASS)]),
    (
        "apps",
        "StatefulSet",
        &[row("spec.serviceName", SERVICE), row("spec.volumeClaimTemplates[].spec.storageClassName", STORAGE_CLASS)],
    ),
    (
        "networking.k8s.io",
        "Ingress",
        &[
            row("spec.ingressClassName", INGRESS_CLASS),
            row("spec.tls[].secretName", SECRET),
            row("spec.defaultBackend.service.name", SERVICE),
            row("spec.rules[].http.paths[].backend.service.name", SERVICE),
        ],
    ),
    ("autoscaling", "HorizontalPodAutoscaler", &[said("spec.scaleTargetRef.name", "apiVersion")]),
    (
        "rbac.authorization.k8s.io",
        "RoleBinding",
        &[said("roleRef.name", "apiGroup"), said("subjects[].name", "apiGroup")],
    ),
    (
        "rbac.authorization.k8s.io",
        "ClusterRoleBinding",
        &[said("roleRef.name", "apiGroup"), said("subjects[].name", "apiGroup")],
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        &[row("webhooks[].clientConfig.service.name", SERVICE)],
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        &[row("webhooks[].clientConfig.service.name", SERVICE)],
    ),
    ("apiregistration.k8s.io", "APIService", &[row("spec.service.name", SERVICE)]),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &[row(CONVERSION, SERVICE)]),
];

/// The names of the table, cut into steps: what has a beginning in common is looked for once.
#[derive(Debug, Default)]
struct Step {
    key: &'static str,
    is_list: bool,
    row: Option<&'static Row>,
    next: Vec<Self>,
}

fn steps(rows: &'static [Row]) -> Vec<Step> {
    let mut first = Vec::new();
    for row in rows {
        let mut level: &mut Vec<Step> = &mut first;
        let mut parts = row.path.split('.').peekable();
        while let Some(part) = parts.next() {
            let (key, is_list) = part.strip_suffix("[]").map_or((part, false), |key| (key, true));
            let at = level.iter().position(|step| step.key == key).unwrap_or_else(|| {
                level.push(Step { key, is_list, ..Step::default() });
                level.len() - 1
            });
            if parts.peek().is_none() {
                level[at].row = Some(row);
            }
            level = &mut level[at].next;
        }
    }
    first
}

/// A name of another object.
#[derive(Clone, Copy, Debug)]
pub struct Mention<'n> {
    /// What is named.
    pub target: Named<'n>,
    /// The name; it is not empty.
    pub name: &'n Node,
    /// What becomes of the object without it.
    pub need: Need,
    /// Where the name stands.
    pub field: FieldOf,
    holder: &'n Node,
}

/// Where a name stands in its object; its text is made only when a finding needs it.
#[derive(Clone, Copy, Debug)]
pub struct FieldOf {
    row: &'static Row,
    /// The path of what the row begins in.
    before: Option<&'static [&'static str]>,
    numbers: [usize; DEEPEST],
}

/// So many lists may be on the way to a name.
const DEEPEST: usize = 2;

impl<'n> Mention<'n> {
    /// Whether the object says that it works without.
    pub fn is_optional(&self) -> bool {
        self.holder.is_set("optional")
    }

    /// Returns the namespace that is written beside the name.
    pub fn namespace(&self) -> Option<&'n str> {
        self.holder.get("namespace")?.as_str().filter(|name| !name.is_empty())
    }

    /// Returns the keys of the object that are asked for.
    pub fn keys(&self) -> impl Iterator<Item = &'n Node> {
        let keys = self.field.row.keys;
        let own = keys.filter(|path| !path.contains('[')).and_then(|path| self.holder.get(path));
        let items = keys.filter(|path| path.contains('[')).map_or(&[][..], |_| self.holder.list("items"));
        own.into_iter().chain(items.iter().filter_map(|item| item.get("key"))).filter(|key| !key.is_null())
    }
}

impl FieldOf {
    /// Whether it is a field of pods.
    pub fn is_of_pods(&self) -> bool {
        self.before.is_some()
    }
}

impl FieldOf {
    /// Returns an object with another name in the field; what no change lies in is the same node.
    pub fn put(&self, object: &Node, name: Node) -> Node {
        let before = self.before.into_iter().flatten().copied().chain(self.before.map(|_| "spec"));
        let steps: Vec<&str> = before.chain(self.row.path.split('.')).collect();
        put(object, &steps, &self.numbers, name)
    }
}

fn put(node: &Node, steps: &[&str], numbers: &[usize], name: Node) -> Node {
    let [step, rest @ ..] = steps else { return name };
    let (key, is_list) = step.strip_suffix("[]").map_or((*step, false), |key| (key, true));
    let Some((map, entry)) = node.as_map().and_then(|map| Some((map, map.entry(key)?))) else { return node.clone() };
    let value = match (entry.value.as_seq(), numbers) {
        (Some(items), [at, numbers @ ..]) if is_list => {
            let mut items = items.to_vec();
            if let Some(item) = items.get_mut(*at) {
                *item = put(item, rest, numbers, name);
            }
            Node::seq(items, entry.value.origin())
        }
        _ => put(&entry.value, rest, numbers, name),
    };
    let mut map = map.clone();
    map.set(entry.key.clone(), value);
    Node::map(map, node.origin())
}

impl fmt::Display for FieldOf {
    /// Writes the path of the name, as the API server writes paths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.before.into_iter().flatten() {
            write!(f, "{step}.")?;
        }
        if self.before.is_some() {
            f.write_str("spec.")?;
        }
        let mut numbers = self.numbers.iter();
        for (at, part) in self.row.path.split("[]").enumerate() {
            if at > 0 {
                write!(f, "[{}]", numbers.next().copied().unwrap_or_default())?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// Calls `each` with all that an object mentions.
pub fn mentions<'n>(object: &'n Manifest, each: &mut dyn FnMut(Mention<'n>)) {
    static PODS: LazyLock<Vec<Step>> = LazyLock::new(|| steps(OF_PODS));
    static OBJECTS: LazyLock<Vec<(&str, &str, Vec<Step>)>> =
        LazyLock::new(|| OF_OBJECTS.iter().map(|(group, kind, rows)| (*group, *kind, steps(rows))).collect());
    if let Some(pod) = pods::template(object) {
        walk(&PODS, pod, template_path(&object.key), [0; DEEPEST], 0, each);
    }
    let is_own = |group: &str, kind: &str| object.key.group == group && object.key.kind == kind;
    if let Some((_, _, steps)) = OBJECTS.iter().find(|(group, kind, _)| is_own(group, kind)) {
        walk(steps, &object.node, None, [0; DEEPEST], 0, each);
    }
}

fn walk<'n>(
    steps: &'static [Step],
    holder: &'n Node,
    before: Option<&'static [&'static str]>,
    numbers: [usize; DEEPEST],
    depth: usize,
    each: &mut dyn FnMut(Mention<'n>),
) {
    for step in steps {
        let Some(node) = holder.get(step.key) else { continue };
        if step.is_list {
            for (at, item) in node.as_seq().unwrap_or_default().iter().enumerate() {
                let mut numbers = numbers;
                if let Some(number) = numbers.get_mut(depth) {
                    *number = at;
                }
                walk(&step.next, item, before, numbers, depth + 1, each);
            }
            continue;
        }
        if let Some(row) = step.row
            && node.text().is_some_and(|name| !name.is_empty())
            && let Some(target) = row.target.in_holder(holder)
        {
            let field = FieldOf { row, before, numbers };
            each(Mention { target, name: node, need: row.need, field, holder });
        }
        walk(&step.next, node, before, numbers, depth, each);
    }
}

impl Target {
    fn in_holder(self, holder: &Node) -> Option<Named<'_>> {
        match self {
            Self::One(named) => Some(named),
            Self::Said(group) => {
                let kind = holder.get("kind")?.as_str()?;
                let said = holder.get(group).and_then(Node::as_str).unwrap_or_default();
                let (group, version) =
                    said.split_once('/').unwrap_or(if group == "apiGroup" { (said, "v1") } else { ("", said) });
                let namespaced = !kind.starts_with("Cluster");
                Some(Named { group, version, kind, namespaced })
            }
        }
    }
}

/// Whether the cluster itself has an object from the start.
pub fn is_built_in(kind: &str, name: &str) -> bool {
    match kind {
        "ServiceAccount" => name == "default",
        "ConfigMap" => matches!(name, "kube-root-ca.crt" | "extension-apiserver-authentication"),
        "PriorityClass" => name.starts_with("system-"),
        "ClusterRole" => name.starts_with("system:") || matches!(name, "cluster-admin" | "admin" | "edit" | "view"),
        "Role" => name.starts_with("system:") || name == "extension-apiserver-authentication-reader",
        "Service" => name == "kubernetes",
        _ => false,
    }
}

/// Returns the name of the Secret that an operator makes for an object a moment later.
pub fn secret_made_for(object: &Manifest) -> Option<&str> {
    let text = |path: &[&str]| object.node.at(path).and_then(Node::as_str);
    match (object.key.group.as_str(), object.key.kind.as_str()) {
        ("cert-manager.io", "Certificate") => text(&["spec", "secretName"]),
        ("external-secrets.io", "ExternalSecret") => text(&["spec", "target", "name"]).or(Some(&object.key.name)),
        ("bitnami.com", "SealedSecret") => text(&["spec", "template", "metadata", "name"]).or(Some(&object.key.name)),
        _ => None,
    }
}

/// Whether somebody else makes the certificates of an Ingress, as its annotations say.
pub fn is_issued(object: &Manifest) -> bool {
    let annotations = object.node.at(&["metadata", "annotations"]);
    let issues = |key: &str| key.starts_with("cert-manager.io/") || key == "kubernetes.io/tls-acme";
    annotations.into_iter().flat_map(Tree::members).any(|(key, _)| issues(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{Facts, Type};

    /// Whether a path leads through fields of a type, and of those in it.
    fn leads(facts: &Facts, ty: &Type, path: &str) -> bool {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let Some(field) = ty.field(first.trim_end_matches("[]")) else { return false };
        rest.is_none_or(|rest| facts.inner_type(&field.schema).is_some_and(|ty| leads(facts, ty, rest)))
    }

    #[test]
    fn every_row_is_a_field_of_kubernetes() {
        let facts = Facts::newest();
        let pods = [(facts.named("core/v1.PodSpec"), OF_PODS)];
        let versions = ["v1", "v2"];
        let kind = |group: &str, kind: &str| versions.iter().rev().find_map(|version| facts.kind(group, version, kind));
        let objects = OF_OBJECTS.iter().map(|(group, name, rows)| {
            let kind = kind(group, name).unwrap_or_else(|| panic!("no {name} in {group}"));
            (facts.ty(facts.type_of(kind).expect("a type")), *rows)
        });
        for (ty, rows) in pods.into_iter().chain(objects) {
            for row in rows {
                assert!(leads(facts, ty, row.path), "{}", row.path);
                let holder = row.path.rsplit_once('.').map(|(holder, _)| format!("{holder}."));
                for beside in row.keys.into_iter().chain(if let Target::Said(group) = row.target {
                    vec!["kind", group]
                } else {
                    vec![]
                }) {
                    let path = format!("{}{beside}", holder.as_deref().unwrap_or_default());
                    assert!(leads(facts, ty, &path), "{path}");
                }
                assert!(row.path.matches("[]").count() <= DEEPEST, "{}", row.path);
            }
        }
    }
}
