//! The name of a field or key in, what it takes and where it goes out.
//!
//! A name is a flat field (`replicas`), one of a kind (`Deployment.replicas`), a path below either, or a key of the
//! language (`mounts`). What is said of fields is read from the facts.

use smol_str::SmolStr;

use super::anywhere::{self, Reached};
use super::forms::forms;
use super::path::{Found, find, find_native};
use super::table::Topic;
use super::word;
use crate::diagnostic::{did_you_mean, words};
use crate::kubernetes::defaults::words as computed;
use crate::kubernetes::facts::{Field, Kind};
use crate::kubernetes::{Facts, Merge, Minor, Schema, Shape, Type, sentence};
use crate::spec::keys;
use crate::spec::{Home, Level, Union, WorkloadKind, ours};

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
    let named = WorkloadKind::ALL.into_iter().find(|kind| kind.as_str() == *first);
    let mut topics = word::topics(&steps);
    let own = topics.len();
    match (named, native_kind(facts, first)) {
        (Some(kind), _) if rest.is_empty() => return Ok(vec![workload_kind(facts, kind)]),
        (Some(kind), _) => {
            topics.extend(find(facts, kind, rest).map(|found| describe(facts, name, &[(kind, found)], rest)));
        }
        (None, Some(kind)) if rest.is_empty() => topics.extend(object_kind(facts, kind)),
        (None, Some(kind)) => {
            topics.extend(find_native(facts, kind, rest).map(|found| native(facts, name, kind, &found, rest)));
        }
        // These lead through the object itself: what they hold is written in the workload.
        _ if matches!(steps.as_slice(), ["spec" | "metadata", ..]) => {}
        _ => topics.extend(in_all_kinds(facts, name, &steps)),
    }
    if topics.len() == own && named.is_none() {
        topics.extend(anywhere(facts, name, &steps, own > 0));
    }
    if topics.is_empty() {
        let help = elsewhere(named, &steps).or_else(|| foreign(name)).or_else(|| near(facts, named, &steps));
        return Err(unknown(name, help));
    }
    Ok(topics)
}

fn unknown(name: &str, help: Option<String>) -> Unknown {
    let help = help.or_else(|| {
        Some("`fanfold explain` lists the codes, `fanfold explain Deployment` the fields of a kind".into())
    });
    Unknown { message: format!("no code, field or key is named `{name}`"), help }
}

/// Returns what is written in place of a word of another tool.
fn foreign(name: &str) -> Option<String> {
    [Level::Workload, Level::Batch, Level::Entry].into_iter().find_map(|level| ours(level, name))
}

/// So many types are described each by itself where no flat workload has the field; more are listed.
const DESCRIBED: usize = 3;
/// So many are listed.
const LISTED: usize = 24;

/// Says which types have a field, where it is no flat field of a workload, or which fields a type has.
fn anywhere(facts: &'static Facts, name: &str, steps: &[&str], briefly: bool) -> Vec<Topic> {
    let all = anywhere::types(facts);
    let (last, before) = steps.split_last().expect("a name has a part");
    if before.is_empty()
        && let Some(reached) = all.iter().find(|reached| type_name(reached.ty) == *last)
    {
        let topic = Topic::new(name).row("is", "a type of Kubernetes").row("stands at", reached.path.as_str());
        return vec![topic.list("fields", parts(facts, reached.ty))];
    }
    let leads_there = |reached: &&Reached| match before {
        [] => true,
        [parent] => reached.parents.contains(parent) || type_name(reached.ty) == *parent,
        longer => reached.path.ends_with(&longer.join(".")),
    };
    let found: Vec<&Reached> =
        all.iter().filter(|reached| reached.ty.field(last).is_some()).filter(leads_there).collect();
    if found.len() <= DESCRIBED && !briefly {
        return found.iter().flat_map(|reached| at(facts, &format!("{}.{last}", reached.path))).collect();
    }
    let line = |reached: &&Reached| {
        let field = reached.ty.field(last)?;
        let path = if reached.path.is_empty() { (*last).to_owned() } else { format!("{}.{last}", reached.path) };
        Some((path, said(facts, reached.ty, field)))
    };
    let mut lines: Vec<(String, String)> = found.iter().filter_map(line).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let more = lines.len().saturating_sub(LISTED);
    lines.truncate(LISTED);
    if more > 0 {
        lines.push(("…".to_owned(), format!("{more} more")));
    }
    let is = "a field of several types; name one of these ways to it for all that is known of it";
    vec![Topic::new(name).row("is", is).list("fields", lines)]
}

/// Describes what stands at the end of a way that [`anywhere::types`] gave.
fn at(facts: &'static Facts, path: &str) -> Vec<Topic> {
    let steps: Vec<&str> = path.split('.').filter(|step| !step.is_empty()).collect();
    match native_kind(facts, steps[0]) {
        Some(kind) => {
            let found = find_native(facts, kind, &steps[1..]);
            found.map(|found| native(facts, path, kind, &found, &steps[1..])).into_iter().collect()
        }
        None => in_all_kinds(facts, path.trim_start_matches('.'), &steps),
    }
}

fn type_name(ty: &Type) -> &str {
    ty.name.rsplit('.').next().unwrap_or_default()
}

