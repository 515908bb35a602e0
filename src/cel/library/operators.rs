//! Operators that take both their sides.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::run::Fault;
use super::super::time;
use super::super::value::Value;
use super::{Call, Cost, Form, ITEMS, Outcome, within};

macro_rules! comparisons {
    ($($operator:literal, $is:expr;)*) => {
        &[$(
            Form(concat!($operator, "(bool, bool) -> bool"), 0, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(int, int) -> bool"), 0, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(uint, uint) -> bool"), 0, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(double, double) -> bool"), 0, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(int, uint) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(int, double) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(uint, int) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(uint, double) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(double, int) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(double, uint) -> bool"), 28, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(string, string) -> bool"), 0, Cost::Shorter, |call| compare(call, $is)),
            Form(concat!($operator, "(bytes, bytes) -> bool"), 0, Cost::Shorter, |call| compare(call, $is)),
            Form(concat!($operator, "(timestamp, timestamp) -> bool"), 0, Cost::One, |call| compare(call, $is)),
            Form(concat!($operator, "(duration, duration) -> bool"), 0, Cost::One, |call| compare(call, $is)),
        )*
            Form("_==_(A, A) -> bool", 0, Cost::Shorter, |call| Ok(Value::Bool(call.value(0)?.same(call.value(1)?)))),
            Form("_!=_(A, A) -> bool", 0, Cost::Shorter, |call| Ok(Value::Bool(!call.value(0)?.same(call.value(1)?)))),
            Form("!_(bool) -> bool", 0, Cost::One, not),
            Form("-_(int) -> int", 0, Cost::One, negated),
            Form("-_(double) -> double", 0, Cost::One, negated),
            Form("@in(A, list(A)) -> bool", 0, Cost::Items, is_in),
            Form("@in(A, map(A, B)) -> bool", 0, Cost::Items, is_in),
            Form("_+_(int, int) -> int", 0, Cost::One, add),
            Form("_+_(uint, uint) -> uint", 0, Cost::One, add),
            Form("_+_(double, double) -> double", 0, Cost::One, add),
            Form("_+_(string, string) -> string", 0, Cost::Both, add),
            Form("_+_(bytes, bytes) -> bytes", 0, Cost::Both, add),
            Form("_+_(list(A), list(A)) -> list(A)", 0, Cost::One, add),
            Form("_+_(duration, duration) -> duration", 0, Cost::One, add),
            Form("_+_(timestamp, duration) -> timestamp", 0, Cost::One, add),
            Form("_+_(duration, timestamp) -> timestamp", 0, Cost::One, add),
            Form("_-_(int, int) -> int", 0, Cost::One, subtract),
            Form("_-_(uint, uint) -> uint", 0, Cost::One, subtract),
            Form("_-_(double, double) -> double", 0, Cost::One, subtract),
            Form("_-_(duration, duration) -> duration", 0, Cost::One, subtract),
            Form("_-_(timestamp, duration) -> timestamp", 0, Cost::One, subtract),
            Form("_-_(timestamp, timestamp) -> duration", 0, Cost::One, subtract),
            Form("_*_(int, int) -> int", 0, Cost::One, multiply),
            Form("_*_(uint, uint) -> uint", 0, Cost::One, multiply),
            Form("_*_(double, double) -> double", 0, Cost::One, multiply),
            Form("_/_(int, int) -> int", 0, Cost::One, divide),
            Form("_/_(uint, uint) -> uint", 0, Cost::One, divide),
            Form("_/_(double, double) -> double", 0, Cost::One, divide),
            Form("_%_(int, int) -> int", 0, Cost::One, modulo),
            Form("_%_(uint, uint) -> uint", 0, Cost::One, modulo),
        ]
    };
}

pub(super) const FORMS: &[Form] = comparisons! {
    "_<_", Ordering::is_lt;
    "_<=_", Ordering::is_le;
    "_>_", Ordering::is_gt;
    "_>=_", Ordering::is_ge;
};

fn compare(call: &Call<'_>, is: fn(Ordering) -> bool) -> Outcome {
    let order = call.value(0)?.order(call.value(1)?);
    order.map(|order| Value::Bool(is(order))).ok_or_else(|| Fault::failed("NaN values cannot be ordered"))
}

fn not(call: &Call<'_>) -> Outcome {
    match call.value(0)? {
        Value::Bool(value) => Ok(Value::Bool(!value)),
        _ => Err(Fault::no_overload()),
    }
}

fn overflow() -> Fault {
    Fault::failed("integer overflow")
}

