//! Attachments of volumes to nodes: by which driver, and of what.

use super::Rule;
use super::at::{At, get, items, text};
use super::csi::driver_name;
use super::value::{filled, forbid, has_any, missing, named, named_if_any};
use crate::kubernetes::name::dns_subdomain;
use crate::text::Node;

/// What a volume that is described in place may not say, as no object stands for it.
const OF_OBJECTS: [&str; 3] = ["claimRef", "nodeAffinity", "storageClassName"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "volume-attachment",
        at: "storage/v1.VolumeAttachmentSpec",
        check: |at| {
            for (field, what, is) in
                [("attacher", "a CSI driver", driver_name as fn(&str) -> _), ("nodeName", "a node", dns_subdomain)]
            {
                if let Some(node) = at.get(&[field]) {
                    named(at, field, node, what, is);
                }
            }
            source(at);
        },
        refuses: &[
            "{attacher: '', nodeName: a, source: {persistentVolumeName: a}}",
            "{attacher: a_b, nodeName: a, source: {persistentVolumeName: a}}",
            "{attacher: a, nodeName: '', source: {persistentVolumeName: a}}",
            "{attacher: a, nodeName: A, source: {persistentVolumeName: a}}",
            "{attacher: a, nodeName: a, source: {}}",
            "{attacher: a, nodeName: a, source: {persistentVolumeName: ''}}",
            "{attacher: a, nodeName: a, source: {persistentVolumeName: A}}",
            "{attacher: a, nodeName: a, source: {persistentVolumeName: a, inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}}}}",
        ],
        accepts: &["{attacher: A.example, nodeName: a.b, source: {persistentVolumeName: a}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-attachment-inline",
        at: "storage/v1.VolumeAttachmentSpec",
        check: inline,
        refuses: &[
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {csi: {driver: a, volumeHandle: b}}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], nfs: {server: a, path: /b}}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}, claimRef: {name: a}}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}, capacity: {storage: 1}}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}, storageClassName: a}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}, persistentVolumeReclaimPolicy: Delete}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: b}, volumeMode: Block}}}",
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce, ReadWriteOncePod], csi: {driver: a, volumeHandle: b}}}}",
        ],
        accepts: &[
            "{attacher: a, nodeName: a, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce, ReadOnlyMany], csi: {driver: a, volumeHandle: b}, persistentVolumeReclaimPolicy: Retain, volumeMode: Filesystem, storageClassName: ''}}}",
        ],
        ..Rule::ALWAYS
    },
];

fn source(at: &mut At<'_>) {
    let Some(source) = at.get(&["source"]) else { return };
    let (name, inline) = (get(source, &["persistentVolumeName"]), get(source, &["inlineVolumeSpec"]));
    match (name, inline) {
        (None, None) => {
            let message = "missing field `persistentVolumeName` or `inlineVolumeSpec`: expected one of them";
            missing(at, "source", source.origin(), message);
        }
        (Some(_), Some(node)) => {
            let message = "`persistentVolumeName` and `inlineVolumeSpec` exclude one another";
            forbid(at, "source.inlineVolumeSpec", node, message, "take one of them out");
        }
        _ => {
            filled(at, "source.persistentVolumeName", name, "the name of a PersistentVolume");
            named_if_any(at, "source.persistentVolumeName", name, "a PersistentVolume", dns_subdomain);
        }
    }
}

fn inline(at: &mut At<'_>) {
    let path = ["source", "inlineVolumeSpec"];
    let Some(volume) = at.get(&path).filter(|_| at.get(&["source", "persistentVolumeName"]).is_none()) else { return };
    let place = |field: &str| format!("source.inlineVolumeSpec.{field}");
    let out = "take it out, or name a PersistentVolume";
    for field in OF_OBJECTS.into_iter().chain(["capacity"]) {
        let Some(node) = get(volume, &[field]) else { continue };
        let is_there = match field {
            "capacity" => has_any(Some(node)),
            "storageClassName" => node.as_str() != Some(""),
            _ => true,
        };
        if is_there {
            forbid(at, place(field), node, format!("a volume that is described in place has no `{field}`"), out);
        }
    }
    for (field, only) in [("persistentVolumeReclaimPolicy", "Retain"), ("volumeMode", "Filesystem")] {
        if let Some(node) = get(volume, &[field]).filter(|_| text(volume, &[field]).is_some_and(|word| word != only)) {
            let message = format!("a volume that is described in place takes `{only}` alone as `{field}`");
            forbid(at, place(field), node, message, out);
        }
    }
    if get(volume, &["csi"]).is_none() {
        let message = "missing field `csi`: a volume that is described in place is one of a CSI driver";
        missing(at, place("csi"), volume.origin(), message);
    }
    let modes: Vec<(usize, &Node)> = items(volume, &["accessModes"]).collect();
    if modes.is_empty() {
        let message = "missing field `accessModes`: expected at least one mode of access";
        missing(at, place("accessModes"), volume.origin(), message);
    } else if modes.len() > 1
        && let Some((number, node)) = modes.iter().find(|(_, mode)| mode.as_str() == Some("ReadWriteOncePod"))
        && modes.iter().any(|(_, mode)| mode.as_str() != Some("ReadWriteOncePod"))
    {
        let message = "`ReadWriteOncePod` stands beside no other mode of access";
        forbid(at, place(&format!("accessModes[{number}]")), node, message, "take the others out");
    }
}
