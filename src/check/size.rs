//! How large an object may be: settled objects in, findings out.
//!
//! The API server limits the data of ConfigMaps and Secrets, as it is after decoding. Of all other objects the request and
//! the entry in etcd are limited, both of which hold compact JSON or less.

use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::ObjectKey;
use crate::text::{Node, Origin, Value};

/// The most bytes of data that a ConfigMap or Secret may hold.
const MAX_DATA_BYTES: usize = 1 << 20;
/// The most bytes that etcd takes of an entry unless told otherwise.
const MAX_ENTRY_BYTES: usize = 3 << 19;
/// The most bytes that the API server reads of a request.
const MAX_REQUEST_BYTES: usize = 3 << 20;

/// Returns what is wrong with the size of a settled object; `origin` is the place that stands for the whole of it.
pub fn check_size(key: &ObjectKey, node: &Node, origin: Origin) -> Option<Diagnostic> {
    // Nearly all objects are far below every limit, which is known without a look at each character.
    if is_small(size_bound(node)) {
        return None;
    }
    let kib = |bytes: usize| bytes.div_ceil(1024);
    let holds_data = key.group.is_empty() && matches!(key.kind.as_str(), "ConfigMap" | "Secret");
    let data = if holds_data { data_size(key, node) } else { 0 };
    let (message, help) = if data > MAX_DATA_BYTES {
        let message = format!("expected at most {} KiB of data, found {}", MAX_DATA_BYTES >> 10, kib(data));
        (message, "spread its data over several objects, or mount it from a volume")
    } else {
        let size = json_size(node);
        // What a ConfigMap or Secret holds is stored as it is, without the escapes of JSON.
        if size <= MAX_ENTRY_BYTES || holds_data && size <= MAX_REQUEST_BYTES {
            return None;
        }
        let (limit, whose) = if size > MAX_REQUEST_BYTES {
            (MAX_REQUEST_BYTES, "the API server reads no more")
        } else {
            (MAX_ENTRY_BYTES, "etcd takes no more unless told otherwise")
        };
        let message = format!("expected an object of at most {} KiB, found one of {}: {whose}", limit >> 10, kib(size));
        (message, "split it, or leave out what it can do without, such as descriptions")
    };
    Some(Diagnostic::new(Code::ObjectTooLarge, origin, message).help(help).subject(key.to_string(), ""))
}

/// Returns the bytes of data as the server counts them: of values alone, decoded.
fn data_size(key: &ObjectKey, node: &Node) -> usize {
    let is_secret = key.kind == "Secret";
    let values = |field: &str| node.get(field).and_then(Node::as_map).into_iter().flatten();
    let is_given_plain = |name: &str| is_secret && node.at(&["stringData", name]).is_some();
    let size = |field: &str, is_encoded: bool| -> usize {
        let texts = values(field).filter(|entry| field == "stringData" || !is_given_plain(&entry.key.text));
        let texts = texts.filter_map(|entry| entry.value.as_str());
        texts.map(|text| if is_encoded { decoded_size(text) } else { text.len() }).sum()
    };
    if is_secret {
        size("data", true) + size("stringData", false)
    } else {
        size("data", false) + size("binaryData", true)
    }
}

fn decoded_size(base64: &str) -> usize {
    let letters = base64.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').count();
    letters * 3 / 4
}

/// Whether an object whose size is below a number is below every limit.
pub fn is_small(bound: usize) -> bool {
    bound <= MAX_DATA_BYTES
}

/// Returns a number that is not below the size of a tree as compact JSON, but for what stands in holes.
pub fn size_bound(node: &Node) -> usize {
    const PER_BYTE: usize = 6;
    const AROUND: usize = 4;
    match node.sample() {
        _ if node.as_hole().is_some() => 0,
        Value::Seq(items) => AROUND + items.iter().map(|item| 1 + size_bound(item)).sum::<usize>(),
        Value::Map(map) => {
            let entries = map.iter().map(|entry| AROUND + PER_BYTE * entry.key.text.len() + size_bound(&entry.value));
            AROUND + entries.sum::<usize>()
        }
        _ => AROUND + 1 + PER_BYTE * node.text().map_or(0, smol_str::SmolStr::len),
    }
}

