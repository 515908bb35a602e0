//! What is printed: no text of others acts on a terminal, and no line of theirs commands a runner.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::bench::{Bench, stderr, stdout};

const HEAD: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\n";
/// A text with all that acts: escapes, controls of both sets, marks of direction, separators, and lines for runners.
const HOSTILE: &str = "H\u{1b}[31m\u{1b}]0;t\u{7}\u{9b}2J\u{85}\u{7f}\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{2029}\r\
     ::stop-commands::t\n::stop-commands::t\n  ::add-mask::x\n##[group]g ##vso[task.setvariable variable=a]b\n\
     ##teamcity[testStarted name='t']\nsection_start:1:a\r\u{1b}[0K\u{ad}\u{34f}\u{115f}\u{17b4}\u{180e}\u{200d}\u{3164}a\u{fe0f}\u{ffa0}";
const FORMATS: [&str; 6] = ["human", "short", "json", "sarif", "github", "gitlab"];

/// Writes a text in double quotes, in which YAML and JSON read the same.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            ' '..='~' => out.push(letter),
            letter => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
        }
    }
    out + "\""
}

/// Whether a character acts; on purpose not the product's own words for it.
fn acts(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}')
        || matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{115f}'
                | '\u{17b4}'
                | '\u{180e}'
                | '\u{200d}'
                | '\u{3164}'
                | '\u{fe0f}'
                | '\u{ffa0}'
        )
}

/// Fails where something acts, or where a line commands a runner that is no annotation of ours.
fn harmless(text: &str, what: &str) {
    for line in text.split('\n') {
        let bad = line.chars().find(|letter| acts(*letter));
        assert!(bad.is_none(), "{what}: {bad:?} acts in {line:?}");
        let start = line.trim_start();
        let ours = ["::error file=", "::warning file=", "::notice file=", "::error title="];
        let is_ours = what.contains("github") && ours.iter().any(|ours| line.starts_with(ours));
        assert!(is_ours || !start.starts_with("::") || start.starts_with(":::"), "{what}: a command {line:?}");
        for mark in ["##[", "##vso[", "##teamcity[", "section_start:", "section_end:"] {
            assert!(!line.contains(mark), "{what}: {mark} in {line:?}");
        }
    }
}

