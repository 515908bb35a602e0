//! Values in; short lines that show them, or how two of them differ, out.
//!
//! A reader finds the change: long values are cut around it, JSON on one line is compared by its fields, and what nobody
//! sees (blanks at the end of a line, tabs, carriage returns, a missing last line break) is made visible where it differs.
//! Whatever is left out is counted, unless the report is a full one.

use serde_json::Value as Json;
use similar::{ChangeTag, DiffTag, TextDiff};

use super::lines::Sign;
use super::{grouped, one_line};
use crate::diff::Shown;
use crate::diff::effect::shown_text;
use crate::emit::{json, yaml};
use crate::kubernetes::{Look, Tree};
use crate::text::Node;

/// Values up to this length stand on one line.
const SHORT: usize = 72;
/// So much of a value is shown before and after what differs in it.
const AROUND: usize = 32;
/// The most fields of a JSON text that are told apart.
const MOST_FIELDS: usize = 12;
/// How the rest is seen.
pub(super) const WAY: &str = "`--full` shows all";

/// How much of a value is shown.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// The most lines of one value.
    lines: usize,
    /// The most characters of a line.
    width: usize,
    full: bool,
}

impl Room {
    pub(super) fn of(full: bool) -> Self {
        let (lines, width) = if full { (usize::MAX, usize::MAX) } else { (40, 200) };
        Self { lines, width, full }
    }

    /// Cuts what is too long, and says how much.
    pub(super) fn cut(self, text: &str) -> String {
        let length = text.chars().count();
        if length <= self.width {
            return text.to_owned();
        }
        let start: String = text.chars().take(self.width.saturating_sub(32)).collect();
        format!("{start}… ({} characters)", grouped(length))
    }

    /// Writes the lines of a value that another one took the place of.
    pub(super) fn changed(
        self,
        path: &str,
        old: &Shown,
        new: &Shown,
        place: &str,
        push: &mut impl FnMut(Sign, String),
    ) {
        let (Shown::Value(was), Shown::Value(is)) = (old, new) else {
            return push(Sign::Changed, format!("{path}: changed, and not shown{place}"));
        };
        let (one, other) = (seen(was), seen(is));
        let texts = shown_text(old).zip(shown_text(new));
        let (lists, broken) = (was.as_seq().zip(is.as_seq()), |text: &str| text.contains('\n'));
        match texts {
            Some((old, new)) if broken(old) || broken(new) => {
                push(Sign::Changed, format!("{path}:{place}"));
                return self.text(old, new, push);
            }
            // Of several items it is said which one differs.
            _ if one.chars().count() + other.chars().count() <= SHORT && !lists.is_some_and(has_parts) => {
                return push(Sign::Changed, format!("{path}: {one} → {other}{place}"));
            }
            Some((old, new)) if !self.full => {
                if let Some(fields) = json_fields(old, new) {
                    push(Sign::Changed, format!("{path}:{place}"));
                    return self.fields(&fields, push);
                }
            }
            _ => {}
        }
        push(Sign::Changed, format!("{path}:{place}"));
        if let Some((olds, news)) = lists {
            let list = |items: &[Node]| items.iter().map(|item| inline(item) + "\n").collect::<String>();
            return self.text(&list(olds), &list(news), push);
        }
        let (one, other) = self.around(&one, &other);
        push(Sign::Removed, format!("  {one}"));
        push(Sign::Added, format!("  {other}"));
    }

