//! A regular expression in, the form that it asks for in words out: lower-case letters, digits and `-`.
//!
//! What would take more words than the expression itself is not described: nothing that is said is wrong or half of it.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::go_pattern::translated;
use crate::diagnostic::words;

/// The most parts that are told one after the other.
const PARTS: usize = 7;

/// Forms that many schemas ask for, without the marks around them: longer in words of their parts than in their own.
const KNOWN: &[(&str, &str)] = &[
    (
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
        "a DNS name: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
    ),
    (r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+", "a duration such as `1h30m` or `500ms`"),
    (r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+", "a duration such as `1h30m` or `500ms`"),
    (r"([0-9]{1,5}(h|m|s|ms)){1,4}", "a duration such as `1h30m` or `500ms`"),
    (
        r"(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?",
        "an amount such as `500m` or `1Gi`",
    ),
    (r"[0-9]+\.[0-9]+\.[0-9]+", "a version such as `1.2.3`"),
    (r"v?[0-9]+\.[0-9]+\.[0-9]+", "a version such as `1.2.3`"),
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "a UUID such as `123e4567-e89b-12d3-a456-426614174000`",
    ),
];

/// Describes what texts a pattern of Go's grammar takes, or `None` where words would say less.
pub(super) fn described(pattern: &str) -> Option<String> {
    let hir = bare(&regex_syntax::parse(&translated(pattern)).ok()?);
    let mut parts = flat(&hir);
    let mut starts = parts.first().is_some_and(|part| matches!(part.kind(), HirKind::Look(Look::Start)));
    let mut ends = parts.last().is_some_and(|part| matches!(part.kind(), HirKind::Look(Look::End)));
    parts.retain(|part| !matches!(part.kind(), HirKind::Look(Look::Start | Look::End)));
    // What may be anything at an end is no end.
    if starts && parts.len() > 1 && parts.last().is_some_and(is_anything) {
        ends = false;
        parts.pop();
    }
    if ends && parts.len() > 1 && parts.first().is_some_and(is_anything) {
        starts = false;
        parts.remove(0);
    }
    let known = |form: &&(&str, &str)| regex_syntax::parse(form.0).is_ok_and(|form| flat(&bare(&form)) == parts);
    let whole = || KNOWN.iter().find(known).map(|(_, words)| (*words).to_owned());
    match (starts, ends) {
        (true, true) => whole().or_else(|| sandwich(&parts)).or_else(|| sequence(&parts)),
        (true, false) => sequence(&parts).map(|form| format!("a text that begins with {form}")),
        (false, true) => sequence(&parts).map(|form| format!("a text that ends with {form}")),
        (false, false) => sequence(&parts).map(|form| format!("a text with {form} in it")),
    }
}

/// Returns a pattern without its groups.
fn bare(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => bare(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(bare).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(bare).collect()),
        HirKind::Repetition(many) => Hir::repetition(many.with(bare(&many.sub))),
        _ => hir.clone(),
    }
}

/// Returns the parts of a pattern that follow one another.
fn flat(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.clone(),
        _ => vec![hir.clone()],
    }
}

fn is_anything(part: &Hir) -> bool {
    let HirKind::Repetition(many) = part.kind() else { return false };
    many.min == 0 && many.max.is_none() && class_of(&many.sub).is_some_and(|set| set.is_nearly_all())
}

/// Describes names as most systems have them: any of some letters, and fewer at the ends.
fn sandwich(parts: &[Hir]) -> Option<String> {
    let (first, rest) = parts.split_first()?;
    let first = class_of(first)?;
    let (inner, bounded) = match rest {
        [one] => match one.kind() {
            HirKind::Repetition(maybe) if maybe.min == 0 && maybe.max == Some(1) => (flat(&maybe.sub), true),
            _ => (vec![one.clone()], false),
        },
        more => (more.to_vec(), false),
    };
    let (middle, last) = match inner.as_slice() {
        [middle] if !bounded => (middle, None),
        [middle, last] => (middle, Some(class_of(last)?)),
        _ => return None,
    };
    let HirKind::Repetition(many) = middle.kind() else { return None };
    let set = class_of(&many.sub)?;
    if many.min > 0 || !first.is_within(&set) || !last.as_ref().is_none_or(|last| last.is_within(&set)) {
        return None;
    }
    let ends = match &last {
        Some(last) if last.0 == first.0 => format!(", with {} at both ends", first.one()?),
        Some(last) => format!(", with {} first and {} last", first.one()?, last.one()?),
        None => format!(", with {} first", first.one()?),
    };
    let most = many.max.map(|most| most + 1 + u32::from(last.is_some()));
    let most = most.map(|most| format!(", at most {most} characters")).unwrap_or_default();
    Some(format!("{}{ends}{most}", set.many()?))
}

