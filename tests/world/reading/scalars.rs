//! What a plain scalar means, against the libraries that kubectl and kustomize read with.

use std::collections::BTreeSet;

use fanfold::text::scalar::{self, Meaning};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};

use crate::emit::go;

/// Scalars at the edges of what is a number, a boolean or null to somebody.
const EDGES: &str = "
    ~ null Null NULL nULL y Y yes Yes YES yEs n N no No NO on On ON off Off OFF true True TRUE tRUE false False FALSE
    t f T F 0 -0 +0 00 -00 1 -1 +1 01 007 0644 0777 08 09 -08 +08 0_8 0_7 1_000 _1 1_ 1__0 -1_0 _ __ 0x 0X1f 0x1F -0x1F
    +0x1f 0x_1 0x1_f 0x-1 0x+1 0xg -0x 0o 0o7 0O7 0o17 -0o17 +0o17 0o-17 0o+17 0o8 0o_7 0b 0b1 0B1 0b11 -0b11 +0b11 0b-11
    0b+11 -0b-11 0b2 0b1_1 0b_1 1. .1 . .. ._1 .1_0 1._0 1_0.5 1.5 -1.5 +1.5 01.5 00.5 1e3 1E3 1e+3 1e-3 -1e3 +1e3 1e 1e+ e3
    .e3 1.e3 .5e3 1_0e3 1e1_0 0e0 -0.0 +0.0 0.0 1e400 -1e400 1e-400 0x1p3 0x1.8p3 0x.8p0 infinity inf Inf .inf .Inf .INF +.inf
    -.inf -.INF .iNF nan NaN .nan .NaN .NAN +.nan -.nan 9223372036854775807 9223372036854775808 -9223372036854775808
    -9223372036854775809 18446744073709551615 18446744073709551616 123456789012345678901234567890
    -123456789012345678901234567890 0x7fffffffffffffff 0x8000000000000000 0xffffffffffffffff 0x10000000000000000
    -0x8000000000000000 -0x8000000000000001 01777777777777777777777 02000000000000000000000 1.7976931348623157e308
    0.1 0.10 1.0 1.00 100.0 1e0 1.5e0 1e21 1e20 123456789.123456789 0.000001 0.0000001 5e-324 1.27 1.30 12:30 12:30:45 1:0
    190:20:30 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-12-15T02:59:43.1Z - -- -1- 1-1 1.2.3 1,000 1k 100m 1Gi
    +12345 -+1 +-1 --1 0b 0o0 0x0 -0x0 -0b0 -0o0 -00x1 00x1 0_x1 0x1_ 0_b1 0b1_ 0o1_ =  << 1_2.3_4 .1. 1..2 0.1e1.5 1e1e1
";

/// Texts that look like numbers.
fn numberish() -> BTreeSet<String> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = "[-+]{0,2}(0[xXoObB]?)?[-+]?[0-9_a-f.]{0,6}(e[-+]?[0-9_]{0,3})?";
    (0..3_000).map(|_| strategy.new_tree(&mut runner).expect("the pattern is sound").current()).collect()
}

#[test]
fn plain_scalars_mean_what_kubectl_and_kustomize_read() {
    needs!(GO);
    let mut texts: BTreeSet<String> = EDGES.split_whitespace().map(str::to_owned).collect();
    texts.extend(numberish());
    // What is not a plain scalar at all is not the business of this test.
    texts.retain(|text| !text.is_empty() && text != "-" && text != "=" && text != "<<" && !text.starts_with("---"));
    // JSON, which kubectl sends, has no word for infinities.
    texts.retain(|text| scalar::resolve(text) != Meaning::Float(None));
    let texts: Vec<String> = texts.into_iter().collect();
    let documents: Vec<String> = texts.iter().map(|text| format!("---\na: {text}\n")).collect();
    let stream = documents.concat();
    let read = go::read(stream.as_bytes());
    assert_eq!(read.len(), texts.len());
    let mut wrong = Vec::new();
    for (text, [kubectl, kustomize]) in texts.iter().zip(&read) {
        // Dates stay texts in what kustomize writes; this reader shows them as it stores them.
        let kustomize = if is_date(text) { &json!({ "a": text }) } else { kustomize };
        for (reader, meaning, seen) in [
            ("kubectl", scalar::resolve(text), &kubectl["a"]),
            ("kustomize", scalar::resolve_kustomize(text), &kustomize["a"]),
        ] {
            if !agrees(&meaning, text, seen) {
                wrong.push(format!("{reader} reads `{text}` as {seen}, not as {meaning:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 2 * texts.len(), wrong.join("\n"));
}

fn is_date(text: &str) -> bool {
    text.starts_with("20") && text.split('-').count() >= 3
}

fn agrees(meaning: &Meaning, text: &str, seen: &Json) -> bool {
    match (meaning, seen) {
        (Meaning::Null, seen) => seen.is_null(),
        (Meaning::Bool(value), seen) => seen.as_bool() == Some(*value),
        (Meaning::Text, Json::String(seen)) => seen == text,
        // Go's JSON has no word for them: this reader writes what is left.
        (Meaning::Float(None), seen) => !seen.is_boolean(),
        (Meaning::Integer(digits), Json::Number(seen)) => {
            *digits == seen.to_string() || (digits.len() > 18 && digits.parse::<f64>().ok() == seen.as_f64())
        }
        (Meaning::Float(Some(digits)), Json::Number(seen)) => digits.parse::<f64>().ok() == seen.as_f64(),
        _ => false,
    }
}
