//! Which objects a policy, or a binding of one, is about.

use smol_str::SmolStr;

use super::super::at::{get, items, text};
use crate::kubernetes::{Facts, Manifest};
use crate::text::{Map, Node};

/// Whether an object is one that a policy is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fits {
    Yes,
    No,
    /// It depends on what is not here.
    Unknown(String),
}

/// An object as rules name it.
pub(super) struct Resource<'a> {
    group: &'a str,
    version: &'a str,
    plural: SmolStr,
    name: &'a str,
    is_namespaced: bool,
    object: &'a Node,
    /// The namespace that it is in, where that is known by name.
    namespace: &'a str,
    /// The object that is its namespace, where that is here.
    namespace_object: Option<&'a Node>,
    is_namespace: bool,
}

/// What a policy is about.
#[derive(Debug)]
pub(super) struct Constraints {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    objects: Option<Node>,
    namespaces: Option<Node>,
    is_exact: bool,
}

#[derive(Debug)]
struct Rule {
    groups: Vec<SmolStr>,
    versions: Vec<SmolStr>,
    resources: Vec<SmolStr>,
    names: Vec<SmolStr>,
    creates: bool,
    scope: Option<SmolStr>,
}

impl<'a> Resource<'a> {
    pub(super) fn of(manifest: &'a Manifest, namespace_object: Option<&'a Node>, facts: &Facts) -> Self {
        let Manifest { key, node, .. } = manifest;
        let known = facts.kind(&key.group, &key.version, &key.kind);
        Self {
            group: &key.group,
            version: &key.version,
            plural: known.map_or_else(|| plural(&key.kind), |kind| kind.plural.clone()),
            name: &key.name,
            is_namespaced: known.map_or(!key.namespace.is_empty(), |kind| kind.namespaced),
            object: node,
            namespace: &key.namespace,
            namespace_object,
            is_namespace: key.group.is_empty() && key.kind == "Namespace",
        }
    }

    pub(super) fn plural(&self) -> &SmolStr {
        &self.plural
    }
}

/// Guesses the name of a kind in URLs, as the server's own tools do.
fn plural(kind: &str) -> SmolStr {
    let kind = kind.to_ascii_lowercase();
    if kind.ends_with('s') {
        return format!("{kind}es").into();
    }
    kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |start| format!("{start}ies")).into()
}

impl Constraints {
    /// Reads `matchConstraints` of a policy, or `matchResources` of a binding.
    pub(super) fn read(node: &Node) -> Self {
        Self {
            rules: rules(node, "resourceRules"),
            excluded: rules(node, "excludeResourceRules"),
            objects: selector(node, "objectSelector"),
            namespaces: selector(node, "namespaceSelector"),
            is_exact: text(node, &["matchPolicy"]) == Some("Exact"),
        }
    }

    /// Whether the server would ask about an object that is created.
    pub(super) fn fits(&self, resource: &Resource<'_>) -> Fits {
        let takes = |rule: &Rule| rule.takes(resource, self.is_exact);
        // A binding without rules is about all that its policy is about.
        if !self.rules.is_empty() && !self.rules.iter().any(takes) || self.excluded.iter().any(takes) {
            return Fits::No;
        }
        if let Some(selector) = &self.objects
            && selects(selector, &labels(resource.object), None) != Some(true)
        {
            return Fits::No;
        }
        let Some(selector) = &self.namespaces else { return Fits::Yes };
        if resource.is_namespace {
            return of(selects(selector, &labels(resource.object), Some(resource.name)), "");
        }
        if !resource.is_namespaced {
            return Fits::Yes;
        }
        match resource.namespace_object {
            Some(namespace) => of(selects(selector, &labels(namespace), Some(resource.namespace)), ""),
            None if resource.namespace.is_empty() => {
                of(partly(selector, None), "the namespace is not written, and the policy selects by its labels")
            }
            None => {
                let why = format!("the labels of the namespace `{}` are not here", resource.namespace);
                of(partly(selector, Some(resource.namespace)), &why)
            }
        }
    }
}

fn of(selected: Option<bool>, why: &str) -> Fits {
    match selected {
        Some(true) => Fits::Yes,
        Some(false) => Fits::No,
        None => Fits::Unknown(why.to_owned()),
    }
}

