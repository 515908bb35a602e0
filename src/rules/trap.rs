//! What the server takes with a warning, since it mostly is a slip: what hides something else, or matches nothing.
//!
//! A settled structure enters, warnings leave; each is one that the server gives too.

use std::collections::HashMap;

use super::at::{At, get, items, number, number_at, quantity, text};
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Tree;
use crate::kubernetes::name::label_value;
use crate::text::{Node, Origin};

/// Many indexes, of which the server can no longer remember which ones failed.
const MANY_COMPLETIONS: i64 = 100_000;
const MANY_AT_ONCE: i64 = 10_000;

/// Returns all containers of a pod's spec with the paths to them, in the order in which they start.
fn all_containers(spec: &Node) -> impl Iterator<Item = (String, &Node)> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |list| {
        items(spec, &[list]).map(move |(number, container)| (format!("{list}[{number}]"), container))
    })
}

/// Warns of bytes that are no whole number.
fn whole_bytes(at: &mut At<'_>, lists: &[&[&str]], resources: &[&str]) {
    for (list, resource) in lists.iter().flat_map(|list| resources.iter().map(move |resource| (*list, *resource))) {
        let Some(node) = at.get(list).and_then(|amounts| get(amounts, &[resource])) else { continue };
        if quantity(node).is_some_and(|amount| !amount.is_whole() && !amount.is_negative()) {
            let shown = node.scalar().unwrap_or_default();
            let message = format!("expected whole bytes of `{resource}`, found `{shown}`");
            let help = "`m` stands for thousandths: write `M` or `Mi` for millions";
            at.warn(format_args!("{}[{resource}]", list.join(".")), Code::ServerWarning, node.origin(), message, help);
        }
    }
}

/// Warns of variables that hide one of the same name before them, and do not build on it.
fn hidden_variables(at: &mut At<'_>) {
    let mut seen: HashMap<&str, Origin> = HashMap::new();
    for (index, variable) in at.items(&["env"]) {
        let Some((node, name)) = variable.get("name").zip(text(variable, &["name"])) else { continue };
        let Some(first) = seen.get(name) else {
            seen.insert(name, node.origin());
            continue;
        };
        let before = format!("$({name})");
        let value = text(variable, &["value"]).unwrap_or_default();
        if get(variable, &["valueFrom"]).is_none() && value.contains(&before) && value != before {
            continue;
        }
        let message = format!("the variable `{}` is there twice: the second hides the first", words::shown(name));
        let finding = Diagnostic::new(Code::ServerWarning, node.origin(), message).also(*first, "first here");
        at.report(format_args!("env[{index}]"), finding.help("take one of them out: `kubectl apply` may drop either"));
    }
}

/// Warns of items of a list that say the same in a field.
fn once(at: &mut At<'_>, list: &str, field: &str, message: impl Fn(&str) -> String) {
    let mut seen: HashMap<&str, Origin> = HashMap::new();
    for (index, item) in at.items(&[list]) {
        let Some((node, value)) = item.get(field).zip(text(item, &[field])) else { continue };
        if let Some(first) = seen.get(value) {
            let finding = Diagnostic::new(Code::ServerWarning, node.origin(), message(&words::shown(value)));
            let finding = finding.also(*first, "first here").help("take one of them out");
            at.report(format_args!("{list}[{index}].{field}"), finding);
        } else {
            seen.insert(value, node.origin());
        }
    }
}

/// The address and the port of its node that a port of a container wants.
type OfNode<'a> = (&'a str, i64);

