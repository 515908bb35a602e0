//! Definitions of custom resources by the rules of `apiextensions.k8s.io/v1` that no type says.
//!
//! A settled definition enters, what the server would refuse leaves. The schemas of its versions are for
//! [`schemas`](super::schemas).

use std::collections::HashSet;

use super::rules::{Ruled, Wrong};
use super::schemas::Schemas;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::dns_1035_label;
use crate::kubernetes::{Minor, ObjectKey};
use crate::rules::Path;
use crate::schema::Patterns;
use crate::text::{Node, Scalar};

/// The annotation without which the server takes no definition in a group of the Kubernetes project.
const APPROVED: &str = "api-approved.kubernetes.io";

/// Returns what is wrong with a settled definition.
pub(super) fn check(key: &ObjectKey, definition: &Node, minor: Minor) -> Vec<Diagnostic> {
    let Some(spec) = definition.get("spec").filter(|spec| spec.as_map().is_some()) else { return Vec::new() };
    let mut rules = Rules { key, minor, found: Vec::new(), patterns: Patterns::default() };
    let root = Path::Field(&Path::Root, "spec");
    rules.identity(definition, spec, &root);
    rules.names(spec, &root);
    rules.versions(spec, &root);
    rules.found
}

/// Whether the annotation says who approved a definition, or why nobody did.
fn is_approval(text: &str) -> bool {
    let is_address = |(scheme, rest): (&str, &str)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty() && !rest.starts_with('/')
    };
    text.starts_with("unapproved") || text.split_once("://").is_some_and(is_address)
}

/// Whether a node is `true`.
pub(super) fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.value().meaning() == Some(Scalar::Bool(true)))
}

/// What was found in a definition.
pub(super) struct Rules<'a> {
    key: &'a ObjectKey,
    minor: Minor,
    pub(super) found: Vec<Diagnostic>,
    /// What its patterns may still cost.
    pub(super) patterns: Patterns,
}

