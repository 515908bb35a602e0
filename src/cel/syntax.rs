//! The tree of an expression: what the grammar says of it, with macros spelled out.
//!
//! A node knows where in the text it starts, so that a finding can name it.

use smol_str::SmolStr;

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    /// The byte in the text at which it starts.
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(SmolStr),
    Bytes(Vec<u8>),
    /// A name; with a dot in front where it is one of the outermost scope.
    Name(SmolStr),
    /// `of.field`, or `of.?field`.
    Select(Box<Expr>, SmolStr, bool),
    /// `has(of.field)`.
    Has(Box<Expr>, SmolStr),
    /// `of[index]`, or `of[?index]`.
    Index(Box<[Expr; 2]>, bool),
    /// A function, or with a target a method.
    Call(SmolStr, Option<Box<Expr>>, Vec<Expr>),
    /// An operator that takes both its sides: `_+_`, `_==_`, `@in`, `!_`, `-_`.
    Operator(&'static str, Vec<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Choice(Box<[Expr; 3]>),
    /// Items, each with whether it is one only where it has a value.
    List(Vec<(Expr, bool)>),
    Map(Vec<(Expr, Expr, bool)>),
    /// A value of a named type, with its fields: `Object.spec{replicas: 1}`.
    Made(SmolStr, Vec<(SmolStr, Expr, bool)>),
    Fold(Box<Fold>),
}

/// A macro that looks at each item of a list, or each key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) over: Expr,
    pub(super) what: What,
    pub(super) first: SmolStr,
    /// The name of the value, where the macro names both keys and values.
    pub(super) second: Option<SmolStr>,
    /// What an item must be to count.
    pub(super) filter: Option<Expr>,
    /// What becomes of an item.
    pub(super) body: Expr,
}

/// What a macro makes of the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    All,
    Exists,
    ExistsOne,
    /// A list of what becomes of the items: `map`, `transformList`.
    List,
    /// The items that are left: `filter`.
    Filter,
    /// A mapping of the same keys: `transformMap`.
    Values,
    /// A mapping of the entries that the items become: `transformMapEntry`.
    Entries,
    /// The items in the order of what becomes of them: `sortBy`.
    Sorted,
    /// An optional value of what becomes of the value: `optMap`.
    Optional,
    /// What becomes of the value, which is optional itself: `optFlatMap`.
    Flat,
}

/// Why a text is no expression, or cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The byte in the text that it is about.
    pub at: usize,
    /// What is wrong: lowercase, no full stop, names in backticks.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
}

impl Refusal {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl Expr {
    pub(super) fn new(at: usize, kind: Kind) -> Self {
        Self { at, kind }
    }

    /// Returns the name that selections of a name spell: `a.b.c`.
    pub(super) fn qualified(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.to_string()),
            Kind::Select(of, field, false) => Some(format!("{}.{field}", of.qualified()?)),
            _ => None,
        }
    }
}
