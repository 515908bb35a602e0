//! References to what sections declare: declared names in, the names of the objects out.
//!
//! Each reference is noted, so that there is an object in the namespace of all that refer to it. A reference to an entry
//! that fans out means the instance with the same axis values.

use smol_str::SmolStr;

use super::declared::{Declaration, Declarations, Made};
use super::draft::{Draft, is_true, items};
use super::env::replace;
use super::{Context, Lowering};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, suggestion, words};
use crate::expand::{Instance, Joined, describe};
use crate::kubernetes::references::Mention;
use crate::spec::{Batch, Section};
use crate::text::{Entry, Map, Node, Origin};

/// The ConfigMap that Kubernetes puts into each namespace.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";
/// The ServiceAccount that Kubernetes puts into each namespace.
const DEFAULT_ACCOUNT: &str = "default";

/// What becomes of pods that refer to what is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// They do not start.
    Must,
    /// They start without.
    May,
    /// They start where their images are there, or can be pulled without.
    Pull,
}

impl Need {
    /// Returns the need of a native reference.
    pub(super) fn of(reference: &Node) -> Self {
        if reference.get("optional").is_some_and(is_true) { Self::May } else { Self::Must }
    }
}

/// Returns the finding about an object that pods use, and that nothing makes and nothing declares.
pub fn undeclared(section: Section, name: &str, origin: Origin, batch: &Batch) -> Diagnostic {
    let declared = batch.section(section).iter().map(|entry| entry.key.text.as_str());
    let message = format!("no {} `{name}` is declared", section.kind());
    let finding = Diagnostic::new(Code::UndeclaredReference, origin, message).did_you_mean(name, declared);
    finding
        .help(format!("declare it under `{}`; one that exists already as `{name}: {{external: true}}`", section.key()))
}

/// What is referred to, and how.
#[derive(Clone, Copy)]
struct Reference<'a> {
    section: Section,
    name: &'a SmolStr,
    key: Option<&'a str>,
    need: Need,
    /// Where it is written.
    at: &'a Node,
    referrer: Referrer<'a>,
}

/// What refers.
#[derive(Clone, Copy)]
pub(super) struct Referrer<'a> {
    /// Its axis values.
    pub(super) cell: Option<&'a Node>,
    /// Its namespace.
    pub(super) here: Option<&'a SmolStr>,
    /// The namespace of the batch.
    pub(super) home: Option<&'a SmolStr>,
}

/// What a name leads to.
enum Found<'a> {
    /// An instance of an entry.
    One(&'a Declaration, usize),
    /// None that can be meant, for this reason.
    Wrong(Box<Diagnostic>),
    /// An entry that cannot be made, which was told.
    Broken,
    Undeclared,
}

impl<'a> Referrer<'a> {
    /// Returns an instance as something that refers.
    pub(super) fn of(context: &'a Context<'_>, instance: &'a Instance) -> Self {
        let home = context.batch.batch.namespace.as_ref().and_then(Node::text);
        let own = instance.fields.get("namespace").filter(|node| !node.is_null()).and_then(Node::text);
        Self { cell: instance.cell.as_ref(), here: own.or(home), home }
    }

    /// Returns its namespace, where it is not the batch's.
    fn elsewhere(self) -> Option<&'a SmolStr> {
        self.here.filter(|_| self.here != self.home)
    }

    /// Says that an instance has nothing to do with the one that refers.
    fn is_apart(self, made: &Made) -> bool {
        made.namespace.is_some() && self.here.is_some() && made.namespace.as_ref() != self.here
    }
}

