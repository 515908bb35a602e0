//! Specs and manifests with a secret, broken by lot: whatever is made of them, nothing shows the secret.

use super::planted::{broken, cases, encoded, told};

const TOKEN: &str = "TOPSECRET";
const ROUNDS: u64 = 2_000;

#[test]
fn however_a_text_is_broken_its_secret_is_not_shown() {
    let cases = cases();
    let seed: u64 = std::env::var("FANFOLD_SECRETS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for round in 0..ROUNDS {
        let Some(text) = broken(&cases, TOKEN, seed.wrapping_mul(1 << 32).wrapping_add(round)) else { continue };
        let (told, ..) = told(&[("a.yaml", &text)], &["a.yaml"]);
        for secret in [TOKEN.to_owned(), encoded(TOKEN)] {
            if let Some(at) = told.find(&secret) {
                let start = told.floor_char_boundary(at.saturating_sub(400));
                let end = told.floor_char_boundary((at + 200).min(told.len()));
                panic!("seed {seed}, round {round} shows it\n{text}\n…{}…", &told[start..end]);
            }
        }
    }
}
