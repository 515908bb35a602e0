//! The tools that Fanfold works inside of: Helm 3 and 4, kustomize, and kubectl with kustomize in it.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::controlplane::programs::program;
use crate::programs::{Module, version};

const KUSTOMIZE: Module =
    Module { folder: "kustomize", target: "kustomize", what: "kustomize", needs: NEEDS, flags: |_| Ok(String::new()) };
const HELM_3: Module = Module { folder: "helm/v3", target: "helm3", what: "Helm 3", needs: NEEDS, flags: helm_3 };
const HELM_4: Module = Module { folder: "helm/v4", target: "helm4", what: "Helm 4", needs: NEEDS, flags: helm_4 };
const NEEDS: &str = "tests inside of Helm and kustomize need Go, which builds them";

type Built = OnceLock<Result<PathBuf, String>>;

pub(crate) fn kubectl() -> PathBuf {
    program("kubectl").unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn kustomize() -> PathBuf {
    static BUILT: Built = OnceLock::new();
    of(&BUILT, &KUSTOMIZE).join("kustomize")
}

pub(crate) fn helm_of(major: u8) -> PathBuf {
    static THREE: Built = OnceLock::new();
    static FOUR: Built = OnceLock::new();
    if major == 3 { of(&THREE, &HELM_3).join("helm") } else { of(&FOUR, &HELM_4).join("helm") }
}

fn of(built: &'static Built, module: &Module) -> PathBuf {
    built.get_or_init(|| module.build()).clone().unwrap_or_else(|error| panic!("{error}"))
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
