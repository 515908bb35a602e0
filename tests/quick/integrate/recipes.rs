//! The recipes of a release, as far as they can be held against the project: what they name is there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Bench, ROOT, root, strings, yaml};

/// The platforms of a release.
pub(super) const TARGETS: usize = 5;

#[test]
fn releases_have_all_that_others_fetch_from_them() {
    let release = yaml(&root(".github/workflows/release.yml"));
    let built = release["jobs"]["binaries"]["strategy"]["matrix"]["include"].as_array().expect("a matrix");
    let built: BTreeSet<&str> = built.iter().filter_map(|one| one["target"].as_str()).collect();
    assert_eq!(built.len(), TARGETS);
    let (install, krew) = (root("action/install.sh"), root("release/krew.yaml"));
    for target in built {
        assert!(install.contains(&format!("target={target} ")), "the action does not install {target}");
        assert!(krew.contains(&format!("-{target}.tar.gz\n")), "krew does not know {target}");
    }
}

#[test]
fn workflows_are_whole_and_pinned() {
    let bench = Bench::new();
    let written = bench.ok("fanfold", &["integrate", "github", "-o", "-"]);
    let own = ["ci", "audit", "release"].map(|name| root(&format!(".github/workflows/{name}.yml")));
    for text in own.iter().chain([&written]) {
        let workflow = yaml(text);
        assert!(workflow["on"].is_object() || workflow["on"].is_string(), "`on` is a key, and no boolean");
        assert!(workflow["permissions"].is_object(), "rights are given one by one");
        let jobs = workflow["jobs"].as_object().expect("jobs");
        for (name, job) in jobs {
            assert!(job["runs-on"].is_string(), "{name}");
            let needs = &job["needs"];
            for needed in needs.as_str().into_iter().chain(strings(needs)) {
                assert!(jobs.contains_key(needed), "{name} needs {needed}");
            }
            for step in job["steps"].as_array().expect("steps") {
                assert!(step["uses"].is_string() != step["run"].is_string(), "{name}: {step}");
                let script = step["run"].as_str().unwrap_or_default();
                assert!(!script.contains("${{"), "{name}: what an expression holds would be run: {script}");
            }
        }
        for line in text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, used)| used) {
            if line == format!("fanfold/fanfold@v{}", env!("CARGO_PKG_VERSION")) {
                continue;
            }
            let (pin, version) = line.split_once(" # v").unwrap_or_else(|| panic!("no version is told: {line}"));
            let commit = pin.split_once('@').map_or("", |(_, commit)| commit);
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
            assert_eq!(version.split('.').count(), 3, "{line}");
        }
    }
    let used = yaml(&written)["jobs"]["fanfold"]["steps"][1]["with"].clone();
    let inputs = yaml(&root("action.yml"))["inputs"].clone();
    for name in used.as_object().expect("inputs").keys() {
        assert!(inputs[name].is_object(), "the action has no input `{name}`");
    }
}

