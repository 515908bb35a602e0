//! A batch in, its instances out: profiles and templates merged, parameters resolved, axes expanded, names given.
//!
//! Merging follows one rule (see [`merge`]) and one order: defaults, templates, workload, profiles, overrides.

mod axes;
mod bind;
mod budget;
mod compare;
mod containers;
mod early;
mod engine;
mod expression;
mod fan_out;
mod foreign;
mod forms;
mod layer;
mod layers;
mod matrix;
mod merge;
mod naming;
mod order;
mod params;
mod patterns;
mod plan;
mod profile;
mod reads;
mod resources;
mod rows;
mod scope;
mod traced;
mod world;

pub use engine::metered;
pub use expression::{has_expression, render_document};
pub use forms::is_nameless;
pub use layer::Layer;
pub use layers::main_container;
pub use matrix::same_value;
pub use merge::{MOUNT_OPTIONS, Place, merge};
pub use params::SCHEMA_WORDS;
pub use plan::{Instance, Plan, describe, label_text};
pub use reads::{Path, overlap, reads, reads_bare};
pub use resources::{is_short, spelled};
pub use scope::Scope;
pub use traced::{Trace, Traced};
pub use world::World;

use std::collections::BTreeSet;

use smol_str::SmolStr;

use self::axes::Room;
use self::bind::Bindable;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, words};
use crate::kubernetes::Facts;
use crate::limits;
use crate::read::{Document, Files};
use crate::spec::{Batch, Section};
use crate::text::{Entry, Map, Node, Origin, Sources, Value};

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
    /// The batch, profiles merged; the sections besides `workloads` are filled in.
    pub batch: Batch,
    /// The values of the parameters.
    pub params: Node,
    /// What `batch` means in expressions.
    pub identity: Node,
    /// The document as it was written, profiles apart.
    pub written: Node,
    /// The parameters that have no value because of what was found.
    pub broken: BTreeSet<SmolStr>,
    /// The workloads, sorted by name.
    pub plans: Vec<Plan>,
}

impl Expanded {
    /// Returns what expressions outside of instances see.
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            params: Some(&self.params),
            batch: Some(&self.identity),
            broken: Some(&self.broken),
            ..Scope::default()
        }
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
    let (profiles, profile_params) = profile::chosen(&document.root, &options.profiles, diagnostics);
    let declared = document.root.get("params").and_then(Node::as_map).cloned().unwrap_or_default();
    for params in &profile_params {
        check_known(params, &declared, diagnostics);
    }
    let given: Vec<&Map> = profile_params.iter().chain(&options.params).collect();
    let params = params::resolve(&declared, &given, diagnostics);
    let names = declared.iter().map(|entry| &entry.key.text);
    let broken: BTreeSet<SmolStr> = names.filter(|name| params.get(name).is_none()).cloned().collect();

    let mut layers: Vec<Node> = std::iter::once(&document.root).chain(&profiles).cloned().collect();
    let identity = identity(&layers, &params, &broken, sources);
    let scope = Scope { params: Some(&params), batch: Some(&identity), broken: Some(&broken), ..Scope::default() };
    layers = layers.iter().map(|layer| filled_layer(layer, &scope, sources, diagnostics)).collect();
    let root = profile::apply(facts, &layers[0], &layers[1..], diagnostics);
    let mut batch = Batch::read(&Document { root, file: document.file }, diagnostics)?;
    check_used(document, &batch, &params, files, sources, diagnostics);
    check_templates(&batch, &document.root, diagnostics);

    let nothing = Node::new(Value::Null, Origin::NOWHERE);
    let mut identity = Map::new();
    identity.put("name", Node::string(batch.name.clone(), batch.name_origin));
    identity.put("namespace", batch.namespace.clone().unwrap_or(nothing));
    let identity = Node::map(identity, batch.name_origin);
    let scope = Scope { params: Some(&params), batch: Some(&identity), broken: Some(&broken), ..Scope::default() };
    fill_sections(&mut batch, &scope, sources, diagnostics);

    let mut world = World { files, sources, spec: batch.file };
    let mut room = Room { left: options.max_instances.saturating_sub(options.made), of: options.max_instances };
    let mut values = options.max_instances.saturating_mul(limits::VALUES_AN_INSTANCE);
    let of_all = batch.patch.iter().chain(&batch.patch_json).map(bind::weight).sum::<usize>();
    let mut plans = Vec::new();
    for workload in &batch.workloads {
        let Some(plan) = plan::plan(facts, &batch, workload, &scope, &mut world, room, diagnostics) else { continue };
        room.left = room.left.saturating_sub(plan.len());
        let weight = plan.weight().saturating_add(plan.len().saturating_mul(of_all));
        let Some(left) = values.checked_sub(weight) else {
            let most = words::grouped(options.max_instances.saturating_mul(limits::VALUES_AN_INSTANCE) as u64);
            let message = format!("the instances of `{}` hold too many values: a run has {most}", plan.workload);
            let finding = Diagnostic::new(Code::TooManyInstances, plan.origin, message);
            diagnostics.push(finding.help("`--max-instances` allows more, 2,000 values for each instance"));
            return None;
        };
        values = left;
        plans.push(plan);
    }
    plans.sort_by(|left, right| left.workload.cmp(&right.workload));
    Some(Expanded { batch, params, identity, written: document.root.clone(), broken, plans })
}

