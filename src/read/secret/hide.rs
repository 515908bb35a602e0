//! What is known to be secret only after it was read: a text or a value in, its place hidden.

use super::unread::may_hold_secret;
use super::{Finder, told};
use crate::read::split;
use crate::text::{FileId, Node, Origin, Sources};

/// Hides the documents of a text that is no YAML yet, and that may become Secrets; whether there is any.
pub fn hide_unread(sources: &mut Sources, file: FileId) -> bool {
    let Some(text) = sources.file(file).map(|file| file.text.clone()) else { return false };
    let mut finder = Finder::new(&text, file);
    for chunk in split(&text).into_iter().filter(|chunk| may_hold_secret(&text[chunk.clone()])) {
        finder.unread(chunk);
    }
    let any = !finder.marks.tainted.is_empty();
    finder.marks.put(sources);
    any
}

/// Hides all values of a text, which may be rows that could not be read: the names of keys stay, and of a table its header.
pub fn hide_unread_values(sources: &mut Sources, file: FileId) {
    let Some((name, text)) = sources.file(file).map(|file| (file.name.clone(), file.text.clone())) else { return };
    let mut finder = Finder::new(&text, file);
    if name.ends_with(".csv") || name.ends_with(".tsv") {
        finder.hide(text.find('\n').unwrap_or(text.len())..text.len());
        finder.marks.tainted.push(Origin::new(file, 0, text.len()));
    } else {
        finder.unread(0..text.len());
    }
    finder.marks.put(sources);
}

/// Hides a part of an object that is a Secret, but for what names and marks it.
pub fn hide_object(object: &Node, sources: &mut Sources) {
    let origin = object.origin();
    let Some(text) = sources.file(origin.file).map(|file| file.text.clone()) else { return };
    let mut finder = Finder::new(&text, origin.file);
    let own = object.as_map().map(told).unwrap_or_default();
    finder.object(object, origin.start as usize..origin.end as usize, own);
    finder.marks.put(sources);
}

/// Hides a value, wherever its parts were written: of the names of its keys those stay that are `shown`.
pub fn hide_value(value: &Node, shown: impl Fn(&str) -> bool, sources: &mut Sources) {
    let origin = value.origin();
    let Some(text) = sources.file(origin.file).map(|file| file.text.clone()) else { return };
    let mut finder = Finder::new(&text, origin.file);
    let range = origin.start as usize..origin.end as usize;
    let own = value.as_map().into_iter().flatten().filter(|entry| shown(&entry.key.text));
    let open = own.filter_map(|entry| finder.name(&entry.key, &range)).collect();
    finder.elsewhere(value, &range);
    finder.all_but(range, open);
    finder.marks.put(sources);
}
