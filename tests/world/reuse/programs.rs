//! The tools that Fanfold works inside of: Helm 3 and 4, kustomize, and kubectl with kustomize in it.

use std::path::PathBuf;

use crate::controlplane::programs::program;
use crate::programs::{Module, version};

pub(crate) static KUSTOMIZE: Module = Module::new("kustomize", "kustomize", NEEDS);
pub(crate) static HELM_3: Module = Module::new("helm/v3", "Helm 3", NEEDS).with_flags(helm_3);
pub(crate) static HELM_4: Module = Module::new("helm/v4", "Helm 4", NEEDS).with_flags(helm_4);
const NEEDS: &str = "tests inside of Helm and kustomize need";

pub(crate) fn kubectl() -> PathBuf {
    program("kubectl").unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn kustomize() -> PathBuf {
    KUSTOMIZE.program("kustomize")
}

pub(crate) fn helm_of(major: u8) -> PathBuf {
    if major == 3 { HELM_3.program("helm") } else { HELM_4.program("helm") }
}

/// Helm 3 takes the Kubernetes that charts are rendered for from there too.
fn helm_3(go_mod: &str) -> Result<String, String> {
    let client = version(go_mod, "k8s.io/client-go")?;
    let minor = client.split('.').nth(1).ok_or("client-go has no minor")?;
    let set = |name: &str, value: &str| format!(" -X helm.sh/helm/v3/{name}={value}");
    let kubernetes = |package: &str| {
        set(&format!("{package}.k8sVersionMajor"), "1") + &set(&format!("{package}.k8sVersionMinor"), minor)
    };
    let own = set("internal/version.version", version(go_mod, "helm.sh/helm/v3")?);
    Ok(own + &kubernetes("pkg/chartutil") + &kubernetes("pkg/lint/rules"))
}

fn helm_4(go_mod: &str) -> Result<String, String> {
    Ok(format!(" -X helm.sh/helm/v4/internal/version.version={}", version(go_mod, "helm.sh/helm/v4")?))
}
