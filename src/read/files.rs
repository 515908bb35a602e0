//! The door to the user's files: handed in, so that nothing below the command line touches the disk.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::limits;
use crate::text::Origin;

/// Reads files and lists folders by the paths that specs name; `/` separates on every platform.
pub trait Files: Sync {
    /// Returns the bytes of a file; what has more than [`limits::FILE_BYTES`] is an error of the kind `FileTooLarge`.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// Returns the size of a file in bytes, before it is read.
    fn size(&self, path: &str) -> io::Result<u64>;

    /// Returns what lies below a folder; shared, since many patterns may look through one.
    fn list(&self, folder: &str) -> io::Result<Arc<Listing>>;

    /// Whether the path is a folder.
    fn is_folder(&self, path: &str) -> bool;

    /// Returns where a path leads, if a spec in the folder `base` may not name it. Where nothing but inputs lies, as in a
    /// commit, a spec may name all of it.
    fn outside(&self, _path: &str, _base: &str) -> Option<String> {
        None
    }
}

/// What lies below a folder.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The paths of all files, sorted, each starting with the folder.
    pub files: Vec<String>,
    /// What is there and cannot be listed as a file.
    pub unlisted: Vec<Unlisted>,
}

/// Something below a folder that is no file to read; its path is for the user.
#[derive(Clone, Debug)]
pub struct Unlisted {
    /// The path, starting with the folder.
    pub path: String,
    /// Why it is not listed.
    pub reason: UnlistedReason,
}

/// Why something below a folder is not listed as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlistedReason {
    /// A link to a folder: following it could walk in circles.
    LinkedFolder,
    /// Its name is not valid UTF-8, so that no spec and no finding can name it.
    Name,
    /// A folder whose name is not valid UTF-8.
    FolderName,
    /// A device, a pipe or a socket.
    Special,
    /// A repository in the repository, of which a commit holds the revision alone.
    Submodule,
    /// A folder that cannot be read, and why.
    Folder(String),
}

/// Whether a file is what Git LFS leaves in place of a file that it has not fetched.
pub(super) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// Files that exist only in memory: for tests, and for texts that come from elsewhere.
#[derive(Debug, Default, Clone)]
pub struct MemoryFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// Adds a file and returns the set.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), bytes.into());
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.files.get(path).map(|bytes| bytes.len() as u64).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Arc<Listing>> {
        let prefix = if folder.is_empty() || folder == "." { String::new() } else { format!("{folder}/") };
        let files = self.files.keys().filter(|path| path.starts_with(&prefix)).cloned().collect();
        Ok(Arc::new(Listing { files, unlisted: Vec::new() }))
    }

    fn is_folder(&self, path: &str) -> bool {
        let prefix = if path == "." { String::new() } else { format!("{path}/") };
        self.files.keys().any(|file| file.starts_with(&prefix))
    }
}

/// Returns the bytes of a file that is named at `origin`; one over the limit is not touched, so that a wrong path costs no
/// memory.
pub fn load(files: &dyn Files, name: &str, origin: Origin) -> Result<Vec<u8>, Box<Diagnostic>> {
    if let Some(size) = files.size(name).ok().filter(|size| *size > limits::FILE_BYTES) {
        return Err(Box::new(too_large(name, Some(size), origin)));
    }
    match files.read(name) {
        Ok(bytes) if is_lfs_pointer(&bytes) => Err(Box::new(unfetched(name, origin))),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(Box::new(unreadable(name, &error, origin))),
    }
}

/// Returns the finding about a file that cannot be read.
pub fn unreadable(name: &str, error: &io::Error, origin: Origin) -> Diagnostic {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return too_large(name, None, origin);
    }
    Diagnostic::new(Code::UnreadableFile, origin, format!("cannot read `{name}`: {}", reason(error)))
}

/// Returns the finding about a file over the limit; what is read without an end has no size.
pub(super) fn too_large(name: &str, size: Option<u64>, origin: Origin) -> Diagnostic {
    let found = size.map_or("more".to_owned(), |size| format!("{} MiB", size >> 20));
    let message = format!("expected a file of at most {} MiB, found `{name}` with {found}", limits::FILE_BYTES >> 20);
    Diagnostic::new(Code::FileTooLarge, origin, message).help("split it into several files, or check the path")
}

/// Returns the finding about a path that leads to where specs may not read; `real` is where it leads.
pub fn out_of_bounds(name: &str, real: &str, origin: Origin) -> Diagnostic {
    let leads = if real.ends_with(name.trim_start_matches("../")) {
        String::new()
    } else {
        format!(", which leads to `{real}`")
    };
    let message = format!(
        "expected a file below the folder of the spec, the working directory or the checkout, found `{name}`{leads}"
    );
    let folder = real.rsplit_once('/').map_or(real, |(folder, _)| if folder.is_empty() { "/" } else { folder });
    Diagnostic::new(Code::UnreadableFile, origin, message)
        .help(format!("copy it there, or let specs read that folder with `--allow-path {folder}`"))
}

/// Returns the finding about a file of which only the pointer of Git LFS is there.
pub(super) fn unfetched(name: &str, origin: Origin) -> Diagnostic {
    let message = format!("cannot read `{name}`: it is a pointer of Git LFS, whose content is elsewhere");
    Diagnostic::new(Code::UnreadableFile, origin, message)
        .help("fetch it with `git lfs pull`; a commit holds pointers alone")
}

/// Reads to the end, or to the limit.
pub fn read_bounded(from: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::FILE_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Returns what went wrong, without the number of the operating system's error.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        std::io::ErrorKind::FileTooLarge => format!("it has more than {} MiB", limits::FILE_BYTES >> 20),
        // What was made up here says more than its kind.
        _ if error.get_ref().is_some() => error.to_string(),
        kind => kind.to_string(),
    }
}

/// Joins a path to a folder and takes `.` and `..` out.
pub fn join(folder: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let absolute = path.starts_with('/') || (folder.starts_with('/') && !path.starts_with('/'));
    let whole = if path.starts_with('/') || folder.is_empty() { path } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}
