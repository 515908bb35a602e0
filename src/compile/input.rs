//! Paths in, specs and manifests out: files, folders, standard input.

use std::collections::BTreeSet;

use super::folder::{Skipped, list};
use super::include::Includer;
use super::kept::is_kept;
use super::later::Later;
use super::survey::{self, Use};
use crate::check::{Purpose, Roles};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::read::{Document, Files, Pattern, join, load, out_of_bounds, read_documents, read_pattern, unreadable};
use crate::spec;
use crate::text::{FileId, Node, Origin, Sources};

/// What was read: batch specs and plain manifests, in the order of the input.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The batch specs.
    pub specs: Vec<Document>,
    /// Partial batches, of which nothing is made but where specs include them.
    pub parts: Vec<Document>,
    /// Whether a spec is left out of them because a part is not to be had that it includes.
    pub lost: bool,
    /// All other documents.
    pub manifests: Vec<Document>,
    /// What other programs are configured with, which is compared and nothing else.
    pub beside: Vec<Document>,
    /// Documents that another tool rendered: the specs' patches apply to them too.
    pub rendered: Vec<Document>,
    /// How many files were read and belong to the run.
    pub files: usize,
    /// Whether one of them says how another tool builds objects, and is no object itself.
    pub recipes: bool,
    /// What lies in the folders among the inputs and was not read, or does not belong to the run.
    pub skipped: Skipped,
    /// What is asked of the objects of each file.
    pub roles: Roles,
    /// What other programs fill in before the objects are applied.
    pub later: Later,
    /// Definitions that are kept in the folders among the inputs: they are known, and no objects.
    pub kept: Vec<Document>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) name: String,
    pub(super) id: FileId,
    /// Whether a folder was named, and not the file itself.
    pub(super) in_folder: bool,
    pub(super) documents: Vec<Document>,
    /// What was found when it was read.
    pub(super) found: Diagnostics,
}

/// Reads all paths, to make or send what they hold; folders are searched for YAML and JSON, `-` is what `stdin` returns.
pub fn read_inputs(
    paths: &[String],
    files: &dyn Files,
    stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let (mut read, skipped) = read_all(paths, files, stdin, sources, diagnostics);
    let kept = take_kept(&mut read, sources);
    let inputs = Inputs { kept, ..survey::tell_apart(read, skipped, (paths, Use::Made), files, sources, diagnostics) };
    inputs.with_included(files, sources, diagnostics)
}

/// Reads all paths as [`read_inputs`] does, to look at what they hold: what is in a folder may be many things, for several
/// clusters.
pub fn survey_inputs(
    paths: &[String],
    files: &dyn Files,
    stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let (mut read, skipped) = read_all(paths, files, stdin, sources, diagnostics);
    let kept = take_kept(&mut read, sources);
    let inputs =
        Inputs { kept, ..survey::tell_apart(read, skipped, (paths, Use::Looked), files, sources, diagnostics) };
    inputs.with_included(files, sources, diagnostics)
}

/// Takes out the definitions that are kept in folders: whoever names the folder means what is beside them.
fn take_kept(read: &mut Vec<ReadFile>, sources: &Sources) -> Vec<Document> {
    let is_own = |file: &mut ReadFile| {
        file.in_folder && sources.file(file.id).is_some_and(|source| is_kept(source.text.as_bytes()))
    };
    read.extract_if(.., is_own).flat_map(|file| file.documents).collect()
}

