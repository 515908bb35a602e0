//! The objects of a run as those meet that are applied together: each is told as it is made, findings leave at the end.
//!
//! Files of different sets may be for different clusters; an object of several is looked at in each.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Unit;
use super::veiled::Veiled;
use crate::check::Roles;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kubernetes::Manifest;
use crate::rules::{Asking, Gathered, Outside, Set};
use crate::text::{FileId, Origin};

/// What says, of instances that ask for nothing, what they are to others.
type Deferred<'u> = (&'u [u32], Box<dyn Fn(&mut dyn FnMut(Vec<Gathered>)) + 'u>);

/// The sets of a run.
pub(super) struct Whole<'r, 'u> {
    roles: &'r Roles,
    sets: BTreeMap<u32, Set>,
    specs: BTreeSet<FileId>,
    /// Whether any object asks for something that it does not have: until then nobody has to know what others are.
    is_asked: bool,
    deferred: Vec<Deferred<'u>>,
    /// What the objects have at secret places.
    pub(super) veiled: Veiled,
}

impl<'r, 'u> Whole<'r, 'u> {
    /// Returns sets without objects; `roles` say which files belong to which, and what other programs add.
    pub(super) fn new(roles: &'r Roles, veiled: Veiled) -> Self {
        let mut sets: BTreeMap<u32, Set> = BTreeMap::new();
        for (set, kind, name) in roles.given() {
            sets.entry(set).or_default().external(kind, name);
        }
        Self { roles, sets, specs: BTreeSet::new(), is_asked: false, deferred: Vec::new(), veiled }
    }

    /// Adds an object that was written as it is.
    pub(super) fn add_written(&mut self, object: &Manifest) {
        let role = self.roles.of(object.origin.file);
        for set in role.sets() {
            let gathered = Gathered::of([object], false, role.moved);
            self.is_asked |= !gathered.is_quiet();
            self.sets.entry(*set).or_default().add(gathered);
        }
    }

    /// Whether any object asks for something that it does not have.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Leaves instances that ask for nothing until somebody asks for anything.
    pub(super) fn defer(&mut self, sets: &'u [u32], gather: impl Fn(&mut dyn FnMut(Vec<Gathered>)) + 'u) {
        self.deferred.push((sets, Box::new(gather)));
    }

    /// Forgets what was left, since nobody has asked.
    pub(super) fn without_deferred<'w>(self) -> Whole<'r, 'w> {
        let Self { roles, sets, specs, is_asked, veiled, .. } = self;
        Whole { roles, sets, specs, is_asked, deferred: Vec::new(), veiled }
    }

    /// Adds what was left until somebody asks.
    pub(super) fn flush(&mut self) {
        self.is_asked = true;
        for (sets, gather) in std::mem::take(&mut self.deferred) {
            gather(&mut |gathered| self.add(sets, gathered));
        }
    }

    /// Adds what is known of objects that were made together, once for each of some sets.
    pub(super) fn add(&mut self, sets: &[u32], gathered: Vec<Gathered>) {
        for (set, gathered) in sets.iter().zip(gathered) {
            self.sets.entry(*set).or_default().add(gathered);
        }
    }

    /// Adds the objects of a batch as a whole, and what it says is there already.
    pub(super) fn add_batch(&mut self, unit: &Unit, own: &[Manifest]) {
        let batch = &unit.expanded.batch;
        self.specs.extend(batch.parts.iter().chain([&batch.file]));
        for set in self.roles.of(batch.file).sets() {
            let set = self.sets.entry(*set).or_default();
            // There may be thousands of them, which ask nothing of one another.
            own.iter().for_each(|object| set.add(Gathered::of([object], true, false)));
            unit.declared.external().for_each(|(kind, name)| set.external(kind, name));
        }
    }

    /// Says what is wrong between the objects. Where some could not be made, nobody knows what is missing.
    pub(super) fn judge(self, outside: Outside, diagnostics: &mut Diagnostics) {
        let is_lost = |finding: &&Diagnostic| {
            let is_spec = self.specs.contains(&finding.origin.file);
            finding.severity == Severity::Error && if is_spec { !is_of_names(finding.code) } else { loses(finding) }
        };
        let lost = diagnostics.iter().filter(is_lost).flat_map(|finding| self.roles.of(finding.origin.file).sets());
        let lost: BTreeSet<u32> = lost.copied().collect();
        let undeclared = diagnostics.iter().filter(|finding| is_of_names(finding.code));
        let told: HashSet<Origin> = undeclared.map(|finding| finding.origin).collect();
        for (number, set) in &self.sets {
            let is_whole = !lost.contains(number);
            let asking = Asking {
                outside: if is_whole { outside } else { Outside::Silent },
                is_whole,
                is_told: &|place| told.contains(&place),
                is_there: &|name| self.sets.values().any(|set| set.has(name)),
            };
            let mut found = Diagnostics::new();
            found.extend(set.judge(&asking));
            // What is wrong in several sets is one mistake.
            found.retain(|finding| !diagnostics.contains(finding));
            diagnostics.append(found);
        }
    }
}

fn is_of_names(code: Code) -> bool {
    code == Code::UndeclaredReference
}

/// Whether an object of a manifest is not there, or not known, after a finding.
fn loses(finding: &Diagnostic) -> bool {
    match finding.code {
        Code::UnreadableFile
        | Code::FileTooLarge
        | Code::InvalidEncoding
        | Code::InvalidYaml
        | Code::TooManyAliases
        | Code::NotAMapping
        | Code::UnknownKind
        | Code::InvalidExpression => true,
        // Without it nobody knows what object it is.
        Code::MissingField => finding.subject.is_none(),
        _ => false,
    }
}
