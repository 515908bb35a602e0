//! Which objects a policy, or a binding of one, is about.

use smol_str::SmolStr;

use super::super::at::{get, items, text};
use crate::kubernetes::{Facts, Labels, Manifest, Selector};
use crate::text::Node;

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
    objects: Option<Selector>,
    namespaces: Option<Selector>,
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
        if self.objects.as_ref().is_some_and(|selector| !selector.selects(&labels(resource.object))) {
            return Fits::No;
        }
        let Some(selector) = &self.namespaces else { return Fits::Yes };
        if resource.is_namespace {
            return of(partly(selector, Some(&labels(resource.object)), Some(resource.name)), "");
        }
        if !resource.is_namespaced {
            return Fits::Yes;
        }
        match resource.namespace_object {
            Some(namespace) => of(partly(selector, Some(&labels(namespace)), Some(resource.namespace)), ""),
            None if resource.namespace.is_empty() => {
                of(partly(selector, None, None), "the namespace is not written, and the policy selects by its labels")
            }
            None => {
                let why = format!("the labels of the namespace `{}` are not here", resource.namespace);
                of(partly(selector, None, Some(resource.namespace)), &why)
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
fn selector(node: &Node, field: &str) -> Option<Selector> {
    Some(Selector::read(get(node, &[field])?)).filter(|selector| !selector.is_empty())
}

/// Returns the labels of an object.
pub(super) fn labels(object: &Node) -> Labels {
    Labels::read(get(object, &["metadata", "labels"]))
}

/// The label that the server gives each namespace.
const NAME: &str = "kubernetes.io/metadata.name";

/// Returns whether a namespace of that name is selected, or `None` if that depends on labels or a name that are not known.
fn partly(selector: &Selector, labels: Option<&Labels>, name: Option<&str>) -> Option<bool> {
    selector.decide(|key| match name.filter(|_| key == NAME) {
        Some(name) => Some(Some(name)),
        None => labels.map(|labels| labels.get(key).map(SmolStr::as_str)),
    })
}
