//! The one test binary: a module for each part, cases as files.

mod apply;
mod bench;
mod bench_inputs;
mod check;
mod cli;
mod controlplane;
#[path = "controlplane/tests.rs"]
mod controlplane_tests;
mod diagnostic;
mod diff;
mod emit;
mod explain;
mod faults;
mod golden;
mod html;
mod init;
mod integrate;
mod memory;
mod parallel;
mod plan;
mod preflight;
mod programs;
mod proof;
mod reading;
mod readiness;
mod readme;
mod reuse;
mod safety;
mod schema;
mod tidy;
