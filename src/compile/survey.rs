//! What the files of a repository are: objects, patches, templates, and files of other programs.
//!
//! Files enter as they were read; what holds objects leaves with its role, everything else is counted by what it is. A file
//! that the user named is taken for what the user says it is, but where its own text says otherwise.

use std::collections::BTreeSet;

use super::folder::Skipped;
use super::input::{Inputs, ReadFile, WITHOUT_OBJECTS, belongs, folder_of, is_for_kustomize};
use super::json_patch;
use super::kustomization::Kustomizations;
use super::later::is_variable;
use super::sets::Sets;
use crate::check::{Purpose, Role};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kubernetes::Facts;
use crate::read::Files;
use crate::spec;
use crate::text::{Node, Sources};

const TEMPLATES: &str = "templates";
const CONFIGURATION: &str = "configuration of other programs";
const USED: &str = "used by kustomizations as data";
const PATCHES: &str = "patches of kustomizations";
const UNREADABLE: &str = "unreadable, without objects";

/// Groups, and whole versions, of files that a program reads and no cluster is sent.
const OF_PROGRAMS: &[&str] = &[
    "apiserver.k8s.io",
    "audit.k8s.io",
    "backstage.io",
    "builtin",
    "cli.kyverno.io",
    "client.authentication.k8s.io",
    "config.kubernetes.io",
    "controller-runtime.sigs.k8s.io",
    "ctlptl.dev",
    "eksctl.io",
    "k0sctl.k0sproject.io",
    "k3d.io",
    "kind.x-k8s.io",
    "kpt.dev",
    "krew.googlecontainertools.github.com",
    "kubeadm.k8s.io",
    "kubeone.k8c.io",
    "kuttl.dev",
    "skaffold",
];

/// What is to be done with a file.
enum Kind {
    Skipped(&'static str),
    Objects(Purpose),
}

/// What files are told apart for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// To look at what they hold, which may be for several clusters.
    Looked,
    /// To make or send all that they hold, as it is.
    Made,
}

/// Tells files apart.
pub(super) fn tell_apart(
    read: Vec<ReadFile>,
    skipped: Skipped,
    (paths, using): (&[String], Use),
    files: &dyn Files,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let kustomizations = Kustomizations::read(&read, files);
    let survey = Survey::new(&read, &kustomizations, files, sources);
    let mut inputs = Inputs { skipped, ..Inputs::default() };
    let mut kept = Vec::new();
    for file in read {
        // What is sent is sent as the user says, who named it.
        let is_said = using == Use::Made && !file.in_folder;
        match if is_said { Kind::Objects(Purpose::Applied) } else { survey.kind(&file) } {
            Kind::Skipped(reason) => {
                inputs.skipped.add_read(file.id, &file.name, reason);
                if reason == CONFIGURATION {
                    inputs.beside.extend(file.documents.into_iter().filter(|document| belongs(&document.root)));
                }
            }
            Kind::Objects(purpose) => kept.push((file, purpose)),
        }
    }
    if using == Use::Made {
        made(kept, &kustomizations, &mut inputs, diagnostics);
        return inputs;
    }
    let sets = Sets::of(&kept.iter().map(|(file, _)| file).collect::<Vec<_>>(), &kustomizations, paths);
    for (set, kind, name) in &sets.given {
        inputs.roles.give(*set, kind, name.clone());
    }
    for (file, purpose) in kept {
        let ReadFile { name, id, documents, found, .. } = file;
        // No other program fills in a spec.
        if documents.iter().any(|document| spec::is_batch(&document.root) || spec::is_part(&document.root)) {
            diagnostics.append(found);
        } else {
            inputs.later.take_tags(found, diagnostics);
        }
        inputs.files += usize::from(!documents.is_empty());
        inputs.recipes |= purpose == Purpose::Patch;
        inputs.roles.set(id, Role { purpose, ..sets.of_file(&name) });
        if kustomizations.is_one(&name) {
            inputs.recipes = true;
            continue;
        }
        for document in documents {
            match document.root.as_seq() {
                Some(operations) if purpose == Purpose::Patch => json_patch::check(operations, diagnostics),
                _ => inputs.take(document, diagnostics),
            }
        }
    }
    inputs.later.expect();
    inputs
}

