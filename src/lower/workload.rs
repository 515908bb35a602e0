//! One instance as the object of its kind, and the objects that accompany it.
//!
//! A native body (`template`, `jobTemplate`, `selector`, …) is the ground that flat fields merge over.

use super::Lowering;
use super::container::name_of;
use super::draft::{Draft, items};
use super::flat::Parts;
use super::metadata::{overlay, sorted};
use super::mounts::Volumes;
use super::ports::{self, Port};
use crate::diagnostic::{Code, Diagnostic};
use crate::expand::{Place, merge};
use crate::kubernetes::Manifest;
use crate::spec::{WorkloadKind, budgeted, slug};
use crate::text::{Key, Map, Node, Origin, Value};

/// The label by which Kueue finds the queue of a workload.
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

/// Lowers an instance; the object of its kind comes last.
pub(super) fn lower(lowering: &mut Lowering<'_>) -> Vec<Manifest> {
    let parts = lowering.parts();
    let mut volumes = Volumes::default();
    let (pod, ports) = lowering.pod(&parts, &mut volumes);
    let mut objects = Vec::new();
    objects.extend(lowering.service_account());
    objects.append(&mut volumes.claims);
    if lowering.wants("Service") {
        objects.extend(lowering.service(&ports));
    }
    objects.extend(lowering.autoscaler());
    objects.extend(lowering.disruption_budget());
    objects.extend(lowering.ingress(&ports));
    objects.extend(lowering.network_policy());
    if lowering.wants(lowering.plan.kind().as_str()) {
        objects.push(lowering.main_object(parts, pod, volumes.claim_templates));
    }
    objects
}

