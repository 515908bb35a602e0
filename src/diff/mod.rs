//! What lies between two sets of objects, and what it does to a cluster.
//!
//! Two lists of objects enter, changes leave: each with its path, both values, and its effect. What is the same by
//! meaning is no difference, however it is written; a value of a Secret never gets into a [`Change`], so that no
//! format can show one.

mod admission;
mod axes;
mod cause;
mod committed;
mod compare;
mod crowd;
mod definition;
mod effect;
mod exposure;
mod fold;
mod guard;
mod lists;
mod matching;
mod meaning;
mod naming;
mod render;
mod resemblance;
mod saved;
mod scaled;
mod secret;
mod security;
mod traffic;
mod written;

use std::fmt;

use rayon::prelude::*;
use smol_str::SmolStr;

pub use cause::{Cause, Causes};
pub use committed::Committed;
pub use effect::{Demand, Effect};
pub use fold::{Condition, Entry, Group, fold};
use scaled::Scaled;
use secret::Secrets;

pub use render::{Report, Style, html, human, json, markdown, short};
pub use saved::settle;
pub use written::as_written;

use crate::check::Definitions;
use crate::kubernetes::{Facts, Manifest, ObjectKey, install_rank};
use crate::text::{Node, Origin, Sources};

/// All that differs between two sets of objects.
#[derive(Debug)]
pub struct Changes {
    /// The objects that differ, in the order of installation; those that went away stand where they stood.
    pub objects: Vec<Object>,
    /// The objects that are the same in every letter that counts.
    pub same: Vec<Known>,
}

/// What is known of an object whatever becomes of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its identity.
    pub key: ObjectKey,
    /// What tells it apart from its kind: values of axes, the workload that it belongs to.
    pub traits: Vec<(SmolStr, SmolStr)>,
}

/// One object that differs.
#[derive(Debug)]
pub struct Object {
    /// What is known of it: as it is, or as it was where it is gone.
    pub known: Known,
    /// What became of it.
    pub fate: Fate,
    /// The single changes, the worst effects of which are those of the object.
    pub changes: Vec<Change>,
    /// Its pods before.
    pub before: Demand,
    /// Its pods afterwards.
    pub after: Demand,
    /// Where it was written: the new one, or the old one where it is gone.
    pub origin: Origin,
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another one than it was.
    Changed,
    /// It is another one than it was, and names the namespace that it left open, or the other way round; it was this one.
    Restated(ObjectKey),
    /// It has another name, and had this one.
    Renamed(ObjectKey),
    /// It has another name because the hash of its content is a part of that; it had this one.
    Rehashed(ObjectKey),
    /// It is written in another version of its API, and was this one.
    Migrated(ObjectKey),
}

/// One thing that differs in an object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where; the object as a whole where this is empty.
    pub path: Path,
    /// What.
    pub what: What,
    /// What it does.
    pub effect: Effect,
    /// Why it does that, where the effect alone does not say it.
    pub note: Option<SmolStr>,
    /// Whether it only follows the new name of another object.
    pub follows: bool,
    /// Whether it is one of many words that nobody obeys, such as descriptions, which are counted and not shown one by one.
    pub words: bool,
    /// The line that it comes from: the new one, or the old one where nothing is left.
    pub origin: Origin,
}

/// How a field differs.
#[derive(Clone, Debug)]
pub enum What {
    /// It is new; an item of a list has its place there.
    Added(Shown, Option<usize>),
    /// It is gone.
    Removed(Shown),
    /// It is another.
    Changed(Shown, Shown),
    /// The items that both lists have stand in another order: that of before, and that of now.
    Reordered(Vec<Step>, Vec<Step>),
    /// Nothing by itself: what the changes of the object do together.
    Note,
}

/// A value that may be shown, or one that must not.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A value.
    Value(Node),
    /// A value that is secret.
    Hidden,
}

/// The way to a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

/// A step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A key of a mapping.
    Key(SmolStr),
    /// The item of a list that has these values.
    Item(Vec<(SmolStr, SmolStr)>),
    /// The item of a set.
    Member(SmolStr),
}

/// The namespace of objects that name none, where nothing else is said.
pub const NAMESPACE: &str = "default";

/// Returns what lies between two sets of objects.
pub fn diff(old: &[Manifest], new: &[Manifest], facts: &Facts, sources: &Sources) -> Changes {
    diff_in(NAMESPACE, old, new, facts, sources)
}

