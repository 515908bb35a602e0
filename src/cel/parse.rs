//! Texts read into expressions, by the grammar of CEL as Kubernetes sets it up: optional values, names in backticks.

use smol_str::SmolStr;

use super::lexer::{Token, words};
use super::syntax::{Expr, Fold, Kind, Refusal, What};
use crate::kubernetes::Minor;

/// How deep an expression may nest: what people write nests a fraction of it, and the stack holds it on every thread.
const DEEPEST: usize = 60;
/// How many operators, or fields, may stand in a row.
const LONGEST: usize = 100;

/// Words that name nothing.
pub(super) const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Operators of two sides by how tightly they bind, and what they are called.
const OPERATORS: [(&str, u8, &str); 12] = [
    ("<", 3, "_<_"),
    ("<=", 3, "_<=_"),
    (">=", 3, "_>=_"),
    (">", 3, "_>_"),
    ("==", 3, "_==_"),
    ("!=", 3, "_!=_"),
    ("in", 3, "@in"),
    ("+", 4, "_+_"),
    ("-", 4, "_-_"),
    ("*", 5, "_*_"),
    ("/", 5, "_/_"),
    ("%", 5, "_%_"),
];

/// Reads an expression with the macros of a minor.
pub(super) fn parse(text: &str, minor: Minor) -> Result<Expr, Refusal> {
    let mut parser = Parser { words: words(text)?, next: 0, depth: 0, minor };
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(expr),
        other => Err(parser.refuse(&format!("expected an operator or the end, found {}", shown(other)))),
    }
}

