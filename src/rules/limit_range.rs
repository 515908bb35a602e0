//! `LimitRange`: bounds and defaults that go together.

use std::collections::{BTreeSet, HashMap};

use smol_str::SmolStr;

use super::at::quantity;
use super::quota::{is_extended, is_huge_pages, is_native, is_standard};
use super::resources::STANDARD as OF_CONTAINERS;
use super::value::{again, forbid, has_any, named};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Quantity;
use crate::kubernetes::name::label_key;
use crate::text::Node;

const TYPES: &[&str] = &["Pod", "Container", "PersistentVolumeClaim"];
const FIELDS: &[&str] = &["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "limit-range-types",
        at: "core/v1.LimitRangeSpec",
        check: |at| {
            let mut seen = HashMap::new();
            for (index, item) in at.items(&["limits"]) {
                let Some((kind, node)) = item.get("type").and_then(|node| Some((node.as_str()?, node))) else {
                    continue;
                };
                let place = format!("limits[{index}].type");
                if let Some(first) = seen.get(kind) {
                    again(at, place, node, *first, format!("expected each type once, found `{kind}` again"));
                    continue;
                }
                seen.insert(kind, node.origin());
                if kind.contains('/') || label_key(kind).is_err() {
                    named(at, place, node, "a type of limits", label_key);
                } else {
                    super::value::one_of(at, place, node, TYPES);
                }
            }
        },
        refuses: &[
            "{limits: [{type: Container, max: {cpu: 1}}, {type: Container, max: {memory: 1Gi}}]}",
            "{limits: [{type: container, max: {cpu: 1}}]}",
            "{limits: [{type: '', max: {cpu: 1}}]}",
        ],
        accepts: &["{limits: [{type: Container, max: {cpu: 1}}, {type: Pod, max: {cpu: 1}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "limit-range-resources",
        at: "core/v1.LimitRangeItem",
        check: resources,
        refuses: &[
            "{type: Container, max: {gpus: 1}}",
            "{type: Container, max: {storage: 1}}",
            "{type: Pod, max: {cpu: 1}, default: {cpu: 1}}",
            "{type: PersistentVolumeClaim, max: {cpu: 1}}",
        ],
        accepts: &["{type: Container, max: {a.example/gpu: 1}}", "{type: PersistentVolumeClaim, max: {storage: 1}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "limit-range-order",
        at: "core/v1.LimitRangeItem",
        check: order,
        refuses: &[
            "{type: Pod, min: {cpu: 2}, max: {cpu: 1}}",
            "{type: Container, min: {cpu: 2}, defaultRequest: {cpu: 1}}",
            "{type: Container, max: {cpu: 1}, defaultRequest: {cpu: 2}, default: {cpu: 1}}",
            "{type: Container, defaultRequest: {cpu: 2}, default: {cpu: 1}}",
            "{type: Container, max: {cpu: 1}, default: {cpu: 2}}",
            "{type: Container, maxLimitRequestRatio: {cpu: 500m}}",
            "{type: Pod, min: {cpu: 1}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 3}}",
            "{type: Container, default: {a.example/gpu: 2}, defaultRequest: {a.example/gpu: 1}}",
        ],
        accepts: &[
            "{type: Container, min: {cpu: 1}, defaultRequest: {cpu: 1}, default: {cpu: 2}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 2}}",
        ],
        ..Rule::ALWAYS
    },
];

fn resources(at: &mut At<'_>) {
    let kind = at.text(&["type"]).unwrap_or_default();
    for field in FIELDS {
        let Some(node) = at.get(&[field]).filter(|node| has_any(Some(node))) else { continue };
        if kind == "Pod" && field.starts_with("default") {
            let message =
                format!("`{field}` may not stand at the type `Pod`: containers have defaults, pods have none");
            forbid(at, field, node, message, "write it for the type `Container`");
            continue;
        }
        for entry in node.as_map().into_iter().flatten() {
            let name = entry.key.text.as_str();
            let Some(reason) = refused(name, kind) else { continue };
            let message = format!("`{name}` is no resource of the type `{kind}`: {reason}");
            at.report(format!("{field}[{name}]"), Diagnostic::new(Code::InvalidName, entry.key.origin, message));
        }
    }
    let has_storage = ["min", "max"].into_iter().any(|field| at.get(&[field, "storage"]).is_some());
    if kind == "PersistentVolumeClaim" && !has_storage {
        at.missing("max[storage]", "missing `storage` in `max` or `min`: that is what claims are limited in");
    }
}

/// Returns why the name of a resource is refused for a type.
pub(super) fn refused(name: &str, kind: &str) -> Option<String> {
    if let Err(reason) = label_key(name) {
        return Some(reason);
    }
    let of_containers = matches!(kind, "Pod" | "Container");
    if name.contains('/') {
        let odd = of_containers && !is_native(name) && !is_extended(name);
        return odd.then(|| "expected a name without `requests.`".to_owned());
    }
    let known = if of_containers {
        OF_CONTAINERS.contains(&name) || is_huge_pages(name)
    } else {
        name == "storage" || is_standard(name)
    };
    let reason = "expected one that Kubernetes knows, or one with a group, as in `example.com/gpu`";
    (!known).then(|| reason.to_owned())
}

/// An amount, with the field that it is written in.
#[derive(Clone)]
struct Amount<'a> {
    value: Quantity,
    node: &'a Node,
    field: &'static str,
}

