//! Volumes of pods and what they come from.

use super::at::{At, get, items, number, quantity};
use super::pod::forbid;
use super::value::check_once;
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::{Node, Origin};

/// The texts that a source must have, none of them empty.
const TEXTS: [(&str, &[&str]); 21] = [
    ("awsElasticBlockStore", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("azureFile", &["secretName", "shareName"]),
    ("cinder", &["volumeID"]),
    ("configMap", &["name"]),
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
/// What holds the source of a volume, too: a volume of the cluster.
pub(super) const OF_CLUSTER: &[&str] = &["core/v1.PersistentVolumeSpec"];
/// The highest mode of a file: octal 0777.
const HIGHEST_MODE: i64 = 0o777;
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

fn check_ephemeral(at: &mut At<'_>) {
    let Some(source) = at.get(&["ephemeral"]) else { return };
    let Some(template) = get(source, &["volumeClaimTemplate"]) else {
        let message = "missing field `volumeClaimTemplate`: what to claim";
        let finding = Diagnostic::new(Code::MissingField, anchor(at.node(), "ephemeral"), message);
        at.report("ephemeral.volumeClaimTemplate", finding);
        return;
    };
    let place = "ephemeral.volumeClaimTemplate.metadata";
    template_metadata(at, place, template, "its name is that of the pod and the volume");
}

/// Reports more than labels and annotations in the metadata of a template for claims; `why` says what becomes of names.
pub(super) fn template_metadata(at: &mut At<'_>, place: &str, template: &Node, why: &str) {
    let metadata = get(template, &["metadata"]).and_then(Node::as_map);
    for entry in metadata.into_iter().flatten() {
        let field = entry.key.text.as_str();
        let is_zero = field == "generation" && number(&entry.value) == Some(0);
        let is_empty = entry.value.is_null() || entry.value.as_str() == Some("") || is_zero;
        if !is_empty && !matches!(field, "annotations" | "labels") {
            let message = format!("a claim of a pod has no `{field}` here: {why}");
            forbid(at, format_args!("{place}.{field}"), entry.key.origin, message);
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
        kin: OF_CLUSTER,
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
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-paths",
        at: "core/v1.Volume",
        kin: OF_CLUSTER,
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
];
