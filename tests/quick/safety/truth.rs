//! Said to be fine, and is not: exit codes, what was passed over, names, flags without effect.

use std::fs;
use std::io::Read;
use std::process::{Command, Output, Stdio};

use crate::bench::{Bench, stderr, stdout};

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n";
const BAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndataa: {}\n";
const SPEC: &str =
    "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\nworkloads: {w: {kind: Pod, image: x:1}}\n";

/// Returns 800 objects with one mistake each.
fn many_mistakes() -> String {
    (0..800).map(|at| BAD.replace("bad", &format!("bad-{at}"))).collect::<Vec<_>>().join("---\n")
}

/// Runs a command whose reader goes away: on standard output after a few bytes, and on standard error at once.
fn read_little(bench: &Bench, args: &[&str]) -> Option<i32> {
    let mut child = bench
        .command(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stderr.take());
    let mut out = child.stdout.take().expect("a pipe");
    let _ = out.read(&mut [0; 16]);
    drop(out);
    child.wait().expect("it ends").code()
}

#[test]
fn an_object_without_a_name_is_never_left_out() {
    let head = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\n";
    let named = |name: &str| {
        format!(
            "{head}params: {{n: \"\"}}\nworkloads: {{w: {{kind: Pod, image: \"a:1\", name: {name}, env: {{A: \"{{{{ params.n }}}}\"}}}}}}\n"
        )
    };
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"\"}\n".to_owned();
    for spec in [named("\"\""), named("\"{{ params.n }}\""), manifest] {
        let bench = Bench::with(&[("a.yaml", &spec)]);
        for command in ["check", "build"] {
            let output = bench.run(&[command, "a.yaml"]);
            let all = stderr(&output) + &stdout(&output);
            assert_eq!(output.status.code(), Some(1), "{all}");
            assert!(all.contains("expected a name, found an empty text"), "{all}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_does_not_change_what_was_found() {
    let bench = Bench::with(&[("bad.yaml", &many_mistakes()), ("good.yaml", GOOD), ("spec.yaml", SPEC)]);
    for format in ["human", "short", "json", "sarif", "github", "gitlab"] {
        assert_eq!(read_little(&bench, &["check", "bad.yaml", "--format", format]), Some(1), "check {format}");
        assert_eq!(read_little(&bench, &["build", "bad.yaml", "--format", format]), Some(1), "build {format}");
    }
    for format in ["human", "short", "json", "markdown", "html"] {
        assert_eq!(read_little(&bench, &["diff", "good.yaml", "spec.yaml", "--format", format]), Some(1), "{format}");
    }
    assert_eq!(read_little(&bench, &["build", "spec.yaml", "-o", "there.yaml", "--check"]), Some(1));
    assert_eq!(read_little(&bench, &["explain", "no-such-code"]), Some(1));
    assert_eq!(read_little(&bench, &["check", "--no-such-flag"]), Some(2));
    // What is sound stays so, whoever has read enough of it.
    for fine in
        [&["build", "spec.yaml"][..], &["schema"], &["explain"], &["completions", "bash"], &["man"], &["--help"]]
    {
        assert_eq!(read_little(&bench, fine), Some(0), "{fine:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let bench = Bench::with(&[("bad.yaml", BAD), ("good.yaml", GOOD), ("spec.yaml", SPEC)]);
    let full = || fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let commands: [&[&str]; 12] = [
        &["build", "spec.yaml"],
        &["check", "bad.yaml"],
        &["plan", "spec.yaml"],
        &["diff", "good.yaml", "spec.yaml"],
        &["schema"],
        &["explain"],
        &["explain", "mounts"],
        &["completions", "bash"],
        &["man"],
        &["init", "-"],
        &["integrate"],
        &["--help"],
    ];
    for args in commands {
        let output = bench.command(args).stdout(full()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("cannot write the output"), "{args:?}: {}", stderr(&output));
    }
    // Where findings cannot be said, nothing is fine.
    let output = bench.command(&["build", "bad.yaml"]).stderr(full()).output().expect("it runs");
    assert_ne!(output.status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn closed_streams_do_not_change_what_was_found() {
    let bench = Bench::with(&[("bad.yaml", BAD), ("spec.yaml", SPEC)]);
    let shell = |line: &str| {
        let line = format!("\"$0\" {line}");
        let mut command = Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_fanfold")]).current_dir(bench.path("."));
        command.output().expect("a shell").status.code()
    };
    assert_eq!(shell("check bad.yaml >&-"), Some(1));
    assert_eq!(shell("check bad.yaml 2>&-"), Some(1));
    assert_eq!(shell("build bad.yaml >&- 2>&-"), Some(1));
    assert_eq!(shell("build spec.yaml 2>&-"), Some(0));
    assert_eq!(shell("check spec.yaml >&- 2>&-"), Some(0));
}

fn git(bench: &Bench, args: &[&str]) -> Output {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(bench.path("."))
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", stderr(&output));
    output
}

/// Returns a repository with these files in one commit.
fn repository(files: &[(&str, &str)]) -> Bench {
    let bench = Bench::with(files);
    git(&bench, &["init", "-q", "."]);
    git(&bench, &["add", "-A"]);
    git(&bench, &["commit", "-q", "-m", "one"]);
    bench
}

/// Runs in the repository with the path of the programs that git needs.
fn run(bench: &Bench, args: &[&str]) -> Output {
    let path = std::env::var("PATH").expect("a path");
    bench.command(args).env("PATH", path).env("HOME", bench.path(".")).output().expect("it runs")
}

fn cannot_read(bench: &Bench, args: &[&str], what: &str) {
    let output = run(bench, args);
    let said = stderr(&output) + &stdout(&output);
    assert!(output.status.code().is_some_and(|code| code > 1), "{args:?}: {said}");
    assert!(said.contains("cannot read") && said.contains(what), "{args:?}: {said}");
    assert!(!said.contains("added"), "{args:?}: {said}");
}

#[test]
fn what_a_commit_does_not_hold_is_not_added() {
    let inner = repository(&[("k/in.yaml", GOOD)]);
    let bench = repository(&[("k8s/a.yaml", GOOD)]);
    let inner_path = inner.path(".").to_string_lossy().into_owned();
    git(&bench, &["submodule", "--quiet", "add", &inner_path, "k8s/sub"]);
    git(&bench, &["commit", "-q", "-m", "two"]);
    cannot_read(&bench, &["diff", "k8s", "--against", "git:HEAD"], "submodule");
    cannot_read(&bench, &["diff", "k8s/sub/k/in.yaml", "--against", "git:HEAD"], "submodule");
    cannot_read(&bench, &["diff", "k8s/sub", "--against", "git:HEAD"], "submodule");
    // What is not asked for need not be read.
    assert_eq!(run(&bench, &["diff", "k8s/a.yaml", "--against", "git:HEAD"]).status.code(), Some(0));
}

#[test]
fn a_blob_that_is_not_there_is_not_added() {
    let bench = repository(&[("k/a.yaml", GOOD), ("k/b.yaml", &GOOD.replace("good", "other"))]);
    let hash = stdout(&git(&bench, &["rev-parse", "HEAD:k/b.yaml"]));
    let (folder, rest) = hash.trim().split_at(2);
    fs::remove_file(bench.path(&format!(".git/objects/{folder}/{rest}"))).expect("the blob is there");
    cannot_read(&bench, &["diff", "k", "--against", "git:HEAD"], "k/b.yaml");
    cannot_read(&bench, &["diff", "k/b.yaml", "--against", "git:HEAD"], "k/b.yaml");
}

#[test]
fn a_pointer_of_git_lfs_is_no_input() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let bench = repository(&[("k/a.yaml", pointer), ("k/b.yaml", GOOD)]);
    fs::write(bench.path("k/a.yaml"), GOOD.replace("good", "large")).expect("the content");
    cannot_read(&bench, &["diff", "k", "--against", "git:HEAD"], "Git LFS");
    let there = Bench::with(&[("k/a.yaml", pointer), ("k/b.yaml", GOOD)]);
    assert!(there.fails(1, &["check", "k"]).contains("Git LFS"));
    let of_spec = Bench::with(&[
        ("a.toml", pointer),
        (
            "s.yaml",
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\nconfigMaps: {c: {files: [a.toml]}}\n",
        ),
    ]);
    assert!(of_spec.fails(1, &["build", "s.yaml"]).contains("Git LFS"));
}

#[cfg(unix)]
#[test]
fn links_of_a_commit_are_followed_or_refused() {
    use std::os::unix::fs::symlink;
    let elsewhere = Bench::with(&[("x.yaml", GOOD)]);
    let bench = Bench::with(&[("real/a.yaml", GOOD)]);
    symlink(elsewhere.path("x.yaml"), bench.path("out.yaml")).expect("a link");
    symlink("real", bench.path("linked")).expect("a link");
    symlink(".", bench.path("real/loop")).expect("a link");
    git(&bench, &["init", "-q", "."]);
    git(&bench, &["add", "-A"]);
    git(&bench, &["commit", "-q", "-m", "one"]);
    cannot_read(&bench, &["diff", "out.yaml", "--against", "git:HEAD"], "leads out of the repository");
    // A folder that holds it is refused for where it leads on the disk, before the commit is asked.
    let whole = run(&bench, &["diff", ".", "--against", "git:HEAD"]);
    assert!(
        whole.status.code().is_some_and(|code| code > 1) && !stdout(&whole).contains("added"),
        "{}",
        stderr(&whole)
    );
    let outside = elsewhere.path("x.yaml").to_string_lossy().into_owned();
    cannot_read(&bench, &["diff", &outside, "--against", "git:HEAD"], "outside of the repository");
    let through = run(&bench, &["diff", "linked/a.yaml", "--against", "git:HEAD"]);
    assert_eq!(through.status.code(), Some(0), "{}", stderr(&through));
    assert_eq!(run(&bench, &["diff", "linked", "--against", "git:HEAD"]).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn what_a_folder_passes_over_is_said() {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::symlink;
    let elsewhere = Bench::with(&[("x.yaml", GOOD)]);
    let bench = Bench::with(&[
        ("f/a.yaml", GOOD),
        ("f/README.md", "text"),
        ("f/.github/w.yaml", "on: push"),
        ("f/.github/v.yaml", "on: push"),
        ("f/values.yaml", "a: 1\n"),
    ]);
    symlink(elsewhere.path("."), bench.path("f/linked")).expect("a link");
    symlink("..", bench.path("f/loop")).expect("a link");
    let name = std::ffi::OsString::from_vec(b"f/b\xff.yaml".to_vec());
    fs::write(bench.path(".").join(name), BAD).expect("a file");
    let output = bench.run(&["check", "f"]);
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "1 file checked, 1 object",
        "6 skipped",
        "1 hidden",
        "2 linked folders",
        "1 not YAML or JSON",
        "1 without objects",
        "1 whose name is not UTF-8",
        "`f/linked` is not read: it is a link to a folder",
    ] {
        assert!(said.contains(part), "expected {part:?} in {said}");
    }
    // Build says it too, and in every format.
    assert!(stderr(&bench.run(&["build", "f", "--format", "json"])).contains("is not read"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_in_a_folder_is_an_error() {
    use std::os::unix::fs::symlink;
    let bench = Bench::with(&[("f/a.yaml", GOOD)]);
    symlink("nowhere", bench.path("f/b.yaml")).expect("a link");
    assert!(bench.fails(1, &["check", "f"]).contains("cannot read `f/b.yaml`"));
    assert!(bench.fails(1, &["check", "no-such-folder"]).contains("no such file or folder"));
}

#[test]
fn nothing_to_look_at_is_not_fine() {
    let bench = Bench::with(&[
        ("empty/README.md", "text"),
        ("values/values.yaml", "a: 1\n"),
        ("dashes.yaml", "---\n---\n"),
        ("comment.yaml", "# nothing\n"),
        ("null.yaml", "null\n"),
        ("list.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
        ("good.yaml", GOOD),
        ("spec.yaml", "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\nworkloads: {}\n"),
        ("recipe/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"),
        ("mixed/a.yaml", &format!("{GOOD}---\napiversion: v1\nkind: ConfigMap\nmetadata: {{name: lost}}\n")),
        ("stray/a.yaml", &format!("{GOOD}---\n42\n")),
    ]);
    // A hook may hand over a file that is for another tool alone.
    bench.ok(&["check", "recipe/kustomization.yaml"]);
    // A document of a file of objects is not lost for a slip.
    assert!(bench.fails(1, &["check", "mixed"]).contains("apiversion"));
    assert!(bench.fails(1, &["check", "stray"]).contains("expected a document to be a mapping"));
    for args in [
        &["check", "empty"][..],
        &["check", "values"],
        &["check", "list.yaml"],
        &["check", "null.yaml"],
        &["check", "spec.yaml"],
        &["build", "empty"],
        &["plan", "empty"],
        &["diff", "empty", "values"],
        &["diff", "comment.yaml", "dashes.yaml"],
    ] {
        let said = bench.fails(2, args);
        assert!(said.contains("hold"), "{args:?}: {said}");
    }
    for file in ["dashes.yaml", "comment.yaml"] {
        let said = bench.fails(2, &["check", file]);
        assert!(said.contains("holds no document"), "{said}");
    }
    // What is looked at beside it counts, and what is empty is said.
    let output = bench.run(&["check", "good.yaml", "comment.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("holds no document"));
}

#[test]
fn names_are_those_that_the_server_takes() {
    let object = |fields: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{fields}");
    let batch = |metadata: &str, rest: &str| {
        format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {metadata}\nworkloads: {{w: {{kind: Deployment, image: x:1, {rest}}}}}\n"
        )
    };
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n");
    let refused = [
        ("batch name", batch("{name: \"A_B c\"}", "")),
        ("batch name with a path", batch("{name: ../../x}", "")),
        ("batch namespace", batch("{name: a, namespace: \"../../x\"}", "")),
        ("batch label", batch("{name: a, labels: {\"a b\": c}}", "")),
        ("workload namespace", batch("{name: a}", "namespace: Shop")),
        ("workload name", batch("{name: a}", "name: \"a/b\"")),
        ("label value", batch("{name: a}", "labels: {team: \"a b\"}")),
        ("annotation key", batch("{name: a}", "annotations: {\"a/b/c\": x}")),
        ("port name", batch("{name: a}", "ports: {Web_port: 80}")),
        ("container", batch("{name: a}", "containers: {Side_car: {image: y:1}}")),
        ("profile", batch("{name: a}", "") + "profiles: {\"a,b\": {}}\n"),
        ("data key", object("data: {\"../x\": a}\n")),
        ("binary key", object("binaryData: {\"a b\": YQ==}\n")),
        ("namespace of a manifest", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ../x}\n".into()),
        ("label of a manifest", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {\"-a\": b}}\n".into()),
        ("secret key", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {\"a/b\": c}\n".into()),
        ("container of a manifest", pod("{containers: [{name: A_b, image: x:1}]}")),
        ("port of a manifest", pod("{containers: [{name: a, image: x:1, ports: [{name: HTTP, containerPort: 1}]}]}")),
        ("volume", pod("{containers: [{name: a, image: x:1}], volumes: [{name: V_1, emptyDir: {}}]}")),
        ("nodeSelector", pod("{containers: [{name: a, image: x:1}], nodeSelector: {\"a b\": c}}")),
        ("custom resource", "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, namespace: ../x}\n".into()),
    ];
    for (what, text) in refused {
        let bench = Bench::with(&[("a.yaml", &text)]);
        for command in ["check", "build"] {
            let said = bench.fails(1, &[command, "a.yaml", "--format", "short"]);
            assert!(said.contains("[invalid-name]") && said.contains("a.yaml:"), "{what}: {said}");
        }
        bench.fails(1, &["build", "a.yaml", "-o", "out/"]);
        assert!(!bench.path("out").exists(), "{what}: nothing is written");
    }
    let taken = [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {Example.com/A_b: x}, labels: {a: \"\"}}\ndata: {.a: b, A_b.c-d: e}\n",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: \"system:a\"}\nrules: []\n",
    ];
    for text in taken {
        let bench = Bench::with(&[("a.yaml", text)]);
        bench.ok(&["check", "a.yaml"]);
    }
}

#[test]
fn a_secret_key_that_is_refused_shows_no_value() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {\"a/b\": TOPSECRET}\n";
    let bench = Bench::with(&[("a.yaml", text)]);
    for format in ["human", "short", "json", "sarif", "github", "gitlab"] {
        assert!(!bench.fails(1, &["check", "a.yaml", "--format", format]).contains("TOPSECRET"), "{format}");
    }
}

#[test]
fn a_flag_without_effect_is_a_usage_error() {
    let bench = Bench::with(&[("s.yaml", SPEC), ("m.yaml", GOOD), ("list.yaml", "[a, b]\n")]);
    let refused: &[&[&str]] = &[
        &["build", "s.yaml", "--set", "a"],
        &["build", "s.yaml", "--set", "=a"],
        &["build", "s.yaml", "--params", "list.yaml"],
        &["build", "s.yaml", "--check"],
        &["build", "s.yaml", "--force"],
        &["build", "s.yaml", "-o", "x/", "--check", "--force"],
        &["build", "s.yaml", "--layout", "files"],
        &["build", "s.yaml", "--output", "json", "--provenance"],
        &["build", "s.yaml", "--format", "xml"],
        &["plan", "s.yaml", "--context", "x"],
        &["plan", "s.yaml", "--kubeconfig", "x"],
        &["diff", "s.yaml", "m.yaml", "--applyset", "x"],
        &["diff", "s.yaml", "m.yaml", "--prune"],
        &["diff", "m.yaml", "m.yaml", "--set", "a=b"],
        &["diff", "m.yaml", "m.yaml", "--profile", "prod"],
        &["diff", "s.yaml", "m.yaml", "--format", "sarif"],
        &["explain", "mounts", "--set", "a=b"],
        &["explain", "--profile", "x"],
        &["apply", "s.yaml", "--shard", "0/3"],
        &["apply", "s.yaml", "--shard", "4/3"],
        &["apply", "s.yaml", "-n", "../x"],
        &["integrate", "helm", "--manifests", "x"],
        &["integrate", "--check"],
    ];
    for args in refused {
        let said = bench.fails(2, args);
        assert!(said.contains("error: "), "{args:?}: {said}");
    }
    bench.fails(1, &["build", "s.yaml", "--profile", "no-such"]);
    bench.fails(1, &["build", "s.yaml", "--set", "no_such=1"]);
    bench.fails(1, &["check", "m.yaml", "--profile", "no-such"]);
}
