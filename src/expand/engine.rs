//! The expression engine on a budget: a text in, a program out; values in, a value or a text out.
//!
//! Three bounds hold together. The tokens of a text are counted before it is parsed, since the engine recurses over them.
//! Each step and each byte costs fuel. And lists and mappings, of which fuel sees only the outermost level, are weighed
//! between the steps: no value is larger than the fuel that is left, deeper than [`limits::VALUE_DEPTH`], or lazy.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use minijinja::machinery::{
    CodeGenerator, Instruction, Instructions, Span, eval, make_string_output, parse, parse_expr,
};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{DynObject, Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use super::expression::text_of;
use super::{budget, compare};
use crate::diagnostic::words;
use crate::limits;
use crate::spec::slug;

/// Weighs what a step has made; no text can name it.
const MADE: &str = "(made)";
/// Weighs what a step will look at.
const HELD: &str = "(held)";
/// Weighs what a namespace will hold.
const KEPT: &str = "(kept)";
/// Makes what is compared alike: the sides of an equation, of an order, an item and its list.
const EQUAL: &str = "(equal)";
const ORDERED: &str = "(ordered)";
const MEMBER: &str = "(member)";

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(limits::EXPRESSION_STEPS));
    engine.set_recursion_limit(limits::EXPRESSION_RECURSION);
    engine.set_debug(true);
    engine.set_syntax(syntax());
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_formatter(|out, _state, value| {
        out.write_str(&text_of(value)?)?;
        Ok(())
    });
    engine.add_filter("slug", |text: &str| slug(text).to_string());
    engine.add_filter("tojson", to_json);
    engine.add_filter("chain", chain);
    engine.add_filter(MADE, |state: &State, value: ValueOrKwargs| made(state, value.into_value()));
    engine.add_filter(HELD, |state: &State, value: ValueOrKwargs| {
        weigh(state, &value, true)?;
        Ok::<_, Error>(value.into_value())
    });
    engine.add_filter(KEPT, |state: &State, value: ValueOrKwargs| {
        weigh(state, &value, false)?;
        Ok::<_, Error>(value.into_value())
    });
    engine.add_filter(EQUAL, |left: ValueOrKwargs, right: ValueOrKwargs| {
        pair(compare::for_equality(left.into_value(), right.into_value()))
    });
    engine.add_filter(ORDERED, |left: ValueOrKwargs, right: ValueOrKwargs| {
        compare::for_order(left.into_value(), right.into_value()).map(pair)
    });
    engine.add_filter(MEMBER, |left: ValueOrKwargs, right: ValueOrKwargs| {
        compare::for_membership(left.into_value(), right.into_value()).map(pair)
    });
    engine
});

/// Returns two values as a list that is unpacked in their order.
fn pair((left, right): (Value, Value)) -> Value {
    Value::from(vec![right, left])
}

fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

thread_local! {
    /// The steps of all programs that ran on this thread since [`metered`] was last called.
    static SPENT: Cell<u64> = const { Cell::new(0) };
}

/// Does what one instance needs; returns the steps that its expressions took too.
pub fn metered<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = SPENT.replace(0);
    let done = work();
    (done, SPENT.replace(before))
}

/// A text that was parsed, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    text: &'static str,
    instructions: Instructions<'static>,
    /// How many instructions there are.
    length: u64,
}

impl Program {
    fn of(text: &'static str, plain: &Instructions<'static>) -> Self {
        let (instructions, length) = weighed(plain);
        Self { text, instructions, length: length.into() }
    }

    /// Parses one expression.
    pub(super) fn expression(text: &str) -> Result<Arc<Self>, Error> {
        once(text, true, |text| {
            budget::check(text, true, SyntaxConfig::default())?;
            let mut generator = CodeGenerator::new("<expression>", text);
            generator.compile_expr(&parse_expr(text)?);
            Ok(Self::of(text, &generator.finish().0))
        })
    }

    /// Parses a text with expressions and statements.
    pub(super) fn text(text: &str) -> Result<Arc<Self>, Error> {
        once(text, false, |text| {
            budget::check(text, false, syntax())?;
            let mut generator = CodeGenerator::new("<text>", text);
            generator.compile_stmt(&parse(text, "<text>", syntax())?);
            Ok(Self::of(text, &generator.finish().0))
        })
    }

