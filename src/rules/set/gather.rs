//! Objects that are made together in; out what a set has to know of them.
//!
//! What they ask of one another and find is settled here, and not kept: an instance with its own Service, claim and account
//! leaves little behind.

use std::fmt::Display;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use super::super::at::{get, items, text};
use super::super::pod::containers;
use super::claims::ON_EACH_NODE;
use super::ports::{self, Offered, named_ports, port_name};
use super::{Hashed, Id, alone, budgets, doomed, hashed, overlaps};
use crate::diagnostic::{Diagnostic, Subject};
use crate::kubernetes::pods::{pods_at_once, template};
use crate::kubernetes::references::{self, FieldOf, Mention, Named, Need};
use crate::kubernetes::{Manifest, ObjectKey, ScaleTarget, is_scalable, pod_template, scale_target};
use crate::text::{Entry, Node, Origin};

/// Which object something is about.
#[derive(Debug)]
pub(super) struct About {
    pub(super) key: ObjectKey,
    /// The namespace that it is in, so far as that is known.
    pub(super) namespace: SmolStr,
    /// Whether it was made of a spec.
    pub(super) made: bool,
    /// Where its name and its namespace come from.
    named: [Origin; 2],
}

impl About {
    fn of(object: &Manifest, made: bool, moved: bool) -> Self {
        let place = |key, absent| object.node.at(&["metadata", key]).map_or(absent, Node::origin);
        let named = [place("name", object.origin), place("namespace", Origin::NOWHERE)];
        let key = object.key.clone();
        let namespace = if moved { SmolStr::default() } else { key.namespace.clone() };
        Self { key, namespace, made, named }
    }

    /// Says in a finding which object and field it is about.
    pub(super) fn subject(&self, finding: Diagnostic, field: impl Display) -> Diagnostic {
        let (object, field) = (self.key.to_string(), field.to_string());
        let subject = Subject { object, field, written: !self.made, named: self.named };
        Diagnostic { subject: Some(subject), ..finding }
    }

    pub(super) fn id(&self, group: &str, kind: &str, name: &str) -> Id {
        id_of(group, kind, &self.namespace, name)
    }
}

/// Returns the number of an object; workloads are known without their group, which those who name them may leave out.
pub(super) fn id_of(group: &str, kind: &str, namespace: &str, name: &str) -> Id {
    Id::of(if group == "apps" { "" } else { group }, kind, namespace, name)
}

/// Labels, or what is asked of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    node: Option<Node>,
    /// A number for each of them in its namespace.
    pub(super) hashes: Vec<Hashed>,
}

impl Labels {
    fn read(namespace: &str, node: Option<&Node>) -> Self {
        let entries = node.and_then(Node::as_map).into_iter().flatten();
        let hash =
            |entry: &Entry| hashed(&(namespace, entry.key.text.as_str(), entry.value.as_str().unwrap_or_default()));
        Self { node: node.cloned(), hashes: entries.map(hash).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Returns all of them as they are written.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.node.as_ref().and_then(Node::as_map).into_iter().flatten()
    }

    /// Whether one of them has a value.
    pub(super) fn has(&self, label: &Entry) -> bool {
        let own = self.node.as_ref().and_then(|node| node.get(&label.key.text));
        own.is_some_and(|own| own.as_str() == label.value.as_str())
    }

    /// Whether labels are among others.
    pub(super) fn select(&self, labels: &[Hashed]) -> bool {
        self.hashes.iter().all(|label| labels.contains(label))
    }
}

/// The pods that an object makes.
#[derive(Debug)]
pub(super) struct Pods {
    pub(super) about: Arc<About>,
    pub(super) labels: Labels,
    /// The labels by which their owner selects them, where it is made of a spec and may select others, too.
    pub(super) selector: Option<Labels>,
    pub(super) ports: Vec<SmolStr>,
    /// How many there are at one time, where that is written.
    pub(super) count: Option<u32>,
    /// Where they are written.
    pub(super) at: Origin,
}

/// What an object is to others.
#[derive(Debug)]
pub(super) enum Offer {
    There,
    Pods(Pods),
    Service(Offered, Labels),
    Keys(Vec<SmolStr>),
    Once,
}

/// A selector, and the labels that it asks for.
#[derive(Debug)]
pub(super) struct Selects {
    pub(super) about: Arc<About>,
    pub(super) field: &'static str,
    pub(super) wanted: Labels,
}

/// A port that a Service leads to by its name.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) about: Arc<About>,
    pub(super) wanted: Labels,
    pub(super) name: SmolStr,
    pub(super) at: Origin,
    pub(super) number: usize,
}

