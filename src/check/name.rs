//! The name of an object, by the rules of its kind.
//!
//! What controllers append or write into labels counts: such names are refused here, and not when a pod is made.

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_1035_label, dns_label, dns_subdomain};
use crate::kubernetes::{Facts, Minor, ObjectKey};
use crate::spec::slug;
use crate::text::Node;

/// The minor from which on the name of a Service may start with a digit.
const RELAXED_SERVICES: Minor = Minor(37);
/// `CronJob` appends a dash and ten digits to make the name of a Job, which must fit a label.
const CRON_JOB_LENGTH: usize = 52;
/// The name of a Job is a label of its pods.
const JOB_LENGTH: usize = 63;

/// Returns why the name of an object is refused; a missing name is a finding of its own.
pub fn check(key: &ObjectKey, node: &Node, facts: &Facts) -> Option<Diagnostic> {
    let name = node.at(&["metadata", "name"])?;
    let text = name.text().filter(|text| !text.is_empty() && !name.is_null())?;
    let reason = refused(key, text, facts.minor)?;
    let article = if key.kind.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    let message = format!("`{text}` is no name for {article} {}: {reason}", key.kind);
    let mended = mended(text);
    let better = !mended.is_empty() && mended != *text;
    Some(
        Diagnostic::new(Code::InvalidName, name.origin(), message)
            .maybe_help(better.then(|| format!("write `{mended}`")))
            .subject(key.to_string(), "metadata.name"),
    )
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
        // These may hold colons: they stand in URLs, and in nothing else.
        ("rbac.authorization.k8s.io" | "certificates.k8s.io", _) | (_, "IPAddress") => path_segment(name).err(),
        ("", "Namespace") => dns_label(name).err(),
        ("", "Service") if minor < RELAXED_SERVICES => dns_1035_label(name).err(),
        ("", "Service") => dns_label(name).err(),
        ("batch", "CronJob") => {
            dns_subdomain(name).err().or_else(|| limited(CRON_JOB_LENGTH, "its Jobs get a suffix of 11"))
        }
        ("batch", "Job") => dns_subdomain(name).err().or_else(|| limited(JOB_LENGTH, "it is a label of its pods")),
        _ => dns_subdomain(name).err(),
    }
}

fn path_segment(name: &str) -> Result<(), String> {
    if matches!(name, "." | "..") {
        return Err(format!("expected a name, found `{name}`"));
    }
    match name.chars().find(|c| matches!(c, '/' | '%')) {
        Some(other) => Err(format!("expected no `/` and no `%`, found `{other}`")),
        None => Ok(()),
    }
}
