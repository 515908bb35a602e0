//! What several commands take; each command has the rest. Help texts are in the imperative, without a full stop.

use clap::{Args, ValueEnum};

use super::Failure;
use super::target::facts;
use crate::diagnostic::Format;
use crate::kubernetes::Facts;
use crate::limits;

/// What is read, and how.
#[derive(Args, Debug)]
pub struct InputArgs {
    /// Spec files, manifests, folders of them, or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub variant: VariantArgs,

    /// The most instances that a run may make
    #[arg(long, value_name = "N", default_value_t = limits::INSTANCES)]
    pub max_instances: usize,

    /// Hold objects to a rule set: `pss=baseline` or `pss=restricted`, the Pod Security Standards, as of a version with
    /// `@1.34`; `ha`, high availability
    #[arg(long, value_name = "SET", value_delimiter = ',')]
    pub rules: Vec<String>,

    /// Hold objects to the policies of a file or folder: `ValidatingAdmissionPolicies`, bound or not
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<String>,

    #[command(flatten)]
    pub report: ReportArgs,
}

/// What specs are compiled for.
#[derive(Args, Clone, Debug)]
pub struct VariantArgs {
    /// Set a parameter
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Read parameters from a YAML or JSON file, or the rows of one from a table: `tenants.csv` is the value of `tenants`,
    /// and so is any file with `tenants=FILE`
    #[arg(long, value_name = "FILE")]
    pub params: Vec<String>,

    /// Apply a profile; several apply in the order given
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub profile: Vec<String>,

    /// Let specs read files below this folder too, beside their own folder, the working directory and the checkout
    #[arg(long, value_name = "DIR", env = "FANFOLD_ALLOW_PATH")]
    pub allow_path: Vec<String>,

    /// The Kubernetes version to compile for and check against
    #[arg(long, value_name = "VERSION", env = "FANFOLD_KUBERNETES_VERSION")]
    pub kubernetes_version: Option<String>,

    /// A feature gate that the server has set otherwise than it is by default, as `kube-apiserver` takes it
    #[arg(long, value_name = "NAME=BOOL", value_delimiter = ',')]
    pub feature_gates: Vec<String>,
}

impl VariantArgs {
    /// Returns the facts of the server that is compiled for.
    pub(super) fn facts(&self) -> Result<&'static Facts, Failure> {
        facts(self.kubernetes_version.as_deref(), &self.feature_gates)
    }

    /// Refuses what only specs know where there are none.
    pub(super) fn refuse_without_specs(&self) -> Result<(), Failure> {
        let given = [("--set", &self.set), ("--params", &self.params), ("--profile", &self.profile)];
        match given.iter().find(|(_, given)| !given.is_empty()) {
            Some((flag, _)) => Err(Failure::Usage(format!("`{flag}` is about specs, and there is none here"))),
            None => Ok(()),
        }
    }
}

/// How findings are judged and shown.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The format of findings
    #[arg(long, value_enum, default_value_t = FormatArg::Human, value_name = "FORMAT")]
    pub format: FormatArg,

    /// Make findings of a code errors; `warnings` means all warnings
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub deny: Vec<String>,

    /// Leave findings of a code out
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub allow: Vec<String>,
}

/// Formats of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Excerpts with carets
    Human,
    /// A line each
    Short,
    /// A JSON object a line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// GitHub workflow commands
    Github,
    /// GitLab code quality
    Gitlab,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Human => Self::Human,
            FormatArg::Short => Self::Short,
            FormatArg::Json => Self::Json,
            FormatArg::Sarif => Self::Sarif,
            FormatArg::Github => Self::Github,
            FormatArg::Gitlab => Self::Gitlab,
        }
    }
}
