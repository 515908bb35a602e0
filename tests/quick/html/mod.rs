//! The page of `fanfold diff --format html`, byte by byte; the other binary uses it in a browser.

use std::fs;
use std::path::Path;

use crate::page::{ROOT, golden, page};

#[test]
fn the_page_is_what_its_golden_file_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shown = fs::read_to_string(page(folder.path(), &golden("old.yaml"), &golden("new.yaml"))).expect("the page");
    for secret in ["bm90LXlldC1zZWVu", "c2Vlbi1ieS1ub2JvZHk=", "not-yet-seen", "seen-by-nobody"] {
        assert!(!shown.contains(secret), "the page holds {secret}");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(Path::new(ROOT).join("golden/page/page.html"), &shown).expect("the golden file is written");
    }
    assert!(shown == golden("page.html"), "golden/page/page.html is stale: run with UPDATE_GOLDEN=1");
}
