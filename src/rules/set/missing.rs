//! Names of objects that are not among the inputs, and keys that these do not have.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::gather::{About, Asked, Governed};
use super::{Asking, Hashed, Id, Known, NEAR, Name, Outside, Set, hashed};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::kubernetes::references::{FieldOf, Need};
use crate::text::Origin;

/// So many further places are told of one name.
const SHOWN: usize = 3;

/// A key of an object that is asked for.
#[derive(Debug)]
pub(super) struct KeyAsked {
    about: Arc<About>,
    kind: SmolStr,
    name: SmolStr,
    key: SmolStr,
    at: Origin,
    named_at: Origin,
    field: FieldOf,
    count: usize,
}

/// Notes the keys that an object is asked for.
pub(super) fn note_keys(all: &mut BTreeMap<(Id, Hashed, Origin), KeyAsked>, asked: &Asked) {
    for (key, at) in &asked.keys {
        let known = all.entry((asked.id, hashed(key), *at)).or_insert_with(|| KeyAsked {
            about: Arc::clone(&asked.about),
            kind: asked.kind.clone(),
            name: asked.name.clone(),
            key: key.clone(),
            at: *at,
            named_at: asked.at,
            field: asked.field,
            count: 0,
        });
        known.count += asked.count;
    }
}

impl Asked {
    fn name(&self) -> Name<'_> {
        Name { group: &self.group, kind: &self.kind, namespace: &self.namespace, text: &self.name }
    }
}

impl Set {
    /// Whether an object is among the inputs, or may be, since it is not known in which namespace they are.
    pub fn has(&self, name: Name<'_>) -> bool {
        let Name { group, kind, namespace, text: name } = name;
        let has = |namespace: &str| self.names.contains_key(&super::gather::id_of(group, kind, namespace, name));
        has(namespace)
            || !namespace.is_empty() && has("")
            || namespace.is_empty() && self.elsewhere(kind, name).is_some()
    }

    /// Returns a namespace that has an object of that name.
    fn elsewhere(&self, kind: &str, name: &str) -> Option<&SmolStr> {
        let mut all =
            self.near_names.iter().filter(|((of, _), names)| of == kind && names.iter().any(|near| near == name));
        all.next().map(|((_, namespace), _)| namespace)
    }

    fn is_claimed(&self, asked: &Asked) -> bool {
        let prefix = asked.name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        asked.kind == "PersistentVolumeClaim"
            && prefix.len() < asked.name.len()
            && self.claimed.contains(&(asked.namespace.clone(), prefix.into()))
    }

    /// Finds names of what is not among the inputs, each once.
    pub(super) fn judge_missing(&self, asking: &Asking<'_>, found: &mut Vec<Diagnostic>) {
        let mut missing: BTreeMap<(&SmolStr, &SmolStr, &SmolStr, bool), Vec<&Asked>> = BTreeMap::new();
        for asked in self.asked.values() {
            let is_there = self.names.contains_key(&asked.id)
                || (asking.is_there)(asked.name())
                || self.external.contains(&(asked.kind.clone(), asked.name.clone()))
                || self.is_claimed(asked);
            if !is_there && !(asking.is_told)(asked.at) {
                let key = (&asked.kind, &asked.namespace, &asked.name, asked.about.made);
                missing.entry(key).or_default().push(asked);
            }
        }
        for mut all in missing.into_values() {
            all.sort_by_key(|asked| asked.at);
            found.extend(self.absent(&all, asking));
        }
    }

