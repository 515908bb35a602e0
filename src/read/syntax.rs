//! A text that is no YAML, and what the parser says of it, in; the ways out of the usual slips out.

use crate::diagnostic::words::odd_space;

/// A line that is longer has no slip that is seen at once, in bytes.
const LONGEST_LINE: usize = 1_000;
/// The longest value that a hint repeats, in bytes.
const LONGEST: usize = 60;

/// A way out.
pub(super) struct Hint {
    /// The words.
    pub(super) text: String,
    /// Whether they repeat what is written in the text.
    pub(super) repeats: bool,
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self { text, repeats: false }
    }
}

/// Returns ways out for an error that the parser found at a byte of a text.
pub(super) fn hints(text: &str, at: usize, message: &str) -> Vec<Hint> {
    let line = line_at(text, at);
    let before = &text[..line.start];
    if line.end - line.start > LONGEST_LINE {
        return Vec::new();
    }
    let above = before.lines().rev().find(|line| !is_empty(line)).unwrap_or_default();
    let shown = &text[line.start..line.end];
    if let Some(space) = [shown, above].into_iter().find_map(odd_space) {
        return vec![format!("{space} stands in the line, which is none to YAML: write a plain one").into()];
    }
    let mut hints: Vec<Hint> = Vec::new();
    match message {
        "unclosed bracket `[`" => {
            hints.push("close it with `]`: the list goes on until then, over all lines".to_owned().into());
        }
        "unclosed bracket `{`" => {
            hints.push("close it with `}`: the mapping goes on until then, over all lines".to_owned().into());
        }
        _ => {}
    }
    if message.starts_with("mapping values are not allowed") {
        let hint = second_colon(shown, at - line.start);
        hints.extend(hint.or_else(|| deeper_than_value(shown, above).map(Hint::from)));
    } else if message.contains("did not find expected") {
        hints.extend(between(shown, before).map(Hint::from));
    }
    if shown[..shown.len() - shown.trim_start().len()].contains('\t') {
        hints.push("YAML does not allow tabs in indentation: use spaces".to_owned().into());
    }
    hints
}

struct Line {
    start: usize,
    end: usize,
}

fn line_at(text: &str, at: usize) -> Line {
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    Line { start: text[..at].rfind('\n').map_or(0, |newline| newline + 1), end }
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// `image: nginx: 1.27`
fn second_colon(line: &str, at: usize) -> Option<Hint> {
    let (key, _) = line.get(..at)?.split_once(": ")?;
    let value = line[key.len() + 2..].split(" #").next()?.trim();
    let key = key.trim_start().trim_start_matches("- ");
    let is_plain = !value.starts_with(['"', '\'', '[', '{', '&', '*', '!', '|', '>']);
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    (is_plain && value.len() <= LONGEST).then(|| Hint {
        text: format!("a text with a colon and a space in it needs quotes: `{key}: \"{value}\"`"),
        repeats: true,
    })
}

fn deeper_than_value(line: &str, above: &str) -> Option<String> {
    let has_value = above.contains(": ") && !above.trim_end().ends_with(['|', '>', ':']);
    (indent(line) > indent(above) && has_value).then(|| {
        format!(
            "the line is indented by {} spaces, and the one above it, which has a value already, by {}: fields of one \
             mapping stand right below each other",
            indent(line),
            indent(above)
        )
    })
}

/// A line that stands between the fields of two mappings around it.
fn between(line: &str, before: &str) -> Option<String> {
    let here = indent(line);
    let mut around: Vec<usize> = Vec::new();
    for above in before.lines().rev().filter(|line| !is_empty(line)) {
        // The items of a list stand where their first field does.
        let at = above.len() - above.trim_start_matches([' ', '-']).len();
        for at in [at, indent(above)] {
            if around.last().is_none_or(|last| at < *last) {
                around.push(at);
            }
        }
        if indent(above) == 0 {
            break;
        }
    }
    let deeper = around.iter().copied().filter(|at| *at > here).min()?;
    let less = around.iter().copied().filter(|at| *at < here).max()?;
    (!around.contains(&here)).then(|| {
        format!("the line is indented by {here} spaces, and the fields above it by {less} and {deeper}: indent it as those that it belongs to")
    })
}

#[cfg(test)]
mod tests {
    use super::hints;

    #[test]
    fn the_usual_slips_are_known() {
        let found = |text: &str, at: &str, message: &str| {
            let hints = hints(text, text.find(at).unwrap(), message);
            hints.into_iter().map(|hint| hint.text).collect::<Vec<_>>().join("; ")
        };
        let values = "mapping values are not allowed in this context";
        let key = "while parsing a block mapping, did not find expected key";
        assert!(found("a:\n  image: nginx: 1.27\n", ": 1.27", values).ends_with("`image: \"nginx: 1.27\"`"));
        assert!(found("a:\n  - x: y: z # c\n", ": z", values).ends_with("`x: \"y: z\"`"));
        assert!(found("a:\n  kind: Job\n    image: x\n", ": x", values).contains("by 4 spaces"));
        assert!(
            found("a:\n    kind: Job\n   image: x\n", "image", key)
                .contains("by 3 spaces, and the fields above it by 0 and 4")
        );
        assert_eq!(found("a:\n    kind: Job\n    image: x\n", "image", key), "");
        assert!(found("a:\n\u{a0} b: c\n d\n", "d\n", key).starts_with("a no-break space (U+00A0)"));
        assert!(found("a: [1\n", "[", "unclosed bracket `[`").contains("close it"));
        assert!(found("a:\n\tb: c\n", "\t", "tab").contains("tabs"));
    }
}
