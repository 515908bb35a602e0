//! A finding in; a name for it that survives edits elsewhere in the file out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostic;
use crate::text::Sources;

/// Names given so far, so that no two findings of a report share one.
#[derive(Default)]
pub(super) struct Fingerprints {
    seen: BTreeMap<String, usize>,
}

impl Fingerprints {
    /// Returns the name of a finding: a hash of its code, its file, and the field that it is about or else its message.
    ///
    /// Findings that have all of these in common are told apart by their order.
    pub(super) fn of(&mut self, finding: &Diagnostic, sources: &Sources) -> String {
        let file = sources.file(finding.origin.file).map_or("", |file| file.name.as_str());
        let about = match &finding.subject {
            Some(subject) => format!("{}\0{}", subject.object, subject.field),
            None => finding.message.clone(),
        };
        let mut key = format!("{}\0{file}\0{about}", finding.code);
        let times = self.seen.entry(key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            let _ = write!(key, "\0{times}");
        }
        let digest = Sha256::digest(key.as_bytes());
        digest[..16].iter().fold(String::with_capacity(32), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
    }
}