/// Takes files whose objects are all made or sent together, with nothing filled in: patches are none of them.
fn made(
    kept: Vec<(ReadFile, Purpose)>,
    kustomizations: &Kustomizations,
    inputs: &mut Inputs,
    diagnostics: &mut Diagnostics,
) {
    for (file, purpose) in kept {
        let ReadFile { name, id, in_folder, documents, found } = file;
        if purpose == Purpose::Patch {
            inputs.skipped.add_read(id, &name, PATCHES);
            continue;
        }
        diagnostics.append(found);
        inputs.files += usize::from(!documents.is_empty());
        if in_folder && kustomizations.is_one(&name) {
            inputs.recipes = true;
            continue;
        }
        documents.into_iter().for_each(|document| inputs.take(document, diagnostics));
    }
}

struct Survey<'a> {
    kustomizations: &'a Kustomizations,
    sources: &'a Sources,
    /// The folders of charts, with their `/`.
    charts: BTreeSet<String>,
    /// The kinds and names of what kustomizations build from.
    resources: BTreeSet<(String, String)>,
    /// The kinds that the inputs define.
    defined: BTreeSet<(String, String)>,
}

impl<'a> Survey<'a> {
    fn new(read: &[ReadFile], kustomizations: &'a Kustomizations, files: &dyn Files, sources: &'a Sources) -> Self {
        // The folder of a chart may be above those that were named.
        let above: BTreeSet<&str> = read.iter().flat_map(|file| above_templates(&file.name)).collect();
        let has_chart = |folder: &&str| files.size(&format!("{folder}Chart.yaml")).is_ok();
        let kind = |root: &Node| {
            let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
            (text(&["kind"])? == "CustomResourceDefinition")
                .then(|| text(&["spec", "group"]).zip(text(&["spec", "names", "kind"])))?
        };
        let documents = read.iter().flat_map(|file| &file.documents);
        Self {
            kustomizations,
            sources,
            charts: above.into_iter().filter(has_chart).map(str::to_owned).collect(),
            resources: read.iter().filter(|file| kustomizations.builds_from(&file.name)).flat_map(identities).collect(),
            defined: documents.filter_map(|document| kind(&document.root)).collect(),
        }
    }

    fn kind(&self, file: &ReadFile) -> Kind {
        let name = file.name.as_str();
        let is_broken = file.found.has_errors();
        let text = self.sources.file(file.id).map_or("", |file| &file.text);
        let roots = || file.documents.iter().map(|document| &document.root);
        if file.in_folder {
            let in_chart = above_templates(name).any(|folder| self.charts.contains(folder));
            // Our own marks break a spec where they lack their quotes, which is to be said.
            let is_ours = || text.contains("apiVersion: fanfold.dev/");
            if in_chart && has_mark(text) || is_broken && self.breaks_at_a_mark(file) && !is_ours() {
                return Kind::Skipped(TEMPLATES);
            }
            if self.kustomizations.uses(name) {
                return Kind::Skipped(USED);
            }
        }
        if self.kustomizations.patches_with(name)
            || file.in_folder && (self.is_left_out(file) || lies_with_patches(name))
        {
            return Kind::Objects(Purpose::Patch);
        }
        if file.in_folder && !self.kustomizations.is_one(name) && !roots().any(holds_objects) {
            let says_object = || ["apiVersion", "kind"].iter().all(|word| text.contains(word));
            if !is_broken {
                return Kind::Skipped(WITHOUT_OBJECTS);
            } else if !says_object() {
                return Kind::Skipped(UNREADABLE);
            }
        }
        if !is_broken && roots().next().is_some() && roots().all(|root| self.is_configuration(root, file.in_folder)) {
            return Kind::Skipped(CONFIGURATION);
        }
        Kind::Objects(Purpose::Looked)
    }

