//! Glue for other tools: the name of one in, the files that make it run Fanfold out.
//!
//! Each file carries a seal over its own text, so that a later run tells what Fanfold wrote and nobody has touched since
//! from what somebody else wrote.

mod flux;

pub use flux::guarded as guarded_from_flux;

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A tool that can run Fanfold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// kustomize, alone or in kubectl: a generator.
    Kustomize,
    /// Helm 3 and 4: a post-renderer.
    Helm,
    /// kubectl: a plugin and its completion.
    Kubectl,
    /// Argo CD: a config management plugin.
    Argocd,
    /// Flux: a Kustomization.
    Flux,
    /// pre-commit: hooks.
    PreCommit,
    /// GitHub: a workflow.
    Github,
    /// GitLab: jobs.
    Gitlab,
}

/// What the glue speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The spec, or the folder of specs.
    pub specs: String,
    /// The folder that specs are compiled to.
    pub manifests: String,
}

/// A file of the glue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glue {
    /// The path below the folder that the glue goes to, with `/` on every platform.
    pub path: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// What it holds.
    pub text: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// Whose a file is that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Fanfold wrote it as it is.
    Fanfold,
    /// Fanfold wrote it, and somebody has changed it since.
    Changed,
    /// Somebody else wrote it.
    Foreign,
}

struct Template {
    path: &'static str,
    purpose: &'static str,
    text: &'static str,
}

macro_rules! template {
    ($folder:literal, $file:literal, $path:literal, $purpose:literal) => {
        Template { path: $path, purpose: $purpose, text: include_str!(concat!($folder, "/", $file)) }
    };
}

const KUSTOMIZE: &[Template] = &[
    template!("kustomize", "kustomization.yaml", "kustomization.yaml", "lists the generator"),
    template!(
        "kustomize",
        "generator.yaml",
        "fanfold-generator.yaml",
        "the generator: which specs kustomize has compiled"
    ),
    template!(
        "kustomize",
        "plugin.sh",
        "kustomize-plugins/fanfold.dev/v1/function/Function",
        "the program that kustomize runs for it"
    ),
];
const HELM: &[Template] = &[template!(
    "helm",
    "plugin.yaml",
    "helm-fanfold/plugin.yaml",
    "the plugin for Helm 4; Helm 3 takes the binary itself"
)];
const KUBECTL: &[Template] = &[
    template!("kubectl", "kubectl-fanfold.sh", "kubectl-fanfold", "makes `kubectl fanfold` of `fanfold`"),
    template!(
        "kubectl",
        "kubectl_complete-fanfold.sh",
        "kubectl_complete-fanfold",
        "what kubectl asks for completions"
    ),
];
const ARGOCD: &[Template] = &[
    template!("argocd", "plugin.yaml", "argocd/plugin.yaml", "the config management plugin"),
    template!("argocd", "sidecar.yaml", "argocd/sidecar.yaml", "the sidecar that runs it, a patch of the repo server"),
    template!("argocd", "kustomization.yaml", "argocd/kustomization.yaml", "puts both into an installation"),
    template!("argocd", "Containerfile", "argocd/Containerfile", "the image of the sidecar"),
];
const FLUX: &[Template] =
    &[template!("flux", "fanfold.yaml", "flux/fanfold.yaml", "the Kustomization that applies the compiled manifests")];
const PRE_COMMIT: &[Template] = &[template!(
    "pre-commit",
    "config.yaml",
    ".pre-commit-config.yaml",
    "checks specs and compiled manifests before a commit"
)];
const GITHUB: &[Template] = &[template!(
    "github",
    "fanfold.yml",
    ".github/workflows/fanfold.yml",
    "checks pull requests and comments on what they change"
)];
const GITLAB: &[Template] = &[template!(
    "gitlab",
    "fanfold.yml",
    ".gitlab/fanfold.yml",
    "checks merge requests: code quality, stale manifests, what changes"
)];

impl Target {
    /// All targets, in the order of the documentation.
    pub const ALL: &[Target] = &[
        Target::Kustomize,
        Target::Helm,
        Target::Kubectl,
        Target::Argocd,
        Target::Flux,
        Target::PreCommit,
        Target::Github,
        Target::Gitlab,
    ];

