//! Trees in, how they compare out.

use super::*;
use crate::text::map::FEW;

fn plain(text: &str) -> Node {
    Node::new(Value::Plain(text.into()), Origin::NOWHERE)
}

fn map(entries: &[(&str, Node)]) -> Node {
    let entry = |(key, value): &(&str, Node)| Entry { key: Key::new(*key, Origin::NOWHERE), value: value.clone() };
    Node::map(entries.iter().map(entry).collect(), Origin::NOWHERE)
}

#[test]
fn equality_is_that_of_values() {
    let text = |text: &str| Node::string(text, Origin::NOWHERE);
    assert_eq!(map(&[("a", plain("1")), ("b", plain("x"))]), map(&[("b", text("x")), ("a", plain("1"))]));
    assert_eq!(plain("~"), Node::new(Value::Null, Origin::NOWHERE));
    assert_eq!(plain("8080"), Node::integer(8080, Origin::NOWHERE));
    assert_ne!(plain("8080"), text("8080"));
    assert_ne!(map(&[("a", plain("1"))]), map(&[("a", plain("1")), ("b", plain("~"))]));
    assert_ne!(map(&[("a", plain("1")), ("b", plain("2"))]), map(&[("a", plain("1")), ("c", plain("2"))]));
    let list = |items: &[&str]| Node::seq(items.iter().copied().map(plain).collect(), Origin::NOWHERE);
    assert_ne!(list(&["a", "b"]), list(&["b", "a"]));
    assert_ne!(map(&[]), list(&[]));
}

fn numbered(keys: impl Iterator<Item = usize>) -> Map {
    let entry = |key: usize| Entry {
        key: Key::new(key.to_string(), Origin::NOWHERE),
        value: Node::integer(1, Origin::NOWHERE),
    };
    keys.map(entry).collect()
}

#[test]
fn many_entries_are_kept_as_few_are() {
    let mut large = numbered(0..2 * FEW);
    assert!((0..2 * FEW).all(|key| large.contains(&key.to_string())));
    assert_eq!(large.remove("3").unwrap().key.text, "3");
    assert!(large.get("3").is_none() && large.remove("3").is_none());
    large.put("7", Node::integer(2, Origin::NOWHERE));
    large.put("3", Node::integer(3, Origin::NOWHERE));
    let keys: Vec<&str> = large.iter().map(|entry| entry.key.text.as_str()).collect();
    assert_eq!((keys[7], keys.last()), ("8", Some(&"3")), "what is set again moves to the end");
    assert_eq!(large.get("7").and_then(Node::as_str), Some("2"));
    large.sort_by_key(|entry| entry.key.text.len());
    assert_eq!(large.get("500").and_then(Node::as_str), Some("1"));
    assert_eq!(large.entry("500").map(|entry| entry.key.text.as_str()), Some("500"));
}

#[test]
fn the_order_of_keys_makes_no_difference() {
    for length in [3, 2 * FEW] {
        assert_eq!(numbered(0..length), numbered((0..length).rev()));
        assert_ne!(numbered(0..length), numbered(1..=length));
        assert_ne!(numbered(0..length), numbered(0..length - 1));
    }
}

#[test]
fn a_value_takes_no_more_room_than_a_vector_needs() {
    assert_eq!(size_of::<Map>(), size_of::<Vec<Entry>>());
}
