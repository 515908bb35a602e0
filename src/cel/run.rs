//! Evaluation: what comes of an expression, what it cost, and which part of an object it looked at last.
//!
//! The cost is the server's, unit for unit, so that an expression is given up here when it is there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use super::compile::{CallCode, Code, FoldCode, Program};
use super::library::{Call, Outcome};
use super::syntax::What;
use super::value::Value;
use super::work;
use crate::text::{Node, Origin};

mod folds;

/// What an expression may cost.
pub const EXPRESSION: u64 = 1_000_000;
/// What all expressions of a policy, or all rules of a definition, may cost for one object.
pub const OBJECT: u64 = 10_000_000;

/// Why nothing is said of what takes more steps than are spent on it here: the server may go on.
const TOO_MUCH: &str = "it takes too many steps to look at all that it compares";

/// What the conditions of a policy may cost for one object.
pub const CONDITIONS: u64 = 2_500_000;

/// Why nothing comes of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It failed: a key that is not there, a value of another type.
    Failed(String),
    /// It depends on what only a cluster knows.
    Unknown(&'static str),
    /// It costs more than it may.
    OverBudget,
}

impl Fault {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    pub(super) fn no_overload() -> Self {
        Self::failed("no such overload")
    }

    /// Returns the reason of a failure without what may be a value of an object: of a key what the expression itself writes,
    /// of anything else what comes before the values.
    pub fn bare(why: &str, expression: &str) -> String {
        match why.strip_prefix("no such key: ") {
            Some(key) if expression.contains(key) => format!("there is no `{key}`"),
            Some(_) => "a key is not there".to_owned(),
            None => why.split([':', '(', '"']).next().unwrap_or_default().trim_end().to_owned(),
        }
    }
}

/// What expressions read.
pub struct Given<'a> {
    /// The variables, in the order in which they were declared.
    pub roots: &'a [Value],
    /// The expressions below `variables`.
    pub deferred: &'a [Program],
    /// What came of those: each is evaluated once, when it is first read.
    values: RefCell<Vec<Option<Outcome>>>,
    /// What they cost.
    spent: RefCell<u64>,
    /// Fields that are missing because they are not known: of which mapping, which, and why.
    missing: Vec<(usize, &'static str, &'static str)>,
    /// Whether all that is read is remembered, and not only what was read last.
    is_whole: bool,
}

impl<'a> Given<'a> {
    /// Returns what expressions read of one object.
    pub fn new(roots: &'a [Value], deferred: &'a [Program]) -> Self {
        let values = RefCell::new(vec![None; deferred.len()]);
        Self { roots, deferred, values, spent: RefCell::new(0), missing: Vec::new(), is_whole: false }
    }

    /// Remembers all that is read: what comes of it is shown, and may show any of that.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    /// Says that a field, where the mapping at an address lacks it, is not known, and why.
    pub fn missing(&mut self, address: usize, field: &'static str, why: &'static str) {
        self.missing.push((address, field, why));
    }

    /// Refuses to say of a field that it is missing, where that is not known.
    fn lacks(&self, of: &Value, field: &str) -> Result<(), Fault> {
        let Value::Tree(node, _) = of else { return Ok(()) };
        let address = node.address();
        let unknown = self.missing.iter().find(|(at, name, _)| *at == address && *name == field);
        unknown.map_or(Ok(()), |(_, _, why)| Err(Fault::Unknown(why)))
    }
}

/// What came of an expression.
#[derive(Debug)]
pub struct Ran {
    /// The value, or why there is none.
    pub outcome: Result<Value, Fault>,
    /// What it cost, with the variables that were evaluated for it.
    pub cost: u64,
    /// The steps that it took here beside that.
    pub steps: u64,
    /// The parts of objects that it looked at, in that order.
    pub reads: Vec<Node>,
}

