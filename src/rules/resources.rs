//! What containers ask for and may use: names of resources, amounts, and claims.

use std::collections::HashMap;

use super::Rule;
use super::at::{At, get, quantity, text};
use super::value::{again, filled, named_if_any};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, label_key};
use crate::kubernetes::{Notation, Quantity};
use crate::text::{Entry, Node, Origin};

/// The resources that a name without a domain can mean in a container, beside huge pages.
pub(super) const STANDARD: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];
/// Those of a pod as a whole.
const OF_PODS: [&str; 2] = ["cpu", "memory"];
/// What devices are called by people, and not by Kubernetes.
const DEVICES: [&str; 3] = ["gpu", "npu", "tpu"];
const HUGE_PAGES: &str = "hugepages-";
/// What the names of all resources of a node are made of in a quota.
const OF_QUOTA: &str = "requests.";
/// What is of Kubernetes itself.
const NATIVE: &str = "kubernetes.io/";
/// The power of ten that the server rounds amounts up to.
const MILLI: i64 = -3;

/// A resource as the server tells them apart by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Requests may be lower than limits.
    Shared,
    HugePages,
    /// A device, say: whole numbers alone.
    Extended,
}

/// Returns what a name means, or why it is no resource of a container.
fn kind(name: &str) -> Result<Kind, String> {
    label_key(name)?;
    let huge = name.starts_with(HUGE_PAGES);
    if !name.contains('/') {
        return match huge {
            true => Ok(Kind::HugePages),
            false if STANDARD.contains(&name) => Ok(Kind::Shared),
            false => {
                Err("without a domain there are `cpu`, `memory`, `ephemeral-storage` and huge pages alone".to_owned())
            }
        };
    }
    if name.contains(NATIVE) {
        return Ok(if huge { Kind::HugePages } else { Kind::Shared });
    }
    if name.starts_with(OF_QUOTA) {
        return Err(format!("expected a name that does not start with `{OF_QUOTA}`"));
    }
    label_key(&format!("{OF_QUOTA}{name}")).map_err(|_| "expected a shorter name".to_owned())?;
    Ok(if huge { Kind::HugePages } else { Kind::Extended })
}

/// Returns why a name is no resource of a container.
pub(super) fn unfit(name: &str) -> Option<String> {
    kind(name).err()
}

/// Returns an amount as the server keeps it.
fn kept(node: &Node) -> Option<Quantity> {
    let amount = quantity(node)?;
    let milli = amount.units(MILLI);
    // A vast amount fits no number of thousandths.
    let fits = milli != i64::MAX && milli != i64::MIN;
    Some(if fits { Quantity::of(milli, MILLI, Notation::Decimal) } else { amount })
}

/// Returns why an amount of huge pages, written as `shown`, is no number of pages.
fn in_pages(name: &str, amount: &Quantity, shown: &str) -> Option<String> {
    let size = name.strip_prefix(HUGE_PAGES)?;
    let page = Quantity::parse(size).ok().filter(|page| page.is_whole() && !page.is_zero() && !page.is_negative());
    let Some(page) = page else {
        return Some(format!("`{name}` names no size of a page: expected one such as `2Mi`, found `{size}`"));
    };
    let (bytes, page) = (amount.units(0), page.units(0));
    let vast = bytes == i64::MAX || page == i64::MAX;
    (!vast && bytes % page != 0).then(|| format!("expected a multiple of the page size `{size}`, found `{shown}`"))
}

/// Where requests and limits stand.
const BOTH: [&[&str]; 2] = [&["resources", "limits"], &["resources", "requests"]];
/// What pods take beside their containers.
const OVERHEAD: [&[&str]; 1] = [&["overhead"]];

/// Returns the entries of requests or limits.
fn entries<'a>(at: &At<'a>, list: &[&str]) -> impl Iterator<Item = &'a Entry> + use<'a> {
    let map = at.get(list).and_then(Node::as_map);
    map.into_iter().flatten().filter(|entry| !entry.value.is_null())
}

