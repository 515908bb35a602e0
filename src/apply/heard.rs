//! What others say of an object in; as much of it out as may be repeated.
//!
//! Servers quote values, rules of admission say what they like, and who stands in between answers with anything. Of an
//! object that holds a secret no more is repeated than words that Kubernetes itself uses, and names that the object has: a
//! value is neither, in whatever quotes or notation it comes.

use std::collections::HashSet;
use std::sync::LazyLock;

use smol_str::SmolStr;

use super::Desired;
use crate::cluster::Resource;
use crate::diagnostic::words::{MASK, masked};
use crate::kubernetes::ObjectKey;
use crate::text::Node;

/// Words of a server behind which values follow.
const REPEATS: &[&str] = &["value: ", "value ", "denied", "cannot parse", "illegal", "character"];
/// The longest part of a server's message that is shown.
const LONGEST: usize = 600;

/// The words of the server's own messages about objects, and of the managers of fields that everybody has.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("heard/words.txt").split_whitespace().collect());

/// Somebody's words about an object.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    key: &'a ObjectKey,
    node: Option<&'a Node>,
    confidential: bool,
}

impl Desired {
    /// Returns what tells which words about the object may be repeated.
    pub(super) fn heard(&self) -> Heard<'_> {
        Heard { key: &self.key, node: Some(&self.node), confidential: self.confidential }
    }
}

impl<'a> Heard<'a> {
    /// Returns the same for an object that only the cluster has.
    pub(super) fn of_theirs(key: &'a ObjectKey) -> Self {
        Self { key, node: None, confidential: key.kind == "Secret" && key.group.is_empty() }
    }

    /// Returns a server's words, bounded.
    pub(super) fn words(self, message: &str) -> String {
        if !self.confidential {
            return brief(message);
        }
        // The object's own names are no values.
        let names = [&self.key.name, &self.key.namespace].into_iter().filter(|name| !name.is_empty());
        let bare = names.fold(message.to_owned(), |text, name| text.replace(&format!("\"{name}\""), name));
        let behind = REPEATS.iter().filter_map(|word| bare.find(word).map(|at| at + word.len()));
        let quoted = bare.find(['"', '\'', '`']);
        match behind.chain(quoted).chain(self.first_stranger(&bare)).min() {
            Some(end) => brief(&format!("{} {MASK} (what may repeat a secret is not shown)", bare[..end].trim_end())),
            None => brief(&bare),
        }
    }

    /// Returns a reason of our own in which what others said stands in quotes.
    pub(super) fn reason(self, reason: &str) -> String {
        if self.confidential { brief(&masked(reason)) } else { brief(reason) }
    }

    /// Returns the path of a field up to the first part that is neither a key of the object nor a field of Kubernetes.
    pub(super) fn field(self, field: &str) -> &str {
        let end = self.first_stranger(field).filter(|_| self.confidential).unwrap_or(field.len());
        let known = &field[..end];
        // What is left of a key of a list is none.
        let open = known.rfind('[').filter(|at| !known[*at..].contains(']'));
        open.map_or(known, |at| &known[..at]).trim_end_matches(['.', '[', '"', '=', '/'])
    }

    /// Returns the name of a manager of fields.
    pub(super) fn manager(self, manager: &str) -> &str {
        if self.confidential && self.first_stranger(manager).is_some() { MASK } else { manager }
    }

    /// Returns where the first word starts that neither Kubernetes uses nor the object has as a name.
    fn first_stranger(self, text: &str) -> Option<usize> {
        let mut own = HashSet::new();
        let key = self.key;
        for name in [&key.name, &key.namespace, &key.kind, &key.group, &key.version] {
            own.extend(words(name).map(|(_, word)| word.to_ascii_lowercase()));
        }
        if let Some(node) = self.node {
            gather(node, &mut own);
        }
        let mut last = "";
        words(text).find_map(|(at, word)| {
            let lower = word.to_ascii_lowercase();
            let is_number = word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
            // Short numbers are known as the index of an item, and as the status of an answer.
            let is_index = is_number && text[..at].ends_with('[') && text[at + word.len()..].starts_with(']');
            let is_known = is_index
                || (is_number && last == "status")
                || WORDS.contains(lower.as_str())
                || own.contains(&lower)
                // `secrets`, of a Secret.
                || lower.strip_suffix('s').is_some_and(|one| own.contains(one));
            last = if lower == "status" { "status" } else { "" };
            (!is_known).then_some(at)
        })
    }
}