/// Describes parts that follow one another.
fn sequence(parts: &[Hir]) -> Option<String> {
    if parts.is_empty() || parts.len() > PARTS {
        return None;
    }
    let told: Option<Vec<String>> = parts.iter().map(|part| one_part(part, parts.len() == 1)).collect();
    let told = told?;
    match told.as_slice() {
        [only] => Some(only.clone()),
        [before @ .., last] => Some(format!("{}, then {last}", before.join(", then "))),
        [] => None,
    }
}

fn one_part(part: &Hir, alone: bool) -> Option<String> {
    if let Some(set) = class_of(part) {
        return set.one();
    }
    match part.kind() {
        HirKind::Literal(text) => quoted(std::str::from_utf8(&text.0).ok()?),
        HirKind::Alternation(choices) => {
            let texts: Option<Vec<String>> = choices.iter().map(text_of).collect();
            let texts = texts?;
            texts.iter().all(|text| !text.is_empty()).then(|| words::list(texts.iter().map(String::as_str), "or"))
        }
        HirKind::Repetition(many) => match (many.min, many.max) {
            (0, Some(1)) => one_part(&many.sub, false).map(|one| format!("perhaps {one}")),
            (min, max) => {
                let set = class_of(&many.sub)?;
                let each = set.many()?;
                Some(match (min, max) {
                    (0, None) if alone => each,
                    (0, None) => format!("perhaps {each}"),
                    (1, None) => each,
                    (min, Some(max)) if min == max => format!("{min} {each}"),
                    (min, None) => format!("{min} or more {each}"),
                    (0, Some(max)) => format!("at most {max} {each}"),
                    (min, Some(max)) => format!("{min} to {max} {each}"),
                })
            }
        },
        _ => None,
    }
}

/// Returns the one text that a part stands for.
fn text_of(part: &Hir) -> Option<String> {
    match part.kind() {
        HirKind::Literal(text) => std::str::from_utf8(&text.0).ok().map(str::to_owned),
        HirKind::Concat(parts) => parts.iter().map(text_of).collect(),
        _ => None,
    }
}

fn quoted(text: &str) -> Option<String> {
    let plain = !text.contains('`') && !text.chars().any(char::is_control);
    plain.then(|| if text == " " { "a blank".to_owned() } else { format!("`{text}`") })
}

/// Some characters, as ranges.
#[derive(PartialEq, Eq)]
struct Set(Vec<(char, char)>);

/// Returns the characters of which a part takes one.
fn class_of(part: &Hir) -> Option<Set> {
    match part.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Some(Set(class.ranges().iter().map(|range| (range.start(), range.end())).collect()))
        }
        HirKind::Literal(text) => {
            let mut letters = std::str::from_utf8(&text.0).ok()?.chars();
            let only = letters.next().filter(|_| letters.next().is_none())?;
            Some(Set(vec![(only, only)]))
        }
        _ => None,
    }
}

