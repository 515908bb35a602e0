//! The notation of label selectors: `disktype in (ssd, nvme)`, `zone = a`, `!spot`, `cores > 8`.
//!
//! A text enters, requirements leave, in the order written. What is refused says at which bytes of the text.

use std::ops::Range;

use smol_str::SmolStr;

use super::name::{label_key, label_value};

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The key of the label.
    pub key: SmolStr,
    /// What must hold of its value.
    pub operator: Operator,
    /// The values that the operator compares with; none for `Exists` and `DoesNotExist`, one for `Gt` and `Lt`.
    pub values: Vec<SmolStr>,
}

/// What must hold of the value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// It is one of the values.
    In,
    /// It is none of the values, or the label is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// It is a greater integer.
    Gt,
    /// It is a smaller integer.
    Lt,
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASelector {
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub reason: String,
}

impl Operator {
    /// All operators.
    pub const ALL: [Self; 6] = [Self::In, Self::NotIn, Self::Exists, Self::DoesNotExist, Self::Gt, Self::Lt];

    /// Returns the name that Kubernetes has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
        }
    }
}

impl Requirement {
    /// Reads a text that holds one requirement.
    pub fn parse(text: &str) -> Result<Self, NotASelector> {
        let mut reader = Reader::new(text);
        let requirement = reader.requirement()?;
        match reader.next() {
            None => Ok(requirement),
            Some(found) => Err(reader.refuse(found, "the end of the requirement")),
        }
    }

    /// Reads a text that holds requirements with commas between them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NotASelector> {
        let mut reader = Reader::new(text);
        let mut all = vec![reader.requirement()?];
        while let Some(found) = reader.next() {
            if reader.text(&found) != "," {
                return Err(reader.refuse(found, "`,` or the end of the selector"));
            }
            all.push(reader.requirement()?);
        }
        Ok(all)
    }
}

/// Cuts a text into words and signs.
struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    fn requirement(&mut self) -> Result<Requirement, NotASelector> {
        const OPERATOR: &str = "one of `in`, `notin`, `=`, `!=`, `>` and `<`";
        let first = self.next().ok_or_else(|| self.refuse_end("a label key"))?;
        if self.text(&first) == "!" {
            let key = self.next().ok_or_else(|| self.refuse_end("a label key"))?;
            return Ok(Requirement { key: self.key(key)?, operator: Operator::DoesNotExist, values: Vec::new() });
        }
        let key = self.key(first)?;
        let before = self.at;
        let Some(sign) = self.next() else {
            return Ok(Requirement { key, operator: Operator::Exists, values: Vec::new() });
        };
        let (operator, values) = match self.text(&sign) {
            "," => {
                self.at = before;
                (Operator::Exists, Vec::new())
            }
            "in" => (Operator::In, self.values()?),
            "notin" => (Operator::NotIn, self.values()?),
            "=" | "==" => (Operator::In, vec![self.value()?]),
            "!=" => (Operator::NotIn, vec![self.value()?]),
            ">" => (Operator::Gt, vec![self.integer()?]),
            "<" => (Operator::Lt, vec![self.integer()?]),
            _ => return Err(self.refuse(sign, OPERATOR)),
        };
        Ok(Requirement { key, operator, values })
    }

    fn key(&self, at: Range<usize>) -> Result<SmolStr, NotASelector> {
        let key = self.text(&at);
        match label_key(key) {
            Ok(()) => Ok(key.into()),
            Err(_) if is_sign(key) => Err(self.refuse(at, "a label key")),
            Err(reason) => Err(NotASelector { reason: format!("`{key}` is no label key: {reason}"), at }),
        }
    }

    /// Reads one value; the end of the requirement stands for an empty one.
    fn value(&mut self) -> Result<SmolStr, NotASelector> {
        let before = self.at;
        match self.next() {
            Some(found) if self.text(&found) != "," => self.checked(found),
            _ => {
                self.at = before;
                Ok(SmolStr::default())
            }
        }
    }

    fn checked(&self, at: Range<usize>) -> Result<SmolStr, NotASelector> {
        let value = self.text(&at);
        match label_value(value) {
            Ok(()) => Ok(value.into()),
            Err(_) if is_sign(value) => Err(self.refuse(at, "a value")),
            Err(reason) => Err(NotASelector { reason: format!("`{value}` is no label value: {reason}"), at }),
        }
    }

    fn integer(&mut self) -> Result<SmolStr, NotASelector> {
        let at = self.next().ok_or_else(|| self.refuse_end("an integer"))?;
        // Labels hold no sign, and the scheduler compares nothing but integers.
        match self.text(&at).parse::<i64>() {
            Ok(_) => self.checked(at),
            Err(_) => Err(self.refuse(at, "an integer")),
        }
    }

    fn values(&mut self) -> Result<Vec<SmolStr>, NotASelector> {
        let open = self.next().ok_or_else(|| self.refuse_end("`(`"))?;
        if self.text(&open) != "(" {
            return Err(self.refuse(open, "`(` before the values"));
        }
        let mut values = Vec::new();
        loop {
            let value = self.next().ok_or_else(|| self.refuse_end("a value"))?;
            values.push(self.checked(value)?);
            let after = self.next().ok_or_else(|| self.refuse_end("`,` or `)`"))?;
            match self.text(&after) {
                "," => {}
                ")" => return Ok(values),
                _ => return Err(self.refuse(after, "`,` or `)`")),
            }
        }
    }

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.source[self.at..];
        let start = self.at + (rest.len() - rest.trim_start().len());
        let rest = &self.source[start..];
        let first = rest.chars().next()?;
        let length = match first {
            _ if rest.starts_with("==") || rest.starts_with("!=") => 2,
            '(' | ')' | ',' | '!' | '=' | '<' | '>' => 1,
            _ => rest.find(|c: char| c.is_whitespace() || "(),!=<>".contains(c)).unwrap_or(rest.len()),
        };
        self.at = start + length;
        Some(start..self.at)
    }

    fn text(&self, at: &Range<usize>) -> &'a str {
        &self.source[at.clone()]
    }

    fn refuse(&self, at: Range<usize>, expected: &str) -> NotASelector {
        NotASelector { reason: format!("expected {expected}, found `{}`", self.text(&at)), at }
    }

    fn refuse_end(&self, expected: &str) -> NotASelector {
        NotASelector {
            at: self.source.len()..self.source.len(),
            reason: format!("expected {expected}, found the end of the text"),
        }
    }
}

