//! The manifest for krew, and krew itself, which installs a release by it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use super::recipes::TARGETS;
use super::{Bench, ROOT, checksum, executable, root, stderr, stdout, yaml};
use crate::programs::Module;

static KREW: Module = Module::new("krew", "krew", "tests of what krew installs need");

const VERSION: &str = "1.2.3";

/// Returns the names of the archives that the manifest asks for.
fn archives() -> BTreeSet<String> {
    let template = root("release/krew.yaml");
    let names = template.split("@SHA256 ").skip(1).filter_map(|rest| rest.split_once("gz@"));
    names.map(|(name, _)| format!("{}gz", name.replace("@VERSION@", VERSION))).collect()
}

/// Returns the script that fills the manifest in.
fn script() -> String {
    Path::new(ROOT).join("release/krew.sh").display().to_string()
}

#[test]
fn the_manifest_for_krew_gets_its_checksums() {
    let bench = Bench::new();
    let archives = archives();
    assert_eq!(archives.len(), TARGETS);
    let sums: Vec<String> =
        archives.iter().enumerate().map(|(at, name)| format!("{:064x}  {name}\n", at + 1)).collect();
    bench.write("SHA256SUMS", &sums.concat());
    let text = bench.ok("bash", &[&script(), VERSION, "SHA256SUMS"]);
    assert!(!text.contains('@'), "{text}");
    let manifest = yaml(&text);
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"fanfold".into()));
    assert_eq!(manifest["spec"]["version"], "v1.2.3");
    assert!(manifest["spec"]["shortDescription"].as_str().is_some_and(|text| text.len() <= 50 && !text.ends_with('.')));
    let platforms = manifest["spec"]["platforms"].as_array().expect("platforms");
    assert_eq!(platforms.len(), TARGETS);
    for platform in platforms {
        let uri = platform["uri"].as_str().expect("a URI");
        let name = uri.rsplit('/').next().expect("a name");
        assert_eq!(uri, format!("https://github.com/fanfold/fanfold/releases/download/v1.2.3/{name}"));
        let sum = platform["sha256"].as_str().expect("a checksum");
        assert!(sums.contains(&format!("{sum}  {name}\n")), "{platform}");
        let windows = platform["selector"]["matchLabels"]["os"] == "windows";
        assert_eq!(platform["bin"], if windows { "fanfold.exe" } else { "fanfold" });
    }
    bench.write("SHA256SUMS", &sums[1..].concat());
    let output = bench.run("bash", &[&script(), VERSION, "SHA256SUMS"]);
    assert!(!output.status.success() && output.stdout.is_empty(), "a checksum is missing");
}

/// Runs krew with a root of its own.
fn install(bench: &Bench) -> Output {
    let mut command = bench.command(KREW.program("krew"));
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
