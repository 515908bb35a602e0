//! Addresses and networks as the API server reads them.
//!
//! Until 1.35 it takes forms that others read another way: leading zeros (`010.0.0.1`), IPv4 within IPv6
//! (`::ffff:10.0.0.1`), and networks with bits beyond their prefix (`10.0.0.1/8`). From 1.36 on it refuses them.

use std::fmt::{self, Display};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::At;
use crate::diagnostic::{Code, words};
use crate::kubernetes::Minor;
use crate::text::Node;

/// The first minor that takes the unambiguous forms alone.
const STRICT: Minor = Minor(36);

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The eight words of an IPv6 address; one of IPv4 is among them as `::ffff:10.0.0.1`.
    words: [u16; 8],
    /// Whether it is written as an IPv6 address.
    long: bool,
    /// Whether a number has zeros in front that it does not need.
    zeros: bool,
}

/// A network: an address and the length of its prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    address: Address,
    prefix: u32,
    /// Whether the prefix has zeros in front.
    zeros: bool,
}

impl Address {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.bytes().find(|byte| matches!(byte, b'.' | b':'))? {
            b'.' => Self::short(text),
            _ => Self::long(text),
        }
    }

    fn short(text: &str) -> Option<Self> {
        let (high, low, zeros) = quad(text)?;
        Some(Self { words: [0, 0, 0, 0, 0, 0xffff, high, low], long: false, zeros })
    }

    fn long(text: &str) -> Option<Self> {
        let mut zeros = false;
        let (front, back) = match text.split_once("::") {
            Some((front, back)) => (groups(front, false, &mut zeros)?, Some(groups(back, true, &mut zeros)?)),
            None => (groups(text, true, &mut zeros)?, None),
        };
        let count = front.len() + back.as_ref().map_or(0, Vec::len);
        if back.as_ref().map_or(count != 8, |_| count > 7) {
            return None;
        }
        let mut words = [0; 8];
        words[..front.len()].copy_from_slice(&front);
        if let Some(back) = back {
            words[8 - back.len()..].copy_from_slice(&back);
        }
        Some(Self { words, long: true, zeros })
    }

    /// Whether it is an IPv4 address, however it is written.
    pub(super) fn is_v4(&self) -> bool {
        self.words[..6] == [0, 0, 0, 0, 0, 0xffff]
    }

    /// Returns the one way to write it; none for an IPv4 address within an IPv6 one.
    pub(super) fn canonical(&self) -> Option<String> {
        (!self.is_v4_within_v6()).then(|| self.to_string())
    }

    /// Whether it has a form that servers from 1.36 on do not take.
    fn is_refused(&self) -> bool {
        self.zeros || self.is_v4_within_v6()
    }

    fn is_v4_within_v6(&self) -> bool {
        self.long && self.is_v4()
    }

    /// Returns which addresses it is among that nothing can be reached at, where it is among them.
    fn special(&self) -> Option<&'static str> {
        let [first, .., before, last] = self.words;
        if self.is_v4() {
            return match before.to_be_bytes() {
                [0, 0] if last == 0 => Some("the unspecified address"),
                [127, _] => Some("a loopback address"),
                [169, 254] => Some("a link-local address"),
                [224, 0] if last >> 8 == 0 => Some("a link-local multicast address"),
                _ => None,
            };
        }
        match first {
            0 if self.words[..7] == [0; 7] && last == 0 => Some("the unspecified address"),
            0 if self.words[..7] == [0; 7] && last == 1 => Some("a loopback address"),
            0xfe80..=0xfebf => Some("a link-local address"),
            0xff00..=0xffff if first & 0x0f == 2 => Some("a link-local multicast address"),
            _ => None,
        }
    }

    fn number(&self) -> u128 {
        self.words.iter().fold(0, |number, word| number << 16 | u128::from(*word))
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let long = Ipv6Addr::from(self.words);
        if self.is_v4() { long.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED).fmt(f) } else { long.fmt(f) }
    }
}

