//! Resource quotas: what is used, what the batch adds, and what that is too much of.
//!
//! What an object of the batch uses already is not counted again.

use std::collections::{BTreeMap, HashMap};

use smol_str::SmolStr;

use super::batch::{Asked, Batch, Object};
use super::cluster::Cluster;
use super::finding::{Findings, Found, some};
use super::limits::claims;
use super::pod::Apart;
use super::units::{Units, quantity, units};
use crate::diagnostic::{Code, Severity};
use crate::kubernetes::{Amounts, Facts, Quantity, Selector, Tree, USUAL};
use crate::text::{Node, Origin};

/// A quota of a namespace.
pub(super) struct Quota {
    /// Its name, as findings have it.
    name: String,
    namespace: SmolStr,
    hard: Amounts,
    used: Amounts,
    scopes: Vec<Scope>,
    /// Whether the cluster has it already, so that what is used is counted.
    counts: bool,
}

/// Which pods a quota is about.
struct Scope {
    name: SmolStr,
    /// The names of priority classes.
    classes: Selector,
}

/// What the objects of a batch add to a resource of a quota.
#[derive(Default)]
struct Addition<'m> {
    units: i64,
    /// The part of it that is refused at once, and not only in what controllers make.
    direct: i64,
    /// Who adds how much, and where that is written.
    by: Vec<(i64, Object<'m>, (Origin, String))>,
}

impl Quota {
    /// Returns the quotas of all namespaces: those of the cluster, and those that the batch brings or changes.
    pub(super) fn all(batch: &Batch<'_>, cluster: &Cluster) -> Vec<Self> {
        let mut all = Vec::new();
        let mut known: HashMap<(&str, &str), Amounts> = HashMap::new();
        for (namespace, quotas) in &cluster.quotas {
            for quota in quotas {
                let used = Amounts::read(quota.at(&["status", "used"]));
                if batch.brings("", "ResourceQuota", namespace, quota.name()) {
                    known.insert((namespace, quota.name()), used);
                    continue;
                }
                // The status is what the server goes by.
                let hard = quota.at(&["status", "hard"]).or_else(|| quota.at(&["spec", "hard"]));
                all.push(Self::read(&quota.0, namespace, quota.name(), Amounts::read(hard), Some(used)));
            }
        }
        for object in batch.of_kind("", "ResourceQuota") {
            let (node, name) = (&object.manifest.node, object.manifest.key.name.as_str());
            let used = known.remove(&(object.namespace.as_str(), name));
            all.push(Self::read(node, object.namespace, name, Amounts::read(node.at(&["spec", "hard"])), used));
        }
        all
    }

    fn read(object: &impl Tree, namespace: &SmolStr, name: &str, hard: Amounts, used: Option<Amounts>) -> Self {
        let spec = object.present("spec");
        let whole = spec.map_or(&[][..], |spec| spec.list("scopes")).iter().filter_map(Tree::scalar);
        let mut scopes: Vec<Scope> = whole.map(|name| Scope { name, classes: Selector::default() }).collect();
        let chosen = spec.and_then(|spec| spec.present_at(&["scopeSelector", "matchExpressions"]));
        for expression in chosen.map_or(&[][..], Tree::items) {
            let name = expression.word("scopeName").unwrap_or_default();
            scopes.push(Scope { name, classes: Selector::condition("name", expression) });
        }
        Self {
            name: format!("ResourceQuota {namespace}/{name}"),
            namespace: namespace.clone(),
            hard,
            counts: used.is_some(),
            used: used.unwrap_or_default(),
            scopes,
        }
    }

    /// Whether it is about the pods of an object.
    fn takes(&self, asked: &Asked<'_>) -> bool {
        self.namespace == *asked.object.namespace && self.scopes.iter().all(|scope| scope.takes(asked))
    }

