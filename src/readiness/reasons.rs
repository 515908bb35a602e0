//! Why an object does not get ready: what its pods, their events and claims say, the most telling first.
//!
//! An object and what belongs to it enter, reasons leave, equal ones folded into one with a count. Only the pods of the
//! newest ReplicaSet tell about the rollout of a Deployment; those that are about to go tell only that they do not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::pod::{Rank, Trouble, is_ready, is_starting, pull_cause, troubles};
use super::{Condition, api, leaving, said};
use crate::cluster::Live;

/// How long a pod may outlive its grace period before that is worth a word, in seconds.
const LINGER: i64 = 30;

/// What the server has beside an object that may say why it is not ready. More than what belongs to it does no harm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Related<'a> {
    /// Pods.
    pub pods: &'a [Live],
    /// What stands between the object and its pods: ReplicaSets, or Jobs.
    pub controllers: &'a [Live],
    /// Events, of either API group.
    pub events: &'a [Live],
    /// PersistentVolumeClaims.
    pub claims: &'a [Live],
    /// The time by which pods are late that do not go away; without it, all that are going are named.
    pub now: Option<Timestamp>,
}

/// Why an object does not get ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is wrong.
    pub text: String,
    /// The same without what differs among objects with the same trouble: names, addresses.
    pub alike: String,
    /// How many objects it holds for.
    pub count: usize,
    /// One of them: `Pod shop/web-7d4f-abc`.
    pub object: String,
    /// Whether waiting is in vain: nothing but another write heals it.
    pub lasting: bool,
}

/// Returns the candidates that name an object as their owner.
pub fn owned_by<'a>(owner: &Live, candidates: &'a [Live]) -> Vec<&'a Live> {
    let uid = owner.uid();
    let owns = |entry: &Value| !uid.is_empty() && entry.get("uid").and_then(Value::as_str) == Some(uid);
    candidates.iter().filter(|candidate| candidate.list(&["metadata", "ownerReferences"]).iter().any(owns)).collect()
}

/// Returns the pods that tell how an object does: those that it owns, itself or through what stands between; of a
/// Deployment those of the newest ReplicaSet alone.
pub fn pods_of<'a>(object: &Live, related: &Related<'a>) -> Vec<&'a Live> {
    let mut pods = owned_by(object, related.pods);
    for controller in current(object, related) {
        pods.extend(owned_by(controller, related.pods));
    }
    pods
}

/// Says why an object does not get ready; nothing where nothing tells.
pub fn why(object: &Live, related: &Related) -> Vec<Reason> {
    let events: Vec<Event> = related.events.iter().filter_map(Event::of).collect();
    let mut found = Found::default();
    if api(object) == ("", "Pod") {
        pod(object, &events, related, &mut found);
    } else if api(object) == ("", "PersistentVolumeClaim") {
        claim(object, &events, &mut found);
    } else if runs_pods(object) {
        let controllers = current(object, related);
        for owner in std::iter::once(object).chain(controllers.iter().copied()) {
            refusals(owner, &events, &mut found);
        }
        for each in pods_of(object, related) {
            pod(each, &events, related, &mut found);
        }
        // Pods of older ReplicaSets that do not go away hold up the rollout as well.
        for older in owned_by(object, related.controllers) {
            if !controllers.iter().any(|controller| controller.uid() == older.uid()) {
                for pod in owned_by(older, related.pods) {
                    lingering(pod, related, &mut found);
                }
            }
        }
    } else if let Some(event) = newest(&events, object, |event| event.warns) {
        found.add(object, Trouble::new(Rank::Refused, said(&format!("{}: {}", event.reason, event.message))));
    }
    found.into_reasons()
}

fn runs_pods(object: &Live) -> bool {
    matches!(
        api(object),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job" | "CronJob")
            | ("", "ReplicationController")
            | ("jobset.x-k8s.io", "JobSet")
    )
}

/// Returns what stands between an object and the pods that tell: of the ReplicaSets of a Deployment the newest alone, and
/// none where the newest is not made yet.
fn current<'a>(object: &Live, related: &Related<'a>) -> Vec<&'a Live> {
    let owned = owned_by(object, related.controllers);
    if api(object) != ("apps", "Deployment") {
        return owned;
    }
    let unseen = object.integer(&["status", "observedGeneration"]) < object.generation();
    let unmade = Condition::find(object, "Progressing").is_some_and(|it| it.field("reason") == "ReplicaSetCreateError");
    if unseen || unmade {
        return Vec::new();
    }
    let revision =
        |set: &&Live| set.annotation("deployment.kubernetes.io/revision").and_then(|it| it.parse::<i64>().ok());
    owned.into_iter().max_by_key(revision).into_iter().collect()
}

