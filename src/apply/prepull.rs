//! Images on the nodes before the batch starts.
//!
//! A DaemonSet lands wherever the pods of the batch may land, with one container for each of their images. No image is
//! known to hold a shell, so each container is told to run a program that none has: the node pulls the image, fails to
//! start it, and says so. That failure is the sign that the image is there. Its pods are also put where no pod of the batch
//! can land, on cordoned nodes among others: those do not count.

mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use self::nodes::Fleet;
use super::managed::MANAGER;
use super::write::{Manner, apply, delete};
use super::{Desired, Event, Interrupt};
use crate::cluster::{Answer, Call, Client, Listed, Live, Lost, Projection, Reply, Resource};
use crate::emit;
use crate::kubernetes::pods::pod_template;
use crate::kubernetes::{Basis, Manifest, Tolerated};
use crate::text::Node;

const LABEL: &str = "fanfold.dev/prepull";
/// What decides where a pod may land, and what it pulls with.
const PLACING: [&str; 5] = ["nodeSelector", "affinity", "tolerations", "imagePullSecrets", "runtimeClassName"];
/// A pod takes so many containers without trouble.
const MOST_IMAGES: usize = 50;
const LOOK: Duration = Duration::from_millis(500);

/// One DaemonSet.
#[derive(Debug)]
struct Puller {
    namespace: SmolStr,
    name: String,
    images: usize,
    /// The secrets that it pulls with.
    secrets: BTreeSet<SmolStr>,
    tolerations: Vec<Tolerated>,
    body: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// All images are on all nodes that they may be needed on.
    All {
        /// The images.
        images: usize,
        /// The nodes that have to hold some of them.
        nodes: usize,
    },
    /// The time was over; what is missing, for the user.
    Late(Vec<String>),
    /// The user ended it.
    Interrupted,
}

/// Pulls the images of all objects, and takes away what did so.
pub async fn prepull(
    client: &Client,
    desired: &[Desired],
    timeout: Option<Duration>,
    interrupt: &watch::Receiver<Interrupt>,
    tell: &mut dyn FnMut(Event),
) -> Result<Pulled, Lost> {
    let pullers = pullers(desired);
    let images = pullers.iter().map(|puller| puller.images).sum();
    tell(Event::Note(format!("pulling {images} image{} before the batch starts", if images == 1 { "" } else { "s" })));
    make_room(client, desired, &pullers, tell).await?;
    let outcome = pull(client, &pullers, timeout, interrupt).await;
    // Whatever happened, nothing of it stays.
    for puller in &pullers {
        let call = delete(&daemon_sets(), &puller.namespace, &puller.name, "", "Background", false);
        let gone = client.patient(&call).await?;
        if !gone.is_success() && gone.code != 404 {
            let what = format!("DaemonSet {}/{}", puller.namespace, puller.name);
            tell(Event::Warning(format!("`{what}` could not be removed: {}", gone.message())));
        }
    }
    Ok(match outcome? {
        Pulled::All { nodes, .. } => Pulled::All { images, nodes },
        other => other,
    })
}

/// Makes what the images need of the batch and what is not there yet: the namespaces, and the secrets to pull with.
async fn make_room(
    client: &Client,
    desired: &[Desired],
    pullers: &[Puller],
    tell: &mut dyn FnMut(Event),
) -> Result<(), Lost> {
    let is_needed = |object: &&Desired| {
        let key = &object.key;
        key.group.is_empty()
            && pullers.iter().any(|puller| match key.kind.as_str() {
                "Namespace" => puller.namespace == key.name,
                "Secret" => puller.namespace == key.namespace && puller.secrets.contains(&key.name),
                _ => false,
            })
    };
    for object in desired.iter().filter(is_needed) {
        let Desired { resource, key, .. } = object;
        let there = client.read(resource, &key.namespace, &key.name, Projection::Metadata).await?;
        if !matches!(there, Ok(None)) {
            continue;
        }
        let made = client.patient(&apply(object, Manner::default())).await?;
        if !made.is_success() {
            return Err(Lost::hopeless(format!("`{key}`, which the images need, cannot be made: {}", made.message())));
        }
        tell(Event::Note(format!("`{key}` created: the images need it")));
    }
    Ok(())
}

