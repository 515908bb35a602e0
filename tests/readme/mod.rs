//! Every example in the README is run: files are written as they stand there, commands print what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

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

#[test]
fn examples_of_the_readme_do_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = |from: &str| {
        let status = Command::new("cp").arg("-r").arg(root.join(from)).arg(folder.path()).status();
        assert!(status.expect("cp runs").success());
    };
    copy("specs");
    let mut commands = 0;
    for block in blocks() {
        match block.language.as_str() {
            "yaml" => {
                let name = block.above.strip_prefix("<!-- file: ").and_then(|name| name.strip_suffix(" -->"));
                let name = name.unwrap_or_else(|| panic!("a yaml block without a file name: {}", block.text));
                fs::write(folder.path().join(name), &block.text).expect("the example is written");
            }
            "console" => {
                for session in block.text.split("$ ").skip(1) {
                    let (command, expected) = session.split_once('\n').expect("a command is a line");
                    let words = command.replace("cargo run --release -- ", "fanfold ");
                    let words: Vec<&str> = words.split_whitespace().collect();
                    assert_eq!(words[0], "fanfold", "only fanfold runs in examples: {command}");
                    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
                        .args(&words[1..])
                        .current_dir(folder.path())
                        .env("NO_COLOR", "1")
                        .output()
                        .expect("the binary runs");
                    let found = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
                    assert!(fits(expected, &found), "`{command}` printed:\n{found}\nthe README says:\n{expected}");
                    commands += 1;
                }
            }
            other => panic!("a block of an unknown language: `{other}`"),
        }
    }
    assert!(commands >= 3, "the README has examples");
}

#[test]
fn the_readme_names_every_own_key() {
    use fanfold::spec::keys;
    for key in [keys::BATCH, keys::FAN_OUT, keys::WORKLOAD].iter().flat_map(|table| table.iter()) {
        assert!(README.contains(&format!("`{}", key.name)), "the README does not name `{}`", key.name);
    }
}
