//! How deep lists, mappings and optional values may nest in what comes of an expression: code in, a bound out.
//!
//! A variable that holds the one before it is one level deeper; a text of some kilobytes makes thousands of levels so.

use super::super::syntax::What;
use super::super::types::Ty;
use super::Code;
use crate::cel::Value;

/// Returns a bound for what comes of a code, where the values of variables are so deep.
pub(super) fn of(code: &Code, variables: &[usize]) -> usize {
    let below = |code: &Code| of(code, variables);
    match code {
        Code::Constant(value) => constant(value),
        // What a macro names is a part of what it looks at, which is counted there.
        Code::Root(_) | Code::Local(_) | Code::Has(..) | Code::And(_) | Code::Or(_) => 0,
        Code::Deferred(slot) => variables.get(*slot).copied().unwrap_or_default(),
        Code::Select(of, ..) => below(of),
        Code::Index(both, _) => below(&both[0]),
        Code::Choice(parts) => below(&parts[1]).max(below(&parts[2])),
        Code::List(items) => 1 + items.iter().map(|(item, _)| below(item)).max().unwrap_or_default(),
        Code::Map(entries) => 1 + entries.iter().map(|(_, value, _)| below(value)).max().unwrap_or_default(),
        Code::Call(call) => {
            let deepest = call.args.iter().map(below).max().unwrap_or_default();
            match call.forms.as_slice() {
                forms if !forms.is_empty() && forms.iter().all(|form| form.result.is_scalar()) => 0,
                forms if forms.iter().any(|form| matches!(form.result, Ty::Optional(_))) => deepest + 1,
                _ => deepest,
            }
        }
        Code::Fold(fold) => match fold.what {
            What::All | What::Exists | What::ExistsOne => 0,
            What::Filter | What::Sorted => below(&fold.over),
            // An item is one level less deep than what it is an item of.
            What::List | What::Values | What::Entries | What::Optional | What::Flat => {
                (below(&fold.over) + below(&fold.body)).max(1)
            }
        },
    }
}

fn constant(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(constant).max().unwrap_or_default(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, value)| constant(value)).max().unwrap_or_default(),
        _ => 0,
    }
}