    /// Returns what it counts of pods that ask for so much.
    fn of_pod(&self, requests: &Units, limits: &Units) -> BTreeMap<SmolStr, i64> {
        let amount = |name: &str| match name {
            "pods" | "count/pods" => Some(1),
            _ if name.starts_with("count/") || name.contains("storageclass.storage.k8s.io/") => None,
            "requests.storage" | "persistentvolumeclaims" => None,
            _ => Some(match (name.strip_prefix("requests."), name.strip_prefix("limits.")) {
                (Some(resource), _) => requests.get(resource),
                (_, Some(resource)) => limits.get(resource),
                _ if USUAL.contains(&name) || name == "ephemeral-storage" || name.starts_with("hugepages-") => {
                    requests.get(name)
                }
                _ => return None,
            }),
        };
        self.hard.iter().filter_map(|(name, _)| Some((name.clone(), amount(name)?))).collect()
    }
}

impl Scope {
    fn takes(&self, asked: &Asked<'_>) -> bool {
        let ends = || asked.spec.number("activeDeadlineSeconds").is_some();
        let best_effort = || {
            let (requests, limits) = (&asked.demand.requests, &asked.demand.limits);
            USUAL.iter().all(|name| [requests, limits].iter().all(|all| all.get(name).is_none_or(Quantity::is_zero)))
        };
        match self.name.as_str() {
            "Terminating" => ends(),
            "NotTerminating" => !ends(),
            "BestEffort" => best_effort(),
            "NotBestEffort" => !best_effort(),
            "PriorityClass" if self.classes.is_empty() => asked.priority_class.is_some(),
            "PriorityClass" => self.classes.holds(|_| asked.priority_class.as_deref()),
            "CrossNamespacePodAffinity" => asked.apart.iter().any(Apart::crosses),
            _ => false,
        }
    }
}

/// Says which quotas the batch would exceed, and which pods they refuse for saying too little.
pub(super) fn check(batch: &Batch<'_>, asked: &[Asked<'_>], cluster: &Cluster, facts: &Facts, findings: &mut Findings) {
    let counts: HashMap<usize, u64> =
        asked.iter().map(|asked| (asked.object.manifest.node.address(), asked.count)).collect();
    for quota in Quota::all(batch, cluster) {
        let mut additions: BTreeMap<SmolStr, Addition<'_>> = BTreeMap::new();
        for asked in asked.iter().filter(|asked| quota.takes(asked)) {
            pods(&quota, asked, cluster, &mut additions);
            lacking(&quota, asked, findings);
        }
        if quota.scopes.is_empty() {
            for object in batch.objects.iter().filter(|object| *object.namespace == quota.namespace) {
                let pods = counts.get(&object.manifest.node.address()).copied().unwrap_or(1);
                counted(&quota, *object, cluster, facts, &mut additions);
                storage(&quota, *object, pods, cluster, &mut additions);
            }
        }
        for (resource, addition) in additions {
            tell(&quota, &resource, addition, findings);
        }
    }
}

fn pods<'m>(quota: &Quota, asked: &Asked<'m>, cluster: &Cluster, additions: &mut BTreeMap<SmolStr, Addition<'m>>) {
    let count = if asked.each_node {
        let takes = |node: &&super::cluster::Node| {
            asked.rules.admits(&node.name, &node.labels) && asked.rules.untolerated(&node.taints).is_none()
        };
        cluster.nodes.iter().filter(takes).count() as u64
    } else {
        asked.count
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut present: BTreeMap<SmolStr, i64> = BTreeMap::new();
    for pod in asked.present.iter().filter(|_| quota.counts).map(|at| &cluster.pods[*at]) {
        for (name, units) in quota.of_pod(&pod.requests, &pod.limits) {
            *present.entry(name).or_default() += units;
        }
    }
    for (name, units) in quota.of_pod(&asked.requests, &asked.limits) {
        let more = units.saturating_mul(count).saturating_sub(present.get(&name).copied().unwrap_or(0));
        let place = match name.strip_prefix("limits.") {
            Some(resource) => asked.place_of_limit(resource),
            None if name.ends_with("pods") => (asked.object.manifest.origin, String::new()),
            None => asked.place_of(name.trim_start_matches("requests.")),
        };
        let addition = additions.entry(name).or_default();
        addition.add(more, asked.object.is_direct(), asked.object, place);
    }
}

