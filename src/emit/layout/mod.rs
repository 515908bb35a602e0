//! Objects to files: which object goes where.
//!
//! Objects in the order of the batch enter, files leave; nothing here touches the disk. A file's name comes from the
//! identity of its object alone, so that adding an object renames no other.

mod helm;
mod name;

pub use helm::escape as escape_for_helm;

use rayon::prelude::*;

use super::{Output, Stream, yaml};
use crate::kubernetes::ObjectKey;
use crate::text::{Key, Map, Node, Origin};

/// How objects are spread over files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// All in one file.
    Stream,
    /// A file for each object.
    #[default]
    Files,
    /// A file for each object, and the kustomization that lists them.
    Kustomize,
    /// A Helm chart whose templates render to the objects.
    Helm,
}

/// An object to be laid out.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Its identity.
    pub key: &'a ObjectKey,
    /// Its tree.
    pub node: &'a Node,
    /// Where it comes from, for a comment above it: `specs/shop.yaml:12`.
    pub source: Option<&'a str>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// The path below the folder of the output, with `/` on every platform.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whether a Secret is in it, so that its content must not be shown.
    pub secret: bool,
}

/// Lays objects out as files; `name` is the batch's, for the chart or the single file.
pub fn files(layout: Layout, output: Output, name: &str, items: &[Item<'_>]) -> Vec<OutputFile> {
    match layout {
        Layout::Stream => vec![stream(output, format!("{name}.{}", output.extension()), items)],
        Layout::Files => one_each(output, items),
        Layout::Kustomize => {
            let mut files = one_each(output, items);
            let kustomization = kustomization(files.iter().map(|file| file.path.as_str()));
            files.push(plain_file("kustomization.yaml", &kustomization));
            files
        }
        Layout::Helm => helm::chart(output, name, items),
    }
}

fn stream(output: Output, path: String, items: &[Item<'_>]) -> OutputFile {
    let mut stream = Stream::new(Vec::new(), output);
    let written = items.iter().try_for_each(|item| stream.push(item.node, item.source)).and_then(|()| stream.finish());
    let bytes = written.expect("writing to memory does not fail");
    OutputFile { path, bytes, secret: items.iter().any(Item::is_secret) }
}

/// Writes each object to a file of its own, in the order of the objects.
fn one_each(output: Output, items: &[Item<'_>]) -> Vec<OutputFile> {
    let names = name::names(items.iter().map(|item| item.key), output.extension());
    items
        .par_iter()
        .zip(names)
        .map(|(item, path)| {
            let mut bytes = Vec::new();
            output.write_file(item.node, item.source, &mut bytes);
            OutputFile { path, bytes, secret: item.is_secret() }
        })
        .collect()
}

fn kustomization<'a>(paths: impl Iterator<Item = &'a str>) -> Node {
    mapping([
        ("apiVersion", text("kustomize.config.k8s.io/v1beta1")),
        ("kind", text("Kustomization")),
        ("resources", Node::seq(paths.map(text).collect(), Origin::NOWHERE)),
    ])
}

fn plain_file(path: &str, node: &Node) -> OutputFile {
    let mut bytes = Vec::new();
    yaml::write(node, &mut bytes);
    OutputFile { path: path.to_owned(), bytes, secret: false }
}

fn mapping<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let mut map = Map::with_capacity(N);
    for (key, value) in entries {
        map.push(Key::new(key, Origin::NOWHERE), value);
    }
    Node::map(map, Origin::NOWHERE)
}

fn text(text: &str) -> Node {
    Node::string(text, Origin::NOWHERE)
}

impl Item<'_> {
    fn is_secret(&self) -> bool {
        self.key.kind == "Secret" && self.key.group.is_empty()
    }

    fn is_custom_resource_definition(&self) -> bool {
        self.key.kind == "CustomResourceDefinition" && self.key.group == "apiextensions.k8s.io"
    }
}
