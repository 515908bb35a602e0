//! Secrets that objects have beside Secrets: objects enter, and findings that quote what stands in them at a secret place; the
//! findings leave with that place.
//!
//! A finding may name what stands elsewhere: the value at the other end of a reference, a name that is near, a key. What is
//! not long enough to be told from a word of Fanfold's own is left to the place of the finding.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::diagnostic::Diagnostic;
use crate::kubernetes::{Manifest, Tree};
use crate::limits;
use crate::text::{Node, Origin, Sources};

/// Texts at secret places of the objects of a run.
#[derive(Debug, Default)]
pub(super) struct Veiled {
    is_any: bool,
    texts: BTreeMap<SmolStr, Origin>,
}

impl Veiled {
    /// Returns what notes nothing where no value of expressions is secret.
    pub(super) fn of(is_any: bool) -> Self {
        Self { is_any, texts: BTreeMap::new() }
    }

    /// Whether there is anything to note.
    pub(super) fn notes_any(&self) -> bool {
        self.is_any
    }

    /// Notes what an object has at secret places; what a Secret holds is for no other object to quote, but its keys are.
    pub(super) fn note(&mut self, object: &Manifest, sources: &Sources) {
        if !self.is_any {
            return;
        }
        let is_secret = object.key.kind == "Secret" && object.key.group.is_empty();
        for entry in object.node.as_map().into_iter().flatten() {
            let is_content = is_secret && matches!(entry.key.text.as_str(), "data" | "stringData");
            self.tree(&entry.value, is_content, sources);
        }
    }

    fn tree(&mut self, node: &Node, keys_alone: bool, sources: &Sources) {
        for entry in node.as_map().into_iter().flatten() {
            if sources.is_tainted(entry.key.origin) {
                self.text(entry.key.text.clone(), entry.key.origin);
            }
            self.tree(&entry.value, keys_alone, sources);
        }
        node.as_seq().into_iter().flatten().for_each(|item| self.tree(item, keys_alone, sources));
        if !keys_alone && let Some(text) = node.scalar().filter(|_| sources.is_secret(node.origin())) {
            self.text(text, node.origin());
        }
    }

    fn text(&mut self, text: SmolStr, origin: Origin) {
        /// A shorter one is part of many words.
        const SHORTEST: usize = 3;
        if text.len() >= SHORTEST && self.texts.len() < limits::VEILED_TEXTS {
            self.texts.entry(text).or_insert(origin);
        }
    }

    /// Names in a finding the places of what it quotes.
    pub(super) fn mark(&self, finding: Diagnostic) -> Diagnostic {
        if self.texts.is_empty() || finding.names_alone {
            return finding;
        }
        let texts = finding.texts();
        let quoted = self.texts.iter().filter(|(text, _)| quotes(&texts, text)).map(|(_, origin)| *origin);
        let quoted: Vec<Origin> = quoted.collect();
        finding.repeats(quoted)
    }
}

/// Whether a text stands in others as a word, or several; a long one is known by its beginning, since messages are cut.
fn quotes(texts: &str, text: &str) -> bool {
    const ENOUGH: usize = 40;
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= ENOUGH).last().unwrap_or_default();
    let start = if text.len() <= ENOUGH { text } else { &text[..end] };
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    texts.match_indices(start).any(|(at, _)| {
        let is_cut = start.len() < text.len();
        !is_word(texts[..at].chars().next_back()) && (is_cut || !is_word(texts[at + start.len()..].chars().next()))
    })
}
