//! The Pod Security Standards, as the server's admission judges pods by them (module k8s.io/pod-security-admission).
//!
//! A settled object enters, findings about its pods leave. Only who asks with `--rules` is told: the server asks nothing of
//! pods unless their namespace has a level. What [`crate::check`] reports anyway (a profile without its type, a field that
//! does not exist) is not reported twice.

mod checks;

use std::fmt::Display;

use self::checks::CHECKS;
use super::at::{get, items};
use super::path::Path;
use super::value::added;
use crate::diagnostic::{Code, Diagnostic, Fix, suggestion, words};
use crate::kubernetes::{Manifest, Minor, SecurityLevel, Tree, template_path};
use crate::text::{Map, Node, Origin, Value};

/// A level as one minor has it: what `--rules pss=restricted@1.34` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standard {
    /// The level.
    pub level: SecurityLevel,
    /// The minor whose checks count.
    pub minor: Minor,
}

/// Names that `--rules` takes.
const NAMES: [&str; 2] = ["pss=baseline", "pss=restricted"];
/// What stands for the newest minor.
const LATEST: &str = "latest";

impl Standard {
    /// Reads `pss=baseline`, `pss=restricted@1.34` or `pss=restricted@latest`; the error is a message.
    pub fn parse(word: &str) -> Result<Self, String> {
        let (name, version) = word.split_once('@').unwrap_or((word, LATEST));
        let level = name.strip_prefix("pss=").filter(|_| NAMES.contains(&name)).and_then(SecurityLevel::parse);
        let Some(level) = level else {
            let known = || format!("known are `{}`", NAMES.join("` and `"));
            return Err(format!("there is no level `{name}`: {}", suggestion(name, NAMES).unwrap_or_else(known)));
        };
        let minor = if version == LATEST { Some(Minor::NEWEST) } else { Minor::parse(version) };
        let minor = minor.filter(|minor| *minor <= Minor::NEWEST).ok_or_else(|| {
            let known = || format!("known are 1.0 to {} and `{LATEST}`", Minor::NEWEST);
            let help = suggestion(version, [LATEST]).unwrap_or_else(known);
            format!("the version `{version}` of the rule set `{name}` is not known: {help}")
        })?;
        Ok(Self { level, minor })
    }

    /// Returns the checks of the level, without those of the baseline that a stricter one takes the place of.
    fn checks(self) -> impl Iterator<Item = &'static Check> {
        let of_level = move || {
            let has = move |check: &&Check| check.minors.0 <= self.minor && self.minor <= check.minors.1;
            CHECKS.iter().filter(has).filter(move |check| check.level <= self.level)
        };
        of_level().filter(move |check| !of_level().any(|other| other.instead_of == Some(check.name)))
    }
}

/// Whether a check passes over a pod.
type IsSpared = fn(&Pod<'_>) -> bool;

/// One check of the standards.
struct Check {
    /// What the server calls it.
    name: &'static str,
    /// The lowest level that has it.
    level: SecurityLevel,
    /// The first minor that has it, and the last.
    minors: (Minor, Minor),
    /// The check of the baseline that it takes the place of.
    instead_of: Option<&'static str>,
    /// The pods that it passes over, and the first minor that does.
    spares: Option<(Minor, IsSpared)>,
    /// Looks at a pod and reports what is not allowed.
    look: fn(&Pod<'_>, &mut Found<'_>),
}

impl Check {
    /// What every minor has, of all pods, with nothing that it looks at: the start of a check.
    const BASELINE: Self = Self {
        name: "",
        level: SecurityLevel::Baseline,
        minors: (Minor(0), Minor(u32::MAX)),
        instead_of: None,
        spares: None,
        look: |_, _| (),
    };
    /// The start of a check that only the stricter level has.
    const RESTRICTED: Self = Self { level: SecurityLevel::Restricted, ..Self::BASELINE };
}

/// Returns what the standards do not allow of the pods that an object holds; the same place once, by the first of them.
pub fn judge_pods(object: &Manifest, standards: &[Standard]) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::new();
    for standard in standards {
        let Some(pod) = Pod::of(object, standard.minor) else { break };
        let mut found = Found { pod: &pod, object, level: standard.level, findings: Vec::new() };
        for check in standard.checks() {
            if check.spares.is_none_or(|(since, is_spared)| pod.minor < since || !is_spared(&pod)) {
                found.level = check.level;
                (check.look)(&pod, &mut found);
            }
        }
        for finding in found.findings {
            let is_same = |known: &Diagnostic| known.origin == finding.origin && known.subject == finding.subject;
            if !all.iter().any(is_same) {
                all.push(finding);
            }
        }
    }
    all
}

