//! Texts of fixed formats: points in time, and bytes in base64.
//!
//! A text enters, whether the API server reads it leaves; what it stands for does not matter here.

/// Whether a text is a time as RFC 3339 writes it.
pub fn is_time(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let sign = |at: usize, expected: &[u8]| text.as_bytes().get(at).is_some_and(|byte| expected.contains(byte));
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(11..13), number(14..16), number(17..19)) else {
        return false;
    };
    let signs = sign(4, b"-") && sign(7, b"-") && sign(10, b"T") && sign(13, b":") && sign(16, b":");
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    let fraction = text.get(19..).and_then(|rest| rest.strip_prefix('.')).map_or(0, |rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 { usize::MAX } else { digits + 1 }
    });
    let Some(zone) = fraction.checked_add(19).and_then(|at| text.get(at..)) else { return false };
    let zone_fits = zone == "Z"
        || zone.len() == 6 && zone.is_ascii() && zone.starts_with(['+', '-']) && {
            let (hours, minutes) = (zone[1..3].parse::<u8>(), zone[4..].parse::<u8>());
            zone.as_bytes()[3] == b':'
                && hours.is_ok_and(|hours| hours < 24)
                && minutes.is_ok_and(|minutes| minutes < 60)
        };
    signs && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60 && zone_fits
}

/// Whether a text is base64 as the API server takes it: padded, line breaks ignored.
pub fn is_base64(text: &str) -> bool {
    let mut length = 0_usize;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        length += 1;
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
    }
    length.is_multiple_of(4) && padding <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        for text in ["2030-01-31T08:00:00Z", "2024-02-29T23:59:59.123456+02:00", "2030-01-31T08:00:00-00:30"] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "",
            "2030-01-31",
            "2030-01-31 08:00:00Z",
            "2030-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2030-01-31T08:00:00",
            "2030-01-31T24:00:00Z",
            "2030-01-31T08:00:00.Z",
            "2030-01-31T08:00:00+2:00",
            "2030-01-31T08:00:00Zé",
            "2030-01-00T08:00:00Z",
            "é030-01-31T08:00:00Z",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }

    #[test]
    fn base64_is_padded() {
        for text in ["", "YQ==", "YWI=", "YWJj", "YW\nJj\n", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["YQ", "YQ=", "Y===", "YQ==YQ==", "a b=", "_-_-", "plain text"] {
            assert!(!is_base64(text), "{text}");
        }
    }
}
