//! Paths of fields as texts, as the API server writes them: `spec.containers[0].image`, `data[key]`.

/// Returns `spec.containers.image` for `spec.containers[0].image`.
pub fn without_items(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut depth = 0_usize;
    for letter in path.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            letter if depth == 0 => out.push(letter),
            _ => {}
        }
    }
    out
}

/// Whether a path is another one, or leads to something in it.
pub fn is_within(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_keys_are_no_part_of_a_field() {
        assert_eq!(without_items("a[0].b[c[1]].d"), "a.b.d");
        assert!(is_within("a.b", "a.b") && is_within("a.b.c", "a.b") && !is_within("a.bc", "a.b"));
    }
}
