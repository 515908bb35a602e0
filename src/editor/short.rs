//! The short forms beside the native ones, and which fields take them.

use serde_json::{Value as Json, json};

use super::native::{AMOUNT, Types};
use super::{
    EXPRESSION, Members, below, closed, described, list, members, one_or_more, open, reference, volumes, with_pattern,
    words, words_alone,
};
use crate::spec::keys;

/// Returns the definition that stands for a field of a type that has short forms.
pub(super) fn field(of: &str, name: &str) -> Option<&'static str> {
    Some(match (of, name) {
        ("core/v1.Container", "env") => "short.env",
        ("core/v1.Container", "envFrom") => "short.envFrom",
        ("core/v1.Container", "ports") => "short.ports",
        ("core/v1.Container", "resources") => "short.resources",
        ("core/v1.Probe" | "core/v1.LifecycleHandler", "exec") => "short.exec",
        ("core/v1.Probe" | "core/v1.LifecycleHandler", "httpGet") => "short.httpGet",
        ("core/v1.Probe" | "core/v1.LifecycleHandler", "tcpSocket") => "short.tcpSocket",
        ("core/v1.Probe", "grpc") => "short.grpc",
        ("core/v1.PodSpec", "containers" | "initContainers") => "short.containers",
        ("core/v1.PodSpec", "volumes") => "short.volumes",
        ("core/v1.PodSpec", "tolerations") => "short.tolerations",
        ("core/v1.PodSpec", "imagePullSecrets") => "short.imagePullSecrets",
        _ => return None,
    })
}

/// Returns the definitions of all short forms.
pub(super) fn defs(types: &mut Types) -> Members {
    let port = format!(r"^[0-9]{{1,5}}(/(TCP|UDP|SCTP))?$|{EXPRESSION}");
    let service_port = format!(r"^[0-9]{{1,5}}(/(TCP|UDP|SCTP))?(:[a-z0-9-]+)?(/(TCP|UDP|SCTP))?$|{EXPRESSION}");
    let amount = format!(r"^({AMOUNT})?(\.\.({AMOUNT})?)?$|{EXPRESSION}");
    let item = |types: &mut Types, of: &str| json!({"type": ["string", "object", "null"], "properties": types.fields(of), "additionalProperties": false});
    let by_name = |types: &mut Types, of: &str| {
        let one = types.named(of);
        open(&["object", "array"], json!({"additionalProperties": one, "items": one}))
    };
    let mut resources = types.fields("core/v1.ResourceRequirements");
    resources.retain(|name, _| matches!(name.as_str(), "requests" | "limits" | "claims"));
    let (variable, secret) = (types.named("core/v1.EnvVar"), item(types, "core/v1.LocalObjectReference"));
    let (probe_port, toleration) = (json!(["integer", "string", "object", "null"]), item(types, "core/v1.Toleration"));
    let mut all = members([
        ("short.containers", by_name(types, "core/v1.Container")),
        ("short.volumes", by_name(types, "core/v1.Volume")),
        ("short.env", open(&["object", "array"], json!({"additionalProperties": env_value(types), "items": variable}))),
        ("short.envSource", env_source(types)),
        ("short.envFrom", one_or_more(&reference("short.envSource"))),
        (
            "short.ports",
            open(
                &["object", "array"],
                json!({
                    "additionalProperties": numbered(&port, types, "core/v1.ContainerPort"),
                    "items": types.named("core/v1.ContainerPort"),
                }),
            ),
        ),
        (
            "short.servicePorts",
            open(
                &["object", "array"],
                json!({
                    "additionalProperties": numbered(&service_port, types, "core/v1.ServicePort"),
                    "items": types.named("core/v1.ServicePort"),
                }),
            ),
        ),
        (
            "short.resources",
            open(
                &["object"],
                json!({
                    "properties": resources,
                    "additionalProperties": with_pattern(
                        json!({"type": ["string", "number", "null"]}),
                        &amount,
                        "a request, REQUEST..LIMIT or ..LIMIT, such as 64Mi..128Mi",
                    ),
                }),
            ),
        ),
        ("short.httpGet", item(types, "core/v1.HTTPGetAction")),
        (
            "short.tcpSocket",
            json!({"type": probe_port, "properties": types.fields("core/v1.TCPSocketAction"), "additionalProperties": false}),
        ),
        (
            "short.grpc",
            json!({"type": probe_port, "properties": types.fields("core/v1.GRPCAction"), "additionalProperties": false}),
        ),
        (
            "short.exec",
            open(
                &["array", "object"],
                json!({
                    "items": reference("text"),
                    "properties": types.fields("core/v1.ExecAction"),
                    "additionalProperties": false,
                }),
            ),
        ),
        ("short.toleration", toleration),
        ("short.tolerations", one_or_more(&reference("short.toleration"))),
        ("short.imagePullSecrets", one_or_more(&secret)),
        ("short.nodeRequirement", node_requirement(types)),
        ("short.nodePreference", node_preference(types)),
        ("short.mount", volumes::mount(types)),
        ("short.service", closed(service_fields(types))),
        ("short.podTerms", pod_terms(types)),
    ]);
    for key in keys::SHORT_FORMS {
        if let Some(form) = all.get_mut(&format!("short.{}", key.name)) {
            *form = described(key.summary, form.take());
        }
    }
    all
}

