//! A release as the recipes pack it, in which a script stands for the binary, and the place that has it.

use std::fs;
use std::path::Path;

use super::{Bench, ROOT, checksum};

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Runs what the tests have built.
pub(super) const SCRIPT: &str = concat!("#!/bin/sh\nexec ", env!("CARGO_BIN_EXE_fanfold"), " \"$@\"\n");

/// A release for one platform.
#[derive(Clone)]
pub(super) struct Release {
    /// The name of the archive.
    pub(super) name: String,
    /// Its line among the checksums.
    pub(super) sum: String,
    archive: Vec<u8>,
}

impl Release {
    pub(super) fn pack(bench: &Bench, target: &str, script: &str) -> Release {
        bench.script("released", script);
        let binary = bench.programs.path().join("built/fanfold");
        fs::create_dir_all(binary.parent().expect("a folder")).expect("the folder is made");
        fs::rename(bench.programs.path().join("released"), &binary).expect("the script is there");
        let (package, dist) = (Path::new(ROOT).join("release/package.sh"), bench.programs.path().join("dist"));
        let words = [&package, Path::new(VERSION), Path::new(target), &binary, &dist];
        let words = words.map(|word| word.display().to_string());
        bench.ok("bash", &words.each_ref().map(String::as_str));
        let name = format!("fanfold-v{VERSION}-{target}.tar.gz");
        let packed = dist.join(&name);
        let listed = bench.ok("tar", &["-tzf", &packed.display().to_string()]);
        assert_eq!(listed, "fanfold\nLICENSE\nREADME.md\nCHANGELOG.md\n");
        let archive = fs::read(packed).expect("the archive");
        let sum = checksum(&archive);
        Release { sum: format!("{sum}  {name}\n"), name, archive }
    }

    /// Returns what the place of releases answers, where these are its checksums.
    pub(super) fn answer(&self, path: &str, sums: &str) -> (u16, Vec<u8>) {
        match path.strip_prefix(&format!("/v{VERSION}/")) {
            Some("SHA256SUMS") => (200, sums.as_bytes().to_vec()),
            Some(name) if name == self.name => (200, self.archive.clone()),
            _ => (404, Vec::new()),
        }
    }
}
