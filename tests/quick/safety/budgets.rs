//! A small input takes little time and memory, and ends with a finding; never in a panic, an abort or a signal.
//!
//! Time is that of the processor, since the machine may be busy, and generous, since the binary is a slow one here: what is
//! not linear takes minutes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::{Bench, stderr, stdout};
use crate::pace::{self, size};

/// No run may work longer, in seconds.
const MOST_WORK: &str = "20";
/// No run may wait longer: a pipe or a device that is read takes no work.
const LONGEST: Duration = Duration::from_secs(300);
/// No run may take more address space, in KiB: a quarter of it is the stacks of threads.
const MOST_MEMORY: &str = "3000000";

pub(super) const HEAD: &str = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: a}\n";

/// Runs the command in the time and memory that it may take.
pub(crate) fn run(bench: &Bench, args: &[&str], stdin: Option<&str>) -> Output {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -v {MOST_MEMORY}; ulimit -t {MOST_WORK}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_fanfold"));
    command.args(args).current_dir(bench.path(".")).env_clear().env("NO_COLOR", "1");
    command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
    let text = stdin.map(str::to_owned);
    let pipe = child.stdin.take();
    let writing = thread::spawn(move || {
        if let (Some(mut pipe), Some(text)) = (pipe, text) {
            // Who refuses the input need not read all of it.
            let _ = pipe.write_all(text.as_bytes());
        }
    });
    let started = Instant::now();
    let id = child.id();
    let watching = thread::spawn(move || child.wait_with_output());
    while !watching.is_finished() && started.elapsed() < LONGEST {
        thread::sleep(Duration::from_millis(10));
    }
    if !watching.is_finished() {
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
    }
    let output = watching.join().expect("a watch").expect("an output");
    writing.join().expect("a writer");
    assert!(output.status.code().is_some(), "{args:?} took too long, or was ended by a signal: {}", told(&output));
    assert!([0, 1, 2, 3].contains(&output.status.code().unwrap_or(-1)), "{args:?}: {}", told(&output));
    output
}

pub(crate) fn told(output: &Output) -> String {
    (stderr(output) + &stdout(output)).chars().take(4000).collect()
}

/// Checks a spec, which must be refused with a text.
pub(super) fn refused(spec: &str, with: &str) {
    let bench = Bench::with(&[("spec.yaml", spec)]);
    let output = run(&bench, &["check", "spec.yaml"], None);
    assert_eq!(output.status.code(), Some(1), "{with}: {}", told(&output));
    let all = stdout(&output);
    assert!(all.contains(with), "expected `{with}` in {}", told(&output));
}

/// Returns a spec with a workload, whose environment has one value.
fn with_value(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    format!("{HEAD}workloads: {{w: {{kind: Deployment, image: nginx, env: {{V: '{quoted}'}}}}}}\n")
}

pub(super) fn with_workload(fields: &str) -> String {
    format!("{HEAD}workloads:\n  w:\n    kind: Deployment\n    image: nginx\n{fields}")
}

#[test]
fn expressions_are_bounded_before_they_are_parsed() {
    let cases = [
        (format!("{{{{ {} }}}}", vec!["1"; 30_000].join("+")), "more than 250 operators"),
        (format!("{{{{ '{}'|upper }}}}", "x".repeat(20_000)), "longer than 10000 bytes"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(200), ")".repeat(200)), "brackets nest more than 40 deep"),
        (format!("{{{{ {}1{} }}}}", "[".repeat(200), "]".repeat(200)), "brackets nest more than 40 deep"),
        (format!("{{{{ {}true }}}}", "not ".repeat(2_000)), "more than 250 operators"),
        (format!("{{{{ 1 {}1 }}}}", "- ".repeat(4_000)), "more than 250 operators"),
        (format!("{{{{ 'a'{} }}}}", "|upper".repeat(1_000)), "more than 250 operators"),
        (format!("{{{{ params[0]{} }}}}", ".a".repeat(4_000)), "more than 250 operators"),
        (format!("{{{{ {} }}}}", vec!["a"; 100_000].join(".")), "no variable `a`"),
        (format!("{}x{}", "{% if true %}".repeat(400), "{% endif %}".repeat(400)), "statements nest more than 40 deep"),
        (format!("{}{}", "{% for x in [1] %}".repeat(99), "{% endfor %}".repeat(99)), "statements nest more than 40"),
        (
            format!("{{% if true %}}{}{{% endif %}}", "{% elif true %}".repeat(9_000)),
            "statements nest more than 40 deep",
        ),
        ("{{ [1] * 99999999 }}".to_owned(), "cannot be repeated"),
        ("{{ 9 * ([1] + [2]) }}".to_owned(), "cannot be repeated"),
    ];
    for (value, with) in cases {
        refused(&with_value(&value), with);
    }
}

