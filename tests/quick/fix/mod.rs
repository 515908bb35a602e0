//! `check --fix`: what it changes, what it leaves alone, and that every fix that is called safe is.
//!
//! A case (`crate::cases`) is an input as a user has it, `# flags: --unsafe-fixes` how it is fixed, further files below
//! `# --- NAME` named by `# file: NAME`. Found are the difference, what is said beside it, and what remains afterwards.

mod files;
mod laws;

use crate::bench::Bench;
use crate::cases::{self, Case};

const CASES: &str = "tests/quick/fix/cases";

#[test]
fn every_case_is_fixed_as_it_says() {
    cases::hold(CASES, 15, |case| {
        let bench = bench(case);
        let flags: Vec<&str> = case.settings("flags").flat_map(|flags| flags.split(' ')).collect();
        let name = case.settings("input").next().unwrap_or("a.yaml");
        let (exit, difference, said) = bench.said(&[&["check", name, "--diff"], flags.as_slice()].concat());
        assert_eq!(bench.read(name), input(case), "nothing is written");
        let (_, remains, fixed) =
            bench.said(&[&["check", name, "--fix", "--format", "short"], flags.as_slice()].concat());
        let rules = flags.iter().filter(|flag| flag.starts_with("--rules"));
        let again: Vec<&str> = ["check", name, "--format", "short"].iter().chain(rules).copied().collect();
        let (_, again, _) = bench.said(&again);
        assert_eq!(remains, again, "{}: what remains is what a check finds", case.name());
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let mut found = vec![format!("exit {}", exit.expect("an exit code"))];
        found.extend(
            [lines(&difference), lines(&said), vec!["---".to_owned()], lines(&remains), lines(&fixed)].concat(),
        );
        found
    });
}

fn input(case: &Case) -> String {
    let text = case.input();
    match case.settings("input").next() {
        // JSON has no comments.
        Some(_) => text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect(),
        None => text.to_owned(),
    }
}

fn bench(case: &Case) -> Bench {
    let bench = Bench::with(&[(case.settings("input").next().unwrap_or("a.yaml"), &input(case))]);
    for name in case.settings("file") {
        bench.write(name, case.section(name).trim_start_matches('\n'));
    }
    bench
}
