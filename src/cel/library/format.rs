//! `format()`: values put into a text, by the clauses of Go.

use super::super::run::Fault;
use super::super::value::Value;
use super::super::work;
use super::convert::text_of;
use super::{Call, Cost, Form, Outcome, TEXT, within};

pub(super) const FORMS: &[Form] = &[Form("string.format(list(dyn)) -> string", 29, Cost::Scan(0, 1.0), format)];

/// How many bytes are written in a step.
const WRITTEN: usize = 64;
/// The steps that a value takes: it becomes a text of its own first.
const SHOWN: usize = 4;

/// The digits behind the point, where none are asked for.
const DIGITS: usize = 6;

fn format(call: &Call<'_>) -> Outcome {
    let (text, items) = (call.text(0)?, call.items(1)?);
    let mut items = items.iter();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut digits = DIGITS;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            digits = after[..end]
                .parse()
                .ok()
                .filter(|digits| *digits <= 100)
                .ok_or_else(|| Fault::failed("error while parsing precision in the format string"))?;
            rest = &after[end..];
        }
        let clause = rest.chars().next().ok_or_else(|| Fault::failed("unexpected end of string"))?;
        rest = &rest[clause.len_utf8()..];
        let item = items.next().ok_or_else(|| Fault::failed("too few arguments for the format string"))?.settled();
        out.push_str(&clause_of(clause, digits, &item)?);
        within(out.len(), TEXT)?;
    }
    out.push_str(rest);
    Ok(Value::text(out))
}

/// Returns how many values a text takes.
pub(in crate::cel) fn clauses(text: &str) -> usize {
    text.replace("%%", "").matches('%').count()
}

fn clause_of(clause: char, digits: usize, item: &Value) -> Result<String, Fault> {
    let mismatch = || Fault::failed(format!("error during formatting: `%{clause}` takes no {}", item.ty()));
    let number = match item {
        Value::Double(number) => Some(*number),
        Value::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => text.parse().ok(),
        _ => None,
    };
    match (clause, item) {
        ('s', item) => shown(item).ok_or_else(mismatch),
        ('d', Value::Int(_) | Value::Uint(_)) => text_of(item),
        ('f', _) => number.map(|number| fixed(number, digits)).ok_or_else(mismatch),
        ('e', _) => number.map(|number| scientific(number, digits)).ok_or_else(mismatch),
        ('b', Value::Bool(value)) => Ok(u8::from(*value).to_string()),
        ('b' | 'o' | 'x' | 'X', Value::Int(number)) => {
            let sign = if *number < 0 { "-" } else { "" };
            Ok(format!("{sign}{}", in_base(clause, number.unsigned_abs())))
        }
        ('b' | 'o' | 'x' | 'X', Value::Uint(number)) => Ok(in_base(clause, *number)),
        ('x' | 'X', Value::Text(text)) => Ok(hex(clause, text.as_bytes())),
        ('x' | 'X', Value::Bytes(bytes)) => Ok(hex(clause, bytes)),
        ('d' | 'b' | 'o' | 'x' | 'X', _) => Err(mismatch()),
        _ => Err(Fault::failed(format!("unrecognized formatting clause \"{clause}\""))),
    }
}

fn in_base(clause: char, number: u64) -> String {
    match clause {
        'b' => format!("{number:b}"),
        'o' => format!("{number:o}"),
        'x' => format!("{number:x}"),
        _ => format!("{number:X}"),
    }
}

fn hex(clause: char, bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if clause == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") }).collect()
}

fn fixed(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    // With commas between thousands, as the server's English has them.
    let plain = format!("{:.digits$}", number.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

fn scientific(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return fixed(number, digits);
    }
    let text = format!("{number:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}×10{}", superscript(exponent))
}

/// Writes an exponent above the line.
fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = format!("{:02}", exponent.abs());
    let sign = if exponent < 0 { "⁻" } else { "" };
    let raised = digits.chars().filter_map(|digit| DIGITS.get(digit.to_digit(10)? as usize));
    sign.chars().chain(raised.copied()).collect()
}

/// Writes a value as `%s` does.
fn shown(value: &Value) -> Option<String> {
    if !work::take(SHOWN) {
        return None;
    }
    if let Some(items) = value.items() {
        let items: Vec<String> = items.iter().map(|item| inner(&item.settled())).collect::<Option<_>>()?;
        let text = format!("[{}]", items.join(", "));
        return work::take(text.len() / WRITTEN).then_some(text);
    }
    if let Some(entries) = value.entries() {
        let entry = |(key, value): &(Value, Value)| Some(format!("{}:{}", inner(key)?, inner(&value.settled())?));
        let mut entries: Vec<String> = entries.iter().map(entry).collect::<Option<_>>()?;
        entries.sort();
        let text = format!("{{{}}}", entries.join(", "));
        return work::take(text.len() / WRITTEN).then_some(text);
    }
    text_of(value).ok()
}

/// Writes a value inside a list or a mapping.
fn inner(value: &Value) -> Option<String> {
    Some(match value {
        Value::Text(text) => format!("{:?}", text.as_str()),
        Value::Bytes(bytes) => format!("b{:?}", std::str::from_utf8(bytes).ok()?),
        Value::Double(number) if number.is_nan() => "\"NaN\"".to_owned(),
        Value::Double(number) if number.is_infinite() => format!("\"{}Inf\"", if *number > 0.0 { '+' } else { '-' }),
        Value::Double(number) => format!("{number:.DIGITS$}"),
        Value::Timestamp(_) => format!("timestamp({:?})", text_of(value).ok()?),
        Value::Duration(_) => format!("duration({:?})", text_of(value).ok()?),
        other => shown(other)?,
    })
}
