//! Where the files lie that a spec may name: below its own folder, the working directory, the checkout of either, and
//! what `--allow-path` adds.
//!
//! Paths enter as specs write them; links are resolved before anything is compared. What a user typed is not asked about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Failure;

/// The folders that hold what specs may name.
#[derive(Debug, Default)]
pub(super) struct Places {
    allowed: Mutex<Vec<PathBuf>>,
    /// The folders for specs of a folder, as they were found.
    known: Mutex<HashMap<String, Arc<Vec<PathBuf>>>>,
}

impl Places {
    /// Adds folders that the user named.
    pub(super) fn allow(&self, folders: &[String]) -> Result<(), Failure> {
        let found = folders.iter().map(|folder| {
            Path::new(folder).canonicalize().map_err(|error| {
                let reason = crate::read::reason(&error);
                Failure::Usage(format!("`--allow-path {folder}` names no folder: {reason}"))
            })
        });
        let found = found.collect::<Result<Vec<_>, _>>()?;
        *self.allowed.lock().unwrap_or_else(PoisonError::into_inner) = found;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Returns where a path really leads, if specs of the folder `base` may not name it.
    pub(super) fn outside(&self, path: &str, base: &str) -> Option<PathBuf> {
        let real = real(Path::new(path));
        let places = self.of(base);
        (!places.iter().any(|place| real.starts_with(place))).then_some(real)
    }

    fn of(&self, base: &str) -> Arc<Vec<PathBuf>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = known.get(base) {
            return Arc::clone(places);
        }
        let mut places = Vec::new();
        for folder in [base, "."] {
            let Ok(folder) = Path::new(if folder.is_empty() { "." } else { folder }).canonicalize() else { continue };
            let checkout = folder.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned);
            places.extend([Some(folder), checkout].into_iter().flatten().filter(|place| is_place(place)));
        }
        places.extend(self.allowed.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        let places = Arc::new(places);
        known.insert(base.to_owned(), Arc::clone(&places));
        places
    }
}

/// Whether a folder bounds anything: below the root lies every file of the machine, and a spec that comes through
/// `/dev/fd` stands beside the secrets of the process.
fn is_place(folder: &Path) -> bool {
    folder.parent().is_some() && !["/dev", "/proc", "/sys"].iter().any(|system| folder.starts_with(system))
}

/// Resolves the links of a path; of one that is not there, those of what is.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(found), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            // Joining nothing would leave a slash at the end.
            return if rest.as_os_str().is_empty() { found } else { found.join(rest) };
        }
    }
    path
}
