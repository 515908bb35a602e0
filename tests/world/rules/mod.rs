//! The Pod Security Standards, held against the pods by which the server's own admission is tested.

mod policies;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::Diagnostics;
use fanfold::kubernetes::{Facts, Manifest, Minor, SecurityLevel};
use fanfold::read::read_documents;
use fanfold::rules::{Standard, judge_pods};
use fanfold::text::Sources;

/// Returns the folder of the pods, by level, version and verdict, in the module that the control plane is built of.
fn pods() -> PathBuf {
    let module = "k8s.io/pod-security-admission";
    let go = |arguments: &[&str]| {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/controlplane");
        let output = Command::new("go").args(arguments).arg(module).current_dir(program).output().expect("Go runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    };
    go(&["mod", "download"]);
    Path::new(&go(&["list", "-m", "-f", "{{.Dir}}"])).join("test/testdata")
}

/// Returns the pods of a folder, each with the name of its file.
fn read(folder: &Path) -> Vec<(String, Manifest)> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder of pods").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let manifest = |path: &PathBuf| {
        let bytes = fs::read(path).expect("a file");
        let documents = read_documents(&mut Sources::default(), "pod.yaml", bytes, &mut Diagnostics::new());
        let roots = documents.into_iter().map(|document| (document.root.clone(), document.root.origin()));
        let (mut manifests, _) = check_objects(roots.collect::<Vec<_>>(), Facts::newest(), Mode::Manifest);
        (path.display().to_string(), manifests.pop().expect("a pod"))
    };
    paths.iter().map(manifest).collect()
}

#[test]
fn all_pods_of_the_admission_are_judged_as_it_judges_them() {
    needs!(GO);
    let pods = pods();
    let mut wrong = Vec::new();
    for minor in (0..=Minor::NEWEST.0).map(Minor) {
        let mut seen = 0;
        for level in [SecurityLevel::Baseline, SecurityLevel::Restricted] {
            let folder = pods.join(level.as_str()).join(format!("v{minor}"));
            let standard = Standard { level, minor };
            for (verdict, is_allowed) in [("pass", true), ("fail", false)] {
                for (name, pod) in read(&folder.join(verdict)) {
                    seen += 1;
                    let found = judge_pods(&pod, &[standard]);
                    if found.is_empty() != is_allowed {
                        let found: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
                        wrong.push(format!("{name}: {found:?}"));
                    }
                }
            }
        }
        assert!(seen > if minor < Minor(34) { 50 } else { 140 }, "{minor}: {seen} pods are not all of them");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
