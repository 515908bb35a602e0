//! Volumes that drivers bring: CSI, iSCSI, fibre channel, and those of single vendors.

use super::Rule;
use super::at::{At, get, is_true, items, number, text};
use super::pod::{check_name, forbid};
use super::value::filled;
use super::volume::{OF_CLUSTER, anchor, need_text};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, dns_subdomain};
use crate::text::Node;

/// How long the name of a CSI driver may be.
const DRIVER_LENGTH: usize = 63;

/// Reports a number of a part of a disk, or of a unit, that none has.
fn check_byte(at: &mut At<'_>, source: &str, field: &str) {
    let Some(node) = at.get(&[source, field]) else { return };
    if let Some(found) = number(node).filter(|found| !(0..=255).contains(found)) {
        at.invalid(format_args!("{source}.{field}"), node, format!("expected a number from 0 to 255, found `{found}`"));
    }
}

/// Whether a name of an initiator or target has one of the forms that it may have.
fn is_iscsi_name(name: &str) -> bool {
    let is_long = |length: usize| {
        let rest: Vec<char> = name.chars().skip(4).collect();
        rest.len() == length && rest.iter().all(char::is_ascii_alphanumeric)
    };
    let is_dated = |rest: &str| {
        let Some((named, unique)) = rest.split_once(':') else { return false };
        let bytes = named.as_bytes();
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        [0, 1, 2, 3, 5, 6].into_iter().all(is_digit)
            && bytes.get(4) == Some(&b'-')
            && bytes.get(7) == Some(&b'.')
            && bytes.len() > 8
            && bytes[8..].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
            && !unique.is_empty()
            && !unique.contains(|c: char| c.is_ascii_whitespace() || ",;*&$|".contains(c))
    };
    if name.starts_with("iqn") {
        name.match_indices("iqn.").any(|(at, _)| is_dated(&name[at + 4..]))
    } else {
        (name.starts_with("eui") && is_long(16)) || (name.starts_with("naa") && is_long(32))
    }
}

fn check_iscsi(at: &mut At<'_>) {
    let Some(source) = at.get(&["iscsi"]) else { return };
    for field in ["iqn", "initiatorName"] {
        let Some(node) = get(source, &[field]) else { continue };
        // An empty name of the target has its finding already.
        if let Some(found) = node.as_str().filter(|name| !is_iscsi_name(name) && (!name.is_empty() || field != "iqn")) {
            let message =
                format!("expected a name such as `iqn.2001-04.com.example:disk`, found {}", words::word(found));
            at.invalid(format_args!("iscsi.{field}"), node, message);
        }
    }
    check_byte(at, "iscsi", "lun");
    let chap = ["chapAuthDiscovery", "chapAuthSession"].into_iter().find(|field| is_true(source, &[field]));
    if let (Some(field), None) = (chap, get(source, &["secretRef"])) {
        let message = format!("missing field `secretRef`: `{field}` needs it");
        at.report("iscsi.secretRef", Diagnostic::new(Code::MissingField, anchor(at.node(), "iscsi"), message));
    }
}

fn check_fc(at: &mut At<'_>) {
    let Some(source) = at.get(&["fc"]) else { return };
    let filled = |field: &str| get(source, &[field]).filter(|_| items(source, &[field]).next().is_some());
    let origin = anchor(at.node(), "fc");
    match (filled("targetWWNs"), filled("wwids")) {
        (None, None) => {
            let message = "missing field `targetWWNs` or `wwids` of a fibre channel";
            at.report("fc.targetWWNs", Diagnostic::new(Code::MissingField, origin, message));
        }
        (Some(_), Some(node)) => forbid(at, "fc.wwids", node.origin(), "`targetWWNs` and `wwids` exclude one another"),
        (Some(_), None) if get(source, &["lun"]).is_none() => {
            let message = "missing field `lun`: `targetWWNs` needs it";
            at.report("fc.lun", Diagnostic::new(Code::MissingField, origin, message));
        }
        (Some(_), None) => check_byte(at, "fc", "lun"),
        (None, Some(_)) => {}
    }
}

fn check_azure_disk(at: &mut At<'_>) {
    let Some((node, uri)) = at.get(&["azureDisk", "diskURI"]).and_then(|node| Some((node, node.as_str()?))) else {
        return;
    };
    let kind = at.text(&["azureDisk", "kind"]).unwrap_or("Shared");
    let start = if kind == "Managed" { "/subscriptions/" } else { "https://" };
    if !uri.is_empty() && !uri.starts_with(start) {
        let message = format!("expected `{start}` at the start, since the disk is `{kind}`, found another");
        at.invalid("azureDisk.diskURI", node, message);
    }
}

