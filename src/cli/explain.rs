//! stub
use super::args::ExplainArgs;
use super::{Exit, Failure};
pub(super) fn run(_args: &ExplainArgs) -> Result<Exit, Failure> {
    Ok(Exit::Fine)
}
