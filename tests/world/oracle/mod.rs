//! The rule book and the checks, compared with the API server's own code: over the examples of rules, and over thousands
//! of objects that are nearly right.
//!
//! `FANFOLD_ORACLE_CASES` asks for more mutants, `FANFOLD_ORACLE_SEED` for others, `FANFOLD_ORACLE_KIND` for those of
//! one kind. With `FANFOLD_ORACLE_SHOW=1` the differences are printed in groups.

// The figures of a run are for people.
#![allow(clippy::print_stdout)]

mod expressions;
mod judge;
mod known;
mod mutate;
pub(crate) mod program;
mod report;
mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use fanfold::emit::json::write_compact;
use fanfold::kubernetes::{Facts, Minor};
use fanfold::rules::book;
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use self::judge::{judge, sent};
use self::known::known;
use self::program::{Problem, ask, warned};
use self::report::{Case, Figures};
use crate::dice::Dice;
use crate::hosts::around;

/// How many mutants are made if nothing else is said.
const CASES: usize = 6_000;
/// On how many of a thousand mutants both agree at least.
const AGREEMENT: usize = 985;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_shown() -> bool {
    variable("FANFOLD_ORACLE_SHOW").is_some()
}

/// An example of a rule, as a whole object.
struct Example {
    what: String,
    object: String,
    is_taken: bool,
}

/// Returns the examples of all rules that the newest minor has.
fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for rule in book().filter(|rule| rule.minors.1 >= Minor::NEWEST) {
        for (structures, word, is_taken) in [(rule.refuses, "refuses", false), (rule.accepts, "takes", true)] {
            for structure in structures {
                let what = format!("{} {word} {structure}", rule.name);
                examples.push(Example { what, object: around(rule.at, structure), is_taken });
            }
        }
    }
    examples
}

