//! Verdicts about objects as a server has them.
//!
//! `cases/` holds an object and what its write expects (`expected`), of which the verdict is found and its words; with
//! `gone: true` it is no longer there, and the object is its last state. `why/` holds an object and what is related to it,
//! of which the reasons are found, in order. What Kubernetes 1.37 writes was taken from its controllers; what only a node
//! writes, from the types and the kubelet. The form of all is that of `crate::cases`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use fanfold::cluster::Live;
use fanfold::readiness::{Expected, Readiness, Related, judge, judge_gone, owned_by, pods_of, why};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{self, Case};

const CASES: &str = "tests/quick/readiness/cases";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Judged {
    #[serde(default)]
    expected: Known,
    #[serde(default)]
    gone: bool,
    object: Value,
}

/// What is known of the write.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Known {
    generation: Option<i64>,
    uid: Option<String>,
    written: Option<String>,
    binds_late: bool,
    has_status: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    object: Value,
    #[serde(default)]
    related: Around,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Around {
    pods: Vec<Value>,
    controllers: Vec<Value>,
    events: Vec<Value>,
    claims: Vec<Value>,
    now: Option<String>,
}

fn read<T: serde::de::DeserializeOwned>(case: &Case) -> T {
    serde_yaml::from_str(case.input()).unwrap_or_else(|error| panic!("{}: {error}", case.path.display()))
}

fn expected(known: &Known) -> Expected {
    Expected {
        generation: known.generation,
        uid: known.uid.clone(),
        written: known.written.as_deref().map(|text| text.parse().expect("a time")),
        binds_late: known.binds_late,
        has_status: known.has_status,
    }
}

fn word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Ready(_) => "ready",
        Readiness::Waiting(_) => "waiting",
        Readiness::Silent(_) => "silent",
        Readiness::Failed(_) => "failed",
    }
}

#[test]
fn every_object_is_judged_as_its_case_says() {
    let words: RefCell<BTreeSet<&str>> = RefCell::default();
    cases::hold(CASES, 60, |case| {
        let case: Judged = read(case);
        let live = Live(case.object);
        let found = if case.gone { judge_gone(&live) } else { judge(&live, &expected(&case.expected)) };
        words.borrow_mut().insert(word(&found));
        let text = found.text().map(|text| format!(": {text}")).unwrap_or_default();
        vec![format!("{}{text}", word(&found))]
    });
    assert_eq!(words.borrow().len(), 4, "all verdicts are met: {words:?}");
}

#[test]
fn every_object_says_why() {
    cases::hold("tests/quick/readiness/why", 30, |case| {
        let case: Why = read(case);
        let live = |values: &[Value]| values.iter().cloned().map(Live).collect::<Vec<_>>();
        let around = &case.related;
        let [pods, controllers, events, claims] =
            [&around.pods, &around.controllers, &around.events, &around.claims].map(|values| live(values));
        let now = around.now.as_deref().map(|text| text.parse().expect("a time"));
        let related = Related { pods: &pods, controllers: &controllers, events: &events, claims: &claims, now };
        let shown = |reason: fanfold::readiness::Reason| {
            let lasting = if reason.lasting { ", for good" } else { "" };
            format!("{}x {}: {}{lasting}", reason.count, reason.object, reason.text)
        };
        why(&Live(case.object), &related).into_iter().map(shown).collect()
    });
}

