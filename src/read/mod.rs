//! Bytes in, documents of [`Node`]s out, findings beside them; the only door to the YAML parser.
//!
//! Reading never stops at the first broken document and never panics: what cannot be read is a finding with its place.
//! A stream is cut at its `---` lines first, so that one broken document costs only itself, and large streams are read
//! on all cores. Memory and time are bounded by the size of the text: nesting, aliases and file size have limits.

mod comments;
#[cfg(any(test, fuzzing))]
mod compare;
mod files;
mod json_stream;
mod pattern;
mod plain;
mod secret;
mod syntax;
mod whole;

pub use comments::comments_with;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use compare::compare_readers;
pub use files::{
    Files, Listing, MemoryFiles, Unlisted, UnlistedReason, join, load, out_of_bounds, read_bounded, reason, unreadable,
};
pub use pattern::{Pattern, fixed_part, is_pattern, read_pattern};
pub use secret::{hide_object, hide_unread, hide_unread_values, hide_value, is_secret_part, is_secret_type, kind_of};

use std::ops::Range;

use rayon::prelude::*;
use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::limits;
use crate::text::{FileId, Node, Origin, Sources, Value, scalar};
use secret::Marks;

/// Streams below this size are not worth a second core.
const PARALLEL_BYTES: usize = 1 << 18;

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it holds.
    pub root: Node,
    /// The file that holds it.
    pub file: FileId,
    /// What it was merged of, where it includes others: the lowest first, what was written itself last.
    pub layers: Vec<Node>,
}

impl Document {
    /// Returns a document that is merged of no others.
    pub fn new(root: Node, file: FileId) -> Self {
        Self { root, file, layers: Vec::new() }
    }

    /// Returns what it is merged of, the lowest first: itself, where it includes nothing.
    pub fn layers(&self) -> &[Node] {
        if self.layers.is_empty() { std::slice::from_ref(&self.root) } else { &self.layers }
    }

    /// Returns the files of what it includes.
    pub fn parts(&self) -> impl Iterator<Item = FileId> {
        self.layers.iter().map(|layer| layer.origin().file).filter(|file| *file != self.file)
    }
}

/// Reads all documents of a file; documents without content are passed over.
pub fn read_documents(
    sources: &mut Sources,
    name: &str,
    bytes: Vec<u8>,
    diagnostics: &mut Diagnostics,
) -> Vec<Document> {
    let utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let (text, broken) = decode(bytes);
    let file = sources.add(name, text);
    let text = sources.file(file).expect("the file was just added").text.clone();
    if let Some(first) = broken.first() {
        let more = if broken.len() > 1 { format!(" (and at {} more places)", broken.len() - 1) } else { String::new() };
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidEncoding,
                Origin::new(file, *first, first + 3),
                format!("`{name}` is not valid UTF-8{more}"),
            )
            .label("these bytes are no UTF-8")
            .help(if utf16 {
                "it starts as UTF-16 does: save the file as UTF-8"
            } else {
                "save the file as UTF-8; binary data belongs in base64 under `binaryData`"
            }),
        );
    }
    if holds_too_many(&text) {
        let message = format!("expected at most {} values in `{name}`, found more", words::grouped(limits::VALUES));
        let finding = Diagnostic::new(Code::FileTooLarge, Origin::new(file, 0, 0), message);
        diagnostics.push(finding.help("split it into several files, and read them in several runs"));
        return Vec::new();
    }
    let chunks: Vec<Range<usize>> = split(&text);
    let read = |chunk: &Range<usize>| {
        let (roots, findings) = if broken.iter().any(|at| chunk.contains(at)) {
            (Vec::new(), Vec::new())
        } else {
            match plain::read(&text, file, chunk.clone()) {
                Some(root) => (vec![root], Vec::new()),
                None => whole::read(&text, file, chunk.clone()),
            }
        };
        let sound = findings.is_empty() && !roots.is_empty();
        let marks = Marks::of(&text, file, chunk, &roots, sound);
        (roots, findings, marks)
    };
    let results: Vec<(Vec<Node>, Vec<Diagnostic>, Marks)> = if text.len() < PARALLEL_BYTES {
        chunks.iter().map(read).collect()
    } else {
        chunks.par_iter().map(read).collect()
    };
    let mut documents = Vec::new();
    let mut failed = !broken.is_empty();
    for (roots, findings, marks) in results {
        failed |= !findings.is_empty();
        diagnostics.extend(findings);
        documents.extend(roots.into_iter().map(|root| Document::new(root, file)));
        marks.put(sources);
    }
    if documents.is_empty() && !failed {
        diagnostics.push(
            Diagnostic::new(Code::EmptyFile, Origin::new(file, 0, 0), format!("`{name}` holds no document"))
                .help("`fanfold init` writes a first spec"),
        );
    }
    documents
}

