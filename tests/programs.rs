//! Programs of others that tests run, built once from pinned Go modules.
//!
//! A folder below `tests/` has a `go.mod` whose `tool` lines name what to build. What is built lies in
//! `target/NAME/HASH`, by the hash of `go.mod`: a change of it builds anew, and a folder that is there is whole, as it
//! gets its name last.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// The programs of one Go module.
pub(crate) struct Module {
    /// The folder of `go.mod`, below `tests/`.
    pub(crate) folder: &'static str,
    /// The folder below `target/`.
    pub(crate) target: &'static str,
    /// What is built, and what it takes.
    pub(crate) what: &'static str,
    /// What tests need that need Go.
    pub(crate) needs: &'static str,
    /// Returns what the linker is told, besides to leave out what only debuggers read; `go.mod` knows the versions.
    pub(crate) flags: fn(&str) -> Result<String, String>,
}

impl Module {
    /// Builds all programs of the module, unless they are there, and returns the folder they are in. The error is one
    /// line.
    pub(crate) fn build(&self) -> Result<PathBuf, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(self.folder);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join(self.target);
        let said = |what: &str, error: std::io::Error| format!("{what} {}: {error}", target.display());
        let module = fs::read_to_string(source.join("go.mod")).map_err(|error| format!("go.mod: {error}"))?;
        let hash = Sha256::digest(&module).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let folder = target.join(format!("{hash:016x}"));
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(&target).map_err(|error| said("cannot make", error))?;
        let lock = File::create(target.join("lock")).map_err(|error| said("cannot lock", error))?;
        lock.lock().map_err(|error| said("cannot lock", error))?;
        // Another process may have built them while this one waited.
        if folder.is_dir() {
            return Ok(folder);
        }
        note(&format!("building {} into {}, once: some minutes", self.what, folder.display()));
        let unfinished = target.join(format!("{hash:016x}.unfinished"));
        // What an interrupted build has left.
        let _ = fs::remove_dir_all(&unfinished);
        let built = Command::new("go")
            .args(["build", "-trimpath", "-ldflags", &format!("-s -w{}", (self.flags)(&module)?), "-o"])
            // The slash at its end says that it is a folder.
            .arg(unfinished.join(""))
            .arg("tool")
            .current_dir(&source)
            .output();
        match built {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("`go build` of {} failed: {}", source.display(), said.trim()));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(self.needs.to_owned()),
            Err(error) => return Err(format!("cannot start `go`: {error}")),
        }
        fs::rename(&unfinished, &folder).map_err(|error| said("cannot name what was built in", error))?;
        Ok(folder)
    }
}

/// Returns the version of a module that a `go.mod` requires, with its `v`.
pub(crate) fn version<'m>(go_mod: &'m str, module: &str) -> Result<&'m str, String> {
    go_mod
        .lines()
        .filter_map(|line| line.trim().strip_prefix(module)?.strip_prefix(' '))
        .find_map(|rest| rest.split_whitespace().next())
        .ok_or_else(|| format!("go.mod requires no {module}"))
}

#[expect(clippy::print_stderr, reason = "minutes of silence look like a hang")]
fn note(text: &str) {
    eprintln!("{text}");
}
