//! Macros that look at each item. They cost what their expansions cost to the server.

use std::collections::HashSet;

use super::{Code, Fault, FoldCode, Outcome, Run, What};
use crate::cel::library::{pairs_cost, sorted};
use crate::cel::value::Value;

impl Run<'_> {
    /// Evaluates a macro over the items of a list, or the entries of a mapping.
    pub(super) fn items(&mut self, fold: &FoldCode, over: Value) -> Outcome {
        if let Value::Tree(node, _) = &over
            && over.size() == Some(0)
        {
            self.note(node);
        }
        let pairs: Vec<(Value, Value)> = match (over.items(), fold.both) {
            (Some(items), false) => items.into_iter().map(|item| (item, Value::Null)).collect(),
            (Some(items), true) => {
                let number = |at: usize| Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
                items.into_iter().enumerate().map(|(at, item)| (number(at), item)).collect()
            }
            (None, _) => {
                let Some(entries) = over.entries() else {
                    self.read(over);
                    return Err(Fault::no_overload());
                };
                entries
            }
        };
        let outer = self.locals.len();
        let outcome = self.each(fold, pairs);
        self.locals.truncate(outer);
        outcome
    }

    fn each(&mut self, fold: &FoldCode, pairs: Vec<(Value, Value)>) -> Outcome {
        let outer = self.locals.len();
        let mut made = Made {
            fault: None,
            count: 0,
            list: Vec::new(),
            entries: Vec::new(),
            keys: HashSet::new(),
            keyed: Vec::new(),
        };
        let last = pairs.len();
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            self.locals.truncate(outer);
            self.locals.push(key.clone());
            if fold.both {
                self.locals.push(value.clone());
            }
            if let Some(decided) = self.step(fold, &mut made, key, value)? {
                // The server looks at the condition once more, where there is one item more.
                if at + 1 < last {
                    self.spend(if fold.what == What::All { 2 } else { 3 })?;
                }
                self.spend(1)?;
                return Ok(Value::Bool(decided));
            }
        }
        match fold.what {
            What::ExistsOne => self.spend(2)?,
            _ => self.spend(1)?,
        }
        match (fold.what, made.fault) {
            (_, Some(fault)) => Err(fault),
            (What::All, None) => Ok(Value::Bool(true)),
            (What::Exists, None) => Ok(Value::Bool(false)),
            (What::ExistsOne, None) => Ok(Value::Bool(made.count == 1)),
            (What::Values | What::Entries, None) => Ok(Value::Map(made.entries.into())),
            (What::Sorted, None) => {
                let is_text =
                    made.keyed.first().is_some_and(|(key, _)| matches!(key, Value::Text(_) | Value::Bytes(_)));
                let pairs = if fold.is_typed { pairs_cost(made.keyed.len() as u64, is_text) } else { 1 };
                self.spend(2 + pairs)?;
                Ok(Value::list(sorted(made.keyed)?))
            }
            (_, None) => Ok(Value::list(made.list)),
        }
    }

    /// Looks at one item; what decides the whole comes back.
    fn step(&mut self, fold: &FoldCode, made: &mut Made, key: Value, value: Value) -> Result<Option<bool>, Fault> {
        match fold.what {
            What::All | What::Exists => {
                let decides = fold.what == What::Exists;
                // The condition, and the accumulator of the step.
                self.spend(if decides { 4 } else { 3 })?;
                match self.truth(&fold.body) {
                    Ok(found) if found == decides => return Ok(Some(decides)),
                    Ok(_) => {}
                    Err(Fault::OverBudget) => return Err(Fault::OverBudget),
                    Err(found @ Fault::Unknown(_)) => made.fault = Some(found),
                    Err(found) => {
                        made.fault.get_or_insert(found);
                    }
                }
                return Ok(None);
            }
            What::ExistsOne => {
                let found = self.truth(&fold.body)?;
                made.count += u64::from(found);
                self.spend(if found { 2 } else { 0 })?;
                return Ok(None);
            }
            What::Filter => {
                let found = self.truth(&fold.body)?;
                if found {
                    // The item is named once more, and put into a list of its own.
                    self.spend(1 + 10 + 1 + 1)?;
                    made.list.push(key);
                }
                return Ok(None);
            }
            What::List | What::Values | What::Entries | What::Sorted => {}
            What::Optional | What::Flat => return Err(Fault::no_overload()),
        }
        if let Some(filter) = &fold.filter
            && !self.truth(filter)?
        {
            return Ok(None);
        }
        let found = self.value(&fold.body)?;
        match fold.what {
            What::List => {
                // A list of what is known before costs nothing.
                let is_constant = matches!(fold.body, Code::Constant(_));
                self.spend(if is_constant { 1 + 1 } else { 1 + 10 + 1 })?;
                made.list.push(found);
            }
            What::Sorted => {
                self.spend(1 + 10 + 1)?;
                let found = self.read(found);
                made.keyed.push((found, if fold.both { value } else { key }));
            }
            What::Values => {
                self.spend(1 + 1 + 1)?;
                made.entries.push((key, found));
            }
            _ => {
                self.spend(1 + 1)?;
                for (key, value) in found.entries().ok_or_else(Fault::no_overload)? {
                    if !made.keys.insert(key.shown()) {
                        return Err(Fault::failed("insert failed: the key already exists"));
                    }
                    made.entries.push((key, value));
                }
            }
        }
        Ok(None)
    }

    /// Evaluates `optMap` and `optFlatMap`, whose expansions evaluate the value `twice`.
    pub(super) fn optional(&mut self, fold: &FoldCode, over: Value, twice: u64) -> Outcome {
        let Value::Optional(inner) = over else { return Err(Fault::no_overload()) };
        self.spend(2)?;
        let Some(inner) = inner else { return Ok(Value::Optional(None)) };
        self.spend(twice + u64::from(fold.what == What::Optional))?;
        let outer = self.locals.len();
        self.locals.push((*inner).clone());
        let found = self.value(&fold.body);
        self.locals.truncate(outer);
        match (fold.what, found?) {
            (What::Optional, found) => Ok(Value::some(found)),
            (_, found @ Value::Optional(_)) => Ok(found),
            _ => Err(Fault::no_overload()),
        }
    }
}

/// What the items have made so far.
struct Made {
    fault: Option<Fault>,
    count: u64,
    list: Vec<Value>,
    entries: Vec<(Value, Value)>,
    keys: HashSet<String>,
    keyed: Vec<(Value, Value)>,
}