fn unsigned() -> Fault {
    Fault::failed("unsigned integer overflow")
}

fn negated(call: &Call<'_>) -> Outcome {
    match call.value(0)? {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(number) => Ok(Value::Double(-number)),
        _ => Err(Fault::no_overload()),
    }
}

fn is_in(call: &Call<'_>) -> Outcome {
    let (wanted, all) = (call.value(0)?, call.value(1)?);
    if let Some(items) = all.items() {
        return Ok(Value::Bool(items.iter().any(|item| item.same(wanted))));
    }
    Ok(Value::Bool(all.get(wanted).is_some()))
}

fn at(nanos: i128) -> Outcome {
    if time::in_range(nanos) { Ok(Value::Timestamp(nanos)) } else { Err(Fault::failed("timestamp overflow")) }
}

fn lasting(nanos: i128) -> Outcome {
    time::length(nanos).map(Value::Duration).ok_or_else(|| Fault::failed("duration overflow"))
}

fn add(call: &Call<'_>) -> Outcome {
    match (call.value(0)?, call.value(1)?) {
        (Value::Int(ours), Value::Int(theirs)) => ours.checked_add(*theirs).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(ours), Value::Uint(theirs)) => ours.checked_add(*theirs).map(Value::Uint).ok_or_else(unsigned),
        (Value::Double(ours), Value::Double(theirs)) => Ok(Value::Double(ours + theirs)),
        (Value::Text(ours), Value::Text(theirs)) => Ok(Value::text(format!("{ours}{theirs}"))),
        (Value::Bytes(ours), Value::Bytes(theirs)) => Ok(Value::Bytes([&**ours, &**theirs].concat().into())),
        (Value::Duration(ours), Value::Duration(theirs)) => lasting(i128::from(*ours) + i128::from(*theirs)),
        (Value::Timestamp(time), Value::Duration(length)) | (Value::Duration(length), Value::Timestamp(time)) => {
            at(time + i128::from(*length))
        }
        (ours, theirs) => match (ours.items(), theirs.items()) {
            (Some(mut ours), Some(theirs)) => {
                within(ours.len() + theirs.len(), ITEMS)?;
                ours.extend(theirs);
                Ok(Value::List(Arc::new(ours)))
            }
            _ => Err(Fault::no_overload()),
        },
    }
}

fn subtract(call: &Call<'_>) -> Outcome {
    match (call.value(0)?, call.value(1)?) {
        (Value::Int(ours), Value::Int(theirs)) => ours.checked_sub(*theirs).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(ours), Value::Uint(theirs)) => ours.checked_sub(*theirs).map(Value::Uint).ok_or_else(unsigned),
        (Value::Double(ours), Value::Double(theirs)) => Ok(Value::Double(ours - theirs)),
        (Value::Duration(ours), Value::Duration(theirs)) => lasting(i128::from(*ours) - i128::from(*theirs)),
        (Value::Timestamp(time), Value::Duration(length)) => at(time - i128::from(*length)),
        (Value::Timestamp(ours), Value::Timestamp(theirs)) => lasting(ours - theirs),
        _ => Err(Fault::no_overload()),
    }
}

fn multiply(call: &Call<'_>) -> Outcome {
    match (call.value(0)?, call.value(1)?) {
        (Value::Int(ours), Value::Int(theirs)) => ours.checked_mul(*theirs).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(ours), Value::Uint(theirs)) => ours.checked_mul(*theirs).map(Value::Uint).ok_or_else(unsigned),
        (Value::Double(ours), Value::Double(theirs)) => Ok(Value::Double(ours * theirs)),
        _ => Err(Fault::no_overload()),
    }
}

fn divide(call: &Call<'_>) -> Outcome {
    match (call.value(0)?, call.value(1)?) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(Fault::failed("division by zero")),
        (Value::Int(ours), Value::Int(theirs)) => ours.checked_div(*theirs).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(ours), Value::Uint(theirs)) => Ok(Value::Uint(ours / theirs)),
        (Value::Double(ours), Value::Double(theirs)) => Ok(Value::Double(ours / theirs)),
        _ => Err(Fault::no_overload()),
    }
}

fn modulo(call: &Call<'_>) -> Outcome {
    match (call.value(0)?, call.value(1)?) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(Fault::failed("modulus by zero")),
        (Value::Int(ours), Value::Int(theirs)) => ours.checked_rem(*theirs).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(ours), Value::Uint(theirs)) => Ok(Value::Uint(ours % theirs)),
        _ => Err(Fault::no_overload()),
    }
}