impl Lowering<'_> {
    fn main_object(&mut self, parts: Parts, pod: Node, claim_templates: Vec<Node>) -> Manifest {
        let kind = self.plan.kind();
        let origin = self.origin();
        let mut labels = self.labels(false);
        let annotations = self.annotations(false);
        if let Some(queue) = self.field("queue").filter(|_| kind != WorkloadKind::CronJob) {
            labels.set(Key::new(QUEUE_LABEL, queue.origin()), queue.clone());
        }
        let name = self.instance.name.clone();
        let metadata = self.metadata(&name, &labels, &annotations);
        let spec = if kind == WorkloadKind::Pod {
            pod
        } else {
            let template = self.pod_template(pod);
            match kind {
                WorkloadKind::CronJob => self.cron_job_spec(parts, template),
                _ => self.spec(parts.spec, template, claim_templates),
            }
        };
        // The pods' own metadata is the object's, where the object is the pod.
        let metadata = if kind == WorkloadKind::Pod {
            let (labels, annotations) = (self.labels(true), self.annotations(true));
            let mut labels = labels;
            if let Some(queue) = self.field("queue") {
                labels.set(Key::new(QUEUE_LABEL, queue.origin()), queue.clone());
            }
            self.metadata(&name, &labels, &annotations)
        } else {
            metadata
        };
        self.object(kind.api_version(), kind.as_str(), &name, metadata, vec![("spec", spec)], origin)
    }

    fn spec(&mut self, written: Map, template: Node, claim_templates: Vec<Node>) -> Node {
        let origin = self.origin();
        let kind = self.plan.kind();
        let mut spec = written;
        if let Some(selector) = self.field("selector") {
            spec.set(Key::new("selector", selector.origin()), selector.clone());
        } else if kind.selects_pods() {
            let selector = Draft::new(origin).node("matchLabels", self.pinned_labels()).done();
            spec.set(Key::new("selector", origin), selector);
        }
        if let Some((field, strategy)) = self.rollout() {
            spec.set(Key::new(field, strategy.origin()), strategy);
        }
        if kind == WorkloadKind::StatefulSet {
            if let Some(name) = self.service_name().filter(|_| !spec.contains("serviceName")) {
                spec.set(Key::new("serviceName", name.origin()), name);
            }
            let native = self.field("volumeClaimTemplates").map(items).unwrap_or_default();
            let all: Vec<Node> = native.into_iter().chain(claim_templates).collect();
            if let Some(first) = all.first() {
                spec.set(Key::new("volumeClaimTemplates", first.origin()), Node::seq(all.clone(), first.origin()));
            }
        }
        spec.set(Key::new("template", origin), template);
        spec.sort_by_key(|entry| self.plan.union.spec.position(&entry.key.text));
        Node::map(spec, origin)
    }

    fn cron_job_spec(&mut self, parts: Parts, template: Node) -> Node {
        let origin = self.origin();
        let facts = self.context.facts;
        let native = self.field("jobTemplate");
        let job_type = self.plan.union.job.unwrap_or(self.plan.union.spec);
        let ground = native.and_then(|native| native.get("spec")).cloned();
        let flat = Node::map(parts.job, origin);
        let mut job = match &ground {
            Some(ground) => merge(facts, ground, &flat, Place::Type(job_type)),
            None => flat,
        }
        .as_map()
        .cloned()
        .unwrap_or_default();
        if let Some(selector) = self.field("selector") {
            job.set(Key::new("selector", selector.origin()), selector.clone());
        }
        job.set(Key::new("template", origin), template);
        job.sort_by_key(|entry| job_type.position(&entry.key.text));
        let mut metadata =
            native.and_then(|native| native.get("metadata")).and_then(Node::as_map).cloned().unwrap_or_default();
        for (key, generated) in [("labels", self.labels(false)), ("annotations", self.annotations(false))] {
            let mut all = generated;
            metadata.get(key).into_iter().chain(self.field(key)).for_each(|written| overlay(&mut all, written));
            if let Some(queue) = self.field("queue").filter(|_| key == "labels") {
                all.set(Key::new(QUEUE_LABEL, queue.origin()), queue.clone());
            }
            match sorted(&all, origin) {
                Some(all) => metadata.put(key, all),
                None => drop(metadata.remove(key)),
            }
        }
        let job_template = Draft::new(origin)
            .node("metadata", Node::map(metadata, origin))
            .node("spec", Node::map(job, origin))
            .done();
        let mut spec = parts.spec;
        spec.set(Key::new("jobTemplate", origin), job_template);
        spec.sort_by_key(|entry| self.plan.union.spec.position(&entry.key.text));
        Node::map(spec, origin)
    }

    fn pod_template(&mut self, pod: Node) -> Node {
        let origin = self.origin();
        let native = self.native_template().and_then(|template| template.get("metadata")).cloned();
        let mut metadata = native.as_ref().and_then(Node::as_map).cloned().unwrap_or_default();
        if let Some(written) = native.as_ref().and_then(|native| native.get("labels")) {
            self.check_pinned(written);
        }
        for (key, generated, flat) in [
            ("labels", self.labels(true), ["labels", "podLabels"]),
            ("annotations", self.annotations(true), ["annotations", "podAnnotations"]),
        ] {
            // What is written counts more than what is generated, the flat form more than the native body.
            let mut all = generated;
            let written = native.as_ref().and_then(|native| native.get(key));
            written.into_iter().chain(flat.into_iter().filter_map(|key| self.field(key))).for_each(|written| {
                overlay(&mut all, written);
            });
            match sorted(&all, origin) {
                Some(all) => metadata.put(key, all),
                None => drop(metadata.remove(key)),
            }
        }
        Draft::new(origin).node("metadata", Node::map(metadata, origin)).node("spec", pod).done()
    }

    /// Returns the native pod template, where one is written.
    fn native_template(&self) -> Option<&Node> {
        self.field("template").or_else(|| self.field("jobTemplate")?.at(&["spec", "template"]))
    }

    /// Returns the spec of the pods, and the ports that they open.
    fn pod(&mut self, parts: &Parts, volumes: &mut Volumes) -> (Node, Vec<Port>) {
        let origin = self.origin();
        let facts = self.context.facts;
        let union = &self.plan.union;
        let native = self.native_template().and_then(|template| template.get("spec")).cloned();
        let flat = Node::map(parts.pod.clone(), origin);
        let ground = match &native {
            Some(native) => merge(facts, native, &flat, Place::Type(union.pod)),
            None => flat,
        };
        let mut pod = ground.as_map().cloned().unwrap_or_default();

        for key in
            [native.as_ref().and_then(|native| native.get("volumes")), self.field("volumes")].into_iter().flatten()
        {
            let key = key.clone();
            self.native_volumes(&key, volumes);
        }
        let containers = self.containers(&pod, parts, volumes);
        let ports: Vec<Port> = containers.iter().flat_map(ports::of_container).collect();
        let init = self.init_containers(&pod, volumes);

        self.check_mounted(containers.iter().chain(&init), volumes);

        let mut set = |key: &str, list: Vec<Node>| match list.first().map(Node::origin) {
            Some(first) => pod.set(Key::new(key, first), Node::seq(list, first)),
            None => drop(pod.remove(key)),
        };
        set("containers", containers);
        set("initContainers", init);
        volumes.listed.sort_by(|left, right| name_of(left).cmp(&name_of(right)));
        set("volumes", std::mem::take(&mut volumes.listed));

        self.placement(&mut pod);
        self.identity(&mut pod);
        if self.plan.kind().runs_jobs() && !pod.contains("restartPolicy") {
            pod.put("restartPolicy", Node::string("Never", origin));
        }
        pod.sort_by_key(|entry| union.pod.position(&entry.key.text));
        (Node::map(pod, origin), ports)
    }

    /// Sets what decides on the nodes of the pods.
    fn placement(&mut self, pod: &mut Map) {
        let native = |pod: &Map, flat: Option<&Node>, key: &str| flat.cloned().or_else(|| pod.get(key).cloned());
        if let Some(tolerations) = native(pod, self.field("tolerations"), "tolerations") {
            let spelled = self.tolerations(&tolerations);
            pod.set(Key::new("tolerations", tolerations.origin()), spelled);
        }
        let affinity = native(pod, self.field("affinity"), "affinity");
        if let Some(affinity) = self.affinity(affinity.as_ref()) {
            pod.set(Key::new("affinity", affinity.origin()), affinity);
        }
        let constraints = native(pod, self.field("topologySpreadConstraints"), "topologySpreadConstraints");
        if let Some(constraints) = self.spread(constraints.as_ref()) {
            pod.set(Key::new("topologySpreadConstraints", constraints.origin()), constraints);
        }
    }

    /// Sets the account that the pods run under, and the names of the secrets that they pull images with.
    fn identity(&mut self, pod: &mut Map) {
        if let Some(name) = self.service_account_name() {
            pod.set(Key::new("serviceAccountName", name.origin()), name);
        }
        if let Some(secrets) = pod.get("imagePullSecrets").cloned() {
            let list = self.secret_list(&secrets);
            pod.set(Key::new("imagePullSecrets", secrets.origin()), list);
        }
    }

    fn containers(&mut self, pod: &Map, parts: &Parts, volumes: &mut Volumes) -> Vec<Node> {
        let origin = self.origin();
        let facts = self.context.facts;
        let own_name = budgeted(&slug(&self.instance.workload), 63);
        let mounts = self.field("mounts");
        let mut all = self.layered_containers("containers", pod);
        let main = all.iter().position(|(name, ..)| name.as_str() == Some(&own_name));
        let flat = !parts.container.is_empty() || mounts.is_some();
        if flat || all.is_empty() {
            let over = Node::map(parts.container.clone(), origin);
            // Flat fields mean the container named after the workload, or the only one of a native body.
            let native_main = main.or_else(|| (pod.contains("containers") && all.len() == 1).then_some(0));
            let (name, fields, at) = match native_main {
                Some(at) => {
                    let (name, fields, origin) = all.remove(at);
                    let merged =
                        merge(facts, &Node::map(fields, origin), &over, Place::Type(self.plan.union.container));
                    (name, merged.as_map().cloned().unwrap_or_default(), origin)
                }
                None => (Node::string(own_name, origin), parts.container.clone(), origin),
            };
            if !fields.contains("image") {
                self.missing_image(&self.instance.workload.clone(), origin);
            }
            all.insert(0, (name, fields, at));
        }
        let mut lowered = Vec::with_capacity(all.len());
        for (number, (name, fields, at)) in all.into_iter().enumerate() {
            let mounts = if flat && number == 0 { mounts } else { None };
            volumes.container = name.text().filter(|_| number > 0).cloned();
            lowered.push(self.container(&name, &fields, mounts, volumes, at));
        }
        lowered
    }

    /// Returns the containers of a native body with the flat ones of the same names merged over them, and the others.
    fn layered_containers(&mut self, key: &str, pod: &Map) -> Vec<(Node, Map, Origin)> {
        let facts = self.context.facts;
        let mut all = self.named_containers(key, pod.get(key));
        for (name, fields, at) in self.named_containers(key, self.field(key)) {
            match all.iter().position(|(known, ..)| known.as_str() == name.as_str()) {
                Some(known) => {
                    let place = Place::Type(self.plan.union.container);
                    let merged = merge(facts, &Node::map(all[known].1.clone(), at), &Node::map(fields, at), place);
                    all[known].1 = merged.as_map().cloned().unwrap_or_default();
                }
                None => all.push((name, fields, at)),
            }
        }
        all
    }

    fn init_containers(&mut self, pod: &Map, volumes: &mut Volumes) -> Vec<Node> {
        let all = self.layered_containers("initContainers", pod);
        let lower = |(name, fields, at): (Node, Map, _)| {
            volumes.container = name.text().cloned();
            self.container(&name, &fields, None, volumes, at)
        };
        all.into_iter().map(lower).collect()
    }

    fn missing_image(&mut self, workload: &str, origin: Origin) {
        self.diagnostics.push(
            Diagnostic::new(Code::MissingField, origin, format!("the workload `{workload}` needs an `image`"))
                .help("write `image: NAME:TAG`, or give its `containers`"),
        );
    }

    /// Returns the name of the account that the pods run under.
    fn service_account_name(&self) -> Option<Node> {
        let written = self.field("serviceAccount")?;
        match written.value() {
            Value::Map(map) => {
                let own = map.get("name").and_then(Node::text);
                Some(Node::string(own.unwrap_or(&self.instance.name).clone(), written.origin()))
            }
            _ => Some(written.clone()),
        }
    }

    /// Returns the ServiceAccount of this instance, where it has one of its own.
    fn service_account(&mut self) -> Option<Manifest> {
        let written = self.field("serviceAccount")?;
        let own = written.as_map()?;
        let name = self.service_account_name()?.text()?.clone();
        let metadata = self.companion_metadata(&name, Some(own));
        let beside = ["name", "labels", "annotations"];
        let body = own
            .iter()
            .filter(|entry| !beside.contains(&entry.key.text.as_str()))
            .map(|entry| match entry.key.text.as_str() {
                key @ ("imagePullSecrets" | "secrets") => (key, self.secret_list(&entry.value)),
                key => (key, entry.value.clone()),
            })
            .collect();
        Some(self.object("v1", "ServiceAccount", &name, metadata, body, written.origin()))
    }
}
