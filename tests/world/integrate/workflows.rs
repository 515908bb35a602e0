//! Workflows for GitHub, its own and the one that is written, by GitHub's schema.

use super::runner::assert_valid;
use super::{Bench, root};

#[test]
fn workflows_keep_to_the_schema_of_github() {
    needs!(ACT);
    let bench = Bench::new();
    let written = bench.ok("fanfold", &["integrate", "github", "-o", "-"]);
    let own = ["ci", "audit", "release"].map(|name| root(&format!(".github/workflows/{name}.yml")));
    for text in own.into_iter().chain([written]) {
        assert_valid(&bench, &text);
    }
}
