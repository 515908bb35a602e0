//! Folders in, the files in them that are read out; what is passed over is counted by its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::input::WITHOUT_OBJECTS;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::read::{Files, Listing, Unlisted, UnlistedReason, unreadable};
use crate::text::{FileId, Origin, Sources};

/// How many files of folders were passed over, by the reason.
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    counts: BTreeMap<&'static str, usize>,
    /// Those that were read, and turned out to be nothing to check.
    read: Vec<(FileId, String, &'static str)>,
}

impl Skipped {
    /// Counts files that were not read.
    pub(super) fn add(&mut self, reason: &'static str, count: usize) {
        if count > 0 {
            *self.counts.entry(reason).or_default() += count;
        }
    }

    /// Counts a file that was read.
    pub(super) fn add_read(&mut self, file: FileId, name: &str, reason: &'static str) {
        self.add(reason, 1);
        self.read.push((file, name.to_owned(), reason));
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Says which files of a folder were read and hold nothing that is made or sent, but look as if they might; empty
    /// where there is none.
    pub fn not_made(&self) -> String {
        let mut counts: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for (_, name, reason) in self.read.iter().filter(|(_, _, reason)| *reason != WITHOUT_OBJECTS) {
            counts.entry(reason).or_insert((0, name)).0 += 1;
        }
        let told = counts.into_iter().map(|(reason, (count, name))| match count {
            1 => format!("`{name}` ({reason})"),
            _ => format!("{count} files such as `{name}` ({reason})"),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Returns a finding for each file that was read and is not checked, for those who want all of them checked.
    pub fn findings(&self) -> impl Iterator<Item = Diagnostic> {
        self.read.iter().map(|(file, name, reason)| {
            let message = format!("`{name}` is not checked, and counts as `{reason}`");
            Diagnostic::new(Code::UnreadableFile, Origin::new(*file, 0, 0), message)
                .help("leave it out of the inputs, or check what is made of it: the output of `helm template`, for one")
                .names_alone()
        })
    }
}

impl fmt::Display for Skipped {
    /// Writes `3 skipped (1 hidden, 2 not YAML or JSON)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        write!(f, "{} skipped ({})", self.counts.values().sum::<usize>(), reasons.join(", "))
    }
}

/// Returns the files of a folder that are read.
pub(super) fn list(
    folder: &str,
    files: &dyn Files,
    skipped: &mut Skipped,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let Listing { files: mut found, mut unlisted } = match files.list(folder) {
        Ok(listing) => Arc::unwrap_or_clone(listing),
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
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Kustomization" || [".yaml", ".yml", ".json"].iter().any(|suffix| name.ends_with(suffix))
}

/// Returns the path up to its first hidden part below the folder, or `None` if it has none.
fn hidden_part<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    // What lies in the working directory has no prefix.
    let below = if folder == "." { path } else { path.strip_prefix(folder).unwrap_or(path) };
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
