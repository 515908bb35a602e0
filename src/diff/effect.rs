//! What a change does to a cluster.
//!
//! Two objects and what differs in them enter; each change leaves with its effect. What the server refuses is said by
//! the table that `apply` asks too; what controllers do is said here.

use std::fmt;

use smol_str::{SmolStr, format_smolstr};

use super::matching::Renames;
use super::meaning::Pair;
use super::{Change, Fate, Path, Shown, Step, What, definition, exposure, guard, secret, security};
use crate::check::Definitions;
use crate::kubernetes::field::{is_within, without_items};
use crate::kubernetes::immutable::{Rule, may_refuse, refused};
use crate::kubernetes::{Facts, Load, Manifest, ObjectKey, Tree};
use crate::text::{Origin, Value};

/// What a change does, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing: the same is said in other words.
    None,
    /// Labels, annotations or the version of an API: nothing that runs looks at it by itself.
    Metadata,
    /// The object changes where it stands.
    InPlace,
    /// Its pods are replaced.
    Rollout,
    /// The server refuses the update: the object must be deleted and made anew.
    Recreate,
    /// The object goes away, and what it did with it.
    Removed,
    /// A definition allows less: objects of its kind that were valid are refused, or lose fields.
    Breaking,
    /// What runs may do more than before, or what kept it from doing so is gone.
    Security,
    /// What is stored goes with it.
    DataLoss,
}

/// The pods of an object, and what all of them together ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The pods that are there at one time; those of a `DaemonSet` on one node.
    pub pods: u64,
    /// What they request in thousandths of a cpu.
    pub cpu: i64,
    /// What they request in bytes of memory.
    pub memory: i64,
}

/// Kinds whose controllers replace pods that are not of the template.
const ROLLS: [(&str, &str); 3] = [("apps", "Deployment"), ("apps", "DaemonSet"), ("apps", "StatefulSet")];

impl Effect {
    /// All effects, the least first.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Metadata,
        Self::InPlace,
        Self::Rollout,
        Self::Recreate,
        Self::Removed,
        Self::Breaking,
        Self::Security,
        Self::DataLoss,
    ];

    /// Returns the name that options and reports have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::InPlace => "in-place",
            Self::Rollout => "rollout",
            Self::Recreate => "recreate",
            Self::Removed => "removed",
            Self::Breaking => "breaking",
            Self::Security => "security",
            Self::DataLoss => "data-loss",
        }
    }

    /// Returns the words that people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no effect",
            Self::Metadata => "metadata only",
            Self::InPlace => "in place",
            Self::Rollout => "rollout",
            Self::Recreate => "recreate",
            Self::Removed => "removed",
            Self::Breaking => "breaking",
            Self::Security => "security",
            Self::DataLoss => "data loss",
        }
    }

    /// Says what the effect is, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::None => "the same in other words",
            Self::Metadata => "labels, annotations, API versions",
            Self::InPlace => "added, or changed where it stands",
            Self::Rollout => "pods are replaced",
            Self::Recreate => "the server refuses the update: delete and make anew",
            Self::Removed => "the object goes, and what it did with it",
            Self::Breaking => "objects of a kind that were valid are refused, or lose fields",
            Self::Security => "more is allowed than before",
            Self::DataLoss => "what is stored goes with it",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Demand {
    pub(super) fn of(object: &Manifest) -> Self {
        let Some(load) = Load::of(object) else { return Self::default() };
        let all = load.pod.reserved().times(load.pods);
        Self {
            pods: load.pods,
            cpu: all.get("cpu").map_or(0, |amount| amount.units(-3)),
            memory: all.get("memory").map_or(0, |amount| amount.units(0)),
        }
    }

    /// Adds another demand.
    pub fn add(&mut self, other: Self) {
        self.pods = self.pods.saturating_add(other.pods);
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.memory = self.memory.saturating_add(other.memory);
    }
}

/// Says what the changes of an object do.
pub(super) fn classify(
    old: &Manifest,
    new: &Manifest,
    fate: &Fate,
    changes: &mut Vec<Change>,
    facts: &Facts,
    renames: &Renames,
) {
    if secret::is_secret(old) && secret::is_secret(new) {
        equal_values(old, new, changes);
    }
    if matches!(fate, Fate::Restated(_)) {
        let namespace = |change: &&mut Change| Path::is_at(&change.path.0, "metadata.namespace");
        changes.iter_mut().filter(namespace).for_each(|change| change.effect = Effect::None);
    }
    for change in changes.iter_mut().filter(|change| change.effect != Effect::None) {
        (change.effect, change.note) = by_place(new, &change.path);
    }
    match fate {
        Fate::Renamed(_) => renamed(old, new, changes),
        Fate::Rehashed(_) => {}
        // A kind that moved to another group has fields of its own, which the table of one kind does not know.
        Fate::Migrated(was) if was.group != new.key.group => {}
        _ if generated(new) => anew(changes),
        _ => refuse(old, new, changes, facts),
    }
    given_back(old, new, changes);
    scaled_with_claims(new, changes);
    no_longer_kept(old, new, changes);
    definition::judge(old, new, changes);
    for note in security::weakened(Some(old), new, facts).into_iter().chain(exposure::exposed(old, new, renames)) {
        changes.push(whole_note(Effect::Security, note, new.origin));
    }
}

