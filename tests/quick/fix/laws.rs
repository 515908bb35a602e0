//! Laws of all fixes, over every wrong example of the pages and every case under tests.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::{Applicability, Code, Diagnostic, Diagnostics, Edit, Fix, explanation, masked};
use fanfold::mend::{Look, Mended, mend};
use fanfold::policy::Policy;
use fanfold::read::MemoryFiles;
use fanfold::text::{FileId, Sources};

use crate::pace::{is_quick, some};

const INPUT: &str = "a.yaml";

/// Applying a safe fix removes its finding, and adds none; nor does it break a text.
#[test]
fn every_safe_fix_removes_its_finding_and_adds_none() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (name, text) in texts() {
        let (found, sources) = check(&text);
        let known: BTreeMap<String, usize> = counted(&found);
        for finding in found.iter() {
            let shown = masked(finding, &sources);
            let Some(fix) = shown.fix.filter(|fix| fix.applicability == Applicability::Safe) else { continue };
            let Some(fixed) = applied(&fix, &text) else { continue };
            tried += 1;
            let (after, _) = check(&fixed);
            let left = counted(&after);
            let count = |names: &BTreeMap<String, usize>, name: &str| names.get(name).copied().unwrap_or_default();
            let own = said(finding);
            if count(&left, &own) >= count(&known, &own) {
                wrong.push(format!("{name}: {own}: is there still"));
            }
            let new = left.iter().find(|(name, number)| **number > count(&known, name));
            if let Some((new, _)) = new.filter(|_| !reveals(finding.code)) {
                wrong.push(format!("{name}: {own}: adds {new}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= if is_quick() { 25 } else { 100 }, "{tried} safe fixes are tried");
}

/// Whether what a finding is about is not looked at as long as the finding is there: what is found in it then is not of the fix.
fn reveals(code: Code) -> bool {
    matches!(code, Code::UnknownKind | Code::RemovedApi | Code::UnknownField)
}

/// Mending twice is mending once; comments stay, and nothing is found that was not there but where something was not looked at.
#[test]
fn what_is_mended_stays_so_and_keeps_its_comments() {
    let mut changed = 0;
    for (name, text) in texts() {
        for trust in [Applicability::Safe, Applicability::Unsafe] {
            let mended = mend(trust, |texts| Ok::<_, ()>(Seen::of(texts.get(INPUT).map_or(&*text, |text| text))));
            let Ok(Mended { texts, last, fixed, .. }) = mended else { panic!("{name}: a look never fails") };
            let Some(after) = texts.get(INPUT) else {
                assert_eq!(fixed, 0, "{name}");
                continue;
            };
            changed += 1;
            assert!(fixed > 0 && **after != *text, "{name}");
            let again = mend(trust, |texts| Ok::<_, ()>(Seen::of(texts.get(INPUT).unwrap_or(after))));
            assert!(again.is_ok_and(|again| again.texts.is_empty()), "{name}: there is more to mend");
            let is_kept = |line: &&str| line.trim_start().starts_with("# ") && !line.contains("fanfold:");
            for comment in text.lines().filter(is_kept).filter(|_| trust == Applicability::Safe) {
                assert!(after.lines().any(|line| line == comment), "{name}: {comment} is lost");
            }
            let errors = |found: &Diagnostics| found.iter().filter(|finding| finding.code == Code::InvalidYaml).count();
            assert!(errors(&last.findings) <= errors(&check(&text).0), "{name}: it cannot be read any more");
        }
    }
    assert!(changed >= if is_quick() { 15 } else { 60 }, "{changed} texts are mended");
}

/// A look at one text.
struct Seen {
    findings: Diagnostics,
    sources: Sources,
}

impl Seen {
    fn of(text: &str) -> Self {
        let (findings, sources) = check(text);
        Self { findings, sources }
    }
}

impl Look for Seen {
    fn findings(&self) -> &Diagnostics {
        &self.findings
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn spares(&self, file: FileId) -> Option<String> {
        (file != FileId(0)).then(|| "it is another file".to_owned())
    }
}

/// Whatever may be wrong: no fix is offered for what an expression, a table or a secret says.
#[test]
fn no_fix_touches_an_expression_or_a_secret() {
    for (name, text) in texts() {
        let (found, sources) = check(&text);
        for finding in found.iter() {
            for edit in masked(finding, &sources).fix.into_iter().flat_map(|fix| fix.edits) {
                let written = sources.text(edit.origin);
                assert!(!["{{", "{%", "{#"].iter().any(|mark| written.contains(mark)), "{name}: {written}");
                let is_whole = edit.replacement.is_empty();
                assert!(is_whole || !sources.is_secret(edit.origin), "{name}: {}", said(finding));
            }
        }
    }
}

/// Returns the examples and cases, each with its name.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for code in Code::ALL {
        let page = explanation(*code);
        let examples = page.wrong.iter().filter(|example| example.language == "yaml" && example.file.is_none());
        texts.extend(examples.enumerate().map(|(at, example)| (format!("{code} {at}"), example.text.to_owned())));
    }
    add(Path::new("tests/quick"), &mut texts);
    assert!(texts.len() > 500, "{}", texts.len());
    some(texts, 4).collect()
}

fn add(folder: &Path, texts: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            add(&path, texts);
        } else if path.extension().is_some_and(|ending| ending == "yaml")
            && let Ok(text) = fs::read_to_string(&path)
        {
            let given = text.split("# --- ").next().unwrap_or_default().to_owned();
            texts.push((path.display().to_string(), given));
        }
    }
}

fn check(text: &str) -> (Diagnostics, Sources) {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let files = MemoryFiles::default().with(INPUT, text);
    let no_stdin = || Err(io::ErrorKind::NotFound.into());
    let inputs = read_inputs(&[INPUT.to_owned()], &files, no_stdin, &mut sources, &mut found);
    compile(inputs, &Settings::default(), &files, &mut sources, &mut found);
    let found = found.as_written(&mut sources);
    let policy = Policy::parse(&[], &[]).expect("nothing is denied or allowed");
    (policy.apply(found, &sources), sources)
}

fn said(finding: &Diagnostic) -> String {
    let about = finding.subject.as_ref().map(|subject| format!(" in {} {}", subject.object, subject.field));
    // An edit may move the lines that a message names.
    let message = finding.message.split(" on line ").next().unwrap_or_default();
    format!("{} {message}{}", finding.code, about.unwrap_or_default())
}

fn counted(found: &Diagnostics) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    found.iter().for_each(|finding| *counts.entry(said(finding)).or_default() += 1);
    counts
}

/// Returns the text after a fix; `None` where it changes another file.
fn applied(fix: &Fix, text: &str) -> Option<String> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.origin.start));
    let mut text = text.to_owned();
    for edit in edits {
        if edit.origin.file != FileId(0) {
            return None;
        }
        text.replace_range(edit.origin.start as usize..edit.origin.end as usize, &edit.replacement);
    }
    Some(text)
}
