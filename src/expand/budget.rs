//! A text with expressions in; whether it is small enough for the engine to parse.
//!
//! The engine's parser and compiler recurse over operators, brackets and statements, and work constants out while they
//! compile: both are bounded here by the tokens alone, which are read in a loop.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};

use crate::limits;

/// Statements that others stand inside of.
const OPENING: &[&str] = &["if", "for", "with", "filter", "macro", "call", "autoescape"];

/// Refuses a text that is too long or too deep in one of its expressions, or that nests too many statements.
pub(super) fn check(text: &str, is_expression: bool, syntax: SyntaxConfig) -> Result<(), Error> {
    let mut tag = Tag::default();
    // Each open statement with the number of its `elif`, each of which is inside of the one before it.
    let mut open: Vec<usize> = Vec::new();
    for token in tokenize(text, is_expression, syntax) {
        // What is no token is for the parser to tell.
        let Ok((token, span)) = token else { break };
        match token {
            Token::TemplateData(_) => {}
            Token::VariableStart | Token::BlockStart => tag = Tag { start: span.start_offset, ..Tag::default() },
            Token::VariableEnd => {}
            Token::BlockEnd => match tag.statement {
                Some("elif") => open.iter_mut().last().into_iter().for_each(|count| *count += 1),
                Some("set") if !tag.assigns => open.push(0),
                Some(word) if OPENING.contains(&word) => open.push(0),
                Some(word) if word.starts_with("end") => drop(open.pop()),
                _ => {}
            },
            token => tag.take(&token, span.end_offset)?,
        }
        if open.len() + open.iter().sum::<usize>() > limits::STATEMENT_DEPTH {
            return Err(refusal(format!("statements nest more than {} deep", limits::STATEMENT_DEPTH)));
        }
    }
    Ok(())
}

/// What is known of one `{{ … }}` or `{% … %}` so far.
#[derive(Default)]
struct Tag<'a> {
    start: u32,
    statement: Option<&'a str>,
    assigns: bool,
    terms: usize,
    groups: Vec<Group>,
    last: Last,
}

/// An open bracket.
#[derive(Clone, Copy, Default)]
struct Group {
    /// It neither calls nor looks up.
    is_free: bool,
    /// A list stands in it, or it is one.
    is_list: bool,
    /// What stands in it is known only when it runs.
    varies: bool,
    /// A `*` stands before it.
    is_factor: bool,
}

/// What the last token was.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Operator,
    Times,
    Operand,
    /// The end of a list that is written out.
    List,
}

impl<'a> Tag<'a> {
    fn take(&mut self, token: &Token<'a>, end: u32) -> Result<(), Error> {
        if (end - self.start) as usize > limits::EXPRESSION_BYTES {
            return Err(refusal(format!("it is longer than {} bytes", limits::EXPRESSION_BYTES)));
        }
        if let Some(group) = self.groups.last_mut() {
            let is_constant = |word: &str| {
                matches!(word, "and" | "or" | "not" | "true" | "True" | "false" | "False" | "none" | "None")
            };
            group.varies |= matches!(token, Token::Pipe) || matches!(token, Token::Ident(word) if !is_constant(word));
        }
        let before = self.last;
        let is_word = matches!(token, Token::Ident("and" | "or" | "not" | "in" | "is" | "if" | "else"));
        self.last = match token {
            Token::Ident(word) if self.statement.is_none() && self.terms == 0 && !is_word => {
                self.statement = Some(word);
                Last::Operand
            }
            Token::Ident("if") if self.statement.is_none() => {
                self.statement = Some("if");
                Last::Operator
            }
            Token::Ident(_) if !is_word => Last::Operand,
            Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) | Token::Float(_) => Last::Operand,
            Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => {
                let is_free = before == Last::Operator || before == Last::Times;
                let is_list = is_free && matches!(token, Token::BracketOpen);
                self.groups.push(Group { is_free, is_list, varies: false, is_factor: before == Last::Times });
                Last::Operator
            }
            Token::BracketClose | Token::ParenClose | Token::BraceClose => self.close()?,
            Token::Comma => {
                // A comma in brackets of its own makes a list of them.
                if let Some(group) = self.groups.last_mut().filter(|group| group.is_free) {
                    group.is_list = true;
                }
                Last::Operator
            }
            Token::Mul if before == Last::List => return Err(repeated()),
            Token::Mul => Last::Times,
            Token::Assign => {
                self.assigns = true;
                Last::Operator
            }
            _ => Last::Operator,
        };
        let is_term = self.last != Last::Operand && self.last != Last::List && !matches!(token, Token::Comma);
        self.terms += usize::from(is_term);
        if self.terms > limits::EXPRESSION_TERMS {
            return Err(refusal(format!("it has more than {} operators", limits::EXPRESSION_TERMS)));
        }
        if self.groups.len() > limits::EXPRESSION_DEPTH {
            return Err(refusal(format!("its brackets nest more than {} deep", limits::EXPRESSION_DEPTH)));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<Last, Error> {
        let group = self.groups.pop().unwrap_or_default();
        let is_list = group.is_free && group.is_list && !group.varies;
        if let Some(outer) = self.groups.last_mut() {
            outer.is_list |= is_list;
            outer.varies |= group.varies;
        }
        if is_list && group.is_factor {
            return Err(repeated());
        }
        Ok(if is_list { Last::List } else { Last::Operand })
    }
}

/// Refuses `[…] * n`, which the engine would put together while it compiles, at any length.
fn repeated() -> Error {
    refusal("a list that is written out cannot be repeated with `*`; write a loop over `range(…)`".to_owned())
}

fn refusal(message: String) -> Error {
    Error::new(ErrorKind::SyntaxError, message)
}
