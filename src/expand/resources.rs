//! Resources in short form: `{cpu: 100m, memory: 64Mi..128Mi}` is a request, or a request and a limit.

use crate::text::{Key, Map, Node};

/// The fields of ResourceRequirements.
const NATIVE: &[&str] = &["requests", "limits", "claims"];

/// Whether a key is an amount in short form.
pub fn is_short(key: &str) -> bool {
    !NATIVE.contains(&key)
}

/// Spells amounts out as requests and limits; what is no text stays as it is. Expressions may still stand in them.
pub fn spelled(map: &Map) -> Map {
    let mut spelled: Map = map
        .iter()
        .filter(|entry| !is_short(&entry.key.text) || (entry.value.text().is_none() && !entry.value.is_null()))
        .cloned()
        .collect();
    let native = |key: &str| map.get(key).and_then(Node::as_map).cloned().unwrap_or_default();
    let (mut requests, mut limits) = (native("requests"), native("limits"));
    for entry in map.iter().filter(|entry| is_short(&entry.key.text) && !entry.value.is_null()) {
        let value = &entry.value;
        let Some(text) = value.text() else { continue };
        let key = || Key::new(entry.key.text.clone(), entry.key.origin);
        if let Some((request, limit)) = split(text) {
            for (amount, target) in [(request, &mut requests), (limit, &mut limits)] {
                if !amount.is_empty() {
                    target.set(key(), Node::string(amount, value.origin()));
                }
            }
            continue;
        }
        requests.set(key(), value.clone());
        // What cannot be overcommitted needs a limit, and the limit is the request.
        if entry.key.text.contains('/') || entry.key.text.starts_with("hugepages-") {
            limits.set(key(), value.clone());
        }
    }
    for (key, mut amounts) in [("limits", limits), ("requests", requests)] {
        if let Some(origin) = amounts.iter().next().map(|entry| entry.value.origin()) {
            amounts.sort_by_key(|entry| entry.key.text.clone());
            let origin = map.get(key).map_or(origin, Node::origin);
            spelled.set(Key::new(key, origin), Node::map(amounts, origin));
        }
    }
    spelled
}

/// Splits `64Mi..128Mi`; dots inside of expressions do not count.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    while let Some(dots) = text[at..].find("..").map(|found| at + found) {
        match text[at..dots].find("{{").map(|open| at + open) {
            Some(open) => at = open + text[open..].find("}}")? + 2,
            None => return Some((&text[..dots], &text[dots + 2..])),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_range_is_split_outside_of_expressions() {
        assert_eq!(split("64Mi..128Mi"), Some(("64Mi", "128Mi")));
        assert_eq!(split("..1Gi"), Some(("", "1Gi")));
        assert_eq!(split("{{ a['..'] }}..{{ b }}"), Some(("{{ a['..'] }}", "{{ b }}")));
        assert_eq!(split("{{ a['..'] }}"), None);
        assert_eq!(split("100m"), None);
    }
}
