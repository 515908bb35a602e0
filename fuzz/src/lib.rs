//! What the targets share: trees drawn from the fuzzer's bytes, and what a tree means.
//!
//! Bytes enter, trees leave; the same bytes give the same tree, and when they run out the tree ends.

#[path = "../../tests/support/trees/meaning.rs"]
mod shared;

use fanfold::diagnostic::Diagnostics;
use fanfold::read::read_document;
use fanfold::text::{Entry, Key, Map, Node, Origin, Sources, Value};

/// Deeper trees are none that a reader takes.
const MAX_DEPTH: usize = 40;

/// The fuzzer's bytes, from which all choices are drawn.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Whether all are drawn.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Draws a byte; 0 when none is left.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Draws a short text of any letters.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte() % 24);
        String::from_utf8_lossy(self.take(length)).into_owned()
    }

    /// Draws one of a few keys, so that paths lead somewhere, or any text.
    pub fn key(&mut self) -> String {
        const KNOWN: [&str; 8] = ["a", "b", "c", "", "0", "a/b", "m~n", "-"];
        match KNOWN.get(usize::from(self.byte() % 9)) {
            Some(known) => (*known).to_owned(),
            None => self.text(),
        }
    }

    /// Draws a tree. One for emitting holds numbers of all kinds and scalars without quotes, which mean what readers make
    /// of them; in any other tree, no two scalars of different types look the same.
    pub fn tree(&mut self, emitted: bool) -> Node {
        self.tree_at(emitted, 0)
    }

    fn tree_at(&mut self, emitted: bool, depth: usize) -> Node {
        let value = match self.byte() % 10 {
            8 if depth < MAX_DEPTH => {
                let length = self.byte() % 5;
                Value::Seq((0..length).map(|_| self.tree_at(emitted, depth + 1)).collect())
            }
            9 if depth < MAX_DEPTH => {
                let length = self.byte() % 5;
                let entry = |_| {
                    let key = Key::new(self.key(), Origin::NOWHERE);
                    Entry { key, value: self.tree_at(emitted, depth + 1) }
                };
                Value::Map((0..length).map(entry).collect::<Map>())
            }
            0 => Value::Null,
            1 => Value::Bool(self.byte() % 2 == 0),
            2 => Value::Number(i64::from(self.byte()).to_string().into()),
            3 if emitted => Value::Number(format!("-{}.{}5", self.byte(), self.byte()).into()),
            4 if emitted => Value::Plain(plain_text(&self.text()).into()),
            5 if emitted => Value::Raw(self.text().into()),
            _ if emitted => Value::String(self.text().into()),
            _ => Value::String(format!("text {}", self.text()).into()),
        };
        Node::new(value, Origin::NOWHERE)
    }
}

/// Returns the letters of a text that make a number, a word or a date.
fn plain_text(text: &str) -> String {
    let text: String =
        text.chars().filter(|letter| letter.is_ascii_alphanumeric() || "._+-:".contains(*letter)).collect();
    // What starts or ends with a sign of YAML would never be read as a plain scalar.
    text.trim_matches([':', '-']).to_owned()
}

/// Returns what a tree means to kubectl; numbers are told from texts that look the same.
pub fn meaning(node: &Node) -> serde_json::Value {
    shared::meaning(node)
}

/// Reads a text that holds one document.
pub fn read(bytes: &[u8]) -> Result<Node, String> {
    let (mut sources, mut findings) = (Sources::default(), Diagnostics::new());
    let root = read_document(&mut sources, "fuzz.yaml", bytes.to_vec(), &mut findings);
    match findings.iter().next() {
        Some(finding) => Err(format!("{:?} {}", finding.origin, finding.message)),
        None => root.ok_or_else(|| "no document".to_owned()),
    }
}