fn rules(node: &Node, field: &str) -> Vec<Rule> {
    let words = |rule: &Node, field: &str| -> Vec<SmolStr> {
        items(rule, &[field]).filter_map(|(_, item)| item.text().cloned()).collect()
    };
    let rule = |rule: &Node| Rule {
        groups: words(rule, "apiGroups"),
        versions: words(rule, "apiVersions"),
        resources: words(rule, "resources"),
        names: words(rule, "resourceNames"),
        creates: words(rule, "operations").iter().any(|operation| matches!(operation.as_str(), "*" | "CREATE")),
        scope: text(rule, &["scope"]).filter(|scope| *scope != "*").map(SmolStr::new),
    };
    items(node, &[field]).map(|(_, item)| rule(item)).collect()
}

impl Rule {
    fn takes(&self, resource: &Resource<'_>, is_exact: bool) -> bool {
        let has = |words: &[SmolStr], word: &str| words.iter().any(|known| known == "*" || known == word);
        let is_resource = |known: &SmolStr| {
            let (name, sub) = known.split_once('/').unwrap_or((known, ""));
            (name == "*" || *name == *resource.plural) && matches!(sub, "" | "*")
        };
        let is_in_scope = self.scope.as_ref().is_none_or(|scope| (scope == "Namespaced") == resource.is_namespaced);
        // Other versions of a resource are the same objects, unless the policy is exact about it.
        self.creates
            && has(&self.groups, resource.group)
            && (!is_exact || has(&self.versions, resource.version))
            && self.resources.iter().any(is_resource)
            && (self.names.is_empty() || self.names.iter().any(|name| name == resource.name))
            && is_in_scope
    }
}

/// Returns a selector, where it does not select everything.
fn selector(node: &Node, field: &str) -> Option<Node> {
    let selector = get(node, &[field])?;
    let is_empty = |field: &str| {
        get(selector, &[field]).is_none_or(|part| {
            part.as_map().is_some_and(Map::is_empty) || part.as_seq().is_some_and(<[Node]>::is_empty)
        })
    };
    (!(is_empty("matchLabels") && is_empty("matchExpressions"))).then(|| selector.clone())
}

fn labels(object: &Node) -> Vec<(&str, &str)> {
    let labels = get(object, &["metadata", "labels"]).and_then(Node::as_map);
    labels
        .into_iter()
        .flatten()
        .map(|entry| (entry.key.text.as_str(), entry.value.as_str().unwrap_or_default()))
        .collect()
}

/// The label that the server gives each namespace.
const NAME: &str = "kubernetes.io/metadata.name";

/// Whether labels are selected; those of a namespace hold its name too.
pub(super) fn selects(selector: &Node, labels: &[(&str, &str)], namespace: Option<&str>) -> Option<bool> {
    let value = |key: &str| {
        let name = namespace.filter(|_| key == NAME);
        Some(name.or_else(|| labels.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)))
    };
    holds(selector, value)
}

/// Whether a namespace of that name is selected, whatever other labels it has.
fn partly(selector: &Node, namespace: Option<&str>) -> Option<bool> {
    holds(selector, |key| namespace.filter(|_| key == NAME).map(Some))
}

/// Asks a selector; `value` returns nothing for a label that is not known.
fn holds<'v>(selector: &Node, value: impl Fn(&str) -> Option<Option<&'v str>>) -> Option<bool> {
    let pairs = get(selector, &["matchLabels"]).and_then(Node::as_map).into_iter().flatten();
    let mut answers: Vec<Option<bool>> =
        pairs.map(|pair| value(&pair.key.text).map(|found| found == pair.value.as_str())).collect();
    for (_, expression) in items(selector, &["matchExpressions"]) {
        let key = text(expression, &["key"]).unwrap_or_default();
        let is_listed = |found: &str| items(expression, &["values"]).any(|(_, item)| item.as_str() == Some(found));
        answers.push(value(key).map(|found| match text(expression, &["operator"]) {
            Some("In") => found.is_some_and(is_listed),
            Some("NotIn") => !found.is_some_and(is_listed),
            Some("Exists") => found.is_some(),
            _ => found.is_none(),
        }));
    }
    if answers.contains(&Some(false)) {
        return Some(false);
    }
    if answers.contains(&None) { None } else { Some(true) }
}
