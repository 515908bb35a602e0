//! Schedules of `CronJob`s, as the API server reads them: five fields, or a word such as `@daily`.
//!
//! A text enters; why it is refused leaves, in words that follow the name of the field. The grammar is that of
//! `github.com/robfig/cron/v3`, which the server and the controller use, with its oddities: empty items count as none.

use std::ops::RangeInclusive;

use super::duration;

/// What a field of a schedule takes.
struct Field {
    name: &'static str,
    range: RangeInclusive<u64>,
    /// The names of numbers, the first for the least number.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", range: 0..=59, names: &[] },
    Field { name: "hour", range: 0..=23, names: &[] },
    Field { name: "day of the month", range: 1..=31, names: &[] },
    Field {
        name: "month",
        range: 1..=12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "day of the week", range: 0..=6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// The words that stand for schedules, beside `@every DURATION`.
pub const DESCRIPTORS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Checks a schedule without a time zone in front.
pub fn schedule(text: &str) -> Result<(), String> {
    if text.starts_with('@') {
        return descriptor(text);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let names = FIELDS.map(|field| field.name).join(", ");
        return Err(format!("expected 5 fields ({names}), found {}", fields.len()));
    }
    for (text, field) in fields.into_iter().zip(&FIELDS) {
        for item in text.split(',').filter(|item| !item.is_empty()) {
            field.item(item).map_err(|reason| format!("in the {}, `{item}`: {reason}", field.name))?;
        }
    }
    Ok(())
}

impl Field {
    /// Checks `*`, `?`, a number or a range, each with or without a step.
    fn item(&self, item: &str) -> Result<(), String> {
        let (least, most) = (*self.range.start(), *self.range.end());
        let mut parts = item.split('/');
        let mut bounds = parts.next().unwrap_or_default().split('-');
        let low = bounds.next().unwrap_or_default();
        let rest: Vec<&str> = bounds.collect();
        let (start, mut end) = if matches!(low, "*" | "?") {
            // What follows the star is not looked at.
            (least, most)
        } else {
            let start = self.number(low)?;
            match rest[..] {
                [] => (start, start),
                [high] => (start, self.number(high)?),
                _ => return Err("expected one `-`, found more".to_owned()),
            }
        };
        let step = match (parts.next(), parts.next()) {
            (None, _) => 1,
            (Some(step), None) => {
                if rest.is_empty() {
                    end = most;
                }
                whole(step).ok_or_else(|| format!("expected a whole number as step, found `{step}`"))?
            }
            _ => return Err("expected one `/`, found more".to_owned()),
        };
        if let Some(found) = [start, end].into_iter().find(|number| !self.range.contains(number)) {
            return Err(format!("expected numbers from {least} to {most}, found `{found}`"));
        }
        if start > end {
            return Err(format!("expected a range that goes up, found one from {start} down to {end}"));
        }
        if step == 0 {
            return Err("expected a step from 1 on, found `0`".to_owned());
        }
        Ok(())
    }

    fn number(&self, text: &str) -> Result<u64, String> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        named
            .and_then(|at| u64::try_from(at).ok())
            .map(|at| at + self.range.start())
            .or_else(|| whole(text))
            .ok_or_else(|| match self.names {
                [] => format!("expected a whole number, found `{text}`"),
                [first, .., last] => format!("expected a number, or a name from `{first}` to `{last}`, found `{text}`"),
                [name] => format!("expected a number or `{name}`, found `{text}`"),
            })
    }
}

/// Reads a whole number from zero on, which may have a sign.
fn whole(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok())
}

fn descriptor(text: &str) -> Result<(), String> {
    if DESCRIPTORS.contains(&text) {
        return Ok(());
    }
    match text.strip_prefix("@every ") {
        Some(text) if duration(text).is_some() => Ok(()),
        Some(text) => Err(format!("expected a duration such as `1h30m` after `@every`, found `{text}`")),
        None => {
            let words = DESCRIPTORS.map(|word| format!("`{word}`")).join(", ");
            Err(format!("expected {words} or `@every DURATION`, found `{text}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::schedule;

    #[test]
    fn schedules_are_read_as_the_server_does() {
        for taken in [
            "* * * * *",
            "? ? ? ? ?",
            "  0 5 * * 1 ",
            "0\t5\n* * *",
            "*/5 * * * *",
            "5/15 * * * *",
            "0-30/10,45 0-23 1,15 jan-MAR,12 Mon-fri",
            "+5 * * * *",
            "*/+5 * * * *",
            "00059 * * * *",
            "*/100 * * * *",
            // Empty items count as none, and nothing after a star is looked at.
            ", * * * *",
            "1,,2 * * * *",
            "*-5 * * * *",
            "*-a-b/2 * * * *",
            "0 0 31 2 *",
            "@yearly",
            "@annually",
            "@monthly",
            "@weekly",
            "@daily",
            "@midnight",
            "@hourly",
            "@every 1h30m",
            "@every 1.5s",
            "@every -1h",
            "@every 0",
        ] {
            assert_eq!(schedule(taken), Ok(()), "{taken}");
        }
        for refused in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 0 *",
            "* * * 13 *",
            "* * * * 7",
            "* * * * sunday",
            "jan * * * *",
            "* * * mon *",
            "5-1 * * * *",
            "1-2-3 * * * *",
            "*/0 * * * *",
            "*/-0 * * * *",
            "*/-5 * * * *",
            "*/5/2 * * * *",
            "*/ * * * *",
            "/5 * * * *",
            "5- * * * *",
            "-5 * * * *",
            "1.5 * * * *",
            "0x5 * * * *",
            "99999999999999999999 * * * *",
            "** * * * *",
            "L * * * *",
            "* * * * 1#2",
            "@Daily",
            "@reboot",
            " @daily",
            "@daily ",
            "@every",
            "@every ",
            "@every 5",
            "@every 1d",
            "@every  1h",
            "@every 1h ",
        ] {
            assert!(schedule(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn reasons_name_the_field() {
        assert_eq!(
            schedule("0 0 * * 7").unwrap_err(),
            "in the day of the week, `7`: expected numbers from 0 to 6, found `7`"
        );
        assert_eq!(
            schedule("* * *").unwrap_err(),
            "expected 5 fields (minute, hour, day of the month, month, day of the week), found 3"
        );
    }
}
