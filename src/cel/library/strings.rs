//! Texts: searched, cut, joined, matched. Places in a text count characters.

use smol_str::SmolStr;

use super::super::run::Fault;
use super::super::value::Value;
use super::super::work;
use super::{Call, Cost, Form, Outcome, TEXT, within};
use crate::schema::GoPattern;

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("string.contains(string) -> bool", 0, Cost::Contains, |call| Ok(Value::Bool(call.text(0)?.contains(call.text(1)?)))),
    Form("string.startsWith(string) -> bool", 0, Cost::Scan(1, 1.0), |call| Ok(Value::Bool(call.text(0)?.starts_with(call.text(1)?)))),
    Form("string.endsWith(string) -> bool", 0, Cost::Scan(1, 1.0), |call| Ok(Value::Bool(call.text(0)?.ends_with(call.text(1)?)))),
    Form("string.matches(string) -> bool", 0, Cost::Match, matches),
    Form("matches(string, string) -> bool", 0, Cost::Match, matches),
    Form("string.find(string) -> string", 0, Cost::Match, find),
    Form("string.findAll(string) -> list(string)", 0, Cost::Match, find_all),
    Form("string.findAll(string, int) -> list(string)", 0, Cost::Match, find_all),
    Form("string.charAt(int) -> string", 0, Cost::One, char_at),
    Form("string.indexOf(string) -> int", 0, Cost::Traverse, index_of),
    Form("string.indexOf(string, int) -> int", 0, Cost::Traverse, index_of),
    Form("string.lastIndexOf(string) -> int", 0, Cost::Traverse, last_index_of),
    Form("string.lastIndexOf(string, int) -> int", 0, Cost::Traverse, last_index_of),
    Form("string.lowerAscii() -> string", 0, Cost::Scan(0, 1.0), |call| Ok(Value::text(call.text(0)?.to_ascii_lowercase()))),
    Form("string.upperAscii() -> string", 0, Cost::Scan(0, 1.0), |call| Ok(Value::text(call.text(0)?.to_ascii_uppercase()))),
    Form("string.replace(string, string) -> string", 0, Cost::Scan(0, 2.0), replace),
    Form("string.replace(string, string, int) -> string", 0, Cost::Scan(0, 2.0), replace),
    Form("string.split(string) -> list(string)", 0, Cost::Scan(0, 2.0), split),
    Form("string.split(string, int) -> list(string)", 0, Cost::Scan(0, 2.0), split),
    Form("string.substring(int) -> string", 0, Cost::Scan(0, 1.0), substring),
    Form("string.substring(int, int) -> string", 0, Cost::Scan(0, 1.0), substring),
    Form("string.trim() -> string", 0, Cost::Scan(0, 1.0), |call| Ok(Value::text(call.text(0)?.trim_matches(is_space)))),
    Form("list(string).join() -> string", 0, Cost::Result(2.0), join),
    Form("list(string).join(string) -> string", 0, Cost::Result(2.0), join),
    Form("strings.quote(string) -> string", 29, Cost::Scan(0, 1.0), quote),
    Form("jsonpatch.escapeKey(string) -> string", 0, Cost::Scan(0, 1.0), |call| {
        Ok(Value::text(call.text(0)?.replace('~', "~0").replace('/', "~1")))
    }),
];

/// How many bytes of a text are taken apart in a step.
const COLLECTED: usize = 64;

/// Whether a character is a space to Unicode.
fn is_space(letter: char) -> bool {
    letter.is_whitespace()
}

/// Calls `each` with the pattern of a call, which is compiled here where it stands in no expression.
fn with_pattern(call: &Call<'_>, each: impl FnOnce(&GoPattern, &str) -> Value) -> Outcome {
    let text = call.text(0)?;
    if let Some(pattern) = call.pattern {
        return Ok(each(pattern, text));
    }
    let pattern = work::pattern(call.text(1)?);
    let pattern = pattern.map_err(|reason| Fault::failed(format!("the pattern is no regular expression: {reason}")))?;
    Ok(each(&pattern, text))
}

fn matches(call: &Call<'_>) -> Outcome {
    with_pattern(call, |pattern, text| Value::Bool(pattern.is_match(text)))
}

fn find(call: &Call<'_>) -> Outcome {
    with_pattern(call, |pattern, text| Value::text(pattern.find_all(text).next().unwrap_or_default()))
}

fn find_all(call: &Call<'_>) -> Outcome {
    let most = if call.args.len() > 2 { call.int(2)? } else { -1 };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    with_pattern(call, |pattern, text| Value::list(pattern.find_all(text).take(most).map(Value::text).collect()))
}