    /// Returns the name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
            Self::Kubectl => "kubectl",
            Self::Argocd => "argocd",
            Self::Flux => "flux",
            Self::PreCommit => "pre-commit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// Returns what the glue is.
    pub fn about(self) -> &'static str {
        match self {
            Self::Kustomize => "a generator that compiles specs, for kustomize and `kubectl kustomize`",
            Self::Helm => "a post-renderer that checks and patches what charts render",
            Self::Kubectl => "`kubectl fanfold`, and its completion",
            Self::Argocd => "a config management plugin that compiles specs",
            Self::Flux => "a Kustomization that applies compiled manifests",
            Self::PreCommit => "hooks that check specs and compiled manifests",
            Self::Github => "a workflow that checks pull requests and comments on what they change",
            Self::Gitlab => "jobs that check merge requests, with code quality",
        }
    }

    /// Returns what is left to do once the files are there.
    pub fn next(self) -> &'static str {
        match self {
            Self::Kustomize => {
                "`KUSTOMIZE_PLUGIN_HOME=$PWD/kustomize-plugins kubectl kustomize --enable-alpha-plugins .`, or `kustomize \
                 build` in place of `kubectl kustomize`"
            }
            Self::Helm => {
                "Helm 4: `helm plugin install helm-fanfold`, then `helm template … --post-renderer fanfold`; \
                 Helm 3: `helm template … --post-renderer fanfold --post-renderer-args post-render`"
            }
            Self::Kubectl => "have both files in a folder of the PATH, then `kubectl fanfold --help`",
            Self::Argocd => {
                "build the image, name it in `argocd/sidecar.yaml`, and list `argocd` in the `components` of the \
                 kustomization that installs Argo CD"
            }
            Self::Flux => "compile with `fanfold build … --flux`, commit, and `kubectl apply -f flux/fanfold.yaml`",
            Self::PreCommit => "`pre-commit install`",
            Self::Github => "commit it; pull requests get their first comment with the next push",
            Self::Gitlab => "`include: [{local: .gitlab/fanfold.yml}]` in `.gitlab-ci.yml`",
        }
    }

    fn templates(self) -> &'static [Template] {
        match self {
            Self::Kustomize => KUSTOMIZE,
            Self::Helm => HELM,
            Self::Kubectl => KUBECTL,
            Self::Argocd => ARGOCD,
            Self::Flux => FLUX,
            Self::PreCommit => PRE_COMMIT,
            Self::Github => GITHUB,
            Self::Gitlab => GITLAB,
        }
    }

    /// Returns the files of the glue.
    pub fn files(self, values: &Values) -> Vec<Glue> {
        let file = |template: &Template| {
            let text = template
                .text
                .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
                .replace("@SPECS@", &values.specs)
                .replace("@MANIFESTS@", &values.manifests);
            Glue {
                path: template.path,
                purpose: template.purpose,
                text: sealed(self, &text),
                executable: text.starts_with("#!"),
            }
        };
        self.templates().iter().map(file).collect()
    }
}

impl Values {
    /// Whether a path can stand in every file of the glue as it is: in YAML, in shells, in patterns.
    pub fn takes(path: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        !path.is_empty() && !path.starts_with(['-', '/']) && path.bytes().all(plain)
    }
}

const SEAL: &str = " (seal ";

/// Puts the line with the seal on top, or below the line that names the interpreter.
fn sealed(target: Target, text: &str) -> String {
    let at = if text.starts_with("#!") { text.find('\n').map_or(0, |end| end + 1) } else { 0 };
    let (interpreter, rest) = text.split_at(at);
    let before = format!("{interpreter}# Written by `fanfold integrate {}`{SEAL}", target.name());
    let after = format!("). What is changed here stays: it is overwritten with `--force` alone.\n{rest}");
    format!("{before}{}{after}", seal(&before, &after))
}

fn seal(before: &str, after: &str) -> String {
    let digest = Sha256::new().chain_update(before).chain_update(after).finalize();
    digest.iter().take(6).fold(String::new(), |mut seal, byte| {
        let _ = write!(seal, "{byte:02x}");
        seal
    })
}

/// Returns whose a file is.
pub fn owner(text: &str) -> Owner {
    let mut head = text.lines().take(2).filter(|line| line.starts_with("# Written by `fanfold integrate "));
    let Some(line) = head.next() else { return Owner::Foreign };
    let start = text.find(line).unwrap_or_default();
    let Some(at) = line.find(SEAL).map(|at| start + at + SEAL.len()) else { return Owner::Changed };
    match text.get(at..).and_then(|rest| rest.split_once(')')) {
        Some((written, _)) if written == seal(&text[..at], &text[at + written.len()..]) => Owner::Fanfold,
        _ => Owner::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<Glue> {
        let values = Values { specs: "specs".into(), manifests: "manifests".into() };
        Target::ALL.iter().flat_map(|target| target.files(&values)).collect()
    }

    #[test]
    fn every_file_is_known_again_and_so_is_each_change() {
        for file in files() {
            assert_eq!(owner(&file.text), Owner::Fanfold, "{}", file.path);
            assert_eq!(owner(&file.text.replace('\n', "\r\n")), Owner::Changed, "{}", file.path);
            assert_eq!(owner(&format!("{}# more\n", file.text)), Owner::Changed, "{}", file.path);
            assert_eq!(owner(&file.text.replacen("fanfold integrate", "fanfold", 1)), Owner::Foreign, "{}", file.path);
        }
        assert_eq!(owner(""), Owner::Foreign);
        assert_eq!(owner("# Written by `fanfold integrate helm` (seal "), Owner::Changed);
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for file in files() {
            let left = ["@VERSION@", "@SPECS@", "@MANIFESTS@"].iter().find(|mark| file.text.contains(**mark));
            assert_eq!(left, None, "{}", file.path);
        }
    }

    #[test]
    fn paths_that_a_shell_or_yaml_would_take_for_more_are_refused() {
        assert!(["specs", "deploy/specs-1/shop.yaml", ".fanfold"].into_iter().all(Values::takes));
        assert!(!["", "-x", "/etc", "a b", "a;b", "$(a)", "a\nb", "a'b", "é"].into_iter().any(Values::takes));
    }
}
