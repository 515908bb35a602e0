//! Storage: claims, volumes of the cluster, and their classes.

use std::collections::{BTreeMap, BTreeSet};

use super::at::{get, items, quantity, text};
use super::value::{again, filled, forbid, missing, named, named_if_any, one_of, parameters};
use super::{At, Check, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Quantity;
use crate::kubernetes::name::{dns_label, dns_subdomain, label_key};
use crate::text::Node;

/// What a volume may be, in the order in which the server looks for more than one.
const VOLUMES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];
/// The most characters of the name of a driver.
const DRIVER_LENGTH: usize = 63;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "claim-access-modes",
        at: "core/v1.PersistentVolumeClaimSpec",
        check: |at| access_modes(at, &[]),
        refuses: &[
            "{resources: {requests: {storage: 1Gi}}}",
            "{accessModes: [ReadWriteOncePod, ReadWriteOnce], resources: {requests: {storage: 1Gi}}}",
        ],
        accepts: &[
            "{accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}",
            "{accessModes: [ReadWriteOnce, ReadWriteMany], resources: {requests: {storage: 1Gi}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "claim-storage",
        at: "core/v1.PersistentVolumeClaimSpec",
        check: |at| {
            if let Some(node) = at.get(&["resources", "requests", "storage"]) {
                positive(at, "resources.requests[storage]", node);
            } else {
                let origin = at.get(&["resources"]).map_or(at.origin(), Node::origin);
                let message = "missing field `resources.requests.storage`: a claim says how much it needs";
                missing(at, "resources.requests[storage]", origin, message);
            }
        },
        refuses: &[
            "{accessModes: [ReadWriteOnce]}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: -1Gi}}}",
        ],
        accepts: &["{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "claim-class-names",
        at: "core/v1.PersistentVolumeClaimSpec",
        check: |at| {
            named_if_any(at, "storageClassName", at.get(&["storageClassName"]), "a StorageClass", dns_subdomain);
            let class = at.get(&["volumeAttributesClassName"]);
            named_if_any(at, "volumeAttributesClassName", class, "a VolumeAttributesClass", dns_subdomain);
        },
        refuses: &[
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, storageClassName: A}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, volumeAttributesClassName: a_b}",
        ],
        accepts: &[
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, storageClassName: ''}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, storageClassName: a.b}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "claim-data-source",
        at: "core/v1.PersistentVolumeClaimSpec",
        check: data_source,
        refuses: &[
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSourceRef: {kind: VolumeSnapshot, name: a}}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSourceRef: {apiGroup: A, kind: B, name: a}}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSource: {kind: PersistentVolumeClaim, name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: b}}",
        ],
        accepts: &[
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSourceRef: {kind: PersistentVolumeClaim, name: a}}",
            "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}, dataSource: {kind: PersistentVolumeClaim, name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: a}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-cluster-access-modes",
        at: "core/v1.PersistentVolume",
        check: |at| access_modes(at, &["spec"]),
        refuses: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {capacity: {storage: 1}, csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany, ReadWriteOncePod], capacity: {storage: 1}, csi: {driver: a, volumeHandle: b}}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, csi: {driver: a, volumeHandle: b}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-cluster-capacity",
        at: "core/v1.PersistentVolume",
        check: capacity,
        refuses: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 0}, csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1, memory: 1}, csi: {driver: a, volumeHandle: b}}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1Gi}, csi: {driver: a, volumeHandle: b}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-cluster-source",
        at: "core/v1.PersistentVolume",
        check: volume_source,
        refuses: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, hostPath: {path: /a}, csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, local: {path: /a}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, hostPath: {path: /}, persistentVolumeReclaimPolicy: Recycle}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, hostPath: {path: /a}, persistentVolumeReclaimPolicy: Recycle}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, local: {path: /a}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-cluster-classes",
        at: "core/v1.PersistentVolume",
        check: volume_classes,
        refuses: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, storageClassName: A, csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, volumeAttributesClassName: '', csi: {driver: a, volumeHandle: b}}}",
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, volumeAttributesClassName: a, hostPath: {path: /a}}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteMany], capacity: {storage: 1}, storageClassName: a, volumeAttributesClassName: a, csi: {driver: a, volumeHandle: b}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-driver",
        at: "core/v1.CSIPersistentVolumeSource",
        check: driver_volume,
        refuses: &[
            "{driver: a_b, volumeHandle: b}",
            "{driver: '', volumeHandle: b}",
            "{driver: a, volumeHandle: ''}",
            "{driver: a, volumeHandle: b, nodePublishSecretRef: {name: a}}",
            "{driver: a, volumeHandle: b, controllerExpandSecretRef: {name: A, namespace: a}}",
        ],
        accepts: &[
            "{driver: A.example, volumeHandle: b}",
            "{driver: a, volumeHandle: b, nodePublishSecretRef: {name: a, namespace: b}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-local-path",
        at: "core/v1.LocalVolumeSource",
        check: |at| {
            filled(at, "path", at.get(&["path"]), "a path");
            if let Some(node) = at.get(&["path"]).filter(|node| has_back_steps(node)) {
                at.invalid("path", node, "expected a path without `..`");
            }
        },
        refuses: &["{path: ''}", "{path: /a/../b}"],
        accepts: &["{path: /a/..b}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "storage-class",
        at: "storage/v1.StorageClass",
        check: storage_class,
        refuses: &[
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: ''}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a/b/c}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a/b, reclaimPolicy: Recycle}",
        ],
        accepts: &[
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: A.example/b, reclaimPolicy: Retain}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "storage-class-topologies",
        at: "storage/v1.StorageClass",
        check: topologies,
        refuses: &[
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{}]}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: a, values: []}]}]}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: a, values: [b, b]}]}]}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: a b, values: [b]}]}]}",
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: a, values: [b]}]}, {matchLabelExpressions: [{key: a, values: [b]}]}]}",
        ],
        accepts: &[
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: a, values: [b, c]}, {key: b, values: [b]}]}]}",
        ],
        ..Rule::ALWAYS
    },
];

