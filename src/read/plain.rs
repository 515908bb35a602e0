//! What nearly every manifest is written in, read several times faster than all of YAML.
//!
//! That is block mappings and lists of `|` texts, scalars, and flow mappings and lists that end on their line, without
//! anchors and tags. Whatever else stands in a document, be it wrong or merely rare, leaves the whole of it to the reader of all YAML: this
//! one has no findings of its own, and where it answers, both give the same tree with the same places.

use std::collections::HashSet;
use std::ops::Range;

use smol_str::SmolStr;

use super::unquoted;
use crate::text::{Entry, FileId, Key, Map, Node, Origin, Value};

/// Deeper documents are left to the reader that knows the limit.
const MAX_DEPTH: usize = 100;
/// YAML ends the search for the `:` of a key after 1024 characters.
const MAX_KEY_BYTES: usize = 1000;
/// The column of the end of the text: left of everything.
const END: isize = -1;

/// Reads the one document of a part of a text; none where it takes more than this reader knows.
pub(super) fn read(text: &str, file: FileId, chunk: Range<usize>) -> Option<Node> {
    let base = chunk.start;
    let text = &text[chunk];
    if !text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) && !text.chars().all(is_ordinary) {
        return None;
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        base,
        file,
        next: 0,
        column: END,
        at: 0,
        end: 0,
        depth: 0,
        entries: Vec::new(),
        items: Vec::new(),
    };
    reader.advance();
    if reader.line() == b"---" && reader.column == 0 {
        reader.advance();
    }
    let root = if reader.column == 0 { reader.block()? } else { return None };
    (reader.column == END).then_some(root)
}

/// Whether a character is printed and breaks no line, by any version of YAML.
fn is_ordinary(letter: char) -> bool {
    match letter {
        '\u{2028}' | '\u{2029}' | '\u{FEFF}' => false,
        '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'.. => true,
        _ => false,
    }
}

/// A text, and the rest of the line that is read next: what is at `at..end`, of which the first byte stands in `column`.
struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    base: usize,
    file: FileId,
    // Where the line after this one starts.
    next: usize,
    column: isize,
    at: usize,
    end: usize,
    depth: usize,
    // What the open mappings and lists hold so far, innermost last: each becomes a vector of the very size it needs.
    entries: Vec<Entry>,
    items: Vec<Node>,
}

