//! The rule book: what the API server refuses although every field has its type.
//!
//! A settled structure enters, findings leave. A [`Rule`] stands at a type, and looks at the structure that it is given and
//! at what is in it, never around it: what many objects share is judged once. What a field takes by itself (types, words,
//! names) is the business of [`crate::check`].

/// The selector and template of a workload whose pods run on: the end of an example, after other fields.
macro_rules! selected {
    () => {
        ending!("dnsPolicy: Default")
    };
}

/// The same, with fields of the pods.
macro_rules! ending {
    ($pod:literal) => {
        concat!(
            "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {",
            $pod,
            ", containers: [{name: a, image: 'a:1'}]}}}"
        )
    };
}

/// A rule that holds the selector of a workload to the labels of its pods.
macro_rules! selects {
    ($name:literal, $at:literal) => {
        Rule {
            name: $name,
            at: $at,
            check: |at| {
                is_not_empty(at);
                finds_its_pods(at);
            },
            refuses: &[
                "{selector: {}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
                "{selector: {matchLabels: {a: c}}, \
                 template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            ],
            accepts: &[concat!("{", selected!())],
            ..Rule::ALWAYS
        }
    };
}

/// A rule that holds the pods of a workload to running on.
macro_rules! keeps_running {
    ($name:literal, $at:literal, $kind:literal) => {
        Rule {
            name: $name,
            at: $at,
            check: |at| runs_on(at, $kind),
            refuses: &[
                concat!("{", ending!("restartPolicy: Never")),
                concat!("{", ending!("restartPolicy: OnFailure")),
                concat!("{", ending!("activeDeadlineSeconds: 5")),
            ],
            accepts: &[concat!("{", ending!("restartPolicy: Always"))],
            ..Rule::ALWAYS
        }
    };
}

/// The template of a Job: the end of an example, after other fields.
macro_rules! once {
    () => {
        "template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}"
    };
}

/// The template of the Jobs of a `CronJob`: the end of an example, after other fields.
macro_rules! cron {
    () => {
        "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}}"
    };
}

mod address;
mod admission;
mod admission_binding;
mod admission_mutation;
mod admission_policy;
mod admission_scope;
mod advice;
mod aggregation;
mod asked;
mod at;
mod attachment;
mod autoscaling;
mod availability;
mod body;
mod certificate;
mod claim;
mod config;
mod confinement;
mod container;
mod cron_job;
mod csi;
mod daemon_set;
mod definition;
mod deployment;
mod deprecated;
mod device;
mod device_claim;
mod disruption;
mod endpoints;
mod enforced;
mod env;
mod flow_control;
mod host_name;
mod ignored;
mod ingress;
mod job;
mod job_policy;
mod lease;
mod limit_range;
mod memo;
mod metadata;
mod mount;
mod namespace;
mod network_policy;
mod node;
mod path;
mod pod;
mod pod_network;
mod pod_security;
mod priority;
mod probe;
mod projected;
mod quota;
mod rbac;
mod replica_set;
mod resources;
mod runtime_class;
mod scheduling;
mod security;
mod selector;
mod service;
mod service_address;
mod service_range;
mod set;
mod spelling;
mod standards;
mod stateful_set;
mod trap;
mod value;
mod volume;
mod volume_driver;
mod webhook;
mod workload;

use std::collections::HashMap;
use std::sync::LazyLock;

use smol_str::SmolStr;

pub use admission::{Placed, Policies};
pub use asked::{Asked, Beside};
pub use at::At;
pub use definition::described;
pub use enforced::Enforced;
pub use memo::{MOST_STRUCTURES, Memo, differ_unread, place};
pub use path::Path;
pub use set::{Asking, Gathered, Name, Outside, Set};
pub use standards::{Standard, judge_pods};

use crate::diagnostic::Diagnostic;
use crate::kubernetes::{Facts, Minor, ObjectKey, Type};
use crate::text::hole::{Look, Looks};
use crate::text::{Node, Origin};

/// Says why a text is refused.
type Check = fn(&str) -> Result<(), String>;

/// One thing that the server holds structures of a type to.
#[derive(Debug)]
pub struct Rule {
    /// A name for people who look for it, unique in the book: `container-image`.
    pub name: &'static str,
    /// The type of the structures that it looks at: `core/v1.Container`.
    pub at: &'static str,
    /// The types that the server holds to the same: those of other versions of the API, and such that share a part.
    pub kin: &'static [&'static str],
    /// The first minor that has it, and the last.
    pub minors: (Minor, Minor),
    /// Looks at a structure and reports what is refused.
    pub check: fn(&mut At<'_>),
    /// Structures that it refuses, in YAML, each with one mistake.
    pub refuses: &'static [&'static str],
    /// Structures that it warns of, each of one thing: the server takes them, and says the same.
    pub warns: &'static [&'static str],
    /// Their near twins, which are taken without a word.
    pub accepts: &'static [&'static str],
}

impl Rule {
    /// What every minor has, with nothing that it looks at: the start of a rule.
    const ALWAYS: Self = Self {
        name: "",
        at: "",
        kin: &[],
        minors: (Minor(0), Minor(u32::MAX)),
        check: |_| (),
        refuses: &[],
        warns: &[],
        accepts: &[],
    };

    fn is_for(&self, minor: Minor) -> bool {
        self.minors.0 <= minor && minor <= self.minors.1
    }
}

