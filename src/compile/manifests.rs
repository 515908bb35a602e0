//! The manifests that a batch passes through: read as they stand, or rendered with its parameters first.

use super::secrets::Made;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{self, Expanded, Trace, Traced, World};
use crate::read::{Document, Files, hide_unread, read_documents};
use crate::text::{FileId, Node, Origin, Piece, Sources};

/// Reads all manifests that a batch names, each with the place that stands for the whole of it.
pub(super) fn read(
    expanded: &Expanded,
    files: &dyn Files,
    sources: &mut Sources,
    made: &mut Vec<Made>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Node, Origin)> {
    let mut documents = Vec::new();
    for (path, pattern) in paths(expanded, "manifests", &expanded.batch.manifests, files, sources, diagnostics) {
        documents.extend(read_one(expanded, &path, &pattern, files, sources, made, diagnostics));
    }
    documents
}

/// Returns the files that the patterns of a field name, each with the pattern that names it.
pub(super) fn paths(
    expanded: &Expanded,
    field: &str,
    patterns: &[Node],
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Node)> {
    let batch = &expanded.batch;
    let mut named = Vec::new();
    for pattern in patterns {
        let Some(text) = pattern.as_str().filter(|_| !pattern.is_null()) else {
            diagnostics.push(Diagnostic::new(
                Code::WrongType,
                pattern.origin(),
                format!("expected a path in `{field}`, found {}", pattern.type_name()),
            ));
            continue;
        };
        let world = World::around(batch, files, sources);
        let paths = match world.glob(text, pattern.origin()) {
            Ok(paths) => paths,
            Err(finding) => {
                diagnostics.push(*finding);
                continue;
            }
        };
        if paths.is_empty() {
            diagnostics.push(
                Diagnostic::new(Code::UnreadableFile, pattern.origin(), format!("no file fits `{text}`"))
                    .help("paths are relative to the file that names them"),
            );
        }
        named.extend(paths.into_iter().map(|path| (path, pattern.clone())));
    }
    named
}

fn read_one(
    expanded: &Expanded,
    path: &str,
    pattern: &Node,
    files: &dyn Files,
    sources: &mut Sources,
    made: &mut Vec<Made>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Node, Origin)> {
    let world = World::around(&expanded.batch, files, sources);
    let Some(bytes) = world.read_resolved(path, pattern.origin(), diagnostics) else { return Vec::new() };
    let Some(_) = path.strip_suffix(".j2") else {
        return roots(read_documents(sources, path, bytes, diagnostics));
    };
    let Ok(template) = String::from_utf8(bytes) else {
        let message = format!("`{path}` is not valid UTF-8");
        diagnostics.push(Diagnostic::new(Code::InvalidEncoding, pattern.origin(), message));
        return Vec::new();
    };
    let file = sources.add(path, template.as_str());
    let is_secret = hide_unread(sources, file);
    match expand::render_document(&template, &expanded.scope(), Origin::new(file, 0, 0)) {
        Ok(rendered) => {
            let written = file;
            let file = sources.next_id();
            let (pieces, parts) = traced(expanded, &template, &rendered, file);
            let documents = read_documents(sources, path, rendered.into_bytes(), diagnostics);
            sources.made_of(file, written, pieces);
            sources.hide_written(file);
            made.extend(parts);
            roots(documents)
        }
        Err(finding) => {
            // What it would have made is not known, and which part of it the finding tells of.
            let whole = Origin::new(file, 0, template.len());
            if is_secret {
                sources.hide(whole);
            }
            made.push(Made { origin: whole, reads: Trace::reads(&template), is_value: is_secret });
            diagnostics.push(*finding);
            Vec::new()
        }
    }
}

/// Returns of which pieces of a template a text was made, and what its expressions put out; where that cannot be told, all
/// of the one is of all of the other.
fn traced(expanded: &Expanded, template: &str, rendered: &str, file: FileId) -> (Vec<Piece>, Vec<Made>) {
    let render = |text: &str| expand::render_document(text, &expanded.scope(), Origin::NOWHERE).ok();
    let traced = Trace::all(template).find_map(|trace| trace.strip(&render(&trace.text)?, rendered));
    let all = || Origin::new(file, 0, template.len()).end;
    let Traced { pieces, made } = traced
        .unwrap_or_else(|| Traced { pieces: vec![Piece { start: 0, written: 0..all(), is_copy: false }], made: None });
    let part = |(range, reads): (std::ops::Range<usize>, _)| Made {
        origin: Origin::new(file, range.start, range.end),
        reads,
        is_value: true,
    };
    let made = made.unwrap_or_else(|| vec![(0..rendered.len(), Trace::reads(template))]);
    (pieces, made.into_iter().map(part).collect())
}

pub(super) fn roots(documents: Vec<Document>) -> Vec<(Node, Origin)> {
    documents.into_iter().map(|Document { root, .. }| (root.clone(), root.origin())).collect()
}