/// Returns `80`, `53/UDP`, or the native fields of a port.
fn numbered(pattern: &str, types: &mut Types, of: &str) -> Json {
    let form = json!({
        "type": ["integer", "string", "object", "null"],
        "properties": types.fields(of),
        "additionalProperties": false,
    });
    let more = if of.ends_with(".ServicePort") { ", 80:8080" } else { "" };
    with_pattern(form, pattern, &format!("a port such as 80, 53/UDP{more}, or a mapping"))
}

fn env_value(types: &mut Types) -> Json {
    let source = |example: &str| json!({"type": ["string", "null"], "examples": [example]});
    let own = [
        ("secret", source("NAME/KEY")),
        ("configMap", source("NAME/KEY")),
        ("field", source("status.podIP")),
        ("resource", source("limits.cpu")),
        ("optional", reference("boolean")),
        ("apiVersion", reference("text")),
        ("containerName", reference("text")),
        ("divisor", reference("quantity")),
    ];
    let mut all = members_below("env", own);
    let mut native = types.fields("core/v1.EnvVar");
    native.remove("name");
    all.extend(native);
    json!({
        "type": ["string", "number", "boolean", "object", "null"],
        "properties": all,
        "additionalProperties": false,
    })
}

fn env_source(types: &mut Types) -> Json {
    let own = [("secret", reference("text")), ("configMap", reference("text")), ("optional", reference("boolean"))];
    let mut all = members_below("envFrom", own);
    all.extend(types.fields("core/v1.EnvFromSource"));
    json!({"type": ["string", "object", "null"], "properties": all, "additionalProperties": false})
}

/// Returns the fields of a Service: those of its spec, the short forms, and what goes to its metadata.
pub(super) fn service_fields(types: &mut Types) -> Members {
    let mut all = types.fields("core/v1.ServiceSpec");
    let kinds = words(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "headless"]);
    let own = [("type", kinds), ("ports", reference("short.servicePorts")), ("headless", reference("boolean"))];
    all.extend(members_below("service", own));
    all.extend(metadata());
    all.insert("name".into(), reference("text"));
    all
}

/// Returns what may be said about the metadata of an object that accompanies a workload.
pub(super) fn metadata() -> Members {
    members([("labels", reference("texts")), ("annotations", reference("texts"))])
}

/// Returns what an entry of any section but `workloads` may say beside the fields of its kind.
pub(super) fn entry() -> Members {
    let form = |key: &str| match key {
        "labels" | "annotations" => reference("texts"),
        "external" => reference("boolean"),
        "axisLabels" | "patch" | "patchJSON6902" => reference(&format!("own.{key}")),
        _ => reference("text"),
    };
    keys::ENTRY.iter().map(|key| (key.name.to_owned(), described(key.summary, form(key.name)))).collect()
}

/// Returns the form of an own key of a workload.
pub(super) fn own(key: &str, types: &mut Types) -> Json {
    match key {
        "labels" | "annotations" | "podLabels" | "podAnnotations" | "objectLabels" | "objectAnnotations"
        | "selectorLabels" => reference("texts"),
        "axisLabels" => json!({"type": ["boolean", "array", "string", "null"], "items": {"type": "string"}}),
        "pod" => types.named("core/v1.PodSpec"),
        "mounts" => open(&["object"], json!({"additionalProperties": reference("short.mount")})),
        "service" => {
            let words = ["ClusterIP", "NodePort", "LoadBalancer", "headless"];
            json!({"anyOf": [words_alone(words), reference("short.service")]})
        }
        "services" => open(&["object"], json!({"additionalProperties": reference("own.service")})),
        "nodeAffinity" => node_affinity(types),
        "podAffinity" => with_choice(types, "core/v1.PodAffinity", reference("short.podTerms")),
        "podAntiAffinity" => with_choice(types, "core/v1.PodAntiAffinity", reference("short.podTerms")),
        "spread" => {
            let mut constraint = types.fields("core/v1.TopologySpreadConstraint");
            constraint.remove("topologyKey");
            let value = open(&["integer", "object"], json!({"properties": constraint, "additionalProperties": false}));
            open(&["object"], json!({"additionalProperties": value}))
        }
        "autoscale" => {
            let amount = with_pattern(
                json!({"type": ["string", "number", "null"]}),
                &format!("^({AMOUNT}|[0-9]+%)$|{EXPRESSION}"),
                "a percentage such as 80%, or an amount such as 500m",
            );
            let own = [("min", reference("integer")), ("max", reference("integer")), ("cpu", amount.clone())];
            let mut all = members_below("autoscale", own);
            all.extend(members_below("autoscale", [("memory", amount)]));
            all.extend(types.fields("autoscaling/v2.HorizontalPodAutoscalerSpec"));
            all.extend(metadata());
            closed(all)
        }
        "disruption" => with_metadata(types, "policy/v1.PodDisruptionBudgetSpec"),
        "networkPolicy" => with_metadata(types, "networking/v1.NetworkPolicySpec"),
        "ingress" => ingress(types),
        "patch" => open(&["object"], json!({"additionalProperties": {"type": ["object", "null"]}})),
        "patchJSON6902" => {
            let operation = json!({
                "type": "object",
                "properties": members_below("patchJSON6902", [
                    ("op", json!({"enum": ["add", "remove", "replace", "move", "copy", "test"]})),
                    ("path", json!({"type": "string"})),
                    ("from", json!({"type": "string"})),
                    ("value", true.into()),
                ]),
                "required": ["op", "path"],
                "additionalProperties": false,
            });
            open(&["object"], json!({"additionalProperties": list(operation)}))
        }
        _ => reference("text"),
    }
}

