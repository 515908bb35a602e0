//! Where things were written: the files of a run, and ranges of bytes in them.
//!
//! An [`Origin`] is twelve bytes and means nothing without the [`Sources`] that gave out its file; lines and columns
//! are computed only when a finding is shown.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::Node;

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

    /// The place of what has no value, because of a mistake that is reported: there is no more to say about it, so that
    /// findings at this place are dropped. What is made of it keeps the place, as everything generated does.
    pub const BROKEN: Self = Self { file: FileId(u32::MAX - 1), start: 0, end: 0 };

    /// Returns the range `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: narrow(start), end: narrow(end) }
    }

    /// Whether this is [`Origin::NOWHERE`].
    pub fn is_nowhere(self) -> bool {
        self.file == Self::NOWHERE.file
    }

    /// Whether this is [`Origin::BROKEN`].
    pub fn is_broken(self) -> bool {
        self.file == Self::BROKEN.file
    }

    /// Whether two places share text, or are the same.
    pub fn touches(self, other: Self) -> bool {
        self == other || (self.file == other.file && self.start < other.end && other.start < self.end)
    }

    /// Whether a place is in this one, or is the same.
    pub fn holds(self, place: Self) -> bool {
        self.file == place.file && self.start <= place.start && place.end <= self.end
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
    /// What a text that was made of a template is made of, in order; `None` for a file as it was read.
    made_of: Option<(FileId, Vec<Piece>)>,
    /// Where each document starts, and which template a comment says it was rendered from.
    templates: OnceLock<Vec<(u32, Option<Range<u32>>)>>,
    hidden: Ranges,
    tainted: Ranges,
}

/// A piece of a text that was made of a template. It ends where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its first byte in the text that was made.
    pub start: u32,
    /// The bytes of the template that made it.
    pub written: Range<u32>,
    /// Whether it is those bytes, one by one; otherwise an expression made it.
    pub is_copy: bool,
}

impl Piece {
    /// Returns the byte of the template for one of the text.
    fn written(&self, offset: u32, is_end: bool) -> u32 {
        match (self.is_copy, is_end) {
            (true, _) => self.written.start.saturating_add(offset.saturating_sub(self.start)).min(self.written.end),
            (false, true) => self.written.end,
            (false, false) => self.written.start,
        }
    }
}

/// Ranges of bytes, sorted and apart from each other.
#[derive(Debug, Default)]
struct Ranges(Vec<Range<u32>>);

impl Ranges {
    fn add(&mut self, range: Range<u32>) {
        let first = self.0.partition_point(|known| known.end < range.start);
        let after = self.0.partition_point(|known| known.start <= range.end);
        let touched = &self.0[first..after];
        let start = touched.first().map_or(range.start, |known| known.start.min(range.start));
        let end = touched.last().map_or(range.end, |known| known.end.max(range.end));
        self.0.splice(first..after, std::iter::once(start..end));
    }

