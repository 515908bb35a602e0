//! Objects against the types of Kubernetes: unknown and missing fields, wrong types, values that no field takes.
//!
//! A tree enters and the same tree leaves, settled: each unquoted scalar has become what its field makes of it. What
//! needs no change is the same allocation afterwards, and settling a settled tree changes nothing. A subtree of the
//! wrong type gives one finding and is not looked into.

use super::gate::dropped;
use super::hint;
use super::leaves::Waiting;
use super::memo::{Memo, Spot};
use super::role::is_directive;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, words};
use crate::kubernetes::{Facts, ObjectKey, Schema, Shape, Type, TypeId};
use crate::rules;
use crate::rules::Path;
use crate::text::{Entry, Map, Node, Origin, Value};

/// Whose reading of an unquoted scalar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A spec: the type of the field decides, and null stands for nothing.
    Spec,
    /// A manifest: kubectl decides, and where others read something else there is a finding.
    Manifest,
}

/// A walk over trees, collecting findings.
pub struct Walk<'a> {
    /// The types.
    pub facts: &'static Facts,
    /// Whose reading counts.
    pub mode: Mode,
    /// Whether required fields may be missing: in parts that are merged with others later.
    pub partial: bool,
    /// Whether the tree is a strategic merge patch, which holds directives beside fields.
    patch: bool,
    /// The object that findings name.
    pub object: Option<&'a ObjectKey>,
    /// Whether the values at hand are secret and must not be shown.
    pub(super) masked: bool,
    /// The structures around the one at hand, outermost first.
    pub(super) around: Vec<(&'static Type, Node)>,
    /// Whether fields are put in the order in which Kubernetes documents them.
    ordered: bool,
    /// What is known of subtrees that other objects hold as well.
    memo: Option<&'a mut Memo>,
    /// What waits for the values of each instance, where the tree stands for many.
    pub(super) waiting: Option<Waiting>,
    /// Whether mistakes are looked for; what was checked before is only settled.
    judges: bool,
    /// How much had no sound shape so far.
    pub(super) unsound: usize,
    findings: Vec<Diagnostic>,
    /// What the rules found.
    ruled: Vec<Diagnostic>,
}

/// What becomes of an entry or item.
enum Step {
    Keep,
    Replace(Node),
    Drop,
}

impl<'a> Walk<'a> {
    /// Returns a walk over whole objects.
    pub fn new(facts: &'static Facts, mode: Mode) -> Self {
        Self {
            facts,
            mode,
            partial: false,
            patch: false,
            object: None,
            masked: false,
            around: Vec::new(),
            ordered: false,
            memo: None,
            waiting: None,
            judges: true,
            unsound: 0,
            findings: Vec::new(),
            ruled: Vec::new(),
        }
    }

    /// Returns a walk over strategic merge patches, in which anything may be missing.
    pub fn of_patch(facts: &'static Facts, mode: Mode) -> Self {
        Self { partial: true, patch: true, ..Self::new(facts, mode) }
    }

    /// Returns the walk with an object for findings to name.
    #[must_use]
    pub fn about(self, object: &'a ObjectKey) -> Self {
        Self { object: Some(object), ..self }
    }

    /// Returns the walk that also puts fields in documented order, and mappings of texts in that of their keys.
    #[must_use]
    pub fn ordering(self) -> Self {
        Self { ordered: true, ..self }
    }

    /// Returns the walk with what walks before it have settled.
    #[must_use]
    pub fn remembering(self, memo: &'a mut Memo) -> Self {
        Self { memo: Some(memo), ..self }
    }

    /// Returns the walk over what is known to be sound: it settles, and asks no rule.
    #[must_use]
    pub fn again(self) -> Self {
        Self { judges: false, ..self }
    }

    /// Checks a structure and returns it settled; `path` is where it stands in its object.
    pub fn settle_type(&mut self, node: &Node, id: TypeId, path: &Path<'_>) -> Node {
        let anchor = whole(node);
        self.structure(node, self.facts.ty(id), path, anchor).unwrap_or_else(|| node.clone())
    }

    /// Checks the value of a field and returns it settled; `path` is where it stands in its object.
    pub fn settle(&mut self, node: &Node, schema: &'static Schema, path: &Path<'_>) -> Node {
        self.value(node, schema, path, whole(node)).unwrap_or_else(|| node.clone())
    }

