//! A checkout, and programs beside it: how the glue for other tools is run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

pub(crate) use crate::bench::{stderr, stdout};

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub(crate) const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
params: {tag: \"1.27\"}
workloads:
  web:
    kind: Deployment
    matrix: {region: [eu, us]}
    image: \"nginx:{{ params.tag }}\"
profiles:
  prod: {workloads: {web: {replicas: 10}}}
";

/// A folder with a spec, and one of programs, of which `fanfold` is one.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) programs: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        let bench = Self { folder: folder(), programs: folder() };
        bench.link("fanfold");
        bench.write("specs/shop.yaml", SPEC);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Gives the binary a name among the programs.
    pub(crate) fn link(&self, name: &str) {
        crate::bench::link(Path::new(env!("CARGO_BIN_EXE_fanfold")), &self.programs.path().join(name));
    }

    /// Puts a script among the programs.
    pub(crate) fn script(&self, name: &str, text: &str) {
        let path = self.programs.path().join(name);
        // A link there would be written through.
        let _ = fs::remove_file(&path);
        fs::write(&path, text).expect("the script is written");
        executable(&path);
    }

    /// Returns where programs are looked for: its own come first.
    pub(crate) fn search_path(&self) -> OsString {
        let mut path = OsString::from(self.programs.path());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }

    /// Returns a command in the folder that knows the programs and little else.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", self.search_path())
            .env("HOME", self.programs.path());
        command.env("NO_COLOR", "1").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    pub(crate) fn ok(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    pub(crate) fn fails(&self, exit: i32, arguments: &[&str]) -> String {
        let output = self.run("fanfold", arguments);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stderr(&output)
    }

    /// Makes a commit of all that is there, and returns its name.
    pub(crate) fn commit(&self) -> String {
        if !self.path(".git").is_dir() {
            self.ok("git", &["init", "--quiet", "--initial-branch=main"]);
        }
        self.ok("git", &["add", "--all"]);
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        self.ok("git", &[&author[..], &["commit", "--quiet", "--allow-empty", "--message", "a"]].concat());
        self.ok("git", &["rev-parse", "HEAD"]).trim().to_owned()
    }
}

/// Returns the checksum of bytes as lists of checksums write it.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn executable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    #[cfg(not(unix))]
    assert!(path.is_file(), "a program");
}

pub(crate) fn yaml(text: &str) -> serde_json::Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

pub(crate) fn root(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the strings of a list.
pub(crate) fn strings(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}