/// A Service that an Ingress leads to.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) about: Arc<About>,
    pub(super) service: SmolStr,
    pub(super) field: String,
    /// Whether the port is told by its name.
    pub(super) by_name: bool,
    pub(super) port: SmolStr,
    pub(super) at: Origin,
}

/// The Service that governs the pods of a `StatefulSet`.
#[derive(Debug)]
pub(super) struct Governed {
    pub(super) about: Arc<About>,
    pub(super) service: SmolStr,
    pub(super) at: Origin,
    pub(super) labels: Labels,
}

/// The fewest pods that a budget keeps.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) about: Arc<About>,
    pub(super) wanted: Labels,
    pub(super) least: budgets::Least,
    pub(super) field: &'static str,
    pub(super) at: Origin,
}

/// What an autoscaler scales.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    pub(super) about: Arc<About>,
    pub(super) kind: SmolStr,
    pub(super) name: SmolStr,
    pub(super) at: Origin,
}

/// An object that is named.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) about: Arc<About>,
    pub(super) id: Id,
    pub(super) group: SmolStr,
    pub(super) kind: SmolStr,
    pub(super) namespace: SmolStr,
    pub(super) name: SmolStr,
    pub(super) at: Origin,
    pub(super) field: FieldOf,
    pub(super) need: Need,
    pub(super) keys: Vec<(SmolStr, Origin)>,
    /// How many pods use it at one time.
    pub(super) pods: u32,
    pub(super) count: usize,
}

/// What a set has to know of objects that are made together.
#[derive(Debug, Default)]
pub struct Gathered {
    pub(super) offers: Vec<(Arc<About>, Option<Id>, Offer)>,
    /// Secrets that operators make for objects.
    pub(super) promised: Vec<Id>,
    /// Namespaces, and what the names of the claims of StatefulSets begin with.
    pub(super) claimed: Vec<(SmolStr, SmolStr)>,
    pub(super) selects: Vec<Selects>,
    pub(super) targets: Vec<Target>,
    pub(super) backends: Vec<Backend>,
    pub(super) governed: Vec<Governed>,
    pub(super) budgets: Vec<Budget>,
    /// Autoscalers: what each scales, and which it is.
    pub(super) scalers: Vec<(Id, Id, Scaled)>,
    pub(super) asked: Vec<Asked>,
    pub(super) node_ports: Vec<(SmolStr, Arc<About>, Origin, usize)>,
    pub(super) has_others: bool,
    pub(super) found: Vec<Diagnostic>,
}

