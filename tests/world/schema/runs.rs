//! What runs on a real server write for machines is what the schemas say: the report, and the stream of events.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::controlplane::{ControlPlane, User, succeeded};

fn validator(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let schema: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "{name} is no JSON Schema");
    jsonschema::draft202012::new(&schema).unwrap()
}

fn validate(validator: &jsonschema::Validator, value: &Json) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{value:#}\n{}", errors.join("\n"));
}

/// A server, a namespace and a folder.
struct Bench {
    plane: &'static ControlPlane,
    namespace: String,
    folder: tempfile::TempDir,
}

/// What a run wrote.
struct Ran {
    code: i32,
    events: Vec<Json>,
    report: Json,
    junit: String,
}

#[test]
fn the_state_of_a_set_has_a_form() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
    );
    let status = || {
        let output = bench.command(&["status", "--applyset=set"]).output().unwrap();
        let state: Json = serde_json::from_slice(&output.stdout).unwrap();
        validate(&validator("status.schema.json"), &state);
        (output.status.code(), state)
    };
    let (code, state) = status();
    assert_eq!((code, &state["objects"], &state["ready"]), (Some(1), &2.into(), &0.into()), "{state}");
    assert_eq!(state["unready"][1]["line"], 5, "{state}");
    let applied = bench.command(&["apply", "--no-wait", "--applyset=set"]).output().unwrap();
    succeeded(&applied).unwrap();
    let (code, state) = status();
    assert_eq!((code, &state["ready"]), (Some(0), &2.into()), "{state}");
    let wrong = serde_json::json!({"version": 1, "objects": 2, "ready": 1, "unready": [{}]});
    assert!(!validator("status.schema.json").is_valid(&wrong));
}

impl Bench {
    fn new(text: &str) -> Self {
        let plane = ControlPlane::shared();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.yaml"), text).unwrap();
        Self { plane, namespace: plane.namespace(), folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.args(arguments).args(["shop.yaml", "--format=json", "--namespace", &self.namespace]);
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("KUBECONFIG", self.plane.kubeconfig(User::Admin));
        command
    }

    fn fanfold(&self, command: &str, report: &Path, flags: &[&str]) -> Output {
        self.command(&[command]).args(flags).arg("--report").arg(report).output().unwrap()
    }

    /// Runs a command; its output must be what the schemas say.
    fn run(&self, command: &str, flags: &[&str]) -> Ran {
        let path = self.folder.path().join("report.json");
        // JUnit first: a dry run, which leaves the run itself all that it has to do.
        let junit = self.folder.path().join("report.xml");
        let dry: Vec<&str> = [flags, &["--dry-run=server"]].concat();
        self.fanfold(command, &junit, &dry);
        let output = self.fanfold(command, &path, flags);
        let stdout = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Json> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let schema = validator("apply-events.schema.json");
        events.iter().for_each(|event| validate(&schema, event));
        let report = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}: {stdout}"));
        let report: Json = serde_json::from_str(&report).unwrap();
        validate(&validator("apply-report.schema.json"), &report);
        let code = output.status.code().unwrap();
        assert_eq!(report["exit"], code);
        assert_eq!((&events[0]["event"], &events[0]["command"]), (&"started".into(), &command.into()));
        assert_eq!(events.last().unwrap()["event"], "done");
        Ran { code, events, report, junit: fs::read_to_string(&junit).unwrap() }
    }

    fn kubectl(&self, arguments: &[&str], input: &str) {
        let all = [&["--namespace", &self.namespace], arguments].concat();
        succeeded(&self.plane.kubectl_with(User::Admin, &all, input)).unwrap();
    }
}

impl Ran {
    fn of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Json> {
        self.events.iter().filter(move |one| one["event"] == event)
    }

    fn object(&self, name: &str) -> &Json {
        let objects = self.report["objects"].as_array().unwrap();
        objects.iter().find(|object| object["object"]["name"] == name).unwrap_or_else(|| panic!("{name} is missing"))
    }
}

const SHOP: &str = r#"apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
configMaps:
  app: {data: {LOG_LEVEL: info}, nameHash: false}
workloads:
  web: {kind: Deployment, image: "nginx:1.27", resources: {limits: {ephemeral-storage: 500m}}}
  report: {kind: CronJob, schedule: "0 * * * *", image: "nginx:1.27"}
