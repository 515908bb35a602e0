//! The manifests that a batch passes through: read as they stand, or rendered with its parameters first.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{self, Expanded, World};
use crate::source::{Document, Files, Node, Origin, Sources, read_documents};

/// Reads all manifests that a batch names, each with the place that stands for the whole of it.
pub(super) fn read(
    expanded: &Expanded,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<(Node, Origin)> {
    let batch = &expanded.batch;
    let mut documents = Vec::new();
    for pattern in &batch.manifests {
        let Some(text) = pattern.as_str().filter(|_| !pattern.is_null()) else {
            diagnostics.push(Diagnostic::new(
                Code::WrongType,
                pattern.origin(),
                format!("expected a path in `manifests`, found {}", pattern.type_name()),
            ));
            continue;
        };
        let world = World { files, sources, spec: batch.file };
        let paths = world.glob(text);
        if paths.is_empty() {
            diagnostics.push(
                Diagnostic::new(Code::UnreadableFile, pattern.origin(), format!("no file fits `{text}`"))
                    .help("paths are relative to the file that names them"),
            );
        }
        for path in paths {
            documents.extend(read_one(expanded, &path, pattern, files, sources, diagnostics));
        }
    }
    documents
}

fn read_one(
    expanded: &Expanded,
    path: &str,
    pattern: &Node,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<(Node, Origin)> {
    let world = World { files, sources, spec: expanded.batch.file };
    let Some(bytes) = world.read_resolved(path, pattern.origin(), diagnostics) else { return Vec::new() };
    let (name, bytes) = if let Some(stem) = path.strip_suffix(".j2") {
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("`{path}` is not valid UTF-8");
            diagnostics.push(Diagnostic::new(Code::InvalidEncoding, pattern.origin(), message));
            return Vec::new();
        };
        let file = sources.add(path, text.as_str());
        match expand::render_document(&text, &expanded.scope(), Origin::new(file, 0, 0)) {
            // Lines of the rendered text are not those of the file: the name says so.
            Ok(rendered) => (format!("{stem} (rendered from {path})"), rendered.into_bytes()),
            Err(finding) => {
                diagnostics.push(*finding);
                return Vec::new();
            }
        }
    } else {
        (path.to_owned(), bytes)
    };
    let documents = read_documents(sources, &name, bytes, diagnostics);
    documents.into_iter().map(|Document { root, .. }| (root.clone(), root.origin())).collect()
}