/// A pod as a check sees it. A null is nothing.
struct Pod<'a> {
    /// Where it is in its object.
    place: String,
    annotations: Option<&'a Map>,
    spec: Part<'a>,
    /// Containers of all kinds, in the order in which the server looks at them.
    containers: Vec<Part<'a>>,
    /// The minor whose checks count.
    minor: Minor,
}

impl<'a> Pod<'a> {
    fn of(object: &'a Manifest, minor: Minor) -> Option<Self> {
        let path = template_path(&object.key)?;
        let template = object.node.at(path)?;
        let spec = Part { place: "spec".to_owned(), node: get(template, &["spec"]).filter(|spec| is_map(spec))? };
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        Some(Self {
            place: path.join("."),
            annotations: get(template, &["metadata", "annotations"]).and_then(Node::as_map),
            containers: lists.iter().flat_map(|list| spec.items(&[list])).filter(|part| is_map(part.node)).collect(),
            spec,
            minor,
        })
    }

    /// Returns what the pod says of the security of all its containers, and each of them of its own.
    fn contexts(&self) -> impl Iterator<Item = Part<'a>> {
        [&self.spec].into_iter().chain(&self.containers).filter_map(|part| part.get(&["securityContext"]))
    }

    /// Returns a part of each container that has it.
    fn in_containers(&self, path: &[&str]) -> impl Iterator<Item = Part<'a>> {
        self.containers.iter().filter_map(move |container| container.get(path))
    }
}

/// What is not allowed of a pod.
struct Found<'a> {
    pod: &'a Pod<'a>,
    object: &'a Manifest,
    /// The level of the check at hand.
    level: SecurityLevel,
    findings: Vec<Diagnostic>,
}

impl Found<'_> {
    /// Reports a value that the level does not allow for a field.
    fn forbid(&mut self, part: &Part<'_>, field: &str, expected: impl Display, help: impl Into<String>) {
        let found = match part.node.as_seq() {
            Some([]) => "nothing".to_owned(),
            Some(items) => words::list(items.iter().filter_map(Node::as_str), "and"),
            None => format!("`{}`", words::shown(&part.node.scalar().unwrap_or_else(|| field.into()))),
        };
        let message = format!("does not allow this `{field}`: expected {expected}, found {found}");
        self.report(&part.place, part.node.origin(), &message, help);
    }

    /// Reports a field of a security context that the level asks for.
    fn require(&mut self, part: &Part<'_>, field: &str, expected: impl Display, help: impl Into<String>) {
        let holder = part.get(&["securityContext"]).map_or(part.node, |context| context.node);
        let message = format!("asks for `{field}`: expected {expected}, found nothing");
        let help = help.into();
        // The entry to write stands first in the way out.
        let entry = help.split('`').nth(1).unwrap_or_default();
        let edit = match part.get(&["securityContext"]) {
            Some(context) => added(context.node, entry),
            None => added(part.node, &format!("securityContext: {{{entry}}}")),
        };
        self.report(&format!("{}.securityContext.{field}", part.place), holder.origin(), &message, &help);
        if let Some(finding) = self.findings.last_mut() {
            finding.fix = edit.map(|edit| Fix::unsure([edit]));
        }
    }

    fn report(&mut self, place: &str, origin: Origin, message: &str, help: impl Into<String>) {
        let message = format!("the level `{}` {message}", self.level.as_str());
        let field = Path::Below(&Path::At(&self.pod.place), place).to_string();
        let finding = Diagnostic::new(Code::PodSecurity, origin, message).help(help);
        self.findings.push(finding.subject(self.object.key.to_string(), field));
    }
}

/// A part of a pod, and where it is in it.
struct Part<'a> {
    place: String,
    node: &'a Node,
}

impl<'a> Part<'a> {
    /// Returns what is at the end of a path of keys.
    fn get(&self, path: &[&str]) -> Option<Self> {
        get(self.node, path).map(|node| Part { place: format!("{}.{}", self.place, path.join(".")), node })
    }

    /// Returns the items of the list at the end of a path.
    fn items(&self, path: &[&str]) -> Vec<Self> {
        let place = format!("{}.{}", self.place, path.join("."));
        items(self.node, path).map(|(number, node)| Part { place: format!("{place}[{number}]"), node }).collect()
    }

    /// Returns its text; empty where it is none.
    fn text(&self) -> &'a str {
        self.node.as_str().unwrap_or_default()
    }

    /// Whether it is a boolean of that value.
    fn is(&self, value: bool) -> bool {
        boolean(self.node) == Some(value)
    }
}

/// Returns the value of a boolean.
fn boolean(node: &Node) -> Option<bool> {
    match node.value() {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

fn is_map(node: &Node) -> bool {
    node.as_map().is_some()
}
