//! An instance of an entry that is no workload as its object: Namespaces, claims, ServiceAccounts, Services, objects of any
//! kind.

use smol_str::SmolStr;

use super::draft::{Draft, is_true};
use super::follow::{Written, follow};
use super::memo::Memo;
use super::metadata::{entry_metadata, overlay};
use super::mounts::claim_spec;
use super::references::secret_list;
use super::{Context, name_of, object_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Edit, Fix};
use crate::expand::{Instance, Plan};
use crate::kubernetes::documented::{by_text, in_order};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::spec::{Section, keys};
use crate::text::{Entry, Map, Node, Value};

/// Lowers an instance; there is nothing to make of one that exists already, and of one whose fields cannot be read.
pub(super) fn lower(
    context: &Context<'_>,
    plan: &Plan,
    instance: &Instance,
    memo: &mut Memo,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let fields = instance.fields.as_map()?;
    if fields.get("external").is_some_and(is_true) {
        return None;
    }
    let body: Map = fields.iter().filter(|field| is_of_body(field)).cloned().collect();
    let origin = instance.fields.origin();
    let spec = |map: Map| vec![("spec", Node::map(map, origin))];
    let parts = match plan.section {
        Section::Objects => return object(context, plan, instance, body, memo, diagnostics),
        // They are made before others, which know them by the hash of their content.
        Section::ConfigMaps | Section::Secrets | Section::Workloads => return None,
        Section::Namespaces => {
            if let Some(entry) = fields.entry("namespace").filter(|entry| !entry.value.is_null()) {
                let message = "an entry of `namespaces` has no field `namespace`";
                let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message);
                diagnostics.push(finding.help("a Namespace is in no other: remove it, or write its `name`"));
            }
            if body.is_empty() { Vec::new() } else { spec(body) }
        }
        Section::ServiceAccounts => {
            let fields = body.iter().map(|field| match field.key.text.as_str() {
                key @ ("imagePullSecrets" | "secrets") => {
                    (key, secret_list(context, instance, &field.value, diagnostics))
                }
                key => (key, field.value.clone()),
            });
            let fields: Vec<(&str, Node)> = fields.collect();
            return Some(whole(context, plan, instance, fields, memo));
        }
        Section::Claims => spec(claim(plan, body, diagnostics)?),
        Section::Services => spec(service(context, body)),
    };
    Some(whole(context, plan, instance, parts, memo))
}

fn is_of_body(field: &Entry) -> bool {
    !keys::knows(keys::ENTRY, &field.key.text) && !field.value.is_null()
}

/// Returns the object of the kind of the section.
fn whole(
    context: &Context<'_>,
    plan: &Plan,
    instance: &Instance,
    fields: Vec<(&str, Node)>,
    memo: &mut Memo,
) -> Manifest {
    let (kind, origin) = (plan.section.kind(), instance.origin);
    let namespaced = plan.section != Section::Namespaces;
    let metadata = entry_metadata(&context.batch.batch, plan, instance, &instance.name, namespaced, memo);
    let namespace = metadata.get("namespace").and_then(Node::sample_text).cloned().unwrap_or_default();
    let mut draft = Draft::new(origin).text("apiVersion", "v1").text("kind", kind).node("metadata", metadata);
    for (key, value) in fields {
        draft = draft.node(key, value);
    }
    Manifest { key: object_key("v1", kind, namespace, name_of(&instance.name)), node: draft.done(), origin }
}

