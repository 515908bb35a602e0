//! What is small by itself and multiplies: instances by what each holds, layers by layers, forms by forms, files by patterns.

use std::fmt::Write as _;
use std::fs;

use super::budgets::{HEAD, refused, run, told, with_workload};
use crate::bench::{Bench, stdout};
use crate::pace::{self, size};

/// Writes something for each number.
fn each(count: usize, mut write: impl FnMut(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        let _ = write!(text, "{}", write(at));
        text
    })
}

#[test]
fn instances_times_what_each_holds_has_a_limit() {
    let env = each(3_000, |at| format!("      K{at}: v\n"));
    refused(&with_workload(&format!("    instances: 9000\n    env:\n{env}")), "hold too many values");
    let operations = each(3_000, |_| "{op: test, path: /kind, value: Deployment}, ".to_owned());
    let fields = format!("    instances: 9000\n    patchJSON6902: {{Deployment: [{operations}]}}\n");
    refused(&with_workload(&fields), "hold too many values");
    let whole = format!("{HEAD}patchJSON6902: {{Deployment: [{operations}]}}\n");
    let spec = with_workload("    instances: 9000\n").replace(HEAD, &whole);
    refused(&spec, "hold too many values");
    let long = "x".repeat(200_000);
    refused(&with_workload(&format!("    instances: 9000\n    env: {{A: {long}}}\n")), "hold too many values");
}

#[test]
fn instances_times_the_steps_of_their_expressions_have_a_limit() {
    let steps = size(30_000);
    let looping = format!(
        "    instances: 100\n    env: {{A: \"{{% for i in range({steps}) %}}{{% endfor %}}{{{{ index }}}}\"}}\n"
    );
    let bench = Bench::with(&[("spec.yaml", &with_workload(&looping))]);
    assert_eq!(run(&bench, &["check", "spec.yaml"], None).status.code(), Some(0));
    let output = run(&bench, &["check", "spec.yaml", "--max-instances", "100"], None);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let message = "the expressions of all instances take more than 500,000 steps";
    assert!(told(&output).contains(message), "{}", told(&output));
    // A text of 64 bytes is a step, and takes no time.
    let many = each(100, |at| format!("      E{at}: \"{{{{ ('x' * {})|length }}}}\"\n", 11_000_000 + at));
    refused(&with_workload(&format!("    env:\n{many}")), "the expressions of one instance");
}

#[test]
fn expressions_that_fail_cost_what_they_took() {
    let many = each(200, |at| format!("      E{at}: \"{{{{ {at} + 1|nope }}}}\"\n"));
    refused(&with_workload(&format!("    env:\n{many}")), "and 199 more like it");
    // Were each to cost all that it may, three hundred would cost more than all instances may.
    let one = format!("    instances: {}\n    env: {{A: \"{{{{ index|nope }}}}\"}}\n", size(3_000));
    refused(&with_workload(&one), "there is no filter `nope`");
    let bench = Bench::with(&[("spec.yaml", &with_workload(&one))]);
    assert!(!told(&run(&bench, &["check", "spec.yaml"], None)).contains("steps"));
}

