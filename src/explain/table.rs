//! What is said of one thing, as lines in columns.

use std::fmt::Write as _;

/// A title, facts by name, and a list of parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// What it is about.
    pub title: String,
    /// Facts: a name and a text, which may have several lines.
    pub rows: Vec<(&'static str, String)>,
    /// What the parts are: `fields`.
    pub heading: &'static str,
    /// The parts: a name and a text.
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

    /// Returns it as text for a terminal: titles stand at the start of their lines, all else is indented.
    pub fn plain(&self) -> String {
        let mut out = format!("{}\n", self.title);
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, text) in &self.rows {
            for (at, line) in text.lines().enumerate() {
                let _ = writeln!(out, "  {:width$}  {line}", if at == 0 { name } else { "" });
            }
        }
        if !self.parts.is_empty() {
            let _ = write!(out, "\n{}\n", self.heading);
            let width = self.parts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, text) in &self.parts {
                let _ = writeln!(out, "{}", format!("  {name:width$}  {text}").trim_end());
            }
        }
        out
    }
}
