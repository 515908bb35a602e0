//! However a text with a secret is broken, nothing that is told of it shows the secret.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../tests/quick/safety/planted.rs"]
mod planted;

const TOKEN: &str = "TOPSECRET";

fuzz_target!(|numbers: Vec<u64>| {
    let cases = planted::cases();
    for number in numbers.into_iter().take(4) {
        let Some(text) = planted::broken(&cases, TOKEN, number) else { continue };
        let (told, ..) = planted::told(&[("a.yaml", &text)], &["a.yaml"]);
        for secret in [TOKEN.to_owned(), planted::encoded(TOKEN)] {
            assert!(!told.contains(&secret), "{number} shows it\n{text}\n{told}");
        }
    }
});
