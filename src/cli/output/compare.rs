//! `--check`: what is in the folder against what should be there.
//!
//! Files and a folder enter; nothing is changed. A unified diff leaves where they differ, in which no Secret shows.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use similar::TextDiff;

use super::index::Index;
use super::staging::{self, Staging};
use super::{Failure, OutputFile, check_path, folder_of, read_if_there};

/// After this the diff of a file need no longer be the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// Compares files with a folder: none where it holds exactly these, else the difference as `diff -u` writes it.
pub fn check(files: &[OutputFile], folder: &Path) -> Result<Option<String>, Failure> {
    let mut report = String::new();
    let mut wanted: Vec<&OutputFile> = files.iter().collect();
    wanted.sort_by(|one, other| one.path.cmp(&other.path));
    for file in wanted {
        check_path(folder, &file.path)?;
        let committed = read_if_there(&folder.join(&file.path))?;
        if committed.as_ref() != Some(&file.bytes) {
            difference(&file.path, committed.as_deref(), Some(&file.bytes), file.secret, &mut report);
        }
    }
    note_leavings(folder, &mut report);
    let index = Index::read(folder)?;
    let mut known = Index::of(files);
    known.keep_alone(&index);
    for (path, _) in index.without(&known) {
        if let Some(committed) = read_if_there(&folder.join(path))? {
            difference(path, Some(&committed), None, false, &mut report);
        }
    }
    Ok((!report.is_empty()).then_some(report))
}

/// Compares one file with the one at `path`, as [`check`] does.
pub fn check_file(file: &OutputFile, path: &Path) -> Result<Option<String>, Failure> {
    let committed = read_if_there(path)?;
    let mut report = String::new();
    note_leavings(folder_of(path), &mut report);
    if committed.as_ref() == Some(&file.bytes) {
        return Ok((!report.is_empty()).then_some(report));
    }
    difference(&file.path, committed.as_deref(), Some(&file.bytes), file.secret, &mut report);
    Ok(Some(report))
}

/// Notes what a run has left that was killed: the output is not what a whole run makes.
fn note_leavings(folder: &Path, report: &mut String) {
    if Staging::is_left_in(folder) {
        let _ = writeln!(report, "Only in {}: {}, left by a run that was killed", folder.display(), staging::NAME);
    }
}

fn difference(path: &str, committed: Option<&[u8]>, wanted: Option<&[u8]>, secret: bool, report: &mut String) {
    let old = committed.map_or("/dev/null".to_owned(), |_| format!("a/{path}"));
    let new = wanted.map_or("/dev/null".to_owned(), |_| format!("b/{path}"));
    let texts = [committed, wanted].map(|bytes| std::str::from_utf8(bytes.unwrap_or_default()));
    match texts {
        [Ok(committed), Ok(wanted)] if !secret && !may_hold_secret(committed) && !may_hold_secret(wanted) => {
            let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(committed, wanted);
            let _ = write!(report, "{}", diff.unified_diff().header(&old, &new));
        }
        [Ok(_), Ok(_)] => {
            let _ = writeln!(report, "--- {old}\n+++ {new}\nfiles differ; they hold a Secret, which is not shown");
        }
        _ => {
            let _ = writeln!(report, "--- {old}\n+++ {new}\nbinary files differ");
        }
    }
}

/// Whether a Secret may be in the text. What is in the folder was not written by this run, so that nobody says.
fn may_hold_secret(text: &str) -> bool {
    text.lines().any(|line| line.contains("kind") && line.contains("Secret"))
}
