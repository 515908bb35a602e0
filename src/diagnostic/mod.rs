//! Findings: one model, a renderer for each format.
//!
//! A [`Diagnostic`] names what is wrong, where it was written, why, and a way out. [`Diagnostics`] collects them; what
//! leaves it is sorted and free of repetition: one cause, one finding, however many instances repeat it.

mod code;
mod explain;
mod fix;
mod render;
mod suggest;
pub(crate) mod words;

pub use code::Code;
pub use explain::{Example, Page, explanation};
pub use fix::{Applicability, Edit, Fix};
pub use render::{Format, Style, masked, render, to_json};
pub use suggest::{did_you_mean, has_slips, is_near, suggestion, surely_means};

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::limits;
use crate::text::{Origin, Sources};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It would be refused, or cannot work: no output is written.
    Error,
    /// It is taken, but it is a known trap.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A further place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// What is to be seen there.
    pub text: String,
}

/// The generated or given object that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// `kind` and `namespace/name`, as kubectl prints them: `Deployment shop/web`.
    pub object: String,
    /// The path of the field in it, as the API server writes paths; empty for the object as a whole.
    pub field: String,
    /// Whether the place of the finding is in the object itself, and not in what becomes of it.
    pub written: bool,
    /// Where the name of the object and its namespace come from; nowhere where that is not known.
    pub named: [Origin; 2],
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// How bad it is, after `--deny` and `--allow`.
    pub severity: Severity,
    /// What is wrong: lowercase, no full stop, names in backticks, expected before found.
    pub message: String,
    /// The place that the carets point at.
    pub origin: Origin,
    /// What is to be seen there; may be empty.
    pub label: String,
    /// Further places.
    pub labels: Vec<Label>,
    /// Ways out, each a sentence fragment.
    pub help: Vec<String>,
    /// A change of the sources that mends it.
    pub fix: Option<Fix>,
    /// The object and field that it became.
    pub subject: Option<Subject>,
    /// The layer of a batch that it is in, where that is not the workload itself: `template gpu`.
    pub layer: Option<String>,
    /// The template that another tool rendered the object from, where a comment above it says so.
    pub template: Option<String>,
    /// In how many objects the same cause was found.
    pub count: usize,
    /// For how many further findings of its code it stands, which are not told one by one; mostly none.
    pub others: usize,
    /// Whether its texts hold names of keys, fields and kinds alone, and no value.
    pub names_alone: bool,
    /// Places of values that its texts repeat, which are not shown.
    pub repeats: Vec<Origin>,
}

impl Diagnostic {
    /// Returns a finding of the code's own severity.
    pub fn new(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            origin,
            label: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            fix: None,
            subject: None,
            layer: None,
            template: None,
            count: 1,
            others: 0,
            names_alone: false,
            repeats: Vec::new(),
        }
    }

    /// Returns the finding that stands for further ones of a code, which are only counted.
    pub fn counting(code: Code, severity: Severity, others: usize) -> Self {
        let message = format!("and {} more of `{code}`", words::grouped(others));
        Self { others, ..Self::new(code, Origin::NOWHERE, message).severity(severity) }
    }

    /// Says what is to be seen at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds a further place; that of the finding itself is none.
    #[must_use]
    pub fn also(mut self, origin: Origin, text: impl Into<String>) -> Self {
        if !origin.is_nowhere() && !origin.is_broken() && origin != self.origin {
            self.labels.push(Label { origin, text: text.into() });
        }
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds a way out where there is one.
    #[must_use]
    pub fn maybe_help(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }

    /// Names the object and field that it became.
    #[must_use]
    pub fn subject(mut self, object: impl Into<String>, field: impl Into<String>) -> Self {
        self.subject =
            Some(Subject { object: object.into(), field: field.into(), written: false, named: [Origin::NOWHERE; 2] });
        self
    }

    /// Says that the object that the finding names was written as it is, and not generated.
    #[must_use]
    pub fn as_written(mut self) -> Self {
        if let Some(subject) = &mut self.subject {
            subject.written = true;
        }
        self
    }

    /// Says that its texts hold names of keys, fields and kinds alone: they are told even where a secret stands.
    #[must_use]
    pub fn names_alone(mut self) -> Self {
        self.names_alone = true;
        self
    }

    /// Names places of values that its texts repeat: where one of them is secret, so are the texts.
    #[must_use]
    pub fn repeats(mut self, places: impl IntoIterator<Item = Origin>) -> Self {
        self.repeats.extend(places);
        self
    }

    /// Returns all its texts, a line each, and what its fix would write.
    pub fn texts(&self) -> String {
        let labels = self.labels.iter().map(|label| label.text.as_str());
        let edits = self.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.replacement.as_str());
        let own = [self.message.as_str(), self.label.as_str()].into_iter();
        own.chain(labels).chain(self.help.iter().map(String::as_str)).chain(edits).collect::<Vec<_>>().join("\n")
    }

    /// Sets another severity than the code's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// A collection of findings.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    // Keyed by what makes two findings one: the same code, place and message. The order is the order of output.
    found: BTreeMap<(Origin, Code, String), Diagnostic>,
    // How many there are of each code, and how many of them were only counted, since there were too many to keep.
    numbers: BTreeMap<Code, (usize, usize)>,
}