    /// Whether a file cannot be read for what a template holds beside YAML.
    fn breaks_at_a_mark(&self, file: &ReadFile) -> bool {
        let text = |finding: &Diagnostic| {
            let source = self.sources.file(file.id)?;
            Some(source.line(source.place(finding.origin.start).line))
        };
        file.found.iter().filter_map(text).any(|line| has_mark(line) || has_variable(line))
    }

    /// Whether a file beside a kustomization, which does not name it, holds parts of what kustomizations build from: a patch
    /// that is not in use.
    fn is_left_out(&self, file: &ReadFile) -> bool {
        let folder = folder_of(&file.name);
        let is_beside = self.kustomizations.has(folder) || self.kustomizations.has(folder_of(folder));
        let is_named = self.kustomizations.builds_from(&file.name);
        let mut all = identities(file).peekable();
        is_beside && !is_named && all.peek().is_some() && all.all(|identity| self.resources.contains(&identity))
    }

    /// Whether a document is the configuration of a program.
    fn is_configuration(&self, root: &Node, in_folder: bool) -> bool {
        let text = |field: &str| root.get(field).and_then(Node::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let is_own = spec::is_batch(root) || spec::is_part(root) || spec::is_function(root);
        if is_for_kustomize(root) || is_own || version.is_empty() {
            return false;
        }
        let is_known =
            OF_PROGRAMS.contains(&group) || group.ends_with(".config.k8s.io") || OF_PROGRAMS.contains(&version);
        let is_kubeconfig = version == "v1" && kind == "Config";
        if is_known || is_kubeconfig {
            return true;
        }
        // The config of a function of kustomize or kpt says so.
        let annotations = root.at(&["metadata", "annotations"]);
        let notes = ["config.kubernetes.io/function", "config.kubernetes.io/local-config"];
        if notes.iter().any(|note| annotations.is_some_and(|annotations| annotations.get(note).is_some())) {
            return true;
        }
        // What has no metadata is for no cluster, whatever it is; a native kind may have a slip in its group.
        let native = Facts::newest().kinds();
        let is_native = group.is_empty() || native.iter().any(|known| known.group == group || known.kind == kind);
        let is_defined = || self.defined.contains(&(group.to_owned(), kind.to_owned()));
        in_folder && !is_native && (!group.contains('.') || root.get("metadata").is_none()) && !is_defined()
    }
}

/// Whether a document belongs to a run, or is a list of what does.
fn holds_objects(root: &Node) -> bool {
    belongs(root) || root.as_seq().is_some_and(|items| !items.is_empty() && items.iter().all(belongs))
}

/// Returns the folders, each with its `/`, whose templates a file may be one of.
fn above_templates(name: &str) -> impl Iterator<Item = &str> {
    let folders = name.match_indices("templates/").map(|(at, _)| &name[..at]);
    folders.filter(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// Whether a text holds an expression of a template language.
fn has_mark(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|mark| text.contains(mark))
}

/// Whether a line holds a variable in braces: `{CLUSTER_NAME}`.
fn has_variable(line: &str) -> bool {
    line.split('{').skip(1).any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_variable(name)))
}

/// Returns the kinds and names of the objects of a file.
fn identities(file: &ReadFile) -> impl Iterator<Item = (String, String)> {
    file.documents.iter().filter_map(|document| {
        let text = |path: &[&str]| document.root.at(path).and_then(Node::as_str).map(str::to_owned);
        text(&["kind"]).zip(text(&["metadata", "name"]))
    })
}

/// Whether a file lies in a folder of patches, which other programs than kustomize have too.
fn lies_with_patches(name: &str) -> bool {
    name.split(['/', '\\']).rev().skip(1).any(|folder| folder == "patches")
}
