//! Definitions of custom resources, and custom resources against them.
//!
//! `CustomResourceDefinition` objects enter, settled; what their schemas do not allow in a custom resource leaves, with
//! its place. Fields that a schema does not name are errors, as they are to the server's strict validation.
//!
//! Inputs that are looked at may define a kind several times, each for another cluster.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use smol_str::SmolStr;

use super::definition::is_true;
use super::rules::Ruled;
use super::structural::json_schema;
use super::{defaulting, rules};
use crate::cel::{Meter, Ty};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, words};
use crate::kubernetes::{Minor, ObjectKey};
use crate::limits;
use crate::schema::{self, Dialect, Validator};
use crate::text::{FileId, Node, Origin, Value, scalar};

/// All definitions among the inputs.
#[derive(Debug, Default)]
pub struct Definitions {
    kinds: BTreeMap<(SmolStr, SmolStr), Vec<Definition>>,
}

/// The definition of a kind.
#[derive(Debug)]
pub struct Definition {
    /// Where it was written.
    pub origin: Origin,
    /// Whether objects of it live in namespaces.
    pub namespaced: bool,
    versions: Vec<Version>,
}

/// A version of a custom kind.
#[derive(Debug)]
pub struct Version {
    name: SmolStr,
    served: bool,
    deprecated: bool,
    warning: Option<SmolStr>,
    /// Whether the status is written by its controller alone: what stands there otherwise is dropped unread.
    drops_status: bool,
    schema: Option<Node>,
    ruled: OnceLock<(Ruled, Ty)>,
    meter: Meter,
    validator: OnceLock<Result<Option<Validator>, Box<Diagnostic>>>,
}

impl Definitions {
    /// Reads the definitions; what is no definition is passed over.
    pub fn read<'a>(objects: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut definitions = Self::default();
        for object in objects {
            if let Some((kind, definition)) = Definition::read(object) {
                definitions.kinds.entry(kind).or_default().push(definition);
            }
        }
        definitions
    }

    /// Adds definitions of the kinds that none of these defines.
    #[must_use]
    pub fn beside(mut self, known: &[Node]) -> Self {
        for (kind, definitions) in Self::read(known).kinds {
            self.kinds.entry(kind).or_insert(definitions);
        }
        self
    }

    /// Returns the definition of a kind for an object of that file: the one of the same file, or else the last.
    pub fn get(&self, group: &str, kind: &str, file: FileId) -> Option<&Definition> {
        let all = self.all(group, kind);
        all.iter().rev().find(|definition| definition.origin.file == file).or(all.last())
    }

    /// Checks a custom resource; `version` is the one that was found for it. Where its kind is defined several times, it is
    /// for one of the definitions.
    pub fn check(&self, version: &Version, settled: &Node, written: &Node, key: &ObjectKey) -> Vec<Diagnostic> {
        let found = version.check(settled, written, key);
        let others = self.all(&key.group, &key.kind).iter().filter_map(|other| other.version(&key.version));
        let is_fine = |other: &Version| !std::ptr::eq(other, version) && other.check(settled, written, key).is_empty();
        if found.is_empty() || !others.into_iter().any(is_fine) { found } else { Vec::new() }
    }

    /// Returns all definitions of a kind.
    pub fn all(&self, group: &str, kind: &str) -> &[Definition] {
        self.kinds.get(&(SmolStr::new(group), SmolStr::new(kind))).map_or(&[], Vec::as_slice)
    }

    /// Whether an object is a definition.
    pub fn defines(object: &Node) -> bool {
        object.get("kind").and_then(Node::as_str) == Some("CustomResourceDefinition")
    }
}

impl Definition {
    fn read(object: &Node) -> Option<((SmolStr, SmolStr), Self)> {
        let spec = object.get("spec").filter(|_| Definitions::defines(object))?;
        let group = spec.get("group")?.text()?.clone();
        let kind_node = spec.at(&["names", "kind"])?;
        let namespaced = spec.get("scope").and_then(Node::as_str) != Some("Cluster");
        let versions = spec.get("versions")?.as_seq()?.iter().filter_map(Version::read).collect();
        let definition = Self { origin: kind_node.origin(), namespaced, versions };
        Some(((group, kind_node.text()?.clone()), definition))
    }

    /// Returns a version that is served.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name && version.served)
    }

    /// Returns the names of all versions that are served.
    pub fn served(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().filter(|version| version.served).map(|version| version.name.as_str())
    }
}

impl Version {
    fn read(node: &Node) -> Option<Self> {
        let flag = |name: &str| is_true(node.get(name));
        Some(Self {
            name: node.get("name")?.text()?.clone(),
            served: flag("served"),
            deprecated: flag("deprecated"),
            warning: node.get("deprecationWarning").and_then(Node::text).cloned(),
            drops_status: node.at(&["subresources", "status"]).is_some_and(|status| !status.is_null()),
            schema: node.at(&["schema", "openAPIV3Schema"]).cloned(),
            ruled: OnceLock::new(),
            meter: Meter::default(),
            validator: OnceLock::new(),
        })
    }

