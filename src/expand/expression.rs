//! Expressions in texts; the only door to the expression engine.
//!
//! A text is cut once into literals, paths and expressions; filling it in for an instance yields a node. A text that is
//! exactly one `{{ … }}` keeps the type of its value, and a plain path keeps even the value's own text, so that numbers
//! never pass through floats. Findings point at the column inside the text.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind};
use smol_str::{SmolStr, SmolStrBuilder, ToSmolStr};

use super::engine::Program;
use super::foreign;
use super::scope::{Missing, Scope};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::limits;
use crate::text::{Key, Map, Node, Origin, Sources, Value, scalar};

/// The most bytes of an expression that a message repeats.
const LONGEST_SHOWN: usize = 300;

/// A text with expressions, cut into its parts.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
    origin: Origin,
    plain: bool,
}

#[derive(Debug)]
enum Part {
    Literal(SmolStr),
    Path {
        path: Vec<SmolStr>,
        origin: Origin,
    },
    Expression {
        program: Arc<Program>,
        origin: Origin,
    },
    /// A text with statements, rendered as a whole.
    Block {
        program: Arc<Program>,
        origin: Origin,
    },
}

/// Whether a text may hold expressions.
pub fn has_expression(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Returns whether a value is one expression and nothing else: what it gives may be a mapping or a list.
pub(super) fn is_expression(node: &Node) -> bool {
    let text = match node.value() {
        Value::String(text) | Value::Plain(text) => text.trim(),
        _ => return false,
    };
    let whole = text.strip_prefix("{{").and_then(closing_of_all);
    whole.is_some()
}

/// Returns the length of the text of an expression that ends where the text ends.
fn closing_of_all(text: &str) -> Option<usize> {
    closing(text).filter(|length| length + 2 == text.len())
}

impl Template {
    /// Cuts the text of a node; none where it holds no expression.
    pub(super) fn of(node: &Node, sources: &Sources) -> Option<Result<Self, Box<Diagnostic>>> {
        let (text, plain) = match node.value() {
            Value::String(text) => (text, false),
            Value::Plain(text) => (text, true),
            _ => return None,
        };
        has_expression(text).then(|| Self::cut(text, node.origin(), plain, sources))
    }

    /// Cuts a text that was written at `origin`.
    pub(super) fn cut(text: &SmolStr, origin: Origin, plain: bool, sources: &Sources) -> Result<Self, Box<Diagnostic>> {
        if text.contains("{%") || text.contains("{#") {
            let program = Program::text(text).map_err(|error| failure(&error, text, origin))?;
            return Ok(Self { parts: vec![Part::Block { program, origin }], origin, plain });
        }
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        // Where the opening braces stand in the text as it was written, from the last ones on.
        let mut after = Some(0);
        while let Some(open) = rest.find("{{") {
            // Only a `-` that touches the braces takes the white space beside them away; any other one is a minus.
            let trims = rest[open + 2..].starts_with('-');
            let literal = if trims { rest[..open].trim_end() } else { &rest[..open] };
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.into()));
            }
            let Some(length) = closing(&rest[open + 2..]) else {
                let at = inner_origin("{{", &mut after, origin, sources);
                return Err(Box::new(
                    Diagnostic::new(Code::InvalidExpression, at, "expected `}}` after `{{`")
                        .help("text that must keep its braces is tagged `!raw`"),
                ));
            };
            let inner = &rest[open + 2..open + 2 + length];
            let inner = inner.strip_prefix('-').unwrap_or(inner);
            let expression = inner.strip_suffix('-').unwrap_or(inner).trim();
            let part = &rest[open..open + 2 + length + 2];
            let place = inner_origin(part, &mut after, origin, sources);
            let lead = rest[open..].find(expression).unwrap_or(0);
            let start = place.start as usize + lead;
            let whole = (place.end - place.start) as usize == length + 4;
            let inside = if whole { Origin::new(place.file, start, start + expression.len()) } else { place };
            if let Some(ours) = foreign::of_go(expression) {
                return Err(Box::new(go_template(expression, &ours, inside)));
            }
            parts.push(if let Some(path) = simple_path(expression) {
                Part::Path { path, origin: inside }
            } else {
                let program = Program::expression(expression).map_err(|error| failure(&error, expression, place))?;
                Part::Expression { program, origin: place }
            });
            rest = &rest[open + 2 + length + 2..];
            if inner.ends_with('-') {
                rest = rest.trim_start();
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.into()));
        }
        Ok(Self { parts, origin, plain })
    }

    /// Returns the paths that the text reads, `params.tag`, with their places.
    pub(super) fn paths(&self) -> Vec<(Vec<SmolStr>, Origin)> {
        let split = |path: &str| path.split('.').map(SmolStr::new).collect::<Vec<_>>();
        let mut paths = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(_) => {}
                Part::Path { path, origin } => paths.push((path.clone(), *origin)),
                Part::Expression { program, origin } => {
                    paths.extend(program.paths_of_expression().iter().map(|name| (split(name), *origin)));
                }
                Part::Block { program, origin } => {
                    paths.extend(program.paths_of_text().iter().map(|name| (split(name), *origin)));
                }
            }
        }
        paths
    }

    /// Returns where the text was written.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the text reads anything but parameters and the batch.
    pub(super) fn needs_instance(&self) -> bool {
        /// What is known without an instance, and the functions of the engine.
        const KNOWN: &[&str] = &["params", "batch", "range", "dict", "namespace", "true", "false", "none"];
        self.paths().iter().any(|(path, _)| path.first().is_none_or(|root| !KNOWN.contains(&root.as_str())))
    }

    /// Fills the text in. One that reads what is broken is broken itself.
    pub(super) fn fill(&self, scope: &Scope<'_>) -> Result<Node, Box<Diagnostic>> {
        let reads_broken = || self.paths().iter().any(|(path, _)| scope.is_broken(path));
        self.filled(scope).or_else(|finding| if reads_broken() { Ok(Node::broken()) } else { Err(finding) })
    }

    fn filled(&self, scope: &Scope<'_>) -> Result<Node, Box<Diagnostic>> {
        if let [part] = self.parts.as_slice() {
            return match part {
                Part::Literal(text) => Ok(self.text_node(text.clone())),
                Part::Path { path, origin } => {
                    let found = scope.lookup(path, *origin).map_err(|missing| undefined(&missing, *origin))?;
                    Ok(moved(&found, self.origin))
                }
                Part::Expression { program, origin } => {
                    let value =
                        program.value(&scope.engine_values()).map_err(|error| evaluation_failure(&error, *origin))?;
                    if value.is_undefined() {
                        return Err(evaluation_failure(&ErrorKind::UndefinedError.into(), *origin));
                    }
                    node_of(&value, self.origin).map_err(|reason| unusable(&reason, *origin))
                }
                Part::Block { program, origin } => {
                    let filled =
                        program.fill(&scope.engine_values()).map_err(|error| evaluation_failure(&error, *origin))?;
                    Ok(self.text_node(filled.into()))
                }
            };
        }
        let mut filled = SmolStrBuilder::new();
        let mut is_broken = false;
        for part in &self.parts {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Path { path, origin } => {
                    let found = scope.lookup(path, *origin).map_err(|missing| undefined(&missing, *origin))?;
                    match inline_text(&found) {
                        Some(text) => filled.push_str(&text),
                        None if found.is_broken() => is_broken = true,
                        None => {
                            return Err(unusable(
                                &format!("{} cannot stand inside a text", found.type_name()),
                                *origin,
                            ));
                        }
                    }
                }
                Part::Expression { program, origin } => {
                    let value =
                        program.value(&scope.engine_values()).map_err(|error| evaluation_failure(&error, *origin))?;
                    filled.push_str(&text_of(&value).map_err(|error| evaluation_failure(&error, *origin))?);
                }
                Part::Block { .. } => unreachable!("a block is the only part of its text"),
            }
        }
        Ok(if is_broken { Node::broken() } else { self.text_node(filled.finish()) })
    }

    fn text_node(&self, text: SmolStr) -> Node {
        // An unquoted text is still to be typed by its field; one that looks like nothing at all is an empty text.
        let value = if self.plain && !text.is_empty() { Value::Plain(text) } else { Value::String(text) };
        Node::new(value, self.origin)
    }
}