async fn pull(
    client: &Client,
    pullers: &[Puller],
    timeout: Option<Duration>,
    interrupt: &watch::Receiver<Interrupt>,
) -> Result<Pulled, Lost> {
    for puller in pullers {
        let query = format!("?fieldManager={MANAGER}-prepull&force=true");
        let path = format!("{}{query}", path(puller));
        let reply = Reply::object(&daemon_sets(), &puller.namespace, &puller.name);
        let answer = client.patient(&Call::apply(path, puller.body.clone()).expecting(reply)).await?;
        if !answer.is_success() {
            let reason = format!("images cannot be pulled in `{}`: {}", puller.namespace, answer.message());
            return Err(Lost::hopeless(reason));
        }
    }
    let start = Instant::now();
    let mut fleet = Fleet::default();
    loop {
        fleet.look(client).await?;
        if *interrupt.borrow() != Interrupt::None {
            return Ok(Pulled::Interrupted);
        }
        let mut missing = BTreeSet::new();
        let mut nodes = BTreeSet::new();
        for puller in pullers {
            look(client, puller, &fleet.closed_to(&puller.tolerations), &mut nodes, &mut missing).await?;
        }
        if missing.is_empty() {
            return Ok(Pulled::All { images: 0, nodes: nodes.len() });
        }
        if timeout.is_some_and(|timeout| start.elapsed() >= timeout) {
            return Ok(Pulled::Late(missing.into_iter().collect()));
        }
        sleep(LOOK).await;
    }
}

/// Collects the nodes of a DaemonSet, and what they lack.
async fn look(
    client: &Client,
    puller: &Puller,
    closed: &BTreeSet<&str>,
    nodes: &mut BTreeSet<String>,
    missing: &mut BTreeSet<String>,
) -> Result<(), Lost> {
    let refused = |answer: &Answer, verb: &str, what: &str| {
        Lost::hopeless(format!("may not {verb} {what} in `{}`: {}", puller.namespace, answer.message()))
    };
    let read = client.read(&daemon_sets(), &puller.namespace, &puller.name, Projection::Whole).await?;
    let read = read.map_err(|answer| refused(&answer, "get", "DaemonSets"))?;
    let set = read.unwrap_or_else(|| Live(Value::Null));
    let wanted = set.integer(&["status", "desiredNumberScheduled"]).unwrap_or_default();
    let seen = set.integer(&["status", "observedGeneration"]) >= set.generation() && set.generation().is_some();
    let pods = resource("", "Pod", "pods");
    let selector = format!("{LABEL}={}", puller.name);
    let listed = client.list(&pods, Some(&puller.namespace), &selector, Projection::Whole).await?;
    let pods = match listed {
        Listed::Objects(pods, _) => pods,
        // Nobody could say whether an image is there.
        Listed::Refused(answer) => return Err(refused(&answer, "list", "Pods")),
    };
    let mut arrived = 0;
    for pod in &pods {
        let node = pod.text(&["spec", "nodeName"]).unwrap_or_default();
        // No pod of the batch comes to a node that is closed to it, or too full even for this one.
        if nodes::target(pod).is_some_and(|node| closed.contains(node)) || nodes::is_refused(pod) {
            arrived += 1;
            continue;
        }
        if node.is_empty() {
            missing.insert(format!("a pod waits for its node in `{}`", puller.namespace));
            continue;
        }
        nodes.insert(node.to_owned());
        arrived += 1;
        let states = pod.list(&["status", "containerStatuses"]);
        for container in pod.list(&["spec", "containers"]) {
            let name = container.get("name");
            let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let state = states.iter().find(|state| state.get("name") == name);
            if let Err(reason) = state.map_or(Err(String::new()), is_pulled) {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                missing.insert(format!("`{image}` is not on node `{node}`{reason}"));
            }
        }
    }
    if !seen || arrived < wanted {
        missing.insert(format!("{arrived} of {wanted} nodes have begun in `{}`", puller.namespace));
    }
    Ok(())
}

/// Whether the image of a container is on its node; why not, otherwise.
fn is_pulled(state: &Value) -> Result<(), String> {
    let text = |path: &str| state.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let begun = ["/state/running", "/state/terminated", "/lastState/terminated"];
    if begun.iter().any(|path| state.pointer(path).is_some()) || !text("/imageID").is_empty() {
        return Ok(());
    }
    match text("/state/waiting/reason") {
        "CreateContainerError" | "CreateContainerConfigError" | "RunContainerError" | "CrashLoopBackOff" => Ok(()),
        reason => Err(match text("/state/waiting/message") {
            "" => reason.to_owned(),
            message => format!("{reason}: {message}"),
        }),
    }
}

