//! Secrets that stand where nothing says so: merged into a Secret from a layer, in rows that cannot be read, in what policies
//! say, in findings about another place, in names and keys.

use std::fmt::Write as _;

use super::planted::{H, encoded, told};
use crate::bench::Bench;

/// A parameter that reaches a Secret.
const P: &str = "params: {pw: @, k: Secret}\nsecrets: {db: {stringData: {pw: \"{{ params.pw }}\"}}}\n";
const PART: &str = "apiVersion: fanfold.dev/v1\nkind: Part\n";
const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n  matchConstraints: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: [CREATE]}]}\n";

/// Files, the first of which is the input; `@` stands for the token, `#` for one that is near.
fn cases() -> Vec<Vec<(&'static str, String)>> {
    let spec = |text: &str| vec![("a.yaml", format!("{H}{text}"))];
    let with = |text: &str, name: &'static str, other: String| vec![("a.yaml", format!("{H}{text}")), (name, other)];
    let judged = |data: &str, validation: &str| {
        with(
            &format!("{P}policies: [p.yaml]\nconfigMaps: {{c: {{data: {{pw: \"{{{{ params.pw }}}}\", {data}}}}}}}\n"),
            "p.yaml",
            format!("{POLICY}  variables: [{{name: v, expression: object.data.pw}}]\n  validations: [{validation}]\n"),
        )
    };
    let mut cases = vec![
        // By layers.
        spec("templates: {t: {data: {a: '@!'}}}\nobjects: {q: {use: t, kind: Secret}}\n"),
        spec("templates: {t: {data: {a: '@!'}}}\nobjects: {q: {use: [t], kind: Secret, nme: x}}\n"),
        spec("templates: {t: {kind: Secret}}\nobjects: {q: {use: t, data: {a: '@!'}, kind: Secret}}\n"),
        spec(
            "templates: {t: {overrides: [{data: {a: '@!'}}], matrix: {m: [1]}}}\nobjects: {q: {use: t, kind: Secret}}\n",
        ),
        spec("profiles: {p: {objects: {q: {data: {a: '@!', a: b}}}}}\nobjects: {q: {kind: Secret}}\n"),
        spec(
            "profiles: {p: {templates: {t: {data: {a: '@!', a: b}}}}}\ntemplates: {t: {}}\nobjects: {q: {kind: Secret, use: t}}\n",
        ),
        spec("params: {k: Secret}\nobjects: {q: {kind: \"{{ params.k }}\", data: {a: ['@']}}}\n"),
        spec("params: {k: Secret}\nobjects: {q: {kind: \"{{ params.k }}\", stringData: {a: '@', a: b}}}\n"),
        spec(
            "params: {pw: '@!'}\ntemplates: {t: {data: {a: \"{{ params.pw }}\"}}}\nobjects: {q: {use: t, kind: Secret}}\n",
        ),
        with(
            "include: [p.yaml]\nobjects: {q: {kind: Secret}}\n",
            "p.yaml",
            format!("{PART}objects: {{q: {{data: {{a: '@!'}}}}}}\n"),
        ),
        with(
            "include: [p.yaml]\nobjects: {q: {kind: Secret, use: t}}\n",
            "p.yaml",
            format!("{PART}templates: {{t: {{data: {{a: '@!'}}}}}}\n"),
        ),
        with(
            "include: [p.yaml]\nobjects: {q: {data: {a: '@!'}}}\n",
            "p.yaml",
            format!("{PART}objects: {{q: {{kind: Secret}}}}\n"),
        ),
        // Rows.
        with(
            "secrets: {db: {matrix: {rows: r.csv}, name: \"{{ matrix.n }}\", stringData: {pw: \"{{ matrix.pw }}\"}}}\n",
            "r.csv",
            "n,pw\nr1,x\nr2,@,@\n".to_owned(),
        ),
        with(
            "secrets: {db: {matrix: {rows: r.json}, name: \"{{ matrix.n }}\", stringData: {pw: \"{{ matrix.pw }}\"}}}\n",
            "r.json",
            "[{\"n\": \"a\", \"pw\": \"x\"}, {\"n\": \"b\", \"pw\": \"@\", \"q\": 1}]\n".to_owned(),
        ),
        // Values of other places.
        spec(&format!(
            "{P}objects: {{w: {{apiVersion: apps/v1, kind: Deployment, spec: {{selector: {{matchLabels: {{a: \"{{{{ params.pw }}}}\"}}}}, template: {{metadata: {{labels: {{b: c}}}}, spec: {{containers: [{{name: w, image: 'nginx:1'}}]}}}}}}}}}}\n"
        )),
        spec(&format!(
            "{P}workloads: {{w: {{kind: Deployment, image: 'nginx:1'}}}}\nobjects: {{s: {{kind: Service, spec: {{selector: {{a: \"{{{{ params.pw }}}}\"}}, ports: [{{port: 80}}]}}}}}}\n"
        )),
        spec(&format!("{P}objects: {{f: {{apiVersion: \"{{{{ params.pw }}}}\", kind: Foo}}}}\n")),
        spec(&format!(
            "{P}workloads: {{w: {{kind: Deployment, image: 'nginx:1', volumes: [{{name: \"v{{{{ params.pw }}}}\", emptyDir: {{}}}}], volumeMounts: [{{name: v#, mountPath: /x}}]}}}}\n"
        )),
        // Names.
        spec(&format!(
            "{P}objects: {{w: {{kind: Service, metadata: {{namespace: \"{{{{ params.pw }}}}\"}}, spec: {{ports: [{{port: 99999}}]}}}}}}\n"
        )),
    ];
    // What policies say.
    for message in ["'%s'.format([object])", "'m ' + variables.v", "string(object.data.map(k, object.data[k])[0])"] {
        cases.push(judged("other: x", &format!("{{expression: 'false', messageExpression: \"{message}\"}}")));
    }
    for expression in [
        "object.data[object.data.pw + object.metadata.name] == 'x'",
        "object.metadata[object.data.pw + 'z'] == 'x'",
        "object[variables.v + 'z'] == 'x'",
        "{'a': 1}[variables.v] == 1",
        "'a'.matches('(' + object.data.pw)",
    ] {
        cases.push(judged("other: x", &format!("{{expression: \"{expression}\"}}")));
    }
    cases
}

