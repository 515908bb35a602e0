//! Programs of others that tests run, built once from pinned Go modules.
//!
//! A folder below `tests/programs/` has a `go.mod` whose `tool` lines name what to build. What is built lies in
//! `target/FOLDER/HASH`, by the hash of `go.mod` and of Go files beside it: a change of them builds anew, and a folder that
//! is there is whole, as it gets its name last.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The programs of one Go module, built once in each process that asks for them.
pub(crate) struct Module {
    /// The folder of `go.mod`, below `tests/programs/`.
    folder: &'static str,
    /// What is built, and what it takes.
    what: &'static str,
    /// What needs Go, which builds it.
    needs: &'static str,
    /// Returns what the linker is told, besides to leave out what only debuggers read; `go.mod` knows the versions.
    flags: fn(&str) -> Result<String, String>,
    built: OnceLock<Result<PathBuf, String>>,
}

impl Module {
    /// Returns the module of a folder below `tests/programs/`.
    pub(crate) const fn new(folder: &'static str, what: &'static str, needs: &'static str) -> Module {
        Module { folder, what, needs, flags: |_| Ok(String::new()), built: OnceLock::new() }
    }

    /// Tells the linker something.
    pub(crate) const fn with_flags(mut self, flags: fn(&str) -> Result<String, String>) -> Module {
        self.flags = flags;
        self
    }

    /// Returns where a program of the module is.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.build().unwrap_or_else(|error| panic!("{error}")).join(name)
    }

    /// Whether its programs are there, or can be built.
    pub(crate) fn is_there(&self) -> bool {
        has_go() || self.place().is_ok_and(|(_, _, folder)| folder.is_dir())
    }

    /// Builds all programs of the module, unless they are there, and returns the folder they are in. The error is one
    /// line.
    pub(crate) fn build(&self) -> Result<PathBuf, String> {
        self.built.get_or_init(|| self.build_once()).clone()
    }

    /// Returns the text of `go.mod`, where the module lies, and the folder of what is built of it.
    fn place(&self) -> Result<(String, PathBuf, PathBuf), String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(self.folder);
        let module = fs::read_to_string(source.join("go.mod")).map_err(|error| format!("go.mod: {error}"))?;
        let mut all = Sha256::new_with_prefix(&module);
        for code in code_of(&source).map_err(|error| format!("{}: {error}", source.display()))? {
            all.update(code);
        }
        let hash = all.finalize().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let folder = target.join(self.folder.replace('/', "-")).join(format!("{hash:016x}"));
        Ok((module, source, folder))
    }

    fn build_once(&self) -> Result<PathBuf, String> {
        let (module, source, folder) = self.place()?;
        let target = folder.parent().expect("the folder of the module");
        let said = |what: &str, error: std::io::Error| format!("{what} {}: {error}", target.display());
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(target).map_err(|error| said("cannot make", error))?;
        let lock = File::create(target.join("lock")).map_err(|error| said("cannot lock", error))?;
        lock.lock().map_err(|error| said("cannot lock", error))?;
        // Another process may have built them while this one waited.
        if folder.is_dir() {
            return Ok(folder);
        }
        note(&format!("building {} into {}, once: some minutes", self.what, folder.display()));
        let unfinished = folder.with_extension("unfinished");
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
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(format!("{} Go, which builds {}", self.needs, self.what));
            }
            Err(error) => return Err(format!("cannot start `go`: {error}")),
        }
        fs::rename(&unfinished, &folder).map_err(|error| said("cannot name what was built in", error))?;
        Ok(folder)
    }
}

/// Returns the Go files of a folder, in the order of their names.
fn code_of(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    let mut code: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "go")).collect();
    code.sort();
    code.iter().map(fs::read).collect()
}

/// Whether Go is there.
pub(crate) fn has_go() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("go{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|folder| folder.join(&name).is_file())
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