impl Gathered {
    /// Looks at objects: `made` of a spec or written as they are, and `moved` where another program gives them their
    /// namespace.
    pub fn of<'m>(objects: impl IntoIterator<Item = &'m Manifest>, made: bool, moved: bool) -> Self {
        let objects: Vec<&Manifest> = objects.into_iter().collect();
        let mut gathered = Self::among(&objects, made, moved);
        objects.iter().for_each(|object| judge_alone(object, &About::of(object, made, moved), &mut gathered.found));
        gathered
    }

    /// Returns what is wrong with an object of a spec by itself, as [`Gathered::of`] finds it too.
    pub fn alone(object: &Manifest) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        judge_alone(object, &About::of(object, true, false), &mut found);
        found
    }

    /// Looks at what objects are to one another, as [`Gathered::of`] does.
    pub fn among(objects: &[&Manifest], made: bool, moved: bool) -> Self {
        let about = |object| (Arc::new(About::of(object, made, moved)), object);
        let objects: Vec<(Arc<About>, &Manifest)> = objects.iter().copied().map(about).collect();
        let mut gathered = Self::default();
        // What is scaled has no number of its own.
        for (about, object) in &objects {
            gathered.scaler(about, object);
        }
        for (about, object) in &objects {
            gathered.offer(about, object);
        }
        for (about, object) in &objects {
            gathered.ask(about, object, moved);
        }
        gathered
    }

    /// Whether all that the objects ask for is among them: they only have what others may ask for.
    pub fn is_quiet(&self) -> bool {
        let is_owner = |offer: &Offer| matches!(offer, Offer::Pods(Pods { selector: Some(_), .. }));
        self.found.is_empty()
            && self.selects.is_empty()
            && self.targets.is_empty()
            && self.backends.is_empty()
            && self.governed.is_empty()
            && self.budgets.is_empty()
            && self.scalers.is_empty()
            && self.asked.is_empty()
            && self.node_ports.is_empty()
            && !self.offers.iter().any(|(_, _, offer)| is_owner(offer))
    }

    fn offer(&mut self, about: &Arc<About>, object: &Manifest) {
        let (ObjectKey { group, kind, name, .. }, namespace) = (&about.key, &about.namespace);
        // Kinds of Kubernetes have groups without a dot, or of its own.
        self.has_others |= group.contains('.') && !group.ends_with(".k8s.io");
        let id = || Some(about.id(group, kind, name));
        let keys = |fields: [&str; 2]| {
            let maps = fields.into_iter().filter_map(|field| get(&object.node, &[field])?.as_map());
            maps.flatten().map(|entry| entry.key.text.clone()).collect()
        };
        let (id, offer) = match (group.as_str(), kind.as_str()) {
            ("", "Service") => {
                let selector = Labels::read(namespace, get(&object.node, &["spec", "selector"]));
                (id(), Offer::Service(Offered::of(object), selector))
            }
            ("", "ConfigMap") => (id(), Offer::Keys(keys(["data", "binaryData"]))),
            ("", "Secret") => (id(), Offer::Keys(keys(["data", "stringData"]))),
            ("", "PersistentVolumeClaim") => (id(), if is_once(object) { Offer::Once } else { Offer::There }),
            ("", "ServiceAccount")
            | ("scheduling.k8s.io", "PriorityClass")
            | ("node.k8s.io", "RuntimeClass")
            | ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => (id(), Offer::There),
            _ => {
                if let Some(name) = references::secret_made_for(object) {
                    self.promised.push(about.id("", "Secret", name));
                }
                let Some(mut pods) = pods_of(about, object) else { return };
                let own = about.id(group, kind, name);
                pods.count = pods.count.filter(|_| !self.scalers.iter().any(|(target, ..)| *target == own));
                // Others name what can be scaled, and no other maker of pods.
                (if is_scalable(kind) { id() } else { None }, Offer::Pods(pods))
            }
        };
        self.offers.push((Arc::clone(about), id, offer));
    }

    fn ask(&mut self, about: &Arc<About>, object: &Manifest, moved: bool) {
        let (ObjectKey { group, kind, .. }, namespace) = (&about.key, &about.namespace);
        let labels = |path: &[&str]| Labels::read(namespace, get(&object.node, path));
        match (group.as_str(), kind.as_str()) {
            ("", "Service") => self.service(about, object),
            ("apps", "StatefulSet") => self.stateful_set(about, object),
            ("networking.k8s.io", "Ingress") => self.ingress(about, object),
            ("networking.k8s.io", "NetworkPolicy") => {
                self.selects(about, labels(&["spec", "podSelector", "matchLabels"]), "spec.podSelector.matchLabels");
            }
            ("policy", "PodDisruptionBudget") => {
                let wanted = labels(&["spec", "selector", "matchLabels"]);
                self.budget(about, object, &wanted);
                self.selects(about, wanted, "spec.selector.matchLabels");
            }
            _ => {}
        }
        let is_issued = kind == "Ingress" && references::is_issued(object);
        let shadowed: Vec<Origin> = alone::shadowed(object)
            .filter_map(|(_, volume, _)| Some(get(volume, &["persistentVolumeClaim", "claimName"])?.origin()))
            .collect();
        let pods = match kind.as_str() {
            "DaemonSet" => ON_EACH_NODE,
            _ => pods_at_once(object).map_or(1, |pods| u32::try_from(pods).unwrap_or(u32::MAX)),
        };
        references::mentions(object, &mut |mention| {
            let is_unused = is_issued && mention.target.kind == "Secret" || shadowed.contains(&mention.name.origin());
            if !is_unused {
                self.mention(about, mention, pods, moved);
            }
        });
    }

    fn mention(&mut self, about: &Arc<About>, mention: Mention<'_>, pods: u32, moved: bool) {
        let Named { group, kind, namespaced, .. } = mention.target;
        if mention.need == references::Need::None {
            return;
        }
        // Classes of storage and of controllers come with the cluster; a Service that governs pods is looked at apart.
        let is_asked = match kind {
            "StorageClass" | "IngressClass" => false,
            "Service" => about.key.kind != "StatefulSet",
            "Role" | "ClusterRole" => group == "rbac.authorization.k8s.io",
            "ServiceAccount" => group.is_empty(),
            "Secret" | "ConfigMap" | "PersistentVolumeClaim" | "PriorityClass" | "RuntimeClass" => true,
            // Users and groups are no objects.
            _ => false,
        };
        let Some(name) = mention.name.text().filter(|_| is_asked && !mention.is_optional()) else { return };
        if references::is_built_in(kind, name) {
            return;
        }
        let namespace = match mention.namespace() {
            _ if !namespaced || moved => SmolStr::default(),
            Some(namespace) => namespace.into(),
            None => about.namespace.clone(),
        };
        let id = id_of(group, kind, &namespace, name);
        let offer = self.offer_of(id);
        let shares = kind == "PersistentVolumeClaim" && pods > 1;
        let keys: Vec<(SmolStr, Origin)> =
            mention.keys().filter_map(|key| Some((key.text()?.clone(), key.origin()))).collect();
        if offer.is_some() && keys.is_empty() && !shares {
            return;
        }
        self.asked.push(Asked {
            about: Arc::clone(about),
            id,
            group: group.into(),
            kind: kind.into(),
            namespace,
            name: name.clone(),
            at: mention.name.origin(),
            field: mention.field,
            need: mention.need,
            keys,
            pods,
            count: 1,
        });
    }

    fn offer_of(&self, id: Id) -> Option<&Offer> {
        self.offers.iter().find(|(_, known, _)| *known == Some(id)).map(|(_, _, offer)| offer)
    }

    /// Returns the pods that labels select.
    fn selected<'s>(&'s self, wanted: &'s Labels) -> impl Iterator<Item = &'s Pods> {
        let pods = self.offers.iter().filter_map(|(_, _, offer)| match offer {
            Offer::Pods(pods) => Some(pods),
            _ => None,
        });
        pods.filter(|pods| wanted.select(&pods.labels.hashes))
    }

    fn selects(&mut self, about: &Arc<About>, wanted: Labels, field: &'static str) {
        if !wanted.is_empty() && self.selected(&wanted).next().is_none() {
            self.selects.push(Selects { about: Arc::clone(about), field, wanted });
        }
    }

    fn service(&mut self, about: &Arc<About>, object: &Manifest) {
        for (number, port) in items(&object.node, &["spec", "ports"]) {
            let node_port = get(port, &["nodePort"]).filter(|node| node.as_str() != Some("0"));
            let node_port = node_port.and_then(|node| Some((node.text()?.clone(), node.origin())));
            self.node_ports.extend(node_port.map(|(port, at)| (port, Arc::clone(about), at, number)));
        }
        let own = self.offer_of(about.id("", "Service", &about.key.name));
        let Some(Offer::Service(_, wanted)) = own else { return };
        let wanted = wanted.clone();
        if wanted.is_empty() || text(&object.node, &["spec", "type"]) == Some("ExternalName") {
            return;
        }
        for (number, port) in items(&object.node, &["spec", "ports"]) {
            let Some(target) = get(port, &["targetPort"]) else { continue };
            let Some(name) = port_name(target) else { continue };
            if !self.selected(&wanted).any(|pods| pods.ports.iter().any(|port| port == name)) {
                let (about, name, at) = (Arc::clone(about), name.into(), target.origin());
                self.targets.push(Target { about, wanted: wanted.clone(), name, at, number });
            }
        }
        self.selects(about, wanted, "spec.selector");
    }

    fn stateful_set(&mut self, about: &Arc<About>, object: &Manifest) {
        for (_, claim) in items(&object.node, &["spec", "volumeClaimTemplates"]) {
            let prefix = text(claim, &["metadata", "name"]).map(|name| format_smolstr!("{name}-{}-", about.key.name));
            self.claimed.extend(prefix.map(|prefix| (about.namespace.clone(), prefix)));
        }
        let Some(name) = get(&object.node, &["spec", "serviceName"]) else { return };
        let Some(service) = name.text().filter(|name| !name.is_empty()) else { return };
        let is_fine = |offer: &Offer| matches!(offer, Offer::Service(offered, _) if offered.is_headless);
        if !self.offer_of(about.id("", "Service", service)).is_some_and(is_fine) {
            let labels = pod_template(object).and_then(|pods| get(pods, &["metadata", "labels"]));
            let labels = Labels::read(&about.namespace, labels);
            let (about, service, at) = (Arc::clone(about), service.clone(), name.origin());
            self.governed.push(Governed { about, service, at, labels });
        }
    }

    fn ingress(&mut self, about: &Arc<About>, object: &Manifest) {
        for backend in ports::backends(about, object) {
            let own = self.offer_of(about.id("", "Service", &backend.service));
            if let Some(Offer::Service(offered, _)) = own {
                self.found.extend(offered.judge(&backend));
            } else {
                self.backends.push(backend);
            }
        }
    }

    fn scaler(&mut self, about: &Arc<About>, object: &Manifest) {
        let Some(ScaleTarget { group, kind, name }) = scale_target(object) else { return };
        let (Some(text), at, about) = (name.text().cloned(), name.origin(), Arc::clone(about)) else { return };
        let own = about.id(&about.key.group, &about.key.kind, &about.key.name);
        self.scalers.push((about.id(&group, &kind, &text), own, Scaled { about, kind, name: text, at }));
    }

    fn budget(&mut self, about: &Arc<About>, object: &Manifest, wanted: &Labels) {
        let Some((least, field, at)) = budgets::read(object) else { return };
        // More pods may come to those that are known, which keep fewer of them; where one is not known all is open.
        let own = self.selected(wanted).map(|pods| pods.count.map(u64::from)).sum::<Option<u64>>();
        let is_open = own.is_some_and(|own| least.keeps(own).is_some_and(|kept| kept >= own));
        if is_open || least.keeps(1).is_none() {
            self.budgets.push(Budget { about: Arc::clone(about), wanted: wanted.clone(), least, field, at });
        }
    }
}