/// Returns where in a text the character of a number begins; its end for the one after the last.
fn offset(text: &str, at: i64) -> Option<usize> {
    work::take(text.len() / COLLECTED);
    let mut letters = text.chars();
    // The library passes over whole blocks of characters here.
    if let Some(last) = usize::try_from(at).ok()?.checked_sub(1) {
        letters.nth(last)?;
    }
    Some(text.len() - letters.as_str().len())
}

/// Returns the number of the character that begins at an offset.
fn number(text: &str, offset: Option<usize>) -> Value {
    work::take(text.len() / COLLECTED);
    place(offset.map(|offset| text[..offset].chars().count()))
}

fn out_of_range(at: i64) -> Fault {
    Fault::failed(format!("index out of range: {at}"))
}

fn char_at(call: &Call<'_>) -> Outcome {
    let (text, at) = (call.text(0)?, call.int(1)?);
    let start = offset(text, at).ok_or_else(|| out_of_range(at))?;
    Ok(Value::text(text[start..].chars().take(1).collect::<SmolStr>()))
}

fn place(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

fn index_of(call: &Call<'_>) -> Outcome {
    let (text, wanted) = (call.text(0)?, call.text(1)?);
    let from = if call.args.len() > 2 { call.int(2)? } else { 0 };
    if wanted.is_empty() && call.args.len() == 2 {
        return Ok(Value::Int(0));
    }
    let start = offset(text, from).ok_or_else(|| out_of_range(from))?;
    if wanted.is_empty() {
        return Ok(Value::Int(from));
    }
    Ok(number(text, text[start..].find(wanted).map(|at| at + start)))
}

fn last_index_of(call: &Call<'_>) -> Outcome {
    let (text, wanted) = (call.text(0)?, call.text(1)?);
    if call.args.len() == 2 {
        return Ok(number(text, text.rfind(wanted)));
    }
    let until = call.int(2)?;
    let last = offset(text, until).ok_or_else(|| out_of_range(until))?;
    if wanted.is_empty() {
        return Ok(Value::Int(until));
    }
    // What begins there at the latest may end after it.
    let end = text[last..].char_indices().map(|(at, _)| last + at).nth(wanted.chars().count()).unwrap_or(text.len());
    Ok(number(text, text[..end].rfind(wanted)))
}

fn replace(call: &Call<'_>) -> Outcome {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let most = if call.args.len() > 3 { call.int(3)? } else { -1 };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let times = text.matches(old).count().min(most);
    within(times.saturating_mul(new.len()).saturating_add(text.len()), TEXT)?;
    Ok(Value::text(text.replacen(old, new, most)))
}

fn split(call: &Call<'_>) -> Outcome {
    let (text, by) = (call.text(0)?, call.text(1)?);
    let most = if call.args.len() > 2 { call.int(2)? } else { -1 };
    let parts: Vec<Value> = match usize::try_from(most) {
        Ok(0) => Vec::new(),
        most if by.is_empty() => {
            let letters: Vec<char> = text.chars().collect();
            let most = most.unwrap_or(usize::MAX);
            let single = letters.len().min(most.saturating_sub(1));
            let mut parts: Vec<Value> =
                letters[..single].iter().map(|letter| Value::text(SmolStr::from_iter([*letter]))).collect();
            if single < letters.len() {
                parts.push(Value::text(letters[single..].iter().copied().collect::<SmolStr>()));
            }
            parts
        }
        Ok(most) => text.splitn(most, by).map(Value::text).collect(),
        Err(_) => text.split(by).map(Value::text).collect(),
    };
    Ok(Value::list(parts))
}

fn substring(call: &Call<'_>) -> Outcome {
    let (text, start) = (call.text(0)?, call.int(1)?);
    let end = if call.args.len() > 2 { call.int(2)? } else { i64::try_from(text.chars().count()).unwrap_or(i64::MAX) };
    if start > end {
        return Err(Fault::failed(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let index = |at: i64| offset(text, at).ok_or_else(|| out_of_range(at));
    Ok(Value::text(&text[index(start)?..index(end)?]))
}

fn join(call: &Call<'_>) -> Outcome {
    let by = if call.args.len() > 1 { call.text(1)? } else { "" };
    let items = call.items(0)?;
    let texts = items.iter().map(|item| match item.settled() {
        Value::Text(text) => Ok(text),
        _ => Err(Fault::no_overload()),
    });
    let texts: Vec<SmolStr> = texts.collect::<Result<_, _>>()?;
    within(texts.iter().map(|text| text.len() + by.len()).fold(0, usize::saturating_add), TEXT)?;
    Ok(Value::text(texts.join(by)))
}

fn quote(call: &Call<'_>) -> Outcome {
    let mut out = String::from("\"");
    for letter in call.text(0)?.chars() {
        match letter {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    Ok(Value::text(out))
}
