//! `fanfold diff`: small cases as files, laws that hold for all objects of the project, and what must never show.
//!
//! A case is a folder of `golden/diff`: `old.yaml` and `new.yaml`, and what each format shows of them. Its name starts
//! with the effect that it shows. `UPDATE_GOLDEN=1 cargo test` writes what is shown.

mod apply;
mod command;
mod commit;
mod laws;
mod secrets;

use std::fs;

use fanfold::diff::{self, Effect};

use crate::sides::{Shown, Sides, cases, text, valid};

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
