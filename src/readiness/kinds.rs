//! The rules of the kinds that Kubernetes brings along.
//!
//! An object enters that shows at least the generation written and is not being deleted; a verdict leaves. The counts of a
//! status mean nothing before its controller has observed the generation, so that this is asked first.

use jiff::Timestamp;
use serde_json::Value;

use super::{Condition, Expected, QUEUE, Readiness, api, custom, number, pod, said};
use crate::cluster::Live;

/// Says how an object ended that runs to an end; none while it runs, and for all others.
pub(super) fn end(live: &Live) -> Option<Readiness> {
    match api(live) {
        ("batch", "Job") => job_end(live),
        ("", "Pod") => pod::end(live),
        ("jobset.x-k8s.io", "JobSet") => custom::end(live),
        _ => None,
    }
}

/// Judges by the kind.
pub(super) fn judge(live: &Live, expected: &Expected) -> Readiness {
    match api(live) {
        ("apps", "Deployment") => observed(live).unwrap_or_else(|| deployment(live, expected)),
        ("apps", "StatefulSet") => observed(live).unwrap_or_else(|| stateful_set(live)),
        ("apps", "DaemonSet") => observed(live).unwrap_or_else(|| daemon_set(live)),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => observed(live).unwrap_or_else(|| replica_set(live)),
        ("policy", "PodDisruptionBudget") => observed(live).unwrap_or_else(Readiness::ready),
        ("batch", "Job") => job(live),
        ("batch", "CronJob") if flag(live, "suspend") => Readiness::noted("it is suspended"),
        ("", "Pod") => outdated(live).unwrap_or_else(|| pod::judge(live)),
        ("", "PersistentVolumeClaim") => claim(live, expected),
        ("", "PersistentVolume") => volume(live),
        ("", "Service") => service(live),
        ("", "Namespace") => namespace(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => outdated(live).unwrap_or_else(|| definition(live)),
        ("apiregistration.k8s.io", "APIService") => api_service(live),
        // They work as soon as they are stored. The conditions that some have tell of what they are about.
        ("autoscaling", "HorizontalPodAutoscaler")
        | ("batch", "CronJob")
        | ("networking.k8s.io", "Ingress" | "NetworkPolicy" | "IngressClass")
        | ("", "ConfigMap" | "Secret" | "ServiceAccount" | "Endpoints" | "Event" | "LimitRange" | "ResourceQuota") => {
            Readiness::ready()
        }
        _ => custom::judge(live, expected),
    }
}

/// Says that the controller has not seen the generation shown; none where it has.
fn observed(live: &Live) -> Option<Readiness> {
    if live.at(&["status", "observedGeneration"]).is_none() {
        let generation = live.generation().unwrap_or(1);
        return Some(Readiness::Waiting(format!("generation {generation} is not observed yet")));
    }
    outdated(live)
}

/// As [`observed`], where a status need not say which generation it is about.
pub(super) fn outdated(live: &Live) -> Option<Readiness> {
    let shown = live.generation()?;
    let seen = live.at(&["status", "observedGeneration"]).and_then(number)?;
    (seen < shown).then(|| Readiness::Waiting(format!("generation {shown} is not observed yet ({seen})")))
}

fn deployment(live: &Live, expected: &Expected) -> Readiness {
    if flag(live, "paused") {
        return Readiness::noted("it is paused: its pods stay as they are");
    }
    let wanted = replicas(live);
    let [total, updated, available] =
        ["replicas", "updatedReplicas", "availableReplicas"].map(|name| count(live, name));
    let short = if updated < wanted {
        of(updated, wanted, "replica", "updated")
    } else if total > updated {
        still_there(total - updated, "old replica")
    } else if total > wanted {
        still_there(total - wanted, "surplus replica")
    } else if available < wanted {
        of(available, wanted, "replica", "available")
    } else {
        return done(wanted);
    };
    match Condition::find(live, "Progressing") {
        Some(progress) if progress.field("reason") == "ProgressDeadlineExceeded" && is_recent(progress, expected) => {
            Readiness::Failed(format!("{short}: {}", progress.text()))
        }
        Some(progress) if progress.field("reason") == "ReplicaSetCreateError" => {
            Readiness::Waiting(format!("{short}: {}", said(progress.field("message"))))
        }
        _ => held_up(live, short),
    }
}

/// Whether a failure came after the write. The condition of the rollout before stays for an instant after the new
/// generation is observed, where no new ReplicaSet is made.
fn is_recent(progress: Condition, expected: &Expected) -> bool {
    let Some(written) = expected.written else { return true };
    let since = progress.0.get("lastUpdateTime").and_then(Value::as_str);
    // Conditions know whole seconds.
    since.and_then(|since| since.parse::<Timestamp>().ok()).is_none_or(|since| since.as_second() >= written.as_second())
}

fn stateful_set(live: &Live) -> Readiness {
    let wanted = replicas(live);
    let [total, updated, available] =
        ["replicas", "updatedReplicas", "availableReplicas"].map(|name| count(live, name));
    let by_hand = live.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    let partition = live.integer(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let to_update = if by_hand { 0 } else { (wanted - partition).max(0) };
    if total < wanted {
        Readiness::Waiting(of(total, wanted, "replica", "created"))
    } else if updated < to_update {
        Readiness::Waiting(of(updated, to_update, "replica", "updated"))
    } else if total > wanted {
        Readiness::Waiting(still_there(total - wanted, "surplus replica"))
    } else if available < wanted {
        Readiness::Waiting(of(available, wanted, "replica", "available"))
    } else if updated < wanted && by_hand {
        Readiness::Ready(Some(format!("{}, until deleted by hand", keep(wanted - updated))))
    } else if updated < wanted {
        Readiness::Ready(Some(format!("{}, below partition {partition}", keep(wanted - updated))))
    } else {
        done(wanted)
    }
}

fn daemon_set(live: &Live) -> Readiness {
    let [wanted, updated, available] =
        ["desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable"].map(|name| count(live, name));
    let by_hand = live.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    if updated < wanted && !by_hand {
        Readiness::Waiting(of(updated, wanted, "pod", "updated"))
    } else if available < wanted {
        Readiness::Waiting(of(available, wanted, "pod", "available"))
    } else if updated < wanted {
        Readiness::Ready(Some(format!("{}, until deleted by hand", keep(wanted - updated))))
    } else if wanted == 0 {
        Readiness::noted("it fits no node")
    } else {
        Readiness::ready()
    }
}

fn replica_set(live: &Live) -> Readiness {
    let wanted = replicas(live);
    let [total, available] = ["replicas", "availableReplicas"].map(|name| count(live, name));
    if available < wanted {
        held_up(live, of(available, wanted, "replica", "available"))
    } else if total > wanted {
        Readiness::Waiting(still_there(total - wanted, "surplus replica"))
    } else {
        done(wanted)
    }
}

fn job_end(live: &Live) -> Option<Readiness> {
    if Condition::holding(live, "Complete").is_some() {
        return Some(Readiness::ready());
    }
    // A failure target is never withdrawn: only the last pods have to end before the Job is called failed.
    let failure = Condition::holding(live, "Failed").or_else(|| Condition::holding(live, "FailureTarget"))?;
    Some(Readiness::Failed(match live.text(&["status", "failedIndexes"]) {
        Some(indexes) if !indexes.is_empty() => said(&format!("{} (failed indexes {indexes})", failure.text())),
        _ => failure.text(),
    }))
}

fn job(live: &Live) -> Readiness {
    if flag(live, "suspend") {
        return suspended(live);
    }
    // The counts may lag behind this condition.
    if Condition::holding(live, "SuccessCriteriaMet").is_some() {
        return Readiness::waiting("it succeeded, its last pods are ending");
    }
    let succeeded = count(live, "succeeded");
    if live.at(&["status", "startTime"]).is_none() && succeeded == 0 {
        return Readiness::waiting("it is not started yet");
    }
    // Without `completions`, one success lets all others end: there is no number to reach.
    let text = match live.integer(&["spec", "completions"]) {
        Some(wanted) => format!("succeeded {succeeded} of {wanted}"),
        None => format!("succeeded {succeeded}"),
    };
    Readiness::Waiting(match count(live, "failed") {
        0 => text,
        failed => format!("{text}, failed {failed}"),
    })
}

/// Judges what is suspended: by its spec it rests, but what waits in a queue is to run.
pub(super) fn suspended(live: &Live) -> Readiness {
    match live.label(QUEUE) {
        Some(queue) => Readiness::Waiting(format!("it waits in the queue `{}`", said(queue))),
        None => Readiness::noted("it is suspended"),
    }
}

fn claim(live: &Live, expected: &Expected) -> Readiness {
    match live.text(&["status", "phase"]) {
        Some("Bound") => Readiness::ready(),
        Some("Lost") => Readiness::failed("its volume is lost"),
        _ if expected.binds_late => Readiness::noted("it binds with its first pod"),
        _ => Readiness::waiting("it is not bound to a volume yet"),
    }
}

fn volume(live: &Live) -> Readiness {
    match live.text(&["status", "phase"]) {
        Some("Available" | "Bound") => Readiness::ready(),
        Some("Released") => Readiness::noted("it was released by its claim"),
        Some("Failed") => match live.text(&["status", "message"]) {
            Some(message) => Readiness::Failed(said(message)),
            None => Readiness::failed("its reclamation failed"),
        },
        _ => Readiness::waiting("it is not available yet"),
    }
}

fn service(live: &Live) -> Readiness {
    if live.text(&["spec", "type"]) != Some("LoadBalancer") {
        return Readiness::ready();
    }
    let has = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let entries = live.list(&["status", "loadBalancer", "ingress"]);
    if entries.iter().any(|entry| has(entry, "ip") || has(entry, "hostname")) {
        return Readiness::ready();
    }
    Readiness::waiting("its load balancer has no address yet")
}

fn namespace(live: &Live) -> Readiness {
    match live.text(&["status", "phase"]) {
        Some("Active") => Readiness::ready(),
        Some("Terminating") => Readiness::failed("is being deleted"),
        _ => Readiness::waiting("it is not active yet"),
    }
}

fn definition(live: &Live) -> Readiness {
    if let Some(refused) = Condition::find(live, "NamesAccepted").filter(|names| names.is("False")) {
        return Readiness::Failed(format!("its names are refused: {}", refused.text()));
    }
    match Condition::find(live, "Established") {
        Some(established) if established.is("True") => Readiness::ready(),
        Some(established) => Readiness::Waiting(format!("it is not served yet: {}", established.text())),
        None => Readiness::waiting("it is not served yet"),
    }
}

fn api_service(live: &Live) -> Readiness {
    match Condition::find(live, "Available") {
        Some(available) if available.is("True") => Readiness::ready(),
        Some(available) => Readiness::Waiting(format!("it is not available: {}", available.text())),
        None => Readiness::waiting("it is not known to be available yet"),
    }
}

/// Says what is short, and why, where the controller could not make or delete pods.
fn held_up(live: &Live, short: String) -> Readiness {
    Readiness::Waiting(match Condition::holding(live, "ReplicaFailure") {
        Some(failure) => format!("{short}: {}", failure.text()),
        None => short,
    })
}

fn done(wanted: i64) -> Readiness {
    if wanted == 0 { Readiness::noted("it is scaled to zero") } else { Readiness::ready() }
}

pub(super) fn flag(live: &Live, name: &str) -> bool {
    live.at(&["spec", name]).and_then(Value::as_bool).unwrap_or(false)
}

fn replicas(live: &Live) -> i64 {
    live.integer(&["spec", "replicas"]).unwrap_or(1)
}

fn count(live: &Live, name: &str) -> i64 {
    live.integer(&["status", name]).unwrap_or(0)
}

fn of(have: i64, wanted: i64, noun: &str, state: &str) -> String {
    if wanted == 1 {
        format!("{have} of 1 {noun} is {state}")
    } else {
        format!("{have} of {wanted} {noun}s are {state}")
    }
}

fn still_there(number: i64, noun: &str) -> String {
    if number == 1 { format!("1 {noun} is still there") } else { format!("{number} {noun}s are still there") }
}

fn keep(number: i64) -> String {
    if number == 1 { "1 pod keeps the old revision".to_owned() } else { format!("{number} pods keep the old revision") }
}
