//! The list of codes, and a page for each.

use fanfold::diagnostic::{Code, explanation};

/// A code is a promise: a change of this list shows in review.
#[test]
fn the_list_of_codes_is_stable() {
    let list: String = Code::ALL
        .iter()
        .map(|code| {
            let allowable = if code.is_allowable() { ", can be allowed" } else { "" };
            format!("{code}: {}{allowable}\n", code.severity().as_str())
        })
        .collect();
    insta::with_settings!({ snapshot_path => "../../golden/diagnostic", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("codes", list);
    });
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
        check(page.what.len() > 40, "`## What` is missing");
        check(page.why.len() > 40, "`## Why` is missing");
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
    insta::with_settings!({ snapshot_path => "../../golden/diagnostic", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("explain", explanation(Code::UnusedParameter).plain());
    });
}
