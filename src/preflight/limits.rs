//! Limit ranges: what they put where a container says nothing, and what they refuse.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::batch::{Asked, Batch, Object};
use super::cluster::Cluster;
use super::finding::{Findings, Found};
use crate::diagnostic::{Code, Severity};
use crate::kubernetes::pods::of_container;
use crate::kubernetes::{Amounts, Defaults, Quantity, Tree, pod_spec_field};
use crate::text::{Node, Origin};

/// What the containers, the pods or the claims of a namespace may ask for.
#[derive(Debug)]
pub(super) struct Range {
    /// The name of the LimitRange, as findings have it.
    name: String,
    kind: SmolStr,
    least: Amounts,
    most: Amounts,
    ratio: Amounts,
    requests: Amounts,
    limits: Amounts,
}

/// What is held against a range.
struct Held<'a> {
    requests: &'a Amounts,
    limits: &'a Amounts,
    /// Whether a limit is needed as well: claims have none.
    limited: bool,
}

impl Range {
    /// Returns the ranges of all namespaces: those of the cluster, and those that the batch brings or changes.
    pub(super) fn all(batch: &Batch<'_>, cluster: &Cluster) -> HashMap<SmolStr, Vec<Self>> {
        let mut all: HashMap<SmolStr, Vec<Self>> = HashMap::new();
        for (namespace, ranges) in &cluster.ranges {
            let kept = ranges.iter().filter(|range| !batch.brings("", "LimitRange", namespace, range.name()));
            let read = kept.flat_map(|range| Self::read(&range.0, namespace, range.name()));
            all.entry(namespace.clone()).or_default().extend(read);
        }
        for object in batch.of_kind("", "LimitRange") {
            let read = Self::read(&object.manifest.node, object.namespace, &object.manifest.key.name);
            all.entry(object.namespace.clone()).or_default().extend(read);
        }
        all
    }

    fn read(object: &impl Tree, namespace: &str, name: &str) -> Vec<Self> {
        let items = object.present_at(&["spec", "limits"]).map_or(&[][..], Tree::items);
        items
            .iter()
            .map(|item| {
                let amounts = |key: &str| Amounts::read(item.present(key));
                let mut range = Self {
                    name: format!("LimitRange {namespace}/{name}"),
                    kind: item.word("type").unwrap_or_default(),
                    least: amounts("min"),
                    most: amounts("max"),
                    ratio: amounts("maxLimitRequestRatio"),
                    requests: amounts("defaultRequest"),
                    limits: amounts("default"),
                };
                if range.kind == "Container" {
                    // The server fills these in when the LimitRange is made.
                    range.limits.complete(&range.most);
                    range.requests.complete(&range.limits);
                    range.requests.complete(&range.least);
                }
                range
            })
            .collect()
    }

    /// Returns what containers get that say nothing.
    pub(super) fn defaults(ranges: &[Self]) -> Defaults {
        let mut defaults = Defaults::default();
        for range in ranges.iter().filter(|range| range.kind == "Container") {
            defaults.requests.complete(&range.requests);
            defaults.limits.complete(&range.limits);
        }
        defaults
    }

    /// Returns what is wrong, by resource.
    fn refusals(&self, held: &Held<'_>) -> Vec<(SmolStr, String)> {
        let what = match self.kind.as_str() {
            "Pod" => "all containers of a pod together",
            "PersistentVolumeClaim" => "a claim",
            _ => "a container",
        };
        let Held { requests, limits, limited } = *held;
        let shown = |amount: Option<&Quantity>| amount.map_or_else(|| "none".to_owned(), |found| format!("`{found}`"));
        let mut all = Vec::new();
        let mut refuse = |name: &SmolStr, text: String| all.push((name.clone(), text));
        for (name, least) in self.least.iter() {
            for (word, found, needed) in [("request", requests.get(name), true), ("limit", limits.get(name), false)] {
                if found.map_or(needed, |found| found < least) {
                    let found = shown(found);
                    refuse(
                        name,
                        format!("expected a {word} of {what} for `{name}` of at least `{least}`, found {found}"),
                    );
                }
            }
        }
        for (name, most) in self.most.iter() {
            let sides = [("limit", limits.get(name), limited), ("request", requests.get(name), !limited)];
            // A request over the maximum comes with a limit over it, and is said once.
            if let Some((word, found, _)) =
                sides.into_iter().find(|(_, found, needed)| found.map_or(*needed, |found| found > most))
            {
                let found = shown(found);
                refuse(name, format!("expected a {word} of {what} for `{name}` of at most `{most}`, found {found}"));
            }
        }
        for (name, ratio) in self.ratio.iter() {
            let sides = requests.get(name).filter(|request| !request.is_zero()).zip(limits.get(name));
            let times = sides.map(|(request, limit)| limit.approximate() / request.approximate());
            // Both are floats here: what is equal on paper is let through.
            if times.is_none_or(|times| times > ratio.approximate() * (1.0 + 1e-9)) {
                let found = match sides {
                    Some((request, limit)) => format!("the limit `{limit}` for the request `{request}`"),
                    None => format!("{} for {}", shown(limits.get(name)), shown(requests.get(name))),
                };
                let text = format!("expected a limit of {what} for `{name}` of at most `{ratio}` times the request");
                refuse(name, format!("{text}, found {found}"));
            }
        }
        all
    }
}

