//! Expressions checked and made ready: names looked up, functions found by the types of what they are given.
//!
//! What comes of an object has no type here unless it is declared, and is checked when it is evaluated; everything else is
//! refused before, as the server refuses it when a policy is written.

mod calls;
mod depth;
mod made;

use smol_str::SmolStr;

use super::library::Function;
use super::parse::parse;
use super::syntax::{Expr, Fold, Kind, Refusal, What};
use super::types::Ty;
use super::value::Value;
use super::work;
use crate::diagnostic::did_you_mean;
use crate::kubernetes::Minor;
use crate::limits;
use crate::schema::{GoPattern, Patterns};

/// The variables that expressions may read.
#[derive(Clone, Debug)]
pub struct Environment {
    minor: Minor,
    roots: Vec<(SmolStr, Ty)>,
    /// Those below `variables`, each an expression of its own, with how deep its value may nest.
    deferred: Option<Vec<(SmolStr, Ty, usize)>>,
    /// Whether they may make patches.
    has_patches: bool,
    /// Whether they may name what comes of a part: `cel.bind(name, value, expression)`.
    has_names: bool,
}

/// An expression, ready to be evaluated.
#[derive(Debug)]
pub struct Program {
    pub(super) code: Code,
    ty: Ty,
    /// How deep its value may nest, beside what it has of an object.
    depth: usize,
    reads: Vec<SmolStr>,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Code {
    Constant(Value),
    /// A variable of the environment.
    Root(usize),
    /// An expression below `variables`.
    Deferred(usize),
    /// A name of a macro around this.
    Local(usize),
    Select(Box<Code>, SmolStr, bool),
    Has(Box<Code>, SmolStr),
    Index(Box<[Code; 2]>, bool),
    And(Vec<Code>),
    Or(Vec<Code>),
    Choice(Box<[Code; 3]>),
    List(Vec<(Code, bool)>),
    Map(Vec<(Code, Code, bool)>),
    Call(Box<CallCode>),
    Fold(Box<FoldCode>),
}

#[derive(Debug)]
pub(super) struct CallCode {
    pub(super) forms: Vec<&'static Function>,
    pub(super) args: Vec<Code>,
    pub(super) pattern: Option<GoPattern>,
    /// Whether the second argument is evaluated only where the first has no value.
    pub(super) is_lazy: bool,
}

#[derive(Debug)]
pub(super) struct FoldCode {
    pub(super) what: What,
    pub(super) over: Code,
    /// Whether both keys and values are named.
    pub(super) both: bool,
    /// Whether the type of what becomes of the items is known before.
    pub(super) is_typed: bool,
    pub(super) filter: Option<Code>,
    pub(super) body: Code,
}

impl Environment {
    /// Returns one without variables, for the functions of a minor.
    pub fn new(minor: Minor) -> Self {
        Self { minor, roots: Vec::new(), deferred: None, has_patches: false, has_names: false }
    }

    /// Declares a variable. The values are given in the order of the declarations.
    #[must_use]
    pub fn with(mut self, name: &str, ty: Ty) -> Self {
        self.roots.push((name.into(), ty));
        self
    }

    /// Lets expressions make patches: values of the types `Object`, those of its fields, and `JSONPatch`.
    #[must_use]
    pub fn with_patches(self) -> Self {
        Self { has_patches: true, ..self }
    }

    /// Lets expressions name what comes of a part: `cel.bind(name, value, expression)`.
    #[must_use]
    pub fn with_names(self) -> Self {
        Self { has_names: true, ..self }
    }

    /// Lets expressions read those below `variables`.
    pub fn defers(&mut self) {
        self.deferred.get_or_insert_default();
    }

    /// Declares an expression below `variables`.
    pub fn defer(&mut self, name: &str, program: &Program) {
        self.deferred.get_or_insert_default().push((name.into(), program.ty.clone(), program.depth));
    }

