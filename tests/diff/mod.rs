//! `fanfold diff`: small cases as files, laws that hold for all objects of the project, and what must never show.
//!
//! A case is a folder of `golden/diff`: `old.yaml` and `new.yaml`, and what each format shows of them. Its name starts
//! with the effect that it shows. `UPDATE_GOLDEN=1 cargo test` writes what is shown.

mod apply;
mod command;
mod laws;
mod secrets;
mod server;
mod sides;

use std::fs;
use std::path::{Path, PathBuf};

use fanfold::diagnostic::Diagnostics;
use fanfold::diff::{self, Changes, Effect, Group, Report, Style, as_written};
use fanfold::kubernetes::{Facts, Manifest};
use fanfold::read::read_documents;
use fanfold::text::Sources;
use serde_json::Value as Json;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Two sides with their sources.
struct Sides {
    sources: Sources,
    old: Vec<Manifest>,
    new: Vec<Manifest>,
}

/// What each format shows.
struct Shown {
    human: String,
    colored: String,
    markdown: String,
    json: String,
    short: String,
}

impl Sides {
    fn read(old: &str, new: &str) -> Self {
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

    fn changes(&self) -> Changes {
        diff::diff(&self.old, &self.new, Facts::newest(), &self.sources)
    }

    fn shown(&self, changes: &Changes) -> Shown {
        let groups: Vec<Group> = diff::fold(changes);
        let report = Report {
            changes,
            groups: &groups,
            sources: &self.sources,
            causes: &diff::Causes::default(),
            old: "old.yaml",
            new: "new.yaml",
            kubernetes: Facts::newest().minor,
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
fn compared(old: &str, new: &str) -> (Changes, Json) {
    let sides = Sides::read(old, new);
    let changes = sides.changes();
    let json = valid(&sides.shown(&changes).json);
    (changes, json)
}

fn valid(text: &str) -> Json {
    let json: Json = serde_json::from_str(text).expect("the report is JSON");
    let schema: Json =
        serde_json::from_str(include_str!("../../schemas/diff.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    json
}

/// Returns the folders of the cases, sorted.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(ROOT).join("golden/diff");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

fn text(case: &Path, file: &str) -> String {
    fs::read_to_string(case.join(file)).unwrap_or_default()
}

#[test]
fn cases_show_what_their_golden_files_say() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut stale = Vec::new();
    for case in cases() {
        let sides = Sides::read(&text(&case, "old.yaml"), &text(&case, "new.yaml"));
        let changes = sides.changes();
        let Shown { human, markdown, json, short, .. } = sides.shown(&changes);
        valid(&json);
        for (file, shown) in [("human.txt", human), ("comment.md", markdown), ("diff.json", json), ("short.txt", short)]
        {
            if update {
                fs::write(case.join(file), &shown).expect("the golden file is written");
            } else if text(&case, file) != shown {
                stale.push(format!("{}:\n{shown}", case.join(file).display()));
            }
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn the_name_of_a_case_is_its_worst_effect() {
    let mut named = std::collections::BTreeSet::new();
    for case in cases() {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(effect) = Effect::ALL.into_iter().find(|effect| name.starts_with(effect.as_str())) else { continue };
        let sides = Sides::read(&text(&case, "old.yaml"), &text(&case, "new.yaml"));
        let worst = sides.changes().objects.iter().map(diff::Object::effect).max();
        assert_eq!(worst, Some(effect), "{name}");
        named.insert(effect);
    }
    assert_eq!(named.len(), Effect::ALL.len(), "each effect has a case: {named:?}");
}
