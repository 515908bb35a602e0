//! Which findings count.

use super::{Code, Diagnostics};
use crate::source::Sources;

/// What `--deny` and `--allow` say.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Findings of these codes are errors.
    pub deny: Vec<Code>,
    /// Findings of these codes are left out.
    pub allow: Vec<Code>,
}

impl Policy {
    /// Returns the findings that count.
    pub fn apply(&self, diagnostics: Diagnostics, _sources: &Sources) -> Diagnostics {
        diagnostics
    }
}
