//! Mounts: what stands at which path of a container, spelled out as volumes and volumeMounts.
//!
//! Equal sources share a volume. A claim with a size becomes a volumeClaimTemplate in a StatefulSet, and a
//! PersistentVolumeClaim of the instance elsewhere; one without names a claim that is there.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::Lowering;
use super::container::name_of;
use super::draft::{Draft, is_true, list_of};
use super::env::replace;
use super::references::Need;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::expand::MOUNT_OPTIONS;
use crate::kubernetes::Manifest;
use crate::spec::{Section, WorkloadKind, budgeted, short_hash, slug};
use crate::text::{Entry, Map, Node, Origin};

const FORM: &str = "write `{PATH: {claim: NAME, size: 10Gi}}`, or `configMap`, `secret`, `emptyDir`, `hostPath`, `volume` in place of `claim`";
/// The options of a mount that go to the volumeMount.
const AT_MOUNT: &[&str] = &["readOnly", "recursiveReadOnly", "subPath", "subPathExpr", "mountPropagation"];
/// The options of a claim.
const AT_CLAIM: &[&str] = &["size", "storageClassName", "accessModes", "volumeMode"];

/// The volumes of one pod, and the claims that go with them.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    pub(super) listed: Vec<Node>,
    pub(super) claim_templates: Vec<Node>,
    pub(super) claims: Vec<Manifest>,
    /// The container whose mounts are spelled out, where it is not the main one.
    pub(super) container: Option<SmolStr>,
    /// The paths that volumes were named after.
    paths: BTreeMap<SmolStr, SmolStr>,
}

