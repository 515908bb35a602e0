//! What updates of ConfigMaps and Secrets that are marked `immutable` may not change: nothing that they hold.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Rule, Update};
use crate::kubernetes::{Look, Tree};

/// The bytes of each key of a Secret, and the field that holds them; `None` where they are no text in base64.
type Held = BTreeMap<String, (&'static str, Option<Vec<u8>>)>;

impl<O: Tree, S: Tree, N: Tree> Update<'_, O, S, N> {
    pub(super) fn config_map(&mut self) {
        if self.is_marked() {
            self.keep("data", Rule::MarkedImmutable);
            self.keep("binaryData", Rule::MarkedImmutable);
        }
    }

    /// The server stores texts as bytes: the same ones may be written either way.
    pub(super) fn secret(&mut self) {
        if !self.is_marked() {
            return;
        }
        let (old, stated, new) = (held(self.old), held(self.stated), held(self.new));
        let is_other = |key: &String, bytes: &Option<Vec<u8>>| old.get(key).is_none_or(|(_, known)| known != bytes);
        let changed = new.iter().find(|(key, (_, bytes))| is_other(key, bytes));
        let gone = || stated.iter().find(|(key, _)| !new.contains_key(*key));
        if let Some((key, (field, _))) = changed.or_else(gone) {
            self.refuse(format!("{field}.{key}"), field, Rule::MarkedImmutable);
        }
    }

    /// Whether what stands is marked; that is not taken back.
    fn is_marked(&mut self) -> bool {
        if !Self::is_true(self.old, &["immutable"]) {
            return false;
        }
        let taken_back = match self.new.get("immutable") {
            Some(immutable) => !matches!(immutable.look(), Look::Bool(true)),
            None => self.stated.get("immutable").is_some(),
        };
        if taken_back {
            self.refuse("immutable".to_owned(), "immutable", Rule::MarkedImmutable);
        }
        true
    }
}

fn held<T: Tree>(secret: &T) -> Held {
    let of =
        |field: &'static str| secret.get(field).into_iter().flat_map(Tree::members).map(move |entry| (field, entry));
    // What is written as text comes last, and wins.
    of("data")
        .chain(of("stringData"))
        .map(|(field, (key, value))| {
            let text = value.as_text().unwrap_or_default();
            let encoded = || text.replace(['\n', '\r'], "");
            let bytes = if field == "data" { STANDARD.decode(encoded()).ok() } else { Some(text.into()) };
            (key.to_owned(), (field, bytes))
        })
        .collect()
}
