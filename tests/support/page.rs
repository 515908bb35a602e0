//! The page of `fanfold diff --format html`: `golden/page` holds a case with the page that comes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cases::Case;

/// Returns the page of two sides, as a file in the folder.
pub(crate) fn page(folder: &Path, old: &str, new: &str) -> PathBuf {
    fs::write(folder.join("old.yaml"), old).expect("the old side is written");
    fs::write(folder.join("new.yaml"), new).expect("the new side is written");
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["diff", "old.yaml", "new.yaml", "--format", "html"])
        .current_dir(folder)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let page = folder.join("page.html");
    fs::write(&page, output.stdout).expect("the page is written");
    page
}

/// Returns the case.
pub(crate) fn case() -> Case {
    Case::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/page"))
}
