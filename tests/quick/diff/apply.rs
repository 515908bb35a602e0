//! A report in JSON applied to the old side: what a program needs of the form, and the proof that nothing is left out.

use serde_json::{Map, Value as Json};

/// Returns the objects that the report makes of the old ones, sorted by what they are.
pub(super) fn applied(old: &[Json], report: &Json) -> Vec<Json> {
    let mut objects: Vec<Json> = old.to_vec();
    for object in report["objects"].as_array().expect("objects") {
        let is = |key: &Json, candidate: &Json| {
            candidate["apiVersion"] == key["apiVersion"]
                && candidate["kind"] == key["kind"]
                && candidate["metadata"]["name"] == key["name"]
                && candidate["metadata"].get("namespace").unwrap_or(&Json::Null) == &key["namespace"]
        };
        let was = if object["was"].is_null() { object } else { &object["was"] };
        let changes = object["changes"].as_array().expect("changes");
        match object["fate"].as_str() {
            Some("added") => {
                objects.push(changes.iter().find_map(|change| change.get("new")).expect("a whole").clone());
            }
            Some("removed") => {
                let at = objects.iter().position(|candidate| is(was, candidate)).expect("the object stood there");
                objects.remove(at);
            }
            _ => {
                let target = objects.iter_mut().find(|candidate| is(was, candidate)).expect("the object stands there");
                changes.iter().for_each(|change| apply(target, change));
            }
        }
    }
    sorted(objects)
}

/// Returns objects in an order that depends on nothing else.
pub(super) fn sorted(mut objects: Vec<Json>) -> Vec<Json> {
    let key = |object: &Json| {
        let metadata = &object["metadata"];
        format!("{} {} {} {}", object["kind"], object["apiVersion"], metadata["namespace"], metadata["name"])
    };
    objects.sort_by_key(key);
    objects
}

fn apply(target: &mut Json, change: &Json) {
    let path = change["path"].as_array().expect("a path");
    let Some((last, above)) = path.split_last() else { return };
    match change["change"].as_str() {
        Some("changed") => *follow(target, path) = change["new"].clone(),
        Some("added") => {
            let parent = follow(target, above);
            match (last, change.get("at")) {
                (Json::String(key), _) => {
                    parent.as_object_mut().expect("a mapping").insert(key.clone(), change["new"].clone());
                }
                (_, Some(at)) => {
                    let at = usize::try_from(at.as_u64().expect("a place")).expect("small");
                    parent.as_array_mut().expect("a list").insert(at, change["new"].clone());
                }
                _ => panic!("an item has no place: {change}"),
            }
        }
        Some("removed") => {
            let parent = follow(target, above);
            match last {
                Json::String(key) => drop(parent.as_object_mut().expect("a mapping").shift_remove(key)),
                step => {
                    let items = parent.as_array_mut().expect("a list");
                    let at = place(items, step);
                    items.remove(at);
                }
            }
        }
        Some("reordered") => {
            let order = change["newOrder"].as_array().expect("an order").clone();
            let items = follow(target, path).as_array_mut().expect("a list");
            // The items that are named take each other's places.
            let mut places: Vec<usize> = order.iter().map(|step| place(items, step)).collect();
            let moved: Vec<Json> = places.iter().map(|at| items[*at].clone()).collect();
            places.sort_unstable();
            for (at, item) in places.into_iter().zip(moved) {
                items[at] = item;
            }
        }
        _ => {}
    }
}

fn follow<'a>(target: &'a mut Json, path: &[Json]) -> &'a mut Json {
    path.iter().fold(target, |node, step| match step {
        Json::String(key) => node.get_mut(key.as_str()).unwrap_or_else(|| panic!("`{key}` is not there")),
        step => {
            let items = node.as_array_mut().expect("a list");
            let at = place(items, step);
            &mut items[at]
        }
    })
}

fn place(items: &[Json], step: &Json) -> usize {
    let at = match step {
        // A key that an item leaves out has the value that the server puts there.
        Json::Object(keys) => {
            let whole = items.iter().position(|item| has(item, keys, false));
            whole.or_else(|| items.iter().position(|item| has(item, keys, true)))
        }
        Json::Array(member) => {
            items.iter().position(|item| member.first().and_then(Json::as_str) == Some(&plain(item)))
        }
        _ => None,
    };
    at.unwrap_or_else(|| panic!("{step} is not in {items:?}"))
}

fn has(item: &Json, keys: &Map<String, Json>, or_leaves_out: bool) -> bool {
    let is = |own: Option<&Json>, value: &Json| own.map_or(or_leaves_out, |own| value.as_str() == Some(&plain(own)));
    // A key with a point leads into the item.
    let part = |key: &str| item.get(key).or_else(|| item.pointer(&format!("/{}", key.replace('.', "/"))));
    keys.iter().all(|(key, value)| is(part(key), value))
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