/// Specs and manifests with the text in one place each.
fn hostile_files() -> Vec<(String, String)> {
    let h = quoted(HOSTILE);
    let good = "metadata: {name: a}\n";
    let job = |rest: &str| format!("{HEAD}{good}workloads: {{w: {{kind: Job, image: 'a:1', {rest}}}}}\n");
    let object = |kind: &str, name: &str, rest: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{rest}")
    };
    let specs = [
        format!("{HEAD}metadata: {{name: {h}}}\n"),
        format!("{HEAD}metadata: {{name: a, namespace: {h}}}\nworkloads: {{w: {{kind: Job, image: 'a:1'}}}}\n"),
        format!("{HEAD}metadata: {{name: a, labels: {{{h}: {h}}}}}\nworkloads: {{w: {{kind: Job, image: 'a:1'}}}}\n"),
        format!("{HEAD}metadata: {{name: a, {h}: x}}\n"),
        format!("{HEAD}{good}{h}: x\n"),
        format!("{HEAD}{good}workloads: {{{h}: {{kind: Job, image: 'a:1'}}}}\n"),
        format!("{HEAD}{good}workloads: {{w: {{kind: {h}, image: 'a:1'}}}}\n"),
        job(&format!("{h}: 1")),
        job(&format!("use: [{h}]")),
        job(&format!("replicas: {h}")),
        job(&format!("env: {{{h}: {{secret: {h}}}}}")),
        job(&format!("matrix: {{{h}: [1]}}")),
        job(&format!("matrix: {{a: [{h}], b: [1, 1]}}")),
        job(&format!("matrix: {{rows: {h}}}")),
        job(&format!("matrix: {{a: [1], where: {h}}}")),
        job(&format!("ports: {{{h}: 99999}}")),
        job(&format!("mounts: {{{h}: {h}}}")),
        job(&format!("tolerations: [{h}]")),
        job(&format!("nodeAffinity: {{require: [{h}]}}")),
        job(&format!("schedule: {h}")),
        job(&format!("resources: {{limits: {{cpu: {h}}}}}")),
        job(&format!("env: {{A: {}}}", quoted(&format!("{{{{ params[{HOSTILE:?}] }}}}")))),
        job(&format!("env: {{A: {}}}", quoted(&format!("{{{{ params.x + {HOSTILE}")))),
        format!("{HEAD}{good}params: {{{h}: {{type: {h}}}}}\n"),
        format!("{HEAD}{good}params: {{a: {{type: string, enum: [b], default: {h}}}}}\n"),
        format!("{HEAD}{good}profiles: {{{h}: {{{h}: 1}}}}\n"),
        format!("{HEAD}{good}templates: {{{h}: {{}}}}\n"),
        format!("{HEAD}{good}configMaps: {{c: {{files: [{h}]}}}}\n"),
        format!("{HEAD}{good}configMaps: {{{h}: {{data: {{{h}: 1}}}}}}\n"),
        format!("{HEAD}{good}manifests: [{h}, {}]\n", quoted(&format!("{HOSTILE}/*"))),
        format!("{HEAD}{good}patch: {{{h}: {{a: b}}}}\n"),
        format!("{HEAD}{good}patchJSON6902: {{Job: [{{op: {h}, path: {h}}}]}}\n"),
        object(&h, "a", ""),
        object("Service", &h, "spec: {ports: [{port: x}]}\n"),
        object("Service", "a", &format!("spec: {{ports: [{{port: {h}}}], {h}: 1, type: {h}}}\n")),
        format!("apiVersion: {h}\nkind: ConfigMap\nmetadata: {{name: a}}\n"),
        object("ConfigMap", &h, &format!("data: {{{h}: {h}}}\n")),
        format!("{}---\n{}", object("ConfigMap", &h, ""), object("ConfigMap", &h, "")),
        // In the text itself, where an excerpt shows it.
        format!("{HEAD}{good}nonsense: 1 # \u{9b}2J\u{202e}\u{2066} ##[group]x section_start:1:a\n"),
        format!("{HEAD}{good}a: [1 # \u{1b}[31m\u{202e}\n::stop-commands::t\n"),
        "::stop-commands::t: 1\n\u{200f}##[group]: &\u{202e}a *\u{202e}b\n".to_owned(),
        format!("{HEAD}{good}x: 1 # fanfold: allow(::stop-commands::t \u{202e}##[group])\n"),
    ];
    specs.into_iter().enumerate().map(|(at, text)| (format!("all/{at:02}.yaml"), text)).collect()
}

/// File names that act as well, where the file system takes them.
fn hostile_names() -> Vec<String> {
    let names = [
        "::stop-commands::t.yaml",
        "##[group]x.yaml",
        "\u{202e}\u{9b}2J.yaml",
        "a\u{1b}[31m.yaml",
        "a\n::add-mask::x.yaml",
        "b\u{200d}\u{ad}\u{3164}\u{e0041}\u{fe0f}c.yaml",
    ];
    names.iter().filter(|_| cfg!(unix)).map(|name| format!("all/{name}")).collect()
}

fn bench() -> Bench {
    let bench = Bench::with(&[]);
    for (name, text) in hostile_files() {
        bench.write(&name, &text);
    }
    for name in hostile_names() {
        bench.write(&name, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: x}]}\n");
    }
    bench
}

