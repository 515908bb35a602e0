//! A Secret of a shape that nothing expects is one: what marks it is what its text says, wherever that stands.

use std::fmt::Write as _;

use super::planted::{H, W, encoded, told};
use crate::bench::{Bench, stderr, stdout};

/// Documents of a wrong shape, each with the token on the line that is shown.
fn shapes() -> Vec<String> {
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: m}, stringData: {k: @}}";
    let batch = "{apiVersion: fanfold.dev/v1, kind: Batch, metadata: {name: t}, secrets: {db: {stringData: {k: @}}}}";
    let read = "secrets: {db: {stringData: {k: \"{{ params.a }}\"}}}\n";
    let mut cases: Vec<String> = [
        "[S]\n",
        "- S\n",
        "- - S\n",
        "[[[S]], S]\n",
        "{a: {b: [S]}}\n",
        "x: S\n",
        "- apiVersion: v1\n  kind: Secret\n  metadata: {name: m}\n  stringData: {k: @}\n",
        "[{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"m\"},\"stringData\":{\"k\":\"@\"}}]\n",
        "[{kind: Secret, stringData: {k: @}",
        "[B]\n",
        "- B\n",
        "- [B]\n",
        "x: B\n",
        "[{kind: Batch, metadata: {name: t}, secrets: {db: {stringData: {k: @}}}}]\n",
        "- apiVersion: fanfold.dev/v1\n  kind: Batch\n  secrets: {db: {stringData: {k: @}}}\n",
        "apiVersion: v1\nkind: List\nitems: S\n",
        "apiVersion: v1\nkind: List\nitems: [[S]]\n",
        "apiVersion: v1\nkind: List\nitms: [S]\n",
        "[{apiVersion: fanfold.dev/v1, kind: Batch, params: {a: @}, secrets: {db: {stringData: {k: \"{{ params.a }}\"}}}}]\n",
        "- {kind: Batch, params: {a: {default: @}}, secrets: {db: {stringData: {k: \"{{ params.a }}\"}}}}\n",
        "items: [{apiVersion: v1, kind: Secret, metadata: {name: m}, stringData: {k: @, j: [1]}}]\n",
        "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: x}\nobjects: [S]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: [S]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: S}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndta: {a: \"kind: Secret\\nstringData: {k: @}\"}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndta: {a: '{\"kind\":\"Secret\",\"data\":{\"k\":\"@\"}}'}\n",
        "\"apiVersion: v1\\nkind: Secret\\nstringData: {k: @}\"\n",
        "'stringData: {k: @}'\n",
        "\"fanfold.dev/v1 secrets: {k: @}\"\n",
        "|\n  apiVersion: v1\n  kind: Secret\n  stringData: {k: @}\n",
        "- \"kind: Secret, data: {k: @}\"\n",
    ]
    .map(|text| text.replace('S', "\u{1}").replace('B', "\u{2}"))
    .into_iter()
    .map(|text| {
        // One letter alone stands for all of a document.
        let letters: Vec<char> = text.chars().collect();
        let mut out = String::new();
        for (at, letter) in letters.iter().enumerate() {
            let alone = letters.get(at + 1).is_none_or(|next| !next.is_alphanumeric());
            match letter {
                '\u{1}' if alone => out.push_str(secret),
                '\u{2}' if alone => out.push_str(batch),
                '\u{1}' => out.push('S'),
                '\u{2}' => out.push('B'),
                letter => out.push(*letter),
            }
        }
        out
    })
    .collect();
    for body in [
        format!("workloads: [{secret}]\n"),
        "workloads: [{kind: Secret, stringData: {k: @}}]\n".to_owned(),
        "workloads: {w: {kind: Secret, data: {k: @}}}\n".to_owned(),
        "profiles: [{secrets: {db: {stringData: {k: @}}}}]\n".to_owned(),
        "profiles: [{p: {secrets: {db: {stringData: {k: @}}}}}]\n".to_owned(),
        "profiles: [[{secrets: @}]]\n".to_owned(),
        "secrets: [{db: {stringData: {k: @}}}]\n".to_owned(),
        "secrets: @\n".to_owned(),
        "defaults: [{patch: {Secret: {stringData: {k: @}}}}]\n".to_owned(),
        "templates: [{patch: {Secret: {stringData: {k: @}}}}]\n".to_owned(),
        format!("params: [{{name: a, default: @}}]\n{read}"),
        format!("params: [@]\n{read}"),
        format!("params: @\n{read}"),
        format!("profiles: {{p: {{params: [@]}}}}\nparams: {{a: x}}\n{read}"),
        format!("profiles: [{{params: {{a: @}}}}]\nparams: {{a: x}}\n{read}"),
        format!("profiles: [{{p: {{params: {{a: @}}}}}}]\nparams: {{a: x}}\n{read}"),
        format!("manifests: [{secret}]\n"),
        format!("configMaps: {{c: [{secret}]}}\n"),
        // Patches as kustomize has them.
        "patch: [{target: {kind: Secret}, patch: {stringData: {k: @}}}]\n".to_owned(),
        "patch: [{target: {kind: Secret}, patch: {data: {k: @}}}]\n".to_owned(),
        "patch: [{target: {kind: Secret}, patch: \"data: {k: @}\"}]\n".to_owned(),
        "patch: [{patch: \"data: {k: @}\", target: {kind: Scret, name: db}}]\n".to_owned(),
        "patch: [{target: {kind: \"Secret|ConfigMap\"}, patch: '[{op: add, path: /data/k, value: @}]'}]\n".to_owned(),
        "patch: [{target: {name: db}, patch: {data: {k: @}}}]\n".to_owned(),
        "patches: [{target: {kind: Secret}, patch: {data: {k: @}}}]\n".to_owned(),
        "patchesStrategicMerge: [{kind: Secret, metadata: {name: db}, data: {k: @}}]\n".to_owned(),
        "patchJSON6902: [{target: {kind: Secret}, patch: [{op: add, path: /data/k, value: @}]}]\n".to_owned(),
        "workloads: {w: {kind: Job, image: a, patch: [{target: {kind: Secret}, patch: {data: {k: @}}}]}}\n".to_owned(),
        "workloads: {w: {kind: Job, image: a, overrides: [{match: {r: a}, patch: [{target: {kind: Secret}, patch: \"data: {k: @}\"}]}]}}\n".to_owned(),
        "patch: [{kind: Secret, data: {k: @}}]\n".to_owned(),
        "patch: |\n  kind: Secret\n  data: {k: @}\n".to_owned(),
    ] {
        cases.push(format!("{H}{body}"));
    }
    cases
}

