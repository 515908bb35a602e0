//! One instance as the object of its kind, and the objects that accompany it.
//!
//! What native bodies hold was lifted out of them when the layers merged: what is left can be written nowhere else.

use smol_str::format_smolstr;

use super::Lowering;
use super::container::name_of;
use super::draft::{Draft, as_name, items};
use super::flat::Parts;
use super::metadata::{overlay, sorted};
use super::mounts::Volumes;
use super::ports::{self, Port};
use crate::diagnostic::{Code, Diagnostic};
use crate::expand::main_container;
use crate::kubernetes::Manifest;
use crate::spec::{Section, WorkloadKind};
use crate::text::{Key, Map, Node, Origin, Value};

/// The label by which Kueue finds the queue of a workload.
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

/// Lowers an instance; the object of its kind comes last.
pub(super) fn lower(lowering: &mut Lowering<'_>) -> Vec<Manifest> {
    lowering.check_selectors();
    let parts = lowering.parts();
    let mut volumes = Volumes::default();
    let (pod, ports) = lowering.pod(&parts, &mut volumes);
    let mut objects = Vec::new();
    objects.extend(lowering.service_account());
    objects.append(&mut volumes.claims);
    if lowering.wants("Service") {
        objects.extend(lowering.services(&ports));
    }
    objects.extend(lowering.autoscaler());
    objects.extend(lowering.disruption_budget());
    objects.extend(lowering.ingress(&ports));
    objects.extend(lowering.network_policy());
    if lowering.wants(lowering.kind().as_str()) {
        objects.push(lowering.main_object(parts, pod, volumes.claim_templates));
    }
    objects
}

