//! What an object says of itself in two places, and the server does not hold together.

use super::super::at::{get, items, text};
use super::gather::About;
use super::ports::{named_ports, port_name, with_near};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Manifest, name, pod_spec_field};
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
    let Some(pod) = template(object) else { return };
    for list in ["containers", "initContainers"] {
        for (number, container) in items(pod, &[list]) {
            probes(container, about, (list, number), found);
        }
    }
    for (number, volume, claim) in shadowed(object) {
        let place = volume.get("name").unwrap_or(volume);
        let name = place.as_str().unwrap_or_default();
        let message = format!("the pods get the claim `{name}` in place of the volume of that name");
        let finding = Diagnostic::new(Code::WithoutEffect, place.origin(), message)
            .also(claim.at(&["metadata", "name"]).unwrap_or(claim).origin(), "the template of the claim")
            .help("give one of them another name, or take the volume out");
        found.push(about.subject(finding, format_args!("spec.template.spec.volumes[{number}].name")));
    }
}

/// Finds probes and hooks that ask at a port by a name that their own container has none of.
fn probes(container: &Node, about: &About, place: (&str, usize), found: &mut Vec<Diagnostic>) {
    for path in HANDLERS {
        let Some(asking) = get(container, path) else { continue };
        for handler in ["httpGet", "tcpSocket"] {
            let Some(port) = get(asking, &[handler, "port"]) else { continue };
            let Some(name) = port_name(port) else { continue };
            // One whose name is none, or which is none, may be meant, and is told by itself.
            let is_broken = |(_, port): (usize, &Node)| port.as_map().is_none();
            if named_ports(container).any(|own| own == name || name::port_name(own).is_err())
                || items(container, &["ports"]).any(is_broken)
            {
                continue;
            }
            let names: Vec<&str> = named_ports(container).collect();
            let spec = pod_spec_field(&about.key).unwrap_or_default();
            let field = format!("{spec}.{}[{}].{}.{handler}.port", place.0, place.1, path.join("."));
            let message = format!("the container has no port `{name}`, at which it would be asked");
            let finding = Diagnostic::new(Code::UndeclaredReference, port.origin(), message);
            found.push(about.subject(with_near(finding, name, &names), field));
        }
    }
}

/// Returns the volumes, with their numbers, in whose place the claims of a `StatefulSet` stand.
pub(super) fn shadowed(object: &Manifest) -> impl Iterator<Item = (usize, &Node, &Node)> {
    let volumes = template(object).map(|pod| items(pod, &["volumes"])).into_iter().flatten();
    volumes.filter_map(|(number, volume)| {
        let mut claims = items(&object.node, &["spec", "volumeClaimTemplates"]);
        let name = text(volume, &["name"])?;
        let claim = claims.find(|(_, claim)| text(claim, &["metadata", "name"]) == Some(name));
        claim.map(|(_, claim)| (number, volume, claim))
    })
}
