//! Inside kustomize: as a base, as a function of the program itself, as an exec plugin of the one in kubectl.

use std::path::Path;
use std::process::Output;

use super::programs::{kubectl, kustomize};
use crate::place::{Place, SHOP, feed, objects, ok, one, refused, sorted};

const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// Returns a config that names specs, and is called as a function where `exec` is.
fn config(name: &str, specs: &str, exec: bool) -> String {
    let call = "  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: fanfold, args: [function]}\n";
    let call = if exec { call } else { "" };
    format!("apiVersion: fanfold.dev/v1\nkind: Function\nmetadata:\n  name: {name}\n{call}specs: {specs}\n")
}

fn with_functions(place: &Place, folder: &str) -> Output {
    place.run(kustomize(), &["build", "--enable-alpha-plugins", "--enable-exec", folder], "")
}

fn with_plugins(place: &Place, folder: &str) -> Output {
    for kind in ["Batch", "Function"] {
        let link = format!("xdg/kustomize/plugin/fanfold.dev/v1/{}/{kind}", kind.to_lowercase());
        if !place.path(&link).exists() {
            place.link(&link, Path::new(env!("CARGO_BIN_EXE_fanfold")));
        }
    }
    let mut command = place.command(kubectl());
    command.args(["kustomize", "--enable-alpha-plugins", folder]).env("XDG_CONFIG_HOME", place.path("xdg"));
    feed(&mut command, "")
}

#[test]
fn every_example_is_a_base() {
    needs!(KUSTOMIZE, CONTROL_PLANE);
    let place = Place::new();
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    for spec in ["shop", "volumes", "queues", "companions"] {
        let path = specs.join(format!("{spec}.yaml"));
        let path = path.to_str().unwrap();
        let build = ["build", path, "--layout=kustomize", "-o", spec, "--secrets=include"];
        assert!(place.fanfold(&build, "").status.success());
        let based = ok(&place.run(kubectl(), &["kustomize", spec], ""));
        let built = ok(&place.fanfold(&["build", path], ""));
        assert_eq!(sorted(&based), sorted(&built), "{spec}");
    }
}

#[test]
fn a_function_generates_and_kustomize_names_what_it_made() {
    needs!(KUSTOMIZE, CONTROL_PLANE);
    let place = Place::new();
    // The spec lies beside the kustomization, in the same checkout.
    place.write(".git/HEAD", "");
    place.write("specs/shop.yaml", SHOP);
    place.write("app/fanfold.yaml", &config("shop", "[../specs/shop.yaml]\nparams: {tag: '1.28'}", true));
    place.write("app/kustomization.yaml", &format!("{HEAD}namePrefix: x-\ngenerators: [fanfold.yaml]\n"));
    let made = objects(&ok(&with_functions(&place, "app")));
    assert_eq!(made.len(), 3);
    let name = one(&made, "ConfigMap", "x-app-")["metadata"]["name"].clone();
    let pods = &one(&made, "Deployment", "x-web-us")["spec"]["template"]["spec"];
    assert_eq!(pods["containers"][0]["image"], "nginx:1.28");
    assert_eq!(pods["containers"][0]["envFrom"][0]["configMapRef"]["name"], name, "the reference follows the hash");
    // kustomize's hash is the one that Fanfold gives by itself.
    let built = objects(&ok(&place.fanfold(&["build", "specs/shop.yaml"], "")));
    assert_eq!(name, format!("x-{}", one(&built, "ConfigMap", "app-")["metadata"]["name"].as_str().unwrap()));
    let text = serde_json::to_string(&made).unwrap();
    assert!(!text.contains("kustomize.config.k8s.io") && !text.contains("config.kubernetes.io"), "{text}");
}