fn judge_alone(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    if template(object).is_some() {
        alone::judge(object, about, found);
    }
    doomed::judge(object, about, found);
}

/// Whether a claim is for one node at a time.
fn is_once(claim: &Manifest) -> bool {
    let mut modes = items(&claim.node, &["spec", "accessModes"]).map(|(_, mode)| mode.as_str()).peekable();
    modes.peek().is_some() && modes.all(|mode| matches!(mode, Some("ReadWriteOnce" | "ReadWriteOncePod")))
}

fn pods_of(about: &Arc<About>, object: &Manifest) -> Option<Pods> {
    let pods = pod_template(object)?;
    let ports = pods.get("spec").into_iter().flat_map(containers);
    let mut ports: Vec<SmolStr> = ports.flat_map(|(_, container)| named_ports(container)).map(SmolStr::new).collect();
    ports.sort_unstable();
    // Where no number is written in a manifest, an autoscaler of another file may choose it.
    let is_written = about.made || get(&object.node, &["spec", "replicas"]).is_some();
    let count = pods_at_once(object).filter(|_| is_scalable(&about.key.kind) && is_written);
    Some(Pods {
        about: Arc::clone(about),
        labels: Labels::read(&about.namespace, get(pods, &["metadata", "labels"])),
        selector: overlaps::selector(about, object).map(|labels| Labels::read(&about.namespace, Some(labels))),
        ports,
        count: count.and_then(|count| u32::try_from(count).ok()),
        at: pods.origin(),
    })
}