    /// Settles a custom resource, of which Kubernetes knows no more than that it is an object.
    pub fn settle_custom(&mut self, node: &Node) -> Node {
        let metadata = self.facts.type_id("meta/v1.ObjectMeta").map(|id| self.facts.ty(id));
        let Some(map) = node.as_map() else { return node.clone() };
        let settled = rewrite(map, |entry| {
            let name = entry.key.text.as_str();
            let path = Path::Field(&Path::Root, name);
            if let Some(step) = self.null(&entry.value) {
                return step;
            }
            let settled = match metadata {
                Some(metadata) if name == "metadata" => self.structure(&entry.value, metadata, &path, entry.key.origin),
                _ => {
                    self.key(entry, &path);
                    self.any(&entry.value, &path)
                }
            };
            settled.map_or(Step::Keep, Step::Replace)
        });
        settled.map_or_else(|| node.clone(), |map| Node::map(map, node.origin()))
    }

    /// Returns the walk over an object that stands for those of many instances, after others of these.
    #[must_use]
    pub fn of_many(self, waiting: Waiting) -> Self {
        Self { waiting: Some(waiting), ..self }
    }

    /// Returns what waits for the values of each instance.
    pub fn take_waiting(&mut self) -> Option<Waiting> {
        self.waiting.take()
    }

    /// Returns how much was found so far.
    pub(super) fn found(&self) -> usize {
        self.findings.len() + self.ruled.len()
    }

    /// Settles a scalar, of a field or of none that has a type.
    pub(super) fn leaf(&mut self, node: &Node, schema: Option<&'static Schema>, path: &Path<'_>) -> Option<Node> {
        match schema {
            Some(schema) => self.value(node, schema, path, node.origin()),
            None => self.any(node, path),
        }
    }

    /// Returns what was found.
    pub fn into_findings(mut self) -> Vec<Diagnostic> {
        self.findings.append(&mut self.ruled);
        self.findings
    }

    /// Returns what was found, without what the rules found because of earlier mistakes: a part is not missing that these
    /// kept from being made, and one place or one selector has one finding.
    pub fn into_findings_after(mut self, before: &Diagnostics) -> Vec<Diagnostic> {
        let told: Vec<&Diagnostic> = before.iter().filter(|told| told.severity == Severity::Error).collect();
        let has_conflict = told.iter().any(|told| told.code == Code::SelectorConflict);
        // That a name leads nowhere keeps nothing from being made.
        let keeps_parts = told.iter().any(|told| told.code != Code::UndeclaredReference);
        let follows = |finding: &Diagnostic| match finding.code {
            Code::MissingField | Code::DuplicateValue if keeps_parts => true,
            Code::SelectorConflict if has_conflict => true,
            _ => told.iter().any(|told| told.origin.touches(finding.origin)),
        };
        self.ruled.retain(|finding| told.is_empty() || !follows(finding));
        self.into_findings()
    }

    /// Reports what has no sound shape.
    pub(super) fn report(&mut self, finding: Diagnostic, path: &Path<'_>) {
        self.unsound += 1;
        self.note(finding, path);
    }

    pub(super) fn note(&mut self, finding: Diagnostic, path: &Path<'_>) {
        let finding = self.named(finding, path);
        self.findings.push(finding);
    }

    fn named(&self, finding: Diagnostic, path: &Path<'_>) -> Diagnostic {
        match self.object {
            Some(object) => finding.subject(object.to_string().trim_end(), path.to_string()),
            None => finding,
        }
    }

    /// Returns the settled value, or none where the node is it already. `anchor` is where missing fields are missed.
    fn value(&mut self, node: &Node, schema: &'static Schema, path: &Path<'_>, anchor: Origin) -> Option<Node> {
        // What has no value fits any type.
        if node.is_broken() {
            return None;
        }
        if let Some(hole) = node.as_hole() {
            return Some(self.hole(node, hole, Some(schema), path));
        }
        let nests = matches!(schema.shape, Shape::Type(_) | Shape::List(_) | Shape::Map(_));
        if self.memo.is_none() || !nests {
            return self.value_anew(node, schema, path, anchor);
        }
        // Objects of a file each stand at a place of their own.
        let is_alike =
            self.mode == Mode::Spec && matches!(schema.shape, Shape::Type(_)) && !self.partial && !self.masked;
        let spot = Spot {
            shared: node.is_shared().then(|| Memo::key(node, schema, self.partial, self.masked)),
            place: is_alike.then(|| rules::place(schema, path, self.object)),
        };
        if let Some(settled) = self.memo.as_deref().and_then(|memo| memo.recall(&spot, node, schema, self.facts)) {
            return settled;
        }
        let found = self.found();
        let settled = self.value_anew(node, schema, path, anchor);
        // A finding names its object, so each object has its own.
        let is_sound = self.found() == found;
        if let Some(memo) = self.memo.as_mut().filter(|_| is_sound) {
            memo.remember(&spot, node, settled.as_ref());
        }
        settled
    }

