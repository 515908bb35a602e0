//! The glue for other tools, run as those tools run it.

mod action;
mod argocd;
mod flux;
mod gitlab;
mod krew;
mod kubectl;
mod pre_commit;
mod release;
mod runner;
mod server;
mod workflows;

use crate::tools::{Bench, ROOT, SPEC, checksum, executable, root, stderr, stdout, yaml};
