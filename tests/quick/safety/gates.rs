//! Gates that would let all pass, or lose what was there, since a file of theirs is empty, or holds something else.

use super::budgets::HEAD;
use crate::bench::Bench;

#[test]
fn an_empty_part_is_an_error_and_removes_nothing() {
    let batch = |name: &str, include: &str| {
        format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: {name}}}\n{include}configMaps: {{{name}: {{nameHash: false, data: {{k: v}}}}}}\n"
        )
    };
    let part = "apiVersion: fanfold.dev/v1\nkind: Part\nparams: {p: 1}\n";
    let bench = Bench::with(&[
        ("specs/a.yaml", &batch("a", "include: [../p.yaml]\n")),
        ("specs/b.yaml", &batch("b", "")),
        ("p.yaml", part),
    ]);
    bench.ok(&["build", "specs", "-o", "out"]);
    let all = || std::fs::read_dir(bench.path("out")).expect("a folder").count();
    let before = all();
    for text in ["", "# nothing\n", "null\n", "---\n", "~ # nothing\n"] {
        bench.write("p.yaml", text);
        let said = bench.fails(1, &["check", "specs/a.yaml", "specs/b.yaml", "--format", "short"]);
        assert!(
            said.contains("specs/a.yaml:4:11: error[invalid-value]: expected a document of `kind: Part`"),
            "{said}"
        );
        bench.fails(1, &["build", "specs", "-o", "out"]);
        assert_eq!(all(), before, "nothing is removed");
    }
}

#[test]
fn parts_that_include_one_another_in_circles_are_told_once() {
    let mut files = vec![("a.yaml".to_owned(), format!("{HEAD}include: ['p*.yaml']\n"))];
    let part = "apiVersion: fanfold.dev/v1\nkind: Part\ninclude: ['p*.yaml']\n";
    files.extend((0..30).map(|number| (format!("p{number}.yaml"), part.to_owned())));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let bench = Bench::with(&files);
    let said = bench.fails(1, &["check", "a.yaml", "--format", "short"]);
    assert_eq!(said.matches("includes itself").count(), 1, "{said}");
}

#[test]
fn a_gate_that_holds_no_policy_lets_nothing_pass() {
    let policy = "{\"apiVersion\": \"admissionregistration.k8s.io/v1\", \"kind\": \"ValidatingAdmissionPolicy\", \"metadata\": {\"name\": \"p\"}, \"spec\": {\"matchConstraints\": {\"resourceRules\": [{\"apiGroups\": [\"\"], \"apiVersions\": [\"v1\"], \"resources\": [\"configmaps\"], \"operations\": [\"CREATE\"]}]}, \"validations\": [{\"expression\": \"object.metadata.name == 'x'\"}]}}";
    let binding = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\nspec: {policyName: p, validationActions: [Deny]}\n";
    let spec = |policies: &str| format!("{HEAD}policies: [{policies}]\nconfigMaps: {{c: {{data: {{k: v}}}}}}\n");
    let bench = Bench::with(&[
        ("o.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"),
        ("empty.yaml", ""),
        ("list.yaml", &format!("{{apiVersion: v1, kind: List, items: [{policy}]}}\n")),
        (
            "own.yaml",
            &format!(
                "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyList, items: [{policy}]}}\n"
            ),
        ),
        ("binding.yaml", binding),
        ("policy.yaml", policy),
        ("alone.yaml", &spec("binding.yaml")),
        ("both.yaml", &spec("binding.yaml, policy.yaml")),
    ]);
    let said = bench.fails(2, &["check", "o.yaml", "--policy", "empty.yaml"]);
    assert!(said.contains("holds no object of the kind `ValidatingAdmissionPolicy`"), "{said}");
    for list in ["list.yaml", "own.yaml"] {
        let said = bench.fails(1, &["check", "o.yaml", "--policy", list]);
        assert!(said.contains("not allowed by policy `p`"), "{said}");
    }
    let said = bench.fails(1, &["check", "alone.yaml"]);
    assert!(said.contains("`binding.yaml` holds no policy"), "{said}");
    let said = bench.fails(1, &["check", "both.yaml"]);
    assert!(said.contains("not allowed by policy `p`"), "{said}");
    let said = bench.fails(2, &["check", "o.yaml", "--upgrade", "1.34..1.35..1.36"]);
    assert!(said.contains("expected two minors with `..` between them"), "{said}");
}
