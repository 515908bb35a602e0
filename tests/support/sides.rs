//! Two sides of a `diff`, and what each format shows of them; the cases are the folders of `golden/diff`.

use fanfold::diagnostic::Diagnostics;
use fanfold::diff::{self, Changes, Group, Report, Style, as_written};
use fanfold::kubernetes::{Facts, Manifest};
use fanfold::read::read_documents;
use fanfold::text::Sources;
use serde_json::Value as Json;

use super::cases::{self, Case};

/// Two sides with their sources.
pub(crate) struct Sides {
    pub(crate) sources: Sources,
    pub(crate) old: Vec<Manifest>,
    pub(crate) new: Vec<Manifest>,
}

/// What each format shows.
pub(crate) struct Shown {
    pub(crate) human: String,
    pub(crate) colored: String,
    pub(crate) markdown: String,
    pub(crate) json: String,
    pub(crate) short: String,
}

impl Sides {
    pub(crate) fn read(old: &str, new: &str) -> Self {
        let mut sources = Sources::default();
        let mut read = |name: &str, text: &str| {
            let mut found = Diagnostics::new();
            let documents = read_documents(&mut sources, name, text.as_bytes().to_vec(), &mut found);
            let objects = as_written(documents, &mut found);
            assert!(found.is_empty(), "{name}: {found:?}");
            objects
        };
        let (old, new) = (read("old.yaml", old), read("new.yaml", new));
        Self { sources, old, new }
    }

    pub(crate) fn changes(&self) -> Changes {
        diff::diff(&self.old, &self.new, Facts::newest(), &self.sources)
    }

    /// Returns the changes where objects that name no namespace are in the given one.
    pub(crate) fn changes_in(&self, namespace: &str) -> Changes {
        diff::diff_in(namespace, &self.old, &self.new, Facts::newest(), &self.sources)
    }

    pub(crate) fn shown(&self, changes: &Changes) -> Shown {
        self.shown_as(changes, false)
    }

    /// Returns what each format shows, with values to their ends if the report is a full one.
    pub(crate) fn shown_as(&self, changes: &Changes, full: bool) -> Shown {
        let groups: Vec<Group> = diff::fold(changes);
        let report = Report {
            changes,
            groups: &groups,
            sources: &self.sources,
            causes: &diff::Causes::default(),
            old: "old.yaml",
            new: "new.yaml",
            kubernetes: Facts::newest().minor,
            full,
        };
        Shown {
            human: diff::human(&report, Style { color: false, width: 120 }),
            colored: diff::human(&report, Style { color: true, width: 120 }),
            markdown: diff::markdown(&report),
            json: diff::json(&report),
            short: diff::short(&report),
        }
    }
}

/// Compares two texts, and returns the JSON, which is what its schema says.
pub(crate) fn compared(old: &str, new: &str) -> (Changes, Json) {
    let sides = Sides::read(old, new);
    let changes = sides.changes();
    let json = valid(&sides.shown(&changes).json);
    (changes, json)
}

pub(crate) fn valid(text: &str) -> Json {
    let json: Json = serde_json::from_str(text).expect("the report is JSON");
    let schema: Json =
        serde_json::from_str(include_str!("../../schemas/diff.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    json
}

/// Returns the cases, sorted.
pub(crate) fn cases() -> Vec<Case> {
    cases::folders("golden/diff")
}