    fn absent(&self, all: &[&Asked], asking: &Asking<'_>) -> Option<Diagnostic> {
        let first = *all.first()?;
        let Asked { about, kind, namespace, name, at, field, need, .. } = first;
        let section = match kind.as_str() {
            "Secret" => Some("secrets"),
            "ConfigMap" => Some("configMaps"),
            "PersistentVolumeClaim" => Some("claims"),
            "ServiceAccount" => Some("serviceAccounts"),
            _ => None,
        };
        let section = section.filter(|_| about.made && field.is_of_pods());
        // A spec declares what it names; a class is there for many batches, and a login may be the node's own.
        let is_declared = section.is_some() && *need == Need::Must;
        let severity = match asking.outside.severity(self.has_others) {
            _ if is_declared && asking.is_whole => Severity::Error,
            Some(Severity::Error) => Severity::Error,
            _ if section.is_some() || about.made && kind.ends_with("Class") => return None,
            severity => severity?,
        };
        let names = self.near_names.get(&(kind.clone(), namespace.clone())).into_iter().flatten();
        let message = format!("no {kind} `{name}` is among the inputs");
        let mut finding = Diagnostic::new(Code::UndeclaredReference, *at, message).severity(severity);
        finding = finding.did_you_mean(name, names.map(SmolStr::as_str));
        finding.count = all.iter().map(|asked| asked.count).sum();
        for also in all.iter().skip(1).take(SHOWN) {
            finding = finding.also(also.at, "and here");
        }
        let help = match (self.elsewhere(kind, name).filter(|_| !namespace.is_empty()), section) {
            (Some(elsewhere), _) => format!("there is one in the namespace `{elsewhere}`, and none in `{namespace}`"),
            (None, Some(section)) => {
                format!("declare it under `{section}`; one that exists already as `{name}: {{external: true}}`")
            }
            (None, None) if asking.outside == Outside::Error => {
                "with `--closed` the inputs are all that there is: add it to them".to_owned()
            }
            (None, None) => "add it to the inputs; `--partial` leaves out what comes from elsewhere".to_owned(),
        };
        Some(about.subject(finding.help(help), field))
    }

    /// Finds keys that a ConfigMap or Secret of the inputs does not have.
    pub(super) fn judge_keys(&self, asking: &Asking<'_>, found: &mut Vec<Diagnostic>) {
        for ((id, ..), asked) in &self.asked_keys {
            let KeyAsked { about, kind, name, key, at, named_at, field, count } = asked;
            let Some(Known::Keys(number)) = self.names.get(id) else { continue };
            let Some(keys) = self.keys.get(*number) else { continue };
            // One without keys is filled by somebody else.
            if keys.is_empty() || keys.contains(key) || (asking.is_told)(*at) || (asking.is_told)(*named_at) {
                continue;
            }
            let severity = if about.made { Severity::Error } else { Severity::Warning };
            let message = format!("the {kind} `{name}` has no key `{key}`");
            let finding = Diagnostic::new(Code::UndeclaredReference, *at, message).severity(severity);
            let mut finding = finding.did_you_mean(key, keys.iter().map(SmolStr::as_str));
            finding.count = *count;
            if finding.help.is_empty() {
                finding = finding.help("add the key, or write `optional: true` where the pods can do without it");
            }
            found.push(about.subject(finding, field));
        }
    }

    /// Finds `StatefulSets` whose Service is none that can govern them.
    pub(super) fn judge_governed(&self, asking: &Asking<'_>, found: &mut Vec<Diagnostic>) {
        for Governed { about, service, at, labels } in &self.governed {
            let namespace = &about.namespace;
            let there = Name { group: "", kind: "Service", namespace, text: service };
            let report = |message: String, severity: Severity, help: String| {
                Diagnostic::new(Code::UndeclaredReference, *at, message).severity(severity).help(help)
            };
            let finding = match self.names.get(&about.id("", "Service", service)) {
                Some(Known::Service(number)) => {
                    let Some(there) = self.services.get(*number).filter(|there| !there.is_headless) else { continue };
                    report(
                        format!("the Service `{service}` is not headless: the pods get no names of their own"),
                        Severity::Warning,
                        "write `clusterIP: None` in the Service".to_owned(),
                    )
                    .also(there.at, "the Service")
                }
                Some(_) => continue,
                None => {
                    let services = self.near_services.get(namespace).into_iter().flatten().take(NEAR);
                    let own = services
                        .into_iter()
                        .find(|other| !other.selector.is_empty() && other.selector.select(&labels.hashes));
                    let outside = asking.outside.severity(self.has_others);
                    let message = format!("there is no Service `{service}` beside the StatefulSet");
                    match (own, outside) {
                        (Some(own), outside) => report(
                            message,
                            outside.unwrap_or(Severity::Warning).min(Severity::Warning),
                            format!("the Service that selects its pods is `{}`", own.name),
                        ),
                        (None, Some(_)) if (asking.is_there)(there) => continue,
                        (None, Some(outside)) => report(
                            message,
                            outside,
                            "without it the pods get no names of their own: add one with `clusterIP: None`".to_owned(),
                        ),
                        (None, None) => continue,
                    }
                }
            };
            found.push(about.subject(finding, "spec.serviceName"));
        }
    }
}
