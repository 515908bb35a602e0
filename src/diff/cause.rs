//! A place in a spec in; the values out that are read there and that are others than before.
//!
//! A field whose line says `{{ params.tag }}` changes where the parameter does: that line is the one to look at.

use std::collections::HashMap;
use std::sync::OnceLock;

use smol_str::SmolStr;

use super::Known;
use crate::expand::{Expanded, Scope, paths_read, same_value};
use crate::text::{Node, Origin, Sources};

/// The batches of both sides, so far as they are specs.
#[derive(Debug, Default)]
pub struct Causes<'a> {
    pairs: Vec<Pair<'a>>,
}

/// A value that is another one than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// As expressions name it: `params.tag`.
    pub path: SmolStr,
    /// Where the new value was written.
    pub origin: Origin,
}

/// A batch as it is and as it was.
#[derive(Debug)]
struct Pair<'a> {
    new: Side<'a>,
    old: Side<'a>,
}

#[derive(Debug)]
struct Side<'a> {
    batch: &'a Expanded,
    /// The plans and places of the instances by their names.
    instances: OnceLock<HashMap<SmolStr, Vec<(usize, usize)>>>,
}

impl<'a> Causes<'a> {
    /// Pairs the batches of two sides: those of one name, or the only ones.
    pub fn between(old: &[&'a Expanded], new: &[&'a Expanded]) -> Self {
        let pairs = new.iter().filter_map(|new| {
            let old = match old {
                [only] => Some(only),
                several => several.iter().find(|old| old.batch.name == new.batch.name),
            };
            Some(Pair { new: Side::of(new), old: Side::of(old?) })
        });
        Self { pairs: pairs.collect() }
    }

    /// Returns what is read at a place of the new side, and is another value than before.
    pub(super) fn at(&self, origin: Origin, object: &Known, sources: &Sources) -> Vec<Cause> {
        let of_file = || self.pairs.iter().filter(|pair| pair.new.batch.batch.holds(origin));
        let within = of_file().find(|pair| pair.new.batch.batch.root.origin().touches(origin));
        let Some(pair) = within.or_else(|| of_file().next()) else { return Vec::new() };
        let read = paths_read(&Node::string(sources.text(origin), origin), sources);
        let cause = |path: SmolStr| {
            let steps: Vec<SmolStr> = path.split('.').map(SmolStr::new).collect();
            let new = pair.new.value(&steps, object)?;
            let old = pair.old.value(&steps, object)?;
            (!same_value(&old, &new)).then(|| Cause { path, origin: new.origin() })
        };
        read.into_iter().filter_map(cause).filter(|cause| !cause.origin.is_nowhere()).collect()
    }
}

impl<'a> Side<'a> {
    fn of(batch: &'a Expanded) -> Self {
        Self { batch, instances: OnceLock::new() }
    }

    /// Returns what a path leads to in the expressions of an object.
    fn value(&self, path: &[SmolStr], object: &Known) -> Option<Node> {
        let scope = Scope { params: Some(&self.batch.params), ..Scope::default() };
        if path.first().is_some_and(|root| root == "matrix") {
            let instances = self.instances.get_or_init(|| {
                let mut known: HashMap<SmolStr, Vec<(usize, usize)>> = HashMap::new();
                for (plan, of) in self.batch.plans.iter().enumerate() {
                    (0..of.len()).for_each(|at| known.entry(of.name(at).clone()).or_default().push((plan, at)));
                }
                known
            });
            // Instances of one name stand in namespaces of their own: what they do not have in common is not known.
            let value = |(plan, at): &(usize, usize)| {
                let scope = Scope { matrix: self.batch.plans[*plan].cell(*at), ..scope.clone() };
                scope.lookup(path, Origin::NOWHERE).ok()
            };
            let mut values = instances.get(&object.key.name)?.iter().filter_map(value);
            let first = values.next()?;
            return values.all(|other| same_value(&first, &other)).then_some(first);
        }
        scope.lookup(path, Origin::NOWHERE).ok()
    }
}
