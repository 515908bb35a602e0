//! The list of the files that Fanfold has written to a folder.
//!
//! A line each, `<sha256>  <path>`, sorted by path, as `sha256sum --check` takes it. A path may stand there twice, with
//! two hashes: between two runs that were interrupted, or where version control has merged two lists. Other lines, such
//! as the marks of such a merge, mean nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Failure, OutputFile, Pending, check_path, read_if_there};

/// The name of the list in the folder.
pub(super) const NAME: &str = ".fanfold-files";

/// The files that were written, with the hashes of what they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Index {
    /// Reads the list of a folder; empty where there is none.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let bytes = read_if_there(&folder.join(NAME))?.unwrap_or_default();
        let mut index = Self::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let Some((hash, path)) = line.split_once("  ") else { continue };
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            // The list is a file like any other: it must not make us remove what is not ours.
            if is_hash && check_path(folder, path).is_ok() {
                index.files.entry(path.to_owned()).or_default().insert(hash.to_ascii_lowercase());
            }
        }
        Ok(index)
    }

    /// Returns the list of files that are about to be written.
    pub(super) fn of(files: &[OutputFile]) -> Self {
        let entry = |file: &OutputFile| (file.path.clone(), BTreeSet::from([hash(&file.bytes)]));
        Self { files: files.iter().map(entry).collect() }
    }

    /// Whether the file was written with these bytes.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        self.files.get(path).is_some_and(|hashes| hashes.contains(&hash(bytes)))
    }

    /// Whether the file was written, with whatever bytes.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Returns the files that are not in the other list, with their hashes.
    pub(super) fn without<'a>(&'a self, other: &Self) -> Vec<(&'a str, &'a BTreeSet<String>)> {
        let all = self.files.iter().map(|(path, hashes)| (path.as_str(), hashes));
        all.filter(|(path, _)| !other.knows(path)).collect()
    }

    /// Adds a file of an earlier list.
    pub(super) fn keep(&mut self, path: &str, hashes: &BTreeSet<String>) {
        self.files.entry(path.to_owned()).or_default().extend(hashes.iter().cloned());
    }

    /// Returns the list of all files of both.
    pub(super) fn united_with(&self, other: &Self) -> Self {
        let mut united = self.clone();
        for (path, hashes) in &other.files {
            united.keep(path, hashes);
        }
        united
    }

    /// Writes the list to its folder, where it is not there already; an empty one is none.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(NAME);
        let mut text = String::new();
        for (path, hashes) in &self.files {
            for hash in hashes {
                let _ = writeln!(text, "{hash}  {path}");
            }
        }
        match read_if_there(&path)? {
            None if text.is_empty() => Ok(()),
            Some(bytes) if bytes == text.as_bytes() => Ok(()),
            Some(_) if text.is_empty() => fs::remove_file(&path).map_err(|error| Failure::new("remove", &path, error)),
            _ => Pending::write(path, text.as_bytes(), "index", false)?.put_in_place(),
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
