//! Amounts: what is one, how it is written, and what several make.

use super::*;

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|refused| panic!("{text}: {refused:?}"))
}

#[test]
fn texts_are_taken_and_shown_as_by_the_api_server() {
    const TAKEN: [(&str, &str); 45] = [
        ("1", "1"),
        ("1.5", "1500m"),
        (".5", "500m"),
        ("5.", "5."),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1E", "1E"),
        ("1Ei", "1Ei"),
        ("1e-3", "1e-3"),
        ("12e6", "12e6"),
        ("1k", "1k"),
        ("1Ki", "1Ki"),
        ("1M", "1M"),
        ("1m", "1m"),
        ("100m", "100m"),
        ("0.5m", "500u"),
        ("100n", "100n"),
        ("1u", "1u"),
        ("1Gi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1G", "1G"),
        ("-1", "-1"),
        ("+1", "+1"),
        ("+1.5Gi", "1536Mi"),
        ("-0.5", "-500m"),
        ("0", "0"),
        ("0.0", "0"),
        ("00", "0"),
        ("007", "007"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("10000000000000000000Gi", "9223372036854775807"),
        ("1e100", "10e99"),
        ("1.000000000001", "1000000001n"),
        ("0.0000000001", "1n"),
        ("1.1e3", "1100"),
        ("1Pi", "1Pi"),
        ("1P", "1P"),
        ("1T", "1T"),
        ("1Ti", "1Ti"),
        ("1000", "1k"),
        ("1024Mi", "1Gi"),
        ("1500m", "1500m"),
        ("1.0", "1"),
        ("1.10", "1100m"),
    ];
    for (text, shown) in TAKEN {
        assert_eq!(quantity(text).to_string(), shown, "{text}");
    }
}

#[test]
fn units_hold_all_of_an_amount() {
    let units = |text: &str, scale| quantity(text).units(scale);
    assert_eq!([units("1.5", -3), units("100m", -3), units("1n", -3), units("0", -3)], [1500, 100, 1, 0]);
    assert_eq!([units("1Gi", 0), units("1500m", 0), units("-1500m", 0)], [1 << 30, 2, -1]);
    // The server keeps the lower 32 bits of an exponent: here all of them are set.
    assert_eq!(units("1e9223372036854775807", 0), 1);
    assert_eq!(units("1e-9223372036854775808", 0), 1);
    assert_eq!([units("1e100", 0), units("-1e100", 0)], [i64::MAX, i64::MIN]);
    assert_eq!(Quantity::of(1500, -3, Notation::Decimal).to_string(), "1500m");
    assert_eq!(Quantity::of(1 << 31, 0, Notation::Binary).to_string(), "2Gi");
}

#[test]
fn texts_are_refused_as_by_the_api_server() {
    for text in ["1e", "1K", "1ki", "1KI", "1GB", "1gi", "1 Gi", "", "0x10", "1_000", "1.2.3", "1m5", "1E3Mi", "1e3Mi"]
    {
        assert!(Quantity::parse(text).is_err(), "{text}");
    }
    let hint = |text: &str| Quantity::parse(text).unwrap_err().hint.unwrap_or_default();
    assert!(hint("1GB").contains("`1G`") && hint("1GB").contains("`1Gi`"));
    assert!(hint("1gib").contains("`1Gi`"));
    assert!(hint("1 Gi").contains("`1Gi`"));
    assert!(hint("1_000").contains("`1000`"));
}

#[test]
fn values_compare_exactly_whatever_their_notation() {
    assert_eq!(quantity("1024Mi"), quantity("1Gi"));
    assert_eq!(quantity("1000"), quantity("1k"));
    assert_eq!(quantity("0.5m"), quantity("500u"));
    assert!(quantity("999m") < quantity("1"));
    assert!(quantity("1G") < quantity("1Gi"));
    assert!(quantity("-2") < quantity("-1"));
    assert!(quantity("1e100") > quantity("9E"));
    assert!(quantity("-1e100") < quantity("1n"));
    assert!(quantity("11") > quantity("1e1"));
    assert!(quantity("0") < quantity("1n"));
    assert!((quantity("1.5Gi").approximate() - 1_610_612_736.0).abs() < 1.0);
    assert!(!quantity("1500m").is_whole() && quantity("1.5Gi").is_whole());
}

#[test]
fn totals_are_exact_and_keep_the_notation() {
    let total: Quantity = ["100m", "0.25", "1"].into_iter().map(quantity).sum();
    assert_eq!(total.to_string(), "1350m");
    let memory = quantity("64Mi").times(1000) + quantity("1Gi");
    assert_eq!(memory.to_string(), "65024Mi");
    assert_eq!((quantity("1Gi") + quantity("1")).to_string(), "1073741825");
    assert_eq!(quantity("1e100") + quantity("1"), quantity("1e100"));
    assert_eq!(quantity("600E").times(10).to_string(), "6e21");
}
