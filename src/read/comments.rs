//! A file in; the comments that hold a word out.
//!
//! The parser decides what a comment is, so that the same text inside a quoted or block scalar is none. Only documents
//! that hold the word are read again.

use granit_parser::{Event, Options, Parser};

use super::split;
use crate::text::{FileId, Origin, Sources};

/// Returns the ranges of the comments of a file that hold `word`, from `#` to the end of the line, in order.
pub fn comments_with(sources: &Sources, id: FileId, word: &str) -> Vec<Origin> {
    let Some(file) = sources.file(id).filter(|file| file.text.contains(word)) else { return Vec::new() };
    let mut found = Vec::new();
    for chunk in split(&file.text) {
        let text = &file.text[chunk.clone()];
        if !text.contains(word) {
            continue;
        }
        let options: Options = granit_parser::options! { emit_comments: true, emit_unresolved_aliases: true };
        let mut parser = Parser::new_from_str_with_options(text, options);
        // What stands after a syntax error is no finding's place either.
        while let Some(Ok((event, span))) = parser.next_event() {
            match event {
                Event::StreamEnd => break,
                Event::Comment(comment, _) if comment.contains(word) => {
                    let range = span.byte_range().unwrap_or(0..0);
                    found.push(Origin::new(id, chunk.start + range.start, chunk.start + range.end));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_count() {
        let text = "\
# fanfold: one
a: 'no # fanfold: x'
b: |
  # fanfold: x
c: \"
  # fanfold: x\"
d: no#fanfold:x
e: [1, # fanfold: two
  2]
---
f: 1 # fanfold: three
";
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let found: Vec<&str> =
            comments_with(&sources, file, "fanfold:").iter().map(|origin| sources.text(*origin)).collect();
        assert_eq!(found, ["# fanfold: one", "# fanfold: two", "# fanfold: three"]);
    }
}
