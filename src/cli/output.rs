//! Output to the disk, and the comparison of what is there with what should be.
//!
//! [`OutputFile`]s enter a folder or one file; what was written, kept and removed leaves. No file is ever half written:
//! each is complete in a [`Staging`] folder before it takes its place by renaming. Only what Fanfold wrote before is
//! overwritten or removed, no input of the run ever is, and what has not changed is not touched.

mod compare;
mod failure;
mod index;
mod staging;

pub use super::inputs::Inputs;
pub use compare::{check, check_file, unified};
pub use failure::Failure;

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::disk;
use crate::emit::layout::OutputFile;
use index::Index;
use staging::Staging;

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

/// What may be overwritten.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rights<'a> {
    /// Files that Fanfold did not write, too.
    pub force: bool,
    /// The files that the run has read: never these.
    pub inputs: Option<&'a Inputs>,
}

impl Rights<'_> {
    /// Refuses to replace an input.
    fn check(&self, path: &Path) -> Result<(), Failure> {
        match self.inputs {
            Some(inputs) if inputs.hold(path) => Err(Failure::input(path.to_owned())),
            _ => Ok(()),
        }
    }
}

/// Writes files to a folder and removes those that were written there before and are no longer wanted.
///
/// A file that is in the way and was not written by Fanfold is a [`Failure`] before anything is changed, unless forced.
pub fn write_folder(files: &[OutputFile], folder: &Path, rights: Rights<'_>) -> Result<Written, Failure> {
    for file in files {
        check_path(folder, &file.path)?;
    }
    let work = Work::find(files, folder, rights)?;
    if work.is_done() && !Staging::is_left_in(folder) {
        return Ok(work.result);
    }
    let staging = Staging::begin(folder)?;
    // Another run may have written since.
    Work::find(files, folder, rights)?.done(&staging, folder)
}

/// What is to be done to a folder.
struct Work<'a> {
    index: Index,
    next: Index,
    changed: Vec<&'a OutputFile>,
    stale: Vec<String>,
    result: Written,
}

