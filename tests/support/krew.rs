//! The manifest for krew: what it is made of, for a release that there is not.

use std::collections::BTreeSet;
use std::path::Path;

use crate::tools::{ROOT, root};

pub(crate) const VERSION: &str = "1.2.3";

/// Returns the names of the archives that the manifest asks for.
pub(crate) fn archives() -> BTreeSet<String> {
    let template = root("release/krew.yaml");
    let names = template.split("@SHA256 ").skip(1).filter_map(|rest| rest.split_once("gz@"));
    names.map(|(name, _)| format!("{}gz", name.replace("@VERSION@", VERSION))).collect()
}

/// Returns the script that fills the manifest in.
pub(crate) fn script() -> String {
    Path::new(ROOT).join("release/krew.sh").display().to_string()
}
