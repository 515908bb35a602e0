//! Kustomizations among the inputs, or beside them: which files they build from, and how.
//!
//! Only what tells files apart is read: a kustomization is never built here, and nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::additions::{Beside, additions};
use super::input::{ReadFile, folder_of, is_for_kustomize};
use crate::check::Additions;
use crate::diagnostic::Diagnostics;
use crate::read::{Files, join, read_documents};
use crate::text::{Node, Sources};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// All kustomizations, by their folders.
#[derive(Debug, Default)]
pub(super) struct Kustomizations {
    by_folder: BTreeMap<String, Kustomization>,
    /// The files that they are written in.
    names: BTreeSet<String>,
    /// What they patch with.
    patches: BTreeSet<String>,
    /// What they read and do not build: configuration, values, the content of ConfigMaps.
    data: BTreeSet<String>,
    /// What they build from.
    resources: BTreeSet<String>,
}

/// What one of them builds from, as paths from the working directory.
#[derive(Debug, Default)]
struct Kustomization {
    resources: Vec<String>,
    /// Whether it gives objects other names or takes some away, so that what is in it may also be beside it.
    changes_objects: bool,
    /// Whether it gives objects their namespace.
    moves: bool,
    /// Whether it changes what objects say in any way.
    alters: bool,
    /// The kinds and names of what it makes itself.
    generated: Vec<(&'static str, String)>,
    /// What it adds to objects.
    added: Arc<Additions>,
    /// The folders of those that add to the same objects.
    components: Vec<String>,
}

impl Kustomizations {
    /// Reads those among the files, and those in the folders of files that were named and in the folders above these.
    pub(super) fn read(read: &[ReadFile], files: &dyn Files) -> Self {
        let mut all = Self::default();
        for file in read.iter().filter(|file| is_name(&file.name)) {
            let roots = || file.documents.iter().map(|document| &document.root);
            if roots().all(is_kustomization) {
                all.names.insert(file.name.clone());
                roots().for_each(|root| all.take(Beside { folder: folder_of(&file.name), read, files }, root));
            }
        }
        let mut beside: BTreeSet<String> = BTreeSet::new();
        for file in read.iter().filter(|file| !file.in_folder && file.name != "<stdin>") {
            let folder = folder_of(&file.name);
            beside.insert(folder.to_owned());
            beside.insert(join(folder, ".."));
        }
        for folder in beside {
            let names = NAMES.iter().map(|name| join(&folder, name));
            let known = names.into_iter().find(|name| !all.by_folder.contains_key(&folder) && files.size(name).is_ok());
            let Some(bytes) = known.and_then(|name| files.read(&name).ok()) else { continue };
            let documents = read_documents(&mut Sources::default(), "", bytes, &mut Diagnostics::new());
            let roots = documents.iter().map(|document| &document.root).filter(|root| is_kustomization(root));
            roots.for_each(|root| all.take(Beside { folder: &folder, read, files }, root));
        }
        all
    }

    fn take(&mut self, beside: Beside<'_>, root: &Node) {
        let folder = beside.folder;
        let path = |node: &Node| node.as_str().filter(|text| !text.contains('\n')).map(|text| join(folder, text));
        let items = |field: &str| root.get(field).and_then(Node::as_seq).unwrap_or_default();
        let resources: Vec<String> =
            ["resources", "bases", "components"].iter().flat_map(|field| items(field)).filter_map(path).collect();
        let has = |field: &str| root.get(field).is_some_and(|node| !node.is_null() && node.as_str() != Some(""));
        let changes = ["namePrefix", "nameSuffix", "namespace", "patches", "patchesStrategicMerge", "patchesJson6902"];
        self.resources.extend(resources.iter().cloned());
        let whole = items("patchesStrategicMerge").iter().filter_map(path);
        let named = ["patches", "patchesJson6902"].iter().flat_map(|field| items(field));
        self.patches.extend(whole.chain(named.filter_map(|item| path(item.get("path")?))));
        let lists =
            ["configurations", "transformers", "generators", "validators"].iter().flat_map(|field| items(field));
        self.data.extend(lists.filter_map(path));
        self.data.extend(root.at(&["openapi", "path"]).and_then(path));
        self.data.extend(items("replacements").iter().filter_map(|item| path(item.get("path")?)));
        for generator in ["configMapGenerator", "secretGenerator"].iter().flat_map(|field| items(field)) {
            let list = |field: &str| generator.get(field).and_then(Node::as_seq).unwrap_or_default().iter();
            let texts = list("files").chain(list("envs")).chain(generator.get("env")).filter_map(Node::as_str);
            // A file may get another key: `key=path`.
            self.data.extend(texts.map(|text| join(folder, text.split_once('=').map_or(text, |(_, path)| path))));
        }
        for chart in ["helmCharts", "helmChartInflationGenerator"].iter().flat_map(|field| items(field)) {
            let more = chart.get("additionalValuesFiles").and_then(Node::as_seq).unwrap_or_default();
            let one = ["valuesFile", "values"].iter().filter_map(|field| chart.get(field));
            self.data.extend(more.iter().chain(one).filter_map(path));
        }
        let generators = [("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")];
        let generated =
            generators.into_iter().flat_map(|(kind, field)| items(field).iter().map(move |item| (kind, item)));
        let words =
            ["labels", "commonLabels", "commonAnnotations", "images", "replicas", "replacements", "vars", "components"];
        let changes_objects = changes.iter().any(|field| has(field)) || has("transformers");
        let known = Kustomization {
            resources,
            generated: generated
                .filter_map(|(kind, item)| Some((kind, item.get("name")?.as_str()?.to_owned())))
                .collect(),
            changes_objects,
            alters: changes_objects || words.iter().any(|field| has(field)),
            moves: has("namespace"),
            added: Arc::new(additions(root, beside)),
            components: items("components").iter().filter_map(path).collect(),
        };
        self.by_folder.insert(folder.to_owned(), known);
    }

