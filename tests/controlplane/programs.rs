//! Where the programs of a control plane are: in `KUBEBUILDER_ASSETS`, or built once from the pinned Go modules.
//!
//! What is built lies in `target/controlplane/HASH`, by the hash of `go.mod`: a change of it builds anew, and a folder
//! that is there is whole, as it gets its name last.

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/controlplane");
const ASSETS: &str = "KUBEBUILDER_ASSETS";
/// What such a folder must hold; the rest is built if it is not there.
const PROMISED: &[&str] = &["etcd", "kube-apiserver", "kubectl"];

/// Returns where a program is, and builds all of them if it has to. The error is one line.
pub(super) fn program(name: &str) -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if let Some(folder) = env::var_os(ASSETS).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        if let Some(found) = find(&folder, name) {
            return Ok(found);
        }
        if PROMISED.contains(&name) {
            return Err(format!("{ASSETS} is {}, where there is no `{name}`", folder.display()));
        }
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("controlplane");
    let folder = BUILT.get_or_init(|| build(&target)).clone()?;
    find(&folder, name).ok_or_else(|| format!("`go build` made no `{name}` in {}", folder.display()))
}

/// Go names the binary of etcd after the last element of its path.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let names: &[&str] = if name == "etcd" { &["etcd", "server"] } else { &[name] };
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Builds all programs below a folder, unless they are there, and returns where they are.
fn build(target: &Path) -> Result<PathBuf, String> {
    let said = |what: &str, error: std::io::Error| format!("{what} {}: {error}", target.display());
    let module = fs::read_to_string(Path::new(MODULE).join("go.mod")).map_err(|error| format!("go.mod: {error}"))?;
    let hash = Sha256::digest(&module).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let folder = target.join(format!("{hash:016x}"));
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
    note(&format!(
        "building a Kubernetes control plane into {}, once: some minutes, half a gigabyte",
        folder.display()
    ));
    let unfinished = target.join(format!("{hash:016x}.unfinished"));
    // What an interrupted build has left.
    let _ = fs::remove_dir_all(&unfinished);
    let built = Command::new("go")
        .args(["build", "-trimpath", "-ldflags", &flags(&module)?, "-o"])
        // The slash at its end says that it is a folder.
        .arg(unfinished.join(""))
        .arg("tool")
        .current_dir(MODULE)
        .output();
    match built {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            return Err(format!("`go build` of {MODULE} failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!(
                "tests against a control plane need Go, or {ASSETS}: a folder with etcd, kube-apiserver and kubectl"
            ));
        }
        Err(error) => return Err(format!("cannot start `go`: {error}")),
    }
    fs::rename(&unfinished, &folder).map_err(|error| said("cannot name what was built in", error))?;
    Ok(folder)
}

/// Without its version at link time the server calls itself v0.0.0.
fn flags(module: &str) -> Result<String, String> {
    let version = module
        .lines()
        .filter_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v"))
        .find_map(|rest| rest.split_whitespace().next())
        .ok_or("go.mod requires no k8s.io/kubernetes")?;
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    let version = set("gitVersion", &format!("v{version}"));
    Ok(format!("-s -w{version}{}{}", set("gitMajor", major), set("gitMinor", minor)))
}

#[expect(clippy::print_stderr, reason = "minutes of silence look like a hang")]
fn note(text: &str) {
    eprintln!("{text}");
}
