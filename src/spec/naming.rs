//! Names that the language makes: values enter, parts of names leave, cut and lowered so that Kubernetes takes them.
//!
//! What leaves depends on the text alone.

use sha2::{Digest, Sha256};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::kubernetes::name::{label_key, label_value};

/// Begins the labels that stand for axes.
pub const AXIS_PREFIX: &str = "matrix.fanfold.dev/";

/// The characters of a hash in a name.
const HASH_LENGTH: usize = 8;

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

/// Returns the value of a label that stands for a text: the text itself, or the form that it has in names; `None` if nothing
/// of it can stand in a name.
pub fn as_label(text: &str) -> Option<SmolStr> {
    /// The most bytes of the value of a label.
    const LONGEST: usize = 63;
    if label_value(text).is_ok() {
        return Some(text.into());
    }
    Some(budgeted(&slug(text), LONGEST)).filter(|label| !label.is_empty())
}

/// Returns the label that stands for an axis; `None` if its name cannot be that of a label.
pub fn axis_label(axis: &str) -> Option<SmolStr> {
    Some(format_smolstr!("{AXIS_PREFIX}{axis}")).filter(|key| label_key(key).is_ok())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_told_apart() {
        assert_eq!(budgeted("web-eu", 52), "web-eu");
        let (first, second) = (budgeted(&format!("{}-1", "a".repeat(60)), 52), budgeted(&"a".repeat(61), 52));
        assert_ne!(first, second);
        assert_eq!(first.len(), 52);
        assert_eq!(crate::kubernetes::name::dns_label(&first), Ok(()));
        let dashed = budgeted(&format!("{}---{}", "a".repeat(40), "b".repeat(30)), 52);
        assert!(dashed.starts_with(&format!("{}-", "a".repeat(40))) && !dashed.contains("--"), "{dashed}");
        assert_eq!(budgeted("web-eu-west-1-production", 12).len(), 12);
    }

    #[test]
    fn values_become_labels() {
        assert_eq!(as_label("EU_West.1").as_deref(), Some("EU_West.1"));
        assert_eq!(as_label("library/nginx:1.27").as_deref(), Some("library-nginx-1-27"));
        assert!(as_label(&"a/".repeat(60)).is_some_and(|label| (60..=63).contains(&label.len())));
        assert_eq!(as_label("é"), None);
    }

    #[test]
    fn values_become_parts_of_names() {
        assert_eq!(slug("EU West_1"), "eu-west-1");
        assert_eq!(slug("0.1"), "0-1");
        assert_eq!(slug("--a//b--"), "a-b");
        assert_eq!(slug("é"), "");
    }
}
