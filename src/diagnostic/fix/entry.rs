//! Entries of mappings and lists in a text: what goes with one when it is removed, and how one is added.
//!
//! A text and the place of an entry enter; the bytes to replace leave, or `None` where the lines around it are not as simple.

use std::ops::Range;

use crate::text::Origin;

/// Returns the bytes that go with an entry, or an item of a list, and what takes their place.
pub(super) fn without(text: &str, origin: Origin, is_item: bool) -> Option<(Range<usize>, String)> {
    let (start, end) = bounds(text, origin)?;
    let line = line_start(text, start);
    let before = &text[line..start];
    let rest = &text[end..];
    let next = rest.trim_start();
    let gap = rest.len() - next.len();
    let range = match next.chars().next() {
        Some(',') => {
            let after = end + gap + 1;
            let spaces = text[after..].len() - text[after..].trim_start_matches([' ', '\t']).len();
            match break_at(text, after + spaces) {
                // The line that it has for itself.
                Some(break_) if before.trim().is_empty() => line..break_,
                _ => start..after + spaces,
            }
        }
        Some('}' | ']') => {
            let lead = text[..start].trim_end();
            if lead.ends_with(',') { lead.len() - 1..end } else { start..end }
        }
        _ => {
            let break_ = end_of_line(text, end)?;
            match (before.trim(), is_item) {
                ("", false) | ("-", true) => line..break_,
                // The next entry takes the dash.
                ("-", false) => {
                    let column = before.chars().count();
                    let indent = text[break_..].len() - text[break_..].trim_start_matches(' ').len();
                    let follows = text[break_ + indent..].starts_with(|letter: char| !"#\r\n-".contains(letter));
                    (indent == column && follows).then_some(start..break_ + indent)?
                }
                _ => return None,
            }
        }
    };
    Some((range, String::new()))
}

/// Returns where a further entry is written after one, and its text.
pub(super) fn beside(text: &str, origin: Origin, entry: &str, is_json: bool) -> Option<(Range<usize>, String)> {
    let (start, end) = bounds(text, origin)?;
    let line = line_start(text, start);
    let before = &text[line..start];
    if before.trim_start_matches([' ', '-']).is_empty() && !is_json {
        let break_ = end_of_line(text, end)?;
        let indent = " ".repeat(before.chars().count());
        let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
        let lines: String = entry.lines().map(indented).collect();
        let is_ended = text[..break_].ends_with('\n');
        return Some((break_..break_, if is_ended { lines } else { format!("\n{}", lines.trim_end()) }));
    }
    let is_flow = text[end..].trim_start().starts_with([',', '}']);
    (is_flow && !is_json && !entry.contains('\n')).then(|| (end..end, format!(", {entry}")))
}

/// Returns an entry as a text of its own, which is indented no further than its key.
pub(super) fn copied(text: &str, origin: Origin) -> Option<String> {
    let (start, end) = bounds(text, origin)?;
    let column = text[line_start(text, start)..start].chars().count();
    let mut lines = text[start..end].lines();
    let mut copy = lines.next()?.to_owned();
    for line in lines {
        let indent = line.len() - line.trim_start_matches(' ').len();
        copy.push('\n');
        // Items of a list may stand below the column of their key, and no further out.
        copy.push_str(if line.trim().is_empty() { "" } else { line.get(column.min(indent)..)? });
        if indent < column && !line.trim().is_empty() {
            return None;
        }
    }
    Some(copy)
}

/// Returns the bytes of an entry without the space after it.
fn bounds(text: &str, origin: Origin) -> Option<(usize, usize)> {
    let start = origin.start as usize;
    let written = text.get(start..origin.end as usize)?;
    Some((start, start + written.trim_end().len())).filter(|(start, end)| start < end)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |line| line + 1)
}

