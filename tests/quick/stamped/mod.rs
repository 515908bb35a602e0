//! Objects that are stamped for many instances are those that each instance would make by itself: bytes, places and findings.

mod generator;

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use fanfold::compile::{Settings, read_inputs};
use fanfold::diagnostic::{Diagnostics, Format, Style, render};
use fanfold::read::{Files, MemoryFiles};
use fanfold::rules::Asked;
use fanfold::text::{Node, Sources, Value};

use crate::examples::{self, Case};
use crate::pace::is_quick;

/// What a run leaves: the bytes, what was found, and where each value is written.
struct Left {
    has_errors: bool,
    bytes: String,
    found: String,
    places: Vec<String>,
}

/// How objects are made, and what is asked of them.
struct Way {
    each_alone: bool,
    kept_instances: usize,
    asked: Asked,
}

fn left(spec: &str, case: &Case, files: &MemoryFiles, way: &Way) -> Left {
    let mut sources = Sources::default();
    let mut found = Diagnostics::new();
    let stdin = || unreachable!("no spec comes from there");
    let inputs = read_inputs(&[spec.to_owned()], files, stdin, &mut sources, &mut found);
    let Way { each_alone, kept_instances, ref asked } = *way;
    let asked = asked.clone();
    let settings = Settings { options: case.options(), asked, each_alone, kept_instances, ..Settings::default() };
    let (compilation, more) = examples::run_by(&settings, inputs, files, &mut sources);
    found.append(more);
    let bytes = String::from_utf8(examples::emitted(&compilation)).unwrap();
    let mut written = Vec::new();
    let done: Result<(), Infallible> = compilation.write(
        |_, _| true,
        |documents| {
            written.extend_from_slice(documents);
            Ok(())
        },
    );
    assert!(done.is_ok() && written == bytes.as_bytes(), "{spec}: what is written differs from what is rendered");
    let mut places = Vec::new();
    for object in compilation.objects() {
        places.push(format!("{} {:?}", object.key, object.origin));
        collect(&object.node, &mut places);
    }
    let style = Style { color: false, width: 120 };
    Left { has_errors: found.has_errors(), bytes, found: render(&found, &sources, Format::Human, style), places }
}

/// Adds the place and the form of each value, and of each key.
fn collect(node: &Node, places: &mut Vec<String>) {
    let own = match node.value() {
        Value::Map(_) | Value::Seq(_) => String::new(),
        value => format!("{value:?}"),
    };
    places.push(format!("{:?} {own}", node.origin()));
    for entry in node.as_map().into_iter().flatten() {
        places.push(format!("{} {:?}", entry.key.text, entry.key.origin));
        collect(&entry.value, places);
    }
    node.as_seq().into_iter().flatten().for_each(|item| collect(item, places));
}

/// Holds what is stamped against what each instance makes by itself; returns how much that is, nothing where there are errors.
fn hold(what: &str, spec: &str, case: &Case, files: &MemoryFiles) -> usize {
    let text = || files.read(spec).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let differs = |one: &str, other: &str| {
        let first = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        format!("{what}\n{}\nalone and stamped differ first in {first:?}", text())
    };
    let mut held = 0;
    let advice = Asked { advice: true, ..Asked::default() };
    let mut rules = advice.clone();
    ["pss=baseline", "ha"].iter().for_each(|word| rules.add(word).unwrap());
    for asked in [Asked::default(), advice, rules] {
        let alone = left(spec, case, files, &Way { each_alone: true, kept_instances: 1024, asked: asked.clone() });
        // Where few are kept, objects are made a second time, and not looked at as wholes before somebody asks.
        for kept_instances in [2, 1024] {
            let stamped = left(spec, case, files, &Way { each_alone: false, kept_instances, asked: asked.clone() });
            assert!(alone.found == stamped.found, "{}\n{}\n---\n{}", differs("", ""), alone.found, stamped.found);
            assert!(alone.bytes == stamped.bytes, "{}", differs(&alone.bytes, &stamped.bytes));
            let (one, other) = (alone.places.join("\n"), stamped.places.join("\n"));
            assert!(one == other, "{}", differs(&one, &other));
        }
        held += if alone.has_errors { 0 } else { alone.places.len() };
    }
    held
}

#[test]
fn specs_give_the_same_stamped_and_each_alone() {
    let files = examples::files();
    let cases = examples::cases();
    let made: usize = cases.iter().map(|case| hold(&format!("{case:?}"), &case.spec, case, &files)).sum();
    assert!(cases.len() > 20 && made > 1000, "{made}");
}

