//! Texts that writers get wrong: as values and as keys, each must come back as it was.

use fanfold::text::Node;

/// Returns the nodes of `vectors.yaml`: texts as kubectl writes them.
pub(crate) fn vectors() -> Vec<Node> {
    let root = super::read_one(include_bytes!("vectors.yaml"));
    root.get("list").and_then(Node::as_seq).expect("the vectors are a list").to_vec()
}

/// Returns all texts, without repetition.
pub(crate) fn nasty() -> Vec<String> {
    let mut texts: Vec<String> = vectors().iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    texts.extend(WORDS.iter().map(|text| (*text).to_owned()));
    // Each character that somebody treats specially: alone, inside, first, last, and around a line break.
    let controls = (0..=0x20).chain([0x7F, 0x80, 0x85, 0x9F, 0xA0, 0xAD, 0x200B, 0x200D, 0x2028, 0x2029, 0x202E]);
    let others = [0x3000, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_F600, 0x1_FFFE, 0x10_FFFF];
    for character in controls.chain(others).filter_map(char::from_u32) {
        texts.extend([
            character.to_string(),
            format!("a{character}b"),
            format!("{character}b"),
            format!("a{character}"),
            format!("a\n{character}b"),
            format!("{character}a\nb"),
            format!("a{character}\nb"),
            format!("a\nb{character}"),
        ]);
    }
    for character in (0x21..0x7F).filter_map(char::from_u32) {
        texts.extend([
            character.to_string(),
            format!("{character} a"),
            format!("a {character}"),
            format!("a{character}"),
            format!("{character}a"),
            format!("a{character} b"),
            format!("{character}\na"),
            format!("a\n{character}"),
        ]);
    }
    texts.extend([
        "long ".repeat(60).trim_end().to_owned(),
        "x".repeat(127),
        "x".repeat(128),
        "x".repeat(129),
        "x".repeat(1000),
        "x".repeat(1023),
        "x".repeat(1025),
        "y ".repeat(5000),
        "é".repeat(600),
        format!("{}\n", "long line ".repeat(50).trim_end()),
    ]);
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    // Old booleans, nulls, and what comes close to them.
    "YES", "Yes", "nO", "no", "NO", "N", "ON", "On", "OFF", "oFF", "True", "TRUE", "tRUE", "False", "FALSE", "t", "f", "T",
    "F", "nil", "None", "NaN", "NAN", ".NaN", ".NAN", ".Nan", "inf", "Inf", ".Inf", ".INF", "-.inf", "+.Inf", "~x", "~ ",
    // Numbers to someone.
    "0", "-0", "+0", "00", "01", "-01", "+01", "0.0", "1.", "-1.", "+.5", "-.5", "-5.", ".5e1", "5e-1", "1e+5", "1E-5", "1e5.0",
    "0x", "0xg", "0xFF", "0XFF", "-0xFF", "+0xFF", "0b", "0b2", "0b0", "0B1", "-0b1", "0o", "0O7", "-0o7", "0o-7", "0b-1",
    "0b+1", "-0b-1", "0x-1", "0_x1", "0x_1", "_", "__", "_1_", "1_", "-_1", "+_1", "-._1", "._", ".1_0", "1_0.5", "1e_5",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809", "0xFFFFFFFFFFFFFFFF", "-0xFFFFFFFFFFFFFFFF",
    "0x1FFFFFFFFFFFFFFFF", "01777777777777777777777", "-01777777777777777777777", "1e309", "-1e400", "1e-400", "0x1p2",
    "1p2", "1d5", "1f", "0.1.2", "10.0.0.1", "1.27", "1.27.0", "v1.27", "08.5", "0e0", "00e0", "+", "++1", "--1", "1-", "1+1",
    // Base 60 and timestamps to someone.
    "1:2", "01:02", "1:60", "1:6", "1:99", "-1:30", "+1:30", "1:30.5", "1:30.", "1:30:", "1_0:30", "1:3_0", "0:0", "22:22",
    "2001-1-1", "2001-13-01", "2001-02-30", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-14T",
    "2001-12-14T10:00:00Z", "2001-12-14 x", "2001-01-011", "201-01-01", "20010-01-01", "2024-01-01-backup",
    // Syntax.
    "<<", "<", "=", "==", "---", "--- ", "---\n", "----", "---x", "... ", "...x", "..", "....", "- - a", "-", "--", "-a", "-\n",
    "?", "??", "?a", "? ", ":", "::", ": ", ": a", ":a", "a:", "a: ", "a :b", "a : b", "http://x:80/", "a:\nb", "a: \nb",
    "#", "# a", "a#", "a #", "a# b", "a\t#b", "a:\tb", "a\n#b", "a\n# b", "#\na", "%YAML 1.2", "%TAG", "%", "%%", "@", "`",
    "|", "|-", "|\n", ">", ">-", "> a", "&", "*", "!", "!!", "!!str a", "!raw", "{", "}", "[", "]", "{}", "[]", "{ }", ",",
    "'", "''", "'''", "'a'", "\"", "\"\"", "\"a\"", "\\", "\\n", "\\\\", "it's", "a'b\"c", "a\"b", "\\u0041", "a\\\nb",
    "{{ x }}", "{{", "}}", "{{{", "${X}", "$(X)", "a, b", "a,b: c", "[a, b]", "{a: b}", "key: value\nother: value",
    // Blanks and lines.
    " ", "  ", "\t", "\t\t", " \t ", "\n", "\n\n", "\n\n\n", " \n", "\n ", " \n ", "\t\n", "\n\t", "a\n", "a\n\n", "a\n\n\n",
    "\na", "\n\na", "\na\n", "\n a", "\n\ta", " a\nb", "  a\n b\nc", "\ta\nb", "\ta\n\tb\n", "a\n b", "a\n\tb", "a\n\tb\n",
    "a \nb", "a\t\nb", "a\nb ", "a\nb\t", "a\n\nb", "a\n \nb", "a\n\t\nb", "a\nb\n ", "a\nb\n\n", "a\r\nb", "a\r\nb\r\n",
    "\r\n", "\ra", "a\n---\nb", "a\n...\nb", "---\na", "...\na", "a\n--- b\n", "a\n- b", "- a\n- b", "a: b\nc: d\n",
    "#!/bin/sh\nset -e\nexec \"$@\"\n", "all:\n\tgo build\n\tgo test\n", "|\n  a\n", "a  b", "a   b", "trailing  ", "  leading",
    // Letters of the world, and those that only look like them.
    "ä", "naïve", "日本語", "日本\n語", "👍🏽", "é: ü", "é #x", "٣", "¼", "Ⅷ", "e\u{301}", "\u{301}e", "א\u{202E}b", "a\u{200B}",
    "\u{FEFF}a\nb", "\u{1F600}\nb\n", "\u{E000}", "ﬁ", "\u{AD}", "“quoted”", "‘single’", "a\u{A0}b", "\u{A0}\na", "a\n\u{A0}b",
    "\u{3000}a", "a\n\u{3000}b", "\u{85}a\nb", "a\n\u{85}b", "a\n\u{B}b", "a\n\u{C}b", "a\n\rb", "\u{1B}[31mred\u{1B}[0m",
];
