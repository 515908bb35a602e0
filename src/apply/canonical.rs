//! What the server makes of a value that it keeps in other words than it was sent.
//!
//! A value of a body and the live one enter; whether the server, sent the first, would store the second leaves. A yes
//! is certain; values that are left out are certain only where this file says what stands for them.

use serde_json::Value as Json;

use crate::kubernetes::{Facts, Look, Quantity, Schema, Shape, Tree, Type, same};

/// Whether the server stores `live` when it is sent `body`.
pub(super) fn stored_as<T: Tree>(body: &T, live: &Json, schema: &Schema, facts: &Facts) -> bool {
    match (&schema.shape, body.look()) {
        (Shape::Quantity, Look::Text(text)) => is_shown_as(text, live),
        (Shape::Quantity, Look::Number(number)) => is_shown_as(&number, live),
        (Shape::Type(id), Look::Map(_)) => live.is_object() && fields_stored_as(body, live, facts.ty(*id), facts),
        (Shape::List(item), Look::List(items)) => live.as_array().is_some_and(|live| {
            live.len() == items.len() && items.iter().zip(live).all(|(body, live)| stored_as(body, live, item, facts))
        }),
        (Shape::Map(value), Look::Map(members)) => live.as_object().is_some_and(|live| {
            live.len() == members
                && body
                    .members()
                    .all(|(key, body)| live.get(key).is_some_and(|live| stored_as(body, live, value, facts)))
        }),
        _ => same(body, live),
    }
}

/// Whether the server stores nothing when it is sent `body`, in that field.
pub(super) fn stored_as_nothing<T: Tree>(body: &T, schema: &Schema, of: Option<(&Type, &str)>) -> bool {
    match (&schema.shape, body.look()) {
        (Shape::List(_), Look::List([])) | (Shape::Map(_), Look::Map(0)) => true,
        (_, Look::Text("")) => of.is_some_and(|(ty, field)| is_listed(EMPTY, ty, field)),
        (_, Look::Bool(false)) => of.is_some_and(|(ty, field)| is_listed(FALSE, ty, field)),
        _ => false,
    }
}

fn fields_stored_as<T: Tree>(body: &T, live: &Json, ty: &Type, facts: &Facts) -> bool {
    let sent = body.members().all(|(key, value)| {
        let Some(field) = ty.field(key) else { return false };
        match live.get(key) {
            Some(live) => stored_as(value, live, &field.schema, facts),
            None => stored_as_nothing(value, &field.schema, Some((ty, key))),
        }
    });
    sent && live.members().all(|(key, value)| body.member(key).is_some() || is_default(value, ty, key))
}

/// Whether the server puts that value where a field is left out, whatever the others are.
fn is_default(live: &Json, ty: &Type, field: &str) -> bool {
    let known = |(of, name, text): &(&str, &str, &str)| {
        *of == ty.name && *name == field && serde_json::from_str::<Json>(text).is_ok_and(|value| value == *live)
    };
    DEFAULTS.iter().any(known)
}

fn is_shown_as(quantity: &str, live: &Json) -> bool {
    let Some(live) = live.as_str() else { return false };
    Quantity::parse(quantity).is_ok_and(|quantity| quantity.to_string() == live)
}

fn is_listed(list: &[(&str, &[&str])], ty: &Type, field: &str) -> bool {
    list.iter().any(|(name, fields)| *name == ty.name && fields.contains(&field))
}

/// What the server puts where a field is left out: type, field, value in JSON. Only types that are owned as wholes or
/// stand in such need to be here: elsewhere, what a body leaves out is not compared.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("core/v1.ObjectFieldSelector", "apiVersion", "\"v1\""),
    ("core/v1.ResourceFieldSelector", "divisor", "\"0\""),
    ("core/v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"),
    ("core/v1.PersistentVolumeClaim", "apiVersion", "\"v1\""),
    ("core/v1.PersistentVolumeClaim", "kind", "\"PersistentVolumeClaim\""),
    ("core/v1.PersistentVolumeClaim", "status", "{\"phase\":\"Pending\"}"),
    ("core/v1.PersistentVolumeClaimSpec", "volumeMode", "\"Filesystem\""),
    ("networking/v1.NetworkPolicyPort", "protocol", "\"TCP\""),
    ("batch/v1.PodFailurePolicyOnPodConditionsPattern", "status", "\"True\""),
];

/// Texts that are not stored when they are empty.
const EMPTY: &[(&str, &[&str])] = &[("core/v1.EnvVar", &["value"]), ("core/v1.VolumeMount", &["subPath"])];

/// Booleans that are not stored when they are false.
const FALSE: &[(&str, &[&str])] = &[
    ("core/v1.Container", &["stdin", "stdinOnce", "tty"]),
    ("core/v1.PodSpec", &["hostIPC", "hostNetwork", "hostPID"]),
    ("core/v1.VolumeMount", &["readOnly"]),
    ("core/v1.PersistentVolumeClaimVolumeSource", &["readOnly"]),
];
