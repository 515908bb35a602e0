//! What Fanfold says of an object.

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::{Diagnostics, Severity};
use fanfold::emit::json::write_compact;
use fanfold::kubernetes::Facts;
use fanfold::read::read_documents;
use fanfold::text::Sources;
use serde_json::Value as Json;

/// An error of Fanfold's.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) field: String,
    pub(super) message: String,
}

/// Returns the errors of an object in YAML or JSON, as a manifest for the newest minor.
pub(super) fn judge(text: &str) -> Vec<Finding> {
    let mut read = Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut read);
    let documents = documents.into_iter().map(|document| (document.root.clone(), document.root.origin()));
    let (_, found) = check_objects(documents.collect::<Vec<_>>(), Facts::newest(), Mode::Manifest);
    let errors = read.into_iter().chain(found).filter(|finding| finding.severity == Severity::Error);
    let finding = |finding: fanfold::diagnostic::Diagnostic| Finding {
        code: finding.code.name(),
        field: finding.subject.map(|subject| subject.field).unwrap_or_default(),
        message: finding.message,
    };
    errors.map(finding).collect()
}

/// Returns an object in YAML as the JSON that is sent.
pub(super) fn sent(text: &str) -> Json {
    let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut Diagnostics::new());
    let document = documents.first().unwrap_or_else(|| panic!("{text} is a document"));
    let mut bytes = Vec::new();
    write_compact(&document.root, &mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{text}: {error}"))
}
