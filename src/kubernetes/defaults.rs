//! What the server stores: what it puts where a field is left out, and which values are the same to it as none.
//!
//! An object, or a part of one, enters; what the server keeps of it leaves, amounts in one notation. Constants are
//! facts; what depends on other fields is computed beside this file. Two objects with equal stored forms are one to the
//! server, as far as their types are known.

mod computed;
mod settle;

use serde_json::{Map, Number, Value as Json};

pub use self::computed::words;
use super::{Facts, Field, Look, Quantity, SERVER_ANNOTATIONS, SERVER_METADATA, Schema, Shape, Tree, Type};

/// What the server makes of the objects of one type.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    facts: &'a Facts,
    root: &'a Type,
}

impl<'a> Storage<'a> {
    /// Takes the type of whole objects: what is filled in may depend on what a part is a part of.
    pub fn of(facts: &'a Facts, root: &'a Type) -> Self {
        Self { facts, root }
    }

    /// Returns what is stored of an object that is made anew, without what only the server writes.
    pub fn object<T: Tree>(self, object: &T) -> Json {
        let mut stored = self.fields(object, self.root);
        // A Node alone brings its status along.
        if self.root.name != "core/v1.Node" {
            stored.remove("status");
        }
        if let Some(Json::Object(metadata)) = stored.get_mut("metadata") {
            SERVER_METADATA.iter().for_each(|field| drop(metadata.remove(*field)));
            if let Some(Json::Object(annotations)) = metadata.get_mut("annotations") {
                annotations.retain(|name, _| !SERVER_ANNOTATIONS.contains(&name.as_str()));
                if annotations.is_empty() {
                    metadata.remove("annotations");
                }
            }
        }
        Json::Object(stored)
    }

    /// Returns what the server puts in a field that `body` leaves out, or `None` if it leaves it out too.
    pub fn default<B: Tree>(self, ty: &Type, field: &Field, body: &B) -> Option<Json> {
        let schema = &field.schema;
        let constant = || schema.default.clone().filter(|_| self.has(schema.within.as_deref()));
        let found = computed::default(self.root, ty, field, body).or_else(constant);
        match (found, &schema.shape) {
            (Some(found), Shape::Type(id)) => Some(Json::Object(self.fields(&found, self.facts.ty(*id)))),
            (Some(found), _) => self.value(&found, schema),
            // Where nothing can be told from an empty mapping, what is in it is filled in.
            (None, Shape::Type(id)) if !schema.pointer => {
                let filled = self.fields(&Json::Null, self.facts.ty(*id));
                (!filled.is_empty()).then_some(Json::Object(filled))
            }
            (None, _) => None,
        }
    }

    /// Whether the server puts `value` where a field of that type is left out of `body`.
    ///
    /// A yes is certain and holds whatever else the body says.
    pub fn is_default<V: Tree, B: Tree>(self, value: &V, ty: &Type, field: &str, body: &B) -> bool {
        let Some(field) = ty.field(field) else { return false };
        let stored = self.value(value, &field.schema);
        // Where nothing points at a block or an amount, it is written though there is nothing in it.
        let is_written = matches!(field.schema.shape, Shape::Type(_) | Shape::Quantity) && !field.schema.pointer;
        self.default(ty, field, body).map_or(is_written && stored.is_none(), |default| stored == Some(default))
    }

    fn has(self, within: Option<&str>) -> bool {
        within.is_none_or(|within| within == self.root.name)
    }

    fn fields<T: Tree>(self, body: &T, ty: &Type) -> Map<String, Json> {
        let mut stored = Map::new();
        for (key, value) in body.members() {
            let value = match ty.field(key) {
                Some(field) => self.value(value, &field.schema),
                None => Some(as_json(value)).filter(|value| !value.is_null()),
            };
            stored.extend(value.map(|value| (key.to_owned(), value)));
        }
        let body = Json::Object(stored);
        let left_out = ty.fields.iter().filter(|field| body.get(field.name.as_str()).is_none());
        let filled = left_out.filter_map(|field| Some((field.name.to_string(), self.default(ty, field, &body)?)));
        let filled: Vec<(String, Json)> = filled.collect();
        let Json::Object(mut stored) = body else { return Map::new() };
        stored.extend(filled);
        settle::settle(&ty.name, ty.name == self.root.name, &mut stored);
        stored
    }