fn order(at: &mut At<'_>) {
    let names: BTreeSet<SmolStr> = FIELDS
        .iter()
        .filter_map(|field| at.get(&[field])?.as_map())
        .flat_map(|map| map.iter().map(|entry| entry.key.text.clone()))
        .collect();
    let kind = at.text(&["type"]).unwrap_or_default();
    for name in names {
        let amount = |field: &'static str| {
            let node = at.get(&[field, &name]).filter(|_| kind != "Pod" || !field.starts_with("default"))?;
            Some(Amount { value: quantity(node)?, node, field })
        };
        let (max, min) = (amount("max"), amount("min"));
        let (mut default, mut request) = (amount("default"), amount("defaultRequest"));
        // For containers the server fills the defaults in before it looks at them.
        if kind == "Container" {
            default = default.or_else(|| max.clone());
            request = request.or_else(|| default.clone()).or_else(|| min.clone());
        }
        let pairs = [
            (&min, &max),
            (&min, &request),
            (&request, &max),
            (&request, &default),
            (&min, &default),
            (&default, &max),
        ];
        let wrong = pairs.into_iter().find_map(|pair| match pair {
            (Some(less), Some(more)) if less.value > more.value => Some((less.clone(), more.clone())),
            _ => None,
        });
        let ratio = amount("maxLimitRequestRatio");
        if let Some((less, more)) = wrong {
            let text = |amount: &Amount<'_>| amount.node.text().cloned().unwrap_or_default();
            let message = format!(
                "expected at least as much `{name}` as `{}` says, which is `{}`, found `{}`",
                less.field,
                text(&less),
                text(&more)
            );
            let finding = Diagnostic::new(Code::InvalidValue, more.node.origin(), message);
            at.report(format!("{}[{name}]", more.field), finding.also(less.node.origin(), "the lower one"));
        } else if let Some(ratio) = &ratio
            && let Some(reason) = refused_ratio(&ratio.value, min.as_ref(), max.as_ref())
        {
            at.invalid(format!("{}[{name}]", ratio.field), ratio.node, reason);
        } else if let (Some(request), Some(default)) = (request, default)
            && (!is_native(&name) || is_huge_pages(&name))
            && request.value != default.value
        {
            let message =
                format!("expected as much as in `default`: of `{name}` pods get what they ask for, and no more");
            at.invalid(format!("{}[{name}]", request.field), request.node, message);
        }
    }
}

fn refused_ratio(ratio: &Quantity, min: Option<&Amount<'_>>, max: Option<&Amount<'_>>) -> Option<String> {
    if *ratio < Quantity::of(1, 0, crate::kubernetes::Notation::Decimal) {
        return Some("expected a ratio of at least 1, found less".to_owned());
    }
    let (min, max) = (min?, max?);
    // The server counts in thousandths where all of them are small enough, and in whole numbers otherwise.
    let scale =
        if [ratio, &min.value, &max.value].iter().all(|value| value.units(0) < i64::MAX / 1000) { -3 } else { 0 };
    let (min, max, ratio) = (min.value.units(scale), max.value.units(scale), ratio.units(scale));
    let whole = if scale == 0 { 1 } else { 1000 };
    let most = i128::from(max) * whole;
    (min > 0 && i128::from(ratio) * i128::from(min) > most)
        .then(|| "expected a ratio up to that of `max` and `min`, found a greater one".to_owned())
}
