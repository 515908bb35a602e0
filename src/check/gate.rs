//! A field that the server drops in silence enters, the warning of it leaves; and which values no server takes yet.
//!
//! A field behind a feature gate that is off is no mistake for the server: it takes the object, and leaves the field out.

use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Facts, Field, Minor, Type};
use crate::text::Origin;

/// The gate of tolerations that compare; it is off in all that is bundled.
const COMPARING: &str = "TaintTolerationComparisonOperators";

/// Warns of a field, written at `origin`, that a server does not keep.
pub(super) fn dropped(field: &Field, ty: &Type, facts: &Facts, origin: Origin) -> Option<Diagnostic> {
    let gate = field.gate.as_ref().filter(|_| facts.drops(field))?;
    let keeps = |minor: &Minor| {
        let later = Facts::of(*minor)?;
        let ty = later.ty(later.type_id(&ty.name)?);
        Some(!later.drops(ty.field(&field.name)?))
    };
    let first = Minor::bundled().find(|minor| *minor > facts.minor && keeps(minor) == Some(true));
    let since = match first {
        Some(first) => format!("off until {first}"),
        None => "off".to_owned(),
    };
    let (name, gate) = (&field.name, &gate.name);
    let message =
        format!("a server of {} drops `{name}` in silence: its feature gate `{gate}` is {since}", facts.minor);
    let help = format!("take it out; where the server has the gate on, say so: `--feature-gates {gate}=true`");
    Some(Diagnostic::new(Code::FieldGated, origin, message).help(help).names_alone())
}

/// Returns the feature gate behind which a value of a field of a type is, where that is off.
pub(super) fn held_back(ty: Option<&Type>, value: &str, facts: &Facts) -> Option<&'static str> {
    let gate = match (ty?.name.as_str(), value) {
        ("core/v1.Toleration", "Gt" | "Lt") => COMPARING,
        _ => return None,
    };
    (!facts.has_gate(gate)).then_some(gate)
}
