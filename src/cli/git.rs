//! The files of a commit, as specs name them: read by git itself, and no checkout is touched.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::read::{Files, Listing, Unlisted, UnlistedReason};

/// A link leads to a file over so many others at most.
const MOST_LINKS: usize = 8;
/// Why a file of a commit cannot be read, though it is one.
const ABSENT: &str =
    "git does not have its content; if the clone is a partial one, fetch it with `git fetch --refetch`";

/// The files of one commit, named relative to the current folder.
#[derive(Debug)]
pub(super) struct Commit {
    /// The commit, as it was asked for.
    pub(super) revision: String,
    /// The current folder in the repository; empty at its top, with a `/` at its end elsewhere.
    prefix: String,
    /// The folder of the repository on the disk.
    top: String,
    entries: BTreeMap<String, Entry>,
    reader: Mutex<Reader>,
}

/// What stands at a path of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// A file.
    File { blob: String, size: u64 },
    /// A link, whose target is its content.
    Link { blob: String },
    /// Another repository, of which the commit holds the revision alone.
    Submodule,
    /// A file that the clone does not have.
    Absent,
}

/// A git that answers one request after the other.
#[derive(Debug)]
struct Reader {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Commit {
    /// Finds a commit; the error is for the user.
    pub(super) fn open(revision: &str) -> Result<Self, String> {
        let prefix =
            git(&["rev-parse", "--show-prefix"]).map_err(|error| format!("git is needed for `git:`: {error}"))?;
        let top = git(&["rev-parse", "--show-toplevel"])?;
        let asked = format!("{revision}^{{commit}}");
        let commit = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &asked]).map_err(|_| {
            let shallow = git(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer.trim() == "true");
            let help =
                if shallow { "; the clone is shallow: fetch it with `git fetch --depth=1 origin REV`" } else { "" };
            format!("there is no revision `{revision}` in this repository{help}")
        })?;
        let tree = git(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit.trim()])?;
        let entries = tree.split('\0').filter_map(entry).collect();
        let mut child = Command::new("git")
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("git does not start: {error}"))?;
        let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("git does not answer".into());
        };
        let reader = Mutex::new(Reader { child, ask: Some(ask), answer: BufReader::new(answer) });
        Ok(Self {
            revision: revision.to_owned(),
            prefix: prefix.trim_end_matches('\n').to_owned(),
            top: top.trim_end_matches('\n').to_owned(),
            entries,
            reader,
        })
    }

    /// Returns the path in the repository; none outside of it.
    fn inside(&self, path: &str) -> Option<String> {
        let path = match path.strip_prefix(&self.top) {
            Some(rest) if Path::new(path).is_absolute() && (rest.is_empty() || rest.starts_with('/')) => {
                rest.trim_start_matches('/').to_owned()
            }
            _ if Path::new(path).is_absolute() => return None,
            _ => format!("{}{path}", self.prefix),
        };
        normal(&path)
    }

    /// Returns the path in the repository with its links followed; whether anything is there is not said.
    fn resolve(&self, path: &str) -> io::Result<String> {
        let outside = || io::Error::other("it lies outside of the repository");
        let mut path = self.inside(path).ok_or_else(outside)?;
        for _ in 0..MOST_LINKS {
            // The first part that is no folder decides.
            let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            let found = ends.find_map(|end| Some((end, self.entries.get(&path[..end])?)));
            match found {
                Some((end, Entry::Link { blob })) => {
                    let target = String::from_utf8_lossy(&self.blob(blob)?).into_owned();
                    let folder = path[..end].rfind('/').map_or("", |at| &path[..=at]);
                    let led = normal(&format!("{folder}{target}{}", &path[end..]));
                    path = led.ok_or_else(|| io::Error::other("a link leads out of the repository"))?;
                }
                Some((_, Entry::Submodule)) => {
                    return Err(io::Error::other("it is in a submodule, of which a commit holds no files"));
                }
                Some((_, Entry::File { .. } | Entry::Absent)) | None => return Ok(path),
            }
        }
        Err(io::Error::other("too many links"))
    }

    fn file(&self, path: &str) -> io::Result<(&str, u64)> {
        match self.entries.get(&self.resolve(path)?) {
            Some(Entry::File { blob, size }) => Ok((blob, *size)),
            Some(Entry::Absent) => Err(io::Error::other(ABSENT)),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn blob(&self, blob: &str) -> io::Result<Vec<u8>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = &mut *reader;
        let ask = reader.ask.as_mut().ok_or_else(|| io::Error::other("git has ended"))?;
        writeln!(ask, "{blob}")?;
        ask.flush()?;
        let mut head = String::new();
        reader.answer.read_line(&mut head)?;
        let size = head.split_whitespace().nth(2).and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(|| io::Error::other(ABSENT))?;
        // A line break follows the content.
        let mut bytes = vec![0; size + 1];
        reader.answer.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(bytes)
    }

    /// Whether anything lies there; an error where nobody can know.
    pub(super) fn has(&self, path: &str) -> io::Result<bool> {
        let path = self.resolve(path)?;
        Ok(self.holds_folder(&path) || self.entries.contains_key(&path))
    }

    fn holds_folder(&self, inside: &str) -> bool {
        let below = format!("{inside}/");
        inside.is_empty()
            || self.entries.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below))
    }
}