#[test]
fn nothing_that_lacks_a_part_makes_a_panic() {
    // Each object again without each of its parts, and with each part of a wrong type.
    fn spoilt(value: &Value, into: &mut Vec<Value>) {
        let Value::Object(map) = value else {
            if let Value::Array(items) = value {
                into.push(json!([]));
                for (at, item) in items.iter().enumerate() {
                    let mut inner = Vec::new();
                    spoilt(item, &mut inner);
                    into.extend(inner.into_iter().map(|item| {
                        let mut items = items.clone();
                        items[at] = item;
                        Value::Array(items)
                    }));
                }
            }
            return;
        };
        for (key, part) in map {
            let mut inner = vec![json!(null), json!("x"), json!(-1), json!([1]), json!({"a": {}})];
            spoilt(part, &mut inner);
            for part in inner {
                let mut map = map.clone();
                map.insert(key.clone(), part);
                into.push(Value::Object(map));
            }
        }
    }
    let mut judged = 0;
    for case in cases::files(CASES) {
        let case: Judged = read(&case);
        let mut broken = Vec::new();
        spoilt(&case.object, &mut broken);
        for object in broken {
            let live = Live(object);
            let found = judge(&live, &expected(&case.expected));
            let both = [live];
            let related = Related { pods: &both, controllers: &both, events: &both, claims: &both, now: None };
            let reasons = why(&both[0], &related);
            assert!(found.text().is_none_or(|text| text.chars().count() < 500), "{found:?}");
            assert!(reasons.iter().all(|reason| reason.text.chars().count() < 500), "{reasons:?}");
            judged += 1;
        }
    }
    assert!(judged > 5_000, "{judged} broken objects");
}

#[test]
fn a_failure_is_not_taken_for_that_of_a_later_write() {
    let case = cases::files(CASES).into_iter().find(|case| case.name() == "deployment-deadline").expect("the case");
    let mut case: Judged = read(&case);
    let live = Live(case.object);
    for (written, verdict) in [(None, "failed"), (Some(-1), "failed"), (Some(0), "failed"), (Some(1), "waiting")] {
        let text = live.list(&["status", "conditions"])[1]["lastUpdateTime"].as_str().expect("a time");
        let since: Timestamp = text.parse().expect("a time");
        let moved = |seconds: i64| Timestamp::from_second(since.as_second() + seconds).expect("a time").to_string();
        case.expected.written = written.map(moved);
        assert_eq!(word(&judge(&live, &expected(&case.expected))), verdict, "{written:?} seconds after it");
    }
}

#[test]
fn messages_of_the_server_are_cut_and_on_one_line() {
    let long = "word\n\u{1b}[31m ".repeat(400);
    let live = Live(json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "message": long}]},
    }));
    let found = judge(&live, &Expected::default());
    let text = found.text().expect("a reason");
    assert_eq!(text.chars().count(), 301);
    assert!(text.starts_with("word [31m word") && text.ends_with('…'), "{text}");
}

#[test]
fn the_pods_of_a_deployment_are_those_of_its_newest_replica_set() {
    let owned = |kind: &str, name: &str, uid: &str, owner: &str, revision: &str| {
        Live(json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "uid": uid, "ownerReferences": [{"uid": owner}],
                "annotations": {"deployment.kubernetes.io/revision": revision}},
        }))
    };
    // Revisions are numbers: 10 is newer than 9.
    let sets = [
        owned("ReplicaSet", "a-9", "9", "d", "9"),
        owned("ReplicaSet", "a-10", "10", "d", "10"),
        owned("ReplicaSet", "b-11", "11", "e", "11"),
        owned("ReplicaSet", "nobody", "12", "", "12"),
    ];
    let pods =
        [owned("Pod", "old", "p", "9", ""), owned("Pod", "new", "q", "10", ""), owned("Pod", "other", "r", "11", "")];
    let deployment =
        Live(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "uid": "d"}}));
    let related = Related { pods: &pods, controllers: &sets, ..Related::default() };
    let names = |found: Vec<&Live>| found.into_iter().map(|live| live.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(owned_by(&deployment, &sets)), ["a-9", "a-10"]);
    assert_eq!(names(pods_of(&deployment, &related)), ["new"]);
    let unnamed = Live(json!({"kind": "Deployment", "metadata": {"name": "a"}}));
    assert!(owned_by(&unnamed, &sets).is_empty(), "an object without a uid owns nothing");
}