/// The rules of each file, in the order in which they are asked.
#[rustfmt::skip]
static BOOK: &[&[Rule]] = &[
    admission_binding::RULES,
    admission_mutation::RULES,
    admission_policy::RULES,
    admission_scope::RULES,
    aggregation::RULES,
    attachment::RULES,
    autoscaling::RULES,
    body::RULES,
    certificate::RULES,
    claim::RULES,
    config::RULES,
    confinement::RULES,
    container::RULES,
    cron_job::RULES,
    csi::RULES,
    daemon_set::RULES,
    definition::RULES,
    deployment::RULES,
    deprecated::RULES,
    device::RULES,
    device_claim::RULES,
    disruption::RULES,
    endpoints::RULES,
    env::RULES,
    flow_control::RULES,
    host_name::RULES,
    ignored::RULES,
    ingress::RULES,
    job::RULES,
    job_policy::RULES,
    lease::RULES,
    limit_range::RULES,
    metadata::RULES,
    mount::RULES,
    namespace::RULES,
    network_policy::RULES,
    node::RULES,
    pod::RULES,
    pod_network::RULES,
    pod_security::RULES,
    priority::RULES,
    probe::RULES,
    projected::RULES,
    quota::RULES,
    rbac::RULES,
    replica_set::RULES,
    resources::RULES,
    runtime_class::RULES,
    scheduling::RULES,
    security::RULES,
    selector::RULES,
    service::RULES,
    service_address::RULES,
    service_range::RULES,
    spelling::RULES,
    stateful_set::RULES,
    trap::RULES,
    volume::RULES,
    volume_driver::RULES,
    webhook::RULES,
];

/// Returns all rules.
pub fn book() -> impl Iterator<Item = &'static Rule> {
    BOOK.iter().copied().flatten()
}

/// Returns the rules of a type.
fn of_type(ty: &Type) -> Option<&'static [&'static Rule]> {
    static BY_TYPE: LazyLock<HashMap<&str, Vec<&Rule>>> = LazyLock::new(|| {
        let mut by_type: HashMap<&str, Vec<&Rule>> = HashMap::new();
        for rule in book() {
            let types = [rule.at].into_iter().chain(rule.kin.iter().copied());
            types.for_each(|ty| by_type.entry(ty).or_default().push(rule));
        }
        by_type
    });
    BY_TYPE.get(ty.name.as_str()).map(Vec::as_slice)
}

/// Asks all rules of its type about a structure that stands for those of many instances, as [`judge`] does; returns too the
/// rules that looked at what differs between them: of these nothing is told, they are to be asked about each.
pub fn judge_all(
    node: &Node,
    ty: &'static Type,
    facts: &'static Facts,
    origin: Origin,
    path: &Path<'_>,
    object: Option<&ObjectKey>,
    looks: &Looks,
) -> (Vec<(String, Diagnostic)>, Vec<Waiting>) {
    let mut at = At::new(node, ty, facts, origin).placed(path.top(), object);
    let mut waiting = Vec::new();
    for rule in of_type(ty).unwrap_or_default().iter().filter(|rule| rule.is_for(facts.minor)) {
        let found = at.found();
        at.watch(rule.check);
        let mut holes: Vec<usize> = looks.take().iter().map(Look::slot).collect();
        if !holes.is_empty() {
            at.forget(found);
            holes.sort_unstable();
            holes.dedup();
            waiting.push(Waiting { rule, ty, origin, top: path.top().map(SmolStr::new), holes });
        }
    }
    (at.into_findings(), waiting)
}

/// A rule that is to be asked about the structure of each instance.
#[derive(Debug)]
pub struct Waiting {
    rule: &'static Rule,
    ty: &'static Type,
    origin: Origin,
    top: Option<SmolStr>,
    holes: Vec<usize>,
}

impl Waiting {
    /// Returns the numbers of the holes that the rule looked into, sorted.
    pub fn holes(&self) -> &[usize] {
        &self.holes
    }

    /// Whether the rule finds nothing.
    pub fn is_sound(&self, node: &Node, facts: &'static Facts, object: &ObjectKey) -> bool {
        let mut at = At::new(node, self.ty, facts, self.origin).placed(self.top.as_deref(), Some(object));
        (self.rule.check)(&mut at);
        at.into_findings().is_empty()
    }
}

/// Asks all rules of its type about a structure that was written at `origin`, and returns what they found, each with its
/// place below the structure; `path` is where that stands in its object. Rules that a memo knows to find nothing are left out.
pub fn judge(
    node: &Node,
    ty: &Type,
    facts: &Facts,
    origin: Origin,
    path: &Path<'_>,
    object: Option<&ObjectKey>,
    memo: Option<&mut Memo>,
) -> Vec<(String, Diagnostic)> {
    let Some(rules) = of_type(ty) else { return Vec::new() };
    let mut at = At::new(node, ty, facts, origin).placed(path.top(), object);
    let place = memo.as_ref().map_or(0, |_| place(ty, path, object));
    let recalled = memo.as_ref().and_then(|memo| memo.recall(place, node, ty, facts));
    let mut looked = Vec::with_capacity(rules.len());
    for (number, rule) in rules.iter().enumerate() {
        let same = recalled.and_then(|(changed, looked)| looked.get(number).copied().filter(|at| at & changed == 0));
        looked.push(match same {
            Some(same) => same,
            None if rule.is_for(facts.minor) => at.watch(rule.check),
            None => 0,
        });
    }
    if let Some(memo) = memo {
        memo.insert(place, node, looked);
    }
    at.into_findings()
}
