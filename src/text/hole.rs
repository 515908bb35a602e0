//! Values that each instance has its own of, in a tree that many instances share.
//!
//! A hole stands in such a tree for a value that is known for each instance alone. It shows the value of one of them, its
//! sample, and notes who looks: what was made of the tree holds for all instances that look alike to those who did, and no
//! other. All instances must have the same sort of value there, so that to ask for it is no look.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Node, Origin, Value};

/// Makes another value of one; it depends on nothing else.
pub type Make = fn(&Node) -> Node;

/// Says something of a value; it depends on nothing else.
pub type Ask = fn(&Node) -> bool;

/// A value of which each instance has its own.
#[derive(Clone, Debug)]
pub struct Hole {
    /// Its number among those of the tree.
    slot: usize,
    /// What was made of the value since.
    made: Vec<Make>,
    sample: Value,
    /// Where the value of the sample is written.
    origin: Origin,
    looks: Arc<Looks>,
}

/// What was seen of the holes of a tree.
#[derive(Debug, Default)]
pub struct Looks {
    looks: Mutex<Vec<Look>>,
    /// How many there were, also of those that are kept no more.
    number: AtomicUsize,
}

/// So many looks are kept.
const MOST_LOOKS: usize = 1 << 13;

/// Something that was seen of a hole.
#[derive(Clone, Debug)]
pub struct Look {
    slot: usize,
    made: Vec<Make>,
    seen: Seen,
}

#[derive(Clone, Debug)]
enum Seen {
    /// The value itself, and where it is written.
    Value(Value, Origin),
    /// What sort of value it is.
    Sort(Value),
    /// An answer.
    Answer(Ask, bool),
}

impl Hole {
    pub(super) fn new(slot: usize, sample: Value, origin: Origin, looks: Arc<Looks>) -> Self {
        Self { slot, made: Vec::new(), sample, origin, looks }
    }

    /// Returns the number of the hole among those of its tree.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Whether it stands at another place than its value is written at.
    pub fn is_moved(&self, to: Origin) -> bool {
        to != self.origin
    }

    /// Whether it is one of those that tell these looks.
    pub fn tells(&self, looks: &Arc<Looks>) -> bool {
        Arc::ptr_eq(&self.looks, looks)
    }

    /// Whether both stand for the same value.
    pub fn is_like(&self, other: &Self) -> bool {
        self.slot == other.slot && Arc::ptr_eq(&self.looks, &other.looks) && makes(&self.made).eq(makes(&other.made))
    }

    /// Returns what a value of an instance is where the hole stands.
    pub fn filled(&self, value: &Node) -> Node {
        made(&self.made, value)
    }

    pub(super) fn sample(&self) -> &Value {
        &self.sample
    }

    pub(super) fn look(&self) -> &Value {
        self.note(|hole| Seen::Value(hole.sample.clone(), hole.origin));
        &self.sample
    }

    pub(super) fn ask(&self, ask: Ask, answer: bool) {
        self.note(|_| Seen::Answer(ask, answer));
    }

    /// Returns the hole that stands for what is made of its value.
    pub(super) fn then(&self, make: Make, sample: Value, origin: Origin) -> Self {
        let made = self.made.iter().copied().chain([make]).collect();
        let hole = Self { made, sample, origin, looks: self.looks.clone(), ..*self };
        hole.note(|hole| Seen::Sort(hole.sample.clone()));
        hole
    }

    fn note(&self, seen: impl FnOnce(&Self) -> Seen) {
        self.looks.add(Look { slot: self.slot, made: self.made.clone(), seen: seen(self) });
    }
}

impl Looks {
    /// Says that all instances must have one value there.
    pub fn add_value(&self, slot: usize, value: &Node) {
        self.add(Look { slot, made: Vec::new(), seen: Seen::Value(value.value().clone(), value.origin()) });
    }

    fn add(&self, look: Look) {
        self.number.fetch_add(1, Ordering::Relaxed);
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() < MOST_LOOKS {
            looks.push(look);
        }
    }

    /// Returns how many looks there were, by whomever and whenever.
    pub fn number(&self) -> usize {
        self.number.load(Ordering::Relaxed)
    }

    /// Whether there were more than are kept: nobody knows all that was seen.
    pub fn are_lost(&self) -> bool {
        self.number() > MOST_LOOKS
    }

    /// Takes all looks out.
    pub fn take(&self) -> Vec<Look> {
        std::mem::take(&mut *self.looks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Look {
    /// Returns the number of the hole.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Whether an instance looks the same, given its values by the numbers of their holes.
    pub fn is_same(&self, values: &[Node]) -> bool {
        let Some(value) = values.get(self.slot) else { return false };
        let value = made(&self.made, value);
        match &self.seen {
            Seen::Value(seen, origin) => *origin == value.origin() && identical(seen, value.value()),
            Seen::Sort(seen) => is_of_sort(seen, value.value()),
            Seen::Answer(ask, answer) => ask(&value) == *answer,
        }
    }

    /// Whether it is the same look as another.
    pub fn is_like(&self, other: &Self) -> bool {
        self.slot == other.slot
            && makes(&self.made).eq(makes(&other.made))
            && match (&self.seen, &other.seen) {
                (Seen::Value(one, place), Seen::Value(other, there)) => place == there && identical(one, other),
                (Seen::Sort(one), Seen::Sort(other)) => is_of_sort(one, other),
                (Seen::Answer(one, _), Seen::Answer(other, _)) => *one as usize == *other as usize,
                _ => false,
            }
    }
}

fn makes(makes: &[Make]) -> impl Iterator<Item = usize> {
    makes.iter().map(|make| *make as usize)
}

fn made(makes: &[Make], value: &Node) -> Node {
    makes.iter().fold(value.clone(), |value, make| make(&value))
}

/// Whether two values are alike to those who do not look at them: scalars of one form, and null or not.
pub fn is_of_sort(one: &Value, other: &Value) -> bool {
    let is_one = std::mem::discriminant(one) == std::mem::discriminant(other);
    is_one && is_single(one) && one.is_null() == other.is_null()
}

/// Whether a value may stand in a hole.
pub fn is_single(value: &Value) -> bool {
    !matches!(value, Value::Seq(_) | Value::Map(_) | Value::Broken)
}

/// Whether two values are written alike, and what they hold at the same places: a finding about it shows them.
fn identical(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Number(one), Value::Number(other))
        | (Value::String(one), Value::String(other))
        | (Value::Raw(one), Value::Raw(other))
        | (Value::Plain(one), Value::Plain(other)) => one == other,
        (Value::Seq(one), Value::Seq(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| are_identical(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let is_same = |(one, other): (&super::Entry, &super::Entry)| {
                let is_same_key = one.key == other.key && one.key.origin == other.key.origin;
                is_same_key && one.key.plain == other.key.plain && are_identical(&one.value, &other.value)
            };
            one.len() == other.len() && one.iter().zip(other).all(is_same)
        }
        _ => false,
    }
}

fn are_identical(one: &Node, other: &Node) -> bool {
    one.same(other) || one.origin() == other.origin() && identical(one.value(), other.value())
}