fn resource(group: &str, kind: &str, plural: &str) -> Resource {
    Resource {
        group: group.into(),
        version: "v1".into(),
        kind: kind.into(),
        plural: plural.into(),
        namespaced: true,
        has_status: true,
    }
}

fn daemon_sets() -> Resource {
    resource("apps", "DaemonSet", "daemonsets")
}

fn path(puller: &Puller) -> String {
    daemon_sets().object(&puller.namespace, &puller.name)
}

/// Returns a DaemonSet for each namespace and way of placing pods.
fn pullers(desired: &[Desired]) -> Vec<Puller> {
    /// A namespace, and what decides where pods land, as text.
    type Place = (SmolStr, Vec<u8>);
    let mut groups: BTreeMap<Place, (Vec<Node>, BTreeSet<SmolStr>)> = BTreeMap::new();
    for object in desired.iter().filter(|object| Basis::of(&object.key.kind) != Basis::PerRun) {
        let manifest = Manifest { key: object.key.clone(), node: object.node.clone(), origin: object.origin };
        let Some(pod) = pod_template(&manifest).and_then(|template| template.get("spec")) else { continue };
        let mut placing = Vec::new();
        let mut text = Vec::new();
        for field in PLACING {
            if let Some(value) = pod.get(field) {
                text.extend_from_slice(field.as_bytes());
                emit::json::write_compact(value, &mut text);
            }
            placing.push(pod.get(field).cloned().unwrap_or_else(|| Node::new(crate::text::Value::Null, pod.origin())));
        }
        let (_, images) =
            groups.entry((object.key.namespace.clone(), text)).or_insert_with(|| (placing, BTreeSet::new()));
        for containers in ["initContainers", "containers"] {
            for container in pod.get(containers).and_then(Node::as_seq).unwrap_or_default() {
                images.extend(container.get("image").and_then(Node::text).cloned());
            }
        }
    }
    let mut pullers = Vec::new();
    for ((namespace, _), (placing, images)) in groups {
        let images: Vec<SmolStr> = images.into_iter().collect();
        for images in images.chunks(MOST_IMAGES) {
            pullers.push(puller(&namespace, &placing, images));
        }
    }
    pullers
}

fn puller(namespace: &SmolStr, placing: &[Node], images: &[SmolStr]) -> Puller {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(number, image)| {
            json!({
                "name": format!("image-{number}"),
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["/fanfold-prepull"],
                "resources": { "requests": { "cpu": "1m", "memory": "4Mi" }, "limits": { "cpu": "10m", "memory": "16Mi" } },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                    "runAsNonRoot": true,
                    "runAsUser": 65534,
                    "seccompProfile": { "type": "RuntimeDefault" },
                },
            })
        })
        .collect();
    let mut pod = json!({
        "containers": containers,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 0,
    });
    for (field, node) in PLACING.iter().zip(placing).filter(|(_, node)| !node.is_null()) {
        let mut text = Vec::new();
        emit::json::write_compact(node, &mut text);
        pod[*field] = serde_json::from_slice(&text).unwrap_or_default();
    }
    let digest = Sha256::digest(pod.to_string());
    let name = format!("fanfold-prepull-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    let body = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": { "name": name, "namespace": namespace, "labels": { LABEL: name } },
        "spec": {
            "selector": { "matchLabels": { LABEL: name } },
            "template": { "metadata": { "labels": { LABEL: name } }, "spec": &pod },
        },
    });
    let list = |field: &str| pod[field].as_array().map(Vec::as_slice).unwrap_or_default();
    Puller {
        namespace: namespace.clone(),
        name,
        images: images.len(),
        secrets: list("imagePullSecrets")
            .iter()
            .filter_map(|secret| secret["name"].as_str())
            .map(SmolStr::from)
            .collect(),
        tolerations: list("tolerations").iter().map(Tolerated::read).collect(),
        body: body.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_there_once_the_node_tried_to_start_it() {
        let there = [
            json!({"state": {"running": {}}}),
            json!({"state": {"waiting": {"reason": "RunContainerError"}}}),
            json!({"state": {"waiting": {"reason": "CreateContainerConfigError"}}}),
            json!({"state": {"terminated": {"reason": "StartError"}}}),
            json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {}}}),
        ];
        for state in there {
            assert_eq!(is_pulled(&state), Ok(()), "{state}");
        }
        let missing = json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}});
        assert_eq!(is_pulled(&missing), Err("ImagePullBackOff: not found".into()));
        assert!(is_pulled(&json!({"state": {"waiting": {"reason": "ContainerCreating"}}})).is_err());
    }
}