#[test]
fn findings_act_in_no_format() {
    let bench = bench();
    for format in FORMATS {
        let output = bench.run(&["check", "all", "--format", format]);
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        harmless(&said, &format!("check as {format}"));
        harmless(&stderr(&output), format);
        assert!(said.lines().count() > 40 || format == "sarif", "{format}: there is a lot to say: {said}");
        match format {
            "json" => said.lines().for_each(|line| {
                let finding: Value = serde_json::from_str(line).expect("a line of JSON");
                assert!(finding["code"].is_string());
            }),
            "sarif" | "gitlab" => {
                let report: Value = serde_json::from_str(&said).expect("JSON");
                // A program gets the text as it was.
                assert!(report.to_string().contains('\u{202e}'), "{format}");
            }
            _ => assert!(said.contains(r"\u{202e}"), "{format} shows what was there: {said}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_place_is_told_alike_in_all_formats() {
    let bench = bench();
    for (name, shown) in [
        ("all/a\n::add-mask::x.yaml", r"all/a\n::add-mask::x.yaml:4:"),
        (
            "all/b\u{200d}\u{ad}\u{3164}\u{e0041}\u{fe0f}c.yaml",
            r"all/b\u{200d}\u{ad}\u{3164}\u{e0041}\u{fe0f}c.yaml:4:",
        ),
    ] {
        for format in ["human", "short"] {
            let said = stdout(&bench.run(&["check", name, "--format", format]));
            assert!(said.contains(shown), "{format}: {said}");
        }
        let said = stdout(&bench.run(&["check", name, "--format", "json"]));
        let finding: Value = serde_json::from_str(said.lines().next().unwrap_or_default()).expect("a line of JSON");
        assert_eq!(finding["file"], name);
    }
}

#[cfg(unix)]
#[test]
fn where_an_object_comes_from_is_told_to_nobody_but_readers() {
    let spec = format!("{HEAD}metadata: {{name: a}}\nworkloads: {{w: {{kind: Job, image: 'a:1'}}}}\n");
    for name in ["##[error]x.yaml", "##vso[task.x]\n::error::y.yaml", "a\u{200d}\u{3164}.yaml"] {
        let bench = Bench::with(&[(name, &spec)]);
        let built = bench.ok(&["build", name, "--provenance"]);
        assert!(built.contains("# source: "), "{built}");
        harmless(&built, name);
        bench.ok(&["build", name, "--provenance", "-o", "out"]);
        harmless(&fs::read_to_string(bench.path("out/batch_v1_job_w.yaml")).unwrap(), name);
        harmless(&bench.ok(&["explain", "Job/w", name]), name);
    }
}

#[test]
fn colors_are_ours_alone() {
    let bench = bench();
    let mut command = bench.command(&["check", "all"]);
    let output = command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").output().unwrap();
    let said = stdout(&output);
    let mut plain = String::new();
    let mut rest = said.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let (numbers, after) = after.split_once('m').expect("a sequence has an end");
        // Red in the text of others is 31; ours are bold, bright or reset.
        assert!(numbers.chars().all(|letter| letter.is_ascii_digit() || letter == ';'), "{numbers:?}");
        assert_ne!(numbers, "31", "a color of others: {:?}", &after[..after.len().min(80)]);
        rest = after;
    }
    plain.push_str(rest);
    assert!(plain.len() < said.len(), "there are colors");
    harmless(&plain, "in colors");
}

#[test]
fn reports_of_what_is_sound_act_in_no_format() {
    let h = quoted(HOSTILE);
    let config = |data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, annotations: {{{h}: {h}}}}}\ndata: {{k: {data}}}\n"
        )
    };
    let custom = |name: &str, value: &str| {
        format!(
            "apiVersion: x.example/v1\nkind: {}\nmetadata: {{name: {name}, namespace: {h}}}\nspec: {{{h}: {value}, list: [{value}]}}\n",
            quoted("Odd\u{202e}##[group]")
        )
    };
    let spec = format!(
        "{HEAD}metadata: {{name: a}}\nparams: {{p: {h}}}\nworkloads: {{w: {{kind: Job, matrix: {{a: [x, y]}}, image: 'a:1', \
         env: {{A: '{{{{ params.p }}}}', B: {h}}}, annotations: {{n: {h}}}}}}}\nconfigMaps: {{c: {{data: {{k: {h}}}}}}}\n"
    );
    let more = quoted(&format!("{HOSTILE}\nmore"));
    let bench = Bench::with(&[
        ("old.yaml", &format!("{}---\n{}---\n{}", config(&h), custom("a", &h), custom("'::x::'", "1"))),
        ("new.yaml", &format!("{}---\n{}---\n{}", config(&more), custom("a", &more), custom(&h, "1"))),
        ("s.yaml", &spec),
    ]);
    let odd = if cfg!(unix) { "::add-mask::\u{202e}\u{1b}[31m##[group].yaml" } else { "t.yaml" };
    bench.write(odd, &spec.replace("kind: Job", "kind: CronJob, schedule: '0 * * * *'"));
    for format in ["human", "short", "markdown", "json", "html"] {
        for sides in [["old.yaml", "new.yaml"], ["new.yaml", "old.yaml"], ["s.yaml", odd]] {
            let output = bench.run(&["diff", sides[0], sides[1], "--format", format]);
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            harmless(&stdout(&output), &format!("diff {sides:?} as {format}"));
            harmless(&stderr(&output), format);
        }
    }
    for args in [
        &["plan", odd][..],
        &["plan", odd, "--output", "json"],
        &["explain", "Job/w-x", "s.yaml"],
        &["explain", "ConfigMap/c", odd],
        &["explain", "nothing\u{202e}/::x::", odd],
        &["explain", "::stop-commands::t\u{1b}[31m"],
        &["build", "s.yaml", "--set", "\u{1b}[31m::x::=1"],
        &["build", "s.yaml", "--profile", HOSTILE],
        &["build", HOSTILE],
        &["check", "s.yaml", "--deny", HOSTILE],
        &["build", "s.yaml", "-o", "::stop-commands::t\u{202e}/"],
        &["build", "s.yaml", "-o", "::stop-commands::t\u{202e}.yaml"],
        &["build", "s.yaml", "-o", "##[group]/", "--layout", "helm"],
        &["diff", HOSTILE, "s.yaml"],
        &["diff", "s.yaml", "git:\u{202e}::x::"],
        &["init", "##[group]\u{202e}.yaml"],
        &["init", "a.yaml", "--image", HOSTILE],
        &["integrate", "helm", "--specs", HOSTILE],
        &[HOSTILE],
        &["build", "--\u{1b}[31m\n::stop-commands::t"],
        &["build", "s.yaml", "--layout", HOSTILE],
        &["build", "s.yaml", "--kubernetes-version", HOSTILE],
        &["apply", "s.yaml", "--timeout", HOSTILE],
        &["apply", "s.yaml", "--kubeconfig", HOSTILE],
        &["apply", "s.yaml", "--recreate", HOSTILE],
        &["function", HOSTILE],
        &["completions", HOSTILE],
        &["man", "/dev/null/::x::\u{202e}"],
    ] {
        for colored in [false, true] {
            let mut command = bench.command(args);
            if colored {
                command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
            }
            let output = command.stdin(Stdio::null()).output().unwrap();
            let said = stdout(&output) + &stderr(&output);
            assert!(!said.is_empty(), "{args:?}");
            let said = if colored { without_colors(&said) } else { said };
            harmless(&said, &format!("{args:?}"));
        }
    }
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';').unwrap_or(0);
        assert!(part[end..].starts_with('m'), "no color: {part:?}");
        assert_ne!(&part[..end], "31", "a color of others: {part:?}");
        out.push_str(&part[end + 1..]);
    }
    out
}

