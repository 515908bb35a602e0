//! What a change of a definition does to the objects of its kind.
//!
//! The changes of a `CustomResourceDefinition` enter, and leave with their effects: words that nobody obeys do nothing, what
//! allows more changes in place, and what allows less breaks objects that were valid. Where a keyword cannot be weighed, as
//! the combination of two schemas, any other value counts as less.

use std::cmp::Ordering;

use smol_str::{SmolStr, format_smolstr};

use super::effect::whole_note;
use super::{Change, Effect, Path, Shown, Step, What};
use crate::kubernetes::{Manifest, Tree};
use crate::text::Node;

const REFUSED: &str = "objects that do not comply are refused when they are made, or when this part of them changes";
const PRUNED: &str = "fields that the schema does not name are dropped from objects when they are written";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const DROPPED: &str = "objects that have it lose it when they are written the next time";

/// Says what the changes of a definition do.
pub(super) fn judge(old: &Manifest, new: &Manifest, changes: &mut Vec<Change>) {
    if new.key.kind != "CustomResourceDefinition" || new.key.group != "apiextensions.k8s.io" {
        return;
    }
    for change in changes.iter_mut() {
        let verdict = verdict(change, new);
        match verdict {
            Verdict::Words => {
                change.effect = Effect::None;
                change.note = None;
                change.words = true;
            }
            Verdict::Less(note) if change.effect < Effect::Breaking && change.effect != Effect::None => {
                change.effect = Effect::Breaking;
                change.note = note.map(Into::into);
            }
            Verdict::Same => {
                change.effect = Effect::None;
                change.note = None;
            }
            Verdict::Less(_) | Verdict::More => {}
        }
    }
    served_no_longer(old, new, changes);
}

