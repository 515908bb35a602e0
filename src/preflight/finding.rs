//! Findings of a preflight, folded: what many objects share is said once, with a few of their names.

use std::collections::BTreeMap;

use super::batch::Object;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, Severity};
use crate::text::Origin;

/// The most names that a finding tells.
const MOST_NAMES: usize = 3;

/// One finding about one object.
pub(super) struct Found<'m> {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) object: Object<'m>,
    pub(super) origin: Origin,
    /// The path of the field in the object; empty for the whole of it.
    pub(super) field: String,
    pub(super) message: String,
    pub(super) help: Vec<String>,
    /// How many pods of how many would wait, where the message is why.
    pub(super) pods: Option<(u64, u64)>,
}

/// A finding, and whom it is about.
struct Entry {
    order: usize,
    finding: Diagnostic,
    names: Vec<String>,
    pods: Option<(u64, u64)>,
}

/// Findings on their way out.
#[derive(Default)]
pub(super) struct Findings {
    all: BTreeMap<(Code, String, Option<Origin>), Entry>,
}

impl<'m> Found<'m> {
    /// Returns a finding of the code's own severity about an object as a whole.
    pub(super) fn new(code: Code, object: Object<'m>, message: impl Into<String>) -> Self {
        let (severity, origin, message) = (code.severity(), object.manifest.origin, message.into());
        Self { code, severity, object, origin, field: String::new(), message, help: Vec::new(), pods: None }
    }

    /// Says which field it is about, and where that is written.
    pub(super) fn at(mut self, (origin, field): (Origin, impl Into<String>)) -> Self {
        if !origin.is_nowhere() {
            self.origin = origin;
        }
        self.field = field.into();
        self
    }

    /// Sets its severity.
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds a way out.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

impl Findings {
    /// Adds a finding that objects share which are written at one place.
    pub(super) fn here(&mut self, found: Found<'_>) {
        let origin = Some(found.origin);
        self.add(found, origin);
    }

    /// Adds a finding that objects share wherever they are written.
    pub(super) fn anywhere(&mut self, found: Found<'_>) {
        self.add(found, None);
    }

    fn add(&mut self, found: Found<'_>, origin: Option<Origin>) {
        let Found { code, severity, object, origin: place, field, message, help, pods } = found;
        let name = object.manifest.key.to_string();
        let order = self.all.len();
        let fresh = || {
            let finding = Diagnostic::new(code, place, message.clone()).severity(severity).subject(name.clone(), field);
            Entry { order, finding: Diagnostic { help, count: 0, ..finding }, names: Vec::new(), pods: None }
        };
        let entry = self.all.entry((code, message.clone(), origin)).or_insert_with(fresh);
        // An object that asks for a thing twice asks for it once.
        if entry.names.last() == Some(&name) {
            return;
        }
        entry.names.push(name);
        let (waiting, all) = entry.pods.unwrap_or_default();
        entry.pods = pods.map(|pods| (waiting + pods.0, all + pods.1));
        let finding = &mut entry.finding;
        finding.severity = finding.severity.min(severity);
        finding.count += 1;
        let known = finding.origin == place || finding.labels.iter().any(|label| label.origin == place);
        if !known && finding.labels.len() < MOST_NAMES {
            finding.labels.push(Label { origin: place, text: "and here".into() });
        }
    }

    /// Returns the findings.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let mut all: Vec<Entry> = self.all.into_values().collect();
        all.sort_by_key(|entry| entry.order);
        all.into_iter().map(Entry::into_diagnostic).collect()
    }
}

impl Entry {
    fn into_diagnostic(self) -> Diagnostic {
        let Self { mut finding, names, pods, .. } = self;
        if let Some((waiting, all)) = pods {
            let subject = match (waiting, all) {
                (waiting, all) if waiting < all => format!("{waiting} of {} would stay", counted(all, "pod")),
                (1, _) => "the pod would stay".into(),
                _ => format!("all {} would stay", counted(all, "pod")),
            };
            finding.message = format!("{subject} Pending: {}", finding.message);
        }
        if names.len() > 1 { finding.help(format!("found in {}", some(&names))) } else { finding }
    }
}

/// Names a few of many: "`a`, `b`, `c` and 297 more".
pub(super) fn some(names: &[String]) -> String {
    let told: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// Returns a number with its noun.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
