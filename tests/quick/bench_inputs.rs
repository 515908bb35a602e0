//! The inputs of the benchmarks: a benchmark of a refused input would measure nothing.

#[path = "../../benches/generate.rs"]
pub(crate) mod generate;

use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::Diagnostics;
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;

#[test]
fn all_inputs_of_the_benchmarks_compile_without_findings() {
    let inputs = [
        ("fleet", generate::fleet(3), 6),
        ("literal", generate::literal(8), 12),
        ("manifests", generate::manifests(3), 6),
        ("wide", generate::wide(20), 1),
        ("deep", generate::deep(90), 1),
    ];
    for (name, text, objects) in inputs {
        let files = MemoryFiles::default().with("input.yaml", text.as_str());
        let (mut sources, mut findings) = (Sources::default(), Diagnostics::new());
        let none = || Ok(Vec::new());
        let inputs = read_inputs(&["input.yaml".into()], &files, none, &mut sources, &mut findings);
        let settings = Settings::default();
        let compilation = compile(inputs, &settings, &files, &mut sources, &mut findings);
        let found: Vec<&str> = findings
            .iter()
            .filter(|finding| name != "deep" || finding.code.name() != "unknown-custom-kind")
            .map(|finding| finding.message.as_str())
            .collect();
        assert!(found.is_empty(), "{name}: {found:?}\n{text}");
        assert_eq!(compilation.len(), objects, "{name}");
    }
}
