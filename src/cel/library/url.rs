//! Addresses of the web, as Go's `net/url` reads them in a request: absolute, or an absolute path.

use super::super::run::Fault;
use super::super::value::{Opaque, Value};
use super::{Call, Cost, Form, Outcome};

/// An address of the web, its parts as they are written.
#[derive(Clone, Debug)]
pub struct Url {
    text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form("url(string) -> URL", 0, Cost::Scan(0, 1.0), read),
    Form("isURL(string) -> bool", 0, Cost::One, |call| Ok(Value::Bool(Url::parse(call.text(0)?).is_some()))),
    Form("URL.getScheme() -> string", 0, Cost::One, |call| Ok(Value::text(url(call)?.scheme.as_str()))),
    Form("URL.getHost() -> string", 0, Cost::One, |call| Ok(Value::text(url(call)?.host.as_str()))),
    Form("URL.getHostname() -> string", 0, Cost::One, |call| Ok(Value::text(split_host(&url(call)?.host).0))),
    Form("URL.getPort() -> string", 0, Cost::One, |call| Ok(Value::text(split_host(&url(call)?.host).1))),
    Form("URL.getEscapedPath() -> string", 0, Cost::One, |call| Ok(Value::text(url(call)?.path.as_str()))),
    Form("URL.getQuery() -> map(string, list(string))", 0, Cost::One, |call| Ok(query(&url(call)?.query))),
];

impl Url {
    /// Reads an address; what a server would not take in a request is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return None;
        }
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            Some(("", _)) => return None,
            _ => (String::new(), text),
        };
        let before = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = before.split_once('?').unwrap_or((before, ""));
        if !rest.starts_with('/') {
            // `mailto:a@b` is one with a scheme, `a/b` is none.
            return (!scheme.is_empty()).then(|| Self {
                text: text.to_owned(),
                scheme,
                host: String::new(),
                path: String::new(),
                query: query.to_owned(),
            });
        }
        let has_host = rest.starts_with("//") && (!scheme.is_empty() || !rest.starts_with("///"));
        let (host, path) = if has_host && !scheme.is_empty() {
            let rest = &rest[2..];
            let end = rest.find('/').unwrap_or(rest.len());
            (&rest[..end], &rest[end..])
        } else {
            ("", rest)
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let is_fine = is_host(host) && is_escaped(path);
        is_fine.then(|| Self {
            text: text.to_owned(),
            scheme,
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    pub(in crate::cel) fn whole(&self) -> &str {
        &self.text
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Whether each percent sign is followed by two digits.
fn is_escaped(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())))
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, after)) => (name, after.strip_prefix(':').or_else(|| after.is_empty().then_some(""))),
            None => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("")),
        },
    };
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte);
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) && name.bytes().all(is_letter)
}

/// Splits a host and its port.
fn split_host(host: &str) -> (&str, &str) {
    let at = host.rfind(':').filter(|at| !host[*at..].contains(']'));
    let (name, port) = at.map_or((host, ""), |at| (&host[..at], &host[at + 1..]));
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

fn query(text: &str) -> Value {
    let mut all: Vec<(String, Vec<Value>)> = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty() && !part.contains(';')) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (Some(key), Some(value)) = (unescaped(key), unescaped(value)) else { continue };
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(Value::text(value)),
            None => all.push((key, vec![Value::text(value)])),
        }
    }
    Value::Map(all.into_iter().map(|(key, values)| (Value::text(key), Value::list(values))).collect::<Vec<_>>().into())
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
                out.push(u8::from_str_radix(hex, 16).ok()?);
                rest = &rest[2..];
            }
            other => out.push(*other),
        }
    }
    String::from_utf8(out).ok()
}

fn url<'a>(call: &'a Call<'_>) -> Result<&'a Url, Fault> {
    match call.value(0)? {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Url(url) => Ok(url),
            _ => Err(Fault::no_overload()),
        },
        _ => Err(Fault::no_overload()),
    }
}

fn read(call: &Call<'_>) -> Outcome {
    let url =
        Url::parse(call.text(0)?).ok_or_else(|| Fault::failed("URL parse error during conversion from string"))?;
    Ok(Value::opaque(Opaque::Url(url)))
}
