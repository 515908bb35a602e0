//! Every format over one handful of findings, and every excerpt over texts that are hard to show.

use crate::support::golden::snapshot;
use fanfold::diagnostic::{Code, Diagnostic, Diagnostics, Format, Severity, Style, render};
use fanfold::text::{FileId, Origin, Sources};
use proptest::prelude::*;

pub(super) const PLAIN: Style = Style { color: false, width: 100 };
const FORMATS: [Format; 6] =
    [Format::Human, Format::Short, Format::Json, Format::Sarif, Format::Github, Format::Gitlab];

const SHOP: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
workloads:
  web:
    kind: Deployment
    replcas: 3
    image: nginx:1.27
    env: {MODE: yes, MODE: no}
    ports: {http: 80,
            http: 81}
";
const MORE: &str = "workloads:\n  # größe, 大きさ\n\tweb: \"日本語\"\n";

/// Returns the range of the nth occurrence of a text.
pub(super) fn find(sources: &Sources, file: FileId, text: &str, nth: usize) -> Origin {
    let source = &sources.file(file).expect("the file was added").text;
    let (at, found) = source.match_indices(text).nth(nth).expect("the text occurs");
    Origin::new(file, at, at + found.len())
}

/// Returns a handful of findings that use all that a finding can hold.
pub(super) fn handful() -> (Sources, Diagnostics) {
    let mut sources = Sources::default();
    let shop = sources.add("shop.yaml", SHOP);
    let more = sources.add("dir a/more,100%.yaml", MORE);
    let at = |text, nth| find(&sources, shop, text, nth);
    let findings = [
        Diagnostic::new(Code::UnknownField, at("replcas", 0), "no field `replcas` in a Deployment")
            .help("did you mean `replicas`?")
            .fix(at("replcas", 0), "replicas")
            .subject("Deployment shop/web", "spec.replcas"),
        Diagnostic::new(
            Code::InvalidValue,
            at("nginx:1.27", 0),
            "expected an image from `registry.example`, found `nginx:1.27`",
        )
        .label("this one")
        .help("push it there first")
        .help("or change the rule"),
        Diagnostic::new(Code::DuplicateKey, at("MODE", 1), "the key `MODE` stands twice in one mapping")
            .label("again here")
            .also(at("MODE", 0), "first here")
            .also(find(&sources, more, "web", 0), "and elsewhere"),
        Diagnostic::new(Code::DuplicateKey, at("http", 1), "the key `http` stands twice in one mapping"),
        Diagnostic::new(Code::DeprecatedApi, find(&sources, more, "\"日本語\"", 0), "50% of this, is:\nold"),
        Diagnostic {
            count: 1000,
            ..Diagnostic::new(Code::UnknownCustomKind, at("web:\n", 0), "no definition of `web`")
        }
        .subject("Web shop/web-1", ""),
        Diagnostic::new(Code::UnreadableFile, Origin::NOWHERE, "cannot read `gone.yaml`: no such file"),
    ];
    (sources, findings.into_iter().collect())
}

fn golden(name: &str, text: &str) {
    snapshot("diagnostic", name, text);
}

