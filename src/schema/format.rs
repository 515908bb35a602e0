//! The formats of texts that the server knows in the schemas of definitions (`k8s.io/kube-openapi/pkg/validation/strfmt`,
//! and `SupportedFormats` of `apiextensions-apiserver`).
//!
//! A text enters, whether it is of the format leaves. Where the server's own test is looser than a standard, so is this one;
//! what it takes by a rule that is not repeated here is taken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Tells whether a text is of a format.
type Test = fn(&str) -> bool;

/// The formats by their names. The server writes them without `-`, and reads them with it.
pub(super) const FORMATS: [(&str, Test); 15] = [
    ("bsonobjectid", |text| text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())),
    ("byte", is_base64),
    ("cidr", is_cidr),
    ("date", is_date),
    ("date-time", is_date_time),
    ("datetime", is_date_time),
    ("duration", is_duration),
    ("email", is_email),
    ("hexcolor", is_hex_color),
    ("hostname", is_host_name),
    ("ipv4", |text| text.parse::<Ipv4Addr>().is_ok()),
    ("ipv6", |text| text.parse::<Ipv6Addr>().is_ok()),
    ("mac", is_mac),
    ("uri", is_uri),
    ("uuid", is_uuid),
];

/// Whether the server knows a format that is checked here.
pub fn is_format(name: &str) -> bool {
    FORMATS.iter().any(|(known, _)| *known == name)
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(is_letter)
}

fn is_cidr(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let most = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        length.bytes().all(|byte| byte.is_ascii_digit()) && length.parse::<u8>().is_ok_and(|length| length <= most)
    })
}

/// Reads digits of a number of that length alone.
fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut next = |length| parts.next().and_then(|part| digits(part, length));
    let (Some(year), Some(month), Some(day)) = (next(4), next(2), next(2)) else { return false };
    let leaps = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 => 28 + u32::from(leaps),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some((date, time)) = lower.split_once('t') else { return false };
    let Some((clock, rest)) = time.split_at_checked(8) else { return false };
    let mut parts = clock.splitn(3, ':').map(|part| digits(part, 2));
    let is_clock = matches!(
        (parts.next(), parts.next(), parts.next()),
        (Some(Some(0..=23)), Some(Some(0..=59)), Some(Some(0..=59)))
    );
    // The server takes any character before the fraction.
    let mut letters = rest.chars();
    let zone = match letters.next() {
        Some('z' | '+' | '-') => rest,
        Some(_) => letters.as_str().trim_start_matches(|letter: char| letter.is_ascii_digit()),
        None => return false,
    };
    let is_offset = |text: &str| {
        text.split_once(':').is_some_and(|(hours, minutes)| digits(hours, 2).and(digits(minutes, 2)).is_some())
    };
    is_date(date) && is_clock && (zone == "z" || zone.strip_prefix(['+', '-']).is_some_and(is_offset))
}

/// Numbers with their units: `1h30m`, as Go reads them, or `3 days`.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 21] = [
        "ns", "nano", "us", "µs", "μs", "micro", "ms", "milli", "s", "sec", "m", "min", "h", "hr", "hour", "d", "day",
        "w", "week", "wk", "",
    ];
    // The last of the server's words for a unit may go on: `hours`.
    const LONGER: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    let is_unit = |unit: &str| {
        let unit = unit.to_lowercase();
        !unit.is_empty() && (UNITS.contains(&unit.as_str()) || LONGER.iter().any(|start| unit.starts_with(start)))
    };
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    if bare == "0" {
        return true;
    }
    // One number with a unit is enough to the server, wherever it stands.
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let after = rest[start..].trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let unit = after.trim_start();
        let end = unit.find(|letter: char| !letter.is_alphabetic()).unwrap_or(unit.len());
        if is_unit(&unit[..end]) {
            return true;
        }
        rest = after;
    }
    false
}

fn is_email(text: &str) -> bool {
    let address = text.rsplit_once('<').map_or(text, |(_, address)| address.trim_end_matches('>'));
    address.trim().rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_host_name(text: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_ascii_alphanumeric() || !letter.is_ascii() || "-$+<=>^`|~".contains(letter);
    text.len() <= 255
        && text.split('.').all(|label| {
            let is_label = !label.is_empty() && label.len() <= 63;
            is_label && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(is_letter)
        })
}

fn is_mac(text: &str) -> bool {
    let is_hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = |mark: char| text.split(mark).collect::<Vec<_>>();
    let pairs = |mark| matches!(parts(mark).len(), 6 | 8 | 20) && parts(mark).iter().all(|part| is_hex(part, 2));
    let fours = matches!(parts('.').len(), 3 | 4 | 10) && parts('.').iter().all(|part| is_hex(part, 4));
    pairs(':') || pairs('-') || fours
}

/// An absolute URI, or a path from the root.
fn is_uri(text: &str) -> bool {
    let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    (has_scheme || text.starts_with('/') || text == "*") && !text.bytes().any(|byte| byte.is_ascii_control())
}

fn is_uuid(text: &str) -> bool {
    let plain: String = text.chars().filter(|letter| *letter != '-').collect();
    let is_joint = |(at, _): (usize, &str)| matches!(at, 8 | 12 | 13 | 16 | 17 | 18 | 20 | 21 | 22 | 23);
    plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.match_indices('-').all(is_joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_take_what_the_server_takes() {
        let of = |name: &str| FORMATS.iter().find(|(known, _)| *known == name).expect("a format").1;
        for (name, fits, others) in [
            (
                "date-time",
                &["2020-01-01T00:00:00Z", "2020-02-29t23:59:59.5+02:00"][..],
                &["2020-01-01", "2021-02-29T00:00:00Z", "2020-01-01T24:00:00Z"][..],
            ),
            ("date", &["2020-12-31"], &["2020-13-01", "2020-1-1", "today"]),
            ("duration", &["1h", "1h30m", "-2.5s", "0", "3 days", "2weeks"], &["xx", "", "1", "1y", "h"]),
            ("cidr", &["10.0.0.0/8", "fd00::/8"], &["10.0.0.1", "10.0.0.0/33", "a/8"]),
            ("byte", &["", "YQ==", "YWI=", "YWJj"], &["!!", "YQ", "YQ="]),
            (
                "uuid",
                &["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"],
                &["123", "x23e4567-e89b-12d3-a456-426614174000"],
            ),
            ("email", &["a@b", "Ann <a@b.example>"], &["a", "@b", "a@"]),
            ("hostname", &["a", "a.example", "a-b.example"], &["a_b", "-a", "a..b", "a b", "", "*.example"]),
            ("uri", &["https://a.example/b", "/a", "urn:a"], &["", "a", "a/b", "1a:b"]),
            ("mac", &["00:1a:2b:3c:4d:5e"], &["00:1a", "zz:1a:2b:3c:4d:5e"]),
            ("hexcolor", &["#fff", "00ff00"], &["#ff"]),
            ("ipv4", &["10.0.0.1"], &["10.0.0"]),
        ] {
            for text in fits {
                assert!(of(name)(text), "{name} {text}");
            }
            for text in others {
                assert!(!of(name)(text), "{name} {text}");
            }
        }
    }
}
