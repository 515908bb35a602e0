//! What the pages say beside their examples is true as well: each way to the code is one finding of it.

use fanfold::diagnostic::Code;

use super::run::Run;
use super::spec;

fn workload(fields: &str) -> String {
    spec(&format!("workloads:\n  web: {{kind: Deployment, image: nginx, {fields}}}\n"))
}

#[test]
fn every_way_to_a_code_that_a_page_names_leads_there() {
    let region = "env: {R: '{{ matrix.region }}'}";
    let cases: Vec<(Code, String)> = vec![
        (Code::InvalidMatrix, workload("matrix: {region: eu}")),
        (Code::InvalidMatrix, workload("matrix: {zip: {region: [eu, us], zone: [a]}}")),
        (Code::InvalidMatrix, workload("matrix: {rows: rows.csv}")),
        (Code::EmptyMatrix, workload("matrix: {rows: []}")),
        (Code::EmptyMatrix, workload("matrix: {rows: empty.csv}")),
        (Code::EmptyMatrix, workload("matrix: {region: [eu], exclude: [{region: eu}]}")),
        (Code::EmptyMatrix, workload("matrix: {region: [eu], where: \"matrix.region == 'us'\"}")),
        (
            Code::UnmatchedEntry,
            workload("matrix: {region: [eu, us]}, overrides: [{match: {region: asia}, replicas: 2}]"),
        ),
        (
            Code::UnmatchedEntry,
            workload(
                "matrix: {region: [eu, us], exclude: [{region: us}]}, overrides: [{match: {region: us}, replicas: 2}]",
            ),
        ),
        (Code::UndeclaredReference, workload("env: {A: {configMap: app/KEY}}")),
        (
            Code::UndeclaredReference,
            spec(
                "configMaps: {app: {data: {B: c}}}\nworkloads: {web: {kind: Deployment, image: a, env: {A: {configMap: app/KEY}}}}\n",
            ),
        ),
        (Code::UndeclaredReference, workload("envFrom: [app]")),
        (Code::UndeclaredReference, workload("mounts: {/etc/app: {configMap: app}}")),
        (Code::UndeclaredReference, workload("mounts: {/etc/app: {volume: app}}")),
        (
            Code::DuplicateObject,
            format!(
                "{}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: a, image: b}}]}}}}}}\n",
                workload("replicas: 1")
            ),
        ),
        (Code::UnknownField, workload("schedule: '* * * * *'")),
        (Code::UnknownField, workload("resources: {limit: {cpu: 1}}")),
        (Code::UnknownField, workload("strategy: {maxSurge: 1}")),
        (
            Code::InvalidParameter,
            spec(
                "params: {n: {type: integer, default: many}}\nworkloads: {web: {kind: Deployment, image: a, replicas: '{{ params.n }}'}}\n",
            ),
        ),
        (Code::NameCollision, workload(&format!("matrix: {{region: [eu, us]}}, name: web, {region}"))),
        (Code::InvalidPatch, workload("patch: {Deployment: 3}")),
        (Code::InvalidPatch, workload("patchJSON6902: {Deployment: [{op: substitute, path: /spec, value: 3}]}")),
        (Code::IneffectivePatch, workload("patch: {Service: {spec: {type: NodePort}}}")),
        (Code::WrongType, workload("patch: {Deployment: {spec: {replicas: many}}}")),
        (Code::InvalidExpression, workload("env: {A: '{{ name | shout }}'}")),
        (Code::InvalidExpression, workload("env: {A: '{{ name + 1 }}'}")),
        (Code::InvalidExpression, workload("env: {A: '{{ name == }}'}")),
        (Code::UndefinedVariable, workload("env: {A: '{{ nmae }}'}")),
        (Code::UndefinedVariable, workload("env: {A: '{{ params.tag | upper }}'}")),
        (Code::UnknownKind, "apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: a}\n".into()),
        (Code::UnknownKind, spec("workloads: {web: {kind: Deploymnet, image: a}}\n")),
        (
            Code::InvalidName,
            format!(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {}}}\nspec: {{schedule: '@daily', jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: b}}]}}}}}}}}}}\n",
                "a".repeat(53)
            ),
        ),
        (Code::InvalidName, spec("workloads: {Web_App: {kind: Deployment, image: a}}\n")),
        (Code::InvalidName, spec("configMaps: {App: {data: {A: b}}}\n")),
        (Code::UnreadableFile, spec("manifests: [crds/*.yaml]\n")),
        (Code::UnreadableFile, workload("matrix: {rows: nothing.csv}")),
        (
            Code::InvalidAllow,
            "# fanfold: allow(deprecated) a reason\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".into(),
        ),
        (
            Code::InvalidAllow,
            "# fanfold: allow(wrong-type) a reason\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".into(),
        ),
        (
            Code::InvalidAllow,
            "# fanfold: allow deprecated-api\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".into(),
        ),
        (Code::MissingField, spec("workloads: {web: {image: a}}\n")),
        (Code::MissingField, spec("workloads: {web: {kind: Deployment}}\n")),
        (
            Code::MissingField,
            "kind: Batch\nmetadata: {name: a}\nworkloads: {web: {kind: Deployment, image: a}}\n".into(),
        ),
        (
            Code::UnknownParameter,
            spec("profiles: {prod: {params: {tga: 1}}}\nworkloads: {web: {kind: Deployment, image: a}}\n"),
        ),
        (Code::InvalidShorthand, workload("ports: {http: eighty}")),
        (Code::InvalidShorthand, workload("tolerations: ['a=b=c:NoSchedule']")),
        (Code::InvalidShorthand, workload("mounts: {/data: {}}")),
        (Code::AmbiguousPort, workload("livenessProbe: {httpGet: /livez}")),
        (
            Code::AmbiguousPort,
            workload("ports: {web: 80, admin: 81}, service: ClusterIP, ingress: {host: a.example.com}"),
        ),
        (Code::UnknownTag, workload("args: [!vault secret]")),
    ];
    let mut untrue = String::new();
    for (code, text) in cases {
        let profiled = text.contains("profiles:");
        let run = Run::of(&text)
            .with_flags(if profiled { &["-p", "prod"] } else { &[] })
            .with_file("rows.csv", "name,size\na,1\nb\n".into())
            .with_file("empty.csv", "name,size\n".into());
        let seen = run.check();
        if seen.codes() != [code] {
            untrue = format!("{untrue}expected {code}, found {:?}\n{text}{}\n\n", seen.codes(), seen.human());
        }
    }
    assert!(untrue.is_empty(), "{untrue}");
}
