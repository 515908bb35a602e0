//! The page of filters, functions and tests, from the table of the compiler; its examples are evaluated.

use std::fmt::Write as _;

use fanfold::expand::builtin::{Builtin, FILTERS, FUNCTIONS, NAMES, TESTS};

use crate::bench::Bench;

const SECTIONS: &[(&str, &str, &[Builtin])] = &[
    ("Names", "What every expression of an instance reads: `{{ params.tag }}`.", NAMES),
    ("Filters", "Written after a value: `{{ params.name | slug }}`. Several follow one another.", FILTERS),
    ("Functions", "Written with brackets: `{{ range(3) | join(\",\") }}`.", FUNCTIONS),
    ("Tests", "Written after `is`, or `is not`: `{{ 1 if index is odd else 0 }}`.", TESTS),
];

pub(super) fn page() -> String {
    let mut out = super::head("Names, filters, functions and tests", "src/expand/builtin.rs");
    out += "What [expressions](../language/expressions.md) have beside operators, each with an example and what it gives. Arguments\n\
            that end in `?` may be left out, `…` stands for any number of them.\n";
    for (title, text, words) in SECTIONS {
        let _ = write!(out, "\n## {title}\n\n{text}\n\n");
        for word in *words {
            let _ = writeln!(out, "- `{}`: {}. `{}` is `{}`", word.signature(), word.summary, word.example, word.gives);
        }
    }
    out
}

#[test]
fn every_example_gives_what_the_table_says() {
    let words: Vec<&Builtin> = SECTIONS.iter().flat_map(|(_, _, words)| *words).collect();
    let data: serde_json::Map<String, serde_json::Value> = words
        .iter()
        .enumerate()
        .map(|(number, word)| (number.to_string(), format!("<{{{{ {} }}}}>", word.example).into()))
        .chain([("tag".to_owned(), "{{ params.tag }}".into())])
        .collect();
    let batch = serde_json::json!({
        "apiVersion": "fanfold.dev/v1",
        "kind": "Batch",
        "metadata": {"name": "builtins"},
        "params": {"tag": "1.27"},
        "configMaps": {"all": {"matrix": {"region": ["eu"]}, "data": data}},
    });
    let bench = Bench::with(&[("batch.json", &batch.to_string())]);
    let output = bench.command(&["build", "batch.json", "--output", "json"]).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object in JSON");
    let found = built["data"].as_object().or_else(|| built["items"][0]["data"].as_object()).expect("the data");
    for (number, word) in words.iter().enumerate() {
        assert_eq!(found[&number.to_string()], format!("<{}>", word.gives), "{}", word.name);
    }
}