/// Returns what a field is for, with its type behind it; the type alone where there is no sentence.
fn said(facts: &Facts, ty: &Type, field: &Field) -> String {
    let takes = takes(facts, &field.schema);
    let required = if ty.required.contains(&field.name) { ", required" } else { "" };
    match sentence(ty, &field.name) {
        Some(known) => format!("{} ({takes}{required})", known.text),
        None => format!("{takes}{required}"),
    }
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
    let mut sentences: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kind, found) in group {
        let Some(known) = sentence(found.owner, &found.field.name) else { continue };
        match sentences.iter_mut().find(|(text, _)| *text == known.text) {
            Some((_, kinds)) => kinds.push(kind.as_str()),
            None => sentences.push((known.text, vec![kind.as_str()])),
        }
    }
    let is = |(text, kinds): &(&str, Vec<&str>)| {
        if sentences.len() == 1 { (*text).to_owned() } else { format!("in {}: {text}", kinds.join(", ")) }
    };
    let topic = Topic::new(name)
        .row("field of", kinds)
        .row("is", sentences.iter().map(is).collect::<Vec<_>>().join("\n"))
        .row("goes to", places.iter().map(place).collect::<Vec<_>>().join("\n"));
    let written = if steps.len() == 1 { forms(steps[0]).join("\n") } else { String::new() };
    let short = keys::SHORT_FORMS.iter().find(|key| steps.last() == Some(&key.name)).map_or("", |key| key.summary);
    let example = if written.is_empty() { example(found, steps) } else { String::new() };
    let clash = Union::of(facts, *kind).clashes().iter().any(|clash| steps == [clash.as_str()]);
    let in_pod = facts.named("core/v1.PodSpec").field(steps[0]).is_some();
    let beside = if clash && in_pod && !found.owner.name.ends_with(".PodSpec") {
        format!("the field of this name in the PodSpec is written `pod: {{{}: …}}`", steps[0])
    } else {
        String::new()
    };
    details(facts, topic, found, since)
        .row("beside", beside)
        .row(
            "short form",
            [short, written.as_str()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"),
        )
        .row("example", example)
        .with_parts(facts, found)
}

/// Returns an example of a field with all that stands around it, `strategy: {rollingUpdate: {maxSurge: 25%}}`; empty
/// where there is none.
fn example(found: &Found, steps: &[&str]) -> String {
    let Some(value) = sentence(found.owner, &found.field.name).and_then(|known| known.example) else {
        return String::new();
    };
    let marks: Vec<&str> = found.path.rsplit('.').take(steps.len()).collect();
    let around = |inner: String, (step, mark): (&&str, &&str)| {
        if mark.ends_with("[]") {
            format!("{step}: [{{{inner}}}]")
        } else if mark.ends_with("[KEY]") {
            format!("{step}: {{KEY: {{{inner}}}}}")
        } else {
            format!("{step}: {{{inner}}}")
        }
    };
    let innermost = format!("{}: {value}", found.field.name);
    steps.iter().rev().zip(&marks).skip(1).fold(innermost, around)
}

fn native(facts: &'static Facts, name: &str, kind: &Kind, found: &Found, steps: &[&str]) -> Topic {
    let since = since(|facts| {
        let kind = facts.kind(&kind.group, &kind.version, &kind.kind);
        kind.is_some_and(|kind| find_native(facts, kind, steps).is_some())
    });
    let is = sentence(found.owner, &found.field.name).map_or("", |known| known.text);
    let topic = Topic::new(name).row("field of", object_name(kind)).row("is", is).row("stands at", found.path.as_str());
    details(facts, topic, found, since).row("example", example(found, steps)).with_parts(facts, found)
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
    fn with_parts(self, facts: &'static Facts, found: &Found) -> Self {
        match facts.inner_type(&found.field.schema) {
            Some(ty) => self.list("fields", parts(facts, ty)),
            None => self,
        }
    }
}

fn parts(facts: &'static Facts, ty: &Type) -> Vec<(String, String)> {
    ty.fields.iter().map(|field| (field.name.to_string(), said(facts, ty, field))).collect()
}

fn workload_kind(facts: &'static Facts, kind: WorkloadKind) -> Topic {
    let union = Union::of(facts, kind);
    let topic = Topic::new(kind.as_str())
        .row("written", format!("kind: {kind}, under `workloads`"))
        .row("becomes", format!("a {kind} of `{}`", kind.api_version()))
        .row(
            "takes",
            "the fields of its spec, of its pods and of their main container side by side, and keys of its own",
        );
    let of = |home: Home, ty: Option<&'static Type>| {
        let names = union.names().into_iter().filter_map(|name| Some((name, union.field(name)?)));
        let at_home = names.filter(|(_, (at, _))| *at == home);
        at_home.filter_map(|(name, (_, field))| Some((name.to_owned(), said(facts, ty?, field)))).collect::<Vec<_>>()
    };
    let own = keys::WORKLOAD.iter().chain(keys::FAN_OUT);
    topic
        .list("fields of its spec", of(Home::Spec, Some(union.spec)))
        .list("fields of its Jobs", of(Home::Job, union.job))
        .list("fields of its pods", of(Home::Pod, Some(union.pod)))
        .list("fields of their main container", of(Home::Container, Some(union.container)))
        .list("keys of its own", own.map(|key| (key.name.to_owned(), key.summary.to_owned())).collect())
}

fn object_kind(facts: &'static Facts, kind: &Kind) -> Option<Topic> {
    let ty = facts.ty(facts.type_of(kind)?);
    let scope = if kind.namespaced { "in namespaces" } else { "in the cluster as a whole" };
    Some(Topic::new(object_name(kind)).row("lives", scope).list("fields", parts(facts, ty)))
}

/// Returns the kind of that name; the preferred version of it.
pub(super) fn native_kind(facts: &'static Facts, name: &str) -> Option<&'static Kind> {
    if let Ok(preferred) = facts.preferred(name) {
        return Some(preferred);
    }
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
        candidates.extend(word::known().into_iter().map(str::to_owned));
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
