//! The files of the disk, as specs name them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::output::Inputs;
use super::places::Places;
use crate::read::Files;

/// Reads from the disk, relative to the current folder, and remembers what it has read.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Where specs may read.
    pub(super) places: Places,
    read: Mutex<BTreeSet<String>>,
}

impl Disk {
    /// Returns the files that were read, so that no output takes their place.
    pub(super) fn inputs(&self) -> Inputs {
        Inputs::of(self.read.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Path::new))
    }

    /// Remembers a file that is read without this door, such as standard input.
    pub(super) fn remember(&self, path: &str) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.remember(path);
        fs::read(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        fs::metadata(path).map(|metadata| metadata.len())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        walk(Path::new(folder), folder, &mut found)?;
        found.sort_unstable();
        Ok(found)
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn outside(&self, path: &str, base: &str) -> Option<String> {
        self.places.outside(path, base).map(|real| real.to_string_lossy().into_owned())
    }
}

/// Collects the files below a folder; links to folders are not followed, so that no circle is walked.
fn walk(folder: &Path, name: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        let path = if name == "." { file_name } else { format!("{}/{file_name}", name.trim_end_matches('/')) };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else if kind.is_file() || entry.path().is_file() {
            found.push(path);
        }
    }
    Ok(())
}
