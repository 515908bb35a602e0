//! Which files belong together: those of a kustomization, those that Flux or Argo CD applies at once, or else those of a
//! folder.
//!
//! Files of different sets may be for different clusters, so that one name in both is no clash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::input::{ReadFile, folder_of};
use super::kustomization::Kustomizations;
use crate::check::{Additions, Role};
use crate::read::join;
use crate::text::Node;

/// The sets of all files.
#[derive(Debug, Default)]
pub(super) struct Sets {
    by_file: BTreeMap<String, Vec<u32>>,
    moved: BTreeSet<String>,
    altered: BTreeSet<String>,
    added: BTreeMap<String, Vec<Arc<Additions>>>,
    /// Sets, and the kinds and names of what kustomizations add to them.
    pub(super) given: Vec<(u32, &'static str, String)>,
    last: u32,
}

impl Sets {
    /// Finds the sets of files; `paths` are the inputs of the run, from which paths in a repository may start.
    pub(super) fn of(read: &[&ReadFile], kustomizations: &Kustomizations, paths: &[String]) -> Self {
        let names: BTreeSet<&str> = read.iter().map(|file| file.name.as_str()).collect();
        let mut sets = Self::default();
        for folder in kustomizations.folders() {
            sets.add(kustomizations.files(folder, true).into_iter().filter(|file| names.contains(file)));
            let generated = kustomizations.generated(folder);
            sets.given.extend(generated.map(|(kind, name)| (sets.last, *kind, name.clone())));
            if kustomizations.alters(folder) {
                sets.altered.extend(kustomizations.files(folder, false).into_iter().map(str::to_owned));
            }
            for added in kustomizations.added(folder) {
                for file in kustomizations.files(folder, false) {
                    sets.added.entry(file.to_owned()).or_default().push(Arc::clone(added));
                }
            }
            if kustomizations.moves(folder) {
                sets.move_all(kustomizations.files(folder, false));
            }
        }
        for root in read.iter().flat_map(|file| &file.documents).map(|document| &document.root) {
            for Applied { path, below, moves } in applied(root) {
                let starts = std::iter::once("").chain(paths.iter().map(String::as_str).filter(|path| *path != "-"));
                for folder in starts.map(|start| join(start, path)).collect::<BTreeSet<_>>() {
                    sets.apply(&folder, below, moves, &names, kustomizations);
                }
            }
        }
        let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names.iter().filter(|name| !sets.by_file.contains_key(**name)) {
            folders.entry(folder_of(name)).or_default().push(name);
        }
        folders.into_values().for_each(|files| sets.add(files));
        sets
    }

    /// Returns the role of the objects of a file, but for their purpose: their sets, and what is changed in them elsewhere.
    pub(super) fn of_file(&self, name: &str) -> Role {
        Role {
            sets: self.by_file.get(name).cloned().unwrap_or_default(),
            moved: self.moved.contains(name),
            altered: self.altered.contains(name),
            added: self.added.get(name).cloned().unwrap_or_default(),
            ..Role::default()
        }
    }

    fn add<'f>(&mut self, files: impl IntoIterator<Item = &'f str>) {
        self.last += 1;
        for file in files {
            self.by_file.entry(file.to_owned()).or_default().push(self.last);
        }
    }

    fn move_all<'f>(&mut self, files: impl IntoIterator<Item = &'f str>) {
        self.moved.extend(files.into_iter().map(str::to_owned));
    }

    /// Takes a folder that is applied at once: by its kustomization, or else all that is `below` it.
    fn apply(
        &mut self,
        folder: &str,
        below: bool,
        moves: bool,
        names: &BTreeSet<&str>,
        kustomizations: &Kustomizations,
    ) {
        let inside =
            |name: &str| name.strip_prefix(folder).is_some_and(|rest| folder.is_empty() || rest.starts_with('/'));
        let mut files: BTreeSet<&str> = BTreeSet::new();
        if kustomizations.has(folder) {
            files.extend(kustomizations.files(folder, false));
        } else if below {
            for name in names.iter().filter(|name| inside(name)) {
                let mut above = std::iter::successors(Some(folder_of(name)), |folder| {
                    Some(folder_of(folder)).filter(|_| !folder.is_empty())
                });
                // What has a kustomization of its own is built by that.
                if !above.any(|above| inside(&format!("{above}/")) && kustomizations.has(above)) {
                    files.insert(name);
                }
            }
            self.add(files.iter().copied());
        }
        if moves {
            self.move_all(files);
        }
    }
}

/// What an object of Flux or Argo CD says that it applies.
struct Applied<'n> {
    path: &'n str,
    /// Whether all folders below are applied with it.
    below: bool,
    /// Whether the objects get another namespace.
    moves: bool,
}

fn applied(root: &Node) -> Vec<Applied<'_>> {
    let text = |node: &'_ Node, path: &[&str]| node.at(path).and_then(Node::as_str).map(str::to_owned);
    let group = text(root, &["apiVersion"]).unwrap_or_default();
    let kind = text(root, &["kind"]).unwrap_or_default();
    match (group.split('/').next().unwrap_or_default(), kind.as_str()) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            let path = root.at(&["spec", "path"]).and_then(Node::as_str);
            let moves = root.at(&["spec", "targetNamespace"]).is_some();
            path.map(|path| Applied { path, below: true, moves }).into_iter().collect()
        }
        ("argoproj.io", "Application") => {
            let spec = root.get("spec");
            let several = spec.and_then(|spec| spec.get("sources")?.as_seq()).unwrap_or_default();
            let one = spec.and_then(|spec| spec.get("source"));
            let source = |source: &'_ Node| -> bool {
                // What is picked out by patterns is not looked for here.
                let directory = source.get("directory");
                let picks = |field: &str| directory.is_some_and(|directory| directory.get(field).is_some());
                let recurses = directory.and_then(|directory| directory.get("recurse")).and_then(Node::as_str);
                recurses == Some("true") && !picks("include") && !picks("exclude")
            };
            let all = several.iter().chain(one);
            all.filter_map(|node| {
                Some(Applied { path: node.get("path")?.as_str()?, below: source(node), moves: false })
            })
            .collect()
        }
        _ => Vec::new(),
    }
}