/// Checks the names of resources at some places, of a pod as a whole or of a container.
fn check_names(at: &mut At<'_>, lists: &[&[&str]], of_pod: bool) {
    for list in lists {
        for entry in entries(at, list) {
            let name = entry.key.text.as_str();
            let reason = match kind(name) {
                Err(reason) => reason,
                Ok(kind) if of_pod && kind != Kind::HugePages && !OF_PODS.contains(&name) => {
                    "it has `cpu`, `memory` and huge pages alone".to_owned()
                }
                Ok(_) => continue,
            };
            // One name in both lists is one mistake.
            if list.ends_with(&["requests"]) && at.get(&["resources", "limits", name]).is_some() {
                continue;
            }
            let whole = if of_pod { "pod as a whole" } else { "container" };
            let message = format!("{} is no resource of a {whole}: {reason}", words::word(name));
            let finding = Diagnostic::new(Code::InvalidName, entry.key.origin, message);
            let finding = match DEVICES.iter().find(|device| name.eq_ignore_ascii_case(device)) {
                Some(_) => finding.help("devices have the names of their makers: `nvidia.com/gpu`"),
                None if kind(name).is_ok() => finding.help("write it in the resources of a container"),
                // One that is there already is not meant.
                None => {
                    let is_free = |known: &&str| entries(at, list).all(|entry| entry.key.text != *known);
                    finding.did_you_mean_word(name, STANDARD.into_iter().filter(is_free))
                }
            };
            at.report(format_args!("{}[{name}]", list.join(".")), finding);
        }
    }
}

fn check_amounts(at: &mut At<'_>, lists: &[&[&str]]) {
    for list in lists {
        for entry in entries(at, list) {
            let name = entry.key.text.as_str();
            let (Ok(kind), Some(amount)) = (kind(name), kept(&entry.value)) else { continue };
            let shown = words::shown(entry.value.text().map_or("", |text| text.as_str()));
            let message = match kind {
                _ if amount.is_negative() => Some(format!("expected no negative amount, found `{shown}`")),
                Kind::Extended if !amount.is_whole() => {
                    Some(format!("expected a whole number of `{name}`, found `{shown}`"))
                }
                Kind::HugePages => in_pages(name, &amount, &shown),
                _ => None,
            };
            if let Some(message) = message {
                at.invalid(format_args!("{}[{name}]", list.join(".")), &entry.value, message);
            }
        }
    }
}

fn check_limits(at: &mut At<'_>) {
    for entry in entries(at, BOTH[1]) {
        let name = entry.key.text.as_str();
        let (Ok(kind), Some(request)) = (kind(name), kept(&entry.value)) else { continue };
        let place = format!("resources.requests[{name}]");
        let Some(limit) = at.get(&["resources", "limits", name]) else {
            if kind != Kind::Shared {
                let message = format!("`{name}` needs a limit, which is what is set aside for it");
                let finding = Diagnostic::new(Code::MissingField, entry.key.origin, message);
                let help =
                    format!("write the same amount in `limits`; of `{name}` no more can be used than is set aside");
                at.report(format_args!("resources.limits[{name}]"), finding.help(help));
            }
            continue;
        };
        let Some(most) = kept(limit).filter(|most| !most.is_negative() && !request.is_negative()) else { continue };
        let expected = match kind {
            Kind::Shared if request > most => "at most",
            Kind::HugePages | Kind::Extended if request != most => "exactly",
            _ => continue,
        };
        let shown = |node: &Node| words::shown(node.text().map_or("", |text| text.as_str()));
        let message = format!(
            "expected {expected} the limit of `{}` for `{name}`, found `{}`",
            shown(limit),
            shown(&entry.value)
        );
        let finding = Diagnostic::new(Code::InvalidValue, entry.value.origin(), message);
        let help = if kind == Kind::Shared { "ask for less, or raise the limit" } else { "write the same in both" };
        at.report(place, finding.also(limit.origin(), "the limit").help(help));
    }
}