/// Warns of ports that two declarations of one pod share.
fn shared_ports(at: &mut At<'_>) {
    let mut seen: HashMap<(i64, &str), Vec<(&Node, OfNode<'_>)>> = HashMap::new();
    // The names, each with the container that has it first.
    let mut names: HashMap<&str, (Origin, String)> = HashMap::new();
    for (container, node) in all_containers(at.node()) {
        for (index, port) in items(node, &["ports"]) {
            let place = format!("{container}.ports[{index}]");
            let Some(number) = number_at(port, &["containerPort"]) else { continue };
            let protocol = text(port, &["protocol"]).unwrap_or("TCP");
            let host = (text(port, &["hostIP"]).unwrap_or_default(), number_at(port, &["hostPort"]).unwrap_or(0));
            if let Some(address) = port.get("hostIP").filter(|_| !host.0.is_empty() && host.1 == 0) {
                let message = "`hostIP` has no effect without `hostPort`";
                at.warn(format_args!("{place}.hostIP"), Code::ServerWarning, address.origin(), message, "take it out");
            }
            let others = seen.entry((number, protocol)).or_default();
            if let Some((other, told)) = others.iter().find_map(|(other, wants)| Some((other, clash(host, *wants)?))) {
                let message = format!("the pod declares the port {number} of {protocol} twice: {told}");
                let origin = port.get("containerPort").map_or(port.origin(), Node::origin);
                let finding = Diagnostic::new(Code::ServerWarning, origin, message).also(other.origin(), "first here");
                at.report(&place, finding.help("the containers of a pod share its ports: take one of them out"));
            }
            others.push((port, host));
            let Some((named, name)) = port.get("name").zip(text(port, &["name"])) else { continue };
            let (first, of) = names.entry(name).or_insert_with(|| (named.origin(), container.clone()));
            // Within one container it is an error.
            if at.minor() >= Minor(33) && *of != container {
                let message = format!("two containers name a port `{name}`: Services and probes mean the first by it");
                let finding = Diagnostic::new(Code::ServerWarning, named.origin(), message).also(*first, "first here");
                at.report(format_args!("{place}.name"), finding.help("give each port a name of its own"));
            }
        }
    }
}

/// Says what two declarations of one port do to each other, by the address and the port of the node that they want.
fn clash(one: OfNode<'_>, other: OfNode<'_>) -> Option<&'static str> {
    if one == other {
        // The same port of the node is an error.
        return (one.1 == 0).then_some("only one container can listen on it");
    }
    if one.1 == 0 || other.1 == 0 {
        return Some("once with a port of the node and once without");
    }
    let is_open = one.1 == other.1 && one.0.is_empty() != other.0.is_empty();
    is_open.then_some("at one address of the node and at all of them")
}

/// Warns of files of a volume that would lie in one another's way.
fn overlapping_files(at: &mut At<'_>) {
    for field in ["configMap", "secret", "downwardAPI"] {
        let Some(source) = at.get(&[field]) else { continue };
        let files = items(source, &["items"])
            .filter_map(|(index, item)| Some((format!("{field}.items[{index}].path"), item.get("path")?)));
        overlaps(at, true, files);
    }
    let Some(projected) = at.get(&["projected"]) else { return };
    let files = items(projected, &["sources"]).flat_map(|(index, source)| {
        let at = format!("projected.sources[{index}]");
        let lists = ["configMap", "secret", "downwardAPI"].into_iter();
        let listed = lists.flat_map({
            let at = at.clone();
            move |field| {
                let at = at.clone();
                items(source, &[field, "items"]).filter_map(move |(index, item)| {
                    Some((format!("{at}.{field}.items[{index}].path"), item.get("path")?))
                })
            }
        });
        let single = [
            ["serviceAccountToken", "path"],
            ["clusterTrustBundle", "path"],
            ["podCertificate", "certificateChainPath"],
            ["podCertificate", "keyPath"],
            ["podCertificate", "credentialBundlePath"],
        ];
        let alone =
            single.into_iter().filter_map(move |path| Some((format!("{at}.{}", path.join(".")), get(source, &path)?)));
        listed.chain(alone)
    });
    // That two sources write one file is an error.
    overlaps(at, false, files);
}

/// Warns of files that would lie in one another's way; `alike` says whether that they are one and the same is told here.
fn overlaps<'a>(at: &mut At<'_>, alike: bool, files: impl Iterator<Item = (String, &'a Node)>) {
    let mut seen: Vec<(&str, Origin)> = Vec::new();
    for (place, node) in files.take(MOST_FILES) {
        let Some(path) = node.as_str().map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty()) else {
            continue;
        };
        let below = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some((other, first)) =
            seen.iter().find(|(other, _)| (alike || path != *other) && (below(path, other) || below(other, path)))
        {
            let message = if path == *other {
                format!("two files of the volume are `{}`: one of them is lost", words::shown(path))
            } else {
                format!(
                    "`{}` and `{}` of the volume cannot both be: one is a folder there",
                    words::shown(path),
                    words::shown(other)
                )
            };
            let finding = Diagnostic::new(Code::ServerWarning, node.origin(), message).also(*first, "the other");
            at.report(place, finding.help("give them paths of their own"));
        }
        seen.push((path, node.origin()));
    }
}

/// So many files of a volume are held against one another.
const MOST_FILES: usize = 1000;

