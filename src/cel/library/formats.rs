//! Formats of texts by name: what is wrong with a text comes as a list, or nothing.

use super::super::run::Fault;
use super::super::time;
use super::super::value::{Opaque, Value};
use super::url::Url;
use super::{Call, Cost, Form, Outcome};
use crate::kubernetes::name::{dns_1035_label, dns_label, dns_subdomain, label_key, label_value};

/// Says what is wrong with a text.
type Check = fn(&str) -> Result<(), String>;

/// The formats: what it is called, how long the pattern is that it is counted as, and what it checks.
#[rustfmt::skip]
const FORMATS: [(&str, u64, Check); 13] = [
    ("dns1123Label", 30, dns_label),
    ("dns1123Subdomain", 60, dns_subdomain),
    ("dns1035Label", 30, dns_1035_label),
    ("qualifiedName", 60, label_key),
    ("dns1123LabelPrefix", 30, |text| dns_label(&whole(text))),
    ("dns1123SubdomainPrefix", 60, |text| dns_subdomain(&whole(text))),
    ("dns1035LabelPrefix", 30, |text| dns_1035_label(&whole(text))),
    ("labelValue", 40, label_value),
    ("uri", 1103, |text| held(Url::parse(text).is_some(), "invalid URI for request")),
    ("uuid", 70, |text| held(is_uuid(text), "does not match the UUID format")),
    ("byte", 84, |text| held(super::decode(text).is_some(), "invalid base64")),
    ("date", 71, |text| held(is_date(text), "invalid date")),
    ("datetime", 71, |text| held(time::timestamp(text).is_some(), "invalid datetime")),
];

macro_rules! formats {
    ($($name:literal),*) => {
        &[
        $(
            Form(concat!("format.", $name, "() -> Format"), 31, Cost::One, |_| Ok(format($name))),
        )*
            Form("format.named(string) -> optional(Format)", 31, Cost::One, named),
            Form("Format.validate(string) -> optional(list(string))", 31, Cost::Format, validate),
        ]
    };
}

#[rustfmt::skip]
pub(super) const FORMS: &[Form] = formats!(
    "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix", "dns1123SubdomainPrefix",
    "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime"
);

fn held(holds: bool, message: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message.to_owned()) }
}

/// Returns the name that a prefix of one may become: a dash at its end is followed by more.
fn whole(prefix: &str) -> String {
    prefix.strip_suffix('-').map_or_else(|| prefix.to_owned(), |start| format!("{start}a"))
}

fn is_uuid(text: &str) -> bool {
    let plain: String = text.chars().filter(|letter| *letter != '-').collect();
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    plain.len() == 32
        && plain.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (lengths.len() == 1 || lengths == [8, 4, 4, 4, 12])
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && time::timestamp(&format!("{text}T00:00:00Z")).is_some()
}

fn format(name: &'static str) -> Value {
    Value::opaque(Opaque::Format(name))
}

fn named(call: &Call<'_>) -> Outcome {
    let name = call.text(0)?;
    let known = FORMATS.iter().find(|(known, _, _)| *known == name);
    Ok(known.map_or(Value::Optional(None), |(known, _, _)| Value::some(format(known))))
}

fn validate(call: &Call<'_>) -> Outcome {
    let Value::Opaque(opaque) = call.value(0)? else { return Err(Fault::no_overload()) };
    let Opaque::Format(name) = **opaque else { return Err(Fault::no_overload()) };
    let text = call.text(1)?;
    let refused = FORMATS.iter().find(|(known, _, _)| *known == name).and_then(|(_, _, check)| check(text).err());
    Ok(refused.map_or(Value::Optional(None), |why| Value::some(Value::list(vec![Value::text(why)]))))
}

/// Returns how long a pattern a format is counted as.
pub(super) fn pattern_size(name: &str) -> u64 {
    FORMATS.iter().find(|(known, _, _)| *known == name).map_or(1, |(_, size, _)| *size)
}