/// What a change does to what a definition allows.
enum Verdict {
    /// Nothing: it is about words.
    Words,
    /// It allows less, and why that matters, unless the object says so as a whole.
    Less(Option<&'static str>),
    /// It allows more.
    More,
    /// It allows the same.
    Same,
}

fn verdict(change: &Change, new: &Manifest) -> Verdict {
    if Path::is_at(&change.path.0, "spec.preserveUnknownFields") && !shown_is(&change.what, "true") {
        let was = matches!(&change.what, What::Changed(Shown::Value(old), _) | What::Removed(Shown::Value(old)) if is_true(old));
        return if was { Verdict::Less(Some(PRUNED)) } else { Verdict::More };
    }
    let [Step::Key(spec), Step::Key(versions), version @ Step::Item(_), rest @ ..] = change.path.0.as_slice() else {
        return Verdict::More;
    };
    if spec != "spec" || versions != "versions" {
        return Verdict::More;
    }
    match rest {
        [Step::Key(part), Step::Key(root), schema @ ..] if part == "schema" && root == "openAPIV3Schema" => {
            let root = versions_of(new).iter().find(|node| is_version(node, version));
            of_schema(change, schema, root.and_then(|root| root.present_at(&["schema", "openAPIV3Schema"])))
        }
        [Step::Key(part), .., Step::Key(last)] if part == "additionalPrinterColumns" && last == "description" => {
            Verdict::Words
        }
        [Step::Key(part)] if part == "served" && shown_is(&change.what, "false") => Verdict::Less(None),
        [Step::Key(part)] if part == "storage" && shown_is(&change.what, "true") => {
            Verdict::Less(Some("objects are stored in this version from now on; those stored before must be migrated"))
        }
        [Step::Key(part), ..] if part == "subresources" && matches!(change.what, What::Removed(_)) => {
            Verdict::Less(Some("requests for the subresource fail, of controllers too"))
        }
        // A version that was served is said to be gone by the note of the whole.
        [] if matches!(&change.what, What::Removed(Shown::Value(gone)) if gone.is_set("served")) => Verdict::Less(None),
        _ => Verdict::More,
    }
}

/// Walks to the keyword that changed, with the schema of now at its side.
fn of_schema(change: &Change, mut steps: &[Step], mut schema: Option<&Node>) -> Verdict {
    loop {
        let [Step::Key(keyword), rest @ ..] = steps else { return Verdict::More };
        let inner = schema.and_then(|schema| schema.present(keyword));
        (steps, schema) = match (keyword.as_str(), rest) {
            ("properties" | "patternProperties" | "definitions", [Step::Key(_)]) => {
                let gone = matches!(change.what, What::Removed(_));
                return if gone && !schema.is_some_and(is_open) { Verdict::Less(Some(DROPPED)) } else { Verdict::More };
            }
            ("properties" | "patternProperties" | "definitions", [Step::Key(name), rest @ ..]) => {
                (rest, inner.and_then(|inner| inner.present(name)))
            }
            ("items" | "additionalProperties", [_, ..]) => (rest, inner),
            (keyword, rest) => return of_keyword(change, keyword, rest, schema),
        };
    }
}

fn of_keyword(change: &Change, keyword: &str, below: &[Step], schema: Option<&Node>) -> Verdict {
    let (old, new) = match &change.what {
        What::Changed(Shown::Value(old), Shown::Value(new)) => (Some(old), Some(new)),
        What::Added(Shown::Value(new), _) => (None, Some(new)),
        What::Removed(Shown::Value(old)) => (Some(old), None),
        _ => return Verdict::More,
    };
    let less = |is: bool, note: &'static str| if is { Verdict::Less(Some(note)) } else { Verdict::More };
    let truth = |node: Option<&Node>| node.is_some_and(is_true);
    // The order of what may be, and of what must be, says nothing.
    if matches!(keyword, "enum" | "required") && below.is_empty() && old.zip(new).is_some_and(same_set) {
        return Verdict::Same;
    }
    match keyword {
        "description" | "title" | "example" | "externalDocs" => Verdict::Words,
        "anyOf" if schema.is_some_and(|schema| schema.is_set(INT_OR_STRING)) => Verdict::More,
        // One more form allows more; of those that must all hold, one less does.
        "anyOf" => less(new.is_some_and(|_| !has_all(new, old)), REFUSED),
        "allOf" => less(new.is_some_and(|_| !has_all(old, new)), REFUSED),
        "pattern" | "not" | "oneOf" | "multipleOf" => less(new.is_some(), REFUSED),
        // Messages of rules are no part of what they allow.
        "x-kubernetes-validations" => less(new.is_some() && below.len() < 2, REFUSED),
        "type" => {
            let word = |node: Option<&Node>| node.and_then(Tree::scalar);
            let widens = word(old).as_deref() == Some("integer") && word(new).as_deref() == Some("number");
            let mixed = schema.is_some_and(|schema| schema.is_set(INT_OR_STRING));
            let fits = !mixed || matches!(word(old).as_deref(), Some("integer" | "string"));
            less(new.is_some() && !widens || !fits, REFUSED)
        }
        "format" => {
            let word = |node: Option<&Node>| node.and_then(Tree::scalar);
            let widens = word(old).as_deref() == Some("int32") && word(new).as_deref() == Some("int64");
            less(new.is_some() && !widens, REFUSED)
        }
        "enum" => {
            let lost = match (old, new) {
                (Some(old), Some(new)) if below.is_empty() => {
                    old.items().iter().any(|value| !new.items().contains(value))
                }
                (None, Some(_)) => below.is_empty(),
                // An item of the list is gone, or the list is, and with it the limit.
                (_, None) => !below.is_empty(),
                _ => false,
            };
            less(lost, REFUSED)
        }
        "required" => {
            let before = old.filter(|_| below.is_empty()).map_or(&[][..], Tree::items);
            let asked: Vec<&Node> = match new {
                Some(new) if below.is_empty() => new.items().iter().filter(|item| !before.contains(item)).collect(),
                Some(new) => vec![new],
                None => Vec::new(),
            };
            // What is left out gets its default before it is missed.
            let is_filled = |name: &Node| {
                let name = name.scalar().unwrap_or_default();
                schema.is_some_and(|schema| schema.present_at(&["properties", &name, "default"]).is_some())
            };
            less(asked.iter().any(|name| !is_filled(name)), REFUSED)
        }
        "maximum" | "maxLength" | "maxItems" | "maxProperties" => less(tighter(old, new, Ordering::Less), REFUSED),
        "minimum" | "minLength" | "minItems" | "minProperties" => less(tighter(old, new, Ordering::Greater), REFUSED),
        "exclusiveMaximum" | "exclusiveMinimum" | "uniqueItems" => less(truth(new), REFUSED),
        "x-kubernetes-list-type" | "x-kubernetes-map-type" | "x-kubernetes-list-map-keys" => {
            less(new.is_some_and(|new| !matches!(new.scalar().as_deref(), Some("atomic" | "granular"))), REFUSED)
        }
        "nullable" | INT_OR_STRING => less(!truth(new), REFUSED),
        "x-kubernetes-embedded-resource" => less(truth(new), REFUSED),
        "x-kubernetes-preserve-unknown-fields" => less(!truth(new), PRUNED),
        "additionalProperties" | "properties" => {
            less(!schema.is_some_and(is_open) && new.is_none_or(|new| new.as_map().is_none()), DROPPED)
        }
        _ => Verdict::More,
    }
}

/// Whether a schema keeps fields that it does not name.
fn is_open(schema: &Node) -> bool {
    schema.is_set("x-kubernetes-preserve-unknown-fields") || schema.is_set("additionalProperties")
}

/// Whether a list has all items of another.
fn has_all(list: Option<&Node>, of: Option<&Node>) -> bool {
    let items = |list: Option<&'_ Node>| list.map(|list| list.items().to_vec()).unwrap_or_default();
    let known = items(list);
    of.is_some() && items(of).iter().all(|item| known.contains(item))
}

fn is_true(node: &Node) -> bool {
    node.scalar().as_deref() == Some("true")
}

fn same_set((old, new): (&Node, &Node)) -> bool {
    let holds = |one: &Node, other: &Node| one.items().iter().all(|item| other.items().contains(item));
    holds(old, new) && holds(new, old)
}

/// Whether a limit is on the other side of what it was; one that is new is tighter than none.
fn tighter(old: Option<&Node>, new: Option<&Node>, than: Ordering) -> bool {
    let number = |node: &Node| node.scalar().and_then(|text| text.parse::<f64>().ok());
    match (old.and_then(number), new.and_then(number)) {
        (Some(old), Some(new)) => new.partial_cmp(&old) == Some(than),
        (None, Some(new)) => than == Ordering::Less || new > 0.0,
        _ => false,
    }
}

/// Whether what is now is that word.
fn shown_is(what: &What, word: &str) -> bool {
    match what {
        What::Changed(_, Shown::Value(new)) | What::Added(Shown::Value(new), _) => {
            new.scalar().as_deref() == Some(word)
        }
        _ => false,
    }
}

fn versions_of(object: &Manifest) -> &[Node] {
    object.node.present_at(&["spec"]).map_or(&[][..], |spec| spec.list("versions"))
}

fn is_version(node: &Node, step: &Step) -> bool {
    match step {
        Step::Item(values) => values.iter().all(|(key, value)| node.word(key).as_ref() == Some(value)),
        Step::Key(_) | Step::Member(_) => false,
    }
}

/// Says which versions of its objects a definition no longer serves.
fn served_no_longer(old: &Manifest, new: &Manifest, changes: &mut Vec<Change>) {
    let served = |object: &Manifest| -> Vec<SmolStr> {
        let served = versions_of(object).iter().filter(|version| version.is_set("served"));
        served.filter_map(|version| version.word("name")).collect()
    };
    let still = served(new);
    for version in served(old).iter().filter(|version| !still.contains(version)) {
        let note = format_smolstr!("`{version}` is served no longer: requests for it fail, of controllers too");
        changes.push(whole_note(Effect::Breaking, note, new.origin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Origin;

    fn number(text: &str) -> Node {
        Node::new(crate::text::Value::Number(text.into()), Origin::NOWHERE)
    }

    #[test]
    fn a_limit_is_tighter_on_its_own_side_alone() {
        let (five, nine) = (number("5"), number("9"));
        assert!(
            tighter(Some(&nine), Some(&five), Ordering::Less) && !tighter(Some(&five), Some(&nine), Ordering::Less)
        );
        assert!(tighter(Some(&five), Some(&nine), Ordering::Greater));
        assert!(tighter(None, Some(&five), Ordering::Less) && !tighter(None, Some(&number("0")), Ordering::Greater));
        assert!(!tighter(Some(&five), None, Ordering::Less), "a limit that is gone is none");
    }
}
