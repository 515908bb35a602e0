//! Expressions of CEL: what comes of them, and what they cost, as the server's own code has recorded it.
//!
//! `tests/world/oracle/expressions.rs` asks the server's code and writes the record; what differs is told there, with its
//! reason.

mod cases;

use std::collections::BTreeMap;

use fanfold::cel::{EXPRESSION, Environment, Fault, Given, Ty, Value};
use fanfold::diagnostic::Diagnostics;
use fanfold::kubernetes::Minor;
use fanfold::read::read_documents;
use fanfold::text::Sources;

use crate::expressions::{Outcome, Record, VARIABLES, read_record};

/// Returns the variables that the expressions read.
fn variables() -> BTreeMap<String, Value> {
    let mut found = Diagnostics::new();
    let documents = read_documents(&mut Sources::default(), "variables.json", VARIABLES.into(), &mut found);
    assert!(found.is_empty(), "{found:?}");
    let root = documents[0].root.as_map().expect("a mapping of variables").clone();
    root.iter().map(|entry| (entry.key.text.to_string(), Value::tree(entry.value.clone()))).collect()
}

fn evaluate(record: &Record, variables: &BTreeMap<String, Value>) -> Outcome {
    let mut environment = Environment::new(Minor(record.minor));
    for name in variables.keys() {
        environment = environment.with(name, Ty::Dyn);
    }
    let roots: Vec<Value> = variables.values().cloned().collect();
    match environment.compile(&record.text) {
        Err(_) => Outcome::Refused,
        Ok(program) => {
            let ran = program.run(&Given::new(&roots, &[]));
            match ran.outcome {
                Ok(value) => Outcome::Value { shown: value.shown(), cost: ran.cost },
                Err(_) => Outcome::Fails,
            }
        }
    }
}

