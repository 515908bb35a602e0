//! Regular expressions as Go writes them, which is what definitions of custom resources hold: RE2.
//!
//! The `regex` crate is of the same family. What it reads otherwise is written for it anew: classes of ASCII alone, braces
//! and brackets that are no syntax to Go, escapes that are words of the crate.

use std::sync::atomic::{AtomicUsize, Ordering};

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::limits;

/// The most bytes that a compiled pattern may take: beyond it a pattern is refused, as one from a stranger may be.
const MAX_COMPILED_BYTES: usize = 10 << 20;
/// How often Go repeats something at most, with all repetitions around it.
const MAX_REPEATED: u32 = 1000;

/// What the patterns of one definition may still cost.
#[derive(Debug)]
pub struct Patterns(AtomicUsize);

impl Default for Patterns {
    fn default() -> Self {
        Self(AtomicUsize::new(limits::EXPRESSION_PARTS))
    }
}

impl Patterns {
    /// Returns the parts of all patterns so far.
    pub fn taken(&self) -> usize {
        limits::EXPRESSION_PARTS - self.0.load(Ordering::Relaxed)
    }

    /// Compiles a pattern; a refused one comes back as what is wrong with it.
    pub fn compile(&self, pattern: &str) -> Result<GoPattern, String> {
        let translated = translated(pattern);
        // What cannot be read is refused below, in the words of the other library.
        if let Ok(parsed) = regex_syntax::parse(&translated) {
            if repeated(&parsed) > u64::from(MAX_REPEATED) {
                return Err(format!("it repeats something more than {MAX_REPEATED} times"));
            }
            let cost = parts(&parsed);
            let paid = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
            if paid.is_err() {
                return Err("all patterns of the definition together take too much".to_owned());
            }
        }
        GoPattern::build(&translated)
    }
}

/// Returns how often the innermost part of a pattern is repeated.
fn repeated(pattern: &Hir) -> u64 {
    let below = |parts: &[Hir]| parts.iter().map(repeated).max().unwrap_or(1);
    match pattern.kind() {
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(repetition.min).max(1);
            u64::from(times).saturating_mul(repeated(&repetition.sub))
        }
        HirKind::Capture(capture) => repeated(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => below(parts),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => 1,
    }
}

/// Returns of how many parts the compiled pattern consists.
fn parts(pattern: &Hir) -> usize {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(repetition.min).max(1);
            parts(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Concat(below) | HirKind::Alternation(below) => below.iter().map(parts).fold(0, usize::saturating_add),
    }
}

/// A pattern of a definition, ready to match.
#[derive(Debug)]
pub struct GoPattern(Regex);

impl GoPattern {
    fn build(translated: &str) -> Result<Self, String> {
        let refused = |error: &regex::Error| match error {
            regex::Error::CompiledTooBig(_) => "it repeats too often".to_owned(),
            // The crate draws the pattern and a caret; its last line says what is wrong.
            error => {
                let text = error.to_string();
                text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        };
        let built = RegexBuilder::new(translated).size_limit(MAX_COMPILED_BYTES).build();
        built.map(Self).map_err(|error| refused(&error))
    }

    /// Whether any part of the text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Returns the parts of the text that match, in order.
    pub fn find_all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.0.find_iter(text).map(|found| found.as_str())
    }
}

/// Writes a pattern of Go for the crate.
pub(super) fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = 0_usize;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '\\' => length = escape(rest, class > 0, &mut out),
            '[' if class == 0 => {
                class = 1;
                out.push('[');
                // A bracket that closes at once is one of the class.
                for mark in ["^", "]"] {
                    if rest[length..].starts_with(mark) {
                        out.push_str(if mark == "]" { "\\]" } else { mark });
                        length += 1;
                    }
                }
            }
            '[' => match rest.find(":]").filter(|_| rest.starts_with("[:")) {
                Some(end) => {
                    length = end + 2;
                    out.push_str(&rest[..length]);
                }
                None => out.push_str("\\["),
            },
            ']' if class > 0 => {
                class = 0;
                out.push(']');
            }
            '&' | '~' if class > 0 => out.extend(['\\', first]),
            // The crate takes two dashes for a difference of classes.
            '-' if class > 0 && rest.starts_with("--") => {
                length = 2;
                out.push_str("-\\-");
            }
            '{' if class == 0 && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(first),
        }
        rest = &rest[length..];
    }
    out
}

