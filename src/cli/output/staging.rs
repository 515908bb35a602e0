//! Where files are written before they take their places.
//!
//! A folder of the output has one [`Staging`] folder while a run writes to it: on the same file system, so that a rename
//! puts a file in place whole; for its owner alone, since Secrets pass through; and ignored by git. A lock on it says
//! that the run is alive. Runs on one folder write one after the other, and what a run left that was killed is removed
//! by the next.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Failure, create_folder};

/// The name of the folder.
pub(super) const NAME: &str = ".fanfold-staging";
const LOCK: &str = "lock";
const IGNORE: &str = ".gitignore";
/// How long to wait for another run: to write ten thousand files takes a second.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

/// A folder for files in the making; it disappears with all that is left in it.
pub(super) struct Staging {
    folder: PathBuf,
    /// `None` where the file system knows no locks.
    lock: Option<File>,
}

impl Staging {
    /// Begins to write to a folder, which is created where it is not there; waits for another run on it to end.
    pub(super) fn begin(target: &Path) -> Result<Self, Failure> {
        create_folder(target)?;
        let folder = target.join(NAME);
        let failure = |error| Failure::new("write", &target.join(NAME), error);
        let start = Instant::now();
        loop {
            match attempt(&folder).map_err(failure)? {
                Attempt::Begun(lock) => {
                    let staging = Self { folder, lock };
                    if staging.lock.is_some() {
                        staging.clear().map_err(failure)?;
                    }
                    return Ok(staging);
                }
                Attempt::Again if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Attempt::Again => {
                    let cause = format!("another run has been writing there for {} s", PATIENCE.as_secs());
                    return Err(failure(io::Error::new(ErrorKind::WouldBlock, cause)));
                }
            }
        }
    }

    /// Returns whether a run that was killed has left files in the making.
    pub(super) fn is_left_in(target: &Path) -> bool {
        let folder = target.join(NAME);
        let is_alive = || {
            let lock = File::open(folder.join(LOCK));
            lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        fs::symlink_metadata(&folder).is_ok() && !is_alive()
    }

    /// Writes bytes that are to take the place of `target`; `mark` tells apart what is pending at one time. What holds a
    /// Secret is for its owner alone.
    pub(super) fn write(&self, target: PathBuf, bytes: &[u8], mark: &str, secret: bool) -> Result<Pending, Failure> {
        if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            create_folder(parent)?;
        }
        let pending = Pending { temporary: self.folder.join(format!("{mark}.tmp")), target, placed: false };
        let write = || {
            let mut file = create_new(&pending.temporary, secret)?;
            file.write_all(bytes)?;
            match fs::metadata(&pending.target) {
                Ok(metadata) => fs::set_permissions(&pending.temporary, metadata.permissions()),
                Err(_) => Ok(()),
            }
        };
        write().map_err(|error| Failure::new("write", &pending.target, error))?;
        Ok(pending)
    }

    /// Removes what earlier runs have left, and nothing that has another name.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if Path::new(&entry.file_name()).extension().is_some_and(|ending| ending == "tmp")
                && !entry.file_type()?.is_dir()
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run. The file that hides the others goes last.
        if self.lock.is_some() {
            let _ = fs::remove_file(self.folder.join(LOCK));
        }
        let others = |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() != IGNORE);
        if fs::read_dir(&self.folder).is_ok_and(|mut entries| !entries.any(others)) {
            let _ = fs::remove_file(self.folder.join(IGNORE));
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

enum Attempt {
    Begun(Option<File>),
    /// Another run has the folder, or has just removed it.
    Again,
}

fn attempt(folder: &Path) -> io::Result<Attempt> {
    match create_private(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        result => result?,
    }
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => {}
        // A link would have us write, and remove, where it leads.
        Ok(_) => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "it is there already and is no folder; remove it"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Attempt::Again),
        Err(error) => return Err(error),
    }
    match hide(folder).and_then(|()| open_lock(&folder.join(LOCK))) {
        Ok(lock) => match lock.try_lock() {
            // Whoever had it before may have removed it meanwhile.
            Ok(()) if is_at(&lock, &folder.join(LOCK)) => Ok(Attempt::Begun(Some(lock))),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(Attempt::Again),
            Err(TryLockError::Error(_)) => Ok(Attempt::Begun(None)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Attempt::Again),
        Err(error) => Err(error),
    }
}

/// Makes git pass over the folder, whatever is in it.
fn hide(folder: &Path) -> io::Result<()> {
    match create_new(&folder.join(IGNORE), false) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    match create_new(path, false) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(path)?.is_symlink() {
                return Err(io::Error::new(ErrorKind::InvalidInput, "its lock is a link; remove it"));
            }
            fs::OpenOptions::new().read(true).write(true).open(path)
        }
        result => result,
    }
}

#[cfg(unix)]
fn is_at(lock: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = fs::metadata(path).map(identity);
    there.is_ok_and(|there| lock.metadata().is_ok_and(|lock| identity(lock) == there))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create_new(path: &Path, secret: bool) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    options.open(path)
}

/// A file that is complete under a temporary name; it disappears unless it is put in place.
pub(super) struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    placed: bool,
}

impl Pending {
    pub(super) fn put_in_place(mut self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.target).map_err(|error| Failure::new("write", &self.target, error))?;
        self.placed = true;
        Ok(())
    }
}

#[cfg(unix)]
impl Pending {
    /// Gives the bytes to the file that is there, which keeps its owner and its other names: a file in its place has neither.
    pub(super) fn put_into(mut self) -> Result<(), Failure> {
        use std::os::unix::fs::{MetadataExt, chown};
        let write = |pending: &mut Self| {
            let (own, there) = (fs::metadata(&pending.temporary)?, fs::metadata(&pending.target)?);
            let (owner, group) = (there.uid(), there.gid());
            let is_alone = there.nlink() <= 1;
            let is_same = |own: &fs::Metadata| (own.uid(), own.gid()) == (owner, group);
            if is_alone && (is_same(&own) || chown(&pending.temporary, Some(owner), Some(group)).is_ok()) {
                fs::set_permissions(&pending.temporary, there.permissions())?;
                fs::rename(&pending.temporary, &pending.target)?;
                pending.placed = true;
                return Ok(());
            }
            let bytes = fs::read(&pending.temporary)?;
            let mut file = File::options().write(true).open(&pending.target)?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()
        };
        write(&mut self).map_err(|error| Failure::new("write", &self.target, error))
    }
}

#[cfg(not(unix))]
impl Pending {
    pub(super) fn put_into(self) -> Result<(), Failure> {
        self.put_in_place()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.placed {
            // There is an error on its way already.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