impl Declarations {
    /// Returns the instance that a name means.
    fn find(&self, section: Section, name: &SmolStr, at: &Node, referrer: Referrer<'_>) -> Found<'_> {
        let Some((one, numbers)) = self.get(section, name) else {
            return if self.is_broken(section, name) { Found::Broken } else { Found::Undeclared };
        };
        let joined = match numbers {
            Some([number]) => Joined::One(*number),
            Some(_) | None => one.instances.joined(referrer.cell),
        };
        let kind = section.kind();
        let wrong = |message: String| Diagnostic::new(Code::UndeclaredReference, at.origin(), message);
        let finding = match joined {
            Joined::One(number) => return Found::One(one, number),
            Joined::Several(several, axes) => {
                // Nothing else than what is in its own namespace can be meant.
                let near = |number: &&usize| {
                    one.made[**number].namespace.is_some() && one.made[**number].namespace.as_ref() == referrer.here
                };
                if let [number] = several.iter().filter(near).collect::<Vec<_>>().as_slice() {
                    return Found::One(one, **number);
                }
                let message =
                    format!("the {kind} `{name}` has {} instances here, and nothing says which", several.len());
                let axes = words::list(axes.iter().map(SmolStr::as_str), "and");
                let help = format!("fan out along {axes} too, or write the name of one instance");
                wrong(message).also(one.origin, format!("it fans out along {axes}")).help(help)
            }
            Joined::LeftOut(when) => wrong(format!("`when` leaves the {kind} `{name}` out here"))
                .also(when, "this condition is false")
                .help(format!("leave out what refers to it by the same `when`, or make the {kind}")),
            Joined::Nothing(axes) => {
                let entries = referrer.cell.and_then(Node::as_map).into_iter().flatten();
                let shared: Map = entries.filter(|entry| axes.contains(&entry.key.text)).cloned().collect();
                let places: Vec<Origin> = shared.iter().map(|Entry { value, .. }| value.origin()).collect();
                let values = describe(Some(&Node::map(shared, at.origin())));
                wrong(format!("no instance of the {kind} `{name}` has {values}"))
                    .also(one.origin, "declared here")
                    .help("give its fan-out these values too, or refer to it from the instances that have its own")
                    .repeats(places)
            }
        };
        Found::Wrong(Box::new(finding))
    }

    /// Returns the name of the object that a reference means; what nothing declares is a finding, and keeps its name.
    fn resolve(&self, reference: Reference<'_>, diagnostics: &mut Diagnostics) -> SmolStr {
        let Reference { section, name, key, need, at, referrer } = reference;
        let kind = section.kind();
        let (one, number) = match self.find(section, name, at, referrer) {
            Found::One(one, number) => (one, number),
            Found::Broken => return name.clone(),
            Found::Wrong(finding) => {
                if need != Need::May {
                    diagnostics.push(*finding);
                }
                return name.clone();
            }
            Found::Undeclared => {
                let is_there = section == Section::ConfigMaps && name == ROOT_CERTIFICATES;
                if !is_there && need != Need::May && !self.known.contains(&(kind.into(), name.clone())) {
                    self.tell_undeclared(section, name, need, at, diagnostics);
                }
                return name.clone();
            }
        };
        let made = &one.made[number];
        if referrer.is_apart(made) && need != Need::May {
            diagnostics.push(apart(section, name, one, made, at, referrer));
        }
        one.note(number, referrer.elsewhere());
        if let Some(key) = key.filter(|_| need != Need::May) {
            diagnostics.extend(lacking(section, name, one, made, key, at.origin()));
        }
        made.name.clone()
    }

    /// Returns the name of the object that a native name means where it means an entry; `is_placed` says that a namespace is
    /// written beside it, in which others may have the same name.
    pub(super) fn follow(
        &self,
        section: Section,
        mention: &Mention<'_>,
        need: Need,
        referrer: Referrer<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<SmolStr> {
        let (at, is_placed) = (mention.name, mention.namespace().is_some());
        let name = at.text()?;
        if is_placed && !self.get(section, name)?.0.is_in(referrer.here, referrer.home) {
            return None;
        }
        let (one, number) = match self.find(section, name, at, referrer) {
            Found::One(one, number) => (one, number),
            Found::Wrong(finding) => {
                if need != Need::May {
                    diagnostics.push(*finding);
                }
                return None;
            }
            Found::Broken | Found::Undeclared => return None,
        };
        let made = &one.made[number];
        let is_config = matches!(section, Section::ConfigMaps | Section::Secrets);
        if is_config && referrer.is_apart(made) && need != Need::May {
            diagnostics.push(apart(section, name, one, made, at, referrer));
            return None;
        }
        one.note(number, referrer.elsewhere());
        for key in mention.keys().filter(|_| need != Need::May) {
            diagnostics.extend(key.as_str().and_then(|text| lacking(section, name, one, made, text, key.origin())));
        }
        Some(made.name.clone())
    }

    fn tell_undeclared(&self, section: Section, name: &str, need: Need, at: &Node, diagnostics: &mut Diagnostics) {
        // As kubectl names it: `configmap/app`.
        let bare = name.rsplit(['/', ':']).next().unwrap_or(name);
        let near = suggestion(bare, self.names(section));
        let message = format!("no {} `{name}` is declared", section.kind());
        let finding = Diagnostic::new(Code::UndeclaredReference, at.origin(), message);
        if need == Need::Must {
            diagnostics.push(finding.maybe_help(near).help(format!(
                "declare it under `{}`; one that exists already as `{name}: {{external: true}}`",
                section.key()
            )));
        } else if near.is_some() {
            diagnostics.push(finding.severity(Severity::Warning).maybe_help(near));
        }
    }
}

impl Lowering<'_> {
    /// Returns the name of the object that a reference of the instance means.
    pub(super) fn reference(
        &mut self,
        section: Section,
        name: &str,
        key: Option<&str>,
        need: Need,
        at: &Node,
    ) -> SmolStr {
        let name = &SmolStr::new(name);
        let referrer = Referrer::of(self.context, self.instance);
        let reference = Reference { section, name, key, need, at, referrer };
        self.context.declared.resolve(reference, self.diagnostics)
    }

    /// Rewrites the name in a native reference to a ConfigMap or Secret.
    pub(super) fn native_reference(
        &mut self,
        section: Section,
        reference: &Node,
        field: &str,
        key: Option<&str>,
    ) -> Node {
        let Some(name) = reference.get(field).cloned() else { return reference.clone() };
        let Some(text) = name.text().cloned() else { return reference.clone() };
        let target = self.reference(section, &text, key, Need::of(reference), &name);
        if target == text { reference.clone() } else { replace(reference, field, Node::string(target, name.origin())) }
    }

    /// Returns the name of the claim or account that a name means, and notes that the pods use it where the batch itself
    /// declares none: what other workloads make is known when all are lowered.
    pub(super) fn used(&mut self, section: Section, name: &Node) -> Node {
        let Some(text) = name.text().filter(|_| !name.is_null()) else { return name.clone() };
        if section == Section::ServiceAccounts && text == DEFAULT_ACCOUNT {
            return name.clone();
        }
        let declared = &self.context.declared;
        let referrer = Referrer::of(self.context, self.instance);
        let (target, is_there) = match declared.find(section, text, name, referrer) {
            Found::One(one, number) => {
                let made = &one.made[number];
                // Those of a batch are in its namespace; one that is external may be anywhere.
                let there = made.namespace.as_ref().or(referrer.home);
                let is_there = referrer.here == there || (made.is_external && made.namespace.is_none());
                (made.name.clone(), is_there)
            }
            Found::Wrong(finding) => {
                self.diagnostics.push(*finding);
                return name.clone();
            }
            Found::Broken => return name.clone(),
            Found::Undeclared => (text.clone(), false),
        };
        if !is_there && !declared.known.contains(&(section.kind().into(), target.clone())) {
            declared.note_use(section, referrer.here.cloned().unwrap_or_default(), target.clone(), name.origin());
        }
        if target == *text { name.clone() } else { Node::string(target, name.origin()) }
    }

    /// Returns the name of the Service that a name means; one that the batch does not declare may be anybody's.
    pub(super) fn service_of(&mut self, name: &Node) -> Node {
        let Some(text) = name.text().filter(|_| !name.is_null()) else { return name.clone() };
        let referrer = Referrer::of(self.context, self.instance);
        match self.context.declared.find(Section::Services, text, name, referrer) {
            Found::One(one, number) if one.made[number].name != *text => {
                Node::string(one.made[number].name.clone(), name.origin())
            }
            Found::Wrong(finding) => {
                self.diagnostics.push(*finding);
                name.clone()
            }
            _ => name.clone(),
        }
    }

    /// Spells out a list of Secrets, each a name or a native reference.
    pub(super) fn secret_list(&mut self, list: &Node) -> Node {
        spelled_list(list, |name, at| self.reference(Section::Secrets, name, None, Need::Pull, at))
    }
}

/// Returns the finding about a key that what is referred to does not have.
fn lacking(section: Section, name: &str, one: &Declaration, made: &Made, key: &str, at: Origin) -> Option<Diagnostic> {
    let keys = made.keys.as_ref().filter(|keys| !keys.contains(key))?;
    let message = format!("the {} `{name}` has no key `{key}`", section.kind());
    let finding = Diagnostic::new(Code::UndeclaredReference, at, message);
    Some(finding.did_you_mean(key, keys.iter().map(SmolStr::as_str)).also(one.origin, "declared here"))
}

/// Returns the finding about what is in another namespace than the one that refers to it.
fn apart(
    section: Section,
    name: &str,
    one: &Declaration,
    made: &Made,
    at: &Node,
    referrer: Referrer<'_>,
) -> Diagnostic {
    let (there, here) = (made.namespace.as_deref().unwrap_or_default(), referrer.here.map_or("", SmolStr::as_str));
    let message = format!("the {} `{name}` is in the namespace `{there}`, and this is in `{here}`", section.kind());
    let finding = Diagnostic::new(Code::UndeclaredReference, at.origin(), message);
    finding.also(one.origin, "declared here").help(
        "pods see what is in their own namespace alone: without a `namespace` of its own, there is a copy in each that refers to it",
    )
}

/// Spells out a list of Secrets that an instance of another section than `workloads` refers to.
pub(super) fn secret_list(
    context: &Context<'_>,
    instance: &Instance,
    list: &Node,
    diagnostics: &mut Diagnostics,
) -> Node {
    spelled_list(list, |name, at| {
        let name = &SmolStr::new(name);
        let referrer = Referrer::of(context, instance);
        let reference = Reference { section: Section::Secrets, name, key: None, need: Need::Pull, at, referrer };
        context.declared.resolve(reference, diagnostics)
    })
}

fn spelled_list(list: &Node, mut resolve: impl FnMut(&str, &Node) -> SmolStr) -> Node {
    let spelled = items(list).into_iter().map(|item| match (item.text(), item.get("name").and_then(Node::text)) {
        (Some(name), _) => Draft::new(item.origin()).text("name", resolve(name, &item)).done(),
        (None, Some(name)) => {
            let name = resolve(name, item.get("name").unwrap_or(&item));
            replace(&item, "name", Node::string(name, item.origin()))
        }
        (None, None) => item,
    });
    Node::seq(spelled.collect(), list.origin())
}
