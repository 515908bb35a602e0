//! Patches of objects: strategic merge by the bundled list keys, and JSON patches, by kind or by kind and name.
//!
//! A patch that changes nothing, or that no object takes, is a finding. What a patch leaves is identified anew, as if it had
//! been written so, and nothing grows beyond what an object can be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use smol_str::SmolStr;

use super::json_patch::{Room, operate};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, is_near, suggestion, words};
use crate::expand::{Place, merge};
use crate::kubernetes::{Facts, Manifest, ObjectKey, pod_template};
use crate::limits;
use crate::text::{Entry, Node, Origin};

/// Says what an object is that a patch has changed: those that come after lowering know.
pub trait Identify: Sync + std::fmt::Debug {
    /// Returns the identity of an object; `None` if it is none, which the findings tell.
    fn identify(&self, object: &Node, findings: &mut Vec<Diagnostic>) -> Option<ObjectKey>;

    /// Whether objects of a kind live in namespaces; those of an unknown one do.
    fn is_namespaced(&self, key: &ObjectKey) -> bool;
}

/// The patches of a batch, and whether they changed anything.
#[derive(Debug, Default)]
pub struct BatchPatches {
    patches: Vec<(Patch, AtomicBool)>,
    /// What the objects of the run are called that a patch without any may have meant, by the number of the patch.
    near: Mutex<BTreeMap<usize, SmolStr>>,
}

/// A patch of the objects of one kind, or of the one of them that has a name.
#[derive(Clone, Debug)]
struct Patch {
    kind: SmolStr,
    name: Option<SmolStr>,
    body: Node,
    json: bool,
    origin: Origin,
}

