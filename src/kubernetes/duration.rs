//! Lengths of time as Go writes them: `1h30m`, `-1.5s`, `0`.
//!
//! A text enters, nanoseconds leave. What is read and what is not is what Go's `time.ParseDuration` reads.

/// The units, with their nanoseconds. Both letters that look like mu are read.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Returns the nanoseconds of a duration, or `None` if Go does not read it or it does not fit.
pub fn duration(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let (mut rest, mut total) = (unsigned, 0_i128);
    while !rest.is_empty() {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, next) = after.split_at(after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()));
        let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(*nanoseconds)?)?.checked_add(part(fraction, *nanoseconds))?;
        rest = next;
    }
    i64::try_from(if text.starts_with('-') { -total } else { total }).ok()
}

/// Returns the nanoseconds in a fraction of a unit.
fn part(fraction: &str, nanoseconds: i128) -> i128 {
    // Further digits are far below a nanosecond.
    let digits = &fraction[..fraction.len().min(18)];
    let scale = digits.bytes().fold(1, |scale, _| scale * 10);
    digits.parse::<i128>().unwrap_or(0) * nanoseconds / scale
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_those_of_go() {
        for taken in
            ["0", "-0", "1ns", "1us", "1\u{b5}s", "1\u{3bc}s", ".5h", "1.h", "1h2m3s4ms", "9223372036854775807ns"]
        {
            assert!(duration(taken).is_some(), "{taken}");
        }
        assert!(duration("-9223372036854775808ns").is_some());
        for refused in ["", "-", "+", "1", ".", ".s", "h", "1hh", "1 h", "9223372036854775808ns", "3000000h", "1h-2m"] {
            assert!(duration(refused).is_none(), "{refused}");
        }
        assert_eq!(
            ["1h30m", "-1.5s", "1ms.5us"].map(duration),
            [Some(5_400_000_000_000), Some(-1_500_000_000), Some(1_000_500)]
        );
    }
}