/// The examples of the language, with all their mistakes.
#[test]
fn mistakes_give_the_same_stamped_and_each_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["stamped/cases", "language/cases", "golden/cases", "diagnostic/hints"] {
        paths.extend(fs::read_dir(root.join("tests/quick").join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    paths.sort();
    let case = Case { spec: "spec.yaml".to_owned(), given: Vec::new() };
    let mut held = 0;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml")) {
        let files = MemoryFiles::default().with("spec.yaml", fs::read(path).unwrap());
        hold(&path.display().to_string(), "spec.yaml", &case, &files);
        held += 1;
    }
    assert!(held > 120, "{held}");
}

/// What was seen of holes is kept up to a number: past that, nobody knows who looks alike.
#[test]
fn many_looks_give_the_same_stamped_and_each_alone() {
    let columns = |row: &str| (0..300).map(|at| format!("c{at}: {row}{at}")).collect::<Vec<_>>().join(", ");
    let rows = ["a", "b", "c"].map(|row| format!("{{k: {row}, {}}}", columns(row))).join(", ");
    let services =
        (0..40).map(|at| format!("k{at}: {{name: \"s{at}-{{{{ name }}}}\"}}")).collect::<Vec<_>>().join(", ");
    let spec = format!(
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: b}}\nworkloads:\n  w:\n    kind: Deployment\n    image: \
         app:1\n    axisLabels: true\n    name: \"w-{{{{ matrix.k }}}}\"\n    ports: {{http: 80}}\n    matrix: {{rows: \
         [{rows}]}}\n    services: {{{services}}}\n    ingress: {{host: a.example.com, service: k0}}\n"
    );
    let case = Case { spec: "spec.yaml".to_owned(), given: Vec::new() };
    let files = MemoryFiles::default().with("spec.yaml", spec);
    assert!(hold("many looks", "spec.yaml", &case, &files) > 1000);
}

#[test]
fn random_specs_give_the_same_stamped_and_each_alone() {
    let cases = std::env::var("FANFOLD_STAMPED_CASES").ok();
    let cases = cases.map_or(if is_quick() { 12_u64 } else { 60 }, |cases| cases.parse().expect("a number"));
    let case = Case { spec: "spec.yaml".to_owned(), given: Vec::new() };
    let (mut made, mut sound) = (0, 0);
    for seed in 0..cases {
        let files = MemoryFiles::default().with("spec.yaml", generator::spec(seed));
        let held = hold(&format!("seed {seed}"), "spec.yaml", &case, &files);
        made += held;
        sound += u64::from(held > 0);
    }
    // Most of what is generated must be sound, or little is held.
    assert!(sound * 4 > cases && made > 1000, "{sound} of {cases} are sound, {made}");
}

/// Instances that ask for nothing, one that asks among them, and others before and after.
#[test]
fn questions_give_the_same_stamped_and_each_alone() {
    const HEAD: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: many, namespace: demo}\nworkloads:\n";
    const QUIET: &str = "  b:\n    kind: Deployment\n    matrix: {shard: {from: 0, to: 29}}\n    image: app:1\n    \
                         ports: {http: 80}\n    resources: {cpu: 100m, memory: 64Mi..128Mi}\n    env: {S: \"{{ matrix.shard }}\"}\n    service: ClusterIP\n";
    let small = "  a: {kind: Deployment, image: app:1, replicas: 2, matrix: {x: [1, 2, 3]}}\n";
    let asking = "  c: {kind: Deployment, image: app:1, envFrom: [{secretRef: {name: absent, optional: true}}], \
                  disruption: {maxUnavailable: 0}, matrix: {x: [1, 2]}}\n";
    let sometimes = QUIET.replace("  b:", "  d:").replace(
        "    service: ClusterIP",
        "    readinessProbe: {httpGet: {path: /, port: \"{{ 'http' if index != 20 else 'nothing' }}\"}}\n    service: ClusterIP",
    );
    let untagged = QUIET.replace("  b:", "  e:").replace("app:1", "app");
    let wrong = QUIET.replace("  b:", "  f:").replace(
        "    ports",
        "    hostname: \"{{ 'a' if index != 25 else 'A_' }}\"\n    labels: {x: \"{{ 'a' * (index % 22) }}\"}\n    ports",
    );
    // The name of a StatefulSet may become too long for a label, and an image may have a space behind it.
    let long = "  g: {kind: StatefulSet, image: app:1, name: \"{{ 'a' * (index + 40) }}\", instances: 30}\n";
    let spaces = QUIET.replace("  b:", "  h:").replace("app:1", "\"{{ 'app:1 ' if index == 7 else 'app:' ~ index }}\"");
    // An autoscaler among the inputs has a say in one instance.
    let scaled = QUIET.replace("  b:", "  i:").replace("    image", "    replicas: 2\n    image")
        + "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: one, namespace: demo}\nspec: \
           {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: i-5}}\n";
    let case = Case { spec: "spec.yaml".to_owned(), given: Vec::new() };
    let parts = [small, QUIET, asking, &sometimes, &untagged, &wrong, long, &spaces, &scaled];
    for kinds in ["b", "ab", "ba", "bc", "cb", "abd", "db", "be", "bf", "fb", "g", "bg", "h", "bhc", "i", "bi"] {
        let named = |kind: char| parts.iter().find(|part| part.trim_start().starts_with(kind)).unwrap();
        let spec: String = kinds.chars().map(|kind| *named(kind)).collect();
        let files = MemoryFiles::default().with("spec.yaml", format!("{HEAD}{spec}"));
        let held = hold(kinds, "spec.yaml", &case, &files);
        assert!(held > 1000 || kinds.contains(['d', 'f', 'g']), "{kinds}: {held}");
    }
}
