//! The objects that belong to the batch as a whole: Namespaces, claims, ServiceAccounts and Services of their own.

use smol_str::SmolStr;

use super::draft::Draft;
use super::metadata::metadata_of_batch;
use super::mounts::claim_spec;
use super::references::{is_external, secret_list};
use super::{Context, object_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::Manifest;
use crate::text::{Entry, Map, Node, Value};

/// Keys of an entry that go to the metadata.
const METADATA: &[&str] = &["labels", "annotations"];

/// Lowers all sections, each sorted by name.
pub(super) fn lower(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Vec<Manifest> {
    let batch = &context.batch.batch;
    let mut objects = Vec::new();
    for entry in by_name(&batch.namespaces) {
        let spec = body(&entry.value, |map| {
            if map.is_empty() { vec![] } else { vec![("spec", Node::map(map, entry.value.origin()))] }
        });
        objects.push(object(context, entry, "Namespace", false, spec));
    }
    for entry in by_name(&batch.service_accounts).into_iter().filter(|entry| !is_external(&entry.value)) {
        let fields = entry.value.as_map().cloned().unwrap_or_default();
        let is_of_body = |key: &str| !METADATA.contains(&key) && key != "external";
        let fields = fields.iter().filter(|field| is_of_body(&field.key.text));
        let fields = fields.map(|field| match field.key.text.as_str() {
            key @ ("imagePullSecrets" | "secrets") => (key, secret_list(context, &field.value, diagnostics)),
            key => (key, field.value.clone()),
        });
        let fields: Vec<(&str, Node)> = fields.collect();
        objects.push(object(context, entry, "ServiceAccount", true, fields));
    }
    for entry in by_name(&batch.claims).into_iter().filter(|entry| !is_external(&entry.value)) {
        objects.extend(claim(context, entry, diagnostics));
    }
    for entry in by_name(&batch.services) {
        objects.push(service(context, entry));
    }
    objects
}

fn by_name(section: &Map) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = section.iter().collect();
    entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
    entries
}

fn body<T>(node: &Node, make: impl FnOnce(Map) -> T) -> T {
    let fields = node.as_map().into_iter().flatten();
    make(
        fields
            .filter(|field| !METADATA.contains(&field.key.text.as_str()) && !field.value.is_null())
            .cloned()
            .collect(),
    )
}

fn claim(context: &Context<'_>, entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    let node = &entry.value;
    let without_note = |mut map: Map| {
        map.remove("external");
        map
    };
    let spec = body(node, without_note);
    let spec = body(&Node::map(spec, node.origin()), |map| match map.get("size") {
        Some(size) => {
            let native = map.iter().filter(|field| {
                !matches!(field.key.text.as_str(), "size" | "accessModes" | "storageClassName" | "volumeMode")
            });
            let spec = claim_spec(size, &map, node.origin());
            Some(Draft::new(node.origin()).all(spec.as_map().cloned().unwrap_or_default()).all(native.cloned()).done())
        }
        None if map.contains("resources") => Some(Node::map(map, node.origin())),
        None => None,
    });
    let storage = node.as_map().and_then(|map| map.entry("storage"));
    if let (None, Some(storage)) = (&spec, storage) {
        let message = "a claim has no field `storage`";
        let finding = Diagnostic::new(Code::UnknownField, storage.key.origin, message).fix(storage.key.origin, "size");
        diagnostics.push(finding.help("the field is called `size`"));
    } else if spec.is_none() {
        diagnostics.push(
            Diagnostic::new(
                Code::MissingField,
                entry.key.origin,
                format!("the claim `{}` needs a `size`", entry.key.text),
            )
            .help("write `{size: 10Gi}`, or the fields of a PersistentVolumeClaimSpec"),
        );
    }
    spec.map(|spec| object(context, entry, "PersistentVolumeClaim", true, vec![("spec", spec)]))
}

/// Spells out a Service that follows no workload: `ports: {http: 80}` or `{http: "80:8080"}`, `selector` as written.
fn service(context: &Context<'_>, entry: &Entry) -> Manifest {
    let node = &entry.value;
    let ty = context.facts.named("core/v1.ServiceSpec");
    let spec = body(node, |mut map| {
        if map.get("type").and_then(Node::as_str) == Some("headless") {
            map.remove("type");
            map.put("clusterIP", Node::string("None", node.origin()));
        }
        if let Some(ports) = map.get("ports").filter(|ports| ports.as_map().is_some()).cloned() {
            map.put("ports", ports_by_name(&ports));
        }
        map.sort_by_key(|field| ty.position(&field.key.text));
        map
    });
    object(context, entry, "Service", true, vec![("spec", Node::map(spec, node.origin()))])
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

fn object(context: &Context<'_>, entry: &Entry, kind: &str, namespaced: bool, fields: Vec<(&str, Node)>) -> Manifest {
    let batch = &context.batch.batch;
    let origin = entry.key.origin;
    let namespace = batch.namespace.clone().filter(|_| namespaced);
    let metadata = metadata_of_batch(batch, &entry.key.text, namespace.clone(), entry);
    let mut draft = Draft::new(origin).text("apiVersion", "v1").text("kind", kind).node("metadata", metadata);
    for (key, value) in fields {
        draft = draft.node(key, value);
    }
    let namespace = namespace.as_ref().and_then(Node::text).cloned().unwrap_or_default();
    Manifest { key: object_key("v1", kind, namespace, &entry.key.text), node: draft.done(), origin }
}