impl Rules<'_> {
    /// Reports a value that the server refuses.
    pub(super) fn refuse(&mut self, node: &Node, message: impl Into<String>, help: Option<&str>, path: &Path<'_>) {
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message).maybe_help(help);
        self.found.push(finding.subject(self.key.to_string(), path.to_string()));
    }

    /// Reports a field that is missing in a mapping.
    pub(super) fn miss(&mut self, inside: &Node, name: &str, why: &str, path: &Path<'_>) {
        let first = inside.as_map().and_then(|map| map.iter().next());
        let origin = first.map_or(inside.origin(), |entry| entry.key.origin);
        let finding = Diagnostic::new(Code::MissingField, origin, format!("missing field `{name}`: {why}"));
        self.found.push(finding.subject(self.key.to_string(), Path::Field(path, name).to_string()));
    }

    fn identity(&mut self, definition: &Node, spec: &Node, path: &Path<'_>) {
        let group = spec.get("group").and_then(Node::as_str).unwrap_or_default();
        let plural = spec.at(&["names", "plural"]).and_then(Node::as_str).unwrap_or_default();
        if let Some(node) = spec.get("group").filter(|_| !group.is_empty() && !group.contains('.')) {
            let message = format!("expected a domain with a dot as group, found `{group}`");
            self.refuse(node, message, Some("such as `example.com`"), &Path::Field(path, "group"));
        }
        let wanted = format!("{plural}.{group}");
        if let Some(name) = definition.at(&["metadata", "name"]).filter(|_| !group.is_empty() && !plural.is_empty())
            && name.as_str().is_some_and(|name| name != wanted)
        {
            let message = format!("expected the name `{wanted}`, found `{}`", self.key.name);
            let finding = Diagnostic::new(Code::InvalidName, name.origin(), message)
                .help("the name is that of the plural and of the group, with a dot between them")
                .subject(self.key.to_string(), "metadata.name");
            self.found.push(finding);
        }
        let of_project = ["k8s.io", "kubernetes.io"]
            .iter()
            .any(|domain| group == *domain || group.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')));
        let approval = definition.at(&["metadata", "annotations", APPROVED]).filter(|node| !node.is_null());
        let annotations = Path::Field(&Path::Field(&Path::Root, "metadata"), "annotations");
        if let Some((node, text)) = approval.filter(|_| of_project).and_then(|node| Some((node, node.as_str()?)))
            && !text.is_empty()
            && !is_approval(text)
        {
            let message = "expected the address of an approval, or a reason that starts with `unapproved`";
            let help = "such as `https://github.com/kubernetes/kubernetes/pull/1`";
            self.refuse(node, message, Some(help), &Path::Key(&annotations, APPROVED));
        } else if of_project && approval.is_none_or(|node| node.as_str() == Some("")) {
            let why = format!("the group `{group}` belongs to the Kubernetes project, which approves what is in it");
            let metadata = definition.get("metadata").unwrap_or(definition);
            self.miss(metadata, APPROVED, &why, &annotations);
        }
        if let Some(node) = spec.get("preserveUnknownFields").filter(|node| is_true(Some(node))) {
            let message = "expected `preserveUnknownFields` to be false in `apiextensions.k8s.io/v1`, found `true`";
            let help =
                "write `x-kubernetes-preserve-unknown-fields: true` in the schema, where unknown fields are kept";
            self.refuse(node, message, Some(help), &Path::Field(path, "preserveUnknownFields"));
        }
    }

    fn names(&mut self, spec: &Node, path: &Path<'_>) {
        let Some(names) = spec.get("names") else { return };
        let path = Path::Field(path, "names");
        for field in ["plural", "singular", "kind", "listKind"] {
            let Some((node, text)) = names.get(field).and_then(|node| Some((node, node.as_str()?))) else { continue };
            // The server makes what is empty.
            if text.is_empty() && matches!(field, "singular" | "listKind") {
                continue;
            }
            // Kinds have capitals; their names in URLs have none.
            let lower = text.to_ascii_lowercase();
            let text = if field.to_ascii_lowercase().ends_with("kind") { &lower } else { text };
            if let Err(reason) = dns_1035_label(text).map_err(|reason| format!("`{field}` is no name: {reason}")) {
                self.refuse(node, reason, None, &Path::Field(&path, field));
            }
        }
        if let (Some(kind), Some(list)) = (names.get("kind"), names.get("listKind"))
            && kind == list
        {
            self.refuse(list, "expected another name than `kind` has", None, &Path::Field(&path, "listKind"));
        }
    }

    fn versions(&mut self, spec: &Node, path: &Path<'_>) {
        let Some(versions) = spec.get("versions").filter(|versions| versions.as_seq().is_some()) else { return };
        let all = versions.as_seq().unwrap_or_default();
        let path = Path::Field(path, "versions");
        let stored = all.iter().filter(|version| is_true(version.get("storage"))).count();
        if stored != 1 {
            let message = format!("expected one version with `storage: true`, found {stored}");
            self.refuse(versions, message, Some("objects are stored in one of the versions"), &path);
        }
        let mut seen = HashSet::new();
        for (at, version) in all.iter().enumerate() {
            let path = Path::Item(&path, at);
            if let Some(name) = version.get("name")
                && !seen.insert(name.as_str().unwrap_or_default())
            {
                let message = format!("the version `{}` is defined twice", name.as_str().unwrap_or_default());
                self.refuse(name, message, None, &Path::Field(&path, "name"));
            }
            self.scale(version, &path);
            let holder = Path::Field(&path, "schema");
            let has_status = version.at(&["subresources", "status"]).is_some_and(|status| !status.is_null());
            if let Some(schema) = version.at(&["schema", "openAPIV3Schema"]).filter(|schema| schema.as_map().is_some())
            {
                let path = Path::Field(&holder, "openAPIV3Schema");
                if has_status {
                    self.root_beside_status(schema, &path);
                }
                Schemas { rules: self }.root(schema, &path);
                self.expressions(schema, &path);
            } else {
                let why = "without a schema the server would drop all fields";
                self.miss(version.get("schema").unwrap_or(version), "openAPIV3Schema", why, &holder);
            }
        }
    }

    /// Reports what may not be said of a whole object whose status is written by itself.
    fn root_beside_status(&mut self, schema: &Node, path: &Path<'_>) {
        for field in ["maxProperties", "minProperties", "enum", "allOf", "anyOf", "oneOf", "not"] {
            let given = schema.get(field).filter(|node| !node.is_null());
            if let Some(node) = given.filter(|node| node.as_seq().is_none_or(|items| !items.is_empty())) {
                let message =
                    format!("`{field}` may not stand at the root of a schema beside the subresource `status`");
                let help = "say it of `spec`, or with `x-kubernetes-validations`";
                self.refuse(node, message, Some(help), &Path::Field(path, field));
            }
        }
    }

    /// Reports rules that are no expressions.
    fn expressions(&mut self, schema: &Node, path: &Path<'_>) {
        let mut wrong = Vec::new();
        Ruled::read(schema, self.minor, &mut wrong);
        for Wrong { node, message, help, path: below } in wrong {
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message).maybe_help(help);
            self.found.push(finding.subject(self.key.to_string(), format!("{path}.{below}")));
        }
    }

    fn scale(&mut self, version: &Node, path: &Path<'_>) {
        let Some(scale) = version.at(&["subresources", "scale"]) else { return };
        let path = Path::Field(path, "subresources");
        let path = Path::Field(&path, "scale");
        let below: [(&str, &[&str]); 3] = [
            ("specReplicasPath", &[".spec."]),
            ("statusReplicasPath", &[".status."]),
            ("labelSelectorPath", &[".spec.", ".status."]),
        ];
        for (field, places) in below {
            let Some((node, text)) = scale.get(field).and_then(|node| Some((node, node.as_str()?))) else { continue };
            if !text.is_empty() && !places.iter().any(|place| text.starts_with(place)) {
                let message = format!("expected a path below `{}`, found `{text}`", places.join("` or `"));
                self.refuse(node, message, None, &Path::Field(&path, field));
            }
        }
    }
}
