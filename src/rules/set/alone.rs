//! What an object says of itself in two places, and the server does not hold together.

use super::super::at::{get, items, text};
use super::super::pod::containers;
use super::gather::About;
use super::ports::{named_ports, port_name, with_near};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Manifest, pod_spec_field};
use crate::text::Node;

/// Where a container says how it is asked.
pub(in crate::rules) const HANDLERS: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

/// Looks at an object that makes pods.
pub(super) fn judge(object: &Manifest, about: &About, found: &mut Vec<Diagnostic>) {
    let (Some(pod), Some(spec)) = (template(object), pod_spec_field(&object.key)) else { return };
    for (place, container) in containers(pod) {
        probes(container, about, &format_args!("{spec}.{place}"), found);
    }
    shadowed(object, pod, about, found);
}

/// Finds probes and hooks that ask at a port by a name that their own container has none of.
fn probes(container: &Node, about: &About, place: &std::fmt::Arguments<'_>, found: &mut Vec<Diagnostic>) {
    for path in HANDLERS {
        let Some(asking) = get(container, path) else { continue };
        for handler in ["httpGet", "tcpSocket"] {
            let Some(port) = get(asking, &[handler, "port"]) else { continue };
            let Some(name) = port_name(port) else { continue };
            let names: Vec<&str> = named_ports(container).collect();
            if names.contains(&name) {
                continue;
            }
            let field = format!("{place}.{}.{handler}.port", path.join("."));
            let message = format!("the container has no port `{name}`, at which it would be asked");
            let finding = Diagnostic::new(Code::UndeclaredReference, port.origin(), message);
            found.push(about.subject(with_near(finding, name, &names), field));
        }
    }
}

/// Finds volumes in whose place the claims of a `StatefulSet` stand.
fn shadowed(object: &Manifest, pod: &Node, about: &About, found: &mut Vec<Diagnostic>) {
    for (_, claim) in items(&object.node, &["spec", "volumeClaimTemplates"]) {
        let Some(name) = text(claim, &["metadata", "name"]) else { continue };
        let Some((number, volume)) = items(pod, &["volumes"]).find(|(_, volume)| text(volume, &["name"]) == Some(name))
        else {
            continue;
        };
        let place = volume.get("name").unwrap_or(volume).origin();
        let message = format!("the pods get the claim `{name}` in place of the volume of that name");
        let finding = Diagnostic::new(Code::WithoutEffect, place, message)
            .also(claim.at(&["metadata", "name"]).unwrap_or(claim).origin(), "the template of the claim")
            .help("give one of them another name, or take the volume out");
        found.push(about.subject(finding, format_args!("spec.template.spec.volumes[{number}].name")));
    }
}