"#;

#[test]
fn a_run_says_what_failed_and_why() {
    needs!(CONTROL_PLANE);
    // Whether there is such a class the server alone knows.
    let shop = SHOP.replace("Deployment", "Pod");
    let bench = Bench::new(&shop.replace(r#"CronJob, schedule: "0 * * * *""#, "Pod, priorityClassName: nobody"));
    let other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {LOG_LEVEL: debug}}";
    bench.kubectl(&["apply", "--server-side", "--field-manager=somebody", "--filename=-"], other);
    let ran = bench.run("apply", &[]);
    assert_eq!(ran.code, 1);
    let codes = |name: &str| ran.object(name)["codes"].clone();
    assert_eq!(codes("app"), serde_json::json!(["field-conflict"]));
    assert_eq!(codes("report"), serde_json::json!(["refused-by-server"]));
    assert_eq!(codes("web"), serde_json::json!(["server-warning"]));
    assert_eq!((ran.object("web")["line"].as_u64(), &ran.object("web")["outcome"]), (Some(7), &"created".into()));
    let told: Vec<(&str, u64)> = ran
        .of("finding")
        .map(|event| (event["finding"]["code"].as_str().unwrap(), event["finding"]["line"].as_u64().unwrap()))
        .collect();
    // The first is found before anything is sent; the server says it of the request too, that it makes of the limit.
    let expected = [("server-warning", 7), ("field-conflict", 5), ("server-warning", 7), ("refused-by-server", 8)];
    assert_eq!(told, expected);
    assert_eq!(ran.report["findings"].as_array().unwrap().len(), expected.len());
    assert_eq!(ran.of("settled").count(), 3);
    assert!(ran.junit.contains(r#"tests="3" failures="2" skipped="0""#), "{}", ran.junit);
    assert!(ran.junit.contains(r#"type="field-conflict">error[field-conflict]: `data.LOG_LEVEL`"#), "{}", ran.junit);
}

#[test]
fn a_run_that_stopped_as_a_whole_is_no_success_to_any_reader() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new(SHOP);
    let helm = "{apiVersion: v1, kind: ConfigMap, metadata: {name: app, annotations: {meta.helm.sh/release-name: a}}}";
    bench.kubectl(&["create", "--filename=-"], helm);
    let ran = bench.run("apply", &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.report["stopped"].is_string());
    assert_eq!(ran.report["findings"][0]["code"], "owned-elsewhere");
    assert!(ran.junit.contains(r#"tests="1" failures="1""#), "{}", ran.junit);
    assert!(ran.junit.contains(r#"type="owned-elsewhere""#), "{}", ran.junit);
}

#[test]
fn waiting_pruning_and_deleting_are_told_in_the_same_forms() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new(&SHOP.replace("beta.", ""));
    // There is no controller that would make the Deployment work.
    let ran = bench.run("apply", &["--wait", "--timeout=2s"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.report["unready"][0]["object"]["name"], "web");
    assert_eq!(ran.report["unready"][0]["line"], 7);
    assert!(ran.of("waiting").count() > 0);

    let rest: String = SHOP.lines().filter(|line| !line.contains("report:")).map(|line| format!("{line}\n")).collect();
    fs::write(bench.folder.path().join("shop.yaml"), rest.replace("beta.", "")).unwrap();
    let ran = bench.run("apply", &["--prune", "--no-wait"]);
    assert_eq!((ran.code, &ran.object("report")["outcome"]), (0, &"pruned".into()));
    assert_eq!(ran.object("report")["file"], Json::Null);

    let ran = bench.run("delete", &[]);
    assert_eq!((ran.code, &ran.report["outcomes"]["deleted"]), (0, &2.into()));
}

#[test]
fn what_is_wrong_with_the_inputs_stands_in_the_stream_too() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop}\nworkload: {}\n");
    let report = bench.folder.path().join("report.json");
    let output = bench.fanfold("apply", &report, &[]);
    assert_eq!(output.status.code(), Some(1));
    let schema = validator("apply-events.schema.json");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Json> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events.iter().for_each(|event| validate(&schema, event));
    let told: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["started", "finding"]);
    assert!(!report.exists(), "there was no run to report of");
}
