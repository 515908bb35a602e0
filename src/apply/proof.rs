//! The proof that an object need not be sent: sending it would change nothing on the server.
//!
//! An object as it is wanted and as the server has it enter; a yes or a "cannot say" leaves. A yes is a promise: server-side
//! apply with that manager would leave the resourceVersion as it is. Whatever is not understood is not promised; the
//! object is sent then, and the server finds out for the price of one read.
//!
//! What the promise is about is the object alone. Admission that alters an object at every write, and a server that has
//! learned new defaults since the object was stored, are not seen.

mod canonical;
mod custom;
#[cfg(test)]
mod tests;

use serde_json::{Map as JsonMap, Value as Json};
use smol_str::{SmolStr, format_smolstr};

use self::canonical::Canon;
use super::managed::{NOBODYS, Parts, item_step, managed_entries, type_of, value_step};
use super::{ManagedEntry, Operation};
use crate::cluster::Live;
use crate::kubernetes::{Facts, Look, Schema, Tree, Type, same};
use crate::text::Node;

/// Whether applying `desired` as `manager` would change nothing, not even the owners of a field.
///
/// It is so where the manager's last apply owns just the fields of `desired`, in the same version, and each of them has the
/// value that the server has: word for word, or in other words that it stores as the same (`1000m` for `1`).
/// A live object that does not name its `apiVersion` and `kind`, as the items of lists, is taken to be what is desired.
///
/// Never proven are a body with a `status` or with `stringData`, objects that are going away, and objects with owners that
/// wrote in versions that the facts do not know, as the server forgets such owners at the next write. What custom resources
/// say has to stand there word for word.
pub fn is_unchanged(desired: &Node, live: &Live, facts: &Facts, manager: &str) -> bool {
    proof(desired, live, facts, manager).is_some()
}

/// Returns something where it is proven.
fn proof(desired: &Node, live: &Live, facts: &Facts, manager: &str) -> Option<()> {
    let ty = type_of(desired, facts);
    let version = desired.get("apiVersion")?.as_str()?;
    let is_same =
        |path: &[&str]| live.text(path).is_none_or(|text| desired.at(path).and_then(Node::as_str) == Some(text));
    if !is_same(&["apiVersion"]) || !is_same(&["kind"]) || desired.get("status").is_some() {
        return None;
    }
    // An object that is going away goes with a write, maybe.
    if live.at(&["metadata", "deletionTimestamp"]).is_some() {
        return None;
    }
    if !is_stored(desired, live) {
        return None;
    }
    // The server writes kubectl's annotation anew when kubectl applies.
    if manager == "kubectl" && live.annotation("kubectl.kubernetes.io/last-applied-configuration").is_some() {
        return None;
    }
    let entries = managed_entries(live)?;
    let ours = entries.iter().position(|entry| entry.is_applied_by(manager))?;
    if entries[ours].api_version != version || !entries.iter().all(|entry| is_served(entry, desired, facts)) {
        return None;
    }
    let others: Vec<&ManagedEntry<'_>> =
        entries.iter().enumerate().filter_map(|(at, entry)| (at != ours).then_some(entry)).collect();
    // What the server stores in other words is a change until it is stored: it meets other owners, and an apply that
    // changes anything becomes the latest one, which would change the order of two.
    let alone = others.iter().all(|entry| entry.operation == Operation::Update && entry.api_version == version);
    let others = if alone { Some(others.iter().map(|entry| entry.fields).collect()) } else { None };
    let mut walk = Walk { canon: Canon::new(facts, ty, desired), others, path: Vec::new() };

    let mut owned = 0;
    for (key, value) in desired.members() {
        match key {
            "apiVersion" | "kind" | "metadata" => {}
            "stringData" => return None,
            _ => {
                let fields = entries[ours].fields;
                owned += usize::from(match ty {
                    Some(ty) => walk.field(ty, key, value, &live.0, fields)?,
                    None => walk.guided_field(key, value, live.0.get(key), fields)?,
                });
            }
        }
    }
    let metadata = desired.get("metadata")?;
    // Of custom resources the server stores no empty labels and annotations, and so writes them every time.
    let is_empty = |value: &Node| matches!(value.look(), Look::Map(0) | Look::List([]) | Look::Null);
    if ty.is_none() && metadata.members().any(|(_, value)| is_empty(value)) {
        return None;
    }
    owned += usize::from(walk.metadata(metadata, live, entries[ours].fields)?);
    (owned == entries[ours].fields.len()).then_some(())
}

