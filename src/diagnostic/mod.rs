//! Findings: one model, a renderer for each format.
//!
//! A [`Diagnostic`] names what is wrong, where it was written, why, and a way out. [`Diagnostics`] collects them; what
//! leaves it is sorted and free of repetition: one cause, one finding, however many instances repeat it.

mod code;
mod explain;
mod render;
mod suggest;
pub(crate) mod words;

pub use code::Code;
pub use explain::{Example, Page, explanation};
pub use render::{Format, Style, masked, render, to_json};
pub use suggest::{did_you_mean, suggestion};

use std::collections::BTreeMap;

use crate::text::Origin;

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

/// A change of the source that mends the finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fix {
    /// The bytes to replace.
    pub origin: Origin,
    /// What to write in their place.
    pub replacement: String,
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
    /// A change that mends it.
    pub fix: Option<Fix>,
    /// The object and field that it became.
    pub subject: Option<Subject>,
    /// In how many objects the same cause was found.
    pub count: usize,
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
            count: 1,
        }
    }

    /// Says what is to be seen at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn also(mut self, origin: Origin, text: impl Into<String>) -> Self {
        if !origin.is_nowhere() {
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

    /// Adds the candidate that was most likely meant in place of `word`, which stands at the place of the finding.
    #[must_use]
    pub fn did_you_mean<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match did_you_mean(word, candidates) {
            Some(near) => {
                let origin = self.origin;
                self.help(format!("did you mean `{near}`?")).fix(origin, near)
            }
            None => self,
        }
    }

    /// Adds the change that mends it.
    #[must_use]
    pub fn fix(mut self, origin: Origin, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { origin, replacement: replacement.into() });
        self
    }

    /// Names the object and field that it became.
    #[must_use]
    pub fn subject(mut self, object: impl Into<String>, field: impl Into<String>) -> Self {
        self.subject = Some(Subject { object: object.into(), field: field.into(), written: false });
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
}

impl Diagnostics {
    /// Returns an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding; a repetition of one that is there only counts up.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.origin, diagnostic.code, diagnostic.message.clone());
        self.found.entry(key).and_modify(|known| known.count += diagnostic.count).or_insert(diagnostic);
    }

    /// Adds all findings of another collection.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.found.into_values() {
            self.push(diagnostic);
        }
    }

    /// Keeps the findings that `keep` is true for.
    pub fn retain(&mut self, mut keep: impl FnMut(&Diagnostic) -> bool) {
        self.found.retain(|_, finding| keep(finding));
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

    /// Leaves out the echoes of other findings: one cause is one finding.
    ///
    /// Where an expression has no value, all that is found is an echo; where a shorthand cannot be read, what stands
    /// there unread is of the wrong type.
    #[must_use]
    pub fn without_echoes(mut self) -> Self {
        let has_no_value = |code| matches!(code, Code::InvalidExpression | Code::UndefinedVariable);
        let is_unread = |code| matches!(code, Code::InvalidShorthand | Code::AmbiguousPort);
        let places = |of: &dyn Fn(Code) -> bool| -> Vec<Origin> {
            self.iter().filter(|finding| of(finding.code)).map(|finding| finding.origin).collect()
        };
        let (empty, unread) = (places(&has_no_value), places(&is_unread));
        self.found.retain(|(origin, code, _), _| {
            let about_shape = matches!(code, Code::WrongType | Code::MissingField | Code::InvalidValue);
            let echo = (!has_no_value(*code) && empty.iter().any(|place| place.touches(*origin)))
                || (about_shape && unread.contains(origin));
            !echo
        });
        self
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::collections::btree_map::IntoValues<(Origin, Code, String), Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_values()
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
