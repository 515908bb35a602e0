//! The second opinion: Go's YAML libraries, in a program that is built once into the target folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use serde_json::Value;

/// Runs `readers COMMAND` on an input and returns what it prints.
pub(crate) fn run(command: &str, input: impl Into<Vec<u8>>) -> Result<String, String> {
    let mut child = Command::new(program())
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the readers were just built");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input = input.into();
    let feeder = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the readers end");
    // A reader that gave up early has said why.
    let _ = feeder.join().expect("writing does not panic");
    let stdout = String::from_utf8(output.stdout).expect("the readers write UTF-8");
    if output.status.success() { Ok(stdout) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

/// Returns what kubectl and kustomize read from each document of a stream.
pub(crate) fn read(stream: &[u8]) -> Vec<[Value; 2]> {
    let printed = run("read", stream).unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(stream)));
    printed
        .lines()
        .map(|line| {
            let mut both: Value = serde_json::from_str(line).expect("the readers print JSON");
            [both["kubectl"].take(), both["kustomize"].take()]
        })
        .collect()
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readers{}", std::env::consts::EXE_SUFFIX));
        let built = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/readers"))
            .output();
        match built {
            Ok(output) if output.status.success() => program,
            Ok(output) => {
                panic!("`go build` of tests/programs/readers failed: {}", String::from_utf8_lossy(&output.stderr))
            }
            Err(error) => panic!("these tests need Go, which reads the output as kubectl does: {error}"),
        }
    })
}
