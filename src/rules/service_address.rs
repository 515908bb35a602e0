//! Services: the addresses in the cluster, and their families.

use super::address::{Address, address};
use super::service::{is_headless, kind};
use super::value::again;
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Node;

/// The families of addresses there are.
const FAMILIES: usize = 2;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "service-cluster-ips",
        at: "core/v1.ServiceSpec",
        check: cluster_ips,
        refuses: &[
            "{ports: [{port: 80}], clusterIP: a}",
            "{ports: [{port: 80}], clusterIPs: [10.0.0.10]}",
            "{ports: [{port: 80}], clusterIP: 10.0.0.10, clusterIPs: [10.0.0.11]}",
            "{ports: [{port: 80}], clusterIP: None, clusterIPs: [None, 10.0.0.11]}",
            "{ports: [{port: 80}], clusterIP: 10.0.0.10, clusterIPs: [10.0.0.10, 10.0.0.11], ipFamilyPolicy: RequireDualStack}",
            "{ports: [{port: 80}], clusterIP: 10.0.0.10, ipFamilies: [IPv6]}",
            "{ports: [{port: 80}], clusterIP: 10.0.0.010}",
        ],
        accepts: &[
            "{ports: [{port: 80}], clusterIP: None}",
            "{ports: [{port: 80}], clusterIP: None, clusterIPs: [None]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-ip-families",
        at: "core/v1.ServiceSpec",
        check: families,
        refuses: &[
            "{clusterIP: None, ipFamilies: [IPv4, IPv4]}",
            "{clusterIP: None, ipFamilies: [IPv4, IPv6], ipFamilyPolicy: SingleStack}",
            "{clusterIP: None, selector: {a: b}, ipFamilies: [IPv4, IPv6]}",
        ],
        accepts: &["{clusterIP: None, ipFamilies: [IPv4, IPv6]}", "{ports: [{port: 80}], ipFamilyPolicy: SingleStack}"],
        ..Rule::ALWAYS
    },
];

fn cluster_ips(at: &mut At<'_>) {
    if kind(at) == "ExternalName" {
        return;
    }
    let several: Vec<(String, &Node)> =
        at.items(&["clusterIPs"]).map(|(index, node)| (format!("clusterIPs[{index}]"), node)).collect();
    let one = at.get(&["clusterIP"]).filter(|node| node.as_str() != Some(""));
    match (one, several.first()) {
        (None, Some(_)) => {
            at.missing("clusterIP", "missing field `clusterIP`: it is the first of `clusterIPs`");
            return;
        }
        (Some(one), Some((place, first))) if one.as_str() != first.as_str() => {
            let shown = first.as_str().unwrap_or_default();
            let message = format!("expected the address of `clusterIP` first, found `{shown}`");
            let finding =
                Diagnostic::new(Code::InvalidValue, first.origin(), message).also(one.origin(), "the address");
            at.report(place, finding);
            return;
        }
        _ => {}
    }
    let all = match one {
        Some(one) if several.is_empty() => vec![("clusterIP".to_owned(), one)],
        _ => several,
    };
    if let [(_, first), (place, second), ..] = all.as_slice()
        && first.as_str() == Some("None")
    {
        at.invalid(place, second, "expected no more addresses beside `None`: a headless Service has none");
        return;
    }
    let mut found = Vec::new();
    for (place, node) in all.iter().filter(|(_, node)| node.as_str() != Some("None") || all.len() > 1) {
        found.push(address(at, place, node));
    }
    let Some(found) = found.into_iter().collect::<Option<Vec<Address>>>() else { return };
    if let Some((place, node)) = all.get(FAMILIES) {
        at.invalid(place, node, "expected at most two addresses, one of each family, found more");
        return;
    }
    if let ([one, other], Some((place, node))) = (found.as_slice(), all.get(1))
        && one.is_v4() == other.is_v4()
    {
        at.invalid(place, node, "expected an address of the other family, found one of the same as the first");
        return;
    }
    let families: Vec<_> = at.items(&["ipFamilies"]).collect();
    for ((address, (place, node)), (_, family)) in found.iter().zip(&all).zip(families) {
        let expected = if address.is_v4() { "IPv4" } else { "IPv6" };
        let Some(wanted) = family.as_str().filter(|family| matches!(*family, "IPv4" | "IPv6") && *family != expected)
        else {
            continue;
        };
        let shown = node.as_str().unwrap_or_default();
        let message = format!("expected an address of {wanted}, as `ipFamilies` says, found `{shown}`");
        at.report(
            place,
            Diagnostic::new(Code::InvalidValue, node.origin(), message).also(family.origin(), "the family"),
        );
    }
}

fn families(at: &mut At<'_>) {
    if kind(at) == "ExternalName" {
        return;
    }
    let families: Vec<_> = at.items(&["ipFamilies"]).collect();
    for (index, node) in &families {
        let first = families.iter().take(*index).find(|(_, first)| first.as_str() == node.as_str());
        if let Some((_, first)) = first {
            let message = "expected each family once, found the same again";
            again(at, format_args!("ipFamilies[{index}]"), node, first.origin(), message);
            return;
        }
    }
    let headless = is_headless(at.node());
    let selects = super::value::has_any(at.get(&["selector"]));
    let field = if families.len() == FAMILIES { "ipFamilies" } else { "clusterIPs" };
    let addresses: Vec<_> = at.items(&["clusterIPs"]).map(|(_, node)| Address::parse(node.as_str()?)).collect();
    let both = matches!(addresses.as_slice(), [Some(one), Some(other)] if one.is_v4() != other.is_v4());
    if families.len() != FAMILIES && !both {
        return;
    }
    let help = "write `ipFamilyPolicy: RequireDualStack` or `PreferDualStack`";
    match at.text(&["ipFamilyPolicy"]) {
        Some("SingleStack") => {
            if let Some(node) = at.get(&["ipFamilyPolicy"]) {
                let message = format!("expected a policy of two families beside two of `{field}`, found `SingleStack`");
                at.report("ipFamilyPolicy", Diagnostic::new(Code::InvalidValue, node.origin(), message).help(help));
            }
        }
        None if !headless || selects => {
            let message =
                format!("missing field `ipFamilyPolicy`: without it a Service has one family, and `{field}` has two");
            at.report("ipFamilyPolicy", Diagnostic::new(Code::MissingField, at.origin(), message).help(help));
        }
        _ => {}
    }
}