/// Returns what lies between two sets of objects; those that name no namespace are in the given one.
pub fn diff_in(namespace: &str, old: &[Manifest], new: &[Manifest], facts: &Facts, sources: &Sources) -> Changes {
    let matched = matching::matched(old, new, matching::Ground { facts, sources, namespace });
    let renames = matching::Renames::of(&matched.pairs, old, new);
    let secrets = Secrets::of([old, new], sources);
    let scaled = Scaled::of([old, new]);
    let lists = lists::Lists::of([new, old]);
    let sides = [old, new];
    let definitions = sides.map(|side| {
        let objects = side.iter().map(|object| &object.node);
        Definitions::read(objects.filter(|object| Definitions::defines(object)))
    });
    let ground = Ground {
        definitions: &definitions,
        facts,
        secrets: &secrets,
        renames: &renames,
        lists: &lists,
        scaled: &scaled,
        sides,
    };
    let mut made: Vec<Result<Object, Box<Known>>> = matched
        .pairs
        .par_iter()
        .map(|pair| ground.changed(&old[pair.old], &new[pair.new], pair.fate.clone()))
        .collect();
    made.par_extend(matched.added.par_iter().map(|at| Ok(ground.one_sided(&new[*at], Fate::Added))));
    made.par_extend(matched.removed.par_iter().map(|at| Ok(ground.one_sided(&old[*at], Fate::Removed))));
    made.par_extend(matched.doubles.par_iter().map(|at| Ok(ground.double(&old[*at]))));
    let (mut objects, mut same) = (Vec::new(), Vec::new());
    for outcome in made {
        match outcome {
            Ok(object) => objects.push(object),
            Err(known) => same.push(*known),
        }
    }
    objects.sort_by_cached_key(|object| {
        (install_rank(&object.known.key.group, &object.known.key.kind), object.known.key.clone())
    });
    same.sort_by(|one, other| one.key.cmp(&other.key));
    Changes { objects, same }
}

/// What the changes of every object are judged by.
struct Ground<'a> {
    /// The definitions of custom resources on both sides.
    definitions: &'a [Definitions; 2],
    facts: &'a Facts,
    secrets: &'a Secrets<'a>,
    renames: &'a matching::Renames,
    lists: &'a lists::Lists<'a>,
    scaled: &'a Scaled,
    sides: [&'a [Manifest]; 2],
}

impl Ground<'_> {
    fn changed(&self, old: &Manifest, new: &Manifest, fate: Fate) -> Result<Object, Box<Known>> {
        let known = Known::of(new, self.secrets);
        if old.node.same(&new.node) {
            return Err(Box::new(known));
        }
        let veil = self.secrets.veil([old, new]);
        let mut changes =
            compare::compare(old, new, self.facts, veil, self.renames, self.lists, self.scaled.hold([old, new]));
        if changes.is_empty() {
            return Err(Box::new(known));
        }
        effect::classify(old, new, &fate, &mut changes, self.facts, self.renames);
        if matches!(fate, Fate::Changed | Fate::Restated(_)) {
            effect::refuse_by_rules(old, new, &mut changes, self.definitions);
        }
        let (before, after) = (Demand::of(old), Demand::of(new));
        Ok(Object { known, fate, changes, before, after, origin: new.origin })
    }

    fn one_sided(&self, object: &Manifest, fate: Fate) -> Object {
        let shown = self.secrets.veil([object, object]).whole(object);
        let added = fate == Fate::Added;
        let (what, effect) =
            if added { (What::Added(shown, None), Effect::InPlace) } else { (What::Removed(shown), Effect::Removed) };
        let origin = object.origin;
        let mut changes = vec![Change { what, effect, ..Change::whole(origin) }];
        let demand = Demand::of(object);
        let (before, after) = if added { (Demand::default(), demand) } else { (demand, Demand::default()) };
        effect::classify_whole(object, added, &mut changes, self.facts, self.sides);
        Object { known: Known::of(object, self.secrets), fate, changes, before, after, origin }
    }

    /// An object that was written more than once, and is there as another of its name.
    fn double(&self, object: &Manifest) -> Object {
        let note = "it was written more often: what is written last counts".into();
        let changes = vec![effect::whole_note(Effect::InPlace, note, object.origin)];
        let (before, after) = (Demand::default(), Demand::default());
        let known = Known::of(object, self.secrets);
        Object { known, fate: Fate::Changed, changes, before, after, origin: object.origin }
    }
}

