//! Paths in, specs and manifests out: files, folders, standard input.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Document, Files, MAX_FILE_BYTES, join, out_of_bounds, read_documents, reason, too_large};
use crate::spec;
use crate::text::{FileId, Node, Origin, Sources};

/// What was read: batch specs and plain manifests, in the order of the input.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The batch specs.
    pub specs: Vec<Document>,
    /// All other documents.
    pub manifests: Vec<Document>,
    /// Documents that another tool rendered: the specs' patches apply to them too.
    pub rendered: Vec<Document>,
}

/// Reads all paths; folders are searched for YAML and JSON, `-` is what `stdin` returns.
pub fn read_inputs(
    paths: &[String],
    files: &dyn Files,
    stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let mut stdin = Some(stdin);
    let mut seen = BTreeSet::new();
    let mut documents: Vec<(Document, bool)> = Vec::new();
    for path in paths {
        if path == "-" {
            let Some(read) = stdin.take() else { continue };
            match read() {
                Ok(bytes) if bytes.len() as u64 > MAX_FILE_BYTES => {
                    let file = sources.add("<stdin>", "");
                    diagnostics.push(too_large("<stdin>", bytes.len() as u64, Origin::new(file, 0, 0)));
                }
                Ok(bytes) => {
                    let read = read_documents(sources, "<stdin>", bytes, diagnostics);
                    documents.extend(read.into_iter().map(|document| (document, false)));
                }
                Err(error) => unreadable("<stdin>", &error, sources, diagnostics),
            }
            continue;
        }
        let path = join("", path);
        let path = if path.is_empty() { ".".to_owned() } else { path };
        let in_folder = files.is_folder(&path);
        let found = if in_folder { list(&path, files, sources, diagnostics) } else { vec![path.clone()] };
        for file in found {
            if seen.insert(file.clone()) {
                // The user named the folder, and nothing that a link in it leads to.
                if let Some(real) = in_folder.then(|| files.outside(&file, &path)).flatten() {
                    let id = sources.add(file.as_str(), "");
                    diagnostics.push(out_of_bounds(&file, &real, Origin::new(id, 0, 0)));
                    continue;
                }
                let read = read_file(&file, files, sources, diagnostics);
                documents.extend(read.into_iter().map(|document| (document, in_folder)));
            }
        }
    }
    tell_apart(documents, sources, diagnostics)
}

fn tell_apart(documents: Vec<(Document, bool)>, sources: &Sources, diagnostics: &mut Diagnostics) -> Inputs {
    let mut inputs = Inputs::default();
    let mut others = Vec::new();
    for (document, in_folder) in documents {
        let root = &document.root;
        if root.as_map().is_none() {
            // A folder may hold rows and parameters beside specs.
            if !in_folder {
                diagnostics.push(
                    Diagnostic::new(
                        Code::NotAMapping,
                        root.origin(),
                        format!("expected a document to be a mapping, found {}", root.type_name()),
                    )
                    .help(
                        if root.as_seq().is_some_and(|items| items.iter().any(|item| item.get("kind").is_some())) {
                            "write each item as a document of its own, with `---` between them"
                        } else {
                            "a document is a batch spec or an object of Kubernetes"
                        },
                    ),
                );
            }
        } else if is_for_kustomize(root) || spec::is_function(root) {
            // It says how to build objects and is none itself.
        } else if spec::is_batch(root) {
            inputs.specs.push(document);
        } else if !in_folder || (root.get("apiVersion").is_some() && root.get("kind").is_some()) {
            others.push(document);
        }
    }
    // What a spec of the run passes through is not an input of its own as well.
    let passed = passed_through(&inputs.specs, sources);
    let is_passed = |file: FileId| {
        let name = sources.file(file).map_or("", |file| file.name.as_str());
        passed.iter().any(|glob| glob.is_match(name))
    };
    inputs.manifests = others.into_iter().filter(|document| !is_passed(document.file)).collect();
    inputs
}

fn is_for_kustomize(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
}

fn passed_through(specs: &[Document], sources: &Sources) -> Vec<globset::GlobMatcher> {
    let mut passed = Vec::new();
    for spec in specs {
        let name = sources.file(spec.file).map_or("", |file| file.name.as_str());
        let folder = name.rfind('/').map_or("", |at| &name[..at]);
        for path in spec.root.get("manifests").and_then(Node::as_seq).into_iter().flatten().filter_map(Node::as_str) {
            let glob = globset::GlobBuilder::new(&join(folder, path)).literal_separator(true).build();
            passed.extend(glob.map(|glob| glob.compile_matcher()));
        }
    }
    passed
}

fn list(folder: &str, files: &dyn Files, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Vec<String> {
    match files.list(folder) {
        Ok(mut found) => {
            let suffixes = [".yaml", ".yml", ".json"];
            found.retain(|path| suffixes.iter().any(|suffix| path.ends_with(suffix)) && !has_hidden_part(folder, path));
            found
        }
        Err(error) => {
            unreadable(folder, &error, sources, diagnostics);
            Vec::new()
        }
    }
}

fn has_hidden_part(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).unwrap_or(path).split('/').any(|part| part.starts_with('.') && part.len() > 1)
}

fn read_file(path: &str, files: &dyn Files, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let size = files.size(path).unwrap_or(0);
    if size > MAX_FILE_BYTES {
        let file = sources.add(path, "");
        diagnostics.push(too_large(path, size, Origin::new(file, 0, 0)));
        return Vec::new();
    }
    match files.read(path) {
        Ok(bytes) => read_documents(sources, path, bytes, diagnostics),
        Err(error) => {
            unreadable(path, &error, sources, diagnostics);
            Vec::new()
        }
    }
}

fn unreadable(path: &str, error: &std::io::Error, sources: &mut Sources, diagnostics: &mut Diagnostics) {
    let file = sources.add(path, "");
    let message = format!("cannot read `{path}`: {}", reason(error));
    diagnostics.push(Diagnostic::new(Code::UnreadableFile, Origin::new(file, 0, 0), message));
}
