//! Names as Kubernetes takes them, and names cut and lowered so that it does.
//!
//! Each check returns why a text is refused, in words that follow the name of the field: "expected at most 63
//! characters, found 70". What `slug` and `budgeted` return depends on the text alone.

use sha2::{Digest, Sha256};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

/// The most characters of a DNS label.
pub const LABEL_LENGTH: usize = 63;
/// The most characters of a DNS subdomain.
pub const SUBDOMAIN_LENGTH: usize = 253;

const LOWER: &str = "lowercase letters, digits and `-`";
const LOWER_DOTTED: &str = "lowercase letters, digits, `-` and `.`";
const QUALIFIED: &str = "letters, digits, `-`, `_` and `.`";

/// The characters of a hash in a name.
const HASH_LENGTH: usize = 8;

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

/// Returns the name, cut to `limit` bytes with `-` and eight characters of its hash at the end where it is longer.
///
/// The hash is over the whole name, so that two long names with one beginning stay apart.
pub fn budgeted(name: &str, limit: usize) -> SmolStr {
    if name.len() <= limit {
        return name.into();
    }
    let mut cut = limit.saturating_sub(HASH_LENGTH + 1);
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    let kept = name[..cut].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let hash = short_hash(name);
    if kept.is_empty() { hash } else { format_smolstr!("{kept}-{hash}") }
}

/// Returns eight characters that stand for a text, for names.
pub fn short_hash(text: &str) -> SmolStr {
    /// No vowels, and no digits that look like one: no words by chance.
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let digest = Sha256::digest(text.as_bytes());
    let mut number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut hash = SmolStrBuilder::new();
    for _ in 0..HASH_LENGTH {
        let radix = ALPHABET.len() as u64;
        hash.push(char::from(ALPHABET[usize::try_from(number % radix).unwrap_or_default()]));
        number /= radix;
    }
    hash.finish()
}

/// Returns a value as a part of a name: in lower case, each run of other characters a single `-`, none at the ends.
pub fn slug(value: &str) -> SmolStr {
    let mut slug = SmolStrBuilder::new();
    let mut gap = false;
    let mut started = false;
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() {
            if gap && started {
                slug.push('-');
            }
            slug.push(char::from(byte.to_ascii_lowercase()));
            (gap, started) = (false, true);
        } else {
            gap = true;
        }
    }
    slug.finish()
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

    #[test]
    fn long_names_are_cut_and_told_apart() {
        assert_eq!(budgeted("web-eu", 52), "web-eu");
        let (first, second) = (budgeted(&format!("{}-1", "a".repeat(60)), 52), budgeted(&"a".repeat(61), 52));
        assert_ne!(first, second);
        assert_eq!(first.len(), 52);
        assert_eq!(dns_label(&first), Ok(()));
        let dashed = budgeted(&format!("{}---{}", "a".repeat(40), "b".repeat(30)), 52);
        assert!(dashed.starts_with(&format!("{}-", "a".repeat(40))) && !dashed.contains("--"), "{dashed}");
        assert_eq!(budgeted("web-eu-west-1-production", 12).len(), 12);
    }

    #[test]
    fn values_become_parts_of_names() {
        assert_eq!(slug("EU West_1"), "eu-west-1");
        assert_eq!(slug("0.1"), "0-1");
        assert_eq!(slug("--a//b--"), "a-b");
        assert_eq!(slug("é"), "");
    }
}