    /// Whether an origin shares text with one of them; an empty one does so at their ends too.
    fn touch(&self, origin: Origin) -> bool {
        let empty = u32::from(origin.start >= origin.end);
        let first = self.0.partition_point(|known| known.end + empty <= origin.start);
        self.0.get(first).is_some_and(|known| known.start < origin.end.max(origin.start) + empty)
    }
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
        let line = self.line_of(offset);
        let start = self.line_starts()[line - 1] as usize;
        let end = self.floor(offset as usize).max(start);
        Place { line, column: self.text[start..end].chars().count() + 1 }
    }

    /// Whether the text was made of a template, so that nobody has written it.
    pub fn is_made(&self) -> bool {
        self.made_of.is_some()
    }

    /// Returns the line of the text (counted from 1) that holds a byte.
    pub fn line_of(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|start| *start <= offset).max(1)
    }

    /// Returns the template that the document around a byte was rendered from, as `helm template` says above it.
    pub fn template(&self, offset: u32) -> Option<&str> {
        const MARK: &str = "# Source: ";
        let templates = self.templates.get_or_init(|| {
            let mut found = Vec::new();
            if !self.text.contains(MARK) {
                return found;
            }
            found.push((0, None));
            let mut at = 0;
            for line in self.text.split_inclusive('\n') {
                let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
                match (line.strip_prefix(MARK), found.last_mut()) {
                    (Some(path), Some((_, template @ None))) => {
                        let start = at + MARK.len();
                        *template = Some(narrow(start)..narrow(start + path.trim_end().len()));
                    }
                    _ if line.starts_with("---") => found.push((narrow(at), None)),
                    _ => {}
                }
                at += line.len();
            }
            found
        });
        let (_, template) = &templates[..templates.partition_point(|(start, _)| *start <= offset)].last()?;
        template.clone().map(|range| &self.text[range.start as usize..range.end as usize])
    }

    /// Returns the nearest byte at or before `offset` at which a character starts or the text ends.
    pub fn floor(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default()
    }

    /// Returns the bytes of a line (counted from 1) without its break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let starts = self.line_starts();
        let Some(start) = line.checked_sub(1).and_then(|index| starts.get(index)) else {
            return self.text.len()..self.text.len();
        };
        let start = *start as usize;
        let end = starts.get(line).map_or(self.text.len(), |next| *next as usize);
        start..start + self.text[start..end].trim_end_matches(['\n', '\r']).len()
    }

    /// Returns the ranges of bytes that are never shown, in order and apart from each other.
    pub fn hidden(&self) -> &[Range<u32>] {
        &self.hidden.0
    }

    /// Returns all lines with their breaks, each as it may be shown: with a mask in the place of what is hidden.
    pub fn shown_lines(&self, mask: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let (end, mut at, mut shown) = (start + line.trim_end_matches(['\r', '\n']).len(), start, String::new());
            let first = self.hidden().partition_point(|hidden| hidden.end as usize <= start);
            for hidden in self.hidden()[first..].iter().take_while(|hidden| (hidden.start as usize) < end) {
                shown.push_str(&self.text[at..self.floor(hidden.start as usize).max(at)]);
                shown.push_str(mask);
                at = self.floor(hidden.end as usize).clamp(at, end);
            }
            start += line.len();
            shown.push_str(&self.text[at..start]);
            lines.push(shown);
        }
        lines
    }

    /// Returns the text of a line (counted from 1) without its break.
    pub fn line(&self, line: usize) -> &str {
        &self.text[self.line_range(line)]
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
        let id = self.next_id();
        self.files.push(SourceFile {
            name: name.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
            made_of: None,
            templates: OnceLock::new(),
            hidden: Ranges::default(),
            tainted: Ranges::default(),
        });
        id
    }

    /// Returns the number that the next text will have.
    pub fn next_id(&self) -> FileId {
        FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX))
    }

    /// Says of which pieces of a template a text was made, in order.
    pub fn made_of(&mut self, file: FileId, template: FileId, pieces: Vec<Piece>) {
        if let Some(file) = self.files.get_mut(file.0 as usize) {
            file.made_of = Some((template, pieces));
        }
    }

    /// Hides in a template what is hidden in the text that was made of it: there it may not look like a secret.
    pub fn hide_written(&mut self, file: FileId) {
        let Some(made) = self.file(file) else { return };
        let Some((template, pieces)) = &made.made_of else { return };
        let mut hidden = Vec::new();
        for range in made.hidden() {
            let first = pieces.partition_point(|piece| piece.start <= range.start).saturating_sub(1);
            let ends = pieces.iter().skip(first + 1).map(|next| next.start).chain([u32::MAX]);
            let within = pieces.iter().skip(first).zip(ends).take_while(|(piece, _)| piece.start < range.end);
            hidden.extend(within.filter(|(piece, _)| piece.is_copy).map(|(piece, end)| {
                let start = piece.written(range.start.max(piece.start), false);
                Origin { file: *template, start, end: piece.written(range.end.min(end), true) }
            }));
        }
        hidden.into_iter().for_each(|origin| self.hide(origin));
    }

    /// Returns where the text at a place was written: in the template, where the text was made of one.
    pub fn written(&self, origin: Origin) -> Origin {
        let Some((template, pieces)) = self.file(origin.file).and_then(|file| file.made_of.as_ref()) else {
            return origin;
        };
        let at = |offset: u32| pieces[..pieces.partition_point(|piece| piece.start <= offset)].last();
        let Some(first) = at(origin.start).or(pieces.first()) else { return Origin::new(*template, 0, 0) };
        let start = first.written(origin.start, false);
        let last = at(origin.end.saturating_sub(1)).filter(|_| origin.end > origin.start).unwrap_or(first);
        // What a loop has made of a later line may stand before it.
        let end = Some(last.written(origin.end, true)).filter(|end| *end >= start);
        let end = end.unwrap_or_else(|| first.written(u32::MAX, true));
        Origin { file: *template, start, end: if origin.start < origin.end { end } else { start } }
    }

    /// Marks a range whose text is, or may be, a secret: no excerpt shows it, and nothing that was read there is told.
    pub fn hide(&mut self, origin: Origin) {
        if let Some(file) = self.files.get_mut(origin.file.0 as usize).filter(|_| origin.start < origin.end) {
            file.hidden.add(origin.start..origin.end);
        }
    }

    /// Marks a range that takes its value from a secret: an expression. Its text may be shown, its value is not told.
    pub fn taint(&mut self, origin: Origin) {
        if let Some(file) = self.files.get_mut(origin.file.0 as usize).filter(|_| origin.start < origin.end) {
            file.tainted.add(origin.start..origin.end);
        }
    }

    /// Whether a value that was read or made at that place is, or may be, a secret.
    ///
    /// Every node carries its place through all stages: the mark of the place is the mark of the node.
    pub fn is_secret(&self, origin: Origin) -> bool {
        self.file(origin.file).is_some_and(|file| file.hidden.touch(origin) || file.tainted.touch(origin))
    }

    /// Whether a value that was read or made at that place is made of a secret that stands elsewhere.
    pub fn is_tainted(&self, origin: Origin) -> bool {
        self.file(origin.file).is_some_and(|file| file.tainted.touch(origin))
    }

    /// Whether the text at that place is, or may be, a secret.
    pub fn is_hidden(&self, origin: Origin) -> bool {
        self.file(origin.file).is_some_and(|file| file.hidden.touch(origin))
    }

    /// Whether a scalar of a tree is, or may be, a secret.
    pub fn hold_secret_of(&self, node: &Node) -> bool {
        self.has_secrets() && self.marks_part_of(node)
    }

    fn marks_part_of(&self, node: &Node) -> bool {
        match (node.as_map(), node.as_seq()) {
            (Some(map), _) => map.iter().any(|entry| self.marks_part_of(&entry.value)),
            (_, Some(items)) => items.iter().any(|item| self.marks_part_of(item)),
            _ => self.is_secret(node.origin()),
        }
    }

    /// Whether any place is marked.
    pub fn has_secrets(&self) -> bool {
        self.files.iter().any(|file| !file.hidden.0.is_empty() || !file.tainted.0.is_empty())
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

    /// Returns the template that another tool rendered the document at a place from.
    pub fn template(&self, origin: Origin) -> Option<&str> {
        self.file(origin.file)?.template(origin.start).filter(|path| !path.is_empty())
    }

    /// Returns the file name and the place of the first byte of an origin, in the file as the user wrote it.
    pub fn place(&self, origin: Origin) -> Option<(&str, Place)> {
        let origin = self.written(origin);
        self.file(origin.file).map(|file| (file.name.as_str(), file.place(origin.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_never_panic() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "größe: 1\r\nb: 2\n");
        let file = sources.file(file).unwrap();
        assert_eq!(file.place(7), Place { line: 1, column: 6 });
        assert_eq!(file.place(3), Place { line: 1, column: 3 }, "inside a character: its start");
        assert_eq!(file.place(12), Place { line: 2, column: 1 });
        assert_eq!(file.place(u32::MAX), Place { line: 3, column: 1 });
        assert_eq!(file.line(1), "größe: 1");
        assert_eq!(file.line(2), "b: 2");
        assert_eq!((file.line(0), file.line(9)), ("", ""));
    }

    #[test]
    fn made_texts_know_where_they_were_written() {
        let mut sources = Sources::default();
        // `a: {{ x }}!` made `a: one!`, twice.
        let template = sources.add("a.j2", "a: {{ x }}!\n");
        let made = sources.add("a.j2", "a: one!\na: one!\n");
        let piece = |start, written, is_copy| Piece { start, written, is_copy };
        let once = |from| [piece(from, 0..3, true), piece(from + 3, 3..10, false), piece(from + 6, 10..12, true)];
        sources.made_of(made, template, [once(0), once(8)].concat());
        for ((start, end), written) in [
            ((0, 1), (0, 1)),
            ((3, 6), (3, 10)),
            ((4, 6), (3, 10)),
            ((3, 7), (3, 11)),
            ((8, 15), (0, 11)),
            ((6, 9), (10, 12)),
            ((11, 11), (3, 3)),
        ] {
            let found = sources.written(Origin::new(made, start, end));
            assert_eq!((found.start, found.end), written, "{start}..{end}");
            assert_eq!(found.file, template);
        }
        let same = Origin::new(template, 1, 2);
        assert_eq!(sources.written(same), same);
        sources.hide(Origin::new(made, 4, 9));
        sources.hide_written(made);
        let hidden = sources.file(template).unwrap().hidden();
        assert_eq!(hidden, [0..1, 10..12], "what expressions made is hidden where it was made alone");
    }

    #[test]
    fn lines_are_shown_without_what_is_hidden() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: one\r\nb: |\n  two\n  three\nc: 4");
        sources.hide(Origin::new(file, 3, 6));
        sources.hide(Origin::new(file, 11, 26));
        let shown = sources.file(file).unwrap().shown_lines("•");
        assert_eq!(shown, ["a: •\r\n", "b: •\n", "•\n", "•\n", "c: 4"]);
    }

    #[test]
    fn hidden_ranges_merge_and_are_found_by_what_touches_them() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "0123456789");
        let at = |start, end| Origin::new(file, start, end);
        for origin in [at(6, 8), at(1, 3), at(2, 4), at(5, 5), Origin::NOWHERE] {
            sources.hide(origin);
        }
        let hidden = |sources: &Sources| {
            sources.file(file).unwrap().hidden().iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        assert_eq!(hidden(&sources), [(1, 4), (6, 8)]);
        for (start, end, secret) in
            [(0, 10, true), (9, 10, false), (0, 1, false), (1, 1, true), (4, 4, true), (5, 5, false), (4, 6, false)]
        {
            assert_eq!(sources.is_secret(at(start, end)), secret, "{start}..{end}");
        }
        assert!(!sources.is_secret(Origin::NOWHERE));
        sources.hide(at(3, 7));
        assert_eq!(hidden(&sources), [(1, 8)]);
    }
}
