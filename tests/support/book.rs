//! The README and the pages of the book below `docs`: their examples are run as they stand there.
//!
//! A page has a folder of its own, with a copy of `specs`. A block below `<!-- file: NAME -->` is written there. A `console`
//! block runs its commands, and what they print is what it shows: a line `...` stands for any number of lines, and `...` in a
//! line for any part of it. A `yaml` block without a name is a batch that compiles, or a part of one, below
//! `<!-- part: batch -->` or `<!-- part: Deployment -->`. What a reader does not see is in comments:
//! `<!-- set up: COMMAND -->` and `<!-- files of: PAGE -->`. What stands between `<!-- recorded: COMMAND -->` and the end of the
//! recording is what the command writes, as Markdown. An output with errors needs `<!-- fails -->` above its block.
//! `<!-- not run: REASON -->` exempts one block. Of generated pages the consoles alone are tried.
//!
//! `UPDATE_GOLDEN=1` writes anew what shows no `...`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::place::{Place, feed};
use crate::support::golden::is_updating;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const END: &str = "<!-- end of the recording -->";
/// Marks a page whose commands reach a cluster.
const CLUSTER: &str = "cluster";
/// What may stand above a block.
const MARKS: &[&str] = &["file: ", "part: ", "not run: ", "helm: ", "fails"];
/// What examples may run where nothing but git is needed.
const PLAIN: &[&str] = &["fanfold", "git", "sed", "mkdir", "cat", "cp", "ls", "rm", "head", "grep", "sh", "true"];
/// What the others may run.
const WORLDLY: &[&str] = &["kustomize", "kubectl", "helm", "ln"];

/// A page: its path in the repository, and its lines.
pub(crate) struct Page {
    pub(crate) path: String,
    lines: Vec<String>,
}

/// A part of a page that is tried.
enum Step {
    /// A file to write.
    File { name: String, text: String },
    /// The files of another page.
    FilesOf(String),
    /// A command that is not shown.
    SetUp(String),
    /// A command with the lines that show what it prints.
    Session { command: String, shown: (usize, usize), helm: Option<String>, fails: bool },
    /// A part of a batch, of `batch` or a workload of some kind.
    Part { of: String, text: String, line: usize },
}

