//! Objects of one identity: manifests in, findings about those that would replace others out.
//!
//! Only objects of one set are compared. If two files of a folder are versions of one another, that is one finding, not one
//! for each object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::role::{Purpose, Roles};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::text::{FileId, Node, Origin};

/// The annotation of what Helm makes at a moment of its own.
const HOOK: &str = "helm.sh/hook";
/// So many objects that two files have in common are no slip.
const SHARED: usize = 3;

/// So many objects of one identity are looked at for the one that is in a version of the same file.
const KNOWN: usize = 16;

/// An object, and those of its identity before it: it is there once more.
struct Again<'m> {
    object: &'m Manifest,
    earlier: Vec<&'m Manifest>,
}

/// Finds objects of one identity in one set; their versions do not tell them apart.
pub(super) fn duplicates(manifests: &[Manifest], roles: &Roles) -> Vec<Diagnostic> {
    let twice = again(manifests, roles);
    let versions = Versions::find(manifests, roles, &twice);
    let (mut same, mut others) = (Vec::new(), Vec::new());
    for Again { object, earlier } in &twice {
        match earlier.iter().find(|known| versions.hold(known, object)) {
            Some(known) => same.push((*known, *object)),
            None => others.extend(earlier.first().map(|known| (*known, *object))),
        }
    }
    let mut found = Vec::new();
    found.extend(same.first().map(|(first, again)| {
        let several = same.len();
        let message =
            format!("{several} objects stand in several files of a folder, which count as versions of one another");
        Diagnostic::new(Code::DuplicateObject, place(again), message)
            .severity(Severity::Warning)
            .also(place(first), "first here")
            .help("check each of the files by itself, to be sure that it is whole: `fanfold check FILE`")
            .help("applied together, the later ones would replace the others")
    }));
    found.extend(others.into_iter().map(|(first, again)| {
        Diagnostic::new(Code::DuplicateObject, place(again), format!("`{}` stands twice in the input", again.key))
            .label("again here")
            .also(place(first), "first here")
            .help("rename one of them, or give it another namespace: the later one would replace the other")
            .subject(again.key.to_string(), "metadata.name")
    }));
    found
}

/// Returns the objects that stand twice, each with those of its identity before it.
fn again<'m>(manifests: &'m [Manifest], roles: &Roles) -> Vec<Again<'m>> {
    let mut known: HashMap<(u32, [&str; 4]), Vec<&Manifest>> = HashMap::with_capacity(manifests.len());
    let mut twice = Vec::new();
    for object in manifests {
        let ObjectKey { group, kind, namespace, name, .. } = &object.key;
        // Helm makes what a hook holds anew each time, also beside an object of the same name.
        if name.is_empty() || object.node.at(&["metadata", "annotations", HOOK]).is_some() {
            continue;
        }
        let mut earlier: Vec<&Manifest> = Vec::new();
        for set in roles.of(object.origin.file).sets() {
            let there = known.entry((*set, [group, kind, namespace, name])).or_default();
            for one in there.iter() {
                if !earlier.iter().any(|other| std::ptr::eq(*other, *one)) {
                    earlier.push(one);
                }
            }
            if there.len() < KNOWN {
                there.push(object);
            }
        }
        if !earlier.is_empty() {
            twice.push(Again { object, earlier });
        }
    }
    twice
}

/// Files that have so much in common that they are versions of one another.
struct Versions {
    /// An earlier version of each but the first.
    earlier: BTreeMap<FileId, FileId>,
}

impl Versions {
    fn find(manifests: &[Manifest], roles: &Roles, twice: &[Again<'_>]) -> Self {
        let mut counts: BTreeMap<FileId, usize> = BTreeMap::new();
        for manifest in manifests {
            *counts.entry(manifest.origin.file).or_default() += 1;
        }
        let mut shared: BTreeMap<(FileId, FileId), usize> = BTreeMap::new();
        for Again { object, earlier } in twice {
            let files: BTreeSet<FileId> = earlier.iter().map(|known| known.origin.file).collect();
            for file in files
                .into_iter()
                .filter(|file| [*file, object.origin.file].iter().all(|file| is_looked_at(roles, *file)))
            {
                *shared.entry((file, object.origin.file)).or_default() += 1;
            }
        }
        let mut versions = Self { earlier: BTreeMap::new() };
        for ((first, again), shared) in shared {
            let smaller = counts.get(&first).min(counts.get(&again)).copied().unwrap_or_default();
            let (one, other) = (versions.first(first), versions.first(again));
            if one != other && shared >= SHARED && 2 * shared >= smaller {
                versions.earlier.insert(other, one);
            }
        }
        versions
    }

    /// Returns the first version of a file.
    fn first(&self, file: FileId) -> FileId {
        std::iter::successors(Some(file), |file| self.earlier.get(file).copied()).last().unwrap_or(file)
    }

    /// Whether two objects stand in different versions.
    fn hold(&self, first: &Manifest, again: &Manifest) -> bool {
        let (first, again) = (first.origin.file, again.origin.file);
        first != again && self.first(first) == self.first(again)
    }
}

fn is_looked_at(roles: &Roles, file: FileId) -> bool {
    roles.of(file).purpose == Purpose::Looked
}

fn place(manifest: &Manifest) -> Origin {
    manifest.node.at(&["metadata", "name"]).map_or(manifest.origin, Node::origin)
}
