//! What a wanted value changes of the one that stands.
//!
//! What stands, the part of it that we stated, and what is wanted enter; the paths of the leaves where they differ leave.
//! An empty list is the same as none.

use serde_json::Value as Json;

use crate::kubernetes::{
    Facts, Look, Merge, Quantity, Schema, Shape, Storage, Tree, Type, is_dropped, is_same_item, same,
};

/// Returns an amount, where it is one.
pub(super) fn quantity<T: Tree>(value: Option<&T>) -> Option<Quantity> {
    match value?.look() {
        Look::Text(text) => Quantity::decode(text).ok(),
        Look::Number(number) => Quantity::decode(&number).ok(),
        _ => None,
    }
}

/// Compares what is wanted with what stands.
#[derive(Clone, Copy)]
pub(super) struct Compare<'a> {
    pub(super) facts: &'a Facts,
    /// The type of the whole object.
    pub(super) root: &'a Type,
}

impl Compare<'_> {
    /// Returns where a field differs, as paths from the field on.
    pub(super) fn field<O: Tree, S: Tree, N: Tree>(
        self,
        ty: &Type,
        field: &str,
        old: Option<&O>,
        stated: Option<&S>,
        new: Option<&N>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        self.member(ty, field, old, stated, new, "", &mut found);
        found
    }

    #[allow(clippy::too_many_arguments)]
    fn member<O: Tree, S: Tree, N: Tree>(
        self,
        ty: &Type,
        key: &str,
        old: Option<&O>,
        stated: Option<&S>,
        new: Option<&N>,
        path: &str,
        found: &mut Vec<String>,
    ) {
        let wanted = new.and_then(|parent| parent.get(key)).filter(|value| !value.is_null());
        let said = stated.and_then(|parent| parent.get(key)).filter(|value| !value.is_null());
        let was = old.and_then(|parent| parent.get(key)).filter(|value| !value.is_null());
        let Some(field) = ty.field(key) else { return };
        // Behind a gate that is off, the server keeps what stands, and drops what is new.
        if was.is_none() && self.facts.drops(field) {
            return;
        }
        let storage = Storage::of(self.facts, self.root);
        let of_new = |value: &O| new.is_some_and(|new| storage.is_default(value, ty, key, new));
        match (wanted, was) {
            // A default is put where nothing is left.
            (Some(wanted), Some(was)) if is_nothing(wanted, &field.schema, ty, key) && of_new(was) => {}
            (Some(wanted), Some(was)) => self.value(&field.schema, was, said, wanted, path, found),
            (Some(wanted), None) => {
                let is_default = old.is_some_and(|old| storage.is_default(wanted, ty, key, old));
                if !is_nothing(wanted, &field.schema, ty, key) && !is_default {
                    self.leaves(&field.schema, wanted, path, found);
                }
            }
            (None, _) => {
                let said = said.filter(|said| !is_nothing(*said, &field.schema, ty, key));
                if let Some(said) = said.filter(|said| new.is_none_or(|new| !storage.is_default(*said, ty, key, new))) {
                    self.leaves(&field.schema, said, path, found);
                }
            }
        }
    }

    /// Finds the leaves of a value that the other side lacks, without those that stand for nothing.
    fn leaves<T: Tree>(self, schema: &Schema, value: &T, path: &str, found: &mut Vec<String>) {
        let before = found.len();
        match (&schema.shape, value.look()) {
            (Shape::Type(id), Look::Map(_)) => {
                let ty = self.facts.ty(*id);
                let storage = Storage::of(self.facts, self.root);
                for (key, value) in value.members().filter(|(_, value)| !value.is_null()) {
                    let Some(field) = ty.field(key).filter(|field| !self.facts.drops(field)) else { continue };
                    if !is_nothing(value, &field.schema, ty, key) && !storage.is_default(value, ty, key, &Json::Null) {
                        self.leaves(&field.schema, value, &format!("{path}.{key}"), found);
                    }
                }
                if found.len() == before && schema.pointer {
                    found.push(path.to_owned());
                }
            }
            (Shape::Map(inner), Look::Map(_)) => {
                for (key, value) in value.members() {
                    self.leaves(inner, value, &format!("{path}.{key}"), found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }

    fn value<O: Tree, S: Tree, N: Tree>(
        self,
        schema: &Schema,
        old: &O,
        stated: Option<&S>,
        new: &N,
        path: &str,
        found: &mut Vec<String>,
    ) {
        match (&schema.shape, new.look()) {
            (Shape::Quantity, _) if quantity(Some(new)).is_some() => {
                if quantity(Some(new)) != quantity(Some(old)) {
                    found.push(path.to_owned());
                }
            }
            (Shape::Type(id), Look::Map(_)) => {
                let ty = self.facts.ty(*id);
                let is_whole = schema.atomic.unwrap_or(ty.atomic);
                for field in &ty.fields {
                    let path = format!("{path}.{}", field.name);
                    // Of what is owned as a whole, all is ours.
                    if is_whole {
                        self.member(ty, &field.name, Some(old), Some(old), Some(new), &path, found);
                    } else {
                        self.member(ty, &field.name, Some(old), stated, Some(new), &path, found);
                    }
                }
            }
            (Shape::Map(inner), Look::Map(_)) => {
                for (key, value) in new.members() {
                    let path = format!("{path}.{key}");
                    match old.get(key) {
                        Some(old) => {
                            self.value(inner, old, stated.and_then(|said| said.get(key)), value, &path, found);
                        }
                        None => found.push(path),
                    }
                }
                let said = stated.into_iter().flat_map(Tree::members);
                found.extend(said.filter(|(key, _)| new.get(key).is_none()).map(|(key, _)| format!("{path}.{key}")));
            }
            (Shape::List(inner), Look::List(items)) => self.list(inner, &schema.merge, old, stated, items, path, found),
            _ if same(old, new) => {}
            _ => found.push(path.to_owned()),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn list<O: Tree, S: Tree, N: Tree>(
        self,
        inner: &Schema,
        merge: &Merge,
        old: &O,
        stated: Option<&S>,
        new: &[N],
        path: &str,
        found: &mut Vec<String>,
    ) {
        let said = stated.map(Tree::items).unwrap_or_default();
        let Merge::Keys(keys) = merge else {
            if old.items().len() != new.len() {
                found.push(path.to_owned());
            }
            for (at, (old, new)) in old.items().iter().zip(new).enumerate() {
                self.value(inner, old, said.get(at), new, &format!("{path}[{at}]"), found);
            }
            return;
        };
        let ty = self.facts.inner_type(inner);
        let mut last = None;
        for (at, item) in new.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let place = old.items().iter().position(|old| is_same_item(old, item, keys, ty));
            let before = said.iter().find(|said| is_same_item(*said, item, keys, ty));
            match place {
                // Order counts where equality does.
                Some(place) if last.is_some_and(|last| place < last) => found.push(path),
                Some(place) => {
                    last = Some(place);
                    self.value(inner, &old.items()[place], before, item, &path, found);
                }
                None => found.push(path),
            }
        }
        if said.iter().any(|said| !new.iter().any(|item| is_same_item(said, item, keys, ty))) {
            found.push(path.to_owned());
        }
    }
}

/// Whether a value in a field stands for none.
fn is_nothing<T: Tree>(value: &T, schema: &Schema, ty: &Type, field: &str) -> bool {
    match (&schema.shape, value.look()) {
        (_, Look::List([])) | (Shape::Map(_), Look::Map(0)) => true,
        _ => is_dropped(value, ty, field),
    }
}
