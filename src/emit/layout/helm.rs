//! A Helm chart whose templates render to the very objects.
//!
//! Objects enter, the files of a chart leave. Nothing in it is a value: what looks like a template in an object is
//! escaped, so that rendering gives back each byte.

use super::super::Output;
use super::{Item, OutputFile, mapping, one_each, plain_file, text};

/// Returns the files of the chart.
pub(super) fn chart(output: Output, name: &str, items: &[Item<'_>]) -> Vec<OutputFile> {
    let description = mapping([
        ("apiVersion", text("v2")),
        ("name", text(name)),
        ("type", text("application")),
        ("version", text("0.1.0")),
    ]);
    let values = OutputFile { path: "values.yaml".to_owned(), bytes: Vec::new(), secret: false };
    let mut files = vec![plain_file("Chart.yaml", &description), values];
    for (item, mut file) in items.iter().zip(one_each(output, items)) {
        if item.is_custom_resource_definition() {
            // Helm installs these first, and renders them not at all.
            file.path.insert_str(0, "crds/");
        } else {
            file.path.insert_str(0, "templates/");
            file.bytes = escape(&file.bytes);
        }
        files.push(file);
    }
    files
}

/// Escapes a text so that Helm renders it back as it stands.
///
/// Only what opens an action needs it: without one, `}}` is text. Were `}}` escaped too, its action would follow the
/// brace in `{}}` and open another.
pub fn escape(bytes: &[u8]) -> Vec<u8> {
    const OPENING: &[u8] = br#"{{ "{{" }}"#;
    let mut out = Vec::with_capacity(bytes.len() + OPENING.len());
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"{{") {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(OPENING);
            at += 2;
            copied = at;
        } else {
            at += 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_an_action_is_escaped() {
        let escaped = |text: &str| String::from_utf8(escape(text.as_bytes())).unwrap();
        assert_eq!(escaped("no { braces } here"), "no { braces } here");
        assert_eq!(escaped("{{ .x }}"), r#"{{ "{{" }} .x }}"#);
        assert_eq!(escaped("{{{"), r#"{{ "{{" }}{"#);
        assert_eq!(escaped("{{}}"), r#"{{ "{{" }}}}"#);
        assert_eq!(escaped("{\"a\":{}}"), "{\"a\":{}}");
        assert_eq!(escaped("{{- if -}}\n"), "{{ \"{{\" }}- if -}}\n");
    }
}