fn check_csi(at: &mut At<'_>) {
    let Some(source) = at.get(&["csi"]) else { return };
    need_text(at, "csi", source, "driver", anchor(at.node(), "csi"));
    if let Some((node, driver)) = source.get("driver").and_then(|node| Some((node, node.as_str()?)))
        && !driver.is_empty()
    {
        let lower = driver.to_lowercase();
        let refused = if driver.len() > DRIVER_LENGTH {
            Err(format!("expected at most {DRIVER_LENGTH} characters, found {}", driver.len()))
        } else {
            dns_subdomain(&lower)
        };
        if let Err(reason) = refused {
            let message = format!("`{driver}` is no name for a CSI driver: {reason}");
            at.report("csi.driver", Diagnostic::new(Code::InvalidName, node.origin(), message));
        }
    }
    if let Some(reference) = get(source, &["nodePublishSecretRef"]) {
        need_text(at, "csi.nodePublishSecretRef", reference, "name", anchor(source, "nodePublishSecretRef"));
        if let Some(node) = get(reference, &["name"]).filter(|node| node.as_str() != Some("")) {
            check_name(at, "csi.nodePublishSecretRef.name", node, "a Secret", dns_subdomain);
        }
    }
}

/// The rest of those that are seldom written by hand.
fn check_others(at: &mut At<'_>) {
    check_byte(at, "awsElasticBlockStore", "partition");
    check_byte(at, "gcePersistentDisk", "partition");
    for source in ["cephfs", "rbd"] {
        if let Some(node) = at.get(&[source, "monitors"]).filter(|node| node.as_seq().is_some_and(<[Node]>::is_empty)) {
            at.invalid(format_args!("{source}.monitors"), node, "expected at least one monitor, found none");
        }
    }
    for source in ["cinder", "storageos"] {
        if let Some((holder, reference)) = at.get(&[source]).and_then(|node| Some((node, get(node, &["secretRef"])?))) {
            need_text(at, &format!("{source}.secretRef"), reference, "name", anchor(holder, "secretRef"));
        }
    }
    for field in ["volumeName", "volumeNamespace"] {
        if let Some(node) = at.get(&["storageos", field]).filter(|node| node.as_str() != Some("")) {
            check_name(at, format_args!("storageos.{field}"), node, "a volume of StorageOS", dns_label);
        }
    }
    if let Some(source) = at.get(&["flocker"]) {
        match (text(source, &["datasetName"]), text(source, &["datasetUUID"])) {
            (None, None) => {
                let message = "missing field `datasetName` or `datasetUUID`";
                at.report("flocker", Diagnostic::new(Code::MissingField, anchor(at.node(), "flocker"), message));
            }
            (Some(_), Some(_)) => {
                let message = "`datasetName` and `datasetUUID` exclude one another";
                forbid(at, "flocker", anchor(source, "datasetUUID"), message);
            }
            (Some(name), None) if name.contains('/') => {
                let node = source.get("datasetName").unwrap_or(source);
                at.invalid("flocker.datasetName", node, "expected a name without `/`, found one with it");
            }
            _ => {}
        }
    }
    if let Some(node) = at.get(&["quobyte", "registry"])
        && node.as_str().is_some_and(|all| !all.is_empty() && all.split(',').any(|pair| !pair.contains(':')))
    {
        at.invalid("quobyte.registry", node, "expected `HOST:PORT`, several with commas between them");
    }
    for entry in at.get(&["flexVolume", "options"]).and_then(Node::as_map).into_iter().flatten() {
        let key = entry.key.text.as_str();
        let domain = format!(".{}", key.split_once('/').map_or(key, |(domain, _)| domain).to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let message = format!("the option `{key}` is in a domain that Kubernetes keeps for itself");
            let finding = Diagnostic::new(Code::InvalidName, entry.key.origin, message);
            at.report(format_args!("flexVolume.options[{key}]"), finding);
        }
    }
}

