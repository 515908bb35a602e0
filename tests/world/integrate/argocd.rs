//! The config management plugin, run by Argo CD's own plugin server, and asked by the repo server's own code.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use fanfold::integrate::{Target, Values};
use serde_json::{Value, json};

use super::{Bench, SPEC, stderr, stdout};
use crate::controlplane::process::Process;
use crate::controlplane::until;
use crate::programs::Module;

pub(crate) static ARGOCD: Module =
    Module::new("argocd", "Argo CD's plugin server", "tests of the plugin for Argo CD need");

/// A repository, and a plugin server beside the repo server.
struct Argo {
    bench: Bench,
    _server: Process,
}

impl Argo {
    fn start() -> Argo {
        let bench = Bench::new();
        let values = Values { specs: "specs".into(), manifests: "manifests".into() };
        let files = Target::Argocd.files(&values);
        let plugin = files.iter().find(|file| file.path.ends_with("/plugin.yaml")).expect("the plugin");
        let folder = |name: &str| {
            let path = bench.programs.path().join(name);
            std::fs::create_dir_all(&path).expect("a folder");
            path
        };
        let (config, plugins, work) = (folder("config"), folder("plugins"), folder("work"));
        std::fs::write(config.join("plugin.yaml"), &plugin.text).expect("the plugin is written");
        let arguments = [
            format!("PATH={}", bench.search_path().display()),
            format!("ARGOCD_PLUGINSOCKFILEPATH={}", plugins.display()),
            format!("ARGOCD_CMP_WORKDIR={}", work.display()),
            ARGOCD.program("argocd").display().to_string(),
            "cmp-server".to_owned(),
            format!("--config-dir-path={}", config.display()),
        ];
        let mut server = Process::start(Path::new("env"), &arguments, bench.programs.path()).expect("it starts");
        until("the plugin server listens", || {
            server.alive()?;
            Ok(plugins.join("fanfold.sock").exists())
        })
        .unwrap_or_else(|error| panic!("{error}"));
        Argo { bench, _server: server }
    }

    /// Asks for the objects of the application in `specs`, with parameters as an Application has them.
    fn generate(&self, parameters: &Value) -> Output {
        let mut command = self.bench.command(ARGOCD.program("argocd"));
        command.arg("generate").arg(self.bench.folder.path()).arg("specs");
        command.env("ARGOCD_PLUGINSOCKFILEPATH", self.bench.programs.path().join("plugins"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let text = parameters.to_string();
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    }

    /// Returns the objects of the application, without what Argo CD adds to tell whose they are.
    fn objects(&self, parameters: &Value) -> Vec<Value> {
        let output = self.generate(parameters);
        assert!(output.status.success() && stderr(&output).contains("source type: Plugin"), "{}", stderr(&output));
        let objects = stdout(&output);
        let objects = objects.lines().map(|line| {
            let mut object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let metadata = object["metadata"].as_object_mut().expect("metadata");
            let annotations = metadata["annotations"].as_object_mut().expect("annotations");
            assert!(annotations.remove("argocd.argoproj.io/tracking-id").is_some(), "{line}");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
            object
        });
        objects.collect()
    }

    /// The repo server takes whatever is printed for all that the application is.
    fn refuses(&self, parameters: &Value, why: &str) {
        let output = self.generate(parameters);
        assert!(!output.status.success() && output.stdout.is_empty(), "{}", stdout(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

fn image(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]["image"]
}

#[test]
fn argo_cd_compiles_applications_with_their_parameters() {
    needs!(ARGOCD);
    let argo = Argo::start();
    let built = argo.bench.ok("fanfold", &["build", "specs", "--output", "json"]);
    let built: Vec<Value> =
        serde_json::Deserializer::from_str(&built).into_iter().map(|object| object.expect("JSON")).collect();
    let built = match &built[..] {
        [list] if list["kind"] == "List" => list["items"].as_array().expect("items").clone(),
        _ => built,
    };
    assert_eq!(argo.objects(&json!([])), built);
    let parameters =
        json!([{"name": "profiles", "array": ["prod"]}, {"name": "set", "array": ["tag=$(echo 1) \"a'b"]}]);
    let given = argo.objects(&parameters);
    assert_eq!(given[0]["spec"]["replicas"], 10);
    assert_eq!(image(&given[0]), "nginx:$(echo 1) \"a'b", "no shell reads it");
    let later = argo.objects(&json!([{"name": "set", "array": ["tag=1", "tag=2"]}]));
    assert_eq!(image(&later[0]), "nginx:2");
}

#[test]
fn what_argo_cd_cannot_compile_is_never_an_empty_success() {
    needs!(ARGOCD);
    let argo = Argo::start();
    let none = json!([]);
    argo.bench.write("specs/shop.yaml", &SPEC.replace("image:", "imag:"));
    argo.refuses(&none, "unknown-field");
    argo.bench.write("specs/shop.yaml", SPEC);
    argo.refuses(&json!([{"name": "profiles", "array": ["prd"]}]), "prd");
    argo.refuses(&json!([{"name": "set", "array": ["tag"]}]), "NAME=VALUE");
    argo.bench.write("specs/shop.yaml", SPEC.split("params:").next().expect("a head"));
    argo.refuses(&none, "no objects");
    // Whatever printed nothing and was content.
    argo.bench.script("fanfold", "#!/bin/sh\n");
    argo.refuses(&none, "the specs of shop make no object");
}

#[test]
fn argo_cd_discovers_applications_with_a_spec() {
    needs!(ARGOCD);
    let argo = Argo::start();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fanfold}\n";
    argo.bench.write("specs/shop.yaml", map);
    let plain = argo.generate(&json!([]));
    assert!(plain.status.success() && stderr(&plain).contains("source type: Directory"), "{}", stderr(&plain));
    std::fs::remove_file(argo.bench.path("specs/shop.yaml")).expect("it was there");
    let deep = json!({
        "apiVersion": "fanfold.dev/v1", "kind": "Batch", "metadata": {"name": "deep"},
        "configMaps": {"settings": {"data": {"level": "info"}}},
    });
    argo.bench.write("specs/deep/er.json", &deep.to_string());
    assert_eq!(argo.objects(&json!([])).len(), 1);
}