/// Renders a whole text, as `.j2` manifests are.
pub fn render_document(text: &str, scope: &Scope<'_>, origin: Origin) -> Result<String, Box<Diagnostic>> {
    let filled = Program::text(text).and_then(|program| program.fill(&scope.engine_values()));
    filled.map_err(|error| {
        let is_broken = |path: &String| scope.is_broken(&path.split('.').map(SmolStr::new).collect::<Vec<_>>());
        if document_paths(text).iter().any(is_broken) {
            return evaluation_failure(&error, Origin::BROKEN);
        }
        let place = match error.range() {
            Some(range) => Origin::new(origin.file, range.start, range.end),
            None => origin,
        };
        // The engine stops somewhere in an expression.
        let end = place.start as usize;
        let inside = text.get(..end).and_then(|before| before.rfind("{{")).filter(|_| place.file == origin.file);
        let expression = inside.and_then(|open| Some((open, text[open + 2..].split("}}").next()?)));
        match expression.and_then(|(open, inner)| Some((open, inner, foreign::of_go(inner)?))) {
            Some((open, inner, ours)) => {
                let whole = Origin::new(origin.file, open, open + inner.len() + 4);
                Box::new(go_template(inner.trim(), &ours, whole))
            }
            None => evaluation_failure(&error, place),
        }
    })
}

