//! A finding in; the same finding out, with what stands behind the value that it is about: the cell of a table, the
//! parameter, the layer of the batch.
//!
//! The place of a finding stays where the value was asked for: what is behind it is told beside it.

use crate::diagnostic::Diagnostic;
use crate::expand::{Expanded, Plan, Scope, has_expression, paths_read};
use crate::text::{Node, Sources};

/// The most values that are told of one finding.
const SHOWN: usize = 4;

/// Tells where the values come from that the text at the place of a finding reads.
pub(super) fn tell(
    finding: Diagnostic,
    batch: &Expanded,
    plan: Option<&Plan>,
    scope: &Scope<'_>,
    sources: &Sources,
) -> Diagnostic {
    let mut finding = finding;
    let place = sources.written(finding.origin);
    if finding.layer.is_none() {
        finding.layer = batch.layer_at(place, plan).map(|layer| layer.name);
    }
    let text = sources.text(place);
    // What is wrong with a name has no value behind it.
    if !has_expression(text) || finding.names_alone {
        return finding;
    }
    for path in paths_read(&Node::string(text, place), sources).into_iter().take(SHOWN) {
        let steps: Vec<smol_str::SmolStr> = path.split('.').map(smol_str::SmolStr::new).collect();
        let Ok(value) = scope.lookup(&steps, crate::text::Origin::NOWHERE) else { continue };
        let is_told = finding.labels.iter().any(|label| label.origin == value.origin());
        if !is_told && !value.origin().touches(place) {
            finding = finding.also(value.origin(), format!("`{path}` is written here"));
        }
    }
    finding
}
