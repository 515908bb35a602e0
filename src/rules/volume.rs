//! Volumes of pods and what they come from.

use super::at::{At, get, is_true, items, number, quantity, text};
use super::pod::{check_name, check_once, forbid};
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, dns_subdomain};
use crate::text::{Node, Origin};

/// The texts that a source must have, none of them empty.
const TEXTS: [(&str, &[&str]); 22] = [
    ("awsElasticBlockStore", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("azureFile", &["secretName", "shareName"]),
    ("cinder", &["volumeID"]),
    ("configMap", &["name"]),
    ("csi", &["driver"]),
    ("flexVolume", &["driver"]),
    ("gcePersistentDisk", &["pdName"]),
    ("gitRepo", &["repository"]),
    ("glusterfs", &["endpoints", "path"]),
    ("hostPath", &["path"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("nfs", &["server", "path"]),
    ("persistentVolumeClaim", &["claimName"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("quobyte", &["registry", "volume"]),
    ("rbd", &["image"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("secret", &["secretName"]),
    ("storageos", &["volumeName"]),
    ("vsphereVolume", &["volumePath"]),
];
/// The highest mode of a file: octal 0777.
const HIGHEST_MODE: i64 = 0o777;
/// How long the name of a CSI driver may be.
const DRIVER_LENGTH: usize = 63;

/// Where the field of a structure is written, for what is missing in it.
pub(super) fn anchor(holder: &Node, field: &str) -> Origin {
    holder.as_map().and_then(|map| map.entry(field)).map_or(holder.origin(), |entry| entry.key.origin)
}

/// Reports a text that is missing or empty in a structure that is written at `origin`.
pub(super) fn need_text(at: &mut At<'_>, place: &str, holder: &Node, field: &str, origin: Origin) {
    let place = if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") };
    match get(holder, &[field]) {
        None => {
            let message = format!("missing field `{field}`: the server takes no volume without it");
            at.report(place, Diagnostic::new(Code::MissingField, origin, message));
        }
        Some(node) if node.as_str() == Some("") => {
            at.invalid(place, node, format!("expected a text in `{field}`, found an empty one"));
        }
        Some(_) => {}
    }
}

/// Says why a path does not stay in the folder that it is below.
pub(super) fn leaves(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        Some("expected a relative path, found one that starts with `/`")
    } else if path.split('/').any(|part| part == "..") {
        Some("expected a path without `..`, found one that leads out of the volume")
    } else if path.starts_with("..") {
        Some("expected a name that does not start with `..`, which the server keeps for itself")
    } else {
        None
    }
}

/// Reports a path of a file in a volume that is empty, or leads out of it.
pub(super) fn check_file(at: &mut At<'_>, place: &str, file: &Node, field: &str) {
    let Some((node, path)) = file.get(field).and_then(|node| Some((node, node.as_str()?))) else { return };
    let place = format!("{place}.{field}");
    if path.is_empty() {
        at.invalid(place, node, "expected a path, found an empty text");
    } else if let Some(reason) = leaves(path) {
        at.invalid(place, node, reason);
    }
}

/// Reports a mode that no file has.
pub(super) fn check_mode(at: &mut At<'_>, place: &str, holder: &Node, field: &str) {
    let Some(node) = get(holder, &[field]) else { return };
    if let Some(found) = number(node).filter(|found| !(0..=HIGHEST_MODE).contains(found)) {
        let message = format!("expected a mode from 0 to 511, which is 0777 in octal, found `{found}`");
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
            .help("the number is read as a decimal one: 0644 in octal is 420, 0755 is 493");
        at.report(if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") }, finding);
    }
}

/// Checks which keys become which files.
pub(super) fn check_items(at: &mut At<'_>, place: &str, source: &Node) {
    for (index, item) in items(source, &["items"]) {
        let place = format!("{place}.items[{index}]");
        if let Some(node) = item.get("key").filter(|node| node.as_str() == Some("")) {
            at.invalid(format_args!("{place}.key"), node, "expected a key, found an empty text");
        }
        check_file(at, &place, item, "path");
        check_mode(at, &place, item, "mode");
    }
}

/// Returns the number of a part of a disk, or of a unit, where it is none.
fn check_byte(at: &mut At<'_>, source: &str, field: &str) {
    let Some(node) = at.get(&[source, field]) else { return };
    if let Some(found) = number(node).filter(|found| !(0..=255).contains(found)) {
        at.invalid(format_args!("{source}.{field}"), node, format!("expected a number from 0 to 255, found `{found}`"));
    }
}

fn check_paths(at: &mut At<'_>) {
    if let Some(node) = at.get(&["hostPath", "path"])
        && node.as_str().is_some_and(|path| path.split('/').any(|part| part == ".."))
    {
        at.invalid("hostPath.path", node, "expected a path without `..`, found one with it");
    }
    if let Some(node) = at.get(&["nfs", "path"])
        && node.as_str().is_some_and(|path| !path.is_empty() && !path.starts_with('/'))
    {
        at.invalid("nfs.path", node, "expected an absolute path, found one that does not start with `/`");
    }
    if let Some(node) = at.get(&["gitRepo", "directory"])
        && let Some(reason) = node
            .as_str()
            .filter(|path| path.starts_with('/') || path.split('/').any(|part| part == ".."))
            .and_then(leaves)
    {
        at.invalid("gitRepo.directory", node, reason);
    }
    for source in ["configMap", "secret"] {
        if let Some(node) = at.get(&[source]) {
            check_items(at, source, node);
        }
    }
    for source in ["configMap", "downwardAPI", "projected", "secret"] {
        if let Some(node) = at.get(&[source]) {
            check_mode(at, source, node, "defaultMode");
        }
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
        if let Some(found) = node.as_str().filter(|name| !is_iscsi_name(name) && !(name.is_empty() && field == "iqn")) {
            let message =
                format!("expected a name such as `iqn.2001-04.com.example:disk`, found `{}`", words::shown(found));
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

fn check_ephemeral(at: &mut At<'_>) {
    let Some(source) = at.get(&["ephemeral"]) else { return };
    let Some(template) = get(source, &["volumeClaimTemplate"]) else {
        let message = "missing field `volumeClaimTemplate`: what to claim";
        let finding = Diagnostic::new(Code::MissingField, anchor(at.node(), "ephemeral"), message);
        at.report("ephemeral.volumeClaimTemplate", finding);
        return;
    };
    let metadata = get(template, &["metadata"]).and_then(Node::as_map);
    for entry in metadata.into_iter().flatten() {
        let field = entry.key.text.as_str();
        let is_empty = entry.value.is_null()
            || entry.value.as_str() == Some("")
            || entry.value.as_seq().is_some_and(<[Node]>::is_empty);
        if !is_empty && !matches!(field, "annotations" | "labels" | "creationTimestamp") {
            let message =
                format!("a claim of a volume has no `{field}` here: its name is that of the pod and the volume");
            forbid(at, format_args!("ephemeral.volumeClaimTemplate.metadata.{field}"), entry.key.origin, message);
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "volume-name-once",
        at: "core/v1.PodSpec",
        check: |at| {
            let names = at
                .items(&["volumes"])
                .filter_map(|(index, volume)| Some((format!("volumes[{index}].name"), volume.get("name")?)));
            check_once(at, names, |name| format!("two volumes have the name `{name}`"));
        },
        refuses: &[
            "{volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}], containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}], containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-source-once",
        at: "core/v1.Volume",
        check: |at| {
            let entries = at.node().as_map().into_iter().flatten();
            let mut sources = entries.filter(|entry| entry.key.text != "name" && !entry.value.is_null());
            if let (Some(first), Some(again)) = (sources.next(), sources.next()) {
                let message =
                    format!("expected one source of the volume, found `{}` and `{}`", first.key.text, again.key.text);
                let finding = Diagnostic::new(Code::ForbiddenField, again.key.origin, message)
                    .also(first.key.origin, "the first one");
                at.report(&again.key.text, finding);
            }
        },
        refuses: &["{name: v, emptyDir: {}, configMap: {name: a}}"],
        accepts: &["{name: v, configMap: {name: a}}", "{name: v}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-fields",
        at: "core/v1.Volume",
        check: |at| {
            for (source, fields) in TEXTS {
                let Some(holder) = at.get(&[source]) else { continue };
                for field in fields {
                    need_text(at, source, holder, field, anchor(at.node(), source));
                }
            }
        },
        refuses: &[
            "{name: v, configMap: {}}",
            "{name: v, configMap: {name: ''}}",
            "{name: v, secret: {}}",
            "{name: v, hostPath: {path: ''}}",
            "{name: v, persistentVolumeClaim: {claimName: ''}}",
            "{name: v, nfs: {server: '', path: /a}}",
        ],
        accepts: &[
            "{name: v, configMap: {name: a}}",
            "{name: v, secret: {secretName: a}}",
            "{name: v, hostPath: {path: a}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-image",
        at: "core/v1.Volume",
        minors: (Minor(37), Minor(u32::MAX)),
        check: |at| {
            if let Some(holder) = at.get(&["image"]) {
                need_text(at, "image", holder, "reference", anchor(at.node(), "image"));
            }
        },
        refuses: &["{name: v, image: {}}"],
        accepts: &["{name: v, image: {reference: 'a:1'}}"],
    },
    Rule {
        name: "volume-paths",
        at: "core/v1.Volume",
        check: check_paths,
        refuses: &[
            "{name: v, hostPath: {path: /a/../b}}",
            "{name: v, nfs: {server: a, path: b}}",
            "{name: v, gitRepo: {repository: a, directory: /b}}",
            "{name: v, configMap: {name: a, items: [{key: b, path: /c}]}}",
            "{name: v, configMap: {name: a, items: [{key: b, path: c/../d}]}}",
            "{name: v, configMap: {name: a, items: [{key: b, path: ..c}]}}",
            "{name: v, secret: {secretName: a, items: [{key: '', path: c}]}}",
            "{name: v, secret: {secretName: a, items: [{key: b, path: ''}]}}",
            "{name: v, secret: {secretName: a, defaultMode: 644}}",
            "{name: v, secret: {secretName: a, items: [{key: b, path: c, mode: 512}]}}",
        ],
        accepts: &[
            "{name: v, hostPath: {path: /a/..b}}",
            "{name: v, nfs: {server: a, path: /b}}",
            "{name: v, gitRepo: {repository: a, directory: ..b}}",
            "{name: v, configMap: {name: a, items: [{key: b, path: c/..d}]}}",
            "{name: v, secret: {secretName: a, defaultMode: 511, items: [{key: b, path: c, mode: 0}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-size",
        at: "core/v1.EmptyDirVolumeSource",
        check: |at| {
            if let Some(node) =
                at.get(&["sizeLimit"]).filter(|node| quantity(node).is_some_and(|size| size.is_negative()))
            {
                at.invalid("sizeLimit", node, "expected an amount of at least 0, found one below");
            }
        },
        refuses: &["{sizeLimit: -1Gi}"],
        accepts: &["{sizeLimit: 0}", "{sizeLimit: 1Gi}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-ephemeral",
        at: "core/v1.Volume",
        check: check_ephemeral,
        refuses: &[
            "{name: v, ephemeral: {}}",
            "{name: v, ephemeral: {volumeClaimTemplate: {metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}",
        ],
        accepts: &[
            "{name: v, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}",
        ],
        ..Rule::ALWAYS
    },
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
];
