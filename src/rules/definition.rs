//! Definitions of custom resources, but for their schemas: names, versions, columns, fields to select by, conversion.

use std::collections::HashSet;

use super::Rule;
use super::at::{At, get, is_true};
use super::value::{filled, has_any, missing, named, one_of};
use super::webhook::reviews;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_1035_label, dns_subdomain};
use crate::text::Node;

/// The types and formats of columns.
const COLUMNS: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// The most fields of a version to select by.
const SELECTABLE: usize = 8;
/// The most bytes of the warning of a version.
const WARNING: usize = 256;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "definition",
        at: "apiextensions/v1.CustomResourceDefinitionSpec",
        check: |at| {
            if let Some(node) = at.get(&["scope"]) {
                one_of(at, "scope", node, &["Cluster", "Namespaced"]);
            }
            // A group without a dot has its finding already.
            filled(at, "group", at.get(&["group"]), "a domain as group, such as `example.com`");
            if let Some(node) =
                at.get(&["group"]).filter(|_| at.text(&["group"]).is_some_and(|text| text.contains('.')))
            {
                named(at, "group", node, "a group", dns_subdomain);
            }
        },
        refuses: &[
            "{group: a.example, scope: namespaced, names: {plural: bs, kind: B}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
            "{group: A.example, scope: Cluster, names: {plural: bs, kind: B}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
        ],
        accepts: &[
            "{group: a.example, scope: Cluster, names: {plural: bs, kind: B}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "definition-names",
        at: "apiextensions/v1.CustomResourceDefinitionNames",
        check: |at| {
            for (field, what) in [("shortNames", "a kind in short"), ("categories", "a category")] {
                for (index, node) in at.items(&[field]) {
                    named(at, format_args!("{field}[{index}]"), node, what, dns_1035_label);
                }
            }
        },
        refuses: &["{plural: bs, kind: B, shortNames: [B]}", "{plural: bs, kind: B, categories: [all, '']}"],
        accepts: &["{plural: bs, kind: B, shortNames: [b, b1], categories: [all]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "definition-version",
        at: "apiextensions/v1.CustomResourceDefinitionVersion",
        check: version,
        refuses: &[
            "{name: V1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}",
            "{name: '1.0', served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, deprecationWarning: a}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, deprecated: true, deprecationWarning: ''}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, deprecated: true, deprecationWarning: \"a\\nb\"}",
        ],
        accepts: &[
            "{name: v1beta1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, deprecated: true, deprecationWarning: Use v1.}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "definition-selectable-fields",
        at: "apiextensions/v1.CustomResourceDefinitionVersion",
        check: selectable,
        refuses: &[
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}}}}, selectableFields: [{jsonPath: .b}]}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}}}}, selectableFields: [{jsonPath: a}]}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: object}}}}, selectableFields: [{jsonPath: .a}]}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: string}}}}, selectableFields: [{jsonPath: .a}, {jsonPath: .a}]}",
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {metadata: {type: object, properties: {name: {type: string}}}}}}, selectableFields: [{jsonPath: .metadata.name}]}",
        ],
        accepts: &[
            "{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: object, properties: {b: {type: integer}}}, c: {type: boolean}}}}, selectableFields: [{jsonPath: .a.b}, {jsonPath: .c}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "definition-column",
        at: "apiextensions/v1.CustomResourceColumnDefinition",
        check: |at| {
            filled(at, "name", at.get(&["name"]), "the heading of the column");
            if let Some(node) = at.get(&["type"]) {
                one_of(at, "type", node, &COLUMNS);
            }
            if let Some(node) = at.get(&["format"]).filter(|node| node.as_str() != Some("")) {
                one_of(at, "format", node, &FORMATS);
            }
            if let Some((node, path)) = at.get(&["jsonPath"]).and_then(|node| Some((node, node.as_str()?)))
                && !path.starts_with('.')
            {
                at.invalid(
                    "jsonPath",
                    node,
                    format!("expected a path that starts with `.`, found {}", words::word(path)),
                );
            }
        },
        refuses: &[
            "{name: '', type: string, jsonPath: .a}",
            "{name: A, type: text, jsonPath: .a}",
            "{name: A, type: string, format: time, jsonPath: .a}",
            "{name: A, type: string, jsonPath: a}",
            "{name: A, type: string, jsonPath: ''}",
        ],
        accepts: &[
            "{name: A, type: date, jsonPath: .metadata.creationTimestamp}",
            "{name: A, type: integer, format: int32, jsonPath: '.a[0]'}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "definition-conversion",
        at: "apiextensions/v1.CustomResourceConversion",
        check: conversion,
        refuses: &[
            "{strategy: none}",
            "{strategy: ''}",
            "{strategy: Webhook}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1]}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [], clientConfig: {url: 'https://a'}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v2], clientConfig: {url: 'https://a'}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1, v1], clientConfig: {url: 'https://a'}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1, V2], clientConfig: {url: 'https://a'}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'http://a'}}}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: a, namespace: b, path: c}}}}",
            "{strategy: None, webhook: {conversionReviewVersions: [v1], clientConfig: {url: 'https://a'}}}",
        ],
        accepts: &[
            "{strategy: None}",
            "{strategy: Webhook, webhook: {conversionReviewVersions: [v2, v1], clientConfig: {service: {name: a, namespace: b, path: /c}}}}",
        ],
        ..Rule::ALWAYS
    },
];

