//! The pipeline as a whole: texts in, objects in install order out.
//!
//! Compiling runs twice over the instances: once to check them all, before a byte is written, and once more to emit
//! them, so that a batch of any size needs little memory. Small batches keep their objects from the first run.

mod additions;
mod anew;
mod behind;
mod folder;
mod identities;
mod include;
mod input;
mod json_patch;
mod kept;
mod kustomization;
mod later;
mod made;
mod manifests;
mod order;
mod policies;
mod rendered;
mod secrets;
mod sets;
mod settings;
mod spine;
mod stamp;
mod stencil;
mod survey;
mod veiled;
mod whole;

pub use folder::Skipped;
pub use input::{Inputs, read_inputs, survey_inputs};
pub use kept::{KEPT_FOLDER, KEPT_MARK, definitions, is_kept, kept_for};
pub use later::Later;
pub use made::Measured;
pub use order::{Batched, Producer};
pub use policies::holds_policy;
pub use rendered::Rendered;
pub use settings::Settings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use smol_str::SmolStr;

use self::anew::{Anew, Held};
use self::made::{Made, OfKind};
use self::stamp::Maker;
use self::veiled::Veiled;
use self::whole::Whole;
use crate::check::{self, Mode, Purpose, Role, Roles};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::expand::{self, Expanded, Options, World};
use crate::kubernetes::{Facts, Manifest};
use crate::lower::{BatchPatches, Context, Declarations, Declared};
use crate::read::{Document, Files};
use crate::rules::{Asked, Policies};
use crate::text::{FileId, Node, Origin, Sources};

/// Checked batches and manifests, ready to be emitted.
#[derive(Debug)]
pub struct Compilation {
    facts: &'static Facts,
    units: Vec<Unit>,
    manifests: Vec<Manifest>,
    rendered: Vec<Rendered>,
    sequence: Vec<Batched>,
    anew: Anew,
}

/// One batch with all that its instances share.
#[derive(Debug)]
struct Unit {
    expanded: Expanded,
    declared: Declarations,
    patches: BatchPatches,
    /// Its ConfigMaps and Secrets, settled.
    own: Vec<Manifest>,
    /// What is asked of its objects.
    asked: Asked,
    /// The policies that it names.
    policies: Policies,
    /// What each plan makes.
    stamped: Vec<Arc<stamp::Stamped>>,
}

impl Unit {
    /// Returns where the batch is written.
    fn place(&self) -> Origin {
        self.expanded.batch.root.origin()
    }

    /// Returns the namespace of the batch, so far as it writes one.
    fn namespace(&self) -> Option<SmolStr> {
        self.expanded.batch.namespace.as_ref().and_then(Node::text).cloned()
    }

    fn held<'a>(&'a self, roles: &'a Roles) -> Held<'a> {
        let sets = roles.of(self.expanded.batch.file).sets();
        Held { asked: &self.asked, policies: &self.policies, sets }
    }

    fn context<'a>(&'a self, anew: &'a Anew) -> Context<'a> {
        Context {
            facts: anew.facts,
            batch: &self.expanded,
            declared: &self.declared,
            patches: &self.patches,
            identify: anew,
        }
    }
}