/// Finds what keeps an owner from making its pods.
fn refusals(owner: &Live, events: &[Event], found: &mut Found) {
    let refused = |text: &str| Trouble::new(Rank::Refused, said(text));
    if let Some(progress) = Condition::find(owner, "Progressing")
        && progress.field("reason") == "ReplicaSetCreateError"
    {
        found.add(owner, refused(progress.field("message")));
    }
    if let Some(failure) = Condition::holding(owner, "ReplicaFailure") {
        // The condition of a Deployment repeats that of its ReplicaSet.
        if api(owner).1 != "Deployment" {
            let verb = if failure.field("reason") == "FailedDelete" { "deleted" } else { "created" };
            found.add(owner, refused(&format!("pods cannot be {verb}: {}", failure.field("message"))));
        }
    } else if lacks_pods(owner)
        && let Some(event) = newest(events, owner, |event| event.warns && event.reason == "FailedCreate")
    {
        let message = event.message.strip_prefix("(combined from similar events): ").unwrap_or(event.message);
        let message = message.strip_prefix("Error creating: ").unwrap_or(message);
        let message = message.split_once(" failed error: ").map_or(message, |(_, refusal)| refusal);
        found.add(owner, refused(&format!("pods cannot be created: {message}")));
    }
}

/// Whether an owner has fewer pods than it is to have: then the newest failure to make one still stands.
fn lacks_pods(owner: &Live) -> bool {
    let status = |name: &str| owner.integer(&["status", name]).unwrap_or(0);
    let spec = |name: &str| owner.integer(&["spec", name]);
    match api(owner).1 {
        "DaemonSet" => status("currentNumberScheduled") < status("desiredNumberScheduled"),
        "Job" => {
            let parallel = spec("parallelism").unwrap_or(1);
            let rest = spec("completions").map_or(parallel, |wanted| wanted - status("succeeded"));
            status("active") < parallel.min(rest)
        }
        "Deployment" | "CronJob" | "JobSet" => false,
        _ => status("replicas") < spec("replicas").unwrap_or(1),
    }
}

/// Finds what troubles a pod.
fn pod(pod: &Live, events: &[Event], related: &Related, found: &mut Found) {
    if pod.at(&["metadata", "deletionTimestamp"]).is_some() {
        return lingering(pod, related, found);
    }
    let mut own = troubles(pod);
    let about = |reasons: &'static [&'static str]| newest(events, pod, move |event| reasons.contains(&event.reason));
    for trouble in &mut own {
        // Older kubelets say the cause in an event alone.
        if trouble.rank == Rank::Image && !trouble.text.contains("cannot be pulled: ") {
            let failed = newest(events, pod, |event| {
                event.reason == "Failed"
                    && pull_cause(event.message).is_some_and(|(image, _)| trouble.text.contains(image))
            });
            if let Some((_, cause)) = failed.and_then(|event| pull_cause(event.message)) {
                trouble.text = said(&format!("{}: {cause}", trouble.text));
            }
        }
    }
    let probe = about(&["Unhealthy"]).filter(|_| pod.text(&["status", "phase"]) == Some("Running") && !is_ready(pod));
    if let Some(event) = probe {
        own.retain(|trouble| trouble.rank != Rank::Unready);
        own.push(Trouble::new(Rank::Probe, said(event.message)));
    }
    if is_starting(pod) {
        const MOUNT: &[&str] = &["FailedMount", "FailedAttachVolume", "FailedMapVolume"];
        // The summary that lists what is not mounted says less than the failure of one volume.
        let precise = |event: &Event| MOUNT.contains(&event.reason) && !event.message.starts_with("Unable to attach");
        if let Some(event) = newest(events, pod, precise).or_else(|| about(MOUNT)) {
            own.push(Trouble::new(Rank::Mount, said(&format!("a volume cannot be mounted: {}", event.message))));
        }
        if let Some(event) = about(&["FailedCreatePodSandBox", "NetworkNotReady"]) {
            own.push(Trouble::new(Rank::Sandbox, said(event.message)));
        }
    }
    for trouble in own {
        found.add(pod, trouble);
    }
    if pod.text(&["status", "phase"]) == Some("Pending") {
        for volume in pod.list(&["spec", "volumes"]) {
            let name =
                volume.get("persistentVolumeClaim").and_then(|source| source.get("claimName")).and_then(Value::as_str);
            let is_it = |claim: &&Live| Some(claim.name()) == name && claim.namespace() == pod.namespace();
            if let Some(it) = related.claims.iter().find(is_it) {
                claim(it, events, found);
            }
        }
    }
}

/// Finds what keeps a claim from its volume.
fn claim(claim: &Live, events: &[Event], found: &mut Found) {
    let name = claim.name();
    let text = match claim.text(&["status", "phase"]) {
        Some("Bound") => return,
        Some("Lost") => format!("claim `{name}` lost its volume"),
        _ => match newest(events, claim, |_| true) {
            // It waits for the pod, which says itself why it has no node.
            Some(event) if matches!(event.reason, "WaitForFirstConsumer" | "WaitForPodScheduled") => return,
            Some(event) if event.warns || event.reason == "FailedBinding" || event.reason == "ExternalProvisioning" => {
                format!("claim `{name}` is not bound: {}", event.message)
            }
            _ => format!("claim `{name}` is not bound to a volume"),
        },
    };
    found.add(claim, Trouble::new(Rank::Claim, said(&text)));
}