#[test]
fn expressions_make_no_more_than_they_have_steps_for() {
    let doubled =
        |step: &str| format!("{{% set ns = namespace(l=[1]) %}}{{% for i in range(90) %}}{step}{{% endfor %}}");
    let steps = "more than 200,000 steps";
    let cases = [
        (doubled("{% set ns.l = ns.l + ns.l %}"), steps),
        (doubled("{% set ns.l = [ns.l, ns.l] %}"), steps),
        (doubled("{% set ns.l = {'a': ns.l, 'b': ns.l} %}"), steps),
        (doubled("{% set ns.l = ns.l|chain(ns.l) %}"), steps),
        (doubled("{% set ns.l = ns.l * 9 %}"), steps),
        (doubled("{% set ns.l = [ns.l] %}"), "nests more than 64 deep"),
        (doubled("{% set ns.l = ns %}"), "a namespace cannot stand inside of another value"),
        (format!("{}{{{{ a|tojson }}}}", "{% set a = [1] %}".to_owned() + &"{% set a = a + a %}".repeat(60)), steps),
        ("{% macro m(x) %}{{ m(x + x) }}{% endmacro %}{{ m([1]) }}".to_owned(), ""),
        ("{% for x in [1] recursive %}{{ loop([x, x]) }}{% endfor %}".to_owned(), ""),
        ("{{ [1,2]|tojson(indent=10000000000) }}".to_owned(), "indents by at most 32"),
        ("{{ 'x' * 10**9 }}".to_owned(), ""),
        ("{{ range(10**9)|list }}".to_owned(), ""),
        ("{{ range(100000)|join('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') }}".to_owned(), steps),
        ("{{ ('x' * 100000)|replace('x', 'y' * 100000) }}".to_owned(), steps),
        ("{{ 'a\\nb'|indent(9999999999) }}".to_owned(), ""),
        ("{{ [1]|batch(9999999999, 0)|list }}".to_owned(), ""),
        ("{{ [1]|slice(9999999999)|list }}".to_owned(), ""),
        ("{{ '%99999999999d'|format(1) }}".to_owned(), ""),
    ];
    for (value, with) in cases {
        refused(&with_value(&value), with);
    }
}

#[test]
fn expressions_still_do_what_they_should() {
    let value = "{% set ns = namespace(l=[], n=0) %}{% for x in params.list %}{% set ns.l = ns.l + [x ~ '!'] %}\
                 {% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.l|join(',') }}/{{ ns.n }}/{{ ns.l == ['a!', 'b!'] }}/\
                 {{ 'a!' in ns.l }}/{{ 1 < ns.n < 9 }}/{{ [1]|chain([2])|join('+') }}/{{ {'k': [1]}|tojson }}/\
                 {% if ns.n > 2 and not ns.l is undefined %}yes{% elif ns.n %}no{% else %}never{% endif %}/\
                 {% macro m(x, y=2) %}{{ x * y }}{% endmacro %}{{ m(3) }}{{ m(3, y=3) }}";
    let spec = with_value(value).replace("workloads:", "params: {list: [a, b]}\nworkloads:");
    let bench = Bench::with(&[("spec.yaml", &spec)]);
    let built = bench.ok(&["build", "spec.yaml"]);
    assert!(built.contains("a!,b!/3/true/true/true/1+2/{\"k\": [1]}/yes/69"), "{built}");
}

#[test]
fn trees_are_no_deeper_than_a_walk_can_go() {
    let spec = with_value("x") + &format!("---\n{}1{}\n", "[".repeat(5_000), "]".repeat(5_000));
    refused(&spec, "invalid-yaml");
    let block: String = (0..2_000).fold(String::new(), |mut text, depth| {
        let _ = writeln!(text, "{}a:", " ".repeat(depth));
        text
    });
    refused(&block, "invalid-yaml");
    let mut aliases = String::from("a0: &a0 {x: 1}\n");
    for at in 1..1_000 {
        let _ = writeln!(aliases, "a{at}: &a{at} {{x: *a{}}}", at - 1);
    }
    refused(&aliases, "nests more than 200 deep");
}

