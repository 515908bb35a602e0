//! The one test binary: a module for each part, cases as files.

mod bench_inputs;
mod check;
mod cli;
mod controlplane;
mod diagnostic;
mod diff;
mod emit;
mod explain;
mod golden;
mod init;
mod memory;
mod plan;
mod preflight;
mod proof;
mod reading;
mod readiness;
mod readme;
mod schema;
mod tidy;