impl Change {
    /// Returns a change of an object as a whole, which says nothing yet.
    fn whole(origin: Origin) -> Self {
        let (path, what, effect) = (Path::default(), What::Note, Effect::None);
        Self { path, what, effect, note: None, follows: false, words: false, origin }
    }
}

impl Known {
    /// The label that says which workload an object belongs to.
    const WORKLOAD: &'static str = "app.kubernetes.io/name";

    fn of(object: &Manifest, secrets: &Secrets<'_>) -> Self {
        let labels = object.node.at(&["metadata", "labels"]).and_then(Node::as_map);
        let shown = axes::of(object).filter_map(|(name, value)| {
            let shown = secrets.open().shown(&[], value);
            (shown != Shown::Hidden).then_some((SmolStr::new(name), value.text()?.clone()))
        });
        let mut traits: Vec<(SmolStr, SmolStr)> = shown.collect();
        // What names an object tells it apart better than what it has beside that.
        traits.sort_by_key(|(_, value)| !axes::is_in_name(value, &object.key));
        if let Some(workload) = labels.and_then(|labels| labels.get(Self::WORKLOAD)).and_then(Node::text) {
            traits.push(("workload".into(), workload.clone()));
        }
        if !object.key.namespace.is_empty() {
            traits.push(("namespace".into(), object.key.namespace.clone()));
        }
        Self { key: object.key.clone(), traits }
    }
}

impl Object {
    /// Returns the worst of its effects.
    pub fn effect(&self) -> Effect {
        self.changes.iter().map(|change| change.effect).max().unwrap_or(Effect::None)
    }

    /// Whether one of its changes has that effect. What goes is removed, whatever goes with it, and so is what has another
    /// name, which is another object: the old one is deleted. Names that end in the hash of their content are made to change.
    pub fn has(&self, effect: Effect) -> bool {
        let goes = matches!(self.fate, Fate::Removed | Fate::Renamed(_));
        effect == Effect::Removed && goes || self.changes.iter().any(|change| change.effect == effect)
    }

    /// Whether it differs only in the names of others.
    pub fn only_follows(&self) -> bool {
        self.changes.iter().all(|change| change.follows)
    }

    /// Returns the pods that the change touches: those of before, or the new ones where there was none.
    pub fn pods(&self) -> u64 {
        if self.before.pods > 0 { self.before.pods } else { self.after.pods }
    }
}

impl Changes {
    /// Whether nothing differs by meaning.
    pub fn is_empty(&self) -> bool {
        self.objects.iter().all(|object| object.effect() == Effect::None)
    }

    /// Whether some change has that effect.
    pub fn has(&self, effect: Effect) -> bool {
        self.objects.iter().any(|object| object.has(effect))
    }
}

impl Fate {
    /// Returns the word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed | Self::Restated(_) => "changed",
            Self::Renamed(_) | Self::Rehashed(_) => "renamed",
            Self::Migrated(_) => "migrated",
        }
    }

    /// Returns what the object was, where it was another one.
    pub fn was(&self) -> Option<&ObjectKey> {
        match self {
            Self::Renamed(key) | Self::Rehashed(key) | Self::Migrated(key) | Self::Restated(key) => Some(key),
            Self::Added | Self::Removed | Self::Changed => None,
        }
    }
}

impl Path {
    /// Whether it leads to a field below those keys; items of lists are stepped over.
    pub fn is_below(&self, keys: &str) -> bool {
        let mut steps = self.keys();
        keys.split('.').all(|key| steps.next().is_some_and(|step| step == key))
    }

    /// Whether these steps lead to the field of those keys, past no list.
    fn is_at(steps: &[Step], keys: &str) -> bool {
        let mut steps = steps.iter();
        keys.split('.').all(|key| matches!(steps.next(), Some(Step::Key(step)) if step == key))
            && steps.next().is_none()
    }

    /// Whether these steps lead to the name of the object.
    fn is_name(steps: &[Step]) -> bool {
        matches!(steps, [Step::Key(metadata), Step::Key(name)] if metadata == "metadata" && name == "name")
    }

    /// Returns the keys on the way, without the items of lists.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }
}

impl fmt::Display for Path {
    /// Writes `spec.containers[web].ports[80,TCP].name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/', '[']) || key.is_empty() => write!(f, "[{key}]")?,
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                step => write!(f, "[{step}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(text) | Self::Member(text) => f.write_str(text),
            Self::Item(values) => {
                for (at, (_, value)) in values.iter().enumerate() {
                    write!(f, "{}{value}", if at > 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    }
}