impl BatchPatches {
    /// Reads the patches of a batch.
    pub fn read(strategic: Option<&Node>, json: Option<&Node>, diagnostics: &mut Diagnostics) -> Self {
        let patches = read(strategic, json, diagnostics).into_iter().map(|patch| (patch, AtomicBool::new(false)));
        Self { patches: patches.collect(), near: Mutex::default() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    /// Applies the patches to an object.
    ///
    /// An object that is none any more comes back as it was before the patch, which is told.
    pub fn apply(
        &self,
        facts: &'static Facts,
        identify: &dyn Identify,
        object: Manifest,
        diagnostics: &mut Diagnostics,
    ) -> Manifest {
        let mut object = object;
        for (number, (patch, effective)) in self.patches.iter().enumerate() {
            if !patch.is_for(&object) {
                if !effective.load(Ordering::Relaxed)
                    && let Some(near) = patch.near(&object)
                {
                    let mut known = self.near.lock().unwrap_or_else(PoisonError::into_inner);
                    let first = known.entry(number).or_insert_with(|| near.clone());
                    // The same one, whichever thread comes first.
                    if near < *first {
                        *first = near;
                    }
                }
                continue;
            }
            let changed;
            (object, changed) = patch.apply(facts, identify, object, diagnostics);
            if changed != Some(false) {
                effective.store(true, Ordering::Relaxed);
            }
        }
        object
    }

    /// Reports the patches that changed nothing in the whole run.
    pub fn finish(&self, diagnostics: &mut Diagnostics) {
        let near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, (patch, effective)) in self.patches.iter().enumerate() {
            if !effective.load(Ordering::Relaxed) {
                diagnostics.push(match near.get(&number) {
                    Some(near) => {
                        no_target("no object of the run is", patch).did_you_mean(&patch.target(), [near.as_str()])
                    }
                    None => ineffective(patch),
                });
            }
        }
    }
}

/// Applies the patches of an instance to one of its objects.
pub(super) fn apply_own(
    facts: &'static Facts,
    identify: &dyn Identify,
    fields: &Node,
    object: Manifest,
    diagnostics: &mut Diagnostics,
) -> Manifest {
    if fields.get("patch").is_none() && fields.get("patchJSON6902").is_none() {
        return object;
    }
    let mut object = object;
    for patch in read(fields.get("patch"), fields.get("patchJSON6902"), diagnostics) {
        if !patch.is_for(&object) {
            continue;
        }
        let changed;
        (object, changed) = patch.apply(facts, identify, object, diagnostics);
        if changed == Some(false) {
            diagnostics.push(ineffective(&patch));
        }
    }
    object
}

/// Reports the patches of an instance that none of its objects takes.
pub(super) fn check_kinds(noun: &str, fields: &Node, objects: &[Manifest], diagnostics: &mut Diagnostics) {
    for patch in read(fields.get("patch"), fields.get("patchJSON6902"), &mut Diagnostics::new()) {
        if !objects.iter().any(|object| patch.is_for(object)) {
            let near = objects.iter().find_map(|object| patch.near(object));
            let kinds = || objects.iter().map(|object| object.key.kind.as_str());
            let finding = no_target(&format!("the {noun} makes no"), &patch);
            diagnostics.push(match near {
                Some(near) => finding.did_you_mean(&patch.target(), [near.as_str()]),
                None => finding
                    .maybe_help(suggestion(&patch.kind, kinds()))
                    .help(format!("it makes {}", words::list(kinds(), "and"))),
            });
        }
    }
}

fn no_target(what: &str, patch: &Patch) -> Diagnostic {
    let message = format!("{what} `{}` to patch", patch.target());
    Diagnostic::new(Code::IneffectivePatch, patch.origin, message)
}

fn ineffective(patch: &Patch) -> Diagnostic {
    Diagnostic::new(Code::IneffectivePatch, patch.origin, format!("this patch of `{}` changes nothing", patch.target()))
        .help("remove it, or mend its path: what it sets is there already, or no such object is made")
}

fn read(strategic: Option<&Node>, json: Option<&Node>, diagnostics: &mut Diagnostics) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (node, is_json) in [(strategic, false), (json, true)] {
        let Some(node) = node.filter(|node| !node.is_null()) else { continue };
        let Some(map) = node.as_map() else {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidPatch,
                    node.origin(),
                    format!("expected patches by kind, found {}", node.type_name()),
                )
                .help("write `patch: {Deployment: {spec: {…}}}`"),
            );
            continue;
        };
        for Entry { key, value } in map {
            // Layers of a workload bring several patches of one kind, in their order.
            let layers = match value.as_seq() {
                Some(layers) if !is_json => layers.iter().map(|body| (body, body.origin())).collect(),
                _ => vec![(value, key.origin)],
            };
            for (body, origin) in layers {
                let fits = if is_json { body.as_seq().is_some() } else { body.as_map().is_some() };
                if !fits {
                    let expected = if is_json { "a list of operations" } else { "a mapping" };
                    diagnostics.push(Diagnostic::new(
                        Code::InvalidPatch,
                        body.origin(),
                        format!("expected {expected} for the patch of `{}`, found {}", key.text, body.type_name()),
                    ));
                    continue;
                }
                let (kind, name) = match key.text.split_once('/') {
                    Some((kind, name)) => (kind.into(), Some(name.into())),
                    None => (key.text.clone(), None),
                };
                patches.push(Patch { kind, name, body: body.clone(), json: is_json, origin });
            }
        }
    }
    patches
}

impl Patch {
    fn is_for(&self, object: &Manifest) -> bool {
        self.kind == object.key.kind && self.name.as_ref().is_none_or(|name| Some(name) == object.name())
    }

    /// Returns the target that was meant, if an object is nearly what the patch says.
    fn near(&self, object: &Manifest) -> Option<SmolStr> {
        let kind = &object.key.kind;
        let is_kind = self.kind == *kind;
        let Some(name) = &self.name else {
            return (!is_kind && is_near(&self.kind, kind)).then(|| kind.clone());
        };
        let own = object.name().filter(|own| is_near(name, own))?;
        let is_meant = if is_kind { name != own } else { is_near(&self.kind, kind) };
        is_meant.then(|| smol_str::format_smolstr!("{kind}/{own}"))
    }

