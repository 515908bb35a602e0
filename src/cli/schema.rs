//! `fanfold schema`: the JSON Schema of specs to standard output.

use std::io::Write;

use super::args::SchemaArgs;
use super::session::facts;
use super::{Exit, Failure};

/// Prints the schema.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let text = crate::editor::schema(facts(args.kubernetes_version.as_deref())?);
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}
