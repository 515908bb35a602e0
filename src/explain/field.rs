//! The name of a field or key in, what it takes and where it goes out.
//!
//! A name is a flat field (`replicas`), one of a kind (`Deployment.replicas`), a path below either, or a key of the
//! language (`mounts`). What is said of fields is read from the facts.

use smol_str::SmolStr;

use super::forms::forms;
use super::path::{Found, find, find_native, home_path};
use super::table::Topic;
use crate::diagnostic::{did_you_mean, words};
use crate::kubernetes::defaults::words as computed;
use crate::kubernetes::facts::{Field, Kind};
use crate::kubernetes::{Facts, Merge, Minor, Schema, Shape, Type};
use crate::spec::keys::{self, OwnKey};
use crate::spec::{Union, WorkloadKind};

/// A word that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What cannot be found.
    pub message: String,
    /// What may have been meant.
    pub help: Option<String>,
}

/// Returns all that a name may mean.
pub fn topics(facts: &'static Facts, name: &str) -> Result<Vec<Topic>, Unknown> {
    let steps: Vec<&str> =
        name.split('.').map(|step| step.split('[').next().unwrap_or(step)).filter(|step| !step.is_empty()).collect();
    let Some((first, rest)) = steps.split_first() else { return Err(unknown(name, None)) };
    if steps == ["spec"] {
        let message = "no workload has a field `spec`".to_owned();
        let help = "a workload is flat: the fields of the spec stand in it themselves".to_owned();
        return Err(Unknown { message, help: Some(help) });
    }
    let named = WorkloadKind::ALL.into_iter().find(|kind| kind.as_str() == *first);
    let mut topics = Vec::new();
    match (named, rest) {
        (Some(kind), []) => return Ok(vec![workload_kind(facts, kind)]),
        (Some(kind), [key]) => topics.extend(own(key, &[keys::WORKLOAD, keys::FAN_OUT], kind.as_str())),
        (None, []) => topics.extend(own(first, &[keys::WORKLOAD, keys::FAN_OUT], "a workload")),
        _ => {}
    }
    let in_batch = if *first == "Batch" { rest } else { steps.as_slice() };
    if let [key] = in_batch {
        topics.extend(own(key, &[keys::BATCH], "a batch"));
    }
    if let (None, [], true) = (named, rest, topics.is_empty()) {
        topics.extend(own(first, &[keys::ENTRY], "an entry of any section but `workloads`"));
    }
    if let Some(kind) = named {
        topics.extend(find(facts, kind, rest).map(|found| describe(facts, name, &[(kind, found)], rest)));
    } else if let Some(kind) = native_kind(facts, first) {
        match rest {
            [] => topics.extend(object_kind(facts, kind)),
            _ => topics.extend(find_native(facts, kind, rest).map(|found| native(facts, name, kind, &found, rest))),
        }
    } else if rest.is_empty() && is_of_object(&steps) {
        // It is no field of a workload: what it holds is written in the workload itself.
    } else {
        topics.extend(in_all_kinds(facts, name, &steps));
    }
    if topics.is_empty() {
        return Err(unknown(name, elsewhere(named, &steps).or_else(|| near(facts, named, &steps))));
    }
    Ok(topics)
}

/// Whether a path leads through the object itself, and not through a flat workload.
fn is_of_object(steps: &[&str]) -> bool {
    matches!(steps, ["spec" | "metadata", ..])
}

fn unknown(name: &str, help: Option<String>) -> Unknown {
    let help = help.or_else(|| {
        Some("`fanfold explain` lists the codes, `fanfold explain Deployment` the fields of a kind".into())
    });
    Unknown { message: format!("no code, field or key is named `{name}`"), help }
}

/// Says what one of the language's own keys is for.
fn own(key: &str, tables: &[&[OwnKey]], place: &str) -> Option<Topic> {
    let known = tables.iter().flat_map(|table| table.iter()).find(|known| known.name == key)?;
    Some(Topic::new(key).row("key of", place).row("is", known.summary).row("written", forms(key).join("\n")))
}

