//! Conversions, sizes and types.

use super::super::run::Fault;
use super::super::time::{self, SECOND};
use super::super::value::Value;
use super::{Call, Cost, Form, Outcome};

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("size(string) -> int", 0, Cost::One, size),
    Form("size(bytes) -> int", 0, Cost::One, size),
    Form("size(list(A)) -> int", 0, Cost::One, size),
    Form("size(map(A, B)) -> int", 0, Cost::One, size),
    Form("string.size() -> int", 0, Cost::One, size),
    Form("bytes.size() -> int", 0, Cost::One, size),
    Form("list(A).size() -> int", 0, Cost::One, size),
    Form("map(A, B).size() -> int", 0, Cost::One, size),
    Form("type(A) -> type", 0, Cost::One, |call| Ok(Value::Type(call.value(0)?.ty()))),
    Form("dyn(A) -> dyn", 0, Cost::One, |call| call.value(0).cloned()),
    Form("bool(bool) -> bool", 0, Cost::One, |call| call.value(0).cloned()),
    Form("bool(string) -> bool", 0, Cost::One, text_to_bool),
    Form("bytes(bytes) -> bytes", 0, Cost::One, |call| call.value(0).cloned()),
    Form("bytes(string) -> bytes", 0, Cost::Convert, |call| Ok(Value::Bytes(call.text(0)?.as_bytes().into()))),
    Form("double(double) -> double", 0, Cost::One, to_double),
    Form("double(int) -> double", 0, Cost::One, to_double),
    Form("double(uint) -> double", 0, Cost::One, to_double),
    Form("double(string) -> double", 0, Cost::One, to_double),
    Form("int(int) -> int", 0, Cost::One, to_int),
    Form("int(uint) -> int", 0, Cost::One, to_int),
    Form("int(double) -> int", 0, Cost::One, to_int),
    Form("int(string) -> int", 0, Cost::One, to_int),
    Form("int(duration) -> int", 0, Cost::One, to_int),
    Form("int(timestamp) -> int", 0, Cost::One, to_int),
    Form("uint(uint) -> uint", 0, Cost::One, to_uint),
    Form("uint(int) -> uint", 0, Cost::One, to_uint),
    Form("uint(double) -> uint", 0, Cost::One, to_uint),
    Form("uint(string) -> uint", 0, Cost::One, to_uint),
    Form("string(string) -> string", 0, Cost::One, to_text),
    Form("string(bool) -> string", 0, Cost::One, to_text),
    Form("string(int) -> string", 0, Cost::One, to_text),
    Form("string(uint) -> string", 0, Cost::One, to_text),
    Form("string(double) -> string", 0, Cost::One, to_text),
    Form("string(bytes) -> string", 0, Cost::Convert, to_text),
    Form("string(duration) -> string", 0, Cost::One, to_text),
    Form("string(timestamp) -> string", 0, Cost::One, to_text),
    Form("duration(duration) -> duration", 0, Cost::One, |call| call.value(0).cloned()),
    Form("duration(string) -> duration", 0, Cost::One, to_duration),
    Form("timestamp(timestamp) -> timestamp", 0, Cost::One, |call| call.value(0).cloned()),
    Form("timestamp(int) -> timestamp", 0, Cost::One, |call| at_second(call.int(0)?)),
    Form("timestamp(string) -> timestamp", 0, Cost::One, to_timestamp),
];

fn size(call: &Call<'_>) -> Outcome {
    let size = call.value(0)?.size().ok_or_else(Fault::no_overload)?;
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn unreadable(wanted: &str) -> Fault {
    Fault::failed(format!("type conversion error from 'string' to '{wanted}'"))
}

fn text_to_bool(call: &Call<'_>) -> Outcome {
    match call.text(0)? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
        _ => Err(unreadable("bool")),
    }
}

#[allow(clippy::cast_precision_loss)]
fn to_double(call: &Call<'_>) -> Outcome {
    Ok(Value::Double(match call.value(0)? {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Text(text) => text.parse().map_err(|_| unreadable("double"))?,
        _ => return Err(Fault::no_overload()),
    }))
}

/// The numbers between these are whole ones of 64 bits.
const WHOLE: (f64, f64) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0);

#[allow(clippy::cast_possible_truncation)]
fn to_int(call: &Call<'_>) -> Outcome {
    let overflow = || Fault::failed("integer overflow");
    Ok(Value::Int(match call.value(0)? {
        Value::Int(number) => *number,
        Value::Uint(number) => i64::try_from(*number).map_err(|_| overflow())?,
        Value::Double(number) if *number > WHOLE.0 && *number < WHOLE.1 => number.trunc() as i64,
        Value::Double(_) => return Err(overflow()),
        Value::Text(text) => text.parse().map_err(|_| unreadable("int"))?,
        Value::Duration(nanos) => *nanos,
        Value::Timestamp(nanos) => i64::try_from(nanos.div_euclid(SECOND)).map_err(|_| overflow())?,
        _ => return Err(Fault::no_overload()),
    }))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn to_uint(call: &Call<'_>) -> Outcome {
    let overflow = || Fault::failed("unsigned integer overflow");
    Ok(Value::Uint(match call.value(0)? {
        Value::Uint(number) => *number,
        Value::Int(number) => u64::try_from(*number).map_err(|_| overflow())?,
        Value::Double(number) if *number >= 0.0 && *number < 2.0 * WHOLE.1 => number.trunc() as u64,
        Value::Double(_) => return Err(overflow()),
        Value::Text(text) => text.parse().map_err(|_| unreadable("uint"))?,
        _ => return Err(Fault::no_overload()),
    }))
}

fn to_text(call: &Call<'_>) -> Outcome {
    text_of(call.value(0)?).map(Value::text)
}

/// Writes a value as `string()` does.
pub(super) fn text_of(value: &Value) -> Result<String, Fault> {
    Ok(match value {
        Value::Text(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => shortest(*number),
        Value::Bytes(bytes) => std::str::from_utf8(bytes)
            .map_err(|_| Fault::failed("invalid UTF-8 in bytes, cannot convert to string"))?
            .to_owned(),
        Value::Duration(nanos) => time::seconds(*nanos),
        Value::Timestamp(nanos) => time::written(*nanos),
        Value::Type(name) => name.to_string(),
        Value::Null => "null".to_owned(),
        _ => return Err(Fault::no_overload()),
    })
}

/// Writes a number as Go's `%g` does.
pub(in crate::cel) fn shortest(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{number}")
}

fn to_duration(call: &Call<'_>) -> Outcome {
    time::duration(call.text(0)?).map(Value::Duration).ok_or_else(|| unreadable("google.protobuf.Duration"))
}

fn to_timestamp(call: &Call<'_>) -> Outcome {
    time::timestamp(call.text(0)?).map(Value::Timestamp).ok_or_else(|| unreadable("google.protobuf.Timestamp"))
}

fn at_second(seconds: i64) -> Outcome {
    let nanos = i128::from(seconds) * SECOND;
    if time::in_range(nanos) { Ok(Value::Timestamp(nanos)) } else { Err(Fault::failed("timestamp overflow")) }
}
