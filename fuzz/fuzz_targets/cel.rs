//! Expressions of policies: whatever is written, it is refused, or comes to something at a cost that is bounded.
#![no_main]

use fanfold::cel::{EXPRESSION, Environment, Given, Ty, Value};
use fanfold::kubernetes::Minor;
use fanfold_fuzz::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let object = read(b"{metadata: {name: a, labels: {b: c}}, spec: {n: 3, list: [1, 2, 3], text: abc}}").expect("YAML");
    let environment = Environment::new(Minor::NEWEST).with("object", Ty::Dyn);
    let Ok(program) = environment.compile(text) else { return };
    let roots = [Value::tree(object)];
    let ran = program.run(&Given::new(&roots, &[]));
    assert!(ran.cost <= 2 * EXPRESSION || ran.outcome.is_err(), "{text} costs {}", ran.cost);
});
