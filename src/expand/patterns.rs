//! Entries of `exclude` or `overrides` in, which of them match a cell out: found by its values, without a look at each entry.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::matrix::{matches, scalar_text};
use crate::text::{Map, Node};

/// An entry with lists is spelled out into so many at most; a longer one is looked at for each cell.
const SPELLED: usize = 64;

/// Entries by the axes that they name.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    groups: Vec<Group>,
    /// Entries that are compared as they are: with mappings, or with long lists.
    others: Vec<(usize, Map)>,
}

/// Entries that name the same axes.
#[derive(Debug, Default)]
struct Group {
    axes: Vec<SmolStr>,
    by_values: HashMap<Vec<SmolStr>, Vec<usize>>,
}

impl Patterns {
    /// Puts entries in order, each known by its number.
    pub(super) fn new<'a>(patterns: impl IntoIterator<Item = &'a Map>) -> Self {
        let mut found = Self::default();
        let mut places: HashMap<Vec<SmolStr>, usize> = HashMap::new();
        for (number, pattern) in patterns.into_iter().enumerate() {
            let mut entries: Vec<_> = pattern.iter().collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            let choices: Option<Vec<Vec<SmolStr>>> = entries.iter().map(|entry| choices(&entry.value)).collect();
            let Some(values) = choices.and_then(|choices| spelled(&choices)) else {
                found.others.push((number, pattern.clone()));
                continue;
            };
            let axes: Vec<SmolStr> = entries.iter().map(|entry| entry.key.text.clone()).collect();
            let at = *places.entry(axes.clone()).or_insert_with(|| {
                found.groups.push(Group { axes, by_values: HashMap::new() });
                found.groups.len() - 1
            });
            for values in values {
                let numbers = found.groups[at].by_values.entry(values).or_default();
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        found
    }

    /// Returns how much there is to look at for one cell.
    pub(super) fn cost(&self) -> usize {
        self.groups.len() + self.others.len()
    }

    /// Returns the numbers of the entries that match a cell, in order.
    pub(super) fn of(&self, cell: &Node) -> Vec<usize> {
        let mut found = Vec::new();
        for Group { axes, by_values } in &self.groups {
            let values: Option<Vec<SmolStr>> = axes.iter().map(|axis| scalar_text(cell.get(axis)?)).collect();
            found.extend(values.and_then(|values| by_values.get(&values)).into_iter().flatten());
        }
        found.extend(self.others.iter().filter(|(_, pattern)| matches(pattern, cell)).map(|(number, _)| *number));
        found.sort_unstable();
        found
    }
}

/// Returns the texts that a value of an entry stands for; `None` if one of them is no text.
fn choices(value: &Node) -> Option<Vec<SmolStr>> {
    match value.as_seq() {
        Some(any) => any.iter().map(scalar_text).collect(),
        None => Some(vec![scalar_text(value)?]),
    }
}

/// Returns all combinations; `None` if there are too many of them.
fn spelled(choices: &[Vec<SmolStr>]) -> Option<Vec<Vec<SmolStr>>> {
    let number = choices.iter().try_fold(1_usize, |number, choices| number.checked_mul(choices.len()))?;
    if number > SPELLED {
        return None;
    }
    let mut spelled: Vec<Vec<SmolStr>> = vec![Vec::with_capacity(choices.len())];
    for choices in choices {
        let with = |begun: &Vec<SmolStr>| {
            let begun = begun.clone();
            choices.iter().map(move |choice| begun.iter().chain([choice]).cloned().collect())
        };
        spelled = spelled.iter().flat_map(with).collect();
    }
    Some(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::read::read_document;
    use crate::text::Sources;

    fn read(text: &str) -> Node {
        read_document(&mut Sources::default(), "a.yaml", text.into(), &mut Diagnostics::new()).expect("a document")
    }

    #[test]
    fn entries_are_found_as_a_look_at_each_finds_them() {
        let long: Vec<String> = (0..100).map(|at| at.to_string()).collect();
        let text = format!(
            "[{{a: 1}}, {{a: '1'}}, {{b: x, a: [1, 2]}}, {{a: [1, 1]}}, {{}}, {{b: ~}}, {{b: {{n: 1}}}}, {{a: [{}]}}, \
             {{a: []}}, {{b: [y, {{n: 1}}]}}]",
            long.join(", ")
        );
        let patterns = read(&text);
        let maps: Vec<&Map> = patterns.as_seq().unwrap().iter().map(|node| node.as_map().unwrap()).collect();
        let found = Patterns::new(maps.iter().copied());
        for cell in ["{a: 1, b: x}", "{a: 2, b: x}", "{a: 99, b: y}", "{a: true, b: {n: 1}}", "{a: 1}", "{b: ~, a: 3}"]
        {
            let cell = read(cell);
            let each: Vec<usize> = (0..maps.len()).filter(|at| matches(maps[*at], &cell)).collect();
            assert_eq!(found.of(&cell), each, "{cell:?}");
        }
    }
}