#[test]
fn patches_make_no_object_that_cannot_be() {
    let copies = |count: usize| {
        let copy = |at: usize| format!("{{op: copy, from: /metadata, path: /metadata/c{at}}}");
        let copies: Vec<String> = (0..count).map(copy).collect();
        format!("{HEAD}patchJSON6902: {{ConfigMap: [{}]}}\nconfigMaps: {{c: {{a: b}}}}\n", copies.join(", "))
    };
    refused(&copies(40), "larger than 500,000 nodes, or deeper than 200");
    let mut deep = String::new();
    let mut path = String::from("/data");
    for _ in 0..300 {
        path.push_str("/a");
        let _ = write!(deep, "{{op: add, path: {path}, value: {{}}}}, ");
    }
    let spec = format!("{HEAD}patchJSON6902: {{ConfigMap: [{deep}]}}\n");
    let bench = Bench::with(&[("spec.yaml", &spec)]);
    let rendered = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {}\n";
    let output = run(&bench, &["post-render", "--spec", "spec.yaml"], Some(rendered));
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("deeper than 200"), "{}", told(&output));
}

#[test]
fn patterns_of_paths_are_bounded() {
    let nested = format!("{}b{}", "{a,".repeat(150), "}".repeat(150));
    refused(&format!("{HEAD}manifests: ['{nested}']\n"), "braces nest at most 10 deep");
    refused(&format!("{HEAD}manifests: ['{}']\n", "{a,b}".repeat(1_000)), "a pattern of at most 1000 bytes");
}

#[cfg(unix)]
#[test]
fn only_files_are_read_and_only_so_much_of_them() {
    let bench = Bench::with(&[("spec.yaml", &with_value("x"))]);
    let made = Command::new("mkfifo").arg(bench.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    for path in ["/dev/zero", "pipe"] {
        let spec = |fields: &str| format!("{HEAD}{fields}\n").replace("PATH", path);
        bench.write("files.yaml", &spec("configMaps: {c: {files: [PATH]}}"));
        bench.write("rows.yaml", &spec("workloads: {w: {kind: Pod, image: a, matrix: {rows: PATH}}}"));
        bench.write("manifests.yaml", &spec("manifests: [PATH]"));
        let runs: [&[&str]; 6] = [
            &["check", path],
            &["check", "files.yaml", "--allow-path", "/dev"],
            &["check", "rows.yaml", "--allow-path", "/dev"],
            &["check", "manifests.yaml", "--allow-path", "/dev"],
            &["build", "spec.yaml", "--params", path],
            &["plan", "spec.yaml", "--against", "cluster", "--kubeconfig", path],
        ];
        for args in runs {
            let output = run(&bench, args, None);
            assert_ne!(output.status.code(), Some(0), "{args:?}: {}", told(&output));
            assert!(told(&output).contains(", and no file"), "{args:?}: {}", told(&output));
        }
    }
    let piped = run(&bench, &["build", "/dev/stdin"], Some(&with_value("piped")));
    assert!(stdout(&piped).contains("piped"), "{}", told(&piped));
}

#[test]
fn a_diff_makes_no_more_instances_than_it_may() {
    let range = "{from: 0, to: 4999}";
    let spec = with_workload(&format!("    matrix: {{a: {range}, b: {range}}}\n"));
    let bench = Bench::with(&[("old.yaml", &with_value("x")), ("new.yaml", &spec)]);
    let output = run(&bench, &["diff", "old.yaml", "new.yaml"], None);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("too-many-instances"), "{}", told(&output));
    let few = with_workload("    instances: 9\n");
    bench.write("few.yaml", &few);
    let output = run(&bench, &["diff", "old.yaml", "few.yaml", "--max-instances", "8"], None);
    assert!(told(&output).contains("`--max-instances 9` allows them"), "{}", told(&output));
}

