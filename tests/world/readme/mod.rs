//! Every example in the README is run: files are written as they stand there, commands print what it says.
//!
//! Commands may call git, kustomize, kubectl and Helm, which are the real ones: Helm 4, or Helm 3 below
//! `<!-- helm: 3 -->`. What stands between `<!-- recorded: COMMAND -->` and the end of the recording is what the command
//! writes, shown as GitHub shows it.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, feed};
use crate::reuse::programs;

const README: &str = include_str!("../../../README.md");

/// A fenced block, and the line above it.
struct Block {
    above: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = String::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("<!-- recorded: ").and_then(|rest| rest.strip_suffix(" -->")) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "<!-- end of the recording -->").collect();
            let text = format!("$ {command}\n{}\n", text.join("\n"));
            blocks.push(Block { above: line.to_owned(), language: "console".into(), text });
            continue;
        }
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block { above: above.clone(), language: language.to_owned(), text: text.join("\n") + "\n" });
        }
        line.clone_into(&mut above);
    }
    blocks
}

/// Whether a text fits an expectation in which a line `...` stands for any number of lines.
fn fits(expected: &str, found: &str) -> bool {
    let mut rest: Vec<&str> = found.lines().map(str::trim_end).collect();
    let mut open = false;
    for line in expected.lines().map(str::trim_end) {
        if line == "..." {
            open = true;
            continue;
        }
        let Some(at) = rest.iter().position(|candidate| *candidate == line) else { return false };
        if at > 0 && !open {
            return false;
        }
        rest.drain(..=at);
        open = false;
    }
    open || rest.is_empty()
}

/// Returns the commands of a block, each with what it prints.
fn sessions(block: &str) -> impl Iterator<Item = &str> {
    let commands = block.strip_prefix("$ ").unwrap_or_else(|| panic!("no command: {block}"));
    commands.split("\n$ ")
}

/// What an example may run.
const PROGRAMS: &[&str] = &["fanfold", "kustomize", "kubectl", "helm", "git", "sed", "mkdir", "ln"];

#[test]
fn examples_of_the_readme_do_what_it_says() {
    needs!(CONTROL_PLANE, HELM, KUSTOMIZE, GIT);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = Place::new();
    let copied = Command::new("cp").arg("-r").arg(root.join("specs")).arg(place.root()).status();
    assert!(copied.expect("cp runs").success());
    place.link("bin/kustomize", &programs::kustomize());
    place.link("bin/kubectl", &programs::kubectl());
    place.link("bin/helm", &programs::helm_of(4));
    place.link("helm-3/helm", &programs::helm_of(3));
    let mut commands = 0;
    for block in blocks() {
        let mark = |key: &str| block.above.strip_prefix(&format!("<!-- {key}: "))?.strip_suffix(" -->");
        match block.language.as_str() {
            "yaml" => {
                let name = mark("file").unwrap_or_else(|| panic!("a yaml block without a file name: {}", block.text));
                place.write(name, &block.text);
            }
            "console" => {
                for session in sessions(&block.text) {
                    let (command, expected) = session.split_once('\n').unwrap_or((session, ""));
                    let command = command.replace("cargo run -- ", "fanfold ");
                    for part in command.split(" | ") {
                        let program = part.split(' ').next().unwrap_or_default();
                        assert!(PROGRAMS.contains(&program), "no example runs `{program}`: {command}");
                    }
                    let mut shell = place.command("/bin/sh");
                    for who in ["AUTHOR", "COMMITTER"] {
                        shell
                            .env(format!("GIT_{who}_NAME"), "Reader")
                            .env(format!("GIT_{who}_EMAIL"), "reader@example.com");
                    }
                    if mark("helm") == Some("3") {
                        let bins = ["helm-3", "bin"].map(|name| place.path(name).display().to_string());
                        shell.env("PATH", format!("{}:/usr/bin:/bin", bins.join(":")));
                    }
                    let output = feed(shell.args(["-c", &command]), "");
                    let found = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
                    assert!(fits(expected, &found), "`{command}` printed:\n{found}\nthe README says:\n{expected}");
                    commands += 1;
                }
            }
            other => panic!("a block of an unknown language: `{other}`"),
        }
    }
    assert!(commands >= 10, "the README has examples");
}
