//! A place in a spec in, the layer that it belongs to out: defaults, a template, a profile, an override.
//!
//! Nodes keep the place where they were written through all merging, so that the place alone tells the layer.

use super::{Expanded, Plan};
use crate::text::{Map, Node, Origin};

/// A part of a spec that takes part in workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What it is: `template gpu`.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Layer {
    /// Whether a place is in it.
    pub fn holds(&self, place: Origin) -> bool {
        self.origin.holds(place)
    }
}

impl Expanded {
    /// Returns the layers of the batch, and the overrides of one entry.
    pub fn layers(&self, plan: Option<&Plan>) -> Vec<Layer> {
        self.parts(plan).map(|(word, name, origin)| Layer { name: named(word, name), origin }).collect()
    }

    /// Returns the layer that a place is in, the innermost one.
    pub fn layer_at(&self, place: Origin, plan: Option<&Plan>) -> Option<Layer> {
        // Names are made of the one alone: there may be many layers, and many findings.
        let around = self.parts(plan).filter(|(.., origin)| origin.holds(place));
        let (word, name, origin) = around.min_by_key(|(.., origin)| origin.end - origin.start)?;
        Some(Layer { name: named(word, name), origin })
    }

    /// Returns what each layer is, its name, and where it is written.
    fn parts<'a>(&'a self, plan: Option<&Plan>) -> impl Iterator<Item = (&'static str, &'a str, Origin)> + use<'a> {
        let written = &self.written;
        let defaults = written.iter().filter_map(|root| Some(("defaults", "", root.get("defaults")?.origin())));
        let named = [("templates", "template"), ("profiles", "profile")];
        let sections = written.iter().flat_map(move |root| {
            named.into_iter().flat_map(move |(section, word)| {
                let entries = root.get(section).and_then(Node::as_map).map(Map::iter).into_iter().flatten();
                entries.map(move |entry| (word, entry.key.text.as_str(), entry.value.origin()))
            })
        });
        let entry = plan.map(|plan| (plan.section.key(), plan.entry.clone()));
        let overrides = written.iter().filter_map(move |root| {
            let (section, name) = entry.as_ref()?;
            root.at(&[section, name, "overrides"])?.as_seq()
        });
        let overrides = overrides.flatten().map(|one| ("override", "", one.origin()));
        defaults.chain(sections).chain(overrides)
    }
}

fn named(word: &str, name: &str) -> String {
    if name.is_empty() { word.to_owned() } else { format!("{word} {name}") }
}
