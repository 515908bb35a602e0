//! The known differences: what Fanfold refuses on purpose, although the server takes it.

use super::judge::Finding;

const TEXT: &str = include_str!("known.txt");

/// A line of the list.
#[derive(Debug)]
pub(super) struct Known {
    kind: &'static str,
    field: &'static str,
    code: &'static str,
    pub(super) line: &'static str,
}

/// Returns the list: `KIND FIELD CODE REASON` a line; `*` stands for any text, `[]` for any place in a list.
pub(super) fn known() -> Vec<Known> {
    let lines = TEXT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let known = |line: &'static str| {
        let mut words = line.split_whitespace();
        let [Some(kind), Some(field), Some(code), Some(_)] = std::array::from_fn(|_| words.next()) else {
            panic!("known.txt: `{line}` has a kind, a field, a code and a reason");
        };
        Known { kind, field, code, line }
    };
    lines.map(known).collect()
}

impl Known {
    pub(super) fn is(&self, kind: &str, finding: &Finding) -> bool {
        fits(self.kind, kind) && fits(self.code, finding.code) && fits(self.field, &shape(&finding.field))
    }
}

/// Returns a path without the numbers in it: `spec.containers[].name`.
pub(super) fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut parts = path.split('[');
    shape.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (inner, rest) = part.split_once(']').unwrap_or((part, ""));
        shape.push('[');
        if inner.parse::<usize>().is_err() {
            shape.push('k');
        }
        shape.push(']');
        shape.push_str(rest);
    }
    shape
}

/// Whether a text is what a pattern with stars says.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| fits(rest, &text[at..]))
}
