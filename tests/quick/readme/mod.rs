//! What the README leaves out, held against the code; its examples are run in the other binary.

use fanfold::spec::keys;

const README: &str = include_str!("../../../README.md");

#[test]
fn the_readme_names_every_own_key() {
    for key in [keys::BATCH, keys::FAN_OUT, keys::WORKLOAD].iter().flat_map(|table| table.iter()) {
        assert!(README.contains(&format!("`{}", key.name)), "the README does not name `{}`", key.name);
    }
}