impl Lowering<'_> {
    fn main_object(&mut self, parts: Parts, pod: Node, claim_templates: Vec<Node>) -> Manifest {
        let kind = self.kind();
        let origin = self.origin();
        // The pods' own metadata is the object's, where the object is the pod.
        let is_pod = kind == WorkloadKind::Pod;
        let mut labels = self.labels(is_pod);
        let mut annotations = self.annotations(is_pod);
        for (key, all) in [("objectLabels", &mut labels), ("objectAnnotations", &mut annotations)] {
            let Some(written) = self.field(key) else { continue };
            if self.expect_map(written, key, "write the names with their values: `{KEY: value}`").is_some() {
                if is_pod && key == "objectLabels" {
                    self.check_pinned(written);
                }
                overlay(all, written);
            }
        }
        if let Some(queue) = self.field("queue").filter(|_| kind != WorkloadKind::CronJob) {
            labels.set(Key::new(QUEUE_LABEL, queue.origin()), queue.clone());
        }
        let name = &self.instance.name;
        let metadata = self.metadata(name, &labels, &annotations);
        let spec = if is_pod {
            pod
        } else {
            let template = self.pod_template(pod);
            match kind {
                WorkloadKind::CronJob => self.cron_job_spec(parts, template),
                _ => self.spec(parts.spec, template, claim_templates),
            }
        };
        self.object(kind.api_version(), kind.as_str(), name, metadata, vec![("spec", spec)], origin)
    }

    fn spec(&mut self, written: Map, template: Node, claim_templates: Vec<Node>) -> Node {
        let origin = self.origin();
        let kind = self.kind();
        let mut spec = written;
        if self.field("autoscale").is_some()
            && let Some(replicas) = spec.remove("replicas")
        {
            // Each apply would set the number back that the autoscaler has chosen.
            let message = "`autoscale` decides the number of pods: `replicas` is left out";
            let finding = Diagnostic::new(Code::WithoutEffect, replicas.key.origin, message);
            self.diagnostics.push(finding.help("remove `replicas`, or write its number as `min` of `autoscale`"));
        }
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
            let name = match spec.get("serviceName").cloned() {
                Some(written) => Some(self.service_of(&written)),
                None => self.service_name(),
            };
            if let Some(name) = name {
                spec.set(Key::new("serviceName", name.origin()), name);
            }
            let native = self.field("volumeClaimTemplates").map(items).unwrap_or_default();
            let all: Vec<Node> = native.into_iter().chain(claim_templates).collect();
            let namespace = self.namespace().and_then(Node::text).cloned().unwrap_or_default();
            for template in all.iter().filter_map(|claim| claim.at(&["metadata", "name"])?.text()) {
                let prefix = format_smolstr!("{template}-{}-", self.name());
                self.context.declared.note_claims(namespace.clone(), prefix);
            }
            if let Some(first) = all.first() {
                spec.set(Key::new("volumeClaimTemplates", first.origin()), Node::seq(all.clone(), first.origin()));
            }
        }
        spec.set(Key::new("template", origin), template);
        spec.sort_by_key(|entry| self.union.spec.position(&entry.key.text));
        Node::map(spec, origin)
    }

    fn cron_job_spec(&mut self, parts: Parts, template: Node) -> Node {
        let origin = self.origin();
        let native = self.field("jobTemplate");
        let job_type = self.union.job.unwrap_or(self.union.spec);
        // What no flat field means: the others were lifted out of the native body.
        let mut job = native.and_then(|native| native.get("spec")).and_then(Node::as_map).cloned().unwrap_or_default();
        parts.job.iter().for_each(|entry| job.set(entry.key.clone(), entry.value.clone()));
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
        let rest = native.and_then(Node::as_map).into_iter().flatten().cloned();
        let job_template = Draft::new(origin)
            .all(rest)
            .node("metadata", Node::map(metadata, origin))
            .node("spec", Node::map(job, origin))
            .done();
        let mut spec = parts.spec;
        spec.set(Key::new("jobTemplate", origin), job_template);
        spec.sort_by_key(|entry| self.union.spec.position(&entry.key.text));
        Node::map(spec, origin)
    }

    fn pod_template(&mut self, pod: Node) -> Node {
        let origin = self.origin();
        // What no flat field means: the others were lifted out of the native body.
        let native = self.field("template").and_then(Node::as_map).cloned().unwrap_or_default();
        let mut metadata = native.get("metadata").and_then(Node::as_map).cloned().unwrap_or_default();
        for (key, all) in [("labels", self.labels(true)), ("annotations", self.annotations(true))] {
            match sorted(&all, origin) {
                Some(all) => metadata.put(key, all),
                None => drop(metadata.remove(key)),
            }
        }
        Draft::new(origin).all(native).node("metadata", Node::map(metadata, origin)).node("spec", pod).done()
    }

    /// Returns the spec of the pods, and the ports that they open.
    fn pod(&mut self, parts: &Parts, volumes: &mut Volumes) -> (Node, Vec<Port>) {
        let origin = self.origin();
        let union = self.union;
        let mut pod = parts.pod.clone();
        if let Some(written) = self.field("volumes") {
            self.native_volumes(written, volumes);
        }
        let containers = self.containers(volumes);
        let ports: Vec<Port> = containers.iter().flat_map(ports::of_container).collect();
        let init = self.init_containers(volumes);

        self.check_mounted(containers.iter().chain(&init), volumes);

        let mut set = |key: &str, list: Vec<Node>| {
            if let Some(first) = list.first().map(Node::origin) {
                pod.set(Key::new(key, first), Node::seq(list, first));
            }
        };
        set("containers", containers);
        set("initContainers", init);
        volumes.listed.sort_by(|left, right| name_of(left).cmp(&name_of(right)));
        set("volumes", std::mem::take(&mut volumes.listed));

        self.placement(&mut pod);
        self.identity(&mut pod);
        if self.kind().runs_jobs() && !pod.contains("restartPolicy") {
            pod.put("restartPolicy", Node::string("Never", origin));
        }
        pod.sort_by_key(|entry| union.pod.position(&entry.key.text));
        (Node::map(pod, origin), ports)
    }

    /// Sets what decides on the nodes of the pods.
    fn placement(&mut self, pod: &mut Map) {
        if let Some(tolerations) = self.field("tolerations") {
            let spelled = self.tolerations(tolerations);
            pod.set(Key::new("tolerations", tolerations.origin()), spelled);
        }
        if let Some(affinity) = self.affinity(self.field("affinity")) {
            pod.set(Key::new("affinity", affinity.origin()), affinity);
        }
        if let Some(constraints) = self.spread(self.field("topologySpreadConstraints")) {
            pod.set(Key::new("topologySpreadConstraints", constraints.origin()), constraints);
        }
    }

    /// Sets the account that the pods run under, and the names of the secrets that they pull images with.
    fn identity(&mut self, pod: &mut Map) {
        let is_own = self.field("serviceAccount").is_some_and(|written| written.as_map().is_some());
        if let Some(name) = self.service_account_name() {
            pod.set(Key::new("serviceAccountName", name.origin()), name);
        }
        if let Some(name) = pod.get("serviceAccountName").filter(|_| !is_own).cloned() {
            let target = self.used(Section::ServiceAccounts, &name);
            pod.set(Key::new("serviceAccountName", name.origin()), target);
        }
        if let Some(secrets) = pod.get("imagePullSecrets").cloned() {
            let list = self.secret_list(&secrets);
            pod.set(Key::new("imagePullSecrets", secrets.origin()), list);
        }
    }

    fn containers(&mut self, volumes: &mut Volumes) -> Vec<Node> {
        let own_name = main_container(&self.instance.entry);
        let mut all = self.named_containers("containers");
        let is_main = |(name, ..): &(Node, Map, Origin)| name.as_str() == Some(&own_name);
        let is_by_name = self.field("containers").is_some_and(|node| node.as_map().is_some());
        if is_by_name {
            // Containers run side by side: the main one stands first, the others by their names.
            all.sort_by(|left, right| (!is_main(left), left.0.as_str()).cmp(&(!is_main(right), right.0.as_str())));
        }
        let main = all.iter().position(is_main).unwrap_or_default();
        let lower = |(number, (name, fields, at)): (usize, (Node, Map, Origin))| {
            self.check_image(&name, &fields, is_main(&(name.clone(), Map::new(), at)), at);
            volumes.container = name.text().filter(|_| number != main).cloned();
            self.container(&name, &fields, volumes, at)
        };
        all.into_iter().enumerate().map(lower).collect()
    }

    fn init_containers(&mut self, volumes: &mut Volumes) -> Vec<Node> {
        let all = self.named_containers("initContainers");
        let lower = |(name, fields, at): (Node, Map, Origin)| {
            self.check_image(&name, &fields, false, at);
            volumes.container = name.text().cloned();
            self.container(&name, &fields, volumes, at)
        };
        all.into_iter().map(lower).collect()
    }

    /// Reports a container without an image: the server refuses it.
    fn check_image(&mut self, name: &Node, fields: &Map, is_main: bool, at: Origin) {
        if fields.get("image").is_some_and(|image| !image.is_null()) {
            return;
        }
        let finding = if is_main {
            let message = format!("the workload `{}` needs an `image`", self.instance.entry);
            Diagnostic::new(Code::MissingField, self.origin(), message)
                .help("write `image: NAME:TAG`, or give its `containers`")
        } else {
            let message = format!("the container `{}` needs an `image`", name.as_str().unwrap_or_default());
            Diagnostic::new(Code::MissingField, at, message).help("write `image: NAME:TAG` in it, or in `defaults`")
        };
        self.diagnostics.push(finding);
    }

    /// Returns the name of the account that the pods run under.
    fn service_account_name(&self) -> Option<Node> {
        let written = self.field("serviceAccount")?;
        match written.value() {
            Value::Map(map) => {
                let own = map.get("name").filter(|name| name.is_text());
                Some(own.unwrap_or(&self.instance.name).made(as_name).moved(written.origin()))
            }
            _ => Some(written.clone()),
        }
    }

    /// Returns the ServiceAccount of this instance, where it has one of its own.
    fn service_account(&mut self) -> Option<Manifest> {
        let written = self.field("serviceAccount")?;
        let own = written.as_map()?;
        let name = &self.service_account_name()?.moved(self.origin());
        let metadata = self.companion_metadata(name, Some(own));
        let beside = ["name", "labels", "annotations"];
        let body = own
            .iter()
            .filter(|entry| !beside.contains(&entry.key.text.as_str()))
            .map(|entry| match entry.key.text.as_str() {
                key @ ("imagePullSecrets" | "secrets") => (key, self.secret_list(&entry.value)),
                key => (key, entry.value.clone()),
            })
            .collect();
        Some(self.object("v1", "ServiceAccount", name, metadata, body, written.origin()))
    }
}
