//! Amounts with a unit.

use std::cmp::Ordering;

use super::super::run::Fault;
use super::super::value::{Opaque, Value};
use super::{Call, Cost, Form, Outcome};
use crate::kubernetes::{Notation, Quantity};

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("quantity(string) -> Quantity", 28, Cost::Scan(0, 1.0), parse),
    Form("isQuantity(string) -> bool", 28, Cost::Scan(0, 1.0), |call| Ok(Value::Bool(Quantity::parse(call.text(0)?).is_ok()))),
    Form("sign(Quantity) -> int", 28, Cost::One, sign),
    Form("Quantity.isGreaterThan(Quantity) -> bool", 28, Cost::One, |call| Ok(Value::Bool(order(call)?.is_gt()))),
    Form("Quantity.isLessThan(Quantity) -> bool", 28, Cost::One, |call| Ok(Value::Bool(order(call)?.is_lt()))),
    Form("Quantity.compareTo(Quantity) -> int", 28, Cost::One, |call| Ok(Value::Int(order(call)? as i64))),
    Form("Quantity.asApproximateFloat() -> double", 28, Cost::One, |call| Ok(Value::Double(amount(call, 0)?.approximate()))),
    Form("Quantity.asInteger() -> int", 28, Cost::One, as_integer),
    Form("Quantity.isInteger() -> bool", 28, Cost::One, |call| Ok(Value::Bool(amount(call, 0)?.exact().is_some()))),
    Form("Quantity.add(Quantity) -> Quantity", 28, Cost::One, |call| Ok(made(amount(call, 0)? + amount(call, 1)?))),
    Form("Quantity.add(int) -> Quantity", 28, Cost::One, |call| Ok(made(amount(call, 0)? + &count(call.int(1)?)))),
    Form("Quantity.sub(Quantity) -> Quantity", 28, Cost::One, |call| Ok(made(amount(call, 0)? + &amount(call, 1)?.negated()))),
    Form("Quantity.sub(int) -> Quantity", 28, Cost::One, |call| Ok(made(amount(call, 0)? + &count(call.int(1)?).negated()))),
];

fn amount<'a>(call: &'a Call<'_>, at: usize) -> Result<&'a Quantity, Fault> {
    match call.value(at)? {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Quantity(amount) => Ok(amount),
            _ => Err(Fault::no_overload()),
        },
        _ => Err(Fault::no_overload()),
    }
}

fn made(amount: Quantity) -> Value {
    Value::opaque(Opaque::Quantity(amount))
}

fn count(number: i64) -> Quantity {
    Quantity::of(number, 0, Notation::Decimal)
}

fn parse(call: &Call<'_>) -> Outcome {
    Quantity::parse(call.text(0)?).map(made).map_err(|_| {
        Fault::failed("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    })
}

fn order(call: &Call<'_>) -> Result<Ordering, Fault> {
    Ok(amount(call, 0)?.cmp(amount(call, 1)?))
}

fn sign(call: &Call<'_>) -> Outcome {
    Ok(Value::Int(amount(call, 0)?.cmp(&Quantity::ZERO) as i64))
}

fn as_integer(call: &Call<'_>) -> Outcome {
    let whole = amount(call, 0)?.exact();
    whole.map(Value::Int).ok_or_else(|| Fault::failed("cannot convert value to integer"))
}
