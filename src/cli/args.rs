//! What the command line takes; help texts are in the imperative, without a full stop.

use clap::{Args, Parser, Subcommand, ValueEnum};

use std::time::Duration;

use super::build::BuildArgs;
use super::cluster::{ClusterArgs, duration};
use super::function::FunctionArgs;
use super::integrate::IntegrateArgs;
use super::post_render::PostRenderArgs;
use crate::apply::{PruneLimit, Shard};
use crate::diagnostic::Format;
use crate::diff::Effect;
use crate::emit::Output;
use crate::emit::layout::Layout;

/// Compile short batch specs into plain Kubernetes manifests
#[derive(Debug, Parser)]
#[command(name = "fanfold", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first spec that compiles as it stands
    Init(InitArgs),
    /// Compile specs to manifests
    Build(BuildArgs),
    /// Count what specs would make: objects, pods, cpu and memory
    Plan(PlanArgs),
    /// Check specs and existing manifests
    Check(CheckArgs),
    /// Show what lies between two sides, and what the change does to a cluster
    Diff(DiffArgs),
    /// Apply specs or manifests to a cluster
    Apply(ApplyArgs),
    /// Delete from a cluster what specs or manifests made there
    Delete(DeleteArgs),
    /// Show how the objects of specs or manifests fare in a cluster
    Status(StatusArgs),
    /// Explain a code, a field of the language, or where a generated object comes from
    Explain(ExplainArgs),
    /// Be a KRM function: take a `ResourceList` and give it back with what specs make, patched and checked
    Function(FunctionArgs),
    /// Be a Helm post-renderer: check what a chart rendered, and apply the patches of specs to it
    PostRender(PostRenderArgs),
    /// Print the JSON Schema of specs, for editors
    Schema(SchemaArgs),
    /// Write the files that make another tool run Fanfold
    Integrate(IntegrateArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands to a folder
    Man(ManArgs),
}

/// What is read, and how.
#[derive(Args, Debug)]
pub struct InputArgs {
    /// Spec files, manifests, folders of them, or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub variant: VariantArgs,

    /// The most instances that a run may make
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_instances: usize,

    #[command(flatten)]
    pub report: ReportArgs,
}

/// What specs are compiled for.
#[derive(Args, Clone, Debug)]
pub struct VariantArgs {
    /// Set a parameter
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Read parameters from a YAML or JSON file
    #[arg(long, value_name = "FILE")]
    pub params: Vec<String>,

    /// Apply a profile; several apply in the order given
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub profile: Vec<String>,

    /// The Kubernetes version to compile for and check against
    #[arg(long, value_name = "VERSION", env = "FANFOLD_KUBERNETES_VERSION")]
    pub kubernetes_version: Option<String>,
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

/// `plan`
#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// The notation of the plan
    #[arg(long, value_enum, default_value_t = PlanOutputArg::Table, value_name = "NOTATION")]
    pub output: PlanOutputArg,

    /// Hold the batch against a cluster: does it fit?
    #[arg(long, value_enum, value_name = "WHAT")]
    pub against: Option<AgainstArg>,

    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// What a plan is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgainstArg {
    /// The cluster of the kubeconfig
    Cluster,
}

/// `check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    pub input: InputArgs,
}

/// `diff`
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// OLD and NEW: spec files, manifests, folders of them, `git:REV[:PATH]`, or `-` for standard input; with --against, what is new
    #[arg(required = true, value_name = "SIDE")]
    pub inputs: Vec<String>,

    /// What is old: a file, a folder, `git:REV` for the same paths as of a commit, or `cluster`
    #[arg(long, value_name = "OLD")]
    pub against: Option<String>,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub variant: VariantArgs,

    /// Show what `apply --prune` would delete in the cluster too
    #[arg(long)]
    pub prune: bool,

    /// With `--prune`, also namespaces, volumes, claims and definitions
    #[arg(long, requires = "prune")]
    pub prune_data: bool,

    /// The format
    #[arg(long, value_enum, default_value_t = DiffFormatArg::Human, value_name = "FORMAT")]
    pub format: DiffFormatArg,

    /// Exit with 1 only where a change has one of these effects
    #[arg(long, value_enum, value_name = "EFFECT", value_delimiter = ',')]
    pub fail_on: Vec<EffectArg>,
}

/// A cluster, and the set in it.
#[derive(Args, Clone, Debug)]
pub struct SetArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// The set of the objects in the cluster [default: `fanfold-` and the name of the batch]
    #[arg(long, value_name = "[KIND/]NAME")]
    pub applyset: Option<String>,
}

/// How what is to be written is sent, and where it is reported.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Send everything as a dry run: the server checks it and changes nothing
    #[arg(long, value_enum, value_name = "WHERE")]
    pub dry_run: Option<DryRunArg>,

    /// Keep so many requests in flight, instead of as many as the server takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: Option<u16>,

    /// Write a report of all objects to a file: JSON, or JUnit where its name ends with `.xml`
    #[arg(long = "report", value_name = "FILE")]
    pub report_file: Option<String>,
}

