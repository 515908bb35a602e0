//! Specs and manifests with a token wherever a secret may stand, and all that is told of such texts.
//!
//! Nothing here but the library: the fuzz target plants and asks in the same way.

use base64::Engine;
use fanfold::compile::{Compilation, Inputs, Settings, compile, read_inputs};
use fanfold::diagnostic::{Diagnostics, Format, Style, render};
use fanfold::kubernetes::Manifest;
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;

const FORMATS: [Format; 6] =
    [Format::Human, Format::Short, Format::Json, Format::Sarif, Format::Github, Format::Gitlab];
/// `@` stands for the token.
pub(crate) const H: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\n";
/// A workload without a fault.
pub(crate) const W: &str = "workloads: {w: {kind: Deployment, image: nginx:1.27}}\n";
/// A parameter that reaches a Secret.
const P: &str = "params: {pw: @}\nsecrets: {db: {stringData: {pw: \"{{ params.pw }}\"}}}\n";

/// Specs and manifests, each with the token where no output may show it.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub(crate) fn cases() -> Vec<String> {
    let mut cases: Vec<String> = Vec::new();
    // Below `secrets:`: parts and their misspellings, of every shape.
    for below in [
        "{stringData: {pw: @, pw: b}}",
        "{stringData: {pw: b, pw: @}}",
        "{data: {pw: @}}",
        "{stringData: @}",
        "{data: [@]}",
        "{stringData: [{pw: @}]}",
        "{stringDta: {pw: @}}",
        "{stringdata: {pw: @}}",
        "{Data: {pw: @}}",
        "{string-data: {pw: @}}",
        "{pw: @}",
        "@",
        "[@]",
        "{files: {pw: @}}",
        "{files: [@]}",
        "{files: [pw=@]}",
        "{files: @}",
        "{type: @, stringDta: {}}",
        "{external: @, x: 1}",
        "{nameHash: @, x: 1}",
        "{immutable: @, stringData: {pw: 1}}",
        "{labels: {a: \"@ @\"}, stringData: {pw: 1}}",
        "{labels: @, stringData: {pw: 1}}",
        "{annotations: {a: [@]}, stringData: {pw: 1}}",
        "{stringData: {pw: *@}}",
        "{stringData: {pw: !@ x}}",
        "{stringData: {pw: !<@> x}}",
        "{stringData: {pw: &@ x, q: *@x}}",
        "{stringData: {pw: \"{{ @ }}\"}}",
        "{stringData: {pw: \"{{ '@' | nope }}\"}}",
        "{stringData: {pw: \"{{ '@' + 1 }}\"}}",
        "{stringData: {pw: \"{{ @\"}}",
        "{stringData: {pw: \"{% if @ %}\"}}",
        "{stringData: {pw: \"{{ params.@ }}\"}}",
        "{stringData: {pw: \"a`@`b\", q: {x: 1}}}",
        "{stringData: {pw: {a: @}}}",
        "{stringData: {pw: {a: [@, @]}}}",
        "{stringData: {\"b/d\": @}}",
        "{data: {pw: \"@\"}, stringData: {pw: b}}",
        "{stringData: {pw: @, q: 012}, Type: @}",
        "{stringData: {pw: @} # @\n  , x: 1}",
    ] {
        cases.push(format!("{H}secrets: {{db: {below}}}\n{W}"));
    }
    for section in ["Secrets", "secret", "secrects", "profiles: {p: {secrets"] {
        let close = if section.starts_with("profiles") { "}}" } else { "" };
        cases.push(format!("{H}{section}: {{db: {{stringDta: {{pw: @}}, x: [@]}}}}{close}\n{W}"));
    }
    // YAML that cannot be read, near a Secret.
    for broken in [
        "secrets:\n  db:\n    stringData:\n      pw: @\n     bad: x\n",
        "secrets:\n  db:\n    stringData:\n      pw: a: @\n",
        "secrets:\n  db:\n    stringData:\n      pw: [@\n",
        "secrets:\n  db:\n    stringData:\n      pw: \"@\n",
        "secrets:\n  db:\n    stringData:\n      pw: '@\n",
        "secrets:\n  db:\n    stringData:\n      pw: @@`x\n      q: %@\n",
        "secrets:\n  db:\n    stringData:\n\tpw: @\n",
        "secrets:\n  db:\n    stringData:\n      pw: |\n        @\n       x: @\n    - y\n",
        "secrets:\n  db:\n    stringData:\n      {@}: x\n",
        "secrets:\n  db:\n    stringData:\n      ? [@]\n      : x\n",
        "secrets:\n  db:\n    stringData:\n      pw: \"\\@\"\n",
        "secrets: {db: {stringData: {pw: @}}\n",
        "params:\n  pw: @\n   bad: @\n",
        "params: {pw: @}}\nmanifests: [x.yaml.j2]\n",
        "secrets: {db: {stringData: {pw: x}}}\nparams: {pw: @, pw: b}\n",
        "secrets: {db: {stringData: {<<: @}}}\n",
        "secrets: {db: {stringData: {<<: [@]}}}\n",
    ] {
        cases.push(format!("{H}{broken}{W}"));
    }
    // Parameters that reach a Secret, and what is told of their values.
    for used in [
        "replicas: \"{{ params.pw }}\"",
        "replicas: \"{{ params['pw'] }}\"",
        "replicas: \"{{ params.get('pw') }}\"",
        "replicas: \"{{ params|tojson }}\"",
        "replicas: \"{{ params|items|list|string }}\"",
        "replicas: \"{% for k, v in params|items %}{{ v }}{% endfor %}\"",
        "replicas: \"{% set p = params %}{{ p.pw }}\"",
        "replicas: \"{{ debug() }}\"",
        "replicas: \"{{ params.pw | upper | lower | upper }}\"",
        "replicas: \"x{{ params.pw }}y\"",
        "replicas: \"{{ params.pw|list|join('') }}\"",
        "image: \"{{ params.pw }} {{ params.pw }}\"",
        "ports: {http: \"{{ params.pw }}\"}",
        "resources: {cpu: \"{{ params.pw }}\"}",
        "tolerations: [\"{{ params.pw }} x\"]",
        "env: {A: {field: \"{{ params.pw }}\"}}",
        "env: {A: {secret: \"{{ params.pw }}\"}}",
        "env: {A: {configMap: \"{{ params.pw }}/x\"}}",
        "env: {A: [\"{{ params.pw }}\"]}",
        "envFrom: [\"{{ params.pw }}\"]",
        "mounts: {/a: {claim: \"{{ params.pw }}\", size: \"{{ params.pw }}\"}}",
        "restartPolicy: \"{{ params.pw }}\"",
        "labels: {a: \"{{ params.pw }} \"}",
        "httpGet: \"{{ params.pw }}\"",
        "livenessProbe: {httpGet: \"{{ params.pw }} x\"}",
        "livenessProbe: {tcpSocket: \"{{ params.pw }}\"}",
        "service: \"{{ params.pw }}\"",
        "autoscale: {min: \"{{ params.pw }}\", max: 3, cpu: 80%}",
        "nodeAffinity: {require: [\"{{ params.pw }} ~\"]}",
        "serviceAccount: \"{{ params.pw }} \"",
        "terminationGracePeriodSeconds: \"{{ params.pw }}\"",
        "patch: {Deployment: {spec: {replicas: \"{{ params.pw }}\"}}}",
        "patch: {Deployment: \"{{ params.pw }}\"}",
        "patchJSON6902: {Deployment: [{op: test, path: /spec/replicas, value: \"{{ params.pw }}\"}]}",
        "patchJSON6902: {Deployment: [{op: replace, path: \"/{{ params.pw }}\", value: 1}]}",
        "patchJSON6902: {Deployment: [{op: \"{{ params.pw }}\", path: /spec}]}",
        "use: [\"{{ params.pw }}\"]",
        "matrix: {x: [\"{{ params.pw }}\"]}, replicas: \"{{ matrix.x }}\"",
        "matrix: {x: \"{{ params.pw }}\"}",
        "matrix: {x: [a], where: \"params.pw + matrix.x > 1\"}",
        "matrix: {x: [a, b], exclude: [{x: \"{{ params.pw }}\"}]}",
        "instances: \"{{ params.pw }}\"",
        "\"{{ params.pw }}\": 1",
        "strategy: {type: \"{{ params.pw }}\"}",
    ] {
        cases.push(format!("{H}{P}workloads: {{w: {{kind: Deployment, image: nginx:1.27, {used}}}}}\n"));
    }
    // Declarations of such parameters, and other ways to a Secret.
    for (declared, read) in [
        ("{type: string, default: @, minLength: 90}", "params.pw"),
        ("{type: string, default: x, enum: [@]}", "params.pw"),
        ("{type: string, default: x, const: @}", "params.pw"),
        ("{type: string, default: x, pattern: \"^@$\"}", "params.pw"),
        ("{type: string, default: x, pattern: \"(@\"}", "params.pw"),
        ("{type: integer, default: @}", "params.pw"),
        ("{type: @, default: x}", "params.pw"),
        ("{type: string, default: x, format: @, examples: [@], description: [@]}", "params.pw"),
        ("{type: object, properties: {a: {const: @}}, default: {a: b}}", "params.pw.a"),
        ("{type: object, properties: {a: {type: integer}}, default: {a: @}}", "params.pw['a']"),
        ("{type: object, required: [b], additionalProperties: false, default: {a: @}}", "params.pw|tojson"),
        ("{type: array, items: {type: integer}, default: [@]}", "params.pw[0]"),
        ("{type: array, uniqueItems: true, default: [@, @]}", "params.pw|first"),
        ("{type: string, default: @, wrong: @}", "params|tojson"),
        ("{anyOf: [{const: @}, {type: integer}], default: x}", "params['p' ~ 'w']"),
        ("{not: {const: @}, default: @}", "params.pw"),
    ] {
        cases.push(format!(
            "{H}params: {{pw: {declared}}}\nsecrets: {{db: {{stringData: {{pw: \"{{{{ {read} }}}}\"}}}}}}\n{W}"
        ));
    }
    cases.push(format!("{H}params: {{pw: {{type: string, maxLength: 1, default: @}}}}\npatch: {{Secret: {{data: \"{{{{ params.pw }}}}\"}}}}\n{W}"));
    cases.push(format!("{H}params: {{pw: x}}\nprofiles: {{p: {{params: {{pv: [@]}}, secrets: {{a: @}}}}}}\n{W}"));
    cases.push(format!("{H}x-pw: &pw @\nsecrets: {{db: {{stringData: {{pw: *pw}}}}}}\nworkloads: {{w: {{kind: Deployment, image: nginx, replicas: *pw}}}}\n"));
    // Patches of Secrets.
    for patch in [
        "patch: {Secret: {data: @}}",
        "patch: {Secret/db: {stringDta: {pw: @}}}",
        "patch: {Secret: [@]}",
        "patch: {Secret: @}",
        "patch: {Scret: {stringData: {pw: @}}}",
        "patchJSON6902: {Secret: [{op: replace, path: /data/pw, value: @}]}",
        "patchJSON6902: {Secret: [{op: test, path: /data/pw, value: @}]}",
        "patchJSON6902: {Secret: [{op: add, path: /nope/@, value: @}]}",
        "patchJSON6902: {Secret: [{op: @, path: /data}]}",
        "patchJSON6902: {Secret: @}",
        "templates: {t: {patch: {Secret: {data: {pw: [@]}}}}}",
        "defaults: {patch: {Secret: {data: {pw: [@]}}}}",
    ] {
        cases.push(format!("{H}secrets: {{db: {{nameHash: false, stringData: {{pw: x}}}}}}\n{patch}\n{W}"));
    }
    cases.extend(manifests());
    cases
}