    /// Says that the version is deprecated, where it is.
    pub fn deprecation(&self, key: &ObjectKey, origin: Origin) -> Option<Diagnostic> {
        let message = format!("`{}` of `{}` is deprecated by its definition", key.kind, key.api_version());
        self.deprecated.then(|| {
            let finding = Diagnostic::new(Code::DeprecatedApi, origin, message).maybe_help(self.warning.as_deref());
            finding.subject(key.to_string(), "apiVersion")
        })
    }

    /// Returns a settled object as the server validates it, with the defaults of the schema.
    pub fn stored(&self, settled: &Node) -> Node {
        match &self.schema {
            Some(schema) => defaulting::as_stored(settled, schema, self.drops_status),
            None => settled.clone(),
        }
    }

    /// Returns what the schema of the version does not allow in a settled object; `written` is the same before that.
    pub fn check(&self, settled: &Node, written: &Node, key: &ObjectKey) -> Vec<Diagnostic> {
        let validator = match self.validator.get_or_init(|| self.compile()) {
            Ok(Some(validator)) => validator,
            Ok(None) => return Vec::new(),
            Err(finding) => return vec![(**finding).clone()],
        };
        let stored = self.stored(settled);
        let violations = validator.validate(&stored);
        // The server asks the rules of what has the right shape.
        if violations.is_empty() {
            if stored.holds_broken() {
                return Vec::new();
            }
            if self.meter.is_over() {
                let place = self.schema.as_ref().map_or(Origin::NOWHERE, Node::origin).at_start();
                let most = words::grouped(limits::STEPS_OF_POLICIES);
                let message = format!("the rules of the definition take more than {most} steps for all objects");
                let help = "look at fewer items in each object, or check fewer objects at once";
                return vec![Diagnostic::new(Code::TooManyInstances, place, message).help(help)];
            }
            return self.rules().map_or_else(Vec::new, |(ruled, ty)| ruled.judge(&stored, ty, key, &self.meter));
        }
        violations
            .into_iter()
            .map(|violation| {
                let quoted = unquoted(written, violation.origin)
                    .filter(|_| violation.typed && violation.message.contains("a string, found"));
                let is_text = !violation.message.contains("integer or");
                let mut finding = Diagnostic::new(Code::CustomResource, violation.origin, violation.message)
                    .subject(key.to_string(), violation.path)
                    .maybe_help(violation.help);
                if let Some(text) = quoted {
                    let quoted = words::quoted(text);
                    finding = finding
                        .help(format!("quote it: `{quoted}`"))
                        .with_fix(Fix::safe_if(is_text, [Edit::bytes(violation.origin, quoted)]));
                }
                finding
            })
            .collect()
    }

    /// Returns what the rules of the schema about updates refuse of a settled object that takes the place of another: the
    /// field, and why.
    pub fn check_update(&self, old: &Node, new: &Node) -> Vec<(String, String)> {
        let judge =
            |(ruled, ty): &(Ruled, Ty)| ruled.judge_update(&self.stored(new), &self.stored(old), ty, &self.meter);
        self.rules().map_or_else(Vec::new, judge)
    }

    /// Returns the rules of the schema, and its type.
    fn rules(&self) -> Option<&(Ruled, Ty)> {
        let schema = self.schema.as_ref()?;
        // What is no rule is told where the definition is checked.
        let read = || (Ruled::read(schema, Minor::NEWEST, &mut Vec::new()), rules::typed(schema, true));
        Some(self.ruled.get_or_init(read)).filter(|(ruled, _)| !ruled.is_empty())
    }

    fn compile(&self) -> Result<Option<Validator>, Box<Diagnostic>> {
        let Some(node) = &self.schema else { return Ok(None) };
        Validator::compile(json_schema(schema::to_json(node)), Dialect::OpenApi).map(Some).map_err(|(path, message)| {
            let origin = path.iter().try_fold(node, |node, segment| node.get(segment)).unwrap_or(node).origin();
            Box::new(Diagnostic::new(Code::InvalidValue, origin, message))
        })
    }
}

/// Returns the text of the unquoted scalar at a place, where it is one that kubectl takes for something else.
fn unquoted(node: &Node, origin: Origin) -> Option<&SmolStr> {
    match node.value() {
        Value::Plain(text) if node.origin() == origin => {
            // A null is no text that lacks its quotes.
            Some(text).filter(|text| !matches!(scalar::resolve(text), scalar::Meaning::Text | scalar::Meaning::Null))
        }
        Value::Seq(items) => items.iter().find_map(|item| unquoted(item, origin)),
        Value::Map(map) => map.iter().find_map(|entry| unquoted(&entry.value, origin)),
        _ => None,
    }
}