/// Returns the bytes of a settled tree as compact JSON.
fn json_size(node: &Node) -> usize {
    match node.value() {
        Value::Null | Value::Broken => 4,
        Value::Bool(value) => 5 - usize::from(*value),
        Value::Number(text) => text.len(),
        Value::String(text) | Value::Raw(text) | Value::Plain(text) => text_size(text),
        Value::Seq(items) => 1 + items.len().max(1) + items.iter().map(json_size).sum::<usize>(),
        Value::Map(map) => {
            let entries = map.iter().map(|entry| text_size(&entry.key.text) + 1 + json_size(&entry.value));
            1 + map.len().max(1) + entries.sum::<usize>()
        }
    }
}

fn text_size(text: &str) -> usize {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0x00..0x20 => 5,
        _ => 0,
    };
    // Nearly all texts need no escape, and are soon looked through.
    let extra = if text.bytes().all(plain) { 0 } else { text.bytes().map(escaped).sum() };
    2 + text.len() + extra
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Walk, check_objects};
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::kubernetes::Facts;
    use crate::read::read_documents;
    use crate::text::Sources;

    fn read(text: &str) -> Vec<(Node, Origin)> {
        let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut Diagnostics::new());
        documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect()
    }

    fn found(text: &str) -> Vec<String> {
        let (_, diagnostics) = check_objects(read(text), Facts::newest(), Mode::Manifest);
        diagnostics
            .iter()
            .filter(|finding| finding.severity == crate::diagnostic::Severity::Error)
            .map(|finding| format!("{}: {}", finding.code, finding.message))
            .collect()
    }

    #[test]
    fn sizes_are_those_of_compact_json() {
        let text = r#"{"a": [1, true, false, null, "x\"\n\u0001é", {}, []], "b": {"c": {"d": 1.5}}, "e": "f"}"#;
        let node = Walk::new(Facts::newest(), Mode::Manifest).settle_custom(&read(text).remove(0).0);
        let compact = serde_json::to_string(&crate::schema::to_json(&node)).unwrap();
        assert_eq!(json_size(&node), compact.len(), "{compact}");
        assert!(size_bound(&node) >= compact.len(), "{compact}");
    }

    #[test]
    fn the_data_of_a_config_map_counts_decoded() {
        let head = "apiVersion: v1\nmetadata: {name: a}\n";
        let config =
            |field: &str, length: usize| format!("{head}kind: ConfigMap\n{field}: {{a: {}}}\n", "A".repeat(length));
        let secret =
            |field: &str, length: usize| format!("{head}kind: Secret\n{field}: {{a: {}}}\n", "A".repeat(length));
        let too_large = ["object-too-large: expected at most 1024 KiB of data, found 1025"];
        for (fits, more) in [
            (config("data", 1 << 20), config("data", (1 << 20) + 1)),
            (secret("stringData", 1 << 20), secret("stringData", (1 << 20) + 1)),
        ] {
            assert_eq!(found(&fits), [""; 0]);
            assert_eq!(found(&more), too_large);
        }
        // Four letters of base64 are three bytes.
        let whole = (1 << 20) / 3 * 4;
        assert_eq!(found(&config("binaryData", whole)), [""; 0]);
        assert_eq!(found(&secret("data", whole)), [""; 0]);
        assert_eq!(found(&secret("data", whole + 4)), too_large);
        let several: String = (0..5).map(|at| format!("  k{at}: {}\n", "x".repeat(250_000))).collect();
        assert_eq!(
            found(&format!("{head}kind: ConfigMap\ndata:\n{several}")),
            ["object-too-large: expected at most 1024 KiB of data, found 1221"]
        );
        let lines = "\\n".repeat(1 << 19);
        assert_eq!(
            found(&format!("{head}kind: ConfigMap\ndata: {{a: \"{lines}\"}}\n")),
            [""; 0],
            "escapes are not stored"
        );
    }

    #[test]
    fn other_objects_may_have_what_etcd_and_the_server_take() {
        let object = |length: usize| {
            format!("apiVersion: a.example/v1\nkind: A\nmetadata: {{name: a}}\nspec: {}\n", "x".repeat(length))
        };
        assert_eq!(found(&object(1_200_000)), [""; 0]);
        let over = "object-too-large: expected an object of at most";
        assert_eq!(
            found(&object(1_700_000)),
            [format!("{over} 1536 KiB, found one of 1661: etcd takes no more unless told otherwise")]
        );
        assert_eq!(
            found(&object(3_300_000)),
            [format!("{over} 3072 KiB, found one of 3223: the API server reads no more")]
        );
    }
}
