//! A place in a spec in, the layer that it belongs to out: defaults, a template, a profile, an override.
//!
//! Nodes keep the place where they were written through all merging, so that the place alone tells the layer.

use super::Expanded;
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
        self.origin.file == place.file && self.origin.start <= place.start && place.end <= self.origin.end
    }
}

impl Expanded {
    /// Returns the layers of the batch, and the overrides of one workload.
    pub fn layers(&self, workload: Option<&str>) -> Vec<Layer> {
        let root = &self.written;
        let layer = |name: String, node: &Node| Layer { name, origin: node.origin() };
        let mut layers: Vec<Layer> =
            root.get("defaults").map(|node| layer("defaults".to_owned(), node)).into_iter().collect();
        for (section, word) in [("templates", "template"), ("profiles", "profile")] {
            let entries = root.get(section).and_then(Node::as_map).map(Map::iter).into_iter().flatten();
            layers.extend(entries.map(|entry| layer(format!("{word} {}", entry.key.text), &entry.value)));
        }
        let overrides = workload.and_then(|workload| root.at(&["workloads", workload, "overrides"])?.as_seq());
        layers.extend(overrides.unwrap_or_default().iter().map(|one| layer("override".to_owned(), one)));
        layers
    }

    /// Returns the layer that a place is in, the innermost one.
    pub fn layer_at(&self, place: Origin, workload: Option<&str>) -> Option<Layer> {
        let layers = self.layers(workload).into_iter().filter(|layer| layer.holds(place));
        layers.min_by_key(|layer| layer.origin.end - layer.origin.start)
    }
}