#[test]
fn what_is_merged_into_a_secret_or_told_at_another_place_is_not_shown() {
    let (mut leaks, mut silent) = (String::new(), String::new());
    for (number, case) in cases().iter().enumerate() {
        let token = if case[0].1.contains("v#") { format!("qzk{number:02}w") } else { format!("qZ{number:03}Kw") };
        let files: Vec<(&str, String)> = case
            .iter()
            .map(|(name, text)| (*name, text.replace('@', &token).replace('#', &token[..token.len() - 1])))
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let (told, ..) = told(&files, &["a.yaml"]);
        if told.trim().is_empty() {
            let _ = writeln!(silent, "--- {number}\n{}", files[0].1);
        }
        for secret in [token.clone(), encoded(&token)] {
            if let Some(at) = told.find(&secret) {
                let start = told.floor_char_boundary(at.saturating_sub(300));
                let end = told.floor_char_boundary((at + 100).min(told.len()));
                let _ = writeln!(leaks, "--- {number}\n{files:?}\n…{}…", &told[start..end]);
                break;
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
    assert!(silent.is_empty(), "nothing is found in these, so that they show nothing:\n{silent}");
}

#[test]
fn a_key_that_is_made_of_a_secret_is_in_no_diff_and_no_explanation() {
    let spec = |token: &str| {
        format!(
            "{H}params: {{pw: {token}}}\nsecrets: {{db: {{nameHash: false, stringData: {{\"s{{{{ params.pw }}}}\": x, pw: \"{{{{ params.pw }}}}\"}}}}}}\nconfigMaps: {{c: {{nameHash: false, data: {{\"k{{{{ params.pw }}}}\": x, z: k}}}}}}\n"
        )
    };
    let bench = Bench::with(&[("old.yaml", &spec("qZKonew")), ("new.yaml", &spec("qZKtwow"))]);
    for format in ["human", "short", "json", "markdown", "html"] {
        let (_, out, err) = bench.said(&["diff", "old.yaml", "new.yaml", "--format", format]);
        assert!(!(out.clone() + &err).contains("qZK"), "{format}: {out}{err}");
        let (_, out, err) = bench.said(&["diff", "old.yaml", "new.yaml", "--full", "--format", format]);
        assert!(!(out.clone() + &err).contains("qZK"), "{format}: {out}{err}");
    }
    for object in ["ConfigMap/c", "Secret/db"] {
        let (_, out, err) = bench.said(&["explain", object, "-f", "new.yaml"]);
        assert!(!(out.clone() + &err).contains("qZK"), "{object}: {out}{err}");
    }
}

#[test]
fn a_rule_about_updates_tells_no_key_that_it_has_made() {
    let spec = |token: &str| {
        format!(
            "{H}params: {{pw: {token}}}\nsecrets: {{db: {{stringData: {{pw: \"{{{{ params.pw }}}}\"}}}}}}\nobjects:\n  d: {{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, name: foos.x.io, spec: {{group: x.io, scope: Namespaced, names: {{plural: foos, kind: Foo}}, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{a: {{type: string}}, b: {{type: string}}}}, x-kubernetes-validations: [{{rule: \"{{'a': 1}}[oldSelf.a + self.b] == 1\"}}]}}}}}}}}}}]}}}}\n  f: {{apiVersion: x.io/v1, kind: Foo, spec: {{a: \"{{{{ params.pw }}}}\", b: zz}}}}\n"
        )
    };
    let bench = Bench::with(&[("old.yaml", &spec("qZKonew")), ("new.yaml", &spec("qZKtwow"))]);
    for format in ["human", "json", "markdown", "html"] {
        let (_, out, err) = bench.said(&["diff", "old.yaml", "new.yaml", "--format", format]);
        assert!(!(out.clone() + &err).contains("qZK"), "{format}: {out}{err}");
        assert!(format != "human" || out.contains("a key is not there"), "{out}{err}");
    }
}
