//! Fixes: changes of the sources that mend a finding, and how far each may be trusted.
//!
//! What makes a finding says what to change; [`offered`] turns that into bytes, where it holds. This one place decides for
//! all codes and formats: what is replaced is a value as it was written, never an expression, a statement or a text that
//! only looks like the value; and what replaces it is read back as that value.

mod entry;

use smol_str::SmolStr;

use super::suggest::surely_means;
use super::words::quoted;
use super::{Diagnostic, did_you_mean};
use crate::text::scalar::{self, Meaning};
use crate::text::{Entry, Origin, SourceFile, Sources};

/// How far a fix may be trusted, in the words of ruff and cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// It is what was meant, or keeps the meaning: `check --fix` applies it.
    Safe,
    /// It is likely what was meant, and may change the meaning: `--unsafe-fixes` applies it as well.
    Unsafe,
    /// It shows what to write, and holds parts that only the user knows: nothing applies it.
    Display,
}

impl Applicability {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Display => "display",
        }
    }
}

/// A change of one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// The bytes to replace.
    pub origin: Origin,
    /// What to write in their place.
    pub replacement: String,
    /// What the place and the text are; one that is offered is always the bytes themselves.
    form: Form,
}

/// What an edit changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// The bytes of the place.
    Bytes,
    /// A word, in the quotes that it stands in; it is that word which must stand there.
    Word(String),
    /// An entry of a mapping, with the line or the comma that it takes; it is that key which must stand there.
    Entry(SmolStr),
    /// An item of a list, with the line or the comma that it takes.
    Item,
    /// The text is a further entry, after the one at the place, which has that key.
    Beside(SmolStr),
    /// The entry at another place is a further one, after the one at the place, which has that key.
    CopyBeside(SmolStr, Origin),
}

impl Edit {
    /// Replaces the bytes of a place.
    pub fn bytes(origin: Origin, replacement: impl Into<String>) -> Self {
        Self { origin, replacement: replacement.into(), form: Form::Bytes }
    }

    /// Replaces a word by another; nothing is changed where the source does not hold the word itself.
    pub fn word(origin: Origin, found: impl Into<String>, meant: impl Into<String>) -> Self {
        Self { origin, replacement: meant.into(), form: Form::Word(found.into()) }
    }

    /// Removes an entry of a mapping.
    pub fn without_entry(entry: &Entry) -> Self {
        Self { origin: whole(entry), replacement: String::new(), form: Form::Entry(entry.key.text.clone()) }
    }

    /// Removes an item of a list.
    pub fn without_item(origin: Origin) -> Self {
        Self { origin, replacement: String::new(), form: Form::Item }
    }

    /// Adds an entry after one that is written; its lines get the indentation of that one.
    pub fn beside(entry: &Entry, added: impl Into<String>) -> Self {
        Self { origin: whole(entry), replacement: added.into(), form: Form::Beside(entry.key.text.clone()) }
    }

    /// Adds an entry, as it stands elsewhere in the file, after another one.
    pub fn copy_beside(entry: &Entry, copied: &Entry) -> Self {
        let form = Form::CopyBeside(entry.key.text.clone(), whole(copied));
        Self { origin: whole(entry), replacement: String::new(), form }
    }

    /// Returns the edit as bytes of the source, or `None` where it does not hold.
    fn resolved(&self, sources: &Sources) -> Option<Self> {
        let file = sources.file(self.origin.file)?;
        // Who replaces an expression by what it gave for one instance changes all others.
        let written = sources.text(self.origin);
        if file.is_made() || ["{{", "{%", "{#"].iter().any(|open| written.contains(open)) {
            return None;
        }
        let bytes = |(range, replacement): (std::ops::Range<usize>, String)| {
            Self::bytes(Origin::new(self.origin.file, range.start, range.end), replacement)
        };
        match &self.form {
            Form::Bytes if self.replacement.is_empty() => Some(self.clone()),
            Form::Bytes => Some(Self::bytes(self.origin, as_value(written, &self.replacement, file)?)),
            Form::Word(found) => {
                let (at, replacement) = word(written, found, &self.replacement, file)?;
                let start = self.origin.start as usize;
                Some(bytes((start + at.start..start + at.end, replacement)))
            }
            // What was made of a shorthand has the place of that.
            Form::Entry(key) | Form::Beside(key) | Form::CopyBeside(key, _) if !starts_with(written, key) => None,
            Form::Entry(_) => entry::without(&file.text, self.origin, false).map(bytes),
            Form::Item => entry::without(&file.text, self.origin, true).map(bytes),
            Form::CopyBeside(_, from) => {
                let copy = entry::copied(&file.text, Some(*from).filter(|from| from.file == self.origin.file)?)?;
                entry::beside(&file.text, self.origin, &copy, is_json(file)).map(bytes)
            }
            Form::Beside(_) => entry::beside(&file.text, self.origin, &self.replacement, is_json(file)).map(bytes),
        }
    }
}

/// Returns the place of an entry, from its key to the end of its value.
fn whole(entry: &Entry) -> Origin {
    entry.key.origin.to(entry.value.origin())
}

