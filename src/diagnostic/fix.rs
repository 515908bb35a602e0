//! A change that a finding offers in; the same change out if it holds where it would be made.
//!
//! This one place decides for all codes and formats: what is replaced is a value as it was written, never an expression,
//! a statement or a text that only looks like the value; and what replaces it is read back as that value.

use super::Fix;
use super::words::quoted;
use crate::text::Sources;

/// Returns the change as it may be offered, or `None` if it would not mend what it is offered for.
pub(super) fn offered(fix: &Fix, sources: &Sources) -> Option<Fix> {
    let file = sources.file(fix.origin.file)?;
    let written = sources.text(fix.origin);
    // Who replaces an expression by what it gave for one instance changes all others.
    if file.is_made() || ["{{", "{%", "{#"].iter().any(|open| written.contains(open)) {
        return None;
    }
    if written.is_empty() || is_read_back(&fix.replacement) {
        return Some(fix.clone());
    }
    // A table has no quotes of YAML, and an expression none at all.
    let is_yaml = ![".csv", ".tsv"].iter().any(|ending| file.name.ends_with(ending));
    (is_yaml && !fix.replacement.contains('\n')).then(|| Fix { replacement: quoted(&fix.replacement), ..fix.clone() })
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
    use crate::text::{Origin, Piece};

    #[test]
    fn a_change_holds_where_the_text_is_the_value() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: {{ x }}, b: c");
        let at = |start, end| Origin::new(file, start, end);
        let offer = |origin, replacement: &str, sources: &Sources| {
            offered(&Fix { origin, replacement: replacement.to_owned() }, sources).map(|fix| fix.replacement)
        };
        assert_eq!(offer(at(3, 10), "Always", &sources), None, "an expression is no value");
        assert_eq!(offer(at(15, 16), "Always", &sources).as_deref(), Some("Always"));
        assert_eq!(offer(at(15, 16), "\"3\"", &sources).as_deref(), Some("\"3\""));
        assert_eq!(offer(at(15, 16), "a, b", &sources).as_deref(), Some("\"a, b\""));
        assert_eq!(offer(at(15, 16), "a: b", &sources).as_deref(), Some("\"a: b\""));
        assert_eq!(offer(at(0, 0), "kind: Batch\n", &sources).as_deref(), Some("kind: Batch\n"));
        let table = sources.add("a.csv", "a,b");
        assert_eq!(offer(Origin::new(table, 0, 1), "c,d", &sources), None);
        let made = sources.add("a.j2", "a: b");
        sources.made_of(made, file, vec![Piece { start: 0, written: 0..4, is_copy: false }]);
        assert_eq!(offer(Origin::new(made, 3, 4), "c", &sources), None, "nobody has written it");
        assert_eq!(offer(Origin::NOWHERE, "c", &sources), None);
    }
}
