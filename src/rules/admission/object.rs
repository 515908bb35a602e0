//! What a policy sees: the object as the server would store it, the request, the namespace.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::expression::{NAMESPACE, REQUEST};
use super::matching::Resource;
use crate::cel::{Given, Program, Value};
use crate::kubernetes::{Facts, Manifest, ObjectKey, Quantity, Shape, Storage, Tree};
use crate::text::{Key, Map, Node, Origin, Value as Written};

/// Why what is not written is not known.
const BY_SERVER: &str = "it reads what the server alone knows of an object";
const BY_USER: &str = "it reads who asks";
const NOT_WRITTEN: &str = "it reads the namespace, which is not written";
const NAMESPACE_AWAY: &str = "it reads the namespace, whose object is not here";
const AUTHORIZER: &str = "it asks what users may do, which the cluster alone knows";
/// What the server fills in.
const FILLED_IN: [&str; 6] = ["uid", "creationTimestamp", "generation", "resourceVersion", "managedFields", "selfLink"];

/// An object as policies see it.
#[derive(Debug)]
pub(super) struct Seen {
    object: Node,
    request: Node,
    user: Node,
    is_namespaced: bool,
    metadata: Option<usize>,
}

impl Seen {
    /// Returns what policies see of an object that is created; `stored` is a custom resource with its defaults.
    pub(super) fn of(manifest: &Manifest, stored: Option<&Node>, facts: &Facts) -> Self {
        let Manifest { key, node, .. } = manifest;
        let kind = facts.kind(&key.group, &key.version, &key.kind);
        let object = match kind.and_then(|kind| facts.type_of(kind)) {
            Some(id) => {
                let ty = facts.ty(id);
                let json = Storage::of(facts, ty).object(node);
                let mut object = merged(Some(node), &json, node.origin(), Some(&Shape::Type(id)), facts);
                if key.group.is_empty() && key.kind == "Secret" {
                    object = decoded(&object);
                }
                if let Some(map) = object.as_map()
                    && ty.field("status").is_some_and(|status| !status.schema.pointer)
                    && !map.contains("status")
                {
                    let mut map = map.clone();
                    map.put("status", Node::map(Map::new(), node.origin()));
                    object = Node::map(map, node.origin());
                }
                object
            }
            None => stored.unwrap_or(node).clone(),
        };
        let resource = Resource::of(manifest, None, facts);
        let (request, user) = request(key, &resource, node.origin());
        let metadata = object.get("metadata").map(Node::address);
        let is_namespaced = kind.map_or(!key.namespace.is_empty(), |kind| kind.namespaced);
        Self { object, request, user, is_namespaced, metadata }
    }

    /// Returns the variables of expressions, without `params`.
    pub(super) fn roots(&self, namespace: Option<&Node>, key: &ObjectKey) -> Vec<Value> {
        let namespace = match namespace {
            Some(namespace) => Value::Tree(namespace.clone(), NAMESPACE.clone()),
            None if !self.is_namespaced => Value::Null,
            None if key.namespace.is_empty() => Value::Unknown(NOT_WRITTEN),
            None => Value::Unknown(NAMESPACE_AWAY),
        };
        let request = Value::Tree(self.request.clone(), REQUEST.clone());
        let authorizer = Value::Unknown(AUTHORIZER);
        vec![Value::tree(self.object.clone()), Value::Null, namespace, request, authorizer.clone(), authorizer]
    }

    /// Returns the variables as they are where an ordinary user asks, who is in no group.
    pub(super) fn by_anyone(&self, roots: &[Value]) -> Vec<Value> {
        let mut roots = roots.to_vec();
        if let Some(map) = self.request.as_map() {
            let mut map = map.clone();
            map.put("userInfo", self.user.clone());
            roots[3] = Value::Tree(Node::map(map, self.request.origin()), REQUEST.clone());
        }
        roots
    }

    /// Returns what expressions read; what is missing because the server writes it is not known.
    pub(super) fn given<'a>(&self, roots: &'a [Value], deferred: &'a [Program]) -> Given<'a> {
        let mut given = Given::new(roots, deferred);
        let mut missing = |address: Option<usize>, field: &'static str, why: &'static str| {
            if let Some(address) = address {
                given.missing(address, field, why);
            }
        };
        for field in FILLED_IN {
            missing(self.metadata, field, BY_SERVER);
        }
        missing(self.metadata, "name", "it reads the name, which the server makes");
        if self.is_namespaced {
            missing(self.metadata, "namespace", NOT_WRITTEN);
        }
        let request = |roots: &[Value]| match &roots[3] {
            Value::Tree(node, _) => Some(node.clone()),
            _ => None,
        };
        if let Some(request) = request(roots) {
            missing(Some(request.address()), "namespace", NOT_WRITTEN);
            missing(Some(request.address()), "name", "it reads the name, which the server makes");
            missing(Some(request.address()), "userInfo", BY_USER);
        }
        given
    }

    /// Returns where a part is in the object.
    pub(super) fn path(&self, part: &Node) -> Option<String> {
        path(&self.object, part)
    }
}

