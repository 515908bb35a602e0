//! A finding in; the few lines of source that show it out.
//!
//! What an excerpt holds is bounded: one line a mark, a window of a long line, and never a byte of a hidden range.

use std::ops::Range;

use crate::diagnostic::words::MASK;
use crate::text::{Origin, Place, SourceFile, Sources};

/// Lines up to this many bytes are shown whole.
const WHOLE_LINE: usize = 160;
/// What is shown of a longer line on each side of the marks, in bytes.
const MARGIN: usize = 40;
/// What is marked at most, in bytes.
const WIDEST_MARK: usize = 60;
/// Marks that are further apart than this many lines stand in excerpts of their own.
const NEIGHBORS: usize = 30;

/// Some lines of one file, with marks.
pub(super) struct Excerpt<'a> {
    /// The name of the file.
    pub(super) name: &'a str,
    /// Where the first mark that was put in stands in the file.
    pub(super) place: Place,
    /// The number of the first line.
    pub(super) first_line: usize,
    /// The lines, as they may be shown.
    pub(super) text: String,
    /// The ranges of `text` to mark, each with the number of the origin that it shows.
    pub(super) marks: Vec<(Range<usize>, usize)>,
}

/// Returns the excerpts that show all of the origins, the one with the first of them first.
pub(super) fn excerpts<'a>(sources: &'a Sources, origins: &[Origin]) -> Vec<Excerpt<'a>> {
    let mut clusters: Vec<Cluster<'a>> = Vec::new();
    for (number, origin) in origins.iter().enumerate() {
        let Some(file) = sources.file(origin.file) else { continue };
        let mark = Mark::new(file, *origin, number);
        match clusters.iter_mut().find(|cluster| cluster.takes(origin, &mark)) {
            Some(cluster) => cluster.marks.push(mark),
            None => clusters.push(Cluster { file, origin: *origin, marks: vec![mark] }),
        }
    }
    clusters.iter().map(Cluster::show).collect()
}

/// A range within one line.
struct Mark {
    line: usize,
    range: Range<usize>,
    number: usize,
}

impl Mark {
    /// Cuts an origin to the first line of it.
    fn new(file: &SourceFile, origin: Origin, number: usize) -> Self {
        let line = file.line_of(origin.start);
        let within = file.line_range(line);
        let clamp = |offset: usize| file.floor(offset.clamp(within.start, within.end));
        let start = clamp(origin.start as usize);
        let mut end = clamp(origin.end as usize).max(start);
        if within.len() > WHOLE_LINE {
            end = end.min(clamp(start + WIDEST_MARK));
        }
        Self { line, range: start..end, number }
    }
}

/// Marks that fit into one excerpt.
struct Cluster<'a> {
    file: &'a SourceFile,
    origin: Origin,
    marks: Vec<Mark>,
}

impl<'a> Cluster<'a> {
    fn takes(&self, origin: &Origin, mark: &Mark) -> bool {
        self.origin.file == origin.file
            && self.marks.iter().all(|known| {
                let far = known.range.start.abs_diff(mark.range.start) > WIDEST_MARK;
                let cut = self.file.line_range(mark.line).len() > WHOLE_LINE;
                known.line.abs_diff(mark.line) <= NEIGHBORS && !(known.line == mark.line && far && cut)
            })
    }

    fn show(&self) -> Excerpt<'a> {
        let lines = self.marks.iter().map(|mark| mark.line);
        let (first, last) = (lines.clone().min().unwrap_or(1), lines.max().unwrap_or(1));
        let mut text = String::new();
        let mut marks = Vec::new();
        for line in first..=last {
            if line > first {
                text.push('\n');
            }
            let here: Vec<&Mark> = self.marks.iter().filter(|mark| mark.line == line).collect();
            let shown = Shown::new(self.file, line, &here);
            let base = text.len();
            text.push_str(&shown.text);
            marks.extend(here.iter().map(|mark| {
                let range = shown.at(mark.range.start, false)..shown.at(mark.range.end, true);
                (base + range.start..base + range.end.max(range.start), mark.number)
            }));
        }
        marks.sort_by_key(|(_, number)| *number);
        let place = self.file.place(self.origin.start);
        Excerpt { name: &self.file.name, place, first_line: first, text, marks }
    }
}

/// A line as it may be shown, and where its bytes went.
struct Shown {
    text: String,
    /// Ranges of the file in order, where each starts in `text`, and whether it stands there as it was.
    pieces: Vec<(Range<usize>, usize, bool)>,
}

impl Shown {
    fn new(file: &SourceFile, line: usize, marks: &[&Mark]) -> Self {
        let whole = file.line_range(line);
        let window = window(file, &whole, marks);
        let mut shown = Self { text: String::new(), pieces: Vec::new() };
        if whole.start < window.start {
            shown.text.push('…');
        }
        let mut at = window.start;
        let first = file.hidden().partition_point(|hidden| hidden.end as usize <= window.start);
        for hidden in &file.hidden()[first..] {
            let start = file.floor(hidden.start as usize).max(at);
            if start >= window.end {
                break;
            }
            let end = file.floor(hidden.end as usize).min(window.end);
            shown.keep(file, at..start);
            shown.pieces.push((start..end, shown.text.len(), false));
            shown.text.push_str(MASK);
            at = end;
        }
        shown.keep(file, at..window.end);
        if window.end < whole.end {
            shown.text.push('…');
        }
        shown
    }

    fn keep(&mut self, file: &SourceFile, range: Range<usize>) {
        self.pieces.push((range.clone(), self.text.len(), true));
        self.text.push_str(&file.text[range]);
    }

    /// Returns where a byte of the file stands; one inside a mask stands at its start or, as an end, at its end.
    fn at(&self, offset: usize, is_end: bool) -> usize {
        let holds = |range: &Range<usize>| {
            if is_end { range.start < offset && offset <= range.end } else { range.contains(&offset) }
        };
        match self.pieces.iter().find(|(range, ..)| holds(range)) {
            Some((range, start, true)) => start + (offset - range.start),
            Some((_, start, false)) if is_end => start + MASK.len(),
            Some((_, start, false)) => *start,
            None if self.pieces.first().is_some_and(|(range, ..)| offset <= range.start) => self.pieces[0].1,
            None => self
                .pieces
                .last()
                .map_or(0, |(range, start, kept)| start + if *kept { range.len() } else { MASK.len() }),
        }
    }
}

/// Returns the part of a line to show.
fn window(file: &SourceFile, whole: &Range<usize>, marks: &[&Mark]) -> Range<usize> {
    if whole.len() <= WHOLE_LINE {
        return whole.clone();
    }
    let start = marks.iter().map(|mark| mark.range.start).min().unwrap_or(whole.start);
    let end = marks.iter().map(|mark| mark.range.end).max().unwrap_or(whole.start);
    let start = file.floor(start.saturating_sub(MARGIN).max(whole.start));
    start..file.floor((end + MARGIN).min(whole.end)).max(start)
}
