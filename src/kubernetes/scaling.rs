//! Autoscalers, and what they scale: an object in, its target out.

use smol_str::SmolStr;

use super::{Manifest, Tree};
use crate::text::Node;

/// What an autoscaler scales.
#[derive(Clone, Debug)]
pub struct ScaleTarget<'a> {
    /// The group of the workload; `apps` where no version is written.
    pub group: SmolStr,
    /// Its kind; a Deployment where none is written.
    pub kind: SmolStr,
    /// Its name, where it is written.
    pub name: &'a Node,
}

/// Whether an object is a `HorizontalPodAutoscaler`.
pub fn is_autoscaler(object: &Manifest) -> bool {
    object.key.group == "autoscaling" && object.key.kind == "HorizontalPodAutoscaler"
}

/// Returns what an autoscaler scales, one of KEDA too; `None` if the object is none, or names nothing.
pub fn scale_target(object: &Manifest) -> Option<ScaleTarget<'_>> {
    if !is_autoscaler(object) && (object.key.group != "keda.sh" || object.key.kind != "ScaledObject") {
        return None;
    }
    let target = object.node.present_at(&["spec", "scaleTargetRef"])?;
    let version = target.word("apiVersion").unwrap_or("apps/v1".into());
    Some(ScaleTarget {
        group: version.split_once('/').map_or("", |(group, _)| group).into(),
        kind: target.word("kind").unwrap_or("Deployment".into()),
        name: target.present("name")?,
    })
}

/// Whether objects of a kind of Kubernetes run a number of pods that an autoscaler may choose.
pub fn is_scalable(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController")
}
