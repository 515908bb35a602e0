//! What a chart rendered in, the same with the specs' patches on it out.
//!
//! The text of a document that no patch changes stays as it is, byte by byte, with its comments; of one that is changed,
//! the comments above it stay, which say from which template it is. The order stays too.

use std::collections::HashMap;
use std::ops::Range;

use crate::compile::{Compilation, Rendered};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::emit::yaml;
use crate::kubernetes::{Manifest, ObjectKey};
use crate::read::{Document, split};
use crate::text::{FileId, Node, Origin, Sources};

/// The annotation in which Helm 4 says from which file of the chart a document is.
const FILENAME: &str = "postrenderer.helm.sh/postrender-filename";
/// The comment in which Helm 3, and `helm template`, say the same.
const SOURCE: &str = "# Source: ";

/// Returns the text of a stream, `documents` being what was read from it, with what became of its objects and with
/// further objects behind them.
pub fn rewrite(text: &str, documents: &[Document], rendered: &[Rendered], added: &[Manifest]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let inside = Starts::new(documents);
    let mut by_document: HashMap<usize, Vec<&Rendered>> = HashMap::new();
    for object in rendered {
        by_document.entry(object.document).or_default().push(object);
    }
    for chunk in split(text) {
        let objects = inside.of(&chunk).and_then(|document| by_document.remove(&document)).unwrap_or_default();
        let written = &text[chunk];
        if !objects.iter().any(|object| object.changed) {
            out.extend_from_slice(written.as_bytes());
            continue;
        }
        for (number, object) in objects.iter().enumerate() {
            break_line(&mut out);
            let head = if number == 0 { head(written) } else { comments(written) };
            if !out.is_empty() && !head.lines().any(|line| line.trim_end() == "---") {
                out.extend_from_slice(b"---\n");
            }
            out.extend_from_slice(head.as_bytes());
            yaml::write(&object.manifest.node, &mut out);
        }
    }
    for object in added {
        break_line(&mut out);
        out.extend_from_slice(b"---\n");
        yaml::write(&object.node, &mut out);
    }
    out
}

/// Finds objects that the specs make and the chart renders as well: one of them would replace the other.
pub fn collisions(compilation: &Compilation) -> Diagnostics {
    let identity = |key: &ObjectKey| (key.group.clone(), key.kind.clone(), key.namespace.clone(), key.name.clone());
    let rendered: HashMap<_, Origin> =
        compilation.rendered().iter().map(|object| (identity(&object.manifest.key), object.manifest.origin)).collect();
    let collision = |object: Manifest| {
        let first = rendered.get(&identity(&object.key))?;
        let message = format!("`{}` is rendered already", object.key);
        let finding = Diagnostic::new(Code::DuplicateObject, object.origin, message).also(*first, "rendered here");
        Some(finding.help("to change what is rendered, write a `patch` of it").subject(object.key.to_string(), ""))
    };
    compilation.objects().into_iter().filter_map(collision).collect()
}

/// Returns the findings, each about a rendered object with the file of the chart that it is from: the line in the stream
/// is nowhere to be seen.
pub fn with_templates(found: Diagnostics, sources: &Sources, file: FileId, documents: &[Document]) -> Diagnostics {
    let Some(text) = sources.file(file).map(|file| file.text.clone()) else { return found };
    let chunks = split(&text);
    let inside = Starts::new(documents);
    let mut templates: HashMap<usize, Option<String>> = HashMap::new();
    let named = |finding: Diagnostic| {
        let at = finding.origin.start as usize;
        let number = chunks.partition_point(|chunk| chunk.end <= at);
        let chunk = chunks.get(number).filter(|chunk| finding.origin.file == file && chunk.contains(&at));
        let Some(chunk) = chunk else { return finding };
        let read = || {
            let root = inside.of(chunk).map(|document| &documents[document].root);
            template(&text[chunk.clone()], root)
        };
        match templates.entry(number).or_insert_with(read) {
            Some(template) => finding.help(format!("rendered from `{template}`")),
            None => finding,
        }
    };
    found.into_iter().map(named).collect()
}

/// Returns the template that a document was rendered from, as it says itself.
fn template(text: &str, root: Option<&Node>) -> Option<String> {
    let annotated = root.and_then(|root| root.at(&["metadata", "annotations"])?.get(FILENAME)?.as_str());
    let commented = || text.lines().find_map(|line| line.strip_prefix(SOURCE));
    // A document that cannot be read may still hold the line.
    let written = || text.lines().find_map(|line| line.trim().strip_prefix(FILENAME)?.strip_prefix(':'));
    let found = annotated.or_else(commented).or_else(written)?;
    Some(found.trim().trim_matches(['"', '\'']).to_owned())
}

/// Where documents start, in order, each with its number.
struct Starts(Vec<(usize, usize)>);

impl Starts {
    fn new(documents: &[Document]) -> Self {
        let mut starts: Vec<(usize, usize)> =
            documents.iter().enumerate().map(|(at, document)| (document.root.origin().start as usize, at)).collect();
        starts.sort_unstable();
        Self(starts)
    }

    /// Returns the number of the first document in a part of the text.
    fn of(&self, chunk: &Range<usize>) -> Option<usize> {
        let first = self.0.get(self.0.partition_point(|(start, _)| *start < chunk.start));
        first.filter(|(start, _)| *start < chunk.end).map(|(_, at)| *at)
    }
}

/// Returns what stands above the first line of content.
fn head(text: &str) -> &str {
    let content = |line: &&str| {
        let bare = line.trim_end();
        !(bare.is_empty() || bare.starts_with('#') || bare == "---")
    };
    let length = text.split_inclusive('\n').take_while(|line| !content(line)).map(str::len).sum();
    &text[..length]
}

/// Returns the comments of the head alone.
fn comments(text: &str) -> &str {
    let head = head(text);
    head.find('#').map_or("", |at| &head[at..])
}

fn break_line(out: &mut Vec<u8>) {
    if out.last().is_some_and(|last| *last != b'\n') {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_document_ends_where_its_content_starts() {
        assert_eq!(head("---\n# Source: a/b.yaml\n\n# why\na: 1\n# below\n"), "---\n# Source: a/b.yaml\n\n# why\n");
        assert_eq!(head("a: 1\n"), "");
        assert_eq!(comments("---\n# one\na: 1\n"), "# one\n");
        assert_eq!(comments("---\na: 1\n"), "");
    }

    #[test]
    fn a_document_says_where_it_was_rendered_from() {
        assert_eq!(template("---\n# Source: shop/templates/a.yaml\na: 1\n", None).unwrap(), "shop/templates/a.yaml");
        let broken = "metadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'a.yaml'\n a: [";
        assert_eq!(template(broken, None).unwrap(), "a.yaml");
        assert_eq!(template("a: 1\n", None), None);
    }
}
