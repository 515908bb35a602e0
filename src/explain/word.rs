//! A word of the language in, what it is for out: kinds of documents, keys, and what expressions have.
//!
//! All of it comes from the tables that the compiler and the editor schema use.

use super::forms::forms;
use super::table::Topic;
use crate::expand::builtin::{Builtin, FILTERS, FUNCTIONS, NAMES, TESTS};
use crate::spec::keys::{self, OwnKey};
use crate::spec::{API_VERSION, KIND, PART, WorkloadKind};

/// Returns all that a word means that is no field of Kubernetes.
pub(super) fn topics(steps: &[&str]) -> Vec<Topic> {
    match steps {
        [document] if *document == KIND || *document == PART => vec![self::document(document)],
        [first, key] if *first == KIND || *first == PART => own(key, &[keys::BATCH], "a batch").into_iter().collect(),
        [first, key] if WorkloadKind::ALL.into_iter().any(|kind| kind.as_str() == *first) => {
            own(key, &[keys::WORKLOAD, keys::FAN_OUT], first).into_iter().collect()
        }
        [word] => {
            let mut topics: Vec<Topic> =
                own(word, &[keys::WORKLOAD, keys::FAN_OUT], "a workload").into_iter().collect();
            topics.extend(own(word, &[keys::BATCH], "a batch"));
            if topics.is_empty() {
                topics.extend(own(word, &[keys::ENTRY], "an entry of any section but `workloads`"));
            }
            topics.extend(own(word, &[keys::MATRIX], "`matrix`"));
            topics.extend(below(None, word));
            topics.extend(builtins(word));
            topics
        }
        [key, part] => {
            let of_matrix = (*key == "matrix").then(|| own(part, &[keys::MATRIX], "`matrix`")).flatten();
            of_matrix.into_iter().chain(below(Some(key), part)).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns all words that [`topics`] knows.
pub(super) fn known() -> Vec<&'static str> {
    let tables = [keys::BATCH, keys::FAN_OUT, keys::MATRIX, keys::ENTRY, keys::WORKLOAD];
    let below = keys::BELOW.iter().map(|(_, keys)| *keys);
    let mut words = keys::names(&tables.into_iter().chain(below).collect::<Vec<_>>());
    words.extend([NAMES, FILTERS, FUNCTIONS, TESTS].concat().iter().map(|word| word.name));
    words.extend([KIND, PART]);
    words
}

/// Says what one of the language's own keys is for.
fn own(key: &str, tables: &[&[OwnKey]], place: &str) -> Option<Topic> {
    let known = tables.iter().flat_map(|table| table.iter()).find(|known| known.name == key)?;
    let table = keys::BELOW.iter().find(|(of, _)| *of == key).map_or(&[][..], |(_, keys)| *keys);
    let more = if key == "matrix" { keys::MATRIX } else { &[] };
    let topic = Topic::new(key).row("key of", place).row("is", known.summary).row("written", forms(key).join("\n"));
    Some(topic.list("keys", listed(more.iter().chain(table))))
}

fn listed<'k>(keys: impl Iterator<Item = &'k OwnKey>) -> Vec<(String, String)> {
    keys.map(|key| (key.name.to_owned(), key.summary.to_owned())).collect()
}

/// Says what a key below another one is for; where it means the same below several, once.
fn below(of: Option<&str>, word: &str) -> Vec<Topic> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for (key, table) in keys::BELOW.iter().filter(|(key, _)| of.is_none_or(|of| of == *key)) {
        let Some(known) = table.iter().find(|known| known.name == word) else { continue };
        let place = format!("`{key}`");
        match found.iter_mut().find(|(summary, _)| *summary == known.summary) {
            Some((_, places)) => places.push(place),
            None => found.push((known.summary, vec![place])),
        }
    }
    let topic =
        |(summary, places): (&str, Vec<String>)| Topic::new(word).row("key of", places.join(", ")).row("is", summary);
    found.into_iter().map(topic).collect()
}

/// Says what a name, filter, function or test of expressions is.
fn builtins(word: &str) -> impl Iterator<Item = Topic> {
    /// How a word is written in an expression.
    type Written = fn(String) -> String;
    let sorts: [(&[Builtin], &'static str, Written); 4] = [
        (NAMES, "name", |signature| format!("{{{{ {signature} }}}}")),
        (FILTERS, "filter", |signature| format!("{{{{ VALUE | {signature} }}}}")),
        (FUNCTIONS, "function", |signature| format!("{{{{ {signature} }}}}")),
        (TESTS, "test", |signature| format!("{{{{ VALUE is {signature} }}}}")),
    ];
    sorts.into_iter().filter_map(move |(table, sort, written)| {
        let found = table.iter().find(|known| known.name == word)?;
        let topic = Topic::new(word)
            .row(sort, "of expressions")
            .row("is", found.summary)
            .row("written", written(found.signature()))
            .row("example", format!("{{{{ {} }}}}", found.example))
            .row("gives", found.gives);
        Some(topic)
    })
}

fn document(kind: &str) -> Topic {
    let is = if kind == KIND {
        "a document of a spec: entries by name in sections, and what they share"
    } else {
        "a partial batch in a file of its own, which batches merge under themselves by `include`"
    };
    Topic::new(kind)
        .row("kind of", "a document of a spec")
        .row("is", is)
        .row("written", format!("apiVersion: {API_VERSION}\nkind: {kind}"))
        .list("keys", listed(keys::BATCH.iter()))
}
