//! The example specs against their golden outputs ([`crate::examples`]), and what holds for all of them.

pub(crate) mod lowering;
mod stable;

use std::fs;
use std::path::Path;
use std::process::Command;

use fanfold::kubernetes::documented::in_order;
use fanfold::read::MemoryFiles;

use crate::examples::{Case, cases, emitted, files, golden_bytes};
use crate::support::golden;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn every_spec_compiles_to_its_golden_output() {
    let files = files();
    let mut stale = Vec::new();
    let mut expected = Vec::new();
    for case in cases() {
        let golden = case.golden();
        stale.extend(golden::file(&golden, &golden_bytes(&case.compile(&files))).err());
        expected.push(golden);
    }
    for entry in fs::read_dir(Path::new(ROOT).join("golden/specs")).unwrap() {
        let path = entry.unwrap().path();
        if !expected.contains(&path) {
            if golden::is_updating() {
                fs::remove_file(&path).unwrap();
            } else {
                stale.push(format!("no spec makes {}", path.display()));
            }
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn golden_outputs_have_no_findings_and_are_in_order() {
    for case in cases() {
        let golden = case.golden();
        let name = golden.file_name().unwrap().to_str().unwrap();
        let files = MemoryFiles::default().with(name, fs::read(&golden).unwrap());
        let written = Case { spec: name.to_owned(), given: Vec::new() };
        let compilation = written.compile(&files);
        let facts = compilation.facts();
        for object in compilation.objects() {
            let kind = facts.kind(&object.key.group, &object.key.version, &object.key.kind);
            // These come as manifests, which keep the order in which they were written.
            let passed = ["apiextensions.k8s.io", "rbac.authorization.k8s.io"].contains(&object.key.group.as_str());
            if let Some(ty) = kind.and_then(|kind| facts.type_of(kind)).filter(|_| !passed) {
                let ordered = in_order(facts, facts.ty(ty), &object.node);
                assert!(ordered.same(&object.node), "the fields of `{}` in {name} are out of order", object.key);
            }
        }
    }
}

#[test]
fn two_processes_write_the_same_bytes() {
    let files = files();
    for case in cases() {
        let run = || {
            let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
                .args(case.arguments())
                .current_dir(ROOT)
                .output()
                .expect("the binary starts");
            assert!(output.status.success(), "{case:?}\n{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let (first, second) = (run(), run());
        assert!(first == second, "two runs of {case:?} differ");
        assert!(first == emitted(&case.compile(&files)), "the binary and the library differ in {case:?}");
    }
}
