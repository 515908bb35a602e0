//! The manifest for krew, and krew itself, which installs a release by it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::{Bench, ROOT, executable, root, stderr, stdout};
use crate::programs::Module;

const KREW: Module = Module {
    folder: "krew",
    target: "krew",
    what: "krew",
    needs: "tests of what krew installs need Go, which builds it",
    flags: |_| Ok(String::new()),
};

fn krew() -> PathBuf {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(|| KREW.build()).clone().unwrap_or_else(|error| panic!("{error}")).join("krew")
}

/// Runs krew with a root of its own.
fn install(bench: &Bench) -> Output {
    let mut command = bench.command(krew());
    command.args(["install", "--manifest=krew.yaml", "--archive=fanfold.tar.gz"]);
    command.env("KREW_ROOT", bench.path("krew")).output().expect("krew runs")
}

#[test]
fn krew_installs_a_release_whose_checksum_is_right() {
    let bench = Bench::new();
    // In the place of the binary stands what calls it, by the name by which it is called itself.
    let program = format!("#!/bin/bash\nexec -a \"$0\" '{}' \"$@\"\n", env!("CARGO_BIN_EXE_fanfold"));
    bench.write("archive/fanfold", &program);
    executable(&bench.path("archive/fanfold"));
    bench.write("archive/LICENSE", &root("LICENSE"));
    bench.ok("tar", &["-czf", "fanfold.tar.gz", "-C", "archive", "fanfold", "LICENSE"]);
    let archive = std::fs::read(bench.path("fanfold.tar.gz")).expect("the archive is there");
    let sum = Sha256::digest(&archive).iter().fold(String::new(), |sum, byte| sum + &format!("{byte:02x}"));
    let template = root("release/krew.yaml");
    let fill = |sum: &str| {
        let names = template.split("@SHA256 ").skip(1).filter_map(|rest| rest.split_once("gz@"));
        let sums = names.map(|(name, _)| format!("{sum}  {}gz\n", name.replace("@VERSION@", "1.2.3")));
        bench.write("SHA256SUMS", &sums.collect::<String>());
        let script = Path::new(ROOT).join("release/krew.sh").display().to_string();
        bench.write("krew.yaml", &bench.ok("bash", &[&script, "1.2.3", "SHA256SUMS"]));
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
