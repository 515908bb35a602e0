//! Which findings count.

use fanfold::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use fanfold::policy::{Policy, PolicyError};
use fanfold::text::{FileId, Origin, Sources};

/// Puts a finding of the code at each `@` of the text, and returns what is left of them with the comments' own.
fn judge(text: &str, code: Code, policy: &Policy) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let findings: Diagnostics =
        text.match_indices('@').map(|(at, _)| Diagnostic::new(code, Origin::new(file, at, at + 1), "found")).collect();
    policy
        .apply(findings, &sources)
        .iter()
        .map(|finding| {
            let (_, place) = sources.place(finding.origin).expect("a place");
            format!(
                "{}:{} {}[{}]: {}",
                place.line,
                place.column,
                finding.severity.as_str(),
                finding.code,
                finding.message
            )
        })
        .collect()
}

fn judged(text: &str, code: Code) -> Vec<String> {
    judge(text, code, &Policy::default())
}

#[test]
fn a_comment_allows_on_its_line_or_on_the_next() {
    assert_eq!(judged("a: x@ # fanfold: allow(empty-matrix) filled later\n", Code::EmptyMatrix), [""; 0]);
    let above = "# fanfold: allow(empty-matrix, removed-api) filled later\n# and more\n\na: x@\nb: x@\n";
    assert_eq!(judged(above, Code::EmptyMatrix), ["5:5 error[empty-matrix]: found"]);
    let both = "# fanfold: allow(removed-api) old cluster\n# fanfold: allow(deprecated-api) it too\na: x@ # why\n";
    assert_eq!(
        judged(both, Code::RemovedApi),
        ["2:18 warning[unused-allow]: expected a finding of `deprecated-api` to allow on line 3, found none"]
    );
}

#[test]
fn text_that_is_no_comment_allows_nothing() {
    let text = "a: |\n  x@ # fanfold: allow(empty-matrix) no comment\n";
    assert_eq!(judged(text, Code::EmptyMatrix), ["2:4 error[empty-matrix]: found"]);
    let text = "a: 'x@ # fanfold: allow(empty-matrix) no comment'\n";
    assert_eq!(judged(text, Code::EmptyMatrix), ["1:6 error[empty-matrix]: found"]);
    let text = "# as # fanfold: allow(nonsense) says\na: x@\n";
    assert_eq!(judged(text, Code::EmptyMatrix), ["2:5 error[empty-matrix]: found"]);
}

#[test]
fn an_allow_needs_a_known_code_and_a_reason() {
    let one = |text: &str| judged(&format!("{text}\na: x\n"), Code::EmptyMatrix).join("\n");
    assert_eq!(
        one("# fanfold: alow(x) y"),
        "1:12 error[invalid-allow]: expected `allow(code) reason`, found `alow(x) y`"
    );
    assert_eq!(one("# fanfold: allow() y"), "1:18 error[invalid-allow]: expected a code, found nothing");
    assert_eq!(one("# fanfold: allow(empty-matrx) y"), "1:18 error[invalid-allow]: no code is named `empty-matrx`");
    assert_eq!(
        one("# fanfold: allow(duplicate-key) y"),
        "1:18 error[invalid-allow]: `duplicate-key` cannot be allowed"
    );
    assert_eq!(
        judged("a: x@ # fanfold: allow(empty-matrix) --\n", Code::EmptyMatrix),
        ["1:18 error[invalid-allow]: expected a reason after the codes, found none"]
    );
}

#[test]
fn unused_allows_wait_until_no_error_is_left() {
    let text = "a: x@\nb: 1 # fanfold: allow(deprecated-api) old cluster\n";
    assert_eq!(judged(text, Code::EmptyMatrix), ["1:5 error[empty-matrix]: found"]);
    assert_eq!(judged(text, Code::UnknownCustomKind).len(), 2);
}

#[test]
fn flags_raise_and_leave_out() {
    let parse = |deny: &[&str], allow: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Policy::parse(&words(deny), &words(allow))
    };
    let text = "a: x@\n";
    let warnings = parse(&["warnings"], &[]).unwrap();
    assert_eq!(judge(text, Code::DeprecatedApi, &warnings), ["1:5 error[deprecated-api]: found"]);
    assert_eq!(judge(text, Code::UnknownCustomKind, &warnings), ["1:5 note[unknown-custom-kind]: found"]);
    let note = parse(&["unknown-custom-kind"], &[]).unwrap();
    assert_eq!(judge(text, Code::UnknownCustomKind, &note), ["1:5 error[unknown-custom-kind]: found"]);
    let allow = parse(&[], &["unused-allow", "deprecated-api"]).unwrap();
    assert_eq!(judge("a: x@ # fanfold: allow(removed-api) y", Code::DeprecatedApi, &allow), [""; 0]);

    let refused = |deny: &[&str], allow: &[&str]| parse(deny, allow).unwrap_err().to_string();
    assert_eq!(refused(&["empty-matrx"], &[]), "no code is named `empty-matrx`: did you mean `empty-matrix`?");
    assert_eq!(refused(&["nonsense"], &[]), "no code is named `nonsense`");
    assert_eq!(refused(&["removed-api"], &["removed-api"]), "`removed-api` is both denied and allowed");
    assert_eq!(parse(&[], &["invalid-yaml"]), Err(PolicyError::NotAllowable(Code::InvalidYaml)));
}

#[test]
fn findings_without_a_place_pass() {
    let mut sources = Sources::default();
    sources.add("a.yaml", "a: 1 # fanfold: allow(empty-matrix) y\n");
    let finding = |origin| Diagnostic::new(Code::EmptyMatrix, origin, "found");
    let stray = Origin::new(FileId(7), 5, 9);
    let kept = Policy::default().apply([finding(Origin::NOWHERE), finding(stray)].into_iter().collect(), &sources);
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|finding| finding.severity == Severity::Error));
}
