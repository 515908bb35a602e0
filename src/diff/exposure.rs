//! Who reaches an object, and as whom its pods act: whether a change opens a Service, or gives pods other rights.
//!
//! Two objects that are one enter, a sentence leaves for each thing that is open now.

use smol_str::{SmolStr, format_smolstr};

use super::matching::Renames;
use crate::kubernetes::pods::template;
use crate::kubernetes::{Manifest, Tree};
use crate::text::Node;

/// Returns what is open now, and was not before.
pub(super) fn exposed(old: &Manifest, new: &Manifest, renames: &Renames) -> Vec<SmolStr> {
    match (new.key.group.as_str(), new.key.kind.as_str()) {
        ("", "Service") => service(old, new),
        ("", "ServiceAccount") => token(&old.node, &new.node).into_iter().collect(),
        _ => pods(old, new, renames),
    }
}

fn service(old: &Manifest, new: &Manifest) -> Vec<SmolStr> {
    const TYPES: [&str; 3] = ["ExternalName", "ClusterIP", "NodePort"];
    let word = |object: &Manifest, key: &str| object.node.present_at(&["spec", key]).and_then(Tree::scalar);
    let list = |object: &Manifest, key: &str| -> Vec<SmolStr> {
        let spec = object.node.present_at(&["spec"]);
        spec.map_or(&[][..], |spec| spec.list(key)).iter().filter_map(Tree::scalar).collect()
    };
    let rank = |object: &Manifest| {
        let name = word(object, "type").unwrap_or_else(|| "ClusterIP".into());
        // A type that is not known is taken for the most open one.
        (TYPES.iter().position(|known| *known == name).unwrap_or(TYPES.len()), name)
    };
    let ((was, _), (is, name)) = (rank(old), rank(new));
    let mut found = Vec::new();
    if is > was && is > 1 {
        found.push(format_smolstr!("it can be reached from outside of the cluster (`{name}`)"));
    }
    let ranges = list(new, "loadBalancerSourceRanges");
    let before = list(old, "loadBalancerSourceRanges");
    if name == "LoadBalancer" && is == was && !before.is_empty() && ranges != before {
        let more: Vec<&str> = ranges.iter().filter(|range| !before.contains(range)).map(SmolStr::as_str).collect();
        if ranges.is_empty() {
            found.push("it can be reached from every address (`loadBalancerSourceRanges` is gone)".into());
        } else if !more.is_empty() {
            found.push(format_smolstr!("it can be reached from more addresses: {}", more.join(", ")));
        }
    }
    let before = list(old, "externalIPs");
    let addresses = list(new, "externalIPs");
    let more: Vec<&str> = addresses.iter().filter(|ip| !before.contains(ip)).map(SmolStr::as_str).collect();
    if !more.is_empty() {
        found.push(format_smolstr!("it can be reached at external addresses: {}", more.join(", ")));
    }
    found
}

fn pods(old: &Manifest, new: &Manifest, renames: &Renames) -> Vec<SmolStr> {
    let account = |object: &Manifest| {
        let pod = template(object)?;
        let word = |key: &str| pod.word(key).filter(|word| !word.is_empty());
        Some(word("serviceAccountName").or_else(|| word("serviceAccount")).unwrap_or_else(|| "default".into()))
    };
    let Some((was, is)) = account(old).zip(account(new)) else { return Vec::new() };
    let mut found = Vec::new();
    if was != is && !renames.is_account(&was, &is) {
        found.push(format_smolstr!("its pods get the rights of service account `{is}`, and had those of `{was}`"));
    }
    found.extend(template(old).zip(template(new)).and_then(|(old, new)| token(old, new)));
    found
}

/// Says that pods get the token of their service account, which they did not get.
fn token(old: &Node, new: &Node) -> Option<SmolStr> {
    let refuses = |node: &Node| node.word("automountServiceAccountToken").as_deref() == Some("false");
    (refuses(old) && !refuses(new)).then(|| "pods get the token of their service account".into())
}
