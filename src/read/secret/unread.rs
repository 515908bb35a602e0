//! A document that cannot be read in, the lines of it that may be a secret out: all but the names of keys.
//!
//! Nothing is known of its tree, so that what says that it holds a Secret is looked for among its words.

use std::ops::Range;

use super::{Finder, words};
use crate::diagnostic::is_near;
use crate::text::Origin;

/// What marks a document that cannot be read: it may hold a Secret, or a spec's secrets.
const WORDS: &[&str] = &["secrets", "stringData"];
/// What marks the parameters of a spec that cannot be read: Secrets may be made of them elsewhere.
const PARAMETERS: &str = "params";

/// The kinds that a document with secrets has, each with its version: what says so is no secret.
const KINDS: &[&str] = &["Secret", "SecretList", "List", "Batch"];
const VERSIONS: &[&str] = &["v1", "fanfold.dev/v1"];

impl Finder<'_> {
    /// Hides what a text that could not be read says of parameters: the lines below their key, and all of the text where
    /// they stand in any other way. Expressions only name them.
    pub(super) fn unread_parameters(&mut self, range: Range<usize>) {
        let is_named = |text: &str| around_expressions(text).flat_map(words).any(|word| is_near(word, PARAMETERS));
        // Where the lines below a key begin, and how far it is indented.
        let mut below: Option<(usize, usize)> = None;
        let mut open = false;
        let mut at = range.start;
        for line in self.text[range.clone()].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let body = line.trim();
            let indent = line.len() - line.trim_start().len();
            if let Some((from, outer)) = below {
                if open || indent > outer || body.is_empty() || body.starts_with('#') {
                    open |= leaves_open(body);
                    continue;
                }
                self.unread(from..start);
                below = None;
            }
            match name_of_key(body) {
                Some(name) if is_named(&body[name.clone()]) => {
                    below = Some((start, indent));
                    open = leaves_open(&body[name.end..]);
                }
                _ if is_named(body) && !body.starts_with('#') => return self.unread(range),
                _ => {}
            }
        }
        if let Some((from, _)) = below {
            self.unread(from..range.end);
        }
    }

    /// Hides all of a text that could not be read, but for what can be nothing else than the name of a key.
    pub(super) fn unread(&mut self, range: Range<usize>) {
        self.marks.tainted.push(Origin::new(self.file, range.start, range.end));
        // Lines that are indented more belong to a value, and so does all that follows a quote or bracket left open.
        let (mut inside, mut open) = (None, false);
        let mut at = range.start;
        for line in self.text[range].split_inclusive('\n') {
            let start = at + line.len() - line.trim_start().len();
            let end = (at + line.trim_end().len()).max(start);
            let body = &self.text[start..end];
            let indent = start - at;
            at += line.len();
            if body.is_empty() || body == "---" {
                continue;
            }
            let column = indent + body.len() - body.trim_start_matches("- ").len();
            let name = name_of_key(body).filter(|_| !open && inside.is_none_or(|inside| indent <= inside));
            let Some(name) = name else {
                self.hide(start..end);
                open |= !body.starts_with('#') && leaves_open(body);
                continue;
            };
            let value = body[name.end..].trim();
            self.hide(start..start + name.start);
            if !says_what_it_is(&body[name.clone()], value) {
                self.hide(start + name.end..end);
            }
            inside = (!value.is_empty() && !value.starts_with('#')).then_some(column);
            open |= leaves_open(value);
        }
    }
}

/// Returns where the name of a key stands in a line, with its colon.
fn name_of_key(line: &str) -> Option<Range<usize>> {
    let start = line.len() - line.trim_start_matches("- ").len();
    let name = &line[start..];
    let quote = name.chars().next().filter(|first| matches!(first, '"' | '\''));
    let bare = quote.map_or(name, |quote| name.trim_start_matches(quote));
    let length = bare.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_./-".contains(letter)))?;
    let rest = &bare[length..];
    let rest = quote.map_or(Some(rest), |quote| rest.strip_prefix(quote))?;
    let after = rest.strip_prefix(':')?;
    let is_key = length > 0 && (after.is_empty() || after.starts_with([' ', '\t']));
    is_key.then(|| start..line.len() - after.len())
}

/// Whether a line gives the kind or the version of a document.
fn says_what_it_is(name: &str, value: &str) -> bool {
    let is_one_of = |known: &[&str]| known.iter().any(|known| is_near(value, known));
    match name.trim_start_matches("- ").trim_matches(['"', '\'', ':']) {
        "kind" => is_one_of(KINDS),
        "apiVersion" => is_one_of(VERSIONS),
        _ => false,
    }
}

/// Whether a quote or bracket of a line is not closed on it.
fn leaves_open(text: &str) -> bool {
    let count = |wanted: char| text.chars().filter(|letter| *letter == wanted).count();
    count('"') % 2 == 1 || count('\'') % 2 == 1 || count('{') != count('}') || count('[') != count(']')
}

/// Whether a text that could not be read says that it is, or holds, a Secret.
pub(super) fn may_hold_secret(text: &str) -> bool {
    let mut after_kind = false;
    words(text).any(|word| {
        let is_kind = is_near(word, "kind");
        let found = WORDS.iter().any(|known| is_near(word, known))
            || word == "Secret"
            || (after_kind && (is_near(word, "Secret") || is_near(word, "SecretList")));
        // `kind: !!str Secret` says so too.
        after_kind = is_kind || (after_kind && word == "str");
        found
    })
}

/// Whether a text inside of a document is a Secret, or a spec with secrets, in YAML or JSON.
pub(super) fn embeds_secret(text: &str) -> bool {
    // Few texts hold any of these.
    if !(text.contains("ind") || text.contains("tring") || text.contains("secrets")) {
        return false;
    }
    let follows = |at: usize| text[at..].trim_start_matches(['"', '\'', '\\', ' ', '\t']).strip_prefix(':');
    let mut own = words(text).map(|word| (word, word.as_ptr().addr() - text.as_ptr().addr() + word.len()));
    own.any(|(word, end)| match word {
        "secrets" => text.contains("fanfold.dev/") && follows(end).is_some(),
        _ if word.starts_with(['s', 'S']) && is_near(word, "stringData") => follows(end).is_some(),
        "kind" | "Kind" => follows(end)
            .and_then(|after| words(after).next())
            .is_some_and(|kind| is_near(kind, "Secret") || is_near(kind, "SecretList")),
        _ => false,
    })
}

/// Returns the parts of a text that stand in no `{{ … }}`.
fn around_expressions(text: &str) -> impl Iterator<Item = &str> {
    let outside =
        |(at, part): (usize, _)| if at == 0 { part } else { str::split_once(part, "}}").map_or("", |(_, rest)| rest) };
    text.split("{{").enumerate().map(outside)
}
