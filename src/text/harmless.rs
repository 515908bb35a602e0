//! Text of others in; text that neither a terminal nor a runner of jobs obeys out.
//!
//! Whatever is printed as a report passes here: names, kinds, messages of servers, lines of committed files. A character
//! that would act instead of being shown is written as its escape, and a line that a runner would take for a command is
//! broken up with a backslash. What is harmless already is not copied, and passing twice changes nothing.

use std::borrow::Cow;
use std::fmt::Write;

/// What runners of jobs look for anywhere in a line, beside `##[…]` and `##word[…]`: GitLab's sections.
const SECTIONS: [&str; 2] = ["section_start:", "section_end:"];

/// Whether a character acts on the text around it instead of being shown: control characters, marks of direction,
/// separators of lines and paragraphs, and characters that nobody sees.
pub fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// Puts a text on one line; breaks and tabs become blanks, other active characters their escapes.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            letter => visible(letter, &mut out),
        }
    }
    out
}

/// Returns a report as it may be printed. With `styled`, sequences that set colors pass: the text of others in it has
/// been through [`one_line`] before it was colored.
pub fn report(text: &str, styled: bool) -> Cow<'_, str> {
    let is_shown = |letter: char| !is_active(letter) || matches!(letter, '\n' | '\t') || (styled && letter == '\u{1b}');
    if text.chars().all(is_shown) && !text.contains("::") && first_mark(text).is_none() && !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let start = out.len();
        let mut rest = line;
        while let Some(letter) = rest.chars().next() {
            let color = if styled { color(rest) } else { 0 };
            match letter {
                _ if color > 0 => out.push_str(&rest[..color]),
                '\n' | '\t' => out.push(letter),
                _ if is_mark(rest) => {
                    out.push(letter);
                    out.push('\\');
                }
                letter => visible(letter, &mut out),
            }
            rest = &rest[if color > 0 { color } else { letter.len_utf8() }..];
        }
        if let Some(at) = command(&out[start..]) {
            out.insert(start + at, '\\');
        }
    }
    Cow::Owned(out)
}

/// Returns JSON that means the same, in which nothing acts: characters are written as JSON's own escapes.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, out| {
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// Returns JSON whose texts hold the visible escapes of active characters, for a page that shows them.
pub fn shown_json(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, out| {
        out.push('\\');
        visible(letter, out);
    })
}

/// Rewrites the active characters of JSON, which stand in its strings alone, and breaks marks of runners up.
fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let acts = |letter: char| is_active(letter) && letter != '\n';
    if !text.chars().any(acts) && first_mark(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, letter) in text.char_indices() {
        match letter {
            letter if acts(letter) => escape(letter, &mut out),
            '#' | 's' if is_mark(&text[at..]) => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// Writes a character so that it is seen: `\u{202e}`.
fn visible(letter: char, out: &mut String) {
    if is_active(letter) {
        out.extend(letter.escape_default());
    } else {
        out.push(letter);
    }
}

fn first_mark(text: &str) -> Option<usize> {
    text.char_indices()
        .filter(|(_, letter)| matches!(letter, '#' | 's'))
        .map(|(at, _)| at)
        .find(|at| is_mark(&text[*at..]))
}

/// Whether a text starts with what a runner looks for anywhere in a line: `##[group]`, `##vso[…]`, `section_start:…`.
fn is_mark(text: &str) -> bool {
    match text.strip_prefix("##") {
        Some(rest) => {
            let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
            rest.trim_start_matches(is_word).starts_with('[')
        }
        None => SECTIONS.iter().any(|section| text.starts_with(section)),
    }
}

/// Returns where in a line the `::` of a workflow command stands. The runner skips white space before it; `:::` is the
/// mark of a further place in an excerpt, and no command.
fn command(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        let color = color(trimmed);
        if color == 0 {
            rest = trimmed;
            break;
        }
        rest = &trimmed[color..];
    }
    (rest.starts_with("::") && !rest.starts_with(":::")).then(|| line.len() - rest.len())
}

/// Returns the length of the sequence that sets colors at the start of a text, or 0 without one.
fn color(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return 0 };
    let numbers = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if rest.as_bytes().get(numbers) == Some(&b'm') { numbers + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_out() {
        assert_eq!(one_line("a\u{1b}[31m\u{9b}b\u{202e}\n\tc"), "a\\u{1b}[31m\\u{9b}b\\u{202e}  c");
        assert_eq!(report("a\tb\r\u{7f}\u{2028}\n", false), "a\tb\\r\\u{7f}\\u{2028}\n");
        assert_eq!(one_line("größer → 🏳️‍🌈"), "größer → 🏳️‍🌈");
    }

    #[test]
    fn colors_pass_only_where_they_are_ours() {
        assert_eq!(report("\u{1b}[1;31mred\u{1b}[0m\n", true), "\u{1b}[1;31mred\u{1b}[0m\n");
        assert_eq!(report("\u{1b}[2J\u{1b}]0;x\u{7}", true), "\\u{1b}[2J\\u{1b}]0;x\\u{7}");
        assert_eq!(report("\u{1b}[31m", false), "\\u{1b}[31m");
    }

    #[test]
    fn runners_find_no_command() {
        for (line, harmless) in [
            ("::stop-commands::t", "\\::stop-commands::t"),
            (" \u{a0}\t::add-mask::x\n::b", " \u{a0}\t\\::add-mask::x\n\\::b"),
            ("\u{1b}[1m::group::x", "\u{1b}[1m\\::group::x"),
            ("x ##[group]y ##vso[task.setvariable]z", "x #\\#[group]y #\\#vso[task.setvariable]z"),
            ("###[endgroup]", "##\\#[endgroup]"),
            ("##teamcity[testStarted]", "#\\#teamcity[testStarted]"),
            ("section_start:1:a", "s\\ection_start:1:a"),
            ("  ::: a.yaml:1:2", "  ::: a.yaml:1:2"),
            ("## Heading [x]", "## Heading [x]"),
            ("a::b", "a::b"),
        ] {
            assert_eq!(report(line, true), harmless);
            assert_eq!(report(&report(line, true), true), harmless, "twice");
        }
    }

    #[test]
    fn json_means_the_same() {
        let hostile = "\u{9b}\u{202e}\u{7f}\u{e0001}##[group]section_end:1 ##vso[a]";
        let value = serde_json::json!({ hostile: [hostile, "plain"] });
        let written = json(&format!("{value:#}")).into_owned();
        assert!(!written.chars().any(|letter| is_active(letter) && letter != '\n') && !written.contains("##["));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("JSON"), value);
        let shown: serde_json::Value = serde_json::from_str(&shown_json(&value.to_string())).expect("JSON");
        assert!(shown.to_string().contains(r"\\u{9b}\\u{202e}"), "{shown}");
    }
}