#[test]
fn expressions_are_kept_once_and_only_so_many() {
    let same = "{{ 1 + 1 }}".repeat(20_000);
    let bench = Bench::with(&[("spec.yaml", &with_workload(&format!("    env: {{A: \"{same}\"}}\n")))]);
    let output = run(&bench, &["build", "spec.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    if pace::is_quick() {
        return;
    }
    let different = each(60_000, |at| format!("{{{{ {at} + 1 }}}}"));
    refused(&with_workload(&format!("    env: {{A: \"{different}\"}}\n")), "take more than");
}

#[test]
fn layers_are_only_so_many() {
    let templates = each(101, |at| format!("  t{at}: {{env: {{K{at}: v}}}}\n"));
    let used = each(101, |at| format!("t{at}, "));
    let spec = with_workload(&format!("    use: [{used}]\n")) + &format!("templates:\n{templates}");
    refused(&spec, "at most 100 templates, found 101");
    let overrides = each(501, |at| format!("{{match: {{a: 1}}, env: {{K{at}: v}}}}, "));
    refused(&with_workload(&format!("    matrix: {{a: [1]}}\n    overrides: [{overrides}]\n")), "too many overrides");
}

#[test]
fn lists_merge_in_the_time_of_their_length() {
    let below = each(6_000, |at| format!("{{name: A{at}, value: a}}, "));
    let above = each(6_000, |at| format!("{{name: A{}, value: b}}, ", 5_999 - at));
    let spec = with_workload(&format!("    env: [{above}]\n")) + &format!("defaults: {{env: [{below}]}}\n");
    let bench = Bench::with(&[("spec.yaml", &spec)]);
    let output = run(&bench, &["build", "spec.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(stdout(&output).matches("value: b").count(), 6_000);
}

#[test]
fn variables_that_use_each_other_are_ordered_without_a_search_for_each() {
    let chain = each(10_000, |at| format!("      K{at:05}: \"$(K{:05})\"\n", at + 1));
    let bench = Bench::with(&[("spec.yaml", &with_workload(&format!("    env:\n{chain}")))]);
    let output = run(&bench, &["build", "spec.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let text = stdout(&output);
    assert!(text.find("name: K09999") < text.find("name: K00000"), "the last one is used by all");
}

#[test]
fn forms_within_forms_are_not_tried_without_end() {
    let nested = format!("{}1{}", "[".repeat(26), "]".repeat(26));
    let spec = format!(
        "{HEAD}params:\n  a:\n    $ref: '#/$defs/n'\n    default: {nested}\n    $defs: {{n: {{type: array, items: \
         {{anyOf: [{{$ref: '#/$defs/n'}}, {{$ref: '#/$defs/n'}}]}}}}}}\nworkloads: {{w: {{kind: Pod, image: a, env: \
         {{A: '{{{{ params.a | tojson }}}}'}}}}}}\n"
    );
    refused(&spec, "which has too many forms to say where");
    let count = if pace::is_quick() { 1_200 } else { 4_000 };
    let choices = each(count, |at| format!("{{x: {at}}}, "));
    let values = each(count, |_| format!("{{x: {}}}, ", count - 1));
    let spec = format!(
        "{HEAD}params: {{a: {{type: array, items: {{enum: [{choices}]}}, default: [{values}]}}}}\n\
         workloads: {{w: {{kind: Pod, image: a, env: {{A: '{{{{ params.a | length }}}}'}}}}}}\n"
    );
    refused(&spec, "too many forms");
}

#[test]
fn cells_of_a_table_are_found_in_one_pass() {
    let fields = with_workload("    matrix: {rows: rows.csv}\n");
    for rows in [
        format!("a\n{}\n", ",".repeat(100_000)),
        format!("a{}\r", "\r1".repeat(100_000)),
        format!("a,{}\n1{}\n", each(9_000, |at| format!("c{at},")) + "z", ",\"\"".repeat(9_001)),
    ] {
        let bench = Bench::with(&[("rows.csv", &rows), ("spec.yaml", &fields)]);
        run(&bench, &["check", "spec.yaml"], None);
    }
}

#[test]
fn batches_of_one_run_do_not_look_at_each_other_one_by_one() {
    let batches = each(3_000, |at| {
        format!(
            "---\napiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: b{at}}}\nconfigMaps: {{c{at}: {{data: {{a: b}}}}}}\n"
        )
    });
    let bench = Bench::with(&[("specs.yaml", &batches)]);
    let output = run(&bench, &["build", "specs.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    // Nor do the findings about each look at all.
    refused(&"---\napiVersion: fanfold.dev/v1\nkind: Batch\n".repeat(size(20_000)), "metadata");
}

#[test]
fn unknown_fields_of_one_object_are_told_in_the_time_of_their_number() {
    let fields = each(20_000, |at| format!("  nope{at}: 1\n"));
    refused(&format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n{fields}"), "20,00");
}

#[test]
fn a_folder_is_listed_once_for_all_patterns() {
    let bench = Bench::with(&[]);
    fs::create_dir(bench.path("many")).unwrap();
    for at in 0..3_000 {
        fs::write(bench.path(&format!("many/{at}.txt")), "").unwrap();
    }
    let patterns = each(100, |at| format!("'many/*{at}.yaml', "));
    fs::write(bench.path("spec.yaml"), format!("{HEAD}manifests: [{patterns}]\n")).unwrap();
    run(&bench, &["check", "spec.yaml"], None);
    refused(&format!("{HEAD}manifests: ['{}a.yaml']\n", "**/".repeat(9)), "at most 8 `**`");
}

#[test]
fn limits_are_told_as_they_are() {
    let spec = with_workload("    instances: 99\n") + "  x: {kind: Pod, image: a, instances: 99}\n";
    let bench = Bench::with(&[("spec.yaml", &spec)]);
    let output = told(&run(&bench, &["check", "spec.yaml", "--max-instances", "100"], None));
    for words in ["makes 99 instances beside 99 others, the limit is 100", "`--max-instances 198` allows them"] {
        assert!(output.contains(words), "{output}");
    }
    let fields = "    matrix: {a: {from: 1, to: 1000000}, b: {from: 1, to: 1000000}}\n";
    refused(&with_workload(fields), "`b` has 1000000 values, all axes of a matrix may have 1000000");
    let included = each(20_000, |at| format!("{{a: i{at}}}, "));
    let fields = format!("    matrix: {{a: [x], include: [{included}]}}\n");
    refused(&with_workload(&fields), "makes 20001 instances, the limit is 10000");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_to_write() {
    let bench = Bench::with(&[("spec.yaml", &with_workload(""))]);
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap().success());
    for args in [&["build", "spec.yaml", "-o", "pipe"][..], &["build", "spec.yaml", "-o", "pipe", "--force"]] {
        let output = run(&bench, args, None);
        assert_eq!(output.status.code(), Some(3), "{}", told(&output));
        assert!(told(&output).contains("it is a pipe, and no file"), "{}", told(&output));
    }
}
