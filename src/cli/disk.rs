//! The files of the disk, as specs name them.
//!
//! Only files are read: a device or a pipe in their place may never end. The pipes that the caller has opened for us,
//! `/dev/stdin` and `/dev/fd/N` as shells name them, are read to the limit.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::Failure;
use super::inputs::Inputs;
use super::places::Places;
use crate::limits;
use crate::read::{Files, Listing, Unlisted, UnlistedReason, read_bounded, reason};

/// Reads from the disk, relative to the current folder, and remembers what it has read.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Where specs may read.
    pub(super) places: Places,
    read: Mutex<BTreeSet<String>>,
    listed: Mutex<HashMap<String, Arc<Listing>>>,
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
        bytes_of(Path::new(path))
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        fs::metadata(path).map(|metadata| metadata.len())
    }

    fn list(&self, folder: &str) -> io::Result<Arc<Listing>> {
        if let Some(known) = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Ok(known.clone());
        }
        let mut found = Listing::default();
        walk(Path::new(folder), folder, &mut found)?;
        found.files.sort_unstable();
        found.unlisted.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let found = Arc::new(found);
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), found.clone());
        Ok(found)
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn outside(&self, path: &str, base: &str) -> Option<String> {
        self.places.outside(path, base).map(|real| real.to_string_lossy().into_owned())
    }
}

/// Refuses what is there and is no file, for those that read it themselves.
pub(super) fn check_kind(path: &str) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(metadata) => refuse_endless(Path::new(path), &metadata).map_err(|error| cannot_read(path, &error)),
        Err(_) => Ok(()),
    }
}

fn cannot_read(path: &str, error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot read `{path}`: {}", reason(error)))
}

/// Returns the bytes of a file.
pub(super) fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    refuse_endless(path, &metadata)?;
    // What lies in `/proc` says that it has no bytes, and has some.
    read_bounded(fs::File::open(path)?)
}

/// Refuses what may have no end, or too late a one.
fn refuse_endless(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.len() > limits::FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    match special(kind) {
        Some(_) if is_opened(path) && !is_device(kind) => Ok(()),
        Some(what) => Err(io::Error::other(format!("it is {what}, and no file"))),
        None => Ok(()),
    }
}

/// Whether a path names what the caller has opened for this process.
pub(super) fn is_opened(path: &Path) -> bool {
    path.starts_with("/dev/fd")
        || path.starts_with("/proc/self/fd")
        || ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().any(|stream| path == Path::new(stream))
}

/// Refuses a pipe or a socket in the place of a file; devices such as `/dev/null` take what is written at once.
pub(super) fn refuse_pipe(metadata: &fs::Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    match special(kind).filter(|_| !is_device(kind)) {
        Some(what) => Err(io::Error::other(format!("it is {what}, and no file"))),
        None => Ok(()),
    }
}

/// Names what is neither a file nor a folder.
#[cfg(unix)]
fn special(kind: fs::FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if is_device(kind) => Some("a device"),
        _ if kind.is_fifo() => Some("a pipe"),
        _ if kind.is_socket() => Some("a socket"),
        _ => None,
    }
}

#[cfg(unix)]
fn is_device(kind: fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn special(kind: fs::FileType) -> Option<&'static str> {
    (!kind.is_file()).then_some("a device")
}

#[cfg(not(unix))]
fn is_device(_: fs::FileType) -> bool {
    false
}

/// Collects what lies below a folder; links to folders are not followed, so that no circle is walked. Only the folder
/// itself must be readable: one below it that is not is said to be so, and the others are read.
fn walk(folder: &Path, name: &str, found: &mut Listing) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let below =
            |file: &str| if name == "." { file.to_owned() } else { format!("{}/{file}", name.trim_end_matches('/')) };
        let mut pass = |path: String, reason| found.unlisted.push(Unlisted { path, reason });
        let file_name = match entry.file_name().into_string() {
            Ok(file_name) => file_name,
            Err(file_name) => {
                let is_folder = entry.file_type()?.is_dir();
                let reason = if is_folder { UnlistedReason::FolderName } else { UnlistedReason::Name };
                pass(below(&file_name.to_string_lossy()), reason);
                continue;
            }
        };
        let path = below(&file_name);
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if let Err(error) = walk(&entry.path(), &path, found) {
                found.unlisted.push(Unlisted { path, reason: UnlistedReason::Folder(reason(&error)) });
            }
        } else if kind.is_symlink() {
            match fs::metadata(entry.path()) {
                Ok(target) if target.is_dir() => pass(path, UnlistedReason::LinkedFolder),
                Ok(target) if !target.is_file() => pass(path, UnlistedReason::Special),
                // One that leads nowhere is a file that cannot be read, which is said where it would be.
                _ => found.files.push(path),
            }
        } else if kind.is_file() {
            found.files.push(path);
        } else {
            pass(path, UnlistedReason::Special);
        }
    }
    Ok(())
}
