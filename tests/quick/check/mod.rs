//! Manifests and what is found in them.
//!
//! A case (`crate::cases`) says by `# minor: 1.34` and `# mode: spec` how it is checked. It lies in the folder of a code and
//! must show that code, unless its name starts with `fits-`: then nothing is found.

mod folders;
mod rendered;

use std::fmt::Write;

use fanfold::check::{Mode, check_objects};
use fanfold::diagnostic::{Code, Diagnostics};
use fanfold::kubernetes::{Facts, Minor};
use fanfold::read::read_documents;
use fanfold::text::{FileId, Key, Map, Node, Origin, Sources, Value};

use crate::cases::{self, Case};

const CASES: &str = "tests/quick/check/cases";

#[test]
fn every_case_finds_what_it_says() {
    cases::hold(CASES, 50, |case| {
        let found = check(case);
        let code = case.path.parent().and_then(|folder| folder.file_name()?.to_str()).expect("the folder of a code");
        assert!(Code::from_name(code).is_some(), "{code} is a code");
        let shown = found.iter().any(|line| line.contains(&format!("[{code}]")));
        let fits = case.name().starts_with("fits-");
        assert!(if fits { found.is_empty() } else { shown }, "{}: {found:#?}", case.path.display());
        found
    });
}

#[test]
fn settling_what_is_settled_changes_nothing() {
    for case in cases::files(CASES) {
        let path = &case.path;
        let case = Checked::read(&case);
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

/// What a case holds.
struct Checked {
    mode: Mode,
    facts: &'static Facts,
    sources: Sources,
    documents: Vec<(Node, Origin)>,
}

impl Checked {
    fn read(case: &Case) -> Self {
        let setting = |name: &str| case.settings(name).next();
        let mode = if setting("mode") == Some("spec") { Mode::Spec } else { Mode::Manifest };
        let minor = setting("minor").map_or(Minor::NEWEST, |minor| Minor::parse(minor).unwrap());
        let mut sources = Sources::default();
        let mut diagnostics = Diagnostics::new();
        let documents = read_documents(&mut sources, "case.yaml", case.input().into(), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{}: {diagnostics:?}", case.path.display());
        let documents = documents.into_iter().map(|document| (document.root.clone(), document.root.origin())).collect();
        Self { mode, facts: Facts::of(minor).unwrap(), sources, documents }
    }

    fn check(&self, documents: &[(Node, Origin)]) -> (Vec<fanfold::kubernetes::Manifest>, Diagnostics) {
        check_objects(documents.iter().cloned(), self.facts, self.mode)
    }
}

/// Returns the findings, one a line: place, severity, code, message, field, and the ways out.
fn check(case: &Case) -> Vec<String> {
    let case = Checked::read(case);
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
                for edit in &fix.edits {
                    write!(line, " | `{}` → `{}`", case.sources.text(edit.origin), edit.replacement).unwrap();
                }
                write!(line, " ({})", fix.applicability.as_str()).unwrap();
            }
            line
        })
        .collect()
}