    /// Makes an expression ready.
    pub fn compile(&self, text: &str) -> Result<Program, Refusal> {
        let expr = parse(text, self.minor)?;
        let patterns = Patterns::default();
        let mut compiler =
            Compiler { environment: self, locals: Vec::new(), reads: Vec::new(), patterns: &patterns, is_mixed: false };
        // What is known before is worked out here.
        let (code, ty) = work::counted(|| compiler.code(&expr)).0?;
        let reads = compiler.reads;
        let depths: Vec<usize> = self.deferred.iter().flatten().map(|(_, _, depth)| *depth).collect();
        let depth = if ty.is_scalar() { 0 } else { depth::of(&code, &depths) };
        // Every walk over a value goes as deep as that.
        if depth > limits::DEPTH_OF_VALUES {
            let most = limits::DEPTH_OF_VALUES;
            return Err(Refusal::new(
                0,
                format!("what comes of it nests deeper than {most} levels, by way of `variables`"),
            ));
        }
        Ok(Program { code, ty, depth, reads })
    }
}

impl Program {
    /// Returns the type of what comes of it.
    pub fn ty(&self) -> &Ty {
        &self.ty
    }

    /// Whether it reads a variable of that name.
    pub fn reads(&self, name: &str) -> bool {
        self.reads.iter().any(|read| read == name)
    }
}

/// Names that are types.
const TYPES: [(&str, &str); 14] = [
    ("bool", "bool"),
    ("bytes", "bytes"),
    ("double", "double"),
    ("int", "int"),
    ("list", "list"),
    ("map", "map"),
    ("null_type", "null_type"),
    ("string", "string"),
    ("type", "type"),
    ("uint", "uint"),
    ("google.protobuf.Duration", "google.protobuf.Duration"),
    ("google.protobuf.Timestamp", "google.protobuf.Timestamp"),
    ("net.IP", "net.IP"),
    ("net.CIDR", "net.CIDR"),
];

struct Compiler<'a> {
    environment: &'a Environment,
    locals: Vec<(SmolStr, Ty)>,
    reads: Vec<SmolStr>,
    patterns: &'a Patterns,
    /// Whether lists may hold items of several types, as those do that are formatted.
    is_mixed: bool,
}

type Compiled = Result<(Code, Ty), Refusal>;