/// Returns the finding about an expression that another engine would read.
fn go_template(expression: &str, ours: &str, origin: Origin) -> Diagnostic {
    let shown = words::cut_to(expression, LONGEST_SHOWN);
    Diagnostic::new(
        Code::InvalidExpression,
        origin,
        format!("`{shown}` is syntax of Go templates, which is not read here"),
    )
    .help(ours)
    .help("text that must keep its braces is tagged `!raw`")
}

/// Returns the paths that a whole text reads, sorted.
pub(super) fn document_paths(text: &str) -> Vec<String> {
    Program::text(text).map(|program| program.paths_of_text()).unwrap_or_default()
}

/// Returns the length of the text before the closing braces; those inside quotes and nested braces do not count.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut quote) = (0, 0_usize, None);
    while at < bytes.len() {
        let byte = bytes[at];
        match quote {
            Some(open) => {
                if byte == b'\\' {
                    at += 1;
                } else if byte == open {
                    quote = None;
                }
            }
            None => match byte {
                b'"' | b'\'' => quote = Some(byte),
                b'{' => depth += 1,
                b'}' if depth > 0 => depth -= 1,
                b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
                _ => {}
            },
        }
        at += 1;
    }
    None
}

/// Reads `params.tag`, which needs no engine.
fn simple_path(expression: &str) -> Option<Vec<SmolStr>> {
    let is_word = |word: &str| {
        word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let words: Vec<&str> = expression.split('.').collect();
    // Any other first word is a variable that is not there, and is told as one.
    let is_constant = matches!(words[0], "true" | "false" | "none" | "True" | "False" | "None");
    (!is_constant && words.iter().all(|word| is_word(word))).then(|| words.into_iter().map(SmolStr::new).collect())
}

/// Returns the place of an expression inside the text as it was written: the same opening braces, looked for from `after`
/// on, which is moved behind them.
fn inner_origin(part: &str, after: &mut Option<usize>, origin: Origin, sources: &Sources) -> Origin {
    let written = sources.text(origin);
    let found = after.and_then(|after| written.get(after..)?.find("{{").map(|found| after + found));
    *after = found.map(|found| found + 2);
    let Some(found) = found else { return origin };
    let start = origin.start as usize + found;
    let length = if written[found..].starts_with(part) { part.len() } else { 2 };
    Origin::new(origin.file, start, start + length)
}

fn failure(error: &Error, text: &str, origin: Origin) -> Box<Diagnostic> {
    let detail = error.detail().unwrap_or("it cannot be read").trim_end_matches('.');
    let text = words::cut_to(text.trim(), LONGEST_SHOWN);
    Box::new(Diagnostic::new(Code::InvalidExpression, origin, format!("`{text}` is not an expression: {detail}")))
}

fn evaluation_failure(error: &Error, origin: Origin) -> Box<Diagnostic> {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    Box::new(match error.kind() {
        ErrorKind::UndefinedError => Diagnostic::new(
            Code::UndefinedVariable,
            origin,
            if error.detail().is_some() {
                detail
            } else {
                "the expression reads something that nothing defines".into()
            },
        )
        .help("`| default(…)` gives a value where there may be none"),
        ErrorKind::OutOfFuel => {
            let of_one =
                || format!("the expression takes more than {} steps", words::grouped(limits::EXPRESSION_STEPS));
            let message = error.detail().map_or_else(of_one, str::to_owned);
            Diagnostic::new(Code::InvalidExpression, origin, message)
                .help("what it makes counts too: 64 bytes are a step")
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest => {
            unknown(error, &detail, origin)
        }
        _ => Diagnostic::new(Code::InvalidExpression, origin, format!("the expression fails: {detail}")),
    })
}

/// Returns the finding about a filter, function or test that the engine does not have.
fn unknown(error: &Error, detail: &str, origin: Origin) -> Diagnostic {
    let name = foreign::named(detail).unwrap_or_default();
    let (what, help) = match error.kind() {
        ErrorKind::UnknownFilter => ("filter", foreign::filter(&name)),
        ErrorKind::UnknownFunction => ("function", foreign::function(&name)),
        _ => ("test", None),
    };
    Diagnostic::new(Code::InvalidExpression, origin, format!("there is no {what} `{name}`"))
        .maybe_help(help)
        .names_alone()
}

fn undefined(missing: &Missing, origin: Origin) -> Box<Diagnostic> {
    let Missing { word, known, place } = missing;
    let message = if place.is_empty() {
        format!("no variable `{word}` is defined here")
    } else {
        format!("`{place}` has no `{word}`")
    };
    // The word alone, where the place is that of the path as it was written.
    let offset = if place.is_empty() { 0 } else { place.len() + 1 };
    let start = origin.start as usize + offset;
    let narrow = Origin::new(origin.file, start, start + word.len());
    let origin = if narrow.end <= origin.end { narrow } else { origin };
    // What is offered stands in the path, where a name is a word.
    let words_alone =
        known.iter().map(SmolStr::as_str).filter(|name| simple_path(name).is_some_and(|path| path.len() == 1));
    let finding = Diagnostic::new(Code::UndefinedVariable, origin, message).did_you_mean(word, words_alone);
    Box::new(if finding.help.is_empty() && !known.is_empty() {
        finding.help(format!("there is {}", words::list(known.iter().map(SmolStr::as_str), "and")))
    } else {
        finding
    })
}

fn unusable(reason: &str, origin: Origin) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::InvalidExpression, origin, reason))
}

