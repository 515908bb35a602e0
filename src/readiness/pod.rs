//! What a Pod says of itself: whether it works, and what troubles it.
//!
//! A Pod enters; a verdict leaves, or troubles. A trouble lasts where nothing but another write heals it: everything else
//! may be waiting for objects that are on their way.

use std::fmt::Write;

use serde_json::Value;

use super::{Condition, Readiness, said};
use crate::cluster::Live;

/// Kinds of trouble, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Pods are refused.
    Refused,
    /// The image can never be had.
    NoImage,
    /// A container cannot be made or started.
    Config,
    /// An image cannot be pulled.
    Image,
    /// A container ends again and again.
    Crash,
    /// A claim has no volume.
    Claim,
    /// A volume cannot be mounted.
    Mount,
    /// The pod has no network.
    Sandbox,
    /// The pod fits no node.
    Unschedulable,
    /// The pod failed.
    Failed,
    /// A probe fails.
    Probe,
    /// The pod does not go away.
    Leaving,
    /// Nothing is known but that it is not ready.
    Unready,
}

/// What keeps a Pod from working.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) rank: Rank,
    pub(super) text: String,
    /// How often the container was restarted; 0 where that says nothing.
    pub(super) restarts: i64,
    /// Whether waiting is in vain.
    pub(super) lasting: bool,
}

impl Trouble {
    pub(super) fn new(rank: Rank, text: String) -> Self {
        Self { rank, text, restarts: 0, lasting: false }
    }

    /// Returns the text with the number of restarts, which may differ among pods of the same trouble.
    pub(super) fn full_text(&self, several: bool) -> String {
        let up_to = if several { "up to " } else { "" };
        match self.restarts {
            0 => self.text.clone(),
            1 => format!("{}, {up_to}1 restart", self.text),
            restarts => format!("{}, {up_to}{restarts} restarts", self.text),
        }
    }
}

/// Says how a Pod ended; none while it has not.
pub(super) fn end(pod: &Live) -> Option<Readiness> {
    match pod.text(&["status", "phase"]) {
        Some("Succeeded") => Some(Readiness::ready()),
        Some("Failed") => Some(Readiness::Failed(failure(pod))),
        _ => None,
    }
}

/// Judges a Pod that has not ended.
pub(super) fn judge(pod: &Live) -> Readiness {
    if is_ready(pod) {
        return Readiness::ready();
    }
    let mut troubles = troubles(pod);
    troubles.sort_by_key(|trouble| trouble.rank);
    match troubles.first() {
        Some(trouble) if trouble.lasting => Readiness::Failed(trouble.full_text(false)),
        Some(trouble) => Readiness::Waiting(trouble.full_text(false)),
        None => Readiness::waiting("its containers are being started"),
    }
}

/// Whether a Pod runs and is ready.
pub(super) fn is_ready(pod: &Live) -> bool {
    pod.text(&["status", "phase"]) == Some("Running") && Condition::holding(pod, "Ready").is_some()
}

/// Whether a Pod has a node and waits for its volumes, its network or its images.
pub(super) fn is_starting(pod: &Live) -> bool {
    pod.text(&["status", "phase"]) == Some("Pending") && pod.text(&["spec", "nodeName"]).is_some()
}

/// Returns what its own status says of the troubles of a Pod, in the order of its containers.
pub(super) fn troubles(pod: &Live) -> Vec<Trouble> {
    let phase = pod.text(&["status", "phase"]).unwrap_or_default();
    if phase == "Failed" {
        return vec![Trouble::new(Rank::Failed, failure(pod))];
    }
    if phase == "Succeeded" || is_ready(pod) {
        return Vec::new();
    }
    let mut troubles: Vec<Trouble> = scheduling(pod).into_iter().collect();
    for (list, noun) in [("initContainerStatuses", "init container"), ("containerStatuses", "container")] {
        troubles.extend(pod.list(&["status", list]).iter().filter_map(|status| container(status, noun)));
    }
    if !troubles.is_empty() {
        return troubles;
    }
    if phase == "Unknown" {
        troubles.push(Trouble::new(Rank::Unready, "its node does not answer".to_owned()));
    } else if phase == "Running"
        && let Some(ready) = Condition::find(pod, "Ready")
    {
        let gates = ready.field("reason") == "ReadinessGatesNotReady";
        let text = if gates { ready.text() } else { unready(pod) };
        troubles.push(Trouble::new(Rank::Unready, text));
    }
    troubles
}

