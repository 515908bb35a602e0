//! The record of what the server makes of expressions: read here, compared in `quick`, written in `world`.
//!
//! An expression stands on a line, `1.34> ` in front of it for an older minor; the line below says what the server makes of
//! it. Where Fanfold makes another thing of it, a third line says what, and why that is so.

use std::fmt;

/// The variables that expressions read, all without a type.
pub(crate) const VARIABLES: &str = include_str!("../quick/cel/variables.json");
/// The record.
pub(crate) const RECORD: &str = "tests/quick/cel/expressions.txt";

/// What comes of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Value { shown: String, cost: u64 },
    Refused,
    Fails,
}

/// An expression, and what comes of it.
pub(crate) struct Record {
    /// The comments above it.
    pub(crate) above: String,
    pub(crate) minor: u32,
    pub(crate) text: String,
    pub(crate) server: Outcome,
    /// What Fanfold makes of it, where that is another thing, and why.
    pub(crate) ours: Option<Outcome>,
    pub(crate) reason: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { shown, cost } => write!(f, "= {shown}  costs {cost}"),
            Self::Refused => f.write_str("is refused"),
            Self::Fails => f.write_str("fails"),
        }
    }
}

impl Outcome {
    fn parse(text: &str) -> Self {
        match text {
            "is refused" => Self::Refused,
            "fails" => Self::Fails,
            _ => {
                let parts = text.strip_prefix("= ").and_then(|value| value.rsplit_once("  costs "));
                let (shown, cost) = parts.unwrap_or_else(|| panic!("`{text}` is no outcome"));
                Self::Value { shown: shown.to_owned(), cost: cost.parse().expect("a cost") }
            }
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.above)?;
        if self.minor != NEWEST {
            write!(f, "1.{}> ", self.minor)?;
        }
        writeln!(f, "{}\n    {}", self.text, self.server)?;
        if let Some(ours) = &self.ours {
            writeln!(f, "    here {ours}  since {}", self.reason)?;
        }
        Ok(())
    }
}

/// The minor of expressions that name none.
const NEWEST: u32 = 37;

/// Reads the record.
pub(crate) fn read_record() -> Vec<Record> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD);
    let text = std::fs::read_to_string(&path).expect("the record of expressions");
    let mut records: Vec<Record> = Vec::new();
    let mut above = String::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with("# ") {
            above += line;
            above += "\n";
        } else if let Some(ours) = line.strip_prefix("    here ") {
            let last = records.last_mut().expect("an expression");
            let (ours, reason) = ours.split_once("  since ").expect("a reason");
            (last.ours, last.reason) = (Some(Outcome::parse(ours)), reason.to_owned());
        } else if let Some(server) = line.strip_prefix("    ") {
            records.last_mut().expect("an expression").server = Outcome::parse(server);
        } else {
            let old = line.strip_prefix("1.").and_then(|rest| rest.split_once("> "));
            let old = old.and_then(|(minor, text)| Some((minor.parse().ok()?, text)));
            let (minor, text) = old.unwrap_or((NEWEST, line));
            let above = std::mem::take(&mut above);
            let (text, server) = (text.to_owned(), Outcome::Refused);
            records.push(Record { above, minor, text, server, ours: None, reason: String::new() });
        }
    }
    records
}