/// Returns an object of any kind: its native fields as they are written, what names and marks it in `metadata`.
fn object(
    context: &Context<'_>,
    plan: &Plan,
    instance: &Instance,
    body: Map,
    memo: &mut Memo,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let origin = instance.origin;
    let mut body = body;
    let kind = body.remove("kind")?.value;
    let name = kind.text()?.clone();
    let api_version = match body.remove("apiVersion") {
        Some(entry) => entry.value,
        None => Node::string(context.facts.preferred(&name).ok()?.api_version(), kind.origin()),
    };
    let head = Draft::new(origin).node("apiVersion", api_version.clone()).node("kind", kind);
    let (group, version) = api_version.as_str()?.split_once('/').unwrap_or(("", api_version.as_str()?));
    let key = ObjectKey {
        group: group.into(),
        version: version.into(),
        kind: name,
        namespace: SmolStr::default(),
        name: name_of(&instance.name).clone(),
    };
    // An empty one says that it is in none, whatever the batch says.
    let fields = instance.fields.as_map()?;
    let says_none = fields.get("namespace").is_some_and(|own| own.as_str() == Some(""));
    let namespaced = !says_none && context.identify.is_namespaced(&key);
    let mut metadata = entry_metadata(&context.batch.batch, plan, instance, &instance.name, namespaced, memo);
    if let Some(entry) = fields.entry("namespace").filter(|entry| !entry.value.is_null() && !namespaced && !says_none) {
        let message = format!("a {} is in no namespace", key.kind);
        let finding = Diagnostic::new(Code::ForbiddenField, entry.key.origin, message);
        diagnostics.push(finding.help("remove `namespace`: objects of this kind are there once in a cluster"));
    }
    if let Some(entry) = body.remove("metadata") {
        let mut all = metadata.as_map().cloned().unwrap_or_default();
        if entry.value.as_map().is_none() {
            let message = format!("expected a mapping for `metadata`, found {}", entry.value.type_name());
            diagnostics.push(Diagnostic::new(Code::WrongType, entry.value.origin(), message));
            return None;
        }
        overlay(&mut all, &entry.value);
        metadata = Node::map(all, entry.value.origin());
    }
    let native = context.facts.kind(&key.group, &key.version, &key.kind).and_then(|kind| context.facts.type_of(kind));
    let body = Node::map(body, origin);
    let body = match native {
        Some(id) => in_order(context.facts, context.facts.ty(id), &body),
        None => by_text(&body),
    };
    let node = head.node("metadata", metadata).all(body.as_map().into_iter().flatten().cloned()).done();
    let mut findings = Vec::new();
    let key = context.identify.identify(&node, &mut findings);
    diagnostics.extend(findings);
    let object = Manifest { key: key?, node, origin };
    Some(follow(context, instance, &Written::default(), object, diagnostics))
}

fn claim(plan: &Plan, body: Map, diagnostics: &mut Diagnostics) -> Option<Map> {
    let Some(size) = body.get("size") else {
        if body.contains("resources") {
            return Some(body);
        }
        if let Some(storage) = body.entry("storage") {
            let message = "a claim has no field `storage`";
            let finding = Diagnostic::new(Code::UnknownField, storage.key.origin, message);
            let fix = Fix::safe([Edit::word(storage.key.origin, "storage", "size")]);
            diagnostics.push(finding.with_fix(fix).help("the field is called `size`"));
        } else {
            let message = format!("the claim `{}` needs a `size`", plan.entry);
            let finding = Diagnostic::new(Code::MissingField, plan.origin, message);
            diagnostics.push(finding.help("write `{size: 10Gi}`, or the fields of a PersistentVolumeClaimSpec"));
        }
        return None;
    };
    let of_short = ["size", "accessModes", "storageClassName", "volumeMode"];
    let native = body.iter().filter(|field| !of_short.contains(&field.key.text.as_str())).cloned();
    let mut spec = claim_spec(size, &body, plan.origin).as_map().cloned().unwrap_or_default();
    native.for_each(|entry| spec.set(entry.key, entry.value));
    Some(spec)
}

/// Spells out a Service that follows no workload: `ports: {http: 80}` or `{http: "80:8080"}`, `selector` as written.
fn service(context: &Context<'_>, body: Map) -> Map {
    let ty = context.facts.named("core/v1.ServiceSpec");
    let mut map = body;
    if let Some(headless) = map.get("type").filter(|word| word.as_str() == Some("headless")).cloned() {
        map.remove("type");
        map.put("clusterIP", Node::string("None", headless.origin()));
    }
    if let Some(ports) = map.get("ports").filter(|ports| ports.as_map().is_some()).cloned() {
        map.put("ports", ports_by_name(&ports));
    }
    map.sort_by_key(|field| ty.position(&field.key.text));
    map
}

fn ports_by_name(ports: &Node) -> Node {
    let list = ports.as_map().into_iter().flatten().map(|entry| {
        let name = Node::string(entry.key.text.clone(), entry.key.origin);
        let draft = Draft::new(entry.origin()).node("name", name);
        if let Some(native) = entry.value.as_map() {
            return draft.all(native.iter().cloned()).done();
        }
        let origin = entry.value.origin();
        let text = entry.value.text().cloned().unwrap_or_default();
        let (text, protocol) = match text.split_once('/') {
            Some((text, protocol)) => (SmolStr::new(text), Some(Node::string(protocol, origin))),
            None => (text, None),
        };
        let plain = |text: &str| Node::new(Value::Plain(text.into()), origin);
        match text.split_once(':') {
            Some((port, target)) => {
                draft.maybe("protocol", protocol).node("port", plain(port)).node("targetPort", plain(target))
            }
            None => draft.maybe("protocol", protocol).node("port", plain(&text)),
        }
        .done()
    });
    let mut list: Vec<Node> = list.collect();
    list.sort_by_key(|port| port.get("port").and_then(Node::as_str).and_then(|text| text.parse::<u32>().ok()));
    Node::seq(list, ports.origin())
}
