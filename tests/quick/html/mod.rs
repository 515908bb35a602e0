//! The page of `fanfold diff --format html`, byte by byte; the other binary uses it in a browser.

use std::fs;

use crate::cases::hold_files;
use crate::page::{case, page};

#[test]
fn the_page_is_what_its_golden_file_says() {
    hold_files(&[case()], |case| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shown = page(folder.path(), &case.file("old.yaml"), &case.file("new.yaml"));
        let shown = fs::read_to_string(shown).expect("the page");
        for secret in ["bm90LXlldC1zZWVu", "c2Vlbi1ieS1ub2JvZHk=", "not-yet-seen", "seen-by-nobody"] {
            assert!(!shown.contains(secret), "the page holds {secret}");
        }
        vec![("page.html", shown)]
    });
}