/// Returns what `batch` means in the expressions of layers that are not merged yet; what is wrong with it is found there.
fn identity(layers: &[Node], params: &Node, broken: &BTreeSet<SmolStr>, sources: &Sources) -> Node {
    let scope = Scope { params: Some(params), broken: Some(broken), ..Scope::default() };
    let mut identity = Map::new();
    for key in ["name", "namespace"] {
        let written = layers.iter().rev().find_map(|layer| layer.at(&["metadata", key]));
        let value = written.map(|node| early::filled(node, &scope, sources, &mut Diagnostics::new()));
        identity.put(key, value.unwrap_or_else(|| Node::new(Value::Null, Origin::NOWHERE)));
    }
    Node::map(identity, Origin::NOWHERE)
}

/// Fills in what a batch or a profile says, but for what it declares.
fn filled_layer(layer: &Node, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) -> Node {
    let entries = layer.as_map().into_iter().flatten().map(|entry| {
        if matches!(entry.key.text.as_str(), "params" | "profiles") {
            return entry.clone();
        }
        Entry { key: entry.key.clone(), value: early::filled(&entry.value, scope, sources, diagnostics) }
    });
    Node::map(entries.collect(), layer.origin())
}

/// Reports templates that no workload uses, be it one of a profile that is not asked for.
fn check_templates(batch: &Batch, root: &Node, diagnostics: &mut Diagnostics) {
    let profiles = root.get("profiles").and_then(Node::as_map).into_iter().flatten().map(|entry| &entry.value);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for layer in profiles.chain([root, &batch.root]) {
        let workloads = layer.get("workloads").and_then(Node::as_map).into_iter().flatten().map(|entry| &entry.value);
        for uses in workloads.chain(layer.get("defaults")).filter_map(|workload| workload.get("use")) {
            let names = uses.as_seq().unwrap_or(std::slice::from_ref(uses));
            used.extend(names.iter().filter_map(Node::as_str));
        }
    }
    // Which one an expression names may differ from run to run.
    if used.iter().any(|name| has_expression(name)) {
        return;
    }
    for Entry { key, .. } in batch.templates.iter().filter(|entry| !used.contains(entry.key.text.as_str())) {
        let near = used.iter().copied().filter(|name| !batch.templates.contains(name)).take(limits::LISTED_WORDS);
        if did_you_mean(&key.text, near).is_none() {
            diagnostics.push(
                Diagnostic::new(
                    Code::WithoutEffect,
                    key.origin,
                    format!("no workload uses the template `{}`", key.text),
                )
                .help(format!("write `use: [{}]` in a workload or in `defaults`, or remove it", key.text)),
            );
        }
    }
}

/// Fills in the sections that belong to the batch as a whole.
fn fill_sections(batch: &mut Batch, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut fill = |node: &Node| Bindable::of(node, sources, diagnostics).bind(scope, diagnostics);
    let nodes = [&mut batch.labels, &mut batch.annotations, &mut batch.patch, &mut batch.patch_json];
    for node in nodes.into_iter().flatten() {
        *node = fill(node);
    }
    batch.manifests = batch.manifests.iter().map(&mut fill).collect();
    let sections = [
        &mut batch.namespaces,
        &mut batch.config_maps,
        &mut batch.secrets,
        &mut batch.claims,
        &mut batch.service_accounts,
        &mut batch.services,
    ];
    for section in sections {
        let filled = fill(&Node::map(std::mem::take(section), Origin::NOWHERE));
        *section = filled.as_map().cloned().unwrap_or_default();
    }
}

/// Reports values for parameters that the batch does not declare.
fn check_known(given: &Map, declared: &Section, diagnostics: &mut Diagnostics) {
    for entry in given {
        if !declared.contains(&entry.key.text) {
            diagnostics.push(params::unknown(&entry.key, declared.iter().map(|entry| entry.key.text.as_str())));
        }
    }
}

/// Reports values from the command line that no batch of the run declares.
pub fn check_given(batches: &[&Node], given: &[Map], diagnostics: &mut Diagnostics) {
    let declared: BTreeSet<&str> = batches
        .iter()
        .filter_map(|root| root.get("params").and_then(Node::as_map))
        .flatten()
        .map(|entry| entry.key.text.as_str())
        .collect();
    for entry in given.iter().flatten() {
        if !declared.contains(entry.key.text.as_str()) {
            diagnostics.push(params::unknown(&entry.key, declared.iter().copied()));
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
    collect_reads(&document.root, sources, &mut read);
    // Templates of whole manifests are read here only for the names in them; findings come when they are rendered.
    let world = World { files, sources, spec: batch.file };
    for path in batch.manifests.iter().filter_map(Node::as_str).filter(|path| path.ends_with(".j2")) {
        for name in world.glob(path, Origin::default()).unwrap_or_default() {
            let text = world.peek(&name).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
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
    for entry in batch.params.iter().filter(|entry| unread(&entry.key.text)) {
        if params.get(&entry.key.text).is_some() {
            diagnostics.push(
                Diagnostic::new(
                    Code::UnusedParameter,
                    entry.key.origin,
                    format!("nothing reads the parameter `{}`", entry.key.text),
                )
                .help(format!("read it as `{{{{ params.{} }}}}`, or remove it", entry.key.text)),
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
                if entry.key.text == "where" && entry.value.text().is_some_and(|text| !expression::has_expression(text))
                {
                    let bare = smol_str::format_smolstr!("{{{{ {} }}}}", entry.value.as_str().unwrap_or_default());
                    collect_reads(&Node::string(bare, entry.value.origin()), sources, read);
                }
                collect_reads(&entry.value, sources, read);
            }
        }
        _ => {
            if let Some(Ok(template)) = expression::Template::of(node, sources) {
                read.extend(template.paths().into_iter().map(|(path, _)| SmolStr::from(path.join("."))));
            }
        }
    }
}
