//! The same objects, checked for several minors of Kubernetes; what an upgrade changes for them leaves.
//!
//! What is wrong in all of them is no matter of the upgrade, and is left out. A finding that comes and goes in between
//! counts by how the range begins and ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kubernetes::{Facts, Manifest, Minor, Storage};
use crate::text::{Node, Sources};

/// What was found in the inputs for one minor.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The minor.
    pub minor: Minor,
    /// The findings, as they were judged.
    pub findings: &'a Diagnostics,
    /// The texts that they were found in.
    pub sources: &'a Sources,
    /// The objects.
    pub objects: &'a [Manifest],
}

/// How an upgrade changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The server no longer takes it.
    Refused,
    /// It is taken with a warning, or a note.
    Warned,
    /// The server puts another value where none is written.
    Default,
    /// The server keeps what it dropped before.
    Kept,
    /// What was found before is found no more.
    Settled,
}

impl Effect {
    /// All effects, the worst first.
    pub const ALL: [Self; 5] = [Self::Refused, Self::Warned, Self::Default, Self::Kept, Self::Settled];

    /// Says what is so from a minor on.
    pub fn since(self, minor: Minor) -> String {
        match self {
            Self::Refused => format!("refused from Kubernetes {minor} on"),
            Self::Warned => format!("warned of from Kubernetes {minor} on"),
            Self::Default => format!("other defaults from Kubernetes {minor} on"),
            Self::Kept => format!("takes effect from Kubernetes {minor} on"),
            Self::Settled => format!("no longer found from Kubernetes {minor} on"),
        }
    }
}

/// Something that an upgrade changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// How.
    pub effect: Effect,
    /// The minor that changes it.
    pub since: Minor,
    /// What it is, and where.
    pub finding: Diagnostic,
    /// Which of the looks has the texts that the finding is about.
    pub seen: usize,
}

/// Returns what changes between the first and the last of several looks, which are in the order of their minors.
pub fn changes(looks: &[Seen<'_>]) -> Vec<Change> {
    let mut changes = of_findings(looks);
    for (at, pair) in looks.windows(2).enumerate() {
        let found = of_defaults(&pair[0], &pair[1]);
        changes.extend(found.into_iter().map(|finding| Change {
            effect: Effect::Default,
            since: pair[1].minor,
            finding,
            seen: at + 1,
        }));
    }
    changes.sort_by_key(|change| (change.effect, change.since));
    changes
}

/// Returns how many findings the first and the last look share.
pub fn in_both(looks: &[Seen<'_>]) -> usize {
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return 0 };
    let known: BTreeSet<Name> = first.findings.iter().map(|finding| name(finding, first.sources)).collect();
    last.findings.iter().filter(|finding| known.contains(&name(finding, last.sources))).count()
}

/// What a finding is, whatever minor it was found for.
type Name = (Code, Severity, String, (u32, u32), String, String);

fn name(finding: &Diagnostic, sources: &Sources) -> Name {
    let file = sources.file(finding.origin.file).map(|file| file.name.clone()).unwrap_or_default();
    let about = finding.subject.as_ref().map(|subject| format!("{} {}", subject.object, subject.field));
    let place = (finding.origin.start, finding.origin.end);
    (finding.code, finding.severity, file, place, about.unwrap_or_default(), without_minors(&finding.message))
}

/// Returns a message without the minors that it names.
fn without_minors(message: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':' | '/');
    let mut parts = message.split("1.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        // A full stop ends a sentence, or goes on with a further number.
        let ends = !rest.trim_start_matches('.').starts_with(is_word);
        if rest.len() == part.len() || out.ends_with(is_word) || !ends {
            out.push_str("1.");
            out.push_str(part);
        } else {
            out.push_str(rest);
        }
    }
    out
}

/// Says what a server does that keeps a field which it dropped before.
fn kept(dropped: &Diagnostic) -> Diagnostic {
    let field = dropped.subject.as_ref().map_or("", |subject| subject.field.rsplit('.').next().unwrap_or_default());
    let message = format!("the server keeps `{field}`, and dropped it in silence before");
    let help = "the object does what it says once it is applied again: pods may be replaced".to_owned();
    Diagnostic { message, label: String::new(), help: vec![help], ..dropped.clone() }
}

