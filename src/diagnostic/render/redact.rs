//! A finding in; the same finding without a word of what its places hide out.

use super::excerpt::MASK;
use crate::diagnostic::{Diagnostic, Label, words};
use crate::limits;
use crate::text::Sources;

/// Hidden texts below this length are left in messages: they would mask half of the words in them.
const SHORTEST: usize = 3;

/// Returns the finding with each hidden text that one of its places touches masked; a fix that would show one is left
/// out.
pub(super) fn redacted(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    cut(masked(finding, sources))
}

/// Returns the finding with no text that is longer, and no more parts, than anybody reads.
fn cut(mut finding: Diagnostic) -> Diagnostic {
    finding.labels.truncate(limits::PARTS_OF_A_FINDING);
    finding.help.truncate(limits::PARTS_OF_A_FINDING);
    let labels = finding.labels.iter_mut().map(|label| &mut label.text);
    let subject = finding.subject.iter_mut().flat_map(|subject| [&mut subject.object, &mut subject.field]);
    let texts =
        [&mut finding.message, &mut finding.label].into_iter().chain(labels).chain(&mut finding.help).chain(subject);
    for text in texts.filter(|text| text.len() > limits::MESSAGE_BYTES) {
        *text = words::cut(text).into_owned();
    }
    // Half a replacement would be a wrong one.
    finding.fix = finding.fix.filter(|fix| fix.replacement.len() <= limits::MESSAGE_BYTES);
    finding
}

fn masked(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    let origins = std::iter::once(finding.origin).chain(finding.labels.iter().map(|label| label.origin));
    let fixed = finding.fix.iter().map(|fix| fix.origin);
    let mut secrets: Vec<&str> =
        origins.chain(fixed).flat_map(|origin| sources.hidden_in(origin)).flat_map(spellings).collect();
    if secrets.is_empty() {
        return finding.clone();
    }
    // The longest first: a line of a secret must not be masked before the secret that holds it.
    secrets.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    secrets.dedup();
    let mask = |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK));
    Diagnostic {
        message: mask(&finding.message),
        label: mask(&finding.label),
        labels: finding.labels.iter().map(|label| Label { origin: label.origin, text: mask(&label.text) }).collect(),
        help: finding.help.iter().map(|help| mask(help)).collect(),
        fix: finding.fix.clone().filter(|fix| sources.hidden_in(fix.origin).next().is_none()),
        ..finding.clone()
    }
}

/// Returns the forms in which a hidden text can stand in a message: as written, without quotes, line by line.
fn spellings(hidden: &str) -> impl Iterator<Item = &str> {
    let bare = hidden.trim().trim_matches(['"', '\'']);
    [hidden.trim(), bare]
        .into_iter()
        .chain(hidden.lines().map(str::trim))
        .filter(|text| text.chars().count() >= SHORTEST)
}
