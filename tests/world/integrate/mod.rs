//! The glue for other tools, run as those tools run it.

mod action;
pub(crate) mod argocd;
pub(crate) mod flux;
pub(crate) mod gitlab;
pub(crate) mod krew;
mod kubectl;
pub(crate) mod pre_commit;
mod release;
pub(crate) mod runner;
mod server;
mod workflows;

use crate::tools::{Bench, ROOT, SPEC, checksum, executable, root, stderr, stdout, yaml};