/// Whether an entry starts with its key.
fn starts_with(written: &str, key: &str) -> bool {
    let bare = written.trim_start_matches(['"', '\'']);
    let rest = bare.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']).trim_start());
    rest.is_some_and(|rest| rest.starts_with(':'))
}

/// A change of the sources that mends the finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fix {
    /// The changes, which belong together.
    pub edits: Vec<Edit>,
    /// How far it may be trusted.
    pub applicability: Applicability,
}

impl Fix {
    /// Returns a fix that is what was meant.
    pub fn safe(edits: impl IntoIterator<Item = Edit>) -> Self {
        Self { edits: edits.into_iter().collect(), applicability: Applicability::Safe }
    }

    /// Returns a fix that may change the meaning.
    pub fn unsure(edits: impl IntoIterator<Item = Edit>) -> Self {
        Self { edits: edits.into_iter().collect(), applicability: Applicability::Unsafe }
    }

    /// Returns a fix to look at, with placeholders in it.
    pub fn sketch(edits: impl IntoIterator<Item = Edit>) -> Self {
        Self { edits: edits.into_iter().collect(), applicability: Applicability::Display }
    }

    /// Returns a fix that is what was meant if `sure`, and may change the meaning otherwise.
    pub fn safe_if(sure: bool, edits: impl IntoIterator<Item = Edit>) -> Self {
        if sure { Self::safe(edits) } else { Self::unsure(edits) }
    }

    /// Returns the only edit, if there is but one.
    pub fn only(&self) -> Option<&Edit> {
        Some(self.edits.first()?).filter(|_| self.edits.len() == 1)
    }
}

impl Diagnostic {
    /// Adds a change that likely mends it: one that may change the meaning.
    #[must_use]
    pub fn fix(self, origin: Origin, replacement: impl Into<String>) -> Self {
        self.with_fix(Fix::unsure([Edit::bytes(origin, replacement)]))
    }

    /// Adds the change that mends it.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Adds the candidate that was most likely meant in place of `word`, which stands at the place of the finding: the name
    /// of something that the user named, so that the other place may be the wrong one.
    #[must_use]
    pub fn did_you_mean<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match did_you_mean(word, candidates) {
            Some(near) => {
                let edit = Edit::word(self.origin, word, near);
                self.help(format!("did you mean `{near}`?")).with_fix(Fix::unsure([edit]))
            }
            None => self,
        }
    }

    /// Adds the word of a fixed list that was most likely meant in place of `word`, which stands at the place of the
    /// finding; a slip of the keyboard is mended safely.
    #[must_use]
    pub fn did_you_mean_word<'a>(self, word: &str, list: impl IntoIterator<Item = &'a str>) -> Self {
        let list: Vec<&str> = list.into_iter().collect();
        match did_you_mean(word, list.iter().copied()) {
            Some(near) => {
                let edit = Edit::word(self.origin, word, near);
                let sure = surely_means(word, near, list);
                self.help(format!("did you mean `{near}`?")).with_fix(Fix::safe_if(sure, [edit]))
            }
            None => self,
        }
    }
}

/// Returns the fix in bytes of the sources, as it may be offered, or `None` if it would not mend what it is offered for.
pub(super) fn offered(fix: &Fix, sources: &Sources) -> Option<Fix> {
    let edits = fix.edits.iter().map(|edit| edit.resolved(sources)).collect::<Option<Vec<Edit>>>()?;
    let changes = edits.iter().any(|edit| sources.text(edit.origin) != edit.replacement);
    changes.then_some(Fix { edits, applicability: fix.applicability })
}

/// Returns a text as it is written in the place of a value.
fn as_value(written: &str, replacement: &str, file: &SourceFile) -> Option<String> {
    if is_json(file) && !written.is_empty() && serde_json::from_str::<serde_json::Value>(replacement).is_err() {
        return Some(quoted(replacement));
    }
    if written.is_empty() {
        // A line is not added to what stands in braces.
        return (!is_json(file) || !replacement.ends_with('\n')).then(|| replacement.to_owned());
    }
    if is_read_back(replacement) {
        return Some(replacement.to_owned());
    }
    // A table has no quotes of YAML, and an expression none at all.
    (!is_table(file) && !replacement.contains('\n')).then(|| quoted(replacement))
}

/// Returns where in a text the word stands, with its quotes, and how another one is written there.
fn word(written: &str, found: &str, meant: &str, file: &SourceFile) -> Option<(std::ops::Range<usize>, String)> {
    let all = 0..written.len();
    let content = match written.chars().next()? {
        '"' => (serde_json::from_str::<String>(written).ok()? == found).then(|| (all.clone(), quoted(meant))),
        '\'' => {
            let inside = written.strip_prefix('\'')?.strip_suffix('\'')?;
            (inside.replace("''", "'") == found).then(|| (all.clone(), format!("'{}'", meant.replace('\'', "''"))))
        }
        _ if written == found => {
            let is_text = is_read_back(meant) && (is_table(file) || scalar::resolve(meant) == Meaning::Text);
            let quotes = !is_text && !is_table(file) && !meant.contains('\n');
            (is_text || quotes).then(|| (all.clone(), if quotes { quoted(meant) } else { meant.to_owned() }))
        }
        _ => None,
    };
    content.or_else(|| part(written, found, meant))
}