/// Returns a server's words about the objects of a resource.
pub(super) fn of_resource(resource: &Resource, message: &str) -> String {
    let Resource { group, version, kind, .. } = resource.clone();
    let key = ObjectKey { group, version, kind, namespace: SmolStr::default(), name: SmolStr::default() };
    Heard::of_theirs(&key).words(message)
}

/// Returns the words of a text and where they start; one of another script is a word, too.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split(|letter: char| letter.is_whitespace() || (letter.is_ascii_punctuation() && letter != '_'));
    parts.filter(|word| !word.is_empty()).map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

/// Gathers the names of keys.
fn gather(node: &Node, found: &mut HashSet<String>) {
    for entry in node.as_map().into_iter().flatten() {
        found.extend(words(&entry.key.text).map(|(_, word)| word.to_ascii_lowercase()));
        gather(&entry.value, found);
    }
    node.as_seq().into_iter().flatten().for_each(|item| gather(item, found));
}

/// Bounds a message.
pub(super) fn brief(message: &str) -> String {
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str) -> ObjectKey {
        let [group, version] = ["", "v1"].map(Into::into);
        ObjectKey { group, version, kind: kind.into(), namespace: "shop".into(), name: "db".into() }
    }

    #[test]
    fn a_value_is_repeated_in_no_notation() {
        let key = key("Secret");
        let heard = Heard::of_theirs(&key);
        for token in ["TOPSECRET", "4711", "t0p-secret", "пароль", "a_b"] {
            for message in [
                format!("the {token} is too long"),
                format!("secrets \"db\" is invalid: data: Invalid value: {token}"),
                format!("{token}.data: must not be set"),
                format!("field is immutable [{token}]"),
                format!("map[data:map[k:[{token}]]]"),
                format!("conflict with status={token}"),
            ] {
                let said = heard.words(&message);
                assert!(!said.contains(token) && said.contains(MASK), "{said}");
                assert!(!heard.field(&message).contains(token));
            }
            assert_eq!(heard.manager(&format!("kubectl {token}")), MASK);
            assert_eq!(heard.reason(&format!("expected `Secret shop/db`, found `Secret {token}`")), "expected `•••`");
        }
    }

    #[test]
    fn what_kubernetes_itself_says_is_repeated() {
        let key = key("Secret");
        let heard = Heard::of_theirs(&key);
        for message in [
            "secrets db is forbidden: unable to create new content in namespace shop because it is being terminated",
            "namespaces shop not found",
            "data: Forbidden: field is immutable when `immutable` is set",
            "HTTP status 500",
            "etcdserver: leader changed",
        ] {
            let until = message.find('`').unwrap_or(message.len());
            assert!(heard.words(message).starts_with(message[..until].trim_end()), "{}", heard.words(message));
        }
        assert_eq!(heard.field(".metadata.labels"), ".metadata.labels");
        assert_eq!(heard.field("metadata.annotations[TOKEN].x"), "metadata.annotations");
        assert_eq!(heard.manager("kubectl-client-side-apply"), "kubectl-client-side-apply");
        assert_eq!(heard.reason("no answer within 6 s"), "no answer within 6 s");
    }

    #[test]
    fn of_other_objects_all_is_repeated() {
        let key = key("ConfigMap");
        let heard = Heard::of_theirs(&key);
        assert_eq!(heard.words("a \"b\""), "a \"b\"");
        assert_eq!(heard.field("data[k]"), "data[k]");
        assert_eq!(heard.manager("me"), "me");
    }
}
