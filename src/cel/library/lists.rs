//! Lists: sums, extremes, order, cuts; and lists as sets.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::run::Fault;
use super::super::value::Value;
use super::{Call, Cost, Form, ITEMS, Outcome, within};

/// The most numbers that a range holds: more cost more than an expression may.
const RANGE: i64 = 1_000_000;

macro_rules! forms {
    ($($ty:literal),*) => {
        &[
        $(
            Form(concat!("list(", $ty, ").isSorted() -> bool"), 0, Cost::Traverse, is_sorted),
            Form(concat!("list(", $ty, ").min() -> ", $ty), 0, Cost::Traverse, |call| extreme(call, Ordering::Less)),
            Form(concat!("list(", $ty, ").max() -> ", $ty), 0, Cost::Traverse, |call| extreme(call, Ordering::Greater)),
            Form(concat!("list(", $ty, ").sort() -> list(", $ty, ")"), 34, Cost::Pairs, sort),
        )*
            Form("list(int).sum() -> int", 0, Cost::Traverse, |call| sum(call, Value::Int(0))),
            Form("list(uint).sum() -> uint", 0, Cost::Traverse, |call| sum(call, Value::Uint(0))),
            Form("list(double).sum() -> double", 0, Cost::Traverse, |call| sum(call, Value::Double(0.0))),
            Form("list(duration).sum() -> duration", 0, Cost::Traverse, |call| sum(call, Value::Duration(0))),
            Form("list(A).indexOf(A) -> int", 0, Cost::Traverse, index_of),
            Form("list(A).lastIndexOf(A) -> int", 0, Cost::Traverse, last_index_of),
            Form("dyn.includes(dyn) -> bool", 37, Cost::Traverse, includes),
            Form("list(A).slice(int, int) -> list(A)", 34, Cost::NewList, slice),
            Form("list(list(A)).flatten() -> list(A)", 34, Cost::Flatten, flatten),
            Form("list(dyn).flatten(int) -> list(dyn)", 34, Cost::Flatten, flatten),
            Form("list(A).reverse() -> list(A)", 34, Cost::NewList, reverse),
            Form("list(A).distinct() -> list(A)", 34, Cost::Pairs, distinct),
            Form("lists.range(int) -> list(int)", 34, Cost::NewList, range),
            Form("list(A).first() -> optional(A)", 28, Cost::One, |call| end(call, false)),
            Form("list(A).last() -> optional(A)", 28, Cost::One, |call| end(call, true)),
            Form("sets.contains(list(A), list(A)) -> bool", 29, Cost::Sets(1), |call| Ok(Value::Bool(contains(call, 0, 1)?))),
            Form("sets.equivalent(list(A), list(A)) -> bool", 29, Cost::Sets(2), |call| Ok(Value::Bool(contains(call, 0, 1)? && contains(call, 1, 0)?))),
            Form("sets.intersects(list(A), list(A)) -> bool", 29, Cost::Sets(1), intersects),
        ]
    };
}

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = forms!("int", "uint", "double", "bool", "string", "bytes", "duration", "timestamp");

/// Returns the first or the last item, without looking at the others.
fn end(call: &Call<'_>, is_last: bool) -> Outcome {
    let list = call.value(0)?;
    let length = list.size().filter(|_| list.is_list()).ok_or_else(Fault::no_overload)?;
    let at = if is_last { length.saturating_sub(1) } else { 0 };
    Ok(Value::Optional(list.item(at).map(Arc::new)))
}

fn settled(call: &Call<'_>) -> Result<Vec<Value>, Fault> {
    Ok(call.items(0)?.iter().map(Value::settled).collect())
}

fn compared(ours: &Value, theirs: &Value) -> Result<Ordering, Fault> {
    ours.order(theirs).ok_or_else(Fault::no_overload)
}

