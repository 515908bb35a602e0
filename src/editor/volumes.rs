//! Mounts: one source each, its options, and the fields of a volume.

use serde_json::{Value as Json, json};

use super::native::Types;
use super::{Members, below, open, reference, words};
use crate::expand::MOUNT_OPTIONS;

/// The sources that may be named instead of spelled out.
const NAMED: &[(&str, &str)] = &[
    ("configMap", "core/v1.ConfigMapVolumeSource"),
    ("secret", "core/v1.SecretVolumeSource"),
    ("hostPath", "core/v1.HostPathVolumeSource"),
];

/// Returns the form of one mount.
pub(super) fn mount(types: &mut Types) -> Json {
    let mut all = Members::new();
    for name in ["claim", "volume"] {
        all.insert(name.into(), below("mounts", name, reference("text")));
    }
    for (source, of) in NAMED {
        let fields = types.fields(of);
        let named = json!({"type": ["string", "object", "null"], "properties": fields, "additionalProperties": false});
        all.insert((*source).into(), below("mounts", source, named));
    }
    for option in MOUNT_OPTIONS {
        all.insert((*option).into(), below("mounts", option, self::option(option, types)));
    }
    for (source, form) in types.fields("core/v1.Volume") {
        all.entry(source).or_insert(form);
    }
    open(&["object"], json!({"properties": all, "additionalProperties": false}))
}

fn option(name: &str, types: &mut Types) -> Json {
    match name {
        "readOnly" | "optional" => reference("boolean"),
        "size" => reference("quantity"),
        "accessModes" => access_modes(),
        "defaultMode" => reference("integer"),
        "items" => {
            let item = types.named("core/v1.KeyToPath");
            open(&["object", "array"], json!({"additionalProperties": reference("text"), "items": item}))
        }
        "mountPropagation" => words(["None", "HostToContainer", "Bidirectional"]),
        "recursiveReadOnly" => native(types, "core/v1.VolumeMount", "recursiveReadOnly"),
        "volumeMode" => native(types, "core/v1.PersistentVolumeClaimSpec", "volumeMode"),
        _ => reference("text"),
    }
}

/// Returns the form of the access modes of a claim: one, or a list.
pub(super) fn access_modes() -> Json {
    let modes = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
    json!({"anyOf": [words(modes), {"type": "array", "items": words(modes)}]})
}

fn native(types: &mut Types, of: &str, field: &str) -> Json {
    let facts = types.facts();
    match facts.named(of).field(field) {
        Some(field) => types.of(&field.schema),
        None => reference("text"),
    }
}
