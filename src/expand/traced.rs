//! A template in, the same text out in which lines and expressions leave marks around what they put out.
//!
//! What was put out is found again in the rendered text by these marks, wherever loops and blocks carried it, and with it
//! the bytes of the template that it came from. Where a template makes something else of the marks than themselves,
//! nothing is known: [`Trace::strip`] says so, and a trace with fewer marks may know.

use std::ops::Range;

use super::reads::{Path, reads, reads_bare};
use crate::text::Piece;

const OPEN: char = '\u{F5AA0}';
const NUMBER_END: char = '\u{F5AA1}';
const CLOSE: char = '\u{F5AA2}';
const LINE: char = '\u{F5AA3}';

/// Statements whose text is held back, and put out by an expression, or not at all.
const HOLDING: [&str; 4] = ["set", "macro", "filter", "call"];

/// A template with marks.
#[derive(Debug)]
pub struct Trace<'t> {
    /// The template with marks.
    pub text: String,
    template: &'t str,
    /// The expressions that are marked: where they stand, and what each may read.
    expressions: Vec<(Range<usize>, Vec<Path>)>,
    /// Whether all expressions are marked.
    is_whole: bool,
}

/// Where a rendered text came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Traced {
    /// Which bytes of the template made it, in order.
    pub pieces: Vec<Piece>,
    /// What each expression put out, and what it may have read; `None` if some expressions are not known.
    pub made: Option<Vec<Made>>,
}

/// A part of the rendered text, and what the expression that made it may read.
pub(super) type Made = (Range<usize>, Vec<Path>);

/// What of a template is marked.
#[derive(Clone, Copy, Debug)]
struct Detail {
    /// Lines of text that a statement holds back.
    held_lines: bool,
    /// Expressions in such text.
    held_expressions: bool,
}

/// A part of a template.
enum Part {
    Literal,
    Expression,
    Statement,
}

/// What is being put out: by an expression, or by the template itself.
#[derive(Debug, Default)]
struct Level {
    start: usize,
    expression: Option<usize>,
    /// The byte of the template that the next byte is a copy of.
    from: Option<usize>,
}

impl<'t> Trace<'t> {
    /// Returns the traces of a template, the one that tells most first.
    pub fn all(template: &'t str) -> impl Iterator<Item = Self> {
        let detail = |held_lines, held_expressions| Detail { held_lines, held_expressions };
        [detail(true, true), detail(false, true), detail(false, false)]
            .into_iter()
            .map(|detail| Self::of(template, detail))
    }

    /// Returns what all of the template may read.
    pub fn reads(template: &str) -> Vec<Path> {
        reads(template)
    }

    fn of(template: &'t str, detail: Detail) -> Self {
        let mut trace =
            Self { text: String::with_capacity(template.len() * 2), template, expressions: Vec::new(), is_whole: true };
        // Names that statements define may hold whatever any of them reads.
        let mut in_statements = Vec::new();
        let mut held = 0_usize;
        for (part, range) in parts(template) {
            let text = &template[range.clone()];
            match part {
                Part::Literal if held == 0 || detail.held_lines => trace.literal(range),
                Part::Expression if held == 0 || detail.held_expressions => trace.expression(range),
                Part::Literal | Part::Expression => {
                    trace.is_whole &= matches!(part, Part::Literal);
                    trace.text.push_str(text);
                }
                Part::Statement => {
                    in_statements.extend(reads(text));
                    let word = word_of(text);
                    let holds = HOLDING.contains(&word) && !(word == "set" && text.contains('='));
                    let ends = word.strip_prefix("end").is_some_and(|word| HOLDING.contains(&word));
                    held = if ends { held.saturating_sub(1) } else { held + usize::from(holds) };
                    trace.text.push_str(text);
                }
            }
        }
        for (range, read) in &mut trace.expressions {
            let inner = &template[range.start + 2..range.end - 2];
            let is_path = inner.trim().chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
            if read.is_empty() || !is_path {
                read.extend(in_statements.iter().cloned());
            }
        }
        trace
    }

    /// Marks where each line starts: before what statements beside it cannot trim away.
    fn literal(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for line in self.template[range].split_inclusive('\n') {
            let lead = line.len() - line.trim_start().len();
            self.text.push_str(&line[..lead]);
            if lead < line.len() {
                self.text.push_str(&format!("{LINE}{}{NUMBER_END}{}", at + lead, &line[lead..]));
            }
            at += line.len();
        }
    }