/// Reports modes of access that do not go together, or none at all.
fn access_modes(at: &mut At<'_>, path: &[&str]) {
    let path: Vec<&str> = path.iter().copied().chain(["accessModes"]).collect();
    let modes: Vec<(usize, &Node)> = at.items(&path).collect();
    let place = path.join(".");
    if modes.is_empty() {
        let origin = at.get(&path[..path.len() - 1]).map_or(at.origin(), Node::origin);
        missing(at, place, origin, "missing field `accessModes`: expected at least one mode of access");
    } else if let Some((index, alone)) = modes.iter().find(|(_, mode)| mode.as_str() == Some("ReadWriteOncePod"))
        && modes.iter().any(|(_, mode)| mode.as_str() != Some("ReadWriteOncePod"))
    {
        let message = "`ReadWriteOncePod` may not stand beside other modes of access";
        forbid(at, format!("{place}[{index}]"), alone, message, "keep it alone, or take it out");
    }
}

fn positive(at: &mut At<'_>, place: impl std::fmt::Display, node: &Node) {
    if let Some(found) = quantity(node).filter(|found| *found <= Quantity::ZERO) {
        let shown = node.text().map_or_else(|| found.key(), Clone::clone);
        at.invalid(place, node, format!("expected an amount above zero, found `{shown}`"));
    }
}

