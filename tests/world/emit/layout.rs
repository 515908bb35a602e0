//! Charts: Helm's templates, by the library that Helm has, give back what was laid out.

use fanfold::emit::Output;
use fanfold::emit::layout::{Layout, escape_for_helm};

use super::go;
use crate::layout::{content, lay_out, paths};

#[test]
fn a_chart_renders_back_to_the_objects() {
    needs!(GO);
    for output in [Output::Yaml, Output::Kyaml, Output::Json] {
        let plain = lay_out(Layout::Files, output);
        let chart = lay_out(Layout::Helm, output);
        assert_eq!(paths(&chart).len(), 5);
        for (template, file) in chart[3..].iter().zip(&plain[1..]) {
            assert_eq!(go::run("template", template.bytes.clone()).unwrap(), content(file));
        }
    }
}

#[test]
fn whatever_is_escaped_renders_back() {
    needs!(GO);
    let texts = [
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{{{{",
        "{}}{",
        "{{}}",
        "}}{{",
        "{ {",
        "{{- x -}}",
        "{{/* c */}}",
        "a{{`b`}}\"c\"\n",
    ];
    let all = texts.map(|text| format!("{text}\n{text}{text}x")).concat();
    assert_eq!(go::run("template", escape_for_helm(all.as_bytes())).unwrap(), all);
}
