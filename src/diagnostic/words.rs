//! How findings name values and types. Values that are secret are named by their type alone.

use std::borrow::Cow;

use smol_str::{SmolStr, format_smolstr};

use crate::limits;
pub(crate) use crate::text::harmless::one_line;
use crate::text::scalar::{self, Meaning};
use crate::text::{Node, Value};

/// What stands for a hidden text: always as long, since a length tells too.
pub(crate) const MASK: &str = "•••";
/// The most characters of a value that a message repeats.
const SHOWN: usize = 40;
/// The most bytes of a word in a list.
const LONGEST_WORD: usize = 300;

/// Names a value as the second half of "expected …, found …", as kubectl reads it.
pub(crate) fn found(node: &Node, masked: bool) -> String {
    found_by(node, masked, scalar::resolve)
}

/// Names a value as [`found`] does, for a reader of one's choice.
pub(crate) fn found_by(node: &Node, masked: bool, resolve: impl Fn(&str) -> Meaning) -> String {
    let (noun, text) = match node.value() {
        Value::String(text) | Value::Raw(text) => ("string", text.clone()),
        Value::Number(text) if text.contains(['.', 'e', 'E']) => ("number", text.clone()),
        Value::Number(text) => ("integer", text.clone()),
        Value::Bool(value) => ("boolean", format_smolstr!("{value}")),
        Value::Plain(text) => (noun(&resolve(text)), text.clone()),
        Value::Null | Value::Seq(_) | Value::Map(_) | Value::Broken => return node.type_name().to_owned(),
    };
    match (noun, masked) {
        ("null", _) => "null".to_owned(),
        ("integer", true) => "an integer".to_owned(),
        (noun, true) => format!("a {noun}"),
        ("string", false) if text.is_empty() => "an empty string".to_owned(),
        (_, false) => format!("the {noun} `{}`", shown(&text)),
    }
}

/// Returns the name of the first space of a text that is none to YAML and looks like one, or like nothing.
pub(crate) fn odd_space(text: &str) -> Option<&'static str> {
    text.chars().find_map(odd_space_of)
}

/// Returns the name of a character that looks like a space, or like nothing, and is a letter to YAML.
pub(crate) fn odd_space_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{A0}' => "a no-break space (U+00A0)",
        '\u{202F}' => "a narrow no-break space (U+202F)",
        '\u{2007}' => "a figure space (U+2007)",
        '\u{3000}' => "an ideographic space (U+3000)",
        '\u{200B}' => "a zero-width space (U+200B)",
        '\u{FEFF}' => "a byte-order mark (U+FEFF)",
        _ => return None,
    })
}

/// Writes a number with a comma before each three digits.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    thousands(&number.try_into().unwrap_or(u64::MAX).to_string())
}

/// Puts a comma before each three digits.
pub(crate) fn thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Names a text as a message repeats it, in backticks; one that is empty in words.
pub(crate) fn word(text: &str) -> String {
    if text.is_empty() { "an empty text".to_owned() } else { format!("`{}`", shown(text)) }
}

/// Returns a text as a message repeats it: on one line, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Masks all between the first quote and the last: a value may hold some itself.
pub(crate) fn masked(text: &str) -> String {
    const QUOTES: [char; 2] = ['`', '"'];
    let Some(first) = text.find(QUOTES) else { return text.to_owned() };
    let last = text.rfind(QUOTES).filter(|last| *last > first).unwrap_or(text.len());
    let inside = &text[first + 1..last];
    // A single mark is the grammar's: no value.
    if inside.len() == 1 && inside.bytes().all(|byte| byte.is_ascii_punctuation()) {
        return text.to_owned();
    }
    format!("{}`{MASK}`{}", &text[..first], text.get(last + 1..).unwrap_or_default())
}

/// Names what a reader makes of a scalar: "the boolean `true`".
pub(crate) fn reading(meaning: &Meaning, text: &str) -> String {
    match meaning {
        Meaning::Null => "null".to_owned(),
        Meaning::Bool(value) => format!("the boolean `{value}`"),
        Meaning::Integer(digits) => format!("the integer `{digits}`"),
        Meaning::Float(Some(number)) => format!("the number `{number}`"),
        Meaning::Float(None) => "a number that JSON cannot write".to_owned(),
        Meaning::Text => format!("the string `{}`", shown(text)),
    }
}

/// Names what the three readers make of a scalar, those together that agree.
pub(crate) fn readings(text: &str) -> String {
    let [kubectl, kustomize, core] =
        [scalar::resolve(text), scalar::resolve_kustomize(text), scalar::resolve_core(text)];
    let same = |left: &Meaning, right: &Meaning| settled(left, text).meaning() == settled(right, text).meaning();
    let name = |meaning: &Meaning| reading(meaning, text);
    if same(&kubectl, &kustomize) {
        format!("{} to kubectl and kustomize, {} to YAML 1.2", name(&kubectl), name(&core))
    } else if same(&kustomize, &core) {
        format!("{} to kubectl, {} to kustomize and YAML 1.2", name(&kubectl), name(&core))
    } else {
        format!("{} to kubectl, {} to kustomize, {} to YAML 1.2", name(&kubectl), name(&kustomize), name(&core))
    }
}

/// Returns the value that a meaning settles to.
pub(crate) fn settled(meaning: &Meaning, text: &str) -> Value {
    match meaning {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => Value::Bool(*value),
        Meaning::Integer(number) | Meaning::Float(Some(number)) => Value::Number(number.clone()),
        Meaning::Float(None) | Meaning::Text => Value::String(text.into()),
    }
}

/// Returns the name of a type without its group: `core/v1.PodSpec` is `PodSpec`.
pub(crate) fn type_name(name: &SmolStr) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Returns a text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Lists texts: "`a`, `b` and `c`"; of very many the first ones.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let mut texts = texts.into_iter();
    let mut quoted: Vec<String> =
        texts.by_ref().take(limits::LISTED_WORDS).map(|text| format!("`{}`", cut_to(text, LONGEST_WORD))).collect();
    if texts.next().is_some() {
        return format!("{} {last} more", quoted.join(", "));
    }
    match quoted.pop() {
        Some(only) if quoted.is_empty() => only,
        Some(end) => format!("{} {last} {end}", quoted.join(", ")),
        None => String::new(),
    }
}

/// Returns a text that is no longer than a message may be.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    cut_to(text, limits::MESSAGE_BYTES)
}

/// Returns a text that has at most so many bytes, and an ellipsis where it had more.
pub(crate) fn cut_to(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    Cow::Owned(format!("{}…", &text[..end]))
}

fn noun(meaning: &Meaning) -> &'static str {
    match meaning {
        Meaning::Null => "null",
        Meaning::Bool(_) => "boolean",
        Meaning::Integer(_) => "integer",
        Meaning::Float(_) => "number",
        Meaning::Text => "string",
    }
}