    /// Runs an expression.
    pub(super) fn value(&self, values: &Value) -> Result<Value, Error> {
        Ok(self.run(values, &mut String::new())?.unwrap_or_default())
    }

    /// Runs a text.
    pub(super) fn fill(&self, values: &Value) -> Result<String, Error> {
        let mut filled = String::new();
        self.run(values, &mut filled)?;
        Ok(filled)
    }

    fn run(&self, values: &Value, filled: &mut String) -> Result<Option<Value>, Error> {
        spend(0)?;
        let done = self.run_on(&ENGINE, values.clone(), filled);
        let spent = match &done {
            Ok((_, spent)) => *spent,
            Err(error) => self.cost_of(error, values),
        };
        SPENT.set(SPENT.get().saturating_add(spent));
        done.map(|(value, _)| value)
    }

    /// Runs on an engine; returns the steps that it took too.
    fn run_on(
        &self,
        engine: &Environment<'static>,
        values: Value,
        filled: &mut String,
    ) -> Result<(Option<Value>, u64), Error> {
        let mut out = make_string_output(filled);
        let blocks = BTreeMap::default();
        let (value, state) = eval(engine, &self.instructions, values, &blocks, &mut out, AutoEscape::None)?;
        Ok((value, state.fuel_levels().map_or(0, |(spent, _)| spent)))
    }

    /// Returns the steps that a run took at most until it failed, which the engine does not tell: with how few of them it
    /// fails in the same way.
    fn cost_of(&self, error: &Error, values: &Value) -> u64 {
        let fails_within = |steps: u64| {
            let mut engine = ENGINE.clone();
            engine.set_fuel(Some(steps));
            let again = self.run_on(&engine, values.clone(), &mut String::new());
            again.is_err_and(|again| again.kind() != ErrorKind::OutOfFuel)
        };
        let few = [self.length, 100 * self.length].into_iter().filter(|steps| *steps < limits::EXPRESSION_STEPS);
        few.filter(|_| error.kind() != ErrorKind::OutOfFuel)
            .find(|steps| fails_within(*steps))
            .unwrap_or(limits::EXPRESSION_STEPS)
    }

    /// Returns the paths that an expression reads, sorted.
    pub(super) fn paths_of_expression(&self) -> Vec<String> {
        sorted(ENGINE.compile_expression(self.text).map(|read| read.undeclared_variables(true)).unwrap_or_default())
    }

    /// Returns the paths that a text reads, sorted.
    pub(super) fn paths_of_text(&self) -> Vec<String> {
        sorted(ENGINE.template_from_str(self.text).map(|read| read.undeclared_variables(true)).unwrap_or_default())
    }
}

fn sorted(paths: HashSet<String>) -> Vec<String> {
    let mut paths: Vec<String> = paths.into_iter().collect();
    paths.sort_unstable();
    paths
}

/// Takes some steps from what is left to expressions on this thread.
fn spend(steps: u64) -> Result<(), Error> {
    SPENT.set(SPENT.get().saturating_add(steps));
    if SPENT.get() <= limits::INSTANCE_STEPS {
        return Ok(());
    }
    let most = words::grouped(limits::INSTANCE_STEPS);
    let message = format!("the expressions of one instance, or outside of them, take more than {most} steps");
    Err(Error::new(ErrorKind::OutOfFuel, message))
}

