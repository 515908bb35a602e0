//! Policies and what they say of objects. A case is a file: objects, or a batch, and below `# --- policies.yaml` what a
//! batch names as such; with `# named: true` the command line does. Its name starts with `fits-` where nothing is found.

use std::io;

use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::{Diagnostics, Format, Style, render};
use fanfold::kubernetes::{Facts, Minor};
use fanfold::read::{MemoryFiles, read_documents};
use fanfold::text::Sources;

use crate::cases::{Case, hold};

const SECTION: &str = "# --- policies.yaml\n";

/// Returns what is found in a case, as `--format short` shows it.
fn found(case: &Case) -> Vec<String> {
    let text = std::fs::read_to_string(&case.path).expect("a case");
    let policies = text.contains(SECTION).then(|| case.section("policies.yaml"));
    let mut files = MemoryFiles::default().with("case.yaml", case.input());
    if let Some(policies) = &policies {
        files = files.with("policies.yaml", policies.as_str());
    }
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let mut settings = Settings::default();
    if let Some(minor) = case.settings("minor").next() {
        settings.facts = Minor::parse(minor).and_then(Facts::of).expect("a bundled minor");
    }
    if case.settings("named").next().is_some() {
        let text = policies.expect("policies that are named");
        settings.policies = read_documents(&mut sources, "policies.yaml", text.into_bytes(), &mut found);
    }
    let no_stdin = || Err(io::ErrorKind::NotFound.into());
    let inputs = read_inputs(&["case.yaml".to_owned()], &files, no_stdin, &mut sources, &mut found);
    compile(inputs, &settings, &files, &mut sources, &mut found);
    let found = found.as_written(&mut sources);
    let shown = render(&found, &sources, Format::Human, Style { color: false, width: 160 });
    shown.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn policies_say_of_objects_what_the_cases_say() {
    hold("tests/quick/cel/policies", 15, |case| {
        let found = found(case);
        assert_eq!(found.is_empty(), case.name().starts_with("fits-"), "{}: {found:#?}", case.path.display());
        found
    });
}
