//! Which workloads an autoscaler scales.
//!
//! Two sides enter; whether one of them holds an autoscaler of a workload leaves. Such a workload keeps its replicas where
//! nobody states them, while those of others are one.

use std::collections::HashSet;

use smol_str::SmolStr;

use crate::kubernetes::{Manifest, Tree, scale_target};

/// The workloads that are scaled: kind, namespace, name.
pub(super) struct Scaled(HashSet<(SmolStr, SmolStr, SmolStr)>);

impl Scaled {
    /// Finds the autoscalers of both sides, those of KEDA too.
    pub(super) fn of(sides: [&[Manifest]; 2]) -> Self {
        let targets = sides.into_iter().flatten().filter_map(|object| {
            let target = scale_target(object)?;
            Some((target.kind, object.key.namespace.clone(), target.name.scalar()?))
        });
        Self(targets.collect())
    }

    /// Whether the object is scaled, under the name that it has on one of the sides.
    pub(super) fn hold(&self, sides: [&Manifest; 2]) -> bool {
        let is_target = |object: &Manifest| {
            let key = &object.key;
            self.0.contains(&(key.kind.clone(), key.namespace.clone(), key.name.clone()))
        };
        !self.0.is_empty() && sides.into_iter().any(is_target)
    }
}
