//! A pattern of paths in, what it matches out; the only door to the library of patterns, which recurses over them.

use globset::GlobBuilder;
pub use globset::GlobMatcher as Pattern;

use crate::limits;

/// What starts a part of a path that stands for several.
const MAGIC: [char; 4] = ['*', '?', '[', '{'];

/// Whether a path is a pattern.
pub fn is_pattern(path: &str) -> bool {
    path.contains(MAGIC)
}

/// Returns the part of a pattern before its first wildcard.
pub fn fixed_part(pattern: &str) -> &str {
    pattern.split(MAGIC).next().unwrap_or_default()
}

/// Reads a pattern; `*` stays within a folder, `**` does not. The error says why it cannot be read.
pub fn read_pattern(pattern: &str) -> Result<Pattern, String> {
    if pattern.len() > limits::PATTERN_BYTES {
        let (most, found) = (limits::PATTERN_BYTES, pattern.len());
        return Err(format!("expected a pattern of at most {most} bytes, found one of {found}"));
    }
    if pattern.matches("**").count() > limits::PATTERN_STARS {
        return Err(format!("expected a pattern with at most {} `**`", limits::PATTERN_STARS));
    }
    let mut depth = 0_usize;
    for letter in pattern.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits::PATTERN_DEPTH {
            return Err(format!("expected a pattern whose braces nest at most {} deep", limits::PATTERN_DEPTH));
        }
    }
    match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(format!("expected a pattern of paths: {}", error.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_or_too_long_is_refused() {
        let nested = |depth: usize| format!("{}b{}", "{a,".repeat(depth), "}".repeat(depth));
        assert!(read_pattern(&nested(limits::PATTERN_DEPTH)).is_ok_and(|glob| glob.is_match("a")));
        assert!(read_pattern(&nested(150)).is_err_and(|error| error.contains("10 deep")));
        assert!(read_pattern(&"**/".repeat(limits::PATTERN_STARS + 1)).is_err_and(|error| error.contains("8 `**`")));
        assert!(read_pattern(&"*".repeat(limits::PATTERN_BYTES + 1)).is_err_and(|error| error.contains("1000 bytes")));
        assert!(read_pattern("a[").is_err());
    }
}
