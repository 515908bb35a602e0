//! Three objects, laid out.

use fanfold::emit::Output;
use fanfold::emit::layout::{Item, Layout, OutputFile, files};
use fanfold::kubernetes::ObjectKey;
use fanfold::text::Node;

use crate::trees::read_one;

pub(crate) const OBJECTS: &[&str] = &[
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.c}\nspec: {x: '{{ }}'}",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rules, namespace: shop}\ndata: {alert: 'at {{ $value }}'}",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\nstringData: {password: hunter2}",
];

pub(crate) fn lay_out(layout: Layout, output: Output) -> Vec<OutputFile> {
    let nodes: Vec<Node> = OBJECTS.iter().map(|object| read_one(object.as_bytes())).collect();
    let keys: Vec<ObjectKey> = nodes.iter().map(|node| ObjectKey::of(node).unwrap()).collect();
    let items: Vec<Item<'_>> =
        nodes.iter().zip(&keys).map(|(node, key)| Item { key, node, source: Some("specs/shop.yaml:1") }).collect();
    files(layout, output, "shop", &items)
}

pub(crate) fn paths(files: &[OutputFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

pub(crate) fn content(file: &OutputFile) -> &str {
    std::str::from_utf8(&file.bytes).unwrap()
}
