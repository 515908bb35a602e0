//! `fanfold diff`: small cases as files, laws that hold for all objects of the project, and what must never show.
//!
//! A case is a folder of `golden/diff`: `old.yaml` and `new.yaml`, and what each format shows of them. Its name starts
//! with the effect that it shows. The cases below `cases/` are one file each: the old side, the new one below `# --- new`,
//! and what people read of it; `# format: short`, `# full: true` and `# namespace: NAME` stand for the flags.

mod apply;
mod command;
mod commit;
mod defaults;
mod laws;
mod secrets;

use fanfold::diff::{self, Effect};

use crate::cases::{hold, hold_files};
use crate::sides::{Shown, Sides, cases, valid};

#[test]
fn cases_show_what_their_golden_files_say() {
    hold_files(&cases(), |case| {
        let sides = Sides::read(&case.file("old.yaml"), &case.file("new.yaml"));
        let changes = sides.changes();
        let Shown { human, markdown, json, short, .. } = sides.shown(&changes);
        valid(&json);
        vec![("human.txt", human), ("comment.md", markdown), ("diff.json", json), ("short.txt", short)]
    });
}

#[test]
fn changes_read_as_the_cases_say() {
    hold("tests/quick/diff/cases", 30, |case| {
        let setting = |name: &str| case.settings(name).next().map(str::to_owned);
        let sides = Sides::read(case.input(), &case.section("new"));
        let changes = sides.changes_in(setting("namespace").as_deref().unwrap_or(diff::NAMESPACE));
        let Shown { human, markdown, json, short, .. } = sides.shown_as(&changes, setting("full").is_some());
        valid(&json);
        if setting("full").is_none() {
            for line in human.lines().chain(markdown.lines()).chain(short.lines()) {
                assert!(line.chars().count() <= 600, "{}: {line}", case.path.display());
            }
        }
        let shown = if setting("format").as_deref() == Some("short") { short } else { human };
        shown.lines().map(str::to_owned).collect()
    });
}

#[test]
fn the_name_of_a_case_is_its_worst_effect() {
    let mut named = std::collections::BTreeSet::new();
    for case in cases() {
        let name = case.name();
        let Some(effect) = Effect::ALL.into_iter().find(|effect| name.starts_with(effect.as_str())) else { continue };
        let sides = Sides::read(&case.file("old.yaml"), &case.file("new.yaml"));
        let worst = sides.changes().objects.iter().map(diff::Object::effect).max();
        assert_eq!(worst, Some(effect), "{name}");
        named.insert(effect);
    }
    assert_eq!(named.len(), Effect::ALL.len(), "each effect has a case: {named:?}");
}
