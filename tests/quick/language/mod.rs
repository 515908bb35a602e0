//! What the language makes of what is written: layers, containers, fan-out, references, patches.
//!
//! A case (`crate::cases`) asks as those of [`crate::golden::lowering`] do. Its findings are shown as `LINE:COLUMN
//! SEVERITY[CODE]: MESSAGE`, with their ways out below.

mod parts;
mod patches;
mod rows;

use fanfold::diagnostic::Diagnostic;
use fanfold::text::Sources;

use crate::cases;
use crate::golden::lowering::shown;

#[test]
fn every_case_gives_what_it_says() {
    cases::hold("tests/quick/language/cases", 40, |case| shown(case, told));
}

fn told(finding: &Diagnostic, sources: &Sources) -> Vec<String> {
    let Diagnostic { code, severity, message, origin, help, .. } = finding;
    let place = sources.place(*origin).map_or_else(String::new, |(_, at)| format!("{}:{} ", at.line, at.column));
    let helps = help.iter().map(|help| format!("  help: {help}"));
    std::iter::once(format!("{place}{}[{}]: {message}", severity.as_str(), code.name())).chain(helps).collect()
}
