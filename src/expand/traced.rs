//! A template in, the same text out in which each expression leaves marks around what it puts out.
//!
//! What was put out is found again in the rendered text by these marks, wherever loops and blocks carried it. Where a
//! template makes something else of them than itself, nothing is known: [`Trace::strip`] says so.

use std::ops::Range;

use super::reads::{Path, reads, reads_bare};

const OPEN: char = '\u{F5AA0}';
const NUMBER_END: char = '\u{F5AA1}';
const CLOSE: char = '\u{F5AA2}';

/// The expressions of a template.
#[derive(Debug)]
pub struct Trace {
    /// The template with marks.
    pub text: String,
    /// What each expression may read.
    expressions: Vec<Vec<Path>>,
}

/// A piece of the rendered text, and what the expression that made it may read.
pub type Piece = (Range<usize>, Vec<Path>);

impl Trace {
    /// Puts marks around the expressions of a template.
    pub fn of(template: &str) -> Self {
        let mut trace = Self { text: String::with_capacity(template.len() * 2), expressions: Vec::new() };
        // Names that statements define may hold whatever any of them reads.
        let mut in_statements = Vec::new();
        let mut rest = template;
        let mut inners = Vec::new();
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            trace.text.push_str(before);
            let (length, is_expression) = match from.as_bytes().get(1) {
                Some(b'{') => (end_of(from, "}}"), true),
                Some(b'%') => (end_of(from, "%}"), false),
                Some(b'#') => (from.find("#}").map(|at| at + 2), false),
                _ => (Some(1), false),
            };
            let length = length.unwrap_or(from.len());
            let whole = &from[..length];
            rest = &from[length..];
            if !is_expression || !whole.ends_with("}}") {
                in_statements.extend(reads(whole));
                trace.text.push_str(whole);
                // What is raw stays so.
                let word = whole.trim_start_matches(['{', '%', '-', '+']).trim_start();
                if whole.starts_with("{%") && word.starts_with("raw") {
                    let end = rest.find("endraw").unwrap_or(rest.len());
                    trace.text.push_str(&rest[..end]);
                    rest = &rest[end..];
                }
                continue;
            }
            let inner = &whole[2..length - 2];
            let (lead, inner) = trim_mark(inner, true);
            let (trail, inner) = trim_mark(inner, false);
            let number = inners.len();
            inners.push(inner);
            let marked =
                format!("{{{{{lead} \"{OPEN}{number}{NUMBER_END}\" }}}}{{{{ {inner} }}}}{{{{ \"{CLOSE}\" {trail}}}}}");
            trace.text.push_str(&marked);
        }
        trace.text.push_str(rest);
        for inner in inners {
            let mut read = reads_bare(inner);
            let is_path = inner.trim().chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
            if read.is_empty() || !is_path {
                read.extend(in_statements.iter().cloned());
            }
            trace.expressions.push(read);
        }
        trace
    }

    /// Returns what all of the template may read.
    pub fn reads(template: &str) -> Vec<Path> {
        reads(template)
    }

    /// Takes the marks out of the rendered text; none where this does not yield `rendered`, the text without marks.
    pub fn strip(&self, marked: &str, rendered: &str) -> Option<Vec<Piece>> {
        let mut at = 0;
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut pieces = Vec::new();
        let mut rest = marked;
        while let Some(next) = rest.find([OPEN, CLOSE]) {
            if !rendered.get(at..)?.starts_with(&rest[..next]) {
                return None;
            }
            at += next;
            let mark = rest[next..].chars().next()?;
            rest = &rest[next + mark.len_utf8()..];
            if mark == OPEN {
                let end = rest.find(NUMBER_END)?;
                open.push((at, rest[..end].parse().ok()?));
                rest = &rest[end + NUMBER_END.len_utf8()..];
            } else {
                let (start, number) = open.pop()?;
                pieces.push((start..at, self.expressions.get(number)?.clone()));
            }
        }
        (open.is_empty() && rendered.get(at..)? == rest).then_some(pieces)
    }
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

    #[test]
    fn each_piece_is_found_again_with_what_it_was_made_of() {
        let mut params = Map::new();
        params.put("a", Node::string("x", Origin::NOWHERE));
        params.put("l", Node::seq(vec![Node::string("y", Origin::NOWHERE); 2], Origin::NOWHERE));
        let params = Node::map(params, Origin::NOWHERE);
        let scope = Scope { params: Some(&params), ..Scope::default() };
        let render = |text: &str| render_document(text, &scope, Origin::NOWHERE).expect("renders");
        for (template, pieces) in [
            ("a: {{ params.a }}\n", "x=params.a"),
            ("a: \n  {{- params.a -}} \nb", "x=params.a"),
            ("{% for i in params.l %}- {{ i }}\n{% endfor %}{{ params.a }}", "y=params.l y=params.l x=params.a"),
            ("{% raw %}{{ a }}{% endraw %}{{ \"}}\" ~ params.a }}", "}}x=params.a"),
            ("{# {{ #}{% set q %}<{{ params.a }}>{% endset %}{{ q }}", "x=params.a <x>="),
            ("{{ {'k': params.a}['k'] }}", "x=params.a"),
        ] {
            let (rendered, trace) = (render(template), Trace::of(template));
            let found = trace.strip(&render(&trace.text), &rendered).expect("the same text");
            let told = |(range, read): Piece| {
                let read: Vec<String> = read.iter().map(|path| path.join(".")).collect();
                format!("{}={}", &rendered[range], read.join(","))
            };
            let found: Vec<String> = found.into_iter().map(told).collect();
            assert_eq!(found.join(" "), pieces, "{template}");
        }
        let template = "{% set q %}{{ params.a }}{% endset %}{{ q|length }}";
        let trace = Trace::of(template);
        assert_eq!(trace.strip(&render(&trace.text), &render(template)), None, "something else was made of the marks");
    }
}
