//! Cases that are files: what is given, and what must come of it.
//!
//! A case is one file of YAML. Its leading comments may hold settings, `# minor: 1.34`. Lines `# --- NAME` divide it; what
//! stands above the first is the input, and below the last, `# --- found`, stand as comments the lines of what must be
//! found. What comes of a case that is more than lines is in files of its own: such a case is a folder, of files that are
//! given and files that must come.
//!
//! A test names a folder of cases and a function of what is found ([`hold`]); `UPDATE_GOLDEN=1 cargo test` writes it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::golden;

const MARK: &str = "# --- ";
const FOUND: &str = "found";

/// A case: a file or a folder of files.
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    /// What a file holds above what must be found.
    given: String,
}

impl Case {
    /// Reads a case.
    pub(crate) fn read(path: PathBuf) -> Self {
        let text = if path.is_dir() { String::new() } else { fs::read_to_string(&path).expect("a case") };
        let mark = format!("{MARK}{FOUND}\n");
        let given = text.split_once(&mark).map_or(text.as_str(), |(given, _)| given).to_owned();
        Self { path, given }
    }

    /// Returns the name: of the file without its ending, or of the folder.
    pub(crate) fn name(&self) -> &str {
        self.path.file_stem().and_then(|name| name.to_str()).expect("a name")
    }

    /// Returns the values of a setting, in order.
    pub(crate) fn settings(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.given.lines().map_while(|line| line.strip_prefix("# "));
        lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Returns what stands above the first division.
    pub(crate) fn input(&self) -> &str {
        let lines = self.given.split_inclusive('\n').take_while(|line| !line.starts_with(MARK));
        &self.given[..lines.map(str::len).sum()]
    }

    /// Returns the names of the divisions, in order.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &str> {
        self.given.lines().filter_map(|line| line.strip_prefix(MARK))
    }

    /// Returns what stands below a division, with an empty line in place of each line above it: places in it are those of
    /// the file.
    pub(crate) fn section(&self, name: &str) -> String {
        let (above, below) = self
            .given
            .split_once(&format!("{MARK}{name}\n"))
            .unwrap_or_else(|| panic!("{} has no `{MARK}{name}`", self.path.display()));
        let lines = below.split_inclusive('\n').take_while(|line| !line.starts_with(MARK));
        "\n".repeat(above.lines().count() + 1) + &lines.collect::<String>()
    }

    /// Returns a file of a case that is a folder.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap_or_default()
    }

    /// Compares what was found, line by line, or writes it down.
    fn compare(&self, found: &[String]) -> Result<(), String> {
        let mut text = format!("{}{MARK}{FOUND}\n", self.given);
        for line in found.iter().flat_map(|found| found.split('\n')) {
            text += &if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") };
        }
        golden::file(&self.path, text.as_bytes())
    }
}

/// Returns all cases of a folder, sorted by their paths: the files, those of folders of it too.
pub(crate) fn files(folder: &str) -> Vec<Case> {
    fn add(folder: &Path, paths: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() { add(&path, paths) } else { paths.push(path) }
        }
    }
    let mut paths = Vec::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    paths.sort();
    paths.into_iter().map(Case::read).collect()
}

/// Returns all cases of a folder that are folders, sorted by their paths.
pub(crate) fn folders(folder: &str) -> Vec<Case> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the cases");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(Case::read).collect()
}

/// Holds each case of a folder against what a function finds in it, of which there must be at least so many.
#[track_caller]
pub(crate) fn hold(folder: &str, least: usize, find: impl Fn(&Case) -> Vec<String>) {
    let cases = files(folder);
    assert!(cases.len() >= least, "{folder} holds {} cases", cases.len());
    all(cases.iter().map(|case| case.compare(&find(case))));
}

/// Holds each case against the files that a function makes of it, by their names.
#[track_caller]
pub(crate) fn hold_files<'n>(cases: &[Case], make: impl Fn(&Case) -> Vec<(&'n str, String)>) {
    let compare = |case: &Case| -> Vec<_> {
        make(case).into_iter().map(|(name, text)| golden::file(&case.path.join(name), text.as_bytes())).collect()
    };
    all(cases.iter().flat_map(compare));
}

/// Fails with all that differs.
#[track_caller]
fn all(results: impl Iterator<Item = Result<(), String>>) {
    let mut failures = String::new();
    results.filter_map(Result::err).for_each(|failure| writeln!(failures, "{failure}").expect("a text grows"));
    assert!(failures.is_empty(), "{failures}");
}
