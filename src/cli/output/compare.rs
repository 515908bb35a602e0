//! `--check`: what is in the folder against what should be there.
//!
//! Files and a folder enter; nothing is changed. A unified diff leaves where they differ, in which no Secret shows.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::index::Index;
use super::staging::{self, Staging};
use super::{Failure, OutputFile, check_path, folder_of, read_if_there};
use crate::diff::Committed;

/// After this the diff of a file need no longer be the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// Compares files with a folder: none where it holds exactly these, else the difference as `diff -u` writes it.
pub fn check(files: &[OutputFile], folder: &Path, objects: &Committed<'_>) -> Result<Option<String>, Failure> {
    let mut report = String::new();
    let mut wanted: Vec<&OutputFile> = files.iter().collect();
    wanted.sort_by(|one, other| one.path.cmp(&other.path));
    for file in wanted {
        check_path(folder, &file.path)?;
        let committed = read_if_there(&folder.join(&file.path))?;
        if committed.as_ref() != Some(&file.bytes) {
            difference(&file.path, committed.as_deref(), Some(&file.bytes), file.secret, objects, &mut report);
        }
    }
    note_leavings(folder, &mut report);
    let index = Index::read(folder)?;
    let mut known = Index::of(files);
    known.keep_alone(&index);
    for (path, _) in index.without(&known) {
        if let Some(committed) = read_if_there(&folder.join(path))? {
            difference(path, Some(&committed), None, false, objects, &mut report);
        }
    }
    Ok((!report.is_empty()).then_some(report))
}

/// Compares one file with the one at `path`, as [`check`] does.
pub fn check_file(file: &OutputFile, path: &Path, objects: &Committed<'_>) -> Result<Option<String>, Failure> {
    let committed = read_if_there(path)?;
    let mut report = String::new();
    note_leavings(folder_of(path), &mut report);
    if committed.as_ref() == Some(&file.bytes) {
        return Ok((!report.is_empty()).then_some(report));
    }
    difference(&file.path, committed.as_deref(), Some(&file.bytes), file.secret, objects, &mut report);
    Ok(Some(report))
}

/// Notes what a run has left that was killed: the output is not what a whole run makes.
fn note_leavings(folder: &Path, report: &mut String) {
    if Staging::is_left_in(folder) {
        let _ = writeln!(report, "Only in {}: {}, left by a run that was killed", folder.display(), staging::NAME);
    }
}

fn difference(
    path: &str,
    committed: Option<&[u8]>,
    wanted: Option<&[u8]>,
    secret: bool,
    objects: &Committed<'_>,
    report: &mut String,
) {
    let old = committed.map_or("/dev/null".to_owned(), |_| format!("a/{path}"));
    let new = wanted.map_or("/dev/null".to_owned(), |_| format!("b/{path}"));
    let _ = writeln!(report, "--- {old}\n+++ {new}");
    let texts = [committed, wanted].map(|bytes| std::str::from_utf8(bytes.unwrap_or_default()));
    let [Ok(committed), Ok(wanted)] = texts else {
        let _ = writeln!(report, "binary files differ");
        return;
    };
    // What is in the folder was not written by this run: it is read to know what it holds.
    let shown = |text: &str| if secret { None } else { objects.lines(text) };
    match (shown(committed), shown(wanted)) {
        (Some(before), Some(after)) => {
            hunks((committed, &before), (wanted, &after), report);
        }
        _ => {
            let _ = writeln!(report, "files differ; they hold a Secret, which is not shown");
        }
    }
}

/// Writes the difference of two texts of one file, whose lines are shown as the lists say.
pub fn unified(path: &str, before: (&str, &[String]), after: (&str, &[String])) -> String {
    let mut report = format!("--- a/{path}\n+++ b/{path}\n");
    hunks(before, after, &mut report);
    report
}

fn hunks((before, old): (&str, &[String]), (after, new): (&str, &[String]), report: &mut String) {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    for hunk in diff.unified_diff().iter_hunks() {
        let _ = writeln!(report, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, line) = match change.tag() {
                ChangeTag::Insert => ('+', change.new_index().and_then(|at| new.get(at))),
                ChangeTag::Delete => ('-', change.old_index().and_then(|at| old.get(at))),
                ChangeTag::Equal => (' ', change.old_index().and_then(|at| old.get(at))),
            };
            let _ = write!(report, "{sign}{}", line.map_or("", String::as_str));
            if change.missing_newline() {
                let _ = write!(report, "\n\\ No newline at end of file\n");
            }
        }
    }
}
