//! Webhooks that the server asks, of admission and of conversion: how they are reached, and what they promise.

use super::Rule;
use super::admission::expression;
use super::at::At;
use super::value::{again, check_once, filled, named, one_of, port, within};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_1035_label, dns_subdomain};
use crate::text::Node;

const CONFIGURATION: &str = "admissionregistration/v1.ValidatingWebhookConfiguration";
const WEBHOOK: &str = "admissionregistration/v1.ValidatingWebhook";
/// The same of webhooks that change what they are asked about.
const MUTATING: &[&str] = &["admissionregistration/v1.MutatingWebhook"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "webhook-name-once",
        at: CONFIGURATION,
        kin: &["admissionregistration/v1.MutatingWebhookConfiguration"],
        check: |at| {
            let names = at
                .items(&["webhooks"])
                .filter_map(|(index, hook)| Some((format!("webhooks[{index}].name"), hook.get("name")?)));
            check_once(at, names, |name| format!("two webhooks have the name `{name}`"));
        },
        refuses: &[
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [\
             {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}, \
             {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://b'}}]}",
            "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [\
             {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}, \
             {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://b'}}]}",
        ],
        accepts: &[
            "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [\
             {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}, \
             {name: b.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}]}",
            "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: []}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "webhook",
        at: WEBHOOK,
        kin: MUTATING,
        check: webhook,
        refuses: &[
            "{name: a, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: A.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: '', admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: Some, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: Unknown, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v2], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v1, v1], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v1, V2], sideEffects: None, clientConfig: {url: 'https://a'}}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, timeoutSeconds: 31}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, timeoutSeconds: 0}",
        ],
        accepts: &[
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, timeoutSeconds: 30}",
            "{name: a.b.example.com, admissionReviewVersions: [v2, v1beta1], sideEffects: NoneOnDryRun, clientConfig: {url: 'https://a'}, timeoutSeconds: 1}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "webhook-conditions",
        at: WEBHOOK,
        kin: MUTATING,
        check: |at| expression::conditions(at, false),
        refuses: &[
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: 'object.x =='}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: '1'}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: params.x}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: variables.x}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a b, expression: 'true'}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: '', expression: 'true'}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: ''}]}",
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]}",
        ],
        accepts: &[
            "{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {url: 'https://a'}, matchConditions: \
             [{name: a, expression: 'object.metadata.name != \"a\"'}, {name: b.example/c, expression: '!authorizer.group(\"\").resource(\"pods\").check(\"get\").allowed()'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "webhook-client",
        at: "admissionregistration/v1.WebhookClientConfig",
        kin: &["apiextensions/v1.WebhookClientConfig"],
        check: client,
        refuses: &[
            "{}",
            "{url: 'https://a', service: {name: a, namespace: b}}",
            "{url: 'http://a'}",
            "{url: 'https://'}",
            "{url: a/b}",
            "{url: 'https:a'}",
            "{url: 'https://u@a/b'}",
            "{url: 'https://a/b?c=d'}",
            "{url: 'https://a/b#c'}",
            "{url: 'https://a b/c'}",
            "{url: 'https://a:x/c'}",
        ],
        accepts: &[
            "{url: 'https://a.example:8443/b/c'}",
            "{url: 'https://[fd00::1]:443/'}",
            "{service: {name: a, namespace: b}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "webhook-service",
        at: "admissionregistration/v1.ServiceReference",
        kin: &["apiextensions/v1.ServiceReference"],
        check: service,
        refuses: &[
            "{name: '', namespace: b}",
            "{name: a, namespace: ''}",
            "{name: a, namespace: b, port: 0}",
            "{name: a, namespace: b, path: c}",
            "{name: a, namespace: b, path: /c//d}",
            "{name: a, namespace: b, path: //}",
            "{name: a, namespace: b, path: /C}",
            "{name: a, namespace: b, path: '/c d'}",
        ],
        accepts: &[
            "{name: a, namespace: b, path: '', port: 8443}",
            "{name: a, namespace: b, path: /}",
            "{name: a, namespace: b, path: /validate-apps.v1/}",
        ],
        ..Rule::ALWAYS
    },
];

/// The versions of the question that the server can ask.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];

fn webhook(at: &mut At<'_>) {
    if let Some(node) = at.get(&["name"]) {
        named(at, "name", node, "a webhook", |name| {
            dns_subdomain(name)?;
            if name.split('.').count() < 3 {
                return Err("expected three parts with dots between them, such as `check.example.com`".to_owned());
            }
            Ok(())
        });
    }
    // Words that are none at all have their finding already.
    if let Some(node) = at.get(&["sideEffects"]).filter(|node| matches!(node.as_str(), Some("Some" | "Unknown"))) {
        one_of(at, "sideEffects", node, &["None", "NoneOnDryRun"]);
    }
    if let Some(node) = at.get(&["timeoutSeconds"]) {
        within(at, "timeoutSeconds", node, "seconds", 1..=30);
    }
    reviews(at, &["admissionReviewVersions"]);
}

