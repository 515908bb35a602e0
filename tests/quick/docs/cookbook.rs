//! A page for each spec of `specs`: what it shows, the spec itself, the files beside it, and one object of each kind that it
//! makes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fanfold::emit::{Output, Stream};

use crate::examples::{Case, cases, files};

/// So many lines of an object, or of a file beside a spec, are shown.
const LINES: usize = 60;

pub(super) fn pages() -> Vec<(String, String)> {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.given.is_empty()).collect();
    let mut index = super::head("Cookbook", "specs/");
    index += "Whole specs for whole jobs. They are in the folder `specs` of the repository, and its tests compile each of them.\n\n\
              | spec | shows |\n|---|---|\n";
    let mut pages = Vec::new();
    for case in &cases {
        let name = stem(case);
        let (about, _) = parts(case);
        let _ = writeln!(index, "| [`{name}`]({name}.md) | {about} |");
        pages.push((format!("docs/cookbook/{name}.md"), page(case)));
    }
    pages.push(("docs/cookbook/index.md".to_owned(), index));
    pages
}

/// Returns the titles and names of the pages, in their order in the navigation.
pub(super) fn names() -> Vec<(String, String)> {
    cases().iter().filter(|case| case.given.is_empty()).map(|case| (title(case), stem(case))).collect()
}

/// Returns the first words of what a spec shows.
fn title(case: &Case) -> String {
    let (about, _) = parts(case);
    about.split([':', ',', ';', '(', '.']).next().unwrap_or_default().trim().to_owned()
}

fn stem(case: &Case) -> String {
    Path::new(&case.spec).file_stem().expect("a name").to_string_lossy().into_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(super::ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns what a spec shows, as its first comment says, and the rest of it.
fn parts(case: &Case) -> (String, String) {
    let text = read(&case.spec);
    let comment: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let body = text.lines().skip(comment.len()).collect::<Vec<_>>().join("\n");
    let about = comment.iter().filter(|line| !line.starts_with("# golden: ")).map(|line| line.trim_start_matches("# "));
    (about.collect::<Vec<_>>().join(" "), body)
}

fn page(case: &Case) -> String {
    let name = stem(case);
    let (about, spec) = parts(case);
    let mut out = super::head(&title(case), &case.spec);
    let _ = write!(out, "{about}\n\n```yaml title=\"{}\"\n{spec}\n```\n", case.spec);
    for (name, text) in beside(&name, &spec) {
        let ending = name.rsplit('.').next().unwrap_or_default();
        let language = if ["csv", "j2", "txt"].contains(&ending) { "text" } else { ending };
        let _ = write!(out, "\n```{language} title=\"specs/{name}\"\n{}\n```\n", cut(&text, LINES));
    }
    let variants: Vec<String> = cases()
        .iter()
        .filter(|other| other.spec == case.spec && !other.given.is_empty())
        .map(|other| format!("`fanfold {}`", other.arguments().join(" ")))
        .collect();
    let compilation = case.compile(&files());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut shown = String::from("...\n");
    for object in compilation.objects() {
        let count = counts.entry(object.key.kind.clone().to_string()).or_default();
        *count += 1;
        // What a Secret holds is not shown anywhere.
        if *count > 1 || object.key.kind == "Secret" {
            continue;
        }
        let mut stream = Stream::new(Vec::new(), Output::Yaml);
        stream.push(&object.node, None).expect("memory takes everything");
        let text = String::from_utf8(stream.finish().expect("memory takes everything")).expect("UTF-8");
        let text = format!("---\n{}", text.trim_start_matches("---\n"));
        let _ = write!(shown, "{}\n...\n", cut(text.trim_end(), LINES));
    }
    let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let _ = write!(
        out,
        "\nIt makes {}. One of each kind:\n\n```console\n$ fanfold build {}\n{}```\n",
        counts.join(", "),
        case.spec,
        shown.replace("...\n...\n", "...\n")
    );
    if !variants.is_empty() {
        let _ = write!(out, "\nOther forms of it: {}.\n", variants.join(", "));
    }
    out
}

/// Returns the files that a spec names, with what they hold.
fn beside(name: &str, spec: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(super::ROOT).join("specs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of specs") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(Path::new(super::ROOT).join("specs")).expect("below specs");
            let file = file.to_string_lossy().replace('\\', "/");
            let folder_of_it = file.starts_with(&format!("{name}/"));
            if file.contains('/') && (folder_of_it || spec.contains(&file)) {
                found.push((file, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found.sort();
    found
}

/// Returns the first lines of a text, with `...` where more follows.
fn cut(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    if all.len() <= lines { all.join("\n") } else { format!("{}\n...", all[..lines].join("\n")) }
}