#[test]
fn expressions_come_to_what_the_server_says() {
    let (records, variables) = (read_record(), variables());
    assert!(records.len() > 500, "{} expressions are recorded", records.len());
    let mut wrong = Vec::new();
    for record in &records {
        let ours = evaluate(record, &variables);
        let wanted = record.ours.as_ref().unwrap_or(&record.server);
        if ours != *wanted {
            wrong.push(format!("{}\n    expected {wanted}\n    found    {ours}", record.text));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_costs_too_much_is_given_up_as_the_server_does() {
    let numbers: Vec<String> = (0..120).map(|at| at.to_string()).collect();
    let text = format!("[{}].all(a, object.all(b, object.all(c, a + b + c >= 0)))", numbers.join(", "));
    let mut found = Diagnostics::new();
    let list = format!("[{}]", numbers.join(", "));
    let documents = read_documents(&mut Sources::default(), "a.json", list.into(), &mut found);
    let program = Environment::new(Minor::NEWEST).with("object", Ty::Dyn).compile(&text).expect("an expression");
    let roots = [Value::tree(documents[0].root.clone())];
    let ran = program.run(&Given::new(&roots, &[]));
    assert_eq!(ran.outcome.err(), Some(Fault::OverBudget));
    assert!(ran.cost > EXPRESSION && ran.cost < EXPRESSION + 1000, "{}", ran.cost);
}

#[test]
fn what_is_read_last_is_known() {
    let mut found = Diagnostics::new();
    let text = "{a: [{b: x, c: 1}, {b: y}]}";
    let documents = read_documents(&mut Sources::default(), "a.yaml", text.into(), &mut found);
    let root = &documents[0].root;
    let read = |expression: &str| {
        let program = Environment::new(Minor::NEWEST).with("object", Ty::Dyn).compile(expression).expect(expression);
        let roots = [Value::tree(root.clone())];
        let ran = program.run(&Given::new(&roots, &[]));
        ran.reads.last().map(|node| text[node.origin().start as usize..node.origin().end as usize].to_owned())
    };
    for (expression, wanted) in [
        ("object.a.all(i, i.b == 'x')", "y"),
        ("object.a.exists(i, i.b == 'x')", "x"),
        ("object.a.all(i, has(i.c))", "{b: y}"),
        ("object.a.map(i, i.b).all(b, b.startsWith('x'))", "y"),
        ("object.a[0].c == 1 && object.a[1].b == 'z' && object.a[0].b == 'x'", "y"),
        ("object.a.size() > 3", "[{b: x, c: 1}, {b: y}]"),
        ("has(object.b)", "{a: [{b: x, c: 1}, {b: y}]}"),
    ] {
        assert_eq!(read(expression).as_deref(), Some(wanted), "{expression}");
    }
}

#[test]
fn what_is_no_expression_is_refused_in_plain_words() {
    let refused = |text: &str, minor: u32| {
        let environment = Environment::new(Minor(minor)).with("object", Ty::Dyn).with("params", Ty::Dyn);
        let refusal = environment.compile(text).expect_err(text);
        format!(
            "{}: {}{}",
            refusal.at,
            refusal.message,
            refusal.help.map_or_else(String::new, |help| format!(" | {help}"))
        )
    };
    for (text, minor, wanted) in [
        ("1 +", 37, "3: expected an expression, found the end"),
        ("(object.a", 37, "9: expected `)`, found the end"),
        ("object.a object.b", 37, "9: expected an operator or the end, found `object`"),
        ("'abc", 37, "0: expected `'` at the end of the text"),
        ("objct.a", 37, "0: there is no variable `objct` | did you mean `object`?"),
        ("request.a", 37, "0: there is no variable `request` | there is `object` and `params`"),
        ("object.a.startWith('x')", 37, "0: there is no method `startWith()` | did you mean `startsWith()`?"),
        ("startsWith('x')", 37, "0: there is no function `startsWith()` | write `value.startsWith(…)`"),
        ("'a'.startsWith(1)", 37, "0: `startsWith()` of `string` does not take (int)"),
        ("1 == 'a'", 37, "0: `==` does not go with `int` and `string`"),
        ("[1].includes(1)", 36, "0: there is no method `includes()` before Kubernetes 1.37"),
        ("'a'.matches('(')", 37, "0: `(` is no regular expression: unclosed group"),
        ("for", 37, "0: `for` is a reserved word, and names nothing"),
        (
            "[1, 'a']",
            37,
            "4: expected items of one type, found `string` after `int` | `dyn(value)` lets items of several types stand together",
        ),
        ("has(object)", 37, "0: expected a field in `has()`, as in `has(object.metadata.labels)`"),
        ("'%s %s'.format(['a'])", 37, "0: the text takes 2 values, and is given 1"),
        ("duration('1x')", 37, "0: type conversion error from 'string' to 'google.protobuf.Duration'"),
    ] {
        assert_eq!(refused(text, minor), wanted, "{text}");
    }
}

#[test]
fn deep_and_long_expressions_are_refused_or_evaluated_without_harm() {
    let environment = Environment::new(Minor::NEWEST);
    let deep = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(20_000), close.repeat(20_000));
    for text in
        [deep("(", "1", ")"), deep("[", "", "]"), deep("!", "true", ""), deep("-", "1", ""), deep("{1: ", "1", "}")]
    {
        let _ = environment.compile(&text);
    }
    for joint in [" + 1", ".a", "[0]", " ? 1 : 2", " && true", " == 1"] {
        let _ = environment.compile(&format!("1{}", joint.repeat(20_000)));
    }
    let many = format!("true{}", " && true".repeat(10_000));
    let program = environment.compile(&many).expect("many conditions in a row");
    assert!(matches!(program.run(&Given::new(&[], &[])).outcome, Ok(Value::Bool(true))));
}

#[test]
fn what_grows_without_end_is_given_up_soon() {
    let grown = |start: &str, step: &str| format!("{start}{}", step.repeat(40));
    let texts = [
        grown("'aaaaaaaaaa'", ".replace('a', 'aaaaaaaaaa')"),
        grown("'a'", ".replace('', 'aaaaaaaaaa')"),
        grown("[lists.range(1000)]", ".map(a, a + a)"),
        grown("[lists.range(1000)]", ".map(a, lists.range(900).map(b, a).flatten())"),
        grown("['aaaaaaaaaa']", ".map(a, '%s%s%s%s'.format([a, a, a, a]))"),
        grown("['aaaaaaaaaa']", ".map(a, [a, a, a, a, a, a].join(a))"),
        "lists.range(70000).distinct().size()".to_owned(),
        "sets.contains(lists.range(70000), lists.range(70000))".to_owned(),
        "lists.range(20000).transformMapEntry(i, v, {v: i}).size()".to_owned(),
        "lists.range(1000000000)".to_owned(),
    ];
    let environment = Environment::new(Minor::NEWEST);
    for text in texts {
        let program = environment.compile(&text).unwrap_or_else(|refused| panic!("{text}: {refused:?}"));
        let start = std::time::Instant::now();
        let ran = program.run(&Given::new(&[], &[]));
        let fine = ran.outcome.is_ok_and(|value| value.shown().len() < 1000);
        assert!(fine || ran.cost <= 10 * EXPRESSION, "{text} costs {}", ran.cost);
        assert!(start.elapsed().as_secs() < 60, "{text} takes {:?}", start.elapsed());
    }
}
