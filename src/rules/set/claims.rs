//! Claims for one node at a time that pods of several may want.

use std::sync::Arc;

use super::gather::{About, Asked};
use super::{Known, Set};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::references::FieldOf;
use crate::text::Origin;

/// Who uses a claim.
#[derive(Debug)]
pub(super) struct Users {
    first: (Arc<About>, Origin, FieldOf),
    last: Arc<About>,
    /// Where another object uses it.
    other: Option<Origin>,
    name: smol_str::SmolStr,
    objects: usize,
    /// The most pods of one of them at one time.
    pods: u32,
}

/// The pods of an object that has one on each node.
pub(super) const ON_EACH_NODE: u32 = u32::MAX;

impl Users {
    pub(super) fn new(asked: &Asked) -> Self {
        let first = (Arc::clone(&asked.about), asked.at, asked.field);
        Self { first, last: Arc::clone(&asked.about), other: None, name: asked.name.clone(), objects: 0, pods: 0 }
    }

    pub(super) fn add(&mut self, asked: &Asked) {
        // One object may mount it twice, or stand in several files.
        if self.objects > 0 && [&self.first.0, &self.last].iter().any(|known| known.key == asked.about.key) {
            return;
        }
        self.last = Arc::clone(&asked.about);
        self.objects += 1;
        self.pods = self.pods.max(asked.pods);
        if asked.at != self.first.1 {
            self.other.get_or_insert(asked.at);
        }
    }
}

impl Set {
    pub(super) fn judge_claims(&self, found: &mut Vec<Diagnostic>) {
        for (id, Users { first: (about, at, field), other, name, objects, pods, .. }) in &self.users {
            if !matches!(self.names.get(id), Some(Known::Once)) || *objects < 2 && *pods < 2 {
                continue;
            }
            let who = match (*objects, *pods) {
                (1, ON_EACH_NODE) => "a pod on each node mounts it".to_owned(),
                (1, pods) => format!("{pods} pods mount it"),
                (objects, _) => format!("the pods of {} objects mount it", words::grouped(objects)),
            };
            let message = format!("the claim `{name}` is for one node at a time, and {who}");
            let finding = Diagnostic::new(Code::SharedClaim, *at, message)
                .help("ask for `accessModes: [ReadWriteMany]`, or give each a claim of its own");
            let finding = other.iter().fold(finding, |finding, other| finding.also(*other, "and here"));
            found.push(about.subject(finding, field));
        }
    }
}
