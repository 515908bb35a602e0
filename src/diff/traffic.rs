//! What a `NetworkPolicy` lets through: whether a change of it lets in, or out, what it kept.
//!
//! A policy of before and the same one of now enter, a sentence leaves for each way that is open now. A way is a peer with
//! a port; it was open where one rule of before lets through all of it.

use std::net::IpAddr;

use smol_str::{SmolStr, format_smolstr};

use crate::kubernetes::{Manifest, Tree, same};
use crate::text::Node;

/// The directions, their lists of rules, the peers in a rule, and what more is let through.
const DIRECTIONS: [(&str, &str, &str, &str); 2] = [
    ("Ingress", "ingress", "from", "traffic that it kept out is let in"),
    ("Egress", "egress", "to", "traffic that it kept in is let out"),
];

/// Returns what is let through now, and was not before.
pub(super) fn opened(old: &Manifest, new: &Manifest) -> Vec<SmolStr> {
    let (Some(old), Some(new)) = (old.node.present("spec"), new.node.present("spec")) else { return Vec::new() };
    let mut found = Vec::new();
    if !is_wider(new.present("podSelector"), old.present("podSelector")) {
        found.push("pods that it no longer selects are open to what it kept from them".into());
    }
    for (direction, list, peers, opens) in DIRECTIONS {
        if !is_kept(old, direction) {
            continue;
        }
        if !is_kept(new, direction) {
            found.push(format_smolstr!("{opens}: it is no longer for {}", list));
            continue;
        }
        let known: Vec<Way<'_>> = ways(old, list, peers).collect();
        if let Some(more) = ways(new, list, peers).find(|way| !known.iter().any(|open| open.covers(*way))) {
            found.push(format_smolstr!("{opens}: {}", more.words(peers)));
        }
    }
    found
}

/// Whether a policy is for a direction; one that does not say is for what comes in, and for what goes out where it has rules
/// for that.
fn is_kept(spec: &Node, direction: &str) -> bool {
    let types = spec.list("policyTypes");
    if types.is_empty() {
        return direction == "Ingress" || !spec.list("egress").is_empty();
    }
    types.iter().any(|ty| ty.scalar().as_deref() == Some(direction))
}

/// A peer with a port; `None` is all of them.
#[derive(Clone, Copy)]
struct Way<'a> {
    peer: Option<&'a Node>,
    port: Option<&'a Node>,
}

fn ways<'a>(spec: &'a Node, list: &str, peers: &'a str) -> impl Iterator<Item = Way<'a>> {
    let or_all = |items: &'a [Node]| -> Vec<Option<&'a Node>> {
        if items.is_empty() { vec![None] } else { items.iter().map(Some).collect() }
    };
    spec.list(list).iter().flat_map(move |rule| {
        let ports = or_all(rule.list("ports"));
        let all = or_all(rule.list(peers));
        all.into_iter().flat_map(move |peer| ports.clone().into_iter().map(move |port| Way { peer, port }))
    })
}

impl Way<'_> {
    fn covers(self, other: Way<'_>) -> bool {
        let peer = match (self.peer, other.peer) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(known), Some(peer)) => covers_peer(known, peer),
        };
        peer && match (self.port, other.port) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(known), Some(port)) => covers_port(known, port),
        }
    }

    /// Says what is let through: `from 0.0.0.0/0 on port 80`.
    fn words(self, side: &str) -> String {
        let peer = match self.peer {
            None => format!("{side} everywhere"),
            Some(peer) => match peer.present_at(&["ipBlock", "cidr"]).and_then(Tree::scalar) {
                Some(cidr) => format!("{side} `{cidr}`"),
                None => format!("{side} more pods"),
            },
        };
        let port = self.port.and_then(|port| port.word("port"));
        port.map_or_else(|| peer.clone(), |port| format!("{peer} on port `{port}`"))
    }
}