    fn value_anew(&mut self, node: &Node, schema: &'static Schema, path: &Path<'_>, anchor: Origin) -> Option<Node> {
        match &schema.shape {
            Shape::Type(id) => self.structure(node, self.facts.ty(*id), path, anchor),
            Shape::List(item) => self.list(node, item, path),
            Shape::Map(value) => self.mapping(node, value, path),
            Shape::Any => self.any(node, path),
            _ => self.scalar(node, schema, path),
        }
    }

    fn structure(&mut self, node: &Node, ty: &'static Type, path: &Path<'_>, anchor: Origin) -> Option<Node> {
        let Some(map) = node.as_map() else {
            self.wrong_type(node, "a mapping", path, hint::for_mapping(node));
            return None;
        };
        let unsound = self.unsound;
        let mut guessed: Vec<&str> = Vec::new();
        let (mut in_order, mut next) = (true, 0);
        self.around.push((ty, node.clone()));
        let settled = rewrite(map, |entry| {
            let name = entry.key.text.as_str();
            let Some((at, field)) = ty.place(name) else {
                if self.patch && is_directive(name) {
                    return Step::Keep;
                }
                in_order = false;
                guessed.extend(self.unknown_field(entry, ty, map, path));
                return Step::Keep;
            };
            in_order &= at >= next;
            next = at;
            if let Some(step) = self.null(&entry.value) {
                return step;
            }
            if field.gate.is_some() && !self.partial {
                let finding = dropped(field, ty, self.facts, entry.key.origin);
                let finding = finding.map(|finding| self.named(finding, &Path::Field(path, name)));
                self.ruled.extend(finding.filter(|_| !entry.value.is_null()));
            }
            let (partial, masked) = (self.partial, self.masked);
            // The server writes the status itself: what is missing there harms nothing.
            self.partial |= name == "status" && matches!(path, Path::Root);
            self.masked |= matches!(name, "data" | "stringData") && ty.name == "core/v1.Secret";
            let found = self.findings.len();
            let step = self.value(&entry.value, &field.schema, &Path::Field(path, name), entry.key.origin);
            if let Some(rule) = super::name::rule(&ty.name, name).filter(|_| self.judges) {
                self.findings[found..].iter_mut().for_each(|finding| super::name::hold(rule, finding));
                self.check_names(rule, step.as_ref().unwrap_or(&entry.value), &Path::Field(path, name));
            }
            (self.partial, self.masked) = (partial, masked);
            step.map_or(Step::Keep, Step::Replace)
        });
        self.around.pop();
        if !self.partial {
            for name in &ty.required {
                let there = map.get(name).is_some_and(|value| !value.is_null());
                if !there && !guessed.contains(&name.as_str()) {
                    self.missing_field(name, ty, path, anchor);
                }
            }
        }
        let settled = if self.ordered && !in_order {
            let mut map = settled.unwrap_or_else(|| map.clone());
            map.sort_by_key(|entry| (ty.position(&entry.key.text), entry.key.text.clone()));
            Some(map)
        } else {
            settled
        };
        let settled = settled.map(|map| Node::map(map, node.origin()));
        // Of what has no sound shape no rule can tell what it is for.
        if self.judges && !self.partial && self.unsound == unsound {
            let judged = settled.as_ref().unwrap_or(node);
            let memo = self.memo.as_mut().map(|memo| &mut memo.judged);
            let found = match &mut self.waiting {
                None => rules::judge(judged, ty, self.facts, anchor, path, self.object, memo),
                Some(waiting) => {
                    let (found, rules) =
                        rules::judge_all(judged, ty, self.facts, anchor, path, self.object, &waiting.looks);
                    waiting.ask_rules(judged, rules);
                    found
                }
            };
            for (place, finding) in found {
                let finding = self.named(finding, &Path::Below(path, &place));
                self.ruled.push(finding);
            }
        }
        settled
    }

    fn mapping(&mut self, node: &Node, value: &'static Schema, path: &Path<'_>) -> Option<Node> {
        let Some(map) = node.as_map() else {
            self.wrong_type(node, "a mapping", path, hint::for_mapping(node));
            return None;
        };
        let settled = rewrite(map, |entry| {
            let path = Path::Key(path, &entry.key.text);
            self.key(entry, &path);
            if let Some(step) = self.null(&entry.value) {
                return step;
            }
            self.value(&entry.value, value, &path, entry.key.origin).map_or(Step::Keep, Step::Replace)
        });
        let settled = if self.ordered && !map.iter().is_sorted_by(|one, next| one.key.text <= next.key.text) {
            let mut map = settled.unwrap_or_else(|| map.clone());
            map.sort_by_key(|entry| entry.key.text.clone());
            Some(map)
        } else {
            settled
        };
        settled.map(|map| Node::map(map, node.origin()))
    }

