//! What is shown, held against a file that says what was shown before.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes all such files anew, those of cases too ([`super::cases`]): read their difference as
//! carefully as code.

use std::fs;
use std::path::Path;

/// Whether files are written instead of compared.
pub(crate) fn is_updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty())
}

/// Compares bytes with a file, or writes them there. The error says how they differ.
pub(crate) fn file(path: &Path, shown: &[u8]) -> Result<(), String> {
    let known = fs::read(path).unwrap_or_default();
    if known == shown && path.is_file() {
        return Ok(());
    }
    if is_updating() {
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder is made");
        fs::write(path, shown).expect("the golden file is written");
        return Ok(());
    }
    let (known, shown) = (String::from_utf8_lossy(&known), String::from_utf8_lossy(shown));
    let difference = similar::TextDiff::from_lines(known.as_ref(), shown.as_ref());
    let name = path.display().to_string();
    let difference = difference.unified_diff().header(&name, "what is shown now").to_string();
    Err(format!("{difference}stale: if the new is right, run the tests with UPDATE_GOLDEN=1"))
}

/// Compares a text with the snapshot `golden/FOLDER/NAME.snap`, or writes it there.
#[track_caller]
pub(crate) fn snapshot(folder: &str, name: &str, shown: &str) {
    if is_updating() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder).join(format!("{name}.snap"));
        let known = fs::read_to_string(&path).unwrap_or_default();
        let known = known.splitn(3, "---\n").nth(2).unwrap_or_default();
        if known.trim_end() != shown.trim_end() {
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder is made");
            let text = format!("---\nsource: {}\n---\n{}\n", file!(), shown.trim_end());
            fs::write(&path, text).expect("the snapshot is written");
        }
    }
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("../../golden/{folder}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    settings.bind(|| insta::assert_snapshot!(name, shown));
}