fn is_sign(text: &str) -> bool {
    matches!(text, "(" | ")" | "," | "!" | "=" | "==" | "!=" | "<" | ">")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Requirement::parse_all(text) {
            Ok(all) => all
                .iter()
                .map(|one| format!("{} {} {}", one.key, one.operator.as_str(), one.values.join("|")))
                .collect::<Vec<_>>()
                .join("; "),
            Err(refused) => format!("{:?} {}", refused.at, refused.reason),
        }
    }

    #[test]
    fn every_operator_is_read() {
        assert_eq!(read("disktype in (ssd, nvme)"), "disktype In ssd|nvme");
        assert_eq!(read("disktype notin(ssd,nvme)"), "disktype NotIn ssd|nvme");
        assert_eq!(read("topology.kubernetes.io/zone = a"), "topology.kubernetes.io/zone In a");
        assert_eq!(read("zone==a"), "zone In a");
        assert_eq!(read("zone!=a"), "zone NotIn a");
        assert_eq!(read("gpu"), "gpu Exists ");
        assert_eq!(read("!gpu"), "gpu DoesNotExist ");
        assert_eq!(read("! gpu"), "gpu DoesNotExist ");
        assert_eq!(read("cores > 8"), "cores Gt 8");
        assert_eq!(read("cores<8"), "cores Lt 8");
        assert_eq!(read("zone="), "zone In ");
        assert_eq!(read("in in (in)"), "in In in");
        assert_eq!(read("gpu, zone in (a), !spot"), "gpu Exists ; zone In a; spot DoesNotExist ");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        assert_eq!(read(""), "0..0 expected a label key, found the end of the text");
        assert_eq!(read("zone in a"), "8..9 expected `(` before the values, found `a`");
        assert_eq!(read("zone in (a"), "10..10 expected `,` or `)`, found the end of the text");
        assert_eq!(read("zone in ()"), "9..10 expected a value, found `)`");
        assert_eq!(read("cores > many"), "8..12 expected an integer, found `many`");
        assert_eq!(read("zone a"), "5..6 expected one of `in`, `notin`, `=`, `!=`, `>` and `<`, found `a`");
        assert_eq!(read("zone = a b"), "9..10 expected `,` or the end of the selector, found `b`");
        assert!(read("zo*ne = a").starts_with("0..5 `zo*ne` is no label key: "));
        assert!(read("zone = a/b").starts_with("7..10 `a/b` is no label value: "));
        assert!(Requirement::parse("a, b").is_err());
    }
}
