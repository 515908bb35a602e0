//! What the environment refuses, in one line for the user.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Something that the environment refused: the act, the file, the cause.
#[derive(Debug)]
pub struct Failure {
    /// What was to be done with the file: `read`, `write`, `create`, `remove`.
    pub act: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why it could not be done.
    pub cause: io::Error,
}

impl Failure {
    /// Returns a failure to do something with a file.
    pub fn new(act: &'static str, path: &Path, cause: io::Error) -> Self {
        Self { act, path: path.to_owned(), cause }
    }

    /// Whether it was for want of a right.
    pub(super) fn is_permission(&self) -> bool {
        self.cause.kind() == io::ErrorKind::PermissionDenied
    }

    pub(super) fn foreign(path: PathBuf) -> Self {
        let cause = "it is there already and was not written by fanfold; move it away, or overwrite it with `--force`";
        Self { act: "write", path, cause: io::Error::new(io::ErrorKind::AlreadyExists, cause) }
    }

    /// Returns a refusal to replace a file that somebody has changed.
    pub(super) fn changed(path: PathBuf) -> Self {
        let cause = "it has been changed since fanfold wrote it; move it away, or overwrite it with `--force`";
        Self { act: "write", path, cause: io::Error::new(io::ErrorKind::AlreadyExists, cause) }
    }

    /// Returns a refusal for commands that have no `--force`.
    pub(super) fn another(path: PathBuf) -> Self {
        let cause = "it is there already and was not written by fanfold; move it away, or name another file";
        Self { act: "write", path, cause: io::Error::new(io::ErrorKind::AlreadyExists, cause) }
    }

    /// Returns a refusal that nothing overrules.
    pub(super) fn input(path: PathBuf) -> Self {
        let cause = "it is an input of this run; name another file";
        Self { act: "write", path, cause: io::Error::new(io::ErrorKind::InvalidInput, cause) }
    }

    pub(super) fn unsafe_path(path: PathBuf) -> Self {
        let cause = "it leads out of the folder of the output";
        Self { act: "write", path, cause: io::Error::new(io::ErrorKind::InvalidInput, cause) }
    }
}

impl fmt::Display for Failure {
    /// Writes ``cannot write `out/web.yaml`: permission denied``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        let path = if cfg!(windows) { path.replace('\\', "/") } else { path };
        write!(f, "cannot {} `{path}`: {}", self.act, reason(&self.cause))
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

/// Returns the reason as the rest of a sentence, without the system's number.
fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    // Systems give whole sentences.
    if error.raw_os_error().is_some()
        && let Some(end) = text.rfind(" (os error")
    {
        text.truncate(text[..end].trim_end_matches('.').len());
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_lowercase();
        }
    }
    text
}
