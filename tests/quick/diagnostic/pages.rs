//! The list of codes, and a page for each.

use crate::support::golden::snapshot;
use std::fmt::Write as _;

use fanfold::diagnostic::{Code, Diagnostics, explanation};
use fanfold::read::read_documents;
use fanfold::text::Sources;

/// A code is a promise: a change of this list shows in review.
#[test]
fn the_list_of_codes_is_stable() {
    let mut list = String::new();
    for code in Code::ALL {
        let allowable = if code.is_allowable() { ", can be allowed" } else { "" };
        writeln!(list, "{code}: {}{allowable}", code.severity().as_str()).expect("a string takes all");
    }
    snapshot("diagnostic", "codes", &list);
}

#[test]
fn codes_are_read_back_by_their_names() {
    for code in Code::ALL {
        assert_eq!(Code::from_name(code.name()), Some(*code));
        assert!(code.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code} is no kebab case");
    }
}

#[test]
fn every_code_has_a_whole_page() {
    let mut poor = Vec::new();
    for code in Code::ALL {
        let page = explanation(*code);
        let mut check = |holds: bool, what: &str| {
            if !holds {
                poor.push(format!("{code}: {what}"));
            }
        };
        check(page.summary.ends_with('.') && page.summary.len() > 15, "the first line is no sentence");
        check(page.what.len() > 30, "`## What` is missing");
        check(page.why.len() > 30, "`## Why` is missing");
        for (title, examples) in [("Wrong", &page.wrong), ("Right", &page.right)] {
            let inputs = examples.iter().filter(|one| one.language == "yaml" || one.language == "text").count();
            check(inputs > 0, &format!("`## {title}` has no example"));
            check(
                examples.iter().all(|one| !one.text.trim().is_empty()),
                &format!("`## {title}` has an empty example"),
            );
        }
        check(page.markdown.lines().all(|line| line.chars().count() <= 120), "a line is over 120 characters");
        check(!page.plain().contains("```"), "the plain page holds a fence");
    }
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

#[test]
fn a_page_reads_well_on_a_terminal() {
    snapshot("diagnostic", "explain", &explanation(Code::UnusedParameter).plain());
}

/// What reading alone can find is found in the examples of those codes, and in no other example.
#[test]
fn examples_are_yaml_but_for_those_that_are_about_yaml() {
    let about_reading = [
        Code::InvalidYaml,
        Code::DuplicateKey,
        Code::InvalidKey,
        Code::UnknownTag,
        Code::TooManyAliases,
        Code::EmptyFile,
    ];
    for code in Code::ALL {
        let page = explanation(*code);
        let wrong = page.wrong.iter().map(|example| (example, about_reading.contains(code)));
        for (example, expected) in wrong.chain(page.right.iter().map(|example| (example, false))) {
            if example.language != "yaml" {
                continue;
            }
            let mut found = Diagnostics::new();
            read_documents(&mut Sources::default(), "example.yaml", example.text.into(), &mut found);
            let found: Vec<Code> = found.iter().map(|finding| finding.code).collect();
            assert_eq!(found, if expected { vec![*code] } else { Vec::new() }, "in the page of {code}");
        }
    }
}
