//! Lengths of time and points in time, as Go and RFC 3339 write them.

pub(super) use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

pub(super) use crate::kubernetes::duration;

/// Nanoseconds in a second.
pub(super) const SECOND: i128 = 1_000_000_000;
/// The first second that a timestamp may have, of the year 1, and the last, of the year 9999.
const YEARS: (i128, i128) = (-62_135_596_800, 253_402_300_799);

/// Writes a length of time in seconds, as CEL does.
pub(super) fn seconds(nanos: i64) -> String {
    let fraction = nanos.unsigned_abs() % 1_000_000_000;
    let sign = if nanos < 0 { "-" } else { "" };
    let whole = nanos.unsigned_abs() / 1_000_000_000;
    let digits = format!("{fraction:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{sign}{whole}s") } else { format!("{sign}{whole}.{digits}s") }
}

/// Reads a point in time as RFC 3339 writes it.
pub(super) fn timestamp(text: &str) -> Option<i128> {
    if !crate::kubernetes::is_time(text) {
        return None;
    }
    let nanos = text.parse::<Timestamp>().ok()?.as_nanosecond();
    in_range(nanos).then_some(nanos)
}

/// Whether a point in time is one of the years that have four digits.
pub(super) fn in_range(nanos: i128) -> bool {
    (YEARS.0..=YEARS.1).contains(&nanos.div_euclid(SECOND))
}

/// Writes a point in time.
pub(super) fn written(nanos: i128) -> String {
    Timestamp::from_nanosecond(nanos).map_or_else(|_| String::new(), |time| time.to_string())
}

/// Returns the date and time at a place: in UTC, at a distance from it as `-08:00`, or in a time zone.
pub(super) fn civil(nanos: i128, zone: Option<&str>) -> Option<DateTime> {
    let time = Timestamp::from_nanosecond(nanos).ok()?;
    let zone = match zone {
        None | Some("" | "UTC") => TimeZone::UTC,
        Some(zone) => match offset(zone) {
            Some(seconds) => TimeZone::fixed(Offset::from_seconds(seconds).ok()?),
            None => TimeZone::tzif(zone, crate::kubernetes::time_zone(zone)?).ok()?,
        },
    };
    Some(time.to_zoned(zone).datetime())
}

/// Reads `02:00` or `-08:30` as seconds.
fn offset(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let is_negative = hours.starts_with('-');
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours.abs() * 3600 + minutes * 60;
    Some(if is_negative { -seconds } else { seconds })
}

/// Returns nanoseconds as a length of time, where they fit.
pub(super) fn length(nanos: i128) -> Option<i64> {
    SignedDuration::from_nanos_i128(nanos).as_nanos().try_into().ok()
}
