//! The last words of a run of tests: how many were skipped, which, and what was missing for them.
//!
//! What a test needs it says by `needs!`. Cargo runs the binaries of tests in the order of their names.

#![allow(clippy::print_stdout, reason = "it is run for what it prints")]

#[path = "support/notes.rs"]
mod notes;

use std::collections::BTreeMap;
use std::{env, fs};

fn main() {
    // Runners that are not Cargo ask for a list of tests: there is none here.
    if env::args().any(|argument| argument == "--list") {
        return;
    }
    let path = notes::path();
    let noted = fs::read_to_string(&path).unwrap_or_default();
    // Nothing else reads it, and the next run may have the same name.
    let _ = fs::remove_file(&path);
    println!("{}", told(&noted));
}

/// Returns the last line for the notes of a run, each of which is what was missing, a tab, and the name of a test.
fn told(noted: &str) -> String {
    let mut by_need: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (missing, test) in noted.lines().filter_map(|line| line.split_once('\t')) {
        by_need.entry(missing).or_default().push(test);
    }
    let way_out = match (by_need.contains_key("time"), by_need.len()) {
        (true, 1) => "`cargo test` takes the time",
        (true, _) => "`make setup` installs programs, `cargo test` takes the time",
        (false, _) => "`make setup` installs what is missing",
    };
    let mut count = 0;
    let parts: Vec<String> = by_need
        .into_iter()
        .map(|(missing, mut tests)| {
            tests.sort_unstable();
            tests.dedup();
            count += tests.len();
            format!("no {missing} for {} ({})", tests.len(), tests.join(", "))
        })
        .collect();
    let parts = parts.join("; ");
    match count {
        0 => "\nno test was skipped".to_owned(),
        1 => format!("\n1 test was skipped, {way_out}: {parts}"),
        _ => format!("\n{count} tests were skipped, {way_out}: {parts}"),
    }
}