/// Returns the same value, as written where the expression stands: that is the line to change.
fn moved(node: &Node, origin: Origin) -> Node {
    Node::new(node.value().clone(), origin)
}

/// Returns the text of a scalar inside another text.
fn inline_text(node: &Node) -> Option<SmolStr> {
    match node.value() {
        Value::String(text) | Value::Raw(text) | Value::Number(text) => Some(text.clone()),
        Value::Plain(text) if !scalar::is_null(text) => Some(text.clone()),
        Value::Bool(value) => Some(if *value { "true".into() } else { "false".into() }),
        _ => None,
    }
}

pub(super) fn text_of(value: &minijinja::Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::Bool => Ok(if value.is_true() { "true".into() } else { "false".into() }),
        ValueKind::String | ValueKind::Number | ValueKind::Bytes => Ok(value.to_string()),
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} cannot stand inside a text"))),
    }
}

/// Returns a node as the engine takes it; plain scalars mean what YAML 1.2 says.
pub(super) fn engine_value(node: &Node) -> minijinja::Value {
    let number = |text: &str| {
        text.parse::<i64>()
            .map(minijinja::Value::from)
            .or_else(|_| text.parse::<f64>().map(minijinja::Value::from))
            .unwrap_or_else(|_| minijinja::Value::from(text))
    };
    match node.value() {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(value) => minijinja::Value::from(*value),
        Value::Number(text) => number(text),
        Value::String(text) | Value::Raw(text) => minijinja::Value::from(text.as_str()),
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Null => minijinja::Value::from(()),
            scalar::Meaning::Bool(value) => minijinja::Value::from(value),
            scalar::Meaning::Integer(digits) => number(&digits),
            scalar::Meaning::Float(Some(digits)) => number(&digits),
            scalar::Meaning::Float(None) | scalar::Meaning::Text => minijinja::Value::from(text.as_str()),
        },
        Value::Seq(items) => items.iter().map(engine_value).collect(),
        Value::Map(map) => {
            minijinja::Value::from_pairs(map.iter().map(|entry| (entry.key.text.as_str(), engine_value(&entry.value))))
        }
        // The engine fails where it looks at it.
        Value::Broken => Error::new(ErrorKind::InvalidOperation, "it has no value").into(),
    }
}

fn node_of(value: &minijinja::Value, origin: Origin) -> Result<Node, String> {
    let inner = |error: Error| error.to_string();
    Ok(match value.kind() {
        ValueKind::Undefined => return Err("the expression reads something that nothing defines".into()),
        ValueKind::None => Node::new(Value::Null, origin),
        ValueKind::Bool => Node::boolean(value.is_true(), origin),
        ValueKind::Number => Node::new(Value::Number(value.to_smolstr()), origin),
        ValueKind::String => Node::string(value.to_smolstr(), origin),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(inner)?.map(|item| node_of(&item, origin));
            Node::seq(items.collect::<Result<_, _>>()?, origin)
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().map_err(inner)? {
                let item = value.get_item(&key).map_err(inner)?;
                map.set(Key::new(key.to_smolstr(), origin), node_of(&item, origin)?);
            }
            Node::map(map, origin)
        }
        kind => return Err(format!("the expression yields a {kind}, which no field takes")),
    })
}

/// Returns a key with the text that its expressions give; what no key can be is a finding.
pub(super) fn named_by(key: &Key, given: &Node) -> Result<Key, Box<Diagnostic>> {
    match inline_text(given) {
        Some(text) => Ok(Key { text, ..key.clone() }),
        None if given.is_broken() => Ok(broken_key(key)),
        None => Err(unusable(&format!("{} cannot be the key of a mapping", given.type_name()), key.origin)),
    }
}

/// Returns what stands for a key whose expressions have no value.
pub(super) fn broken_key(key: &Key) -> Key {
    Key { origin: Origin::BROKEN, ..key.clone() }
}
