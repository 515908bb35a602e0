//! A batch in, its instances out: profiles and templates merged, parameters resolved, axes expanded, names given.
//!
//! Merging follows one rule (see [`merge`]) and one order: defaults, templates, workload, profiles, overrides.

mod axes;
mod bind;
mod bodies;
mod budget;
pub mod builtin;
mod compare;
mod condition;
mod containers;
mod early;
mod engine;
mod expression;
mod fan_out;
mod foreign;
mod forms;
mod join;
mod labels;
mod layer;
mod layering;
mod layers;
mod matrices;
mod matrix;
mod merge;
mod model;
mod naming;
mod order;
mod overrides;
mod params;
mod patterns;
mod place;
mod plan;
mod planner;
mod ports;
mod profile;
mod reads;
mod reported;
mod resources;
mod rows;
mod scope;
mod tables;
mod traced;
mod variables;
mod world;

pub use engine::metered;
pub use expression::{has_expression, render_document};
pub use join::{Instances, Joined};
pub use labels::labeled;
pub use layer::Layer;
pub use layering::Form;
pub use layers::main_container;
pub use matrix::same_value;
pub use merge::merge;
pub use model::Likeness;
pub use naming::name_budget_of;
pub use params::SCHEMA_WORDS;
pub use place::{MOUNT_OPTIONS, Place};
pub use plan::{Instance, Plan, describe, label_text};
pub use ports::is_nameless;
pub use profile::included;
pub use reads::{Path, overlap, reads, reads_bare};
pub use resources::{is_short, spelled};
pub use rows::{is_table, read_table};
pub use scope::Scope;
pub use tables::{read_given_tables, read_tables};
pub use traced::{Trace, Traced};
pub use variables::{in_order_of_use, uses};
pub use world::World;

use std::collections::BTreeSet;

use smol_str::SmolStr;

use self::axes::Room;
use self::bind::Bindable;
use self::labels::Named;
use self::matrices::Matrices;
use self::planner::Planner;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Edit, Fix, Severity, did_you_mean, words};
use crate::kubernetes::Facts;
use crate::limits;
use crate::read::{Document, Files};
use crate::spec::{Batch, Section};
use crate::text::{Entry, Key, Map, Node, Origin, Sources, Value};

/// What the command line says about all batches of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The profiles to apply, in order.
    pub profiles: Vec<SmolStr>,
    /// Given parameters, the lowest layer first: files, then single values.
    pub params: Vec<Map>,
    /// The most instances of a run.
    pub max_instances: usize,
    /// Those that other batches of the run have made already.
    pub made: usize,
    /// Whether Secrets are made elsewhere, under the names that the spec declares: a name with a hash would be nobody's.
    pub secrets_elsewhere: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            params: Vec::new(),
            max_instances: limits::INSTANCES,
            made: 0,
            secrets_elsewhere: false,
        }
    }
}

/// A batch with everything resolved but the fields of its instances.
#[derive(Debug)]
pub struct Expanded {
    /// The batch, profiles merged.
    pub batch: Batch,
    /// The values of the parameters.
    pub params: Node,
    /// What `batch` means in expressions.
    pub identity: Node,
    /// The document as it was written, profiles apart, behind the parts that it includes.
    pub written: Vec<Node>,
    /// The entries of all sections, sorted by section and name.
    pub plans: Vec<Plan>,
}

impl Expanded {
    /// Returns what expressions outside of instances see.
    pub fn scope(&self) -> Scope<'_> {
        Scope { params: Some(&self.params), batch: Some(&self.identity), ..Scope::default() }
    }
}

