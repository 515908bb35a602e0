//! A scratch folder in which tests run the binary as a user does: files in, exit code, output and files out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A scratch folder, removed at the end of its test.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// Returns a folder that holds the given files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (name, text) in files {
            bench.write(name, text);
        }
        bench
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }

    /// Returns the text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// Returns the whole path of a name in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command, to be run in the folder with an empty environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.args(args).current_dir(self.folder.path()).env_clear().env("NO_COLOR", "1");
        command
    }

    /// Runs a command and returns its exit code, its standard output and its standard error.
    pub(crate) fn said(&self, args: &[&str]) -> (Option<i32>, String, String) {
        self.said_to(args, "")
    }

    /// Runs a command with a standard input and returns its exit code, its standard output and its standard error.
    pub(crate) fn said_to(&self, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        // A run that fails early does not read all of it.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        (output.status.code(), stdout(&output), stderr(&output))
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command that must succeed and returns its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?} failed: {}", stderr(&output));
        stdout(&output)
    }

    /// Runs a command that must end with the exit code and returns its standard error, then its standard output.
    pub(crate) fn fails(&self, exit: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {}{}", stdout(&output), stderr(&output));
        stderr(&output) + &stdout(&output)
    }
}

/// Makes a program known by another name.
pub(crate) fn link(program: &Path, name: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(program, name).expect("a link is made");
    #[cfg(not(unix))]
    fs::copy(program, name).map(drop).expect("a copy is made");
}

/// Returns the standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
