//! What is merged into a Secret: the layers of a spec in, the parts of its objects that are secret in any of them hidden.
//!
//! A document is read without what others merge into it. An object is made of its entry in every layer, of what profiles
//! say of it and of the templates that any of those use: where one of them says that it is a Secret, all of them are.

use std::collections::BTreeMap;

use super::{layers, members};
use crate::expand::has_expression;
use crate::read::{hide_object, hide_value, is_secret_part, kind_of};
use crate::spec::Section;
use crate::text::{Node, Sources};

/// Hides what the objects of a spec are made of where they are, or may be, Secrets. The layers are those that it was merged
/// of, itself among them, each as it was read.
pub(super) fn hide_merged(written: &[&Node], sources: &mut Sources) {
    let all = || written.iter().flat_map(|layer| layers(layer));
    let templates = || all().filter_map(|layer| layer.get("templates")?.as_map()).flatten();
    let mut objects: BTreeMap<(Section, &str), Vec<&Node>> = BTreeMap::new();
    // Those below `secrets` take no templates, which is a mistake and no reason to show them.
    for section in [Section::Objects, Section::Secrets] {
        for entry in all().filter_map(|layer| layer.get(section.key())?.as_map()).flatten() {
            objects.entry((section, entry.key.text.as_str())).or_default().push(&entry.value);
        }
    }
    let mut secret = Vec::new();
    for ((section, _), mut parts) in objects {
        let used = parts.iter().filter_map(|part| part.get("use"));
        let used: Vec<&str> = used
            .flat_map(|names| names.as_seq().unwrap_or(std::slice::from_ref(names)))
            .filter_map(Node::as_str)
            .collect();
        let is_any = used.iter().any(|name| has_expression(name));
        let taken = templates().filter(|entry| is_any || used.contains(&entry.key.text.as_str()));
        parts.extend(taken.map(|entry| &entry.value));
        let says = || parts.iter().flat_map(|part| overridden(part)).filter_map(Node::as_map);
        if section == Section::Secrets || says().any(is_secret_part) {
            secret.extend(parts.into_iter().map(|part| (part, true)));
        } else if says().any(|part| kind_of(part).is_some_and(has_expression)) {
            secret.extend(parts.into_iter().map(|part| (part, false)));
        }
    }
    for (part, is_whole) in secret {
        if is_whole {
            hide_object(part, sources);
        }
        for content in overridden(part).flat_map(|part| ["data", "stringData"].map(|key| part.get(key))).flatten() {
            hide_value(content, |_| true, sources);
        }
    }
}

/// Returns a part of an object, and what its overrides say.
fn overridden(part: &Node) -> impl Iterator<Item = &Node> {
    let overrides = part.get("overrides");
    let items = overrides.and_then(Node::as_seq).unwrap_or_default();
    std::iter::once(part).chain(items).chain(overrides.into_iter().flat_map(members))
}