/// Describes a flat field in all kinds that have it; kinds in which it takes the same share a topic.
fn in_all_kinds(facts: &'static Facts, name: &str, steps: &[&str]) -> Vec<Topic> {
    let mut groups: Vec<Vec<(WorkloadKind, Found)>> = Vec::new();
    for kind in WorkloadKind::ALL {
        let Some(found) = find(facts, kind, steps) else { continue };
        let same = |known: &Found| {
            std::ptr::eq(known.field, found.field)
                || (takes(facts, &known.field.schema) == takes(facts, &found.field.schema)
                    && known.field.schema.values == found.field.schema.values
                    && known.field.schema.default == found.field.schema.default)
        };
        match groups.iter_mut().find(|group| same(&group[0].1)) {
            Some(group) => group.push((kind, found)),
            None => groups.push(vec![(kind, found)]),
        }
    }
    groups.iter().map(|group| describe(facts, name, group, steps)).collect()
}

/// Describes what a field takes in all of these kinds, and where it goes in each.
fn describe(facts: &'static Facts, name: &str, group: &[(WorkloadKind, Found)], steps: &[&str]) -> Topic {
    let (kind, found) = &group[0];
    let since = since(|facts| find(facts, *kind, steps).is_some());
    let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kind, found) in group {
        match places.iter_mut().find(|(path, _)| *path == found.path) {
            Some((_, kinds)) => kinds.push(kind.as_str()),
            None => places.push((&found.path, vec![kind.as_str()])),
        }
    }
    let place = |(path, kinds): &(&str, Vec<&str>)| {
        if group.len() == 1 { (*path).to_owned() } else { format!("{path} in {}", kinds.join(", ")) }
    };
    let kinds = group.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>().join(", ");
    let topic =
        Topic::new(name).row("field of", kinds).row("goes to", places.iter().map(place).collect::<Vec<_>>().join("\n"));
    let written = if steps.len() == 1 { forms(steps[0]).join("\n") } else { String::new() };
    let clash = Union::of(facts, *kind).clashes().iter().any(|clash| steps == [clash.as_str()]);
    let in_pod = facts.named("core/v1.PodSpec").field(steps[0]).is_some();
    let beside = if clash && in_pod && !found.owner.name.ends_with(".PodSpec") {
        format!("the field of this name in the PodSpec is written `pod: {{{}: …}}`", steps[0])
    } else {
        String::new()
    };
    details(facts, topic, found, since).row("beside", beside).row("short form", written).with_parts(facts, found)
}

fn native(facts: &'static Facts, name: &str, kind: &Kind, found: &Found, steps: &[&str]) -> Topic {
    let since = since(|facts| {
        let kind = facts.kind(&kind.group, &kind.version, &kind.kind);
        kind.is_some_and(|kind| find_native(facts, kind, steps).is_some())
    });
    let topic = Topic::new(name).row("field of", object_name(kind)).row("stands at", found.path.as_str());
    details(facts, topic, found, since).with_parts(facts, found)
}

fn details(facts: &'static Facts, topic: Topic, found: &Found, since: String) -> Topic {
    /// What the API server requires, and Fanfold writes.
    const WRITTEN: &[&str] = &["selector", "template", "jobTemplate", "containers", "serviceName"];
    let Found { field, owner, .. } = found;
    let schema = &field.schema;
    let gate = match &field.gate {
        Some(gate) if facts.drops(field) => {
            format!("`{}`, off in {}: the server drops the field", gate.name, facts.minor)
        }
        _ => String::new(),
    };
    let merge = match &schema.merge {
        Merge::Keys(keys) => {
            format!("items are told apart by {}", words::list(keys.iter().map(SmolStr::as_str), "and"))
        }
        Merge::Set => "items are a set".to_owned(),
        Merge::Replace if matches!(schema.shape, Shape::List(_)) => "a later list replaces an earlier one".to_owned(),
        Merge::Replace => String::new(),
    };
    let required = match owner.required.contains(&field.name) {
        true if WRITTEN.contains(&field.name.as_str()) && owner.name.ends_with("Spec") => {
            "yes; made of the workload where it is not written"
        }
        true => "yes",
        false => "no",
    };
    topic
        .row("takes", takes(facts, schema))
        .row("values", words::list(inner(schema).values.iter().map(SmolStr::as_str), "or"))
        .row("default", default(owner, field))
        .row("merging", merge)
        .row("required", required)
        .row("since", since)
        .row("gate", gate)
}