impl<'a> Work<'a> {
    fn find(files: &'a [OutputFile], folder: &Path, rights: Rights<'_>) -> Result<Self, Failure> {
        let index = Index::read(folder)?;
        let mut result = Written::default();
        let mut changed = Vec::new();
        for file in files {
            let path = folder.join(&file.path);
            match read_if_there(&path)? {
                Some(bytes) if bytes == file.bytes => result.unchanged += 1,
                Some(bytes) => {
                    rights.check(&path)?;
                    if !index.wrote(&file.path, &bytes) {
                        if index.knows(&file.path) {
                            result.overwritten.push(file.path.clone());
                        } else if !rights.force {
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
        next.keep_alone(&index);
        for (path, hashes) in index.without(&next) {
            match read_if_there(&folder.join(path))? {
                Some(bytes) if index.wrote(path, &bytes) => {
                    rights.check(&folder.join(path))?;
                    stale.push(path.to_owned());
                }
                Some(_) => {
                    // It stays in the index, so that it is reported as long as it is there.
                    next.keep(path, hashes);
                    result.kept.push(path.to_owned());
                }
                None => {}
            }
        }
        Ok(Self { index, next, changed, stale, result })
    }

    fn is_done(&self) -> bool {
        self.changed.is_empty() && self.stale.is_empty() && self.index == self.next
    }

    fn done(self, staging: &Staging, folder: &Path) -> Result<Written, Failure> {
        let Self { index, next, changed, stale, mut result } = self;
        let mut pending = Vec::with_capacity(changed.len());
        for (number, file) in changed.iter().enumerate() {
            let path = folder.join(&file.path);
            pending.push(staging.write(path, &file.bytes, &number.to_string(), file.secret)?);
        }
        if !pending.is_empty() {
            // Whatever happens from here on, the next run knows each of these files for its own.
            index.united_with(&next).write(folder, staging)?;
        }
        for file in pending {
            file.put_in_place()?;
        }
        for path in &stale {
            let path = folder.join(path);
            fs::remove_file(&path).map_err(|error| Failure::new("remove", &path, error))?;
            remove_empty_folders(folder, &path);
        }
        next.write(folder, staging)?;
        result.written = changed.into_iter().map(|file| file.path.clone()).collect();
        result.removed = stale;
        Ok(result)
    }
}

/// What became of a single file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was as it should be.
    Unchanged,
    /// It has other bytes than before.
    Written,
    /// It was written, and the list beside it says so from now on.
    Listed,
    /// It was written, and the list beside it may not be.
    Unlisted,
}

/// Writes one file that stays Fanfold's: the list in its folder, [`Index`], says what it held when it was written, so that
/// the next run may replace it, also in a clone of the repository. What the list does not say is only replaced if forced.
pub fn write_file(file: &OutputFile, path: &Path, rights: Rights<'_>) -> Result<State, Failure> {
    let Some(target) = target(path)? else {
        fs::write(path, &file.bytes).map_err(|error| Failure::new("write", path, error))?;
        return Ok(State::Written);
    };
    rights.check(path)?;
    let folder = folder_of(&target);
    let name = target.file_name().and_then(|name| name.to_str()).filter(|name| !name.contains(['\n', '\r', '\\']));
    let find = || {
        let index = Index::read(folder)?;
        let mut next = index.clone();
        name.iter().for_each(|name| next.set_alone(name, &file.bytes));
        let found = read_if_there(&target)?;
        let is_ours = match (&found, name) {
            (Some(bytes), _) if bytes.is_empty() || *bytes == file.bytes => true,
            (Some(bytes), Some(name)) => index.wrote(name, bytes),
            (Some(_), None) => false,
            // A link that leads nowhere is there as well.
            (None, _) => fs::symlink_metadata(path).is_err(),
        };
        match (is_ours || rights.force, name) {
            (true, _) => Ok((index, next, found)),
            (false, Some(name)) if index.knows(name) => Err(Failure::changed(path.to_owned())),
            (false, _) => Err(Failure::foreign(path.to_owned())),
        }
    };
    let (index, next, found) = find()?;
    if index == next && found.as_ref() == Some(&file.bytes) && !Staging::is_left_in(folder) {
        return Ok(State::Unchanged);
    }
    let staging = Staging::begin(folder)?;
    let (index, next, found) = find()?;
    let is_new = found.as_ref() != Some(&file.bytes);
    let mut listed = Ok(());
    if is_new {
        let pending = staging.write(target.clone(), &file.bytes, "file", file.secret)?;
        listed = index.united_with(&next).write(folder, &staging);
        if listed.as_ref().is_err_and(|failure| !failure.is_permission()) {
            return listed.map(|()| State::Written);
        }
        pending.put_in_place()?;
    }
    match listed.and_then(|()| next.write(folder, &staging)) {
        // In a folder that users share, such as `/tmp`, the list may be another's.
        Err(failure) if failure.is_permission() => return Ok(State::Unlisted),
        result => result?,
    }
    Ok(match (is_new, name.is_some_and(|name| !index.knows(name))) {
        (_, true) => State::Listed,
        (true, false) => State::Written,
        (false, false) => State::Unchanged,
    })
}

/// Writes one file that is known for Fanfold's by what it holds; whether it had to be.
pub fn write_known(
    bytes: &[u8],
    path: &Path,
    rights: Rights<'_>,
    is_ours: impl Fn(&[u8]) -> bool,
) -> Result<bool, Failure> {
    let Some(target) = target(path)? else {
        fs::write(path, bytes).map_err(|error| Failure::new("write", path, error))?;
        return Ok(true);
    };
    if replaceable(path, &target, rights, is_ours)?.is_some_and(|found| found == bytes) {
        return Ok(false);
    }
    let staging = Staging::begin(folder_of(&target))?;
    staging.write(target, bytes, "file", false)?.put_in_place()?;
    Ok(true)
}

/// Writes a file of the user's anew, which must still hold what was read of it; whether it had to be.
pub fn rewrite(bytes: &[u8], path: &Path, read: &[u8]) -> Result<bool, Failure> {
    let changed = || Failure::new("write", path, io::Error::other("it has changed since it was read"));
    let target = target(path)?.ok_or_else(changed)?;
    let staging = Staging::begin(folder_of(&target))?;
    match read_if_there(&target)? {
        // Another name of a file that is written already.
        Some(found) if found == bytes => Ok(false),
        Some(found) if found == read => {
            staging.write(target, bytes, "file", true)?.put_into()?;
            Ok(true)
        }
        _ => Err(changed()),
    }
}

/// Refuses what [`write_known`] would, before there is anything to write.
pub fn check_known(path: &Path, rights: Rights<'_>, is_ours: impl Fn(&[u8]) -> bool) -> Result<(), Failure> {
    target(path)?.map_or(Ok(()), |target| replaceable(path, &target, rights, is_ours).map(|_| ()))
}

/// Returns what a file holds that may be replaced, `None` if it is not there.
fn replaceable(
    path: &Path,
    target: &Path,
    rights: Rights<'_>,
    is_ours: impl Fn(&[u8]) -> bool,
) -> Result<Option<Vec<u8>>, Failure> {
    rights.check(path)?;
    let found = read_if_there(target)?;
    let may = match &found {
        Some(found) => found.is_empty() || is_ours(found),
        // A link that leads nowhere is there as well.
        None => fs::symlink_metadata(path).is_err(),
    };
    if may || rights.force { Ok(found) } else { Err(Failure::another(path.to_owned())) }
}

/// Returns the file that a path leads to: a link stays one, and what it points to is replaced. `None` for a pipe, a
/// terminal, `/dev/null`: nothing that a file could take the place of.
fn target(path: &Path) -> Result<Option<PathBuf>, Failure> {
    if path == Path::new("-") {
        let cause = "`-` names no file here";
        return Err(Failure::new("write", path, io::Error::new(io::ErrorKind::InvalidInput, cause)));
    }
    // What the caller has opened is written to as it is, whatever it leads to.
    if disk::is_opened(path) {
        return Ok(None);
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Failure::new("write", path, io::ErrorKind::IsADirectory.into())),
        Ok(metadata) if !metadata.is_file() => {
            // Where nobody reads, writing to a pipe would never end.
            disk::refuse_pipe(&metadata).map_err(|error| Failure::new("write", path, error))?;
            Ok(None)
        }
        _ => Ok(Some(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))),
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a path that leads out of the folder.
fn check_path(folder: &Path, path: &str) -> Result<(), Failure> {
    let full = folder.join(path);
    let is_inside =
        !path.contains('\\') && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !is_inside || path == index::NAME || path.starts_with(staging::NAME) {
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
    match disk::bytes_of(path) {
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
