//! Findings in; for people, those that say the same of many places as one, with the further places.
//!
//! What is folded differs in nothing but its place, or in the values that stand there: who mends one knows all.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::limits;

/// Equal findings up to this number are shown one by one.
const EQUAL: usize = 3;
/// Findings that differ in their values up to this number are shown one by one.
const ALIKE: usize = 10;
/// How many of those are shown.
const SHOWN_ALIKE: usize = 3;

/// A finding that is shown, and those that it stands for.
pub(super) struct Told<'f> {
    pub(super) finding: &'f Diagnostic,
    pub(super) alike: Vec<&'f Diagnostic>,
}

/// Folds findings; of each code at most so many are left as are shown, and the others are counted by the last value.
pub(super) fn fold(findings: &[Diagnostic]) -> (Vec<Told<'_>>, Vec<Diagnostic>) {
    let mut groups: BTreeMap<(Code, Severity, String, String), Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.others == 0) {
        groups.entry(kind(finding)).or_default().push(at);
    }
    let mut alike: BTreeMap<usize, Vec<&Diagnostic>> = BTreeMap::new();
    let mut folded: BTreeSet<usize> = BTreeSet::new();
    for group in groups.into_values() {
        let equal = group.iter().all(|at| findings[*at].message == findings[group[0]].message);
        let shown = match group.len() {
            number if number > 1 && findings[group[0]].code.is_advice() => 1,
            number if equal && number > EQUAL => 1,
            number if number > ALIKE => SHOWN_ALIKE,
            _ => continue,
        };
        let (shown, rest) = group.split_at(shown);
        folded.extend(rest);
        alike.insert(shown[shown.len() - 1], rest.iter().map(|at| &findings[*at]).collect());
    }
    let mut told = Vec::new();
    let mut left: BTreeMap<(Code, Severity), (usize, usize)> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate().filter(|(at, _)| !folded.contains(at)) {
        let alike = alike.remove(&at).unwrap_or_default();
        let (shown, hidden) = left.entry((finding.code, finding.severity)).or_default();
        if finding.others == 0 && *shown < limits::FINDINGS_OF_A_CODE {
            *shown += 1;
            told.push(Told { finding, alike });
        } else {
            *hidden += finding.others.max(1) + alike.len();
        }
    }
    let counted = left.into_iter().filter(|(_, (_, hidden))| *hidden > 0);
    (told, counted.map(|((code, severity), (_, hidden))| Diagnostic::counting(code, severity, hidden)).collect())
}

/// Returns what findings share that one may stand for: all but their places and the values in backticks. Without a field
/// the values are all that tells one from the other.
fn kind(finding: &Diagnostic) -> (Code, Severity, String, String) {
    if finding.code.is_advice() {
        return (finding.code, finding.severity, String::new(), String::new());
    }
    let field =
        finding.subject.as_ref().map(|subject| subject.field.replace(|letter: char| letter.is_ascii_digit(), ""));
    let message = match &field {
        Some(_) => finding.message.split('`').step_by(2).collect(),
        None => finding.message.clone(),
    };
    (finding.code, finding.severity, message, field.unwrap_or_default())
}
