//! What holds for any two sides: nothing differs from itself, and a report holds all that differs.

use fanfold::diff::Effect;
use fanfold::emit::Output;
use fanfold::kubernetes::Manifest;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::apply::{applied, sorted};
use crate::examples::objects;
use crate::sides::{Sides, cases, compared};

/// Writes objects as one stream of JSON documents.
fn stream(objects: &[Json]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// Returns all objects of all specs but Secrets, whose values no report holds.
fn golden() -> &'static [Json] {
    static ALL: std::sync::OnceLock<Vec<Json>> = std::sync::OnceLock::new();
    ALL.get_or_init(read_golden)
}

fn read_golden() -> Vec<Json> {
    let read = |object: &Manifest| -> Json {
        let mut bytes = Vec::new();
        Output::Json.write_file(&object.node, None, &mut bytes);
        serde_json::from_slice(&bytes).expect("an object is JSON")
    };
    let mut seen = std::collections::BTreeSet::new();
    let own = |object: &&Manifest| object.key.kind != "Secret" && seen.insert(object.key.clone());
    let all: Vec<Manifest> = objects();
    all.iter().filter(own).map(read).collect()
}

#[test]
fn nothing_differs_from_itself() {
    let all = stream(golden());
    let (changes, report) = compared(&all, &all);
    assert!(changes.objects.is_empty(), "{:#}", report["objects"]);
    let shown = Sides::read(&all, &all);
    assert_eq!(shown.shown(&shown.changes()).human, "");
    for case in cases() {
        for side in ["old.yaml", "new.yaml"] {
            let text = case.file(side);
            let (changes, _) = compared(&text, &text);
            assert!(changes.objects.is_empty(), "{}/{side}", case.path.display());
        }
    }
}

#[test]
fn cases_applied_to_the_old_side_are_the_new_one() {
    for case in cases().iter().filter(|case| !case.path.display().to_string().contains("secret")) {
        let (old, new) = (case.file("old.yaml"), case.file("new.yaml"));
        let (_, report) = compared(&old, &new);
        assert_eq!(applied(&documents(&old), &report), sorted(documents(&new)), "{}", case.path.display());
    }
}

fn documents(text: &str) -> Vec<Json> {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text).map(|document| Json::deserialize(document).expect("a document")).collect()
}

/// A step away from an object: which place of it, and what is done there.
#[derive(Clone, Debug)]
struct Mutation {
    object: usize,
    place: usize,
    how: u8,
    word: String,
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let one = (any::<usize>(), any::<usize>(), 0_u8..7, "[a-z]{1,6}").prop_map(|(object, place, how, word)| Mutation {
        object,
        place,
        how,
        word,
    });
    prop::collection::vec(one, 1..12)
}

fn mutate(objects: &mut Vec<Json>, mutation: &Mutation) {
    if objects.is_empty() {
        return;
    }
    let at = mutation.object % objects.len();
    if mutation.how == 6 {
        // Objects come and go.
        let mut copy = objects.remove(at);
        if mutation.place.is_multiple_of(2) {
            copy["metadata"]["name"] = mutation.word.clone().into();
            objects.push(copy);
        }
        return;
    }
    let mut count = 0;
    visit(&mut objects[at], &mut count, None, mutation, 0);
    let total = count;
    let mut count = 0;
    visit(&mut objects[at], &mut count, Some(mutation.place % total.max(1)), mutation, 0);
}

/// Walks all places below an object but those that say what it is, and changes one of them.
fn visit(node: &mut Json, count: &mut usize, at: Option<usize>, mutation: &Mutation, depth: usize) {
    let here = *count;
    *count += 1;
    if depth > 1 && at == Some(here) {
        match (mutation.how, &mut *node) {
            (0, node) => *node = Json::Null,
            (1, Json::Array(items)) => items.reverse(),
            (2, Json::Array(items)) => drop(items.pop()),
            (3, Json::Array(items)) if !items.is_empty() => {
                let mut copy = items[0].clone();
                if let Some(fields) = copy.as_object_mut() {
                    fields.insert("name".into(), mutation.word.clone().into());
                }
                items.insert(mutation.place % (items.len() + 1), copy);
            }
            (4, Json::Object(fields)) => drop(fields.insert(mutation.word.clone(), mutation.word.clone().into())),
            (5, Json::Object(fields)) => {
                let key = fields.keys().nth(mutation.place % fields.len().max(1)).cloned();
                key.map(|key| fields.shift_remove(&key));
            }
            (_, node) => *node = mutation.word.clone().into(),
        }
        return;
    }
    match node {
        Json::Object(fields) => fields
            .iter_mut()
            .filter(|(key, _)| depth > 0 || !matches!(key.as_str(), "apiVersion" | "kind"))
            .filter(|(key, _)| depth != 1 || !matches!(key.as_str(), "name" | "namespace"))
            .for_each(|(_, value)| visit(value, count, at, mutation, depth + 1)),
        Json::Array(items) => items.iter_mut().for_each(|item| visit(item, count, at, mutation, depth + 1)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_report_applied_to_the_old_side_is_the_new_one(from in any::<prop::sample::Index>(), steps in mutations()) {
        let all = golden();
        let start = from.index(all.len());
        let old: Vec<Json> = all.iter().cycle().skip(start).take(8).cloned().collect();
        let mut new = old.clone();
        steps.iter().for_each(|step| mutate(&mut new, step));
        let (changes, report) = compared(&stream(&old), &stream(&new));
        prop_assert_eq!(applied(&old, &report), sorted(new.clone()));
        // What is the same to JSON is no difference, and what is none is the same to JSON.
        prop_assert_eq!(changes.objects.is_empty(), sorted(old) == sorted(new));
    }
}

#[test]
fn the_other_way_round_says_as_much() {
    for case in cases() {
        let (old, new) = (case.file("old.yaml"), case.file("new.yaml"));
        let (there, _) = compared(&old, &new);
        let (back, _) = compared(&new, &old);
        assert_eq!(there.objects.len(), back.objects.len(), "{}", case.path.display());
        let none =
            |changes: &fanfold::diff::Changes| changes.objects.iter().all(|object| object.effect() == Effect::None);
        assert_eq!(none(&there), none(&back), "{}", case.path.display());
    }
}
