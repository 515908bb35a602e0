//! The rules in the schemas of a definition, `x-kubernetes-validations`, compiled and held against objects.
//!
//! A schema enters, its rules leave, each where the part of an object is that it is about. Rules that read `oldSelf` are for
//! updates: they are asked with the object of before, so far as its parts can be told to be the same ones.

use std::sync::Arc;

use smol_str::SmolStr;

use super::definition::is_true;
use crate::cel::{Environment, Fault, Given, Meter, OBJECT, Object, Program, Refusal, Ty, Value, escaped};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, words};
use crate::kubernetes::{Minor, ObjectKey};
use crate::rules::{Path, described};
use crate::text::{Node, Origin, Value as Written};

/// The keyword.
pub(super) const RULES: &str = "x-kubernetes-validations";
/// Why a rule refuses: words that answers of the server hold.
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
/// Why a name or the like is not known before the object is made.
const BY_SERVER: &str = "it reads what the server alone knows of an object";

/// The rules of a schema, and of those below it.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    rules: Vec<Rule>,
    fields: Vec<(SmolStr, Ruled)>,
    values: Option<Box<Ruled>>,
    items: Option<Box<Ruled>>,
    /// The keys by which the items of a list are the same ones after an update; nothing where they cannot be told apart.
    keys: Option<Vec<SmolStr>>,
    is_root: bool,
}

/// One rule.
#[derive(Debug)]
struct Rule {
    node: Node,
    program: Program,
    message: Option<SmolStr>,
    message_program: Option<Program>,
    field_path: Option<SmolStr>,
    is_transition: bool,
    is_optional: bool,
}

/// What is wrong with a rule: where, what, and a way out.
pub(super) struct Wrong {
    pub(super) node: Node,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) path: String,
}

impl Ruled {
    /// Reads the rules of a whole schema; what is none is said.
    pub(super) fn read(schema: &Node, minor: Minor, wrong: &mut Vec<Wrong>) -> Self {
        let mut reader = Reader { minor, wrong };
        reader.schema(schema, &typed(schema, true), true, true, &Path::Root)
    }

    /// Whether there is nothing to ask.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.fields.is_empty() && self.values.is_none() && self.items.is_none()
    }

    /// Returns what the rules refuse of an object that is made.
    pub(super) fn judge(&self, object: &Node, ty: &Ty, key: &ObjectKey, meter: &Meter) -> Vec<Diagnostic> {
        let refused = self.asked(object, None, ty, meter);
        refused.into_iter().map(|refused| refused.finding(key)).collect()
    }

    /// Returns what the rules about updates refuse of an object that takes the place of `old`: where, and in which words.
    /// No value is in them.
    pub(super) fn judge_update(&self, object: &Node, old: &Node, ty: &Ty, meter: &Meter) -> Vec<(String, String)> {
        let refused = self.asked(object, Some(old), ty, meter).into_iter().filter(|refused| refused.is_transition);
        refused.map(|refused| (refused.field, refused.words)).collect()
    }

    fn asked(&self, object: &Node, old: Option<&Node>, ty: &Ty, meter: &Meter) -> Vec<Refused> {
        let mut judge = Judge { left: OBJECT, meter, found: Vec::new(), root: object };
        judge.part(self, object, old, ty, &Path::Root);
        judge.found
    }
}

/// Returns the type that expressions see of a schema.
pub(super) fn typed(schema: &Node, is_root: bool) -> Ty {
    ty_of(schema, is_root).unwrap_or(Ty::Dyn)
}

/// Returns the type of a schema, or nothing where expressions do not see what it describes.
fn ty_of(schema: &Node, is_root: bool) -> Option<Ty> {
    if is_true(schema.get("x-kubernetes-int-or-string")) {
        return Some(Ty::Dyn);
    }
    let embedded = |schema: &Node| is_true(schema.get("x-kubernetes-embedded-resource"));
    let text = |name: &str| schema.get(name).and_then(Node::as_str).unwrap_or_default();
    Some(match text("type") {
        "array" => {
            let items = schema.get("items")?;
            Ty::list(ty_of(items, embedded(items))?)
        }
        "object" => {
            if let Some(values) = schema.get("additionalProperties").filter(|values| values.as_map().is_some()) {
                return Some(Ty::map(ty_of(values, embedded(values))?));
            }
            let mut fields: Vec<(SmolStr, SmolStr, Ty)> = Vec::new();
            let properties = schema.get("properties").and_then(Node::as_map).into_iter().flatten();
            for entry in properties {
                let is_meta = is_root && matches!(entry.key.text.as_str(), "apiVersion" | "kind" | "metadata");
                if let Some(name) = escaped(&entry.key.text).filter(|_| !is_meta)
                    && let Some(ty) = ty_of(&entry.value, embedded(&entry.value))
                {
                    fields.push((name.into(), entry.key.text.clone(), ty));
                }
            }
            if is_root {
                let field = |name: &str, ty| (SmolStr::new(name), SmolStr::new(name), ty);
                let names = vec![field("name", Ty::Text), field("generateName", Ty::Text)];
                let metadata = Object { name: "metadata".into(), fields: names };
                fields.push(field("apiVersion", Ty::Text));
                fields.push(field("kind", Ty::Text));
                fields.push(field("metadata", Ty::Object(metadata.into())));
            }
            Ty::Object(Arc::new(Object { name: "object".into(), fields }))
        }
        "string" => match text("format") {
            "byte" => Ty::Bytes,
            "duration" => Ty::Duration,
            "date" | "date-time" => Ty::Timestamp,
            _ => Ty::Text,
        },
        "boolean" => Ty::Bool,
        "number" => Ty::Double,
        "integer" => Ty::Int,
        _ => return None,
    })
}