/// Whether what is read of an object is also what is stored of it.
///
/// The server creates claims and volumes without a phase and Jobs without labels, where none are written, but reads them
/// with; the next write, whatever it says, stores those. A status shows that there was such a write.
fn is_stored(desired: &Node, live: &Live) -> bool {
    let status = live.at(&["status"]).and_then(Json::as_object);
    match desired.get("kind").and_then(Node::as_str) {
        Some("PersistentVolumeClaim" | "PersistentVolume") => {
            status.is_some_and(|status| status.len() > 1 || status.get("phase").is_some_and(|phase| phase != "Pending"))
        }
        Some("Job") => {
            let labelled =
                |path: &[&str]| desired.at(path).and_then(Node::as_map).is_some_and(|labels| !labels.is_empty());
            // Labels of the template as it is written are the Job's own before it is stored.
            labelled(&["metadata", "labels"])
                || labelled(&["spec", "template", "metadata", "labels"])
                || status.is_some_and(|status| !status.is_empty())
        }
        _ => true,
    }
}

/// Whether the server knows the version that an owner wrote in.
fn is_served(entry: &ManagedEntry<'_>, desired: &Node, facts: &Facts) -> bool {
    let group_of = |version: &str| -> (SmolStr, SmolStr) {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        (group.into(), version.into())
    };
    let Some(version) = desired.get("apiVersion").and_then(Node::as_str) else { return false };
    if entry.api_version == version {
        return true;
    }
    let Some(kind) = desired.get("kind").and_then(Node::as_str) else { return false };
    let ((ours, _), (group, version)) = (group_of(version), group_of(entry.api_version));
    ours == group && facts.kind(&group, &version, kind).is_some()
}

/// Goes through a body, the live object and the fields that the manager owns, all three at once.
struct Walk<'a> {
    canon: Canon<'a>,
    /// What others own, where a value may differ in words at all.
    others: Option<Vec<&'a JsonMap<String, Json>>>,
    /// The steps to where the walk is.
    path: Vec<SmolStr>,
}

