//! The manifests that a batch passes through: read as they stand, or rendered with its parameters first.

use super::secrets::Made;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{self, Expanded, Trace, World};
use crate::read::{Document, Files, hide_unread, read_documents};
use crate::text::{FileId, Node, Origin, Sources};

/// Reads all manifests that a batch names, each with the place that stands for the whole of it.
pub(super) fn read(
    expanded: &Expanded,
    files: &dyn Files,
    sources: &mut Sources,
    made: &mut Vec<Made>,
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
        for path in paths {
            documents.extend(read_one(expanded, &path, pattern, files, sources, made, diagnostics));
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
    made: &mut Vec<Made>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Node, Origin)> {
    let world = World { files, sources, spec: expanded.batch.file };
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
            let lines = lines_of_origin(&template, &rendered);
            let file = sources.next_id();
            let pieces = pieces(expanded, &template, &rendered, file);
            let documents = read_documents(sources, path, rendered.into_bytes(), diagnostics);
            sources.came_from(file, lines);
            made.extend(pieces);
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

/// Returns what the expressions of a template put out in the rendered text; where that cannot be told, all of it.
fn pieces(expanded: &Expanded, template: &str, rendered: &str, file: FileId) -> Vec<Made> {
    let all = || vec![(0..rendered.len(), Trace::reads(template))];
    let trace = Trace::of(template);
    let marked = expand::render_document(&trace.text, &expanded.scope(), Origin::NOWHERE).ok();
    let pieces = marked.and_then(|marked| trace.strip(&marked, rendered)).unwrap_or_else(all);
    let made = |(range, reads): (std::ops::Range<usize>, _)| Made {
        origin: Origin::new(file, range.start, range.end),
        reads,
        is_value: true,
    };
    pieces.into_iter().map(made).collect()
}

fn roots(documents: Vec<Document>) -> Vec<(Node, Origin)> {
    documents.into_iter().map(|Document { root, .. }| (root.clone(), root.origin())).collect()
}

/// Returns the line of the template that each line of the rendered text came from: the same line where it stands in
/// both, its neighbour among the lines that took its place otherwise.
fn lines_of_origin(template: &str, rendered: &str) -> Vec<u32> {
    let (before, after): (Vec<&str>, Vec<&str>) = (template.lines().collect(), rendered.lines().collect());
    let mut lines = Vec::with_capacity(after.len());
    for change in similar::capture_diff_slices(similar::Algorithm::Myers, &before, &after) {
        let (old, new) = (change.old_range(), change.new_range());
        let last = old.end.max(old.start + 1) - 1;
        lines.extend((0..new.len()).map(|at| u32::try_from((old.start + at).min(last) + 1).unwrap_or(u32::MAX)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines_of_origin;

    #[test]
    fn rendered_lines_know_the_lines_of_their_template() {
        let template = "a: 1\nb: {{ x }}\n{% for y in ys %}\n- {{ y }}\n{% endfor %}\nc: 3\n";
        let rendered = "a: 1\nb: 7\n\n- 1\n\n- 2\n\nc: 3\n";
        let lines = lines_of_origin(template, rendered);
        assert_eq!((lines[0], lines[1], lines[7]), (1, 2, 6));
        assert!(lines[2..7].iter().all(|line| (2..=5).contains(line)), "{lines:?}");
    }
}