/// Whether a text may hold more values than are read at once. Each value is a line, or stands behind one of these.
fn holds_too_many(text: &str) -> bool {
    let begins_one = |byte: &u8| matches!(byte, b'\n' | b',' | b'[' | b'{');
    if text.len() <= limits::VALUES {
        return false;
    }
    // Several items may begin on one line. All of a large text is read here once more: bytes side by side are compared
    // many in one step, windows of them one by one.
    let bytes = text.as_bytes();
    let threes = bytes.iter().zip(&bytes[1..]).zip(&bytes[2..]);
    let nested = threes.filter(|((one, two), three)| **one == b'-' && **two == b' ' && **three == b'-').count();
    nested + bytes.iter().filter(|byte| begins_one(byte)).count() > limits::VALUES
}

/// Reads a text that must hold exactly one document: a params file, a list of rows, one value.
pub fn read_document(sources: &mut Sources, name: &str, bytes: Vec<u8>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut documents = read_documents(sources, name, bytes, diagnostics).into_iter();
    let first = documents.next()?;
    if let Some(second) = documents.next() {
        diagnostics.push(Diagnostic::new(
            Code::InvalidYaml,
            second.root.origin().at_start(),
            format!("expected one document in `{name}`, found a second one"),
        ));
    }
    Some(first.root)
}

/// Reads a text as [`read_document`] does, all of whose values may be secret: one that cannot be read shows none of them.
pub fn read_confidential(
    sources: &mut Sources,
    name: &str,
    bytes: Vec<u8>,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let (file, before) = (sources.next_id(), diagnostics.len());
    let root = read_document(sources, name, bytes, diagnostics);
    if diagnostics.len() > before {
        let text = sources.file(file).map(|file| file.text.clone()).unwrap_or_default();
        Marks::of_unread(&text, file).put(sources);
    }
    root
}

/// Returns the text without its byte-order mark, and where bytes had to be replaced.
fn decode(bytes: Vec<u8>) -> (String, Vec<usize>) {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let bytes = if bytes.starts_with(MARK) { bytes[MARK.len()..].to_vec() } else { bytes };
    match String::from_utf8(bytes) {
        Ok(text) => (text, Vec::new()),
        Err(error) => {
            let mut text = String::new();
            let mut broken = Vec::new();
            for chunk in error.as_bytes().utf8_chunks() {
                text.push_str(chunk.valid());
                if !chunk.invalid().is_empty() {
                    broken.push(text.len());
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
            (text, broken)
        }
    }
}

/// Cuts a stream before each line that starts with `---` and after each that starts with `...`; directives stay with the
/// document they precede.
///
/// YAML forbids such lines inside every kind of scalar, so that this cannot cut through one. JSON objects that follow one
/// another without such a line are cut apart as well: kubectl reads each of them.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut has_content = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let marks = |mark: &str| {
            line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
        };
        if marks("---") {
            if has_content {
                chunks.push(start..at);
                start = at;
            }
            has_content = true;
        } else if has_content && marks("...") {
            chunks.push(start..at + line.len());
            start = at + line.len();
            has_content = false;
        } else if !has_content {
            let bare = line.trim();
            has_content = !(bare.is_empty() || bare.starts_with('#') || line.starts_with('%'));
        }
        at += line.len();
    }
    chunks.push(start..text.len());
    json_stream::cut(text, &mut chunks);
    chunks
}

/// Returns what an unquoted scalar is: a text where it is one to every reader, so that no field makes anything else of it.
fn unquoted(text: SmolStr) -> Value {
    // What an expression is filled in with may be anything.
    let is_settled = scalar::resolve(&text) == scalar::Meaning::Text && !text.contains('{');
    if is_settled { Value::String(text) } else { Value::Plain(text) }
}
