//! `fanfold schema`: the JSON Schema of specs to standard output.

use clap::Args;

use super::session::Channel;
use super::target::facts;
use super::{Exit, Failure};

/// `schema`
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// The Kubernetes version whose fields specs may use
    #[arg(long, value_name = "VERSION", env = "FANFOLD_KUBERNETES_VERSION")]
    pub kubernetes_version: Option<String>,
}

/// Prints the schema.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let text = crate::editor::schema(facts(args.kubernetes_version.as_deref(), &[])?);
    Channel::Stdout.write(text.as_bytes())?;
    Ok(Exit::Fine)
}