#[test]
fn steps_take_inputs_through_the_environment_alone() {
    let action = yaml(&root("action.yml"));
    for step in action["runs"]["steps"].as_array().expect("steps") {
        assert!(step["id"].is_string() && step["shell"] == "bash", "a step has an id, and names its shell: {step}");
        let script = step["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "what an input holds would be run: {script}");
        let path = script.split("$GITHUB_ACTION_PATH/").nth(1).expect("a script of the action").trim_end_matches('"');
        assert!(root(path).starts_with("#!/usr/bin/env bash\n"), "{path}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(Path::new(ROOT).join(path)).expect("the script").permissions().mode();
            assert_eq!(mode & 0o111, 0o111, "{path} is a program");
        }
    }
}

#[test]
fn hooks_have_what_pre_commit_asks_for() {
    let hooks: Vec<Value> = serde_yaml::from_str(&root(".pre-commit-hooks.yaml")).expect("a list");
    let mut ids = BTreeSet::new();
    for hook in &hooks {
        for key in ["id", "name", "entry", "language"] {
            assert!(hook[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {hook}");
        }
        assert!(ids.insert(hook["id"].as_str().expect("an id")), "{hook}");
    }
    let bench = Bench::new();
    let config = yaml(&bench.ok("fanfold", &["integrate", "pre-commit", "-o", "-"]));
    let wanted = config["repos"][0]["hooks"].as_array().expect("hooks");
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    for hook in wanted {
        let defined = hooks.iter().find(|known| known["id"] == hook["id"]).expect("a hook of the project");
        // pre-commit runs the entry, cut into words, with the arguments behind.
        let words: Vec<&str> =
            defined["entry"].as_str().unwrap_or_default().split(' ').chain(strings(&hook["args"])).collect();
        bench.ok(words[0], &words[1..]);
        bench.write("specs/shop.yaml", &super::SPEC.replace("kind: Deployment", "kind: Deploymnt"));
        assert_eq!(bench.run(words[0], &words[1..]).status.code(), Some(1), "{hook}");
        bench.write("specs/shop.yaml", super::SPEC);
    }
}

#[test]
fn the_image_is_made_of_what_is_there() {
    let recipe = root("Containerfile");
    let ignored = root(".dockerignore");
    let copied =
        recipe.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--from"));
    for path in copied.flat_map(|line| line.rsplit_once(' ').map_or("", |(from, _)| from).split(' ')) {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
        assert!(ignored.lines().any(|line| line.strip_prefix('!') == Some(path)), "{path} is left out of the build");
    }
    let built = recipe.lines().find_map(|line| line.strip_prefix("RUN cargo ")).expect("it is compiled");
    assert!(
        built.contains("--locked --profile dist ")
            && recipe.contains("COPY --from=build /fanfold/target/dist/fanfold /fanfold")
    );
    assert!(recipe.contains("\nFROM scratch\n") && recipe.contains("\nUSER 65534:65534\n"));
    assert!(root("release/passwd").starts_with("nobody:x:65534:65534:"));
    let minimum = root("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_owned));
    let minimum: u32 =
        minimum.and_then(|text| text.trim_matches('"').strip_prefix("1.")?.parse().ok()).expect("a version");
    let image = recipe.split_once("rust:1.").and_then(|(_, rest)| rest.split_once('-')).expect("an image").0;
    assert!(image.parse::<u32>().is_ok_and(|image| image >= minimum), "rust:1.{image} is too old");
}

#[test]
fn the_package_holds_what_is_compiled_into_the_binary() {
    let cargo = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline", "--quiet"])
        .current_dir(ROOT)
        .output()
        .expect("cargo runs");
    assert!(cargo.status.success(), "{}", super::stderr(&cargo));
    let listed = super::stdout(&cargo);
    let listed: BTreeSet<&str> = listed.lines().collect();
    // The compiler itself writes down what it read for the library, the included files too.
    let root = Path::new(ROOT).canonicalize().expect("a folder");
    let mut read = 0;
    for path in what_the_library_is_made_of() {
        let path = root.join(path).canonicalize().expect("what was read is there");
        // What the build script made lies elsewhere.
        let Some(path) = path.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        assert!(path.starts_with("target/") || listed.contains(path), "{path} is not in the package");
        read += 1;
    }
    assert!(read > 100, "{read} files");
    for path in ["LICENSE", "README.md", "Cargo.lock"] {
        assert!(listed.contains(path), "{path}");
    }
}

fn what_the_library_is_made_of() -> Vec<String> {
    let made = std::fs::read_dir(Path::new(env!("CARGO_BIN_EXE_fanfold")).with_file_name("deps")).expect("a folder");
    let library = made
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libfanfold-") && name.ends_with(".rlib")
        })
        .max_by_key(|entry| entry.metadata().and_then(|about| about.modified()).expect("a time"))
        .expect("the library is built");
    let list = library.file_name().to_string_lossy().replacen("lib", "", 1);
    let list = std::fs::read_to_string(library.path().with_file_name(list).with_extension("d")).expect("a list");
    let (_, read) = list.lines().next().and_then(|line| line.split_once(": ")).expect("what is made, and of what");
    read.split_whitespace().map(str::to_owned).collect()
}