impl Compiler<'_> {
    fn code(&mut self, expr: &Expr) -> Compiled {
        let (code, ty) = self.code_of(expr)?;
        Ok((code, if matches!(ty, Ty::Param(_)) { Ty::Dyn } else { ty }))
    }

    fn code_of(&mut self, expr: &Expr) -> Compiled {
        let constant = |value: Value, ty: Ty| Ok((Code::Constant(value), ty));
        match &expr.kind {
            Kind::Null => constant(Value::Null, Ty::Null),
            Kind::Bool(value) => constant(Value::Bool(*value), Ty::Bool),
            Kind::Int(number) => constant(Value::Int(*number), Ty::Int),
            Kind::Uint(number) => constant(Value::Uint(*number), Ty::Uint),
            Kind::Double(number) => constant(Value::Double(*number), Ty::Double),
            Kind::Text(text) => constant(Value::Text(text.clone()), Ty::Text),
            Kind::Bytes(bytes) => constant(Value::Bytes(bytes.as_slice().into()), Ty::Bytes),
            Kind::Name(name) => self.name(expr.at, name),
            Kind::Select(of, field, optional) => self.select(expr, of, field, *optional),
            Kind::Has(of, field) => {
                let (of, ty) = self.code(of)?;
                field_of(&ty, field, expr.at)?;
                Ok((Code::Has(Box::new(of), field.clone()), Ty::Bool))
            }
            Kind::Index(both, optional) => self.index(expr.at, both, *optional),
            Kind::Call(name, target, args) => self.call(expr.at, name, target.as_deref(), args),
            Kind::Operator(name, sides) => {
                let sides = sides.iter().map(|side| self.code(side)).collect::<Result<Vec<_>, _>>()?;
                self.apply(expr.at, name, false, sides)
            }
            Kind::And(parts) => Ok((Code::And(self.truths(parts)?), Ty::Bool)),
            Kind::Or(parts) => Ok((Code::Or(self.truths(parts)?), Ty::Bool)),
            Kind::Choice(parts) => self.choice(expr.at, parts),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Made(name, fields) => self.made(expr.at, name, fields),
            Kind::Fold(fold) => self.fold(fold),
        }
    }

    fn truths(&mut self, parts: &[Expr]) -> Result<Vec<Code>, Refusal> {
        parts.iter().map(|part| self.truth(part)).collect()
    }

    /// Compiles what must be true or false.
    fn truth(&mut self, expr: &Expr) -> Result<Code, Refusal> {
        match self.code(expr)? {
            (code, Ty::Bool | Ty::Dyn) => Ok(code),
            (_, other) => Err(Refusal::new(expr.at, format!("expected a bool, found a value of the type `{other}`"))),
        }
    }

    fn name(&mut self, at: usize, name: &SmolStr) -> Compiled {
        let plain = name.strip_prefix('.');
        if plain.is_none()
            && let Some(slot) = self.locals.iter().rposition(|(known, _)| known == name)
        {
            return Ok((Code::Local(slot), self.locals[slot].1.clone()));
        }
        let name = plain.unwrap_or(name);
        let roots = &self.environment.roots;
        if let Some(slot) = roots.iter().position(|(known, _)| known == name) {
            if !self.reads.iter().any(|read| read == name) {
                self.reads.push(name.into());
            }
            return Ok((Code::Root(slot), roots[slot].1.clone()));
        }
        if let Some((_, ty)) = TYPES.iter().find(|(known, _)| *known == name) {
            return Ok((Code::Constant(Value::Type(SmolStr::new_static(ty))), Ty::Type));
        }
        let own = self.locals.iter().chain(roots).map(|(name, _)| name.as_str());
        let own = own.chain(self.environment.deferred.is_some().then_some("variables"));
        let near = did_you_mean(name, own.clone()).map(|near| format!("did you mean `{near}`?"));
        let all = || Some(format!("there is {}", crate::diagnostic::words::list(own.clone(), "and")));
        Err(Refusal::new(at, format!("there is no variable `{name}`")).help(near.or_else(all)))
    }

    fn select(&mut self, expr: &Expr, of: &Expr, field: &SmolStr, optional: bool) -> Compiled {
        if let Some(qualified) = expr.qualified()
            && let Some((_, ty)) = TYPES.iter().find(|(known, _)| *known == qualified)
        {
            return Ok((Code::Constant(Value::Type(SmolStr::new_static(ty))), Ty::Type));
        }
        // A variable may have a name with dots, which looks like a field of something.
        if let Kind::Name(above) = &of.kind
            && !self.locals.iter().any(|(local, _)| local == above)
            && let Some(qualified) = expr.qualified()
            && self.environment.roots.iter().any(|(known, _)| *known == qualified)
        {
            return self.name(expr.at, &qualified.into());
        }
        if let Kind::Name(name) = &of.kind
            && name == "variables"
            && let Some(deferred) = &self.environment.deferred
            && !self.locals.iter().any(|(local, _)| local == name)
        {
            let found = deferred.iter().position(|(known, ..)| known == field);
            let slot = found.ok_or_else(|| {
                let near = did_you_mean(field, deferred.iter().map(|(known, ..)| known.as_str()));
                Refusal::new(expr.at, format!("there is no variable `{field}` above"))
                    .help(near.map(|near| format!("did you mean `{near}`?")))
            })?;
            return Ok((Code::Deferred(slot), deferred[slot].1.clone()));
        }
        let (of, ty) = self.code(of)?;
        let (is_optional, inner) = match &ty {
            Ty::Optional(inner) => (true, (**inner).clone()),
            other => (optional, other.clone()),
        };
        let found = field_of(&inner, field, expr.at)?;
        let found = if is_optional && inner != Ty::Dyn || optional { Ty::Optional(found.into()) } else { found };
        Ok((Code::Select(Box::new(of), field.clone(), optional), found))
    }

    fn index(&mut self, at: usize, both: &[Expr; 2], optional: bool) -> Compiled {
        let (of, ty) = self.code(&both[0])?;
        let (index, by) = self.code(&both[1])?;
        let (is_optional, inner) = match &ty {
            Ty::Optional(inner) => (true, (**inner).clone()),
            other => (optional, other.clone()),
        };
        let found = match (&inner, &by) {
            (Ty::Dyn, _) => Ty::Dyn,
            (Ty::List(item), Ty::Int | Ty::Dyn) => (**item).clone(),
            (Ty::Map(entry), by) if by.fits(&entry.0, &mut [None, None]) => entry.1.clone(),
            _ => return Err(Refusal::new(at, format!("a value of the type `{inner}` has no item by `{by}`"))),
        };
        let found = if is_optional { Ty::Optional(found.into()) } else { found };
        Ok((Code::Index(Box::new([of, index]), optional), found))
    }

    fn choice(&mut self, at: usize, parts: &[Expr; 3]) -> Compiled {
        let condition = self.truth(&parts[0])?;
        let (yes, ours) = self.code(&parts[1])?;
        let (no, theirs) = self.code(&parts[2])?;
        let Some(ty) = ours.joined(&theirs) else {
            let message = format!("expected both sides of `:` to be of one type, found `{ours}` and `{theirs}`");
            return Err(Refusal::new(at, message));
        };
        Ok((Code::Choice(Box::new([condition, yes, no])), ty))
    }

    fn list(&mut self, items: &[(Expr, bool)]) -> Compiled {
        let mut ty: Option<Ty> = None;
        let mut codes = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let (code, own) = self.code(item)?;
            let own = if *optional { unwrapped(own, item.at)? } else { own };
            ty = Some(self.joined(ty, own, item.at)?);
            codes.push((code, *optional));
        }
        let is_constant = codes.iter().all(|(code, optional)| !optional && matches!(code, Code::Constant(_)));
        let ty = Ty::list(ty.unwrap_or(Ty::FREE));
        if is_constant {
            let values = codes.into_iter().filter_map(|(code, _)| match code {
                Code::Constant(value) => Some(value),
                _ => None,
            });
            return Ok((Code::Constant(Value::list(values.collect())), ty));
        }
        Ok((Code::List(codes), ty))
    }

    fn map(&mut self, entries: &[(Expr, Expr, bool)]) -> Compiled {
        let (mut keys, mut values): (Option<Ty>, Option<Ty>) = (None, None);
        let mut codes = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let (key_code, own) = self.code(key)?;
            keys = Some(self.joined(keys, own, key.at)?);
            let (value_code, own) = self.code(value)?;
            let own = if *optional { unwrapped(own, value.at)? } else { own };
            values = Some(self.joined(values, own, value.at)?);
            codes.push((key_code, value_code, *optional));
        }
        let both = (keys.unwrap_or(Ty::FREE), values.unwrap_or(Ty::FREE));
        if let Some(constant) = constant_map(&codes) {
            return Ok((Code::Constant(constant), Ty::Map(both.into())));
        }
        Ok((Code::Map(codes), Ty::Map(both.into())))
    }

    /// Joins the types of items, which are of one type.
    fn joined(&self, known: Option<Ty>, own: Ty, at: usize) -> Result<Ty, Refusal> {
        let Some(known) = known else { return Ok(own) };
        let joined = known.joined(&own).filter(|_| self.is_mixed || (known == Ty::Dyn) == (own == Ty::Dyn));
        match joined {
            Some(joined) => Ok(joined),
            None if self.is_mixed => Ok(Ty::Dyn),
            None => {
                let message = format!("expected items of one type, found `{own}` after `{known}`");
                let help = "`dyn(value)` lets items of several types stand together";
                Err(Refusal::new(at, message).help(Some(help.to_owned())))
            }
        }
    }

    fn fold(&mut self, fold: &Fold) -> Compiled {
        let (over, ty) = self.code(&fold.over)?;
        let is_optional = matches!(fold.what, What::Optional | What::Flat);
        let (key, value) = match &ty {
            Ty::Dyn | Ty::Param(_) => (Ty::Dyn, Ty::Dyn),
            Ty::Optional(inner) if is_optional => ((**inner).clone(), Ty::Dyn),
            Ty::List(item) if !is_optional && fold.second.is_some() => (Ty::Int, (**item).clone()),
            Ty::List(item) if !is_optional => ((**item).clone(), Ty::Dyn),
            Ty::Map(entry) if !is_optional => (entry.0.clone(), entry.1.clone()),
            other => {
                let wanted = if is_optional { "an optional value" } else { "a list or a mapping" };
                let message = format!("expected {wanted} to look into, found a value of the type `{other}`");
                return Err(Refusal::new(fold.over.at, message));
            }
        };
        let outer = self.locals.len();
        self.locals.push((fold.first.clone(), key.clone()));
        if let Some(second) = &fold.second {
            self.locals.push((second.clone(), value));
        }
        let filter = fold.filter.as_ref().map(|filter| self.truth(filter)).transpose()?;
        let is_test = matches!(fold.what, What::All | What::Exists | What::ExistsOne | What::Filter);
        let (body, made) = if is_test { (self.truth(&fold.body)?, Ty::Bool) } else { self.code(&fold.body)? };
        self.locals.truncate(outer);
        let is_typed = made != Ty::Dyn;
        let ty = match fold.what {
            What::All | What::Exists | What::ExistsOne => Ty::Bool,
            What::List => Ty::list(made),
            What::Filter => Ty::list(key),
            What::Sorted => ty,
            What::Values => Ty::Map((key, made).into()),
            What::Entries => match made {
                Ty::Map(_) | Ty::Dyn => made,
                other => {
                    let message = format!("expected a mapping of one entry, found a value of the type `{other}`");
                    return Err(Refusal::new(fold.body.at, message));
                }
            },
            What::Optional => Ty::Optional(made.into()),
            What::Flat => match made {
                Ty::Optional(_) | Ty::Dyn => made,
                other => {
                    let message = format!("expected an optional value, found a value of the type `{other}`");
                    return Err(Refusal::new(fold.body.at, message));
                }
            },
        };
        let code = FoldCode { what: fold.what, over, both: fold.second.is_some(), is_typed, filter, body };
        Ok((Code::Fold(Box::new(code)), ty))
    }
}

