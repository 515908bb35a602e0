//! The protocol of KRM functions by itself: lists in, lists out.

use serde_json::Value;

use crate::place::{Place, SHOP, objects, ok, one, refused, stderr, stdout};

fn list(config: &str, items: &[&str]) -> String {
    let mut list = String::from("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n");
    if !config.is_empty() {
        list = list + "functionConfig:\n" + &indented(config);
    }
    list += "items:";
    if items.is_empty() {
        return list + " []\n";
    }
    list.push('\n');
    for item in items {
        list = list + "-\n" + &indented(item);
    }
    list
}

fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

fn function(specs: &str) -> String {
    format!("apiVersion: fanfold.dev/v1\nkind: Function\nmetadata: {{name: shop}}\nspecs: [{specs}]\n")
}

fn read(output: &std::process::Output) -> Value {
    let mut lists = objects(&stdout(output));
    assert_eq!(lists.len(), 1, "{}", stderr(output));
    assert_eq!(lists[0]["kind"], "ResourceList");
    lists.remove(0)
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    internal.config.kubernetes.io/path: apps/web.yaml
    internal.config.kubernetes.io/index: '2'
    config.kubernetes.io/path: apps/web.yaml
    config.kubernetes.io/index: '2'
    internal.config.kubernetes.io/id: '7'
    team: shop
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, args: [a, 'b']}]}
";

#[test]
fn a_batch_is_a_generator_whose_hashes_kustomize_computes() {
    let place = Place::new();
    let config = SHOP.replace("{name: shop}", "{name: shop, annotations: {config.kubernetes.io/local-config: 'true'}}");
    let answer = read(&place.fanfold(&["function"], &list(&config, &[&config])));
    let items = answer["items"].as_array().unwrap();
    let config_map = one(items, "ConfigMap", "app");
    assert_eq!(config_map["metadata"]["name"], "app");
    assert_eq!(config_map["metadata"]["annotations"]["kustomize.config.k8s.io/needs-hash"], "true");
    let web = one(items, "Deployment", "web-eu");
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"], "app");
    // An object that takes this over is dropped.
    assert!(!web.to_string().contains("local-config"), "{web}");
    assert!(answer.get("results").is_none(), "{answer}");
}

#[test]
fn beside_other_items_names_have_their_hashes_and_objects_are_made_once() {
    let place = Place::new();
    place.write("shop.yaml", SHOP);
    let first = place.fanfold(&["function"], &list(&function("shop.yaml"), &[WEB]));
    let items = read(&first)["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 4);
    let made = one(&items, "ConfigMap", "app-");
    assert!(made["metadata"].get("annotations").is_none(), "{made}");
    // The orchestrator has put it into a file, and calls again.
    let mut again = read(&first);
    for item in again["items"].as_array_mut().unwrap() {
        item["metadata"]["annotations"]["internal.config.kubernetes.io/path"] = "made.yaml".into();
    }
    let second = read(&place.fanfold(&["function"], &again.to_string()));
    assert_eq!(second["items"], again["items"]);
}

#[test]
fn patches_of_a_spec_change_items_and_leave_notes_and_order() {
    let place = Place::new();
    place.write(
        "ours.yaml",
        "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: ours}
params: {replicas: 2}
patch:
  Deployment/web: {spec: {replicas: '{{ params.replicas }}'}}
patchJSON6902:
  Deployment/web: [{op: remove, path: /metadata/annotations}]
",
    );
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ours}\ndata:\n  specs: ours.yaml\n  params: |\n    replicas: 5\n";
    let other = WEB.replace("name: web\n", "name: other\n");
    let input = list(config, &[&other, WEB]);
    let given: Value = objects(&input).remove(0);
    let answer = read(&place.fanfold(&["function"], &input));
    assert_eq!(answer["items"][0], given["items"][0], "no patch is for it");
    let mut expected = given["items"][1].clone();
    expected["spec"]["replicas"] = 5.into();
    expected["metadata"]["annotations"].as_object_mut().unwrap().remove("team");
    assert_eq!(answer["items"][1], expected);
    assert_eq!(answer["items"].as_array().unwrap().len(), 2);
    assert_eq!(answer["functionConfig"], given["functionConfig"]);
}

#[test]
fn patches_of_a_batch_know_names_and_parameters_in_every_command() {
    let place = Place::new();
    let patch = "patch:\n  Deployment/web-us: {spec: {replicas: '{{ params.replicas }}'}}\n";
    place.write(
        "shop.yaml",
        &SHOP.replace("params: {", "params: {replicas: 4, ").replace("workloads:", &format!("{patch}workloads:")),
    );
    let built = objects(&ok(&place.fanfold(&["build", "shop.yaml"], "")));
    assert_eq!(one(&built, "Deployment", "web-us")["spec"]["replicas"], 4);
    assert!(one(&built, "Deployment", "web-eu")["spec"].get("replicas").is_none());
}

#[test]
fn a_patch_that_mends_what_was_there_leaves_no_finding_and_others_stay() {
    let place = Place::new();
    let patch = |body: &str| {
        let spec = format!("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: ours}}\npatch: {body}\n");
        place.write("ours.yaml", &spec);
        place.fanfold(&["function"], &list(&function("ours.yaml"), &[&WEB.replace("replicas: 1", "replcas: many")]))
    };
    ok(&patch("{Deployment: {spec: {replcas: null, replicas: 2}}}"));
    let said = refused(&patch("{Deployment: {spec: {replicas: 2}}}"));
    assert_eq!(said.matches("error[").count(), 1, "{said}");
    assert!(said.contains("unknown-field") && !said.contains("in 2 objects"), "{said}");
    let said = refused(&patch("{Deployment: {spec: {replcas: null, replicas: two}}}"));
    assert!(said.contains("ours.yaml:4:") && said.contains("found the string `two`"), "{said}");
    let said = refused(&patch("{Deployment/wbe: {spec: {replcas: null}}}"));
    assert!(said.contains("ineffective-patch") && said.contains("`Deployment/wbe`"), "{said}");
}

