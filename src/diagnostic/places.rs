//! Places in; whether any of them touches another one, without a look at each.

use std::collections::BTreeSet;

use crate::text::Origin;

/// A set of places.
pub(super) struct Places {
    exact: BTreeSet<Origin>,
    /// By file and start; beside each, how far those up to it reach in its file.
    reaches: Vec<(Origin, u32)>,
}

impl FromIterator<Origin> for Places {
    fn from_iter<I: IntoIterator<Item = Origin>>(places: I) -> Self {
        let exact: BTreeSet<Origin> = places.into_iter().collect();
        let mut reaches: Vec<(Origin, u32)> = Vec::with_capacity(exact.len());
        for place in &exact {
            let before = reaches.last().filter(|(before, _)| before.file == place.file).map(|(_, reach)| *reach);
            reaches.push((*place, before.unwrap_or_default().max(place.end)));
        }
        Self { exact, reaches }
    }
}

impl Places {
    /// Whether the very place is one of them.
    pub(super) fn contain(&self, place: Origin) -> bool {
        self.exact.contains(&place)
    }

    /// Whether one of them touches the place, as [`Origin::touches`] has it.
    pub(super) fn touch(&self, place: Origin) -> bool {
        let starts_before =
            |known: Origin| known.file < place.file || (known.file == place.file && known.start < place.end);
        let end = self.reaches.partition_point(|(known, _)| starts_before(*known));
        let reaches = |(known, reach): &(Origin, u32)| known.file == place.file && place.start < *reach;
        self.contain(place) || self.reaches[..end].last().is_some_and(reaches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    #[test]
    fn places_touch_as_each_of_them_does() {
        let at = |file: u32, start, end| Origin::new(FileId(file), start, end);
        let known = [at(0, 2, 4), at(0, 3, 9), at(0, 12, 12), at(1, 0, 5), at(1, 7, 8)];
        let places: Places = known.into_iter().collect();
        for file in 0..3 {
            for start in 0..14 {
                for end in start..14 {
                    let place = at(file, start, end);
                    assert_eq!(places.touch(place), known.iter().any(|one| one.touches(place)), "{place:?}");
                    assert_eq!(places.contain(place), known.contains(&place));
                }
            }
        }
    }
}
