//! Workloads: the closed set of fields of each kind, of any kind where none is written, and of an override.

use serde_json::{Value as Json, json};

use super::native::Types;
use super::{Members, closed, described, fanout, members, open, reference, short, words_alone};
use crate::spec::{Home, Union, WorkloadKind, keys};

/// Returns the definitions of workloads and of their own keys.
pub(super) fn defs(types: &mut Types) -> Members {
    let dispatch: Vec<Json> = WorkloadKind::ALL
        .iter()
        .map(|kind| {
            json!({
                "if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]},
                "then": reference(kind.as_str()),
            })
        })
        .chain([json!({"if": {"properties": {"kind": {"type": "null"}}}, "then": reference("anyKind")})])
        .collect();
    let mut defs = members([(
        "workload",
        json!({
            "type": ["object", "null"],
            "properties": {"kind": reference("own.kind")},
            "allOf": dispatch,
        }),
    )]);
    for kind in WorkloadKind::ALL {
        defs.insert(kind.as_str().into(), closed(with_own_keys(of_kind(kind, types))));
    }
    let any = any_kind(types);
    let mut exception = with_own_keys(any.clone());
    for key in keys::names(&[keys::FAN_OUT]).into_iter().chain(["kind"]) {
        exception.shift_remove(key);
    }
    exception.shift_insert(0, "match".into(), fanout::matching());
    defs.insert("anyKind".into(), closed(with_own_keys(any)));
    defs.insert("override".into(), fanout::closed_with(exception, "match"));

    for key in keys::WORKLOAD.iter().chain(keys::FAN_OUT) {
        let form = match key.name {
            "kind" => words_alone(WorkloadKind::ALL.map(WorkloadKind::as_str)),
            "update" => update(None, types),
            name => fanout::own(name).unwrap_or_else(|| short::own(name, types)),
        };
        defs.insert(format!("own.{}", key.name), described(key.summary, form));
    }
    defs.extend(fanout::defs());
    defs
}

/// Returns the fields of a flat workload of a kind that are Kubernetes' own.
fn of_kind(kind: WorkloadKind, types: &mut Types) -> Members {
    let union = Union::of(types.facts(), kind);
    let mut fields = Members::new();
    for name in union.names() {
        let Some((home, field)) = union.field(name) else { continue };
        let form = match home {
            _ if name == "serviceAccount" => service_account(types),
            Home::Spec => types.field(&union.spec.name, name, &field.schema),
            Home::Job => types.field(&union.job.unwrap_or(union.spec).name, name, &field.schema),
            Home::Pod => types.shared(&union.pod.name, name),
            Home::Container => types.shared(&union.container.name, name),
        };
        fields.insert(name.to_owned(), form);
    }
    fields.insert("update".into(), described(keys::summary(keys::WORKLOAD, "update"), update(Some(kind), types)));
    fields
}

/// Returns the fields of all kinds; one that differs among them takes what any of them takes.
fn any_kind(types: &mut Types) -> Members {
    let mut all: Vec<(String, Vec<Json>)> = Vec::new();
    for kind in WorkloadKind::ALL {
        for (name, form) in of_kind(kind, types) {
            if name == "update" {
                continue;
            }
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, forms)) if forms.iter().any(|known| takes(known) == takes(&form)) => {}
                Some((_, forms)) => forms.push(form),
                None => all.push((name, vec![form])),
            }
        }
    }
    all.sort_by(|left, right| left.0.cmp(&right.0));
    let one = |(name, mut forms): (String, Vec<Json>)| {
        let form = if forms.len() == 1 { forms.remove(0) } else { json!({"anyOf": forms}) };
        (name, form)
    };
    all.into_iter().map(one).collect()
}

/// Returns a form without what it is for: kinds may say that of the same field in other words.
fn takes(form: &Json) -> Json {
    let mut form = form.clone();
    form.as_object_mut().map(|members| members.shift_remove("description"));
    form
}

/// Puts Fanfold's own keys in front of native fields.
fn with_own_keys(native: Members) -> Members {
    let own = keys::WORKLOAD.iter().chain(keys::FAN_OUT);
    let mut all: Members = own.map(|key| (key.name.to_owned(), reference(&format!("own.{}", key.name)))).collect();
    all.extend(native);
    all
}

fn service_account(types: &mut Types) -> Json {
    let mut fields = types.fields("core/v1.ServiceAccount");
    fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata"));
    fields.extend(short::metadata());
    fields.insert("name".into(), reference("text"));
    fields.insert("imagePullSecrets".into(), reference("short.imagePullSecrets"));
    json!({"type": ["string", "object", "null"], "properties": fields, "additionalProperties": false})
}

/// Returns the form of `update`: a word, or the fields of a rolling update.
fn update(kind: Option<WorkloadKind>, types: &mut Types) -> Json {
    let all = [
        (WorkloadKind::Deployment, "Recreate", "apps/v1.RollingUpdateDeployment"),
        (WorkloadKind::StatefulSet, "OnDelete", "apps/v1.RollingUpdateStatefulSetStrategy"),
        (WorkloadKind::DaemonSet, "OnDelete", "apps/v1.RollingUpdateDaemonSet"),
    ];
    let mut strategies = vec!["RollingUpdate"];
    let mut fields = Members::new();
    for (_, word, of) in all.iter().filter(|(of, ..)| kind.is_none_or(|kind| kind == *of)) {
        if !strategies.contains(word) {
            strategies.push(word);
        }
        fields.extend(types.fields(of));
    }
    if fields.is_empty() {
        // The kind replaces no pods.
        return json!({"type": "null"});
    }
    let rolling = json!({"type": ["object", "null"], "properties": fields.clone(), "additionalProperties": false});
    fields.insert("type".into(), words_alone(strategies.iter().copied()));
    fields.insert("rollingUpdate".into(), rolling);
    let mapping = open(&["object"], json!({"properties": fields, "additionalProperties": false}));
    json!({"anyOf": [words_alone(strategies), mapping]})
}