/// Says what it does that an object comes or goes.
pub(super) fn classify_whole(
    object: &Manifest,
    added: bool,
    changes: &mut Vec<Change>,
    facts: &Facts,
    sides: [&[Manifest]; 2],
) {
    if added {
        for note in security::weakened(None, object, facts) {
            changes.push(whole_note(Effect::Security, note, object.origin));
        }
        return;
    }
    if let Some(note) = data_of(object)
        && let Some(whole) = changes.first_mut()
    {
        whole.effect = Effect::DataLoss;
        whole.note = Some(note.into());
    } else if let Some(whole) = changes.first_mut()
        && object.key.kind == "StatefulSet"
        && !object.node.present_at(&["spec"]).map_or(&[][..], |spec| spec.list("volumeClaimTemplates")).is_empty()
    {
        whole.note = Some("its claims stay, and hold what is stored".into());
    }
    if let Some(note) = security::unguarded(object).filter(|_| !guard::goes_with_its_pods(object, sides)) {
        changes.push(whole_note(Effect::Security, note.into(), object.origin));
    }
}

pub(super) fn whole_note(effect: Effect, note: SmolStr, origin: Origin) -> Change {
    Change { effect, note: Some(note), ..Change::whole(origin) }
}

/// Whether the server names the object: each run makes one more.
fn generated(object: &Manifest) -> bool {
    let has = |key: &str| object.node.present_at(&["metadata", key]).is_some();
    has("generateName") && !has("name")
}

/// What is made anew each time is never updated.
fn anew(changes: &mut [Change]) {
    for change in changes.iter_mut().filter(|change| change.effect > Effect::Metadata) {
        change.effect = Effect::InPlace;
        change.note = Some("in the next object: each run makes a new one (`generateName`)".into());
    }
}

/// What a Service leaves out that the server gave it, the server puts back.
fn given_back(old: &Manifest, new: &Manifest, changes: &mut [Change]) {
    if !new.key.group.is_empty() || new.key.kind != "Service" {
        return;
    }
    let kind = |object: &Manifest| {
        object.node.present_at(&["spec", "type"]).and_then(Tree::scalar).unwrap_or_else(|| "ClusterIP".into())
    };
    let both = |kinds: &[&str]| [old, new].iter().all(|object| kinds.contains(&kind(object).as_str()));
    let has_address = both(&["ClusterIP", "NodePort", "LoadBalancer"]);
    let has_ports = both(&["NodePort", "LoadBalancer"]);
    for change in changes.iter_mut().filter(|change| matches!(change.what, What::Removed(_))) {
        let is_address = ["spec.clusterIP", "spec.clusterIPs"].iter().any(|keys| Path::is_at(&change.path.0, keys));
        let is_port = change.path.keys().eq(["spec", "ports", "nodePort"]);
        if has_address && is_address || has_ports && is_port {
            change.effect = Effect::None;
            change.note = Some("the server keeps it as it was given".into());
        }
    }
}

/// Says what is stored from now on only as long as its claim, or its set, is there.
fn no_longer_kept(old: &Manifest, new: &Manifest, changes: &mut [Change]) {
    const CLAIMS: &str = "spec.persistentVolumeClaimRetentionPolicy";
    let (path, note): (&[&str], &str) = match (new.key.group.as_str(), new.key.kind.as_str()) {
        ("", "PersistentVolume") => (
            &["spec", "persistentVolumeReclaimPolicy"],
            "what it stores goes with its claim from now on, and was kept before",
        ),
        ("apps", "StatefulSet") => (
            &["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"],
            "its claims go with it from now on, and were kept before",
        ),
        _ => return,
    };
    let deletes =
        |object: &Manifest| object.node.present_at(path).and_then(Tree::scalar).is_some_and(|word| word != "Retain");
    if deletes(old) || !deletes(new) {
        return;
    }
    let at = path.join(".");
    for change in changes.iter_mut().filter(|change| change.path.is_below(&at) || Path::is_at(&change.path.0, CLAIMS)) {
        change.effect = Effect::DataLoss;
        change.note = Some(note.into());
    }
}