/// Returns the README and the pages of the book, sorted.
pub(crate) fn pages() -> Vec<Page> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("docs is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    let mut found = vec![Path::new(ROOT).join("README.md")];
    walk(&Path::new(ROOT).join("docs"), &mut found);
    found.sort();
    found.iter().map(|path| Page::read(path)).collect()
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(ROOT).expect("a page of the repository").to_string_lossy().replace('\\', "/");
        Self { path: name, lines: text.lines().map(str::to_owned).collect() }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// Returns what a file of the page holds.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        self.steps().into_iter().find_map(|step| match step {
            Step::File { name: found, text } if found == name => Some(text),
            _ => None,
        })
    }

    /// Whether a program of others, or a cluster, is needed.
    pub(crate) fn needs_the_world(&self) -> bool {
        self.needs_a_cluster()
            || self.steps().iter().any(|step| match step {
                Step::Session { command, .. } | Step::SetUp(command) => {
                    programs(command).iter().any(|program| WORLDLY.contains(&program.as_str()))
                }
                _ => false,
            })
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.lines.first().is_some_and(|line| line.starts_with("<!-- Generated from "))
    }

    pub(crate) fn needs_a_cluster(&self) -> bool {
        self.lines.contains(&format!("<!-- {CLUSTER} -->"))
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut marks: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < self.lines.len() {
            let line = self.lines[at].as_str();
            assert!(
                !line.trim_start().starts_with("```") || line.starts_with("```"),
                "{}: an indented block",
                self.at(at)
            );
            if let Some(mark) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                if let Some(command) = mark.strip_prefix("recorded: ") {
                    let end = self.find(at, END);
                    let shown = (at + 1, end);
                    steps.push(Step::Session { command: command.into(), shown, helm: None, fails: false });
                    at = end;
                } else if let Some(command) = mark.strip_prefix("set up: ") {
                    steps.push(Step::SetUp(command.into()));
                } else if let Some(page) = mark.strip_prefix("files of: ") {
                    steps.push(Step::FilesOf(page.into()));
                } else if mark != CLUSTER {
                    marks.push(mark);
                }
            } else if let Some(language) = line.strip_prefix("```") {
                let end = self.find(at, "```");
                self.block(language, at + 1, end, &marks, &mut steps);
                marks.clear();
                at = end;
            } else {
                marks.clear();
            }
            at += 1;
        }
        steps
    }

    fn block(&self, language: &str, from: usize, to: usize, marks: &[&str], steps: &mut Vec<Step>) {
        let is_known = |mark: &&str| MARKS.iter().any(|known| mark.starts_with(known));
        assert!(marks.iter().all(is_known), "{}: unknown among {marks:?}", self.at(from));
        let mark = |key: &str| marks.iter().find_map(|mark| mark.strip_prefix(key)?.strip_prefix(": "));
        let text = || self.lines[from..to].iter().map(|line| format!("{line}\n")).collect::<String>();
        if mark("not run").is_some() {
            return;
        }
        if let Some(name) = mark("file") {
            return steps.push(Step::File { name: name.into(), text: text() });
        }
        match language.split(' ').next().unwrap_or_default() {
            "console" => {
                let starts: Vec<usize> = (from..to).filter(|at| self.lines[*at].starts_with("$ ")).collect();
                assert_eq!(starts.first(), Some(&from), "{}: a console begins with a command", self.at(from));
                for (number, start) in starts.iter().enumerate() {
                    let end = starts.get(number + 1).copied().unwrap_or(to);
                    let command = self.lines[*start][2..].replace("cargo run -- ", "fanfold ");
                    steps.push(Step::Session {
                        command,
                        shown: (start + 1, end),
                        helm: mark("helm").map(str::to_owned),
                        fails: marks.contains(&"fails"),
                    });
                }
            }
            // Their other blocks are of the code, which has tests.
            "yaml" if self.is_generated() => {}
            "yaml" => steps.push(Step::Part { of: mark("part").unwrap_or_default().into(), text: text(), line: from }),
            "sh" | "bash" => panic!("{}: commands are shown as `console`, and run", self.at(from)),
            _ => {}
        }
    }

    fn find(&self, from: usize, end: &str) -> usize {
        let end_of = (from + 1..self.lines.len()).find(|at| self.lines[*at] == end);
        end_of.unwrap_or_else(|| panic!("{}: no `{end}` follows", self.at(from)))
    }

    fn at(&self, line: usize) -> String {
        format!("{}:{}", self.path, line + 1)
    }

    /// Tries the examples; returns what is wrong. The function dresses a command for the world that it runs in.
    pub(crate) fn run(&self, place: &Place, dress: impl Fn(&mut Command, Option<&str>)) -> Vec<String> {
        let copied = Command::new("cp").arg("-r").arg(Path::new(ROOT).join("specs")).arg(place.root()).status();
        assert!(copied.expect("cp runs").success());
        let shell = |command: &str, helm: Option<&str>| {
            for program in programs(command) {
                let known = [PLAIN, WORLDLY].concat().contains(&program.as_str());
                assert!(known, "{}: no example runs `{program}`", self.path);
            }
            let mut shell = place.command("/bin/sh");
            for who in ["AUTHOR", "COMMITTER"] {
                shell.env(format!("GIT_{who}_NAME"), "Reader").env(format!("GIT_{who}_EMAIL"), "reader@example.com");
            }
            dress(&mut shell, helm);
            // What a terminal shows is in the order in which it was written.
            feed(shell.args(["-c", &format!("exec 2>&1\n{command}")]), "")
        };
        let mut faults = Vec::new();
        let mut anew = Vec::new();
        for step in self.steps() {
            match step {
                Step::File { name, text } => place.write(&name, &text),
                Step::FilesOf(page) => {
                    for step in Page::read(&Path::new(ROOT).join(page)).steps() {
                        if let Step::File { name, text } = step {
                            place.write(&name, &text);
                        }
                    }
                }
                Step::SetUp(command) => {
                    let output = shell(&command, None);
                    if !output.status.success() {
                        faults.push(format!("{}: `{command}` failed:\n{}", self.path, printed(&output)));
                    }
                }
                Step::Session { command, shown, helm, fails } => {
                    let found = printed(&shell(&command, helm.as_deref()));
                    if !fails && found.lines().any(is_error) {
                        faults.push(format!(
                            "{}: `{command}` fails, which `<!-- fails -->` allows:\n{found}",
                            self.at(shown.0 - 1)
                        ));
                        continue;
                    }
                    let expected = &self.lines[shown.0..shown.1];
                    if fits(expected, &found) {
                        continue;
                    }
                    if is_updating() && !expected.iter().any(|line| line.contains("...")) {
                        anew.push((shown, found));
                        continue;
                    }
                    let expected = expected.join("\n");
                    let at = self.at(shown.0 - 1);
                    faults.push(format!("{at}: `{command}` printed:\n{found}\nthe page shows:\n{expected}\n"));
                }
                Step::Part { of, text, line } => {
                    place.write("part.yaml", &whole(&of, &text));
                    let output = shell("fanfold build part.yaml", None);
                    if !output.status.success() {
                        faults.push(format!("{}: does not compile:\n{}", self.at(line), printed(&output)));
                    }
                }
            }
        }
        self.rewrite(anew);
        faults
    }

    fn rewrite(&self, anew: Vec<((usize, usize), String)>) {
        if anew.is_empty() {
            return;
        }
        let mut lines = self.lines.clone();
        for ((from, to), found) in anew.into_iter().rev() {
            lines.splice(from..to, found.lines().map(|line| line.trim_end().to_owned()));
        }
        fs::write(Path::new(ROOT).join(&self.path), lines.join("\n") + "\n").expect("the page is written");
    }
}

