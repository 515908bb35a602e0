//! What a comparison in an expression means where a text meets a number: two values in, two that compare as meant out.
//!
//! Padded numbers of an axis are texts (`"007"`), and so are parameters that are given as such: a text that is a number
//! compares as one. Any other text has no order among numbers, and is equal to none.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Makes the sides of `==` and `!=` alike.
pub(super) fn for_equality(left: Value, right: Value) -> (Value, Value) {
    match (left.kind(), right.kind()) {
        (ValueKind::String, ValueKind::Number) => (number_of(&left).unwrap_or(left), right),
        (ValueKind::Number, ValueKind::String) => {
            let number = number_of(&right);
            (left, number.unwrap_or(right))
        }
        _ => (left, right),
    }
}

/// Makes the sides of `<` and its kin alike; a text that is no number is refused beside one.
pub(super) fn for_order(left: Value, right: Value) -> Result<(Value, Value), Error> {
    let (left, right) = for_equality(left, right);
    let text = match (left.kind(), right.kind()) {
        (ValueKind::String, ValueKind::Number) => &left,
        (ValueKind::Number, ValueKind::String) => &right,
        _ => return Ok((left, right)),
    };
    let shown = text.as_str().unwrap_or_default();
    let message = format!("the text `{shown}` is neither less nor greater than a number");
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// Makes the items of a list that are equal to a value the same as it, for `in`.
pub(super) fn for_membership(item: Value, list: Value) -> Result<(Value, Value), Error> {
    if list.kind() != ValueKind::Seq || !matches!(item.kind(), ValueKind::String | ValueKind::Number) {
        return Ok((item, list));
    }
    let mut items = Vec::new();
    for one in list.try_iter()? {
        let (left, right) = for_equality(item.clone(), one.clone());
        items.push(if left == right { item.clone() } else { one });
    }
    Ok((item, Value::from(items)))
}

fn number_of(text: &Value) -> Option<Value> {
    let text = text.as_str()?;
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::from(number));
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    text.parse::<f64>().ok().filter(|number| is_number && number.is_finite()).map(Value::from)
}
