//! Paths in, specs and manifests out: files, folders, standard input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::read::{
    Document, Files, Listing, Pattern, Unlisted, UnlistedReason, join, load, out_of_bounds, read_documents,
    read_pattern, unreadable,
};
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
    /// How many files were read and belong to the run.
    pub files: usize,
    /// Whether one of them says how another tool builds objects, and is no object itself.
    pub recipes: bool,
    /// What lies in the folders among the inputs and was not read, or does not belong to the run.
    pub skipped: Skipped,
}

/// How many files of folders were passed over, by the reason.
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    counts: BTreeMap<&'static str, usize>,
}

impl Skipped {
    fn add(&mut self, reason: &'static str, count: usize) {
        if count > 0 {
            *self.counts.entry(reason).or_default() += count;
        }
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl fmt::Display for Skipped {
    /// Writes `3 skipped (1 hidden, 2 not YAML or JSON)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        write!(f, "{} skipped ({})", self.counts.values().sum::<usize>(), reasons.join(", "))
    }
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
    let mut skipped = Skipped::default();
    let mut documents: Vec<(Document, bool)> = Vec::new();
    for path in paths {
        if path == "-" {
            let Some(read) = stdin.take() else { continue };
            match read() {
                Ok(bytes) => {
                    let read = read_documents(sources, "<stdin>", bytes, diagnostics);
                    documents.extend(read.into_iter().map(|document| (document, false)));
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
        let found = if in_folder { list(&path, files, &mut skipped, sources, diagnostics) } else { vec![path.clone()] };
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
    tell_apart(documents, skipped, sources, diagnostics)
}

fn tell_apart(
    documents: Vec<(Document, bool)>,
    skipped: Skipped,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let mut inputs = Inputs { skipped, ..Inputs::default() };
    let mut others = Vec::new();
    // A folder may hold rows and parameters beside specs: files of nothing else are passed over. One that holds an object
    // is read whole, so that a slip in another of its documents does not lose that.
    let belongs =
        |root: &Node| spec::is_batch(root) || (root.get("apiVersion").is_some() && root.get("kind").is_some());
    let all: BTreeSet<FileId> = documents.iter().map(|(document, _)| document.file).collect();
    let used: BTreeSet<FileId> = documents
        .iter()
        .filter(|(document, in_folder)| !in_folder || belongs(&document.root))
        .map(|(document, _)| document.file)
        .collect();
    inputs.files = used.len();
    inputs.skipped.add("without objects", all.len() - used.len());
    for (document, _) in documents.into_iter().filter(|(document, _)| used.contains(&document.file)) {
        let root = &document.root;
        if root.as_map().is_none() {
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
        } else if is_for_kustomize(root) || spec::is_function(root) {
            // It says how to build objects and is none itself.
            inputs.recipes = true;
        } else if spec::is_batch(root) {
            inputs.specs.push(document);
        } else {
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

fn passed_through(specs: &[Document], sources: &Sources) -> Vec<Pattern> {
    let mut passed = Vec::new();
    for spec in specs {
        let name = sources.file(spec.file).map_or("", |file| file.name.as_str());
        let folder = name.rfind('/').map_or("", |at| &name[..at]);
        for path in spec.root.get("manifests").and_then(Node::as_seq).into_iter().flatten().filter_map(Node::as_str) {
            // What is no pattern is told where it is read.
            passed.extend(read_pattern(&join(folder, path)));
        }
    }
    passed
}

fn list(
    folder: &str,
    files: &dyn Files,
    skipped: &mut Skipped,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let Listing { files: mut found, mut unlisted } = match files.list(folder) {
        Ok(listing) => listing,
        Err(error) => {
            let file = sources.add(folder, "");
            diagnostics.push(unreadable(folder, &error, Origin::new(file, 0, 0)));
            return Vec::new();
        }
    };
    let mut hidden: BTreeSet<String> = BTreeSet::new();
    let mut is_seen = |path: &str| match hidden_part(folder, path) {
        Some(part) => {
            hidden.insert(part.to_owned());
            false
        }
        None => true,
    };
    found.retain(|path| is_seen(path));
    unlisted.retain(|entry| is_seen(&entry.path));
    skipped.add("hidden", hidden.len());
    let all = found.len();
    found.retain(|path| is_yaml(path));
    skipped.add("not YAML or JSON", all - found.len());
    for Unlisted { path, reason } in unlisted {
        match pass_over(&path, &reason, skipped) {
            Some(finding) => {
                let file = sources.add(path.as_str(), "");
                diagnostics.push(Diagnostic { origin: Origin::new(file, 0, 0), ..finding });
            }
            None => skipped.add("not YAML or JSON", 1),
        }
    }
    found
}

/// Counts what is no file to read and returns what is to be said of it, or `None` if its name is not one of those read.
fn pass_over(path: &str, reason: &UnlistedReason, skipped: &mut Skipped) -> Option<Diagnostic> {
    let note = |why: &str, help: &str| {
        Diagnostic::new(Code::UnreadableFile, Origin::NOWHERE, format!("`{path}` is not read: {why}"))
            .severity(Severity::Note)
            .help(help)
    };
    let error =
        |why: &str| Diagnostic::new(Code::UnreadableFile, Origin::NOWHERE, format!("cannot read `{path}`: {why}"));
    match reason {
        UnlistedReason::LinkedFolder => {
            skipped.add("linked folders", 1);
            Some(note("it is a link to a folder", "name it beside the folder to read what is in it"))
        }
        UnlistedReason::Name if is_yaml(path) => {
            skipped.add("whose name is not UTF-8", 1);
            Some(note("its name is not valid UTF-8", "rename it"))
        }
        UnlistedReason::FolderName => {
            skipped.add("folders whose name is not UTF-8", 1);
            Some(note("the name of the folder is not valid UTF-8", "rename it"))
        }
        UnlistedReason::Special if is_yaml(path) => {
            skipped.add("no regular files", 1);
            Some(note("it is no regular file", "name it to read it"))
        }
        UnlistedReason::Name | UnlistedReason::Special => None,
        UnlistedReason::Folder(why) => Some(error(why)),
        UnlistedReason::Submodule => Some(
            error("it is a submodule, of which a commit holds no files")
                .help("compare it from within, and name folders here that do not hold it"),
        ),
    }
}

fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|suffix| path.ends_with(suffix))
}

/// Returns the path up to its first hidden part below the folder, or `None` if it has none.
fn hidden_part<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let start = path.len() - below.len();
    let mut end = start;
    for part in below.split('/') {
        end += part.len();
        if part.starts_with('.') && part.len() > 1 {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

fn read_file(path: &str, files: &dyn Files, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Vec<Document> {
    // Where it cannot be read, an empty text stands for it, so that the finding has a place.
    let origin = Origin::new(sources.next_id(), 0, 0);
    match load(files, path, origin) {
        Ok(bytes) => read_documents(sources, path, bytes, diagnostics),
        Err(finding) => {
            sources.add(path, "");
            diagnostics.push(*finding);
            Vec::new()
        }
    }
}