#[test]
fn what_is_committed_is_shown_and_obeyed_by_nobody() {
    let spec = format!("{HEAD}metadata: {{name: a}}\nworkloads: {{w: {{kind: Job, image: 'a:1'}}}}\n");
    let bench = Bench::with(&[("s.yaml", &spec)]);
    bench.ok(&["build", "s.yaml", "-o", "out"]);
    bench.ok(&["build", "s.yaml", "-o", "one.yaml"]);
    let built = fs::read_to_string(bench.path("one.yaml")).unwrap();
    for (at, line) in
        HOSTILE.lines().chain(["::debug::x", "\t::group::x", "\u{a0}::x::", "\u{1b}[0m::x::y"]).enumerate()
    {
        for text in [
            format!("{line}\n{built}"),
            format!("{built}{line}\n"),
            built.replace("spec:\n", &format!("spec:\n{line}\n")),
        ] {
            // By turns: both ways of writing go the same way from here.
            let file = ["one.yaml", "out/batch_v1_job_w.yaml"][at % 2];
            fs::write(bench.path(file), &text).unwrap();
            let folder = file.split('/').next().unwrap();
            let said = bench.fails(1, &["build", "s.yaml", "-o", folder, "--check"]);
            assert!(said.contains("is stale"), "{said}");
            harmless(&said, &format!("line {at} of {file}"));
        }
    }
}

