//! Parts of points in time, and of lengths of time.

use super::super::run::Fault;
use super::super::time;
use super::super::value::Value;
use super::{Call, Cost, Form, Outcome};

macro_rules! parts {
    ($($name:literal, $part:expr;)*) => {
        &[
        $(
            Form(concat!("timestamp.", $name, "() -> int"), 0, Cost::One, |call| part(call, $part)),
            Form(concat!("timestamp.", $name, "(string) -> int"), 0, Cost::One, |call| part(call, $part)),
        )*
            Form("duration.getHours() -> int", 0, Cost::One, |call| whole(call, 3_600_000_000_000)),
            Form("duration.getMinutes() -> int", 0, Cost::One, |call| whole(call, 60_000_000_000)),
            Form("duration.getSeconds() -> int", 0, Cost::One, |call| whole(call, 1_000_000_000)),
            Form("duration.getMilliseconds() -> int", 0, Cost::One, |call| whole(call, 1_000_000)),
        ]
    };
}

pub(super) const FORMS: &[Form] = parts! {
    "getFullYear", |time| i64::from(time.year());
    "getMonth", |time| i64::from(time.month()) - 1;
    "getDate", |time| i64::from(time.day());
    "getDayOfMonth", |time| i64::from(time.day()) - 1;
    "getDayOfWeek", |time| i64::from(time.weekday().to_sunday_zero_offset());
    "getDayOfYear", |time| i64::from(time.day_of_year()) - 1;
    "getHours", |time| i64::from(time.hour());
    "getMinutes", |time| i64::from(time.minute());
    "getSeconds", |time| i64::from(time.second());
    "getMilliseconds", |time| i64::from(time.millisecond());
};

fn part(call: &Call<'_>, part: fn(time::DateTime) -> i64) -> Outcome {
    let Value::Timestamp(nanos) = call.value(0)? else { return Err(Fault::no_overload()) };
    let zone = if call.args.len() > 1 { Some(call.text(1)?) } else { None };
    let time = time::civil(*nanos, zone).ok_or_else(|| Fault::failed("unknown time zone"))?;
    Ok(Value::Int(part(time)))
}

fn whole(call: &Call<'_>, unit: i64) -> Outcome {
    match call.value(0)? {
        Value::Duration(nanos) => Ok(Value::Int(nanos / unit)),
        _ => Err(Fault::no_overload()),
    }
}
