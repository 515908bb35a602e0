//! A name in steps in, the field at its end out.
//!
//! Lists and mappings are passed through: `containers.image` is the image of every container.

use crate::kubernetes::facts::{Field, Kind};
use crate::kubernetes::{Facts, Shape, Type};
use crate::spec::{Home, Union, WorkloadKind};

/// A field, and the way to it.
#[derive(Clone)]
pub(super) struct Found {
    /// The path in the object: `spec.template.spec.containers[0].image`.
    pub(super) path: String,
    /// The field.
    pub(super) field: &'static Field,
    /// The type that has it.
    pub(super) owner: &'static Type,
}

/// Follows a path of a flat workload.
pub(super) fn find(facts: &'static Facts, kind: WorkloadKind, steps: &[&str]) -> Option<Found> {
    let union = Union::of(facts, kind);
    let start = |home: Home, owner: &'static Type, field: &'static Field| Found {
        path: format!("{}.{}", home_path(kind, home), field.name),
        field,
        owner,
    };
    let (found, rest) = match steps {
        ["spec" | "metadata", ..] => {
            let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
            return find_native(facts, facts.kind(group, version, kind.as_str())?, steps);
        }
        ["pod", name, rest @ ..] => (start(Home::Pod, union.pod, union.pod.field(name)?), rest),
        [name, rest @ ..] => {
            let (home, field) = union.field(name)?;
            let owner = match home {
                Home::Spec => union.spec,
                Home::Job => union.job?,
                Home::Pod => union.pod,
                Home::Container => union.container,
            };
            (start(home, owner, field), rest)
        }
        [] => return None,
    };
    descend(facts, found, rest)
}

/// Follows a path of an object.
pub(super) fn find_native(facts: &'static Facts, kind: &Kind, steps: &[&str]) -> Option<Found> {
    let owner = facts.ty(facts.type_of(kind)?);
    let (first, rest) = steps.split_first()?;
    let field = owner.field(first)?;
    descend(facts, Found { path: field.name.to_string(), field, owner }, rest)
}

fn descend(facts: &'static Facts, found: Found, steps: &[&str]) -> Option<Found> {
    steps.iter().try_fold(found, |found, step| {
        let owner = facts.inner_type(&found.field.schema)?;
        let field = owner.field(step)?;
        let item = match found.field.schema.shape {
            Shape::List(_) => "[]",
            Shape::Map(_) => "[KEY]",
            _ => "",
        };
        Some(Found { path: format!("{}{item}.{}", found.path, field.name), field, owner })
    })
}

/// Returns where the flat fields of a part go.
pub(super) fn home_path(kind: WorkloadKind, home: Home) -> String {
    let pod = match kind {
        WorkloadKind::Pod => "spec",
        WorkloadKind::CronJob => "spec.jobTemplate.spec.template.spec",
        _ => "spec.template.spec",
    };
    match home {
        Home::Spec => "spec".to_owned(),
        Home::Job => "spec.jobTemplate.spec".to_owned(),
        Home::Pod => pod.to_owned(),
        Home::Container => format!("{pod}.containers[0]"),
    }
}
