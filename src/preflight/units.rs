//! Amounts as the scheduler counts them: whole numbers, by name.

use smol_str::SmolStr;

use crate::kubernetes::{Amounts, Notation, Quantity};

/// Numbers of units by resource, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Units(Vec<(SmolStr, i64)>);

impl Units {
    /// Counts amounts; what is not asked for is left out.
    pub(super) fn of(amounts: &Amounts) -> Self {
        let units = amounts.iter().map(|(name, amount)| (name.clone(), units(name, amount)));
        Self(units.filter(|(_, units)| *units != 0).collect())
    }

    /// Returns the number of one resource.
    pub(super) fn one(name: &SmolStr, units: i64) -> Self {
        Self(vec![(name.clone(), units)])
    }

    /// Returns the number of a resource; 0 where there is none.
    pub(super) fn get(&self, name: &str) -> i64 {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).map_or(0, |at| self.0[at].1)
    }

    /// Returns all numbers, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&SmolStr, i64)> {
        self.0.iter().map(|(name, units)| (name, *units))
    }

    /// Adds `count` times the numbers of another one.
    pub(super) fn add(&mut self, other: &Self, count: i64) {
        for (name, units) in other.iter() {
            let more = units.saturating_mul(count);
            match self.0.binary_search_by(|(known, _)| known.cmp(name)) {
                Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(more),
                Err(at) => self.0.insert(at, (name.clone(), more)),
            }
        }
    }

    /// Returns them as amounts that people read.
    pub(super) fn amounts(&self) -> Amounts {
        let mut amounts = Amounts::default();
        for (name, units) in self.iter() {
            amounts.set(name.clone(), quantity(name, units));
        }
        amounts
    }
}

/// Returns the units of an amount, rounded up.
pub(super) fn units(name: &str, amount: &Quantity) -> i64 {
    amount.units(scale(name))
}

/// Returns the amount of so many units.
pub(super) fn quantity(name: &str, units: i64) -> Quantity {
    let of_bytes = ["memory", "storage"].iter().any(|word| name.ends_with(word)) || name.contains("hugepages-");
    Quantity::of(units, scale(name), if of_bytes { Notation::Binary } else { Notation::Decimal })
}

/// Cpu is counted in thousandths, whatever asks for it; all else in whole numbers.
fn scale(name: &str) -> i64 {
    if matches!(name, "cpu" | "requests.cpu" | "limits.cpu") { -3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_added_and_shown() {
        let amounts = |cpu: &str, memory: &str| {
            let mut amounts = Amounts::default();
            amounts.set("memory", Quantity::parse(memory).unwrap());
            amounts.set("cpu", Quantity::parse(cpu).unwrap());
            amounts
        };
        let mut sum = Units::of(&amounts("100m", "0"));
        assert_eq!((sum.get("cpu"), sum.get("memory"), sum.iter().count()), (100, 0, 1));
        sum.add(&Units::of(&amounts("1.5", "512Mi")), 2);
        assert_eq!((sum.get("cpu"), sum.get("memory")), (3100, 1 << 30));
        let shown: Vec<String> = sum.amounts().iter().map(|(name, amount)| format!("{name} {amount}")).collect();
        assert_eq!(shown, ["cpu 3100m", "memory 1Gi"]);
        assert_eq!(quantity("requests.storage", 1 << 30).to_string(), "1Gi");
    }
}
