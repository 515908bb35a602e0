//! Names, labels and annotations of generated objects.
//!
//! The labels that selectors use are pinned: nothing a user adds or changes reaches a selector, and a label that would
//! change one is a finding.

use smol_str::SmolStr;

use super::Lowering;
use super::draft::Draft;
use super::memo::Memo;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::{Instance, Plan, label_text, labeled};
use crate::spec::{Batch, as_label, budgeted};
use crate::text::{Entry, Key, Map, Node, Value};

/// The label that names the workload.
pub(super) const NAME_LABEL: &str = "app.kubernetes.io/name";
/// The label that names the instance.
pub(super) const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// The most bytes of the value of a label; names may have more.
const LONGEST_VALUE: usize = 63;

/// Returns the labels that select the pods of an instance: those that it says itself, or its names.
pub(super) fn pinned(instance: &Instance, diagnostics: &mut Diagnostics) -> Node {
    let origin = instance.origin;
    if let Some(own) = instance.fields.get("selectorLabels").filter(|own| !own.is_null()) {
        let mut labels = Map::new();
        overlay(&mut labels, own);
        if let Some(labels) = sorted(&labels, own.origin()) {
            return labels;
        }
        let found = if own.as_map().is_some() { "none" } else { own.type_name() };
        let message = format!("expected labels for `selectorLabels`, found {found}");
        let finding = Diagnostic::new(Code::WrongType, own.origin(), message);
        diagnostics.push(finding.help("write `selectorLabels: {app: \"{{ name }}\"}`"));
    }
    let mut labels = Map::with_capacity(2);
    let entry = Node::string(instance.entry.clone(), origin);
    for (key, name) in [(INSTANCE_LABEL, &instance.name), (NAME_LABEL, &entry)] {
        // Longer than what a text holds in place: the key is not copied.
        labels.push(Key::new(SmolStr::new_static(key), origin), name.made(in_label));
    }
    Node::map(labels, origin)
}

impl Lowering<'_> {
    /// Returns the labels that select the pods of this instance.
    pub(super) fn pinned_labels(&self) -> Node {
        self.pinned.clone()
    }

    /// Returns the labels of the instance's objects; of its pods with `pods`.
    pub(super) fn labels(&mut self, pods: bool) -> Map {
        let mut labels = self.pinned_labels().as_map().cloned().unwrap_or_default();
        axis_labels(&mut labels, self.plan, self.instance, self.memo);
        let own = [
            self.context.batch.batch.labels.as_ref(),
            self.field("labels"),
            if pods { self.field("podLabels") } else { None },
        ];
        for written in own.into_iter().flatten() {
            if self.expect_map(written, "labels", "write `labels: {KEY: value}`").is_some() {
                if pods {
                    self.check_pinned(written);
                }
                overlay(&mut labels, written);
            }
        }
        labels
    }

    /// Reports labels that would take the pods out of what selects them.
    pub(super) fn check_pinned(&mut self, written: &Node) {
        // A Pod or Job has no selector of its own, but what accompanies it may have one.
        const SELECTING: &[&str] = &[
            "service",
            "services",
            "disruption",
            "networkPolicy",
            "spread",
            "podAffinity",
            "podAntiAffinity",
            "selectorLabels",
        ];
        let selected = self.kind().selects_pods() || SELECTING.iter().any(|key| self.field(key).is_some());
        if !selected || self.field("selector").is_some() {
            return;
        }
        let pinned = self.pinned_labels();
        let is_own = self.field("selectorLabels").is_some();
        for entry in written.as_map().into_iter().flatten() {
            let Some(value) = pinned.get(&entry.key.text) else { continue };
            if value.as_str() == entry.value.as_str() {
                continue;
            }
            let message = format!("the selector of `{}` uses the label `{}`", self.instance.entry, entry.key.text);
            let finding = Diagnostic::new(Code::SelectorConflict, entry.key.origin, message)
                .label("this would take its pods out of the selector");
            self.diagnostics.push(if is_own {
                finding
                    .also(value.origin(), "selected by this")
                    .help("write it in `selectorLabels` alone, or use another label")
            } else {
                finding.help("use another label, or write the `selectorLabels` yourself")
            });
        }
    }

    /// Reports two ways of one layer to say which pods are selected.
    pub(super) fn check_selectors(&mut self) {
        if let (Some(selector), Some(labels)) = (self.field("selector"), self.field("selectorLabels")) {
            let message =
                format!("`selector` and `selectorLabels` both say which pods `{}` selects", self.instance.entry);
            let finding = Diagnostic::new(Code::SelectorConflict, labels.origin(), message);
            self.diagnostics.push(finding.also(selector.origin(), "the selector is here").help("remove one of them"));
        }
    }

    /// Returns the annotations of the instance's objects; of its pods with `pods`.
    pub(super) fn annotations(&mut self, pods: bool) -> Map {
        let mut annotations = Map::new();
        if let Some(batch) = &self.context.batch.batch.annotations {
            overlay(&mut annotations, batch);
        }
        let own = [self.field("annotations"), if pods { self.field("podAnnotations") } else { None }];
        for written in own.into_iter().flatten() {
            if self.expect_map(written, "annotations", "write `annotations: {KEY: value}`").is_some() {
                overlay(&mut annotations, written);
            }
        }
        annotations
    }

    /// Returns the metadata of an object of this instance.
    pub(super) fn metadata(&self, name: &Node, labels: &Map, annotations: &Map) -> Node {
        let origin = self.origin();
        Draft::new(origin)
            .node("name", name.clone())
            .maybe("namespace", self.namespace().cloned())
            .maybe("labels", sorted(labels, origin))
            .maybe("annotations", sorted(annotations, origin))
            .done()
    }

    /// Returns the metadata of an object that accompanies the workload: its labels and annotations, and its own.
    pub(super) fn companion_metadata(&mut self, name: &Node, own: Option<&Map>) -> Node {
        let mut labels = self.labels(false);
        let mut annotations = self.annotations(false);
        for (key, target) in [("labels", &mut labels), ("annotations", &mut annotations)] {
            if let Some(written) = own.and_then(|own| own.get(key)) {
                overlay(target, written);
            }
        }
        self.metadata(name, &labels, &annotations)
    }
}

