//! `HorizontalPodAutoscaler`: bounds, targets, metrics, and how fast they act.

use super::at::{get, number, quantity, text};
use super::limit_range::refused;
use super::value::{at_least, filled, has_any, missing, named, named_if_any, one_of, within};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_label, path_segment};
use crate::kubernetes::{Minor, Quantity};
use crate::text::Node;

/// The first minor that scales to nothing.
const SCALES_TO_ZERO: Minor = Minor(37);
/// The first minor that reads the version of what is scaled.
const VERSIONED: Minor = Minor(34);
/// The types of metrics, each with the field that it is in.
const METRICS: [(&str, &str); 5] = [
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
    ("External", "external"),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "autoscaler-bounds",
        at: "autoscaling/v2.HorizontalPodAutoscalerSpec",
        check: bounds,
        refuses: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 0}",
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 3, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: -1, maxReplicas: 2}",
        ],
        accepts: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 2, maxReplicas: 2}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-bounds-of-v1",
        at: "autoscaling/v1.HorizontalPodAutoscalerSpec",
        check: |at| {
            bounds(at);
            if let Some(node) = at.get(&["targetCPUUtilizationPercentage"]) {
                at_least(at, "targetCPUUtilizationPercentage", node, "a percentage", 1);
            }
        },
        refuses: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 3, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2, targetCPUUtilizationPercentage: 0}",
        ],
        accepts: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2, targetCPUUtilizationPercentage: 200}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-to-zero",
        at: "autoscaling/v2.HorizontalPodAutoscalerSpec",
        minors: (SCALES_TO_ZERO, Minor(u32::MAX)),
        check: |at| {
            let from_outside = |item: &Node| matches!(text(item, &["type"]), Some("Object" | "External"));
            let Some(node) = at.get(&["minReplicas"]).filter(|node| number(node) == Some(0)) else { return };
            if !at.items(&["metrics"]).any(|(_, item)| from_outside(item)) {
                let message =
                    "expected a metric of the type Object or External beside `0`: no pods have no use to measure";
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report("minReplicas", finding.help("write `minReplicas: 1`, or add such a metric"));
            }
        },
        refuses: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 0, maxReplicas: 2}",
        ],
        accepts: &[
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 0, maxReplicas: 2, metrics: [{type: External, external: {metric: {name: a}, target: {type: Value, value: 1}}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-target",
        at: "autoscaling/v2.HorizontalPodAutoscalerSpec",
        check: |at| target(at, "scaleTargetRef", true),
        refuses: &[
            "{scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: v1, kind: Deployment, name: a}, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: a/b/c, kind: Deployment, name: a}, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a/b}, maxReplicas: 2}",
        ],
        accepts: &["{scaleTargetRef: {kind: ReplicationController, name: a}, maxReplicas: 2}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-target-of-v1",
        at: "autoscaling/v1.HorizontalPodAutoscalerSpec",
        check: |at| target(at, "scaleTargetRef", true),
        refuses: &[
            "{scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 2}",
            "{scaleTargetRef: {apiVersion: apps/v1, kind: '', name: a}, maxReplicas: 2}",
        ],
        accepts: &["{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-metric",
        at: "autoscaling/v2.MetricSpec",
        check: metric,
        refuses: &[
            "{type: CPU}",
            "{type: Resource}",
            "{type: Pods, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}}",
            "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}, pods: {metric: {name: a}, target: {type: AverageValue, averageValue: 1}}}",
        ],
        accepts: &["{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-metric-source",
        at: "autoscaling/v2.MetricSpec",
        check: sources,
        refuses: &[
            "{type: Resource, resource: {name: cpu, target: {type: Utilization}}}",
            "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80, averageValue: 1}}}",
            "{type: Resource, resource: {name: '', target: {type: Utilization, averageUtilization: 80}}}",
            "{type: ContainerResource, containerResource: {name: cpu, container: A, target: {type: Utilization, averageUtilization: 80}}}",
            "{type: ContainerResource, containerResource: {name: gpu, container: a, target: {type: Utilization, averageUtilization: 80}}}",
            "{type: Pods, pods: {metric: {name: a}, target: {type: AverageValue, value: 1}}}",
            "{type: External, external: {metric: {name: a}, target: {type: Value}}}",
            "{type: External, external: {metric: {name: a}, target: {type: Value, value: 1, averageValue: 1}}}",
            "{type: Object, object: {describedObject: {kind: A, name: ''}, metric: {name: a}, target: {type: Value, value: 1}}}",
        ],
        accepts: &[
            "{type: Object, object: {describedObject: {kind: A, name: a}, metric: {name: a}, target: {type: Value, value: 1, averageValue: 1}}}",
            "{type: Resource, resource: {name: any.example/a, target: {type: Value, averageUtilization: 800}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-metric-name",
        at: "autoscaling/v2.MetricIdentifier",
        check: |at| {
            if let Some(node) = at.get(&["name"]) {
                named(at, "name", node, "a metric", path_segment);
            }
        },
        refuses: &["{name: ''}", "{name: a/b}"],
        accepts: &["{name: 'A b'}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-metric-target",
        at: "autoscaling/v2.MetricTarget",
        check: |at| {
            if let Some(node) = at.get(&["type"]) {
                one_of(at, "type", node, &["Utilization", "Value", "AverageValue"]);
            }
            for field in ["value", "averageValue"] {
                let Some(node) = at.get(&[field]) else { continue };
                if quantity(node).is_some_and(|found| found <= Quantity::ZERO) {
                    let shown = node.text().cloned().unwrap_or_default();
                    at.invalid(field, node, format!("expected an amount above zero, found `{shown}`"));
                }
            }
            if let Some(node) = at.get(&["averageUtilization"]) {
                at_least(at, "averageUtilization", node, "a percentage", 1);
            }
        },
        refuses: &[
            "{type: Percent, averageUtilization: 80}",
            "{type: Utilization, averageUtilization: 0}",
            "{type: AverageValue, averageValue: 0}",
            "{type: AverageValue, averageValue: -1}",
        ],
        accepts: &["{type: Utilization, averageUtilization: 1}", "{type: AverageValue, averageValue: 1m}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-pace",
        at: "autoscaling/v2.HPAScalingRules",
        check: |at| {
            if let Some(node) = at.get(&["stabilizationWindowSeconds"]) {
                within(at, "stabilizationWindowSeconds", node, "seconds", 0..=3600);
            }
            if let Some(node) = at.get(&["selectPolicy"]) {
                one_of(at, "selectPolicy", node, &["Max", "Min", "Disabled"]);
            }
            if let Some(node) = at.get(&["policies"]).filter(|node| !has_any(Some(node))) {
                let message = "expected at least one policy, found none";
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report("policies", finding.help("take `policies` out for those of the server"));
            }
            let tolerance = at.get(&["tolerance"]).filter(|_| at.keeps("autoscaling/v2.HPAScalingRules", "tolerance"));
            if let Some(node) = tolerance.filter(|node| quantity(node).is_some_and(|found| found.is_negative())) {
                let shown = node.text().cloned().unwrap_or_default();
                at.invalid("tolerance", node, format!("expected an amount of at least 0, found `{shown}`"));
            }
        },
        refuses: &[
            "{stabilizationWindowSeconds: 3601}",
            "{stabilizationWindowSeconds: -1}",
            "{selectPolicy: Most}",
            "{policies: []}",
            "{tolerance: -1}",
        ],
        accepts: &["{stabilizationWindowSeconds: 3600, selectPolicy: Disabled}", "{tolerance: 0}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "autoscaler-policy",
        at: "autoscaling/v2.HPAScalingPolicy",
        check: |at| {
            if let Some(node) = at.get(&["type"]) {
                one_of(at, "type", node, &["Pods", "Percent"]);
            }
            if let Some(node) = at.get(&["value"]) {
                at_least(at, "value", node, "a number", 1);
            }
            if let Some(node) = at.get(&["periodSeconds"]) {
                within(at, "periodSeconds", node, "seconds", 1..=1800);
            }
        },
        refuses: &[
            "{type: Pod, value: 1, periodSeconds: 60}",
            "{type: Pods, value: 0, periodSeconds: 60}",
            "{type: Pods, value: 1, periodSeconds: 1801}",
            "{type: Pods, value: 1, periodSeconds: 0}",
        ],
        accepts: &["{type: Percent, value: 900, periodSeconds: 1800}"],
        ..Rule::ALWAYS
    },
];

fn bounds(at: &mut At<'_>) {
    let count = |field: &str| at.get(&[field]).and_then(|node| Some((number(node)?, node)));
    let (least, most) = (count("minReplicas"), count("maxReplicas"));
    if let Some((_, node)) = most.filter(|(most, _)| *most < 1) {
        at_least(at, "maxReplicas", node, "a number of replicas", 1);
        return;
    }
    let lowest = i64::from(at.minor() < SCALES_TO_ZERO);
    let Some((least, node)) = least else { return };
    if least < lowest {
        at_least(at, "minReplicas", node, "a number of replicas", lowest);
    } else if let Some((most, node)) = most.filter(|(most, _)| *most < least) {
        let message = format!("expected at least as many as `minReplicas`, which is `{least}`, found `{most}`");
        at.invalid("maxReplicas", node, message);
    }
}

/// Looks at a reference to an object, whose version may need a group.
fn target(at: &mut At<'_>, place: &str, grouped: bool) {
    let path: Vec<&str> = place.split('.').collect();
    let Some(reference) = at.get(&path) else { return };
    for field in ["kind", "name"] {
        if let Some(node) = get(reference, &[field]) {
            named(at, format_args!("{place}.{field}"), node, "an object", path_segment);
        }
    }
    if at.minor() < VERSIONED {
        return;
    }
    let version = text(reference, &["apiVersion"]).unwrap_or_default();
    let place = format!("{place}.apiVersion");
    let needs_group = grouped && text(reference, &["kind"]) != Some("ReplicationController");
    let has_group = version.split_once('/').is_some_and(|(group, _)| !group.is_empty());
    match get(reference, &["apiVersion"]) {
        Some(node) if version.matches('/').count() > 1 => {
            at.invalid(place, node, format!("expected a group and a version, as in `apps/v1`, found `{version}`"));
        }
        Some(node) if needs_group && !has_group => {
            let message = format!("expected a version with its group, as in `apps/v1`, found `{version}`");
            at.invalid(place, node, message);
        }
        None if needs_group => {
            missing(
                at,
                place,
                reference.origin(),
                "missing field `apiVersion`: what is scaled has a group, as in `apps/v1`",
            );
        }
        _ => {}
    }
}

fn metric(at: &mut At<'_>) {
    let Some(node) = at.get(&["type"]) else { return };
    if !one_of(at, "type", node, &METRICS.map(|(name, _)| name)) {
        return;
    }
    let Some((name, wanted)) = METRICS.into_iter().find(|(name, _)| node.as_str() == Some(*name)) else { return };
    if let Some((field, other)) = METRICS
        .into_iter()
        .filter(|(_, field)| *field != wanted)
        .find_map(|(_, field)| Some((field, at.get(&[field])?)))
    {
        let message = format!("`{field}` may not stand in a metric of the type {name}");
        let finding = Diagnostic::new(Code::ForbiddenField, other.origin(), message);
        at.report(field, finding.also(node.origin(), "the type").help(format!("write `{wanted}`, or another type")));
    } else if at.get(&[wanted]).is_none() {
        at.missing(wanted, format!("missing field `{wanted}` of a metric of the type {name}"));
    }
}

/// Looks at the source of a metric, where it has one alone.
fn sources(at: &mut At<'_>) {
    let there: Vec<&str> =
        METRICS.into_iter().map(|(_, field)| field).filter(|field| at.get(&[field]).is_some()).collect();
    let [source] = there.as_slice() else { return };
    if *source == "object" {
        target(at, "object.describedObject", false);
    }
    if source.ends_with("esource") {
        filled(at, format_args!("{source}.name"), at.get(&[source, "name"]), "a resource");
        filled(at, format_args!("{source}.container"), at.get(&[source, "container"]), "a container");
        let container = at.get(&[source, "container"]);
        named_if_any(at, format_args!("{source}.container"), container, "a container", dns_label);
    }
    if let Some((name, node)) = at.text(&["containerResource", "name"]).zip(at.get(&["containerResource", "name"]))
        && let Some(reason) = refused(name, "Container")
    {
        let message = format!("`{name}` is no resource of a container: {reason}");
        at.report("containerResource.name", Diagnostic::new(Code::InvalidName, node.origin(), message));
    }
    let Some(target) = at.get(&[source, "target"]) else { return };
    let has = |field: &str| get(target, &[field]);
    let (first, second) = match *source {
        "pods" => ("averageValue", None),
        "object" | "external" => ("value", Some("averageValue")),
        _ => ("averageUtilization", Some("averageValue")),
    };
    match (has(first), second.and_then(has)) {
        (None, None) => {
            let list = second.map_or_else(|| format!("`{first}`"), |second| format!("`{first}` or `{second}`"));
            let message = format!("missing {list}: the target of the metric");
            missing(at, format_args!("{source}.target.{first}"), target.origin(), message);
        }
        (Some(one), Some(other)) if *source != "object" => {
            let message = format!("`averageValue` may not stand beside `{first}`: the target is one of both");
            let finding = Diagnostic::new(Code::ForbiddenField, other.origin(), message);
            at.report(format_args!("{source}.target.averageValue"), finding.also(one.origin(), "the other one"));
        }
        _ => {}
    }
}
