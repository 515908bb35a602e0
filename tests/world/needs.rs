//! What the tests of this binary need and a machine may lack.

use std::path::PathBuf;

pub(crate) use crate::support::needs::{AWK, BASH, GIT, Need, are_missing, find};

use crate::{controlplane, html, integrate, oracle, programs, reuse};

const fn built_by_go(is_there: fn() -> bool) -> Need {
    Need { name: "Go", is_there }
}

/// etcd, kube-apiserver and what belongs to them, kubectl too.
pub(crate) const CONTROL_PLANE: Need = built_by_go(controlplane::programs::are_there);
pub(crate) const KUSTOMIZE: Need = built_by_go(|| reuse::programs::KUSTOMIZE.is_there());
pub(crate) const HELM: Need = built_by_go(|| reuse::programs::HELM_3.is_there() && reuse::programs::HELM_4.is_there());
pub(crate) const ACT: Need = built_by_go(|| integrate::runner::ACT.is_there());
pub(crate) const ARGOCD: Need = built_by_go(|| integrate::argocd::ARGOCD.is_there());
pub(crate) const FLUX: Need = built_by_go(|| integrate::flux::FLUX.is_there());
pub(crate) const ORACLE: Need = built_by_go(|| oracle::program::MODULE.is_there());
pub(crate) const KREW: Need = built_by_go(|| integrate::krew::KREW.is_there());
/// For what is more than a program that was built.
pub(crate) const GO: Need = built_by_go(programs::has_go);

pub(crate) const BROWSER: Need = Need { name: "Chromium", is_there: || html::browser::program().is_some() };
pub(crate) const PRE_COMMIT: Need =
    Need { name: "pre-commit", is_there: || integrate::pre_commit::program().is_some() };
pub(crate) const GITLAB_CI_LOCAL: Need =
    Need { name: "gitlab-ci-local", is_there: || integrate::gitlab::program().is_some() };
pub(crate) const CURL: Need = Need { name: "curl", is_there: || find(&["curl"]).is_some() };
pub(crate) const JQ: Need = Need { name: "jq", is_there: || find(&["jq"]).is_some() };
pub(crate) const NODE: Need = Need { name: "node", is_there: || find(&["node", "nodejs"]).is_some() };
pub(crate) const RSYNC: Need = Need { name: "rsync", is_there: || find(&["rsync"]).is_some() };

/// Returns where `make setup` put a program into the target folder, when it did.
pub(crate) fn installed(path: &str) -> Option<PathBuf> {
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    Some(target.join(path)).filter(|path| path.is_file())
}
