//! Regular expressions as Go writes them, which is what definitions of custom resources hold: RE2.
//!
//! The `regex` crate is of the same family. What it reads otherwise is written for it anew: classes of ASCII alone, braces
//! and brackets that are no syntax to Go, escapes that are words of the crate.

use regex::{Regex, RegexBuilder};

/// The most bytes that a compiled pattern may take: beyond it a pattern is refused, as one from a stranger may be.
const MAX_COMPILED_BYTES: usize = 10 << 20;

/// A pattern of a definition, ready to match.
#[derive(Debug)]
pub struct GoPattern(Regex);

impl GoPattern {
    /// Compiles a pattern; a refused one comes back as what is wrong with it.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let refused = |error: &regex::Error| match error {
            regex::Error::CompiledTooBig(_) => "it repeats too often".to_owned(),
            // The crate draws the pattern and a caret; its last line says what is wrong.
            error => {
                let text = error.to_string();
                text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        };
        let built = RegexBuilder::new(&translated(pattern)).size_limit(MAX_COMPILED_BYTES).build();
        built.map(Self).map_err(|error| refused(&error))
    }

    /// Whether any part of the text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Writes a pattern of Go for the crate.
fn translated(pattern: &str) -> String {
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
            let compiled = GoPattern::new(pattern).unwrap_or_else(|refused| panic!("{pattern}: {refused}"));
            assert!(compiled.is_match(fits), "{pattern} takes {fits}");
            assert!(!compiled.is_match(not), "{pattern} refuses {not}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in ["(?=a)b", "(?!a)b", "(?<=a)b", r"(a)\1", "a(", "[a", "*a", r"a\"] {
            assert!(GoPattern::new(pattern).is_err(), "{pattern}");
        }
        assert!(GoPattern::new("((a{1000}){1000}){1000}").is_err());
    }
}
