//! What an expression may read: a text in, paths out, `params.db.password`, whole or broken as the text may be.
//!
//! It is asked whether a secret can come out of a text. The answer errs on one side: what is read by another way than a
//! path of names (`params[key]`, `params|items`, `params.get(…)`, a loop) may be any part of what stands before it.

use std::ops::Range;

use smol_str::SmolStr;

use super::expression::has_expression;

/// A path of names: `["params", "db", "password"]`.
pub type Path = Vec<SmolStr>;

/// What expressions see.
const ROOTS: &[&str] = &["params", "matrix", "name", "batch"];
/// The function of the engine that prints all of it.
const PRINTS_ALL: &str = "debug";

/// Returns what a text with expressions may read.
pub fn reads(text: &str) -> Vec<Path> {
    if !has_expression(text) {
        return Vec::new();
    }
    // From the first opening to the last closing: a brace inside a quote must not hide what follows it.
    let start = ["{{", "{%", "{#"].iter().filter_map(|open| text.find(open)).min().unwrap_or(0);
    let end = ["}}", "%}"].iter().filter_map(|close| text.rfind(close)).max().filter(|end| *end > start);
    reads_bare(&text[start..end.unwrap_or(text.len())])
}

/// Returns what an expression without its braces may read.
pub fn reads_bare(text: &str) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut at = 0;
    while let Some(word) = word_from(text, at) {
        at = word.end;
        let root = &text[word];
        if root == PRINTS_ALL {
            paths.extend(ROOTS.iter().map(|root| vec![SmolStr::new(root)]));
        } else if ROOTS.contains(&root) {
            let mut path = vec![SmolStr::new(root)];
            while let Some((part, end)) = next_part(text, at) {
                path.push(part.into());
                at = end;
            }
            paths.push(path);
        }
    }
    paths
}

/// Whether one path leads through what the other one names.
pub fn overlap(left: &[SmolStr], right: &[SmolStr]) -> bool {
    left.iter().zip(right).all(|(left, right)| left == right)
}

/// Returns the next word that is no part of a longer one.
fn word_from(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text[from..].find(is_letter)?;
    let end = text[start..].find(|letter| !is_letter(letter)).map_or(text.len(), |length| start + length);
    Some(start..end)
}

/// Returns the name that follows a path, `.name` or `["name"]`; a method and a name that is computed are none.
fn next_part(text: &str, at: usize) -> Option<(&str, usize)> {
    let skip = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let at = skip(at);
    match text[at..].chars().next()? {
        '.' => {
            let start = skip(at + 1);
            let word = word_from(text, start).filter(|word| word.start == start)?;
            (!text[skip(word.end)..].starts_with('(')).then_some((&text[word.clone()], word.end))
        }
        '[' => {
            let open = skip(at + 1);
            let quote = text[open..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let length = text[open + 1..].find(quote)?;
            let name = &text[open + 1..open + 1 + length];
            let close = skip(open + length + 2);
            (!name.contains('\\') && text[close..].starts_with(']')).then_some((name, close + 1))
        }
        _ => None,
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_path_of_names_may_be_all_of_it() {
        for (text, read) in [
            ("a {{ params.pw }} b", "params.pw"),
            ("{{ params . db [ 'pw' ] | upper }}", "params.db.pw"),
            ("{{ params[\"pw\"] }}", "params.pw"),
            ("{{ params[key] }}", "params"),
            ("{{ params['p' ~ 'w'] }}", "params"),
            ("{{ params.get('pw') }}", "params"),
            ("{{ params.db.get('pw') }}", "params.db"),
            ("{{ params.list[0] }}", "params.list"),
            ("{{ params|items }}", "params"),
            ("{% for k, v in params.db|items %}{{ v }}{% endfor %}", "params.db"),
            ("{% set p = params %}{{ p.pw }}", "params"),
            ("{{ '}}' ~ params.pw }}", "params.pw"),
            ("{{ params.pw", "params.pw"),
            ("{{ params.a + (params.b }} params.c", "params.a params.b"),
            ("{{ debug() }}", "params matrix name batch"),
            ("{{ myparams }} {{ matrix.x }}", "matrix.x"),
            ("params.pw", ""),
        ] {
            let found: Vec<String> = reads(text).iter().map(|path| path.join(".")).collect();
            assert_eq!(found.join(" "), read, "{text}");
        }
    }
}
