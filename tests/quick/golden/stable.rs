//! What may change in a spec without a change in the output: the order of keys and of files, and values of axes that
//! concern other instances.

use fanfold::compile::Inputs;
use fanfold::diagnostic::Diagnostics;
use fanfold::read::Document;
use fanfold::text::{Key, Map, Node, Sources, Value};
use proptest::prelude::*;

use crate::examples::{Case, assert_none, by_identity, cases, emitted, files, run};

/// Mappings whose order means something: axes nest and name, init containers run one after the other.
const ORDERED: &[&str] = &["matrix", "initContainers"];

/// A small generator of numbers, so that one seed stands for one shuffling of a whole tree.
struct Shuffle(u64);

impl Shuffle {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn list<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    fn tree(&mut self, node: &Node) -> Node {
        match node.value() {
            Value::Seq(items) => Node::seq(items.iter().map(|item| self.tree(item)).collect(), node.origin()),
            Value::Map(map) => Node::map(self.mapping(map), node.origin()),
            _ => node.clone(),
        }
    }

    fn mapping(&mut self, map: &Map) -> Map {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(map.len());
        for entry in map {
            let value = match (entry.key.text.as_str(), entry.value.as_map()) {
                ("matrix", _) => entry.value.clone(),
                // Each container in its place, with its own fields in any order.
                (key, Some(inner)) if ORDERED.contains(&key) => {
                    let mut kept = Map::new();
                    inner.iter().for_each(|entry| kept.push(entry.key.clone(), self.tree(&entry.value)));
                    Node::map(kept, entry.value.origin())
                }
                _ => self.tree(&entry.value),
            };
            entries.push((entry.key.clone(), value));
        }
        self.list(&mut entries);
        let mut shuffled = Map::new();
        for (key, value) in entries {
            shuffled.push(key, value);
        }
        shuffled
    }

    fn document(&mut self, document: &Document) -> Document {
        Document::new(self.tree(&document.root), document.file)
    }
}

/// Specs of hundreds of instances are compiled often enough elsewhere.
fn small_cases() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| case.spec != "specs/load-test.yaml");
    cases
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_keys_changes_nothing(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
        let (files, cases) = (files(), small_cases());
        let case = at.get(&cases);
        let expected = emitted(&case.compile(&files));
        let mut sources = Sources::default();
        let mut inputs = case.inputs(&files, &mut sources);
        let mut shuffle = Shuffle(seed);
        inputs.specs = inputs.specs.iter().map(|document| shuffle.document(document)).collect();
        let (compilation, diagnostics) = run(inputs, case.options(), &files, &mut sources);
        assert_none(&diagnostics, &sources, &case.spec);
        let shuffled = emitted(&compilation);
        prop_assert_eq!(String::from_utf8(expected).unwrap(), String::from_utf8(shuffled).unwrap(), "{}", case.spec);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_changes_nothing(seed in any::<u64>()) {
        let files = files();
        let compile = |shuffle: Option<Shuffle>| {
            let mut sources = Sources::default();
            let mut all = Inputs::default();
            let mut specs: Vec<Case> = small_cases().into_iter().filter(|case| case.given.is_empty()).collect();
            if let Some(mut shuffle) = shuffle {
                shuffle.list(&mut specs);
            }
            for case in &specs {
                all.specs.extend(case.inputs(&files, &mut sources).specs);
            }
            let (compilation, diagnostics) = run(all, specs[0].options(), &files, &mut sources);
            assert_none(&diagnostics, &sources, "all specs");
            emitted(&compilation)
        };
        prop_assert!(compile(None) == compile(Some(Shuffle(seed))));
    }
}

#[test]
fn another_value_of_an_axis_leaves_all_other_objects_as_they_are() {
    let files = files();
    let mut axes = 0;
    for case in cases().into_iter().filter(|case| case.given.is_empty()) {
        let mut sources = Sources::default();
        let inputs = case.inputs(&files, &mut sources);
        let grown: Vec<Document> = inputs.specs.iter().map(|document| grow(document, &mut axes)).collect();
        if grown.iter().zip(&inputs.specs).all(|(new, old)| new.root.same(&old.root)) {
            continue;
        }
        let before = by_identity(&case.compile(&files));
        // The new value may be one that some field does not take: that concerns its own instances alone.
        let (compilation, _): (_, Diagnostics) =
            run(Inputs { specs: grown, ..Inputs::default() }, case.options(), &files, &mut sources);
        let after = by_identity(&compilation);
        assert!(after.len() > before.len(), "{case:?} grows");
        for (key, bytes) in &before {
            assert!(after.get(key) == Some(bytes), "`{key}` of {case:?} changes with an axis that it is not part of");
        }
    }
    assert!(axes >= 3, "the specs have axes that can grow, found {axes}");
}

/// Puts another value in front of each axis that is a list of texts.
fn grow(document: &Document, axes: &mut usize) -> Document {
    let Some(workloads) = document.root.get("workloads").and_then(Node::as_map) else { return document.clone() };
    let mut grown = workloads.clone();
    let mut changed = false;
    for workload in workloads {
        let Some(matrix) = workload.value.get("matrix").and_then(Node::as_map) else { continue };
        let mut wider = matrix.clone();
        for axis in matrix.iter().filter(|axis| !["include", "exclude", "zip"].contains(&axis.key.text.as_str())) {
            let Some(items) = axis.value.as_seq().filter(|items| items.iter().all(|item| item.text().is_some())) else {
                continue;
            };
            let first = Node::string("added", axis.value.origin());
            let items = std::iter::once(first).chain(items.iter().cloned()).collect();
            wider.set(axis.key.clone(), Node::seq(items, axis.value.origin()));
            *axes += 1;
            changed = true;
        }
        let mut fields = workload.value.as_map().cloned().unwrap_or_default();
        fields.put("matrix", Node::map(wider, workload.value.origin()));
        grown.set(workload.key.clone(), Node::map(fields, workload.value.origin()));
    }
    if !changed {
        return document.clone();
    }
    let mut root = document.root.as_map().cloned().unwrap_or_default();
    root.put("workloads", Node::map(grown, document.root.origin()));
    Document::new(Node::map(root, document.root.origin()), document.file)
}
