//! Expressions of CEL, evaluated by the server's own code: the record that `quick` compares Fanfold with is what it says.

use fanfold::kubernetes::Minor;
use serde_json::{Value as Json, json};

use super::program::answers;
use crate::expressions::{Outcome, RECORD, VARIABLES, read_record};

#[test]
fn the_record_of_expressions_is_what_the_server_says() {
    needs!(ORACLE);
    let mut records = read_record();
    let variables: Json = serde_json::from_str(VARIABLES).expect("JSON");
    let asked = |text: &str, minor: u32| {
        json!({"expression": {"text": text, "minor": minor, "variables": variables}}).to_string()
    };
    let said = answers(&records.iter().map(|record| asked(&record.text, record.minor)).collect::<Vec<_>>());
    for (record, said) in records.iter_mut().zip(said) {
        record.server = match (said["compile"].as_str(), said["error"].as_str()) {
            (Some(_), _) => Outcome::Refused,
            (_, Some(_)) => Outcome::Fails,
            _ => Outcome::Value {
                shown: said["value"].as_str().unwrap_or_else(|| panic!("{said} has a value")).to_owned(),
                cost: said["cost"].as_u64().unwrap_or_default(),
            },
        };
    }
    let differ = records.iter().filter(|record| record.ours.is_some()).count();
    assert!(differ * 100 < records.len(), "{differ} of {} differ", records.len());
    assert!(records.iter().all(|record| record.minor <= Minor::NEWEST.0));
    let text: String = records.iter().map(ToString::to_string).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD);
    crate::golden::file(&path, text.as_bytes()).unwrap_or_else(|differs| panic!("{differs}"));
}
