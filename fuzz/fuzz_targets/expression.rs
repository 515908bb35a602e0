//! Any text is filled in or refused, as a leaf of a spec and as a whole document, within bounded time and memory.
#![no_main]

use std::sync::LazyLock;

use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::Diagnostics;
use fanfold::expand::{Scope, render_document};
use fanfold::read::MemoryFiles;
use fanfold::text::{Node, Origin, Sources};
use libfuzzer_sys::fuzz_target;

static PARAMS: LazyLock<Node> = LazyLock::new(|| {
    fanfold_fuzz::read(b"{n: 3, x: 1.5, s: text, l: [1, two, {three: 3}], m: {a: b}, z: null}").unwrap()
});

fuzz_target!(|text: &str| {
    let scope = Scope { params: Some(&PARAMS), index: Some(1), name: Some("web"), ..Scope::default() };
    let _ = render_document(text, &scope, Origin::NOWHERE);
    compile_with(text);
});

fn compile_with(text: &str) {
    let leaf = serde_json::Value::from(text);
    let spec = format!(
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: fuzz}}\n\
         params: {{n: 3, x: 1.5, s: text, l: [1, two], m: {{a: b}}}}\n\
         workloads:\n  web:\n    kind: Job\n    image: nginx:1\n    env: {{A: {leaf}}}\n    annotations: {{{leaf}: {leaf}}}\n"
    );
    let files = MemoryFiles::default().with("fuzz.yaml", spec.as_str());
    let (mut sources, mut findings) = (Sources::default(), Diagnostics::new());
    let inputs = read_inputs(&["fuzz.yaml".into()], &files, || Ok(Vec::new()), &mut sources, &mut findings);
    let settings = Settings::default();
    compile(inputs, &settings, &files, &mut sources, &mut findings);
}
