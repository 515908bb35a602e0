//! Changes in; text for people and programs out. Each format is a file of its own, and none sees a secret value.

mod html;
mod human;
mod json;
mod lines;
mod markdown;
mod values;

use std::fmt::Write;

pub use html::html;
pub use human::{human, short};
pub use json::json;
pub use markdown::markdown;

use super::{Cause, Causes, Changes, Demand, Effect, Entry, Group};
use crate::diagnostic::words::{grouped, one_line};
use crate::kubernetes::Minor;
use crate::text::{Origin, Sources};

/// What a format shows.
#[derive(Debug)]
pub struct Report<'a> {
    /// The changes.
    pub changes: &'a Changes,
    /// The same, folded.
    pub groups: &'a [Group],
    /// Where they were written.
    pub sources: &'a Sources,
    /// What may have caused them.
    pub causes: &'a Causes<'a>,
    /// What the old side is called.
    pub old: &'a str,
    /// What the new side is called.
    pub new: &'a str,
    /// The version of Kubernetes whose rules say what a change does.
    pub kubernetes: Minor,
    /// Whether formats for people show values, and fields that are many, to the end.
    pub full: bool,
}

/// How text for people is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

/// How many objects and pods an effect touches.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    objects: usize,
    pods: u64,
}

impl Report<'_> {
    /// Counts the objects whose heaviest effect it is, so that each counts once.
    fn count(&self, effect: Effect) -> Count {
        let mut count = Count::default();
        for object in self.changes.objects.iter().filter(|object| object.effect() == effect) {
            count.objects += 1;
            // What does not touch the pods is not counted in them.
            if effect >= Effect::Rollout {
                count.pods += object.pods();
            }
        }
        count
    }

    fn fates(&self, word: &str) -> usize {
        self.changes.objects.iter().filter(|object| object.fate.as_str() == word).count()
    }

    /// Returns what all objects that differ ask for, before and afterwards.
    fn demand(&self) -> (Demand, Demand) {
        let (mut before, mut after) = (Demand::default(), Demand::default());
        for object in &self.changes.objects {
            before.add(object.before);
            after.add(object.after);
        }
        (before, after)
    }

    /// Returns the file and line of a place.
    fn place(&self, origin: Option<Origin>) -> Option<String> {
        let (file, place) = self.sources.place(origin?)?;
        Some(format!("{}:{}", one_line(file), place.line))
    }

    /// Returns what is another value than before where an entry of a group was written.
    fn causes(&self, entry: &Entry) -> Vec<Cause> {
        let known = &self.changes.objects[entry.sample.0].known;
        entry.origin.map(|origin| self.causes.at(origin, known, self.sources)).unwrap_or_default()
    }

    /// Returns where an entry of a group comes from, for people: its line, and the lines of the values that changed it.
    fn source(&self, entry: &Entry, group: &Group) -> Option<String> {
        let mut source = self.place(entry.origin)?;
        for cause in self.causes(entry) {
            let place = self.place(Some(cause.origin)).unwrap_or_default();
            // What an axis says differs from instance to instance.
            let more = if group.members.len() > 1 && cause.path.starts_with("matrix.") { ", …" } else { "" };
            let _ = write!(source, ", {} from {place}{more}", cause.path);
        }
        Some(source)
    }

    /// Returns what became of the objects: `2 added, 1 removed, 5 changed`.
    fn outcome(&self) -> String {
        let words = ["added", "removed", "changed", "renamed", "migrated"];
        let counts: Vec<String> = words
            .into_iter()
            .map(|word| (word, self.fates(word)))
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{} {word}", grouped(count)))
            .collect();
        counts.join(", ")
    }
}

/// Returns `1 pod`, `2 pods`.
fn counted(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Numbers from here on are hard to read at a glance.
const LONG: i64 = 10_000;

/// Writes thousandths of a cpu as Kubernetes does, long ones with a point: `21.6`.
fn cpu(milli: i64) -> String {
    match milli {
        _ if milli % 1000 == 0 => (milli / 1000).to_string(),
        _ if milli >= LONG && milli % 100 == 0 => format!("{}.{}", milli / 1000, milli % 1000 / 100),
        _ => format!("{milli}m"),
    }
}

/// Writes bytes in the largest unit that holds them whole, long ones in one that holds tenths of them: `13.5Gi`.
fn memory(bytes: i64) -> String {
    const UNITS: [(&str, i64); 4] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    let whole = UNITS.into_iter().find(|(_, size)| bytes != 0 && bytes % size == 0);
    let (name, size) = whole.unwrap_or(("", 1));
    let tenths = UNITS.into_iter().find(|(_, size)| bytes >= *size && bytes.saturating_mul(10) % size == 0);
    match tenths {
        Some((name, larger)) if bytes / size >= LONG && larger > size => {
            format!("{}.{}{name}", bytes / larger, bytes % larger * 10 / larger)
        }
        _ => format!("{}{name}", bytes / size),
    }
}

/// Returns `12 → 14 pods, cpu 6 → 7, memory 6Gi → 7Gi`, so far as it differs.
fn difference(before: Demand, after: Demand) -> Option<String> {
    let mut parts = Vec::new();
    if before.pods != after.pods {
        parts.push(format!("pods {} → {}", grouped(before.pods), grouped(after.pods)));
    }
    if before.cpu != after.cpu {
        parts.push(format!("cpu {} → {}", cpu(before.cpu), cpu(after.cpu)));
    }
    if before.memory != after.memory {
        parts.push(format!("memory {} → {}", memory(before.memory), memory(after.memory)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_amounts_are_written_with_a_point() {
        let mi = 1 << 20;
        assert_eq!([0, 1500, 2000, 9999, 21600, 21650].map(cpu), ["0", "1500m", "2", "9999m", "21.6", "21650m"]);
        assert_eq!([0, 1152 * mi, 13824 * mi, 2048 * mi].map(memory), ["0", "1152Mi", "13.5Gi", "2Gi"]);
        assert_eq!([10_001, 20_000 * mi + 1, i64::MAX].map(memory), ["10001", "20971520001", "9223372036854775807"]);
    }
}
