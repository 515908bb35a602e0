//! `fanfold build`: specs in, manifests out.

use std::borrow::Cow;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::args::InputArgs;
use super::output::{self, Rights, State, Written};
use super::session::{Channel, Session, remark};
use super::terminal::data;
use super::{Exit, Failure};
use crate::compile::Compilation;
use crate::diff::Committed;
use crate::emit::layout::{self, Item, Layout, OutputFile};
use crate::emit::{Output, Stream};
use crate::explain::Makers;
use crate::integrate::guarded_from_flux;
use crate::kubernetes::Manifest;
use crate::text::{Node, Sources};

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

/// What to do with Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecretsArg {
    /// Write them with the other objects
    Include,
    /// Leave them out, and refer to them by their names without a hash
    Omit,
}

/// `build`
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct BuildArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// Write to a folder or file instead of standard output
    #[arg(short = 'o', long = "output-path", value_name = "DIR|FILE")]
    pub path: Option<String>,

    /// How objects are spread over files [default: stream to standard output and to a file, files to a folder]
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub layout: Option<LayoutArg>,

    /// The notation
    #[arg(long, value_enum, default_value_t = OutputArg::Yaml, value_name = "NOTATION")]
    pub output: OutputArg,

    /// Compare with what is there instead of writing; exit with 1 and a diff where it is stale
    #[arg(long, requires = "path")]
    pub check: bool,

    /// What to do with Secrets when writing to files
    #[arg(long, value_enum, value_name = "CHOICE")]
    pub secrets: Option<SecretsArg>,

    /// Say above each object where it comes from: line, workload, axis values, layers
    #[arg(long)]
    pub provenance: bool,

    /// Overwrite files that Fanfold did not write
    #[arg(long, requires = "path", conflicts_with = "check")]
    pub force: bool,

    /// Mark objects that hold `${…}`, so that Flux substitutes nothing in them
    #[arg(long)]
    pub flux: bool,
}

/// Compiles and writes.
pub(super) fn run(args: &BuildArgs) -> Result<Exit, Failure> {
    if args.provenance && args.output == OutputArg::Json {
        return Err(Failure::Usage("`--provenance` writes comments, and JSON has none".into()));
    }
    let mut session = Session::new(&args.input.report)?;
    let mut settings = session.settings(&args.input)?;
    settings.asked.advice = true;
    settings.options.secrets_elsewhere = args.secrets == Some(SecretsArg::Omit);
    let disk = Arc::clone(&session.disk);
    let inputs = session.read(&args.input.inputs, &*disk);
    let compilation = session.compile_inputs(inputs, &settings, &*disk);
    if session.report(&args.input.report, Channel::Stderr)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if compilation.is_empty() {
        return Err(Failure::Usage("the inputs hold no objects: there is nothing to build".into()));
    }
    if args.secrets == Some(SecretsArg::Omit) && holds_secrets_alone(&compilation) {
        return Err(Failure::Usage("all objects are Secrets: `--secrets omit` leaves nothing to build".into()));
    }
    let output: Output = args.output.into();
    // What kubectl says so is meant; a folder of such a name that is there already is one.
    if let Some(word) = args.path.as_deref().filter(|path| OutputArg::from_str(path, false).is_ok())
        && !Path::new(word).exists()
    {
        let message =
            format!("`-o {word}` would write a folder: write `--output {word}` for the notation, or `-o ./{word}`");
        return Err(Failure::Usage(message));
    }
    match args.path.as_deref().filter(|path| *path != "-") {
        None if args.check => Err(Failure::Usage("`--check` needs a file or folder to look into".into())),
        None => {
            if args.layout.is_some_and(|layout| Layout::from(layout) != Layout::Stream) {
                return Err(Failure::Usage("a layout of several files needs `-o DIR`".into()));
            }
            stream(&compilation, output, args, &session.sources)?;
            Ok(Exit::Fine)
        }
        Some(path) => write(&compilation, output, args, path, &session),
    }
}

