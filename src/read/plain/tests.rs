//! Both readers, side by side: where the fast one answers, it says what the other one says.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::compare::{FILE, compare_readers};
use super::*;

/// Reads each document of a text with both readers, and returns how many the fast one read, and of how many.
fn compared(text: &str) -> (usize, usize) {
    compare_readers(text).unwrap_or_else(|difference| panic!("{difference}"))
}

fn yaml_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    ["specs", "golden", "tests", "src"].iter().for_each(|folder| walk(&root.join(folder), &mut found));
    found.sort();
    found
}

#[test]
fn every_file_of_the_project_reads_the_same() {
    let (mut answered, mut all) = (0, 0);
    for path in yaml_files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let (here, of) = compared(&text);
        if path.parent().is_some_and(|folder| folder.ends_with("golden/specs")) {
            answered += here;
            all += of;
        }
    }
    assert!(all > 100 && answered * 100 > all * 95, "only {answered} of {all} built manifests are read the fast way");
}

#[test]
fn what_is_common_is_read_here() {
    let flow = "a: [1, {b: c, 'd': \"e\"}, []] # note\nb: größe\n";
    assert!(read(SOUND, FILE, 0..SOUND.len()).is_some());
    assert!(read(flow, FILE, 0..flow.len()).is_some());
}

#[test]
fn what_is_rare_or_wrong_is_left_to_the_other_reader() {
    let left = [
        "a: 1\na: 2\n",
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "a: [1,\n  2]\n",
        "a: [1,]\n",
        "a: [a: 1]\n",
        "a: [a b: 1]\n",
        "a: [,]\n",
        "a: {a}\n",
        "a: {a: }\n",
        "a: {a: 1, a: 2}\n",
        "a: [1]]\n",
        "a: {{ b }}\n",
        "a: >\n  x\n",
        "a: b\n  c\n",
        "a: b: c\n",
        "a:\tb\n",
        "a: \"b\n  c\"\n",
        "a: b\u{2028}\n",
        "a: b\u{85}\n",
        "a: 1\r\n",
        "? a\n: b\n",
        "<<: {}\n",
        "a:\n    b: 1\n  c: 2\n",
        "a: 1\n- b\n",
        "a: |2\n   x\n",
        "a: |\nb: 1\n",
        "  a: 1\n",
        "text\n",
        "",
        "--- # c\na: 1\n",
        "a: 1\n...\n",
    ];
    for text in left {
        assert!(read(text, FILE, 0..text.len()).is_none(), "{text:?}");
    }
}

/// Pieces that stand in plain manifests, and those that change what stands around them.
const PIECES: &[&str] = &[
    "a",
    "b",
    "[a, b]",
    "{a: 1, b: [x, 'y']}",
    "[",
    "}",
    ", ",
    "\u{A0}",
    "😀",
    "key: ",
    "key:",
    "other: ",
    "\"q\": ",
    "'q': ",
    "- ",
    "-",
    "\n",
    "\n",
    "\n  ",
    "\n  ",
    "\n    ",
    "\n ",
    " ",
    "  ",
    "#",
    " # c",
    "|",
    "|-",
    "|+",
    ">",
    "\"",
    "'",
    "\"x y\"",
    "'it''s'",
    "\"\\n\"",
    "\\",
    "{}",
    "[]",
    "{",
    "]",
    ":",
    ": ",
    "1",
    "1.5",
    "true",
    "~",
    "null",
    "yes",
    "0x1F",
    "---\n",
    "\n---\n",
    "\n...",
    "%",
    "@",
    "`",
    "&x ",
    "*x",
    "!raw ",
    "?",
    "? ",
    "<<: ",
    ",",
    "=",
    "/",
    "é",
    "\t",
    "\r\n",
];

/// A block of lines whose indentation is mostly right.
fn lines() -> impl Strategy<Value = String> {
    let line = (0_usize..5, prop::sample::select(LINES));
    prop::collection::vec(line, 1..14)
        .prop_map(|lines| lines.into_iter().map(|(indent, line)| format!("{}{line}\n", "  ".repeat(indent))).collect())
}

const LINES: &[&str] = &[
    "a:",
    "b:",
    "c: 1",
    "d: text of words",
    "e: \"quoted: # text\"",
    "f: 'it''s'",
    "g: |",
    "h: |-",
    "i: {}",
    "s: [1, -2, two words, \"q\", {t: u}] # note",
    "u: {a: 1, 'b': [], \"c\": {d: é}}",
    "- [x, [y]]",
    "v: größe # ü",
    "w: [a",
    "x: b]",
    "j: []",
    "k: x # note",
    "l: # note",
    "- 1",
    "- a: 1",
    "- b: |",
    "- - 2",
    "-",
    "- x: ",
    "# note",
    "",
    " ",
    "plain",
    "m: -1",
    "n: a:b",
    "o: \"\\\"\\\\\\n\"",
    "- |-",
    "\"p\": q",
    "r: ~",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_read_the_same(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        compared(&pieces.concat());
    }

    #[test]
    fn lines_read_the_same(text in lines()) {
        compared(&text);
    }

    #[test]
    fn a_manifest_with_a_bite_reads_the_same(
        from in 0_usize..SOUND.len(), length in 0_usize..12, piece in prop::sample::select(PIECES),
    ) {
        let mut text = SOUND.to_owned();
        text.replace_range(from..(from + length).min(SOUND.len()), piece);
        compared(&text);
    }
}

const SOUND: &str = "\
# A manifest as most are.
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels: {}
  annotations:
    \"quoted/key\": 'it''s'
    example.com/long-name: \"a \\\"text\\\" # no note\"
data:
  empty:
  zero: 0
  script: |
    #!/bin/sh

    if true; then
      echo hi: there
    fi
  cut: |-
    one

other:
- name: a
  list:
  - - 1
    - two words # note
  -
    x: y
- []
-
";
