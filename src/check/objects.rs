//! A set of manifests, checked as a whole.
//!
//! Roots of documents enter; manifests leave in the order written, settled, with the findings. Definitions of custom
//! resources are read first, wherever they stand. An object that cannot be identified yields findings alone.

use std::collections::BTreeMap;

use rayon::prelude::*;
use smol_str::SmolStr;

use super::crd::Definitions;
use super::duplicates::duplicates;
use super::identity::{Checked, identify, items_of, unknown_custom_kind, unnamed};
use super::role::{Purpose, Roles, is_patch, namespaces};
use super::shape::{Mode, Walk};
use super::size::check_size;
use super::{definition, name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::kubernetes::{Facts, Manifest, ObjectKey, TypeId};
use crate::rules::Path;
use crate::text::{Node, Origin};

/// Sets below this size are not worth a second core.
const PARALLEL_OBJECTS: usize = 64;
/// So many objects are checked before their findings are counted, of which very many are not kept.
const AT_ONCE: usize = 8192;

/// Checks objects that are applied together, each with the place that stands for the whole of it.
pub fn check_objects(
    documents: impl IntoIterator<Item = (Node, Origin)>,
    facts: &'static Facts,
    mode: Mode,
) -> (Vec<Manifest>, Diagnostics) {
    check_objects_of(documents, facts, mode, &Roles::default(), &[])
}

/// Checks objects as the roles of their files ask for; patches are no objects, and leave none. Beside the definitions among
/// the objects those are known that [`settled_definitions`] returned.
pub fn check_objects_of(
    documents: impl IntoIterator<Item = (Node, Origin)>,
    facts: &'static Facts,
    mode: Mode,
    roles: &Roles,
    known: &[Node],
) -> (Vec<Manifest>, Diagnostics) {
    let mut objects = Vec::new();
    for (node, origin) in documents {
        unpack(node, origin, &mut objects);
    }
    let own = settled(objects.iter().map(|(node, _)| node), facts, mode);
    let definitions = Definitions::read(&own).beside(known);
    let checker = Checker { facts, mode, roles, definitions: &definitions };
    let check = |(node, origin): &(Node, Origin)| checker.check(node, *origin);
    let mut diagnostics = Diagnostics::new();
    let mut manifests = Vec::with_capacity(objects.len());
    let mut unknown: BTreeMap<(SmolStr, SmolStr), Diagnostic> = BTreeMap::new();
    let mut unnamed: Option<Diagnostic> = None;
    for some in objects.chunks(AT_ONCE) {
        let checked: Vec<Outcome> = if some.len() < PARALLEL_OBJECTS {
            some.iter().map(check).collect()
        } else {
            some.par_iter().map(check).collect()
        };
        for Outcome { manifest, findings, unknown: note, unnamed: warning } in checked {
            diagnostics.extend(findings);
            match (&mut unnamed, warning) {
                (Some(first), Some(_)) => first.count += 1,
                (None, warning) => unnamed = warning,
                (Some(_), None) => {}
            }
            if let (Some(note), Some(manifest)) = (note, &manifest) {
                let kind = (manifest.key.group.clone(), manifest.key.kind.clone());
                unknown.entry(kind).and_modify(|first| first.count += 1).or_insert(note);
            }
            manifests.extend(manifest);
        }
    }
    diagnostics.extend(unknown.into_values());
    diagnostics.extend(unnamed);
    diagnostics.extend(duplicates(&manifests, roles));
    if mode == Mode::Manifest {
        diagnostics = diagnostics.into_iter().map(Diagnostic::as_written).collect();
    }
    (manifests, diagnostics)
}

/// Returns the manifests that meet in one cluster, set by set; one that is in several counts in its first.
pub fn sets<'m>(
    manifests: impl IntoIterator<Item = &'m Manifest>,
    roles: &Roles,
) -> impl Iterator<Item = Vec<&'m Manifest>> {
    let mut sets: BTreeMap<u32, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        sets.entry(roles.of(manifest.origin.file).sets()[0]).or_default().push(manifest);
    }
    sets.into_values()
}

#[derive(Default)]
struct Outcome {
    manifest: Option<Manifest>,
    findings: Vec<Diagnostic>,
    /// What is said once for all objects of a kind without a definition.
    unknown: Option<Diagnostic>,
    /// What is said once for all objects without a name that may be created.
    unnamed: Option<Diagnostic>,
}

fn unpack(node: Node, origin: Origin, objects: &mut Vec<(Node, Origin)>) {
    match items_of(&node) {
        None => objects.push((node, origin)),
        Some(items) => {
            for item in items {
                let origin = item.origin();
                unpack(item, origin, objects);
            }
        }
    }
}

/// Returns the definitions among documents that are known to a run and none of its objects.
pub fn settled_definitions(documents: impl IntoIterator<Item = Node>, facts: &'static Facts) -> Vec<Node> {
    let mut objects = Vec::new();
    for node in documents {
        let origin = node.origin();
        unpack(node, origin, &mut objects);
    }
    settled(objects.iter().map(|(node, _)| node), facts, Mode::Manifest)
}

