//! Custom resources, and whatever has no rule of its own: judged by the conditions that most controllers agree on.
//!
//! An object enters, a verdict leaves. A condition counts only for the generation that it is about; what no controller has
//! reported on yet is silent, not ready.

use serde_json::Value;

use super::kinds::{flag, outdated, suspended};
use super::{Condition, Expected, Readiness, api};
use crate::cluster::Live;
use crate::kubernetes::Facts;

/// Conditions that tell of readiness, the most telling first.
const TELLING: &[&str] = &["Ready", "Available"];
/// Conditions of what runs to an end.
const SUCCESS: &[&str] = &["Complete", "Completed", "Succeeded"];

/// Says how a resource ended that runs to an end.
pub(super) fn end(live: &Live) -> Option<Readiness> {
    if let Some(failed) = Condition::holding(live, "Failed").filter(|failed| is_current(*failed, live)) {
        return Some(Readiness::Failed(failed.text()));
    }
    let done = SUCCESS.iter().find_map(|kind| Condition::holding(live, kind))?;
    is_current(done, live).then(Readiness::ready)
}

/// Judges by conditions.
pub(super) fn judge(live: &Live, expected: &Expected) -> Readiness {
    if flag(live, "suspend") {
        return suspended(live);
    }
    // Controllers leave the status of what is paused as it is.
    if flag(live, "paused") {
        return Readiness::noted("it is paused");
    }
    if let Some(waiting) = outdated(live) {
        return waiting;
    }
    if api(live) == ("jobset.x-k8s.io", "JobSet") {
        return Readiness::waiting("it is running");
    }
    if let Some(stalled) = Condition::holding(live, "Stalled").filter(|stalled| is_current(*stalled, live)) {
        return Readiness::Failed(stalled.text());
    }
    if let Some(busy) = Condition::holding(live, "Reconciling") {
        return Readiness::Waiting(busy.text());
    }
    if let Some(condition) = TELLING.iter().find_map(|kind| Condition::find(live, kind)) {
        return by(condition, live);
    }
    if let Some(end) = end(live) {
        return end;
    }
    if let Some(running) = SUCCESS.iter().find_map(|kind| Condition::find(live, kind)) {
        return Readiness::Waiting(running.text());
    }
    if is_silent(live, expected) {
        return Readiness::Silent("nothing has reported on it yet".to_owned());
    }
    Readiness::ready()
}

fn by(condition: Condition, live: &Live) -> Readiness {
    if let (Some(seen), Some(shown)) = (condition.observed(), live.generation())
        && seen < shown
    {
        let kind = condition.field("type");
        return Readiness::Waiting(format!("condition {kind} is of generation {seen}, not {shown}"));
    }
    if condition.is("True") { Readiness::ready() } else { Readiness::Waiting(condition.text()) }
}

fn is_current(condition: Condition, live: &Live) -> bool {
    condition.observed().zip(live.generation()).is_none_or(|(seen, shown)| seen >= shown)
}

/// Whether a status is to come and nothing is in it yet: it is absent, or holds no more than defaults of the definition,
/// conditions that are all unknown.
fn is_silent(live: &Live, expected: &Expected) -> bool {
    let (group, kind) = api(live);
    if Facts::newest().kinds().iter().any(|known| known.group == group && known.kind == kind) {
        return false;
    }
    match live.at(&["status"]).and_then(Value::as_object) {
        None => expected.has_status,
        Some(status) if status.is_empty() => expected.has_status,
        Some(status) if status.contains_key("conditions") => {
            Condition::all(live).all(|condition| condition.is("Unknown"))
        }
        Some(_) => false,
    }
}