fn data_source(at: &mut At<'_>) {
    let Some(reference) = at.get(&["dataSourceRef"]) else { return };
    // The server drops a reference to another namespace, and a source that it does not know.
    if text(reference, &["namespace"]).is_some() {
        return;
    }
    for field in ["name", "kind"] {
        filled(at, format_args!("dataSourceRef.{field}"), get(reference, &[field]), "a name");
    }
    let (group, kind) = (text(reference, &["apiGroup"]), text(reference, &["kind"]));
    match (group, reference.get("apiGroup")) {
        (Some(_), Some(node)) => named(at, "dataSourceRef.apiGroup", node, "a group", dns_subdomain),
        _ if kind.is_some_and(|kind| kind != "PersistentVolumeClaim") => {
            let message = "missing field `apiGroup`: without it the source is a PersistentVolumeClaim";
            missing(at, "dataSourceRef.apiGroup", reference.origin(), message);
        }
        _ => {}
    }
    let Some(source) = at.get(&["dataSource"]) else { return };
    let differs = |field: &&str| get(source, &[field]).map(Node::text) != get(reference, &[field]).map(Node::text);
    if let Some(field) = ["apiGroup", "kind", "name"].iter().find(|field| differs(field)) {
        let message = format!("expected the same source as in `dataSourceRef`, found another `{field}`");
        let finding = Diagnostic::new(Code::InvalidValue, source.origin(), message);
        at.report("dataSource", finding.also(reference.origin(), "the other one").help("take `dataSource` out"));
    }
}

fn capacity(at: &mut At<'_>) {
    let Some(map) = at.get(&["spec", "capacity"]).and_then(Node::as_map).filter(|map| map.contains("storage")) else {
        let origin = at.get(&["spec"]).map_or(at.origin(), Node::origin);
        missing(
            at,
            "spec.capacity[storage]",
            origin,
            "missing field `capacity.storage`: a volume says how much it holds",
        );
        return;
    };
    for entry in map {
        let place = format!("spec.capacity[{}]", entry.key.text);
        if entry.key.text == "storage" {
            positive(at, place, &entry.value);
        } else {
            let message = format!("`{}` is no capacity of a volume: expected `storage` alone", entry.key.text);
            at.report(place, Diagnostic::new(Code::ForbiddenField, entry.key.origin, message));
        }
    }
}

fn volume_source(at: &mut At<'_>) {
    let mut first: Option<(&str, &Node)> = None;
    for field in VOLUMES {
        let Some(node) = at.get(&["spec", field]) else { continue };
        match first {
            // The server forgot to look for others before this one.
            Some((name, known)) if *field != "flexVolume" => {
                let message = format!("`{field}` may not stand beside `{name}`: a volume is of one type");
                let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message);
                at.report(format_args!("spec.{field}"), finding.also(known.origin(), "the other type"));
            }
            _ => first = Some((field, node)),
        }
    }
    let origin = at.get(&["spec"]).map_or(at.origin(), Node::origin);
    let Some((name, _)) = first else {
        missing(
            at,
            "spec",
            origin,
            "missing type of the volume: expected one of `csi`, `nfs`, `local`, `hostPath` and others",
        );
        return;
    };
    let affinity = at.get(&["spec", "nodeAffinity"]);
    if let Some(affinity) = affinity {
        if get(affinity, &["required"]).is_none() {
            missing(at, "spec.nodeAffinity.required", affinity.origin(), "missing field `required` of `nodeAffinity`");
        }
    } else if name == "local" {
        let message = "missing field `nodeAffinity`: a local volume says on which node it is";
        missing(at, "spec.nodeAffinity", origin, message);
    }
    let is_root = at
        .text(&["spec", "hostPath", "path"])
        .is_some_and(|path| path.starts_with('/') && path.split('/').all(|part| matches!(part, "" | ".")));
    if let Some(node) = at.get(&["spec", "persistentVolumeReclaimPolicy"])
        && is_root
        && node.as_str() == Some("Recycle")
    {
        let message = "`Recycle` may not stand beside a `hostPath` of `/`: it would empty the node";
        forbid(at, "spec.persistentVolumeReclaimPolicy", node, message, "write `Retain`");
    }
}

