//! Manifests as they were written, for a comparison that must not depend on whether they are right.
//!
//! Documents enter, objects leave: nothing is checked but that each says of which kind it is. An API that is served no
//! longer, a field that nobody knows, or an object without a name is compared like any other; what is wrong with it is for
//! `check` to say.

use smol_str::format_smolstr;

use crate::check::items_of;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::read::Document;
use crate::text::{Node, Origin};

/// Returns the objects of documents; what has no kind is a finding. One that the server is to name
/// is called by the start of its name and a `*`, one without any name by an empty text.
pub fn as_written(documents: Vec<Document>, diagnostics: &mut Diagnostics) -> Vec<Manifest> {
    let mut objects = Vec::with_capacity(documents.len());
    for document in documents {
        let origin = document.root.origin();
        unpack(document.root, origin, &mut objects, diagnostics);
    }
    objects
}

fn unpack(node: Node, origin: Origin, objects: &mut Vec<Manifest>, diagnostics: &mut Diagnostics) {
    if let Some(items) = items_of(&node) {
        for item in items {
            let origin = item.origin();
            unpack(item, origin, objects, diagnostics);
        }
        return;
    }
    match ObjectKey::of(&node) {
        Some(mut key) => {
            if key.name.is_empty()
                && let Some(start) = node.at(&["metadata", "generateName"]).and_then(Node::text)
            {
                key.name = format_smolstr!("{start}*");
            }
            objects.push(Manifest { key, node, origin });
        }
        None => diagnostics.push(
            Diagnostic::new(Code::MissingField, origin.at_start(), "this does not say which object it is")
                .help("each object has `apiVersion` and `kind`"),
        ),
    }
}
