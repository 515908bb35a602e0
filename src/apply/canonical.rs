//! What the server makes of a value that it keeps in other words than it was sent.
//!
//! A value of a body and the live one enter; whether the server, sent the first, would store the second leaves. A yes
//! is certain; what is left out is certain only where this file says what stands for it.

use serde_json::Value as Json;

use crate::kubernetes::{Facts, Look, Quantity, Schema, Shape, Tree, Type, same};

/// What is known of the server for the objects of a kind.
#[derive(Clone, Copy)]
pub(super) struct Canon<'a> {
    pub(super) facts: &'a Facts,
    /// Whether an empty list is the same as none.
    empty_is_nothing: bool,
}

impl<'a> Canon<'a> {
    pub(super) fn new(facts: &'a Facts, kind: &str) -> Self {
        // Of these, an object has a new generation when a list that was left out is empty.
        let exact = ["NetworkPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
        Self { facts, empty_is_nothing: !exact.contains(&kind) }
    }

    /// Whether the server stores `live` when it is sent `body`.
    pub(super) fn stores<T: Tree>(self, body: &T, live: &Json, schema: &Schema) -> bool {
        match (&schema.shape, body.look()) {
            (Shape::Quantity, Look::Text(text)) => is_shown_as(text, live),
            (Shape::Quantity, Look::Number(number)) => is_shown_as(&number, live),
            (Shape::Type(id), Look::Map(_)) => live.is_object() && self.stores_fields(body, live, self.facts.ty(*id)),
            (Shape::List(item), Look::List(items)) => live.as_array().is_some_and(|live| {
                live.len() == items.len() && items.iter().zip(live).all(|(body, live)| self.stores(body, live, item))
            }),
            (Shape::Map(value), Look::Map(members)) => live.as_object().is_some_and(|live| {
                let stores = |(key, body)| live.get(key).is_some_and(|live| self.stores(body, live, value));
                live.len() == members && body.members().all(stores)
            }),
            _ => same(body, live),
        }
    }

    /// Whether the server stores nothing when it is sent `body`, in that field.
    pub(super) fn stores_nothing<T: Tree>(self, body: &T, schema: &Schema, of: Option<(&Type, &str)>) -> bool {
        match (&schema.shape, body.look()) {
            (_, Look::Null) => true,
            (Shape::List(_), Look::List([])) | (Shape::Map(_), Look::Map(0)) => self.empty_is_nothing,
            (_, Look::Text("")) => of.is_some_and(|(ty, field)| is_listed(EMPTY, ty, field)),
            (_, Look::Bool(false)) => of.is_some_and(|(ty, field)| is_listed(FALSE, ty, field)),
            _ => false,
        }
    }

    fn stores_fields<T: Tree>(self, body: &T, live: &Json, ty: &Type) -> bool {
        let sent = body.members().all(|(key, value)| {
            let Some(field) = ty.field(key) else { return false };
            match live.get(key) {
                Some(live) if !live.is_null() => self.stores(value, live, &field.schema),
                _ => self.stores_nothing(value, &field.schema, Some((ty, key))),
            }
        });
        sent && live.members().all(|(key, value)| body.member(key).is_some() || is_default(value, ty, key, body))
    }
}

/// Whether the server puts that value where a field is left out of a body.
fn is_default<T: Tree>(live: &Json, ty: &Type, field: &str, body: &T) -> bool {
    let says = |key: &str, values: &[&str]| {
        body.member(key).and_then(Tree::as_text).is_some_and(|text| values.contains(&text))
    };
    match (ty.name.as_str(), field) {
        ("rbac/v1.Subject", "apiGroup") => says("kind", &["User", "Group"]) && live == "rbac.authorization.k8s.io",
        ("resource/v1.ExactDeviceRequest", "count") => body.member("allocationMode").is_none() && live == 1,
        _ => DEFAULTS.iter().any(|(of, name, text)| {
            *of == ty.name && *name == field && serde_json::from_str::<Json>(text).is_ok_and(|value| value == *live)
        }),
    }
}

/// Whether a quantity is shown as that text when it was read.
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
    ("core/v1.EndpointPort", "protocol", "\"TCP\""),
    ("discovery/v1.EndpointPort", "protocol", "\"TCP\""),
    ("discovery/v1.EndpointPort", "name", "\"\""),
    ("discovery/v1.Endpoint", "conditions", "{}"),
    ("networking/v1.NetworkPolicyPort", "protocol", "\"TCP\""),
    ("rbac/v1.RoleRef", "apiGroup", "\"rbac.authorization.k8s.io\""),
    ("admissionregistration/v1.MatchResources", "matchPolicy", "\"Equivalent\""),
    ("admissionregistration/v1.MatchResources", "namespaceSelector", "{}"),
    ("admissionregistration/v1.MatchResources", "objectSelector", "{}"),
    ("admissionregistration/v1.NamedRuleWithOperations", "scope", "\"*\""),
    ("admissionregistration/v1.RuleWithOperations", "scope", "\"*\""),
    ("resource/v1.ExactDeviceRequest", "allocationMode", "\"ExactCount\""),
    ("resource/v1.DeviceToleration", "operator", "\"Equal\""),
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