#[test]
fn a_secret_of_whatever_shape_is_not_shown() {
    let (mut leaks, mut silent) = (String::new(), Vec::new());
    for case in shapes() {
        let text = case.replace('@', "TOPSECRET");
        let (told, ..) = told(&[("a.yaml", &text)], &["a.yaml"]);
        if told.trim().is_empty() {
            silent.push(case.clone());
        }
        if let Some(at) = [told.find("TOPSECRET"), told.find(&encoded("TOPSECRET"))].into_iter().flatten().next() {
            let start = told.floor_char_boundary(at.saturating_sub(300));
            let _ = writeln!(leaks, "--- {case}\n…{}…", &told[start..told.floor_char_boundary(at + 50)]);
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
    assert!(silent.len() < 6, "most shapes are found to be wrong: {silent:#?}");
}

#[test]
fn what_refers_to_secrets_or_is_about_them_is_shown() {
    for text in [
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nsecrets: [{name: SHOWN}]\nx: 1\n",
        "apiVersion: x.dev/v1\nkind: Release\nmetadata: {name: a}\nspec: {valuesFrom: [{kind: Secret, name: SHOWN, valuesKey: k}]}\n",
        "apiVersion: x.dev/v1\nkind: App\nmetadata: {name: a}\nspec: {ignore: [{group: \"\", kind: Secret, jsonPointers: [SHOWN]}]}\n",
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: x, metrics: [{type: Resource, resource: {name: cpu, target: {type: SHOWN}}}]}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {a: SHOWN, b: the kind of secrets}\n",
        &format!("{H}patch: [{{target: {{kind: ConfigMap}}, patch: {{data: {{k: SHOWN}}}}}}]\n{W}"),
        &format!("{H}workloads: {{w: {{kind: Job, image: a, env: {{A: {{secret: SHOWN}}}}, x: 1}}}}\n"),
    ] {
        let (_, _, sources) = told(&[("a.yaml", text)], &["a.yaml"]);
        let (_, file) = sources.files().next().expect("a file");
        let at = u32::try_from(text.find("SHOWN").expect("it is there")).expect("a short text");
        assert!(!file.hidden().iter().any(|hidden| hidden.contains(&at)), "{text}\n{:?}", file.hidden());
    }
}

#[test]
fn the_kind_of_a_secret_is_no_secret() {
    for text in [
        "apiVersion: v1\nkind: Secrt\nmetadata: {name: s}\nstringData:\n  a: TOPSECRET\n  a: TOPSECRET\n",
        "apiVersion: v1\nkind: Secrt\nmetadata: {name: s}\nstringData: {a: TOPSECRET}\n",
        "apiVersion: v1\nkind: secret\nmetadata: {name: s}\nstringData: {a: TOPSECRET}\nx: [\n",
    ] {
        let (told, ..) = told(&[("a.yaml", text)], &["a.yaml"]);
        assert!(!told.contains("TOPSECRET"), "{told}");
        if !text.contains("x: [") {
            assert!(told.contains("`Secrt`") && told.contains("did you mean `Secret`?"), "{told}");
            assert!(told.contains("Kubernetes 1."), "{told}");
        }
        assert!(told.contains("kind: Secrt") || told.contains("kind: secret") || text.contains("x: ["), "{told}");
    }
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  kind: TOPSECRET\n  apiVersion: TOPSECRET\n  a: [\n";
    assert!(!told(&[("a.yaml", text)], &["a.yaml"]).0.contains("TOPSECRET"));
}

#[test]
fn a_name_that_is_made_of_a_secret_is_told_in_no_finding() {
    let secret = "secrets: {db: {stringData: {k: \"{{ params.a }}\"}}}\n";
    let long = "a".repeat(70);
    for workloads in [
        "workloads: {w: {kind: Deployment, image: nginx, name: \"{{ params.a }}\"}}\n".to_owned(),
        "workloads: {w: {kind: Deployment, image: nginx, name: \"{{ params.a }}\", ports: {http: 80}, service: {x: 1}}}\n".to_owned(),
        "workloads: {w: {kind: Deployment, image: nginx, name: \"{{ params.a }}\", replicas: x}}\n".to_owned(),
        "defaults: {name: \"{{ params.a }}\"}\nworkloads: {w: {kind: Deployment, image: nginx}}\n".to_owned(),
        "templates: {t: {name: \"{{ params.a }}\"}}\nworkloads: {w: {use: [t], kind: Deployment, image: nginx}}\n".to_owned(),
        "workloads: {w: {kind: Deployment, image: nginx, matrix: {x: [\"{{ params.a }}\", b]}, name: fix}}\n".to_owned(),
        "workloads: {w: {kind: Deployment, image: nginx, matrix: {x: [\"{{ params.a }}\", b]}, selector: {matchLabels: {a: b}}}}\n".to_owned(),
        format!("workloads: {{w: {{kind: CronJob, schedule: '* * * * *', image: nginx, matrix: {{x: [\"{{{{ params.a }}}}{long}\"]}}, name: \"{{{{ matrix.x }}}}\"}}}}\n"),
        "workloads: {w: {kind: Deployment, image: nginx, matrix: {x: [\"{{ params.a }}\", \"{{ params.a|lower }}\"]}}}\n".to_owned(),
        "configMaps: {\"{{ params.a }}\": {data: {\"{{ params.a }} x\": b}}}\n".to_owned(),
        "services: {\"{{ params.a }}\": {selector: {a: b}, ports: [80]}}\n".to_owned(),
    ] {
        let text = format!("{H}params: {{a: Top_SECRET}}\n{secret}{workloads}");
        let (told, ..) = told(&[("a.yaml", &text)], &["a.yaml"]);
        assert!(!told.trim().is_empty(), "{text}");
        for token in ["Top_SECRET", "top-secret", "top_secret"] {
            assert!(!told.contains(token), "{text}\n{told}");
        }
    }
}

#[test]
fn keys_of_a_secret_value_are_told_in_no_finding() {
    let spec = |declared: &str| {
        format!(
            "{H}params: {{pw: {declared}}}\nsecrets: {{db: {{stringData: {{k: \"{{{{ params.pw.user }}}}\"}}}}}}\n{W}"
        )
    };
    let bench = Bench::with(&[
        ("a.yaml", &spec("{type: object, additionalProperties: false, properties: {user: {type: string}}}")),
        ("b.yaml", &spec("{type: integer}")),
        ("c.yaml", &spec("{TOPSECRET: 1}")),
        ("p.yaml", "pw:\n  TOPSECRET: 1\n"),
        ("d.yaml", "pw:\n  TOPSECRET: 1\n  TOPSECRET: 1\n"),
    ]);
    for file in ["a.yaml", "b.yaml", "c.yaml"] {
        for given in
            ["--set=pw={TOPSECRET: 1}", "--set=pw={TOPSECRET: 1, TOPSECRET: 2}", "--params=p.yaml", "--params=d.yaml"]
        {
            for format in ["human", "short", "json"] {
                let output = bench.run(&["check", file, given, "--format", format]);
                let said = stdout(&output) + &stderr(&output);
                assert!(output.status.code() == Some(1) && !said.contains("TOPSECRET"), "{file} {given}: {said}");
            }
        }
    }
}

#[test]
fn a_difference_shows_neither_labels_nor_types_that_stand_in_a_secret() {
    let plain = |token: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: m, labels: {{l: {token}}}, annotations: {{n: {token}}}}}\ntype: {token}\ndata: {{k: aGVsbG8=}}\n"
        )
    };
    let spec = |token: &str| {
        format!(
            "{H}secrets: {{db: {{nameHash: false, type: {token}, labels: {{l: {token}}}, annotations: {{n: {token}}}, stringData: {{k: x}}}}}}\n{W}"
        )
    };
    let shared = |version: &str| {
        format!(
            "{}secrets: {{db: {{nameHash: false, stringData: {{k: x}}}}}}\n{W}",
            H.replace("{name: a}", &format!("{{name: a, labels: {{release: {version}}}}}"))
        )
    };
    for make in [&plain as &dyn Fn(&str) -> String, &spec] {
        let bench = Bench::with(&[("old.yaml", &make("oldTOKEN")), ("new.yaml", &make("newTOKEN"))]);
        for format in ["human", "markdown", "json", "short", "html"] {
            let output = bench.run(&["diff", "old.yaml", "new.yaml", "--format", format]);
            let said = stdout(&output) + &stderr(&output);
            assert!(output.status.code() == Some(1) && !said.contains("TOKEN"), "{format}: {said}");
        }
    }
    // What the batch gives to all of its objects is none of the Secret.
    let bench = Bench::with(&[("old.yaml", &shared("before")), ("new.yaml", &shared("after"))]);
    let said = stdout(&bench.run(&["diff", "old.yaml", "new.yaml"]));
    assert!(said.contains("before → after"), "{said}");
}
