//! The command: which sides it takes, and how it ends.

use serde_json::Value as Json;

use crate::bench::Bench;

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: sweep, namespace: lab}
configMaps:
  settings: {data: {MODE: fast}, nameHash: true}
workloads:
  sweep:
    kind: Job
    matrix: {region: [eu, us], shard: {from: 0, to: 4}}
    image: busybox:1.36
    restartPolicy: Never
    resources: {cpu: 100m, memory: 64Mi}
  web:
    kind: Deployment
    matrix: {region: [eu, us]}
    image: nginx:1.27
    envFrom: [settings]
";

fn bench() -> Bench {
    Bench::with(&[("old.yaml", SPEC)])
}

/// Returns the spec with a thousand Jobs.
fn large(spec: &str) -> String {
    spec.replace("to: 4}", "to: 499}")
}

#[test]
fn the_same_is_0_another_is_1_and_nobody_knows_is_more() {
    let bench = bench();
    assert_eq!(bench.said(&["diff", "old.yaml", "old.yaml"]), (Some(0), String::new(), String::new()));
    bench.write("new.yaml", &SPEC.replace("1.36", "1.37"));
    assert_eq!(bench.said(&["diff", "old.yaml", "new.yaml"]).0, Some(1));
    let (code, out, err) = bench.said(&["diff", "old.yaml", "none.yaml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("none.yaml"), "{err}");
    bench.write("broken.yaml", "kind: [");
    assert_eq!(bench.said(&["diff", "broken.yaml", "old.yaml"]).0, Some(2));
    bench.write("wrong.yaml", &SPEC.replace("image:", "imag:"));
    assert_eq!(bench.said(&["diff", "old.yaml", "wrong.yaml"]).0, Some(2), "a spec that does not compile");
    bench.write("nameless.yaml", "apiVersion: v1\n");
    assert_eq!(bench.said(&["diff", "nameless.yaml", "old.yaml"]).0, Some(2));
    assert_eq!(bench.said(&["diff", "old.yaml"]).0, Some(2));
    assert_eq!(bench.said(&["diff", "-", "-"]).0, Some(2));
}

#[test]
fn what_is_the_same_by_meaning_is_told_and_ends_with_0() {
    let bench = bench();
    let (_, built, _) = bench.said(&["build", "old.yaml"]);
    bench.write("built.yaml", &built.replace("cpu: 100m", "cpu: \"0.1\""));
    let (code, out, _) = bench.said(&["diff", "old.yaml", "built.yaml"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("no effect") && out.contains("100m → \"0.1\""), "{out}");
}

#[test]
fn a_line_changed_in_a_spec_of_a_thousand_instances_reads_in_ten_lines() {
    let bench = Bench::with(&[("old.yaml", &large(SPEC))]);
    bench.write("new.yaml", &large(SPEC).replace("1.36", "1.37"));
    let (_, out, _) = bench.said(&["diff", "old.yaml", "new.yaml"]);
    assert!(out.lines().count() <= 10, "{out}");
    assert!(out.contains("1,000 Jobs") && out.contains("busybox:1.36 → busybox:1.37"), "{out}");
    assert!(out.contains("new.yaml:10"), "the line that caused it: {out}");
}

#[test]
fn one_value_of_an_axis_is_named_as_what_differs() {
    let bench = bench();
    let exclude = "    image: \"busybox:{{ '1.37' if matrix.region == 'eu' else '1.36' }}\"";
    bench.write("new.yaml", &SPEC.replace("    image: busybox:1.36", exclude));
    let (code, out, err) = bench.said(&["diff", "old.yaml", "new.yaml"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("5 of 10 Jobs where region = eu"), "{out}");
}

#[test]
fn a_config_map_with_another_hash_is_one_change() {
    let bench = bench();
    bench.write("new.yaml", &SPEC.replace("fast", "slow"));
    let (_, out, _) = bench.said(&["diff", "old.yaml", "new.yaml", "--format", "json"]);
    let report: Json = serde_json::from_str(&out).expect("JSON");
    let groups = report["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 1, "{groups:#?}");
    assert_eq!(groups[0]["effect"], "rollout");
    assert_eq!(groups[0]["followers"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["summary"]["objects"]["renamed"], 1);
}

#[test]
fn sides_are_specs_files_folders_and_standard_input() {
    let bench = bench();
    let (code, built, _) = bench.said(&["build", "old.yaml"]);
    assert_eq!(code, Some(0));
    assert_eq!(bench.said(&["build", "old.yaml", "-o", "built/"]).0, Some(0));
    assert_eq!(bench.said(&["diff", "old.yaml", "built"]).0, Some(0));
    assert_eq!(bench.said(&["diff", "old.yaml", "--against", "built"]).0, Some(0));
    assert_eq!(bench.said_to(&["diff", "-", "old.yaml"], &built).0, Some(0));
    assert_eq!(bench.said_to(&["diff", "old.yaml", "--against", "-"], &built.replace("1.36", "1.35")).0, Some(1));
}

#[test]
fn only_the_effects_that_are_named_fail_a_run() {
    let bench = bench();
    bench.write("new.yaml", &SPEC.replace("1.36", "1.37"));
    let run = |effects: &str| bench.said(&["diff", "old.yaml", "new.yaml", "--fail-on", effects]).0;
    assert_eq!(run("recreate"), Some(1));
    assert_eq!(run("data-loss,security"), Some(0));
    assert_eq!(run("data-loss,recreate"), Some(1));
    assert_eq!(run("nonsense"), Some(2));
    assert_eq!(run("removed,breaking"), Some(0));
    bench.write("less.yaml", SPEC.split("  web:").next().expect("a start"));
    assert_eq!(bench.said(&["diff", "old.yaml", "less.yaml", "--fail-on", "removed"]).0, Some(1));
}

#[test]
fn what_goes_is_removed_whatever_goes_with_it_and_so_is_what_has_another_name() {
    let bench = bench();
    let object = |kind: &str, name: &str, rest: &str| {
        let (version, kind) = kind.split_once(' ').expect("a version and a kind");
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\n{rest}\n")
    };
    let claim = "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}";
    let web = |name: &str| {
        let template = "template: {metadata: {labels: {app: w}}, spec: {containers: [{name: w, image: 'nginx:1.27', args: [--verbose, --threads=8]}]}}";
        object("apps/v1 Deployment", name, &format!("spec: {{selector: {{matchLabels: {{app: w}}}}, {template}}}"))
    };
    let keeps = web("keeps");
    for (word, gone) in [
        ("a namespace", object("v1 Namespace", "shop", "")),
        ("a claim", object("v1 PersistentVolumeClaim", "data", claim)),
        ("a definition", object("apiextensions.k8s.io/v1 CustomResourceDefinition", "as.b.c", "spec: {group: b.c}")),
        ("a policy", object("networking.k8s.io/v1 NetworkPolicy", "deny", "spec: {podSelector: {}}")),
        ("a text", object("v1 ConfigMap", "texts", "data: {a: b}")),
        ("a workload", web("api")),
    ] {
        bench.write("a.yaml", &(keeps.clone() + &gone));
        bench.write("b.yaml", &keeps);
        let (code, out, err) = bench.said(&["diff", "a.yaml", "b.yaml", "--fail-on", "removed"]);
        assert_eq!(code, Some(1), "{word}: {out}{err}");
        assert_eq!(bench.said(&["diff", "b.yaml", "a.yaml", "--fail-on", "removed"]).0, Some(0), "{word} that is new");
    }
    bench.write("a.yaml", &web("front"));
    bench.write("b.yaml", &web("shop"));
    let (code, out, _) = bench.said(&["diff", "a.yaml", "b.yaml", "--fail-on", "removed"]);
    assert!(code == Some(1) && out.contains("front → shop"), "{out}");
    bench.write("new.yaml", &SPEC.replace("fast", "slow"));
    let (code, out, _) = bench.said(&["diff", "old.yaml", "new.yaml", "--fail-on", "removed"]);
    assert_eq!(code, Some(0), "a name that ends in a hash is made to change: {out}");
}

#[test]
fn instances_of_different_values_that_name_them_are_not_one_another() {
    let bench = bench();
    let spec = |tenants: &[&str], hosts: &str| {
        let rows: Vec<String> =
            tenants.iter().map(|name| format!("{{tenant: {name}, host: h-{name}{hosts}}}")).collect();
        format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: s}}\nmatrices: {{tenants: {{rows: [{}]}}}}\n\
             templates: {{own: {{matrix: tenants, namespace: 'tenant-{{{{ matrix.tenant }}}}'}}}}\n\
             workloads:\n  web:\n    kind: Deployment\n    use: own\n    name: web\n    image: nginx:1.27\n    \
             env: {{MODE: fast}}\n    resources: {{memory: 1Gi}}\n",
            rows.join(", ")
        )
    };
    bench.write("a.yaml", &spec(&["acme", "wonka"], ""));
    bench.write("b.yaml", &spec(&["acme", "stark"], ""));
    let (code, out, err) = bench.said(&["diff", "a.yaml", "b.yaml", "--fail-on", "removed"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(!out.contains("wonka/web →") && out.contains("1 added, 1 removed; 1 the same"), "{out}");
    assert!(out.contains("removed 1 (1 pod)"), "{out}");
    let tenants = ["acme", "globex", "hooli", "initech", "umbrella"];
    bench.write("a.yaml", &spec(&tenants, ""));
    let image = "image: \"nginx:{{ '1.27' if matrix.tenant == 'hooli' else '1.28' }}\"";
    bench.write("b.yaml", &spec(&tenants, "").replace("image: nginx:1.27", image));
    let (_, out, err) = bench.said(&["diff", "a.yaml", "b.yaml"]);
    assert!(out.contains("4 of 5 Deployments, all but tenant = hooli"), "{out}{err}");
    let (_, out, _) = bench.said(&["diff", "a.yaml", "b.yaml", "--format", "json"]);
    let report: Json = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        report["groups"][0]["where"][0],
        serde_json::json!({"name": "tenant", "values": ["hooli"], "not": true})
    );
}

#[test]
fn a_comment_fits_and_is_whole() {
    let bench = bench();
    let object = |at: usize, text: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{at}, namespace: n{at}}}\ndata: {{k{at}: \"``` {text}\"}}\n"
        )
    };
    let side =
        |word: &str| (0..3000).map(|at| object(at, &format!("{word} {}", "x".repeat(at % 90)))).collect::<String>();
    bench.write("a.yaml", &side("old"));
    bench.write("b.yaml", &side("new"));
    let (_, out, _) = bench.said(&["diff", "a.yaml", "b.yaml", "--format", "markdown"]);
    assert!(out.chars().count() <= 65_000 && out.len() > 50_000, "{}", out.len());
    assert!(out.starts_with("<!-- fanfold diff -->\n"));
    assert_eq!(out.matches("<details").count(), out.matches("</details>").count());
    let fences: Vec<&str> = out.lines().filter(|line| line.starts_with("````")).collect();
    assert!(fences.len() > 100 && fences.len().is_multiple_of(2), "{}", fences.len());
    assert!(out.contains("left out"), "it says what is missing");
}

#[test]
fn a_namespace_may_be_given_for_files_that_name_none() {
    let bench = bench();
    let object = |namespace: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{namespace}}}\ndata: {{a: b}}\n")
    };
    bench.write("none.yaml", &object(""));
    bench.write("shop.yaml", &object(", namespace: shop"));
    assert_eq!(bench.said(&["diff", "none.yaml", "shop.yaml", "--namespace", "shop"]).0, Some(0));
    let (code, out, _) = bench.said(&["diff", "none.yaml", "shop.yaml"]);
    assert_eq!(code, Some(1), "{out}");
    bench.write("default.yaml", &object(", namespace: default"));
    assert_eq!(bench.said(&["diff", "none.yaml", "default.yaml"]).0, Some(0));
}