fn path(node: &Node, part: &Node) -> Option<String> {
    if node.same(part) {
        return Some(String::new());
    }
    let joined = |head: String, tail: String| {
        if tail.is_empty() || tail.starts_with('[') { format!("{head}{tail}") } else { format!("{head}.{tail}") }
    };
    match node.value() {
        Written::Map(map) => map.iter().find_map(|entry| {
            let head = if entry.key.text.contains(['.', '/']) {
                format!("[{}]", entry.key.text)
            } else {
                entry.key.text.to_string()
            };
            Some(joined(head, path(&entry.value, part)?))
        }),
        Written::Seq(items) => {
            items.iter().enumerate().find_map(|(at, item)| Some(joined(format!("[{at}]"), path(item, part)?)))
        }
        _ => None,
    }
}

/// Returns a Secret as it is stored: its texts are data.
fn decoded(secret: &Node) -> Node {
    let Some(texts) = secret.get("stringData").and_then(Node::as_map) else { return secret.clone() };
    let mut data = secret.get("data").and_then(Node::as_map).cloned().unwrap_or_default();
    for entry in texts {
        let encoded = STANDARD.encode(entry.value.as_str().unwrap_or_default());
        data.set(entry.key.clone(), Node::string(encoded, entry.value.origin()));
    }
    let mut map = secret.as_map().cloned().unwrap_or_default();
    map.remove("stringData");
    map.put("data", Node::map(data, secret.origin()));
    Node::map(map, secret.origin())
}

/// Returns the request, and the user who is in no group.
fn request(key: &ObjectKey, resource: &Resource<'_>, origin: Origin) -> (Node, Node) {
    let text = |value: &str| Node::string(value, origin);
    let map = |fields: Vec<(&str, Node)>| {
        let mut map = Map::new();
        fields.into_iter().for_each(|(name, value)| map.push(Key::new(name, origin), value));
        Node::map(map, origin)
    };
    let kind = map(vec![("group", text(&key.group)), ("version", text(&key.version)), ("kind", text(&key.kind))]);
    let plural = resource.plural();
    let resource = map(vec![("group", text(&key.group)), ("version", text(&key.version)), ("resource", text(plural))]);
    let mut fields = vec![
        ("kind", kind.clone()),
        ("resource", resource.clone()),
        ("subResource", text("")),
        ("requestKind", kind),
        ("requestResource", resource),
        ("requestSubResource", text("")),
        ("operation", text("CREATE")),
        ("dryRun", Node::boolean(false, origin)),
        ("options", map(Vec::new())),
    ];
    if !key.name.is_empty() {
        fields.push(("name", text(&key.name)));
    }
    if !key.namespace.is_empty() {
        fields.push(("namespace", text(&key.namespace)));
    }
    let user = map(vec![
        ("username", text("")),
        ("uid", text("")),
        ("groups", Node::seq(Vec::new(), origin)),
        ("extra", map(Vec::new())),
    ]);
    (map(fields), user)
}

/// Returns what is stored, each part at the place where it was written, or else at that of what it is a part of.
fn merged(node: Option<&Node>, stored: &Json, origin: Origin, shape: Option<&Shape>, facts: &Facts) -> Node {
    let place = node.map_or(origin, Node::origin);
    match (stored, shape) {
        (Json::String(key), Some(Shape::Quantity)) => {
            let written = node.and_then(Tree::scalar).and_then(|text| Quantity::decode(&text).ok());
            let amount = written.or_else(|| Quantity::parse(key).ok().map(|amount| amount.decimal()));
            Node::string(amount.map_or_else(|| key.clone(), |amount| amount.to_string()), place)
        }
        (Json::Null, _) => Node::new(Written::Null, place),
        (Json::Bool(value), _) => same(node, Node::boolean(*value, place)),
        (Json::Number(number), _) => same(node, Node::new(Written::Number(number.to_string().into()), place)),
        (Json::String(text), _) => same(node, Node::string(text.as_str(), place)),
        (Json::Array(items), shape) => {
            let written = node.and_then(Node::as_seq).filter(|written| written.len() == items.len());
            let inner = if let Some(Shape::List(item)) = shape { Some(&item.shape) } else { None };
            let item = |(at, item)| merged(written.map(|written| &written[at]), item, place, inner, facts);
            Node::seq(items.iter().enumerate().map(item).collect(), place)
        }
        (Json::Object(members), shape) => {
            let ty = if let Some(Shape::Type(id)) = shape { Some(facts.ty(*id)) } else { None };
            let below = |name: &str| match shape {
                Some(Shape::Map(values)) => Some(&values.shape),
                _ => ty.and_then(|ty| ty.field(name)).map(|field| &field.schema.shape),
            };
            let mut map = Map::with_capacity(members.len());
            let written = node.and_then(Node::as_map);
            for (name, member) in members {
                let entry = written.and_then(|written| written.entry(name));
                let key = entry.map_or_else(|| Key::new(name.as_str(), place), |entry| entry.key.clone());
                map.push(key, merged(entry.map(|entry| &entry.value), member, place, below(name), facts));
            }
            // A block that nothing points at is there though it is empty.
            for field in ty.map_or(&[][..], |ty| &ty.fields) {
                let is_block = matches!(field.schema.shape, Shape::Type(_)) && !field.schema.pointer;
                if is_block && field.name != "status" && !map.contains(&field.name) {
                    let empty = Json::Object(serde_json::Map::new());
                    let block = merged(None, &empty, place, Some(&field.schema.shape), facts);
                    map.push(Key::new(field.name.clone(), place), block);
                }
            }
            Node::map(map, place)
        }
    }
}

/// Returns the node itself where the server stores just that.
fn same(node: Option<&Node>, stored: Node) -> Node {
    match node {
        Some(node) if *node == stored => node.clone(),
        _ => stored,
    }
}