#[test]
fn names_of_files_in_the_folder_of_the_output_do_not_act() {
    let spec = format!("{HEAD}metadata: {{name: a}}\nworkloads: {{w: {{kind: Job, image: 'a:1'}}}}\n");
    let bench = Bench::with(&[("s.yaml", &spec)]);
    bench.ok(&["build", "s.yaml", "-o", "out"]);
    let index = fs::read_to_string(bench.path("out/.fanfold-files")).unwrap();
    let forged = format!("{index}{}  \u{1b}[31m\u{202e}##[group].yaml\n", "0".repeat(64));
    fs::write(bench.path("out/.fanfold-files"), forged).unwrap();
    bench.write("out/\u{1b}[31m\u{202e}##[group].yaml", "x");
    for args in [&["build", "s.yaml", "-o", "out", "--check"][..], &["build", "s.yaml", "-o", "out"]] {
        let output = bench.run(args);
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains(r"\u{202e}"), "{said}");
        harmless(&said, "the index");
    }
}

#[test]
fn what_is_built_means_the_same_and_hides_nothing() {
    let spec = format!("{HEAD}metadata: {{name: a}}\nconfigMaps: {{c: {{data: {{k: {}}}}}}}\n", quoted(HOSTILE));
    let bench = Bench::with(&[("s.yaml", &spec)]);
    for notation in ["yaml", "kyaml", "json"] {
        // JSON has no comments, and refuses to be asked for them.
        let provenance: &[&str] = if notation == "json" { &[] } else { &["--provenance"] };
        let built = bench.ok(&[&["build", "s.yaml", "--output", notation], provenance].concat());
        assert!(!built.chars().any(acts), "{built:?}");
        let read: Value = serde_yaml::from_str(&built).expect("YAML");
        let object = read["items"].get(0).unwrap_or(&read);
        assert_eq!(object["data"]["k"], HOSTILE, "{built}");
    }
}

#[test]
fn a_comment_shows_names_and_calls_nobody() {
    let name = "<img src=x onerror=a> </details> `b` ![i](https://evil.example/x) @everyone #1 www.evil.example **b**";
    let object = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{k: {}}}\n",
            quoted(name),
            quoted(value)
        )
    };
    let fence = "```\n</details>\n@everyone\n````\n";
    let bench = Bench::with(&[("old.yaml", &object("1")), ("new.yaml", &object(fence))]);
    let said = stdout(&bench.run(&["diff", "old.yaml", "new.yaml", "--format", "markdown"]));
    let (outside, inside) = said.split_once("\n`````diff\n").expect("a fence that is longer than any inside");
    assert!(inside.trim_end().ends_with("`````\n\n</details>"), "{said}");
    let own = ["<details open>", "<summary>", "</summary>", "<b>", "</b>", "<!-- fanfold diff -->"];
    let outside = own.iter().fold(outside.to_owned(), |text, own| text.replace(own, ""));
    for mark in ["<", "![", "](", "@everyone", "https://", "www.", "`"] {
        assert!(!outside.contains(mark), "{mark} in {outside}");
    }
    assert!(outside.contains("&#64;&#8203;everyone") && outside.contains("&#35;&#8203;1"), "{outside}");
    let page = stdout(&bench.run(&["diff", "old.yaml", "new.yaml", "--format", "html"]));
    assert!(!page.contains("<img"), "{page}");
}
