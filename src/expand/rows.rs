//! The rows of a matrix or a parameter: from a CSV, JSON or YAML file, or written in place.
//!
//! One mapping a row, in the order of the file; each value knows its place in that file.

use std::collections::HashSet;
use std::ops::Range;

use smol_str::SmolStr;

use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::limits;
use crate::read::read_document;
use crate::text::{FileId, Key, Map, Node, Origin, Sources, Value};

/// Reads the rows that a value names or holds.
pub(super) fn read(node: &Node, world: &mut World<'_>, diagnostics: &mut Diagnostics) -> Option<(Vec<Map>, Origin)> {
    let origin = node.origin();
    if node.as_seq().is_some() {
        return Some((mappings(node, diagnostics)?, origin));
    }
    let Some(path) = node.as_str().filter(|_| !node.is_null()) else {
        diagnostics.push(Diagnostic::new(
            Code::InvalidMatrix,
            origin,
            format!("expected a file or a list of mappings for `rows`, found {}", node.type_name()),
        ));
        return None;
    };
    let (name, bytes) = world.read(path, origin, diagnostics)?;
    if is_table(&name) {
        return Some((csv_rows(&name, bytes, Some(origin), world.sources, diagnostics)?, origin));
    }
    let root = read_document(world.sources, &name, bytes, diagnostics)?;
    Some((mappings(&root, diagnostics)?, origin))
}

/// Whether a file of that name is a table: its lines are rows.
pub fn is_table(name: &str) -> bool {
    name.ends_with(".csv") || name.ends_with(".tsv")
}

/// Reads a table that the command line names, all of whose values may be secret: one that cannot be read shows none of them.
pub fn read_table(name: &str, bytes: Vec<u8>, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    let file = sources.next_id();
    let rows = csv_rows(name, bytes, None, sources, diagnostics);
    let end = sources.file(file).map_or(0, |file| file.text.len());
    let whole = Origin::new(file, 0, end);
    if rows.is_none() {
        sources.hide(whole);
    }
    Some(as_list(rows?, whole))
}

/// Returns rows as a list; each stands where its cells do.
pub(super) fn as_list(rows: Vec<Map>, origin: Origin) -> Node {
    let row = |row: Map| {
        let cells = || row.iter().map(|cell| cell.value.origin());
        let place = cells().next().zip(cells().next_back()).map_or(origin, |(first, last)| first.to(last));
        Node::map(row, place)
    };
    Node::seq(rows.into_iter().map(row).collect(), origin)
}

fn mappings(list: &Node, diagnostics: &mut Diagnostics) -> Option<Vec<Map>> {
    let wrong = |node: &Node, expected: &str| {
        Diagnostic::new(Code::InvalidMatrix, node.origin(), format!("expected {expected}, found {}", node.type_name()))
    };
    let Some(items) = list.as_seq() else {
        diagnostics.push(wrong(list, "a list of rows"));
        return None;
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        if let Some(map) = item.as_map() {
            rows.push(map.clone());
        } else {
            diagnostics.push(wrong(item, "a row to be a mapping"));
            return None;
        }
    }
    Some(rows)
}