/// Compiles all inputs; whether what comes back may be emitted is for those to say who judge the findings.
pub fn compile(
    inputs: Inputs,
    settings: &Settings,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Compilation {
    expand::metered(|| compile_inputs(inputs, settings, files, sources, diagnostics)).0
}

fn compile_inputs(
    inputs: Inputs,
    settings: &Settings,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Compilation {
    let facts = settings.facts;
    let Inputs { mut specs, lost, manifests: mut documents, rendered, mut roles, mut later, kept, .. } = inputs;
    let known = settings.definitions.iter().chain(&kept).map(|document| document.root.clone());
    let known = check::settled_definitions(known, facts);
    if later.is_expected() {
        let mut may_have: BTreeMap<FileId, bool> = BTreeMap::new();
        for document in &mut documents {
            let looks = || sources.file(document.file).is_none_or(|file| later::may_have_holes(&file.text));
            if *may_have.entry(document.file).or_insert_with(looks) {
                document.root = later.filled(&document.root);
            }
        }
    }
    let mut options = settings.options.clone();
    for spec in &mut specs {
        expand::read_tables(spec, &options.profiles, files, sources, diagnostics);
    }
    expand::read_given_tables(&mut options.params, &specs, files, sources, diagnostics);
    let given = options.params.clone();
    let mut flow = secrets::Flow::of(&specs, &given, sources);
    if !lost {
        check_command_line(&specs, &options, diagnostics);
    }

    let mut batches = Vec::new();
    for document in &specs {
        let first_read = sources.next_id();
        let expanded = expand::expand(document, facts, &options, files, sources, diagnostics);
        flow.hide_wrong_rows(first_read, diagnostics, sources);
        if let Some(expanded) = expanded {
            options.made += expanded.plans.iter().map(expand::Plan::len).sum::<usize>();
            batches.push(expanded);
        }
    }
    batches.sort_by(|left, right| (&left.batch.name, left.batch.file).cmp(&(&right.batch.name, right.batch.file)));
    let mut documents: Vec<(Node, Origin)> =
        documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect();
    let mut made = Vec::new();
    for batch in &batches {
        flow.hide_cells(batch, sources);
        let passed = manifests::read(batch, files, sources, &mut made, diagnostics);
        // They are made with the batch, and meet what that meets.
        let sets = roles.of(batch.batch.file).sets.clone();
        for file in &batch.batch.parts {
            let mut role = roles.of(*file).clone();
            role.sets.extend(sets.iter().filter(|set| !roles.of(*file).sets.contains(set)));
            roles.set(*file, role);
        }
        for (_, origin) in &passed {
            roles.set(origin.file, Role { sets: sets.clone(), ..Role::default() });
        }
        documents.extend(passed);
    }
    flow.through(&made, sources);
    // Together with what another tool rendered, so that each knows the definitions and names of the other.
    let own = documents.len();
    for document in &rendered {
        roles.set(document.file, Role { purpose: Purpose::Rendered, ..Role::default() });
    }
    documents.extend(rendered.iter().map(|document| (document.root.clone(), document.root.origin())));
    let places = rendered::places(&documents[own..]);
    let (manifests, findings) = check::check_objects_of(documents, facts, Mode::Manifest, &roles, &known);
    diagnostics.append(findings);
    let in_force = policies::in_force(&manifests, &settings.policies, &roles, facts, diagnostics);
    let steps = anew::Steps::of(settings.options.max_instances);
    let mut anew = Anew::new(facts, &manifests, &known, in_force, steps, !diagnostics.has_errors());
    (anew.each_alone, anew.kept_instances) = (settings.each_alone, settings.kept_instances);

    let mut units = read_units(batches, &manifests, facts, &settings.options, files, sources, diagnostics);
    let (manifests, rendered) = rendered::tell_apart(manifests, &places);
    let rendered = rendered::patch(rendered, &units, &anew, diagnostics);
    // Those of another tool as the patches leave them.
    let given: Vec<&Manifest> = manifests.iter().chain(rendered.iter().map(|object| &object.manifest)).collect();
    anew.enforce(&units, &given, &roles);
    policies::judge_given(&given, &anew, &settings.asked, &roles, diagnostics);
    for unit in &mut units {
        unit.asked = asked_of(&unit.expanded.batch.rules, &settings.asked, diagnostics);
    }
    let mut whole = make_objects(&mut units, &given, &anew, &roles, flow.is_any(), sources, diagnostics);
    identities::check(&units, &manifests, &anew, &roles, diagnostics);
    identities::check_uses(&units, &rendered, diagnostics);
    identities::check_patched(&manifests, &rendered, diagnostics);
    let veiled = std::mem::take(&mut whole.veiled);
    whole.judge(settings.outside, diagnostics);
    later.settle(diagnostics);
    let found = std::mem::take(diagnostics).into_iter();
    // There may be very many batches in one file: each finding goes to its own.
    let mut in_order: Vec<&Unit> = units.iter().collect();
    in_order.sort_unstable_by_key(|unit| unit.place());
    *diagnostics = found.map(|finding| tell_behind(veiled.mark(finding), &in_order, sources)).collect();
    let sequence = order::sequence(&units, &manifests);
    Compilation { facts, units, manifests, rendered, sequence, anew }
}

/// Makes and checks the objects of all batches; returns what is known of them, and of those that are given, together.
fn make_objects<'r, 'w>(
    units: &mut [Unit],
    given: &[&Manifest],
    anew: &Anew,
    roles: &'r Roles,
    has_secrets: bool,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Whole<'r, 'w> {
    let contexts: Vec<Context<'_>> = units.iter().map(|unit| unit.context(anew)).collect();
    let mut whole = Whole::new(roles, Veiled::of(has_secrets));
    given.iter().for_each(|object| whole.add_written(object));
    given.iter().for_each(|object| whole.veiled.note(object, sources));
    let mut stamped: Vec<Vec<Arc<stamp::Stamped>>> = Vec::new();
    for (unit, context) in units.iter().zip(&contexts) {
        let held = unit.held(roles);
        let check = |plan| {
            let maker = Maker { context, anew, plan };
            let stamped = Arc::new(stamp::check(maker, held, sources, &mut whole, diagnostics));
            if stamped.is_deferred {
                let stamped = stamped.clone();
                whole.defer(held.sets, move |each| maker.gather(&stamped, held.sets, 0..stamped.len(), each));
            }
            stamped
        };
        stamped.push(unit.expanded.plans.iter().map(check).collect());
    }
    // Now it is known who refers to what, also across batches.
    let own: Vec<Vec<Manifest>> = units
        .iter()
        .map(|unit| {
            let own = own_objects(unit, anew, roles, diagnostics);
            own.iter().for_each(|object| whole.veiled.note(object, sources));
            unit.patches.finish(diagnostics);
            whole.add_batch(unit, &own);
            own
        })
        .collect();
    let whole = whole.without_deferred();
    drop(contexts);
    for (unit, (stamped, own)) in units.iter_mut().zip(stamped.into_iter().zip(own)) {
        (unit.stamped, unit.own) = (stamped, own);
    }
    whole
}

/// Makes and checks the objects of a batch that no entry makes alone.
fn own_objects(unit: &Unit, anew: &Anew, roles: &Roles, diagnostics: &mut Diagnostics) -> Vec<Manifest> {
    let mut findings = Diagnostics::new();
    let own = crate::lower::shared_objects(&unit.context(anew), &mut findings);
    let memo = &mut check::Memo::default();
    let own: Vec<Manifest> = own.into_iter().map(|object| anew::settle(object, anew, memo, &mut findings)).collect();
    anew::check_applied(&own, anew, unit.held(roles), &mut findings);
    anew::name_subjects(&own, &mut findings);
    diagnostics.append(findings);
    own
}

/// Tells what stands behind a finding that is about no instance: its batch, or any where a template was rendered. The
/// batches are in the order of their places.
fn tell_behind(finding: Diagnostic, units: &[&Unit], sources: &Sources) -> Diagnostic {
    if finding.origin.is_nowhere() || !finding.labels.is_empty() {
        return finding;
    }
    let file = sources.written(finding.origin).file;
    let is_made = file != finding.origin.file;
    let fold = |finding, unit: &&Unit| behind::tell(finding, &unit.expanded, None, &unit.expanded.scope(), sources);
    if is_made {
        return units.iter().fold(finding, fold);
    }
    let place = finding.origin;
    let after = units.partition_point(|unit| (unit.place().file, unit.place().start) <= (place.file, place.start));
    let around = units[..after].last().filter(|unit| unit.place().holds(place));
    around.into_iter().fold(finding, fold)
}

/// Returns what a run asks for, and a batch beside it.
fn asked_of(rules: &[Node], run: &Asked, diagnostics: &mut Diagnostics) -> Asked {
    let mut asked = run.clone();
    for node in rules {
        let word = node.text().map_or("", |word| word.trim());
        if let Err(message) = asked.add(word) {
            diagnostics.push(Diagnostic::new(Code::InvalidValue, node.origin(), message));
        }
    }
    asked
}

/// Reads what the instances of each batch share; batches of one run see each other's ConfigMaps and Secrets.
fn read_units(
    batches: Vec<Expanded>,
    manifests: &[Manifest],
    facts: &'static Facts,
    options: &Options,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Unit> {
    let passed = manifests.iter().map(|manifest| (manifest.key.kind.clone(), manifest.key.name.clone()));
    let plans = batches.iter().flat_map(|batch| &batch.plans);
    let made = plans.filter_map(|plan| Some((plan, plan.form.object()?)));
    let made = made.flat_map(|(plan, kind)| (0..plan.len()).map(move |at| (kind.clone(), plan.name(at).clone())));
    let known: Arc<BTreeSet<(SmolStr, SmolStr)>> = Arc::new(passed.chain(made).collect());
    let mut units: Vec<Unit> = batches
        .into_iter()
        .map(|expanded| {
            let mut world = World::around(&expanded.batch, files, sources);
            let declared = Declarations::read(&expanded, known.clone(), options, &mut world, diagnostics);
            let batch = &expanded.batch;
            let patches = BatchPatches::read(batch.patch.as_ref(), batch.patch_json.as_ref(), diagnostics);
            let asked = Asked::default();
            let policies = policies::of_batch(&expanded, facts, files, world.sources, diagnostics);
            Unit { expanded, declared, patches, own: Vec::new(), asked, policies, stamped: Vec::new() }
        })
        .collect();
    let mut declared: HashMap<Option<SmolStr>, Declared> = HashMap::new();
    for unit in &units {
        let shared = declared.entry(unit.namespace()).or_default();
        for (name, one) in unit.declared.shared() {
            shared.entry(name.clone()).or_insert_with(|| one.clone());
        }
    }
    let declared: HashMap<Option<SmolStr>, Arc<Declared>> =
        declared.into_iter().map(|(namespace, shared)| (namespace, Arc::new(shared))).collect();
    for unit in &mut units {
        unit.declared.import(declared[&unit.namespace()].clone());
    }
    units
}

/// Reports parameters and profiles that no batch of the run declares.
fn check_command_line(specs: &[Document], options: &Options, diagnostics: &mut Diagnostics) {
    let roots: Vec<&Node> = specs.iter().map(|document| &document.root).collect();
    expand::check_given(&roots, &options.params, diagnostics);
    for profile in &options.profiles {
        let declared = || {
            let profiles = roots.iter().filter_map(|root| root.get("profiles").and_then(Node::as_map)).flatten();
            profiles.map(|entry| entry.key.text.as_str())
        };
        if declared().any(|name| name == profile) {
            continue;
        }
        let origin = roots
            .iter()
            .find_map(|root| root.as_map()?.entry("profiles").map(|entry| entry.key.origin))
            .or_else(|| roots.first().map(|root| root.origin().at_start()))
            .unwrap_or(Origin::NOWHERE);
        let names = crate::diagnostic::words::list(declared(), "and");
        let help = suggestion(profile, declared()).or_else(|| (!names.is_empty()).then(|| format!("there is {names}")));
        diagnostics.push(
            Diagnostic::new(Code::UnknownProfile, origin, format!("no profile `{profile}` is declared"))
                .maybe_help(help),
        );
    }
}

impl Compilation {
    /// Returns the facts that were compiled for.
    pub fn facts(&self) -> &'static Facts {
        self.facts
    }

    /// Returns the batches.
    pub fn batches(&self) -> impl Iterator<Item = &Expanded> {
        self.units.iter().map(|unit| &unit.expanded)
    }

    /// Returns the name of the output as a whole: the batch's, where there is one.
    pub fn name(&self) -> &str {
        match self.units.as_slice() {
            [unit] => &unit.expanded.batch.name,
            _ => "fanfold",
        }
    }

    /// Returns what another tool rendered, patched, in the order of the input; it is none of the objects.
    pub fn rendered(&self) -> &[Rendered] {
        &self.rendered
    }

    /// Returns the number of objects.
    pub fn len(&self) -> usize {
        let made: usize = self
            .units
            .iter()
            .map(|unit| unit.own.len() + unit.stamped.iter().map(|stamped| stamped.identities.len()).sum::<usize>())
            .sum();
        made + self.manifests.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with every object in install order, rendered by `render` on all cores; stops at the first error.
    pub fn render<T: Send, E>(
        &self,
        render: impl Fn(&Manifest) -> T + Sync,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.made(|made, _| match made {
            Made::One(object) => each(render(object)),
            Made::Many(objects) => objects.render(&render, &mut each),
        })
    }

    /// Calls `each` with all objects in install order as documents of YAML, many at a time; stops at the first error. Objects
    /// of kinds that are not `wanted`, by their group and kind, are left out.
    pub fn write<E>(
        &self,
        wanted: impl Fn(&str, &str) -> bool,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.made(|made, (group, kind)| match made {
            _ if !wanted(group, kind) => Ok(()),
            Made::One(object) => each(&made::document(object)),
            Made::Many(objects) => objects.write(&mut each),
        })
    }

    /// Calls `each` with all objects in install order, in numbers.
    pub fn measure(&self, mut each: impl FnMut(Measured)) {
        let Ok(()) = self.made(|made, _| {
            match made {
                Made::One(object) => each(Measured::of(object)),
                Made::Many(objects) => objects.measure(&mut each),
            }
            Ok::<(), Infallible>(())
        });
    }

    /// Calls `each` with what makes the objects, in install order, and their group and kind; stops at the first error.
    fn made<E>(&self, mut each: impl FnMut(Made<'_>, &(SmolStr, SmolStr)) -> Result<(), E>) -> Result<(), E> {
        for Batched { kind, producer } in &self.sequence {
            match *producer {
                Producer::Manifest(at) => each(Made::One(&self.manifests[at]), kind)?,
                Producer::Own(unit, at) => each(Made::One(&self.units[unit].own[at]), kind)?,
                Producer::Plan(unit, plan) => {
                    let unit = &self.units[unit];
                    let (context, stamped) = (&unit.context(&self.anew), &unit.stamped[plan]);
                    let maker = Maker { context, anew: &self.anew, plan: &unit.expanded.plans[plan] };
                    each(Made::Many(OfKind { maker, stamped, kind }), kind)?;
                }
            }
        }
        Ok(())
    }

    /// Returns all objects in install order.
    pub fn objects(&self) -> Vec<Manifest> {
        let mut objects = Vec::with_capacity(self.len());
        let collected: Result<(), Infallible> = self.render(Clone::clone, |object| {
            objects.push(object);
            Ok(())
        });
        match collected {
            Ok(()) => objects,
        }
    }
}