    /// Writes the lines of a value that is new, or gone.
    pub(super) fn whole(self, sign: Sign, path: &str, value: &Shown, place: &str, push: &mut impl FnMut(Sign, String)) {
        let Shown::Value(node) = value else {
            return push(sign, format!("{path}: not shown{place}"));
        };
        let text = inline(node);
        if text.chars().count() <= SHORT {
            return push(sign, format!("{path}: {text}{place}"));
        }
        push(sign, format!("{path}:{place}"));
        let mut bytes = Vec::new();
        yaml::write(node, &mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let count = text.lines().count();
        for line in text.lines().take(self.lines) {
            push(sign, format!("  {}", self.cut(&one_line(line))));
        }
        self.rest(count, push);
    }

    /// Says how many lines were left out.
    fn rest(self, count: usize, push: &mut impl FnMut(Sign, String)) {
        if let Some(more) = count.checked_sub(self.lines).filter(|more| *more > 0) {
            let word = if more == 1 { "line" } else { "lines" };
            push(Sign::Context, format!("  … and {} more {word}; {WAY}", grouped(more)));
        }
    }

    /// Writes the fields in which two JSON texts differ.
    fn fields(self, fields: &[(String, String)], push: &mut impl FnMut(Sign, String)) {
        for (at, (path, what)) in fields.iter().enumerate() {
            if at == MOST_FIELDS {
                let more = grouped(fields.len() - MOST_FIELDS);
                return push(Sign::Context, format!("  … and {more} more fields; {WAY}"));
            }
            push(Sign::Changed, self.cut(&format!("  {path}: {what}")));
        }
    }

    /// Writes the lines in which two texts differ, with a line around each.
    fn text(self, old: &str, new: &str, push: &mut impl FnMut(Sign, String)) {
        let diff = TextDiff::configure().timeout(std::time::Duration::from_millis(500)).diff_lines(old, new);
        let ends = [old, new].map(|text| text.is_empty() || text.ends_with('\n'));
        let mut out: Vec<(Sign, String)> = Vec::new();
        for (number, hunk) in diff.grouped_ops(1).iter().enumerate() {
            if number > 0 {
                out.push((Sign::Context, "  …".into()));
            }
            for op in hunk {
                let (mut gone, mut come) = (Vec::new(), Vec::new());
                for change in diff.iter_changes(op) {
                    let line = change.value();
                    match change.tag() {
                        ChangeTag::Equal => {
                            let line = self.cut(&one_line(line.trim_end_matches('\n')));
                            out.push((Sign::Context, format!("  {line}")));
                        }
                        ChangeTag::Delete => gone.push(line),
                        ChangeTag::Insert => come.push(line),
                    }
                }
                self.replaced(&gone, &come, ends, &mut out);
            }
        }
        let count = out.len();
        out.into_iter().take(self.lines).for_each(|(sign, line)| push(sign, line));
        self.rest(count, push);
    }

    /// Writes lines that others took the place of: those that stand at one place are cut around what differs in them.
    fn replaced(self, gone: &[&str], come: &[&str], ends: [bool; 2], out: &mut Vec<(Sign, String)>) {
        let blank = |lines: &[&str]| lines.concat().split_whitespace().collect::<Vec<_>>().join(" ");
        // Where nothing but blanks differs, all of them are shown.
        let all = blank(gone) == blank(come);
        let show = |lines: &[&str]| -> Vec<String> {
            lines.iter().map(|line| one_line(&visible(line.strip_suffix('\n').unwrap_or(line), all))).collect()
        };
        let (mut old, mut new) = (show(gone), show(come));
        for (one, other) in old.iter_mut().zip(&mut new) {
            (*one, *other) = self.around(one, other);
        }
        let lines = [(Sign::Removed, gone, old, ends), (Sign::Added, come, new, [ends[1], ends[0]])];
        for (sign, raw, shown, [own, others]) in lines {
            for (raw, line) in raw.iter().zip(shown) {
                out.push((sign, format!("  {}", self.cut(&line))));
                if !raw.ends_with('\n') && !own && others {
                    out.push((Sign::Context, "  \\ no line break at the end".into()));
                }
            }
        }
    }

    /// Cuts two texts around what differs in them.
    fn around(self, old: &str, new: &str) -> (String, String) {
        let (one, other): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
        if one.len().max(other.len()) <= self.width {
            return (old.to_owned(), new.to_owned());
        }
        let start = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
        let left = one.len().min(other.len()) - start;
        let end = one.iter().rev().zip(other.iter().rev()).take(left).take_while(|(one, other)| one == other).count();
        let from = start.saturating_sub(AROUND);
        let cut = |letters: &[char]| {
            let to = (letters.len() - end + AROUND).min(letters.len());
            let mut text: String = letters[from..to].iter().collect();
            if to - from > self.width {
                let half = self.width / 2 - 4;
                let tail: String = letters[to - half..to].iter().collect();
                text = letters[from..from + half].iter().collect::<String>() + " … " + &tail;
            }
            let before = if from > 0 { "…" } else { "" };
            let after = if to < letters.len() { "…" } else { "" };
            format!("{before}{text}{after}")
        };
        (cut(&one), cut(&other))
    }
}

/// Shows what nobody sees: blanks at the end of a line, and with `all` every tab and blank that is none of a space.
fn visible(line: &str, all: bool) -> String {
    let body = line.trim_end_matches([' ', '\t', '\r', '\u{a0}']).len();
    let mark = |letter: char, end: bool| match letter {
        ' ' if end => '·',
        '\t' if end || all => '⇥',
        '\r' if end || all => '␍',
        '\u{a0}' if end || all => '⍽',
        letter => letter,
    };
    line.char_indices().map(|(at, letter)| mark(letter, at >= body)).collect()
}

/// Returns the fields in which two JSON texts differ, if both are JSON objects or lists.
fn json_fields(old: &str, new: &str) -> Option<Vec<(String, String)>> {
    let read = |text: &str| serde_json::from_str::<Json>(text).ok().filter(|json| json.is_object() || json.is_array());
    let (old, new) = (read(old)?, read(new)?);
    let mut found = Vec::new();
    fields(&old, &new, String::new(), &mut found);
    (!found.is_empty()).then_some(found)
}

fn fields(old: &Json, new: &Json, path: String, found: &mut Vec<(String, String)>) {
    let below = |key: &str| match path.as_str() {
        _ if key.contains(['.', '[', ' ']) || key.is_empty() => format!("{path}[{key}]"),
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (old, new) {
        _ if old == new => {}
        (Json::Object(olds), Json::Object(news)) => {
            for (key, old) in olds {
                match news.get(key) {
                    Some(new) => fields(old, new, below(key), found),
                    None => found.push((below(key), format!("{} is gone", cut_json(old)))),
                }
            }
            let come = news.iter().filter(|(key, _)| !olds.contains_key(*key));
            found.extend(come.map(|(key, new)| (below(key), format!("{} is new", cut_json(new)))));
        }
        (Json::Array(olds), Json::Array(news)) if olds.len() == news.len() => {
            for (at, (old, new)) in olds.iter().zip(news).enumerate() {
                fields(old, new, format!("{path}[{at}]"), found);
            }
        }
        (Json::Array(olds), Json::Array(news)) => items(olds, news, &path, found),
        _ => {
            let (one, other) = Room { lines: 1, width: SHORT, full: false }.around(&old.to_string(), &new.to_string());
            found.push((path, format!("{} → {}", one_line(&one), one_line(&other))));
        }
    }
}

/// Tells the items of two lists of other lengths apart: those that are the same are, whatever stands before them.
fn items(olds: &[Json], news: &[Json], path: &str, found: &mut Vec<(String, String)>) {
    let texts = |items: &[Json]| items.iter().map(ToString::to_string).collect::<Vec<String>>();
    let (one, other) = (texts(olds), texts(news));
    let (one, other): (Vec<&str>, Vec<&str>) =
        (one.iter().map(String::as_str).collect(), other.iter().map(String::as_str).collect());
    let diff = TextDiff::configure().timeout(std::time::Duration::from_millis(500)).diff_slices(&one, &other);
    for op in diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal) {
        let (was, is) = (op.old_range(), op.new_range());
        let both = was.len().min(is.len());
        for (at, now) in was.clone().zip(is.clone()) {
            fields(&olds[at], &news[now], format!("{path}[{now}]"), found);
        }
        for at in was.skip(both) {
            found.push((format!("{path}[{at}]"), format!("{} is gone", cut_json(&olds[at]))));
        }
        for at in is.skip(both) {
            found.push((format!("{path}[{at}]"), format!("{} is new", cut_json(&news[at]))));
        }
    }
}

fn cut_json(json: &Json) -> String {
    Room { lines: 1, width: SHORT, full: false }.cut(&one_line(&json.to_string()))
}

/// Whether one of two lists has several items with parts of their own.
fn has_parts((olds, news): (&[Node], &[Node])) -> bool {
    [olds, news].iter().any(|items| items.len() > 2 && items.iter().any(|item| item.as_map().is_some()))
}

/// Writes a value on one line, with a mark for each blank that looks like a space and is none.
fn seen(node: &Node) -> String {
    match node.look() {
        Look::Text(text) if text.contains('\u{a0}') && !text.contains('\n') => one_line(&visible(text, true)),
        _ => inline(node),
    }
}

/// Returns the start of a value.
pub(super) fn short(shown: &Shown) -> String {
    match shown {
        Shown::Hidden => "not shown".into(),
        Shown::Value(node) => {
            let text = inline(node);
            if text.chars().count() > SHORT / 2 { text.chars().take(SHORT / 2).chain(['…']).collect() } else { text }
        }
    }
}

/// Writes a value on one line: a text that no reader takes for something else as it is.
pub(super) fn inline(node: &Node) -> String {
    if let Look::Text(text) = node.look() {
        let mut bytes = Vec::new();
        if !text.contains('\n') {
            yaml::write(&Node::string(text, node.origin()), &mut bytes);
            return one_line(String::from_utf8_lossy(&bytes).trim_end());
        }
    }
    let mut bytes = Vec::new();
    json::write_compact(node, &mut bytes);
    one_line(&String::from_utf8_lossy(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(old: &str, new: &str) -> Vec<String> {
        let mut out = Vec::new();
        Room::of(false).text(old, new, &mut |sign, line: String| {
            let mark = match sign {
                Sign::Removed => '-',
                Sign::Added => '+',
                _ => ' ',
            };
            out.push(format!("{mark}{line}"));
        });
        out
    }

    #[test]
    fn what_nobody_sees_is_shown_where_it_differs() {
        assert_eq!(lines("a \nb\n", "a\nb\n"), ["-  a·", "+  a", "   b"]);
        assert_eq!(lines("a\tb\r\n", "a b\n"), ["-  a⇥b␍", "+  a b"]);
        assert_eq!(lines("a\n", "a"), ["-  a", "+  a", "   \\ no line break at the end"]);
        assert_eq!(lines("\ta: 1\n", "\ta: 2\n"), ["-  \\ta: 1", "+  \\ta: 2"], "blanks that both have are escapes");
    }

    #[test]
    fn long_lines_are_cut_around_the_change() {
        let line = |word: &str| format!("{}{word}{}", "x".repeat(9000), "y".repeat(9000));
        let (old, new) = Room::of(false).around(&line("one"), &line("two"));
        assert!(old.chars().count() < 80 && old.contains("xoney") && new.contains("xtwoy"), "{old} {new}");
        let (old, new) = Room::of(false).around(&"a".repeat(9000), &"b".repeat(5000));
        assert!(old.chars().count() < 210 && new.chars().count() < 210);
        assert_eq!(Room::of(true).around(&line("one"), &line("two")).0, line("one"));
    }

    #[test]
    fn json_is_compared_by_its_fields() {
        let fields = |old: &str, new: &str| json_fields(old, new).unwrap_or_default();
        let found = fields(r#"{"a":{"b":[1,2,3]},"c.d":1}"#, r#"{"a":{"b":[1,5,3]},"e":2}"#);
        let texts: Vec<String> = found.iter().map(|(path, what)| format!("{path}: {what}")).collect();
        assert_eq!(texts, ["a.b[1]: 2 → 5", "[c.d]: 1 is gone", "e: 2 is new"]);
        assert_eq!(fields("[1,2,3]", "[0,1,2,3]"), [("[0]".to_owned(), "0 is new".to_owned())]);
        assert!(json_fields("12", "13").is_none() && json_fields("{}", "{ }").is_none());
    }
}
