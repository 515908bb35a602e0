//! Names: that of an object by the rules of its kind, and those in its fields by the rules of the field.
//!
//! What controllers append or write into labels counts: such names are refused here, and not when a pod is made.

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, Edit, Fix, words};
use crate::kubernetes::name::{
    config_key, dns_1035_label, dns_label, dns_subdomain, label_key, label_value, path_segment, port_name,
};
use crate::kubernetes::{Facts, Minor, ObjectKey};
use crate::spec::slug;
use crate::text::{Node, Origin, Value, scalar};

/// The minor from which on the name of a Service may start with a digit.
const RELAXED_SERVICES: Minor = Minor(36);
/// `CronJob` appends a dash and ten digits to make the name of a Job, which must fit a label.
const CRON_JOB_LENGTH: usize = 52;
/// Of a `generateName` the server keeps so many characters.
const GENERATED_LENGTH: usize = 58;
/// The name of a Job is a label of its pods.
const JOB_LENGTH: usize = 63;

/// Returns why the name of an object is refused; a missing name is a finding of its own.
pub fn check(key: &ObjectKey, node: &Node, facts: &Facts) -> Option<Diagnostic> {
    let of_metadata = |field| node.at(&["metadata", field]).filter(|node| !node.is_null());
    let start = of_metadata("generateName").filter(|start| start.as_str().is_some_and(|start| !start.is_empty()));
    let Some(name) = of_metadata("name") else { return generated(key, start?, facts.minor) };
    let text = name.text()?;
    if text.is_empty() {
        let finding = Diagnostic::new(Code::InvalidName, name.origin(), "expected a name, found an empty text");
        return match start {
            Some(start) => generated(key, start, facts.minor),
            None => Some(finding.subject(key.kind.as_str(), "metadata.name")),
        };
    }
    let Some(reason) = refused(key, text, facts.minor) else {
        // The server looks at it though it has nothing to make.
        return generated(key, start?, facts.minor);
    };
    let message = format!("`{text}` is no name for {} {}: {reason}", article(&key.kind), key.kind);
    let mended = mended(text);
    let better = !mended.is_empty() && mended != *text;
    Some(
        Diagnostic::new(Code::InvalidName, name.origin(), message)
            .maybe_help(better.then(|| format!("write `{mended}`")))
            .subject(key.to_string(), "metadata.name"),
    )
}

/// Returns why the names that the server makes of a `generateName` are refused.
fn generated(key: &ObjectKey, start: &Node, minor: Minor) -> Option<Diagnostic> {
    let text = start.as_str()?;
    // The server appends five letters and digits to so much of the start.
    let kept = text.get(..GENERATED_LENGTH).unwrap_or(text);
    let reason = refused(key, &format!("{kept}bbbbb"), minor)?;
    let message = format!("`{text}` is no start of names for {} {}: {reason}", article(&key.kind), key.kind);
    let finding = Diagnostic::new(Code::InvalidName, start.origin(), message);
    Some(finding.subject(key.kind.as_str(), "metadata.generateName"))
}

/// Whether the server takes the name of an object of a kind of its own.
pub fn is_taken(key: &ObjectKey, facts: &Facts) -> bool {
    !key.name.is_empty() && refused(key, &key.name, facts.minor).is_none()
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" }
}

/// What the names in a field must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// The value is a name; the word says of what.
    Value(&'static str, fn(&str) -> Result<(), String>),
    /// The keys are names.
    Keys(&'static str, fn(&str) -> Result<(), String>),
    /// The keys and values are those of labels.
    Labels,
}

/// A check of one name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check(fn(&str) -> Result<(), String>);

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.0 as usize == other.0 as usize
    }
}

impl Check {
    /// Returns the check that a rule makes of values; none for one that is about keys alone.
    pub(super) fn of(rule: Rule) -> Option<Self> {
        match rule {
            Rule::Value(_, is) => Some(Self(is)),
            Rule::Labels => Some(Self(label_value)),
            Rule::Keys(..) => None,
        }
    }

    /// Whether a value is such a name, or none.
    pub(super) fn takes(self, value: &Node) -> bool {
        value.text().is_none_or(|text| text.is_empty() || self.0(text).is_ok())
    }
}

/// Returns the rule for the names in a field of a type, or `None` if it holds no names.
pub(super) fn rule(ty: &str, field: &str) -> Option<Rule> {
    // Nearly all fields are none of these: the type is compared for those few alone.
    Some(match (field, ty) {
        ("namespace", "meta/v1.ObjectMeta") => Rule::Value("a namespace", dns_label),
        ("labels", "meta/v1.ObjectMeta")
        | ("matchLabels", "meta/v1.LabelSelector")
        | ("nodeSelector", "core/v1.PodSpec")
        | ("selector", "core/v1.ServiceSpec") => Rule::Labels,
        ("annotations", "meta/v1.ObjectMeta") => Rule::Keys("an annotation", annotation_key),
        ("name", "core/v1.Container" | "core/v1.EphemeralContainer") => Rule::Value("a container", dns_label),
        ("name", "core/v1.Volume") => Rule::Value("a volume", dns_label),
        ("name", "core/v1.ContainerPort") => Rule::Value("a port of a container", port_name),
        ("name", "core/v1.ServicePort") => Rule::Value("a port of a Service", dns_label),
        ("hostname" | "subdomain", "core/v1.PodSpec") => Rule::Value("a host", dns_label),
        ("serviceAccountName", "core/v1.PodSpec") => Rule::Value("a ServiceAccount", dns_subdomain),
        ("key", "core/v1.Taint" | "core/v1.Toleration") => Rule::Value("a taint", label_key),
        ("data" | "binaryData", "core/v1.ConfigMap") | ("data" | "stringData", "core/v1.Secret") => {
            Rule::Keys("data", config_key)
        }
        _ => return None,
    })
}

