//! Times as flags take them, one reader for all: `90s`, `1m30s`, `2h`, or a number of seconds.

use std::time::Duration;

use jiff::SignedDuration;

use crate::limits::FLAG_TIME;

/// Reads a time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    let longest = FLAG_TIME.as_secs() / 3600;
    let too_long = || format!("expected at most `{longest}h`, found `{text}`; `0` is for no limit");
    let time = if seconds {
        Duration::from_secs(text.parse().map_err(|_| too_long())?)
    } else {
        let read: Result<SignedDuration, _> = text.parse();
        let read = read.ok().and_then(|time| Duration::try_from(time).ok());
        read.ok_or_else(|| format!("expected a time such as `90s` or `1h30m`, at most `{longest}h`, found `{text}`"))?
    };
    if time > FLAG_TIME { Err(too_long()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_kubectl_reads_them() {
        for (text, seconds) in
            [("90s", 90), ("1m30s", 90), ("2h", 7200), ("5", 5), ("0", 0), ("0s", 0), ("8760h", 31_536_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn what_no_clock_can_count_is_refused_with_a_way_out() {
        let wrong = [
            "",
            "x",
            "s",
            "5d",
            "-5s",
            "1h18446744073709551615",
            "1h30",
            "99999999999999999999h",
            "5124095576030431h15m",
        ];
        for text in wrong {
            let said = duration(text).expect_err(text);
            assert!(said.contains("expected a") && said.contains("8760h"), "{text}: {said}");
        }
        for text in ["18446744073709551615", "99999999999999999999999", "8761h", "31536001"] {
            assert!(duration(text).expect_err(text).contains("`0` is for no limit"), "{text}");
        }
    }
}
