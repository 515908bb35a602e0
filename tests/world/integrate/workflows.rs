//! Workflows for GitHub, its own and the one that is written, by GitHub's schema.

use super::runner::assert_valid;
use super::{Bench, root};

#[test]
fn workflows_keep_to_the_schema_of_github() {
    needs!(ACT);
    let bench = Bench::new();
    let written = bench.ok("fanfold", &["integrate", "github", "-o", "-"]);
    for text in [root(".github/workflows/ci.yml"), root(".github/workflows/release.yml"), written] {
        assert_valid(&bench, &text);
    }
}
