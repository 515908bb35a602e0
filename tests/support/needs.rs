//! What a test needs and a machine may lack: such a test ends at once, says so where it ran, and is named at the end of
//! the run.
//!
//! With `FANFOLD_REQUIRE_ALL` set it fails instead: where everything was installed, nothing is skipped unseen.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

/// Ends the test that it stands in, unless all that is named in [`crate::needs`] is there.
macro_rules! needs {
    ($($need:ident),+) => {
        if $crate::needs::are_missing(
            {
                fn here() {}
                std::any::type_name_of_val(&here)
            },
            &[$(&$crate::needs::$need),+],
        ) {
            return;
        }
    };
}

/// Something that a machine may lack.
pub(crate) struct Need {
    /// What is said to be missing.
    pub(crate) name: &'static str,
    pub(crate) is_there: fn() -> bool,
}

pub(crate) const AWK: Need = Need { name: "awk", is_there: || find(&["awk"]).is_some() };
pub(crate) const BASH: Need = Need { name: "bash", is_there: || find(&["bash"]).is_some() };
/// Some seconds that pass while nothing happens.
pub(crate) const TIME: Need = Need { name: "time", is_there: || !super::pace::is_quick() };
/// A shell with the tools of GNU, as examples for readers use them.
pub(crate) const GNU: Need = Need { name: "GNU sed", is_there: has_gnu };
pub(crate) const GIT: Need = Need { name: "git", is_there: || find(&["git"]).is_some() };

fn has_gnu() -> bool {
    let version = std::process::Command::new("sed").arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU sed"))
}

/// Returns where the first of the programs is that the search path leads to.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let file = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(file(name))).find(|path| path.is_file()))
}

/// Whether a test lacks something, which is then written down for `tests/wrap_up.rs`. The place is a path of code inside
/// of the test.
pub(crate) fn are_missing(place: &str, needs: &[&Need]) -> bool {
    let missing: BTreeSet<&str> = needs.iter().filter(|need| !(need.is_there)()).map(|need| need.name).collect();
    if missing.is_empty() {
        return false;
    }
    let missing = missing.into_iter().collect::<Vec<_>>().join(" and ");
    let required = std::env::var_os("FANFOLD_REQUIRE_ALL").is_some_and(|value| !value.is_empty());
    assert!(!required, "this test needs {missing}: `make setup` installs what tests need");
    // A crate, modules, the test, and what is inside of it.
    let (_, inside) = place.split_once("::").expect("a path");
    let test = inside.trim_end_matches("::here").trim_end_matches("::{{closure}}");
    // What is printed is shown of failed tests alone.
    let _ = writeln!(io::stderr(), "skipped {test}: no {missing}");
    note(&format!("{missing}\t{test}\n"))
        .unwrap_or_else(|error| panic!("cannot note that {test} was skipped: {error}"));
    true
}

/// Adds a line to those of this run.
fn note(line: &str) -> io::Result<()> {
    let path = super::notes::path();
    fs::create_dir_all(path.parent().expect("a folder above"))?;
    fs::File::options().create(true).append(true).open(path)?.write_all(line.as_bytes())
}
