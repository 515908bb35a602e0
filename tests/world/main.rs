//! The tests with a control plane and the programs of others: what Fanfold claims of a program is tested with that program.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod apply;
mod controlplane;
#[path = "controlplane/tests.rs"]
mod controlplane_tests;
mod dice;
mod diff;
mod docs;
mod emit;
mod explain;
mod faults;
mod html;
mod integrate;
mod needs;
mod oracle;
mod parallel;
mod programs;
mod proof;
mod reading;
mod reuse;
mod rules;
mod safety;
mod schema;

use support::{bench, examples, expressions, golden, hosts, krew, layout, page, place, sides, tools, trees};
