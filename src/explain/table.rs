//! What is said of one thing, as lines in columns.

use std::fmt::Write as _;

/// A title, facts by name, and lists of parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// What it is about.
    pub title: String,
    /// Facts: a name and a text, which may have several lines.
    pub rows: Vec<(&'static str, String)>,
    /// Lists of what it has: fields, keys.
    pub lists: Vec<List>,
}

/// A heading, and parts: a name and a text each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// What the parts are: `fields`.
    pub heading: &'static str,
    /// The parts.
    pub parts: Vec<(String, String)>,
}

impl Topic {
    /// Returns an empty topic.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a fact; none where the text is empty.
    #[must_use]
    pub fn row(mut self, name: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.rows.push((name, text));
        }
        self
    }

    /// Adds a list; none where it would be empty.
    #[must_use]
    pub fn list(mut self, heading: &'static str, parts: Vec<(String, String)>) -> Self {
        if !parts.is_empty() {
            self.lists.push(List { heading, parts });
        }
        self
    }

    /// Returns it as text for a terminal: titles stand at the start of their lines, all else is indented.
    pub fn plain(&self) -> String {
        let mut out = format!("{}\n", self.title);
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, text) in &self.rows {
            for (at, line) in text.lines().enumerate() {
                let _ = writeln!(out, "  {:width$}  {line}", if at == 0 { name } else { "" });
            }
        }
        for List { heading, parts } in &self.lists {
            let _ = write!(out, "\n{heading}\n");
            let width = parts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, text) in parts {
                let _ = writeln!(out, "{}", format!("  {name:width$}  {text}").trim_end());
            }
        }
        out
    }
}
