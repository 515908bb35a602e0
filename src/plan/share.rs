//! What a number of pods asks for.

use std::collections::BTreeMap;

use crate::kubernetes::{Amounts, Load, USUAL};

/// What a number of pods asks for.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// The pods that are there at one time.
    pub pods: u64,
    /// What they reserve.
    pub requests: Amounts,
    /// What they may use, so far as it is limited.
    pub limits: Amounts,
    /// The pods in which a container reserves none of a resource.
    pub without_request: BTreeMap<&'static str, u64>,
    /// The pods in which a container may use any amount of a resource.
    pub without_limit: BTreeMap<&'static str, u64>,
}

impl Share {
    /// Adds the pods of one object.
    pub(super) fn add(&mut self, load: &Load) {
        self.pods += load.pods;
        self.requests.add(&load.pod.reserved().times(load.pods));
        self.limits.add(&load.pod.limits.times(load.pods));
        for name in USUAL {
            if load.pod.unrequested.contains(&name) {
                *self.without_request.entry(name).or_default() += load.pods;
            }
            if load.pod.unlimited.contains(&name) {
                *self.without_limit.entry(name).or_default() += load.pods;
            }
        }
    }
}
