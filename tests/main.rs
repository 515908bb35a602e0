//! The one test binary: a module for each part, cases as files.

mod bench_inputs;
mod check;
mod diagnostic;
mod emit;
mod reading;
