//! The rule book: each rule refuses its own examples, each with one finding, and takes their near twins.

mod advice;
mod set;
mod whole;
mod standards;

use std::collections::BTreeSet;

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::{Diagnostics, Severity};
use fanfold::kubernetes::{Facts, Minor};
use fanfold::read::read_documents;
use fanfold::rules::{Rule, book};
use fanfold::text::Sources;

use crate::hosts::around;

/// Returns what is refused of an object, a line each.
fn refused(object: &str, minor: Minor) -> Vec<String> {
    found(object, minor, Severity::Error)
}

/// Returns what is found of an object, a line each.
fn found(object: &str, minor: Minor, severity: Severity) -> Vec<String> {
    let mut read = Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "a.yaml", object.into(), &mut read);
    let documents = documents.into_iter().map(|document| (document.root.clone(), document.root.origin()));
    let facts = Facts::of(minor).expect("a bundled minor");
    let (_, found) = check_objects(documents.collect::<Vec<_>>(), facts, Mode::Manifest);
    let all = read.into_iter().chain(found).filter(|finding| finding.severity == severity);
    let line = |finding: fanfold::diagnostic::Diagnostic| {
        let field = finding.subject.map(|subject| subject.field).unwrap_or_default();
        format!("{field}: {}", finding.message)
    };
    all.map(line).collect()
}

/// Returns the newest bundled minor that has the rule.
fn minor_of(rule: &Rule) -> Minor {
    Minor::bundled().filter(|minor| (rule.minors.0..=rule.minors.1).contains(minor)).max().expect("a bundled minor")
}

#[test]
fn each_rule_refuses_what_it_should_and_takes_the_near_twin() {
    let mut wrong = Vec::new();
    for rule in book() {
        let has_wrong = !rule.refuses.is_empty() || !rule.warns.is_empty();
        assert!(has_wrong && !rule.accepts.is_empty(), "{} has examples of both", rule.name);
        for example in rule.refuses {
            let found = refused(&around(rule.at, example), minor_of(rule));
            if found.len() != 1 {
                wrong.push(format!("{} refuses {example}: {found:#?}", rule.name));
            }
        }
        for example in rule.warns {
            let object = around(rule.at, example);
            let (errors, warnings) =
                (refused(&object, minor_of(rule)), found(&object, minor_of(rule), Severity::Warning));
            if !errors.is_empty() || warnings.len() != 1 {
                wrong.push(format!("{} warns of {example}: {errors:#?} {warnings:#?}", rule.name));
            }
        }
        for example in rule.accepts.iter().filter(|_| !rule.warns.is_empty()) {
            let warnings = found(&around(rule.at, example), minor_of(rule), Severity::Warning);
            if !warnings.is_empty() {
                wrong.push(format!("{} says nothing of {example}: {warnings:#?}", rule.name));
            }
        }
        for example in rule.accepts {
            let found = refused(&around(rule.at, example), minor_of(rule));
            if !found.is_empty() {
                wrong.push(format!("{} takes {example}: {found:#?}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_have_names_of_their_own_and_stand_at_types_that_exist() {
    let mut names = BTreeSet::new();
    for rule in book() {
        assert!(names.insert(rule.name), "{} is there twice", rule.name);
        let facts = Facts::of(minor_of(rule)).expect("a bundled minor");
        assert!(facts.type_id(rule.at).is_some(), "{} stands at {}, which does not exist", rule.name, rule.at);
    }
}
