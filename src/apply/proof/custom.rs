//! The proof for kinds that no facts are about: what the manager owns shows how the server takes an object apart.
//!
//! Every field of the body has to be owned, nothing else may be, and each value has to stand there word for word. What is
//! owned as a whole can be a value, or a list whose items belong together; a mapping that is owned as a whole may also be
//! one that was empty when it was applied, which is why none is proven that has anything in it.

use serde_json::{Map as JsonMap, Value as Json};
use smol_str::{SmolStr, format_smolstr};

use super::Walk;
use crate::apply::managed::{keyed_step, value_step};
use crate::kubernetes::{Look, Tree, same};
use crate::text::Node;

impl Walk<'_> {
    /// Proves a field; the manager owns it, or something in it, where it is proven.
    pub(super) fn guided_field(
        &mut self,
        key: &str,
        body: &Node,
        live: Option<&Json>,
        owned: &JsonMap<String, Json>,
    ) -> Option<bool> {
        let step = format_smolstr!("f:{key}");
        let below = owned.get(step.as_str())?;
        self.path.push(step);
        self.guided(body, live?, below.as_object()?)?;
        self.path.pop();
        Some(true)
    }

    fn guided(&mut self, body: &Node, live: &Json, owned: &JsonMap<String, Json>) -> Option<()> {
        let parts = owned.len() - usize::from(owned.contains_key("."));
        match body.look() {
            Look::Null => None,
            Look::Map(0) => (parts == 0 && live.as_object()?.is_empty()).then_some(()),
            Look::Map(members) => {
                (parts == members).then_some(())?;
                for (key, value) in body.members() {
                    self.guided_field(key, value, live.get(key), owned)?;
                }
                Some(())
            }
            Look::List(_) if owned.is_empty() => {
                self.is_nobody_elses()?;
                same(body, live).then_some(())
            }
            Look::List(items) => {
                (parts == items.len()).then_some(())?;
                let live = live.as_array()?;
                let within = |walk: &mut Self, item: &Node, live: &Json, below: &Json| {
                    walk.guided(item, live, below.as_object()?)
                };
                match owned.keys().find_map(|step| keys_of(step)) {
                    Some(keys) => {
                        let step = |item: &Node| keyed_step(item, &keys, |_| None);
                        let live_step = |item: &Json| keyed_step(item, &keys, |_| None);
                        self.items(items, live, owned, step, live_step, within)
                    }
                    None => self.items(items, live, owned, value_step, value_step, within),
                }
                .map(drop)
            }
            _ => (owned.is_empty() && same(body, live)).then_some(()),
        }
    }
}

/// Returns the keys by which the items of a list are told apart, from a step such as `k:{"name":"web"}`.
fn keys_of(step: &str) -> Option<Vec<SmolStr>> {
    let keys: JsonMap<String, Json> = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    Some(keys.keys().map(SmolStr::from).collect())
}