fn covers_port(known: &Node, port: &Node) -> bool {
    let protocol = |port: &Node| port.word("protocol").unwrap_or_else(|| "TCP".into());
    let range = |port: &Node| Some((port.number("port")?, port.number("endPort").or_else(|| port.number("port"))?));
    protocol(known) == protocol(port)
        && match (range(known), range(port)) {
            (Some((first, last)), Some((start, end))) => first <= start && end <= last,
            _ => known.present("port").is_none() || known.word("port") == port.word("port"),
        }
}

fn covers_peer(known: &Node, peer: &Node) -> bool {
    match (known.present("ipBlock"), peer.present("ipBlock")) {
        (Some(known), Some(block)) => covers_block(known, block),
        (None, None) => {
            let namespaces = match (known.present("namespaceSelector"), peer.present("namespaceSelector")) {
                (None, None) => true,
                // The own namespace is one of all.
                (Some(all), None) => is_wider(Some(all), None),
                (None, Some(_)) => false,
                (Some(known), Some(selector)) => is_wider(Some(known), Some(selector)),
            };
            namespaces && is_wider(known.present("podSelector"), peer.present("podSelector"))
        }
        _ => false,
    }
}

fn covers_block(known: &Node, block: &Node) -> bool {
    let network = |node: &Node| Network::parse(&node.scalar().unwrap_or_default());
    let cidr = |block: &Node| block.present("cidr").and_then(network);
    let (Some(around), Some(inner)) = (cidr(known), cidr(block)) else { return same(known, block) };
    let kept: Vec<Network> = block.list("except").iter().filter_map(network).collect();
    around.holds(inner)
        && known.list("except").iter().all(|except| {
            network(except).is_some_and(|except| {
                !except.holds(inner) && !inner.holds(except) || kept.iter().any(|kept| kept.holds(except))
            })
        })
}

/// A range of addresses.
#[derive(Clone, Copy)]
struct Network {
    bits: u128,
    length: u32,
    is_v4: bool,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (bits, is_v4) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, true),
            IpAddr::V6(address) => (u128::from(address), false),
        };
        let length: u32 = length.parse().ok()?;
        (length <= if is_v4 { 32 } else { 128 }).then_some(Self { bits, length, is_v4 })
    }

    fn holds(self, other: Self) -> bool {
        let start = |bits: u128| bits.checked_shr(128 - self.length).unwrap_or(0);
        self.is_v4 == other.is_v4 && self.length <= other.length && start(self.bits) == start(other.bits)
    }
}

/// Whether a selector selects all that another one does: it asks for nothing more. One that is missing asks for nothing.
pub(super) fn is_wider(selector: Option<&Node>, than: Option<&Node>) -> bool {
    let Some(selector) = selector else { return true };
    let labels = |selector: &'_ Node| -> Vec<(String, Option<SmolStr>)> {
        let all = selector.present("matchLabels").into_iter().flat_map(Tree::members);
        all.map(|(key, value)| (key.to_owned(), value.scalar())).collect()
    };
    let asked = than.map(labels).unwrap_or_default();
    let expressions = than.map_or(&[][..], |than| than.list("matchExpressions"));
    labels(selector).iter().all(|label| asked.contains(label))
        && selector
            .list("matchExpressions")
            .iter()
            .all(|expression| expressions.iter().any(|known| same(known, expression)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_those_within_it() {
        let holds = |around: &str, inner: &str| {
            Network::parse(around).zip(Network::parse(inner)).is_some_and(|(around, inner)| around.holds(inner))
        };
        assert!(holds("0.0.0.0/0", "10.0.0.0/8") && holds("10.0.0.0/8", "10.1.0.0/16") && holds("::/0", "fd00::/8"));
        assert!(
            !holds("10.0.0.0/8", "0.0.0.0/0") && !holds("10.0.0.0/8", "11.0.0.0/8") && !holds("::/0", "10.0.0.0/8")
        );
        assert!(holds("10.0.0.1/32", "10.0.0.1/32") && !holds("10.0.0.1/32", "10.0.0.2/32"));
    }
}