#[test]
fn a_function_patches_and_checks_what_others_made() {
    needs!(KUSTOMIZE, CONTROL_PLANE);
    let place = Place::new();
    place.write("shop.yaml", SHOP);
    let built = ok(&place.fanfold(&["build", "shop.yaml"], ""));
    place.write("app/built.yaml", &built.replace("image: nginx", "imagePullPolicy: Always\n        image: nginx"));
    place.write(
        "app/ours.yaml",
        "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: ours}
patch:
  Deployment: {spec: {replicas: 3}}
  Deployment/web-us: {spec: {paused: true}}
",
    );
    place.write("app/patch.yaml", &config("patch", "[ours.yaml]", true));
    place.write("app/check.yaml", &config("check", "[]", true));
    let lists = "resources: [built.yaml]\ntransformers: [patch.yaml, check.yaml]\n";
    place.write("app/kustomization.yaml", &format!("{HEAD}{lists}"));
    let patched = objects(&ok(&with_functions(&place, "app")));
    assert_eq!(patched.len(), 3);
    let [eu, us] = ["eu", "us"].map(|region| one(&patched, "Deployment", &format!("web-{region}"))["spec"].clone());
    assert_eq!((eu["replicas"].as_i64(), eu.get("paused")), (Some(3), None));
    assert_eq!((us["replicas"].as_i64(), us["paused"].as_bool()), (Some(3), Some(true)));

    place.write("app/built.yaml", &built.replace("image: nginx", "imagePullPolicy: always\n        image: nginx"));
    place.write("app/kustomization.yaml", &format!("{HEAD}resources: [built.yaml]\ntransformers: [check.yaml]\n"));
    let said = refused(&with_functions(&place, "app"));
    assert!(said.contains("expected `Always`, `IfNotPresent` or `Never`, found `always`"), "{said}");
    assert!(said.contains("couldn't execute function"), "{said}");
}

#[test]
fn a_plugin_of_kubectl_generates_and_patches() {
    needs!(KUSTOMIZE, CONTROL_PLANE);
    let place = Place::new();
    place.write("shop.yaml", SHOP);
    // A batch as it is, whose files are beside the kustomization.
    place.write("app/app.env", "A=1\n");
    place.write("app/batch.yaml", &SHOP.replace("data: {LEVEL: info}", "files: [app.env]"));
    place.write("app/kustomization.yaml", &format!("{HEAD}nameSuffix: -x\ngenerators: [batch.yaml]\n"));
    let made = objects(&ok(&with_plugins(&place, "app")));
    assert_eq!(made.len(), 3);
    let config_map = one(&made, "ConfigMap", "app-");
    assert_eq!(config_map["data"]["app.env"], "A=1\n");
    let pods = &one(&made, "Deployment", "web-us-x")["spec"]["template"]["spec"];
    assert_eq!(pods["containers"][0]["envFrom"][0]["configMapRef"]["name"], config_map["metadata"]["name"]);

    let built = ok(&place.fanfold(&["build", "shop.yaml"], ""));
    place.write("patched/built.yaml", &built);
    let ours = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: ours}\npatch: {Deployment/web-eu: {spec: {replicas: 3}}}\n";
    place.write("patched/ours.yaml", ours);
    place.write("patched/patch.yaml", &config("patch", "[ours.yaml]", false));
    place.write("patched/kustomization.yaml", &format!("{HEAD}resources: [built.yaml]\ntransformers: [patch.yaml]\n"));
    let patched = ok(&with_plugins(&place, "patched"));
    let mut expected = sorted(&built);
    expected.iter_mut().filter(|(_, object)| object["metadata"]["name"] == "web-eu").for_each(|(_, object)| {
        object["spec"]["replicas"] = 3.into();
    });
    assert_eq!(sorted(&patched), expected);
}

#[test]
fn what_is_wrong_fails_the_build_and_says_why() {
    needs!(KUSTOMIZE, CONTROL_PLANE);
    let place = Place::new();
    place.write("app/kustomization.yaml", &format!("{HEAD}generators: [fanfold.yaml]\n"));
    let cases = [
        (config("shop", "[none.yaml]", true), "cannot read `none.yaml`"),
        (config("shop", "[]", true), "names nothing that makes objects"),
        (config("shop", "[]\nprofile: prod", true), "a function config has no field `profile`"),
        (config("shop", "[]", true).replace("/v1\n", "/v2\n"), "found `Function` of `fanfold.dev/v2`"),
    ];
    for (config, expected) in cases {
        place.write("app/fanfold.yaml", &config);
        let said = refused(&with_functions(&place, "app"));
        assert!(said.contains(expected), "{config}: {said}");
        if !config.contains("/v2") {
            place.write(
                "app/fanfold.yaml",
                &config
                    .lines()
                    .filter(|line| !line.starts_with("  a") && !line.starts_with("   "))
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
            let said = refused(&with_plugins(&place, "app"));
            assert!(said.contains(expected), "{config}: {said}");
        }
    }
}
