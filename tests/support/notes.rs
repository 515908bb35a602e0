//! Where the binaries of one run note what they skip.

use std::path::{Path, PathBuf};

/// Returns the file of this run, which has the name of the process that runs all binaries.
pub(crate) fn path() -> PathBuf {
    #[cfg(unix)]
    let run = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let run = 0;
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped").join(run.to_string())
}
