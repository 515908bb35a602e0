//! A folder in which other tools run Fanfold, and what they print read by another reader.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde::Deserialize;
use serde_json::Value;

/// A Deployment twice, and a ConfigMap that both read.
pub(crate) const SHOP: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
params: {tag: \"1.27\"}
configMaps: {app: {data: {LEVEL: info}}}
workloads:
  web:
    kind: Deployment
    matrix: {region: [eu, us]}
    image: \"nginx:{{ params.tag }}\"
    envFrom: [app]
";

/// A folder in which tools run with a home of their own, and with Fanfold on the path.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let bin = place.path("bin");
        fs::create_dir_all(&bin).expect("a folder for programs");
        place.link("bin/fanfold", Path::new(env!("CARGO_BIN_EXE_fanfold")));
        place
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Puts a program where the tools find it.
    pub(crate) fn link(&self, name: &str, program: &Path) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("the folder is made");
        crate::bench::link(program, &path);
    }

    /// Returns a command that knows nothing of whoever runs the tests.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.root()).env_clear().env("PATH", path).env("HOME", self.path("home"));
        command.env("NO_COLOR", "1").env("KUBECONFIG", self.path("no-kubeconfig"));
        command
    }

    pub(crate) fn run(&self, program: impl AsRef<Path>, arguments: &[&str], input: &str) -> Output {
        feed(self.command(program).args(arguments), input)
    }

    pub(crate) fn fanfold(&self, arguments: &[&str], input: &str) -> Output {
        self.run(env!("CARGO_BIN_EXE_fanfold"), arguments, input)
    }
}

/// Runs a command with an input.
pub(crate) fn feed(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input = input.as_bytes().to_vec();
    let feeder = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    // It may have failed before it read.
    let _ = feeder.join().expect("writing does not panic");
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns what a command printed that must have done well.
#[track_caller]
pub(crate) fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", output.status, stderr(output));
    let printed = stdout(output);
    assert!(!printed.trim().is_empty(), "an empty success: {}", stderr(output));
    printed
}

/// Returns what a command said that must have failed.
#[track_caller]
pub(crate) fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "a success: {}", stdout(output));
    stderr(output)
}

/// Returns the documents of a stream, as another reader reads them.
pub(crate) fn objects(stream: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(stream);
    let read =
        documents.map(|document| Value::deserialize(document).unwrap_or_else(|error| panic!("{error}: {stream}")));
    read.filter(|object| !object.is_null()).collect()
}

/// Returns the one object of a kind whose name starts so.
#[track_caller]
pub(crate) fn one<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let fits = |object: &&Value| {
        object["kind"] == kind && object["metadata"]["name"].as_str().is_some_and(|found| found.starts_with(name))
    };
    let found: Vec<&Value> = objects.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{kind} {name} in {objects:#?}");
    found[0]
}

/// Sorts objects by what they are, so that two streams can be compared.
pub(crate) fn sorted(stream: &str) -> Vec<(String, Value)> {
    let mut sorted: Vec<(String, Value)> = objects(stream)
        .into_iter()
        .map(|object| {
            let metadata = &object["metadata"];
            let key = format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"]);
            (key, object)
        })
        .collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted
}