impl Reader<'_> {
    fn line(&self) -> &[u8] {
        &self.bytes[self.at..self.end]
    }

    fn origin(&self, range: Range<usize>) -> Origin {
        Origin::new(self.file, self.base + range.start, self.base + range.end)
    }

    /// Returns the end of the line that `at` is in.
    fn line_end(&self, at: usize) -> usize {
        self.bytes[at..].iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| at + length)
    }

    fn skip_spaces(&self, mut at: usize) -> usize {
        while self.bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    /// Goes to the next line that holds more than spaces and a comment.
    fn advance(&mut self) {
        while self.next < self.bytes.len() {
            let start = self.next;
            self.at = self.skip_spaces(start);
            self.end = self.line_end(self.at);
            self.next = self.end + 1;
            if self.at < self.end && self.bytes[self.at] != b'#' {
                self.column = column(start, self.at);
                return;
            }
        }
        self.column = END;
        self.at = self.bytes.len();
        self.end = self.at;
    }

    fn is_item(&self) -> bool {
        starts_item(self.line())
    }

    /// Reads the list or mapping that starts here.
    fn block(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let node = if self.is_item() { self.list(self.at) } else { self.mapping() };
        self.depth -= 1;
        node
    }

    fn mapping(&mut self) -> Option<Node> {
        let column = self.column;
        let start = self.at;
        let mut end = start;
        let first = self.entries.len();
        while self.column == column {
            let (key, after) = self.key(self.at)?;
            let value = self.value(after, column)?;
            end = end.max(key.origin.end as usize - self.base).max(value.origin().end as usize - self.base);
            self.entries.push(Entry { key, value });
        }
        if self.column > column || has_duplicate(&self.entries[first..]) {
            return None;
        }
        let entries = self.entries.drain(first..).collect();
        Some(Node::map(Map::of_distinct(entries), self.origin(start..end)))
    }

    fn list(&mut self, start: usize) -> Option<Node> {
        let column = self.column;
        let mut end = start;
        let first = self.items.len();
        while self.column == column && self.is_item() {
            let item = self.item(column)?;
            end = end.max(item.origin().end as usize - self.base);
            self.items.push(item);
        }
        if self.column > column {
            return None;
        }
        let items = self.items.drain(first..).collect();
        Some(Node::seq(items, self.origin(start..end)))
    }

    /// Reads the key that stands there; returns it with where its value may start.
    fn key(&self, at: usize) -> Option<(Key, usize)> {
        let (text, length) = key_range(&self.bytes[at..self.end])?;
        let origin = self.origin(at..at + length);
        let plain = text.len() == length;
        let text = SmolStr::new(&self.text[at + text.start..at + text.end]);
        Some((Key { text, origin, plain }, at + length + 1))
    }

    /// Reads the value of a key of the mapping in `column`.
    fn value(&mut self, after: usize, column: isize) -> Option<Node> {
        let at = self.skip_spaces(after);
        if !self.is_rest_empty(at, after) {
            return self.scalar(at, column);
        }
        self.advance();
        if self.column > column {
            return self.block();
        }
        if self.column == column && self.is_item() {
            // The library starts a list that is not indented behind its first dash.
            return self.list(self.skip_spaces(self.at + 1));
        }
        Some(self.nothing(after - 1))
    }

    /// Reads an item of the list in `column`.
    fn item(&mut self, column: isize) -> Option<Node> {
        let after = self.at + 1;
        let at = self.skip_spaces(after);
        if at == self.end {
            self.advance();
            return if self.column > column { self.block() } else { Some(self.nothing(at)) };
        }
        let rest = &self.bytes[at..self.end];
        if starts_item(rest) || key_range(rest).is_some() {
            self.column += self::column(self.at, at);
            self.at = at;
            return self.block();
        }
        self.scalar(at, column)
    }

    /// Returns what stands where nothing is written: null, as the other reader says it.
    fn nothing(&self, at: usize) -> Node {
        Node::new(Value::Plain(SmolStr::new_static("~")), self.origin(at..at))
    }

    /// Whether a line holds no more from `at` on, where what comes before ends at `after`.
    fn is_rest_empty(&self, at: usize, after: usize) -> bool {
        at == self.end || (at > after && self.bytes[at] == b'#')
    }

    /// Reads a scalar that belongs to what is open in `column`, and ends with its line or is a `|` text.
    fn scalar(&mut self, at: usize, column: isize) -> Option<Node> {
        if self.bytes[at] == b'|' {
            return self.literal(&self.bytes[at + 1..self.end], column);
        }
        let (node, end) = self.on_line(at, 0)?;
        if !self.is_rest_empty(self.skip_spaces(end), end) {
            return None;
        }
        self.advance();
        // A line that is further in would go on with the scalar.
        (self.column <= column).then_some(node)
    }

    /// Reads a value that ends on its line, so many flow mappings and lists deep; returns it with where it ends.
    fn on_line(&self, at: usize, depth: usize) -> Option<(Node, usize)> {
        let text = &self.text[at..self.end];
        let line = text.as_bytes();
        let (value, length) = match line.first()? {
            b'"' => double_quoted(text)?,
            b'\'' => single_quoted(text)?,
            b'[' | b'{' => {
                let (value, end) =
                    if line[0] == b'[' { self.flow_list(at, depth + 1)? } else { self.flow_mapping(at, depth + 1)? };
                (value, end - at)
            }
            _ => {
                let length = if depth > 0 { flow_plain_length(line)? } else { plain_length(line)? };
                (unquoted(SmolStr::new(&text[..length])), length)
            }
        };
        let written = text[..length].trim_end().len();
        Some((Node::new(value, self.origin(at..at + written)), at + length))
    }

    fn flow_list(&self, at: usize, depth: usize) -> Option<(Value, usize)> {
        let mut items = Vec::new();
        let mut at = self.skip_spaces(at + 1);
        if self.flow_byte(at)? == b']' {
            return Some((Value::Seq(items), at + 1));
        }
        loop {
            let (item, end) = self.flow_value(at, depth)?;
            items.push(item);
            let next = self.skip_spaces(end);
            match self.flow_byte(next)? {
                b',' => at = self.skip_spaces(next + 1),
                b']' => return Some((Value::Seq(items), next + 1)),
                _ => return None,
            }
        }
    }

    fn flow_mapping(&self, at: usize, depth: usize) -> Option<(Value, usize)> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut at = self.skip_spaces(at + 1);
        if self.flow_byte(at)? == b'}' {
            return Some((Value::Map(Map::new()), at + 1));
        }
        loop {
            let (key, after) = self.key(at)?;
            let (value, end) = self.flow_value(self.skip_spaces(after), depth)?;
            entries.push(Entry { key, value });
            let next = self.skip_spaces(end);
            match self.flow_byte(next)? {
                b',' => at = self.skip_spaces(next + 1),
                b'}' if has_duplicate(&entries) => return None,
                b'}' => return Some((Value::Map(Map::of_distinct(entries)), next + 1)),
                _ => return None,
            }
        }
    }

    fn flow_value(&self, at: usize, depth: usize) -> Option<(Node, usize)> {
        (self.depth + depth < MAX_DEPTH).then(|| self.on_line(at, depth))?
    }

    /// Returns a byte of the line; none behind its end.
    fn flow_byte(&self, at: usize) -> Option<u8> {
        self.bytes[..self.end].get(at).copied()
    }

    /// Reads a `|` text that belongs to what is open in `column`.
    fn literal(&mut self, header: &[u8], column: isize) -> Option<Node> {
        let keep = match header.trim_ascii_end() {
            b"" => 1,
            b"-" => 0,
            _ => return None,
        };
        let first = self.at_of_text()?;
        let indent = self::column(first.0, first.1);
        if indent <= column.max(0) {
            return None;
        }
        let mut text = String::new();
        let mut end = first.1;
        while self.next < self.bytes.len() {
            let start = self.next;
            let at = self.skip_spaces(start);
            let line_end = self.line_end(at);
            let is_blank = at == line_end;
            if !is_blank && self::column(start, at) < indent {
                break;
            }
            let from = start.saturating_add_signed(indent).min(line_end);
            text.push_str(&self.text[from..line_end]);
            text.push('\n');
            if !is_blank {
                end = at + self.text[at..line_end].trim_end().len();
            } else if from < line_end {
                // Spaces that are part of the text: rare enough.
                return None;
            }
            self.next = line_end + 1;
        }
        let length = text.trim_end_matches('\n').len();
        text.truncate(length + keep);
        let node = Node::string(text, self.origin(first.1..end));
        self.advance();
        (self.column <= column).then_some(node)
    }

    /// Returns where the next line that is not blank starts, and its text.
    fn at_of_text(&self) -> Option<(usize, usize)> {
        let mut start = self.next;
        while start < self.bytes.len() {
            let at = self.skip_spaces(start);
            if self.bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                return Some((start, at));
            }
            if at > start {
                return None;
            }
            start = at + 1;
        }
        None
    }
}

