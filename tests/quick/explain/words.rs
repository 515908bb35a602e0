//! `explain` knows every word of the language: what the editor schema offers, what expressions have, what keys take.

use std::collections::BTreeSet;

use fanfold::editor;
use fanfold::expand::builtin::{Builtin, FILTERS, FUNCTIONS, NAMES, TESTS};
use fanfold::expand::{MOUNT_OPTIONS, SCHEMA_WORDS, Scope};
use fanfold::explain::{Topic, topics};
use fanfold::kubernetes::Facts;
use fanfold::spec::keys;
use serde_json::Value as Json;

fn explained(word: &str) -> Vec<Topic> {
    topics(Facts::newest(), word).unwrap_or_default()
}

/// Returns what is said in a row of any of the topics of a word.
fn rows(word: &str, row: &str) -> Vec<String> {
    let rows = explained(word).into_iter().flat_map(|topic| topic.rows);
    rows.filter(|(name, _)| *name == row).map(|(_, text)| text).collect()
}

/// Collects the names of all properties.
fn properties<'s>(schema: &'s Json, found: &mut BTreeSet<&'s str>) {
    match schema {
        Json::Object(members) => {
            for (name, inner) in members {
                if let (true, Json::Object(properties)) = (name == "properties", inner) {
                    found.extend(properties.keys().map(String::as_str));
                }
                properties(inner, found);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_editor_schema_is_explained() {
    let schema: Json = serde_json::from_str(&editor::schema(Facts::newest())).expect("a schema");
    let mut keys = BTreeSet::new();
    properties(&schema, &mut keys);
    assert!(keys.len() > 500, "{}", keys.len());
    let some = keys.into_iter().step_by(if crate::pace::is_quick() { 7 } else { 1 });
    let unknown: Vec<&str> = some.filter(|key| explained(key).is_empty()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_own_key_of_the_schema_has_a_description() {
    let schema: Json = serde_json::from_str(&editor::schema(Facts::newest())).expect("a schema");
    let has_text = |form: &Json| form.get("description").is_some() || form.get("$ref").is_some();
    for (name, form) in schema["$defs"].as_object().expect("definitions") {
        let is_own = ["short.", "metadata", "parameter", "matrix", "axis"].iter().any(|start| name.starts_with(start));
        for (key, form) in form["properties"].as_object().into_iter().flatten().filter(|_| is_own) {
            let known = keys::BELOW.iter().any(|(_, keys)| keys::knows(keys, key));
            assert!(!known || has_text(form), "{name}.{key}: {form}");
        }
    }
}

#[test]
fn every_word_of_expressions_is_explained_with_its_example() {
    for (sort, words) in [("name", NAMES), ("filter", FILTERS), ("function", FUNCTIONS), ("test", TESTS)] {
        for word in words {
            assert!(!rows(word.name, sort).is_empty(), "{} is a {sort}", word.name);
            let examples = rows(word.name, "example");
            assert!(examples.iter().any(|example| example.contains(word.example)), "{}: {examples:?}", word.name);
        }
    }
}

#[test]
fn what_expressions_see_is_in_the_table() {
    let node = fanfold::text::Node::string("a", fanfold::text::Origin::NOWHERE);
    let scope = Scope { params: Some(&node), matrix: Some(&node), index: Some(0), name: Some("a"), batch: Some(&node) };
    let missing = scope.lookup(&["nothing".into()], fanfold::text::Origin::NOWHERE).expect_err("there is no such name");
    let known: Vec<&str> = missing.known.iter().map(smol_str::SmolStr::as_str).collect();
    assert_eq!(known, NAMES.iter().map(|word| word.name).collect::<Vec<_>>());
}

#[test]
fn arguments_are_as_many_as_the_table_says() {
    use super::run::Run;
    let call = |word: &Builtin, filter: bool| {
        let (left, shape) = word.example.split_once('|').unwrap_or(("", ""));
        // One argument more than there is a place for.
        let places = word.arguments.split(", ").filter(|one| !one.is_empty() && !one.contains('=')).count();
        let more = vec!["1"; places + 2].join(", ");
        let _ = shape;
        if filter { format!("{left} | {}({more})", word.name) } else { format!("{}({more})", word.name) }
    };
    let of_filters = FILTERS.iter().map(|word| (word, true));
    for (word, filter) in of_filters.chain(FUNCTIONS.iter().map(|word| (word, false))) {
        if word.arguments.contains('…') {
            continue;
        }
        let text = format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: a}}\nconfigMaps:\n  a:\n    data:\n      \
             x: |-\n        {{{{ {} }}}}\n",
            call(word, filter)
        );
        assert!(!Run::of(&text).check().codes().is_empty(), "`{}` takes more than {}", word.name, word.signature());
    }
}

#[test]
fn tables_of_keys_name_all_that_is_taken() {
    let below = |key: &str| keys::BELOW.iter().find(|(of, _)| *of == key).map_or(&[][..], |(_, keys)| *keys);
    for word in SCHEMA_WORDS {
        assert!(keys::knows(below("params"), word), "{word}");
    }
    for word in MOUNT_OPTIONS {
        assert!(keys::knows(below("mounts"), word), "{word}");
    }
    for (_, table) in keys::BELOW {
        for key in *table {
            assert!(!rows(key.name, "is").is_empty(), "{}", key.name);
        }
    }
}

#[test]
fn words_lead_to_what_they_mean() {
    for (word, row, part) in [
        ("rows", "key of", "`matrix`"),
        ("where", "key of", "`matrix`"),
        ("zip", "filter", "expressions"),
        ("zip", "key of", "`matrix`"),
        ("match", "key of", "`overrides`"),
        ("index", "name", "expressions"),
        ("batch", "filter", "expressions"),
        ("batch", "name", "expressions"),
        ("Part", "kind of", "document"),
        ("Batch", "written", "kind: Batch"),
        ("mounts.claim", "is", "claim"),
        ("matrix.rows", "is", "rows of a table"),
        ("maxSurge", "goes to", "spec.strategy.rollingUpdate.maxSurge"),
        ("maxSurge", "example", "strategy: {rollingUpdate: {maxSurge: 25%}}"),
        ("rollingUpdate.maxSurge", "is", "how many pods may run beyond `replicas`"),
        ("spec", "is", "a field of several types"),
        ("metadata.labels", "is", "labels of all objects"),
        ("PodSpec", "is", "a type of Kubernetes"),
        ("Service.spec.type", "is", "`ClusterIP` within the cluster"),
        ("NetworkPolicy.spec.ingress.from", "is", "from where traffic is let in"),
        ("replicas", "is", "in StatefulSet: how many pods run, each with its own number"),
        ("terminationGracePeriodSeconds", "example", "terminationGracePeriodSeconds: 60"),
    ] {
        let found = rows(word, row);
        assert!(found.iter().any(|text| text.contains(part)), "{word}, {row}: {found:?} has no `{part}`");
    }
}

#[test]
fn words_of_other_tools_lead_to_ours() {
    for (word, ours) in [("environment", "`env:"), ("depends_on", "in no order"), ("healthcheck", "livenessProbe")] {
        let unknown = topics(Facts::newest(), word).expect_err("it is none of ours");
        let help = unknown.help.unwrap_or_default();
        assert!(help.contains(ours), "{word}: {help}");
    }
}
