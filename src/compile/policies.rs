//! The policies that objects of a run are held against: those among its objects, and those that it names.
//!
//! What is named is checked as objects are, and is none of the run's own: it is never built and never applied.

use std::collections::{HashMap, HashSet};

use super::anew::{Anew, whole};
use super::manifests;
use crate::check::{self, Mode, Roles};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::expand::{Expanded, World};
use crate::kubernetes::{Facts, Manifest};
use crate::read::{Document, Files, read_documents};
use crate::rules::{Asked, Beside, Placed, Policies};
use crate::text::{FileId, Node, Origin, Sources};

/// Reads the policies among the objects of a run, and those that its command line names.
pub(super) fn in_force(
    manifests: &[Manifest],
    named: &[Document],
    roles: &Roles,
    facts: &'static Facts,
    diagnostics: &mut Diagnostics,
) -> Policies {
    let named = checked(manifests::roots(named.to_vec()), facts, diagnostics);
    let own = manifests.iter().map(|object| Placed { object, sets: Some(roles.of(object.origin.file).sets()) });
    let named = named.iter().map(|object| Placed { object, sets: None });
    Policies::read(&own.chain(named).collect::<Vec<_>>(), facts)
}

/// Reads the policies that a batch names.
pub(super) fn of_batch(
    expanded: &Expanded,
    facts: &'static Facts,
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Policies {
    let (mut documents, mut first) = (Vec::new(), None);
    for (path, pattern) in manifests::paths(expanded, "policies", &expanded.batch.policies, files, sources, diagnostics)
    {
        let world = World::around(&expanded.batch, files, sources);
        let Some(bytes) = world.read_resolved(&path, pattern.origin(), diagnostics) else { continue };
        let read = manifests::roots(read_documents(sources, &path, bytes, diagnostics));
        if read.iter().all(|(root, _)| root.get("kind").is_none()) {
            diagnostics.push(no_policy(&path, pattern.origin()));
        } else {
            first.get_or_insert((path, pattern.origin()));
        }
        documents.extend(read);
    }
    // Bindings, and what policies read, may stand in files of their own, but not alone.
    if let Some((path, origin)) = first.filter(|_| !documents.iter().any(|(root, _)| holds_policy(root))) {
        diagnostics.push(no_policy(&path, origin));
    }
    let named = checked(documents, facts, diagnostics);
    Policies::read(&named.iter().map(|object| Placed { object, sets: None }).collect::<Vec<_>>(), facts)
}

/// Judges manifests of the inputs by the chosen rule sets and by the policies in force.
pub(super) fn judge_given(
    given: &[&Manifest],
    anew: &Anew,
    asked: &Asked,
    roles: &Roles,
    diagnostics: &mut Diagnostics,
) {
    for set in check::sets(given.iter().copied(), roles) {
        let files: HashSet<FileId> = set.iter().map(|manifest| manifest.origin.file).collect();
        let is_own = |finding: &Diagnostic| files.contains(&finding.origin.file);
        let is_added_to = |object: &&&Manifest| !roles.of(object.origin.file).added.is_empty();
        let keys: HashMap<String, &Manifest> =
            set.iter().filter(is_added_to).map(|object| (object.key.to_string(), *object)).collect();
        let is_mended = |finding: &Diagnostic| {
            let object = finding.subject.as_ref().and_then(|subject| keys.get(&subject.object));
            object.is_some_and(|object| roles.of(object.origin.file).is_mended(finding, &object.key, &object.node))
        };
        let mut found = asked.judge(&whole(set.iter().copied(), anew.is_sound), &Beside::default());
        for object in &set {
            let role = roles.of(object.origin.file);
            // What a kustomization moves or changes is judged where that is known.
            if !role.moved && !role.altered {
                found.extend(anew.judge_level(object, role.sets(), &found));
            }
        }
        let found = found.into_iter().filter(|finding| !is_mended(finding));
        diagnostics.extend(found.map(|finding| if is_own(&finding) { finding.as_written() } else { finding }));
    }
    for manifest in given {
        let role = roles.of(manifest.origin.file);
        let refused = anew.judge(manifest, &Policies::default(), role.sets()).into_iter();
        let refused = refused.map(|finding| if role.altered { undecided(finding) } else { finding });
        let is_own = |finding: &Diagnostic| finding.origin.file == manifest.origin.file;
        diagnostics.extend(refused.map(|finding| if is_own(&finding) { finding.as_written() } else { finding }));
    }
}

/// Says of an object that a kustomization changes that it is not known whether a policy allows it.
fn undecided(finding: Diagnostic) -> Diagnostic {
    if finding.code != Code::Policy {
        return finding;
    }
    let message = format!("{}, unless a kustomization changes that", finding.message);
    let help = "build it first: `kustomize build DIR | fanfold check -`";
    Diagnostic { code: Code::PolicyUndecided, severity: Code::PolicyUndecided.severity(), message, ..finding }
        .help(help)
}

/// The kind of policies.
const KIND: &str = "ValidatingAdmissionPolicy";

/// Whether a document is a policy, or a list of objects with one among them.
pub fn holds_policy(root: &Node) -> bool {
    match check::items_of(root) {
        Some(items) => items.iter().any(holds_policy),
        None => root.get("kind").and_then(Node::as_str) == Some(KIND),
    }
}

fn no_policy(path: &str, origin: Origin) -> Diagnostic {
    let message = format!("`{path}` holds no policy");
    let help = suggestion(path, []).unwrap_or_else(|| format!("policies are objects of the kind `{KIND}`"));
    Diagnostic::new(Code::UnreadableFile, origin, message).help(help)
}

fn checked(documents: Vec<(Node, Origin)>, facts: &'static Facts, diagnostics: &mut Diagnostics) -> Vec<Manifest> {
    if documents.is_empty() {
        return Vec::new();
    }
    let (objects, found) = check::check_objects(documents, facts, Mode::Manifest);
    diagnostics.append(found);
    objects
}
