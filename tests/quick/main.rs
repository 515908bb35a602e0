//! The tests that need no Go, no network and no browser: seconds, a module for each part, cases as files.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod bench_inputs;
mod cel;
mod check;
mod cli;
mod diagnostic;
mod diff;
mod docs;
mod emit;
mod explain;
mod fix;
mod golden;
mod html;
mod init;
mod integrate;
mod language;
mod memory;
mod plan;
mod preflight;
mod reading;
mod readiness;
mod reuse;
mod rules;
mod safety;
mod schema;
mod stamped;
mod tidy;
mod upgrade;

use support::{
    bench, cases, examples, expressions, hosts, krew, layout, needs, pace, page, place, sides, tools, trees,
};
