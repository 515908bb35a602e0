//! The page behind a code.

use super::Code;

/// Returns the page of a code: what, why, a wrong and a right example.
pub fn explanation(code: Code) -> &'static str {
    code.page()
}
