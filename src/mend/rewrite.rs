//! A text and edits of it enter; the text that they make leaves, if it holds what it should.
//!
//! The text is read before and after: no edit may break it, and none may change more than the place that it names. An edit
//! of what an alias repeats would.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostics, Edit};
use crate::read::read_documents;
use crate::text::{Node, Sources};

/// A text after edits, and where each of them stands in it.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// The bytes that each edit made, in the order in which they were given.
    pub(super) made: Vec<Range<usize>>,
}

/// A text before edits, read once for all that are tried.
pub(super) struct Before<'a> {
    name: &'a str,
    text: &'a str,
    is_json: bool,
    read: Read,
}

/// What is to be read in a text.
struct Read {
    roots: Vec<Node>,
    findings: usize,
    broken: usize,
}

impl<'a> Before<'a> {
    /// Reads a text that is called so.
    pub(super) fn read(name: &'a str, text: &'a str) -> Self {
        Self { name, text, is_json: is_json(text), read: read(name, text) }
    }
}

/// Applies edits that do not overlap; `None` where the result is not what they say.
pub(super) fn rewrite(before: &Before<'_>, edits: &[&Edit]) -> Option<Rewritten> {
    let text = before.text;
    let mut order: Vec<usize> = (0..edits.len()).collect();
    order.sort_by_key(|at| (edits[*at].origin.start, edits[*at].origin.end));
    let is_crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
    let mut made = vec![0..0; edits.len()];
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for at in order {
        let edit = edits[at];
        out.push_str(text.get(done..edit.origin.start as usize)?);
        let start = out.len();
        if is_crlf {
            out.push_str(&edit.replacement.replace("\r\n", "\n").replace('\n', "\r\n"));
        } else {
            out.push_str(&edit.replacement);
        }
        made[at] = start..out.len();
        done = edit.origin.end as usize;
    }
    out.push_str(text.get(done..)?);
    holds(before, &out, edits.len()).then_some(Rewritten { text: out, made })
}

/// Whether a text is no more broken than before, and differs in as many places as were edited.
fn holds(before: &Before<'_>, after: &str, edits: usize) -> bool {
    if before.is_json && !is_json(after) {
        return false;
    }
    let (was, is) = (&before.read, read(before.name, after));
    if is.findings > was.findings || is.broken > was.broken {
        return false;
    }
    // What was broken and can be read now was not there to be compared.
    let same = was.roots.iter().zip(&is.roots).map(|(before, after)| differences(before, after));
    if was.roots.len() == is.roots.len() {
        same.sum::<usize>() <= edits
    } else {
        is.broken < was.broken && is.roots.len() > was.roots.len()
    }
}

fn is_json(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.all(|value| value.is_ok())
}

fn read(name: &str, text: &str) -> Read {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let documents = read_documents(&mut sources, name, text.into(), &mut found);
    let roots: Vec<Node> = documents.into_iter().map(|document| document.root).collect();
    let broken = found.iter().filter(|finding| finding.code == Code::InvalidYaml).count();
    Read { roots, findings: found.len(), broken }
}

/// Counts the places in which two trees differ; a key that has another name is one.
fn differences(before: &Node, after: &Node) -> usize {
    if let (Some(before), Some(after)) = (before.as_map(), after.as_map()) {
        let gone: Vec<_> = before.iter().filter(|entry| !after.contains(&entry.key.text)).collect();
        let new: Vec<_> = after.iter().filter(|entry| !before.contains(&entry.key.text)).collect();
        let both = before.iter().filter_map(|entry| Some((&entry.value, after.get(&entry.key.text)?)));
        let same: usize = both.map(|(before, after)| differences(before, after)).sum();
        let renamed: usize = gone.iter().zip(&new).map(|(gone, new)| 1 + differences(&gone.value, &new.value)).sum();
        return same + renamed + gone.len().abs_diff(new.len());
    }
    if let (Some(before), Some(after)) = (before.as_seq(), after.as_seq()) {
        let same = |(one, other): &(&Node, &Node)| one == other;
        let first = before.iter().zip(after).take_while(same).count();
        let most = before.len().min(after.len()) - first;
        let last = before.iter().rev().zip(after.iter().rev()).take(most).take_while(same).count();
        let (before, after) = (&before[first..before.len() - last], &after[first..after.len() - last]);
        let changed: usize = before.iter().zip(after).map(|(before, after)| differences(before, after)).sum();
        return changed + before.len().abs_diff(after.len());
    }
    usize::from(before != after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{FileId, Origin};

    fn made(text: &str, changes: &[(&str, &str)]) -> Option<String> {
        let edit = |(found, meant): &(&str, &str)| {
            let start = text.find(found).expect("it is there");
            Edit::bytes(Origin::new(FileId(0), start, start + found.len()), *meant)
        };
        let edits: Vec<Edit> = changes.iter().map(edit).collect();
        rewrite(&Before::read("a.yaml", text), &edits.iter().collect::<Vec<_>>()).map(|made| made.text)
    }

    #[test]
    fn edits_change_what_they_name_and_nothing_else() {
        for (text, changes, expected) in [
            ("a: 1 # one\r\nb: 2\r\n", &[("1", "3"), ("b", "c")][..], Some("a: 3 # one\r\nc: 2\r\n")),
            ("a: 1\r\nb: 2\r\n", &[("b: 2", "b: 2\nc: 3")], Some("a: 1\r\nb: 2\r\nc: 3\r\n")),
            ("l: [1, 2, 3]\n", &[("2, ", "")], Some("l: [1, 3]\n")),
            ("a: &x yes\nb: *x\n", &[("yes", "\"yes\"")], None),
            ("a: 1\nb: 2\n", &[("1\nb: 2", "3")], None),
            ("a: 1\n", &[("1", "[")], None),
            ("{\"a\": 1}", &[("\"a\"", "b")], None),
            // An alias names what is removed.
            ("a: &x 1\na: 2\nb: *x\n", &[("a: &x 1\n", "")], None),
            ("a: 1\na: 2\nb: &x yes\nc: *x\n", &[("a: 1\n", ""), ("yes", "\"yes\"")], None),
        ] {
            assert_eq!(made(text, changes).as_deref(), expected, "{text}");
        }
    }
}