fn column(line: usize, at: usize) -> isize {
    (at - line).cast_signed()
}

fn starts_item(line: &[u8]) -> bool {
    matches!(line, [b'-'] | [b'-', b' ', ..])
}

/// Returns where the text of the key is that a line starts with, and the length of the key as it is written.
fn key_range(line: &[u8]) -> Option<(Range<usize>, usize)> {
    let (text, length) = match line.first()? {
        quote @ (b'"' | b'\'') => {
            let end = 1 + line[1..].iter().position(|byte| byte == quote)?;
            if line[..end].contains(&b'\\') {
                return None;
            }
            (1..end, end + 1)
        }
        b'-' | b':' => return None,
        _ => {
            let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./-".contains(byte);
            let length = line.iter().position(|byte| !in_key(byte))?;
            (0..length, length)
        }
    };
    let ends = line.get(length) == Some(&b':') && matches!(line.get(length + 1), None | Some(b' '));
    (ends && length <= MAX_KEY_BYTES).then_some((text, length))
}

fn has_duplicate(entries: &[Entry]) -> bool {
    if entries.len() > 16 {
        let mut seen = HashSet::with_capacity(entries.len());
        return !entries.iter().all(|entry| seen.insert(entry.key.text.as_str()));
    }
    entries.iter().enumerate().any(|(at, entry)| entries[..at].iter().any(|other| other.key.text == entry.key.text))
}

/// Returns the length of the plain scalar that a line starts with.
fn plain_length(line: &[u8]) -> Option<usize> {
    let starts = match line.first()? {
        b'-' => line.get(1).is_some_and(|byte| *byte != b' '),
        first => !b"?:,[]{}#&*!|>'\"%@`".contains(first),
    };
    if !starts {
        return None;
    }
    let mut last = 0;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b' ' => {}
            b'#' if at > last + 1 => break,
            b':' if matches!(line.get(at + 1), None | Some(b' ')) => return None,
            _ => last = at,
        }
    }
    Some(last + 1)
}

/// Returns the length of the plain scalar that a line starts with, inside of brackets.
fn flow_plain_length(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| b",[]{}".contains(byte))?;
    if b"[{".contains(&line[end]) {
        return None;
    }
    plain_length(&line[..end])
}

/// Returns the text in double quotes that a line starts with, and its length with them.
fn double_quoted(line: &str) -> Option<(Value, usize)> {
    let mut unescaped = String::new();
    let mut from = 1;
    loop {
        let at = from + line[from..].find(['"', '\\'])?;
        let part = &line[from..at];
        if line[at..].starts_with('"') {
            let text = if unescaped.is_empty() { SmolStr::new(part) } else { SmolStr::new(unescaped + part) };
            return Some((Value::String(text), at + 1));
        }
        unescaped.push_str(part);
        unescaped.push(match line.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            same @ (b'"' | b'\\' | b'/') => char::from(*same),
            _ => return None,
        });
        from = at + 2;
    }
}

/// Returns the text in single quotes that a line starts with, and its length with them.
fn single_quoted(line: &str) -> Option<(Value, usize)> {
    let mut end = 1;
    loop {
        end += line[end..].find('\'')?;
        if !line[end + 1..].starts_with('\'') {
            let text = &line[1..end];
            let text = if text.contains('\'') { SmolStr::new(text.replace("''", "'")) } else { SmolStr::new(text) };
            return Some((Value::String(text), end + 1));
        }
        end += 2;
    }
}

#[cfg(test)]
mod tests;
