//! The files of a commit, as specs name them: read by git itself, and no checkout is touched.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::read::Files;

/// A link leads to a file over so many others at most.
const MOST_LINKS: usize = 8;

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

#[derive(Clone, Debug)]
struct Entry {
    blob: String,
    size: u64,
    is_link: bool,
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
            Some(rest) if Path::new(path).is_absolute() => rest.trim_start_matches('/').to_owned(),
            _ if Path::new(path).is_absolute() => return None,
            _ => format!("{}{path}", self.prefix),
        };
        normal(&path)
    }

    fn entry(&self, path: &str) -> io::Result<Entry> {
        let mut path = self.inside(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        for _ in 0..MOST_LINKS {
            let entry = self.entries.get(&path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            if !entry.is_link {
                return Ok(entry.clone());
            }
            let target = String::from_utf8_lossy(&self.blob(&entry.blob)?).into_owned();
            let folder = path.rfind('/').map_or("", |at| &path[..=at]);
            path = normal(&format!("{folder}{target}")).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        }
        Err(io::Error::other("too many links"))
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
        let size = size.ok_or_else(|| io::Error::other("git does not have the file; is the clone a partial one?"))?;
        // A line break follows the content.
        let mut bytes = vec![0; size + 1];
        reader.answer.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(bytes)
    }

    /// Whether anything lies there.
    pub(super) fn has(&self, path: &str) -> bool {
        self.is_folder(path) || self.entry(path).is_ok()
    }
}

impl Files for Commit {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.blob(&self.entry(path)?.blob)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.entry(path).map(|entry| entry.size)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = self.inside(folder).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let below = if inside.is_empty() { String::new() } else { format!("{inside}/") };
        let name = folder.trim_end_matches('/');
        let named = |rest: &str| if name == "." { rest.to_owned() } else { format!("{name}/{rest}") };
        let found = self.entries.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
        Ok(found.map(|(path, _)| named(&path[below.len()..])).collect())
    }

    fn is_folder(&self, path: &str) -> bool {
        let Some(inside) = self.inside(path) else { return false };
        if inside.is_empty() {
            return true;
        }
        let below = format!("{inside}/");
        self.entries.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below))
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

/// Reads `100644 blob HASH SIZE<tab>PATH`; what is no file is left out.
fn entry(line: &str) -> Option<(String, Entry)> {
    let (head, path) = line.split_once('\t')?;
    let mut parts = head.split_whitespace();
    let (mode, kind, blob, size) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let entry = Entry { blob: blob.to_owned(), size: size.parse().ok()?, is_link: mode == "120000" };
    (kind == "blob").then(|| (path.to_owned(), entry))
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
    fn what_is_no_file_is_left_out() {
        let (path, entry) = entry("100644 blob abc    12\ta b.yaml").expect("a file");
        assert_eq!((path.as_str(), entry.size, entry.is_link), ("a b.yaml", 12, false));
        assert!(super::entry("160000 commit abc       -\tmodule").is_none());
    }
}