impl Diagnostics {
    /// Returns an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding; a repetition of one that is there only counts up, and about what is broken all is said.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let mut diagnostic = diagnostic;
        if diagnostic.origin.is_broken() {
            return;
        }
        if diagnostic.others > 0 {
            self.numbers.entry(diagnostic.code).or_default().1 += diagnostic.others;
            return;
        }
        // A message is cut when it is shown; only what would take memory for nothing is cut here.
        if diagnostic.message.len() > 16 * limits::MESSAGE_BYTES {
            diagnostic.message = words::cut(&diagnostic.message).into_owned();
        }
        let (code, count) = (diagnostic.code, diagnostic.count);
        match self.found.entry((diagnostic.origin, code, diagnostic.message.clone())) {
            Entry::Occupied(known) => {
                let known = known.into_mut();
                known.count += count;
                // What mends it for one object does not for the other.
                known.fix = known.fix.take().filter(|fix| diagnostic.fix.as_ref() == Some(fix));
            }
            Entry::Vacant(free) => {
                let (kept, counted) = self.numbers.entry(code).or_default();
                if *kept < limits::FINDINGS_KEPT {
                    *kept += 1;
                    free.insert(diagnostic);
                } else {
                    *counted += 1;
                }
            }
        }
    }

    /// Adds all findings of another collection.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other {
            self.push(diagnostic);
        }
    }

    /// Says where the name of an object and its namespace come from, in all findings about it.
    pub fn name_subjects(&mut self, object: &str, named: [Origin; 2]) {
        let subjects = self.found.values_mut().filter_map(|finding| finding.subject.as_mut());
        subjects.filter(|subject| subject.object == object).for_each(|subject| subject.named = named);
    }

    /// Keeps the findings that `keep` is true for.
    pub fn retain(&mut self, mut keep: impl FnMut(&Diagnostic) -> bool) {
        let numbers = &mut self.numbers;
        self.found.retain(|(_, code, _), finding| {
            let kept = keep(finding);
            numbers.entry(*code).or_default().0 -= usize::from(!kept);
            kept
        });
    }

    /// Leaves of each code the first `most` findings, and one that counts the others: who has mended those runs again.
    #[must_use]
    pub fn told(self, most: usize) -> Self {
        let mut told = Self::new();
        let mut seen: BTreeMap<(Code, Severity), usize> = BTreeMap::new();
        for finding in self.at_one_place() {
            let number = seen.entry((finding.code, finding.severity)).or_default();
            let others = finding.others;
            *number += others.max(1);
            if others == 0 && *number <= most {
                told.push(finding);
            }
        }
        for ((code, severity), number) in seen {
            let shown = told.iter().filter(|known| known.code == code && known.severity == severity).count();
            if number > shown {
                let counting = Diagnostic::counting(code, severity, number - shown);
                told.found.insert((counting.origin, code, counting.message.clone()), counting);
            }
        }
        told
    }

    /// Makes one finding of many about the same field at one place, where each object has a value of its own there: the
    /// first one, with the further places of all.
    fn at_one_place(self) -> Vec<Diagnostic> {
        let mut groups: BTreeMap<(Origin, Code, String), Vec<Diagnostic>> = BTreeMap::new();
        let mut all: Vec<Diagnostic> = Vec::new();
        for finding in self {
            match &finding.subject {
                Some(subject) if !finding.origin.is_nowhere() => {
                    let key = (finding.origin, finding.code, subject.field.clone());
                    groups.entry(key).or_default().push(finding);
                }
                _ => all.push(finding),
            }
        }
        for group in groups.into_values() {
            let objects: BTreeSet<&str> =
                group.iter().filter_map(|finding| Some(finding.subject.as_ref()?.object.as_str())).collect();
            if group.len() <= limits::FINDINGS_AT_A_PLACE || objects.len() < group.len() {
                all.extend(group);
                continue;
            }
            let mut group = group.into_iter();
            let Some(mut first) = group.next() else { continue };
            for finding in group {
                first.count += finding.count;
                let room = limits::PARTS_OF_A_FINDING.saturating_sub(first.labels.len());
                let new = finding.labels.into_iter().filter(|label| !first.labels.contains(label));
                let new: Vec<Label> = new.take(room).collect();
                first.labels.extend(new);
            }
            all.push(first);
        }
        // In the order of their places, as they were; those that only count come last.
        all.sort_by(|left, right| {
            let key = |finding: &Diagnostic| (finding.others > 0, finding.origin, finding.code);
            key(left).cmp(&key(right)).then_with(|| left.message.cmp(&right.message))
        });
        all
    }

    /// Moves findings about what was made of a template to where it was written: there one mistake is one finding.
    ///
    /// What was made of a secret is known by its place, so that the new place tells no value either.
    #[must_use]
    pub fn as_written(self, sources: &mut Sources) -> Self {
        let mut moved = |origin: &mut Origin| {
            let written = sources.written(*origin);
            if written != *origin && sources.is_secret(*origin) {
                sources.taint(written);
            }
            *origin = written;
        };
        let written = self.into_iter().map(|mut finding| {
            let labels = finding.labels.iter_mut().map(|label| &mut label.origin);
            let fixed = finding.fix.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.origin);
            labels.chain(fixed).chain([&mut finding.origin]).for_each(&mut moved);
            finding
        });
        written.collect()
    }

    /// Whether a finding of the same code, place and message is there.
    pub fn contains(&self, finding: &Diagnostic) -> bool {
        self.found.contains_key(&(finding.origin, finding.code, finding.message.clone()))
    }

    /// Returns the findings in the order of their files and places.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.values()
    }

    /// Returns the number of different findings.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        let is_counted =
            |(code, (_, counted)): (&Code, &(usize, usize))| *counted > 0 && code.severity() == Severity::Error;
        self.iter().any(|diagnostic| diagnostic.severity == Severity::Error) || self.numbers.iter().any(is_counted)
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = Box<dyn Iterator<Item = Diagnostic>>;

    /// Returns the findings in order; those that were only counted come last, one for each code.
    fn into_iter(self) -> Self::IntoIter {
        let counted = self.numbers.into_iter().filter(|(_, (_, counted))| *counted > 0);
        let counted = counted.map(|(code, (_, counted))| Diagnostic::counting(code, code.severity(), counted));
        Box::new(self.found.into_values().chain(counted))
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, findings: I) {
        for diagnostic in findings {
            self.push(diagnostic);
        }
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(findings: I) -> Self {
        let mut all = Self::new();
        all.extend(findings);
        all
    }
}