struct Reader<'a> {
    minor: Minor,
    wrong: &'a mut Vec<Wrong>,
}

impl Reader<'_> {
    /// Reads the rules of a schema; `is_same` is whether its part of an object can be told to be the same after an update.
    fn schema(&mut self, schema: &Node, ty: &Ty, is_root: bool, is_same: bool, path: &Path<'_>) -> Ruled {
        let mut ruled = Ruled { is_root, ..Ruled::default() };
        for (at, rule) in schema.get(RULES).and_then(Node::as_seq).unwrap_or_default().iter().enumerate() {
            let path = Path::Field(path, RULES);
            ruled.rules.extend(self.rule(rule, schema, ty, is_same, &Path::Item(&path, at)));
        }
        let word = |name: &str| schema.get(name).and_then(Node::as_str);
        let is_embedded = |schema: &Node| is_true(schema.get("x-kubernetes-embedded-resource"));
        for entry in schema.get("properties").and_then(Node::as_map).into_iter().flatten() {
            if is_root && entry.key.text == "metadata" {
                continue;
            }
            let properties = Path::Field(path, "properties");
            let inner = typed(&entry.value, is_embedded(&entry.value));
            let below = self.schema(
                &entry.value,
                &inner,
                is_embedded(&entry.value),
                is_same,
                &Path::Key(&properties, &entry.key.text),
            );
            if !below.is_empty() {
                ruled.fields.push((entry.key.text.clone(), below));
            }
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.as_map().is_some()) {
            let inner = typed(values, is_embedded(values));
            let below =
                self.schema(values, &inner, is_embedded(values), is_same, &Path::Field(path, "additionalProperties"));
            ruled.values = (!below.is_empty()).then(|| Box::new(below));
        }
        if let Some(items) = schema.get("items").filter(|items| items.as_map().is_some()) {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Node::as_seq);
            let keys = keys.filter(|_| word("x-kubernetes-list-type") == Some("map"));
            ruled.keys = keys.map(|keys| keys.iter().filter_map(|key| key.text().cloned()).collect());
            let inner = typed(items, is_embedded(items));
            let is_same = is_same && ruled.keys.is_some();
            let below = self.schema(items, &inner, is_embedded(items), is_same, &Path::Field(path, "items"));
            ruled.items = (!below.is_empty()).then(|| Box::new(below));
        }
        ruled
    }

    fn rule(&mut self, rule: &Node, schema: &Node, ty: &Ty, is_same: bool, path: &Path<'_>) -> Option<Rule> {
        let text = |name: &str| rule.get(name).and_then(Node::as_str);
        let is_optional = is_true(rule.get("optionalOldSelf"));
        let old = if is_optional { Ty::Optional(Arc::new(ty.clone())) } else { ty.clone() };
        let environment = Environment::new(self.minor).with("self", ty.clone()).with("oldSelf", old);
        let node = rule.get("rule")?;
        let before = self.wrong.len();
        let program = self.program(node, &environment, &Ty::Bool, &Path::Field(path, "rule"));
        let is_transition = program.as_ref().is_some_and(|program| program.reads("oldSelf"));
        if is_transition && !is_same {
            let message = "`oldSelf` cannot be read here: it is not known which items of the list are the same ones";
            let help = "a list of `x-kubernetes-list-type: map` knows its items by their keys";
            self.wrong(node, message, Some(help), &Path::Field(path, "rule"));
        }
        if let Some(node) = rule.get("optionalOldSelf").filter(|_| is_optional && program.is_some() && !is_transition) {
            let message = "`optionalOldSelf` is for rules that read `oldSelf`";
            self.wrong(node, message, None, &Path::Field(path, "optionalOldSelf"));
        }
        if let Some(message) = rule.get("message")
            && message.as_str().is_some_and(|text| text.trim().contains('\n'))
        {
            self.wrong(message, "expected a message of one line", None, &Path::Field(path, "message"));
        }
        if let Some((node, field)) = rule.get("fieldPath").and_then(|node| Some((node, node.as_str()?)))
            && let Err(reason) = described(schema, field)
        {
            self.wrong(node, reason, None, &Path::Field(path, "fieldPath"));
        }
        if let Some(reason) = rule.get("reason")
            && let Some(word) = reason.as_str().filter(|word| !REASONS.contains(word))
        {
            let message = format!("expected {}, found {}", words::list(REASONS, "or"), words::word(word));
            let near = did_you_mean(word, REASONS).map(|near| format!("did you mean `{near}`?"));
            self.wrong(reason, message, near.as_deref(), &Path::Field(path, "reason"));
        }
        let is_long = text("rule").is_some_and(|text| text.trim().contains('\n'));
        if is_long && text("message").is_none_or(|message| message.trim().is_empty()) {
            let help = "it is shown where the rule refuses an object";
            self.wrong(node, "a rule of several lines needs a `message`", Some(help), &Path::Field(path, "message"));
        }
        let message_program =
            rule.get("messageExpression").filter(|node| node.as_str().is_some_and(|text| !text.is_empty()));
        let message_program = message_program
            .and_then(|node| self.program(node, &environment, &Ty::Text, &Path::Field(path, "messageExpression")));
        if self.wrong.len() > before {
            return None;
        }
        Some(Rule {
            node: node.clone(),
            program: program?,
            message: text("message").map(str::trim).filter(|text| !text.is_empty()).map(SmolStr::new),
            message_program,
            field_path: text("fieldPath").filter(|text| !text.is_empty()).map(SmolStr::new),
            is_transition,
            is_optional,
        })
    }

    fn program(&mut self, node: &Node, environment: &Environment, wanted: &Ty, path: &Path<'_>) -> Option<Program> {
        let refusal = match environment.compile(node.as_str()?) {
            Ok(program) if program.ty() == wanted => return Some(program),
            Ok(program) => {
                let message =
                    format!("expected it to come to a `{wanted}`, found a value of the type `{}`", program.ty());
                Refusal { at: 0, message, help: None }
            }
            Err(refusal) => refusal,
        };
        let message = format!("the server takes no such rule: {}", refusal.message);
        self.wrong(node, message, refusal.help.as_deref(), path);
        None
    }

    fn wrong(&mut self, node: &Node, message: impl Into<String>, help: Option<&str>, path: &Path<'_>) {
        let (node, message, help) = (node.clone(), message.into(), help.map(str::to_owned));
        self.wrong.push(Wrong { node, message, help, path: path.to_string() });
    }
}

