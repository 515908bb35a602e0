//! Texts that nobody thought of: reading never panics, and every place is part of its text.

use proptest::prelude::*;

use super::read;

/// What YAML is made of, and what breaks it.
const PIECES: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "\r\n",
    "\t",
    " ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&a ",
    "*a",
    "<<: ",
    "!raw ",
    "!!str ",
    "!<tag:x> ",
    "!",
    "|\n",
    ">-\n",
    "|2+\n",
    "\"",
    "'",
    "\\",
    "\\u00e9",
    "\\x",
    "#",
    " # c\n",
    "---",
    "\n---\n",
    "\n...\n",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "{{ a }}",
    "{% if %}",
    "ü",
    "日",
    "\u{1F600}",
    "\u{85}",
    "\u{2028}",
    "\u{FEFF}",
    "\0",
    "~",
    "null",
    "0x1F",
    "1e3",
    "yes",
    "apiVersion: v1\n",
    "kind: A\n",
    "@",
    "`",
    "*",
    "&",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(bytes);
    }

    #[test]
    fn texts_never_panic(text in "\\PC{0,100}") {
        read(text);
    }

    #[test]
    fn pieces_of_yaml_never_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        read(pieces.concat());
    }

    #[test]
    fn a_sound_text_with_a_bite_never_panics(from in 0_usize..400, length in 0_usize..20, piece in prop::sample::select(PIECES)) {
        let mut text = SOUND.to_owned();
        let at = |offset: usize| (0..=offset.min(SOUND.len())).rev().find(|at| SOUND.is_char_boundary(*at)).unwrap_or(0);
        text.replace_range(at(from)..at(from + length), piece);
        read(text);
    }
}

const SOUND: &str = "\
%YAML 1.2
---
apiVersion: v1 # größe
kind: ConfigMap
metadata: &m {name: a, labels: {\"x\": 'it''s', y: \"\\u00e9\\n\"}}
other: *m
merged:
  <<: [*m, {z: 1}]
data:
  literal: |2-
      two
     one
  folded: >
    a
    b

      c
  list:
  - - 1
    - 2
  -
    ? key
    : value
  - !raw '{{ x }}'
  日本: 😀
...
---
- 1
";
