//! Secrets are in no output, but in the Secret objects of `build` on standard output.
//!
//! A case plants a token in one place; the token must be in nothing that any command or format says of it. Tokens are
//! told apart from all else by their letters, short ones too.

use std::fmt::Write as _;

use fanfold::diagnostic::Diagnostics;
use fanfold::diff::{self, Causes, Report, as_written};
use fanfold::kubernetes::{Facts, Manifest};
use fanfold::read::read_documents;
use fanfold::text::Sources;

use super::planted::{H, W, cases, encoded, told};
use crate::bench::Bench;

#[test]
fn no_finding_shows_what_stands_in_a_secret_or_flows_into_one() {
    let cases = cases();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let (mut leaks, mut silent) = (String::new(), 0);
    for (number, case) in cases.iter().enumerate() {
        // A long one, one of six letters and one of three: no message has such letters in a row.
        for token in [format!("TOPSECRET{number}X"), format!("qZ{number:03}K"), "qZK".to_owned()] {
            let text = case.replace('@', &token);
            let (told, ..) = told(&[("a.yaml", &text)], &["a.yaml"]);
            silent += usize::from(told.trim().is_empty());
            for secret in [token.clone(), encoded(&token)] {
                if let Some(at) = told.find(&secret) {
                    let start = told.floor_char_boundary(at.saturating_sub(300));
                    let end = told.floor_char_boundary((at + 100).min(told.len()));
                    let _ = writeln!(leaks, "--- {number}\n{case}\n…{}…", &told[start..end]);
                    break;
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
    assert!(silent < cases.len() / 2 * 3, "most cases are found to be wrong: {silent} were not");
}

#[test]
fn templates_show_what_they_put_into_secrets_nowhere() {
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: db}\n";
    let map = "---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n";
    let mut leaks = String::new();
    for template in [
        format!("{secret}stringDta: {{pw: {{{{ params.pw }}}}}}\n"),
        format!("{secret}stringData: {{pw: @, q: {{{{ params.nope }}}}}}\n"),
        format!("{secret}stringData: {{pw: @}}\nx: {{{{ params.pw | nope }}}}\n"),
        format!("{secret}stringData: {{pw: {{{{ params.pw }}}}\n"),
        format!("{secret}stringData:\n  pw: {{{{ params.pw }}}}: x\n"),
        format!("{secret}stringData: {{pw: \"{{{{ params.pw }}}}\"}}\n{map}dta: {{x: {{{{ params.pw }}}}}}\n"),
        format!("{secret}stringData: {{pw: \"{{{{ params.pw }}}}\"}}\n{map}data: {{x: [{{{{ params.pw }}}}]}}\n"),
        format!("{secret}stringData: {{pw: \"{{{{ params.pw }}}}\"}}\n{map}data: {{x: {{{{ params.pw }}}}: y}}\n"),
        format!(
            "{{% for k, v in params|items %}}\n{secret}stringData: {{pw: {{{{ v }}}}}}\n{map}data: [{{{{ v }}}}]\n{{% endfor %}}"
        ),
        format!(
            "{{% set q %}}{{{{ params.pw }}}}{{% endset %}}{secret}stringData: {{pw: {{{{ q }}}}}}\n{map}data: [{{{{ q }}}}]\n"
        ),
        format!(
            "{{% set q = params.pw|upper %}}{secret}stringData: {{pw: {{{{ q }}}}}}\n{map}data: [{{{{ q|lower|upper }}}}]\n"
        ),
        format!(
            "{{% macro m(x) %}}[{{{{ x }}}}]{{% endmacro %}}{secret}stringData: {{pw: {{{{ params.pw }}}}}}\n{map}data: {{{{ m(params.pw) }}}}\n"
        ),
        format!("{secret}stringData: {{pw: {{{{ params.pw + 1 }}}}}}\n"),
        format!("{secret}stringData: {{pw: {{{{ params['p' ~ 'w'] }}}}}}\n{map}data: [{{{{ params.pw }}}}]\n"),
        "kind: {{ 'Sec' ~ 'ret' }}\napiVersion: v1\nmetadata: {name: db}\nstringDta: {pw: {{ params.pw }}}\n"
            .to_owned(),
    ] {
        for workload in ["replicas: 1", "replicas: \"{{ params.pw }}\""] {
            let token = "TOPSECRET";
            let spec = format!(
                "{H}params: {{pw: {token}}}\nmanifests: [m.yaml.j2]\nworkloads: {{w: {{kind: Deployment, image: nginx, {workload}}}}}\n"
            );
            // A parameter that nothing puts into a Secret is none.
            let spec = if template.contains('@') { spec.replace(token, "x") } else { spec };
            let template = template.replace('@', token);
            let (told, ..) = told(&[("a.yaml", &spec), ("m.yaml.j2", &template)], &["a.yaml"]);
            if told.contains(token) {
                let _ = writeln!(leaks, "--- {workload}\n{template}\n{told}");
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}

/// Returns a diff in all its formats.
fn difference(sources: &Sources, old: &[Manifest], new: &[Manifest]) -> String {
    let changes = diff::diff(old, new, Facts::newest(), sources);
    let groups = diff::fold(&changes);
    let report = Report {
        changes: &changes,
        groups: &groups,
        sources,
        causes: &Causes::default(),
        old: "old",
        new: "new",
        kubernetes: Facts::newest().minor,
        full: false,
    };
    let style = diff::Style { color: false, width: 120 };
    diff::human(&report, style)
        + &diff::markdown(&report)
        + &diff::json(&report)
        + &diff::short(&report)
        + &diff::html(&report)
}

#[test]
fn a_diff_shows_no_value_of_a_secret_however_short_and_wherever_it_is() {
    let mut leaks = String::new();
    for (number, body) in [
        "stringData: {pw: @}",
        "data: {pw: #}",
        "stringDta: {pw: @}",
        "stringdata: {pw: @}",
        "Data: {pw: @, q: #}",
        "spec: {pw: @}",
        "metadata: {annotations: {x: @}}",
        "type: @",
    ]
    .into_iter()
    .enumerate()
    {
        let text = |token: &str| {
            let repeats = if number < 2 {
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: @, b: #, c: \" @ \"}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {x: @}}\nspec: {hostAliases: [{ip: @, hostnames: [a]}], containers: [{name: w, image: nginx, args: [@, b], env: [{name: A, value: @}, {name: B, value: #}]}]}\n"
            } else {
                ""
            };
            let head = if body.starts_with("metadata") { "" } else { "metadata: {name: s}\n" };
            let body = body.replace("metadata: {", "metadata: {name: s, ");
            format!("apiVersion: v1\nkind: Secret\n{head}{body}\n{repeats}")
                .replace('@', token)
                .replace('#', &encoded(token))
        };
        for (old, new) in [("qZKo", "qZKn"), ("TOPSECRETVALUEOLD", "TOPSECRETVALUENEW")] {
            let mut sources = Sources::default();
            let mut read = |name: &str, text: String| {
                as_written(
                    read_documents(&mut sources, name, text.into_bytes(), &mut Diagnostics::new()),
                    &mut Diagnostics::new(),
                )
            };
            let (before, after) = (read("old.yaml", text(old)), read("new.yaml", text(new)));
            for (before, after) in [(&before[..], &after[..]), (&[], &after), (&before, &[])] {
                let told = difference(&sources, before, after);
                for token in [old.to_owned(), new.to_owned(), encoded(old), encoded(new)] {
                    if let Some(at) = told.find(&token) {
                        let _ = writeln!(
                            leaks,
                            "--- {body}\n…{}…",
                            told[at.saturating_sub(100)..].chars().take(200).collect::<String>()
                        );
                    }
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}

#[test]
fn a_diff_between_a_built_file_and_a_spec_shows_no_secret_parameter() {
    let spec = |token: &str| {
        format!(
            "{H}params: {{pw: {token}}}\nsecrets: {{db: {{stringData: {{url: \"postgres://u:{{{{ params.pw }}}}@h\"}}}}}}\nconfigMaps: {{c: {{data: {{pw: \"{{{{ params.pw }}}}\"}}}}}}\nworkloads: {{w: {{kind: Deployment, image: nginx, args: [\"--x={{{{ params.pw }}}}\", b], env: {{A: \"{{{{ params.pw }}}}\", B: c}}}}}}\n"
        )
    };
    let (old, new) = ("qZKo", "qZKn");
    let (_, before, _) = told(&[("a.yaml", &spec(old))], &["a.yaml"]);
    let mut built = Vec::new();
    for object in &before {
        fanfold::emit::yaml::write(&object.node, &mut built);
        built.extend_from_slice(b"---\n");
    }
    let (_, after, mut sources) = told(&[("a.yaml", &spec(new))], &["a.yaml"]);
    let before =
        as_written(read_documents(&mut sources, "old.yaml", built, &mut Diagnostics::new()), &mut Diagnostics::new());
    let told = difference(&sources, &before, &after);
    assert!(told.contains("Deployment"), "{told}");
    for token in [old, new] {
        assert!(!told.contains(token), "{token} is in {told}");
    }
}

/// What commands say, but for the Secret objects of `build` on standard output.
struct Told(String);

impl Told {
    fn by(bench: &Bench, args: &[&str]) -> Self {
        let output = bench.run(args);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Self(out + &String::from_utf8_lossy(&output.stderr))
    }

    fn hides(&self, token: &str) {
        for secret in [token.to_owned(), encoded(token)] {
            assert!(!self.0.contains(&secret), "{secret} is shown: {}", self.0);
        }
    }
}

#[test]
fn what_is_given_on_the_command_line_is_not_shown() {
    let spec = format!(
        "{H}params: {{pw: x, n: {{type: integer, default: 1}}}}\nsecrets: {{db: {{stringData: {{pw: \"{{{{ params.pw }}}}\", n: \"{{{{ params.n }}}}\"}}}}}}\n{W}"
    );
    let bench = Bench::with(&[("a.yaml", &spec)]);
    for (name, text) in [
        ("p.yaml", "pv: @\n"),
        ("n.yaml", "n: @\n"),
        ("b.yaml", "pw: @\n q: @: @\n"),
        ("d.yaml", "pw: @\npw: @\n"),
        ("l.yaml", "[@]\n"),
        ("t.yaml", "@\n"),
        ("j.json", "{\"pv\": \"@\", \"n\": \"@\"}"),
        ("k.json", "{\"pv\": \"@\", \"n\": \"@}"),
    ] {
        bench.write(name, &text.replace('@', "TOPSECRET"));
    }
    for format in ["human", "json", "sarif"] {
        for given in [
            "--set=pv=TOPSECRET",
            "--set=TOPSECRET",
            "--set==TOPSECRET",
            "--set=n=TOPSECRET",
            "--set=n=[TOPSECRET",
            "--set=n=\"TOPSECRET",
            "--set=n={a: TOPSECRET, a: TOPSECRET}",
            "--set=pv={a: *TOPSECRET}",
            "--params=p.yaml",
            "--params=n.yaml",
            "--params=b.yaml",
            "--params=d.yaml",
            "--params=l.yaml",
            "--params=t.yaml",
            "--params=j.json",
            "--params=k.json",
        ] {
            Told::by(&bench, &["check", "a.yaml", "--format", format, given]).hides("TOPSECRET");
        }
    }
}

#[test]
fn commands_show_no_secret_of_a_batch_without_a_fault() {
    let spec = format!(
        "{H}params: {{pw: qZKqZK, pin: \"4711\"}}\nsecrets: {{db: {{stringData: {{pw: \"{{{{ params.pw }}}}\", pin: \"{{{{ params.pin }}}}\"}}}}}}\nworkloads: {{w: {{kind: Deployment, image: nginx:1.27, matrix: {{x: [\"{{{{ params.pw }}}}\"]}}, name: \"w-{{{{ index }}}}\", env: {{A: \"{{{{ params.pw }}}}\", B: \"{{{{ matrix.x }}}}\"}}}}}}\n"
    );
    let other = spec.replace("qZKqZK", "otherZ").replace("nginx:1.27", "nginx:1.28");
    let bench = Bench::with(&[("a.yaml", &spec), ("b.yaml", &other)]);
    for args in [
        &["check", "a.yaml"][..],
        &["plan", "a.yaml"],
        &["plan", "a.yaml", "--format", "json"],
        &["build", "a.yaml", "-o", "out", "--secrets", "omit"],
        &["diff", "a.yaml", "b.yaml"],
        &["diff", "a.yaml", "b.yaml", "--format", "json"],
        &["diff", "a.yaml", "b.yaml", "--format", "markdown"],
        &["diff", "a.yaml", "b.yaml", "--format", "html"],
        &["diff", "a.yaml", "b.yaml", "--format", "short"],
        &["build", "b.yaml", "-o", "out", "--secrets", "omit", "--check"],
        &["build", "b.yaml", "-o", "out", "--secrets", "include", "--check"],
        &["explain", "Deployment/w-0", "a.yaml"],
    ] {
        let told = Told::by(&bench, args);
        told.hides("qZKqZK");
        told.hides("otherZ");
        assert!(!told.0.contains("4711"), "{}", told.0);
        assert!(!told.0.contains("error: unexpected") && !told.0.contains("Usage:"), "{}", told.0);
    }
}

#[test]
fn a_comparison_of_files_masks_copies_and_shows_the_rest() {
    let spec = |token: &str, image: &str| {
        format!(
            "{H}params: {{pw: {token}}}\nsecrets: {{db: {{stringData: {{pw: \"{{{{ params.pw }}}}\"}}}}}}\nconfigMaps: {{c: {{data: {{pw: \"x{{{{ params.pw }}}}\", k: v}}}}}}\nworkloads: {{w: {{kind: Deployment, image: \"nginx:{image}\", env: {{A: \"{{{{ params.pw }}}}\"}}}}}}\n"
        )
    };
    let bench = Bench::with(&[("a.yaml", &spec("qZKold", "1.27")), ("b.yaml", &spec("qZKnew", "1.28"))]);
    for output in ["yaml", "json", "kyaml"] {
        let folder = format!("out-{output}");
        bench.ok(&["build", "a.yaml", "-o", &folder, "--secrets", "omit", "--output", output]);
        let told =
            Told::by(&bench, &["build", "b.yaml", "-o", &folder, "--secrets", "omit", "--output", output, "--check"]);
        told.hides("qZKold");
        told.hides("qZKnew");
        assert!(told.0.contains("nginx:1.28") && told.0.contains("•••"), "{}", told.0);
    }
    // What others wrote into the folder may hold a Secret in any notation.
    for (committed, _) in [
        ("{\"kind\":\"Secret\",\"data\":{\"a\":\"qZKold\"}}", 0),
        ("kind:\n  Secret\ndata: {a: qZKold}\n", 1),
        ("kind: >-\n  Secret\nstringData: {a: [qZKold\n", 2),
    ] {
        bench.write("one.yaml", committed);
        Told::by(&bench, &["build", "b.yaml", "-o", "one.yaml", "--secrets", "omit", "--check"]).hides("qZKold");
    }
}

#[test]
fn a_kubeconfig_and_what_it_runs_are_not_repeated() {
    let bench = Bench::with(&[("a.yaml", &format!("{H}{W}"))]);
    let config = |server: &str, user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: \"{server}\"}}}}]\nusers: [{{name: c, user: {user}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: c}}}}]\n"
        )
    };
    for (number, text) in [
        config("https://user:TOPSECRET@127.0.0.1:1", "{token: x}"),
        config("https://user:TOPSECRET@127.0.0.1:1/a b", "{token: x}"),
        config("https://127.0.0.1:1", "{token: [TOPSECRET]}"),
        config("https://127.0.0.1:1", "{token: \"TOPSECRET\\n\"}"),
        config("https://127.0.0.1:1", "{password: {a: TOPSECRET}}"),
        config("https://127.0.0.1:1", "{client-key-data: TOPSECRET}"),
        config("https://127.0.0.1:1", "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, \"echo TOPSECRET\"]}}"),
        config("https://127.0.0.1:1", "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, \"echo TOPSECRET; exit 1\"]}}"),
        "TOPSECRET\n".to_owned(),
        "clusters: TOPSECRET\n".to_owned(),
        "users: [{name: a, user: TOPSECRET\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let name = format!("k{number}");
        bench.write(&name, text);
        for command in ["apply", "status"] {
            let output = bench
                .command(&[command, "a.yaml", "--kubeconfig", &name, "--request-timeout", "1s"])
                .env("PATH", "/usr/bin:/bin")
                .output()
                .expect("the binary runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert!(!said.contains("TOPSECRET"), "{text}\n{said}");
            assert_ne!(output.status.code(), Some(0), "{said}");
        }
    }
}
