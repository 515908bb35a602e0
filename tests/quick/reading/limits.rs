//! Files that are made to hurt: each is refused or read in bounded time and memory.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Outcome, read};
use crate::pace::size;

/// What any of these may take, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(120);

fn timed(bytes: impl Into<Vec<u8>>) -> Outcome {
    let start = Instant::now();
    let outcome = read(bytes);
    assert!(start.elapsed() < PATIENCE, "reading took {:?}", start.elapsed());
    outcome
}

#[test]
fn aliases_of_aliases_are_counted_not_followed() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
    }
    // Nine levels of ten: a billion nodes in ten lines.
    let Outcome { documents, findings } = timed(text + "---\na: 1\n");
    assert_eq!(findings, ["too-many-aliases 6:45"]);
    assert_eq!(documents.len(), 1, "the next document is read");
}

#[test]
fn merges_of_merges_are_counted_too() {
    let mut text = String::from("a0: &a0 {x: 1}\n");
    for level in 1..40 {
        writeln!(text, "a{level}: &a{level} {{<<: [*a{0}, *a{0}], k{level}: 1}}", level - 1).unwrap();
    }
    let Outcome { findings, .. } = timed(text);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].starts_with("too-many-aliases "), "{findings:?}");
}

#[test]
fn nesting_has_a_limit() {
    let depth = 100_000;
    let mut block = String::new();
    for level in 0..2_000 {
        writeln!(block, "{}a:", " ".repeat(level)).unwrap();
    }
    let cases = [
        ("[".repeat(depth), 1),
        ("{a: ".repeat(depth), 1),
        ("[".repeat(depth) + &"]".repeat(depth), 1),
        ("- ".repeat(depth), 1),
        ("? ".repeat(depth), 1),
        (block, 201),
    ];
    for (text, line) in cases {
        let Outcome { documents, findings } = timed(text.clone() + "\n---\na: 1\n");
        assert_eq!(findings.len(), 1, "{}", &text[..20]);
        assert!(findings[0].starts_with(&format!("invalid-yaml {line}:")), "{findings:?}");
        assert_eq!(documents.len(), 1, "{}", &text[..20]);
    }
}

#[test]
fn nesting_within_the_limit_is_read_to_its_end() {
    let flow = format!("a: {}{}\n", "[".repeat(150), "]".repeat(150));
    assert!(timed(flow).findings.is_empty());
}

#[test]
fn long_lines_cost_no_more_than_short_ones() {
    let items: Vec<String> =
        (0..size(150_000)).map(|at| format!("{{\"name\":\"item-{at}\",\"value\":\"{at}\",\"on\":true}}")).collect();
    let json = format!("{{\"apiVersion\":\"v1\",\"items\":[{}],\"items\":1}}", items.join(","));
    let Outcome { findings, .. } = timed(json.as_str());
    assert_eq!(findings, [format!("duplicate-key 1:{}", json.len() - 9)]);

    let scalar = format!("a: \"{}\"\nb: {}\na: 1\n", "x ".repeat(size(2 << 20)), "y".repeat(size(4 << 20)));
    assert_eq!(timed(scalar).findings, ["duplicate-key 3:1"]);
}

#[test]
fn many_keys_and_many_documents_take_linear_time() {
    let mut keys = String::new();
    let count = size(100_000);
    (0..count).for_each(|at| writeln!(keys, "key-{at}: {at}").unwrap());
    keys.push_str("key-7: again\n");
    assert_eq!(timed(keys).findings, [format!("duplicate-key {}:1", count + 1)]);
    assert_eq!(timed("---\na: 1\n".repeat(count)).documents.len(), count);
    assert_eq!(timed("---\n".repeat(count)).findings, ["empty-file 1:1"]);
}

#[test]
fn a_broken_document_costs_only_itself() {
    let mut stream = String::new();
    for at in 0..1_000 {
        let document = if at % 100 == 50 { "a: [\n".to_owned() } else { format!("a: {at}\n") };
        write!(stream, "---\n{document}").unwrap();
    }
    let Outcome { documents, findings } = timed(stream);
    assert_eq!((documents.len(), findings.len()), (990, 10));
}

#[test]
fn a_file_of_200_megabytes_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    let mut file = File::create(&path).unwrap();
    // The file has a hole: it takes no room on most disks.
    file.write_all(b"a: 1\n").unwrap();
    file.seek(SeekFrom::Start(200 << 20)).unwrap();
    file.write_all(b"\n").unwrap();
    drop(file);

    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["check", "--format", "short", "large.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{found}");
    assert!(found.starts_with("large.yaml:1:1: "), "{found}");
    assert!(
        found.contains("file-too-large") && found.contains("at most 128 MiB") && found.contains("with 200 MiB"),
        "{found}"
    );
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn standard_input_has_the_same_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    File::create(&path).unwrap().set_len(200 << 20).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["check", "--format", "short", "-"])
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{found}");
    assert!(found.starts_with("<stdin>:1:1: ") && found.contains("file-too-large"), "{found}");
}
