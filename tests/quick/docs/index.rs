//! What leads to the pages: the cookbook's part of the navigation, and the list of all pages for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{ROOT, cookbook};

const NAVIGATION: &str = "mkdocs.yml";
const BEGIN: &str = "      # The pages of specs: written by the tests.\n";
const END: &str = "      # The end of them.\n";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the configuration of the book, where the cookbook has the pages of all specs.
pub(super) fn navigation() -> (&'static str, String) {
    let text = read(NAVIGATION);
    let (before, rest) = text.split_once(BEGIN).expect("mkdocs.yml has a mark where the cookbook begins");
    let (_, after) = rest.split_once(END).expect("mkdocs.yml has a mark where the cookbook ends");
    let pages: String =
        cookbook::names().iter().map(|(title, name)| format!("      - {title}: cookbook/{name}.md\n")).collect();
    (NAVIGATION, format!("{before}{BEGIN}{pages}{END}{after}"))
}

/// Returns the list of pages in the notation of <https://llmstxt.org>.
pub(super) fn for_programs() -> (&'static str, String) {
    let (_, navigation) = navigation();
    let entries = navigation.split("\nnav:\n").nth(1).expect("mkdocs.yml has a navigation");
    let mut out = String::from("# Fanfold\n\n> ");
    let _ = writeln!(out, "{}", first_sentence("docs/index.md"));
    out += "\nWrite specs with [Specs written by programs](programs.md), which is short and complete. Check each with `fanfold check\n\
            FILE --format json`, and read a finding with `fanfold explain CODE`.\n";
    for line in entries.lines().take_while(|line| line.starts_with(' ') || line.is_empty()) {
        let Some(entry) = line.trim_start().strip_prefix("- ") else { continue };
        match entry.split_once(": ") {
            Some((title, page)) => {
                if out.ends_with("JSON`.\n") || !out.contains("\n## ") {
                    out += "\n## Begin\n\n";
                }
                let _ = writeln!(out, "- [{title}]({page}): {}", first_sentence(&format!("docs/{page}")));
            }
            None => {
                let _ = write!(out, "\n## {}\n\n", entry.trim_end_matches(':'));
            }
        }
    }
    ("docs/llms.txt", out)
}

/// Returns the first sentence of a page, without its links.
fn first_sentence(page: &str) -> String {
    let text = read(page);
    let is_prose =
        |line: &&str| !line.is_empty() && !line.starts_with(['#', '<', '!', '|']) && !line.starts_with("```");
    let paragraph: Vec<&str> =
        text.lines().skip_while(|line| !is_prose(line)).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
    let mut out = String::new();
    let mut rest = &paragraph[..end];
    while let Some((before, after)) = rest.split_once('[') {
        let Some((label, behind)) = after.split_once("](") else { break };
        let Some((_, behind)) = behind.split_once(')') else { break };
        out += before;
        out += label;
        rest = behind;
    }
    out + rest
}
