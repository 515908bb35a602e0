//! How fast the writers are: `cargo test --release -- --ignored --nocapture how_fast`.

use std::time::Instant;

use fanfold::emit::{json, kyaml, yaml};
use fanfold::text::Node;

use crate::trees::read_one;

const DEPLOYMENT: &[u8] = include_bytes!("deployment.yaml");

type Writer = fn(&Node, &mut Vec<u8>);

#[test]
#[ignore = "it measures, and proves nothing"]
#[expect(clippy::print_stderr, clippy::cast_precision_loss, reason = "it tells people a rough figure")]
fn how_fast() {
    let node = read_one(DEPLOYMENT);
    let mut settled = Vec::new();
    json::write(&node, &mut settled);
    let settled = read_one(&settled);
    let writers: [(&str, Writer); 4] =
        [("yaml", yaml::write), ("kyaml", kyaml::write), ("json", json::write), ("compact json", json::write_compact)];
    for (name, write) in writers {
        for (kind, node) in [("as read", &node), ("settled", &settled)] {
            let mut out = Vec::with_capacity(1 << 25);
            let start = Instant::now();
            for _ in 0..10_000 {
                write(node, &mut out);
            }
            let seconds = start.elapsed().as_secs_f64();
            eprintln!(
                "{name}, {kind}: {:.0} MB/s, {} bytes each",
                out.len() as f64 / 1e6 / seconds,
                out.len() / 10_000
            );
        }
    }
}