impl Files for Commit {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.blob(self.file(path)?.0)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.file(path).map(|(_, size)| size)
    }

    fn list(&self, folder: &str) -> io::Result<Arc<Listing>> {
        let inside = self.resolve(folder)?;
        let below = if inside.is_empty() { String::new() } else { format!("{inside}/") };
        let name = folder.trim_end_matches('/');
        let mut listing = Listing::default();
        for (path, entry) in self.entries.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below)) {
            let rest = &path[below.len()..];
            let named = if name == "." { rest.to_owned() } else { format!("{name}/{rest}") };
            let reason = match entry {
                _ if path.contains(char::REPLACEMENT_CHARACTER) => UnlistedReason::Name,
                Entry::Submodule => UnlistedReason::Submodule,
                Entry::Link { .. } if self.resolve(&named).is_ok_and(|led| self.holds_folder(&led)) => {
                    UnlistedReason::LinkedFolder
                }
                Entry::File { .. } | Entry::Link { .. } | Entry::Absent => {
                    listing.files.push(named);
                    continue;
                }
            };
            listing.unlisted.push(Unlisted { path: named, reason });
        }
        Ok(Arc::new(listing))
    }

    fn is_folder(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|path| self.holds_folder(&path))
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends when nobody can ask any more.
        drop(reader.ask.take());
        let _ = reader.child.wait();
    }
}

fn git(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.trim().trim_start_matches("fatal: ").to_owned())
}

/// Reads `100644 blob HASH SIZE<tab>PATH`; the size of what the clone does not have is no number.
fn entry(line: &str) -> Option<(String, Entry)> {
    let (head, path) = line.split_once('\t')?;
    let mut parts = head.split_whitespace();
    let (mode, kind, blob, size) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let blob = blob.to_owned();
    let entry = match (kind, mode, size.parse()) {
        ("commit", ..) => Entry::Submodule,
        (_, "120000", _) => Entry::Link { blob },
        (_, _, Ok(size)) => Entry::File { blob, size },
        _ => Entry::Absent,
    };
    Some((path.to_owned(), entry))
}

/// Takes `.` and `..` out of a path; none where it leads out of the repository.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(normal("a/./b/../c").as_deref(), Some("a/c"));
        assert_eq!(normal("a/../.."), None);
        assert_eq!(normal("").as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_file_is_known_to_be_none() {
        let of = |line: &str| entry(line).expect("an entry").1;
        let file = Entry::File { blob: "abc".into(), size: 12 };
        assert_eq!(entry("100644 blob abc      12\ta b.yaml"), Some(("a b.yaml".to_owned(), file)));
        assert_eq!(of("160000 commit abc       -\tmodule"), Entry::Submodule);
        assert_eq!(of("120000 blob abc       9\tlink"), Entry::Link { blob: "abc".into() });
        assert_eq!(of("100644 blob abc     BAD\ta.yaml"), Entry::Absent);
    }
}