/// Writes the escape that a text starts with, and returns its length.
fn escape(text: &str, in_class: bool, out: &mut String) -> usize {
    let Some(letter) = text[1..].chars().next() else {
        out.push('\\');
        return 1;
    };
    let written = match (letter, in_class) {
        ('d', false) => "[0-9]",
        ('D', _) => "[^0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('d', true) => "0-9",
        ('w', true) => "0-9A-Za-z_",
        ('s', true) => "\\t\\n\\f\\r ",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        ('<', _) => "<",
        ('>', _) => ">",
        ('Q', false) => {
            let end = text.find("\\E").unwrap_or(text.len());
            out.push_str(&regex::escape(&text[2..end]));
            return (end + 2).min(text.len());
        }
        _ => {
            out.extend(['\\', letter]);
            return 1 + letter.len_utf8();
        }
    };
    out.push_str(written);
    2
}

/// Whether a text starts with the count of a repetition: `{2}`, `{2,}`, `{2,5}`.
fn is_repetition(text: &str) -> bool {
    let Some(end) = text.find('}') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], ""));
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_to_go() {
        for (pattern, fits, not) in [
            ("^(?i)(abort|warn)?$", "ABORT", "abor"),
            ("^(?P<a>x)(?:y)$", "xy", "x"),
            (r"\Aa+\z", "aa", "aa\n"),
            ("^[[:alpha:]]+$", "ab", "a1"),
            ("^[[:^digit:]_]+$", "ab_", "1"),
            (r"^\d+$", "12", "१२"),
            (r"^\w+$", "a_1", "é"),
            (r"^[\w.-]+$", "a.b-c", "é"),
            (r"^[^\s]+$", "a\u{a0}", "a b"),
            ("^{a}$", "{a}", "a"),
            (r"^\{a{2}\}$", "{aa}", "{a}"),
            ("^[a[]+$", "[a", "b"),
            ("^[]a]+$", "]a", "b"),
            ("^[^]a]+$", "b", "]"),
            ("^[a&&b]+$", "&", "c"),
            (r"^\<a\>$", "<a>", "a"),
            (r"^\Qa.b\E$", "a.b", "axb"),
            (r"^\pL+$", "é", "1"),
            ("(?s)^a.b$", "a\nb", "ab"),
            (r"^a\/b$", "a/b", "ab"),
            ("^[+--]+$", "+,-", "."),
            ("b", "abc", "ac"),
        ] {
            let compiled =
                Patterns::default().compile(pattern).unwrap_or_else(|refused| panic!("{pattern}: {refused}"));
            assert!(compiled.is_match(fits), "{pattern} takes {fits}");
            assert!(!compiled.is_match(not), "{pattern} refuses {not}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in ["(?=a)b", "(?!a)b", "(?<=a)b", r"(a)\1", "a(", "[a", "*a", r"a\"] {
            assert!(Patterns::default().compile(pattern).is_err(), "{pattern}");
        }
        assert!(Patterns::default().compile("((a{1000}){1000}){1000}").is_err());
        assert!(Patterns::default().compile("(a{1,100}){1,10}").is_ok(), "a thousand times is fine");
        assert!(Patterns::default().compile("(a{1,100}){1,11}").is_err());
    }

    #[test]
    fn many_large_patterns_are_too_much_together() {
        let patterns = Patterns::default();
        let large = |at: usize| format!(r"(\pL{{1,100}}){{1,2}}{at}");
        assert!(patterns.compile(&large(0)).is_ok());
        let refused = (1..100).find_map(|at| patterns.compile(&large(at)).err());
        assert!(refused.is_some_and(|reason| reason.contains("together")));
    }
}
