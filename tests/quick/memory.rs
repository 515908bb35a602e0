//! How much memory a build takes: what grows with the batch is its plan, never its output.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::bench_inputs::generate;

/// What one more instance may cost while the output is streamed.
const BYTES_PER_INSTANCE: usize = 1024;

#[test]
fn memory_grows_by_less_than_a_kibibyte_an_instance() {
    let (few, many) = (1_000, 4_000);
    let grown = peak(many).saturating_sub(peak(few));
    let each = grown / (many - few);
    assert!(each < BYTES_PER_INSTANCE, "{each} bytes an instance");
}

/// Returns the most memory that a build of so many instances held, in bytes.
fn peak(instances: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("spec.yaml");
    fs::write(&spec, generate::fleet(instances)).unwrap();
    // Pages of 2 MiB would be more than what is measured.
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
    command.env("MIMALLOC_ALLOW_THP", "0").arg("build").arg(&spec).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    // The process waits for its reader: while there is output to come it can be asked.
    let mut buffer = vec![0; 1 << 16];
    let mut peak = 0;
    while stdout.read(&mut buffer).unwrap() > 0 {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        peak = peak.max(kibibytes.unwrap_or_default() << 10);
    }
    assert!(child.wait().unwrap().success());
    assert!(peak > 0, "the process was seen");
    peak
}
