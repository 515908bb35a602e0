//! When two values are the same to the server although they are written in different words.
//!
//! A yes is certain: what the server puts where a field is left out, what it drops, and how it reads amounts are taken
//! from the tables that `apply` proves with. Where nothing is known of a field, only equal values are the same.

use crate::kubernetes::{Look, Quantity, Schema, Shape, Tree, Type, is_default, is_dropped, same};
use crate::text::Node;

/// Whether two values of a field mean the same.
///
/// Where a number or a text may stand, `80` and `"80"` are two: the server takes the text for a name or a share, and
/// refuses it.
pub(super) fn alike(old: &Node, new: &Node, schema: Option<&Schema>) -> bool {
    if same(old, new) {
        return true;
    }
    match schema.map(|schema| &schema.shape) {
        Some(Shape::Quantity) => amount(old).is_some_and(|old| amount(new).is_some_and(|new| old == new)),
        _ => old.is_null() && new.is_null(),
    }
}

/// Whether a value in a field means the same as none; `parent` is the mapping that leaves it out.
pub(super) fn is_nothing(value: &Node, parent: &Node, field: Option<(&Type, &str)>) -> bool {
    if value.is_null() {
        return true;
    }
    let Some((ty, name)) = field else { return false };
    let Some(known) = ty.field(name) else { return false };
    match (&known.schema.shape, value.look()) {
        (Shape::List(_), Look::List([])) => !counts_when_empty(ty),
        (Shape::Map(_), Look::Map(0)) => !counts_when_empty(ty),
        _ => {
            is_default(value, ty, name, parent)
                || known.schema.default.as_ref().is_some_and(|default| same(value, default))
                || further_default(value, ty, name)
                || (is_dropped(value, ty, name) && known.schema.default.is_none() && !has_further_default(ty, name))
        }
    }
}

/// Whether an empty list is another thing than none: an empty `ingress` lets nothing in, none says nothing of it.
fn counts_when_empty(ty: &Type) -> bool {
    ["NetworkPolicy", "LabelSelector", "Webhook", "EmptyDir", "ResourceQuota"].iter().any(|part| ty.name.contains(part))
}

/// Whether the server puts something else than zero where the field is left out.
fn has_further_default(ty: &Type, name: &str) -> bool {
    FURTHER.iter().any(|(of, field, _)| *of == ty.name && *field == name)
}

fn further_default(value: &Node, ty: &Type, name: &str) -> bool {
    let Some(text) = value.scalar() else { return false };
    FURTHER.iter().any(|(of, field, default)| *of == ty.name && *field == name && *default == text)
}

fn amount(node: &Node) -> Option<Quantity> {
    Quantity::parse(&node.scalar()?).ok()
}

/// Defaults of fields that nothing else sets where they are left out (`pkg/apis/*/v1/defaults.go`). `replicas` is not
/// among them: where it is left out, an autoscaler may hold it.
const FURTHER: &[(&str, &str, &str)] = &[
    ("apps/v1.DeploymentSpec", "progressDeadlineSeconds", "600"),
    ("apps/v1.DeploymentSpec", "revisionHistoryLimit", "10"),
    ("apps/v1.DaemonSetSpec", "revisionHistoryLimit", "10"),
    ("apps/v1.StatefulSetSpec", "revisionHistoryLimit", "10"),
    ("batch/v1.CronJobSpec", "concurrencyPolicy", "Allow"),
    ("batch/v1.CronJobSpec", "failedJobsHistoryLimit", "1"),
    ("batch/v1.CronJobSpec", "successfulJobsHistoryLimit", "3"),
    ("batch/v1.CronJobSpec", "suspend", "false"),
    ("batch/v1.JobSpec", "backoffLimit", "6"),
    ("batch/v1.JobSpec", "suspend", "false"),
    ("core/v1.ServiceSpec", "sessionAffinity", "None"),
    ("core/v1.ServiceSpec", "type", "ClusterIP"),
    ("core/v1.PodSpec", "enableServiceLinks", "true"),
];
