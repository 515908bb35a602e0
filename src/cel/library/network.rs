//! Addresses and networks. Addresses of version 4 that are written as such of version 6 are none, nor are those with a zone.

use std::net::IpAddr;

use super::super::run::Fault;
use super::super::value::{Opaque, Value};
use super::{Call, Cost, Form, Outcome};

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("ip(string) -> IP", 30, Cost::Scan(0, 1.0), |call| Ok(made(read(call.text(0)?)?))),
    Form("isIP(string) -> bool", 30, Cost::Scan(0, 1.0), |call| Ok(Value::Bool(read(call.text(0)?).is_ok()))),
    Form("ip.isCanonical(string) -> bool", 30, Cost::Scan(0, 2.0), |call| Ok(Value::Bool(read(call.text(0)?)?.to_string() == call.text(0)?))),
    Form("string(IP) -> string", 30, Cost::One, |call| Ok(Value::text(address(call, 0)?.to_string()))),
    Form("IP.family() -> int", 30, Cost::One, |call| Ok(Value::Int(if address(call, 0)?.is_ipv4() { 4 } else { 6 }))),
    Form("IP.isUnspecified() -> bool", 30, Cost::One, |call| Ok(Value::Bool(address(call, 0)?.is_unspecified()))),
    Form("IP.isLoopback() -> bool", 30, Cost::One, |call| Ok(Value::Bool(address(call, 0)?.is_loopback()))),
    Form("IP.isLinkLocalMulticast() -> bool", 30, Cost::One, |call| Ok(Value::Bool(is_link_local_multicast(address(call, 0)?)))),
    Form("IP.isLinkLocalUnicast() -> bool", 30, Cost::One, |call| Ok(Value::Bool(is_link_local_unicast(address(call, 0)?)))),
    Form("IP.isGlobalUnicast() -> bool", 30, Cost::One, |call| Ok(Value::Bool(is_global_unicast(address(call, 0)?)))),
    Form("cidr(string) -> CIDR", 30, Cost::Scan(0, 1.0), |call| { let (ip, bits) = read_network(call.text(0)?)?; Ok(network(ip, bits)) }),
    Form("isCIDR(string) -> bool", 30, Cost::Scan(0, 1.0), |call| Ok(Value::Bool(read_network(call.text(0)?).is_ok()))),
    Form("string(CIDR) -> string", 30, Cost::One, |call| { let (ip, bits) = range(call, 0)?; Ok(Value::text(format!("{ip}/{bits}"))) }),
    Form("CIDR.ip() -> IP", 30, Cost::One, |call| Ok(made(range(call, 0)?.0))),
    Form("CIDR.prefixLength() -> int", 30, Cost::One, |call| Ok(Value::Int(i64::from(range(call, 0)?.1)))),
    Form("CIDR.masked() -> CIDR", 30, Cost::One, |call| { let (ip, bits) = range(call, 0)?; Ok(network(masked(ip, bits), bits)) }),
    Form("CIDR.containsIP(string) -> bool", 30, Cost::Network(false), |call| { let ip = read(call.text(1)?)?; Ok(Value::Bool(holds(range(call, 0)?, ip))) }),
    Form("CIDR.containsIP(IP) -> bool", 30, Cost::Network(false), |call| Ok(Value::Bool(holds(range(call, 0)?, address(call, 1)?)))),
    Form("CIDR.containsCIDR(string) -> bool", 30, Cost::Network(true), |call| contains(call, read_network(call.text(1)?)?)),
    Form("CIDR.containsCIDR(CIDR) -> bool", 30, Cost::Network(true), |call| contains(call, range(call, 1)?)),
];

fn made(ip: IpAddr) -> Value {
    Value::opaque(Opaque::Ip(ip))
}

fn network(ip: IpAddr, bits: u8) -> Value {
    Value::opaque(Opaque::Cidr(ip, bits))
}

fn read(text: &str) -> Result<IpAddr, Fault> {
    match text.parse() {
        Ok(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some() => {
            Err(Fault::failed("IPv4-mapped IPv6 addresses are not allowed"))
        }
        Ok(ip) => Ok(ip),
        Err(_) => Err(Fault::failed("IP Address parse error during conversion from string")),
    }
}

fn read_network(text: &str) -> Result<(IpAddr, u8), Fault> {
    let refuse = || Fault::failed("network address parse error during conversion from string");
    let (ip, bits) = text.rsplit_once('/').ok_or_else(refuse)?;
    let ip = read(ip)?;
    let is_number = bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits.len() == 1 || !bits.starts_with('0'));
    let bits: u8 = bits.parse().ok().filter(|_| is_number).ok_or_else(refuse)?;
    if bits > length(ip) { Err(refuse()) } else { Ok((ip, bits)) }
}

fn length(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn address(call: &Call<'_>, at: usize) -> Result<IpAddr, Fault> {
    match call.value(at)? {
        Value::Opaque(opaque) => match **opaque {
            Opaque::Ip(ip) => Ok(ip),
            _ => Err(Fault::no_overload()),
        },
        _ => Err(Fault::no_overload()),
    }
}

fn range(call: &Call<'_>, at: usize) -> Result<(IpAddr, u8), Fault> {
    match call.value(at)? {
        Value::Opaque(opaque) => match **opaque {
            Opaque::Cidr(ip, bits) => Ok((ip, bits)),
            _ => Err(Fault::no_overload()),
        },
        _ => Err(Fault::no_overload()),
    }
}

fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(ip) & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(ip) & mask).into())
        }
    }
}

fn holds((ip, bits): (IpAddr, u8), other: IpAddr) -> bool {
    ip.is_ipv4() == other.is_ipv4() && masked(ip, bits) == masked(other, bits)
}

fn contains(call: &Call<'_>, other: (IpAddr, u8)) -> Outcome {
    let ours = range(call, 0)?;
    Ok(Value::Bool(ours.1 <= other.1 && holds(ours, other.0)))
}

fn is_link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_global_unicast(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !(is_broadcast || ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local_unicast(ip))
}