/// Returns members from the keys below another one, each with what it is for.
fn members_below<const N: usize>(key: &str, pairs: [(&str, Json); N]) -> Members {
    members(pairs.map(|(name, form)| (name, below(key, name, form))))
}

fn with_metadata(types: &mut Types, of: &str) -> Json {
    let mut all = types.fields(of);
    all.extend(metadata());
    closed(all)
}

fn ingress(types: &mut Types) -> Json {
    let host = types.named("networking/v1.IngressTLS");
    let secret = json!({"type": ["boolean", "string", "null"]});
    let tls = json!({
        "type": ["boolean", "string", "array", "object", "null"],
        "items": host,
        "additionalProperties": secret,
    });
    let port = || reference("integerOrText");
    let path_type = || words(["Prefix", "Exact", "ImplementationSpecific"]);
    // A port alone, or fields with the port among them.
    let with_port = |fields: Members| {
        let types = ["integer", "string", "object", "null"];
        json!({"type": types, "properties": fields, "additionalProperties": false})
    };
    let of_path =
        || members_below("ingress", [("pathType", path_type()), ("port", port()), ("service", reference("text"))]);
    let of_host = || {
        let paths = open(&["object"], json!({"additionalProperties": with_port(of_path())}));
        let mut all = of_path();
        all.extend(members_below("ingress", [("path", one_or_more(&reference("text"))), ("paths", paths)]));
        all
    };
    let mut named = of_host();
    named.extend(members_below("ingress", [("tls", secret)]));
    let hosts = open(&["object"], json!({"additionalProperties": with_port(named)}));
    let mut all = types.fields("networking/v1.IngressSpec");
    all.extend(of_host());
    let own =
        [("host", one_or_more(&reference("text"))), ("hosts", hosts), ("className", reference("text")), ("tls", tls)];
    all.extend(members_below("ingress", own));
    all.extend(metadata());
    json!({
        "type": ["string", "array", "object", "null"],
        "items": reference("text"),
        "properties": all,
        "additionalProperties": false,
    })
}

/// Returns the native fields of an affinity beside `require` and `prefer`.
fn with_choice(types: &mut Types, of: &str, terms: Json) -> Json {
    let mut all = members_below("podAffinity", [("require", terms.clone()), ("prefer", terms)]);
    all.extend(types.fields(of));
    closed(all)
}

fn node_affinity(types: &mut Types) -> Json {
    let own = [
        ("require", one_or_more(&reference("short.nodeRequirement"))),
        ("prefer", one_or_more(&reference("short.nodePreference"))),
    ];
    let mut all = members_below("nodeAffinity", own);
    all.extend(types.fields("core/v1.NodeAffinity"));
    closed(all)
}

/// Returns a selector, or a native requirement.
fn node_requirement(types: &mut Types) -> Json {
    let all = types.fields("core/v1.NodeSelectorRequirement");
    json!({"type": ["string", "object", "null"], "properties": all, "additionalProperties": false})
}

/// Returns a selector, alone or with a weight, or a native term.
fn node_preference(types: &mut Types) -> Json {
    let mut all = members_below("nodeAffinity", [("match", one_or_more(&reference("short.nodeRequirement")))]);
    all.extend(types.fields("core/v1.PreferredSchedulingTerm"));
    json!({"type": ["string", "object", "null"], "properties": all, "additionalProperties": false})
}

/// Returns topology keys and terms: one of them, or a list.
fn pod_terms(types: &mut Types) -> Json {
    let selector = open(&["array", "object", "string"], json!({"items": {"type": "string"}}));
    let mut all = types.fields("core/v1.WeightedPodAffinityTerm");
    all.extend(types.fields("core/v1.PodAffinityTerm"));
    all.extend(members_below("podAffinity", [("weight", reference("integer")), ("selector", selector)]));
    let term = json!({"type": ["string", "object", "null"], "properties": all, "additionalProperties": false});
    json!({"type": ["string", "array", "object", "null"], "properties": all, "additionalProperties": false, "items": term})
}
