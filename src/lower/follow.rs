//! Names in native bodies: objects that mention entries of the batch in, the same ones under the names of those objects out.
//!
//! The table of what mentions what decides which fields are names. A name of no entry stays: it may be anybody's.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::Context;
use super::references::Referrer;
use crate::diagnostic::Diagnostics;
use crate::expand::{Instance, Joined};
use crate::kubernetes::Manifest;
use crate::kubernetes::references::{self, ACCOUNT, CLAIM, CONFIG_MAP, Mention, Named, SECRET, SERVICE, mentions};
use crate::spec::Section;
use crate::text::{Node, Origin};

/// The names that an object mentions, as they were before it was patched.
#[derive(Default)]
pub(super) struct Written {
    addresses: HashSet<usize>,
    /// The names themselves: while they are held, no other one has their address.
    _held: Vec<Node>,
}

impl Written {
    /// Returns the names in an object.
    pub(super) fn of(object: &Manifest) -> Self {
        let mut held = Vec::new();
        mentions(object, &mut |mention| held.push(mention.name.clone()));
        Self { addresses: held.iter().map(Node::address).collect(), _held: held }
    }
}

/// A name that stands for an entry.
struct Followed {
    field: references::FieldOf,
    name: SmolStr,
    origin: Origin,
}

/// Rewrites the names of entries that an object of an instance mentions, but for those that it had before.
pub(super) fn follow(
    context: &Context<'_>,
    instance: &Instance,
    before: &Written,
    object: Manifest,
    diagnostics: &mut Diagnostics,
) -> Manifest {
    follow_to(|_| true, context, instance, before, object, diagnostics)
}

/// Rewrites the names of entries of one section.
pub(super) fn follow_services(
    context: &Context<'_>,
    instance: &Instance,
    object: Manifest,
    diagnostics: &mut Diagnostics,
) -> Manifest {
    follow_to(|section| section == Section::Services, context, instance, &Written::default(), object, diagnostics)
}

fn follow_to(
    is_asked: impl Fn(Section) -> bool,
    context: &Context<'_>,
    instance: &Instance,
    before: &Written,
    object: Manifest,
    diagnostics: &mut Diagnostics,
) -> Manifest {
    let home = context.batch.batch.namespace.as_ref().and_then(Node::text);
    let of_object = object.node.at(&["metadata", "namespace"]).and_then(Node::text).filter(|text| !text.is_empty());
    let mut followed: Vec<Followed> = Vec::new();
    mentions(&object, &mut |mention| {
        let section = section_of(mention.target);
        let Some(name) = mention.name.text().filter(|_| !before.addresses.contains(&mention.name.address())) else {
            return;
        };
        if !section.is_none_or(&is_asked) {
            return;
        }
        let origin = mention.name.origin();
        let there = mention.namespace().map(SmolStr::new);
        let referrer = Referrer { cell: instance.cell.as_ref(), here: there.as_ref().or(of_object), home };
        let need = need_of(&mention);
        let entry = |section| context.declared.follow(section, &mention, need, referrer, diagnostics);
        let target = section.and_then(entry).or_else(|| of_workload(context, instance, &mention));
        if let Some(target) = target.filter(|target| target != name) {
            followed.push(Followed { field: mention.field, name: target, origin });
        }
    });
    let mut object = object;
    for Followed { field, name, origin } in followed {
        object.node = field.put(&object.node, Node::string(name, origin));
    }
    object
}

/// Returns the name of the instance of a workload that is meant, or of its Service, where nothing else is called so.
fn of_workload(context: &Context<'_>, instance: &Instance, mention: &Mention<'_>) -> Option<SmolStr> {
    let name = mention.name.text()?;
    let (number, instances) = context.declared.workloads.get(name)?;
    if mention.namespace().is_some() || context.declared.known.contains(&(mention.target.kind.into(), name.clone())) {
        return None;
    }
    let plan = &context.batch.plans[*number];
    let Joined::One(at) = instances.joined(instance.cell.as_ref()) else { return None };
    if mention.target.kind != SERVICE.kind {
        return (plan.form.union()?.kind.as_str() == mention.target.kind).then(|| plan.name(at).clone());
    }
    let service = plan.field(at, "service", &context.batch.scope()).filter(|node| !node.is_null())?;
    Some(service.get("name").and_then(Node::text).unwrap_or(plan.name(at)).clone())
}

fn need_of(mention: &Mention<'_>) -> super::references::Need {
    use super::references::Need;
    match mention.need {
        _ if mention.is_optional() => Need::May,
        references::Need::Must => Need::Must,
        references::Need::Pull | references::Need::None => Need::Pull,
    }
}

/// Returns the section whose entries become objects of a kind that is mentioned.
fn section_of(target: Named<'_>) -> Option<Section> {
    let sections = [
        (SECRET, Section::Secrets),
        (CONFIG_MAP, Section::ConfigMaps),
        (CLAIM, Section::Claims),
        (ACCOUNT, Section::ServiceAccounts),
        (SERVICE, Section::Services),
    ];
    let is_it = |named: &Named<'_>| named.group == target.group && named.kind == target.kind;
    sections.into_iter().find(|(named, _)| is_it(named)).map(|(_, section)| section)
}