#[test]
fn rules_refuse_and_take_what_the_server_does() {
    needs!(ORACLE);
    let examples = examples();
    let objects: Vec<Json> = examples.iter().map(|example| sent(&example.object)).collect();
    let mut wrong = Vec::new();
    let mut elsewhere = Vec::new();
    let mut unknown = BTreeSet::new();
    for ((example, object), theirs) in examples.iter().zip(&objects).zip(ask(&objects)) {
        let Some(theirs) = theirs else {
            unknown.insert(object["kind"].to_string());
            continue;
        };
        let said: Vec<String> = theirs.iter().map(Problem::to_string).collect();
        if theirs.is_empty() != example.is_taken {
            wrong.push(format!("{}\n    the server: {}", example.what, report::list(&said)));
        } else if !theirs.is_empty() {
            let ours = judge(&example.object);
            if !ours.iter().any(|ours| theirs.iter().any(|theirs| report::is_same_place(&ours.field, theirs))) {
                let ours: Vec<&str> = ours.iter().map(|ours| ours.field.as_str()).collect();
                elsewhere.push(format!("{}\n    at {ours:?}, the server: {}", example.what, report::list(&said)));
            }
        }
    }
    println!("{} examples; of other kinds: {unknown:?}", examples.len());
    if is_shown() {
        println!("{} refused at another place than by the server:\n{}", elsewhere.len(), elsewhere.join("\n"));
    }
    assert!(wrong.is_empty(), "{} examples are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Rules that warn of what the server says nothing of, or of a kind that the oracle does not know.
const OURS: [&str; 3] = ["deprecated-annotations", "retired-registry", "uppercase-driver"];

#[test]
fn rules_warn_of_what_the_server_warns_of() {
    needs!(ORACLE);
    let mut examples = Vec::new();
    for rule in book().filter(|rule| rule.minors.1 >= Minor::NEWEST && !OURS.contains(&rule.name)) {
        let taken = rule.accepts.iter().filter(|_| !rule.warns.is_empty());
        for (structure, is_warned) in rule.warns.iter().map(|one| (one, true)).chain(taken.map(|one| (one, false))) {
            examples.push((format!("{}: {structure}", rule.name), sent(&around(rule.at, structure)), is_warned));
        }
    }
    let objects: Vec<Json> = examples.iter().map(|(_, object, _)| object.clone()).collect();
    let mut wrong = Vec::new();
    for ((what, _, is_warned), said) in examples.iter().zip(warned(&objects)) {
        match said {
            None => wrong.push(format!("{what}\n    the server does not take it")),
            Some(said) if said.is_empty() == *is_warned => {
                wrong.push(format!("{what}\n    the server: {}", report::list(&said)));
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} examples are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Returns right objects, a few of each spelling.
fn right_objects() -> Vec<Json> {
    let made = crate::examples::objects().into_iter().map(|manifest| {
        let mut bytes = Vec::new();
        write_compact(&manifest.node, &mut bytes);
        serde_json::from_slice(&bytes).expect("what is sent is JSON")
    });
    let texts = [include_str!("../proof/kinds.yaml"), include_str!("seeds.yaml")];
    let written = texts.iter().flat_map(|text| serde_yaml::Deserializer::from_str(text)).map(|document| {
        <Json as serde::Deserialize>::deserialize(document).expect("what tests are made from can be read")
    });
    let taken = examples().into_iter().filter(|example| example.is_taken).map(|example| sent(&example.object));
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let mut objects = Vec::new();
    for object in made.chain(written).chain(taken) {
        // A batch of five hundred equal Pods says no more than two.
        let mut shape = object.clone();
        shape["metadata"] = json!(object["metadata"].as_object().map(|meta| meta.keys().collect::<Vec<_>>()));
        let seen = shapes.entry(shape.to_string()).or_default();
        *seen += 1;
        if *seen <= 2 {
            objects.push(object);
        }
    }
    objects
}

#[test]
fn mutants_of_right_objects_are_refused_where_the_server_refuses_them() {
    needs!(ORACLE);
    let facts = Facts::newest();
    let started = Instant::now();
    let all = right_objects();
    let answers = ask(&all);
    let wrong: Vec<String> = all
        .iter()
        .zip(&answers)
        .filter_map(|(object, theirs)| {
            let theirs = theirs.as_ref().filter(|theirs| !theirs.is_empty())?;
            let said: Vec<String> = theirs.iter().map(Problem::to_string).collect();
            Some(format!("{object}\n    the server: {}", report::list(&said)))
        })
        .collect();
    let is_right = |object: &Json, theirs: &Option<Vec<Problem>>| {
        theirs.as_ref().is_some_and(Vec::is_empty)
            && mutate::type_of(object, facts).is_some()
            && variable("FANFOLD_ORACLE_KIND").is_none_or(|kind| object["kind"] == kind)
    };
    let right = all.iter().zip(&answers).filter(|(object, theirs)| is_right(object, theirs));
    let mut kinds: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for (object, _) in right {
        kinds.entry(object["kind"].as_str().unwrap_or_default()).or_default().push(object);
    }
    let kinds: Vec<Vec<&Json>> = kinds.into_values().collect();
    let flat: Vec<&Json> = kinds.iter().flatten().copied().collect();
    let wanted = variable("FANFOLD_ORACLE_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    let mut dice = Dice(variable("FANFOLD_ORACLE_SEED").map_or(1, |seed| seed.parse().expect("a number as a seed")));
    let mut mutants = Vec::with_capacity(wanted);
    while mutants.len() < wanted {
        // Half of them of any kind, however few objects of it there are.
        let objects = if dice.one_in(2) { &flat } else { dice.pick(&kinds) };
        let mut object = (*dice.pick(objects)).clone();
        if let Some(how) = mutate::mutate(&mut object, facts, &mut dice) {
            mutants.push((object, how));
        }
    }
    let objects: Vec<Json> = mutants.iter().map(|(object, _)| object.clone()).collect();
    let theirs = ask(&objects);
    let asked = started.elapsed();
    let ours: Vec<_> = objects.par_iter().map(|object| judge(&object.to_string())).collect();
    let cases = mutants.into_iter().zip(ours).zip(theirs).filter_map(|(((object, how), ours), theirs)| {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        Some(Case { kind, object, how, ours, theirs: theirs? })
    });
    let cases: Vec<Case> = cases.collect();
    let known = known();
    let figures = Figures::of(&cases, &known);
    println!("{figures}");
    println!(
        "{} right objects of {} kinds; {asked:.1?} until the server had answered, {:.1?} in all",
        flat.len(),
        kinds.len(),
        started.elapsed()
    );
    if is_shown() {
        println!("{}", report::groups(&cases, &known));
    }
    assert!(wrong.is_empty(), "{} right objects are refused:\n{}", wrong.len(), wrong.join("\n"));
    let falsely = report::false_errors(&cases, &known);
    assert!(falsely.is_empty(), "{} groups of false errors:\n{}", falsely.len(), falsely.join("\n"));
    assert!(figures.agreement() >= AGREEMENT, "{figures}");
}