impl Set {
    fn has(&self, letter: char) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&letter))
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|(from, to)| other.0.iter().any(|(low, high)| low <= from && to <= high))
    }

    /// Whether it holds all but a few characters.
    fn is_nearly_all(&self) -> bool {
        self.0.last().is_some_and(|(_, to)| *to == char::MAX) && self.missing().is_some()
    }

    /// Returns the few characters that it lacks.
    fn missing(&self) -> Option<Vec<char>> {
        let lacking: Vec<char> = (0..=0x7f_u8).map(char::from).filter(|letter| !self.has(*letter)).collect();
        (lacking.len() <= 4).then_some(lacking)
    }

    /// Returns words for any number of them.
    fn many(&self) -> Option<String> {
        if self.is_nearly_all() {
            let told = self.missing()?.into_iter().filter(|letter| *letter != '\n');
            let but: Vec<String> = told.map(|letter| quoted(&letter.to_string())).collect::<Option<_>>()?;
            let but = (!but.is_empty()).then(|| format!(" other than {}", join(&but, "and")));
            return Some(format!("characters{}", but.unwrap_or_default()));
        }
        self.named(
            &[("letters", "lower-case letters", "upper-case letters"), ("digits", "hexadecimal digits", "blanks")],
            "and",
        )
    }

    /// Returns words for one of them.
    fn one(&self) -> Option<String> {
        if self.is_nearly_all() {
            return self.many().map(|many| many.replacen("characters", "any character", 1));
        }
        self.named(
            &[
                ("a letter", "a lower-case letter", "an upper-case letter"),
                ("a digit", "a hexadecimal digit", "a blank"),
            ],
            "or",
        )
    }

    fn named(&self, names: &[(&str, &str, &str); 2], word: &str) -> Option<String> {
        let [(letters, lower, upper), (digits, hexadecimal, blank)] = *names;
        let mut rest = self.0.clone();
        let mut take = |from: char, to: char| {
            let found = rest.iter().position(|range| *range == (from, to));
            found.map(|at| rest.remove(at)).is_some()
        };
        let mut told: Vec<String> = Vec::new();
        match (take('a', 'z'), take('A', 'Z'), take('0', '9')) {
            (true, true, number) => {
                told.extend([letters].into_iter().chain(number.then_some(digits)).map(str::to_owned));
            }
            (true, false, number) => {
                told.extend([lower].into_iter().chain(number.then_some(digits)).map(str::to_owned));
            }
            (false, true, number) => {
                told.extend([upper].into_iter().chain(number.then_some(digits)).map(str::to_owned));
            }
            (false, false, true) => {
                let hex = (take('a', 'f'), take('A', 'F'));
                told.push(if hex.0 || hex.1 { hexadecimal } else { digits }.to_owned());
            }
            (false, false, false) => {}
        }
        if take('\t', '\n') & take('\u{c}', '\r') & take(' ', ' ') {
            told.push(blank.to_owned());
        }
        for (from, to) in rest {
            let (from, to) = (u32::from(from), u32::from(to));
            let all: Option<Vec<String>> =
                (from..=to).take(5).map(|one| quoted(&char::from_u32(one)?.to_string())).collect();
            let all = all?;
            match all.len() {
                1..=4 => told.extend(all),
                _ => told.push(format!("{} to {}", all[0], quoted(&char::from_u32(to)?.to_string())?)),
            }
        }
        (!told.is_empty() && told.len() <= 8).then(|| join(&told, word))
    }
}

fn join(parts: &[String], word: &str) -> String {
    match parts {
        [before @ .., last] if !before.is_empty() => format!("{} {word} {last}", before.join(", ")),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn patterns_are_told_in_words_where_words_say_all() {
        for (pattern, words) in [
            ("^[a-z0-9]+$", "lower-case letters and digits"),
            (
                "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                "lower-case letters, digits and `-`, with a lower-case letter or a digit at both ends",
            ),
            (
                "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
                "lower-case letters, digits and `-`, with a lower-case letter or a digit at both ends, at most 63 characters",
            ),
            ("^[A-Za-z_][A-Za-z0-9_]*$", "letters, digits and `_`, with a letter or `_` first"),
            ("^(a|bc|d)$", "`a`, `bc` or `d`"),
            ("^[0-9]{4}-[0-9]{2}$", "4 digits, then `-`, then 2 digits"),
            ("^v[0-9]+$", "`v`, then digits"),
            (r"^v?\d+\.\d+\.\d+$", "a version such as `1.2.3`"),
            ("^https?://.*$", "a text that begins with `http`, then perhaps `s`, then `://`"),
            ("^https://", "a text that begins with `https://`"),
            ("^arn:aws:.*", "a text that begins with `arn:aws:`"),
            (r"\.git$", "a text that ends with `.git`"),
            ("@", "a text with `@` in it"),
            ("^[^/]+$", "characters other than `/`"),
            ("^.{1,40}$", "1 to 40 characters"),
            ("^[^/ ]{2}$", "2 characters other than a blank and `/`"),
            (r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$", "a duration such as `1h30m` or `500ms`"),
            ("^[0-9a-f]{64}$", "64 hexadecimal digits"),
            // What words would not say whole.
            ("^(a+b|c)*$", ""),
            ("(", ""),
        ] {
            assert_eq!(described(pattern).unwrap_or_default(), words, "{pattern}");
        }
    }
}