/// Finds a pod that is to go and does not.
fn lingering(pod: &Live, related: &Related, found: &mut Found) {
    let Some(due) = pod.text(&["metadata", "deletionTimestamp"]) else { return };
    let due_at = due.parse::<Timestamp>().ok();
    let late = |now: Timestamp| due_at.is_none_or(|due| now.as_second() - due.as_second() > LINGER);
    if related.now.is_none_or(late) {
        let node = pod.text(&["spec", "nodeName"]).map(|node| format!(" from node `{node}`")).unwrap_or_default();
        let text = said(&format!("it does not go away{node}: it {}", leaving(pod)));
        found.add(pod, Trouble::new(Rank::Leaving, text));
    }
}

/// An event of either API group.
struct Event<'a> {
    about: &'a Value,
    reason: &'a str,
    message: &'a str,
    warns: bool,
    /// When it happened last, to the second.
    at: &'a str,
}

impl<'a> Event<'a> {
    fn of(live: &'a Live) -> Option<Self> {
        const TIMES: &[&[&str]] = &[
            &["series", "lastObservedTime"],
            &["lastTimestamp"],
            &["deprecatedLastTimestamp"],
            &["eventTime"],
            &["metadata", "creationTimestamp"],
        ];
        let at = TIMES.iter().find_map(|path| live.text(path)).unwrap_or_default();
        Some(Self {
            about: live.at(&["involvedObject"]).or_else(|| live.at(&["regarding"]))?,
            reason: live.text(&["reason"])?,
            message: live.text(&["message"]).or_else(|| live.text(&["note"])).unwrap_or_default(),
            warns: live.text(&["type"]) == Some("Warning"),
            at: at.get(..19).unwrap_or(at),
        })
    }

    fn is_about(&self, object: &Live) -> bool {
        let field = |name: &str| self.about.get(name).and_then(Value::as_str).unwrap_or_default();
        match field("uid") {
            // Some who write events do not know the uid.
            "" => {
                field("kind") == api(object).1
                    && field("name") == object.name()
                    && field("namespace") == object.namespace()
            }
            uid => uid == object.uid(),
        }
    }
}

/// Returns the last event about an object that passes.
fn newest<'a, 'b>(events: &'b [Event<'a>], object: &Live, pass: impl Fn(&Event) -> bool) -> Option<&'b Event<'a>> {
    events.iter().filter(|event| event.is_about(object) && pass(event)).max_by_key(|event| event.at)
}

/// Troubles, equal ones together.
#[derive(Default)]
struct Found(BTreeMap<(Rank, String), Folded>);

struct Folded {
    trouble: Trouble,
    objects: Vec<String>,
}

impl Found {
    fn add(&mut self, object: &Live, trouble: Trouble) {
        let name = match object.namespace() {
            "" => format!("{} {}", api(object).1, object.name()),
            namespace => format!("{} {namespace}/{}", api(object).1, object.name()),
        };
        let key = (trouble.rank, alike(&trouble.text, object));
        match self.0.get_mut(&key) {
            // Several containers of a pod, or several pods with one claim.
            Some(folded) if folded.objects.contains(&name) => {}
            Some(folded) => {
                if name < folded.objects[0] {
                    folded.trouble.text = trouble.text;
                    folded.objects.insert(0, name);
                } else {
                    folded.objects.push(name);
                }
                folded.trouble.restarts = folded.trouble.restarts.max(trouble.restarts);
            }
            None => {
                self.0.insert(key, Folded { trouble, objects: vec![name] });
            }
        }
    }

    fn into_reasons(self) -> Vec<Reason> {
        let mut all: Vec<(String, Folded)> = self.0.into_iter().map(|((_, alike), folded)| (alike, folded)).collect();
        all.sort_by_key(|(_, folded)| (folded.trouble.rank, usize::MAX - folded.objects.len()));
        let reason = |(alike, folded): (String, Folded)| Reason {
            alike,
            text: folded.trouble.full_text(folded.objects.len() > 1),
            count: folded.objects.len(),
            lasting: folded.trouble.lasting,
            object: folded.objects.into_iter().next().unwrap_or_default(),
        };
        all.into_iter().map(reason).collect()
    }
}

/// Returns a text without what differs among objects with the same trouble: names, addresses, ids of sandboxes.
fn alike(text: &str, object: &Live) -> String {
    let mut alike = text.to_owned();
    let addresses =
        object.list(&["status", "podIPs"]).iter().filter_map(|entry| entry.get("ip").and_then(Value::as_str));
    let own = [object.text(&["status", "podIP"]).unwrap_or_default(), object.uid(), object.name()];
    for own in addresses.chain(own).filter(|own| !own.is_empty()) {
        alike = alike.replace(own, "*");
    }
    let word = |word: &str| {
        let is_id = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_id { "*".to_owned() } else { word.to_owned() }
    };
    alike.split(['"', ' ']).map(word).collect::<Vec<_>>().join(" ")
}
