//! The functions of expressions: those of CEL itself, and those that Kubernetes adds, each from the minor that has it.
//!
//! A call is dispatched by the types of what it is given; what a function is given is of the types that it declares.

mod convert;
mod cost;
mod format;
mod formats;
mod lists;
mod network;
mod operators;
mod optional;
mod quantity;
pub(super) mod semver;
mod strings;
mod times;
pub(super) mod url;

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) use self::convert::shortest;
pub(super) use self::cost::{Cost, pairs as pairs_cost};
pub(super) use self::format::clauses;
pub(super) use self::lists::sorted;
use super::run::Fault;
use super::types::Ty;
use super::value::Value;
use crate::kubernetes::Minor;
use crate::schema::GoPattern;

/// What comes of an expression.
pub(super) type Outcome = Result<Value, Fault>;

/// What a function is given.
pub(super) struct Call<'a> {
    pub(super) args: &'a [Value],
    /// The pattern among them, where it stands in the expression itself.
    pub(super) pattern: Option<&'a GoPattern>,
}

/// One form of a function.
#[derive(Debug)]
pub(super) struct Function {
    /// Whether it is called on its first argument.
    pub(super) is_method: bool,
    pub(super) params: Vec<Ty>,
    pub(super) result: Ty,
    /// The first minor that has it.
    pub(super) since: Minor,
    pub(super) cost: Cost,
    pub(super) run: fn(&Call<'_>) -> Outcome,
}

/// A form as the files below write it: `string.startsWith(string) bool` is a method, `size(string) int` is none.
pub(super) struct Form(&'static str, u32, Cost, fn(&Call<'_>) -> Outcome);

/// Returns the forms of a function.
pub(super) fn functions(name: &str) -> &'static [Function] {
    TABLE.get(name).map_or(&[], Vec::as_slice)
}

/// Returns the names of all functions that a minor has.
pub(super) fn names(minor: Minor) -> impl Iterator<Item = &'static str> {
    let has = move |forms: &Vec<Function>| forms.iter().any(|form| form.since <= minor);
    let names = TABLE.iter().filter(move |(_, forms)| has(forms)).map(|(name, _)| *name);
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

static TABLE: LazyLock<HashMap<&'static str, Vec<Function>>> = LazyLock::new(|| {
    let files: [&[Form]; 12] = [
        convert::FORMS,
        operators::FORMS,
        strings::FORMS,
        format::FORMS,
        lists::FORMS,
        optional::FORMS,
        times::FORMS,
        quantity::FORMS,
        network::FORMS,
        url::FORMS,
        semver::FORMS,
        formats::FORMS,
    ];
    let mut table: HashMap<&'static str, Vec<Function>> = HashMap::new();
    for form in files.into_iter().flatten() {
        let (name, function) = form.read();
        table.entry(name).or_default().push(function);
    }
    table
});

impl Form {
    fn read(&self) -> (&'static str, Function) {
        let Self(text, since, cost, run) = *self;
        let open = text.rfind(" -> ").map_or(text.len(), |at| at);
        let (head, result) = (&text[..open], text[open..].trim_start_matches(" -> "));
        // The parameters are the last brackets before the arrow; those of the type of a receiver come before its dot.
        let receiver_ends = head.find(").").map_or_else(|| dot(head), |at| Some(at + 1));
        let (receiver, rest) = receiver_ends.map_or((None, head), |at| (Some(&head[..at]), &head[at + 1..]));
        let (name, params) = rest.split_once('(').unwrap_or((rest, ")"));
        let mut types: Vec<Ty> = receiver.into_iter().map(Ty::parse).collect();
        types.extend(split(params.strip_suffix(')').unwrap_or(params)).into_iter().map(Ty::parse));
        let function = Function {
            is_method: receiver.is_some(),
            params: types,
            result: Ty::parse(result),
            since: Minor(since),
            cost,
            run,
        };
        (name, function)
    }
}

/// Returns where the dot after the type of a receiver is: namespaces of functions are no types.
fn dot(head: &str) -> Option<usize> {
    const NAMESPACES: [&str; 8] = ["sets", "lists", "optional", "strings", "format", "ip", "jsonpatch", "@"];
    let at = head.find('.').filter(|at| head.find('(').is_none_or(|open| *at < open))?;
    (!NAMESPACES.contains(&&head[..at])).then_some(at)
}

/// Splits parameters at the commas between them.
fn split(params: &'static str) -> Vec<&'static str> {
    let (mut all, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in params.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                all.push(&params[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !params[start..].trim().is_empty() {
        all.push(&params[start..]);
    }
    all
}

/// Returns what a new list costs.
pub(super) fn cost_of_list() -> u64 {
    cost::LIST
}

/// Returns what a new mapping costs.
pub(super) fn cost_of_map() -> u64 {
    cost::MAP
}

/// The most bytes that a text may grow to, and items that a list may: more is no use to a policy, and the server's costs do
/// not see all of it.
const TEXT: usize = 4_000_000;
const ITEMS: usize = 1_000_000;

/// Gives up where a text, or a list, would grow too large.
fn within(size: usize, most: usize) -> Result<(), Fault> {
    if size > most { Err(Fault::OverBudget) } else { Ok(()) }
}

/// Reads base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

impl Call<'_> {
    /// Returns an argument that is a text.
    pub(super) fn text(&self, at: usize) -> Result<&str, Fault> {
        match self.args.get(at) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Fault::no_overload()),
        }
    }

    /// Returns an argument that is a number.
    pub(super) fn int(&self, at: usize) -> Result<i64, Fault> {
        match self.args.get(at) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(Fault::no_overload()),
        }
    }

    /// Returns the items of an argument that is a list, each settled.
    pub(super) fn items(&self, at: usize) -> Result<Vec<Value>, Fault> {
        self.args.get(at).and_then(Value::items).ok_or_else(Fault::no_overload)
    }

    /// Returns an argument.
    pub(super) fn value(&self, at: usize) -> Result<&Value, Fault> {
        self.args.get(at).ok_or_else(Fault::no_overload)
    }
}