/// Returns a name as the value of a label.
fn in_label(name: &Node) -> Node {
    Node::string(budgeted(name.as_str().unwrap_or_default(), LONGEST_VALUE), name.origin())
}

/// Returns the value of the label that stands for an axis value, null where none can.
fn of_axis(value: &Node) -> Node {
    let label = label_text(value).and_then(|text| as_label(&text));
    label.map_or_else(|| Node::new(Value::Null, value.origin()), |text| Node::string(text, value.origin()))
}

/// Adds the labels that stand for the axis values of an instance.
fn axis_labels(labels: &mut Map, plan: &Plan, instance: &Instance, memo: &mut Memo) {
    for entry in labeled(plan, instance) {
        let value = entry.value.made(of_axis);
        if let Some(key) = memo.axis_label(&entry.key.text).filter(|_| !value.is_null() && !value.is_broken()) {
            labels.set(Key::new(key, value.origin()), value);
        }
    }
}

/// Returns the metadata of the object of an instance that is no workload: the batch's, and what its entry adds.
pub(super) fn entry_metadata(
    batch: &Batch,
    plan: &Plan,
    instance: &Instance,
    name: &Node,
    namespaced: bool,
    memo: &mut Memo,
) -> Node {
    let origin = instance.origin;
    let own = |key: &str| instance.fields.get(key).filter(|node| !node.is_null());
    let mut labels = Map::new();
    axis_labels(&mut labels, plan, instance, memo);
    let mut annotations = Map::new();
    for (key, of_batch, target) in
        [("labels", &batch.labels, &mut labels), ("annotations", &batch.annotations, &mut annotations)]
    {
        of_batch.iter().chain(own(key)).for_each(|written| overlay(target, written));
    }
    Draft::new(origin)
        .node("name", name.clone())
        .maybe("namespace", own("namespace").or(batch.namespace.as_ref()).filter(|_| namespaced).cloned())
        .maybe("labels", sorted(&labels, origin))
        .maybe("annotations", sorted(&annotations, origin))
        .done()
}

/// Sets all entries of a mapping; a null takes the key out.
pub(super) fn overlay(map: &mut Map, over: &Node) {
    for Entry { key, value } in over.as_map().into_iter().flatten() {
        if value.is_null() {
            map.remove(&key.text);
        } else {
            map.set(key.clone(), value.clone());
        }
    }
}

/// Returns a mapping with its keys sorted; none for an empty one.
pub(super) fn sorted(map: &Map, origin: crate::text::Origin) -> Option<Node> {
    let mut map = map.clone();
    map.sort_by_key(|entry| entry.key.text.clone());
    (!map.is_empty()).then(|| Node::map(map, origin))
}
