//! What an update may not change, compared with the API server's own code over pairs of objects that differ in one place.

use std::collections::BTreeMap;

use fanfold::diagnostic::Diagnostics;
use fanfold::kubernetes::Facts;
use fanfold::kubernetes::immutable::refused;
use fanfold::read::read_documents;
use fanfold::text::{Node, Sources};
use serde_json::Value as Json;

use super::program::{Problem, ask, ask_updates};
use super::{is_shown, mutate, report, right_objects, variable};
use crate::dice::Dice;

/// How many pairs are made if nothing else is said; one in seven can be judged.
const CASES: usize = 4_000;

/// Groups of differences that are known, with the reason; a star at the end stands for any text.
const KNOWN: &[(&str, &str)] = &[
    ("missed: \"CSINode\" spec.drivers", "kubelets alone write these"),
    ("missed: \"Node\" spec.podCIDRs", "controllers alone write these"),
    ("falsely refused: \"StatefulSet\" spec.volumeClaimTemplates[0].apiVersion", "it is not looked at, and wrong"),
    ("falsely refused: \"StatefulSet\" spec.volumeClaimTemplates[0].kind", "it is not looked at, and wrong"),
    ("missed: \"Job\" spec.completions", "the stored number stays where an object that never said it is applied"),
    ("falsely refused: \"Job\" spec.template.metadata.ownerReferences", "templates have none"),
    ("falsely refused: \"Job\" spec.template.metadata.deletionGracePeriodSeconds", "templates have none"),
    ("falsely refused: \"Pod\" spec.containers[0].ports[*", "zero is the port of the container there"),
    ("falsely refused: \"CertificateSigningRequest\" spec*", "the server keeps the one that it has, and says nothing"),
    ("falsely refused: \"CustomResourceDefinition\" spec.names.kind", "no controller has taken the old one here"),
    ("falsely refused: \"CustomResourceDefinition\" spec.scope", "no controller has taken the old one here"),
    ("missed: \"PersistentVolumeClaim\" spec.dataSourceRef.namespace", "the server drops the namespace of a new claim"),
    ("falsely refused: \"VolumeAttributesClass\" parameters.a", "null is an empty text there"),
    ("missed: \"Job\" spec.selector", "the selector is made anew once `manualSelector` is said"),
    ("missed: \"Service\" spec.clusterIPs[0]", "the address is known to the server alone"),
    ("missed: \"PersistentVolumeClaim\" spec", "a manifest does not say whether the claim is bound"),
    (
        "missed: \"Pod\" spec",
        "the tag decides the default of `imagePullPolicy`, which stays as it is stored when an object is applied",
    ),
];

fn tree(object: &Json) -> Node {
    let read = &mut Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "a.yaml", object.to_string().into(), read);
    documents.first().expect("an object is a document").root.clone()
}

/// Whether two objects are one to the server.
fn is_same_object(one: &Json, other: &Json) -> bool {
    ["name", "namespace", "generateName"].iter().all(|key| one["metadata"][key] == other["metadata"][key])
        && one["metadata"]["name"].is_string()
}

#[test]
fn updates_are_refused_where_the_server_refuses_them() {
    needs!(ORACLE);
    let facts = Facts::newest();
    let all = right_objects();
    let is_right: Vec<bool> = ask(&all).iter().map(|theirs| theirs.as_ref().is_some_and(Vec::is_empty)).collect();
    let mut kinds: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for (object, _) in
        all.iter().zip(is_right).filter(|(object, right)| *right && object["metadata"]["name"].is_string())
    {
        kinds.entry(object["kind"].as_str().unwrap_or_default()).or_default().push(object);
    }
    let kinds: Vec<Vec<&Json>> = kinds.into_values().collect();
    let wanted = variable("FANFOLD_ORACLE_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    let mut dice = Dice(variable("FANFOLD_ORACLE_SEED").map_or(1, |seed| seed.parse().expect("a number as a seed")));
    let mut pairs = Vec::with_capacity(wanted);
    while pairs.len() < wanted {
        let of_kind = dice.pick(&kinds);
        let old = *dice.pick(of_kind);
        let mut new = old.clone();
        if let Some(how) = mutate::mutate(&mut new, facts, &mut dice).filter(|_| is_same_object(old, &new)) {
            pairs.push((old, new, how));
        }
    }
    // What is no right object by itself says nothing about updates.
    let alone = ask(&pairs.iter().map(|(_, new, _)| new.clone()).collect::<Vec<_>>());
    let pairs: Vec<_> =
        pairs.into_iter().zip(alone).filter(|(_, alone)| alone.as_ref().is_some_and(Vec::is_empty)).collect();
    let asked: Vec<(&Json, &Json)> = pairs.iter().map(|((old, new, _), _)| (*old, new)).collect();
    let mut agreed = [0, 0];
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (((old, new, how), _), theirs) in pairs.iter().zip(ask_updates(&asked)) {
        let Some(theirs) = theirs else { continue };
        let (before, after) = (tree(old), tree(new));
        let ours = refused(facts, &before, &before, &after);
        if ours.is_empty() == theirs.is_empty() {
            agreed[usize::from(!ours.is_empty())] += 1;
            continue;
        }
        let said: Vec<String> = theirs.iter().map(Problem::to_string).collect();
        let group = match (ours.first(), theirs.first()) {
            (Some(ours), _) => format!("falsely refused: {} {}", new["kind"], ours.path),
            (_, Some(theirs)) => format!("missed: {} {}", new["kind"], theirs.field),
            _ => continue,
        };
        let is_it = |known: &str| known.strip_suffix('*').map_or(group == known, |start| group.starts_with(start));
        if KNOWN.iter().any(|(known, _)| is_it(known)) {
            continue;
        }
        let example = || format!("{how}; the server: {}\n    {old}", report::list(&said));
        wrong.entry(group).or_insert_with(|| (0, example())).0 += 1;
    }
    println!("{} updates: both take {}, both refuse {}", asked.len(), agreed[0], agreed[1]);
    let lines: Vec<String> =
        wrong.iter().map(|(group, (count, example))| format!("{count:5}  {group}\n    {example}")).collect();
    if is_shown() {
        println!("{}", lines.join("\n"));
    }
    assert!(lines.is_empty(), "{} groups of differences:\n{}", lines.len(), lines.join("\n"));
}
