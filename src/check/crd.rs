//! Definitions of custom resources, and custom resources against them.
//!
//! `CustomResourceDefinition` objects enter, settled; what their schemas do not allow in a custom resource leaves, with
//! its place. Fields that a schema does not name are errors, as they are to the server's strict validation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map as JsonMap, Value as Json, json};
use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::ObjectKey;
use crate::schema::{self, Dialect, Validator};
use crate::text::{Node, Origin, Value, scalar};

/// All definitions among the inputs.
#[derive(Debug, Default)]
pub struct Definitions {
    kinds: BTreeMap<(SmolStr, SmolStr), Definition>,
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
    schema: Option<Node>,
    validator: OnceLock<Result<Option<Validator>, Box<Diagnostic>>>,
}

impl Definitions {
    /// Reads the definitions; what is no definition is passed over.
    pub fn read<'a>(objects: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut definitions = Self::default();
        for object in objects {
            definitions.kinds.extend(Definition::read(object));
        }
        definitions
    }

    /// Returns the definition of a kind.
    pub fn get(&self, group: &str, kind: &str) -> Option<&Definition> {
        self.kinds.get(&(SmolStr::new(group), SmolStr::new(kind)))
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
        let flag = |name: &str| node.get(name).is_some_and(|value| matches!(value.value(), Value::Bool(true)));
        Some(Self {
            name: node.get("name")?.text()?.clone(),
            served: flag("served"),
            deprecated: flag("deprecated"),
            warning: node.get("deprecationWarning").and_then(Node::text).cloned(),
            schema: node.at(&["schema", "openAPIV3Schema"]).cloned(),
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

    /// Returns what the schema of the version does not allow in a settled object; `written` is the same before that.
    pub fn check(&self, settled: &Node, written: &Node, key: &ObjectKey) -> Vec<Diagnostic> {
        let validator = match self.validator.get_or_init(|| self.compile()) {
            Ok(Some(validator)) => validator,
            Ok(None) => return Vec::new(),
            Err(finding) => return vec![(**finding).clone()],
        };
        let violations = validator.validate(settled);
        violations
            .into_iter()
            .map(|violation| {
                let quoted = unquoted(written, violation.origin)
                    .filter(|_| violation.typed && violation.message.contains("a string, found"));
                let mut finding = Diagnostic::new(Code::CustomResource, violation.origin, violation.message)
                    .subject(key.to_string(), violation.path)
                    .maybe_help(violation.help);
                if let Some(text) = quoted {
                    let quoted = words::quoted(text);
                    finding = finding.help(format!("quote it: `{quoted}`")).fix(violation.origin, quoted);
                }
                finding
            })
            .collect()
    }

    fn compile(&self) -> Result<Option<Validator>, Box<Diagnostic>> {
        let Some(node) = &self.schema else { return Ok(None) };
        let mut root = schema::to_json(node);
        structural(&mut root, true);
        Validator::compile(root, Dialect::OpenApi).map(Some).map_err(|(path, message)| {
            let origin = path.iter().try_fold(node, |node, segment| node.get(segment)).unwrap_or(node).origin();
            Box::new(Diagnostic::new(Code::InvalidValue, origin, message))
        })
    }
}

/// Returns the text of the unquoted scalar at a place, where it is one that kubectl takes for something else.
fn unquoted(node: &Node, origin: Origin) -> Option<&SmolStr> {
    match node.value() {
        Value::Plain(text) if node.origin() == origin && scalar::resolve(text) != scalar::Meaning::Text => Some(text),
        Value::Seq(items) => items.iter().find_map(|item| unquoted(item, origin)),
        Value::Map(map) => map.iter().find_map(|entry| unquoted(&entry.value, origin)),
        _ => None,
    }
}

/// Turns a structural schema into the JSON Schema of what the server takes.
fn structural(schema: &mut Json, root: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    let flag = |object: &JsonMap<String, Json>, name: &str| object.get(name) == Some(&Json::Bool(true));
    if flag(object, "x-kubernetes-int-or-string") {
        object.insert("type".into(), json!(["integer", "string"]));
        object.remove("anyOf");
    }
    let open = flag(object, "x-kubernetes-preserve-unknown-fields");
    let embedded = flag(object, "x-kubernetes-embedded-resource");
    if root || embedded {
        // What all objects have is checked as in native ones.
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        for name in ["apiVersion", "kind", "metadata"] {
            if let Some(properties) = properties.as_object_mut() {
                properties.entry(name).or_insert_with(|| json!({}));
            }
        }
        if let Some(properties) = properties.as_object_mut().filter(|_| root) {
            properties.entry("status").or_insert_with(|| json!({"x-kubernetes-preserve-unknown-fields": true}));
        }
    }
    if embedded {
        let required = object.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.extend([json!("apiVersion"), json!("kind")]);
        }
    }
    let is_object = object.get("type").is_none_or(|ty| ty == "object");
    let named = object.contains_key("properties") || object.get("type") == Some(&json!("object"));
    if !open && is_object && named && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".into(), Json::Bool(false));
    }
    defaulted(object);
    if let Some(items) = object.get_mut("items") {
        structural(items, false);
    }
    if let Some(values) = object.get_mut("additionalProperties").filter(|values| values.is_object()) {
        structural(values, false);
    }
    let properties = object.get_mut("properties").and_then(Json::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if root && name == "metadata" {
            // The schema may restrict the name; everything else of it is native.
            if let Some(metadata) = property.as_object_mut() {
                metadata.insert("x-kubernetes-preserve-unknown-fields".into(), Json::Bool(true));
            }
        }
        structural(property, false);
        nullable(property);
    }
}

/// Drops fields that the server fills in from those that must be written.
fn defaulted(object: &mut JsonMap<String, Json>) {
    let filled: Vec<String> = object
        .get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, property)| property.get("default").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(required) = object.get_mut("required").and_then(Json::as_array_mut) {
        required.retain(|name| !filled.iter().any(|filled| name == filled));
        if required.is_empty() {
            object.remove("required");
        }
    }
}

/// Lets a field be null: the server keeps it, or takes it for absent.
fn nullable(schema: &mut Json) {
    let Some(object) = schema.as_object_mut() else { return };
    match object.get_mut("type") {
        Some(Json::Array(types)) => types.push(json!("null")),
        Some(ty @ Json::String(_)) => *ty = json!([ty.take(), "null"]),
        _ => {}
    }
    if let Some(values) = object.get_mut("enum").and_then(Json::as_array_mut)
        && !values.contains(&Json::Null)
    {
        values.push(Json::Null);
    }
}
