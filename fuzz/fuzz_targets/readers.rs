//! Where the fast reader answers, it says what the reader of all YAML says, places included.
#![no_main]

use fanfold::read::compare_readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(difference) = compare_readers(text) {
        panic!("{difference}");
    }
});
