//! Names as Kubernetes takes them.
//!
//! A text enters; why it is refused leaves, in words that follow the name of the field: "expected at most 63
//! characters, found 70".

/// The most characters of a DNS label.
pub const LABEL_LENGTH: usize = 63;
/// The most characters of a DNS subdomain.
pub const SUBDOMAIN_LENGTH: usize = 253;

const LOWER: &str = "lowercase letters, digits and `-`";
const LOWER_DOTTED: &str = "lowercase letters, digits, `-` and `.`";
const QUALIFIED: &str = "letters, digits, `-`, `_` and `.`";

/// Checks a DNS-1123 label: the names of containers, volumes, namespaces.
pub fn dns_label(name: &str) -> Result<(), String> {
    length(name, LABEL_LENGTH)?;
    characters(name, LOWER, is_lower_or_dash)?;
    edges(name, "a lowercase letter or digit", is_lower)
}

/// Checks a DNS-1035 label, which starts with a letter: the names of Services before 1.37.
pub fn dns_1035_label(name: &str) -> Result<(), String> {
    dns_label(name)?;
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("expected a lowercase letter at the start, found `{}`", &name[..1]));
    }
    Ok(())
}

/// Checks a DNS-1123 subdomain, labels joined by dots: the names of most objects.
pub fn dns_subdomain(name: &str) -> Result<(), String> {
    length(name, SUBDOMAIN_LENGTH)?;
    characters(name, LOWER_DOTTED, |byte| is_lower_or_dash(byte) || byte == b'.')?;
    name.split('.').try_for_each(|part| {
        if part.is_empty() {
            return Err("expected a lowercase letter or digit on both sides of each `.`".to_owned());
        }
        edges(part, "a lowercase letter or digit", is_lower)
    })
}

/// Checks the key of a label, taint or annotation: `name` or `prefix/name`.
pub fn label_key(key: &str) -> Result<(), String> {
    let name = match key.split_once('/') {
        None => key,
        Some((_, name)) if name.contains('/') => return Err("expected at most one `/`, found more".to_owned()),
        Some((prefix, name)) => {
            dns_subdomain(prefix).map_err(|reason| format!("before the `/`: {reason}"))?;
            name
        }
    };
    let named = |reason| if key.len() == name.len() { reason } else { format!("after the `/`: {reason}") };
    length(name, LABEL_LENGTH).and_then(|()| qualified(name)).map_err(named)
}

/// Checks the value of a label, which may be empty.
pub fn label_value(value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    length(value, LABEL_LENGTH)?;
    qualified(value)
}

/// Checks the name of a container's port.
pub fn port_name(name: &str) -> Result<(), String> {
    length(name, 15)?;
    characters(name, LOWER, is_lower_or_dash)?;
    edges(name, "a lowercase letter or digit", is_lower)?;
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err("expected at least one letter, found none".to_owned());
    }
    if name.contains("--") {
        return Err("expected single dashes, found `--`".to_owned());
    }
    Ok(())
}

/// Checks a key of a `ConfigMap` or Secret.
pub fn config_key(key: &str) -> Result<(), String> {
    length(key, SUBDOMAIN_LENGTH)?;
    characters(key, QUALIFIED, |byte| is_word(byte) || is_joint(byte))?;
    if key == "." || key.starts_with("..") {
        return Err("expected a file name, found one that starts with `..` or is `.`".to_owned());
    }
    Ok(())
}

/// Checks a name that stands in a URL, and in nothing else: it may hold colons and capitals.
pub fn path_segment(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("expected a name, found an empty text".to_owned());
    }
    if matches!(name, "." | "..") {
        return Err(format!("expected a name, found `{name}`"));
    }
    match name.chars().find(|c| matches!(c, '/' | '%')) {
        Some(other) => Err(format!("expected no `/` and no `%`, found `{other}`")),
        None => Ok(()),
    }
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_lower_or_dash(byte: u8) -> bool {
    is_lower(byte) || byte == b'-'
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_joint(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

fn qualified(name: &str) -> Result<(), String> {
    characters(name, QUALIFIED, |byte| is_word(byte) || is_joint(byte))?;
    edges(name, "a letter or digit", is_word)
}

fn length(name: &str, most: usize) -> Result<(), String> {
    match name.len() {
        0 => Err("expected a name, found an empty text".to_owned()),
        found if found > most => Err(format!("expected at most {most} characters, found {found}")),
        _ => Ok(()),
    }
}

fn characters(name: &str, expected: &str, taken: impl Fn(u8) -> bool) -> Result<(), String> {
    if name.bytes().all(&taken) {
        return Ok(());
    }
    match name.chars().find(|c| u8::try_from(*c).map_or(true, |byte| !taken(byte))) {
        Some(other) => Err(format!("expected {expected}, found `{}`", other.escape_debug())),
        None => Ok(()),
    }
}

/// Checks the first and last character of a text of known characters, all of one byte.
fn edges(name: &str, expected: &str, taken: impl Fn(u8) -> bool) -> Result<(), String> {
    let bytes = name.as_bytes();
    let at = |place: &str, byte: Option<&u8>| match byte {
        Some(byte) if !taken(*byte) => {
            Err(format!("expected {expected} at the {place}, found `{}`", char::from(*byte)))
        }
        _ => Ok(()),
    };
    at("start", bytes.first())?;
    at("end", bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Result<(), String>;

    fn check(check: Check, taken: &[&str], refused: &[&str]) {
        for name in taken {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in refused {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_are_checked_by_their_class() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        let longest = format!("{}.{longer}", "a.".repeat(100));
        check(dns_label, &["a", "0", "a-b", "1-2", &long], &["", "A", "a.b", "-a", "a-", "a_b", "é", &longer]);
        check(dns_1035_label, &["a", "a1", "a-b"], &["1a", "", "-a", "a.b"]);
        check(
            dns_subdomain,
            &["a", "a.b", "0.9", "a-b.c", &longer],
            &["", "a..b", ".a", "a.", "a.-b", "A.b", &longest],
        );
        check(
            label_key,
            &["app", "a/b", "app.kubernetes.io/name", "A_b.C", "x", "a.b/C_d"],
            &["", "a/", "/a", "a/b/c", "a b", "-a", "a-", "A/b", "a_b/c", &longer],
        );
        check(label_value, &["", "a", "A.b_c-9", &long], &["-a", "a ", "a/b", &longer, "é"]);
        check(
            port_name,
            &["http", "a1", "1a", "p-1", "abcdefghijklmno"],
            &["", "80", "a--b", "-a", "a-", "HTTP", "abcdefghijklmnop", "a.b"],
        );
        check(config_key, &["a", "app.toml", "A_b", ".hidden", "a..b"], &["", ".", "..", "..a", "a/b", "a b"]);
    }

    #[test]
    fn reasons_name_the_character() {
        assert_eq!(dns_label("web_1").unwrap_err(), "expected lowercase letters, digits and `-`, found `_`");
        assert_eq!(dns_label(&"a".repeat(70)).unwrap_err(), "expected at most 63 characters, found 70");
        assert_eq!(label_key("a/-b").unwrap_err(), "after the `/`: expected a letter or digit at the start, found `-`");
    }
}
