//! Text of others in; text that neither a terminal nor a runner of jobs obeys out.
//!
//! Whatever is printed as a report passes here: names, kinds, messages of servers, lines of committed files. A character
//! that would act instead of being shown is written as its escape, and a line that a runner would take for a command is
//! broken up with a backslash. What is harmless already is not copied, and passing twice changes nothing.

use std::borrow::Cow;
use std::fmt::Write;

/// What runners of jobs look for anywhere in a line, beside `##[…]` and `##word[…]`: GitLab's sections.
const SECTIONS: [&str; 2] = ["section_start:", "section_end:"];

/// Whether a character may act on the text around it instead of being shown: control characters, marks of direction,
/// separators of lines and paragraphs, and all that Unicode calls default ignorable, which nobody sees.
pub fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{FFFE}'
                | '\u{FFFF}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// Returns the character at a byte of a text where it acts there.
///
/// Joiners and the choice of a glyph are a part of emoji, and of scripts whose letters are drawn by their neighbors.
pub fn active_at(text: &str, at: usize) -> Option<char> {
    let letter = text[at..].chars().next().filter(|letter| is_active(*letter))?;
    let next = text[at + letter.len_utf8()..].chars().next();
    let is_drawn = match letter {
        '\u{200C}' | '\u{200D}' => {
            let last = text[..at].chars().next_back();
            let joins = |letter: char| matches!(letter, '\u{620}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}');
            (last.is_some_and(joins) && next.is_some_and(joins))
                || (letter == '\u{200D}' && follows_emoji(&text[..at]) && next.is_some_and(is_emoji))
        }
        '\u{FE0E}' | '\u{FE0F}' => text[..at]
            .chars()
            .next_back()
            .is_some_and(|last| is_emoji(last) || (next == Some('\u{20E3}') && matches!(last, '0'..='9' | '#' | '*'))),
        _ => false,
    };
    (!is_drawn).then_some(letter)
}

/// Whether a text ends with an emoji, with or without a choice of its glyph.
fn follows_emoji(text: &str) -> bool {
    let text = text.strip_suffix('\u{FE0F}').unwrap_or(text);
    text.chars().next_back().is_some_and(is_emoji)
}

fn is_emoji(letter: char) -> bool {
    matches!(
        letter,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2BFF}'
            | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}'
    )
}

/// Puts a text on one line: active characters, breaks and tabs among them, become their escapes.
pub fn one_line(text: &str) -> String {
    written(text, |_| false)
}

/// Returns a text of one or several lines in which nothing else acts: its breaks stay.
pub fn lines(text: &str) -> String {
    written(text, |letter| letter == '\n')
}

/// Returns a message of one or several lines so that none but the first begins where lines of our own do.
pub fn indented(text: &str) -> Cow<'_, str> {
    if text.trim_end().contains('\n') { Cow::Owned(text.trim_end().replace('\n', "\n  ")) } else { Cow::Borrowed(text) }
}

/// Writes the characters of a text that act as their escapes, but for those that are to stay.
fn written(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if stays(letter) { out.push(letter) } else { visible(text, at, letter, &mut out) }
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
    // How many bytes of the text follow the line.
    let mut after = text.len();
    for line in text.split_inclusive('\n') {
        after -= line.len();
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
                letter => visible(text, text.len() - after - rest.len(), letter, &mut out),
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
        out.extend(letter.escape_default());
    })
}

/// Rewrites the active characters of JSON, which stand in its strings alone, and breaks marks of runners up.
fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let acts = |letter: char| is_active(letter) && letter != '\n';
    let acts_at = |at: usize, letter: char| acts(letter) && active_at(text, at).is_some();
    if !text.chars().any(acts) && first_mark(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, letter) in text.char_indices() {
        match letter {
            letter if acts_at(at, letter) => escape(letter, &mut out),
            '#' | 's' if is_mark(&text[at..]) => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// Writes the character at a byte of a text so that it is seen: `\u{202e}`.
fn visible(text: &str, at: usize, letter: char, out: &mut String) {
    if is_active(letter) && active_at(text, at).is_some() {
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
        assert_eq!(one_line("a\u{1b}[31m\u{9b}b\u{202e}\n\tc"), "a\\u{1b}[31m\\u{9b}b\\u{202e}\\n\\tc");
        assert_eq!(report("a\tb\r\u{7f}\u{2028}\n", false), "a\tb\\r\\u{7f}\\u{2028}\n");
    }

    #[test]
    fn what_nobody_sees_is_written_out_but_where_it_draws_something() {
        for text in ["größer → 🏳️‍🌈 👩🏽‍💻 ✔️ 1️⃣", "می‌خواهم", "क्‍ष"]
        {
            assert_eq!(one_line(text), text);
            assert_eq!(report(text, false), text);
            assert_eq!(json(text), text);
        }
        for letter in [
            '\u{AD}',
            '\u{34F}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{2060}',
            '\u{3164}',
            '\u{FE00}',
            '\u{FE0F}',
            '\u{FFA0}',
            '\u{FFF0}',
            '\u{1D173}',
            '\u{E0041}',
            '\u{E0100}',
        ] {
            let escape = letter.escape_unicode();
            for text in [format!("a{letter}b"), format!("{letter}"), format!("a{letter}\u{1F600}")] {
                let expected = text.replace(letter, &escape.to_string());
                assert_eq!(one_line(&text), expected);
                assert_eq!(lines(&text), expected);
                assert_eq!(report(&text, true), expected);
                assert!(!json(&text).contains(letter) && !shown_json(&text).contains(letter));
            }
        }
        assert_eq!(one_line("\u{1F3F4}\u{E0067}"), "\u{1F3F4}\\u{e0067}", "tags spell what nobody sees");
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        assert_eq!(indented("no\n1 object: 1 created\n"), "no\n  1 object: 1 created");
        assert_eq!(indented("no"), "no");
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