/// Returns what a change of a field does by itself.
fn by_place(new: &Manifest, path: &Path) -> (Effect, Option<SmolStr>) {
    if ["metadata.labels", "metadata.annotations", "apiVersion"].iter().any(|keys| path.is_below(keys)) {
        return (Effect::Metadata, None);
    }
    let key = &new.key;
    if path.is_below("spec.template") && ROLLS.contains(&(key.group.as_str(), key.kind.as_str())) {
        let says = |path: &[&str], word: &str| {
            new.node.present_at(path).and_then(Tree::scalar).is_some_and(|text| text == word)
        };
        if says(&["spec", "updateStrategy", "type"], "OnDelete") {
            return (Effect::InPlace, Some("pods are replaced only when they are deleted (`OnDelete`)".into()));
        }
        if key.kind == "Deployment" && says(&["spec", "paused"], "true") {
            return (Effect::InPlace, Some("pods are replaced when it is no longer paused".into()));
        }
        return partitioned(new).unwrap_or((Effect::Rollout, None));
    }
    if path.is_below("spec.updateStrategy.rollingUpdate.partition") && key.kind == "StatefulSet" {
        return (Effect::InPlace, Some("pods from there on get the newest template".into()));
    }
    if path.is_below("spec.jobTemplate") && key.kind == "CronJob" {
        return (Effect::InPlace, Some("from the next run on".into()));
    }
    if path.is_below("spec.template") && key.kind == "ReplicaSet" {
        return (Effect::InPlace, Some("for new pods only".into()));
    }
    (Effect::InPlace, None)
}

/// Says what a new template does to a `StatefulSet` that keeps it from its first pods; nothing where it keeps it from none.
fn partitioned(new: &Manifest) -> Option<(Effect, Option<SmolStr>)> {
    let number =
        |path: &[&str]| new.node.present_at(path).and_then(Tree::scalar).and_then(|text| text.parse::<u64>().ok());
    let partition = number(&["spec", "updateStrategy", "rollingUpdate", "partition"])?;
    let first = number(&["spec", "ordinals", "start"]).unwrap_or(0);
    let after = first + number(&["spec", "replicas"]).unwrap_or(1);
    if new.key.kind != "StatefulSet" || partition <= first {
        return None;
    }
    Some(if partition >= after {
        (Effect::InPlace, Some(format_smolstr!("no pod is replaced before `partition`, {partition}, is lowered")))
    } else {
        let last = format_smolstr!("only the pods from ordinal {partition} on are replaced (`partition`)");
        (Effect::Rollout, Some(last))
    })
}

/// An object of another name, or in another namespace, is another object: the old one goes, with what it holds.
fn renamed(old: &Manifest, new: &Manifest, changes: &mut [Change]) {
    const NAMES: [&str; 2] = ["metadata.name", "metadata.namespace"];
    let (was, is) = (&old.key, &new.key);
    let (effect, note) = match data_of(old) {
        Some(note) => (Effect::DataLoss, format_smolstr!("`{}` is deleted: {note}", was.name)),
        None if was.name == is.name && (was.namespace.is_empty() || is.namespace.is_empty()) => {
            let namespace = if was.namespace.is_empty() { &is.namespace } else { &was.namespace };
            let note = "the old one is deleted, and a new one made; it stays where those that name no namespace are";
            (Effect::Recreate, format_smolstr!("{note} in this one: then compare with `--namespace {namespace}`"))
        }
        None => (Effect::Recreate, "the old one is deleted, and a new one made".into()),
    };
    let named = |change: &&mut Change| NAMES.iter().any(|keys| Path::is_at(&change.path.0, keys));
    for change in changes.iter_mut().filter(named) {
        change.effect = effect;
        change.note = Some(note.clone());
    }
}

/// Asks the table of what an update may not change.
fn refuse(old: &Manifest, new: &Manifest, changes: &mut Vec<Change>, facts: &Facts) {
    let ObjectKey { group, kind, .. } = &new.key;
    if !changes.iter().any(|change| may_refuse(group, kind, &change.path.keys())) {
        return;
    }
    let pair = Pair::of_objects(old, new, facts);
    let Some([was, is]) = pair.stored() else { return };
    for refusal in refused(facts, was, was, is) {
        let place = without_items(&refusal.path);
        let shrinks = refusal.rule == Rule::Grows;
        let data =
            if shrinks { Some("a claim cannot shrink: what is stored goes with the old one") } else { data_of(old) };
        let effect = if data.is_some() { Effect::DataLoss } else { Effect::Recreate };
        let note = match data {
            Some(data) if !shrinks => format_smolstr!("`{}`: {}; {data}", refusal.field, refusal.rule),
            Some(data) => data.into(),
            None => format_smolstr!("`{}`: {}", refusal.field, refusal.rule),
        };
        let mut found = false;
        for change in changes.iter_mut().filter(|change| change.effect != Effect::None) {
            let at: Vec<&str> = change.path.keys().collect();
            let at = at.join(".");
            // The template of a Job is refused as one field, wherever it differs.
            let covered = match refusal.rule {
                // What differs in the versions that stay is taken.
                Rule::Stored => change.path.to_string() == refusal.path,
                _ => {
                    is_within(&at, &place)
                        || is_within(&place, &at)
                        || (refusal.field != "spec" && is_within(&at, refusal.field))
                }
            };
            if covered {
                change.effect = change.effect.max(effect);
                change.note = Some(note.clone());
                found = true;
            }
        }
        if !found {
            changes.push(whole_note(effect, note, new.origin));
        }
    }
}