struct Parser {
    words: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
    minor: Minor,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.words[self.next].1
    }

    fn at(&self) -> usize {
        self.words[self.next].0
    }

    fn bump(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.words.len() - 1);
        token
    }

    fn refuse(&self, message: &str) -> Refusal {
        Refusal::new(self.at(), message)
    }

    fn eat(&mut self, mark: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Mark(found) if *found == mark);
        if is_it {
            self.bump();
        }
        is_it
    }

    fn expect(&mut self, mark: &str) -> Result<(), Refusal> {
        if self.eat(mark) {
            return Ok(());
        }
        Err(self.refuse(&format!("expected `{mark}`, found {}", shown(self.peek()))))
    }

    /// Reads with `read`, one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.refuse(&format!("the expression nests deeper than {DEEPEST} levels")));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn expr(&mut self) -> Result<Expr, Refusal> {
        self.deeper(|parser| {
            let at = parser.at();
            let condition = parser.or()?;
            if !parser.eat("?") {
                return Ok(condition);
            }
            let yes = parser.or()?;
            parser.expect(":")?;
            let no = parser.expr()?;
            Ok(Expr::new(at, Kind::Choice(Box::new([condition, yes, no]))))
        })
    }

    fn or(&mut self) -> Result<Expr, Refusal> {
        self.chain("||", Self::and, Kind::Or)
    }

    fn and(&mut self) -> Result<Expr, Refusal> {
        self.chain("&&", |parser| parser.binary(3), Kind::And)
    }

    fn chain(
        &mut self,
        mark: &str,
        part: impl Fn(&mut Self) -> Result<Expr, Refusal>,
        join: fn(Vec<Expr>) -> Kind,
    ) -> Result<Expr, Refusal> {
        let at = self.at();
        let first = part(self)?;
        let mut all = vec![first];
        while self.eat(mark) {
            all.push(part(self)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::new(at, join(all)) })
    }

    /// Reads operators that bind at least so tightly.
    fn binary(&mut self, least: u8) -> Result<Expr, Refusal> {
        let at = self.at();
        let mut left = self.unary()?;
        let mut length = 0;
        loop {
            let word = match self.peek() {
                Token::Mark(mark) => *mark,
                Token::Name(name) if name == "in" => "in",
                _ => return Ok(left),
            };
            let Some((_, strength, name)) =
                OPERATORS.iter().find(|(mark, strength, _)| *mark == word && *strength >= least)
            else {
                return Ok(left);
            };
            length += 1;
            if length > LONGEST {
                return Err(self.refuse(&format!("more than {LONGEST} operators stand in a row")));
            }
            self.bump();
            let right = self.deeper(|parser| parser.binary(strength + 1))?;
            left = Expr::new(at, Kind::Operator(name, vec![left, right]));
        }
    }

    fn unary(&mut self) -> Result<Expr, Refusal> {
        let at = self.at();
        if self.eat("!") {
            let mut is_even = false;
            while self.eat("!") {
                is_even = !is_even;
            }
            let of = self.member()?;
            return Ok(if is_even { of } else { Expr::new(at, Kind::Operator("!_", vec![of])) });
        }
        if !self.eat("-") {
            return self.member();
        }
        let number = match self.peek() {
            Token::Int(number) => Some(0_i64.checked_sub_unsigned(*number).map(Kind::Int)),
            Token::Double(number) => Some(Some(Kind::Double(-number))),
            _ => None,
        };
        if let Some(number) = number {
            let number = number.ok_or_else(|| self.refuse("the number is too small"))?;
            self.bump();
            return self.members(Expr::new(at, number));
        }
        let mut is_even = false;
        while self.eat("-") {
            is_even = !is_even;
        }
        let of = self.member()?;
        Ok(if is_even { of } else { Expr::new(at, Kind::Operator("-_", vec![of])) })
    }

    fn member(&mut self) -> Result<Expr, Refusal> {
        let first = self.primary()?;
        self.members(first)
    }

    fn members(&mut self, first: Expr) -> Result<Expr, Refusal> {
        let mut expr = first;
        let mut length = 0;
        loop {
            let at = self.at();
            length += 1;
            if length > LONGEST {
                return Err(self.refuse(&format!("more than {LONGEST} fields stand in a row")));
            }
            let start = expr.at;
            if self.eat(".?") {
                let field = self.field()?;
                expr = Expr::new(start, Kind::Select(Box::new(expr), field, true));
            } else if self.eat(".") {
                let is_quoted = matches!(self.peek(), Token::Quoted(_));
                let field = self.field()?;
                if is_quoted || !self.eat("(") {
                    expr = Expr::new(start, Kind::Select(Box::new(expr), field, false));
                    continue;
                }
                let args = self.arguments(")")?;
                expr = self.method(start, at + 1, expr, field, args)?;
            } else if self.eat("[?") {
                let index = self.expr()?;
                self.expect("]")?;
                expr = Expr::new(start, Kind::Index(Box::new([expr, index]), true));
            } else if self.eat("[") {
                let index = self.expr()?;
                self.expect("]")?;
                expr = Expr::new(start, Kind::Index(Box::new([expr, index]), false));
            } else if matches!(self.peek(), Token::Mark("{"))
                && let Some(name) = expr.qualified()
            {
                expr = self.made(start, name.into())?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn field(&mut self) -> Result<SmolStr, Refusal> {
        match self.peek() {
            Token::Name(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {}
            Token::Quoted(_) => {}
            other => return Err(self.refuse(&format!("expected the name of a field, found {}", shown(other)))),
        }
        match self.bump() {
            Token::Name(name) | Token::Quoted(name) => Ok(name),
            _ => Err(self.refuse("expected the name of a field")),
        }
    }

    fn arguments(&mut self, end: &str) -> Result<Vec<Expr>, Refusal> {
        let mut all = Vec::new();
        if self.eat(end) {
            return Ok(all);
        }
        loop {
            all.push(self.expr()?);
            if self.eat(end) {
                return Ok(all);
            }
            if !self.eat(",") {
                return Err(self.refuse(&format!("expected `,` or `{end}`, found {}", shown(self.peek()))));
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Refusal> {
        let at = self.at();
        let kind = match self.bump() {
            Token::Int(number) => {
                Kind::Int(i64::try_from(number).map_err(|_| Refusal::new(at, "the number is too large"))?)
            }
            Token::Uint(number) => Kind::Uint(number),
            Token::Double(number) => Kind::Double(number),
            Token::Text(text) => Kind::Text(text),
            Token::Bytes(bytes) => Kind::Bytes(bytes),
            Token::Mark("(") => {
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Mark("[") => return self.list(at, false),
            Token::Mark("[?") => return self.list(at, true),
            Token::Mark("{") => return self.map(at),
            Token::Mark(".") => {
                let Token::Name(name) = self.bump() else {
                    return Err(Refusal::new(at, "expected a name after the dot"));
                };
                return self.name(at, format!(".{name}").into());
            }
            Token::Name(name) => return self.name(at, name),
            other => return Err(Refusal::new(at, format!("expected an expression, found {}", shown(&other)))),
        };
        Ok(Expr::new(at, kind))
    }

    fn name(&mut self, at: usize, name: SmolStr) -> Result<Expr, Refusal> {
        let kind = match name.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            "in" => return Err(Refusal::new(at, "expected an expression, found `in`")),
            _ if self.eat("(") => {
                let args = self.arguments(")")?;
                return function(at, name, args);
            }
            word if RESERVED.contains(&word) => {
                let message = format!("`{word}` is a reserved word, and names nothing");
                return Err(Refusal::new(at, message));
            }
            _ => Kind::Name(name),
        };
        Ok(Expr::new(at, kind))
    }

    /// Reads the items of a list; `optional` is whether the first one was already said to be so.
    fn list(&mut self, at: usize, mut optional: bool) -> Result<Expr, Refusal> {
        let mut items = Vec::new();
        while optional || !self.eat("]") {
            let is_optional = std::mem::take(&mut optional) || self.eat("?");
            items.push((self.expr()?, is_optional));
            if !self.eat(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::List(items)))
    }

    fn map(&mut self, at: usize) -> Result<Expr, Refusal> {
        let mut entries = Vec::new();
        while !self.eat("}") {
            let optional = self.eat("?");
            let key = self.expr()?;
            self.expect(":")?;
            entries.push((key, self.expr()?, optional));
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::Map(entries)))
    }

    /// Reads the fields of a value of a named type.
    fn made(&mut self, at: usize, name: SmolStr) -> Result<Expr, Refusal> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.eat("}") {
            let optional = self.eat("?");
            let field = self.field()?;
            self.expect(":")?;
            fields.push((field, self.expr()?, optional));
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::Made(name, fields)))
    }

    /// Reads a method, which may be a macro: one by its name and the number of what it is given.
    fn method(&self, start: usize, at: usize, of: Expr, name: SmolStr, args: Vec<Expr>) -> Result<Expr, Refusal> {
        let since = |minor: u32| self.minor >= Minor(minor);
        let (what, names, filtered) = match (name.as_str(), args.len()) {
            ("all", 2) => (What::All, 1, false),
            ("exists", 2) => (What::Exists, 1, false),
            ("exists_one", 2) => (What::ExistsOne, 1, false),
            ("map", 2) => (What::List, 1, false),
            ("map", 3) => (What::List, 1, true),
            ("filter", 2) => (What::Filter, 1, false),
            ("all", 3) if since(32) => (What::All, 2, false),
            ("exists", 3) if since(32) => (What::Exists, 2, false),
            ("exists_one" | "existsOne", 3) if since(32) => (What::ExistsOne, 2, false),
            ("transformList", 3) if since(32) => (What::List, 2, false),
            ("transformList", 4) if since(32) => (What::List, 2, true),
            ("transformMap", 3) if since(32) => (What::Values, 2, false),
            ("transformMap", 4) if since(32) => (What::Values, 2, true),
            ("transformMapEntry", 3) if since(32) => (What::Entries, 2, false),
            ("transformMapEntry", 4) if since(32) => (What::Entries, 2, true),
            ("sortBy", 2) if since(34) => (What::Sorted, 1, false),
            ("optMap", 2) if since(28) => (What::Optional, 1, false),
            ("optFlatMap", 2) if since(28) => (What::Flat, 1, false),
            _ => return Ok(Expr::new(start, Kind::Call(name, Some(Box::new(of)), args))),
        };
        let mut args = args.into_iter();
        let mut variable = || match args.next() {
            Some(Expr { kind: Kind::Name(name), .. }) if !name.starts_with('.') => Ok(name),
            other => {
                let at = other.map_or(at, |other| other.at);
                Err(Refusal::new(at, format!("expected a name for the items of `{name}()`")))
            }
        };
        let first = variable()?;
        let second = if names == 2 { Some(variable()?) } else { None };
        if second.as_ref() == Some(&first) {
            return Err(Refusal::new(at, format!("expected two names in `{name}()`, found `{first}` twice")));
        }
        let filter = if filtered { args.next() } else { None };
        let body = args.next().ok_or_else(|| Refusal::new(at, format!("`{name}()` needs more")))?;
        let fold = Fold { over: of, what, first, second, filter, body };
        Ok(Expr::new(start, Kind::Fold(Box::new(fold))))
    }
}

/// Reads a function; `has` is a macro.
fn function(at: usize, name: SmolStr, mut args: Vec<Expr>) -> Result<Expr, Refusal> {
    if name != "has" || args.len() != 1 {
        return Ok(Expr::new(at, Kind::Call(name, None, args)));
    }
    match args.remove(0).kind {
        Kind::Select(of, field, false) => Ok(Expr::new(at, Kind::Has(of, field))),
        _ => Err(Refusal::new(at, "expected a field in `has()`, as in `has(object.metadata.labels)`")),
    }
}

/// Names a word as a message does.
fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Quoted(name) => format!("the quoted name {name}"),
        Token::Int(number) => format!("`{number}`"),
        Token::Uint(number) => format!("`{number}u`"),
        Token::Double(number) => format!("`{number}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Bytes(_) => "bytes".to_owned(),
        Token::Mark(mark) => format!("`{mark}`"),
        Token::End => "the end".to_owned(),
    }
}