/// Finds a word that is a part of a text, and stands in it only once.
fn part(written: &str, found: &str, meant: &str) -> Option<(std::ops::Range<usize>, String)> {
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter))
    };
    if !plain(found) || !plain(meant) || written.contains('\n') {
        return None;
    }
    let mut places = written.match_indices(found);
    let (at, _) = places.next()?;
    let belongs = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let apart = !written[..at].ends_with(belongs) && !written[at + found.len()..].starts_with(belongs);
    (apart && places.next().is_none()).then(|| (at..at + found.len(), meant.to_owned()))
}

fn is_table(file: &SourceFile) -> bool {
    [".csv", ".tsv"].iter().any(|ending| file.name.ends_with(ending))
}

/// Whether a file is JSON, or YAML that may be.
fn is_json(file: &SourceFile) -> bool {
    file.name.ends_with(".json") || file.text.trim_start().starts_with(['{', '['])
}

/// Whether all readers take a text for itself, wherever it stands in YAML: it is quoted, or has nothing to quote.
fn is_read_back(text: &str) -> bool {
    if serde_json::from_str::<String>(text).is_ok() {
        return true;
    }
    let plain = |letter: char| letter.is_alphanumeric() || "-_./~%+=:@$".contains(letter);
    let (first, last) = (text.chars().next(), text.chars().last());
    text.chars().all(plain)
        && first.is_some_and(|first| first.is_alphanumeric() || "_./~+-$".contains(first))
        && last != Some(':')
        && !text.starts_with("- ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    fn offer(edit: Edit, sources: &Sources) -> Option<String> {
        let fix = offered(&Fix::safe([edit]), sources)?;
        let edit = fix.only().expect("one edit stays one");
        let mut text = sources.file(edit.origin.file)?.text.to_string();
        text.replace_range(edit.origin.start as usize..edit.origin.end as usize, &edit.replacement);
        Some(text)
    }

    #[test]
    fn a_change_holds_where_the_text_is_the_value() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: {{ x }}, b: c");
        let at = |start, end| Origin::new(file, start, end);
        let bytes = |origin, replacement: &str, sources: &Sources| offer(Edit::bytes(origin, replacement), sources);
        assert_eq!(bytes(at(3, 10), "Always", &sources), None, "an expression is no value");
        assert_eq!(bytes(at(15, 16), "Always", &sources).as_deref(), Some("a: {{ x }}, b: Always"));
        assert_eq!(bytes(at(15, 16), "\"3\"", &sources).as_deref(), Some("a: {{ x }}, b: \"3\""));
        assert_eq!(bytes(at(15, 16), "a, b", &sources).as_deref(), Some("a: {{ x }}, b: \"a, b\""));
        assert_eq!(bytes(at(15, 16), "a: b", &sources).as_deref(), Some("a: {{ x }}, b: \"a: b\""));
        assert_eq!(bytes(at(15, 16), "c", &sources), None, "nothing would change");
        assert_eq!(bytes(at(0, 0), "kind: Batch\n", &sources).as_deref(), Some("kind: Batch\na: {{ x }}, b: c"));
        let table = sources.add("a.csv", "a,b");
        assert_eq!(bytes(Origin::new(table, 0, 1), "c,d", &sources), None);
        let made = sources.add("a.j2", "a: b");
        sources.made_of(made, file, vec![Piece { start: 0, written: 0..4, is_copy: false }]);
        assert_eq!(bytes(Origin::new(made, 3, 4), "c", &sources), None, "nobody has written it");
        assert_eq!(bytes(Origin::NOWHERE, "c", &sources), None);
    }

    #[test]
    fn a_word_keeps_its_quotes_and_is_changed_where_it_stands_alone() {
        for (written, found, meant, expected) in [
            ("replcas", "replcas", "replicas", Some("replicas")),
            ("\"replcas\"", "replcas", "replicas", Some("\"replicas\"")),
            ("'replcas'", "replcas", "replicas", Some("'replicas'")),
            ("tru", "tru", "True", Some("\"True\"")),
            ("\"true\"", "true", "True", Some("\"True\"")),
            ("config/ap.yaml", "ap.yaml", "app.yaml", Some("config/app.yaml")),
            ("a-ap", "ap", "app", None),
            ("ap ap", "ap", "app", None),
            ("{{ x }}", "replcas", "replicas", None),
            ("*anchor", "replcas", "replicas", None),
        ] {
            let mut sources = Sources::default();
            let file = sources.add("a.yaml", written);
            let found = offer(Edit::word(Origin::new(file, 0, written.len()), found, meant), &sources);
            assert_eq!(found.as_deref(), expected, "{written}");
        }
        let mut sources = Sources::default();
        let file = sources.add("a.json", "{\"a\": 80}");
        assert_eq!(offer(Edit::bytes(Origin::new(file, 6, 8), "x"), &sources).as_deref(), Some("{\"a\": \"x\"}"));
    }
}