fn of_findings(looks: &[Seen<'_>]) -> Vec<Change> {
    let Some(last) = looks.len().checked_sub(1) else { return Vec::new() };
    let mut found: BTreeMap<Name, Vec<Option<&Diagnostic>>> = BTreeMap::new();
    for (at, look) in looks.iter().enumerate() {
        for finding in look.findings.iter() {
            found.entry(name(finding, look.sources)).or_insert_with(|| vec![None; looks.len()])[at] = Some(finding);
        }
    }
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    for presence in found.into_values() {
        match (presence[0], presence[last]) {
            (None, Some(finding)) => {
                let since = presence.iter().rposition(Option::is_none).map_or(0, |at| at + 1);
                let effect = if finding.severity == Severity::Error { Effect::Refused } else { Effect::Warned };
                new.push(Change { effect, since: looks[since].minor, finding: finding.clone(), seen: last });
            }
            (Some(finding), None) => {
                let since = presence.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
                let (effect, finding) = match finding.code {
                    Code::FieldGated => (Effect::Kept, kept(finding)),
                    _ => (Effect::Settled, finding.clone()),
                };
                gone.push(Change { effect, since: looks[since].minor, finding, seen: 0 });
            }
            _ => {}
        }
    }
    // What another finding takes the place of, and what is said of objects that are no longer looked at, is not settled.
    let places: BTreeSet<_> = new.iter().map(|change| change.finding.origin).collect();
    let objects: BTreeSet<String> = looks[last].objects.iter().map(|object| object.key.to_string()).collect();
    gone.retain(|change| {
        let subject = change.finding.subject.as_ref().filter(|subject| subject.object.contains(' '));
        !places.contains(&change.finding.origin) && subject.is_none_or(|subject| objects.contains(&subject.object))
    });
    new.extend(gone);
    new
}

/// Returns the defaults of the objects that are others in the later minor.
fn of_defaults(before: &Seen<'_>, after: &Seen<'_>) -> Diagnostics {
    let known: BTreeMap<String, &Manifest> =
        before.objects.iter().map(|object| (object.key.to_string(), object)).collect();
    let mut found = Diagnostics::new();
    for object in after.objects {
        let Some(old) = known.get(&object.key.to_string()) else { continue };
        let stored = |object: &Manifest, minor| -> Option<Json> {
            let facts = Facts::of(minor)?;
            let kind = facts.kind(&object.key.group, &object.key.version, &object.key.kind)?;
            Some(Storage::of(facts, facts.ty(facts.type_of(kind)?)).object(&object.node))
        };
        let (Some(old), Some(new)) = (stored(old, before.minor), stored(object, after.minor)) else { continue };
        if old == new {
            continue;
        }
        let mut differences = Vec::new();
        differ(Some(&old), Some(&new), &mut String::new(), Some(&object.node), &object.node, &mut differences);
        for Difference { path, old, new, place } in differences {
            let message = match (&old, &new) {
                (None, Some(new)) => format!("the server puts `{new}` into `{path}`, and left it out before"),
                (Some(old), Some(new)) => {
                    format!("the server puts `{new}` into `{path}`, and put `{old}` there before")
                }
                (old, _) => {
                    let old = old.as_deref().unwrap_or_default();
                    format!("the server leaves `{path}` out, and put `{old}` there before")
                }
            };
            let finding = Diagnostic::new(Code::ChangedDefault, place.origin(), message)
                .help(format!("write `{}` to decide it yourself", path.rsplit('.').next().unwrap_or(&path)))
                .subject(object.key.to_string(), path);
            found.push(if is_written(object, after.sources) { finding.as_written() } else { finding });
        }
    }
    found
}

/// Whether an object stands in the inputs as it is, and was not made of a spec.
fn is_written(object: &Manifest, sources: &Sources) -> bool {
    let version = object.node.get("apiVersion");
    version.is_some_and(|node| sources.text(node.origin()).contains(object.key.api_version().as_str()))
}

/// A value that nobody wrote, in which two minors differ.
struct Difference<'a> {
    path: String,
    old: Option<String>,
    new: Option<String>,
    /// What is written nearest to it.
    place: &'a Node,
}

fn differ<'a>(
    old: Option<&Json>,
    new: Option<&Json>,
    path: &mut String,
    written: Option<&'a Node>,
    place: &'a Node,
    found: &mut Vec<Difference<'a>>,
) {
    if old == new {
        return;
    }
    let place = written.unwrap_or(place);
    let below = |path: &str, key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (old, new) {
        (Some(Json::Object(ours)), Some(Json::Object(theirs))) => {
            let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                let written = written.and_then(|node| node.get(key)).filter(|node| !node.is_null());
                differ(ours.get(key), theirs.get(key), &mut below(path, key), written, place, found);
            }
        }
        (Some(Json::Array(ours)), Some(Json::Array(theirs))) if ours.len() == theirs.len() => {
            for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                let item = written.and_then(Node::as_seq).and_then(|items| items.get(at));
                differ(Some(ours), Some(theirs), &mut format!("{path}[{at}]"), item, place, found);
            }
        }
        // What is written is not the server's.
        _ if written.is_some_and(|node| node.as_map().is_none()) => {}
        _ => {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push(Difference { path: path.clone(), old: old.map(text), new: new.map(text), place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_are_no_part_of_a_message() {
        assert_eq!(without_minors("removed in Kubernetes 1.36, x"), "removed in Kubernetes , x");
        assert_eq!(without_minors("a server of 1.36 drops it, off until 1.37"), "a server of  drops it, off until ");
        assert_eq!(without_minors("a server of 1.36."), "a server of .");
        for same in ["a", "nginx:1.27", "the `1.5Gi` of 11.5", "1.2.3", "v1.30"] {
            assert_eq!(without_minors(same), same);
        }
    }

    #[test]
    fn only_what_nobody_wrote_is_a_default() {
        let json = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
        let (old, new) =
            (json(r#"{"a": {"b": 1}, "l": [{"c": 1}]}"#), json(r#"{"a": {"b": 2, "d": 3}, "l": [{"c": 2}]}"#));
        let mut sources = Sources::default();
        let written = crate::read::read_documents(
            &mut sources,
            "a.yaml",
            "{a: {b: 5}, l: [{e: 1}]}".into(),
            &mut Diagnostics::new(),
        );
        let node = &written[0].root;
        let mut found = Vec::new();
        differ(Some(&old), Some(&new), &mut String::new(), Some(node), node, &mut found);
        let found: Vec<_> =
            found.iter().map(|one| (one.path.as_str(), one.old.as_deref(), one.new.as_deref())).collect();
        assert_eq!(found, [("a.d", None, Some("3")), ("l[0].c", Some("1"), Some("2"))]);
    }
}