    fn expression(&mut self, range: Range<usize>) {
        let inner = &self.template[range.start + 2..range.end - 2];
        let (lead, inner) = trim_mark(inner, true);
        let (trail, inner) = trim_mark(inner, false);
        let number = self.expressions.len();
        self.text.push_str(&format!(
            "{{{{{lead} \"{OPEN}{number}{NUMBER_END}\" }}}}{{{{ {inner} }}}}{{{{ \"{CLOSE}\" {trail}}}}}"
        ));
        self.expressions.push((range, reads_bare(inner)));
    }

    /// Takes the marks out of the rendered text; `None` where this does not yield `rendered`, the text without marks.
    pub fn strip(&self, marked: &str, rendered: &str) -> Option<Traced> {
        let mut at = 0;
        let mut levels = vec![Level::default()];
        let (mut pieces, mut made) = (Vec::new(), Vec::new());
        let mut rest = marked;
        while let Some(next) = rest.find([OPEN, CLOSE, LINE]) {
            if !rendered.get(at..)?.starts_with(&rest[..next]) {
                return None;
            }
            self.attribute(levels.last_mut()?, at, &rest[..next], &mut pieces);
            at += next;
            let mark = rest[next..].chars().next()?;
            rest = &rest[next + mark.len_utf8()..];
            if mark == CLOSE {
                let Level { start, expression, .. } = levels.pop()?;
                made.push((start..at, self.expressions.get(expression?)?.1.clone()));
                continue;
            }
            let end = rest.find(NUMBER_END)?;
            let number: usize = rest[..end].parse().ok()?;
            rest = &rest[end + NUMBER_END.len_utf8()..];
            if mark == OPEN {
                self.expressions.get(number)?;
                levels.push(Level { start: at, expression: Some(number), from: None });
            } else {
                levels.last_mut()?.from = Some(number);
            }
        }
        if levels.len() != 1 || rendered.get(at..)? != rest {
            return None;
        }
        self.attribute(levels.last_mut()?, at, rest, &mut pieces);
        Some(Traced { pieces, made: self.is_whole.then_some(made) })
    }

    /// Says where a part of the rendered text without marks came from.
    fn attribute(&self, level: &mut Level, at: usize, text: &str, pieces: &mut Vec<Piece>) {
        let from = level.from.take();
        if text.is_empty() {
            return;
        }
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let mut piece = |at: usize, written: Range<usize>, is_copy: bool| {
            let written = narrow(written.start)..narrow(written.end);
            pieces.push(Piece { start: narrow(at), written, is_copy });
        };
        let mut copied = 0;
        if let Some((from, template)) = from.and_then(|from| Some((from, self.template.get(from..)?))) {
            copied = text.bytes().zip(template.bytes()).take_while(|(made, written)| made == written).count();
            if copied > 0 {
                piece(at, from..from + copied, true);
            }
        }
        if copied < text.len() {
            let after = from.map_or(0, |from| from + copied);
            let around =
                level.expression.and_then(|number| self.expressions.get(number)).map(|(range, _)| range.clone());
            piece(at + copied, around.unwrap_or(after..after), false);
        }
    }
}

/// Cuts a template into its parts.
fn parts(template: &str) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = template[at..].find('{').map(|found| at + found) {
        let tail = &template[open..];
        let (length, is_expression) = match tail.as_bytes().get(1) {
            Some(b'{') => (end_of(tail, "}}"), true),
            Some(b'%') => (end_of(tail, "%}"), false),
            Some(b'#') => (tail.find("#}").map(|at| at + 2), false),
            _ => {
                at = open + 1;
                continue;
            }
        };
        if from < open {
            parts.push((Part::Literal, from..open));
        }
        let end = open + length.unwrap_or(tail.len());
        let whole = is_expression && length.is_some_and(|length| length >= 4);
        parts.push((if whole { Part::Expression } else { Part::Statement }, open..end));
        (from, at) = (end, end);
        // What is raw stays so.
        if template[open..end].starts_with("{%") && word_of(&template[open..end]) == "raw" {
            let length =
                template[end..].find("endraw").map(|word| template[end..end + word].rfind("{%").unwrap_or(word));
            at = end + length.unwrap_or(template.len() - end);
        }
    }
    if from < template.len() {
        parts.push((Part::Literal, from..template.len()));
    }
    parts
}

/// Returns the first word of a statement.
fn word_of(statement: &str) -> &str {
    let text = statement.trim_start_matches(['{', '%', '-', '+']).trim_start();
    &text[..text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len())]
}

