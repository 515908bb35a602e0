//! Expressions of policies and definitions, some hundred bytes that ask for all time: what is looked at is counted, however
//! little it costs the server.

use std::fmt::Write as _;

use super::budgets::{run, told};
use crate::bench::{Bench, stderr, stdout};

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {a: b}\n";

/// Returns a policy with variables, each an expression, and one validation.
fn policy(variables: &[String], validation: &str) -> String {
    let mut text = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: [CREATE]}]}\n  variables:\n".to_owned();
    for (at, variable) in variables.iter().enumerate() {
        let _ = writeln!(text, "  - {{name: v{at}, expression: \"{variable}\"}}");
    }
    let _ = writeln!(text, "  validations: [{{expression: \"{validation}\"}}]");
    text
}

/// Returns variables of which each holds the one before it twice.
fn doubled(count: usize) -> Vec<String> {
    let twice = |at: usize| format!("[variables.v{at}, variables.v{at}]");
    std::iter::once("[1, 1]".to_owned()).chain((0..count - 1).map(twice)).collect()
}

#[test]
fn what_is_shared_is_not_looked_at_again_and_again() {
    for (validation, exit) in [
        ("variables.v59 == variables.v59", 0),
        ("variables.v59 in [variables.v59]", 0),
        ("[variables.v59].distinct().size() == 1", 0),
        ("'%s'.format([variables.v59]) == ''", 0),
        ("variables.v59 == [variables.v58, [variables.v57, variables.v57]]", 0),
        ("variables.v59 == variables.v59.map(v, v)", 0),
        ("variables.v59.includes(1)", 1),
    ] {
        let bench = Bench::with(&[("o.yaml", OBJECT), ("p.yaml", &policy(&doubled(60), validation))]);
        let args = ["check", "o.yaml", "--policy", "p.yaml", "--kubernetes-version", "1.37"];
        let output = run(&bench, &args, None);
        assert_eq!(output.status.code(), Some(exit), "{validation}: {}", told(&output));
    }
}

#[test]
fn what_no_one_item_costs_is_counted_together() {
    let text = "variables.v0.map(i, 'abcdefghij').join()";
    for (variables, validation) in [
        (vec!["lists.range(50000).transformMap(i, v, v)"], "lists.range(50000).all(i, variables.v0[i] == i)"),
        (vec!["lists.range(100000)"], "lists.range(100000).all(i, variables.v0.first().hasValue())"),
        (vec!["lists.range(100000)"], "lists.range(50000).all(i, dyn(variables.v0) != [i])"),
        (vec!["lists.range(60000)", text], "variables.v1.indexOf(variables.v1.substring(300000) + 'x') < 0"),
        (vec!["lists.range(60000)", text], "lists.range(60000).all(i, variables.v1.size() > i)"),
        (vec!["lists.range(60000)", text], "lists.range(60000).all(i, variables.v1.charAt(i) != '')"),
        (vec!["1"], "lists.range(20000).all(i, !'x'.matches('\\\\\\\\pL{900}' + string(i)))"),
    ] {
        let variables: Vec<String> = variables.into_iter().map(str::to_owned).collect();
        let bench = Bench::with(&[("o.yaml", OBJECT), ("p.yaml", &policy(&variables, validation))]);
        let output = run(&bench, &["check", "o.yaml", "--policy", "p.yaml"], None);
        assert_eq!(output.status.code(), Some(0), "{validation}: {}", told(&output));
    }
}

#[test]
fn values_nest_no_deeper_than_the_stack() {
    for (open, close) in [("[", "]"), ("{'a': ", "}"), ("optional.of(", ")")] {
        let nest = |inner: &str| format!("{}{inner}{}", open.repeat(50), close.repeat(50));
        let first = std::iter::once(nest("1"));
        let variables: Vec<String> = first.chain((0..799).map(|at| nest(&format!("variables.v{at}")))).collect();
        let bench =
            Bench::with(&[("o.yaml", OBJECT), ("p.yaml", &policy(&variables, "variables.v799 == variables.v799"))]);
        let output = run(&bench, &["check", "o.yaml", "--policy", "p.yaml"], None);
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("nests deeper than 64 levels"), "{said}");
    }
}

#[test]
fn rules_of_definitions_are_counted_as_policies_are() {
    let doubled = (0..40).fold("[[1, 1]]".to_owned(), |all, _| format!("{all}.map(a, [a, a])"));
    for rule in [format!("{doubled} == {doubled}"), "lists.range(50000).all(i, self.a.size() >= 0)".to_owned()] {
        let definition = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: foos.x.io}}\nspec: {{group: x.io, scope: Namespaced, names: {{plural: foos, kind: Foo}}, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{a: {{type: string}}}}, x-kubernetes-validations: [{{rule: \"{rule}\"}}]}}}}}}}}}}]}}\n---\napiVersion: x.io/v1\nkind: Foo\nmetadata: {{name: f}}\nspec: {{a: b}}\n"
        );
        let bench = Bench::with(&[("o.yaml", &definition)]);
        run(&bench, &["check", "o.yaml"], None);
    }
}