impl Network {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address = Address::short(address).or_else(|| Address::long(address))?;
        let bits = decimal(prefix)?;
        let most = if address.long { 128 } else { 32 };
        (bits <= most).then(|| Self { address, prefix: bits, zeros: prefix.len() > 1 && prefix.starts_with('0') })
    }

    /// Whether it is of IPv4 addresses.
    pub(super) fn is_v4(&self) -> bool {
        self.address.is_v4()
    }

    /// Returns the one way to write it; none for one of IPv4 within IPv6.
    pub(super) fn canonical(&self) -> Option<String> {
        if self.address.is_v4_within_v6() {
            return None;
        }
        let first = self.address.number() & !self.rest();
        let address = if self.address.long {
            Ipv6Addr::from_bits(first).to_string()
        } else {
            Ipv4Addr::from_bits(u32::try_from(first & u128::from(u32::MAX)).ok()?).to_string()
        };
        Some(format!("{address}/{}", self.prefix))
    }

    /// Returns the bits of the addresses below its prefix.
    fn rest(&self) -> u128 {
        let free = if self.address.long { 128 } else { 32 } - self.prefix;
        1_u128.checked_shl(free).map_or(u128::MAX, |bit| bit - 1)
    }

    /// Whether the other is a smaller part of it; `None` where the two are written in different ways.
    pub(super) fn holds(&self, other: &Self) -> Option<bool> {
        if self.address.is_v4_within_v6() || other.address.is_v4_within_v6() {
            return None;
        }
        let inside = self.address.number() & !self.rest() == other.address.number() & !other.rest() & !self.rest();
        Some(self.address.long == other.address.long && inside && self.prefix < other.prefix)
    }
}

/// Reads groups of hexadecimal digits; the last may be an IPv4 address where `tail` says so.
fn groups(text: &str, tail: bool, zeros: &mut bool) -> Option<Vec<u16>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let count = text.split(':').count();
    let mut words = Vec::new();
    for (index, group) in text.split(':').enumerate() {
        if tail && index + 1 == count && group.contains('.') {
            let (high, low, padded) = quad(group)?;
            *zeros |= padded;
            words.extend([high, low]);
            continue;
        }
        if group.is_empty() || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        *zeros |= group.len() > 4;
        let digits = group.trim_start_matches('0');
        words.push(if digits.is_empty() { 0 } else { u16::from_str_radix(digits, 16).ok()? });
    }
    Some(words)
}

/// Reads four numbers with dots between as two words, and says whether one has zeros in front.
fn quad(text: &str) -> Option<(u16, u16, bool)> {
    let mut bytes = [0_u8; 4];
    let mut parts = text.split('.');
    let mut zeros = false;
    for byte in &mut bytes {
        let part = parts.next()?;
        *byte = u8::try_from(decimal(part)?).ok()?;
        zeros |= part.len() > 1 && part.starts_with('0');
    }
    let [first, second, third, fourth] = bytes;
    let words = (u16::from_be_bytes([first, second]), u16::from_be_bytes([third, fourth]));
    parts.next().is_none().then_some((words.0, words.1, zeros))
}

/// Reads decimal digits, with any number of zeros in front.
fn decimal(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    let short = text.trim_start_matches('0');
    digits.then(|| if short.is_empty() { Some(0) } else { short.parse().ok() })?
}

/// Reports a text that is no address for the server, and returns the address otherwise.
pub(super) fn address(at: &mut At<'_>, place: impl Display, node: &Node) -> Option<Address> {
    let text = node.as_str()?;
    let shown = words::shown(text);
    let Some(found) = Address::parse(text) else {
        at.invalid(place, node, format!("expected an IP address such as `10.9.8.7` or `2001:db8::1`, found `{shown}`"));
        return None;
    };
    let reason = match (found.zeros, found.is_v4_within_v6()) {
        (true, _) => "zeros in front of a number make others read another address",
        (_, true) => "some take an IPv4 address within an IPv6 one for the one, some for the other",
        _ => return Some(found),
    };
    if at.minor() < STRICT {
        return Some(found);
    }
    at.invalid(place, node, format!("expected an IP address in its plain form, found `{shown}`: {reason}"));
    None
}

