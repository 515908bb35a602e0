//! Where things were written: the files of a run, and ranges of bytes in them.
//!
//! An [`Origin`] is twelve bytes and means nothing without the [`Sources`] that gave out its file; lines and columns
//! are computed only when a finding is shown.

use std::sync::{Arc, OnceLock};

/// The number of a file in [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in a source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file that holds the range.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Origin {
    /// The place of things that nobody wrote: no finding about a user's mistake may end here.
    pub const NOWHERE: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };

    /// Returns the range `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: narrow(start), end: narrow(end) }
    }

    /// Whether this is [`Origin::NOWHERE`].
    pub fn is_nowhere(self) -> bool {
        self.file == Self::NOWHERE.file
    }

    /// Returns the empty range at the start of this one.
    #[must_use]
    pub fn at_start(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// Returns the range from the start of this one to the end of `other`, which is in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }
}

/// A line and a column, both counted from 1; columns are Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One file that was read, or the text that stands for one (`<stdin>`, `--set`).
#[derive(Debug)]
pub struct SourceFile {
    /// The path as the user would write it, with `/` on every platform.
    pub name: String,
    /// The text without its byte-order mark.
    pub text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after_breaks).map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
    }

    /// Returns the line and column of a byte.
    pub fn place(&self, offset: u32) -> Place {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts[line - 1] as usize;
        let end = (offset as usize).clamp(start, self.text.len());
        let column = self.text.get(start..end).map_or(1, |before| before.chars().count() + 1);
        Place { line, column }
    }

    /// Returns the text of a line (counted from 1) without its break.
    pub fn line(&self, line: usize) -> &str {
        let starts = self.line_starts();
        let Some(start) = line.checked_sub(1).and_then(|index| starts.get(index)) else { return "" };
        let end = starts.get(line).map_or(self.text.len(), |next| *next as usize);
        self.text[*start as usize..end].trim_end_matches(['\n', '\r'])
    }
}

/// All files of a run, in the order in which they were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a text under a name and returns its number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { name: name.into(), text: text.into(), line_starts: OnceLock::new() });
        id
    }

    /// Returns the file of that number; none for [`Origin::NOWHERE`].
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Returns all files in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Returns the text that an origin covers.
    pub fn text(&self, origin: Origin) -> &str {
        self.file(origin.file)
            .and_then(|file| file.text.get(origin.start as usize..origin.end as usize))
            .unwrap_or_default()
    }

    /// Returns the file name and the place of the first byte of an origin.
    pub fn place(&self, origin: Origin) -> Option<(&str, Place)> {
        self.file(origin.file).map(|file| (file.name.as_str(), file.place(origin.start)))
    }
}
