//! The book below `docs`: its examples are run ([`crate::support::book`]), what is generated from the code is fresh, every
//! page is in the navigation, and the pages on the language name every key.
//!
//! `UPDATE_GOLDEN=1 cargo test --test quick -- docs::` writes what is generated.

mod commands;
mod cookbook;
mod errors;
mod expressions;
mod index;
mod keys;
mod links;
mod picture;

use std::fs;
use std::path::Path;

use fanfold::spec::keys as own;

use crate::place::Place;
use crate::support::{book, golden};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Where pages of the language are, which people write.
const LANGUAGE: &str = "docs/language/";

/// The first line of a page that is generated.
fn head(title: &str, from: &str) -> String {
    format!("<!-- Generated from {from} by the tests; UPDATE_GOLDEN=1 writes it anew. -->\n# {title}\n\n")
}

#[test]
fn examples_of_the_pages_do_what_the_pages_say() {
    needs!(GIT, GNU);
    // Another test may be writing the generated ones.
    let is_stable = |page: &book::Page| !(golden::is_updating() && page.is_generated());
    let pages: Vec<_> = book::pages().into_iter().filter(|page| !page.needs_the_world() && is_stable(page)).collect();
    assert!(pages.len() > 10, "the book has pages");
    let faults: Vec<String> = pages.iter().flat_map(|page| page.run(&Place::new(), |_, _| {})).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_generated_is_fresh() {
    let mut files = vec![
        ("docs/reference/commands.md".to_owned(), commands::page()),
        ("docs/reference/errors.md".to_owned(), errors::page()),
        ("docs/reference/expressions.md".to_owned(), expressions::page()),
        ("docs/reference/keys.md".to_owned(), keys::page()),
        ("docs/pictures/terminal.svg".to_owned(), picture::terminal()),
    ];
    files.extend(cookbook::pages());
    let mut stale: Vec<String> = Vec::new();
    for (path, text) in &files {
        stale.extend(golden::file(&Path::new(ROOT).join(path), text.as_bytes()).err());
    }
    for entry in fs::read_dir(Path::new(ROOT).join("docs/cookbook")).expect("the cookbook") {
        let path = entry.expect("an entry").path();
        let name = format!("docs/cookbook/{}", path.file_name().expect("a name").to_string_lossy());
        if !files.iter().any(|(known, _)| *known == name) {
            if golden::is_updating() {
                fs::remove_file(&path).expect("the page is removed");
            } else {
                stale.push(format!("{name}: no spec makes this page"));
            }
        }
    }
    // These read the pages, those that were just written too.
    for (path, text) in [index::navigation(), index::for_programs()] {
        stale.extend(golden::file(&Path::new(ROOT).join(path), text.as_bytes()).err());
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn every_page_is_in_the_navigation() {
    let navigation = fs::read_to_string(Path::new(ROOT).join("mkdocs.yml")).expect("mkdocs.yml");
    for page in book::pages() {
        if let Some(name) = page.path.strip_prefix("docs/") {
            assert!(navigation.contains(&format!(" {name}\n")), "mkdocs.yml does not lead to {name}");
        }
    }
}

#[test]
fn pages_of_the_language_name_every_own_key() {
    let pages: String =
        book::pages().iter().filter(|page| page.path.starts_with(LANGUAGE)).map(book::Page::text).collect();
    for key in [own::BATCH, own::ENTRY, own::FAN_OUT, own::MATRIX, own::WORKLOAD, own::SHORT_FORMS].concat() {
        let named = ["`", "\n", " ", "{"].iter().any(|before| pages.contains(&format!("{before}{}: ", key.name)))
            || pages.contains(&format!("`{}", key.name));
        assert!(named, "no page below {LANGUAGE} names `{}`", key.name);
    }
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("the README").lines().count();
    assert!(lines <= 200, "the README has {lines} lines: what is more than a first look belongs into the book");
}