#[test]
fn files_without_a_name_are_paired_by_their_folders() {
    let bench = bench();
    let side = |side: &str, more: &str| {
        for (folder, first) in [("base", "a.yaml"), ("dev", "../base"), ("prod", "../base")] {
            let extra = if folder == "prod" { more } else { "" };
            let text = format!("apiVersion: example.org/v1\nkind: Settings\nfiles: [{first}{extra}]\n");
            bench.write(&format!("{side}/{folder}/settings.yaml"), &text);
        }
    };
    side("old", "");
    side("new", ", extra.yaml");
    let (code, out, err) = bench.said(&["diff", "old", "new"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("Settings in new/prod/settings.yaml") && out.contains("1 changed; 2 the same"), "{out}");
}

#[test]
fn a_full_report_shows_every_value_to_its_end() {
    let bench = bench();
    let object = |word: &str| {
        let keys: String = (0..40).map(|at| format!("  k{at}: \"{word} {}\"\n", "x".repeat(400))).collect();
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{keys}")
    };
    bench.write("a.yaml", &object("old"));
    bench.write("b.yaml", &object("new"));
    for format in ["human", "short", "markdown"] {
        let (_, out, _) = bench.said(&["diff", "a.yaml", "b.yaml", "--format", format]);
        assert!(out.lines().all(|line| line.chars().count() < 450), "{format}: {out}");
        assert!(format == "short" || out.contains("`--full` shows all"), "{format}: {out}");
    }
    let (_, out, _) = bench.said(&["diff", "a.yaml", "b.yaml", "--full"]);
    assert!(out.matches(&"x".repeat(400)).count() == 80 && !out.contains("--full"), "{out}");
}
