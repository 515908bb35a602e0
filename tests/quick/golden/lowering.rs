//! Small specs and what must come of them.
//!
//! A case (`crate::cases`) asks by `# show: KIND NAMESPACE/NAME POINTER` for what stands at a place, and by
//! `# show: objects` for the objects that are made, sorted. What stands below `# --- FILE` is another file. The code of each finding is told in any case.

use fanfold::compile::read_inputs;
use fanfold::diagnostic::{Diagnostic, Diagnostics};
use fanfold::emit::Output;
use fanfold::kubernetes::Manifest;
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;

use crate::cases::{self, Case};
use crate::examples::{self, run};

#[test]
fn every_case_gives_what_it_says() {
    cases::hold("tests/quick/golden/cases", 15, |case| {
        shown(case, |finding, _| vec![format!("finds: {}", finding.code.name())])
    });
}

/// Returns what is found in the spec of a case, and what it asks for of the objects.
pub(crate) fn shown(case: &Case, told: impl Fn(&Diagnostic, &Sources) -> Vec<String>) -> Vec<String> {
    let others = case.sections().map(|name| (name, case.section(name)));
    let files = others
        .fold(MemoryFiles::default().with("case.yaml", case.input()), |files, (name, text)| files.with(name, text));
    let given = case.settings("given").filter_map(|given| given.split_once('='));
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let spec = examples::Case { spec: "case.yaml".to_owned(), given };
    let mut sources = Sources::default();
    let mut read = Diagnostics::new();
    let inputs = read_inputs(&["case.yaml".to_owned()], &files, || Ok(Vec::new()), &mut sources, &mut read);
    let (compilation, mut diagnostics) = run(inputs, spec.options(), &files, &mut sources);
    diagnostics.append(read);
    let objects = compilation.objects();
    let findings = diagnostics.iter().flat_map(|finding| told(finding, &sources));
    let shown = case.settings("show").map(|asked| {
        let Some((subject, pointer)) = asked.rsplit_once(' ') else {
            assert_eq!(asked, "objects", "{}", case.path.display());
            let mut made: Vec<String> = objects.iter().map(|object| object.key.to_string()).collect();
            made.sort();
            return format!("objects: {}", made.join(", "));
        };
        let object = objects.iter().find(|object| object.key.to_string() == subject);
        let object = object.unwrap_or_else(|| panic!("{} does not make `{subject}`", case.path.display()));
        // As text, so that the order of keys counts.
        format!("{asked} {}", json(object).pointer(pointer).cloned().unwrap_or_default())
    });
    findings.chain(shown).collect()
}

fn json(object: &Manifest) -> serde_json::Value {
    let mut bytes = Vec::new();
    Output::Json.write_document(&object.node, None, &mut bytes);
    serde_json::from_slice(&bytes).unwrap()
}
