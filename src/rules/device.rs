//! Devices that are asked for: which ones, how many, and how they are set up.

use super::Rule;
use super::admission::expression::compiled;
use super::at::{At, number};
use super::value::{forbid, named, named_if_any};
use crate::cel::{Environment, Object, Ty};
use crate::kubernetes::Minor;
use crate::kubernetes::name::{dns_subdomain, label_key, label_value};

/// The most bytes of an expression that selects devices, and of what a driver is told.
const LONGEST: usize = 10 * 1024;
/// The most selectors of one request.
const SELECTORS: usize = 32;
/// The most characters of the name of a driver, and of an attribute.
const DRIVER: usize = 63;
const ATTRIBUTE: usize = 32;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "device-amount",
        at: "resource/v1.ExactDeviceRequest",
        kin: &[
            "resource/v1beta2.ExactDeviceRequest",
            "resource/v1.DeviceSubRequest",
            "resource/v1beta2.DeviceSubRequest",
            "resource/v1beta1.DeviceSubRequest",
        ],
        check: amount,
        refuses: &[
            "{deviceClassName: ''}",
            "{deviceClassName: A_b}",
            "{deviceClassName: a, count: -1}",
            "{deviceClassName: a, allocationMode: All, count: 2}",
        ],
        accepts: &[
            "{deviceClassName: a.example, count: 0}",
            "{deviceClassName: a, allocationMode: ExactCount, count: 2}",
            "{deviceClassName: a, allocationMode: All}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-selector",
        at: "resource/v1.DeviceSelector",
        kin: &[
            "resource/v1beta2.DeviceSelector",
            "resource/v1beta1.DeviceSelector",
            "resource/v1alpha3.DeviceSelector",
        ],
        check: |at| match at.get(&["cel"]) {
            None => at.missing("cel", "missing field `cel`: which devices are selected"),
            Some(node) => selector(at, node),
        },
        refuses: &[
            "{}",
            "{cel: {expression: ''}}",
            "{cel: {expression: 'device.driver =='}}",
            "{cel: {expression: '1'}}",
            "{cel: {expression: device.driver}}",
            "{cel: {expression: 'device.model == 1'}}",
            "{cel: {expression: 'object.x == 1'}}",
        ],
        accepts: &[
            "{cel: {expression: 'device.driver == \"a.example\"'}}",
            "{cel: {expression: 'device.attributes[\"a.example\"].isNew'}}",
            "{cel: {expression: 'cel.bind(own, device.attributes[\"a.example\"], own.model == \"b\" && own.index < 4)'}}",
            "{cel: {expression: 'device.capacity[\"a.example\"].memory.compareTo(quantity(\"10Gi\")) >= 0'}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-constraint",
        at: "resource/v1.DeviceConstraint",
        kin: &["resource/v1beta2.DeviceConstraint", "resource/v1beta1.DeviceConstraint"],
        check: |at| {
            let attributes = ["matchAttribute", "distinctAttribute"];
            if attributes.iter().all(|field| at.get(&[field]).is_none()) {
                let message = "missing field `matchAttribute` or `distinctAttribute`: which attribute is alike, or not";
                at.missing("", message);
            }
            for field in attributes {
                if let Some(node) = at.get(&[field]) {
                    named(at, field, node, "an attribute", attribute);
                }
            }
        },
        refuses: &[
            "{requests: [a]}",
            "{requests: [a], matchAttribute: model}",
            "{requests: [a], matchAttribute: ''}",
            "{requests: [a], matchAttribute: a_b/model}",
            "{requests: [a], matchAttribute: a.example/the-model}",
        ],
        accepts: &["{requests: [a], matchAttribute: a.example/model}", "{matchAttribute: a.example/_model1}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-configuration",
        at: "resource/v1.DeviceClaimConfiguration",
        kin: &[
            "resource/v1beta2.DeviceClaimConfiguration",
            "resource/v1beta1.DeviceClaimConfiguration",
            "resource/v1.DeviceClassConfiguration",
            "resource/v1beta2.DeviceClassConfiguration",
            "resource/v1beta1.DeviceClassConfiguration",
        ],
        check: |at| {
            if at.get(&["opaque"]).is_none() {
                at.missing("opaque", "missing field `opaque`: what a driver is told");
            }
        },
        refuses: &["{}"],
        accepts: &["{opaque: {driver: a.example, parameters: {a: b}}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-parameters",
        at: "resource/v1.OpaqueDeviceConfiguration",
        kin: &["resource/v1beta2.OpaqueDeviceConfiguration", "resource/v1beta1.OpaqueDeviceConfiguration"],
        check: |at| {
            if let Some(node) = at.get(&["driver"]) {
                named(at, "driver", node, "a driver", driver);
            }
            if let Some(node) = at.get(&["parameters"]).filter(|node| !node.is_broken() && node.as_map().is_none()) {
                at.invalid("parameters", node, "expected a mapping, which the driver reads, found another value");
            }
        },
        refuses: &["{driver: '', parameters: {}}", "{driver: a_b, parameters: {}}", "{driver: a, parameters: [b]}"],
        accepts: &["{driver: A.example, parameters: {}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-toleration",
        at: "resource/v1.DeviceToleration",
        kin: &["resource/v1beta2.DeviceToleration", "resource/v1beta1.DeviceToleration"],
        check: |at| {
            named_if_any(at, "key", at.get(&["key"]), "a taint", label_key);
            let Some(node) = at.get(&["value"]).filter(|_| at.text(&["value"]).is_some()) else { return };
            if at.text(&["operator"]) == Some("Exists") {
                let message = "`value` may not stand beside `operator: Exists`, which asks for the key alone";
                forbid(at, "value", node, message, "take it out, or write `Equal`");
            } else if let Some(Err(reason)) = node.as_str().map(label_value) {
                at.invalid("value", node, format!("the value is none of a taint: {reason}"));
            }
        },
        refuses: &["{key: a b, operator: Exists}", "{key: a, operator: Exists, value: b}", "{key: a, value: b c}"],
        accepts: &["{key: a.example/b, operator: Exists}", "{key: a, value: b}", "{operator: Exists}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-class",
        at: "resource/v1.DeviceClassSpec",
        check: |at| {
            count(at, "selectors", SELECTORS);
            count(at, "config", SELECTORS);
            if !at.keeps("resource/v1.DeviceClassSpec", "extendedResourceName") {
                return;
            }
            if let Some(node) = at.get(&["extendedResourceName"]) {
                named(at, "extendedResourceName", node, "a resource of others", |name| {
                    if !name.contains('/') || name.contains("kubernetes.io/") || name.starts_with("requests.") {
                        return Err("expected a domain of its own before a `/`: `example.com/gpu`".to_owned());
                    }
                    label_key(name)
                });
            }
        },
        refuses: &[
            "{extendedResourceName: gpu}",
            "{extendedResourceName: kubernetes.io/gpu}",
            "{extendedResourceName: a/b/c}",
        ],
        accepts: &["{extendedResourceName: example.com/gpu}"],
        ..Rule::ALWAYS
    },
];

/// Reports a list of too many items.
pub(super) fn count(at: &mut At<'_>, field: &str, most: usize) {
    if let Some((node, found)) = at.get(&[field]).and_then(|node| Some((node, node.as_seq()?.len())))
        && found > most
    {
        at.invalid(field, node, format!("expected at most {most}, found {found}"));
    }
}

fn amount(at: &mut At<'_>) {
    if let Some(node) = at.get(&["deviceClassName"]) {
        named(at, "deviceClassName", node, "a DeviceClass", dns_subdomain);
    }
    count(at, "selectors", SELECTORS);
    let Some((node, found)) = at.get(&["count"]).and_then(|node| Some((node, number(node)?))) else { return };
    match at.word("allocationMode").as_deref() {
        Some("All") if found != 0 => {
            let message = "`count` may not stand beside `allocationMode: All`, which takes all devices";
            forbid(at, "count", node, message, "take it out, or write `ExactCount`");
        }
        Some("ExactCount") if found < 0 => {
            at.invalid("count", node, format!("expected a number of at least 1, found `{found}`"));
        }
        _ => {}
    }
}

fn selector(at: &mut At<'_>, node: &crate::text::Node) {
    let Some(text) = node.get("expression").and_then(|node| node.as_str()) else { return };
    if text.len() > LONGEST {
        let expression = node.get("expression").unwrap_or(node);
        at.invalid("cel.expression", expression, format!("expected at most {LONGEST} bytes, found {}", text.len()));
        return;
    }
    // The field came with the gate of another one.
    let has_shares = at.keeps("resource/v1.DeviceConstraint", "distinctAttribute");
    let environment = environment(at.minor(), has_shares);
    compiled(at, "cel", node, "expression", &environment, &[Ty::Bool, Ty::Dyn]);
}

/// Returns the variable of expressions that select devices.
fn environment(minor: Minor, has_shares: bool) -> Environment {
    let of_domains = |ty: Ty| Ty::map(Ty::map(ty));
    let mut fields = vec![
        ("driver", Ty::Text),
        ("attributes", of_domains(Ty::Dyn)),
        ("capacity", of_domains(Ty::Opaque("kubernetes.Quantity"))),
    ];
    fields.extend(has_shares.then_some(("allowMultipleAllocations", Ty::Bool)));
    let fields = fields.into_iter().map(|(name, ty)| (name.into(), name.into(), ty)).collect();
    let device = Ty::Object(Object { name: "kubernetes.DRADevice".into(), fields }.into());
    Environment::new(minor).with("device", device).with_names()
}

/// Checks the name of a driver.
pub(super) fn driver(name: &str) -> Result<(), String> {
    if name.len() > DRIVER {
        return Err(format!("expected at most {DRIVER} characters, found {}", name.len()));
    }
    dns_subdomain(&name.to_lowercase())
}

/// Checks the name of an attribute of devices, which has a domain.
fn attribute(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [_] => Err("expected a domain before a `/`: `gpu.example.com/model`".to_owned()),
        [domain, id] => {
            driver(domain).map_err(|reason| format!("before the `/`: {reason}"))?;
            if id.len() > ATTRIBUTE {
                return Err(format!("expected at most {ATTRIBUTE} characters after the `/`, found {}", id.len()));
            }
            let is_identifier = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_identifier { Ok(()) } else { Err("expected letters, digits and `_` after the `/`".to_owned()) }
        }
        // The server looks at none of more parts.
        _ => Ok(()),
    }
}