/// Returns the length up to and with the closing braces; those inside quotes do not count.
fn end_of(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(2) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None if text[at..].starts_with(close) => return Some(at + close.len()),
            None => {}
        }
    }
    None
}

/// Takes the mark off that trims the white space before or behind an expression.
fn trim_mark(inner: &str, at_start: bool) -> (&str, &str) {
    let is_mark = |mark: Option<char>| mark.is_some_and(|mark| matches!(mark, '-' | '+'));
    if at_start && is_mark(inner.chars().next()) {
        inner.split_at(1)
    } else if !at_start && is_mark(inner.chars().last()) {
        let (inner, mark) = inner.split_at(inner.len() - 1);
        (mark, inner)
    } else {
        ("", inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, render_document};
    use super::*;
    use crate::text::{Map, Node, Origin};

    fn traced(template: &str) -> (String, Traced) {
        let mut params = Map::new();
        params.put("a", Node::string("x", Origin::NOWHERE));
        params.put("l", Node::seq(vec![Node::string("y", Origin::NOWHERE); 2], Origin::NOWHERE));
        let params = Node::map(params, Origin::NOWHERE);
        let scope = Scope { params: Some(&params), ..Scope::default() };
        let render = |text: &str| render_document(text, &scope, Origin::NOWHERE).expect("renders");
        let rendered = render(template);
        let found = Trace::all(template).find_map(|trace| trace.strip(&render(&trace.text), &rendered));
        (rendered, found.expect("one of them tells"))
    }

    #[test]
    fn each_piece_is_found_again_with_what_it_was_made_of() {
        for (template, pieces) in [
            ("a: {{ params.a }}\n", "x=params.a"),
            ("a: \n  {{- params.a -}} \nb", "x=params.a"),
            ("{% for i in params.l %}- {{ i }}\n{% endfor %}{{ params.a }}", "y=params.l y=params.l x=params.a"),
            ("{% raw %}{{ a }}{% endraw %}{{ \"}}\" ~ params.a }}", "}}x=params.a"),
            ("{# {{ #}{% set q %}<{{ params.a }}>{% endset %}{{ q }}", "x=params.a <x>="),
            ("{{ {'k': params.a}['k'] }}", "x=params.a"),
        ] {
            let (rendered, found) = traced(template);
            let told = |(range, read): Made| {
                let read: Vec<String> = read.iter().map(|path| path.join(".")).collect();
                format!("{}={}", &rendered[range], read.join(","))
            };
            let found: Vec<String> = found.made.expect("all are known").into_iter().map(told).collect();
            assert_eq!(found.join(" "), pieces, "{template}");
        }
        let (_, found) = traced("{% set q %}{{ params.a }}{% endset %}{{ q|length }}");
        assert_eq!(found.made, None, "something else was made of the marks");
    }

    #[test]
    fn each_line_is_found_again_where_it_was_written() {
        for (template, expected) in [
            ("a: 1\nb: {{ params.a }}!\n", "a: 1\n=a: 1\n|b: =b: |x={{ params.a }}|!\n=!\n"),
            ("{% for i in params.l %}\n- k: {{ i }}\n{% endfor %}c: 3", "c: 3=c: 3"),
            ("{%- if params.a %}\n  on: 1\n{%- endif %}\n  off: 2\n", "on: 1\n=on: 1\n|off: 2\n=off: 2\n"),
            ("{% macro m(x) %}<{{ x }}>{% endmacro %}- {{ m(1) }}", "- =- |<=<|1={{ x }}|>=>"),
            ("{% set q %}ab{% endset %}{{ q|length }}\nc", "2={{ q|length }}|c=c"),
            ("{% filter upper %}ab{% endfilter %}\nc: 1", "c: 1=c: 1"),
            ("{% raw %}{{ a }}{% endraw %}\nc", "{{ a }}={{ a }}|c=c"),
            ("größe: {{ params.a }} ü\n", "größe: =größe: |x={{ params.a }}|ü\n=ü\n"),
        ] {
            let (rendered, found) = traced(template);
            let ends = found.pieces.iter().skip(1).map(|piece| piece.start as usize).chain([rendered.len()]);
            let told: Vec<String> = found
                .pieces
                .iter()
                .zip(ends)
                .filter(|(piece, _)| !piece.written.is_empty())
                .map(|(piece, end)| {
                    let written = &template[piece.written.start as usize..piece.written.end as usize];
                    format!("{}={written}", &rendered[piece.start as usize..end])
                })
                .collect();
            let told = told.join("|");
            assert!(told.ends_with(expected), "{template:?}: expected {expected:?}, found {told:?}");
        }
    }
}