/// Returns the byte after the break of a line that holds nothing more than a comment.
fn end_of_line(text: &str, at: usize) -> Option<usize> {
    let end = text[at..].find('\n').map_or(text.len(), |line| at + line + 1);
    let rest = text[at..end].trim();
    (rest.is_empty() || (rest.starts_with('#') && text[at..].starts_with([' ', '\t']))).then_some(end)
}

/// Returns the byte after a break that stands at a place.
fn break_at(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].strip_prefix('\r').unwrap_or(&text[at..]);
    rest.starts_with('\n').then(|| text.len() - rest.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn place(text: &str, of: &str) -> Origin {
        let start = text.rfind(of).expect("it is there");
        Origin::new(FileId(0), start, start + of.len())
    }

    #[test]
    fn an_entry_goes_with_its_line_or_its_comma() {
        for (text, entry, is_item, expected) in [
            ("a: 1\nb: 2 # why\nc: 3\n", "b: 2", false, Some("a: 1\nc: 3\n")),
            ("a: 1\nb:\n  - 2\n  - 3\nc: 3\n", "b:\n  - 2\n  - 3\n", false, Some("a: 1\nc: 3\n")),
            ("{a: 1, b: 2, c: 3}", "b: 2", false, Some("{a: 1, c: 3}")),
            ("{a: 1, b: 2}", "b: 2", false, Some("{a: 1}")),
            ("{b: 2}", "b: 2", false, Some("{}")),
            ("{\n  \"a\": 1,\n  \"b\": 2\n}", "\"b\": 2", false, Some("{\n  \"a\": 1\n}")),
            ("{\n  \"a\": 1,\r\n  \"b\": 2\n}", "\"a\": 1", false, Some("{\n  \"b\": 2\n}")),
            ("l:\n- a: 1\n  b: 2\n", "a: 1", false, Some("l:\n- b: 2\n")),
            ("l:\n- a: 1\n- b: 2\n", "a: 1", false, None),
            ("l:\n- a: 1\n  b: 2\n- c: 3\n", "a: 1\n  b: 2", true, Some("l:\n- c: 3\n")),
            ("l: [1, 22, 3]", "22", true, Some("l: [1, 3]")),
            ("a: 1\nb: 2", "b: 2", false, Some("a: 1\n")),
            ("? b: 2\n", "b: 2", false, None),
        ] {
            let made = without(text, place(text, entry), is_item).map(|(range, replacement)| {
                let mut text = text.to_owned();
                text.replace_range(range, &replacement);
                text
            });
            assert_eq!(made.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_entry_is_copied_without_its_indentation() {
        let text = "a:\n    b:\n    - c: |\n        d\n\n      e: f\n";
        let copy = copied(text, place(text, "b:\n    - c: |\n        d\n\n      e: f\n"));
        assert_eq!(copy.as_deref(), Some("b:\n- c: |\n    d\n\n  e: f"));
        let text = "- a: {b: 1,\n c: 2}\n";
        assert_eq!(copied(text, place(text, "a: {b: 1,\n c: 2}")), None, "a line stands further out");
    }

    #[test]
    fn an_entry_is_added_as_its_neighbor_is_written() {
        for (text, entry, added, is_json, expected) in [
            ("a:\n  b: 2 # why\nc: 3\n", "b: 2", "d: 4", false, Some("a:\n  b: 2 # why\n  d: 4\nc: 3\n")),
            ("- b: 2", "b: 2", "d:\n  e: 4", false, Some("- b: 2\n  d:\n    e: 4")),
            ("{b: 2, c: 3}", "b: 2", "d: 4", false, Some("{b: 2, d: 4, c: 3}")),
            ("{\"b\": 2}", "\"b\": 2", "d: 4", true, None),
        ] {
            let made = beside(text, place(text, entry), added, is_json).map(|(range, replacement)| {
                let mut text = text.to_owned();
                text.replace_range(range, &replacement);
                text
            });
            assert_eq!(made.as_deref(), expected, "{text}");
        }
    }
}
