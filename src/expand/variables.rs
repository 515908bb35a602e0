//! Variables that name others as `$(NAME)` in, their order out: what is used stands before what uses it.

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::text::Node;

/// Moves variables that a later layer adds before those of the layers below that use them as `$(NAME)`.
pub(super) fn behind_used(variables: Vec<Node>, below: usize) -> Vec<Node> {
    let name = |node: &Node| node.get("name").and_then(Node::text).cloned();
    let added: HashMap<SmolStr, usize> =
        variables.iter().enumerate().skip(below).filter_map(|(at, node)| Some((name(node)?, at))).collect();
    if added.is_empty() || below == 0 {
        return variables;
    }
    let order = in_order_of_use(variables.len(), |at| uses(&variables[at]), |name| added.get(name).copied());
    order.into_iter().map(|at| variables[at].clone()).collect()
}

/// Returns the numbers of variables, those that one uses before it; what uses itself in a circle keeps its place.
pub fn in_order_of_use<'v, Used: Iterator<Item = &'v str>>(
    count: usize,
    uses: impl Fn(usize) -> Used,
    place_of: impl Fn(&str) -> Option<usize>,
) -> Vec<usize> {
    let mut ordered = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    // A variable may use one that uses another, any number of times: what waits for others stands on a list, not the stack.
    let mut waiting = Vec::new();
    for first in 0..count {
        if !std::mem::replace(&mut seen[first], true) {
            waiting.push((first, uses(first)));
        }
        while let Some((at, used)) = waiting.last_mut() {
            let Some(name) = used.next() else {
                ordered.push(*at);
                waiting.pop();
                continue;
            };
            if let Some(other) = place_of(name).filter(|other| !std::mem::replace(&mut seen[*other], true)) {
                waiting.push((other, uses(other)));
            }
        }
    }
    ordered
}

/// Returns the names of the variables that one uses, be it a value or the native form of a variable.
pub fn uses(variable: &Node) -> impl Iterator<Item = &str> {
    let value = variable.get("value").unwrap_or(variable);
    let uses_any = value.says(|value| value.as_str().is_some_and(|text| text.contains("$(")));
    let text = if uses_any { value.as_str().unwrap_or_default() } else { "" };
    text.split("$(").skip(1).filter_map(|rest| rest.split_once(')')).map(|(name, _)| name)
}
