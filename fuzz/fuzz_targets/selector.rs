//! A selector that is read, written out, is the same selector; what is refused has its place in the text.
#![no_main]

use fanfold::kubernetes::{Operator, Requirement, Toleration};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (Requirement::parse(text), Toleration::parse(text));
    match Requirement::parse_all(text) {
        Ok(all) => {
            let written: Vec<String> = all.iter().map(written).collect();
            assert_eq!(Requirement::parse_all(&written.join(",")).as_ref(), Ok(&all), "{written:?}");
        }
        Err(refused) => assert!(text.get(refused.at.clone()).is_some(), "{refused:?}"),
    }
});

fn written(Requirement { key, operator, values }: &Requirement) -> String {
    let first = values.first().map(|value| value.as_str()).unwrap_or_default();
    match operator {
        Operator::Exists => key.to_string(),
        Operator::DoesNotExist => format!("!{key}"),
        Operator::Gt => format!("{key}>{first}"),
        Operator::Lt => format!("{key}<{first}"),
        Operator::In if values.len() == 1 => format!("{key}={first}"),
        Operator::NotIn if values.len() == 1 => format!("{key}!={first}"),
        Operator::In => format!("{key} in ({})", values.join(",")),
        Operator::NotIn => format!("{key} notin ({})", values.join(",")),
    }
}
