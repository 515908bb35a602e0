//! Conditions on labels, as selectors of objects write them.
//!
//! A selector and labels enter, whether it selects them leaves; also where only some of the labels are known.

use smol_str::SmolStr;

use super::{Operator, Requirement, Tree};

/// Labels of an object, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(SmolStr, SmolStr)>);

impl Labels {
    /// Reads a mapping of texts.
    pub fn read(node: Option<&impl Tree>) -> Self {
        let members = node.into_iter().flat_map(Tree::members);
        let mut all: Vec<_> = members.filter_map(|(key, value)| Some((SmolStr::new(key), value.scalar()?))).collect();
        all.sort();
        Self(all)
    }

    /// Returns the value of a label.
    pub fn get(&self, key: &str) -> Option<&SmolStr> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// Returns all labels, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = &(SmolStr, SmolStr)> {
        self.0.iter()
    }
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(Vec<Requirement>);

impl Selector {
    /// Reads a `LabelSelector`; an empty one selects everything.
    pub fn read(node: &impl Tree) -> Self {
        let mut all = Self::equal(node.present("matchLabels"));
        all.and(Self::expressions(node.list("matchExpressions")));
        all
    }

    /// Reads a mapping of labels that must be there.
    pub fn equal(node: Option<&impl Tree>) -> Self {
        let one = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
        Self(Labels::read(node).0.into_iter().map(one).collect())
    }

    /// Reads a list of `key`, `operator` and `values`; what cannot be read is left out, for `check` to report.
    pub fn expressions<T: Tree>(items: &[T]) -> Self {
        let mut all = Self::default();
        for item in items {
            all.and(item.word("key").map(|key| Self::condition(&key, item)).unwrap_or_default());
        }
        all
    }

    /// Reads one `operator` with its `values`.
    pub fn condition(key: &str, item: &impl Tree) -> Self {
        let word = item.word("operator").unwrap_or_default();
        let operator = Operator::ALL.into_iter().find(|known| known.as_str() == word);
        let values = item.list("values").iter().filter_map(Tree::scalar).collect();
        Self(operator.map(|operator| Requirement { key: key.into(), operator, values }).into_iter().collect())
    }

    /// Returns the condition that a label has a value.
    pub fn label(key: &str, value: &str) -> Self {
        Self(vec![Requirement { key: key.into(), operator: Operator::In, values: vec![value.into()] }])
    }

    /// Adds the conditions of another one.
    pub fn and(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether it has no condition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a label that what it selects surely has.
    pub fn pair(&self) -> Option<(&SmolStr, &SmolStr)> {
        let sure = |one: &&Requirement| one.operator == Operator::In && one.values.len() == 1;
        self.0.iter().find(sure).map(|one| (&one.key, &one.values[0]))
    }

    /// Whether it selects what has these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.holds(|key| labels.get(key).map(SmolStr::as_str))
    }

    /// Whether it selects what has the values that a function returns.
    pub fn holds<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.decide(|key| Some(value(key))) == Some(true)
    }

    /// Whether it selects what has the values that a function returns, which is `None` for labels that are not known; `None`
    /// if it depends on those.
    pub fn decide<'v>(&self, value: impl Fn(&str) -> Option<Option<&'v str>>) -> Option<bool> {
        let mut is_known = true;
        for Requirement { key, operator, values } in &self.0 {
            let Some(found) = value(key) else {
                is_known = false;
                continue;
            };
            let compared = || Some((found?.parse::<i64>().ok()?, values.first()?.parse::<i64>().ok()?));
            let is_listed = |found: &str| values.iter().any(|value| value == found);
            let holds = match operator {
                Operator::In => found.is_some_and(is_listed),
                Operator::NotIn => !found.is_some_and(is_listed),
                Operator::Exists => found.is_some(),
                Operator::DoesNotExist => found.is_none(),
                Operator::Gt => compared().is_some_and(|(found, bound)| found > bound),
                Operator::Lt => compared().is_some_and(|(found, bound)| found < bound),
            };
            if !holds {
                return Some(false);
            }
        }
        is_known.then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selects(selector: &serde_json::Value, labels: &serde_json::Value) -> bool {
        Selector::read(selector).selects(&Labels::read(Some(labels)))
    }

    #[test]
    fn each_operator_holds_as_kubernetes_has_it() {
        let one = |operator: &str, values: &[&str]| {
            let expression = json!({"key": "cores", "operator": operator, "values": values});
            let selector = json!({"matchExpressions": [expression]});
            [selects(&selector, &json!({"cores": "8"})), selects(&selector, &json!({"zone": "a"}))]
        };
        assert_eq!(one("In", &["8", "9"]), [true, false]);
        assert_eq!(one("NotIn", &["8"]), [false, true]);
        assert_eq!(one("Exists", &[]), [true, false]);
        assert_eq!(one("DoesNotExist", &[]), [false, true]);
        assert_eq!([one("Gt", &["7"]), one("Gt", &["8"])], [[true, false], [false, false]]);
        assert_eq!([one("Lt", &["9"]), one("Lt", &["many"])], [[true, false], [false, false]]);
        assert!(selects(&json!({}), &json!({})), "an empty selector selects everything");
        assert!(!selects(&json!({"matchLabels": {"a": "b"}}), &json!({"a": "c"})));
    }
}