/// Returns the program of a text, which is parsed once and stays until the end of the process, like the inputs themselves.
fn once(
    text: &str,
    is_expression: bool,
    parse: impl FnOnce(&'static str) -> Result<Program, Error>,
) -> Result<Arc<Program>, Error> {
    static PROGRAMS: Mutex<BTreeMap<(bool, &'static str), Arc<Program>>> = Mutex::new(BTreeMap::new());
    if let Some(known) = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner).get(&(is_expression, text)) {
        return Ok(known.clone());
    }
    spend(limits::PARSING_STEPS)?;
    let text: &'static str = Box::leak(text.into());
    let program = Arc::new(parse(text)?);
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(programs.entry((is_expression, text)).or_insert(program).clone())
}

/// Returns the instructions with a look at each value between them, and their number.
fn weighed(plain: &Instructions<'static>) -> (Instructions<'static>, u32) {
    let listed: Vec<&Instruction<'static>> = (0..).map_while(|at| plain.get(at)).collect();
    let mut places = Vec::with_capacity(listed.len() + 1);
    let mut next = 0_u32;
    for instruction in &listed {
        places.push(next);
        next += 1 + u32::try_from(before(instruction).len() + after(instruction).len()).unwrap_or_default();
    }
    places.push(next);
    let moved = |target: u32| places.get(target as usize).copied().unwrap_or(next);
    let mut weighed = Instructions::new(plain.name(), plain.source());
    for (at, instruction) in listed.into_iter().enumerate() {
        let span: Span = u32::try_from(at).ok().and_then(|at| plain.get_span(at)).unwrap_or_default();
        let own = match instruction {
            Instruction::Jump(to) => Instruction::Jump(moved(*to)),
            Instruction::JumpIfFalse(to) => Instruction::JumpIfFalse(moved(*to)),
            Instruction::JumpIfFalseOrPop(to) => Instruction::JumpIfFalseOrPop(moved(*to)),
            Instruction::JumpIfTrueOrPop(to) => Instruction::JumpIfTrueOrPop(moved(*to)),
            Instruction::Iterate(to) => Instruction::Iterate(moved(*to)),
            Instruction::BuildMacro(name, to, flags) => Instruction::BuildMacro(name, moved(*to), *flags),
            other => other.clone(),
        };
        let around = before(instruction).iter().cloned().chain([own]).chain(after(instruction).iter().cloned());
        for one in around {
            weighed.add_with_span(one, span);
        }
    }
    (weighed, next)
}

/// Applies a filter of ours, which the engine does not remember by number.
const fn apply(name: &'static str) -> Instruction<'static> {
    Instruction::ApplyFilter(name, Some(1), !0)
}

/// Applies a filter of ours to the two topmost values.
const fn apply_to_two(name: &'static str) -> Instruction<'static> {
    Instruction::ApplyFilter(name, Some(2), !0)
}

/// Returns what comes before an instruction: a look at what it compares, which is made alike, and at what is put into a
/// namespace.
fn before(instruction: &Instruction<'_>) -> &'static [Instruction<'static>] {
    match instruction {
        // Which comparison it is that preserves a side cannot be seen: texts that are numbers are made such for each.
        Instruction::Eq | Instruction::Ne | Instruction::CompareAndPreserve(_) => {
            const { &[apply(HELD), apply_to_two(EQUAL), Instruction::UnpackList(2)] }
        }
        Instruction::Gt | Instruction::Gte | Instruction::Lt | Instruction::Lte => {
            const { &[apply(HELD), apply_to_two(ORDERED), Instruction::UnpackList(2)] }
        }
        Instruction::In => const { &[apply(HELD), apply_to_two(MEMBER), Instruction::UnpackList(2)] },
        Instruction::PerformTest(_, Some(_), _) => const { &[apply(HELD)] },
        Instruction::SetAttr(_) => const { &[Instruction::Swap, apply(KEPT), Instruction::Swap] },
        _ => &[],
    }
}

/// Returns what is weighed after an instruction: all that may be larger than what it was made of.
fn after(instruction: &Instruction<'_>) -> &'static [Instruction<'static>] {
    match instruction {
        Instruction::Add
        | Instruction::Mul
        | Instruction::Slice
        | Instruction::BuildList(_)
        | Instruction::BuildTuple(_)
        | Instruction::BuildMap(_)
        | Instruction::ApplyFilter(..)
        | Instruction::CallFunction(..)
        | Instruction::CallMethod(..)
        | Instruction::CallObject(_) => const { &[apply(MADE)] },
        Instruction::LoadConst(value) if value.as_object().is_some() => const { &[apply(MADE)] },
        _ => &[],
    }
}

/// Weighs a value that was just made; a list that would be put together anew at each look is put together here.
fn made(state: &State, value: Value) -> Result<Value, Error> {
    if value.as_object().is_none() {
        return Ok(value);
    }
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    let value = if !is_list || value.is_tuple() || value.downcast_object_ref::<Vec<Value>>().is_some() {
        value
    } else {
        let mut items = Vec::new();
        for item in value.try_iter()? {
            state.consume_fuel(1)?;
            items.push(item);
        }
        Value::from(items)
    };
    weigh(state, &value, true)?;
    Ok(value)
}

/// Charges for all that a value holds; with `namespace`, the value itself may be one. None may be inside of another value:
/// it could hold itself.
fn weigh(state: &State, value: &Value, namespace: bool) -> Result<(), Error> {
    if value.as_object().is_none() {
        return Ok(());
    }
    let mut scale = Scale { state, owed: 0 };
    scale.put(value, usize::from(!namespace))?;
    state.consume_fuel(scale.owed)
}

/// What was weighed and is not yet paid for.
struct Scale<'s, 'a, 'e> {
    state: &'s State<'a, 'e>,
    owed: u64,
}

impl Scale<'_, '_, '_> {
    fn put(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        /// Payments are made in portions.
        const PORTION: u64 = 256;
        /// So many bytes are a step, as to the engine.
        const BYTES: usize = 64;
        if depth > limits::VALUE_DEPTH {
            let message = format!("its value nests more than {} deep", limits::VALUE_DEPTH);
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        self.owed += 1 + value.as_str().map_or(0, |text| (text.len() / BYTES) as u64);
        if self.owed >= PORTION {
            self.state.consume_fuel(std::mem::take(&mut self.owed))?;
        }
        let Some(object) = value.as_object() else { return Ok(()) };
        if depth > 0 && is_namespace(object) {
            return Err(Error::new(ErrorKind::InvalidOperation, "a namespace cannot stand inside of another value"));
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()? {
                    self.put(&item, depth + 1)?;
                }
            }
            ValueKind::Map => {
                for key in value.try_iter()? {
                    self.put(&key, depth + 1)?;
                    if let Ok(item) = value.get_item(&key) {
                        self.put(&item, depth + 1)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_namespace(object: &DynObject) -> bool {
    object.type_name().ends_with("::Namespace")
}

/// Writes JSON as the engine's own filter does, indented by no more than [`limits::JSON_INDENT`].
#[expect(clippy::needless_pass_by_value, reason = "the engine hands over what is named")]
fn to_json(state: &State, value: &Value, indent: Option<Value>, options: Kwargs) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => options.get("indent")?,
    };
    options.assert_all_used()?;
    let wide = indent.as_ref().and_then(|indent| i64::try_from(indent.clone()).ok());
    if wide.is_some_and(|wide| wide > limits::JSON_INDENT) {
        let message = format!("`tojson` indents by at most {} spaces", limits::JSON_INDENT);
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    weigh(state, value, false)?;
    minijinja::filters::tojson(value, indent, std::iter::empty::<(&str, Value)>().collect())
}

/// Puts lists, or mappings, one behind the other, at once.
#[expect(clippy::needless_pass_by_value, reason = "the engine hands over the rest of its arguments")]
fn chain(value: &Value, others: Rest<Value>) -> Result<Value, Error> {
    let all = || std::iter::once(value).chain(others.iter());
    if all().all(|one| one.kind() == ValueKind::Map) {
        let mut entries = Vec::new();
        for one in all() {
            for key in one.try_iter()? {
                let item = one.get_item(&key)?;
                entries.push((key, item));
            }
        }
        return Ok(entries.into_iter().collect());
    }
    let mut items = Vec::new();
    for one in all() {
        items.extend(one.try_iter()?);
    }
    Ok(Value::from(items))
}

#[cfg(test)]
mod tests {
    use super::super::builtin::{Builtin, FILTERS, FUNCTIONS, TESTS};
    use super::ENGINE;

    /// Returns the names that the engine shows behind a word; those that no text can name are left out.
    fn registered(word: &str) -> Vec<String> {
        let shown = format!("{:?}", *ENGINE);
        let (_, rest) = shown.split_once(&format!("{word}: ")).expect("the engine shows what it has");
        let list = &rest[..rest.find([']', '}']).expect("a list ends")];
        let names = list.split('"').skip(1).step_by(2).map(str::to_owned);
        names.filter(|name| name.starts_with(char::is_alphabetic)).collect()
    }

    #[test]
    fn every_word_of_the_engine_is_in_the_tables_and_no_other() {
        let functions: Vec<String> = ENGINE.globals().map(|(name, _)| name.to_owned()).collect();
        for (found, known) in [(registered("filters"), FILTERS), (registered("tests"), TESTS), (functions, FUNCTIONS)] {
            let mut known: Vec<&str> = known.iter().map(|word: &Builtin| word.name).collect();
            known.sort_unstable();
            let mut found = found;
            found.sort_unstable();
            assert!(found.len() > 3);
            assert_eq!(found, known);
        }
    }
}
