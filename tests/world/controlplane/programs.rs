//! Where the programs of a control plane are: in `KUBEBUILDER_ASSETS`, or built once from the pinned Go modules.

use std::env;
use std::path::{Path, PathBuf};

use crate::programs::{Module, version};

const ASSETS: &str = "KUBEBUILDER_ASSETS";
/// What such a folder must hold; the rest is built if it is not there.
const PROMISED: &[&str] = &["etcd", "kube-apiserver", "kubectl"];
static MODULE: Module = Module::new(
    "controlplane",
    "a Kubernetes control plane of half a gigabyte",
    "tests against a control plane need KUBEBUILDER_ASSETS, a folder with etcd, kube-apiserver and kubectl, or",
)
.with_flags(flags);

/// Whether the programs are there, or can be built.
pub(crate) fn are_there() -> bool {
    env::var_os(ASSETS).is_some_and(|folder| !folder.is_empty()) || MODULE.is_there()
}

/// Returns where a program is, and builds all of them if it has to. The error is one line.
pub(crate) fn program(name: &str) -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os(ASSETS).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        if let Some(found) = find(&folder, name) {
            return Ok(found);
        }
        if PROMISED.contains(&name) {
            return Err(format!("{ASSETS} is {}, where there is no `{name}`", folder.display()));
        }
    }
    let folder = MODULE.build()?;
    find(&folder, name).ok_or_else(|| format!("`go build` made no `{name}` in {}", folder.display()))
}

/// Go names the binary of etcd after the last element of its path.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let names: &[&str] = if name == "etcd" { &["etcd", "server"] } else { &[name] };
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Without its version at link time the server calls itself v0.0.0.
fn flags(module: &str) -> Result<String, String> {
    let version = version(module, "k8s.io/kubernetes")?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    Ok(format!("{}{}{}", set("gitVersion", version), set("gitMajor", major), set("gitMinor", minor)))
}