/// Warns of a term that selects no pods at all, since it has no selector.
fn selects_none(at: &mut At<'_>, path: &[&str]) {
    let holder = &path[..path.len() - 1];
    let there = if holder.is_empty() { Some(at.node()) } else { at.get(holder) };
    if there.is_some() && at.get(path).is_none() {
        let origin = there.map_or(at.origin(), Node::origin);
        let message = "expected a `labelSelector`, found none: it matches no pod";
        at.warn(path.join("."), Code::ServerWarning, origin, message, "write the labels of the pods that count");
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "whole-bytes",
        at: "core/v1.Container",
        check: |at| {
            whole_bytes(at, &[&["resources", "limits"], &["resources", "requests"]], &["memory", "ephemeral-storage"]);
        },
        warns: &["{name: a, image: 'a:1', resources: {limits: {memory: 100m}}}"],
        accepts: &["{name: a, image: 'a:1', resources: {limits: {memory: 0.5Gi, cpu: 100m}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "whole-bytes-of-claim",
        at: "core/v1.PersistentVolumeClaimSpec",
        check: |at| whole_bytes(at, &[&["resources", "limits"], &["resources", "requests"]], &["storage"]),
        warns: &["{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1500m}}}"],
        accepts: &["{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1.5Gi}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "whole-bytes-of-overhead",
        at: "core/v1.PodSpec",
        check: |at| whole_bytes(at, &[&["overhead"]], &["memory", "ephemeral-storage"]),
        warns: &["{overhead: {memory: 100m}, runtimeClassName: a, containers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{overhead: {memory: 100M}, runtimeClassName: a, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "hidden-variable",
        at: "core/v1.Container",
        check: hidden_variables,
        warns: &[
            "{name: a, image: 'a:1', env: [{name: A, value: a}, {name: A, value: b}]}",
            "{name: a, image: 'a:1', env: [{name: A, value: a}, {name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}",
        ],
        accepts: &["{name: a, image: 'a:1', env: [{name: A, value: a}, {name: A, value: $(A)b}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "shared-ports",
        at: "core/v1.PodSpec",
        check: shared_ports,
        warns: &[
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 80}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80}, {containerPort: 80, hostPort: 80}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}, {containerPort: 80, hostPort: 80, hostIP: 10.9.8.7}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{name: web, containerPort: 80}]}, {name: b, image: 'a:1', ports: [{name: web, containerPort: 81}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostIP: 10.9.8.7}]}]}",
        ],
        accepts: &[
            "{containers: [{name: a, image: 'a:1', ports: [{name: web, containerPort: 80}, {name: dns, containerPort: 80, protocol: UDP}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}, {containerPort: 80, hostPort: 81}]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-alias-once",
        at: "core/v1.PodSpec",
        check: |at| once(at, "hostAliases", "ip", |ip| format!("two aliases are for the address `{ip}`")),
        warns: &[
            "{hostAliases: [{ip: 10.9.8.7, hostnames: [a]}, {ip: 10.9.8.7, hostnames: [b]}], containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{hostAliases: [{ip: 10.9.8.7, hostnames: [a]}, {ip: 10.9.8.6, hostnames: [b]}], containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pull-secrets",
        at: "core/v1.PodSpec",
        check: |at| {
            once(at, "imagePullSecrets", "name", |name| format!("the Secret `{name}` is there twice"));
            for (index, item) in at.items(&["imagePullSecrets"]).filter(|(_, item)| text(item, &["name"]).is_none()) {
                let message = "expected the name of a Secret, found none";
                let place = format!("imagePullSecrets[{index}].name");
                at.warn(place, Code::ServerWarning, item.origin(), message, "write `- name: registry`, for example");
            }
        },
        warns: &[
            "{imagePullSecrets: [{name: a}, {name: a}], containers: [{name: a, image: 'a:1'}]}",
            "{imagePullSecrets: [{}], containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{imagePullSecrets: [{name: a}, {name: b}], containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "grace-of-template",
        at: "core/v1.PodTemplateSpec",
        check: |at| {
            let Some(node) = at.get(&["spec", "terminationGracePeriodSeconds"]) else { return };
            if let Some(found) = number(node).filter(|seconds| *seconds < 0) {
                let message = format!("expected seconds from 0 on, found `{found}`: the pods get one second to end");
                at.warn("spec.terminationGracePeriodSeconds", Code::ServerWarning, node.origin(), message, "");
            }
        },
        warns: &["{spec: {terminationGracePeriodSeconds: -1, containers: [{name: a, image: 'a:1'}]}}"],
        accepts: &["{spec: {terminationGracePeriodSeconds: 0, containers: [{name: a, image: 'a:1'}]}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "overlapping-files",
        at: "core/v1.Volume",
        check: overlapping_files,
        warns: &[
            "{name: v, configMap: {name: a, items: [{key: a, path: b}, {key: c, path: b}]}}",
            "{name: v, configMap: {name: a, items: [{key: a, path: b}, {key: c, path: b/d}]}}",
            "{name: v, projected: {sources: [{configMap: {name: a, items: [{key: a, path: b}]}}, {downwardAPI: {items: [{path: b/c, fieldRef: {fieldPath: metadata.name}}]}}]}}",
        ],
        accepts: &["{name: v, configMap: {name: a, items: [{key: a, path: b}, {key: c, path: bd}]}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "spread-selector",
        at: "core/v1.TopologySpreadConstraint",
        check: |at| selects_none(at, &["labelSelector"]),
        warns: &["{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}"],
        accepts: &["{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "affinity-selector",
        at: "core/v1.PodAffinityTerm",
        check: |at| selects_none(at, &["labelSelector"]),
        warns: &["{topologyKey: a}"],
        accepts: &["{topologyKey: a, labelSelector: {}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "preferred-values",
        at: "core/v1.PreferredSchedulingTerm",
        minors: (Minor(33), Minor(u32::MAX)),
        check: |at| {
            for (number, expression) in at.items(&["preference", "matchExpressions"]) {
                for (index, value) in items(expression, &["values"]) {
                    let Some(Err(reason)) = value.as_str().map(label_value) else { continue };
                    let message = format!("no node has this value of a label: {reason}");
                    let place = format!("preference.matchExpressions[{number}].values[{index}]");
                    at.warn(place, Code::ServerWarning, value.origin(), message, "");
                }
            }
        },
        warns: &["{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: ['a b']}]}}"],
        accepts: &["{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: [a]}]}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "many-completions",
        at: "batch/v1.JobSpec",
        check: |at| {
            let count = |field: &str| at.get(&[field]).and_then(number).unwrap_or(0);
            let is_much = count("completions") > MANY_COMPLETIONS && count("parallelism") > MANY_AT_ONCE;
            if let Some(node) =
                at.get(&["parallelism"]).filter(|_| is_much && at.text(&["completionMode"]) == Some("Indexed"))
            {
                let message = format!(
                    "expected a `parallelism` of at most {MANY_AT_ONCE} with more than {MANY_COMPLETIONS} completions: Kubernetes may lose track of them when many fail"
                );
                at.warn(
                    "parallelism",
                    Code::ServerWarning,
                    node.origin(),
                    message,
                    "run fewer at once, or several Jobs",
                );
            }
        },
        warns: &[concat!("{completionMode: Indexed, completions: 100001, parallelism: 10001, ", once!())],
        accepts: &[concat!("{completionMode: Indexed, completions: 100000, parallelism: 10001, ", once!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "endless-history",
        at: "apps/v1.StatefulSetSpec",
        minors: (Minor(33), Minor(u32::MAX)),
        check: |at| {
            let Some(node) = at.get(&["revisionHistoryLimit"]) else { return };
            if let Some(found) = number(node).filter(|limit| *limit < 0) {
                let message = format!("expected a number from 0 on, found `{found}`: all revisions are kept");
                at.warn("revisionHistoryLimit", Code::ServerWarning, node.origin(), message, "");
            }
        },
        warns: &[concat!("{revisionHistoryLimit: -1, ", selected!())],
        accepts: &[concat!("{revisionHistoryLimit: 0, ", selected!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "quota-requests",
        at: "core/v1.ResourceQuotaSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: |at| {
            let Some(hard) = at.get(&["hard"]) else { return };
            for resource in ["cpu", "memory", "ephemeral-storage"] {
                let request = format!("requests.{resource}");
                let bare = |name: &&str| *name != resource || resource != "ephemeral-storage";
                let asked = [request.as_str(), resource]
                    .into_iter()
                    .filter(bare)
                    .find_map(|name| Some((name, hard.get(name)?)));
                let Some((name, node)) = asked else { continue };
                let limit = format!("limits.{resource}");
                let (Some(asked), Some(limited)) = (quantity(node), hard.get(&limit).and_then(quantity)) else {
                    continue;
                };
                if asked > limited {
                    let message = format!("expected `{name}` of at most the `{limit}`, {limited}, found `{asked}`");
                    at.warn(format_args!("hard[{name}]"), Code::ServerWarning, node.origin(), message, "");
                }
            }
        },
        warns: &["{hard: {requests.cpu: 2, limits.cpu: 1}}"],
        accepts: &["{hard: {requests.cpu: 1, limits.cpu: 1}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "tokens-in-secrets",
        at: "storage/v1.CSIDriverSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: |at| {
            let asks = at.items(&["tokenRequests"]).next().is_some();
            if let Some(node) =
                at.get(&["tokenRequests"]).filter(|_| asks && at.get(&["serviceAccountTokenInSecrets"]).is_none())
            {
                let message = "the tokens are among the attributes of volumes, which drivers may log";
                let help = "write `serviceAccountTokenInSecrets: true`, where the driver can read them there";
                at.warn("serviceAccountTokenInSecrets", Code::ServerWarning, node.origin(), message, help);
            }
        },
        warns: &["{tokenRequests: [{audience: a}]}"],
        accepts: &["{tokenRequests: [{audience: a}], serviceAccountTokenInSecrets: true}"],
        ..Rule::ALWAYS
    },
];
