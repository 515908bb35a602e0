//! The hash that kustomize puts at the end of the names of generated `ConfigMap`s and Secrets.
//!
//! The content enters, ten characters leave, the same that kustomize computes: a batch that moves from its generators
//! keeps its names.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

/// Values by their keys; kustomize's own are texts.
pub(super) type Entries<'a, V> = BTreeMap<&'a str, V>;

/// Returns the hash of a `ConfigMap` with that content.
pub(super) fn config_map<V: Serialize>(data: Option<&Entries<'_, V>>, binary_data: Option<&Entries<'_, V>>) -> SmolStr {
    let mut object = String::from("{");
    if let Some(binary_data) = binary_data {
        member(&mut object, "binaryData", binary_data);
    }
    content(&mut object, data);
    object.push_str(r#","kind":"ConfigMap","name":""}"#);
    encode(&object)
}

/// Returns the hash of a Secret with that type and content; values of `data` are in base64.
pub(super) fn secret<V: Serialize>(
    secret_type: &str,
    data: Option<&Entries<'_, V>>,
    string_data: Option<&Entries<'_, V>>,
) -> SmolStr {
    let mut object = String::from("{");
    content(&mut object, data);
    object.push_str(r#","kind":"Secret","name":"""#);
    if let Some(string_data) = string_data {
        member(&mut object, "stringData", string_data);
    }
    member(&mut object, "type", &secret_type);
    object.push('}');
    encode(&object)
}

/// Writes the data; absent data is an empty text.
fn content<V: Serialize>(object: &mut String, data: Option<&Entries<'_, V>>) {
    match data {
        Some(data) => member(object, "data", data),
        None => member(object, "data", &""),
    }
}

fn member(object: &mut String, key: &str, value: &impl Serialize) {
    if object.len() > 1 {
        object.push(',');
    }
    object.extend(["\"", key, "\":"]);
    let value = serde_json::to_string(value).expect("texts and numbers under texts are JSON");
    for c in value.chars() {
        // Go escapes these, which stand in texts only.
        match c {
            '<' => object.push_str("\\u003c"),
            '>' => object.push_str("\\u003e"),
            '&' => object.push_str("\\u0026"),
            '\u{2028}' => object.push_str("\\u2028"),
            '\u{2029}' => object.push_str("\\u2029"),
            _ => object.push(c),
        }
    }
}

fn encode(object: &str) -> SmolStr {
    const BYTES: usize = 5;
    let digest = Sha256::digest(object.as_bytes());
    let hex = |nibble: u8| match nibble {
        0 => 'g',
        1 => 'h',
        3 => 'k',
        0xa => 'm',
        0xe => 't',
        _ => char::from_digit(u32::from(nibble), 16).unwrap_or_default(),
    };
    digest.iter().take(BYTES).flat_map(|byte| [hex(byte >> 4), hex(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Option<&Entries<'_, &str>> = None;

    #[test]
    fn hashes_are_those_of_kustomize() {
        let one = BTreeMap::from([("one", "")]);
        assert_eq!(config_map(NONE, NONE), "6ct58987ht");
        assert_eq!(config_map(Some(&one), None), "9g67k2htb6");
        assert_eq!(config_map(None, Some(&one)), "6mtk2m274t");
        let one = BTreeMap::from([("one", serde_json::json!(""))]);
        let two = BTreeMap::from([("two", serde_json::json!(2))]);
        assert_eq!(secret("my-type", Some(&one), Some(&two)), "c4h4264gdb");
    }

    #[test]
    fn signs_of_html_are_escaped_as_go_does() {
        let mut object = String::from("{");
        member(&mut object, "data", &BTreeMap::from([("a", "<b> & \u{2028}")]));
        assert_eq!(object, r#"{"data":{"a":"\u003cb\u003e \u0026 \u2028"}"#);
    }
}
