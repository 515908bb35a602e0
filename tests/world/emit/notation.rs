//! The three notations against the readers that kubectl and kustomize have, and against how kubectl writes.

use std::collections::BTreeSet;

use fanfold::emit::Output;
use fanfold::text::harmless::is_active;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::go;
use crate::trees::strings::{nasty, vectors};
use crate::trees::{
    OUTPUTS, all_places, assert_same, fits_as_json_key, list, mapping, meaning, same_lines, text, texts, written,
};

#[test]
fn kubectl_and_kustomize_read_nasty_texts_back() {
    needs!(GO);
    let texts = nasty();
    assert!(texts.len() >= 150, "{}", texts.len());
    kubectl_and_kustomize_read_back(&texts);
}

#[test]
fn kubectl_and_kustomize_read_random_texts_back() {
    needs!(GO);
    let mut runner = TestRunner::deterministic();
    let texts: BTreeSet<String> =
        (0..1000).map(|_| texts().new_tree(&mut runner).expect("there is a text").current()).collect();
    kubectl_and_kustomize_read_back(&texts.into_iter().collect::<Vec<_>>());
}

fn kubectl_and_kustomize_read_back(texts: &[String]) {
    for output in OUTPUTS {
        let texts: Vec<String> =
            texts.iter().filter(|text| output != Output::Json || fits_as_json_key(text)).cloned().collect();
        let tree = all_places(&texts);
        let expected = meaning(&tree);
        for [kubectl, kustomize] in go::read(&written(output, &tree)) {
            assert_same(output, "kubectl", &kubectl, &expected);
            assert_same(output, "kustomize", &kustomize, &expected);
        }
    }
}

/// Returns what kubectl writes for each text: as an item, and as a key.
fn kubectl_writes(texts: &[String]) -> Vec<[String; 2]> {
    let printed = go::run("marshal", serde_json::to_vec(texts).unwrap()).unwrap();
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn texts_look_as_kubectl_writes_them() {
    needs!(GO);
    // Go escapes characters beyond the basic plane, and turns keys of several lines into `? key`.
    let vectors: Vec<String> = vectors().iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    let (mut items, mut keys) = (0, 0);
    for (text_, [item, key]) in vectors.iter().zip(kubectl_writes(&vectors)) {
        if text_.chars().any(|character| character > '\u{FFFF}') {
            continue;
        }
        assert_eq!(String::from_utf8(written(Output::Yaml, &list(vec![text(text_)]))).unwrap(), item, "{text_:?}");
        items += 1;
        if !key.starts_with("? ") {
            let tree = mapping([(text_.clone(), text("value"))]);
            assert_eq!(String::from_utf8(written(Output::Yaml, &tree)).unwrap(), key, "{text_:?}");
            keys += 1;
        }
    }
    assert!(items >= 95 && keys >= 90, "{items} items, {keys} keys");
}

#[test]
fn texts_that_look_otherwise_than_kubectl_writes_them_are_known() {
    needs!(GO);
    let texts = nasty();
    let mut others = Vec::new();
    for (text_, [item, _]) in texts.iter().zip(kubectl_writes(&texts)) {
        let ours = String::from_utf8(written(Output::Yaml, &list(vec![text(text_)]))).unwrap();
        let acts = |character: char| !character.is_ascii() && is_active(character);
        let known = text_.chars().any(|character| character > '\u{FFFF}' || acts(character) || character == '\t')
            || text_.trim_end_matches('\n').is_empty()
            || text_.len() > 80;
        if ours != item && !item.is_empty() && !known {
            others.push(text_.as_str());
        }
    }
    assert_eq!(others, KNOWN_OTHERS);
}

/// Go leaves them bare, and some other reader takes them for something else. Beside these, it escapes characters beyond
/// the basic plane, writes marks of direction as they are, and folds long lines; we keep the lines of a text with tabs, and do not keep them for one of nothing
/// but line breaks.
const KNOWN_OTHERS: &[&str] = &[
    "0o-7",
    "-0b-1",
    "0x-1",
    "-0xFFFFFFFFFFFFFFFF",
    "0x1FFFFFFFFFFFFFFFF",
    "2001-13-01",
    "2001-02-30",
    "2001-12-14 21:59:43.10 -5",
    "<<",
    "=",
];

#[test]
fn kyaml_is_what_kubectl_writes() {
    needs!(GO);
    // The library writes a lone backslash before some lines, which changes the text; it leaves keys bare that readers
    // take for numbers; and it knows no `? key`.
    let is_changed =
        |line: &str| line.starts_with(|first: char| first.is_whitespace() && first != ' ' && first != '\t');
    let numbers = ["0b-1", "0b+1", "0xFFFFFFFFFFFFFFFF"];
    let is_kept = |text: &String| {
        let is_known = KNOWN_OTHERS.contains(&text.as_str()) || numbers.contains(&text.as_str());
        let is_broken = text.contains('\n') && text.split('\n').any(is_changed);
        text.len() < 900 && !is_known && !is_broken
    };
    let texts: Vec<String> = nasty().into_iter().filter(is_kept).collect();
    let tree = all_places(&texts);
    let mut ours = Vec::new();
    Output::Kyaml.write_document(&tree, None, &mut ours);
    let theirs = go::run("kyaml", written(Output::Yaml, &tree)).unwrap();
    same_lines(&theirs, std::str::from_utf8(&ours).unwrap());
}