fn check_huge_pages(at: &mut At<'_>) {
    let names = || BOTH.into_iter().flat_map(|list| entries(at, list));
    let plain = names().any(|entry| matches!(entry.key.text.as_str(), "cpu" | "memory"));
    let Some(huge) = names().find(|entry| entry.key.text.starts_with(HUGE_PAGES)).filter(|_| !plain) else { return };
    let finding =
        Diagnostic::new(Code::ForbiddenField, huge.key.origin, "huge pages need `cpu` or `memory` beside them");
    at.report("resources", finding.help("add a request or limit of `memory`"));
}

fn is_windows(spec: &Node) -> bool {
    text(spec, &["os", "name"]) == Some("windows")
}

fn check_claims(at: &mut At<'_>) {
    let mut seen: HashMap<&str, Vec<(Option<&str>, Origin)>> = HashMap::new();
    for (index, claim) in at.items(&["resources", "claims"]) {
        let place = format!("resources.claims[{index}]");
        let node = get(claim, &["name"]);
        filled(at, format_args!("{place}.name"), node, "the name of a claim of the pod");
        let Some((node, name)) =
            node.and_then(|node| Some((node, node.as_str()?))).filter(|(_, name)| !name.is_empty())
        else {
            continue;
        };
        let part = get(claim, &["request"]);
        named_if_any(at, format_args!("{place}.request"), part, "a request of a claim", dns_label);
        let part = part.and_then(Node::as_str).filter(|part| !part.is_empty());
        let parts = seen.entry(name).or_default();
        // The claim as a whole holds all of its requests.
        let overlaps = |known: Option<&str>| known.is_none() || part.is_none() || known == part;
        if let Some((_, first)) = parts.iter().find(|(known, _)| overlaps(*known)) {
            let first = *first;
            again(at, format_args!("{place}.name"), node, first, format!("the claim `{name}` is asked for twice"));
        } else {
            parts.push((part, node.origin()));
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "resource-name",
        at: "core/v1.Container",
        check: |at| check_names(at, &BOTH, false),
        refuses: &[
            "{name: a, image: 'a:1', resources: {requests: {cpus: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {gpu: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {storage: 1Gi}}}",
            "{name: a, image: 'a:1', resources: {limits: {requests.cpu: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {a/b/c: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {requests.example.com/gpu: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {Example.com/gpu: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {'': 1}}}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', resources: {requests: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}}}",
            "{name: a, image: 'a:1', resources: {limits: {example.com/gpu: 1}}}",
            "{name: a, image: 'a:1', resources: {limits: {kubernetes.io/a: 1}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-amount",
        at: "core/v1.Container",
        check: |at| check_amounts(at, &BOTH),
        refuses: &[
            "{name: a, image: 'a:1', resources: {requests: {cpu: -1}}}",
            "{name: a, image: 'a:1', resources: {limits: {example.com/gpu: 500m}}}",
            "{name: a, image: 'a:1', resources: {limits: {memory: 1Gi, hugepages-2Mi: 3Mi}}}",
            "{name: a, image: 'a:1', resources: {limits: {memory: 1Gi, hugepages-big: 2Mi}}}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', resources: {requests: {cpu: 0, memory: 100m}}}",
            "{name: a, image: 'a:1', resources: {limits: {example.com/gpu: 1000m}}}",
            "{name: a, image: 'a:1', resources: {limits: {memory: 1Gi, hugepages-2Mi: 4Mi}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "request-below-limit",
        at: "core/v1.Container",
        check: check_limits,
        refuses: &[
            "{name: a, image: 'a:1', resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}",
            "{name: a, image: 'a:1', resources: {requests: {cpu: 1001m}, limits: {cpu: 1}}}",
            "{name: a, image: 'a:1', resources: {requests: {example.com/gpu: 1}, limits: {example.com/gpu: 2}}}",
            "{name: a, image: 'a:1', resources: {requests: {example.com/gpu: 1}}}",
            "{name: a, image: 'a:1', resources: {requests: {memory: 1Gi, hugepages-2Mi: 2Mi}}}",
            "{name: a, image: 'a:1', resources: {requests: {memory: 1Gi, hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 4Mi}}}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', resources: {requests: {memory: 1024Mi}, limits: {memory: 1Gi}}}",
            "{name: a, image: 'a:1', resources: {requests: {cpu: '0.0002'}, limits: {cpu: '0.0001'}}}",
            "{name: a, image: 'a:1', resources: {requests: {example.com/gpu: 2}, limits: {example.com/gpu: 2}}}",
            "{name: a, image: 'a:1', resources: {requests: {cpu: 1}, limits: {memory: 1Gi, hugepages-2Mi: 2Mi}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "huge-pages-alone",
        at: "core/v1.Container",
        check: check_huge_pages,
        refuses: &[
            "{name: a, image: 'a:1', resources: {limits: {hugepages-2Mi: 2Mi}}}",
            "{name: a, image: 'a:1', resources: {requests: {ephemeral-storage: 1Gi}, limits: {hugepages-2Mi: 2Mi}}}",
        ],
        accepts: &["{name: a, image: 'a:1', resources: {requests: {cpu: 1}, limits: {hugepages-2Mi: 2Mi}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-resource",
        at: "core/v1.PodSpec",
        check: |at| {
            // Where they are dropped, nobody looks at them.
            if at.keeps("core/v1.PodSpec", "resources") && !is_windows(at.node()) {
                check_names(at, &BOTH, true);
                check_amounts(at, &BOTH);
                check_limits(at);
                check_huge_pages(at);
            }
        },
        refuses: &[
            "{resources: {limits: {cpu: 1}, requests: {cpu: 2}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {limits: {nvidia.com/gpu: 1}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {requests: {ephemeral-storage: 1Gi}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {limits: {cpus: 1}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {limits: {memory: -1}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {limits: {memory: 1Gi, hugepages-2Mi: 3Mi}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {limits: {hugepages-2Mi: 2Mi}}, containers: [{name: a, image: 'a:1'}]}",
            "{resources: {requests: {memory: 1Gi, hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 4Mi}}, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{resources: {limits: {cpu: 1, memory: 1Gi, hugepages-2Mi: 2Mi}, requests: {cpu: 500m}}, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-overhead",
        at: "core/v1.PodSpec",
        check: |at| {
            check_names(at, &OVERHEAD, false);
            check_amounts(at, &OVERHEAD);
        },
        refuses: &[
            "{overhead: {cpu: -1}, containers: [{name: a, image: 'a:1'}]}",
            "{overhead: {foo: 1}, containers: [{name: a, image: 'a:1'}]}",
            "{overhead: {example.com/gpu: 500m}, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{overhead: {cpu: 250m, memory: 64Mi}, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-claim",
        at: "core/v1.Container",
        check: check_claims,
        refuses: &[
            "{name: a, image: 'a:1', resources: {claims: [{name: r}, {name: r}]}}",
            "{name: a, image: 'a:1', resources: {claims: [{name: r, request: b}, {name: r}]}}",
            "{name: a, image: 'a:1', resources: {claims: [{name: r, request: b}, {name: r, request: b}]}}",
            "{name: a, image: 'a:1', resources: {claims: [{name: r, request: B}]}}",
            "{name: a, image: 'a:1', resources: {claims: [{name: ''}]}}",
        ],
        accepts: &["{name: a, image: 'a:1', resources: {claims: [{name: r, request: b}, {name: r, request: c}]}}"],
        ..Rule::ALWAYS
    },
];
