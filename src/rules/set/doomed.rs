//! What the server takes, and what then fails: pods that are refused or never placed, and ports that no node has.
//!
//! An object enters, warnings leave. All of it is about one object.

use std::collections::HashMap;

use super::super::at::{get, items, number_at, text};
use super::gather::About;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Manifest, pod_spec_field};
use crate::text::{Node, Origin};

/// The ports of nodes that Services get where the server is not told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// A `StatefulSet` appends a dash and ten letters to its name for a label of its pods.
const SET_LENGTH: usize = 52;
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

pub(super) fn judge(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    let (group, kind) = (about.key.group.as_str(), about.key.kind.as_str());
    match (group, kind) {
        ("", "Service") => {
            node_ports(object, about, found);
            node_ports_once(object, about, found);
        }
        ("apps", "StatefulSet") => set_name(object, about, found),
        _ => {}
    }
    let (Some(pod), Some(spec)) = (template(object), pod_spec_field(&about.key)) else { return };
    // Of a pod itself spaces are refused.
    if kind != "Pod" {
        image_spaces(pod, &spec, about, found);
    }
    comparisons(pod, &spec, about, found);
}

fn warning(node: &Node, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::ServerWarning, node.origin(), message).help(help)
}

fn node_ports(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    if !matches!(get(&object.node, &["spec", "type"]).and_then(Node::as_str), Some("NodePort" | "LoadBalancer")) {
        return;
    }
    for (index, port) in items(&object.node, &["spec", "ports"]) {
        let number = number_at(port, &["nodePort"]).filter(|number| (1..=65_535).contains(number));
        let Some((number, node)) = number.filter(|number| !NODE_PORTS.contains(number)).zip(port.get("nodePort"))
        else {
            continue;
        };
        let (least, most) = NODE_PORTS.into_inner();
        let message = format!("expected a port of nodes from {least} to {most}, found `{number}`");
        let help = "leave it out, and the server chooses one; where the server has another range \
                    (`--service-node-port-range`), allow it";
        found.push(about.subject(warning(node, message, help), format_args!("spec.ports[{index}].nodePort")));
    }
}

/// The server gives a port of nodes to one port of a Service: two protocols share it where that is the same one.
fn node_ports_once(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<i64, (i64, &str, Origin)> = HashMap::new();
    for (index, item) in items(&object.node, &["spec", "ports"]) {
        let of_node = number_at(item, &["nodePort"]).filter(|number| *number != 0).zip(item.get("nodePort"));
        let (Some((number, node)), Some(port)) = (of_node, number_at(item, &["port"])) else { continue };
        let protocol = text(item, &["protocol"]).unwrap_or("TCP");
        let (first, of, origin) = *seen.entry(number).or_insert((port, protocol, node.origin()));
        if first != port && of != protocol {
            let message =
                format!("expected another `nodePort` for the port {port} than for {first}, found `{number}` twice");
            let finding = Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(origin, "the first time");
            found.push(about.subject(finding, format_args!("spec.ports[{index}].nodePort")));
        }
    }
}

fn set_name(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    let Some(node) = object.node.at(&["metadata", "name"]) else { return };
    let length = node.as_str().map_or(0, str::len);
    if length > SET_LENGTH {
        let message = format!(
            "expected at most {SET_LENGTH} characters, found {length}: with a suffix of 11 the name is a label of the pods, \
             which are refused"
        );
        found.push(about.subject(warning(node, message, "give the `StatefulSet` a shorter name"), "metadata.name"));
    }
}

/// The image of a template is looked at when its pods are made.
fn image_spaces(pod: &Node, spec: &str, about: &About, found: &mut Vec<Diagnostic>) {
    for list in ["containers", "initContainers"] {
        for (index, container) in items(pod, &[list]) {
            let Some((node, image)) = container.get("image").zip(text(container, &["image"])) else { continue };
            if image.trim() != image {
                let message = "expected an image without spaces around it, found some: the pods are refused";
                let help = format!("write `{}`", words::shown(image.trim()));
                found.push(about.subject(warning(node, message, help), format_args!("{spec}.{list}[{index}].image")));
            }
        }
    }
}

/// What is compared with labels of nodes must be a whole number, or no node fits.
fn comparisons(pod: &Node, spec: &str, about: &About, found: &mut Vec<Diagnostic>) {
    let terms = ["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"];
    for (number, term) in items(pod, &terms) {
        for (index, requirement) in items(term, &["matchExpressions"]) {
            let (Some(operator @ ("Gt" | "Lt")), Some((_, node))) =
                (text(requirement, &["operator"]), items(requirement, &["values"]).next())
            else {
                continue;
            };
            let Some(value) = node.as_str().filter(|value| value.parse::<i64>().is_err()) else { continue };
            let message =
                format!("expected a whole number for `{operator}`, found {}: no node fits", words::word(value));
            let place = format!("{spec}.{}[{number}].matchExpressions[{index}].values[0]", terms.join("."));
            found.push(about.subject(warning(node, message, "write a number in quotes, or another operator"), place));
        }
    }
}