    /// Returns what is stored of the value of a field, or `None` if that is the same as none.
    pub fn value<T: Tree>(self, value: &T, schema: &Schema) -> Option<Json> {
        let is_nothing = match (&schema.shape, value.look()) {
            (Shape::Any, _) => false,
            (_, Look::Null | Look::List([])) | (Shape::Map(_), Look::Map(0)) => true,
            (Shape::Type(_), _) => false,
            (Shape::Bytes, Look::Text(text)) => text.is_empty(),
            (Shape::Quantity, _) => !schema.pointer && amount(value).is_some_and(|amount| amount.is_zero()),
            _ => !schema.pointer && is_zero(value),
        };
        if is_nothing {
            return None;
        }
        let stored = self.item(value, schema);
        let is_emptied = matches!((&schema.shape, &stored), (Shape::Type(_), Json::Object(map)) if map.is_empty());
        (schema.pointer || !is_emptied).then_some(stored)
    }

    /// Returns what is stored of an item, which stays where it is, whatever it says.
    fn item<T: Tree>(self, value: &T, schema: &Schema) -> Json {
        match (&schema.shape, value.look()) {
            (Shape::Type(id), Look::Map(_)) => Json::Object(self.fields(value, self.facts.ty(*id))),
            (Shape::List(item), Look::List(items)) => items.iter().map(|value| self.item(value, item)).collect(),
            (Shape::Map(inner), Look::Map(_)) => {
                value.members().map(|(key, value)| (key.to_owned(), self.item(value, inner))).collect()
            }
            (Shape::Quantity, _) => amount(value).map_or_else(|| as_json(value), |amount| amount.key().as_str().into()),
            _ => as_json(value),
        }
    }
}

/// Whether the server stores nothing when it is sent `value` in a field of that type: an empty text, false or zero.
///
/// Where a field has a default, that is stored instead. A yes is certain; not every such field is known.
pub fn is_dropped<V: Tree>(value: &V, ty: &Type, field: &str) -> bool {
    let Some(schema) = ty.field(field).map(|field| &field.schema) else { return false };
    let is_plain = matches!(schema.shape, Shape::String | Shape::Integer | Shape::Number | Shape::Boolean);
    is_plain && !schema.pointer && is_zero(value)
}

fn is_zero<V: Tree>(value: &V) -> bool {
    match value.look() {
        Look::Text(text) => text.is_empty(),
        Look::Bool(value) => !value,
        Look::Number(number) => number == "0",
        Look::Null | Look::List(_) | Look::Map(_) => false,
    }
}

fn amount<T: Tree>(value: &T) -> Option<Quantity> {
    Quantity::decode(&value.scalar()?).ok()
}