/// Checks the versions of the question that a webhook can read.
pub(super) fn reviews(at: &mut At<'_>, path: &[&str]) {
    let field = path.join(".");
    let Some(list) = at.get(path).filter(|list| list.as_seq().is_some()) else { return };
    let versions: Vec<(usize, &Node, &str)> =
        at.items(path).filter_map(|(index, node)| Some((index, node, node.as_str()?))).collect();
    for (number, (index, node, version)) in versions.iter().enumerate() {
        let place = format!("{field}[{index}]");
        if let Some((_, first, _)) = versions[..number].iter().find(|(_, _, known)| known == version) {
            again(at, place, node, first.origin(), format!("the version `{version}` stands twice"));
        } else {
            named(at, place, node, "a version", dns_1035_label);
        }
    }
    // Items that are no texts have findings of their own.
    let is_known = |(_, _, version): &(usize, &Node, &str)| REVIEWS.contains(version);
    if versions.len() == list.as_seq().map_or(0, <[Node]>::len) && !versions.iter().any(is_known) {
        let message = "expected `v1` or `v1beta1` among the versions: the server asks in no other";
        at.invalid(field, list, message);
    }
}

fn client(at: &mut At<'_>) {
    match (at.get(&["url"]), at.get(&["service"])) {
        (None, None) => at.missing("", "missing field `url` or `service`: where the webhook is"),
        (Some(url), Some(service)) => {
            let message = "`service` may not stand beside `url`: the webhook is in one place";
            let finding = Diagnostic::new(Code::ForbiddenField, service.origin(), message);
            at.report("service", finding.also(url.origin(), "the address"));
        }
        (Some(url), None) => {
            if let Some(Err(reason)) = url.as_str().map(address) {
                let finding = Diagnostic::new(Code::InvalidValue, url.origin(), reason);
                at.report("url", finding.help("such as `https://check.example.com:8443/validate`"));
            }
        }
        (None, Some(_)) => {}
    }
}

/// Says why a text is no address of a webhook. None of it is shown: it may hold a password.
fn address(text: &str) -> Result<(), &'static str> {
    let refuse = |message: &'static str| Err(message);
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return refuse("expected an address, found one with control characters");
    }
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let Some(("https", rest)) = text
        .split_once(':')
        .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
        .as_ref()
        .map(|(scheme, rest)| (scheme.as_str(), *rest))
    else {
        return refuse("expected an address that starts with `https://`");
    };
    if !fragment.is_empty() {
        return refuse("expected an address without `#` and what is behind it");
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !query.is_empty() {
        return refuse("expected an address without `?` and what is behind it");
    }
    let Some(rest) = rest.strip_prefix("//") else {
        return refuse("expected an address with a host, found none");
    };
    let (host, path) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    if host.contains('@') {
        return refuse("expected an address without user and password, found one with `@`");
    }
    if host.is_empty() {
        return refuse("expected an address with a host, found none");
    }
    if !is_host(host) {
        return refuse("expected an address with a host and no other characters, and a number as port");
    }
    let mut escapes = path.split('%').skip(1);
    let is_escape = |rest: &str| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if escapes.any(|rest| !is_escape(rest)) {
        return refuse("expected two digits behind each `%` of the path");
    }
    Ok(())
}

/// Whether a text is a host with or without a port, as Go reads it.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.rsplit_once(']') {
            Some((name, port)) => (name, port),
            None => return false,
        },
        None => host.rfind(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_part = |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte);
    is_port && name.bytes().all(is_part)
}

fn service(at: &mut At<'_>) {
    for field in ["namespace", "name"] {
        filled(at, field, at.get(&[field]), "a name");
    }
    if let Some(node) = at.get(&["port"]) {
        port(at, "port", node);
    }
    let Some((node, path)) = at.get(&["path"]).zip(at.text(&["path"])) else { return };
    let Some(below) = path.strip_prefix('/') else {
        let message = format!("expected a path that starts with `/`, found {}", words::word(path));
        at.invalid("path", node, message);
        return;
    };
    if below.is_empty() {
        return;
    }
    let below = below.strip_suffix('/').unwrap_or(below);
    for part in below.split('/') {
        if let Err(reason) = dns_subdomain(part) {
            let message = format!("{} is no path of a webhook: between slashes {reason}", words::word(path));
            at.invalid("path", node, message);
            return;
        }
    }
}