/// Says why a Pod has no node.
fn scheduling(pod: &Live) -> Option<Trouble> {
    if pod.text(&["spec", "nodeName"]).is_some() {
        return None;
    }
    let text = match Condition::find(pod, "PodScheduled") {
        Some(scheduled) if scheduled.is("True") => return None,
        Some(gated) if gated.field("reason") == "SchedulingGated" => {
            let gates = pod.list(&["spec", "schedulingGates"]).iter();
            let gates: Vec<&str> = gates.filter_map(|gate| gate.get("name").and_then(Value::as_str)).collect();
            said(&format!("its scheduling is held back by `{}`", gates.join("`, `")))
        }
        Some(scheduled) => {
            // What preempting others would bring comes last, and never helps.
            let message = scheduled.field("message");
            let message = message.split_once(" preemption: ").map_or(message, |(reasons, _)| reasons);
            format!("it cannot be scheduled: {}", said(message))
        }
        None => {
            let scheduler = pod.text(&["spec", "schedulerName"]).unwrap_or("default-scheduler");
            said(&format!("the scheduler `{scheduler}` has not looked at it yet"))
        }
    };
    Some(Trouble::new(Rank::Unschedulable, text))
}

/// Says what troubles a container.
fn container(status: &Value, noun: &str) -> Option<Trouble> {
    let live = |path: &[&str]| path.iter().try_fold(status, |value, key| value.get(key));
    let text = |path: &[&str]| live(path).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{noun} `{}`", text(&["name"]));
    let image = text(&["image"]);
    let message = text(&["state", "waiting", "message"]);
    match text(&["state", "waiting", "reason"]) {
        "InvalidImageName" => {
            let text = said(&format!("the image name `{image}` of {name} is invalid"));
            Some(Trouble { lasting: true, ..Trouble::new(Rank::NoImage, text) })
        }
        "ErrImageNeverPull" => {
            let text = said(&format!("the image `{image}` of {name} is not on the node, and its pull policy is Never"));
            Some(Trouble { lasting: true, ..Trouble::new(Rank::NoImage, text) })
        }
        "ImagePullBackOff"
        | "ErrImagePull"
        | "ImageInspectError"
        | "SignatureValidationFailed"
        | "RegistryUnavailable" => {
            let text = match cause(message, image) {
                "" => said(&format!("the image `{image}` cannot be pulled")),
                cause => said(&format!("the image `{image}` cannot be pulled: {cause}")),
            };
            Some(Trouble::new(Rank::Image, text))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "PreCreateHookError" => {
            Some(Trouble::new(Rank::Config, said(&format!("{name} cannot be created: {message}"))))
        }
        "RunContainerError" | "PreStartHookError" | "PostStartHookError" => {
            Some(Trouble::new(Rank::Config, said(&format!("{name} cannot be started: {message}"))))
        }
        "" | "CrashLoopBackOff" => crash(status, &name),
        "ContainerCreating" | "PodInitializing" => None,
        reason => Some(Trouble::new(Rank::Config, said(&format!("{name} waits: {reason}: {message}")))),
    }
}

/// Says how a container ended that ended badly or is started again and again.
fn crash(status: &Value, name: &str) -> Option<Trouble> {
    let ended = |state: &str| status.get(state).and_then(|state| state.get("terminated"));
    let again = status.get("state").and_then(|state| state.get("waiting")).is_some();
    let ready = status.get("ready").and_then(Value::as_bool).unwrap_or(false);
    let failed = |end: &&Value| end.get("exitCode").and_then(Value::as_i64) != Some(0);
    let end = match ended("state") {
        Some(end) => Some(end).filter(failed),
        None if again => ended("lastState"),
        None if ready => None,
        None => ended("lastState").filter(failed),
    };
    let restarts = status.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
    let text = match end {
        Some(end) => said(&format!("{name} ends with {}", exit(end))),
        None if again => said(&format!("{name} is restarted again and again")),
        None => return None,
    };
    Some(Trouble { restarts, ..Trouble::new(Rank::Crash, text) })
}

/// Names how a container ended: `exit code 137 (OOMKilled)`.
fn exit(end: &Value) -> String {
    let reason = end.get("reason").and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("exit code {}", end.get("exitCode").and_then(Value::as_i64).unwrap_or(0));
    if !matches!(reason, "" | "Error") {
        let _ = write!(text, " ({reason})");
    }
    // These messages are of the runtime. All others are written by the container, which may say what it should not.
    if matches!(reason, "StartError" | "ContainerCannotRun" | "ContainerStatusUnknown")
        && let Some(message) = end.get("message").and_then(Value::as_str)
    {
        let _ = write!(text, ": {message}");
    }
    text
}

/// Says why a Pod failed.
fn failure(pod: &Live) -> String {
    let reason = pod.text(&["status", "reason"]).unwrap_or_default();
    let message = pod.text(&["status", "message"]).unwrap_or_default();
    if reason == "Evicted" {
        return said(&format!("it was evicted: {message}"));
    }
    if !reason.is_empty() || !message.is_empty() {
        return said(&format!(
            "it failed: {reason}{}{message}",
            if reason.is_empty() || message.is_empty() { "" } else { ": " }
        ));
    }
    if let Some(disrupted) = Condition::holding(pod, "DisruptionTarget") {
        return format!("it was disrupted: {}", disrupted.text());
    }
    for (list, noun) in [("initContainerStatuses", "init container"), ("containerStatuses", "container")] {
        for status in pod.list(&["status", list]) {
            let end = status.get("state").and_then(|state| state.get("terminated"));
            let name = status.get("name").and_then(Value::as_str).unwrap_or_default();
            if let Some(end) = end.filter(|end| end.get("exitCode").and_then(Value::as_i64) != Some(0)) {
                return said(&format!("{noun} `{name}` ended with {}", exit(end)));
            }
        }
    }
    "it failed".to_owned()
}

/// Names the containers that run and are not ready.
fn unready(pod: &Live) -> String {
    let is = |status: &&Value, field: &str| status.get(field).and_then(Value::as_bool).unwrap_or(false);
    let names: Vec<&str> = (pod.list(&["status", "containerStatuses"]).iter())
        .filter(|status| !is(status, "ready"))
        .filter_map(|status| status.get("name").and_then(Value::as_str))
        .collect();
    match names.as_slice() {
        [] => "it runs, but is not ready".to_owned(),
        [one] => said(&format!("container `{one}` is not ready")),
        many => said(&format!("containers `{}` are not ready", many.join("`, `"))),
    }
}

/// Returns what a message about an image says beside that it cannot be pulled.
fn cause<'a>(message: &'a str, image: &str) -> &'a str {
    let mut cause = message;
    let backing_off = format!("Back-off pulling image \"{image}\"");
    let failing = format!("Failed to pull image \"{image}\"");
    for start in [backing_off.as_str(), ": ", "ErrImagePull: ", failing.as_str(), ": "] {
        cause = cause.strip_prefix(start).unwrap_or(cause);
    }
    cause
}

/// Returns the cause in the message of an event about a failed pull.
pub(super) fn pull_cause(message: &str) -> Option<(&str, &str)> {
    let (image, cause) = message.strip_prefix("Failed to pull image \"")?.split_once("\": ")?;
    Some((image, cause))
}
