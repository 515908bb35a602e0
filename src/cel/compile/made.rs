//! Values of named types, which patches are made of: `Object.spec{replicas: 1}`, `JSONPatch{op: "add", path: "/a"}`.
//!
//! The server does not know the fields of objects here, and takes any; those of a patch are known. A made value is a
//! mapping of its fields.

use smol_str::SmolStr;

use super::super::syntax::{Expr, Refusal};
use super::super::types::Ty;
use super::super::value::Value;
use super::{Code, Compiled, Compiler, unwrapped};
use crate::diagnostic::{did_you_mean, words};

/// The type of one step of a patch.
const STEP: &str = "JSONPatch";
/// Its fields: all but the last are texts.
const FIELDS: [&str; 4] = ["op", "from", "path", "value"];

impl Compiler<'_> {
    pub(super) fn made(&mut self, at: usize, name: &SmolStr, fields: &[(SmolStr, Expr, bool)]) -> Compiled {
        let is_object = *name == "Object" || name.starts_with("Object.");
        if !self.environment.has_patches || !is_object && *name != STEP {
            let near =
                did_you_mean(name, self.environment.has_patches.then_some(["Object", STEP]).into_iter().flatten());
            let help = near.map_or_else(
                || "a mapping is written without a name: `{'key': value}`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Refusal::new(at, format!("there is no type `{name}` to make values of")).help(Some(help)));
        }
        let mut entries = Vec::with_capacity(fields.len());
        for (field, value, optional) in fields {
            let (code, own) = self.code(value)?;
            let own = if *optional { unwrapped(own, value.at)? } else { own };
            if !is_object {
                step(field, &own, value.at)?;
            }
            entries.push((Code::Constant(Value::Text(field.clone())), code, *optional));
        }
        Ok((Code::Map(entries), Ty::Made(name.clone())))
    }
}

/// Checks a field of a step of a patch.
fn step(field: &str, ty: &Ty, at: usize) -> Result<(), Refusal> {
    if !FIELDS.contains(&field) {
        let near = did_you_mean(field, FIELDS).map(|near| format!("did you mean `{near}`?"));
        let all = || format!("there is {}", words::list(FIELDS, "and"));
        let message = format!("`{STEP}` has no field `{field}`");
        return Err(Refusal::new(at, message).help(Some(near.unwrap_or_else(all))));
    }
    if field != "value" && !matches!(ty, Ty::Text | Ty::Dyn | Ty::Param(_)) {
        return Err(Refusal::new(at, format!("expected a `string` in `{field}`, found a value of the type `{ty}`")));
    }
    Ok(())
}
