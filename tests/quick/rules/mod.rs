//! The rule book: each rule refuses its own examples, each with one finding, and takes their near twins.

mod advice;
mod doomed;
mod set;
mod whole;
mod standards;

use std::collections::{BTreeMap, BTreeSet};

use fanfold::check::{Memo, Mode, Walk, check_objects};
use fanfold::diagnostic::{Diagnostic, Diagnostics, Severity};
use fanfold::kubernetes::{Facts, Minor, ObjectKey};
use fanfold::read::read_documents;
use fanfold::rules::{Path, Rule, book};
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
    let line = |finding: Diagnostic| {
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

/// Returns an example of a rule in the place of a type that shares it, and a minor that has the type; nothing where examples
/// do not say how that looks.
fn at_kin(rule: &Rule, kin: &str, example: &str) -> Option<(String, Minor)> {
    let ((of, name), (other, kin_name)) = (rule.at.split_once('.')?, kin.split_once('.')?);
    let object = match kin_name {
        "PersistentVolumeSpec" => {
            let source = example.strip_prefix("{name: v, ")?;
            around(kin, &format!("{{accessModes: [ReadWriteOnce], capacity: {{storage: 1}}, {source}"))
        }
        "MutatingWebhook" | "MutatingWebhookConfiguration" => {
            around(rule.at, example).replace("Validating", "Mutating")
        }
        _ if name == kin_name => {
            let group =
                around(rule.at, example).split(['{', ',', ' ']).find(|word| word.contains(".k8s.io/"))?.to_owned();
            let version = other.strip_prefix(of.split('/').next()?)?.trim_start_matches('/');
            let served = format!("{}/{version}", group.split('/').next()?);
            let object = around(rule.at, example).replacen(&group, &served, 1);
            if ["v1beta1", "v1alpha3"].contains(&version) { flattened(&object) } else { object }
        }
        _ => return None,
    };
    let word = |key: &str| object.split(&format!("{key}: ")).nth(1)?.split([',', '}']).next();
    let (group, version) = word("apiVersion")?.split_once('/').unwrap_or(("", word("apiVersion")?));
    let has = |minor: &Minor| {
        Facts::of(*minor).is_some_and(|facts| {
            word("kind").is_some_and(|kind| facts.kind(group, version, kind).is_some())
                && facts.type_id(kin).is_some()
                && (rule.minors.0..=rule.minors.1).contains(minor)
        })
    };
    let minor = Minor::bundled().filter(has).max()?;
    Some((object, minor))
}

/// Returns a claim of devices as old versions have it, where the fields of `exactly` stand in the request itself.
fn flattened(object: &str) -> String {
    let Some((before, rest)) = object.split_once("exactly: {") else { return object.to_owned() };
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let (inside, after) = rest.split_at(end.unwrap_or(rest.len()));
    format!("{before}{inside}{}", flattened(after.strip_prefix('}').unwrap_or(after)))
}

#[test]
fn a_rule_refuses_the_same_of_the_types_that_share_it() {
    let (mut wrong, mut asked) = (Vec::new(), BTreeSet::new());
    for rule in book() {
        for kin in rule.kin {
            let is_volume = kin.ends_with(".PersistentVolumeSpec");
            let known = Facts::newest().type_id(kin).map(|id| Facts::newest().ty(id));
            let sources = |example: &&&str| {
                let source = example.strip_prefix("{name: v, ").and_then(|rest| rest.split(':').next());
                !is_volume || source.zip(known).is_some_and(|(source, ty)| ty.field(source).is_some())
            };
            for (object, minor) in rule.refuses.iter().filter(sources).filter_map(|example| at_kin(rule, kin, example))
            {
                asked.insert(*kin);
                if refused(&object, minor).is_empty() {
                    wrong.push(format!("{} takes {object} of {minor}", rule.name));
                }
            }
            // A volume of the cluster says more of its source.
            for (object, minor) in
                rule.accepts.iter().filter(|_| !is_volume).filter_map(|example| at_kin(rule, kin, example))
            {
                let found = refused(&object, minor);
                if !found.is_empty() {
                    wrong.push(format!("{} refuses {object} of {minor}: {found:#?}", rule.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for kin in
        ["core/v1.PersistentVolumeSpec", "admissionregistration/v1.MutatingWebhook", "resource/v1beta1.DeviceClaim"]
    {
        assert!(asked.contains(kin), "{kin} is among {asked:?}");
    }
}

/// Objects of one kind that are checked one after the other are judged as each would be alone, whatever stood before.
#[test]
fn what_is_known_of_objects_before_changes_no_verdict() {
    let facts = Facts::newest();
    let mut by_type: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for rule in book().filter(|rule| (rule.minors.0..=rule.minors.1).contains(&facts.minor)) {
        let mut examples: Vec<&str> = [rule.accepts, rule.refuses, rule.warns, rule.accepts].concat();
        // Each also after itself, and after one of its neighbours alone.
        examples.extend(rule.refuses.iter().flat_map(|example| [rule.accepts[0], *example, *example]));
        by_type.entry(rule.at).or_default().extend(examples.into_iter().map(|example| around(rule.at, example)));
    }
    for (ty, objects) in by_type {
        let mut alone: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        for object in &objects {
            alone.entry(object).or_insert_with(|| judged(&[object], facts).remove(0));
        }
        let objects: Vec<&String> = objects.iter().collect();
        for (object, together) in objects.iter().zip(judged(&objects, facts)) {
            assert_eq!(together, alone[object], "{ty}, after others: {object}");
        }
    }
}

/// Returns what is found in each of some objects, with what is known of those before.
fn judged(objects: &[&String], facts: &'static Facts) -> Vec<Vec<String>> {
    let mut memo = Memo::default();
    let mut judge = |object: &String| {
        let documents =
            read_documents(&mut Sources::default(), "a.yaml", object.as_str().into(), &mut Diagnostics::new());
        let root = &documents[0].root;
        let key = ObjectKey::of(root).expect("an object");
        let kind = facts.kind(&key.group, &key.version, &key.kind).and_then(|kind| facts.type_of(kind));
        let mut walk = Walk::new(facts, Mode::Manifest).about(&key).remembering(&mut memo);
        walk.settle_type(root, kind.expect("a kind of Kubernetes"), &Path::Root);
        let line = |finding: &Diagnostic| format!("{:?}: {}", finding.origin, finding.message);
        let mut found: Vec<String> = walk.into_findings().iter().map(line).collect();
        found.sort();
        found
    };
    objects.iter().map(|object| judge(object)).collect()
}

#[test]
fn rules_have_names_of_their_own_and_stand_at_types_that_exist() {
    let mut names = BTreeSet::new();
    for rule in book() {
        assert!(names.insert(rule.name), "{} is there twice", rule.name);
        let facts = Facts::of(minor_of(rule)).expect("a bundled minor");
        assert!(facts.type_id(rule.at).is_some(), "{} stands at {}, which does not exist", rule.name, rule.at);
        for kin in rule.kin {
            let mut minors = Minor::bundled().filter_map(Facts::of);
            assert!(
                minors.any(|facts| facts.type_id(kin).is_some()),
                "{} stands at {kin}, which no minor has",
                rule.name
            );
        }
    }
}
