//! The files that fixes are written to: bytes that stay, files that are left alone, standard input, reports.

use std::fs;

use serde_json::Value;

use crate::bench::Bench;

const WRONG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: yes # kept\n";
const RIGHT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: \"yes\" # kept\n";

#[test]
fn comments_line_ends_and_the_byte_order_mark_stay() {
    let crlf = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let bench = Bench::with(&[("a.yaml", &crlf(WRONG)), ("b.yaml", WRONG.trim_end())]);
    let (exit, _, said) = bench.said(&["check", "--fix", "a.yaml"]);
    assert_eq!((exit, bench.read("a.yaml")), (Some(0), crlf(RIGHT)));
    assert!(said.contains("fixed 1 finding in 1 file"), "{said}");
    assert_eq!(bench.said(&["check", "--fix", "b.yaml"]).0, Some(0));
    assert_eq!(bench.read("b.yaml"), RIGHT.trim_end());
    let left: Vec<_> = fs::read_dir(bench.path("")).expect("a folder").collect();
    assert_eq!(left.len(), 2, "nothing is left beside them");
}

#[test]
fn only_files_among_the_inputs_that_may_be_written_are_changed() {
    let spec =
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop}\nmanifests: [more/b.yaml, more/c.yaml.j2]\n";
    let rendered = format!("---\n# Source: chart/templates/a.yaml\n{}", WRONG.replace("name: a", "name: c"));
    let bench = Bench::with(&[
        ("spec.yaml", spec),
        ("more/b.yaml", &WRONG.replace("name: a", "name: b")),
        ("more/c.yaml.j2", &WRONG.replace("name: a", "name: d")),
        ("rendered.yaml", &rendered),
        ("kept.yaml", &WRONG.replace("name: a", "name: e")),
    ]);
    let mut rights = fs::metadata(bench.path("kept.yaml")).expect("it is there").permissions();
    rights.set_readonly(true);
    fs::set_permissions(bench.path("kept.yaml"), rights).expect("it is made read-only");
    let names = ["spec.yaml", "more/b.yaml", "more/c.yaml.j2", "rendered.yaml", "kept.yaml"];
    let before: Vec<String> = names.iter().map(|name| bench.read(name)).collect();
    let (exit, _, said) = bench.said(&["check", "--fix", "spec.yaml", "rendered.yaml", "kept.yaml"]);
    assert_eq!(exit, Some(1));
    for line in [
        "1 fix is left out in `more/b.yaml`: it is none of the inputs",
        "1 fix is left out in `more/c.yaml.j2`: it is none of the inputs",
        "1 fix is left out in `rendered.yaml`: it was rendered from `chart/templates/a.yaml`",
        "1 fix is left out in `kept.yaml`: it is read-only",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert_eq!(names.iter().map(|name| bench.read(name)).collect::<Vec<_>>(), before);
}

#[test]
fn a_link_stays_one_and_its_file_is_changed_once() {
    let bench = Bench::with(&[("real/a.yaml", WRONG)]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("real/a.yaml", bench.path("a.yaml")).expect("a link is made");
        let (_, _, said) = bench.said(&["check", "--fix", "a.yaml"]);
        assert!(fs::symlink_metadata(bench.path("a.yaml")).expect("it is there").is_symlink(), "{said}");
    }
    #[cfg(not(unix))]
    bench.said(&["check", "--fix", "real/a.yaml"]);
    assert_eq!(bench.read("real/a.yaml"), RIGHT);
}

#[test]
fn standard_input_is_printed_fixed_and_what_remains_stands_beside_it() {
    let bench = Bench::with(&[]);
    let text = format!("\u{feff}{WRONG}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: B_}}\n");
    let (exit, out, said) = bench.said_to(&["check", "--fix", "-"], &text);
    assert_eq!((exit, out), (Some(1), text.replace("a: yes", "a: \"yes\"")));
    assert!(said.contains("error[invalid-name]") && said.contains("fixed 1 finding in 1 file"), "{said}");
    let (exit, out, _) = bench.said_to(&["check", "--fix", "-"], RIGHT);
    assert_eq!((exit, out.as_str()), (Some(0), RIGHT), "what is right is printed as it is");
    let (exit, out, _) = bench.said_to(&["check", "--diff", "-"], WRONG);
    assert_eq!(exit, Some(1));
    assert!(out.contains("-  a: yes # kept\n+  a: \"yes\" # kept\n"), "{out}");
}

