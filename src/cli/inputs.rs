//! The files that a run has read, which none of its outputs may replace.
//!
//! Files are the same where the system says so: through links, hard links and other spellings of a path.

use std::collections::HashSet;
use std::path::Path;

/// What tells a file from all others.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = std::path::PathBuf;

/// Files that were read.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    identities: HashSet<Identity>,
}

impl Inputs {
    /// Returns those of the files that are there.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        Self { identities: paths.into_iter().filter_map(identity).collect() }
    }

    /// Whether a path leads to one of the files.
    pub(super) fn hold(&self, path: &Path) -> bool {
        !self.identities.is_empty() && identity(path).is_some_and(|file| self.identities.contains(&file))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::canonicalize(path).ok()
}