fn volume_classes(at: &mut At<'_>) {
    let class = at.get(&["spec", "storageClassName"]);
    named_if_any(at, "spec.storageClassName", class, "a StorageClass", dns_subdomain);
    let Some(class) = at.get(&["spec", "volumeAttributesClassName"]) else { return };
    named(at, "spec.volumeAttributesClassName", class, "a VolumeAttributesClass", dns_subdomain);
    if at.get(&["spec", "csi"]).is_none() {
        let message = "`volumeAttributesClassName` may stand beside `csi` alone";
        forbid(at, "spec.volumeAttributesClassName", class, message, "take it out");
    }
}

fn driver_volume(at: &mut At<'_>) {
    if let Some(node) = at.get(&["driver"]) {
        named(at, "driver", node, "a driver", |name| match name.len() {
            found if found > DRIVER_LENGTH => {
                Err(format!("expected at most {DRIVER_LENGTH} characters, found {found}"))
            }
            _ => dns_subdomain(&name.to_lowercase()),
        });
    }
    filled(at, "volumeHandle", at.get(&["volumeHandle"]), "a name");
    for secret in
        ["controllerPublishSecretRef", "nodePublishSecretRef", "controllerExpandSecretRef", "nodeExpandSecretRef"]
    {
        let Some(reference) = at.get(&[secret]) else { continue };
        let checks: [(&str, &str, Check); 2] =
            [("name", "a Secret", dns_subdomain), ("namespace", "a namespace", dns_label)];
        for (field, what, is) in checks {
            let place = format!("{secret}.{field}");
            match get(reference, &[field]) {
                Some(node) => named(at, place, node, what, is),
                None => missing(at, place, reference.origin(), format!("missing field `{field}` of `{secret}`")),
            }
        }
    }
}

fn has_back_steps(node: &Node) -> bool {
    node.as_str().is_some_and(|path| path.split('/').any(|part| part == ".."))
}

fn storage_class(at: &mut At<'_>) {
    if let Some(node) = at.get(&["provisioner"]) {
        named(at, "provisioner", node, "a provisioner", |name| label_key(&name.to_lowercase()));
    }
    if let Some(node) = at.get(&["reclaimPolicy"]).filter(|node| node.as_str() == Some("Recycle")) {
        one_of(at, "reclaimPolicy", node, &["Delete", "Retain"]);
    }
    let Some((node, map)) = at.get(&["parameters"]).and_then(|node| Some((node, node.as_map()?))) else { return };
    parameters(at, node, map);
}

fn topologies(at: &mut At<'_>) {
    let mut terms: Vec<(BTreeMap<&str, BTreeSet<&str>>, &Node)> = Vec::new();
    for (index, term) in at.items(&["allowedTopologies"]) {
        let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (number, expression) in items(term, &["matchLabelExpressions"]) {
            let place = format!("allowedTopologies[{index}].matchLabelExpressions[{number}]");
            let Some((key, node)) = get(expression, &["key"]).and_then(|node| Some((node.as_str()?, node))) else {
                return;
            };
            let mut values = BTreeSet::new();
            for (number, value) in items(expression, &["values"]) {
                if !values.insert(value.as_str().unwrap_or_default()) {
                    let message = "expected each value once, found the same again";
                    again(at, format!("{place}.values[{number}]"), value, expression.origin(), message);
                }
            }
            if let Some(node) = get(expression, &["values"]).filter(|_| values.is_empty()) {
                at.invalid(format!("{place}.values"), node, "expected at least one value, found none");
            }
            named(at, format!("{place}.key"), node, "a label", label_key);
            if keys.insert(key, values).is_some() {
                let message = format!("expected each key once, found `{key}` again");
                again(at, format!("{place}.key"), node, term.origin(), message);
            }
        }
        if keys.is_empty() {
            // The server takes it for one that it saw before.
            let message = "expected labels in a term, found none";
            at.invalid(format!("allowedTopologies[{index}].matchLabelExpressions"), term, message);
        } else if let Some((_, first)) = terms.iter().find(|(known, _)| *known == keys) {
            let message = "expected each term once, found the same again";
            again(at, format!("allowedTopologies[{index}].matchLabelExpressions"), term, first.origin(), message);
        }
        terms.push((keys, term));
    }
}
