//! One cause gives one finding: an expression without a value is told once, and nothing that follows from it.

use fanfold::diagnostic::Code;

use super::run::Run;
use super::spec;

#[test]
fn what_follows_from_an_expression_without_a_value_is_not_told() {
    let cases = [
        ("image: \"nginx:{{ params.tag }}\"", Code::UndefinedVariable),
        ("image: nginx:{{ batch.nmae }}", Code::UndefinedVariable),
        ("image: \"{{ name\"", Code::InvalidExpression),
        ("image: \"{{ name | upcase }}\"", Code::InvalidExpression),
        ("{image: nginx, replicas: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, name: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, ports: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, matrix: {size: \"{{ params.sizes }}\"}}", Code::UndefinedVariable),
        ("{image: nginx, instances: \"{{ params.sizes }}\"}", Code::UndefinedVariable),
        ("{image: nginx, env: {A: {secret: \"{{ params.key }}\"}}}", Code::UndefinedVariable),
        ("{image: nginx, matrix: {size: [1, 2]}, name: fixed}", Code::NameCollision),
        ("{image: nginx, matrix: {size: {from: 1, to: 99}}, name: fixed}", Code::NameCollision),
        ("{image: nginx, use: [nothing]}", Code::UnknownTemplate),
    ];
    for (fields, code) in cases {
        let fields =
            fields.trim_start_matches('{').strip_suffix('}').filter(|_| fields.starts_with('{')).unwrap_or(fields);
        let text = if fields.starts_with("image: nginx,") {
            spec(&format!("workloads: {{web: {{kind: Deployment, {fields}}}}}\n"))
        } else {
            spec(&format!("workloads:\n  web:\n    kind: Deployment\n    {fields}\n"))
        };
        let seen = Run::of(&text).check();
        assert_eq!(seen.codes(), [code], "{text}{}", seen.human());
    }
}

#[test]
fn three_slips_are_three_findings_each_with_its_way_out() {
    let text = spec(
        "params: {tag: '1'}\nconfigMaps: {settings: {data: {A: b}}}\nworkloads:\n  web:\n    kind: Deployment\n    \
         image: nginx:{{ params.tagg }}\n    envFrom: [configmap/setings]\n    resources: {cpu: 500m, memroy: 1Gi}\n",
    );
    let seen = Run::of(&text).check();
    assert_eq!(
        seen.codes(),
        [Code::UndefinedVariable, Code::UndeclaredReference, Code::UnknownField],
        "{text}{}",
        seen.human()
    );
    for meant in ["`tag`", "`settings`", "`memory`"] {
        assert!(seen.human().contains(&format!("did you mean {meant}?")), "{}", seen.human());
    }
}
