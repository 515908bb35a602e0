//! Output to the disk, and the comparison of what is there with what should be.
//!
//! [`OutputFile`]s enter a folder or one file; what was written, kept and removed leaves. No file is ever half written:
//! each goes to a temporary neighbour and takes its place by renaming. Only what Fanfold wrote before is overwritten or
//! removed, and what has not changed is not touched.

mod compare;
mod failure;
mod index;

pub use compare::{check, check_file};
pub use failure::Failure;

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::emit::layout::OutputFile;
use index::Index;

/// What writing a folder has changed; paths are below the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new, or have other bytes than before.
    pub written: Vec<String>,
    /// How many files were as they should be.
    pub unchanged: usize,
    /// Files that nothing asks for any more.
    pub removed: Vec<String>,
    /// Files that nothing asks for any more, but that somebody has changed since: they are left alone.
    pub kept: Vec<String>,
    /// Files among the written ones that somebody had changed since: those changes are gone.
    pub overwritten: Vec<String>,
}

/// Writes files to a folder and removes those that were written there before and are no longer wanted.
///
/// A file that is in the way and was not written by Fanfold is a [`Failure`] before anything is changed, unless `force`.
pub fn write_folder(files: &[OutputFile], folder: &Path, force: bool) -> Result<Written, Failure> {
    for file in files {
        check_path(folder, &file.path)?;
    }
    let index = Index::read(folder)?;
    let mut result = Written::default();
    let mut changed = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        match read_if_there(&path)? {
            Some(bytes) if bytes == file.bytes => result.unchanged += 1,
            Some(bytes) => {
                if !index.wrote(&file.path, &bytes) {
                    if index.knows(&file.path) {
                        result.overwritten.push(file.path.clone());
                    } else if !force {
                        return Err(Failure::foreign(path));
                    }
                }
                changed.push(file);
            }
            None => changed.push(file),
        }
    }
    let mut stale = Vec::new();
    let mut next = Index::of(files);
    for (path, hashes) in index.without(&next) {
        match read_if_there(&folder.join(path))? {
            Some(bytes) if index.wrote(path, &bytes) => stale.push(path.to_owned()),
            Some(_) => {
                // It stays in the index, so that it is reported as long as it is there.
                next.keep(path, hashes);
                result.kept.push(path.to_owned());
            }
            None => {}
        }
    }

    let mut pending = Vec::with_capacity(changed.len());
    for (number, file) in changed.iter().enumerate() {
        pending.push(Pending::write(folder.join(&file.path), &file.bytes, &number.to_string(), file.secret)?);
    }
    if !pending.is_empty() {
        // Whatever happens from here on, the next run knows each of these files for its own.
        index.united_with(&next).write(folder)?;
    }
    for file in pending {
        file.put_in_place()?;
    }
    for path in &stale {
        let path = folder.join(path);
        fs::remove_file(&path).map_err(|error| Failure::new("remove", &path, error))?;
        remove_empty_folders(folder, &path);
    }
    next.write(folder)?;
    result.written = changed.into_iter().map(|file| file.path.clone()).collect();
    result.removed = stale;
    Ok(result)
}

/// Writes one file; whether it had to be.
pub fn write_file(bytes: &[u8], path: &Path, secret: bool) -> Result<bool, Failure> {
    let failure = |error| Failure::new("write", path, error);
    match fs::metadata(path) {
        // A pipe, a terminal, `/dev/null`: nothing that a file could take the place of.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            fs::write(path, bytes).map_err(failure)?;
            return Ok(true);
        }
        Ok(metadata) if metadata.is_dir() => return Err(failure(io::ErrorKind::IsADirectory.into())),
        Ok(_) if fs::read(path).map_err(failure)? == bytes => return Ok(false),
        _ => {}
    }
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Pending::write(target, bytes, "file", secret)?.put_in_place()?;
    Ok(true)
}

/// Refuses a path that leads out of the folder.
fn check_path(folder: &Path, path: &str) -> Result<(), Failure> {
    let full = folder.join(path);
    let is_inside =
        !path.contains('\\') && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !is_inside || path == index::NAME {
        return Err(Failure::unsafe_path(full));
    }
    let between = full.ancestors().skip(1).take_while(|ancestor| *ancestor != folder);
    for ancestor in between {
        if fs::symlink_metadata(ancestor).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(Failure::unsafe_path(full));
        }
    }
    Ok(())
}

/// Returns the bytes of a file; none where there is no such file.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Failure::new("read", path, error)),
    }
}

fn create_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::new("create", folder, error))
}

/// Removes the folders between a removed file and the folder of the output that hold nothing any more.
fn remove_empty_folders(folder: &Path, removed: &Path) {
    for ancestor in removed.ancestors().skip(1).take_while(|ancestor| *ancestor != folder) {
        if fs::remove_dir(ancestor).is_err() {
            break;
        }
    }
}

/// A file that is complete under a temporary name; it disappears unless it is put in place.
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    placed: bool,
}

impl Pending {
    /// Writes bytes next to their target; `mark` tells apart what is pending at one time.
    fn write(target: PathBuf, bytes: &[u8], mark: &str, secret: bool) -> Result<Self, Failure> {
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        create_folder(folder)?;
        let temporary = folder.join(format!(".fanfold-{}-{mark}.tmp", std::process::id()));
        let pending = Self { temporary, target, placed: false };
        let failure = |error| Failure::new("write", &pending.target, error);
        let mut file = open_new(&pending.temporary, secret).map_err(failure)?;
        io::Write::write_all(&mut file, bytes).map_err(failure)?;
        if let Ok(metadata) = fs::metadata(&pending.target) {
            fs::set_permissions(&pending.temporary, metadata.permissions()).map_err(failure)?;
        }
        Ok(pending)
    }

    fn put_in_place(mut self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.target).map_err(|error| Failure::new("write", &self.target, error))?;
        self.placed = true;
        Ok(())
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

/// Opens a new file; what holds a Secret is for its owner alone.
fn open_new(path: &Path, secret: bool) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    match options.open(path) {
        // An interrupted run left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        result => result,
    }
}