/// Secrets as manifests.
pub(crate) fn manifests() -> Vec<String> {
    let mut cases = Vec::new();
    for body in [
        "data: {pw: @}",
        "stringData: {pw: [@]}",
        "stringDta: {pw: @}",
        "stringdata: {pw: @}",
        "Data: {pw: @}",
        "string_data: @",
        "data: @",
        "data: {pw: @, pw: b}",
        "stringData: {pw: b, pw: @}",
        "stringData: {pw: *@}",
        "stringData: {pw: !@ x}",
        "stringData:\n  pw: @: @\n",
        "stringData:\n  pw: \"@\n",
        "stringData:\n  pw: {@\n",
        "stringData: {pw: {a: @}}",
        "spec: {pw: @}",
        "type: @\nx: @",
        "immutable: @",
        "data: {\"a/b\": @}",
        "stringData: {pw: 0x1F, q: @, r: yes}\nx: 1",
    ] {
        cases.push(format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\n{body}\n"));
    }
    for (head, wrap) in [
        (
            "apiVersion: v1\nkind: List\nitems:\n- ",
            "kind: List, apiVersion: v1, items: [{apiVersion: v1, kind: Secret, metadata: {name: a}, dta: {pw: @}, data: {x: @}}]",
        ),
        ("apiVersion: v1\nkind: SecretList\nitems:\n- ", "metadata: {name: a}, data: {pw: [@]}, dta: @"),
        ("apiVersion: v1\nkind: secretlist\nitems:\n- ", "metadata: {name: a}, data: {pw: [@]}, dta: @"),
        (
            "apiVersion: v1\nkind: List\nitems:\n- ",
            "apiVersion: v1, kind: Secrets, metadata: {name: a}, data: {pw: [@]}, dta: @",
        ),
    ] {
        cases.push(format!("{head}{{{wrap}}}\n"));
    }
    for whole in [
        "apiVersion: v1\nkind: secret\nmetadata: {name: a}\nstringData: {pw: [@]}\n",
        "apiVersion: v1\nKind: Secret\nmetadata: {name: a}\nstringData: {pw: [@]}\n",
        "apiVersion: v1\nkind: Sceret\nmetadata: {name: a}\nstringDta: {pw: [@]}\n",
        "apiVersion: v1\nmetadata: {name: a}\nstringData: {pw: [@]}\n",
        "apiVersion: v2\nkind: Secret\nmetadata: {name: a}\nstringData: {pw: [@]}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {x: [@], y: @}, labels: {\"a b\": @, c: \"@ @\"}}\n",
        "apiVersion: v1\nkind: Secret\nkind: Secret\nmetadata: {name: a}\nstringData: {pw: @}\n",
        "apiVersion: v1\nkind: !!str Secret\nmetadata: {name: a\nstringData: {pw: @}\n",
        "apiVersion: v1\nkind: &k Secret\nmetadata: {name: a}\nstringData: {<<: @}\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"stringDta\": {\"pw\": \"@\"}}\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"stringData\": {\"pw\": \"@\", }, }}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pw: ok}\n# @\nx: 1\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pw: ok}\n# fanfold: allow(@) @\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n---\nkind: Secret\nstringData: {pw: @\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  pw: |\n    @\n  q: [\n",
    ] {
        cases.push(whole.to_owned());
    }
    cases
}

/// Compiles in memory, and tells all that is found, in all formats.
pub(crate) fn told(files: &[(&str, &str)], paths: &[&str]) -> (String, Vec<Manifest>, Sources) {
    let mut sources = Sources::default();
    let mut found = Diagnostics::new();
    let files = files.iter().fold(MemoryFiles::default(), |all, (name, text)| all.with(*name, text.as_bytes()));
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let inputs: Inputs = read_inputs(&paths, &files, || Ok(Vec::new()), &mut sources, &mut found);
    let settings = Settings::default();
    let compilation: Compilation = compile(inputs, &settings, &files, &mut sources, &mut found);
    let mut text = String::new();
    for format in FORMATS {
        text.push_str(&render(&found, &sources, format, Style { color: false, width: 100 }));
    }
    (text, compilation.objects(), sources)
}

pub(crate) fn encoded(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Words without which a text does not say any more that it holds a secret.
const KEPT: &[&str] =
    &["apiVersion", "v1", "fanfold.dev", "kind", "Batch", "Secret", "secret", "items", "stringD", "patch"];
/// What is put into a text, or in the place of a part of it.
const PIECES: &[&str] = &[
    ":",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "#",
    " #",
    "*",
    "&a ",
    "!x ",
    "|",
    ">",
    "%",
    "@@",
    "`",
    "\\",
    "- ",
    "? ",
    "\t",
    " ",
    "{{",
    "}}",
    "{%",
    "%}",
    "=",
    "~",
    "é",
    "\u{1F512}",
    "0x",
    "null",
    "<<: ",
    "$patch: delete, ",
];

/// Returns a text that holds a secret and is broken in some places by lot; the same for the same number.
///
/// `None` is returned where what says that it is secret was lost.
pub(crate) fn broken(cases: &[String], token: &str, number: u64) -> Option<String> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    let case = &cases[draw(cases.len())];
    let mut text = case.replace('@', token);
    // What a spec says elsewhere may be secret by what it reads: a slip there makes it another spec.
    let is_by_flow = case.contains("params") || case.contains("x-pw");
    if is_by_flow {
        return None;
    }
    for _ in 0..=draw(3) {
        let starts: Vec<usize> =
            text.char_indices().map(|(at, _)| at).filter(|at| is_free(&text, *at, token)).collect();
        let at = *starts.get(draw(starts.len()))?;
        let length = text[at..].chars().next().map_or(0, char::len_utf8);
        match draw(3) {
            0 => text.replace_range(at..at + length, ""),
            1 => text.insert_str(at, PIECES[draw(PIECES.len())]),
            _ => text.replace_range(at..at + length, PIECES[draw(PIECES.len())]),
        }
    }
    Some(text)
}

/// Whether a place is outside of what says that the text is secret, and no break of a line.
fn is_free(text: &str, at: usize, token: &str) -> bool {
    let within = |word: &str| text.match_indices(word).any(|(start, _)| start <= at + 1 && at <= start + word.len());
    !text[at..].starts_with('\n')
        && !text[..at].ends_with('\n')
        && !within(token)
        && !KEPT.iter().any(|word| within(word))
}
