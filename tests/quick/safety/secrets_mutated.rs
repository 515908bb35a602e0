//! Specs and manifests with a secret, broken by lot: whatever is made of them, nothing shows the secret.

use super::planted::{broken, cases, encoded, told};

const TOKEN: &str = "TOPSECRET";
/// So many rounds are quick; `make thorough` asks for more.
const ROUNDS: u64 = 300;

#[test]
fn however_a_text_is_broken_its_secret_is_not_shown() {
    let cases = cases();
    let given = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = given("FANFOLD_SECRETS_SEED").unwrap_or(1);
    for round in 0..given("FANFOLD_SECRETS_ROUNDS").unwrap_or(ROUNDS) {
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