/// Expands one batch.
pub fn expand(
    document: &Document,
    facts: &'static Facts,
    options: &Options,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Expanded> {
    let (profiles, profile_params) = profile::chosen(document.layers(), &options.profiles, diagnostics);
    let declared = document.root.get("params").and_then(Node::as_map).cloned().unwrap_or_default();
    for params in &profile_params {
        check_known(params, &declared, diagnostics);
    }
    let given: Vec<&Map> = profile_params.iter().chain(&options.params).collect();
    let params = params::resolve(&declared, &given, diagnostics);

    let mut layers: Vec<Node> = document.layers().iter().chain(&profiles).cloned().collect();
    let identity = identity(&layers, &params, sources);
    let scope = Scope { params: Some(&params), batch: Some(&identity), ..Scope::default() };
    layers = layers.iter().map(|layer| filled_layer(layer, &scope, sources, diagnostics)).collect();
    let (own, profiles) = layers.split_at(document.layers().len());
    let root = profile::apply(facts, &profile::merged(facts, own, diagnostics), profiles, diagnostics);
    let mut batch = Batch::read(&Document { root, ..document.clone() }, diagnostics)?;
    check_used(document, &batch, &params, files, sources, diagnostics);
    check_shared(&batch, document, diagnostics);

    let nothing = Node::new(Value::Null, Origin::NOWHERE);
    let mut identity = Map::new();
    identity.put("name", Node::string(batch.name.clone(), batch.name_origin));
    identity.put("namespace", batch.namespace.clone().unwrap_or(nothing));
    let identity = Node::map(identity, batch.name_origin);
    let scope = Scope { params: Some(&params), batch: Some(&identity), ..Scope::default() };
    fill_shared(&mut batch, &scope, sources, diagnostics);

    let mut world = World::around(&batch, files, sources);
    let plans = plans(facts, &batch, &layers, &scope, options, &mut world, diagnostics)?;
    Some(Expanded { batch, params, identity, written: document.layers().to_vec(), plans })
}

/// Plans the entries of all sections; more than a run may have is a finding, and none is made.
fn plans(
    facts: &'static Facts,
    batch: &Batch,
    written: &[Node],
    scope: &Scope<'_>,
    options: &Options,
    world: &mut World<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Plan>> {
    let mut room = Room { left: options.max_instances.saturating_sub(options.made), of: options.max_instances };
    let mut values = options.max_instances.saturating_mul(limits::VALUES_AN_INSTANCE);
    let of_all = batch.patch.iter().chain(&batch.patch_json).map(bind::weight).sum::<usize>();
    let matrices = Matrices::new(&batch.matrices);
    let mut planner = Planner { facts, batch, written, scope: scope.clone(), matrices, labels: Named::default() };
    let mut plans = Vec::new();
    let mut is_whole = true;
    for section in Section::ALL {
        for entry in batch.section(section) {
            let Some(plan) = planner.plan(section, entry, world, room, diagnostics) else {
                is_whole = false;
                continue;
            };
            room.left = room.left.saturating_sub(plan.counted());
            let weight = plan.weight().saturating_add(plan.len().saturating_mul(of_all));
            let Some(left) = values.checked_sub(weight) else {
                let most = words::grouped(options.max_instances.saturating_mul(limits::VALUES_AN_INSTANCE) as u64);
                let message = format!("the instances of `{}` hold too many values: a run has {most}", plan.entry);
                let finding = Diagnostic::new(Code::TooManyInstances, plan.origin, message);
                diagnostics.push(finding.help("`--max-instances` allows more, 2,000 values for each instance"));
                return None;
            };
            values = left;
            plans.push(plan);
        }
    }
    // What could not be planned may have the axes that others miss.
    if is_whole {
        planner.labels.judge(diagnostics);
    }
    plans.sort_by(|left, right| (left.section, &left.entry).cmp(&(right.section, &right.entry)));
    Some(plans)
}

/// Returns what `batch` means in the expressions of layers that are not merged yet; what is wrong with it is found there.
fn identity(layers: &[Node], params: &Node, sources: &Sources) -> Node {
    let scope = Scope { params: Some(params), ..Scope::default() };
    let mut identity = Map::new();
    for key in ["name", "namespace"] {
        let written = layers.iter().rev().find_map(|layer| layer.at(&["metadata", key]));
        let value = written.map(|node| early::filled(node, &scope, sources, &mut Diagnostics::new()));
        identity.put(key, value.unwrap_or_else(|| Node::new(Value::Null, Origin::NOWHERE)));
    }
    Node::map(identity, Origin::NOWHERE)
}

/// Fills in what a batch, a part or a profile says, but for what it declares.
fn filled_layer(layer: &Node, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) -> Node {
    let entries = layer.as_map().into_iter().flatten().map(|entry| {
        if matches!(entry.key.text.as_str(), "include" | "params" | "profiles") {
            return entry.clone();
        }
        Entry { key: entry.key.clone(), value: early::filled(&entry.value, scope, sources, diagnostics) }
    });
    Node::map(entries.collect(), layer.origin())
}

/// Reports templates and named fan-outs that nothing uses, be it in a profile that is not asked for.
fn check_shared(batch: &Batch, document: &Document, diagnostics: &mut Diagnostics) {
    let profiles = document.layers().iter().filter_map(|layer| layer.get("profiles")?.as_map());
    let profiles = profiles.flatten().map(|entry| &entry.value);
    let (mut templates, mut matrices): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
    for layer in profiles.chain(document.layers()).chain([&batch.root]) {
        let sections = Section::ALL.map(Section::key).into_iter().chain(["templates"]);
        let entries = sections.filter_map(|section| layer.get(section)?.as_map()).flatten().map(|entry| &entry.value);
        for entry in entries.chain(layer.get("defaults")) {
            for (key, used) in [("use", &mut templates), ("matrix", &mut matrices)] {
                let Some(names) = entry.get(key) else { continue };
                let names = names.as_seq().unwrap_or(std::slice::from_ref(names));
                used.extend(names.iter().filter_map(Node::as_str));
            }
        }
    }
    for finding in unused(batch, &batch.templates, &templates, |name| {
        Diagnostic::new(
            Code::WithoutEffect,
            Origin::NOWHERE,
            format!("no workload or object uses the template `{name}`"),
        )
        .help(format!("write `use: [{name}]` in one, or in `defaults`, or remove it"))
    }) {
        diagnostics.push(finding);
    }
    for finding in unused(batch, &batch.matrices, &matrices, |name| {
        Diagnostic::new(Code::WithoutEffect, Origin::NOWHERE, format!("nothing fans out by the matrix `{name}`"))
            .severity(Severity::Error)
            .help(format!("write `matrix: {name}` in an entry, or remove it"))
    }) {
        diagnostics.push(finding);
    }
}

/// Returns findings about declared names that are used nowhere; a part that is included may serve other batches too.
fn unused(
    batch: &Batch,
    declared: &Map,
    used: &BTreeSet<&str>,
    finding: impl Fn(&str) -> Diagnostic,
) -> Vec<Diagnostic> {
    // Which one an expression names may differ from run to run.
    if used.iter().any(|name| has_expression(name)) {
        return Vec::new();
    }
    let is_idle = |key: &Key| !used.contains(key.text.as_str()) && batch.is_own(key.origin);
    let idle = declared.iter().filter(|entry| is_idle(&entry.key));
    let meant = |name: &str| {
        let near = used.iter().copied().filter(|name| !declared.contains(name)).take(limits::LISTED_WORDS);
        did_you_mean(name, near).is_some()
    };
    let told = |entry: &Entry| {
        let finding = Diagnostic { origin: entry.key.origin, ..finding(&entry.key.text) };
        finding.with_fix(Fix::unsure([Edit::without_entry(entry)]))
    };
    idle.filter(|entry| !meant(&entry.key.text)).map(told).collect()
}

/// Fills in what belongs to the batch as a whole.
fn fill_shared(batch: &mut Batch, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut fill = |node: &Node| Bindable::of(node, sources, diagnostics).bind(scope, diagnostics);
    let nodes = [&mut batch.labels, &mut batch.annotations, &mut batch.patch, &mut batch.patch_json];
    for node in nodes.into_iter().flatten() {
        *node = fill(node);
    }
    for paths in [&mut batch.manifests, &mut batch.policies] {
        *paths = paths.iter().map(&mut fill).collect();
    }
}

/// Reports values for parameters that the batch does not declare.
fn check_known(given: &Map, declared: &Map, diagnostics: &mut Diagnostics) {
    for entry in given {
        if !declared.contains(&entry.key.text) {
            diagnostics.push(params::unknown(&entry.key, declared.iter().map(|entry| entry.key.text.as_str())));
        }
    }
}

/// Reports values from the command line that no batch of the run declares.
pub fn check_given(batches: &[&Node], given: &[Map], diagnostics: &mut Diagnostics) {
    let all = || batches.iter().filter_map(|root| root.get("params").and_then(Node::as_map)).flatten();
    let declared: BTreeSet<&str> = all().map(|entry| entry.key.text.as_str()).collect();
    let lists: Vec<&str> =
        all().filter(|entry| tables::takes_rows(&entry.value)).map(|entry| entry.key.text.as_str()).take(2).collect();
    for entry in given.iter().flatten() {
        if !declared.contains(entry.key.text.as_str()) {
            let finding = params::unknown(&entry.key, declared.iter().copied());
            let is_list = entry.value.as_seq().is_some();
            diagnostics.push(match lists.as_slice() {
                [list] if is_list => finding.help(format!("`--params {list}=FILE` gives the rows to `{list}`")),
                _ => finding,
            });
        }
    }
}

/// Reports parameters that nothing reads.
fn check_used(
    document: &Document,
    batch: &Batch,
    params: &Node,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    if batch.params.is_empty() {
        return;
    }
    let mut read = BTreeSet::new();
    // What a profile overrides is read all the same, and so is what it says itself.
    document.layers().iter().for_each(|layer| collect_reads(layer, sources, &mut read));
    // Templates of whole manifests are read here only for the names in them; findings come when they are rendered.
    let world = World::around(batch, files, sources);
    let manifests = batch.manifests.iter().filter_map(|node| Some((node.as_str()?, node.origin())));
    for (path, origin) in manifests.filter(|(path, _)| path.ends_with(".j2")) {
        for name in world.glob(path, origin).unwrap_or_default() {
            let text = world.peek(&name, origin).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            read.extend(expression::document_paths(&text).into_iter().map(SmolStr::new));
        }
    }
    let names: BTreeSet<&str> =
        read.iter().filter_map(|path| path.strip_prefix("params.")?.split('.').next()).collect();
    // A name with a slip in it is told where it is read; the parameter that it means is not unused as well.
    let declared = || batch.params.iter().map(|entry| entry.key.text.as_str());
    let unknown = names.iter().filter(|name| !batch.params.contains(name));
    let meant: BTreeSet<&str> = unknown.filter_map(|name| did_you_mean(name, declared())).collect();
    let unread = |name: &str| !read.contains("params") && !names.contains(name) && !meant.contains(name);
    for entry in batch.params.iter().filter(|entry| unread(&entry.key.text) && batch.is_own(entry.key.origin)) {
        if params.get(&entry.key.text).is_some_and(|value| !value.is_broken()) {
            diagnostics.push(
                Diagnostic::new(
                    Code::UnusedParameter,
                    entry.key.origin,
                    format!("nothing reads the parameter `{}`", entry.key.text),
                )
                .help(format!("read it as `{{{{ params.{} }}}}`, or remove it", entry.key.text))
                .with_fix(Fix::unsure([Edit::without_entry(entry)])),
            );
        }
    }
}

/// Returns the paths that the expressions of a tree read: `params.tag`.
pub fn paths_read(node: &Node, sources: &Sources) -> BTreeSet<SmolStr> {
    let mut read = BTreeSet::new();
    collect_reads(node, sources, &mut read);
    read
}

fn collect_reads(node: &Node, sources: &Sources, read: &mut BTreeSet<SmolStr>) {
    match node.value() {
        Value::Seq(items) => items.iter().for_each(|item| collect_reads(item, sources, read)),
        Value::Map(map) => {
            for entry in map {
                collect_reads(&Node::string(entry.key.text.clone(), entry.key.origin), sources, read);
                if matches!(entry.key.text.as_str(), "where" | "when")
                    && entry.value.text().is_some_and(|text| !expression::has_expression(text))
                {
                    let bare = smol_str::format_smolstr!("{{{{ {} }}}}", entry.value.as_str().unwrap_or_default());
                    collect_reads(&Node::string(bare, entry.value.origin()), sources, read);
                }
                collect_reads(&entry.value, sources, read);
            }
        }
        _ => {
            let paths: Vec<Path> = match expression::Template::of(node, sources) {
                Some(Ok(template)) => template.paths().into_iter().map(|(path, _)| path).collect(),
                // What it reads is read, although it cannot be cut.
                Some(Err(_)) => reads(node.as_str().unwrap_or_default()),
                None => Vec::new(),
            };
            read.extend(paths.into_iter().map(|path| SmolStr::from(path.join("."))));
        }
    }
}
