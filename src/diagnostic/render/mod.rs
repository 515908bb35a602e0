//! Findings in the formats that people and programs read.

use super::Diagnostics;
use crate::source::Sources;

/// A format for findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: excerpt, caret, reason, way out.
    #[default]
    Human,
    /// One line each: `file:line:column: severity[code]: message`.
    Short,
    /// One JSON object a line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub workflow commands.
    Github,
    /// GitLab code quality.
    Gitlab,
}

/// How text for people is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

/// Returns the findings as text.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, _format: Format, _style: Style) -> String {
    let mut out = String::new();
    for d in diagnostics.iter() {
        if let Some((name, place)) = sources.place(d.origin) {
            out.push_str(&format!("{name}:{}:{}: ", place.line, place.column));
        }
        out.push_str(&format!("{}[{}]: {}\n", d.severity.as_str(), d.code, d.message));
        for h in &d.help {
            out.push_str(&format!("  help: {h}\n"));
        }
    }
    out
}