/// Says what is put where the field is left out; what a template leaves open is filled in where something is made of it.
fn default(owner: &Type, field: &Field) -> String {
    let constant = field.schema.default.as_ref().map(ToString::to_string);
    let found = constant.or_else(|| computed(&owner.name, &field.name).map(ToOwned::to_owned)).unwrap_or_default();
    // The server's own would be refused there.
    let is_policy = owner.name == "core/v1.PodSpec" && field.name == "restartPolicy";
    if is_policy { format!("{found}; in the pods of jobs `Never`") } else { found }
}

impl Topic {
    /// Adds the fields of the type that a field holds.
    fn with_parts(mut self, facts: &'static Facts, found: &Found) -> Self {
        if let Some(ty) = facts.inner_type(&found.field.schema) {
            self.heading = "fields";
            self.parts = parts(facts, ty);
        }
        self
    }
}

fn parts(facts: &'static Facts, ty: &Type) -> Vec<(String, String)> {
    let part = |field: &Field| {
        let required = if ty.required.contains(&field.name) { ", required" } else { "" };
        (field.name.to_string(), format!("{}{required}", takes(facts, &field.schema)))
    };
    ty.fields.iter().map(part).collect()
}

fn workload_kind(facts: &'static Facts, kind: WorkloadKind) -> Topic {
    let union = Union::of(facts, kind);
    let mut topic = Topic::new(kind.as_str())
        .row("written", format!("kind: {kind}, under `workloads`"))
        .row("becomes", format!("a {kind} of `{}`", kind.api_version()))
        .row(
            "takes",
            "the fields of its spec, of its pods and of their main container side by side, and keys of its own",
        );
    topic.heading = "fields and keys";
    topic.parts = union
        .names()
        .into_iter()
        .filter_map(|name| {
            let (home, field) = union.field(name)?;
            Some((name.to_owned(), format!("{} in {}", takes(facts, &field.schema), home_path(kind, home))))
        })
        .collect();
    let own = keys::WORKLOAD.iter().chain(keys::FAN_OUT).map(|key| (key.name.to_owned(), key.summary.to_owned()));
    topic.parts.extend(own);
    topic.parts.sort();
    topic
}

fn object_kind(facts: &'static Facts, kind: &Kind) -> Option<Topic> {
    let ty = facts.ty(facts.type_of(kind)?);
    let scope = if kind.namespaced { "in namespaces" } else { "in the cluster as a whole" };
    let mut topic = Topic::new(object_name(kind)).row("lives", scope);
    topic.heading = "fields";
    topic.parts = parts(facts, ty);
    Some(topic)
}