/// Checks what volumes of the cluster alone say: in which namespace a Secret or the like is.
fn check_of_cluster(at: &mut At<'_>) {
    for (source, field) in [("iscsi", "name"), ("cinder", "namespace"), ("storageos", "namespace")] {
        if let Some((holder, reference)) = at.get(&[source]).and_then(|node| Some((node, get(node, &["secretRef"])?))) {
            need_text(at, &format!("{source}.secretRef"), reference, field, anchor(holder, "secretRef"));
        }
    }
    filled(at, "azureFile.secretNamespace", at.get(&["azureFile", "secretNamespace"]), "a namespace");
    if let Some(node) = at.get(&["glusterfs", "endpointsNamespace"]) {
        check_name(at, "glusterfs.endpointsNamespace", node, "a namespace", dns_label);
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "volume-csi",
        at: "core/v1.Volume",
        check: check_csi,
        refuses: &[
            "{name: v, csi: {driver: a_b}}",
            "{name: v, csi: {driver: a, nodePublishSecretRef: {}}}",
            "{name: v, csi: {driver: a, nodePublishSecretRef: {name: A}}}",
        ],
        accepts: &["{name: v, csi: {driver: A.b, nodePublishSecretRef: {name: a.b}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-iscsi",
        at: "core/v1.Volume",
        kin: OF_CLUSTER,
        check: check_iscsi,
        refuses: &[
            "{name: v, iscsi: {targetPortal: a, iqn: b, lun: 0}}",
            "{name: v, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:', lun: 0}}",
            "{name: v, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:b', lun: 256}}",
            "{name: v, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:b', lun: 0, chapAuthSession: true}}",
        ],
        accepts: &[
            "{name: v, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:b', lun: 255}}",
            "{name: v, iscsi: {targetPortal: a, iqn: eui.0123456789abcdef, lun: 0, chapAuthSession: true, secretRef: {name: a}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-old-drivers",
        at: "core/v1.Volume",
        kin: OF_CLUSTER,
        check: |at| {
            check_fc(at);
            check_azure_disk(at);
            check_others(at);
        },
        refuses: &[
            "{name: v, fc: {}}",
            "{name: v, fc: {targetWWNs: [a]}}",
            "{name: v, fc: {targetWWNs: [a], lun: 256}}",
            "{name: v, fc: {targetWWNs: [a], wwids: [b], lun: 0}}",
            "{name: v, azureDisk: {diskName: a, diskURI: /subscriptions/b}}",
            "{name: v, azureDisk: {diskName: a, diskURI: 'https://b', kind: Managed}}",
            "{name: v, gcePersistentDisk: {pdName: a, partition: 256}}",
            "{name: v, rbd: {image: a, monitors: []}}",
            "{name: v, cinder: {volumeID: a, secretRef: {}}}",
            "{name: v, storageos: {volumeName: A}}",
            "{name: v, flocker: {}}",
            "{name: v, flocker: {datasetName: a/b}}",
            "{name: v, quobyte: {registry: a, volume: b}}",
            "{name: v, flexVolume: {driver: a/b, options: {k8s.io/a: b}}}",
        ],
        accepts: &[
            "{name: v, fc: {targetWWNs: [a], lun: 255}}",
            "{name: v, fc: {wwids: [a]}}",
            "{name: v, azureDisk: {diskName: a, diskURI: /subscriptions/b, kind: Managed}}",
            "{name: v, gcePersistentDisk: {pdName: a, partition: 255}}",
            "{name: v, rbd: {image: a, monitors: [b]}}",
            "{name: v, cinder: {volumeID: a, secretRef: {name: a}}}",
            "{name: v, storageos: {volumeName: a}}",
            "{name: v, flocker: {datasetName: a}}",
            "{name: v, quobyte: {registry: 'a:1', volume: b}}",
            "{name: v, flexVolume: {driver: a/b, options: {a.io/a: b}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-of-cluster-secrets",
        at: "core/v1.PersistentVolumeSpec",
        check: check_of_cluster,
        refuses: &[
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:b', lun: 0, secretRef: {namespace: a}}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, cinder: {volumeID: a, secretRef: {name: a}}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, storageos: {volumeName: a, secretRef: {name: a}}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, azureFile: {secretName: a, shareName: b, secretNamespace: ''}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, glusterfs: {endpoints: a, path: b, endpointsNamespace: A}}",
        ],
        accepts: &[
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, iscsi: {targetPortal: a, iqn: 'iqn.2001-04.a:b', lun: 0, secretRef: {name: a}}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, cinder: {volumeID: a, secretRef: {name: a, namespace: b}}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, azureFile: {secretName: a, shareName: b, secretNamespace: c}}",
            "{accessModes: [ReadWriteOnce], capacity: {storage: 1}, glusterfs: {endpoints: a, path: b, endpointsNamespace: c}}",
        ],
        ..Rule::ALWAYS
    },
];