/// Returns the type of a field.
fn field_of(ty: &Ty, field: &str, at: usize) -> Result<Ty, Refusal> {
    match ty {
        Ty::Dyn | Ty::Made(_) => Ok(Ty::Dyn),
        Ty::Map(entry) => Ok(entry.1.clone()),
        Ty::Optional(inner) => field_of(inner, field, at),
        Ty::Object(object) => object.field(field).map(|(_, ty)| ty.clone()).ok_or_else(|| {
            let near = did_you_mean(field, object.fields.iter().map(|(name, _, _)| name.as_str()));
            Refusal::new(at, format!("`{}` has no field `{field}`", object.name))
                .help(near.map(|near| format!("did you mean `{near}`?")))
        }),
        other => Err(Refusal::new(at, format!("a value of the type `{other}` has no field `{field}`"))),
    }
}

/// Returns the type of what an optional item holds.
fn unwrapped(ty: Ty, at: usize) -> Result<Ty, Refusal> {
    match ty {
        Ty::Optional(inner) => Ok((*inner).clone()),
        Ty::Dyn => Ok(Ty::Dyn),
        other => {
            Err(Refusal::new(at, format!("expected an optional value after `?`, found one of the type `{other}`")))
        }
    }
}

fn constant_map(codes: &[(Code, Code, bool)]) -> Option<Value> {
    let mut entries: Vec<(Value, Value)> = Vec::new();
    for (key, value, optional) in codes {
        let (Code::Constant(key), Code::Constant(value), false) = (key, value, optional) else { return None };
        match entries.iter_mut().find(|(known, _)| known.same(key)) {
            Some((_, known)) => *known = value.clone(),
            None => entries.push((key.clone(), value.clone())),
        }
    }
    Some(Value::Map(entries.into()))
}
