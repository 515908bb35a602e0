//! Names that all changed in one way: a prefix or a suffix put on everything, or another one than before, or another
//! namespace.
//!
//! Objects that stand alone on both sides enter, pairs leave. What one object's new name does not prove, the same change of
//! most names does: that is how an empty ServiceAccount is known again.

use std::collections::{BTreeMap, HashMap, HashSet};

use smol_str::SmolStr;

use super::axes::are_apart;
use super::matching::stem;
use super::resemblance::Traits;
use crate::kubernetes::Manifest;

/// How a name, and a namespace, changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rule<'a> {
    /// Whether the end of the name is another, and not its start.
    at_end: bool,
    was: &'a str,
    is: &'a str,
    /// The namespaces, if they differ.
    moved: Option<(&'a str, &'a str)>,
}

/// Parts of names that so many objects share lead to too many others.
const COMMON: usize = 24;
/// The least objects whose names change alike.
const LEAST: usize = 2;
/// Names that take longer are not looked through.
const MOST: usize = 20_000;

/// Returns the pairs of objects whose names all changed in one way.
pub(super) fn systematic(
    removed: &[usize],
    added: &[usize],
    old: &[Manifest],
    new: &[Manifest],
) -> Vec<(usize, usize)> {
    let few = removed.len().min(added.len());
    if few < LEAST || removed.len() + added.len() > MOST {
        return Vec::new();
    }
    let mut rules: Vec<(Rule<'_>, Vec<(usize, usize)>)> = rules(removed, added, old, new).into_iter().collect();
    rules.sort_by(|(one, pairs), (other, more)| {
        (more.len(), one.was.len() + one.is.len(), one).cmp(&(pairs.len(), other.was.len() + other.is.len(), other))
    });
    let (mut gone, mut come) = (HashSet::new(), HashSet::new());
    let mut found = Vec::new();
    for (rule, pairs) in rules {
        let mut own = (HashSet::new(), HashSet::new());
        let free: Vec<(usize, usize)> = pairs
            .into_iter()
            .filter(|(was, is)| !are_apart(&old[*was], &new[*is]))
            .filter(|(was, is)| !gone.contains(was) && !come.contains(is) && own.0.insert(*was) && own.1.insert(*is))
            .collect();
        if free.len() < LEAST || free.len() * 2 < few - found.len() || !rule.fits(&free, old, new) {
            continue;
        }
        gone.extend(free.iter().map(|(was, _)| *was));
        come.extend(free.iter().map(|(_, is)| *is));
        found.extend(free);
        if few - found.len() < LEAST {
            break;
        }
    }
    found
}

impl Rule<'_> {
    /// Whether what the objects say does not speak against it: most of those that say something say the same, the names of
    /// others that changed in this way too.
    fn fits(&self, pairs: &[(usize, usize)], old: &[Manifest], new: &[Manifest]) -> bool {
        let without = |affix: &str, text: SmolStr| {
            let rest = if self.at_end { text.strip_suffix(affix) } else { text.strip_prefix(affix) };
            rest.filter(|_| !affix.is_empty()).map(SmolStr::new).unwrap_or(text)
        };
        let (mut telling, mut alike) = (0, 0);
        for (was, is) in pairs {
            let before = Traits::with(&old[*was], &|text| without(self.was, text));
            let after = Traits::with(&new[*is], &|text| without(self.is, text));
            if !before.is_plain() || !after.is_plain() {
                telling += 1;
                alike += usize::from(before.likeness(&after) >= 0.5);
            }
        }
        alike * 2 >= telling
    }
}

/// Group and kind, whether the end of the name is cut off, and what is left of it.
type Part<'a> = (&'a str, &'a str, bool, &'a str);

/// Returns each way in which names changed, and whose.
fn rules<'a>(
    removed: &[usize],
    added: &[usize],
    old: &'a [Manifest],
    new: &'a [Manifest],
) -> BTreeMap<Rule<'a>, Vec<(usize, usize)>> {
    // What is left of a name leads to those who have it; whole names are cut anywhere, others at their joints.
    let mut parts: HashMap<Part<'_>, Vec<(usize, &str)>> = HashMap::new();
    let mut wholes: HashMap<(&str, &str, &str), Vec<usize>> = HashMap::new();
    for at in removed {
        let (group, kind, name) = named(&old[*at]);
        for (at_end, affix, rest) in cuts(name).filter(|(_, affix, _)| !affix.is_empty()) {
            parts.entry((group, kind, at_end, rest)).or_default().push((*at, affix));
        }
        wholes.entry((group, kind, name)).or_default().push(*at);
    }
    let mut rules: BTreeMap<Rule<'_>, Vec<(usize, usize)>> = BTreeMap::new();
    let mut count = |at_end, was: (usize, &'a str), is: (usize, &'a str)| {
        let namespaces = (old[was.0].key.namespace.as_str(), new[is.0].key.namespace.as_str());
        let moved = (namespaces.0 != namespaces.1).then_some(namespaces);
        let rule = Rule { at_end, was: was.1, is: is.1, moved };
        if rule.was != rule.is || moved.is_some() {
            rules.entry(rule).or_default().push((was.0, is.0));
        }
    };
    for at in added {
        let (group, kind, name) = named(&new[*at]);
        for (at_end, affix, rest) in cuts(name) {
            let known = parts.get(&(group, kind, at_end, rest)).filter(|all| all.len() <= COMMON);
            for was in known.into_iter().flatten() {
                count(at_end, *was, (*at, affix));
            }
        }
        for cut in (0..=name.len()).filter(|cut| name.is_char_boundary(*cut)) {
            let (start, end) = name.split_at(cut);
            for (at_end, affix, rest) in [(false, start, end), (true, end, start)] {
                // A name that stays as it is, is counted once.
                if rest.is_empty() || at_end && affix.is_empty() {
                    continue;
                }
                for was in wholes.get(&(group, kind, rest)).into_iter().flatten() {
                    count(at_end, (*was, ""), (*at, affix));
                }
            }
        }
    }
    // The other way round: what was put on a name is taken off.
    let mut shorter: HashMap<(&str, &str, &str), Vec<usize>> = HashMap::new();
    for at in added {
        shorter.entry(named(&new[*at])).or_default().push(*at);
    }
    for at in removed {
        let (group, kind, name) = named(&old[*at]);
        for cut in (1..name.len()).filter(|cut| name.is_char_boundary(*cut)) {
            let (start, end) = name.split_at(cut);
            for (at_end, affix, rest) in [(false, start, end), (true, end, start)] {
                for is in shorter.get(&(group, kind, rest)).into_iter().flatten() {
                    count(at_end, (*at, affix), (*is, ""));
                }
            }
        }
    }
    rules.values_mut().for_each(|pairs| {
        pairs.sort_unstable();
        pairs.dedup();
    });
    rules
}

/// Returns what tells an object apart, its namespace aside; of a name that ends in the hash of its content, what stands before.
fn named(object: &Manifest) -> (&str, &str, &str) {
    let key = &object.key;
    (&key.group, &key.kind, stem(key).map_or(key.name.as_str(), |(_, _, stem)| stem))
}

/// Cuts a name at its joints: whether the end is cut off, what is cut off with the joint, and what is left.
fn cuts(name: &str) -> impl Iterator<Item = (bool, &str, &str)> {
    name.char_indices().filter(|(_, letter)| matches!(letter, '-' | '.')).flat_map(move |(at, _)| {
        let (start, end) = name.split_at(at + 1);
        [(false, start, end), (true, &name[at..], &name[..at])]
    })
}