    fn list(&mut self, node: &Node, item: &'static Schema, path: &Path<'_>) -> Option<Node> {
        let Some(items) = node.as_seq() else {
            let named = self.facts.inner_type(item).is_some_and(|ty| ty.field("name").is_some());
            self.wrong_type(node, "a list", path, Some(hint::for_list(node, named)));
            return None;
        };
        let mut settled: Option<Vec<Node>> = None;
        for (at, node) in items.iter().enumerate() {
            let path = Path::Item(path, at);
            let changed = self.value(node, item, &path, whole(node));
            match (changed, &mut settled) {
                (None, None) => {}
                (None, Some(settled)) => settled.push(node.clone()),
                (Some(changed), Some(settled)) => settled.push(changed),
                (Some(changed), None) => {
                    let mut copy = Vec::with_capacity(items.len());
                    copy.extend_from_slice(&items[..at]);
                    copy.push(changed);
                    settled = Some(copy);
                }
            }
        }
        settled.map(|items| Node::seq(items, node.origin()))
    }

    fn any(&mut self, node: &Node, path: &Path<'_>) -> Option<Node> {
        if let Some(hole) = node.as_hole() {
            return Some(self.hole(node, hole, None, path));
        }
        match node.value() {
            Value::Plain(text) => self.untyped(node, text, path),
            Value::Seq(items) if !items.is_empty() => {
                let mut changed = false;
                let settled = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| {
                        let settled = self.any(item, &Path::Item(path, at));
                        changed |= settled.is_some();
                        settled.unwrap_or_else(|| item.clone())
                    })
                    .collect();
                changed.then(|| Node::seq(settled, node.origin()))
            }
            Value::Map(map) => {
                let settled = rewrite(map, |entry| {
                    let path = Path::Field(path, &entry.key.text);
                    self.key(entry, &path);
                    self.any(&entry.value, &path).map_or(Step::Keep, Step::Replace)
                });
                settled.map(|map| Node::map(map, node.origin()))
            }
            _ => None,
        }
    }

    /// Says what becomes of a null, which stands for nothing.
    fn null(&self, node: &Node) -> Option<Step> {
        if !node.is_null() {
            return None;
        }
        Some(match (self.mode, node.value()) {
            (Mode::Spec, _) => Step::Drop,
            (Mode::Manifest, Value::Null) => Step::Keep,
            (Mode::Manifest, _) => Step::Replace(Node::new(Value::Null, node.origin())),
        })
    }

    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str, path: &Path<'_>, help: Option<String>) {
        self.report(self.mistyped(node, expected).maybe_help(help), path);
    }

    pub(super) fn mistyped(&self, node: &Node, expected: &str) -> Diagnostic {
        let found = words::found(node, self.masked);
        Diagnostic::new(Code::WrongType, node.origin(), format!("expected {expected}, found {found}"))
            .label(format!("not {expected}"))
    }
}

/// Returns a copy of the mapping where an entry changes.
fn rewrite(map: &Map, mut step: impl FnMut(&Entry) -> Step) -> Option<Map> {
    let mut changed: Option<Map> = None;
    for (at, entry) in map.iter().enumerate() {
        let step = step(entry);
        if changed.is_none() && !matches!(step, Step::Keep) {
            let mut copy = Map::with_capacity(map.len());
            map.iter().take(at).for_each(|entry| copy.push(entry.key.clone(), entry.value.clone()));
            changed = Some(copy);
        }
        let Some(changed) = &mut changed else { continue };
        match step {
            Step::Keep => changed.push(entry.key.clone(), entry.value.clone()),
            Step::Replace(value) => changed.push(entry.key.clone(), value),
            Step::Drop => {}
        }
    }
    changed
}

/// Returns the place that stands for a structure as a whole: of an object its kind, otherwise its first key.
fn whole(node: &Node) -> Origin {
    let Some(map) = node.as_map() else { return node.origin() };
    let kind = map.get("kind").filter(|_| map.contains("apiVersion")).map(Node::origin);
    kind.or_else(|| map.iter().next().map(|entry| entry.key.origin)).unwrap_or(node.origin())
}