fn stream(compilation: &Compilation, output: Output, args: &BuildArgs, sources: &Sources) -> Result<(), Failure> {
    let out = BufWriter::with_capacity(1 << 18, data());
    let mut stream = Stream::new(out, output);
    let omit = args.secrets == Some(SecretsArg::Omit);
    let makers = args.provenance.then(|| Makers::of(compilation));
    let render = |object: &Manifest| {
        // Most objects fit: a text that grows is copied again and again.
        let mut bytes = Vec::with_capacity(2048);
        if !(omit && holds_secret(object)) {
            let source = makers.as_ref().and_then(|makers| makers.provenance(object, sources));
            output.write_document(&tree(object, args), source.as_deref(), &mut bytes);
        }
        bytes
    };
    let rendered = if output == Output::Yaml && makers.is_none() && !args.flux {
        compilation.write(|group, kind| !(omit && is_secret(group, kind)), |documents| stream.push_rendered(documents))
    } else {
        compilation.render(render, |bytes| if bytes.is_empty() { Ok(()) } else { stream.push_rendered(&bytes) })
    };
    match rendered.and_then(|()| stream.finish()?.flush()) {
        // All was sound, and whoever read it has enough: no object more is made for nobody.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

fn write(
    compilation: &Compilation,
    output: Output,
    args: &BuildArgs,
    path: &str,
    session: &Session,
) -> Result<Exit, Failure> {
    let sources = &session.sources;
    let all = compilation.objects();
    let committed = args.check.then(|| Committed::of(&all, sources));
    let mut objects = all.clone();
    let secrets = objects.iter().filter(|object| holds_secret(object)).count();
    match args.secrets {
        None if secrets > 0 => {
            return Err(Failure::Usage(format!(
                "the batch holds {secrets} Secret{}, whose values would be written to files: say `--secrets include` or `--secrets omit`",
                if secrets == 1 { "" } else { "s" }
            )));
        }
        Some(SecretsArg::Omit) => objects.retain(|object| !holds_secret(object)),
        _ => {}
    }
    let makers = args.provenance.then(|| Makers::of(compilation));
    let source = |object| makers.as_ref().and_then(|makers| makers.provenance(object, sources));
    let places: Vec<Option<String>> = objects.iter().map(source).collect();
    let trees: Vec<Cow<'_, Node>> = objects.iter().map(|object| tree(object, args)).collect();
    let items: Vec<Item<'_>> = objects
        .iter()
        .zip(&trees)
        .zip(&places)
        .map(|((object, node), source)| Item { key: &object.key, node, source: source.as_deref() })
        .collect();
    let folder = is_folder(path);
    let layout = args.layout.map_or(if folder { Layout::Files } else { Layout::Stream }, Layout::from);
    if layout != Layout::Stream && !folder {
        return Err(Failure::Usage(format!("a layout of several files needs a folder, and `{path}` is a file")));
    }
    let files = layout::files(layout, output, compilation.name(), &items);
    let inputs = session.disk.inputs();
    let rights = Rights { force: args.force, inputs: Some(&inputs) };
    let committed = committed.as_ref();
    if folder { write_folder(&files, path, committed, rights) } else { write_file(&files[0], path, committed, rights) }
}

fn write_folder(
    files: &[OutputFile],
    path: &str,
    committed: Option<&Committed<'_>>,
    rights: Rights<'_>,
) -> Result<Exit, Failure> {
    if let Some(committed) = committed {
        return stale(output::check(files, Path::new(path), committed)?, path);
    }
    let Written { written, unchanged, removed, kept, overwritten } =
        output::write_folder(files, Path::new(path), rights)?;
    for file in &overwritten {
        remark(&format!("warning: `{path}/{file}` had been changed by hand; it is overwritten"));
    }
    for file in &kept {
        remark(&format!("warning: `{path}/{file}` is stale, but had been changed by hand; it is left there"));
    }
    remark(&format!("{path}: {} written, {} removed, {unchanged} unchanged", written.len(), removed.len()));
    Ok(Exit::Fine)
}

fn write_file(
    file: &OutputFile,
    path: &str,
    committed: Option<&Committed<'_>>,
    rights: Rights<'_>,
) -> Result<Exit, Failure> {
    if let Some(committed) = committed {
        return stale(output::check_file(file, Path::new(path), committed)?, path);
    }
    remark(&match output::write_file(file, Path::new(path), rights)? {
        State::Unchanged => format!("{path}: unchanged"),
        State::Written => format!("{path}: written"),
        State::Unlisted => format!(
            "{path}: written; `.fanfold-files` beside it belongs to somebody else, so that the next run needs `--force`"
        ),
        State::Listed => format!("{path}: written; `.fanfold-files` beside it lists it: commit both"),
    });
    Ok(Exit::Fine)
}

fn stale(diff: Option<String>, path: &str) -> Result<Exit, Failure> {
    let Some(diff) = diff else { return Ok(Exit::Fine) };
    Channel::Stdout.report(&diff)?;
    remark(&format!("error: `{path}` is stale: run the same command without `--check` and commit the result"));
    Ok(Exit::Findings)
}

fn is_folder(path: &str) -> bool {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_file = Path::new(path).exists() && !Path::new(path).is_dir();
    Path::new(path).is_dir() || path.ends_with('/') || !(is_file || matches!(ending, "yaml" | "yml" | "json"))
}

fn holds_secrets_alone(compilation: &Compilation) -> bool {
    // The first object that is none ends the search.
    compilation.render(holds_secret, |is_secret| if is_secret { Ok(()) } else { Err(()) }).is_ok()
}

/// Returns the object as it is written.
fn tree<'a>(object: &'a Manifest, args: &BuildArgs) -> Cow<'a, Node> {
    if args.flux { guarded_from_flux(&object.node) } else { Cow::Borrowed(&object.node) }
}

fn holds_secret(object: &Manifest) -> bool {
    is_secret(&object.key.group, &object.key.kind)
}

fn is_secret(group: &str, kind: &str) -> bool {
    kind == "Secret" && group.is_empty()
}
