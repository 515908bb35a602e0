//! Values that may be missing. `or` and `orValue` are evaluated with the call, whose other side may not be needed.

use super::super::run::Fault;
use super::super::value::Value;
use super::{Call, Cost, Form, Outcome};

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("optional.of(A) -> optional(A)", 28, Cost::One, |call| Ok(Value::some(call.value(0)?.clone()))),
    Form("optional.none() -> optional(A)", 28, Cost::One, |_| Ok(Value::Optional(None))),
    Form("optional.ofNonZeroValue(A) -> optional(A)", 28, Cost::One, of_non_zero),
    Form("optional(A).hasValue() -> bool", 28, Cost::One, |call| Ok(Value::Bool(inner(call, 0)?.is_some()))),
    Form("optional(A).value() -> A", 28, Cost::One, |call| {
        inner(call, 0)?.ok_or_else(|| Fault::failed("optional.none() dereference"))
    }),
    Form("optional(A).or(optional(A)) -> optional(A)", 28, Cost::One, |call| {
        let chosen = usize::from(inner(call, 0)?.is_none());
        call.value(chosen).cloned()
    }),
    Form("optional(A).orValue(A) -> A", 28, Cost::One, |call| {
        inner(call, 0)?.map_or_else(|| call.value(1).cloned(), Ok)
    }),
    Form("optional.unwrap(list(optional(A))) -> list(A)", 33, Cost::One, unwrap),
    Form("list(optional(A)).unwrapOpt() -> list(A)", 33, Cost::One, unwrap),
];

/// Returns the value of an optional one.
fn inner(call: &Call<'_>, at: usize) -> Result<Option<Value>, Fault> {
    match call.value(at)? {
        Value::Optional(inner) => Ok(inner.as_ref().map(|inner| (**inner).clone())),
        _ => Err(Fault::no_overload()),
    }
}

fn of_non_zero(call: &Call<'_>) -> Outcome {
    let value = call.value(0)?;
    let is_zero = match value {
        Value::Null | Value::Optional(None) => true,
        Value::Bool(value) => !value,
        Value::Int(number) | Value::Duration(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        other => other.size() == Some(0),
    };
    Ok(if is_zero { Value::Optional(None) } else { Value::some(value.clone()) })
}

fn unwrap(call: &Call<'_>) -> Outcome {
    let items = call.items(0)?.into_iter().filter_map(|item| match item {
        Value::Optional(inner) => inner.map(|inner| (*inner).clone()),
        other => Some(other),
    });
    Ok(Value::list(items.collect()))
}
