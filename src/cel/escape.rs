//! Names of fields as expressions write them: what is no identifier, or is a word of the language, is spelled out.

use super::parse::RESERVED;

/// Words of the grammar itself, which cannot be names either.
const GRAMMAR: [&str; 4] = ["true", "false", "null", "in"];

/// Whether a name is a word of the language, and names nothing in an expression.
pub fn is_word(name: &str) -> bool {
    RESERVED.contains(&name) || GRAMMAR.contains(&name)
}

/// Returns how expressions write a field, or nothing where they cannot.
pub fn escaped(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_word(name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("__") { 2 } else { first.len_utf8() };
        match &rest[..length] {
            "__" => out.push_str("__underscores__"),
            "." => out.push_str("__dot__"),
            "-" => out.push_str("__dash__"),
            "/" => out.push_str("__slash__"),
            plain if first.is_ascii_alphanumeric() || first == '_' => out.push_str(plain),
            _ => return None,
        }
        rest = &rest[length..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_spelled_out_as_the_server_does() {
        for (name, wanted) in [
            ("replicas", Some("replicas")),
            ("namespace", Some("__namespace__")),
            ("foo-bar", Some("foo__dash__bar")),
            ("a.b/c", Some("a__dot__b__slash__c")),
            ("my_field", Some("my_field")),
            ("my__field", Some("my__underscores__field")),
            ("1st", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(escaped(name).as_deref(), wanted, "{name}");
        }
    }
}