#[test]
fn a_file_that_a_spec_names_and_the_user_too_is_changed() {
    let spec = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop}\nmanifests: [b.yaml]\n";
    let bench = Bench::with(&[("spec.yaml", spec), ("b.yaml", WRONG)]);
    let (exit, _, said) = bench.said(&["check", "--fix", "."]);
    assert_eq!((exit, bench.read("b.yaml").as_str()), (Some(0), RIGHT), "{said}");
}

#[test]
fn one_fix_that_does_not_hold_stops_no_other() {
    let document = |number: usize| WRONG.replace("name: a", &format!("name: a{number}"));
    let mut text: Vec<String> = (0..40).map(document).collect();
    text.push("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {a: &x yes, b: *x}}\n".to_owned());
    text.extend((40..80).map(document));
    let text = text.join("---\n");
    let bench = Bench::with(&[("a.yaml", &text)]);
    let (exit, out, said) = bench.said(&["check", "--fix", "a.yaml", "--format", "short"]);
    assert_eq!((exit, out.lines().count()), (Some(1), 1), "{out}");
    assert!(said.contains("fixed 80 findings in 1 file"), "{said}");
    assert_eq!(bench.read("a.yaml"), text.replace("a: yes", "a: \"yes\""));
}

#[test]
fn flags_that_say_nothing_are_refused() {
    let bench = Bench::with(&[("a.yaml", WRONG)]);
    for (flags, said) in [
        (&["--unsafe-fixes"][..], "goes with `--fix` or `--diff`"),
        (&["--fix", "--upgrade", "1.36..1.37"], "cannot be used with"),
    ] {
        let (exit, _, err) = bench.said(&[&["check", "a.yaml"], flags].concat());
        assert_eq!(exit, Some(2));
        assert!(err.contains(said), "{err}");
    }
    assert_eq!(bench.read("a.yaml"), WRONG);
}

#[test]
fn no_difference_shows_a_secret() {
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: \"true\"\nstringData:\n  p: hunter2\n";
    let bench = Bench::with(&[("a.yaml", &format!("{WRONG}{secret}"))]);
    let (_, out, said) = bench.said(&["check", "--diff", "a.yaml"]);
    assert!(out.contains("+immutable: true\n"), "{out}");
    assert!(!format!("{out}{said}").contains("hunter2"), "{out}");
}

#[test]
fn reports_carry_fixes_with_their_applicability() {
    let bench = Bench::with(&[("a.yaml", WRONG)]);
    let (_, out, _) = bench.said(&["check", "a.yaml", "--format", "json"]);
    let finding: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(finding["fix"]["applicability"], "safe");
    assert_eq!(finding["fix"]["edits"][0]["replacement"], "\"yes\"");
    assert_eq!(finding["fix"]["edits"][0]["byteStart"], finding["byteStart"]);
    let (_, out, _) = bench.said(&["check", "a.yaml", "--format", "sarif"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    let fix = &report["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["properties"]["applicability"], "safe");
    assert_eq!(fix["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"], "\"yes\"");
    let (_, out, _) = bench.said(&["check", "a.yaml", "--format", "github"]);
    assert!(out.contains("%0Afix (safe): write `\"yes\"` in place of `yes`"), "{out}");
    let (_, out, _) = bench.said(&["check", "a.yaml"]);
    assert!(out.ends_with("1 error\n[*] 1 fixable with `fanfold check --fix`\n"), "{out}");
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_other_names_and_its_rights() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::with(&[("a.yaml", WRONG)]);
    fs::hard_link(bench.path("a.yaml"), bench.path("other.txt")).expect("a link is made");
    fs::set_permissions(bench.path("a.yaml"), fs::Permissions::from_mode(0o640)).expect("its rights are set");
    bench.ok(&["check", "--fix", "a.yaml"]);
    assert_eq!((bench.read("a.yaml").as_str(), bench.read("other.txt").as_str()), (RIGHT, RIGHT));
    let mode = fs::metadata(bench.path("a.yaml")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn what_is_removed_side_by_side_goes_in_one_look() {
    let comments = "# fanfold: allow(ambiguous-scalar) for a while\n".repeat(60);
    let text = format!("{comments}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: b}}\n");
    let bench = Bench::with(&[("a.yaml", &text)]);
    let (exit, out, said) = bench.said(&["check", "--fix", "a.yaml"]);
    assert_eq!(exit, Some(0), "{out}{said}");
    assert!(bench.read("a.yaml").starts_with("apiVersion"), "{said}\n{}", bench.read("a.yaml"));
}