impl Walk<'_> {
    fn metadata(&mut self, body: &Node, live: &Live, owned: &JsonMap<String, Json>) -> Option<bool> {
        let ty = self.canon.facts.named("meta/v1.ObjectMeta");
        let live = live.at(&["metadata"])?;
        let nothing = JsonMap::new();
        let below = owned.get("f:metadata");
        let fields = below.map_or(Some(&nothing), Json::as_object)?;
        let mut count = 0;
        self.path.push("f:metadata".into());
        for (key, value) in body.members() {
            if matches!(key, "name" | "namespace") {
                if !same(value, live.get(key)?) {
                    return None;
                }
            } else if key == "creationTimestamp" && value.is_null() {
                self.others.as_ref()?;
            } else if NOBODYS.contains(&key) || key.starts_with("deletion") {
                return None;
            } else {
                count += usize::from(self.field(ty, key, value, live, fields)?);
            }
        }
        self.path.pop();
        (count == fields.len()).then_some(())?;
        (count > 0 || below.is_none()).then_some(count > 0)
    }

    /// Proves a field of a type; tells whether the manager owns it, or something in it.
    fn field(&mut self, ty: &Type, key: &str, body: &Node, live: &Json, owned: &JsonMap<String, Json>) -> Option<bool> {
        let schema = &ty.field(key)?.schema;
        let step = format_smolstr!("f:{key}");
        let below = owned.get(step.as_str());
        self.path.push(step);
        let owns = self.value(body, live.get(key), below, schema, Some((ty, key)), false)?;
        self.path.pop();
        Some(owns)
    }

    /// Proves a value. `member` says that the value itself is owned, whatever is in it.
    fn value(
        &mut self,
        body: &Node,
        live: Option<&Json>,
        owned: Option<&Json>,
        schema: &Schema,
        of: Option<(&Type, &str)>,
        member: bool,
    ) -> Option<bool> {
        let facts = self.canon.facts;
        let nothing = JsonMap::new();
        let fields = owned.map_or(Some(&nothing), Json::as_object)?;
        let count = match (Parts::of(schema, facts), body.look()) {
            (Parts::Whole, _) | (_, Look::Null) => {
                self.leaf(body, live, schema, of)?;
                return is_leaf(owned).then_some(true);
            }
            (Parts::Fields(_), Look::Map(0)) => {
                live?.as_object()?;
                return is_leaf(owned).then_some(true);
            }
            (Parts::Values(_), Look::Map(0)) => {
                self.empty(body, live, schema, Json::is_object)?;
                return is_leaf(owned).then_some(true);
            }
            (Parts::Items(..) | Parts::Set, Look::List([])) => {
                // Nobody owns an empty list, so nothing shows that the server took it before: some it refuses.
                if live.is_none_or(Json::is_null) && !of.is_some_and(|(ty, _)| ty.name.starts_with("core/v1.")) {
                    return None;
                }
                self.empty(body, live, schema, Json::is_array)?;
                0
            }
            (Parts::Fields(ty), Look::Map(_)) => {
                let live = live.filter(|live| live.is_object())?;
                let mut count = 0;
                for (key, value) in body.members() {
                    count += usize::from(self.field(ty, key, value, live, fields)?);
                }
                count
            }
            (Parts::Values(schema), Look::Map(members)) => {
                let live = live?.as_object()?;
                for (key, value) in body.members() {
                    let step = format_smolstr!("f:{key}");
                    let below = Some(fields.get(step.as_str())?);
                    self.path.push(step);
                    self.value(value, live.get(key), below, schema, None, true)?;
                    self.path.pop();
                }
                members
            }
            (Parts::Items(keys, schema), Look::List(items)) => {
                let step = |item: &Node| item_step(item, keys, schema, facts);
                let live_step = |item: &Json| item_step(item, keys, schema, facts);
                let within = |walk: &mut Self, item: &Node, live: &Json, below: &Json| {
                    walk.value(item, Some(live), Some(below), schema, None, true).map(drop)
                };
                self.items(items, live?.as_array()?, fields, step, live_step, within)?
            }
            (Parts::Set, Look::List(items)) => {
                let within = |_: &mut Self, _: &Node, _: &Json, below: &Json| is_leaf(Some(below)).then_some(());
                self.items(items, live?.as_array()?, fields, value_step, value_step, within)?
            }
            _ => return None,
        };
        if count == 0 && !member {
            return owned.is_none().then_some(false);
        }
        let point = usize::from(count > 0 && member);
        (fields.len() == count + point && owned.is_some()).then_some(())?;
        (point == 0 || fields.contains_key(".")).then_some(true)
    }

    /// Proves the items of a list that others may have items in, each by what is in it; returns their number.
    fn items(
        &mut self,
        items: &[Node],
        live: &[Json],
        owned: &JsonMap<String, Json>,
        step: impl Fn(&Node) -> Option<SmolStr>,
        live_step: impl Fn(&Json) -> Option<SmolStr>,
        within: impl Fn(&mut Self, &Node, &Json, &Json) -> Option<()>,
    ) -> Option<usize> {
        let steps: Vec<SmolStr> = live.iter().map(live_step).collect::<Option<_>>()?;
        if has_doubles(&steps) {
            return None;
        }
        // The server brings items into the order of the body, so those of ours have to be in it.
        let mut places = 0..live.len();
        for item in items {
            let step = step(item)?;
            let place = places.find(|place| steps[*place] == step)?;
            let below = owned.get(step.as_str())?;
            self.path.push(step);
            within(self, item, &live[place], below)?;
            self.path.pop();
        }
        Some(items.len())
    }

    /// Proves a value that is owned as a whole.
    fn leaf(&self, body: &Node, live: Option<&Json>, schema: &Schema, of: Option<(&Type, &str)>) -> Option<()> {
        let is_so = match live.filter(|live| !live.is_null()) {
            Some(live) if same(body, live) => return Some(()),
            Some(live) => self.canon.stores(body, live, schema),
            None => self.canon.stores_nothing(body, schema, of),
        };
        if is_so { self.is_nobody_elses() } else { None }
    }

    /// Proves an empty mapping or list, which takes nothing away from what others have there.
    fn empty(&self, body: &Node, live: Option<&Json>, schema: &Schema, fits: fn(&Json) -> bool) -> Option<()> {
        match live.filter(|live| !live.is_null()) {
            Some(live) => fits(live).then_some(()),
            None if self.canon.stores_nothing(body, schema, None) => self.is_nobody_elses(),
            None => None,
        }
    }

    /// Whether nobody else owns what is at the path, or in it.
    fn is_nobody_elses(&self) -> Option<()> {
        let owned = |fields: &&JsonMap<String, Json>| {
            let mut at = Some(*fields);
            for step in &self.path {
                at = at.and_then(|fields| fields.get(step.as_str())).and_then(Json::as_object);
            }
            at.is_some()
        };
        (!self.others.as_ref()?.iter().any(owned)).then_some(())
    }
}

/// Whether a field is owned as a whole.
fn is_leaf(owned: Option<&Json>) -> bool {
    owned.and_then(Json::as_object).is_some_and(JsonMap::is_empty)
}

fn has_doubles(steps: &[SmolStr]) -> bool {
    if steps.len() <= 16 {
        return steps.iter().enumerate().any(|(at, step)| steps[..at].contains(step));
    }
    let mut sorted: Vec<&SmolStr> = steps.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}