/// `apply`
#[derive(Args, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Take fields over from other managers
    #[arg(long)]
    pub force_conflicts: bool,

    /// Take objects over that belong to another tool or set
    #[arg(long)]
    pub adopt: bool,

    /// Delete objects and make them anew where a field cannot be changed: `on-change`, `never`, or `KIND=on-change`
    #[arg(long, value_name = "POLICY", value_delimiter = ',')]
    pub recreate: Vec<String>,

    /// Delete what left the set
    #[arg(long)]
    pub prune: bool,

    /// How much pruning may delete at once: a number, or a share of the set [default: 50%]
    #[arg(long, value_name = "N|N%", requires = "prune")]
    pub prune_limit: Option<PruneLimit>,

    /// Prune also namespaces, volumes, claims and definitions, with all that is in them
    #[arg(long, requires = "prune")]
    pub prune_data: bool,

    /// Say first whether the batch fits the cluster: room on nodes, quotas, limits, what is missing
    #[arg(long)]
    pub preflight: bool,

    /// Pull the images on all nodes that they may be needed on, and start then
    #[arg(long)]
    pub prepull: bool,

    /// Apply one of several parts of the set, such as `2/8`
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,

    /// Wait until all objects work [default: on a terminal]
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,

    /// Do not wait until the objects work
    #[arg(long, overrides_with = "wait")]
    pub no_wait: bool,

    /// How long to wait, such as `90s`; `0` for as long as it takes
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,
}

/// `delete`
#[derive(Args, Debug)]
pub struct DeleteArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Do not wait until the objects are gone
    #[arg(long)]
    pub no_wait: bool,
}

/// `status`
#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,
}

/// Who tries a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRunArg {
    /// The API server
    Server,
}

/// `explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A code (`unknown-field`), a field (`Deployment.replicas`, `mounts`), or an object (`Deployment/web-eu`) with its specs
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,

    /// The specs that make the object
    #[arg(value_name = "FILE")]
    pub inputs: Vec<String>,

    #[command(flatten)]
    pub variant: VariantArgs,
}

/// `init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to write the spec; `-` for standard output
    #[arg(value_name = "FILE", default_value = "fanfold.yaml")]
    pub path: String,

    /// Write a spec for this image
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// Overwrite the file
    #[arg(long)]
    pub force: bool,
}

/// `schema`
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// The Kubernetes version whose fields specs may use
    #[arg(long, value_name = "VERSION", env = "FANFOLD_KUBERNETES_VERSION")]
    pub kubernetes_version: Option<String>,
}

/// `completions`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write the pages of all commands to this folder
    #[arg(value_name = "DIR")]
    pub folder: Option<String>,
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

/// Layouts of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// One stream of documents
    Stream,
    /// A file for each object
    Files,
    /// A kustomize base
    Kustomize,
    /// A Helm chart
    Helm,
}

impl From<LayoutArg> for Layout {
    fn from(layout: LayoutArg) -> Self {
        match layout {
            LayoutArg::Stream => Self::Stream,
            LayoutArg::Files => Self::Files,
            LayoutArg::Kustomize => Self::Kustomize,
            LayoutArg::Helm => Self::Helm,
        }
    }
}

/// Notations of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputArg {
    /// YAML
    Yaml,
    /// JSON, as one List
    Json,
    /// KYAML, the stricter form of YAML that kubectl writes
    Kyaml,
}

impl From<OutputArg> for Output {
    fn from(output: OutputArg) -> Self {
        match output {
            OutputArg::Yaml => Self::Yaml,
            OutputArg::Json => Self::Json,
            OutputArg::Kyaml => Self::Kyaml,
        }
    }
}

/// Formats of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormatArg {
    /// Groups of equal changes, the worst first
    Human,
    /// A comment for a pull request
    Markdown,
    /// All changes of all objects
    Json,
    /// A line a group
    Short,
    /// A page for a browser, in one file
    Html,
}

/// Effects of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EffectArg {
    /// Labels, annotations, API versions
    Metadata,
    /// The object changes where it stands
    InPlace,
    /// Pods are replaced
    Rollout,
    /// The server refuses the update
    Recreate,
    /// More is allowed than before
    Security,
    /// What is stored goes with it
    DataLoss,
}

impl From<EffectArg> for Effect {
    fn from(effect: EffectArg) -> Self {
        match effect {
            EffectArg::Metadata => Self::Metadata,
            EffectArg::InPlace => Self::InPlace,
            EffectArg::Rollout => Self::Rollout,
            EffectArg::Recreate => Self::Recreate,
            EffectArg::Security => Self::Security,
            EffectArg::DataLoss => Self::DataLoss,
        }
    }
}

/// Notations of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutputArg {
    /// A table
    Table,
    /// JSON
    Json,
}

/// What to do with Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecretsArg {
    /// Write them with the other objects
    Include,
    /// Leave them out
    Omit,
}
