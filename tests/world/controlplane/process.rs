//! Programs that never outlive the test process, however it ends.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Starts its arguments and holds the read end of a pipe to the test process: each line names a signal for the program,
/// and the end of the pipe, which comes with the end of the test process too, kills it.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
( while read -r signal; do kill -s "$signal" $program; done; kill -s KILL $program ) <&3 2>/dev/null &
reader=$!
exec 3<&-
wait $program
code=$?
kill $reader
exit $code
"#;

/// Removes a folder when the test process has ended.
const SWEEPER: &str = r#"
while read -r _; do :; done
for _ in 1 2 3 4 5; do rm -rf "$1" && exit; sleep 1; done
"#;

/// A running program.
pub(crate) struct Process {
    keeper: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    /// Starts a program that writes to a log in a folder.
    pub(crate) fn start(program: &Path, arguments: &[String], folder: &Path) -> Result<Process, String> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let log = folder.join(format!("{name}.log"));
        let output =
            File::options().create(true).append(true).open(&log).map_err(|error| format!("{name}: {error}"))?;
        let errors = output.try_clone().map_err(|error| format!("{name}: {error}"))?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let pipe = keeper.stdin.take();
        Ok(Process { keeper, pipe, log })
    }

    /// Fails with the end of the log when the program has ended by itself.
    pub(crate) fn alive(&mut self) -> Result<(), String> {
        match self.keeper.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended, {status}:\n{}", self.log.display(), self.last_lines())),
            Err(error) => Err(error.to_string()),
        }
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks the program to end, and kills it when it does not within the time.
    pub(super) fn stop(mut self, patience: Duration) {
        if let Some(pipe) = &mut self.pipe {
            // The keeper of a program that has ended reads no more.
            let _ = pipe.write_all(b"TERM\n");
        }
        let end = Instant::now() + patience;
        while Instant::now() < end && self.alive().is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.keeper.wait();
    }
}

/// Removes a folder when it is dropped, or when the test process ends without that.
pub(super) struct Sweeper(Child);

impl Sweeper {
    pub(super) fn start(folder: &Path) -> Result<Sweeper, String> {
        Command::new("sh")
            .args(["-c", SWEEPER, "sweeper"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Sweeper)
            .map_err(|error| format!("sh: {error}"))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Where a second process of this test writes.
const SECOND: &str = "FANFOLD_TEST_SECOND_PROCESS";

fn running(id: &str) -> bool {
    let asked = Command::new("kill").args(["-0", id]).stderr(Stdio::null()).status();
    asked.expect("there is a `kill`").success()
}

#[test]
fn nothing_outlives_a_test_process_that_is_killed() {
    let script = "echo $$ > id.part && mv id.part id && exec sleep 600".to_owned();
    let start = |folder: &Path| Process::start(Path::new("sh"), &["-c".to_owned(), script], folder).unwrap();
    if let Some(folder) = std::env::var_os(SECOND) {
        let _sweeper = Sweeper::start(Path::new(&folder)).unwrap();
        let _process = start(Path::new(&folder));
        thread::sleep(super::PATIENCE);
        panic!("nobody has killed this process");
    }
    let folder = tempfile::tempdir().unwrap().keep();
    let mut second = Command::new(std::env::current_exe().unwrap())
        .args(["nothing_outlives_a_test_process_that_is_killed"])
        .env(SECOND, &folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut id = String::new();
    let started = super::until("the program has started", || {
        id = std::fs::read_to_string(folder.join("id")).unwrap_or_default().trim().to_owned();
        Ok(!id.is_empty())
    });
    started.unwrap();
    assert!(running(&id), "{id}");
    // Without a chance to tidy up.
    second.kill().unwrap();
    second.wait().unwrap();
    super::until("the program and its folder are gone", || Ok(!running(&id) && !folder.exists())).unwrap();
}