fn is_sorted(call: &Call<'_>) -> Outcome {
    for pair in settled(call)?.windows(2) {
        if compared(&pair[0], &pair[1])?.is_gt() {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn extreme(call: &Call<'_>, wanted: Ordering) -> Outcome {
    let what = if wanted.is_lt() { "min" } else { "max" };
    let mut items = settled(call)?.into_iter();
    let first = items.next().ok_or_else(|| Fault::failed(format!("{what} called on empty list")))?;
    items.try_fold(first, |best, item| Ok(if compared(&item, &best)? == wanted { item } else { best }))
}

fn sum(call: &Call<'_>, zero: Value) -> Outcome {
    let overflow = || Fault::failed("integer overflow");
    settled(call)?.iter().try_fold(zero, |sum, item| {
        Ok(match (&sum, item) {
            (Value::Int(sum), Value::Int(item)) => Value::Int(sum.checked_add(*item).ok_or_else(overflow)?),
            (Value::Uint(sum), Value::Uint(item)) => Value::Uint(sum.checked_add(*item).ok_or_else(overflow)?),
            (Value::Double(sum), Value::Double(item)) => Value::Double(sum + item),
            (Value::Duration(sum), Value::Duration(item)) => {
                Value::Duration(sum.checked_add(*item).ok_or_else(overflow)?)
            }
            // The list is said to be of one type only when it is evaluated.
            (Value::Int(0), item @ (Value::Uint(_) | Value::Double(_) | Value::Duration(_))) => item.clone(),
            _ => return Err(Fault::no_overload()),
        })
    })
}

fn index(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

fn index_of(call: &Call<'_>) -> Outcome {
    let wanted = call.value(1)?;
    Ok(index(call.items(0)?.iter().position(|item| item.same(wanted))))
}

fn last_index_of(call: &Call<'_>) -> Outcome {
    let wanted = call.value(1)?;
    Ok(index(call.items(0)?.iter().rposition(|item| item.same(wanted))))
}

fn includes(call: &Call<'_>) -> Outcome {
    let (all, wanted) = (call.value(0)?, call.value(1)?);
    let is_in = all.items().is_some_and(|items| items.iter().any(|item| item.same(wanted)));
    Ok(Value::Bool(is_in || all.same(wanted)))
}

fn slice(call: &Call<'_>) -> Outcome {
    let (items, start, end) = (call.items(0)?, call.int(1)?, call.int(2)?);
    let refuse = |why: &str| Fault::failed(format!("cannot slice({start}, {end}), {why}"));
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return Err(refuse("negative indexes not supported"));
    };
    if from > to {
        return Err(refuse("start index must be less than or equal to end index"));
    }
    let cut = items.get(from..to).ok_or_else(|| refuse(&format!("list is length {}", items.len())))?;
    Ok(Value::list(cut.to_vec()))
}

fn flatten(call: &Call<'_>) -> Outcome {
    let depth = if call.args.len() > 1 { call.int(1)? } else { 1 };
    if depth < 0 {
        return Err(Fault::failed("level must be non-negative"));
    }
    let mut flat = call.items(0)?;
    for _ in 0..depth {
        if !flat.iter().any(Value::is_list) {
            break;
        }
        let size = |item: &Value| item.size().filter(|_| item.is_list()).unwrap_or(1);
        within(flat.iter().map(size).fold(0, usize::saturating_add), ITEMS)?;
        flat = flat.into_iter().flat_map(|item| item.items().unwrap_or_else(|| vec![item])).collect();
    }
    Ok(Value::list(flat))
}

fn reverse(call: &Call<'_>) -> Outcome {
    let mut items = call.items(0)?;
    items.reverse();
    Ok(Value::list(items))
}

fn distinct(call: &Call<'_>) -> Outcome {
    let mut all: Vec<Value> = Vec::new();
    for item in call.items(0)? {
        if !all.iter().any(|known| known.same(&item)) {
            all.push(item);
        }
    }
    Ok(Value::list(all))
}

fn sort(call: &Call<'_>) -> Outcome {
    let items = settled(call)?;
    sorted(items.iter().cloned().zip(items.iter().cloned()).collect()).map(Value::list)
}

/// Returns items in the order of their keys.
pub(in crate::cel) fn sorted(mut keyed: Vec<(Value, Value)>) -> Result<Vec<Value>, Fault> {
    if let Some((first, _)) = keyed.first() {
        let ty = first.ty();
        if keyed.iter().any(|(key, _)| key.ty() != ty) {
            return Err(Fault::failed("list elements must have the same type"));
        }
        if first.order(first).is_none() {
            return Err(Fault::failed("list elements must be comparable"));
        }
    }
    keyed.sort_by(|(ours, _), (theirs, _)| ours.order(theirs).unwrap_or(Ordering::Equal));
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

fn range(call: &Call<'_>) -> Outcome {
    let length = call.int(0)?;
    if length < 0 {
        return Err(Fault::failed(format!("lists.range: size must be non-negative, got {length}")));
    }
    if length > RANGE {
        return Err(Fault::OverBudget);
    }
    Ok(Value::list((0..length).map(Value::Int).collect()))
}

/// Whether one list has all items of the other.
fn contains(call: &Call<'_>, all: usize, some: usize) -> Result<bool, Fault> {
    let (all, some) = (call.items(all)?, call.items(some)?);
    Ok(some.iter().all(|item| all.iter().any(|known| known.same(item))))
}

fn intersects(call: &Call<'_>) -> Outcome {
    let (ours, theirs) = (call.items(0)?, call.items(1)?);
    Ok(Value::Bool(ours.iter().any(|item| theirs.iter().any(|other| other.same(item)))))
}