#[test]
fn results_say_what_where_and_how_bad() {
    let place = Place::new();
    place.write("shop.yaml", &SHOP.replace("kind: Deployment", "kind: Deployment\n    replcas: 2"));
    let bad = WEB.replace("image: nginx", "image: nginx, imagePullPolicy: always");
    let old = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: old}\n";
    let output = place.fanfold(&["function"], &list(&function("shop.yaml"), &[&bad, old]));
    assert_eq!(output.status.code(), Some(1));
    let answer = read(&output);
    assert_eq!(answer["items"].as_array().unwrap().len(), 2, "what came in, unchanged");
    let results = answer["results"].as_array().unwrap();
    let of =
        |code: &str| results.iter().find(|result| result["tags"]["code"] == code).unwrap_or_else(|| panic!("{answer}"));
    let value = of("invalid-value");
    assert_eq!(value["severity"], "error");
    assert_eq!(value["message"], "expected `Always`, `IfNotPresent` or `Never`, found `always`");
    assert_eq!(value["resourceRef"], serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}));
    assert_eq!(value["field"]["path"], "spec.template.spec.containers[0].imagePullPolicy");
    assert_eq!(value["field"]["proposedValue"], "Always");
    assert_eq!(value["file"], serde_json::json!({"path": "apps/web.yaml", "index": 2}));
    let warning = of("deprecated-api");
    assert_eq!((&warning["severity"], &warning["resourceRef"]["name"]), (&"warning".into(), &"old".into()));
    let field = of("unknown-field");
    assert_eq!(field["file"]["path"], "shop.yaml");
    assert_eq!(field["tags"]["line"], "9");
    let said = stderr(&output);
    assert!(said.contains("shop.yaml:9:") && said.contains("imagePullPolicy"), "kustomize shows no results: {said}");
}

#[test]
fn secret_values_are_in_no_result() {
    let place = Place::new();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {key: '%plainly-no-base64%'}\n";
    let output = place.fanfold(&["function"], &list("", &[secret]));
    let said = refused(&output);
    assert!(!said.contains("plainly"), "{said}");
    let results = read(&output)["results"].to_string();
    assert!(results.contains("error") && !results.contains("plainly"), "{results}");
}

#[test]
fn without_a_config_items_are_checked_and_come_back_as_they_are() {
    let place = Place::new();
    let local = "apiVersion: example.com/v1\nkind: Local\nmetadata: {name: l, annotations: {config.kubernetes.io/local-config: 'true'}}\nspec: yes\n";
    let input = list("", &[WEB, local]);
    let given: Value = objects(&input).remove(0);
    let output = place.fanfold(&["function"], &input);
    ok(&output);
    assert_eq!(read(&output)["items"], given["items"]);
}

/// Inputs that are none, and what is said of each.
const REFUSED: &[(&str, &str)] = &[
    ("", "expected a `ResourceList` on standard input, found nothing"),
    ("# nothing\n", "expected a `ResourceList` on standard input, found nothing"),
    ("a: [", "unclosed bracket"),
    ("[]", "expected a `ResourceList` of `config.kubernetes.io/v1`, found a list"),
    ("apiVersion: apps/v1\nkind: Deployment\n", "found `Deployment` of `apps/v1`"),
    ("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n", "missing field `items`"),
    (
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: 3\n",
        "expected a list of items, found the integer `3`",
    ),
    (
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n---\na: 1\n",
        "expected one `ResourceList`, found a second document",
    ),
];

/// Configs that cannot be followed, and what is said of each.
const CONFIGS: &[(&str, &str)] = &[
    ("", "neither a `functionConfig` nor items"),
    ("apiVersion: fanfold.dev/v2\nkind: Batch\n", "found `Batch` of `fanfold.dev/v2`"),
    ("apiVersion: example.com/v1\nkind: Shop\n", "found `Shop` of `example.com/v1`"),
    ("kind: Function\n", "found `Function` without an `apiVersion`"),
    ("apiVersion: fanfold.dev/v1\nkind: Function\nspec: [a]\n", "a function config has no field `spec`"),
    ("apiVersion: fanfold.dev/v1\nkind: Function\nspecs: {a: b}\n", "expected a list of texts for `specs`"),
    ("apiVersion: fanfold.dev/v1\nkind: Function\nspecs: [none.yaml]\n", "cannot read `none.yaml`"),
    ("apiVersion: v1\nkind: ConfigMap\ndata: {params: '[1]'}\n", "expected a mapping of parameters"),
];

#[test]
fn what_cannot_be_followed_fails_with_a_result_and_a_word_on_stderr() {
    let place = Place::new();
    let inputs = REFUSED.iter().map(|(input, expected)| ((*input).to_owned(), *expected));
    let configs = CONFIGS.iter().map(|(config, expected)| (list(config, &[]), *expected));
    for (input, expected) in inputs.chain(configs) {
        let output = place.fanfold(&["function"], &input);
        assert_eq!(output.status.code(), Some(1), "{input}");
        assert!(stderr(&output).contains(expected), "{input}: {}", stderr(&output));
        let answer = read(&output);
        let results = answer["results"].as_array().unwrap_or_else(|| panic!("{input}: {answer}"));
        let told = results.iter().any(|result| {
            result["severity"] == "error"
                && result["message"].as_str().is_some_and(|message| message.contains(expected))
        });
        assert!(told, "{input}: {answer}");
    }
}
