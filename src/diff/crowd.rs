//! Objects that one identity does not tell apart: those without a name, and those that are written more than once.
//!
//! The objects of one identity on both sides enter, pairs leave: what stands in the same place of both sides comes first,
//! then what says the same, then what says most of it.

use std::cmp::Reverse;

use super::resemblance::{ALIKE, Traits};
use crate::kubernetes::Manifest;
use crate::text::Sources;

/// More pairs than that are not weighed against each other: the first is the first.
const WEIGHED: usize = 250_000;

/// The objects of one identity, by their places in the lists.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    pub(super) old: Vec<usize>,
    pub(super) new: Vec<usize>,
}

impl Crowd {
    /// Returns which object of one side is which of the other.
    pub(super) fn pairs(&self, old: &[Manifest], new: &[Manifest], sources: &Sources) -> Vec<(usize, usize)> {
        let in_order = || self.old.iter().copied().zip(self.new.iter().copied());
        if self.old.len() == 1 && self.new.len() == 1 || self.old.len().saturating_mul(self.new.len()) > WEIGHED {
            return in_order().collect();
        }
        let of = |side: &[Manifest], places: &[usize]| -> Vec<(usize, Traits)> {
            places.iter().map(|at| (*at, Traits::of(&side[*at]))).collect()
        };
        let mut candidates = Vec::new();
        for (was, theirs) in of(old, &self.old) {
            for (is, traits) in &of(new, &self.new) {
                let (before, after) = (&old[was], &new[*is]);
                let likeness = theirs.likeness(traits);
                let together = shared_path(file(before, sources), file(after, sources));
                // Nothing says that two files without a name are one, but what is in them, or where they are.
                if before.key.name.is_empty() && together == 0 && likeness < ALIKE {
                    continue;
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is at most a million")]
                let likeness = (likeness * 1_000_000.0) as u64;
                let same = before.node == after.node;
                let near = before.key.namespace == after.key.namespace;
                candidates.push((Reverse((near, together, same, likeness)), was, *is));
            }
        }
        candidates.sort_unstable();
        let (mut gone, mut come) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        let mut found = Vec::new();
        for (_, was, is) in candidates {
            if !gone.contains(&was) && !come.contains(&is) {
                gone.insert(was);
                come.insert(is);
                found.push((was, is));
            }
        }
        found
    }
}

fn file<'a>(object: &Manifest, sources: &'a Sources) -> &'a str {
    sources.place(object.origin).map_or("", |(file, _)| file)
}

/// Returns how many of the last parts of two paths are the same.
fn shared_path(one: &str, other: &str) -> usize {
    one.rsplit('/').zip(other.rsplit('/')).take_while(|(one, other)| one == other && !one.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_alike_from_their_ends() {
        assert_eq!(shared_path("old/base/kustomization.yaml", "new/base/kustomization.yaml"), 2);
        assert_eq!(shared_path("old/base/kustomization.yaml", "new/dev/kustomization.yaml"), 1);
        assert_eq!(shared_path("old.yaml", "new.yaml"), 0);
        assert_eq!(shared_path("", ""), 0);
    }
}