/// A quota of cpu or memory takes only pods whose containers all say how much.
fn lacking(quota: &Quota, asked: &Asked<'_>, findings: &mut Findings) {
    for (name, _) in quota.hard.iter() {
        let (word, resource, lacks) = match name.strip_prefix("limits.") {
            Some(resource) => ("limit", resource, &asked.demand.unlimited),
            None => ("request", name.trim_start_matches("requests."), &asked.demand.unrequested),
        };
        if !lacks.contains(resource) {
            continue;
        }
        let part = if word == "limit" { "limits" } else { "requests" };
        let has = |container: &Node, part: &str| container.at(&["resources", part, resource]).is_some();
        let silent = |container: &&Node| !has(container, "limits") && (word == "limit" || !has(container, "requests"));
        let containers = ["containers", "initContainers"].map(|list| asked.spec.list(list));
        let first = containers.into_iter().flatten().find(silent);
        let place = first.map(|container| container.get("resources").unwrap_or(container).origin());
        let text = format!("expected a {word} of every container for `{resource}`, found none");
        findings.here(
            Found::new(Code::QuotaExceeded, asked.object, text)
                .at((
                    place.unwrap_or(asked.object.manifest.origin),
                    asked.field(&format!("containers[].resources.{part}.{resource}")),
                ))
                .severity(if asked.object.is_direct() { Severity::Error } else { Severity::Warning })
                .help(format!("`{}` refuses pods that do not say it; a LimitRange can say it for them", quota.name)),
        );
    }
}

/// Counts objects of a kind.
fn counted<'m>(
    quota: &Quota,
    object: Object<'m>,
    cluster: &Cluster,
    facts: &Facts,
    additions: &mut BTreeMap<SmolStr, Addition<'m>>,
) {
    let names: Vec<SmolStr> = count_names(object, facts)
        .into_iter()
        .filter(|name| quota.hard.get(name).is_some() && !matches!(name.as_str(), "pods" | "count/pods"))
        .collect();
    let key = &object.manifest.key;
    // Where it is not known whether the object is there, it is taken to be: nothing is said that may be wrong.
    if names.is_empty()
        || (quota.counts && cluster.has(&key.group, &key.kind, object.namespace, &key.name) != Some(false))
    {
        return;
    }
    for name in names {
        additions.entry(name).or_default().add(1, true, object, (object.manifest.origin, String::new()));
    }
}

/// Returns the names under which quotas count an object of its kind.
pub(super) fn count_names(object: Object<'_>, facts: &Facts) -> Vec<SmolStr> {
    const BARE: [&str; 8] = [
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
    ];
    let key = &object.manifest.key;
    let Some(kind) = facts.kind(&key.group, &key.version, &key.kind) else { return Vec::new() };
    let plural = &kind.plural;
    let mut names = Vec::new();
    if key.group.is_empty() {
        names.push(smol_str::format_smolstr!("count/{plural}"));
        names.extend(BARE.contains(&plural.as_str()).then(|| plural.clone()));
    } else {
        names.push(smol_str::format_smolstr!("count/{plural}.{}", key.group));
    }
    if object.is("", "Service") {
        match object.manifest.node.at(&["spec", "type"]).and_then(Node::as_str) {
            Some("NodePort") => names.push("services.nodeports".into()),
            Some("LoadBalancer") => names.extend(["services.loadbalancers".into(), "services.nodeports".into()]),
            _ => {}
        }
    }
    names
}