    /// Reports a container that the patch adds without an image: most likely another one was meant.
    fn check_containers(&self, before: &Node, after: &Manifest, diagnostics: &mut Diagnostics) {
        let before = Manifest { node: before.clone(), ..after.clone() };
        for list in ["containers", "initContainers"] {
            let of = |object| pod_template(object)?.at(&["spec", list])?.as_seq();
            let known: Vec<&str> =
                of(&before).into_iter().flatten().filter_map(|one| one.get("name")?.as_str()).collect();
            for added in of(after).into_iter().flatten().filter(|one| one.get("image").is_none()) {
                let Some(name) = added.get("name").filter(|name| self.holds(name.origin())) else { continue };
                let Some(text) = name.as_str().filter(|text| !known.contains(text)) else { continue };
                let message = format!("the patch adds a container `{text}` without an `image`");
                let there = format!(
                    "`{list}` of the object {} {}",
                    if known.len() == 1 { "is" } else { "are" },
                    words::list(known.iter().copied(), "and")
                );
                let finding = Diagnostic::new(Code::InvalidPatch, name.origin(), message);
                let finding = finding.did_you_mean(text, known.iter().copied());
                let finding = if known.is_empty() || !finding.help.is_empty() { finding } else { finding.help(there) };
                diagnostics.push(finding.subject(after.key.to_string(), ""));
            }
        }
    }

    /// Returns what it patches, as it was written.
    fn target(&self) -> SmolStr {
        match &self.name {
            Some(name) => smol_str::format_smolstr!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// Returns the patched object, and whether it changed: none where the patch cannot be applied, which is told here.
    fn apply(
        &self,
        facts: &'static Facts,
        identify: &dyn Identify,
        object: Manifest,
        diagnostics: &mut Diagnostics,
    ) -> (Manifest, Option<bool>) {
        let node = if self.json {
            match self.operate(&object.node) {
                Ok(node) => node,
                Err(finding) => {
                    diagnostics.push((*finding).subject(object.key.to_string(), ""));
                    return (object, None);
                }
            }
        } else {
            let ty = facts
                .kind(&object.key.group, &object.key.version, &object.key.kind)
                .and_then(|kind| facts.type_of(kind))
                .map(|id| facts.ty(id));
            merge(facts, &object.node, &self.body, ty.map_or(Place::Free, Place::Type))
        };
        if node == object.node {
            return (object, Some(false));
        }
        let mut findings = Vec::new();
        let identified = identify.identify(&node, &mut findings);
        let before = object.key.to_string();
        // What the patch does not hold itself is missed where the patch starts.
        let at_patch = |finding: Diagnostic| {
            let is_inside = self.holds(finding.origin);
            let label = if is_inside { finding.label.clone() } else { "this patch leaves it so".to_owned() };
            let origin = if is_inside { finding.origin } else { self.origin };
            Diagnostic { origin, ..finding }.label(label).subject(before.as_str(), "")
        };
        // A name that the patch took away is one whose finding the object itself does not have.
        let is_whole = identified.is_some() && findings.iter().all(|finding| finding.code != Code::MissingField);
        diagnostics.extend(findings.into_iter().map(at_patch));
        match identified {
            Some(key) if is_whole => {
                let patched = Manifest { key, node, origin: object.origin };
                if !self.json {
                    self.check_containers(&object.node, &patched, diagnostics);
                }
                (patched, Some(true))
            }
            _ => (object, None),
        }
    }

    /// Applies the operations of a JSON patch, one after the other.
    fn operate(&self, node: &Node) -> Result<Node, Box<Diagnostic>> {
        let operations = self.body.as_seq().unwrap_or_default();
        if operations.len() > limits::PATCH_OPERATIONS {
            let message =
                format!("expected at most {} operations, found {}", limits::PATCH_OPERATIONS, operations.len());
            return Err(Box::new(Diagnostic::new(Code::InvalidPatch, self.origin, message)));
        }
        let mut room = Room(limits::PATCHED_NODES);
        operations.iter().try_fold(node.clone(), |node, operation| operate(&node, operation, &mut room))
    }

    /// Whether a place is in the text of the patch.
    fn holds(&self, place: Origin) -> bool {
        self.body.origin().holds(place) && place != self.origin
    }
}