/// Takes the fix of a finding about a value in a field away, where the name that it gives is refused there.
pub(super) fn hold(rule: Rule, finding: &mut Diagnostic) {
    let Some(text) = finding
        .fix
        .as_ref()
        .and_then(Fix::only)
        .and_then(|edit| serde_json::from_str::<String>(&edit.replacement).ok())
    else {
        return;
    };
    if let Some(Err(reason)) = Check::of(rule).map(|Check(is)| is(&text)) {
        finding.fix = None;
        finding.help = vec![format!("write another value: `{text}` in quotes is refused too: {reason}")];
    }
}

/// Returns what is wrong with the names in a field; `masked` keeps values out of the messages.
pub(super) fn refused_in(rule: Rule, value: &Node, masked: bool) -> Vec<Diagnostic> {
    let finding = |text: &str, origin: Origin, what: &str, is: fn(&str) -> Result<(), String>| {
        let reason = is(text).err()?;
        let shown = if masked { "this".to_owned() } else { words::word(text) };
        Some(Diagnostic::new(Code::InvalidName, origin, format!("{shown} is no name for {what}: {reason}")))
    };
    // What kubectl reads as no text has its finding already.
    let is_text = |node: &Node| match node.value() {
        Value::Plain(text) => scalar::resolve(text) == scalar::Meaning::Text,
        _ => true,
    };
    let text = |node: &Node| node.text().filter(|text| !node.is_null() && is_text(node) && !text.is_empty()).cloned();
    let keys = |what, is| {
        let entries = value.as_map().into_iter().flatten();
        entries.filter_map(move |entry| finding(&entry.key.text, entry.key.origin, what, is))
    };
    match rule {
        Rule::Value(what, is) => {
            let Some(text) = text(value) else { return Vec::new() };
            let better = slug(&text);
            let help = (is(&better).is_ok() && !masked).then(|| format!("write `{better}`"));
            let finding = finding(&text, value.origin(), what, is).map(|finding| match help {
                // What names it elsewhere does not follow.
                Some(help) => finding.help(help).with_fix(Fix::unsure([Edit::word(value.origin(), text, better)])),
                None => finding,
            });
            finding.into_iter().collect()
        }
        Rule::Keys(what, is) => keys(what, is).collect(),
        Rule::Labels => {
            let mut found: Vec<Diagnostic> = keys("a label", label_key).collect();
            for entry in value.as_map().into_iter().flatten() {
                let refused = text(&entry.value).and_then(|text| Some((label_value(&text).err()?, text)));
                if let Some((reason, text)) = refused {
                    let shown = if masked { "this".to_owned() } else { format!("`{text}`") };
                    let message = format!("{shown} is no value for the label `{}`: {reason}", entry.key.text);
                    found.push(Diagnostic::new(Code::InvalidName, entry.value.origin(), message));
                }
            }
            found
        }
    }
}

/// Checks the key of an annotation: that of a label, but capitals do not count.
fn annotation_key(key: &str) -> Result<(), String> {
    label_key(&key.to_ascii_lowercase())
}

/// Returns the nearest name of lowercase letters, digits and dashes; empty where the text holds none.
pub fn mended(text: &str) -> SmolStr {
    slug(text)
}

fn refused(key: &ObjectKey, name: &str, minor: Minor) -> Option<String> {
    let limited = |limit: usize, reason: &str| {
        (name.len() > limit).then(|| format!("expected at most {limit} characters, found {}: {reason}", name.len()))
    };
    match (key.group.as_str(), key.kind.as_str()) {
        // These are made of other fields, as their rules say.
        ("apiregistration.k8s.io", "APIService") | ("apiextensions.k8s.io", "CustomResourceDefinition") => None,
        // These may hold colons: they stand in URLs, and in nothing else.
        ("rbac.authorization.k8s.io" | "certificates.k8s.io", _) | (_, "IPAddress") => path_segment(name).err(),
        ("", "Namespace") | ("apps", "StatefulSet") => dns_label(name).err(),
        ("", "Service") if minor < RELAXED_SERVICES => dns_1035_label(name).err(),
        ("", "Service") => dns_label(name).err(),
        ("batch", "CronJob") => {
            dns_subdomain(name).err().or_else(|| limited(CRON_JOB_LENGTH, "its Jobs get a suffix of 11"))
        }
        ("batch", "Job") => dns_subdomain(name).err().or_else(|| limited(JOB_LENGTH, "it is a label of its pods")),
        _ => dns_subdomain(name).err(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(group: &str, kind: &str, start: &str) -> Option<String> {
        let key = ObjectKey {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: SmolStr::default(),
            name: SmolStr::default(),
        };
        generated(&key, &Node::string(start, Origin::default()), Minor::NEWEST).map(|finding| finding.message)
    }

    #[test]
    fn starts_of_names_are_checked_as_the_names_that_are_made_of_them() {
        let long = "a".repeat(60);
        for (group, kind, taken) in
            [("", "ConfigMap", "a-"), ("", "ConfigMap", "a.b."), ("batch", "Job", &long), ("apps", "StatefulSet", "a")]
        {
            assert_eq!(start(group, kind, taken), None, "{kind} {taken}");
        }
        for (group, kind, refused) in [
            ("", "ConfigMap", "A-"),
            ("", "ConfigMap", "a_"),
            ("batch", "CronJob", &long),
            ("apps", "StatefulSet", "a."),
        ] {
            assert!(start(group, kind, refused).is_some(), "{kind} {refused}");
        }
    }
}