impl Lowering<'_> {
    /// Takes over volumes that are written natively, as a list or as a mapping by name.
    pub(super) fn native_volumes(&mut self, node: &Node, volumes: &mut Volumes) {
        let listed: Vec<Node> = match (node.as_map(), node.as_seq()) {
            (Some(map), _) => map
                .iter()
                .filter(|entry| !entry.value.is_null())
                .map(|entry| {
                    let name = Node::string(entry.key.text.clone(), entry.key.origin);
                    let rest = entry.value.as_map().cloned().unwrap_or_default();
                    Draft::new(entry.origin()).node("name", name).all(rest).done()
                })
                .collect(),
            (_, Some(items)) => items.to_vec(),
            _ => {
                let message = format!("expected a list of volumes, found {}", node.type_name());
                volumes.listed.push(self.refuse(node, message, FORM));
                return;
            }
        };
        for volume in listed {
            if volume.as_map().is_none() {
                let message = format!("expected a mapping for a volume, found {}", words::found(&volume, false));
                let text = volume.text().map(SmolStr::as_str).unwrap_or_default();
                // What Compose writes as `SOURCE:PATH`.
                let help = match text.split(':').collect::<Vec<_>>().as_slice() {
                    [source, path, ..] if path.starts_with('/') && source.starts_with(['.', '/']) => {
                        format!("write `mounts: {{{path}: {{hostPath: …}}}}`, or a `configMap` of the files")
                    }
                    [name, path, ..] if path.starts_with('/') => {
                        format!("write `mounts: {{{path}: {{claim: {name}, size: 10Gi}}}}`")
                    }
                    _ => "write it with the path that it is mounted at: `mounts: {PATH: {claim: NAME, size: 10Gi}}`"
                        .to_owned(),
                };
                volumes.listed.push(self.refuse(&volume, message, &help));
                continue;
            }
            let sources = volume.as_map().into_iter().flatten().map(|entry| Entry {
                key: entry.key.clone(),
                value: self.native_source(&entry.key.text, &entry.value),
            });
            let volume = Node::map(sources.collect(), volume.origin());
            // A flat volume takes the place of the one of its name in a native body.
            let known =
                name_of(&volume).and_then(|name| volumes.listed.iter().position(|one| name_of(one) == Some(name)));
            match known {
                Some(at) => volumes.listed[at] = volume,
                None => volumes.listed.push(volume),
            }
        }
    }

    /// Rewrites the names of ConfigMaps and Secrets in a native source of a volume.
    fn native_source(&mut self, what: &str, source: &Node) -> Node {
        match what {
            "configMap" => self.native_reference(Section::ConfigMaps, source, "name", None),
            "secret" => self.native_reference(Section::Secrets, source, "secretName", None),
            "projected" => self.native_projection(source),
            "persistentVolumeClaim" => {
                let Some(name) = source.get("claimName").cloned() else { return source.clone() };
                let target = self.used(Section::Claims, &name);
                if target.same(&name) { source.clone() } else { replace(source, "claimName", target) }
            }
            "azureFile" => self.native_reference(Section::Secrets, source, "secretName", None),
            // Drivers of storage name the Secret in a field of their own.
            _ => ["secretRef", "nodePublishSecretRef"].into_iter().fold(source.clone(), |source, field| {
                let Some(reference) = source.get(field).cloned() else { return source };
                let target = self.native_reference(Section::Secrets, &reference, "name", None);
                replace(&source, field, target)
            }),
        }
    }

    fn native_projection(&mut self, projected: &Node) -> Node {
        let Some(sources) = projected.get("sources").and_then(Node::as_seq) else { return projected.clone() };
        let items = sources.iter().map(|source| {
            let mut changed = source.clone();
            for (field, kind) in [("configMap", Section::ConfigMaps), ("secret", Section::Secrets)] {
                if let Some(reference) = source.get(field) {
                    changed = replace(&changed, field, self.native_reference(kind, reference, "name", None));
                }
            }
            changed
        });
        let items: Vec<Node> = items.collect();
        let origin = projected.origin();
        replace(projected, "sources", Node::seq(items, origin))
    }

    /// Reports the mounts of volumes that the pod does not have: the server refuses it.
    pub(super) fn check_mounted<'n>(&mut self, containers: impl Iterator<Item = &'n Node>, volumes: &Volumes) {
        let templates = self.field("volumeClaimTemplates").and_then(Node::as_seq).unwrap_or_default();
        // What is broken may be any of them.
        if volumes.listed.iter().chain(templates).any(Node::holds_broken) {
            return;
        }
        let names =
            volumes.listed.iter().filter_map(|volume| volume.get("name")).chain(
                volumes.claim_templates.iter().chain(templates).filter_map(|claim| claim.at(&["metadata", "name"])),
            );
        let known: Vec<&str> = names.filter_map(Node::text).map(SmolStr::as_str).collect();
        for mount in containers.filter_map(|container| container.get("volumeMounts")?.as_seq()).flatten() {
            let Some((name, text)) = mount.get("name").and_then(|name| Some((name, name.text()?))) else { continue };
            if known.contains(&text.as_str()) {
                continue;
            }
            let message = format!("no volume `{text}` is declared");
            self.diagnostics.push(
                Diagnostic::new(Code::UndeclaredReference, name.origin(), message)
                    .help("declare it under `volumes`, or name what to mount: `{configMap: NAME}`, `{emptyDir: {}}`")
                    .did_you_mean(text, known.iter().copied()),
            );
        }
    }

    /// Spells out the mounts of one container, sorted by path.
    pub(super) fn mounts(&mut self, node: &Node, volumes: &mut Volumes) -> Vec<Node> {
        let Some(map) = self.expect_map(node, "mounts", FORM) else { return Vec::new() };
        let mut entries: Vec<&Entry> = map.iter().filter(|entry| !entry.value.is_null()).collect();
        // Claims come first: their names are kept, others make way.
        entries.sort_by_key(|entry| (entry.value.get("claim").is_none(), &entry.key.text));
        let mut mounted: Vec<Node> = entries.into_iter().filter_map(|entry| self.mount(entry, volumes)).collect();
        mounted.sort_by(|left, right| {
            left.get("mountPath").and_then(Node::text).cmp(&right.get("mountPath").and_then(Node::text))
        });
        mounted
    }

    fn mount(&mut self, entry: &Entry, volumes: &mut Volumes) -> Option<Node> {
        let path = &entry.key.text;
        let map = self.expect_map(&entry.value, path, FORM)?;
        let sources: Vec<&Entry> =
            map.iter().filter(|entry| !MOUNT_OPTIONS.contains(&entry.key.text.as_str())).collect();
        let [source] = sources.as_slice() else {
            let found = match sources.as_slice() {
                [] => "no source".to_owned(),
                several => {
                    several.iter().map(|entry| format!("`{}`", entry.key.text)).collect::<Vec<_>>().join(" and ")
                }
            };
            self.refuse(&entry.value, format!("expected one source to mount at `{path}`, found {found}"), FORM);
            return None;
        };
        let name = self.volume(path, source, map, volumes, entry.origin())?;
        let mut draft = Draft::new(entry.origin()).node("name", name);
        draft = draft.maybe("readOnly", map.get("readOnly").cloned());
        draft = draft.maybe("recursiveReadOnly", map.get("recursiveReadOnly").cloned());
        draft = draft.node("mountPath", Node::string(path.clone(), entry.key.origin));
        for option in &AT_MOUNT[2..] {
            draft = draft.maybe(option, map.get(option).cloned());
        }
        Some(draft.done())
    }

    /// Returns the name of the volume that a mount needs, and adds the volume where it is not there yet.
    fn volume(
        &mut self,
        path: &str,
        source: &Entry,
        mount: &Map,
        volumes: &mut Volumes,
        origin: Origin,
    ) -> Option<Node> {
        let value = &source.value;
        let at = value.origin();
        let own_name = mount.get("name").and_then(Node::text).cloned();
        let by_path = || own_name.clone().unwrap_or_else(|| budgeted(&slug(path), 63));
        let named = |prefix: &str, name: &str| {
            own_name.clone().unwrap_or_else(|| budgeted(&slug(&format_smolstr!("{prefix}-{name}")), 63))
        };
        let what = source.key.text.as_str();
        if what != "claim"
            && let Some(option) = mount.iter().find(|entry| AT_CLAIM.contains(&entry.key.text.as_str()))
        {
            let message = format!("`{}` belongs to a `claim`, not to `{what}`", option.key.text);
            self.refuse(&option.value, message, FORM);
        }
        let text = value.text().filter(|_| !value.is_null()).cloned();
        let need = if mount.get("optional").is_some_and(is_true) { Need::May } else { Need::Must };
        let (name, body) = match (what, text) {
            ("volume", Some(name)) => return Some(Node::string(name, at)),
            ("claim", Some(claim)) => return self.claim(&claim, value, mount, volumes, own_name, origin),
            ("configMap", Some(config)) => {
                let target = self.reference(Section::ConfigMaps, &config, None, need, value);
                let body = Draft::new(at).node("name", Node::string(target, at));
                (named("configmap", &config), with_options(body, mount).done())
            }
            ("secret", Some(secret)) => {
                let target = self.reference(Section::Secrets, &secret, None, need, value);
                let body = Draft::new(at).node("secretName", Node::string(target, at));
                (named("secret", &secret), with_options(body, mount).done())
            }
            ("hostPath", Some(host)) => (by_path(), Draft::new(at).text("path", host).done()),
            ("emptyDir", None) => {
                // Scratch space is a container's own; containers share it by giving it a `name`.
                let name = match (&own_name, &volumes.container) {
                    (None, Some(container)) => budgeted(&slug(&format_smolstr!("{container}-{path}")), 63),
                    _ => by_path(),
                };
                (name, if value.is_null() { Node::map(Map::new(), at) } else { value.clone() })
            }
            (_, None) if value.as_map().is_some() && self.is_volume_source(what) => {
                (by_path(), self.native_source(what, value))
            }
            ("volume" | "claim" | "configMap" | "secret" | "hostPath", None) => {
                self.refuse(value, format!("expected a name for `{what}`, found {}", value.type_name()), FORM);
                return None;
            }
            _ if self.is_volume_source(what) => {
                self.refuse(value, format!("expected a mapping for `{what}`, found {}", value.type_name()), FORM);
                return None;
            }
            _ => {
                let known = ["claim", "configMap", "secret", "emptyDir", "hostPath", "volume"];
                let finding =
                    Diagnostic::new(Code::UnknownField, source.key.origin, format!("a mount has no field `{what}`"));
                let known = known.into_iter().chain(MOUNT_OPTIONS.iter().copied());
                self.diagnostics.push(finding.did_you_mean_word(what, known).help(FORM));
                return None;
            }
        };
        if own_name.is_some() {
            return self.place(volumes, name, what, body, value, origin);
        }
        // Equal sources share a volume, and what is named after its path only with mounts at the same path.
        let shared =
            matches!(what, "configMap" | "secret") || volumes.paths.get(&name).is_none_or(|known| known == path);
        let name = match volumes.find(&name) {
            Found::Nothing => name,
            Found::Volume(known) if shared && known.get(what) == Some(&body) => name,
            _ => budgeted(&format_smolstr!("{name}-{}", short_hash(path)), 63),
        };
        volumes.paths.insert(name.clone(), path.into());
        self.place(volumes, name, what, body, value, origin)
    }

    /// Adds a volume where it is not there yet; another source of the same name is a finding.
    fn place(
        &mut self,
        volumes: &mut Volumes,
        name: SmolStr,
        what: &str,
        body: Node,
        value: &Node,
        origin: Origin,
    ) -> Option<Node> {
        match volumes.find(&name) {
            Found::Nothing => {
                volumes.listed.push(Draft::new(origin).text("name", name.clone()).node(what, body).done());
            }
            Found::Volume(known) if known.get(what) == Some(&body) => {}
            _ => {
                let message = format!("the volume `{name}` is there already, with another source");
                self.refuse(
                    value,
                    message,
                    "give one of them another `name`, or mount the same one as `{volume: NAME}`",
                );
                return None;
            }
        }
        Some(Node::string(name, value.origin()))
    }

    fn is_volume_source(&self, field: &str) -> bool {
        let volume = self.context.facts.named("core/v1.Volume");
        field != "name" && volume.field(field).is_some()
    }

    fn claim(
        &mut self,
        claim: &SmolStr,
        value: &Node,
        mount: &Map,
        volumes: &mut Volumes,
        own_name: Option<SmolStr>,
        origin: Origin,
    ) -> Option<Node> {
        let at = value.origin();
        let volume_name = own_name.unwrap_or_else(|| budgeted(&slug(claim), 63));
        let Some(size) = mount.get("size") else {
            if let Some(option) = mount.iter().find(|entry| AT_CLAIM.contains(&entry.key.text.as_str())) {
                self.refuse(
                    &option.value,
                    format!("`{}` needs a `size`: without one the claim is there already", option.key.text),
                    FORM,
                );
            }
            let target = self.used(Section::Claims, value);
            let body = Draft::new(at).node("claimName", target).done();
            return self.place(volumes, volume_name, "persistentVolumeClaim", body, value, origin);
        };
        let spec = claim_spec(size, mount, origin);
        if self.kind() == WorkloadKind::StatefulSet {
            let metadata = Draft::new(at).node("name", Node::string(volume_name.clone(), at)).done();
            let template = Draft::new(origin).node("metadata", metadata).node("spec", spec).done();
            match volumes.find(&volume_name) {
                Found::Nothing => volumes.claim_templates.push(template),
                Found::Template(known) if *known == template => {}
                _ => {
                    let message = format!("the volume `{volume_name}` is there already, with another source");
                    self.refuse(
                        value,
                        message,
                        "give one of them another `name`, or mount the same one as `{volume: NAME}`",
                    );
                    return None;
                }
            }
            return Some(Node::string(volume_name, at));
        }
        let name = budgeted(&format_smolstr!("{}-{claim}", self.name()), 253);
        let body = Draft::new(at).text("claimName", name.clone()).done();
        if !volumes.claims.iter().any(|known| known.key.name == name) {
            // The name says which claim was asked for: that is its place.
            let name = &Node::string(name, self.origin());
            let metadata = self.companion_metadata(name, None);
            let metadata = super::env::replace(&metadata, "name", name.moved(at));
            let body = vec![("spec", spec)];
            volumes.claims.push(self.object("v1", "PersistentVolumeClaim", name, metadata, body, origin));
        }
        self.place(volumes, volume_name, "persistentVolumeClaim", body, value, origin)
    }
}