/// One object before the rules of its definition.
struct Judge<'a> {
    left: u64,
    meter: &'a Meter,
    found: Vec<Refused>,
    root: &'a Node,
}

/// What a rule refuses.
struct Refused {
    place: Origin,
    rule: Origin,
    field: String,
    /// Why, in the words of the rule.
    words: String,
    /// What its expression for the message comes to, which may show values, and the places of those.
    said: Option<SmolStr>,
    repeats: Vec<Origin>,
    is_transition: bool,
}

impl Refused {
    fn finding(self, key: &ObjectKey) -> Diagnostic {
        let why = self.said.map_or(self.words, |said| format!("`{said}`"));
        Diagnostic::new(Code::CustomResource, self.place, format!("refused by a rule of its definition: {why}"))
            .also(self.rule, "this is not true")
            .subject(key.to_string(), self.field)
            .repeats(self.repeats)
    }
}

impl Judge<'_> {
    fn part(&mut self, ruled: &Ruled, part: &Node, old: Option<&Node>, ty: &Ty, path: &Path<'_>) {
        if part.is_null() || self.left == 0 {
            return;
        }
        for rule in &ruled.rules {
            self.ask(rule, ruled.is_root, part, old, ty, path);
        }
        match part.value() {
            Written::Map(map) => {
                for entry in map {
                    let name = &entry.key.text;
                    let own = ruled.fields.iter().find(|(field, _)| field == name).map(|(_, ruled)| ruled);
                    let (below, path) = match (own, &ruled.values) {
                        (Some(own), _) => (own, Path::Field(path, name)),
                        (None, Some(values)) => (&**values, Path::Key(path, name)),
                        (None, None) => continue,
                    };
                    let inner = match ty {
                        Ty::Map(both) => both.1.clone(),
                        Ty::Object(object) => {
                            let known = object.fields.iter().find(|(_, field, _)| field == name);
                            known.map_or(Ty::Dyn, |(_, _, ty)| ty.clone())
                        }
                        _ => Ty::Dyn,
                    };
                    let old = old.and_then(|old| old.get(name));
                    self.part(below, &entry.value, old, &inner, &path);
                }
            }
            Written::Seq(items) => {
                let Some(below) = &ruled.items else { return };
                let inner = if let Ty::List(item) = ty { (**item).clone() } else { Ty::Dyn };
                for (at, item) in items.iter().enumerate() {
                    let old = ruled.keys.as_ref().and_then(|keys| {
                        let olds = old.and_then(Node::as_seq)?;
                        olds.iter().find(|old| keys.iter().all(|key| old.get(key) == item.get(key)))
                    });
                    self.part(below, item, old, &inner, &Path::Item(path, at));
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self, rule: &Rule, is_root: bool, part: &Node, old: Option<&Node>, ty: &Ty, path: &Path<'_>) {
        if rule.is_transition && old.is_none() && !rule.is_optional {
            return;
        }
        let tree = |node: &Node| Value::Tree(node.clone(), ty.clone());
        let before = match (rule.is_optional, old) {
            (true, old) => Value::Optional(old.map(|old| Arc::new(tree(old)))),
            (false, Some(old)) => tree(old),
            (false, None) => Value::Null,
        };
        let roots = [tree(part), before];
        let mut given = Given::new(&roots, &[]);
        if is_root && let Some(metadata) = part.get("metadata") {
            given.missing(metadata.address(), "name", BY_SERVER);
        }
        let ran = rule.program.run(&given);
        self.left = self.left.saturating_sub(ran.cost);
        self.meter.add(ran.cost + ran.steps);
        let refusal = match &ran.outcome {
            Ok(Value::Bool(true)) | Err(Fault::Unknown(_)) => return,
            Ok(_) => None,
            Err(Fault::Failed(why)) => {
                let why = Fault::bare(why, rule.node.as_str().unwrap_or_default());
                Some(format!("it cannot be judged: {why}"))
            }
            Err(Fault::OverBudget) => {
                self.left = 0;
                Some("all rules take more than the server spends on an object".to_owned())
            }
        };
        let given = given.whole();
        let (said, repeats) = if refusal.is_none() { rule.said(&given) } else { (None, Vec::new()) };
        let words = refusal.unwrap_or_else(|| match &rule.message {
            Some(message) => message.to_string(),
            None => format!("failed rule: `{}`", rule.node.as_str().unwrap_or_default().trim()),
        });
        let named = rule.field_path.as_ref().map(|field| (field, at_path(part, field)));
        let read = ran.reads.iter().rev().find(|read| holds(part, read));
        let place = match &named {
            Some((_, Some(node))) => node.origin(),
            _ => read.unwrap_or(part).origin(),
        };
        let place = if place.is_nowhere() { self.root.origin().at_start() } else { place };
        let field = named.map_or_else(|| path.to_string(), |(field, _)| format!("{path}{field}"));
        self.found.push(Refused {
            place,
            rule: rule.node.origin(),
            field: field.trim_start_matches('.').to_owned(),
            words,
            said,
            repeats,
            is_transition: rule.is_transition,
        });
    }
}

impl Rule {
    /// Returns what the expression for the message comes to, and the places of all that it read.
    fn said(&self, given: &Given<'_>) -> (Option<SmolStr>, Vec<Origin>) {
        let Some(program) = &self.message_program else { return (None, Vec::new()) };
        let ran = program.run(given);
        let places = ran.places().into_iter().collect();
        let Ok(Value::Text(text)) = ran.outcome else { return (None, Vec::new()) };
        let said = text.trim();
        let fits = !said.is_empty() && !said.contains('\n') && said.len() <= 5 * 1024;
        (fits.then(|| said.into()), places)
    }
}

/// Whether a node is a part of another.
fn holds(whole: &Node, part: &Node) -> bool {
    whole.same(part)
        || match whole.value() {
            Written::Map(map) => map.iter().any(|entry| holds(&entry.value, part)),
            Written::Seq(items) => items.iter().any(|item| holds(item, part)),
            _ => false,
        }
}

/// Returns what a path as `fieldPath` has it leads to: `.spec.a`, `['a.b']`.
fn at_path<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    let mut node = node;
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix("['") {
            (name, rest) = after.split_once("']")?;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            (name, rest) = (&after[..end], &after[end..]);
        }
        node = node.get(name)?;
    }
    Some(node)
}
