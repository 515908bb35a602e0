//! The proof for kinds that no facts are about: what the manager owns shows how the server takes an object apart.
//!
//! Every field of the body has to be owned, nothing else may be, and each value has to stand there word for word. What is
//! owned as a whole can be a value, or a list whose items belong together; a mapping that is owned as a whole may also be
//! one that was empty when it was applied, which is why none is proven that has anything in it.

use serde_json::{Map as JsonMap, Value as Json};
use smol_str::format_smolstr;

use super::{Walk, has_doubles};
use crate::apply::managed::value_step;
use crate::kubernetes::{Look, Tree, same};
use crate::source::Node;

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
                self.guided_items(items, live.as_array()?, owned)
            }
            _ => (owned.is_empty() && same(body, live)).then_some(()),
        }
    }

    /// Proves the items of a list that others may have items in; they have to stand in one order on both sides.
    fn guided_items(&mut self, items: &[Node], live: &[Json], owned: &JsonMap<String, Json>) -> Option<()> {
        let mut places = 0..live.len();
        let mut steps = Vec::with_capacity(items.len());
        for item in items {
            let step = match item.look() {
                Look::Map(_) => owned.keys().find(|step| is_item(step, item))?.as_str().into(),
                _ => value_step(item)?,
            };
            let below = owned.get(step.as_str())?.as_object()?;
            let stands = |at: &Json| if step.starts_with("k:") { is_item(&step, at) } else { same(item, at) };
            let place = places.find(|place| stands(&live[*place]))?;
            if live.iter().filter(|at| stands(at)).count() != 1 {
                return None;
            }
            self.path.push(step.clone());
            if step.starts_with("k:") {
                self.guided(item, &live[place], below)?;
            } else {
                below.is_empty().then_some(())?;
            }
            self.path.pop();
            steps.push(step);
        }
        (!has_doubles(&steps)).then_some(())
    }
}

/// Whether an item has the keys of a step, such as `k:{"name":"web"}`.
fn is_item<T: Tree>(step: &str, item: &T) -> bool {
    let keys = step.strip_prefix("k:").and_then(|keys| serde_json::from_str::<JsonMap<String, Json>>(keys).ok());
    keys.is_some_and(|keys| {
        keys.iter().all(|(key, value)| item.members().any(|(name, own)| name == key && same(own, value)))
    })
}
