//! Files: none that Fanfold did not write is replaced, no input ever is, none stays half made, and a spec names only
//! what lies beside it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::bench::{Bench, stderr, stdout};

const HEAD: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\n";
const MINE: &str = "this is mine\n";
const SECRET: &str = "nobodyMayReadThis";

fn spec(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

fn web(tag: &str) -> String {
    spec(&format!("workloads: {{web: {{kind: Deployment, image: 'nginx:{tag}'}}}}\n"))
}

fn read(bench: &Bench, name: &str) -> String {
    fs::read_to_string(bench.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names(bench: &Bench, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(bench.path(folder)).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_input_is_never_overwritten() {
    let files = [(
        "s.yaml",
        "params: {n: x}\nconfigMaps: {c: {files: [app.toml], data: {n: '{{ params.n }}'}}}\nmanifests: [m.yaml]\n\
          workloads: {w: {kind: Job, matrix: {rows: rows.csv}, image: 'a:{{ matrix.tag }}'}}\n",
    )];
    let bench = Bench::with(&[
        ("s.yaml", &spec(files[0].1)),
        ("app.toml", "a = 1\n"),
        ("m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"),
        ("rows.csv", "tag\n1\n"),
        ("p.yaml", "n: y\n"),
    ]);
    fs::create_dir(bench.path("sub")).unwrap();
    fs::hard_link(bench.path("s.yaml"), bench.path("hard.yaml")).unwrap();
    let whole = bench.path("s.yaml").to_string_lossy().into_owned();
    let mut outputs =
        vec!["s.yaml", "./s.yaml", "sub/../s.yaml", &whole, "hard.yaml", "app.toml", "m.yaml", "rows.csv", "p.yaml"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("s.yaml", bench.path("link.yaml")).unwrap();
        outputs.push("link.yaml");
    }
    let before: Vec<String> = outputs.iter().map(|name| read(&bench, name)).collect();
    for output in &outputs {
        for force in [&[][..], &["--force"]] {
            // A name without an ending that says otherwise is a file only because it is there.
            let args = [&["build", "s.yaml", "--params", "p.yaml", "-o", output][..], force].concat();
            let said = bench.fails(3, &args);
            assert!(said.contains("is an input of this run"), "{args:?}: {said}");
        }
    }
    let after: Vec<String> = outputs.iter().map(|name| read(&bench, name)).collect();
    assert_eq!(before, after);
}

#[cfg(unix)]
#[test]
fn standard_input_is_an_input_as_well() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    let input = fs::File::open(bench.path("s.yaml")).unwrap();
    let output = bench.command(&["build", "-", "-o", "s.yaml", "--force"]).stdin(input).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(read(&bench, "s.yaml"), web("1"));
}

#[test]
fn an_input_in_the_folder_of_the_output_is_neither_overwritten_nor_removed() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    bench.ok(&["build", "s.yaml", "-o", "out"]);
    let name = "out/apps_v1_deployment_web.yaml";
    let wanted = read(&bench, name);
    // What was written before, in another spelling, and as the only input.
    bench.write(name, &wanted.replace("apiVersion: apps/v1", "apiVersion: 'apps/v1'"));
    let said = bench.fails(3, &["build", name, "-o", "out", "--force"]);
    assert!(said.contains("is an input of this run"), "{said}");
    bench.write(name, &wanted);
    bench
        .write("m.yaml", &format!("{HEAD}manifests: [{name}]\npatch: {{Deployment: {{metadata: {{name: other}}}}}}\n"));
    let output = bench.run(&["build", "m.yaml", "-o", "out"]);
    assert_ne!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(read(&bench, name), wanted);
}

#[test]
fn what_fanfold_did_not_write_is_overwritten_only_by_force() {
    for (name, notation) in [("out.yaml", "yaml"), ("out.json", "json"), ("out.yml", "kyaml"), ("precious", "yaml")] {
        let bench = Bench::with(&[("s.yaml", &web("1")), (name, MINE)]);
        let build = ["build", "s.yaml", "--output", notation, "-o", name];
        let said = bench.fails(3, &build);
        assert!(said.contains("was not written by fanfold") && said.contains("--force"), "{said}");
        assert_eq!(read(&bench, name), MINE);
        bench.ok(&[&build[..], &["--force"]].concat());
        // Again and again, whatever the spec says.
        bench.ok(&build);
        bench.write("s.yaml", &web("2"));
        bench.ok(&build);
        assert!(read(&bench, name).contains("nginx:2"));
        assert_eq!(read(&bench, name), bench.ok(&["build", "s.yaml", "--output", notation]));
        // A manifest that Fanfold could have written is somebody's as well.
        bench.write(name, &bench.ok(&["build", "s.yaml", "--output", notation]).replace("web", "own"));
        bench.write("s.yaml", &web("3"));
        let said = bench.fails(3, &build);
        assert!(said.contains("has been changed since fanfold wrote it"), "{said}");
        assert!(read(&bench, name).contains("own"));
        assert_eq!(names(&bench, "."), [".fanfold-files", name, "s.yaml"], "nothing else is left");
    }
}

#[test]
fn one_file_is_known_again_in_a_clone_and_beside_folders() {
    let bench = Bench::with(&[("s.yaml", &web("1")), ("t.yaml", &web("1").replace("web", "api"))]);
    bench.ok(&["build", "s.yaml", "-o", "out/one.yaml"]);
    for name in ["one.yaml", ".fanfold-files"] {
        bench.write(&format!("clone/{name}"), &read(&bench, &format!("out/{name}")));
    }
    bench.write("s.yaml", &web("2"));
    bench.ok(&["build", "s.yaml", "-o", "clone/one.yaml"]);
    // A run that writes the whole folder neither removes it nor forgets it.
    bench.ok(&["build", "t.yaml", "-o", "out/"]);
    bench.ok(&["build", "t.yaml", "-o", "out/", "--check"]);
    assert_eq!(names(&bench, "out"), [".fanfold-files", "apps_v1_deployment_api.yaml", "one.yaml"]);
    bench.ok(&["build", "s.yaml", "-o", "out/one.yaml"]);
    assert!(read(&bench, "out/one.yaml").contains("nginx:2"));
    // An empty file holds nothing that could be lost, and what is as it should be becomes ours.
    bench.write("empty.yaml", "");
    bench.ok(&["build", "s.yaml", "-o", "empty.yaml"]);
    bench.write("printed.yaml", &bench.ok(&["build", "s.yaml"]));
    bench.ok(&["build", "s.yaml", "-o", "printed.yaml"]);
    bench.write("s.yaml", &web("3"));
    bench.ok(&["build", "s.yaml", "-o", "printed.yaml"]);
}

#[test]
fn runs_beside_each_other_forget_nothing() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    let outputs: Vec<String> = (0..6).map(|number| format!("out/{number}.yaml")).collect();
    for tag in ["1", "2"] {
        bench.write("s.yaml", &web(tag));
        let runs: Vec<_> = outputs
            .iter()
            .map(|output| bench.command(&["build", "s.yaml", "-o", output]).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
    }
    assert_eq!(read(&bench, "out/.fanfold-files").lines().count(), outputs.len());
    assert_eq!(names(&bench, "out").len(), outputs.len() + 1);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_left_alone() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    std::os::unix::fs::symlink("nowhere", bench.path("out.yaml")).unwrap();
    bench.fails(3, &["build", "s.yaml", "-o", "out.yaml"]);
    assert!(fs::symlink_metadata(bench.path("out.yaml")).unwrap().is_symlink());
    // A staging folder that leads elsewhere would have files written, and removed, there.
    bench.write("elsewhere/1.tmp", MINE);
    std::os::unix::fs::symlink("elsewhere", bench.path(".fanfold-staging")).unwrap();
    bench.fails(3, &["build", "s.yaml", "-o", "new.yaml"]);
    assert_eq!(names(&bench, "elsewhere"), ["1.tmp"]);
}

#[test]
fn a_dash_is_standard_output() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    assert_eq!(bench.ok(&["build", "s.yaml", "-o", "-"]), bench.ok(&["build", "s.yaml"]));
    assert_eq!(names(&bench, "."), ["s.yaml"]);
    bench.fails(2, &["build", "s.yaml", "-o", "-", "--check"]);
    bench.fails(2, &["build", "s.yaml", "-o", "-", "--layout", "files"]);
    assert!(bench.ok(&["man", "-"]).contains(".TH"));
    assert_eq!(names(&bench, "."), ["s.yaml"]);
}

#[test]
fn an_empty_argument_is_refused_by_its_name() {
    let bench = Bench::with(&[("s.yaml", &web("1"))]);
    for (args, name) in [
        (&["build", ""][..], "<FILE>"),
        (&["check", ""], "<FILE>"),
        (&["check", "s.yaml", ""], "<FILE>"),
        (&["delete", ""], "<FILE>"),
        (&["apply", ""], "<FILE>"),
        (&["status", ""], "<FILE>"),
        (&["plan", ""], "<FILE>"),
        (&["diff", "", "s.yaml"], "<SIDE>"),
        (&["diff", "s.yaml", "--against", ""], "--against"),
        (&["build", "s.yaml", "-o", ""], "--output-path"),
        (&["build", "s.yaml", "--params", ""], "--params"),
        (&["build", "s.yaml", "--set", ""], "--set"),
        (&["build", "s.yaml", "--profile", ""], "--profile"),
        (&["build", "s.yaml", "--allow-path", ""], "--allow-path"),
        (&["check", "s.yaml", "--deny", ""], "--deny"),
        (&["apply", "s.yaml", "--kubeconfig", ""], "--kubeconfig"),
        (&["apply", "s.yaml", "--context="], "--context"),
        (&["apply", "s.yaml", "--namespace", ""], "--namespace"),
        (&["apply", "s.yaml", "--report", ""], "--report"),
        (&["apply", "s.yaml", "--applyset", ""], "--applyset"),
        (&["init", ""], "[FILE]"),
        (&["init", "--image", ""], "--image"),
        (&["man", ""], "[DIR]"),
        (&["explain", ""], "[WHAT]"),
        (&["integrate", "helm", "-o", ""], "--output-path"),
        (&["integrate", "helm", "--specs", ""], "--specs"),
        (&["post-render", "--log", ""], "--log"),
        (&["post-render", "--spec", ""], "--spec"),
        (&["function", ""], "[CONFIG]"),
        (&["schema", "--kubernetes-version", ""], "--kubernetes-version"),
    ] {
        let said = bench.fails(2, args);
        assert!(said.contains("a value is required for") && said.contains(name), "{args:?}: {said}");
    }
    assert_eq!(names(&bench, "."), ["s.yaml"]);
    // A variable that is set to nothing is not set.
    let mut command = bench.command(&["build", "s.yaml"]);
    let output = command.env("FANFOLD_KUBERNETES_VERSION", "").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn logs_and_pages_of_others_are_left_alone() {
    let rendered = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\nspec: {}\n";
    let bench = Bench::with(&[("mine.txt", MINE), ("in.yaml", rendered), ("man/fanfold-build.1", MINE)]);
    let post_render = |args: &[&str]| {
        let input = fs::File::open(bench.path("in.yaml")).unwrap();
        bench.command(&[&["post-render"], args].concat()).stdin(input).output().unwrap()
    };
    let output = post_render(&["--log", "mine.txt"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(read(&bench, "mine.txt"), MINE);
    for format in ["human", "short", "json", "sarif", "github", "gitlab"] {
        let log = format!("{format}.log");
        for _ in 0..2 {
            bench.write("in.yaml", rendered);
            assert_eq!(post_render(&["--format", format, "--log", &log]).status.code(), Some(1), "{format}");
            assert!(read(&bench, &log).contains("unknown-field"), "{format}");
            bench.write("in.yaml", &rendered.replace("spec: {}\n", ""));
            let fine = post_render(&["--format", format, "--log", &log]);
            assert_eq!(fine.status.code(), Some(0), "{format}: {}", stderr(&fine));
            assert_eq!(post_render(&["--set", "x", "--log", &log]).status.code(), Some(2), "{format}");
            assert!(read(&bench, &log).contains("--set NAME=VALUE"), "{format}");
        }
    }
    bench.write("s.yaml", &web("1"));
    let output = post_render(&["--spec", "s.yaml", "--log", "s.yaml"]);
    assert!(stderr(&output).contains("is an input of this run"), "{}", stderr(&output));
    assert!(bench.fails(3, &["man", "man"]).contains("was not written by fanfold"));
    assert_eq!(read(&bench, "man/fanfold-build.1"), MINE);
    fs::remove_file(bench.path("man/fanfold-build.1")).unwrap();
    bench.ok(&["man", "man"]);
    bench.ok(&["man", "man"]);
}

#[test]
fn a_report_has_a_place_before_anything_is_applied() {
    let bench = Bench::with(&[("mine.json", MINE), ("s.yaml", &web("1"))]);
    // Nobody listens there: whatever is said before is said without a server.
    bench.write(
        "kubeconfig",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n\
         users: [{name: u, user: {}}]\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n",
    );
    for command in ["apply", "delete"] {
        for (report, reason) in [("mine.json", "was not written by fanfold"), ("s.yaml", "is an input of this run")] {
            let said = bench.fails(3, &[command, "s.yaml", "--kubeconfig", "kubeconfig", "--report", report]);
            assert!(said.contains(reason), "{said}");
        }
    }
    assert_eq!((read(&bench, "mine.json"), read(&bench, "s.yaml")), (MINE.to_owned(), web("1")));
}

#[test]
fn what_a_killed_run_leaves_is_no_file_of_anybody_and_goes_with_the_next() {
    let large = spec(
        "secrets: {s: {stringData: {p: nobodyMayReadThis}}}\nworkloads: {w: {kind: Job, instances: 600, image: a:1}}\n",
    );
    let bench = Bench::with(&[("s.yaml", &large)]);
    let build = ["build", "s.yaml", "-o", "out", "--secrets", "include"];
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(bench.path("")).output().expect("git runs");
        stdout(&output)
    };
    git(&["init", "--quiet"]);
    let staging = bench.path("out/.fanfold-staging");
    let has_files = || fs::read_dir(&staging).is_ok_and(|files| files.count() > 20);
    for _ in 0..2 {
        let mut run = bench.command(&build).stderr(Stdio::null()).spawn().unwrap();
        while !has_files() && run.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(has_files(), "it was killed while it wrote");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&staging).unwrap().permissions().mode() & 0o777, 0o700);
        }
        git(&["add", "--all"]);
        assert!(!git(&["ls-files"]).contains("staging"), "{}", git(&["ls-files"]));
        let said = bench.fails(1, &[&build[..], &["--check"]].concat());
        assert!(said.contains("left by a run that was killed"), "{said}");
    }
    bench.ok(&build);
    assert!(!staging.exists());
    bench.ok(&[&build[..], &["--check"]].concat());
    // Also where there is nothing to write but what was left to remove.
    bench.write("out/.fanfold-staging/7.tmp", SECRET);
    bench.write("out/.fanfold-staging/.gitignore", "*\n");
    bench.fails(1, &[&build[..], &["--check"]].concat());
    bench.ok(&build);
    assert!(!staging.exists());
}