/// Returns a value in JSON; a number that JSON cannot hold stays a text.
fn as_json<T: Tree>(value: &T) -> Json {
    match value.look() {
        Look::Null => Json::Null,
        Look::Bool(value) => value.into(),
        Look::Number(number) => number.parse().map_or_else(|_| number.as_str().into(), |number: Number| number.into()),
        Look::Text(text) => text.into(),
        Look::List(items) => items.iter().map(as_json).collect(),
        Look::Map(_) => value.members().map(|(key, value)| (key.to_owned(), as_json(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::Minor;

    fn stored(facts: &Facts, ty: &str, object: &Json) -> Json {
        Storage::of(facts, facts.named(ty)).object(object)
    }

    #[test]
    fn all_that_is_computed_has_a_rule() {
        for minor in Minor::bundled() {
            let facts = Facts::of(minor).expect("a bundled minor");
            for kind in facts.kinds() {
                let ty = facts.ty(facts.type_of(kind).expect("a type"));
                // Anything may be asked, and nothing of it panics.
                stored(facts, &ty.name, &json!({}));
            }
            for ty in facts.types() {
                for field in ty.fields.iter().filter(|field| field.schema.computed) {
                    assert!(words(&ty.name, &field.name).is_some(), "{}.{} of {minor}", ty.name, field.name);
                }
            }
        }
    }

    #[test]
    fn blocks_are_filled_in_as_wholes() {
        let facts = Facts::newest();
        let short = json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}});
        let mut long = short.clone();
        long["status"] = json!({});
        long["metadata"] = json!({"creationTimestamp": null, "annotations": {}});
        long["spec"]["strategy"] =
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
        long["spec"]["template"]["metadata"] = json!({"creationTimestamp": null});
        long["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
        long["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("IfNotPresent");
        let ty = "apps/v1.Deployment";
        assert_eq!(stored(facts, ty, &short), stored(facts, ty, &long));
        long["spec"]["strategy"]["rollingUpdate"]["maxSurge"] = json!(1);
        assert_ne!(stored(facts, ty, &short), stored(facts, ty, &long));
    }

    #[test]
    fn defaults_may_depend_on_what_else_is_said() {
        let facts = Facts::newest();
        let storage = Storage::of(facts, facts.named("rbac/v1.RoleBinding"));
        let subject = facts.named("rbac/v1.Subject");
        let group = json!("rbac.authorization.k8s.io");
        assert!(storage.is_default(&group, subject, "apiGroup", &json!({"kind": "User"})));
        assert!(!storage.is_default(&group, subject, "apiGroup", &json!({"kind": "ServiceAccount"})));
    }

    #[test]
    fn a_block_with_nothing_in_it_is_none_where_nothing_points_at_it() {
        let facts = Facts::newest();
        let storage = Storage::of(facts, facts.named("core/v1.Pod"));
        let (container, pod) = (facts.named("core/v1.Container"), facts.named("core/v1.PodSpec"));
        assert!(storage.is_default(&json!({}), container, "resources", &json!({})));
        assert!(storage.is_default(&json!({"limits": {}}), container, "resources", &json!({})));
        assert!(!storage.is_default(&json!({"limits": {"cpu": "1"}}), container, "resources", &json!({})));
        assert!(!storage.is_default(&json!({}), pod, "affinity", &json!({})));
    }

    #[test]
    fn defaults_may_depend_on_where_they_stand() {
        let facts = Facts::newest();
        let pod = facts.named("core/v1.PodSpec");
        for (root, has) in [("core/v1.Pod", true), ("apps/v1.Deployment", false)] {
            let storage = Storage::of(facts, facts.named(root));
            assert_eq!(storage.is_default(&json!(true), pod, "enableServiceLinks", &json!({})), has, "{root}");
        }
        let job = facts.named("batch/v1.JobSpec");
        for (root, has) in [("batch/v1.Job", true), ("batch/v1.CronJob", false)] {
            let storage = Storage::of(facts, facts.named(root));
            assert_eq!(storage.is_default(&json!(6), job, "backoffLimit", &json!({})), has, "{root}");
            assert_eq!(storage.is_default(&json!("NonIndexed"), job, "completionMode", &json!({})), has, "{root}");
        }
    }

    #[test]
    fn zeros_are_dropped_where_nothing_points_at_them() {
        let pod = Facts::newest().named("core/v1.PodSpec");
        assert!(is_dropped(&json!(false), pod, "hostNetwork"));
        assert!(!is_dropped(&json!(true), pod, "hostNetwork"));
        assert!(!is_dropped(&json!(false), pod, "automountServiceAccountToken"), "false and nothing are two there");
        assert!(is_dropped(&json!(0), Facts::newest().named("core/v1.Probe"), "initialDelaySeconds"));
    }
}
