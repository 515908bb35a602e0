//! JSON objects one after the other, as `jq` and client libraries write them: parts of a text in, one part an object out.
//!
//! No YAML document has a second mapping behind its first one, so that nothing that can be read is ever cut.

use std::ops::Range;

/// Cuts the first part of a text where it holds several objects; kubectl takes such a stream if the text starts with one.
pub(super) fn cut(text: &str, chunks: &mut Vec<Range<usize>>) {
    let Some(first) = chunks.first().cloned() else { return };
    let mut ends = Vec::new();
    let mut at = first.start;
    // `{{` begins an expression of a template.
    while let Some(length) = object(&text[at..first.end]).filter(|_| !text[at..].trim_start().starts_with("{{")) {
        at += length;
        ends.push(at);
        if !text[at..first.end].trim_start().starts_with('{') {
            break;
        }
    }
    if ends.len() < 2 {
        return;
    }
    let whole = text[at..first.end].trim().is_empty();
    let last = ends.len() - 1;
    if whole {
        ends[last] = first.end;
    } else {
        ends.push(first.end);
    }
    let starts = std::iter::once(first.start).chain(ends.iter().copied());
    let parts: Vec<Range<usize>> = starts.zip(&ends).map(|(start, end)| start..*end).collect();
    chunks.splice(..1, parts);
}

/// Returns how far the object reaches that a text starts with, or `None` if it starts with none or does not end.
fn object(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = text.len() - text.trim_start().len();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' | b'\'' => at = closing(bytes, at)?,
            // YAML has comments in its flow style, in which braces mean nothing.
            b'#' if at > 0 && bytes[at - 1].is_ascii_whitespace() => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n')?;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns where the quote closes that opens there.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes[open];
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        if *byte == quote {
            return Some(at);
        }
        at += if *byte == b'\\' && quote == b'"' { 2 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::split;

    fn parts(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|part| text[part].trim()).collect()
    }

    #[test]
    fn objects_one_after_the_other_are_documents() {
        assert_eq!(parts("{\"a\": 1}\n{\"b\": \"}{\"}\n"), ["{\"a\": 1}", "{\"b\": \"}{\"}"]);
        assert_eq!(parts("{\"a\": [{}]}{\"b\": \"\\\"}{\"}{}"), ["{\"a\": [{}]}", "{\"b\": \"\\\"}{\"}", "{}"]);
        assert_eq!(parts("{\"a\": 1}\n{\"b\": 1}\n---\nc: 1\n"), ["{\"a\": 1}", "{\"b\": 1}", "---\nc: 1"]);
        assert_eq!(parts("{\"a\": 1}\n{\"b\": \n"), ["{\"a\": 1}\n{\"b\":"], "the second one does not end");
    }

    #[test]
    fn what_is_one_document_stays_one() {
        let texts = ["{a: 1}\n", "{ # }{\n a: 1}\n", "{a: '}{'}", "{a: {b: c}, d: [e]}", "a: {b: 1}\nc: {d: 1}\n"];
        for text in texts.into_iter().chain(["{{ a }}{{ b }}", "[{}]", "{a: don't}", ""]) {
            assert_eq!(parts(text), [text.trim()]);
        }
    }
}