fn csv_rows(
    name: &str,
    bytes: Vec<u8>,
    used_at: Option<Origin>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Map>> {
    let text = String::from_utf8(bytes);
    let file = sources.add(name, bare(text.as_deref().unwrap_or_default()));
    let Ok(text) = text else {
        let at = used_at.unwrap_or(Origin::new(file, 0, 0));
        diagnostics.push(Diagnostic::new(Code::InvalidEncoding, at, format!("`{name}` is not valid UTF-8")));
        return None;
    };
    let text = bare(&text);
    let delimiter = if name.ends_with(".tsv") { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut header: Vec<Key> = Vec::new();
    let mut rows = Vec::new();
    let mut values = 0;
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                diagnostics.push(Diagnostic::new(
                    Code::InvalidMatrix,
                    Origin::new(file, 0, 0),
                    format!("`{name}` is no CSV: {error}"),
                ));
                return None;
            }
        }
        let offset = |position: &csv::Position| usize::try_from(position.byte()).unwrap_or_default();
        let end = offset(reader.position()).min(text.len());
        let start = record.position().map_or(0, offset).min(end);
        // A record may begin with what is left of the end of the line before it.
        let line = text.get(start..end).unwrap_or_default();
        let start = start + line.len() - line.trim_start_matches(['\r', '\n']).len();
        let line = start + text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']).len();
        let origins = cell_origins(text, start..line, delimiter, &record, file);
        if header.is_empty() {
            header = record.iter().zip(&origins).map(|(name, origin)| Key::new(name, *origin)).collect();
            if let Some(finding) = other_delimiter(name, delimiter, &header, file, &text[start..line]) {
                diagnostics.push(match used_at {
                    Some(place) => finding.also(place, "the rows are read here"),
                    None => finding,
                });
                return None;
            }
            let mut seen = HashSet::with_capacity(header.len());
            if let Some(key) = header.iter().find(|key| key.text.is_empty() || !seen.insert(&key.text)) {
                diagnostics.push(Diagnostic::new(
                    Code::InvalidMatrix,
                    key.origin,
                    format!("the columns of `{name}` need names of their own: `{}` is empty or stands twice", key.text),
                ));
                return None;
            }
            continue;
        }
        if record.len() != header.len() {
            diagnostics.push(Diagnostic::new(
                Code::InvalidMatrix,
                Origin::new(file, start, line),
                format!("expected {} values in a row, found {}", header.len(), record.len()),
            ));
            return None;
        }
        values += header.len();
        if values > limits::VALUES {
            let message = format!("expected at most {} values in `{name}`", words::grouped(limits::VALUES));
            diagnostics.push(Diagnostic::new(Code::FileTooLarge, Origin::new(file, start, line), message));
            return None;
        }
        let mut row = Map::with_capacity(header.len());
        for ((key, text), origin) in header.iter().zip(record.iter()).zip(origins) {
            // A cell has no quotes to say that it is a text: its type is the field's, an empty one is an empty text.
            let text = SmolStr::new(text);
            let value = if text.is_empty() { Value::String(text) } else { Value::Plain(text) };
            row.push(key.clone(), Node::new(value, origin));
        }
        rows.push(row);
    }
    Some(rows)
}

/// Returns a text without its byte-order mark.
fn bare(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Returns the finding about a table of one column whose cells have another delimiter between them, as spreadsheets write
/// it where the comma stands in numbers.
fn other_delimiter(name: &str, delimiter: u8, header: &[Key], file: FileId, line: &str) -> Option<Diagnostic> {
    let [only] = header else { return None };
    let (found, word) = [(';', "semicolons"), ('\t', "tabs"), (',', "commas"), ('|', "bars")]
        .into_iter()
        .find(|(mark, _)| *mark as u32 != u32::from(delimiter) && only.text.contains(*mark))?;
    let expected = if delimiter == b'\t' { "tabs" } else { "commas" };
    let columns = words::list(only.text.split(found).map(str::trim), "and");
    let start = only.origin.start as usize;
    let message = format!("expected {expected} between the columns of `{name}`, found {word}");
    let finding =
        Diagnostic::new(Code::InvalidMatrix, Origin::new(file, start, start + line.trim_end().len()), message)
            .label(format!("the columns seem to be {columns}"));
    Some(match found {
        '\t' => finding.help("name the file `.tsv`, or save it with commas"),
        ',' => finding.help("name the file `.csv`, or save it with tabs"),
        _ => finding.help("save it with commas: in the export of the spreadsheet, choose `,` as the separator"),
    })
}

/// Returns the places of the cells of one record, without their quotes and the spaces around them.
fn cell_origins(
    text: &str,
    record: Range<usize>,
    delimiter: u8,
    cells: &csv::StringRecord,
    file: FileId,
) -> Vec<Origin> {
    let delimiter = char::from(delimiter);
    let mut at = record.start;
    let mut origins = Vec::with_capacity(cells.len());
    for cell in cells {
        let rest = text.get(at..record.end).unwrap_or_default();
        let (lead, length) = match rest.strip_prefix('"') {
            Some(quoted) => (1, quoted_length(quoted)),
            None => (0, rest.find(delimiter).unwrap_or(rest.len())),
        };
        let written = &rest[lead..lead + length];
        // What is written with escapes is longer than what it says.
        let (spaces, length) = match written.trim() {
            bare if bare == cell => (written.len() - written.trim_start().len(), cell.len()),
            _ => (0, length),
        };
        let start = at + lead + spaces;
        origins.push(Origin::new(file, start, start + length));
        let behind = lead + written.len();
        at += rest[behind..].find(delimiter).map_or(rest.len(), |next| behind + next + 1);
    }
    origins
}

/// Returns the length of the text up to the quote that ends it; two quotes stand for one.
fn quoted_length(text: &str) -> usize {
    let mut at = 0;
    while let Some(quote) = text[at..].find('"').map(|length| at + length) {
        if !text[quote + 1..].starts_with('"') {
            return quote;
        }
        at = quote + 2;
    }
    text.len()
}
