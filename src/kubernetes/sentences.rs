//! What the fields that people use most are for: a type and a field in, a sentence and an example out.
//!
//! `fields.txt` has one line a field, `TYPE.FIELD: SENTENCE`, perhaps with `e.g. EXAMPLE` behind it; all places of a type
//! share them. The sentences are our own: nothing is taken from the documentation of Kubernetes.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::facts::Type;
use super::fnv::Fnv;

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The type, `core/v1.Container`; `*` for the fields that all objects share.
    pub ty: &'static str,
    /// The field.
    pub field: &'static str,
    /// What it is for.
    pub text: &'static str,
    /// A value of it, where one says more than words.
    pub example: Option<&'static str>,
}

/// The type that stands for all objects.
const ANY_OBJECT: &str = "*";

type Index = HashMap<(&'static str, &'static str), Sentence, BuildHasherDefault<Fnv>>;

static INDEX: LazyLock<Index> = LazyLock::new(|| sentences().map(|known| ((known.ty, known.field), known)).collect());

/// Returns what a field of a type is for, or `None` for fields without a sentence.
pub fn sentence(ty: &Type, field: &str) -> Option<Sentence> {
    let of_objects = || INDEX.get(&(ANY_OBJECT, field)).filter(|_| ty.field("metadata").is_some());
    INDEX.get(&(ty.name.as_str(), field)).or_else(of_objects).copied()
}

/// Returns all sentences, in the order of their file.
pub fn sentences() -> impl Iterator<Item = Sentence> {
    include_str!("fields.txt").lines().filter_map(|line| {
        let (key, rest) = line.split_once(": ")?;
        let (ty, field) = key.rsplit_once('.')?;
        let (text, example) = rest.split_once(" e.g. ").map_or((rest, None), |(text, value)| (text, Some(value)));
        Some(Sentence { ty, field, text, example })
    })
}