impl Ran {
    /// Returns the places of all that it looked at, with what is in that.
    pub fn places(&self) -> BTreeSet<Origin> {
        let mut places = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut open: Vec<&Node> = self.reads.iter().collect();
        while let Some(node) = open.pop() {
            if !seen.insert(node.address()) {
                continue;
            }
            places.insert(node.origin());
            for entry in node.as_map().into_iter().flatten() {
                places.insert(entry.key.origin);
                open.push(&entry.value);
            }
            open.extend(node.as_seq().unwrap_or_default());
        }
        places
    }
}

impl Program {
    /// Evaluates the expression.
    pub fn run(&self, given: &Given<'_>) -> Ran {
        let mut run = Run { given, locals: Vec::new(), cost: 0, reads: Vec::new() };
        let (outcome, steps) = work::counted(|| run.value(&self.code).map(|value| run.read(value)));
        Ran { outcome, cost: run.cost + given.spent.take(), steps, reads: run.reads }
    }
}

pub(super) struct Run<'a> {
    given: &'a Given<'a>,
    locals: Vec<Value>,
    cost: u64,
    reads: Vec<Node>,
}

/// The most parts that are remembered as read: the last ones count.
const READS: usize = 64;

impl Run<'_> {
    fn spend(&mut self, cost: u64) -> Result<(), Fault> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > EXPRESSION {
            Err(Fault::OverBudget)
        } else if work::is_over() {
            Err(Fault::Unknown(TOO_MUCH))
        } else {
            Ok(())
        }
    }

    fn note(&mut self, node: &Node) {
        if self.reads.last().is_some_and(|last| last.same(node)) {
            return;
        }
        if self.reads.len() >= READS && !self.given.is_whole {
            self.reads.drain(..READS / 2);
        }
        self.reads.push(node.clone());
    }

    /// Returns a value as functions take it; a part of an object counts as read.
    fn read(&mut self, value: Value) -> Value {
        match &value {
            Value::Tree(node, _) => {
                self.note(node);
                value.settled()
            }
            _ => value,
        }
    }

    fn value(&mut self, code: &Code) -> Outcome {
        match code {
            Code::Constant(value) => Ok(value.clone()),
            Code::Root(slot) => {
                self.spend(1)?;
                Ok(self.given.roots[*slot].clone())
            }
            Code::Local(slot) => {
                self.spend(1)?;
                Ok(self.locals[*slot].clone())
            }
            Code::Deferred(slot) => {
                self.spend(2)?;
                self.deferred(*slot)
            }
            Code::Select(of, field, optional) => {
                let of = self.operand(of)?;
                let found = self.select(of, field, *optional);
                self.spend(u64::from(!matches!(found, Ok(Value::Optional(None)))))?;
                found
            }
            Code::Has(of, field) => {
                let of = self.operand(of)?;
                self.has(&of, field)
            }
            Code::Index(both, optional) => {
                let of = self.operand(&both[0])?;
                let index = self.value(&both[1])?;
                let index = self.read(index);
                let found = self.index(of, &index, *optional);
                let is_path = matches!(
                    both[1],
                    Code::Root(_) | Code::Local(_) | Code::Deferred(_) | Code::Select(..) | Code::Index(..)
                );
                let is_counted = !is_path && !matches!(found, Ok(Value::Optional(None)));
                self.spend(u64::from(is_counted))?;
                found
            }
            Code::And(parts) => self.junction(parts, false),
            Code::Or(parts) => self.junction(parts, true),
            Code::Choice(parts) => {
                let chosen = if self.truth(&parts[0])? { &parts[1] } else { &parts[2] };
                self.value(chosen)
            }
            Code::List(items) => self.list(items),
            Code::Map(entries) => self.map(entries),
            Code::Call(call) => self.call(call),
            Code::Fold(fold) => self.fold(fold),
        }
    }

    /// Evaluates what a field or an item is taken of; more is counted where that is no path of names.
    fn operand(&mut self, code: &Code) -> Outcome {
        let value = self.value(code)?;
        if !matches!(code, Code::Root(_) | Code::Local(_) | Code::Deferred(_) | Code::Select(..) | Code::Index(..)) {
            self.spend(1)?;
        }
        match value {
            Value::Unknown(why) => Err(Fault::Unknown(why)),
            value => Ok(value),
        }
    }

    fn deferred(&mut self, slot: usize) -> Outcome {
        let known = self.given.values.borrow()[slot].clone();
        if let Some(known) = known {
            return known;
        }
        let mut inner = Run { given: self.given, locals: Vec::new(), cost: 0, reads: Vec::new() };
        let outcome = inner.value(&self.given.deferred[slot].code);
        *self.given.spent.borrow_mut() += inner.cost;
        for node in &inner.reads {
            self.note(node);
        }
        self.given.values.borrow_mut()[slot] = Some(outcome.clone());
        outcome
    }

    /// Evaluates what must be true or false.
    fn truth(&mut self, code: &Code) -> Result<bool, Fault> {
        let value = self.value(code)?;
        match self.read(value) {
            Value::Bool(value) => Ok(value),
            Value::Unknown(why) => Err(Fault::Unknown(why)),
            _ => Err(Fault::no_overload()),
        }
    }

    /// Evaluates parts until one of them decides, whatever fails beside it.
    fn junction(&mut self, parts: &[Code], decides: bool) -> Outcome {
        let mut fault: Option<Fault> = None;
        for part in parts {
            match self.truth(part) {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(Fault::OverBudget) => return Err(Fault::OverBudget),
                Err(found @ Fault::Unknown(_)) => fault = Some(found),
                Err(found) => {
                    fault.get_or_insert(found);
                }
            }
        }
        fault.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn select(&mut self, of: Value, field: &str, optional: bool) -> Outcome {
        if let Value::Optional(inner) = &of {
            let Some(inner) = inner else { return Ok(Value::Optional(None)) };
            let found = self.select((**inner).clone(), field, true)?;
            return Ok(found);
        }
        if !of.is_mapping() {
            let is_null = matches!(self.read(of), Value::Null);
            return Err(if is_null { Fault::failed(format!("no such key: {field}")) } else { Fault::no_overload() });
        }
        match of.field(field) {
            Some(found) if optional => Ok(Value::some(found)),
            Some(found) => Ok(found),
            None => {
                self.given.lacks(&of, field)?;
                self.read(of);
                if optional { Ok(Value::Optional(None)) } else { Err(Fault::failed(format!("no such key: {field}"))) }
            }
        }
    }

    fn has(&mut self, of: &Value, field: &str) -> Outcome {
        match of {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(inner)) => return self.has(inner, field),
            Value::Map(_) => {}
            Value::Tree(node, _) if node.as_map().is_some() => {}
            _ => return Err(Fault::no_overload()),
        }
        let found = of.field(field);
        if found.is_none() {
            self.given.lacks(of, field)?;
        }
        match (&found, of) {
            (Some(Value::Tree(node, _)), _) | (None, Value::Tree(node, _)) => self.note(node),
            _ => {}
        }
        Ok(Value::Bool(found.is_some()))
    }

    fn index(&mut self, of: Value, index: &Value, optional: bool) -> Outcome {
        if let Value::Optional(inner) = &of {
            return match inner {
                Some(inner) => self.index((**inner).clone(), index, true),
                None => Ok(Value::Optional(None)),
            };
        }
        let found = match (of.is_list(), index) {
            (true, index) => {
                let at = match index {
                    Value::Int(at) => usize::try_from(*at).ok(),
                    Value::Uint(at) => usize::try_from(*at).ok(),
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    Value::Double(at) if at.fract() == 0.0 && *at >= 0.0 => Some(*at as usize),
                    Value::Double(_) => None,
                    _ => return Err(Fault::no_overload()),
                };
                at.and_then(|at| of.item(at)).ok_or_else(|| match index {
                    Value::Int(at) => Fault::failed(format!("index out of bounds: {at}")),
                    _ => Fault::failed("index out of bounds"),
                })
            }
            (false, index) if of.is_mapping() => of.get(index).ok_or_else(|| {
                let shown = match index {
                    Value::Text(key) => key.to_string(),
                    Value::Int(key) => key.to_string(),
                    _ => "no such key".to_owned(),
                };
                Fault::failed(format!("no such key: {shown}"))
            }),
            _ => return Err(Fault::no_overload()),
        };
        match (found, optional) {
            (Ok(found), true) => Ok(Value::some(found)),
            (Err(_), true) => {
                self.read(of);
                Ok(Value::Optional(None))
            }
            (Ok(found), false) => Ok(found),
            (Err(fault), false) => {
                self.read(of);
                Err(fault)
            }
        }
    }

    fn list(&mut self, items: &[(Code, bool)]) -> Outcome {
        let mut values = Vec::with_capacity(items.len());
        for (code, optional) in items {
            match (self.value(code)?, optional) {
                (Value::Optional(inner), true) => values.extend(inner.map(|inner| (*inner).clone())),
                (value, _) => values.push(value),
            }
        }
        self.spend(super::library::cost_of_list())?;
        Ok(Value::list(values))
    }

    fn map(&mut self, entries: &[(Code, Code, bool)]) -> Outcome {
        let mut made: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.value(key)?;
            let key = self.read(key);
            if !matches!(key, Value::Text(_) | Value::Int(_) | Value::Uint(_) | Value::Bool(_) | Value::Double(_)) {
                return Err(Fault::failed("unsupported key type"));
            }
            let value = match (self.value(value)?, optional) {
                (Value::Optional(inner), true) => match inner {
                    Some(inner) => (*inner).clone(),
                    None => continue,
                },
                (value, _) => value,
            };
            match made.iter_mut().find(|(known, _)| known.same(&key)) {
                Some((_, known)) => *known = value,
                None => made.push((key, value)),
            }
        }
        self.spend(super::library::cost_of_map())?;
        Ok(Value::Map(made.into()))
    }

    fn call(&mut self, call: &CallCode) -> Outcome {
        let mut args = Vec::with_capacity(call.args.len());
        for (at, arg) in call.args.iter().enumerate() {
            if at == 1 && call.is_lazy && matches!(&args[0], Value::Optional(Some(_))) {
                break;
            }
            // A call whose arguments fail is counted as one that fails.
            let value = self.value(arg).or_else(|fault| self.spend(1).and(Err(fault)))?;
            match self.read(value) {
                Value::Unknown(why) => return Err(Fault::Unknown(why)),
                value => args.push(value),
            }
        }
        let takes = |params: &[super::types::Ty]| {
            (params.len() == args.len() || call.is_lazy) && args.iter().zip(params).all(|(arg, ty)| arg.is(ty))
        };
        let form = call.forms.iter().find(|form| takes(&form.params));
        if let Some(steep) = form.filter(|form| form.cost.is_steep())
            && self.cost.saturating_add(steep.cost.of(&args, &Value::Null)) > EXPRESSION
        {
            return Err(Fault::OverBudget);
        }
        let given = Call { args: &args, pattern: call.pattern.as_ref() };
        let result = form.map_or_else(|| Err(Fault::no_overload()), |form| (form.run)(&given));
        let cost = match (form, &result) {
            (Some(_), Ok(_)) if call.is_lazy || is_set(call) => 0,
            (Some(form), Ok(result)) if call.forms.len() == 1 || !form.cost.is_of_form() => form.cost.of(&args, result),
            _ => 1,
        };
        self.spend(cost)?;
        if !work::take(args.len()) {
            return Err(Fault::Unknown(TOO_MUCH));
        }
        result
    }

    fn fold(&mut self, fold: &FoldCode) -> Outcome {
        let before = self.cost;
        let over = self.value(&fold.over)?;
        if let Value::Unknown(why) = over {
            return Err(Fault::Unknown(why));
        }
        if matches!(fold.what, What::Optional | What::Flat) {
            let twice = self.cost - before;
            return self.optional(fold, over, twice);
        }
        self.items(fold, over)
    }
}

/// Whether a call asks whether something is one of a list that is known before, which costs nothing.
fn is_set(call: &CallCode) -> bool {
    let is_in = call.forms.len() == 1
        && call.forms.first().is_some_and(|form| matches!(form.cost, super::library::Cost::Items));
    is_in && matches!(&call.args[1], Code::Constant(list) if list.is_list())
}
