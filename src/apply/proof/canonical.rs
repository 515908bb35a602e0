//! What the server makes of a value that it keeps in other words than it was sent.
//!
//! A value of a body and the live one enter; whether the server, sent the first, would store the second leaves. A yes
//! is certain; what is left out is certain only where this file says what stands for it.

use serde_json::Value as Json;

use crate::kubernetes::{Facts, Look, Quantity, Schema, Shape, Storage, Tree, Type, is_dropped, same};

/// The type of the schemas of custom resources.
const SCHEMA: &str = "apiextensions/v1.JSONSchemaProps";

/// What is known of the server for the objects of a kind.
#[derive(Clone, Copy)]
pub(super) struct Canon<'a> {
    pub(super) facts: &'a Facts,
    storage: Storage<'a>,
    /// Whether an empty list is the same as none.
    empty_is_nothing: bool,
}

impl<'a> Canon<'a> {
    pub(super) fn new<T: Tree>(facts: &'a Facts, ty: Option<&'a Type>, body: &T) -> Self {
        // Of these, an object has a new generation when a list that was left out is empty.
        let exact = ["NetworkPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
        let is_exact = body.get("kind").and_then(T::as_text).is_some_and(|kind| exact.contains(&kind));
        // What is marked so, as a ConfigMap may be, takes no empty mapping in place of none.
        let is_immutable = body.get("immutable").is_some_and(|marked| matches!(marked.look(), Look::Bool(true)));
        // Of custom resources, the metadata alone has a type.
        let root = ty.unwrap_or_else(|| facts.named("meta/v1.ObjectMeta"));
        Self { facts, storage: Storage::of(facts, root), empty_is_nothing: !is_exact && !is_immutable }
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
            // Some words of JSON Schema are refused even where they say nothing.
            (Shape::Map(_), Look::Map(0)) if of.is_some_and(|(ty, _)| ty.name == SCHEMA) => false,
            (Shape::List(_), Look::List([])) | (Shape::Map(_), Look::Map(0)) => self.empty_is_nothing,
            _ => of.is_some_and(|(ty, field)| is_dropped(body, ty, field)),
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
        sent && live
            .members()
            .all(|(key, value)| body.get(key).is_some() || self.storage.is_default(value, ty, key, body))
    }
}

/// Whether a quantity is shown as that text when it was read.
fn is_shown_as(quantity: &str, live: &Json) -> bool {
    let Some(live) = live.as_str() else { return false };
    Quantity::decode(quantity).is_ok_and(|quantity| quantity.to_string() == live)
}
