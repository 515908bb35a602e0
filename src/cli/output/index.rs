//! The list of the files that Fanfold has written to a folder.
//!
//! A line each, `<sha256>  <path>`, sorted by path, as `sha256sum --check` takes it. A file that was asked for by its own
//! name, and not as one of a folder's, has ` *` before its path, which means the same to that program: runs that write
//! the whole folder leave it alone. A path may stand there twice, with two hashes: between two runs that were
//! interrupted, or where version control has merged two lists. Other lines, such as the marks of such a merge, mean
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Failure, OutputFile, Staging, check_path, read_if_there};

/// The name of the list in the folder.
pub(super) const NAME: &str = ".fanfold-files";

/// The files that were written, with the hashes of what they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    files: BTreeMap<String, Listed>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Listed {
    hashes: BTreeSet<String>,
    /// Whether it was asked for by its own name.
    alone: bool,
}

impl Index {
    /// Reads the list of a folder; empty where there is none.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let bytes = read_if_there(&folder.join(NAME))?.unwrap_or_default();
        let mut index = Self::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let Some((hash, rest)) = line.split_once(' ') else { continue };
            let (path, alone) = match (rest.strip_prefix(' '), rest.strip_prefix('*')) {
                (Some(path), _) => (path, false),
                (None, Some(path)) => (path, true),
                (None, None) => continue,
            };
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            // The list is a file like any other: it must not make us remove what is not ours.
            if is_hash && check_path(folder, path).is_ok() {
                let listed = index.files.entry(path.to_owned()).or_insert(Listed { alone, ..Listed::default() });
                listed.hashes.insert(hash.to_ascii_lowercase());
            }
        }
        Ok(index)
    }

    /// Returns the list of files that are about to be written.
    pub(super) fn of(files: &[OutputFile]) -> Self {
        let entry = |file: &OutputFile| (file.path.clone(), Listed::new(&file.bytes, false));
        Self { files: files.iter().map(entry).collect() }
    }

    /// Whether the file was written with these bytes.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        self.files.get(path).is_some_and(|listed| listed.hashes.contains(&hash(bytes)))
    }

    /// Whether the file was written, with whatever bytes.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Returns the files that are not in the other list, with their hashes.
    pub(super) fn without<'a>(&'a self, other: &Self) -> Vec<(&'a str, &'a BTreeSet<String>)> {
        let all = self.files.iter().map(|(path, listed)| (path.as_str(), &listed.hashes));
        all.filter(|(path, _)| !other.knows(path)).collect()
    }

    /// Lists a file that is asked for by its own name, as it is about to be written.
    pub(super) fn set_alone(&mut self, name: &str, bytes: &[u8]) {
        self.files.insert(name.to_owned(), Listed::new(bytes, true));
    }

    /// Adds the files of an earlier list that were asked for by their own names.
    pub(super) fn keep_alone(&mut self, earlier: &Self) {
        for (path, listed) in earlier.files.iter().filter(|(_, listed)| listed.alone) {
            self.files.entry(path.clone()).or_insert_with(|| listed.clone());
        }
    }

    /// Adds a file of an earlier list.
    pub(super) fn keep(&mut self, path: &str, hashes: &BTreeSet<String>) {
        self.files.entry(path.to_owned()).or_default().hashes.extend(hashes.iter().cloned());
    }

    /// Returns the list of all files of both.
    pub(super) fn united_with(&self, other: &Self) -> Self {
        let mut united = other.clone();
        for (path, listed) in &self.files {
            let known = united.files.entry(path.clone()).or_insert_with(|| listed.clone());
            known.hashes.extend(listed.hashes.iter().cloned());
        }
        united
    }

    /// Writes the list to its folder, where it is not there already; an empty one is none.
    pub(super) fn write(&self, folder: &Path, staging: &Staging) -> Result<(), Failure> {
        let path = folder.join(NAME);
        let mut text = String::new();
        for (path, listed) in &self.files {
            let mark = if listed.alone { '*' } else { ' ' };
            for hash in &listed.hashes {
                let _ = writeln!(text, "{hash} {mark}{path}");
            }
        }
        match read_if_there(&path)? {
            None if text.is_empty() => Ok(()),
            Some(bytes) if bytes == text.as_bytes() => Ok(()),
            Some(_) if text.is_empty() => fs::remove_file(&path).map_err(|error| Failure::new("remove", &path, error)),
            _ => staging.write(path, text.as_bytes(), "index", false)?.put_in_place(),
        }
    }
}

impl Listed {
    fn new(bytes: &[u8], alone: bool) -> Self {
        Self { hashes: BTreeSet::from([hash(bytes)]), alone }
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
