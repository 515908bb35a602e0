//! A quantity is shown as a text that is the same quantity; order and sums hold together.
#![no_main]

use fanfold::kubernetes::Quantity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (left, right) = text.split_once(' ').unwrap_or((text, "1"));
    let read: Vec<Quantity> = [left, right].iter().filter_map(|text| Quantity::parse(text).ok()).collect();
    for one in &read {
        let shown = one.to_string();
        assert_eq!(Quantity::parse(&shown).as_ref(), Ok(one), "{shown}");
        assert_eq!(&(one + &Quantity::ZERO), one, "{shown}");
        assert_eq!(one.units(-3) < 0, one.is_negative() && one.units(-3) != 0, "{shown}");
        let _ = (one.units(0), one.times(u64::MAX), one.approximate(), one.is_whole());
    }
    if let [left, right] = read.as_slice() {
        assert_eq!(left.cmp(right), right.cmp(left).reverse(), "{left} {right}");
        assert_eq!(left == right, left.cmp(right).is_eq(), "{left} {right}");
        assert_eq!(left + right, right + left, "{left} {right}");
        if !left.is_negative() && !right.is_negative() {
            assert!(&(left + right) >= left.max(right), "{left} {right}");
            assert!(left > right || left.units(0) <= right.units(0), "{left} {right}");
        }
    }
});