/// Returns the kind of that name; the stable version of it.
fn native_kind(facts: &'static Facts, name: &str) -> Option<&'static Kind> {
    let named = facts.kinds().iter().filter(|kind| kind.kind == name);
    named.min_by_key(|kind| {
        (kind.version.contains("alpha"), kind.version.contains("beta"), kind.group == "events.k8s.io")
    })
}

fn object_name(kind: &Kind) -> String {
    let slash = if kind.group.is_empty() { "" } else { "/" };
    format!("{} of {}{slash}{}", kind.kind, kind.group, kind.version)
}

/// Says what a value is.
fn takes(facts: &Facts, schema: &Schema) -> String {
    let format = schema.format.as_ref().map(|format| format!(" ({format})")).unwrap_or_default();
    match &schema.shape {
        Shape::String => "string".into(),
        Shape::Integer => format!("integer{format}"),
        Shape::Number => format!("number{format}"),
        Shape::Boolean => "boolean".into(),
        Shape::Any => "anything".into(),
        Shape::Quantity => "quantity, such as 500m or 1Gi".into(),
        Shape::IntOrString => "integer or string".into(),
        Shape::Time => "time, such as 2026-01-31T09:30:00Z".into(),
        Shape::Duration => "duration, such as 1h30m".into(),
        Shape::Bytes => "bytes in base64".into(),
        Shape::Type(id) => facts.ty(*id).name.rsplit('.').next().unwrap_or_default().to_owned(),
        Shape::List(item) => format!("list of {}", takes(facts, item)),
        Shape::Map(value) => format!("mapping of {}", takes(facts, value)),
    }
}

fn inner(schema: &Schema) -> &Schema {
    match &schema.shape {
        Shape::List(one) | Shape::Map(one) => inner(one),
        _ => schema,
    }
}

fn since(is_there: impl Fn(&'static Facts) -> bool) -> String {
    let oldest = Minor::bundled().next();
    match Minor::bundled().find(|minor| Facts::of(*minor).is_some_and(&is_there)) {
        Some(first) if Some(first) == oldest => format!("{first} or earlier"),
        Some(first) => first.to_string(),
        None => String::new(),
    }
}

/// Says which other minor has the field.
fn elsewhere(kind: Option<WorkloadKind>, steps: &[&str]) -> Option<String> {
    let kinds: Vec<WorkloadKind> = kind.map_or_else(|| WorkloadKind::ALL.to_vec(), |kind| vec![kind]);
    let rest = if kind.is_some() { &steps[1..] } else { steps };
    let has = |facts: &'static Facts| kinds.iter().any(|kind| find(facts, *kind, rest).is_some());
    let with = Minor::bundled().filter(|minor| Facts::of(*minor).is_some_and(&has)).map(|minor| minor.to_string());
    let with: Vec<String> = with.collect();
    (!with.is_empty()).then(|| format!("Kubernetes {} has it", with.join(", ")))
}

/// Returns the name that was most likely meant: the longest known beginning, and what fits the rest.
fn near(facts: &'static Facts, named: Option<WorkloadKind>, steps: &[&str]) -> Option<String> {
    let kinds: Vec<WorkloadKind> = named.map_or_else(|| WorkloadKind::ALL.to_vec(), |kind| vec![kind]);
    let skip = usize::from(named.is_some() && steps.len() > 1);
    let (last, before) = steps[skip..].split_last()?;
    let mut candidates: Vec<String> = Vec::new();
    if before.is_empty() {
        for kind in &kinds {
            candidates.extend(Union::of(facts, *kind).names().into_iter().map(str::to_owned));
        }
        candidates.extend(keys::names(&[keys::WORKLOAD, keys::FAN_OUT, keys::BATCH]).into_iter().map(str::to_owned));
        if skip == 0 {
            candidates.extend(crate::diagnostic::Code::ALL.iter().map(|code| code.name().to_owned()));
            candidates.extend(facts.kinds().iter().map(|kind| kind.kind.to_string()));
        }
    } else {
        let inner = kinds
            .iter()
            .find_map(|kind| find(facts, *kind, before))
            .and_then(|found| facts.inner_type(&found.field.schema));
        candidates.extend(inner.into_iter().flat_map(|ty| &ty.fields).map(|field| field.name.to_string()));
    }
    candidates.sort_unstable();
    candidates.dedup();
    let meant = did_you_mean(last, candidates.iter().map(String::as_str))?;
    let whole: Vec<&str> = steps[..steps.len() - 1].iter().copied().chain([meant]).collect();
    Some(format!("did you mean `{}`?", whole.join(".")))
}
