//! A function config in, what it asks for out: a batch itself, or a list of specs and how to compile them.
//!
//! Three forms are known: a batch spec; `kind: Function` of the specs' own group; a ConfigMap with the same keys under
//! `data`, where lists are words and `params` is the text of a mapping.

use smol_str::SmolStr;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, words};
use crate::read::read_confidential;
use crate::spec::{API_VERSION, FUNCTION, KIND};
use crate::text::{Map, Node, Origin, Sources};

const KEYS: &[&str] = &["specs", "params", "profiles", "kubernetesVersion", "deny", "allow"];

/// What a function is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The config, where it is a batch spec itself.
    pub batch: Option<Node>,
    /// The specs.
    pub specs: Vec<Named>,
    /// Parameters.
    pub params: Map,
    /// The profiles to apply.
    pub profiles: Vec<SmolStr>,
    /// The Kubernetes version to compile for.
    pub kubernetes_version: Option<String>,
    /// Codes whose findings are errors.
    pub deny: Vec<String>,
    /// Codes whose findings are left out.
    pub allow: Vec<String>,
}

/// A spec that is to be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its path.
    pub path: String,
    /// Where a config names it; `None` for one that the user typed.
    pub origin: Option<Origin>,
}

impl Setup {
    /// Reads a function config; none where it cannot be followed, which is told.
    pub fn read(config: &Node, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.len();
        let text = |key: &str| config.get(key).and_then(Node::as_str).unwrap_or_default();
        let setup = match (text("apiVersion"), text("kind")) {
            (API_VERSION, KIND) => Self { batch: Some(config.clone()), ..Self::default() },
            (API_VERSION, FUNCTION) => {
                let own = config.as_map().into_iter().flatten();
                let own = own.filter(|entry| !["apiVersion", "kind", "metadata"].contains(&entry.key.text.as_str()));
                Self::of(&own.cloned().collect(), false, sources, diagnostics)
            }
            ("v1", "ConfigMap") => {
                let data = config.get("data").and_then(Node::as_map).cloned().unwrap_or_default();
                Self::of(&data, true, sources, diagnostics)
            }
            (api_version, kind) => {
                diagnostics.push(foreign(config, api_version, kind));
                return None;
            }
        };
        (diagnostics.len() == before).then_some(setup)
    }

    fn of(fields: &Map, as_text: bool, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Self {
        for entry in fields.iter().filter(|entry| !KEYS.contains(&entry.key.text.as_str())) {
            let message = format!("a function config has no field `{}`", entry.key.text);
            let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message);
            diagnostics.push(match did_you_mean(&entry.key.text, KEYS.iter().copied()) {
                Some(_) => finding.did_you_mean_word(&entry.key.text, KEYS.iter().copied()),
                None => finding.help(format!("there is {}", words::list(KEYS.iter().copied(), "and"))),
            });
        }
        let mut list = |key: &str| words_of(fields.get(key), key, as_text, diagnostics);
        let (specs, profiles, deny, allow) = (list("specs"), list("profiles"), list("deny"), list("allow"));
        let items = fields.get("specs").and_then(Node::as_seq).unwrap_or_default();
        let place = |at: usize| items.get(at).or(fields.get("specs")).map(Node::origin);
        let specs = specs.into_iter().enumerate().map(|(at, path)| Named { path, origin: place(at) }).collect();
        let profiles = profiles.iter().map(SmolStr::from).collect();
        let kubernetes_version = fields.get("kubernetesVersion").and_then(Node::as_str).map(str::to_owned);
        let params = params(fields.get("params"), as_text, sources, diagnostics);
        Self { batch: None, specs, params, profiles, kubernetes_version, deny, allow }
    }
}

/// Reads a list of words: in a text they stand apart by white space or commas.
fn words_of(node: Option<&Node>, key: &str, as_text: bool, diagnostics: &mut Diagnostics) -> Vec<String> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Vec::new() };
    let apart =
        |text: &str| text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if let (Some(items), false) = (node.as_seq(), as_text) {
        if items.iter().all(|item| item.as_str().is_some() && !item.is_null()) {
            return items.iter().filter_map(Node::as_str).map(str::to_owned).collect();
        }
    } else if let Some(text) = node.as_str() {
        return if as_text { apart(text) } else { vec![text.to_owned()] };
    }
    let expected = if as_text { "words" } else { "a list of texts" };
    let message = format!("expected {expected} for `{key}`, found {}", words::found(node, false));
    diagnostics.push(Diagnostic::new(Code::WrongType, node.origin(), message));
    Vec::new()
}

fn params(node: Option<&Node>, as_text: bool, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Map {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Map::new() };
    let read = match node.as_str() {
        Some(text) if as_text => read_confidential(sources, "params", text.as_bytes().to_vec(), diagnostics),
        _ => Some(node.clone()),
    };
    let Some(read) = read else { return Map::new() };
    let Some(map) = read.as_map() else {
        let message = format!("expected a mapping of parameters, found {}", words::found(&read, false));
        diagnostics.push(Diagnostic::new(Code::WrongType, node.origin(), message));
        return Map::new();
    };
    map.clone()
}

/// Refuses a config of another kind.
fn foreign(config: &Node, api_version: &str, kind: &str) -> Diagnostic {
    let ours = [KIND, FUNCTION].contains(&kind);
    let place = |key: &str| config.get(key).map_or(config.origin().at_start(), Node::origin);
    let origin: Origin = place(if ours { "apiVersion" } else { "kind" });
    let found = match (api_version, kind) {
        ("", "") => "neither `apiVersion` nor `kind`".to_owned(),
        (_, "") => format!("no `kind` of `{api_version}`"),
        ("", _) => format!("`{kind}` without an `apiVersion`"),
        _ => format!("`{kind}` of `{api_version}`"),
    };
    let message = format!("expected a function config of `{API_VERSION}`, found {found}");
    let finding = Diagnostic::new(Code::InvalidValue, origin, message);
    if ours && config.get("apiVersion").is_some() {
        return finding.help(format!("write `apiVersion: {API_VERSION}`")).fix(origin, API_VERSION);
    }
    finding.help(format!(
        "a config is a `{KIND}`, a `{FUNCTION}` that names `specs`, or a ConfigMap with `specs` in its data"
    ))
}