fn show(name: &str, format: Format) {
    let (sources, findings) = handful();
    let text = render(&findings, &sources, format, PLAIN);
    golden(name, &text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn people_see_excerpts_with_carets_and_ways_out() {
    show("human", Format::Human);
}

#[test]
fn a_line_a_finding() {
    show("short", Format::Short);
}

#[test]
fn an_object_a_finding() {
    show("json", Format::Json);
}

#[test]
fn sarif() {
    show("sarif", Format::Sarif);
}

#[test]
fn github_annotations() {
    show("github", Format::Github);
}

#[test]
fn gitlab_code_quality() {
    show("gitlab", Format::Gitlab);
}

#[test]
fn nothing_found_is_nothing_to_read() {
    let none = Diagnostics::new();
    for format in [Format::Human, Format::Short, Format::Json, Format::Github] {
        assert_eq!(render(&none, &Sources::default(), format, PLAIN), "");
    }
    assert_eq!(render(&none, &Sources::default(), Format::Gitlab, PLAIN), "[]\n");
}

#[test]
fn hard_lines_stay_readable() {
    let mut sources = Sources::default();
    let long =
        format!("{{{}\"wrong\": 1, {}\"last\": 2}}", "\"key\": 1, ".repeat(50_000), "\"key\": 1, ".repeat(50_000));
    let long = sources.add("long.json", long);
    let dos = sources.add("dos.yaml", "a: 1\r\n\tb: 2\r\nc: |\r\n  line\r\n  line\r\nend: ");
    let wide = sources.add("wide.yaml", "名前: 値段\nemoji: 👩‍💻 x\n");
    let empty = sources.add("empty.yaml", "");
    let code = Code::InvalidYaml;
    let many = (0..9).fold(
        Diagnostic::new(code, find(&sources, long, "wrong", 0), "found `wrong`").label("here"),
        |finding, nth| finding.also(find(&sources, long, "key", nth * 1000), "and here"),
    );
    let findings: Diagnostics = [
        many,
        Diagnostic::new(code, find(&sources, long, "last", 0), "found `last`")
            .also(find(&sources, long, "wrong", 0), "before"),
        Diagnostic::new(code, Origin::new(long, 0, 1_000_000), "everything is wrong"),
        Diagnostic::new(code, find(&sources, dos, "b", 0), "a tab"),
        Diagnostic::new(code, find(&sources, dos, "|\r\n  line\r\n  line", 0), "several lines"),
        Diagnostic::new(code, Origin::new(dos, 1000, 1000), "the end"),
        Diagnostic::new(code, find(&sources, wide, "値段", 0), "wide").label("値"),
        Diagnostic::new(code, find(&sources, wide, "x", 0), "after an emoji"),
        Diagnostic::new(code, Origin::new(empty, 0, 0), "nothing"),
        Diagnostic::new(code, find(&sources, dos, "end", 0), "\u{1b}[31mred\u{202e}").help("\u{1b}[0m"),
    ]
    .into_iter()
    .collect();
    let text = render(&findings, &sources, Format::Human, PLAIN);
    assert!(text.lines().all(|line| line.chars().count() < 300), "a line floods the terminal");
    assert!(!text.contains('\u{1b}'), "a message writes to the terminal by itself");
    golden("human-hard-lines", &text);
}

#[test]
fn secrets_are_shown_in_no_format() {
    let mut sources = Sources::default();
    let text = "data:\n  password: \"hunter22\"\n  key: |\n    first-line\n    second-line\n  user: me\n";
    let file = sources.add("secret.yaml", text);
    let password = find(&sources, file, "\"hunter22\"", 0);
    let key = find(&sources, file, "|\n    first-line\n    second-line", 0);
    sources.hide(password);
    sources.hide(key);
    let findings: Diagnostics = [
        Diagnostic::new(Code::InvalidValue, password, "expected base64, found `hunter22`")
            .label("`hunter22` is none")
            .also(key, "beside `second-line`")
            .help("encode `hunter22`")
            .fix(password, "aHVudGVyMjI="),
        Diagnostic::new(Code::InvalidValue, key, "expected base64, found `first-line`"),
        Diagnostic::new(Code::UnknownField, find(&sources, file, "key", 0), "no field `key`"),
        Diagnostic::new(Code::UnknownField, find(&sources, file, "password", 0), "no field `password`")
            .also(find(&sources, file, "user", 0), "here it ends"),
    ]
    .into_iter()
    .collect();
    for format in FORMATS {
        let text = render(&findings, &sources, format, PLAIN);
        for secret in ["hunter22", "first-line", "second-line", "aHVudGVyMjI="] {
            assert!(!text.contains(secret), "{format:?} shows `{secret}`:\n{text}");
        }
    }
    golden("human-secret", &render(&findings, &sources, Format::Human, PLAIN));
}

#[test]
fn github_gets_ten_annotations_of_a_severity() {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", "x\n".repeat(30));
    let finding = |line: usize| {
        let severity = if line.is_multiple_of(2) { Severity::Warning } else { Severity::Error };
        Diagnostic::new(Code::InvalidValue, Origin::new(file, line * 2, line * 2 + 1), "wrong").severity(severity)
    };
    let text = render(&(0..30).map(finding).collect(), &sources, Format::Github, PLAIN);
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert_eq!(text.lines().filter(|line| line.starts_with("::warning ")).count(), 10);
    assert_eq!(text.lines().filter(|line| line.starts_with("a.yaml:")).count(), 10);
    assert!(text.starts_with("::error "));
}

#[test]
fn colors_change_nothing_but_the_colors() {
    let (sources, findings) = handful();
    let colored = render(&findings, &sources, Format::Human, Style { color: true, ..PLAIN });
    assert!(colored.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_eq!(plain, render(&findings, &sources, Format::Human, PLAIN));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the text and wherever the spans: no renderer panics, and no hidden text is shown.
    #[test]
    fn no_span_makes_a_renderer_panic(
        text in "([a-z: ]|\\n|\\r\\n|\\t|é|日|👩|\\r|#){0,60}|[a-z]{0,3}x{150,400}日{0,90}\\n?",
        spans in prop::collection::vec((0u32..500, 0u32..500), 1..5),
        hidden in prop::collection::vec((0u32..100, 0u32..100), 0..3),
        fix in prop::option::of((0u32..100, 0u32..100, "[a-z日\\n]{0,5}")),
    ) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        for (start, end) in hidden {
            sources.hide(Origin { file, start, end });
        }
        let origins: Vec<Origin> = spans.into_iter().map(|(start, end)| Origin { file, start, end }).collect();
        let mut finding = Diagnostic::new(Code::InvalidYaml, origins[0], "wrong").label("here").help("mend it");
        for origin in &origins[1..] {
            finding = finding.also(*origin, "there");
        }
        if let Some((start, end, replacement)) = fix {
            finding = finding.fix(Origin { file, start, end }, replacement);
        }
        let findings: Diagnostics = [finding].into_iter().collect();
        for format in FORMATS {
            let shown = render(&findings, &sources, format, Style { color: false, width: 20 });
            prop_assert!(shown.ends_with('\n'));
        }
    }
}
