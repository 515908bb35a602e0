//! Habits that no compiler holds: each foreign crate has one home, each file says what it is, and none grows too long.

use std::fs;
use std::path::{Path, PathBuf};

/// Which files may name a crate: the path starts with one of these.
const HOMES: &[(&str, &[&str])] = &[
    ("granit_parser", &["read/"]),
    ("minijinja", &["expand/expression.rs", "expand/scope.rs"]),
    ("jsonschema", &["schema.rs", "schema/"]),
    ("annotate_snippets", &["diagnostic/render/human.rs"]),
    ("similar", &["cli/output", "compile/manifests.rs", "diff/render/"]),
    ("clap", &["cli/"]),
    ("anstream", &["cli/", "diagnostic/render/"]),
    ("csv", &["expand/rows.rs"]),
    ("globset", &["expand/world.rs", "compile/input.rs"]),
    (
        "sha2",
        &["kubernetes/", "diagnostic/render/", "emit/layout/", "cli/output/", "apply/", "diff/render/", "integrate/"],
    ),
    ("kube", &["cluster/"]),
    ("http", &["cluster/"]),
    ("hyper_util", &["cluster/"]),
    ("hyper_rustls", &["cluster/"]),
    ("tower", &["cluster/"]),
    ("tokio", &["cluster/", "preflight/look.rs", "apply/", "cli/"]),
    ("jiff", &["cluster/", "readiness/", "apply/"]),
    ("indicatif", &["cli/"]),
    ("base64", &["lower/configs.rs", "kubernetes/", "check/", "apply/", "diff/"]),
];
/// Calls that touch the world, and stay on the command line.
const WORLDLY: &[&str] = &["std::fs::", "use std::fs;", "std::env::", "SystemTime", "Instant::now", "std::process::"];
const LONGEST_FILE: usize = 520;

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
    paths.iter().map(|path| (name(path), fs::read_to_string(path).expect("a source file"))).collect()
}

/// Returns the code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn foreign_crates_stay_in_their_homes() {
    let mut strays = Vec::new();
    for (name, text) in sources() {
        let code = code(&text);
        for (krate, homes) in HOMES {
            let named = code.contains(&format!("{krate}::")) || code.contains(&format!("use {krate}"));
            if named && !homes.iter().any(|home| name.starts_with(home)) {
                strays.push(format!("{name} names {krate}, whose home is {homes:?}"));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut strays = Vec::new();
    // Tests read what they like.
    for (name, text) in sources().into_iter().filter(|(name, _)| !name.ends_with("/tests.rs")) {
        let code = code(&text);
        for call in WORLDLY.iter().filter(|call| code.contains(**call)) {
            // The engine has the runtime's clock, which tests can turn, and a connection knows proxies.
            let may = match *call {
                "Instant::now" => name.starts_with("apply/") || name.starts_with("cluster/"),
                "std::env::" => name == "cluster/connect.rs",
                _ => false,
            };
            if !may && !name.starts_with("cli/") && name != "main.rs" {
                strays.push(format!("{name} uses {call}"));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn files_say_what_they_are_and_stay_short() {
    let mut strays = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//!") {
            strays.push(format!("{name} does not start with `//!`"));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            strays.push(format!("{name} has {lines} lines, the limit is {LONGEST_FILE}"));
        }
        for word in ["TODO", "FIXME", "XXX"] {
            if text.contains(word) {
                strays.push(format!("{name} holds a {word}"));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}
