//! A stable part of a set, so that several runs can apply it side by side.

use sha2::{Digest, Sha256};

use crate::kubernetes::ObjectKey;

/// Part `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// Reads `2/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a part such as `2/8`, counted from 1, found `{text}`");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let (index, count): (u64, u64) = (index.parse().map_err(|_| wrong())?, count.parse().map_err(|_| wrong())?);
        match index {
            0 if count > 0 => Err(format!("expected a part counted from 1, found `{text}`: the first is `1/{count}`")),
            _ if count == 0 => Err(wrong()),
            _ if index > count => {
                Err(format!("expected one of {count} parts, found `{text}`: the last is `{count}/{count}`"))
            }
            _ => Ok(Self { index, count }),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Whether an object belongs to this part, whatever else is in the set.
    pub fn holds(self, key: &ObjectKey) -> bool {
        let ObjectKey { group, kind, namespace, name, .. } = key;
        let digest = Sha256::digest(format!("{group}/{kind}/{namespace}/{name}"));
        let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        number % self.count == self.index - 1
    }

    /// Returns what tells this part's lock from the others'.
    pub(in crate::apply) fn suffix(self) -> String {
        format!("-{}-of-{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_in_exactly_one_part() {
        let shards: Vec<Shard> = (1..=4).map(|index| format!("{index}/4").parse().expect("reads")).collect();
        let mut sizes = [0; 4];
        for number in 0..1000 {
            let key = ObjectKey {
                group: "apps".into(),
                version: "v1".into(),
                kind: "Deployment".into(),
                namespace: "shop".into(),
                name: format!("web-{number}").into(),
            };
            let holders: Vec<usize> = (0..4).filter(|at| shards[*at].holds(&key)).collect();
            assert_eq!(holders.len(), 1);
            sizes[holders[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (200..300).contains(size)), "{sizes:?}");
        assert!("0/4".parse::<Shard>().is_err() && "5/4".parse::<Shard>().is_err() && "4".parse::<Shard>().is_err());
    }
}
