//! A code in; the page that says what it means, why it matters, and what wrong and right look like out.
//!
//! A page is Markdown of one fixed shape: a sentence, then the sections What, Why, Wrong and Right. The examples are
//! inputs of their own: tests compile each Wrong and expect its code, and each Right and expect nothing. What only a look
//! into a cluster finds has a section Cluster before them, with what is there; where it matters, with the manager that
//! wrote it. What the server finds, tests apply to a server.

use std::fmt::Write as _;

use super::Code;

/// The page of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code that it explains.
    pub code: Code,
    /// What it means, in one sentence.
    pub summary: &'static str,
    /// What was found, and where it can come from.
    pub what: &'static str,
    /// Why it is refused or warned of.
    pub why: &'static str,
    /// What the cluster has that the inputs are held against; nothing where none is needed.
    pub cluster: Vec<Example>,
    /// Inputs that have the finding.
    pub wrong: Vec<Example>,
    /// The same inputs, mended.
    pub right: Vec<Example>,
    /// The page as it is written, in Markdown.
    pub markdown: &'static str,
}

/// A file of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// What the text is: `yaml` for an input, `csv` and others for files beside it, `text` for what is only described.
    pub language: &'static str,
    /// The name of the file, where the input refers to it.
    pub file: Option<&'static str>,
    /// The flags of the command line that it is compiled or applied with.
    pub flags: Vec<&'static str>,
    /// Who wrote it, where it is in a cluster.
    pub manager: Option<&'static str>,
    /// What it holds.
    pub text: &'static str,
}

/// Returns the page of a code.
pub fn explanation(code: Code) -> Page {
    let markdown = code.page();
    let body = |title: &str| section(markdown, title);
    Page {
        code,
        summary: markdown.lines().next().unwrap_or_default().trim(),
        what: body("What"),
        why: body("Why"),
        cluster: examples(body("Cluster")),
        wrong: examples(body("Wrong")),
        right: examples(body("Right")),
        markdown,
    }
}

impl Page {
    /// Returns the page as text for a terminal: the code with its severity, then the sections.
    pub fn plain(&self) -> String {
        let severity = self.code.severity();
        let allowable = if self.code.is_allowable() { ", can be allowed" } else { "" };
        let mut out = format!("{} ({}{allowable})\n\n{}\n", self.code, severity.as_str(), self.summary);
        for (title, text) in [("What", self.what), ("Why", self.why)] {
            let _ = write!(out, "\n{title}\n{}\n", indented(text));
        }
        let with_cluster = (!self.cluster.is_empty()).then_some("Cluster");
        for title in with_cluster.into_iter().chain(["Wrong", "Right"]) {
            let _ = write!(out, "\n{title}\n{}\n", unfenced(section(self.markdown, title)));
        }
        out
    }
}

/// Returns the text below a `## title`, up to the next one.
fn section(markdown: &'static str, title: &str) -> &'static str {
    let mut fenced = false;
    let mut found: Option<usize> = None;
    let mut at = 0;
    for line in markdown.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix("## ").filter(|_| !fenced) {
            if let Some(start) = found {
                return markdown[start..at].trim();
            }
            found = (heading.trim() == title).then_some(at + line.len());
        }
        at += line.len();
    }
    found.map_or("", |start| markdown[start..].trim())
}

/// Returns the fenced blocks of a section.
fn examples(section: &'static str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut open: Option<(&'static str, usize)> = None;
    let mut at = 0;
    for line in section.split_inclusive('\n') {
        if let Some(info) = line.trim_end().strip_prefix("```") {
            match open.take() {
                None => open = Some((info, at + line.len())),
                Some((info, start)) => examples.push(example(info, &section[start..at])),
            }
        }
        at += line.len();
    }
    examples
}

fn example(info: &'static str, text: &'static str) -> Example {
    let attribute = |name: &str| {
        let start = info.find(&format!("{name}=\""))? + name.len() + 2;
        let length = info[start..].find('"')?;
        Some(&info[start..start + length])
    };
    Example {
        language: info.split_whitespace().next().unwrap_or_default(),
        file: attribute("file"),
        flags: attribute("flags").map(|flags| flags.split_whitespace().collect()).unwrap_or_default(),
        manager: attribute("manager"),
        text,
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("  {line}") })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns a section with its fenced blocks set off by indentation alone.
fn unfenced(section: &str) -> String {
    let mut lines = Vec::new();
    let mut fenced = false;
    for line in section.lines() {
        if let Some(info) = line.strip_prefix("```") {
            fenced = !fenced;
            let beside = info.split_once(' ').map(|(_, beside)| format!("  # {beside}"));
            lines.extend(beside.filter(|_| fenced));
        } else if line.is_empty() {
            lines.push(String::new());
        } else {
            lines.push(format!("{}{line}", if fenced { "    " } else { "  " }));
        }
    }
    lines.join("\n")
}
