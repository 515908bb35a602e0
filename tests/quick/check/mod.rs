//! Manifests and what is found in them: each case is a file that says it itself.
//!
//! A case starts with comments: `# minor: 1.34` and `# mode: spec` say how it is checked, `# expect:` what is found, in
//! order. It lies in the folder of a code and must show that code, unless its name starts with `fits-`: then nothing is
//! found. `UPDATE_CASES=1 cargo test` writes what is found into the cases.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::{Code, Diagnostics};
use fanfold::kubernetes::{Facts, Minor};
use fanfold::read::read_documents;
use fanfold::text::{FileId, Key, Map, Node, Origin, Sources, Value};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/quick/check/cases");

#[test]
fn every_case_finds_what_it_says() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut failures = String::new();
    let cases = cases();
    assert!(cases.len() >= 50, "{CASES} holds the cases");
    for path in cases {
        let text = fs::read_to_string(&path).unwrap();
        let (head, body) = split(&text);
        let expected: Vec<&str> = head.iter().filter_map(|line| line.strip_prefix("# expect: ")).collect();
        let mut found = check(&text);
        if update && found != expected {
            let kept: Vec<&str> = head.iter().copied().filter(|line| !line.starts_with("# expect:")).collect();
            // The places move with the lines that the findings take.
            let written = |found: &[String]| {
                let lines = found.iter().map(|line| format!("# expect: {line}\n"));
                format!(
                    "{}{}{body}",
                    kept.iter().fold(String::new(), |all, line| all + line + "\n"),
                    lines.collect::<String>()
                )
            };
            found = check(&written(&found));
            fs::write(&path, written(&found)).unwrap();
        } else if found != expected {
            writeln!(failures, "{}\n  expected {expected:#?}\n  found {found:#?}", path.display()).unwrap();
        }
        let code = path.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
        let fits = path.file_name().unwrap().to_str().unwrap().starts_with("fits-");
        assert!(Code::from_name(code).is_some(), "{code} is a code");
        let shown = if fits { found.is_empty() } else { found.iter().any(|line| line.contains(&format!("[{code}]"))) };
        if !shown {
            writeln!(failures, "{} does not show {code}: {found:#?}", path.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn settling_what_is_settled_changes_nothing() {
    for path in cases() {
        let case = Case::read(&fs::read_to_string(&path).unwrap());
        let (once, _) = case.check(&case.documents);
        let again: Vec<(Node, Origin)> = once.iter().map(|manifest| (manifest.node.clone(), manifest.origin)).collect();
        let (twice, _) = case.check(&again);
        assert_eq!(once.len(), twice.len(), "{}", path.display());
        for (once, twice) in once.iter().zip(&twice) {
            assert!(once.node.same(&twice.node), "{}: {} was settled anew", path.display(), once.key);
        }
    }
}

proptest::proptest! {
    #[test]
    fn every_scalar_in_every_field_settles_once(text in "[-+]?[0-9a-zA-Z_.:~ ]{0,10}", style in 0..4_usize) {
        let origin = Origin::new(FileId(0), 0, text.len());
        let value = match style {
            0 | 1 => Value::Plain(text.trim().into()),
            2 => Value::String(text.as_str().into()),
            _ => Value::Raw(text.as_str().into()),
        };
        let scalar = Node::new(value, origin);
        for (kind, ty) in [("Deployment", "apps/v1"), ("Pod", "v1"), ("ConfigMap", "v1"), ("ControllerRevision", "apps/v1")] {
            let object = filled(kind, ty, &scalar);
            for mode in [Mode::Spec, Mode::Manifest] {
                let (once, first) = check_objects([(object.clone(), origin)], Facts::newest(), mode);
                let (twice, _) = check_objects([(once[0].node.clone(), origin)], Facts::newest(), mode);
                assert!(once[0].node.same(&twice[0].node), "{text} in {kind} as {mode:?}: {first:?}");
            }
        }
    }
}

/// Returns an object with the scalar in fields of every shape.
fn filled(kind: &str, api_version: &str, scalar: &Node) -> Node {
    let origin = scalar.origin();
    let map = |entries: &[(&str, Node)]| {
        let mut map = Map::new();
        for (key, value) in entries {
            map.put(key, value.clone());
        }
        Node::map(map, origin)
    };
    let mut plain = Map::new();
    let key = scalar.text().cloned().unwrap_or_default();
    plain.push(Key { text: key, origin, plain: true }, scalar.clone());
    let plain = Node::map(plain, origin);
    let resources = map(&[("limits", map(&[("cpu", scalar.clone())]))]);
    let probe = map(&[("tcpSocket", map(&[("port", scalar.clone())]))]);
    let container = map(&[
        ("name", scalar.clone()),
        ("stdin", scalar.clone()),
        ("resources", resources),
        ("livenessProbe", probe),
        ("imagePullPolicy", scalar.clone()),
        ("args", Node::seq(vec![scalar.clone()], origin)),
    ]);
    let pod = map(&[("containers", Node::seq(vec![container], origin)), ("priority", scalar.clone())]);
    let metadata =
        [("name", Node::string("a", origin)), ("labels", plain.clone()), ("creationTimestamp", scalar.clone())];
    let spec = if kind == "Deployment" {
        map(&[("replicas", scalar.clone()), ("template", map(&[("spec", pod)])), ("selector", map(&[]))])
    } else {
        pod
    };
    let mut object = vec![
        ("apiVersion", Node::string(api_version, origin)),
        ("kind", Node::string(kind, origin)),
        ("metadata", map(&metadata)),
    ];
    match kind {
        "ConfigMap" => object.extend([("data", plain.clone()), ("binaryData", plain)]),
        "ControllerRevision" => object.extend([("data", plain), ("revision", scalar.clone())]),
        _ => object.push(("spec", spec)),
    }
    map(&object)
}

struct Case {
    mode: Mode,
    facts: &'static Facts,
    sources: Sources,
    documents: Vec<(Node, Origin)>,
}

impl Case {
    fn read(text: &str) -> Self {
        let (head, _) = split(text);
        let setting = |name: &str| head.iter().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
        let mode = if setting("mode: ") == Some("spec") { Mode::Spec } else { Mode::Manifest };
        let minor = setting("minor: ").map_or(Minor::NEWEST, |minor| Minor::parse(minor).unwrap());
        let mut sources = Sources::default();
        let mut diagnostics = Diagnostics::new();
        let documents = read_documents(&mut sources, "case.yaml", text.into(), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        let documents = documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect();
        Self { mode, facts: Facts::of(minor).unwrap(), sources, documents }
    }

    fn check(&self, documents: &[(Node, Origin)]) -> (Vec<fanfold::kubernetes::Manifest>, Diagnostics) {
        check_objects(documents.iter().cloned(), self.facts, self.mode)
    }
}

/// Returns the findings, one a line: place, severity, code, message, field, and the ways out.
fn check(text: &str) -> Vec<String> {
    let case = Case::read(text);
    let (_, diagnostics) = case.check(&case.documents);
    diagnostics
        .iter()
        .map(|finding| {
            let (_, place) = case.sources.place(finding.origin).expect("every finding has a place");
            let severity = finding.severity.as_str();
            let mut line = format!("{}:{} {severity}[{}] {}", place.line, place.column, finding.code, finding.message);
            if let Some(subject) = finding.subject.as_ref().filter(|subject| !subject.field.is_empty()) {
                write!(line, " @ {}", subject.field).unwrap();
            }
            finding.help.iter().for_each(|help| write!(line, " | {help}").unwrap());
            if let Some(fix) = &finding.fix {
                write!(line, " | `{}` → `{}`", case.sources.text(fix.origin), fix.replacement).unwrap();
            }
            line
        })
        .collect()
}

fn split(text: &str) -> (Vec<&str>, &str) {
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("# ")).collect();
    let length = head.iter().map(|line| line.len() + 1).sum();
    (head, &text[length..])
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES)
        .unwrap()
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|case| case.unwrap().path())
        .collect();
    cases.sort();
    cases
}
