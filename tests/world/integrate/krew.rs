//! krew, which installs a release by its manifest.

use std::process::Output;

use super::{Bench, checksum, executable, root, stderr, stdout};
use crate::krew::{VERSION, archives, script};
use crate::programs::Module;

pub(crate) static KREW: Module = Module::new("krew", "krew", "tests of what krew installs need");

/// Runs krew with a root of its own.
fn install(bench: &Bench) -> Output {
    let mut command = bench.command(KREW.program("krew"));
    command.args(["install", "--manifest=krew.yaml", "--archive=fanfold.tar.gz"]);
    command.env("KREW_ROOT", bench.path("krew")).output().expect("krew runs")
}

#[test]
fn krew_installs_a_release_whose_checksum_is_right() {
    needs!(AWK, BASH, CONTROL_PLANE, GIT, KREW);
    let bench = Bench::new();
    // In the place of the binary stands what calls it, by the name by which it is called itself.
    let program = format!("#!/bin/bash\nexec -a \"$0\" '{}' \"$@\"\n", env!("CARGO_BIN_EXE_fanfold"));
    bench.write("archive/fanfold", &program);
    executable(&bench.path("archive/fanfold"));
    bench.write("archive/LICENSE", &root("LICENSE"));
    bench.ok("tar", &["-czf", "fanfold.tar.gz", "-C", "archive", "fanfold", "LICENSE"]);
    let archive = std::fs::read(bench.path("fanfold.tar.gz")).expect("the archive is there");
    let sum = checksum(&archive);
    let fill = |sum: &str| {
        let sums: Vec<String> = archives().iter().map(|name| format!("{sum}  {name}\n")).collect();
        bench.write("SHA256SUMS", &sums.concat());
        bench.write("krew.yaml", &bench.ok("bash", &[&script(), VERSION, "SHA256SUMS"]));
    };

    fill(&"0".repeat(64));
    let refused = install(&bench);
    assert!(!refused.status.success() && stderr(&refused).contains("checksum does not match"), "{}", stderr(&refused));

    fill(&sum);
    let installed = install(&bench);
    assert!(installed.status.success(), "{}{}", stdout(&installed), stderr(&installed));
    let path = format!("{}:{}", bench.path("krew/bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut kubectl = bench.command(crate::controlplane::kubectl_path());
    let built = kubectl.args(["fanfold", "build", "specs"]).env("PATH", path).env("KUBERC", "off").output();
    let built = built.expect("kubectl runs");
    assert_eq!(stdout(&built), bench.ok("fanfold", &["build", "specs"]), "{}", stderr(&built));
}