fn read_all(
    paths: &[String],
    files: &dyn Files,
    stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> (Vec<ReadFile>, Skipped) {
    let mut stdin = Some(stdin);
    let mut seen = BTreeSet::new();
    let mut skipped = Skipped::default();
    let mut all: Vec<ReadFile> = Vec::new();
    for path in paths {
        if path == "-" {
            let Some(read) = stdin.take() else { continue };
            let (name, id, mut found) = ("<stdin>".to_owned(), sources.next_id(), Diagnostics::new());
            match read() {
                Ok(bytes) => {
                    let documents = read_documents(sources, &name, bytes, &mut found);
                    all.push(ReadFile { name, id, in_folder: false, documents, found });
                }
                Err(error) => {
                    let file = sources.add("<stdin>", "");
                    diagnostics.push(unreadable("<stdin>", &error, Origin::new(file, 0, 0)));
                }
            }
            continue;
        }
        let path = join("", path);
        let path = if path.is_empty() { ".".to_owned() } else { path };
        let in_folder = files.is_folder(&path);
        let listed =
            if in_folder { list(&path, files, &mut skipped, sources, diagnostics) } else { vec![path.clone()] };
        for name in listed {
            if seen.insert(name.clone()) {
                // The user named the folder, and nothing that a link in it leads to.
                if let Some(real) = in_folder.then(|| files.outside(&name, &path)).flatten() {
                    let id = sources.add(name.as_str(), "");
                    diagnostics.push(out_of_bounds(&name, &real, Origin::new(id, 0, 0)));
                    continue;
                }
                let (id, mut found) = (sources.next_id(), Diagnostics::new());
                match load(files, &name, Origin::new(id, 0, 0)) {
                    Ok(bytes) => {
                        let documents = read_documents(sources, &name, bytes, &mut found);
                        all.push(ReadFile { name, id, in_folder, documents, found });
                    }
                    Err(finding) => {
                        // An empty text stands for it, so that the finding has a place.
                        sources.add(name, "");
                        diagnostics.push(*finding);
                    }
                }
            }
        }
    }
    (all, skipped)
}

/// Whether a document is for a run: a spec, or something that says what object it is.
pub(super) fn belongs(root: &Node) -> bool {
    spec::is_batch(root) || (root.get("apiVersion").is_some() && root.get("kind").is_some())
}

/// Why files are skipped that hold none of what is looked for.
pub(super) const WITHOUT_OBJECTS: &str = "without objects";

impl Inputs {
    /// Takes a document for what it is.
    pub(super) fn take(&mut self, document: Document, diagnostics: &mut Diagnostics) {
        let root = &document.root;
        if root.as_map().is_none() {
            diagnostics.push(not_a_mapping(root));
        } else if is_for_kustomize(root) || spec::is_function(root) {
            // It says how to build objects and is none itself.
            self.recipes = true;
        } else if spec::is_part(root) {
            self.recipes = true;
            self.parts.push(document);
        } else if spec::is_batch(root) {
            self.specs.push(document);
        } else {
            self.manifests.push(document);
        }
    }

    /// Returns the documents that are compared as they are written, and are no objects: patches, configuration.
    pub fn written(&self) -> Vec<Document> {
        let is_patch = |document: &&Document| self.roles.of(document.file).purpose == Purpose::Patch;
        self.manifests.iter().filter(is_patch).chain(&self.beside).cloned().collect()
    }

    /// Adds a spec that stands in none of the inputs, with what it includes.
    pub fn add_spec(
        &mut self,
        spec: Document,
        files: &dyn Files,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) {
        let mut spec = spec;
        if Includer::new(&self.parts, files, sources, diagnostics).include(&mut spec) {
            self.specs.push(spec);
        } else {
            self.lost = true;
        }
    }

    /// Merges what the specs include under them, and leaves out the manifests that a spec of the run passes through: they are no
    /// inputs of their own as well.
    fn with_included(mut self, files: &dyn Files, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Self {
        let mut includer = Includer::new(&self.parts, files, sources, diagnostics);
        let read = self.specs.len();
        self.specs.retain_mut(|spec| includer.include(spec));
        self.lost = self.specs.len() < read;
        includer.tell_idle();
        let passed = passed_through(&self.specs, sources);
        self.manifests.retain(|document| {
            let name = sources.file(document.file).map_or("", |file| file.name.as_str());
            !passed.iter().any(|glob| glob.is_match(name))
        });
        self
    }
}

fn not_a_mapping(root: &Node) -> Diagnostic {
    let message = format!("expected a document to be a mapping, found {}", root.type_name());
    let holds_objects = root.as_seq().is_some_and(|items| items.iter().any(|item| item.get("kind").is_some()));
    Diagnostic::new(Code::NotAMapping, root.origin(), message).help(if holds_objects {
        "kubectl takes no list: write each item as a document of its own, with `---` between them, or as an item of a \
         `kind: List`"
    } else {
        "a document is a batch spec or an object of Kubernetes"
    })
}

/// Whether a document is read by kustomize, and never applied.
pub(super) fn is_for_kustomize(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
}

fn passed_through(specs: &[Document], sources: &Sources) -> Vec<Pattern> {
    let mut passed = Vec::new();
    for spec in specs {
        let manifests = spec.root.get("manifests").and_then(Node::as_seq).into_iter().flatten();
        for (path, origin) in manifests.filter_map(|node| Some((node.as_str()?, node.origin()))) {
            let name = sources.file(origin.file).map_or("", |file| file.name.as_str());
            // What is no pattern is told where it is read.
            passed.extend(read_pattern(&join(folder_of(name), path)));
        }
    }
    passed
}

/// Returns the folder that a file lies in; empty for the working directory.
pub(super) fn folder_of(name: &str) -> &str {
    name.rfind('/').map_or("", |at| &name[..at])
}