/// Says which pods and claims would be refused.
pub(super) fn check(
    batch: &Batch<'_>,
    asked: &[Asked<'_>],
    ranges: &HashMap<SmolStr, Vec<Range>>,
    findings: &mut Findings,
) {
    for asked in asked {
        let Some(ranges) = ranges.get(asked.object.namespace) else { continue };
        let defaults = Range::defaults(ranges);
        for range in ranges {
            match range.kind.as_str() {
                "Container" => containers(asked, range, &defaults, findings),
                "Pod" => {
                    let (requests, limits) = (&asked.demand.requests, &asked.demand.limits);
                    for (resource, text) in range.refusals(&Held { requests, limits, limited: true }) {
                        say(asked.object, asked.place_of(&resource), range, text, findings);
                    }
                }
                _ => {}
            }
        }
    }
    for object in &batch.objects {
        let Some(ranges) = ranges.get(object.namespace) else { continue };
        for claim in claims(*object) {
            let requests = Amounts::read(claim.spec.at(&["resources", "requests"]));
            let none = Amounts::default();
            for range in ranges.iter().filter(|range| range.kind == "PersistentVolumeClaim") {
                for (resource, text) in range.refusals(&Held { requests: &requests, limits: &none, limited: false }) {
                    let node = claim.spec.at(&["resources", "requests", &resource]).unwrap_or(claim.spec);
                    let field = format!("{}.resources.requests.{resource}", claim.field);
                    say(*object, (node.origin(), field), range, text, findings);
                }
            }
        }
    }
}

fn containers(asked: &Asked<'_>, range: &Range, defaults: &Defaults, findings: &mut Findings) {
    for list in ["containers", "initContainers"] {
        for (at, container) in asked.spec.list(list).iter().enumerate() {
            let (requests, limits) = of_container(container, defaults);
            for (resource, text) in range.refusals(&Held { requests: &requests, limits: &limits, limited: true }) {
                let written = ["limits", "requests"].map(|part| ["resources", part, resource.as_str()]);
                let node = written.iter().find_map(|path| container.at(path)).or_else(|| container.get("resources"));
                let place = node.unwrap_or(container).origin();
                say(asked.object, (place, asked.field(&format!("{list}[{at}].resources"))), range, text, findings);
            }
        }
    }
}

fn say(object: Object<'_>, place: (Origin, String), range: &Range, text: String, findings: &mut Findings) {
    let direct = object.is_direct();
    let help = if direct {
        format!("`{}` refuses it", range.name)
    } else {
        format!("`{}` refuses what `{}` makes: it would try on for ever", range.name, object.manifest.key)
    };
    let severity = if direct { Severity::Error } else { Severity::Warning };
    findings.here(Found::new(Code::LimitRange, object, text).at(place).severity(severity).help(help));
}

/// A claim that an object is, or makes for each of its pods.
pub(super) struct Claim<'m> {
    pub(super) spec: &'m Node,
    pub(super) field: String,
    /// How many there are; none where each pod has one.
    pub(super) once: bool,
    /// What the names of a StatefulSet's claims start with.
    pub(super) prefix: Option<SmolStr>,
}

/// Returns the claims that an object is or makes.
pub(super) fn claims(object: Object<'_>) -> Vec<Claim<'_>> {
    let node = &object.manifest.node;
    if object.is("", "PersistentVolumeClaim") {
        let claim = |spec| Claim { spec, field: "spec".into(), once: true, prefix: None };
        return node.get("spec").map(claim).into_iter().collect();
    }
    let mut all = Vec::new();
    if object.is("apps", "StatefulSet") {
        let templates = node.at(&["spec", "volumeClaimTemplates"]).map_or(&[][..], Tree::items);
        for (at, template) in templates.iter().enumerate() {
            let name = template.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
            if let Some(spec) = template.get("spec") {
                let prefix = Some(smol_str::format_smolstr!("{name}-{}-", object.manifest.key.name));
                all.push(Claim { spec, field: format!("spec.volumeClaimTemplates[{at}].spec"), once: false, prefix });
            }
        }
    }
    let volumes = crate::kubernetes::pods::template(object.manifest).map_or(&[][..], |pod| pod.list("volumes"));
    for (at, volume) in volumes.iter().enumerate() {
        if let Some(spec) = volume.at(&["ephemeral", "volumeClaimTemplate", "spec"]) {
            let before = pod_spec_field(&object.manifest.key).unwrap_or_default();
            let field = format!("{before}.volumes[{at}].ephemeral.volumeClaimTemplate.spec");
            all.push(Claim { spec, field, once: false, prefix: None });
        }
    }
    all
}