/// Returns the spec of a claim: what is written, and `ReadWriteOnce` where no access mode is.
pub(super) fn claim_spec(size: &Node, options: &Map, origin: Origin) -> Node {
    let requests = Draft::new(size.origin()).node("storage", size.clone()).done();
    let resources = Draft::new(size.origin()).node("requests", requests).done();
    let modes = match options.get("accessModes") {
        Some(modes) if modes.text().is_some() => list_of(modes.clone()),
        Some(modes) => modes.clone(),
        None => list_of(Node::string("ReadWriteOnce", size.origin())),
    };
    Draft::new(origin)
        .node("accessModes", modes)
        .node("resources", resources)
        .maybe("storageClassName", options.get("storageClassName").cloned())
        .maybe("volumeMode", options.get("volumeMode").cloned())
        .done()
}

fn with_options(draft: Draft, mount: &Map) -> Draft {
    draft
        .maybe("items", mount.get("items").map(spelled_items))
        .maybe("defaultMode", mount.get("defaultMode").cloned())
        .maybe("optional", mount.get("optional").cloned())
}

/// Spells `{KEY: PATH}` out as the native list.
fn spelled_items(items: &Node) -> Node {
    let Some(map) = items.as_map() else { return items.clone() };
    let list = map.iter().map(|entry| {
        let key = Node::string(entry.key.text.clone(), entry.key.origin);
        Draft::new(entry.origin()).node("key", key).node("path", entry.value.clone()).done()
    });
    let mut list: Vec<Node> = list.collect();
    list.sort_by_key(|item| item.get("key").and_then(Node::text).cloned());
    Node::seq(list, items.origin())
}

enum Found<'v> {
    Nothing,
    Volume(&'v Node),
    Template(&'v Node),
}

impl Volumes {
    fn find(&self, name: &SmolStr) -> Found<'_> {
        let is_named = |template: &&Node| template.at(&["metadata", "name"]).and_then(Node::text) == Some(name);
        let listed = self.listed.iter().find(|volume| name_of(volume) == Some(name)).map(Found::Volume);
        let template = || self.claim_templates.iter().find(is_named).map(Found::Template);
        listed.or_else(template).unwrap_or(Found::Nothing)
    }
}