fn version(at: &mut At<'_>) {
    if let Some(node) = at.get(&["name"]) {
        named(at, "name", node, "a version", dns_1035_label);
    }
    let Some((node, warning)) = at.get(&["deprecationWarning"]).and_then(|node| Some((node, node.as_str()?))) else {
        return;
    };
    if !is_true(at.node(), &["deprecated"]) {
        let message = "`deprecationWarning` may stand beside `deprecated: true` alone";
        let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message);
        at.report("deprecationWarning", finding.help("write `deprecated: true`, or take it out"));
    } else if warning.is_empty() {
        at.invalid("deprecationWarning", node, "expected a warning, found an empty text");
    } else if warning.len() > WARNING {
        let message = format!("expected at most {WARNING} bytes, found {}", warning.len());
        at.invalid("deprecationWarning", node, message);
    } else if warning.contains(char::is_control) {
        at.invalid("deprecationWarning", node, "expected one line of plain text, found a line break or the like");
    }
}

fn selectable(at: &mut At<'_>) {
    let Some(schema) = at.get(&["schema", "openAPIV3Schema"]) else { return };
    let mut seen: HashSet<&str> = HashSet::new();
    for (index, item) in at.items(&["selectableFields"]) {
        let Some((node, path)) = get(item, &["jsonPath"]).and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        let place = format!("selectableFields[{index}].jsonPath");
        let refusal = match described(schema, path) {
            _ if path.contains('[') => Some("expected a path of fields with dots before them, found `[`".to_owned()),
            Err(reason) => Some(reason),
            Ok(_) if path == ".metadata" || path.starts_with(".metadata.") => {
                Some("expected a path to a field of its own: `metadata` cannot be selected by here".to_owned())
            }
            Ok(Some(field)) if !matches!(kind_of(field), "string" | "boolean" | "integer") => Some(format!(
                "expected the path of a text, a number or a truth value, found one of the type `{}`",
                kind_of(field)
            )),
            Ok(_) if !seen.insert(path) => Some(format!("the path `{path}` stands twice")),
            Ok(_) => None,
        };
        if let Some(message) = refusal {
            at.invalid(place, node, message);
        }
    }
    if seen.len() > SELECTABLE
        && let Some(list) = at.get(&["selectableFields"])
    {
        at.invalid("selectableFields", list, format!("expected at most {SELECTABLE} fields, found {}", seen.len()));
    }
}

fn kind_of(schema: &Node) -> &str {
    schema.get("type").and_then(Node::as_str).unwrap_or_default()
}

fn conversion(at: &mut At<'_>) {
    if let Some(node) = at.get(&["strategy"])
        && !one_of(at, "strategy", node, &["None", "Webhook"])
    {
        return;
    }
    let by_webhook = at.text(&["strategy"]) == Some("Webhook");
    match at.get(&["webhook"]) {
        None if by_webhook => at.missing("webhook", "missing field `webhook`: the strategy is `Webhook`"),
        None => {}
        Some(node) if by_webhook => {
            reviews(at, &["webhook", "conversionReviewVersions"]);
            if get(node, &["clientConfig"]).is_none() {
                let message = "missing field `clientConfig`: where the webhook is";
                missing(at, "webhook.clientConfig", node.origin(), message);
            }
        }
        // One that says nothing is none.
        Some(node) if get(node, &["clientConfig"]).is_some() || has_any(get(node, &["conversionReviewVersions"])) => {
            at.invalid("webhook", node, "expected no webhook, since the strategy is not `Webhook`");
        }
        Some(_) => {}
    }
}

/// Returns the schema of what a path leads to: `.spec.a`, `['a.b']`; nothing where that is not told. The error says why it
/// leads nowhere.
pub fn described<'n>(schema: &'n Node, path: &str) -> Result<Option<&'n Node>, String> {
    let mut schema = schema;
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix("['") {
            // A quote in a name is written with a backslash.
            let Some((quoted, after)) = after.split_once("']").filter(|(quoted, _)| !quoted.contains('\\')) else {
                return Ok(None);
            };
            (name, rest) = (quoted, after);
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            (name, rest) = (&after[..end], &after[end..]);
        } else {
            return Err(format!("expected a path such as `.spec.a`, found {}", words::word(path)));
        }
        let properties = schema.get("properties").filter(|node| node.as_map().is_some_and(|map| !map.is_empty()));
        schema = match (properties, schema.get("additionalProperties")) {
            (Some(properties), _) => {
                let known = properties.as_map().into_iter().flatten().map(|entry| entry.key.text.as_str());
                let near = crate::diagnostic::did_you_mean(name, known).map(|near| format!(", did you mean `{near}`?"));
                let missing =
                    || format!("the schema has no field `{name}` where the path leads{}", near.unwrap_or_default());
                properties.get(name).ok_or_else(missing)?
            }
            (None, Some(values)) if values.as_map().is_some() => values,
            (None, Some(_)) => return Ok(None),
            (None, None) => return Err(format!("the schema has no field `{name}` where the path leads")),
        };
    }
    Ok(Some(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_schema_of_its_field() {
        let text = "{properties: {a: {properties: {b.c: {type: string}}}, m: {additionalProperties: {type: integer}}}}";
        let mut read = crate::diagnostic::Diagnostics::new();
        let documents =
            crate::read::read_documents(&mut crate::text::Sources::default(), "a.yaml", text.into(), &mut read);
        let schema = &documents[0].root;
        let leads = |path: &str| described(schema, path).map(|found| found.map(|node| kind_of(node).to_owned()));
        assert_eq!(leads(".a['b.c']"), Ok(Some("string".to_owned())));
        assert_eq!(leads(".m.any"), Ok(Some("integer".to_owned())));
        assert!(leads(".a.b").is_err() && leads("a").is_err() && leads(".a['b.c'].d").is_err());
    }
}