/// Asks the rules of its definition what an update of a custom resource may not change: those of the new side, or else of
/// the old one.
pub(super) fn refuse_by_rules(
    old: &Manifest,
    new: &Manifest,
    changes: &mut Vec<Change>,
    definitions: &[Definitions; 2],
) {
    let key = &new.key;
    let version = |side: &'_ Definitions| -> Option<Vec<(String, String)>> {
        let definition = side.get(&key.group, &key.kind, new.node.origin().file)?;
        Some(definition.version(&key.version)?.check_update(&old.node, &new.node))
    };
    let [before, after] = definitions;
    for (field, why) in version(after).or_else(|| version(before)).unwrap_or_default() {
        let note: SmolStr = format_smolstr!("refused by a rule of its definition: {why}");
        let place = without_items(&field);
        let mut found = false;
        for change in changes.iter_mut().filter(|change| change.effect != Effect::None) {
            let at: Vec<&str> = change.path.keys().collect();
            let at = at.join(".");
            if place.is_empty() || is_within(&at, &place) || is_within(&place, &at) {
                change.effect = change.effect.max(Effect::Recreate);
                change.note = Some(note.clone());
                found = true;
            }
        }
        if !found {
            changes.push(whole_note(Effect::Recreate, note, new.origin));
        }
    }
}

/// Says what is stored in an object and goes with it; nothing where nothing is.
fn data_of(object: &Manifest) -> Option<&'static str> {
    let says = |path: &[&str]| object.node.present_at(path).and_then(Tree::scalar);
    match (object.key.group.as_str(), object.key.kind.as_str()) {
        ("", "PersistentVolumeClaim") => Some("its volume goes with it, unless the class retains volumes"),
        ("", "Namespace") => Some("all that is in it goes with it"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Some("all objects of its kind go with it"),
        ("", "PersistentVolume") if says(&["spec", "persistentVolumeReclaimPolicy"]).as_deref() == Some("Delete") => {
            Some("what it stores goes with it (`persistentVolumeReclaimPolicy: Delete`)")
        }
        ("apps", "StatefulSet")
            if says(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]).as_deref() == Some("Delete") =>
        {
            Some("its claims go with it (`whenDeleted: Delete`)")
        }
        _ => None,
    }
}

/// Fewer replicas are fewer claims, where the set says so.
fn scaled_with_claims(new: &Manifest, changes: &mut [Change]) {
    let scaled = new.node.present_at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]);
    if new.key.kind != "StatefulSet" || scaled.and_then(Tree::scalar).as_deref() != Some("Delete") {
        return;
    }
    for change in changes.iter_mut().filter(|change| change.path.is_below("spec.replicas")) {
        let number = |shown: &Shown| match shown {
            Shown::Value(node) => node.scalar().and_then(|text| text.parse::<u64>().ok()),
            Shown::Hidden => None,
        };
        let fewer = match &change.what {
            What::Changed(old, new) => number(new) < number(old),
            What::Removed(old) => number(old) > Some(1),
            _ => false,
        };
        if fewer {
            change.effect = Effect::DataLoss;
            change.note = Some("the claims of the pods that go, go too (`whenScaled: Delete`)".into());
        }
    }
}

/// A value of a Secret is the same whether it is written as text or in base64.
fn equal_values(old: &Manifest, new: &Manifest, changes: &mut [Change]) {
    let (old, new) = (secret::values(&old.node), secret::values(&new.node));
    for change in changes {
        let same = match change.path.0.as_slice() {
            // The mapping as a whole came or went: what it held may be in the other one.
            [Step::Key(part)] if part == "data" || part == "stringData" => old == new,
            [Step::Key(part), Step::Key(key), ..] if part == "data" || part == "stringData" => {
                old.get(key) == new.get(key)
            }
            _ => false,
        };
        if same {
            change.effect = Effect::None;
        }
    }
}

/// Returns the text of a value that may be shown.
pub(super) fn shown_text(shown: &Shown) -> Option<&str> {
    match shown {
        Shown::Value(node) => match node.value() {
            Value::String(text) | Value::Raw(text) | Value::Plain(text) => Some(text),
            _ => None,
        },
        Shown::Hidden => None,
    }
}
