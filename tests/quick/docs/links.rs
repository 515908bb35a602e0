//! Links of the README, of the pages and of what is for contributors: the files and headings of this repository that they
//! name are there. Links among pages are checked by `make docs` as well.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::ROOT;
use crate::support::book;

/// Where readers of the book find files of the repository.
const REPOSITORY: &str = "https://github.com/fanfold/fanfold/blob/main/";

#[test]
fn links_lead_to_what_is_there() {
    let mut faults = Vec::new();
    let mut texts: Vec<(String, String)> =
        book::pages().into_iter().map(|page| (page.path.clone(), page.text())).collect();
    for name in ["CONTRIBUTING.md", "CHANGELOG.md", "docs/llms.txt"] {
        texts.push((name.to_owned(), fs::read_to_string(Path::new(ROOT).join(name)).expect("a text")));
    }
    let mut links = 0;
    for (path, text) in &texts {
        for link in links_of(text) {
            let (target, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = match target.strip_prefix(REPOSITORY) {
                Some(name) => Path::new(ROOT).join(name),
                None if target.contains("://") => continue,
                None if target.is_empty() => Path::new(ROOT).join(path),
                None => plain(&Path::new(ROOT).join(path).parent().expect("a folder").join(target)),
            };
            links += 1;
            if !file.exists() {
                faults.push(format!("{path}: nothing is at `{link}`"));
            } else if !heading.is_empty() && !headings(&file).iter().any(|known| known == heading) {
                faults.push(format!("{path}: no heading is at `{link}`"));
            }
        }
    }
    assert!(links > 50, "there are links");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns the targets of links outside of fenced blocks and of code.
fn links_of(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut links = Vec::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        for part in line.split("](").skip(1).filter(|_| !fenced) {
            links.extend(part.split_once(')').map(|(target, _)| target));
        }
    }
    links
}

/// Returns a path without `..`, since the folder before it may be a link.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
        plain
    })
}

/// Returns the anchors of a page, as `GitHub` and `MkDocs` make them of headings.
fn headings(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).expect("a page");
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if let Some(title) = line.strip_prefix('#').filter(|_| !fenced) {
            let title = title.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
            found.push(kept.collect::<String>().replace(' ', "-"));
        }
    }
    found
}
