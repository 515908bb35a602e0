//! What is written is read back: the same values from YAML, KYAML and JSON, and the same bytes from those.
#![no_main]

use fanfold::emit::{json, kyaml, yaml};
use fanfold::text::{Node, Origin};
use fanfold_fuzz::{Bytes, meaning, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // A document of nothing but null is no document.
    let tree = Node::seq(vec![Bytes(bytes).tree(true)], Origin::NOWHERE);
    let expected = meaning(&tree);
    let writers: [fn(&Node, &mut Vec<u8>); 4] = [yaml::write, kyaml::write, json::write, json::write_compact];
    for write in writers {
        let mut written = Vec::new();
        write(&tree, &mut written);
        let shown = || String::from_utf8_lossy(&written);
        let found = read(&written).unwrap_or_else(|finding| panic!("{finding} in\n{}", shown()));
        assert_eq!(meaning(&found), expected, "{}", shown());
        let mut again = Vec::new();
        write(&found, &mut again);
        assert_eq!(String::from_utf8_lossy(&again), shown());
    }
});
