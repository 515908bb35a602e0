//! JSON for people: what fits on a line stands on one, anything longer is broken at its outermost members.

use serde_json::Value as Json;

/// The longest line.
const WIDTH: usize = 120;

/// Writes a value, with a line break at its end.
pub(super) fn write(value: &Json) -> String {
    let mut text = String::new();
    put(value, 0, 0, &mut text);
    text.push('\n');
    text
}

/// Writes a value at a depth, behind `taken` bytes of its line.
fn put(value: &Json, depth: usize, taken: usize, out: &mut String) {
    let flat = flat(value);
    let (open, close, parts) = match value {
        _ if depth > 0 && 2 * depth + taken + flat.len() < WIDTH => return out.push_str(&flat),
        Json::Object(members) if !members.is_empty() => (
            '{',
            '}',
            members.iter().map(|(name, value)| (format!("{}: ", Json::from(name.as_str())), value)).collect(),
        ),
        Json::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| (String::new(), item)).collect::<Vec<_>>())
        }
        _ => return out.push_str(&flat),
    };
    out.push(open);
    let count = parts.len();
    for (at, (key, value)) in parts.into_iter().enumerate() {
        out.push('\n');
        out.push_str(&"  ".repeat(depth + 1));
        out.push_str(&key);
        put(value, depth + 1, key.len(), out);
        if at + 1 < count {
            out.push(',');
        }
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

/// Returns a value on one line, with a space behind each comma and colon.
fn flat(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", Json::from(name.as_str()), flat(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}