/// Reports a text that is no network for the server, and returns the network otherwise.
pub(super) fn network(at: &mut At<'_>, place: impl Display, node: &Node, text: &str) -> Option<Network> {
    let shown = words::shown(text);
    let Some(found) = Network::parse(text) else {
        at.invalid(place, node, format!("expected a CIDR such as `10.9.8.0/24` or `2001:db8::/64`, found `{shown}`"));
        return None;
    };
    let reason = if found.zeros || found.address.zeros {
        "zeros in front of a number make others read another network"
    } else if found.address.is_v4_within_v6() {
        "some take an IPv4 address within an IPv6 one for the one, some for the other"
    } else if found.address.number() & found.rest() != 0 {
        "the address has bits beyond the prefix"
    } else {
        return Some(found);
    };
    if at.minor() < STRICT {
        return Some(found);
    }
    at.invalid(place, node, format!("expected a CIDR in its plain form, found `{shown}`: {reason}"));
    None
}

/// Warns of an address, or a network where `is` says so, that is not written as all others write it.
pub(super) fn plain(at: &mut At<'_>, place: impl Display, node: &Node, is: Spelled) {
    let Some(text) = node.as_str() else { return };
    let plain = match is {
        Spelled::Address => Address::parse(text).map(|address| (address.is_refused(), address.to_string())),
        Spelled::Network => Network::parse(text).and_then(|network| {
            let beyond = network.address.number() & network.rest() != 0;
            Some((network.address.is_refused() || network.zeros || beyond, network.canonical()?))
        }),
    };
    // From 1.36 on what others read another way is refused.
    let Some((_, plain)) = plain.filter(|(refused, _)| at.minor() < STRICT || !refused) else { return };
    if plain != text {
        let message = format!("expected the address as all write it, `{plain}`, found `{}`", words::shown(text));
        at.warn(place, Code::ServerWarning, node.origin(), message, "others may read it another way");
    }
}

/// How an address is spelled: alone, or with the length of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelled {
    Address,
    Network,
}

/// Reports an address that no traffic can go to.
pub(super) fn reachable(at: &mut At<'_>, place: impl Display, node: &Node, address: Address) {
    if let Some(special) = address.special() {
        let shown = node.as_str().unwrap_or_default();
        at.invalid(place, node, format!("expected an address that others can reach, found `{shown}`, {special}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_server_reads_them() {
        for text in ["10.9.8.7", "010.009.000.255", "::", "::1", "1::", "2001:db8::ffff", "::ffff:1.2.3.4", "00001::"] {
            assert!(Address::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "10",
            "10.9.8",
            "10.9.8.256",
            "10.9.8.7.6",
            ":::",
            "1::2::3",
            ":1",
            "1:",
            "1:2:3:4:5:6:7:8::",
            "12345::",
            "fe80::1%eth0",
            "1.2.3.4::",
            "::1.2.3.4:5",
            " 10.9.8.7",
            "+1.2.3.4",
            "a.b.c.d",
        ] {
            assert!(Address::parse(text).is_none(), "{text}");
        }
        let full = "1:2:3:4:5:6:7::";
        assert!(Address::parse(full).is_some_and(|address| !address.zeros && !address.is_v4()));
        assert!(Address::parse("::ffff:102:304").is_some_and(|address| address.is_v4_within_v6()));
    }

    #[test]
    fn networks_hold_their_smaller_parts() {
        let holds = |one: &str, other: &str| Network::parse(one)?.holds(&Network::parse(other)?);
        assert_eq!(holds("10.0.0.0/8", "10.1.0.0/16"), Some(true));
        assert_eq!(holds("10.0.0.0/8", "10.0.0.0/8"), Some(false));
        assert_eq!(holds("10.0.0.0/8", "11.0.0.0/16"), Some(false));
        assert_eq!(holds("0.0.0.0/0", "255.0.0.0/8"), Some(true));
        assert_eq!(holds("::/0", "2001:db8::/32"), Some(true));
        assert_eq!(holds("::/0", "10.0.0.0/8"), Some(false));
        assert_eq!(holds("10.0.0.0/33", "10.0.0.0/34"), None);
    }
}