/// Returns the definitions among objects, settled; those of a run are checked like all others afterwards.
fn settled<'n>(objects: impl Iterator<Item = &'n Node>, facts: &'static Facts, mode: Mode) -> Vec<Node> {
    let ty = facts.kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition").and_then(|kind| facts.type_of(kind));
    let Some(ty) = ty else { return Vec::new() };
    let definitions = objects.filter(|node| Definitions::defines(node));
    definitions.map(|node| Walk::new(facts, mode).settle_type(node, ty, &Path::Root)).collect()
}

/// What all objects are checked against.
struct Checker<'a> {
    facts: &'static Facts,
    mode: Mode,
    roles: &'a Roles,
    definitions: &'a Definitions,
}

impl Checker<'_> {
    fn check(&self, node: &Node, origin: Origin) -> Outcome {
        let Self { facts, mode, definitions, .. } = *self;
        let role = self.roles.of(origin.file);
        if role.purpose == Purpose::Patch || role.purpose == Purpose::Looked && self.is_own_patch(node) {
            return Outcome { findings: self.check_patch(node), ..Outcome::default() };
        }
        let mut findings = Vec::new();
        let Some(identified) = identify(node, facts, definitions, &mut findings) else {
            return Outcome { findings, ..Outcome::default() };
        };
        let key = identified.key;
        let mut nameless = unnamed(&key, node);
        match role.purpose {
            Purpose::Applied | Purpose::Patch => findings.extend(nameless.take()),
            Purpose::Looked => nameless = nameless.map(|finding| finding.severity(Severity::Warning)),
            Purpose::Rendered => nameless = None,
        }
        if let Some(finding) = name::check(&key, node, facts) {
            // A manifest holds the very text of its name; in a spec it may be made of other texts.
            let (origin, mended) = (finding.origin, name::mended(&key.name));
            findings.push(match mode {
                Mode::Manifest if !mended.is_empty() && !finding.help.is_empty() => finding.fix(origin, mended),
                _ => finding,
            });
        }
        let mut walk = Walk::new(facts, mode).about(&key);
        let mut unknown = None;
        let settled = match identified.kind {
            Checked::Native(id) => walk.settle_type(node, id, &Path::Root),
            Checked::Custom(_) => walk.settle_custom(node),
            Checked::Unknown => {
                let place = node.get("kind").map_or(origin, Node::origin);
                unknown = Some(unknown_custom_kind(&key, place));
                walk.settle_custom(node)
            }
        };
        findings.extend(walk.into_findings());
        if let Checked::Custom(version) = identified.kind {
            findings.extend(self.definitions.check(version, &settled, node, &key));
        }
        if Definitions::defines(&settled) && key.group == "apiextensions.k8s.io" {
            findings.extend(definition::check(&key, &settled, facts.minor));
        }
        findings.extend(check_size(&key, &settled, node.get("kind").map_or(origin, Node::origin)));
        if role.moved {
            let written = namespaces(node);
            findings.retain(|finding| finding.code != Code::InvalidName || !written.contains(&Some(finding.origin)));
        }
        findings.retain(|finding| !role.is_mended(finding, &key, node));
        let manifest = Some(Manifest { key, node: settled, origin });
        Outcome { manifest, findings, unknown, unnamed: nameless }
    }

    fn native(&self, node: &Node) -> Option<TypeId> {
        let key = ObjectKey::of(node)?;
        self.facts.type_of(self.facts.kind(&key.group, &key.version, &key.kind)?)
    }

    /// Whether an object of Kubernetes says itself that it is a patch.
    fn is_own_patch(&self, node: &Node) -> bool {
        is_patch(node) && self.native(node).is_some()
    }

    /// Checks the shape of a patch: that of its kind, of which all may be missing.
    fn check_patch(&self, node: &Node) -> Vec<Diagnostic> {
        let (Some(ty), Some(key)) = (self.native(node), ObjectKey::of(node)) else { return Vec::new() };
        let mut walk = Walk::of_patch(self.facts, self.mode).about(&key);
        walk.settle_type(node, ty, &Path::Root);
        walk.into_findings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_documents;
    use crate::text::Sources;

    fn read(text: &str) -> Vec<(Node, Origin)> {
        let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut Diagnostics::new());
        documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect()
    }

    #[test]
    fn many_objects_keep_their_order() {
        let documents: Vec<String> =
            (0..500).map(|at| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a-{at}}}\n")).collect();
        let text = documents.join("---\n");
        let (manifests, diagnostics) = check_objects(read(&text), Facts::newest(), Mode::Manifest);
        assert!(diagnostics.is_empty());
        let names: Vec<String> = manifests.iter().map(|manifest| manifest.key.name.to_string()).collect();
        assert_eq!(names, (0..500).map(|at| format!("a-{at}")).collect::<Vec<_>>());
    }
}
