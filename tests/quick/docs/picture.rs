//! The picture of the README: what a terminal shows for the spec with mistakes that the README has.

use std::process::Command;

use anstyle_svg::Term;

use crate::bench::Bench;
use crate::support::book;

const FILE: &str = "friday.yaml";

pub(super) fn terminal() -> String {
    let readme = book::pages().into_iter().find(|page| page.path == "README.md").expect("the README");
    let spec = readme.file(FILE).expect("the README has a spec with mistakes");
    let bench = Bench::with(&[(FILE, &spec)]);
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["build", FILE])
        .current_dir(bench.path("."))
        .env_clear()
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("the binary runs");
    let shown = format!("$ fanfold build {FILE}\n{}", String::from_utf8(output.stderr).expect("UTF-8"));
    assert!(shown.contains("\x1b["), "it has colors: {shown}");
    Term::new().render_svg(shown.trim_end())
}