    /// Whether a file is a kustomization itself.
    pub(super) fn is_one(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of them builds from a file.
    pub(super) fn builds_from(&self, name: &str) -> bool {
        self.resources.contains(name)
    }

    /// Whether a file is what one of them patches with, and no object.
    pub(super) fn patches_with(&self, name: &str) -> bool {
        self.patches.contains(name) && !self.resources.contains(name)
    }

    /// Whether a file is what one of them reads and does not build.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.data.contains(name) && !self.resources.contains(name) && !self.patches.contains(name)
    }

    /// Returns the folders of all.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.by_folder.keys().map(String::as_str)
    }

    /// Whether a folder has one.
    pub(super) fn has(&self, folder: &str) -> bool {
        self.by_folder.contains_key(folder)
    }

    /// Whether one gives objects their namespace.
    pub(super) fn moves(&self, folder: &str) -> bool {
        self.by_folder.get(folder).is_some_and(|known| known.moves)
    }

    /// Whether one changes what objects say.
    pub(super) fn alters(&self, folder: &str) -> bool {
        self.by_folder.get(folder).is_some_and(|known| known.alters)
    }

    /// Returns what the kustomization of a folder adds to objects, and its components.
    pub(super) fn added<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s Arc<Additions>> + use<'s> {
        let own = self.by_folder.get(folder);
        let components = own.into_iter().flat_map(|known| &known.components);
        let all = components.filter_map(|folder| self.by_folder.get(folder)).chain(own);
        all.map(|known| &known.added).filter(|added| !added.is_empty())
    }

    /// Returns the files that the kustomization of a folder builds from, those of others that it builds on among them. With
    /// `as_they_are`, others count that leave objects as they are.
    pub(super) fn files(&self, folder: &str, as_they_are: bool) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for known in self.built_on(folder, as_they_are) {
            let files = known.resources.iter().map(String::as_str);
            found.extend(files.filter(|path| !self.by_folder.contains_key(*path)));
        }
        found
    }

    /// Returns the kinds and names of what the kustomization of a folder makes itself, and those that it builds on.
    pub(super) fn generated<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s (&'static str, String)> + use<'s> {
        self.built_on(folder, false).into_iter().flat_map(|known| &known.generated)
    }

    /// Returns the kustomization of a folder and those that it builds on.
    fn built_on<'s>(&'s self, folder: &str, as_they_are: bool) -> Vec<&'s Kustomization> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([folder]);
        let mut next = vec![folder];
        while let Some(known) = next.pop().and_then(|folder| self.by_folder.get(folder)) {
            found.push(known);
            for path in &known.resources {
                let other = self.by_folder.get(path);
                if other.is_some_and(|other| !as_they_are || !other.changes_objects) && seen.insert(path) {
                    next.push(path);
                }
            }
        }
        found
    }
}

fn is_name(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Whether a document of such a file is one; Flux has objects of that kind, too.
fn is_kustomization(root: &Node) -> bool {
    root.get("apiVersion").is_none() || is_for_kustomize(root)
}