/// Whether a line of an output is an error of Fanfold's, in any format of findings that examples use.
fn is_error(line: &str) -> bool {
    line.starts_with("error[") || line.contains(": error[") || line.contains(r#""severity":"error""#)
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Returns the programs of a command line; what is quoted is none.
fn programs(command: &str) -> Vec<String> {
    let plain: String = command.split('\'').step_by(2).collect();
    let parts = plain.split(" | ").flat_map(|part| part.split(" && ")).flat_map(|part| part.split("; "));
    parts.map(|part| part.trim().split(' ').next().unwrap_or_default().to_owned()).collect()
}

/// Returns the batch that a block is, or is a part of.
fn whole(of: &str, text: &str) -> String {
    let has = |key: &str| text.lines().any(|line| line.starts_with(&format!("{key}:")));
    let mut batch = String::new();
    if !has("apiVersion") {
        batch += "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: part}\n";
    }
    if of.is_empty() || of == "batch" {
        return batch + text;
    }
    batch += "workloads:\n  web:\n";
    if !has("kind") {
        batch += &format!("    kind: {of}\n");
    }
    if !has("image") && !has("template") {
        batch += "    image: nginx:1.27\n";
    }
    text.lines().fold(batch, |batch, line| batch + "    " + line + "\n")
}

/// Whether a text fits lines in which `...` stands for any number of lines, or for any part of its line.
fn fits(expected: &[String], found: &str) -> bool {
    let found: Vec<&str> = found.lines().map(str::trim_end).collect();
    let parts: Vec<&[String]> = expected.split(|line| line == "...").collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return found.is_empty() };
    if parts.len() == 1 {
        return same(first, &found);
    }
    let Some(middle) = found.len().checked_sub(last.len()).filter(|end| first.len() <= *end) else { return false };
    if !same(first, &found[..first.len()]) || !same(last, &found[middle..]) {
        return false;
    }
    let mut rest = &found[first.len()..middle];
    for part in parts[1..parts.len() - 1].iter().filter(|part| !part.is_empty()) {
        let Some(at) = rest.windows(part.len()).position(|lines| same(part, lines)) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn same(expected: &[String], found: &[&str]) -> bool {
    let line = |(expected, found): (&String, &&str)| match expected.trim_end().split_once("...") {
        Some((before, after)) => {
            found.len() >= before.len() + after.len() && found.starts_with(before) && found.ends_with(after)
        }
        None => expected.trim_end() == *found,
    };
    expected.len() == found.len() && expected.iter().zip(found).all(line)
}

#[test]
fn three_dots_stand_for_any_lines() {
    let fits = |expected: &str, found: &str| fits(&expected.lines().map(str::to_owned).collect::<Vec<_>>(), found);
    assert!(fits("a\n...\nb\nc\n...", "a\nx\nb\ny\nb\nc\nd\n"));
    assert!(fits("...", ""));
    assert!(!fits("a\n...\nc", "a\nb\n"));
    assert!(!fits("a\n...\na", "a\n"));
    assert!(!fits("a", "a\nb\n"));
    assert!(fits("done in ...s\n...", "done in 3s\nb\n"));
    assert!(!fits("done in ...s", "done in 3m\n"));
}
