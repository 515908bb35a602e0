//! The one test binary: a module for each part, cases as files.

mod check;
mod diagnostic;
mod emit;
mod golden;