#[test]
fn a_matrix_is_filtered_in_the_time_that_its_size_asks_for() {
    let values = |count: usize| (0..count).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", ");
    let entries = |count: usize| (0..count).map(|at| format!("{{a: v{at}}}")).collect::<Vec<_>>().join(", ");
    let fields = format!("    matrix: {{a: [{}], exclude: [{}]}}\n", values(1_500), entries(1_500));
    refused(&with_workload(&fields), "the matrix has no instances");
    let overrides: Vec<String> = (0..300).map(|at| format!("{{match: {{a: v{at}}}, replicas: 2}}")).collect();
    let fields =
        format!("    matrix: {{a: [{}]}}\n    overrides: [{}]\n    nope: 1\n", values(300), overrides.join(", "));
    refused(&with_workload(&fields), "`nope`");
    let axes: Vec<String> = (0..20_000).map(|at| format!("x{at}: [1]")).collect();
    let fields = format!("    matrix: {{{}, y: {{to: 9000}}}}\n", axes.join(", "));
    refused(&with_workload(&fields), "values each");
    let fields = "    matrix: {a: {to: 2000}, b: {to: 2000}, where: index > 0}\n";
    refused(&with_workload(fields), "may be looked at");
    let columns = (0..5_000).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
    let rows = format!("{columns}\n{}\n", vec!["\"a\"\"b\""; 5_000].join(","));
    let bench = Bench::with(&[("rows.csv", &rows), ("spec.yaml", &with_workload("    matrix: {rows: rows.csv}\n"))]);
    run(&bench, &["check", "spec.yaml"], None);
}

#[test]
fn large_mappings_take_linear_time() {
    let keys = |count: usize, value: &str| {
        (0..count).fold(String::new(), |mut text, at| {
            let _ = writeln!(text, "    k{at}: {value}");
            text
        })
    };
    let env = with_workload(&format!("    env:\n{}", keys(3_000, "\"{{ name }}\"").replace("    k", "      k")));
    let bench = Bench::with(&[("spec.yaml", &env)]);
    let output = run(&bench, &["build", "spec.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let twice = format!("a:\n{}{}", keys(size(30_000), "1"), keys(size(30_000), "2"));
    refused(&twice, "duplicate-key");
}

#[test]
fn findings_are_counted_where_nobody_reads_them_all() {
    let fields: String = (0..6_000).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "    nope{at}: 1");
        text
    });
    let bench = Bench::with(&[("spec.yaml", &with_workload(&fields))]);
    let mut sizes = Vec::new();
    let formats = ["human", "json", "short", "sarif", "github", "gitlab"];
    for format in &formats[..if pace::is_quick() { 2 } else { formats.len() }] {
        let output = run(&bench, &["check", "spec.yaml", "--format", format], None);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", told(&output));
        let all = stdout(&output);
        sizes.push(all.len());
        // Programs are told more than a person is.
        let more = if *format == "human" { "5,800" } else { "1,000" };
        assert!(all.contains(&format!("and {more} more of `unknown-field`")), "{format}: {}", told(&output));
        if *format == "human" {
            assert!(
                all.ends_with("6,000 errors; `--format short` tells each in a line\n"),
                "{}",
                &all[all.len() - 200..]
            );
        }
    }
    assert!(sizes[0] < 1_000_000 && sizes.iter().all(|size| *size < 5_000_000), "{sizes:?}");
}

#[test]
fn a_message_is_no_longer_than_anybody_reads() {
    let long = "x".repeat(300_000);
    let spec = with_workload(&format!("    \"{long}\": 1\n"));
    let bench = Bench::with(&[("spec.yaml", &spec)]);
    for format in ["human", "json", "sarif"] {
        let output = run(&bench, &["check", "spec.yaml", "--format", format], None);
        assert_eq!(output.status.code(), Some(1));
        assert!(stdout(&output).len() < 20_000, "{format}: {}", stdout(&output).len());
    }
    let named = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {long}}}\nspec: {{a: 1, b: 2, c: 3}}\n");
    let bench = Bench::with(&[("pod.yaml", &named)]);
    let output = run(&bench, &["check", "pod.yaml"], None);
    assert!(stdout(&output).len() < 20_000, "{}", stdout(&output).len());
}

#[test]
fn a_near_word_is_not_looked_for_among_all_pairs() {
    let params: Vec<String> = (0..500).map(|at| format!("parameter{at}: 1")).collect();
    let reads: Vec<String> = (0..500).map(|at| format!("E{at}: \"{{{{ params.paramete{at} }}}}\"")).collect();
    let spec = format!(
        "{HEAD}params: {{{}}}\nworkloads: {{w: {{kind: Pod, image: a, env: {{{}}}}}}}\n",
        params.join(", "),
        reads.join(", ")
    );
    refused(&spec, "did you mean `parameter");
}

#[test]
fn allow_comments_are_read_once() {
    let comments = "# fanfold: allow(deprecated-api) because\n".repeat(5_000);
    let bench = Bench::with(&[("a.yaml", &(comments + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"))]);
    let output = run(&bench, &["check", "a.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}
