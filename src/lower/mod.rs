//! Instances in, objects out: shorthands spelled out, each field put where Kubernetes has it.
//!
//! A file for each concern. Lowering is pure and local: one instance becomes its objects, which do not depend on any
//! other. Every generated node carries the place in the spec that caused it.

mod autoscale;
mod configs;
mod container;
mod declared;
mod draft;
mod env;
mod flat;
mod follow;
mod hash;
mod ingress;
mod json_patch;
mod memo;
mod metadata;
mod mounts;
mod network;
mod patch;
mod ports;
mod probes;
mod references;
mod resources;
mod rollout;
mod scheduling;
mod sections;
mod service;
mod workload;

pub use declared::{Declaration, Declarations, Declared};
pub use memo::Memo;
pub use patch::{BatchPatches, Identify};
pub use references::undeclared;

use smol_str::SmolStr;

use self::follow::{Written, follow};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{Expanded, Instance, Plan};
use crate::kubernetes::{Facts, Manifest, ObjectKey};
use crate::spec::{Union, WorkloadKind};
use crate::text::{Node, Origin};

/// What all instances of a batch share.
#[derive(Debug)]
pub struct Context<'a> {
    /// What Kubernetes says.
    pub facts: &'static Facts,
    /// The batch.
    pub batch: &'a Expanded,
    /// What its sections declare.
    pub declared: &'a Declarations,
    /// The patches that are written at the level of the batch.
    pub patches: &'a BatchPatches,
    /// What a patched object is.
    pub identify: &'a dyn Identify,
}

/// Returns the ConfigMaps and Secrets of the batch.
///
/// Comes after all other instances, whose references say where they are needed.
pub fn shared_objects(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Vec<Manifest> {
    let objects = context.declared.objects().into_iter();
    let patched = |(object, own): (Manifest, Option<Node>)| {
        let kind = object.key.kind.clone();
        patched(context, None, own.as_ref().map(|own| (kind.as_str(), own)), vec![object], diagnostics)
    };
    objects.flat_map(patched).collect()
}

/// Applies the patches of the batch to objects, and then those of their entry; what they mention is followed.
fn patched(
    context: &Context<'_>,
    instance: Option<&Instance>,
    own: Option<(&str, &Node)>,
    objects: Vec<Manifest>,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    if let Some((noun, own)) = own {
        patch::check_kinds(noun, own, &objects, diagnostics);
    }
    let has_patch = |own: &Node| own.get("patch").is_some() || own.get("patchJSON6902").is_some();
    let is_patched = !context.patches.is_empty() || own.is_some_and(|(_, own)| has_patch(own));
    let apply = |object| {
        let before = instance.filter(|_| is_patched).map(|instance| (instance, Written::of(&object)));
        let object = context.patches.apply(context.facts, context.identify, object, diagnostics);
        let object = match own {
            Some((_, own)) => patch::apply_own(context.facts, context.identify, own, object, diagnostics),
            None => object,
        };
        match before {
            Some((instance, before)) => follow(context, instance, &before, object, diagnostics),
            None => object,
        }
    };
    objects.into_iter().map(apply).collect()
}

/// Returns the objects of one instance.
pub fn instance_objects(
    context: &Context<'_>,
    plan: &Plan,
    instance: &Instance,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    instance_objects_of(context, plan, instance, None, &mut Memo::default(), diagnostics)
}

/// Returns the objects of one instance, as [`instance_objects`] does, with what is known from the instances before.
///
/// Objects of other kinds than `kind` may be missing.
pub fn instance_objects_of(
    context: &Context<'_>,
    plan: &Plan,
    instance: &Instance,
    kind: Option<&str>,
    memo: &mut Memo,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    let fields = &instance.fields;
    // A patch may look at any object, and turn it into one of another kind.
    let is_patched =
        !context.patches.is_empty() || fields.get("patch").is_some() || fields.get("patchJSON6902").is_some();
    let kind = kind.filter(|_| !is_patched);
    let Some(union) = plan.form.union() else {
        let object = sections::lower(context, plan, instance, memo, diagnostics);
        let is_wanted = |object: &Manifest| kind.is_none_or(|kind| kind == object.key.kind);
        let objects: Vec<Manifest> = object.into_iter().filter(is_wanted).collect();
        return if objects.is_empty() {
            objects
        } else {
            patched(context, Some(instance), Some((plan.noun(), fields)), objects, diagnostics)
        };
    };
    let pinned = metadata::pinned(instance, diagnostics);
    let mut lowering = Lowering { context, plan, union, instance, kind, pinned, memo, diagnostics };
    let objects = workload::lower(&mut lowering);
    patched(context, Some(instance), Some((plan.noun(), fields)), objects, diagnostics)
}

/// The lowering of one instance.
struct Lowering<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    union: &'a Union,
    instance: &'a Instance,
    kind: Option<&'a str>,
    /// The labels that select the pods of the instance.
    pinned: Node,
    memo: &'a mut Memo,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Lowering<'a> {
    /// Returns the kind of the workload.
    fn kind(&self) -> WorkloadKind {
        self.union.kind
    }

    /// Whether objects of a kind are asked for.
    fn wants(&self, kind: &str) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }

    /// Returns the value of a field of the instance.
    fn field(&self, key: &str) -> Option<&'a Node> {
        self.instance.fields.get(key).filter(|node| !node.is_null())
    }

    /// Returns the name of the instance.
    fn name(&self) -> &'a SmolStr {
        self.instance.name.text().unwrap_or(const { &SmolStr::new_static("") })
    }

    /// Returns where the instance's workload was written.
    fn origin(&self) -> Origin {
        self.instance.origin
    }

    /// Returns the namespace of the instance's objects.
    fn namespace(&self) -> Option<&'a Node> {
        self.field("namespace").or(self.context.batch.batch.namespace.as_ref())
    }

    /// Reports a shorthand that cannot be read, and returns what stands for its value.
    fn refuse(&mut self, node: &Node, message: impl Into<String>, help: &str) -> Node {
        self.diagnostics.push(Diagnostic::new(Code::InvalidShorthand, node.origin(), message).help(help));
        Node::broken()
    }

    /// Returns the mapping, or reports what stands in its place.
    fn expect_map<'n>(&mut self, node: &'n Node, what: &str, help: &str) -> Option<&'n crate::text::Map> {
        if node.as_map().is_none() {
            self.refuse(node, format!("expected a mapping for `{what}`, found {}", node.type_name()), help);
        }
        node.as_map()
    }

    /// Makes an object of this instance.
    fn object(
        &self,
        api_version: &str,
        kind: &str,
        name: &Node,
        metadata: Node,
        body: Vec<(&str, Node)>,
        origin: Origin,
    ) -> Manifest {
        let mut draft =
            draft::Draft::new(origin).text("apiVersion", api_version).text("kind", kind).node("metadata", metadata);
        for (key, value) in body {
            draft = draft.node(key, value);
        }
        // It is told anew of each instance, by the metadata.
        let namespace = self.namespace().and_then(Node::sample_text).cloned().unwrap_or_default();
        Manifest { key: object_key(api_version, kind, namespace, name_of(name)), node: draft.done(), origin }
    }
}

/// Returns the text of a name, of one instance where each has its own.
fn name_of(name: &Node) -> &SmolStr {
    name.sample_text().unwrap_or(const { &SmolStr::new_static("") })
}

/// Returns the identity of an object of an apiVersion.
fn object_key(api_version: &str, kind: &str, namespace: SmolStr, name: &SmolStr) -> ObjectKey {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ObjectKey { group: group.into(), version: version.into(), kind: kind.into(), namespace, name: name.clone() }
}
