//! Definitions of custom resources that are kept beside specs, so that custom resources are checked without a flag.
//!
//! Paths of inputs enter, what is kept for them leaves. Kept definitions are known to a run and none of its objects: they
//! are never built and never applied. One among the inputs is preferred to a kept one of the same kind.

use std::collections::BTreeMap;

use crate::check::{Definitions, items_of};
use crate::diagnostic::Diagnostics;
use crate::kubernetes::documented::by_text;
use crate::kubernetes::name::dns_subdomain;
use crate::read::{Document, Files, join, read_documents};
use crate::text::{Map, Node, Sources};

/// The folder of kept definitions, in the working directory or beside an input.
pub const KEPT_FOLDER: &str = "crds";

/// The first line of a kept definition.
pub const KEPT_MARK: &str =
    "# Kept by `fanfold schema add` to check custom resources; it is never built and never applied.\n";

/// Whether a file holds a kept definition.
pub fn is_kept(bytes: &[u8]) -> bool {
    bytes.starts_with(KEPT_MARK.as_bytes())
}

/// Returns the definitions among documents by their names, `PLURAL.GROUP`, as they are kept: without what differs between
/// clusters, keys in order. A definition that says not what it defines is passed over.
pub fn definitions(documents: &[Document]) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    documents.iter().for_each(|document| collect(&document.root, &mut found));
    found
}

fn collect(object: &Node, found: &mut BTreeMap<String, Node>) {
    match items_of(object) {
        Some(items) => items.iter().for_each(|item| collect(item, found)),
        None => found.extend(kept_form(object)),
    }
}

fn kept_form(object: &Node) -> Option<(String, Node)> {
    let is_served = object.get("apiVersion").and_then(Node::as_str) == Some("apiextensions.k8s.io/v1");
    let spec = object.get("spec").filter(|_| is_served && Definitions::defines(object))?;
    let plural = spec.at(&["names", "plural"])?.text()?;
    let name = format!("{plural}.{}", spec.get("group")?.text()?);
    // It becomes the name of a file.
    dns_subdomain(&name).ok()?;
    Definitions::read([object]).all(spec.get("group")?.text()?, spec.at(&["names", "kind"])?.text()?).first()?;
    let place = object.origin();
    let mut metadata = Map::new();
    metadata.put("name", Node::string(name.as_str(), place));
    let mut fields = spec.as_map()?.clone();
    // Where versions are converted, and by whose certificate, is each cluster's own.
    fields.remove("conversion");
    let mut whole = Map::new();
    whole.put("apiVersion", object.get("apiVersion")?.clone());
    whole.put("kind", object.get("kind")?.clone());
    whole.put("metadata", Node::map(metadata, place));
    whole.put("spec", Node::map(fields, spec.origin()));
    Some((name, by_text(&Node::map(whole, place))))
}

/// Reads the definitions that are kept for inputs: in the working directory, and beside each file. What is in a folder among
/// the inputs is read with it.
///
/// What else lies there, such as the templates of a chart, is passed over; only what Fanfold has written itself must be
/// readable.
pub fn kept_for(
    inputs: &[String],
    files: &dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Document> {
    let inputs: Vec<String> = inputs.iter().filter(|input| *input != "-").map(|input| join("", input)).collect();
    let is_folder = |input: &&String| input.is_empty() || files.is_folder(input);
    let (named, single): (Vec<&String>, Vec<&String>) = inputs.iter().partition(is_folder);
    let mut folders = vec![KEPT_FOLDER.to_owned()];
    folders.extend(
        single.into_iter().map(|file| format!("{}{KEPT_FOLDER}", &file[..file.rfind('/').map_or(0, |at| at + 1)])),
    );
    folders.sort_unstable();
    folders.dedup();
    let is_within = |folder: &str, outer: &str| {
        outer.is_empty() && !folder.starts_with('/')
            || folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    };
    folders.retain(|folder| !named.iter().any(|outer| is_within(folder, outer)));
    let mut kept = Vec::new();
    for folder in folders.iter().filter(|folder| files.is_folder(folder)) {
        let Ok(listing) = files.list(folder) else { continue };
        let names =
            listing.files.iter().filter(|name| [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)));
        for name in names {
            let Ok(bytes) = files.read(name) else { continue };
            let is_own = is_kept(&bytes);
            // Most of what lies in such folders of charts are definitions; all else is not worth reading.
            if !is_own && !holds(&bytes, b"CustomResourceDefinition") {
                continue;
            }
            let mut found = Diagnostics::new();
            let documents = read_documents(sources, name, bytes, &mut found);
            if is_own {
                diagnostics.append(found);
            }
            kept.extend(documents.into_iter().filter(|document| is_definition(&document.root)));
        }
    }
    kept
}

fn is_definition(root: &Node) -> bool {
    items_of(root).map_or_else(|| Definitions::defines(root), |items| items.iter().any(Definitions::defines))
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}