/// A repository in a folder beside which a file lies that is nobody's business.
fn beside_a_secret() -> Bench {
    let bench = Bench::with(&[
        ("outside/secret.txt", SECRET),
        ("outside/m.yaml", &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {SECRET}}}\n")),
        ("outside/rows.csv", &format!("tag\n{SECRET}\n")),
        ("outside/t.yaml.j2", &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {SECRET}}}\n")),
        ("repo/specs/near.txt", "near"),
        ("repo/shared/far.txt", "far"),
        ("repo/specs/rows.csv", "tag\n1\n"),
    ]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(bench.path("outside/secret.txt"), bench.path("repo/specs/link.txt")).unwrap();
        symlink(bench.path("outside"), bench.path("repo/specs/linked")).unwrap();
        symlink("../../outside/m.yaml", bench.path("repo/specs/m.yaml")).unwrap();
    }
    bench
}

/// Runs a command in the repository.
fn run(bench: &Bench, folder: &str, args: &[&str]) -> (Option<i32>, String) {
    let output = bench.command(args).current_dir(bench.path(folder)).stdin(Stdio::null()).output().unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn a_spec_names_only_what_lies_beside_it() {
    let bench = beside_a_secret();
    let outside = bench.path("outside").to_string_lossy().into_owned();
    let file = |path: &str| format!("configMaps: {{c: {{files: ['{path}']}}}}\n");
    let secret = |path: &str| format!("secrets: {{c: {{files: {{x: '{path}'}}}}}}\n");
    let manifests = |path: &str| format!("params: {{a: b}}\nmanifests: ['{path}']\n");
    let rows = |path: &str| {
        format!("workloads: {{w: {{kind: Job, matrix: {{rows: '{path}'}}, image: 'a:{{{{ matrix.tag }}}}'}}}}\n")
    };
    let mut cases = vec![
        file("../../outside/secret.txt"),
        file(&format!("{outside}/secret.txt")),
        file("/proc/self/environ"),
        file("/etc/passwd"),
        file("/etc/./../etc/hostname"),
        // Whether it is there is nobody's business either.
        file(&format!("{outside}/no-such-file")),
        secret("../../outside/secret.txt"),
        manifests("../../outside/m.yaml"),
        manifests("../../outside/*"),
        manifests("../../outside/**/*.yaml"),
        manifests("/etc/*"),
        manifests("/*/hostname"),
        manifests("../../outside/t.yaml.j2"),
        rows("../../outside/rows.csv"),
        rows(&format!("{outside}/rows.csv")),
    ];
    if cfg!(unix) {
        cases.extend([file("link.txt"), file("linked/secret.txt"), manifests("m.yaml"), manifests("linked/*.yaml")]);
        cases.extend([manifests("*.yaml"), rows("linked/rows.csv"), secret("link.txt")]);
    }
    for case in &cases {
        bench.write("repo/specs/s.yml", &spec(case));
        let (code, said) = run(&bench, "repo", &["build", "specs/s.yml"]);
        assert_eq!(code, Some(1), "{case}{said}");
        assert!(said.contains("below the folder of the spec, the working directory or the checkout"), "{case}{said}");
        // What stands below `secrets:` is not shown, be it a path.
        assert!(said.contains("--allow-path ") || case.starts_with("secrets:"), "{case}{said}");
        assert!(!said.contains(SECRET), "{case}{said}");
        assert!(said.contains("specs/s.yml:"), "it points at the path: {said}");
    }
    bench.write("repo/specs/s.yml", &spec(&file("../../outside/secret.txt")));
    for command in [
        &["plan", "specs/s.yml"][..],
        &["explain", "ConfigMap/c", "specs/s.yml"],
        &["diff", "specs/s.yml", "specs/s.yml"],
        &["build", "specs/s.yml", "-o", "out"],
    ] {
        let (code, said) = run(&bench, "repo", command);
        assert!(code == Some(1) || code == Some(2), "{command:?}: {said}");
        assert!(said.contains("--allow-path") && !said.contains(SECRET), "{command:?}: {said}");
    }
}

#[test]
fn the_rule_has_three_places_and_a_flag() {
    let bench = beside_a_secret();
    let far = spec("configMaps: {c: {files: [../shared/far.txt]}}\n");
    bench.write("repo/specs/s.yml", &far);
    assert_eq!(run(&bench, "repo", &["check", "specs/s.yml"]).0, Some(0), "below the working directory");
    let (code, said) = run(&bench, "repo/specs", &["check", "s.yml"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(run(&bench, "repo/specs", &["check", "s.yml", "--allow-path", "../shared"]).0, Some(0));
    let (code, said) = run(&bench, "repo/specs", &["check", "s.yml", "--allow-path", "../no-such"]);
    assert_eq!(code, Some(2), "{said}");
    fs::create_dir(bench.path("repo/.git")).unwrap();
    assert_eq!(run(&bench, "repo/specs", &["check", "s.yml"]).0, Some(0), "in the checkout");
    let whole = bench.path("repo/specs/s.yml").to_string_lossy().into_owned();
    assert_eq!(run(&bench, "/", &["check", &whole]).0, Some(0), "in the checkout of the spec");
    bench.write("repo/specs/s.yml", &spec("configMaps: {c: {files: [/etc/passwd]}}\n"));
    let (code, said) = run(&bench, "/", &["check", &whole]);
    assert_eq!(code, Some(1), "the root bounds nothing: {said}");
    // What the user typed lies where it lies.
    let params = bench.path("outside/p.yaml").to_string_lossy().into_owned();
    bench.write("outside/p.yaml", "tag: x\n");
    bench
        .write("outside/s.yaml", &spec("params: {tag: y}\nworkloads: {w: {kind: Job, image: 'a:{{ params.tag }}'}}\n"));
    let (code, said) = run(&bench, "repo", &["build", "../outside/s.yaml", "--params", &params]);
    assert!(code == Some(0) && said.contains("image: a:x"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_folder_is_searched_and_not_left() {
    let bench = beside_a_secret();
    let (code, said) = run(&bench, "repo", &["check", "specs"]);
    assert!(code == Some(1) && said.contains("`specs/m.yaml`, which leads to") && !said.contains(SECRET), "{said}");
    let (code, said) = run(&bench, "repo", &["check", "specs", "--allow-path", "../outside"]);
    assert_eq!(code, Some(1), "its name is no name: {said}");
    assert!(said.contains(&SECRET[..5]), "{said}");
    bench.write("repo/link.yaml", "");
    fs::remove_file(bench.path("repo/link.yaml")).unwrap();
    std::os::unix::fs::symlink("../outside/p.yaml", bench.path("repo/link.yaml")).unwrap();
    bench.write("outside/p.yaml", &web("1"));
    assert_eq!(run(&bench, "repo", &["check", "link.yaml"]).0, Some(0), "the user typed it");
}

#[test]
fn the_rule_holds_for_functions_and_post_renderers() {
    let bench = beside_a_secret();
    let call = |args: &[&str], input: &str| {
        let mut command = bench.command(args);
        command.current_dir(bench.path("repo")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let list = |config: &str| {
        let config = config.replace('\n', "\n  ");
        format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig:\n  {config}\n")
    };
    let named = "apiVersion: fanfold.dev/v1\nkind: Function\nmetadata: {name: f}\nspecs: [../outside/m.yaml]";
    let folder = named.replace("/m.yaml", "");
    let batch = spec("configMaps: {c: {files: [../outside/secret.txt]}}");
    bench.write("repo/spec.yaml", &batch);
    let chart = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n";
    for (args, input) in [
        (&["function"][..], list(named)),
        (&["function"], list(&folder)),
        (&["function"], list(&batch)),
        (&["post-render", "--spec", "spec.yaml"], chart.to_owned()),
    ] {
        let (code, said) = call(args, &input);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.contains("the working directory or the checkout") && !said.contains(SECRET), "{args:?}: {said}");
        let (_, said) = call(&[args, &["--allow-path", "../outside"]].concat(), &input);
        assert!(!said.contains("the working directory or the checkout"), "{args:?}: {said}");
    }
    // As an exec plugin, of which the config is a file.
    bench.write("repo/config.yaml", named);
    let (code, said) = call(&["function", "config.yaml"], "");
    assert!(code == Some(1) && said.contains("--allow-path") && !said.contains(SECRET), "{said}");
    // kustomize passes no flags to it, but the environment; and of a spec that is not read nobody knows what it declares.
    bench.write("repo/params.yaml", &format!("{named}\nparams: {{version: '2'}}\n"));
    let (_, said) = call(&["function", "params.yaml"], "");
    assert!(said.contains("FANFOLD_ALLOW_PATH") && !said.contains("declared"), "{said}");
    let mut plugin = bench.command(&["function", "config.yaml"]);
    plugin.current_dir(bench.path("repo")).env("FANFOLD_ALLOW_PATH", "../outside").stdin(Stdio::null());
    let output = plugin.output().unwrap();
    assert!(!stderr(&output).contains("the working directory or the checkout"), "{}", stderr(&output));
    // The user typed the spec.
    bench.write("outside/s.yaml", &web("1"));
    assert_eq!(call(&["post-render", "--spec", "../outside/s.yaml"], chart).0, Some(0));
}
