//! The one test binary: a module for each part, cases as files.

mod bench_inputs;
mod check;
mod cli;
mod controlplane;
mod diagnostic;
mod emit;
mod explain;
mod golden;
mod init;
mod memory;
mod plan;
mod preflight;
mod programs;
mod proof;
mod reading;
mod readiness;
mod readme;
mod reuse;
mod schema;
mod tidy;