/// Adds up claims: those of the batch, and those that its pods get.
fn storage<'m>(
    quota: &Quota,
    object: Object<'m>,
    pods: u64,
    cluster: &Cluster,
    additions: &mut BTreeMap<SmolStr, Addition<'m>>,
) {
    for claim in claims(object) {
        let there = cluster.names("", "PersistentVolumeClaim", object.namespace);
        let count = match (&claim.prefix, there) {
            _ if !quota.counts => pods,
            (_, None) => continue,
            (Some(prefix), Some(there)) => {
                let known = there.iter().filter(|name| name.starts_with(prefix.as_str())).count() as u64;
                pods.saturating_sub(known)
            }
            (None, Some(there)) if claim.once => u64::from(!there.contains(&object.manifest.key.name)),
            (None, Some(_)) => pods,
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let written = claim.spec.at(&["resources", "requests", "storage"]);
        let size = Amounts::read(claim.spec.at(&["resources", "requests"]));
        let size = size.get("storage").map_or(0, |size| units("storage", size));
        let class = claim.spec.word("storageClassName").or_else(|| cluster.default_storage_class.clone());
        let of_class = |name: &str| {
            class.as_ref().map(|class| smol_str::format_smolstr!("{class}.storageclass.storage.k8s.io/{name}"))
        };
        let place = (
            written.map_or(object.manifest.origin, Node::origin),
            format!("{}.resources.requests.storage", claim.field),
        );
        let bytes = [Some("requests.storage".into()), of_class("requests.storage")].map(|name| (name, size));
        let mut numbers = vec![(of_class("persistentvolumeclaims"), 1)];
        if !claim.once {
            let plain = ["persistentvolumeclaims", "count/persistentvolumeclaims"];
            numbers.extend(plain.map(|name| (Some(SmolStr::new(name)), 1)));
        }
        for (name, each) in bytes.into_iter().chain(numbers) {
            let Some(name) = name.filter(|name| quota.hard.get(name).is_some()) else { continue };
            let direct = object.is_direct();
            additions.entry(name).or_default().add(each.saturating_mul(count), direct, object, place.clone());
        }
    }
}

impl<'m> Addition<'m> {
    fn add(&mut self, units: i64, direct: bool, object: Object<'m>, place: (Origin, String)) {
        self.units = self.units.saturating_add(units);
        if direct {
            self.direct = self.direct.saturating_add(units);
        }
        if units > 0 {
            self.by.push((units, object, place));
        }
    }
}

fn tell(quota: &Quota, resource: &SmolStr, addition: Addition<'_>, findings: &mut Findings) {
    let Some(hard) = quota.hard.get(resource) else { return };
    let most = units(resource, hard);
    let used = quota.used.get(resource).map_or(0, |used| units(resource, used));
    let over = used.saturating_add(addition.units).saturating_sub(most);
    let mut by = addition.by;
    if over <= 0 || addition.units <= 0 || by.is_empty() {
        return;
    }
    by.sort_by_key(|(units, ..)| std::cmp::Reverse(*units));
    let shown = |units: i64| quantity(resource, units);
    let message = format!(
        "`{}` allows `{hard}` of `{resource}`: `{}` are in use, the batch adds `{}`",
        quota.name,
        shown(used),
        shown(addition.units)
    );
    let refused_at_once = used.saturating_add(addition.direct) > most;
    let names: Vec<String> =
        by.iter().map(|(units, object, _)| format!("{} ({})", object.manifest.key, shown(*units))).collect();
    let count = by.len();
    let (_, object, place) = by.swap_remove(0);
    let mut found = Found::new(Code::QuotaExceeded, object, message)
        .at(place)
        .severity(if refused_at_once { Severity::Error } else { Severity::Warning })
        .help(format!("have it raised by `{}`, or ask for less", shown(over)));
    if count > 1 {
        found = found.help(format!("the most is asked for by {}", some(&names)));
    }
    findings.here(found);
}
