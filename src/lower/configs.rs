//! ConfigMaps and Secrets: inline data and files in, what is in the object and its name with a hash of it out.
//!
//! The places of secret values are hidden from every excerpt.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smol_str::{SmolStr, format_smolstr};

use super::draft::{Draft, is_true};
use super::hash;
use super::object_key;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::World;
use crate::kubernetes::{Manifest, name};
use crate::spec::{Level, Section, keys, ours};
use crate::text::{Entry, Key, Map, Node, Origin, Value};

/// What an entry of one of both sections may say of the content.
fn fields(section: Section) -> &'static [&'static str] {
    match section {
        Section::Secrets => &["data", "stringData", "files", "type", "immutable", "nameHash"],
        _ => &["data", "binaryData", "files", "immutable", "nameHash"],
    }
}

/// Reports what no entry of the section has.
pub(super) fn check_fields(section: Section, definition: &Map, diagnostics: &mut Diagnostics) {
    let known = || fields(section).iter().copied().chain(keys::names(&[keys::ENTRY]));
    for unknown in definition.iter().filter(|field| !known().any(|name| name == field.key.text)) {
        let message = format!("an entry of `{}` has no field `{}`", section.key(), unknown.key.text);
        let finding = Diagnostic::new(Code::UnknownField, unknown.key.origin, message);
        let all = known().chain(keys::names(&[keys::FAN_OUT]).into_iter().filter(|name| *name != "use"));
        diagnostics.push(match ours(Level::Entry, &unknown.key.text) {
            Some(ours) => finding.help(ours),
            None => finding.did_you_mean_word(&unknown.key.text, all),
        });
    }
}

/// What a ConfigMap or Secret holds: texts, and base64 of other bytes.
pub(super) struct Content {
    section: Section,
    text: BTreeMap<SmolStr, Node>,
    binary: BTreeMap<SmolStr, Node>,
    /// Where the keys stand, which may be made of a secret.
    keyed: BTreeMap<SmolStr, Origin>,
}

impl Content {
    /// Reads what an entry says, and the files that it names.
    pub(super) fn of(section: Section, definition: &Map, world: &mut World<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut content = Self { section, text: BTreeMap::new(), binary: BTreeMap::new(), keyed: BTreeMap::new() };
        content.read(definition, world, diagnostics);
        content
    }

    /// Returns the keys that references may name.
    pub(super) fn keys(&self) -> BTreeSet<SmolStr> {
        self.text.keys().chain(self.binary.keys()).cloned().collect()
    }

    /// Returns the name of the object, with a hash of the content unless the entry wants none.
    pub(super) fn name(&self, declared: &SmolStr, definition: &Map, hashed: bool) -> SmolStr {
        let hashed = hashed && definition.get("nameHash").is_none_or(is_true);
        if hashed { format_smolstr!("{declared}-{}", self.hash(definition)) } else { declared.clone() }
    }

    fn is_secret(&self) -> bool {
        self.section == Section::Secrets
    }

    fn read(&mut self, definition: &Map, world: &mut World<'_>, diagnostics: &mut Diagnostics) {
        let (plain, encoded) = if self.is_secret() { ("stringData", "data") } else { ("data", "binaryData") };
        for entry in mapping(definition, plain, diagnostics) {
            let value = match entry.value.value() {
                Value::Bool(value) => SmolStr::new(if *value { "true" } else { "false" }),
                Value::Seq(_) | Value::Map(_) | Value::Null => {
                    diagnostics.push(not_a_text(&entry, "a text"));
                    continue;
                }
                _ => entry.value.text().cloned().unwrap_or_default(),
            };
            self.add(&entry, Node::string(value, entry.value.origin()), false, diagnostics);
        }
        for entry in mapping(definition, encoded, diagnostics) {
            let text = entry.value.text().cloned().unwrap_or_default();
            if entry.value.text().is_none() || STANDARD.decode(text.replace(['\n', '\r', ' '], "")).is_err() {
                diagnostics.push(
                    not_a_text(&entry, "base64")
                        .maybe_help(self.is_secret().then_some("plain texts of a Secret belong under `stringData`")),
                );
                continue;
            }
            self.add(&entry, Node::string(text, entry.value.origin()), true, diagnostics);
        }
        if let Some(files) = definition.get("files").filter(|node| !node.is_null()) {
            self.read_files(files, world, diagnostics);
        }
    }

