//! CSI: its drivers, what nodes know of them, and classes of attributes of their volumes.

use std::collections::HashMap;

use super::at::{At, get, quantity};
use super::value::{again, at_least, check_once, filled, forbid, missing, named, one_of, parameters, within};
use super::{Minor, Rule};
use crate::kubernetes::name::{dns_subdomain, label_key};
use crate::text::{Node, Origin};

/// The most characters of the name of a driver.
const DRIVER_LENGTH: usize = 63;
/// The most characters of the name that a driver has for a node.
const NODE_LENGTH: usize = 256;
/// How long tokens are good, in seconds.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "csi-driver",
        at: "storage/v1.CSIDriverSpec",
        check: driver,
        refuses: &[
            "{fsGroupPolicy: ''}",
            "{fsGroupPolicy: Always}",
            "{volumeLifecycleModes: [Persistent, Inline]}",
            "{tokenRequests: [{audience: a}, {audience: a}]}",
            "{tokenRequests: [{audience: a, expirationSeconds: 599}]}",
            "{tokenRequests: [{audience: a, expirationSeconds: 4294967297}]}",
        ],
        accepts: &[
            "{fsGroupPolicy: File, volumeLifecycleModes: [Persistent, Ephemeral]}",
            "{tokenRequests: [{audience: '', expirationSeconds: 600}, {audience: a, expirationSeconds: 4294967296}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "csi-driver-tokens",
        at: "storage/v1.CSIDriverSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: |at| {
            let node = at.get(&["serviceAccountTokenInSecrets"]);
            if let Some(node) = node.filter(|_| at.items(&["tokenRequests"]).next().is_none()) {
                let message = "`serviceAccountTokenInSecrets` is of no use without `tokenRequests`";
                forbid(at, "serviceAccountTokenInSecrets", node, message, "take it out, or ask for tokens");
            }
        },
        refuses: &["{serviceAccountTokenInSecrets: false}"],
        accepts: &["{serviceAccountTokenInSecrets: true, tokenRequests: [{audience: a}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "csi-driver-period",
        at: "storage/v1.CSIDriverSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: |at| {
            if let Some(node) = at.get(&["nodeAllocatableUpdatePeriodSeconds"]) {
                at_least(at, "nodeAllocatableUpdatePeriodSeconds", node, "seconds", 10);
            }
        },
        refuses: &["{nodeAllocatableUpdatePeriodSeconds: 9}"],
        accepts: &["{nodeAllocatableUpdatePeriodSeconds: 10}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "csi-node",
        at: "storage/v1.CSINodeSpec",
        check: |at| {
            let names = at
                .items(&["drivers"])
                .filter_map(|(number, driver)| Some((format!("drivers[{number}].name"), get(driver, &["name"])?)));
            check_once(at, names, |name| format!("expected each driver once, found `{name}` again"));
        },
        refuses: &["{drivers: [{name: a, nodeID: b}, {name: a, nodeID: c}]}"],
        accepts: &["{drivers: [{name: a, nodeID: b}, {name: b, nodeID: b}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "csi-node-driver",
        at: "storage/v1.CSINodeDriver",
        check: node_driver,
        refuses: &[
            "{name: '', nodeID: b}",
            "{name: a_b, nodeID: b}",
            "{name: a, nodeID: ''}",
            "{name: a, nodeID: b, topologyKeys: [a b]}",
            "{name: a, nodeID: b, topologyKeys: ['']}",
            "{name: a, nodeID: b, topologyKeys: [c, c]}",
            "{name: a, nodeID: b, allocatable: {count: -1}}",
        ],
        accepts: &["{name: A.b, nodeID: a b, topologyKeys: [c, c/d], allocatable: {count: 0}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "csi-storage-capacity",
        at: "storage/v1.CSIStorageCapacity",
        check: |at| {
            if let Some(node) = at.get(&["storageClassName"]) {
                named(at, "storageClassName", node, "a StorageClass", dns_subdomain);
            }
            if let Some(node) = at.get(&["capacity"])
                && quantity(node).is_some_and(|amount| amount.is_negative())
            {
                at.invalid("capacity", node, "expected an amount of zero or more, found a negative one");
            }
        },
        refuses: &[
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: ''}",
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: A}",
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: a, capacity: -1}",
        ],
        accepts: &[
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a, namespace: default}, storageClassName: a, capacity: 0}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-attributes-class",
        at: "storage/v1.VolumeAttributesClass",
        check: attributes,
        refuses: &[
            "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: a}",
            "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: a, parameters: {}}",
            "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: '', parameters: {a: b}}",
            "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: a b, parameters: {a: b}}",
        ],
        accepts: &[
            "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: a}, driverName: A.example/b, parameters: {a: ''}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Checks the name of a driver, in which capitals do not count.
pub(super) fn driver_name(name: &str) -> Result<(), String> {
    if name.len() > DRIVER_LENGTH {
        return Err(format!("expected at most {DRIVER_LENGTH} characters, found {}", name.len()));
    }
    dns_subdomain(&name.to_lowercase())
}

fn driver(at: &mut At<'_>) {
    if let Some(node) = at.get(&["fsGroupPolicy"]) {
        one_of(at, "fsGroupPolicy", node, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    for (number, node) in at.items(&["volumeLifecycleModes"]) {
        one_of(at, format_args!("volumeLifecycleModes[{number}]"), node, &["Ephemeral", "Persistent"]);
    }
    let mut known: HashMap<&str, Origin> = HashMap::new();
    for (index, request) in at.items(&["tokenRequests"]) {
        let Some((node, audience)) = get(request, &["audience"]).and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        if let Some(first) = known.get(audience) {
            let message = "expected each audience once, found the same again";
            again(at, format_args!("tokenRequests[{index}].audience"), node, *first, message);
            continue;
        }
        known.insert(audience, node.origin());
        if let Some(node) = get(request, &["expirationSeconds"]) {
            within(at, format_args!("tokenRequests[{index}].expirationSeconds"), node, "seconds", TOKEN_SECONDS);
        }
    }
}

fn node_driver(at: &mut At<'_>) {
    if let Some(node) = at.get(&["name"]) {
        named(at, "name", node, "a CSI driver", driver_name);
    }
    let node = at.get(&["nodeID"]);
    filled(at, "nodeID", node, "the name that the driver has for the node");
    if let Some((node, length)) = node.and_then(|node| Some((node, node.as_str()?.len())))
        && length > NODE_LENGTH
    {
        at.invalid("nodeID", node, format!("expected at most {NODE_LENGTH} characters, found {length}"));
    }
    let keys: Vec<(String, &Node)> =
        at.items(&["topologyKeys"]).map(|(number, key)| (format!("topologyKeys[{number}]"), key)).collect();
    for (place, key) in &keys {
        named(at, place, key, "a label", label_key);
    }
    check_once(at, keys, |key| format!("expected each key once, found `{key}` again"));
    if let Some(node) = at.get(&["allocatable", "count"]) {
        at_least(at, "allocatable.count", node, "a number", 0);
    }
}

fn attributes(at: &mut At<'_>) {
    if let Some(node) = at.get(&["driverName"]) {
        named(at, "driverName", node, "a driver", |name| label_key(&name.to_lowercase()));
    }
    let written = at.get(&["parameters"]).and_then(|node| Some((node, node.as_map()?)));
    let Some((node, map)) = written.filter(|(_, map)| !map.is_empty()) else {
        let origin = written.map_or(at.origin(), |(node, _)| node.origin());
        missing(at, "parameters", origin, "missing entries of `parameters`: a class sets one at least");
        return;
    };
    parameters(at, node, map);
}
