//! `fanfold schema`: the JSON Schema of specs to standard output; and definitions of custom resources into the folder in which
//! all other commands look for them.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Subcommand};

use super::args::{FormatArg, ReportArgs};
use super::cluster::{ClusterArgs, Connecting};
use super::output::{self, Rights};
use super::session::{Channel, Session, remark};
use super::target::facts;
use super::{Exit, Failure};
use crate::cluster::{Listed, Projection, unreadable};
use crate::compile::{KEPT_FOLDER, KEPT_MARK, definitions, is_kept};
use crate::diagnostic::suggestion;
use crate::emit::Output;
use crate::read::{Document, read_documents};
use crate::text::Node;

/// `schema`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SchemaArgs {
    #[command(subcommand)]
    pub command: Option<SchemaCommand>,

    /// The Kubernetes version whose fields specs may use
    #[arg(long, value_name = "VERSION", env = "FANFOLD_KUBERNETES_VERSION")]
    pub kubernetes_version: Option<String>,
}

/// What is done about schemas beside printing that of specs.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Keep definitions of custom resources in a folder, so that these are checked without a flag
    Add(AddArgs),
}

/// `schema add`
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Files and folders with `CustomResourceDefinitions`, `-` for standard input, or `cluster` for those of a cluster
    #[arg(required = true, value_name = "FILE|cluster")]
    pub what: Vec<String>,

    /// Keep these alone: kinds, groups, or whole names such as `certificates.cert-manager.io`
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// The folder to keep them in; `check`, `build` and `diff` read `crds` in the working directory and beside specs
    #[arg(long, value_name = "DIR", default_value = KEPT_FOLDER)]
    pub dir: String,

    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// The place that stands for the cluster.
const CLUSTER: &str = "cluster";

/// Prints the schema, or keeps definitions.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    if let Some(SchemaCommand::Add(args)) = &args.command {
        return add(args);
    }
    let text = crate::editor::schema(facts(args.kubernetes_version.as_deref(), &[])?);
    Channel::Stdout.write(text.as_bytes())?;
    Ok(Exit::Fine)
}

fn add(args: &AddArgs) -> Result<Exit, Failure> {
    let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
    let mut session = Session::new(&report)?;
    let (of_cluster, paths): (Vec<String>, Vec<String>) = args.what.iter().cloned().partition(|what| what == CLUSTER);
    if of_cluster.is_empty() {
        args.cluster.refuse_without_cluster("name `cluster` beside the files")?;
    }
    let mut found: BTreeMap<String, Node> = BTreeMap::new();
    for path in &paths {
        let disk = session.disk.clone();
        let inputs = session.read(std::slice::from_ref(path), &*disk);
        if session.report(&report, Channel::Stderr)? != Exit::Fine {
            return Ok(Exit::Findings);
        }
        let read: Vec<Document> = inputs.manifests.into_iter().chain(inputs.kept).collect();
        take(path, definitions(&read), &mut found)?;
    }
    if !of_cluster.is_empty() {
        let read = from_cluster(&args.cluster, &mut session)?;
        if session.report(&report, Channel::Stderr)? != Exit::Fine {
            return Ok(Exit::Findings);
        }
        take(CLUSTER, definitions(&read), &mut found)?;
    }
    let found = only(found, &args.only)?;
    keep(&found, &args.dir)
}

/// Takes definitions of one place; one that another place has otherwise is refused.
fn take(path: &str, more: BTreeMap<String, Node>, found: &mut BTreeMap<String, Node>) -> Result<(), Failure> {
    if more.is_empty() {
        let message = format!("`{path}` holds no CustomResourceDefinition of `apiextensions.k8s.io/v1`");
        return Err(Failure::Usage(message));
    }
    for (name, node) in more {
        if found.get(&name).is_some_and(|known| *known != node) {
            return Err(Failure::Usage(format!("`{name}` is defined twice, and differs: name one of both places")));
        }
        found.insert(name, node);
    }
    Ok(())
}

/// Returns the definitions that some words name: by kind, group or whole name.
fn only(found: BTreeMap<String, Node>, words: &[String]) -> Result<BTreeMap<String, Node>, Failure> {
    if words.is_empty() {
        return Ok(found);
    }
    let kind = |node: &Node| node.at(&["spec", "names", "kind"]).and_then(Node::text).cloned().unwrap_or_default();
    let group = |name: &str| name.split_once('.').map(|(_, group)| group.to_owned()).unwrap_or_default();
    let names = |word: &str, name: &str, node: &Node| {
        word == name || word.eq_ignore_ascii_case(&kind(node)) || word == group(name)
    };
    for word in words {
        if !found.iter().any(|(name, node)| names(word, name, node)) {
            let kinds: Vec<String> = found.values().map(|node| kind(node).to_string()).collect();
            let known = kinds.iter().map(String::as_str).chain(found.keys().map(String::as_str));
            let near = suggestion(word, known).map(|near| format!(": {near}")).unwrap_or_default();
            return Err(Failure::Usage(format!("no definition has the kind, group or name `{word}`{near}")));
        }
    }
    Ok(found.into_iter().filter(|(name, node)| words.iter().any(|word| names(word, name, node))).collect())
}

/// Writes one file a definition, if all of them can be written.
fn keep(found: &BTreeMap<String, Node>, folder: &str) -> Result<Exit, Failure> {
    let path = |name: &str| Path::new(folder).join(format!("{name}.yaml"));
    for name in found.keys() {
        output::check_known(&path(name), Rights::default(), is_kept)?;
    }
    let mut written = 0;
    for (name, node) in found {
        let mut text = KEPT_MARK.as_bytes().to_vec();
        Output::Yaml.write_file(node, None, &mut text);
        written += usize::from(output::write_known(&text, &path(name), Rights::default(), is_kept)?);
    }
    let same = found.len() - written;
    let count = |number: usize| format!("{number} definition{}", if number == 1 { "" } else { "s" });
    let kept = match (written, same) {
        (0, same) => format!("{} unchanged", count(same)),
        (written, 0) => format!("{} written", count(written)),
        (written, same) => format!("{} written, {same} unchanged", count(written)),
    };
    remark(&format!("{folder}: {kept}"));
    Ok(Exit::Fine)
}

/// Reads all definitions of a cluster.
fn from_cluster(args: &ClusterArgs, session: &mut Session) -> Result<Vec<Document>, Failure> {
    let cluster = Connecting::start(args, false)?.finish()?;
    let resource = cluster.kinds.any_version("apiextensions.k8s.io", "CustomResourceDefinition");
    let resource = resource.ok_or_else(|| Failure::Environment("the cluster has no definitions".to_owned()))?;
    let list = cluster.client.list(resource, None, "", Projection::Whole);
    let refused = |text: String| Failure::Environment(text);
    let live = match cluster.runtime.block_on(list) {
        Ok(Listed::Objects(live, _)) => live,
        Ok(Listed::Refused(answer)) => {
            return Err(refused(unreadable(&resource.plural, &[], answer.is_denial(), &answer.message())));
        }
        Err(lost) => return Err(refused(unreadable(&resource.plural, &[], false, &lost.reason))),
    };
    let mut documents = Vec::new();
    for object in live {
        let mut value = object.0;
        // Items of a list need not repeat what they are.
        value["apiVersion"] = "apiextensions.k8s.io/v1".into();
        value["kind"] = "CustomResourceDefinition".into();
        let bytes = value.to_string().into_bytes();
        documents.extend(read_documents(&mut session.sources, CLUSTER, bytes, &mut session.diagnostics));
    }
    cluster.close();
    Ok(documents)
}