    fn read_files(&mut self, files: &Node, world: &mut World<'_>, diagnostics: &mut Diagnostics) {
        let listed: Vec<(Key, Node)> = match (files.as_map(), files.as_seq()) {
            (Some(map), _) => map.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect(),
            (_, Some(items)) => items
                .iter()
                .map(|item| {
                    let text = item.as_str().unwrap_or_default();
                    let (key, path) = match text.split_once('=') {
                        Some((key, path)) => (key, path),
                        None => (text.rsplit('/').next().unwrap_or(text), text),
                    };
                    (Key::new(key, item.origin()), Node::string(path, item.origin()))
                })
                .collect(),
            _ => {
                diagnostics.push(Diagnostic::new(
                    Code::WrongType,
                    files.origin(),
                    format!("expected a list of paths, or a mapping of keys to paths, found {}", files.type_name()),
                ));
                return;
            }
        };
        for (key, path) in listed {
            let Some(text) = path.as_str().filter(|_| !path.is_null()) else {
                diagnostics.push(not_a_text(&Entry { key, value: path }, "a path"));
                continue;
            };
            let Some((_, bytes)) = world.read(text, path.origin(), diagnostics) else { continue };
            let entry = Entry { key, value: path.clone() };
            match String::from_utf8(bytes) {
                Ok(text) => self.add(&entry, Node::string(text, path.origin()), false, diagnostics),
                Err(error) => {
                    let encoded = STANDARD.encode(error.as_bytes());
                    self.add(&entry, Node::string(encoded, path.origin()), true, diagnostics);
                }
            }
        }
    }

    fn add(&mut self, entry: &Entry, value: Node, encoded: bool, diagnostics: &mut Diagnostics) {
        let key = &entry.key;
        if let Err(reason) = name::config_key(&key.text) {
            diagnostics.push(Diagnostic::new(
                Code::InvalidName,
                key.origin,
                format!("`{}` is no key: {reason}", key.text),
            ));
            return;
        }
        let known = self.text.get(&key.text).or_else(|| self.binary.get(&key.text));
        if let Some(known) = known {
            diagnostics.push(
                Diagnostic::new(Code::DuplicateKey, key.origin, format!("the key `{}` is given twice", key.text))
                    .also(known.origin(), "first here"),
            );
            return;
        }
        let target = if encoded { &mut self.binary } else { &mut self.text };
        target.insert(key.text.clone(), value);
        self.keyed.insert(key.text.clone(), key.origin);
    }

    /// Returns the data of a Secret: all of it in base64.
    fn encoded(&self) -> BTreeMap<&SmolStr, Node> {
        let plain = self.text.iter().map(|(key, node)| {
            let encoded = STANDARD.encode(node.as_str().unwrap_or_default());
            (key, Node::string(encoded, node.origin()))
        });
        let given = self.binary.iter().map(|(key, node)| {
            let compact = node.as_str().unwrap_or_default().replace(['\n', '\r', ' '], "");
            (key, Node::string(compact, node.origin()))
        });
        plain.chain(given).collect()
    }

    fn hash(&self, definition: &Map) -> SmolStr {
        fn texts<'n>(nodes: impl Iterator<Item = (&'n SmolStr, &'n Node)>) -> BTreeMap<&'n str, &'n str> {
            nodes.map(|(key, node)| (key.as_str(), node.as_str().unwrap_or_default())).collect()
        }
        if self.is_secret() {
            let encoded = self.encoded();
            let data = texts(encoded.iter().map(|(key, node)| (*key, node)));
            return hash::secret(secret_type(definition), (!data.is_empty()).then_some(&data), None);
        }
        let (text, binary) = (texts(self.text.iter()), texts(self.binary.iter()));
        hash::config_map((!text.is_empty()).then_some(&text), (!binary.is_empty()).then_some(&binary))
    }

    /// Returns the object.
    pub(super) fn object(
        &self,
        name: &SmolStr,
        namespace: SmolStr,
        metadata: Node,
        definition: &Map,
        origin: Origin,
    ) -> Manifest {
        let data = |nodes: BTreeMap<&SmolStr, Node>| {
            let entry = |(key, value): (&SmolStr, Node)| {
                let place = self.keyed.get(key).copied().unwrap_or(value.origin());
                Entry { key: Key::new(key.clone(), place), value }
            };
            let map: Map = nodes.into_iter().map(entry).collect();
            (!map.is_empty()).then(|| Node::map(map, origin))
        };
        let plain = |nodes| data(BTreeMap::iter(nodes).map(|(key, value)| (key, Node::clone(value))).collect());
        let kind = self.section.kind();
        let draft = Draft::new(origin).text("apiVersion", "v1").text("kind", kind).node("metadata", metadata);
        let draft = draft.maybe("immutable", definition.get("immutable").cloned());
        let node = if self.is_secret() {
            draft.maybe("data", data(self.encoded())).text("type", secret_type(definition))
        } else {
            draft.maybe("data", plain(&self.text)).maybe("binaryData", plain(&self.binary))
        };
        Manifest { key: object_key("v1", kind, namespace, name), node: node.done(), origin }
    }
}

fn secret_type(definition: &Map) -> &str {
    definition.get("type").and_then(Node::as_str).unwrap_or("Opaque")
}

fn mapping(definition: &Map, key: &str, diagnostics: &mut Diagnostics) -> Map {
    let Some(node) = definition.get(key).filter(|node| !node.is_null()) else { return Map::new() };
    if let Some(map) = node.as_map() {
        map.clone()
    } else {
        diagnostics.push(Diagnostic::new(
            Code::WrongType,
            node.origin(),
            format!("expected a mapping for `{key}`, found {}", node.type_name()),
        ));
        Map::new()
    }
}

fn not_a_text(entry: &Entry, expected: &str) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        entry.value.origin(),
        format!("expected {expected} for `{}`, found {}", entry.key.text, entry.value.type_name()),
    )
}
