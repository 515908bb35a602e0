//! Findings in; those that count out, after `# fanfold: allow(…)` comments, `--allow` and `--deny`, in that order.
//!
//! A comment at the end of a line allows on that line; one on a line of its own allows on the next line that holds
//! more than a comment. It names codes and a reason, and one that allows nothing is a finding itself, so that no
//! exception outlives its cause.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Edit, Fix, Severity, did_you_mean};
use crate::limits;
use crate::read::comments_with;
use crate::text::{FileId, Origin, SourceFile, Sources};

/// What a comment must hold to be read at all.
const MARK: &str = "fanfold:";

/// What `--deny` and `--allow` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Findings of these codes are errors.
    pub deny: Vec<Code>,
    /// Warnings are errors: `--deny warnings`.
    pub deny_warnings: bool,
    /// Findings of these codes are left out, where their codes can be allowed.
    pub allow: Vec<Code>,
}

/// Why `--deny` and `--allow` cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A word that is no code.
    UnknownCode {
        /// The word.
        word: String,
        /// The code that was most likely meant.
        meant: Option<Code>,
    },
    /// A code without which there is nothing to go on with.
    NotAllowable(Code),
    /// A code that is both denied and allowed.
    Contradiction(Code),
}

impl Policy {
    /// Reads the words of `--deny` and `--allow`.
    pub fn parse(deny: &[String], allow: &[String]) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for word in deny {
            match word.as_str() {
                "warnings" => policy.deny_warnings = true,
                word => policy.deny.push(code(word)?),
            }
        }
        for word in allow {
            let code = code(word)?;
            if !code.is_allowable() {
                return Err(PolicyError::NotAllowable(code));
            }
            if policy.deny.contains(&code) {
                return Err(PolicyError::Contradiction(code));
            }
            policy.allow.push(code);
        }
        Ok(policy)
    }

    /// Returns the findings that count.
    ///
    /// Advice, and comments that allow nothing, are reported only where no error is left: an error keeps later stages from
    /// finding what a comment may be for.
    pub fn apply(&self, diagnostics: Diagnostics, sources: &Sources) -> Diagnostics {
        let mut found = Diagnostics::new();
        let mut comments = Comments::read(sources, &mut found);
        let mut kept: Vec<Diagnostic> =
            diagnostics.into_iter().filter(|finding| !comments.allow(finding, sources)).collect();
        if kept.iter().any(|finding| finding.severity == Severity::Error) {
            // Advice is for what works.
            kept.retain(|finding| !finding.code.is_advice());
        } else {
            kept.extend(comments.unused());
        }
        kept.into_iter()
            .chain(found)
            .filter_map(|finding| self.judge(finding))
            .collect::<Diagnostics>()
            .told(limits::FINDINGS_TOLD)
    }

    /// Returns those that count of what is found after [`Policy::apply`], which has judged the comments themselves.
    pub fn apply_later(&self, diagnostics: Diagnostics, sources: &Sources) -> Diagnostics {
        let mut comments = Comments::read(sources, &mut Diagnostics::new());
        let kept = diagnostics.into_iter().filter(|finding| !comments.allow(finding, sources));
        kept.filter_map(|finding| self.judge(finding)).collect::<Diagnostics>().told(limits::FINDINGS_TOLD)
    }

    fn judge(&self, finding: Diagnostic) -> Option<Diagnostic> {
        if self.allow.contains(&finding.code) && finding.code.is_allowable() {
            return None;
        }
        let denied = self.deny.contains(&finding.code) || (self.deny_warnings && finding.severity == Severity::Warning);
        Some(if denied { finding.severity(Severity::Error) } else { finding })
    }
}

fn code(word: &str) -> Result<Code, PolicyError> {
    Code::from_name(word)
        .ok_or_else(|| PolicyError::UnknownCode { word: word.to_owned(), meant: meant(word).and_then(Code::from_name) })
}

fn meant(word: &str) -> Option<&'static str> {
    did_you_mean(word, Code::ALL.iter().map(|code| code.name()))
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCode { word, meant: Some(code) } => {
                write!(f, "no code is named `{word}`: did you mean `{code}`?")
            }
            Self::UnknownCode { word, meant: None } => write!(f, "no code is named `{word}`"),
            Self::NotAllowable(code) => write!(f, "`{code}` cannot be allowed: there is no output without mending it"),
            Self::Contradiction(code) => write!(f, "`{code}` is both denied and allowed"),
        }
    }
}

impl std::error::Error for PolicyError {}

/// The codes that comments allow, by place.
#[derive(Default)]
struct Comments {
    allowed: BTreeMap<(FileId, usize, Code), Allowed>,
    /// Those that a later comment says again.
    repeated: Vec<((FileId, usize, Code), Allowed)>,
}

/// A code in a comment.
struct Allowed {
    origin: Origin,
    /// The bytes of the comment, where it allows nothing else.
    alone: Option<Origin>,
    used: bool,
}

impl Comments {
    fn read(sources: &Sources, found: &mut Diagnostics) -> Self {
        let mut comments = Self::default();
        for (id, file) in sources.files().filter(|(_, file)| !file.is_made()) {
            // The next line with content after each comment is looked for once, however many comments stand above it.
            let mut next: Option<(usize, Option<usize>)> = None;
            for origin in comments_with(sources, id, MARK) {
                let Some(allow) = Allow::read(sources, origin, found) else { continue };
                let line = file.line_of(origin.start);
                let before = &file.text[file.line_range(line).start..origin.start as usize];
                let target = if before.trim().is_empty() {
                    let found = match next {
                        Some((from, to)) if from <= line && to.is_none_or(|to| line < to) => to,
                        _ => next_content(file, line),
                    };
                    next = Some((line, found));
                    found
                } else {
                    Some(line)
                };
                let alone = (allow.codes.len() == 1).then(|| whole_comment(file, origin));
                for (code, place) in allow.codes {
                    let line = target.unwrap_or(line);
                    let allowed = Allowed { origin: place, alone, used: false };
                    // Of several that say the same one is enough.
                    if let Some(before) = comments.allowed.insert((id, line, code), allowed) {
                        comments.repeated.push(((id, line, code), before));
                    }
                }
            }
        }
        comments
    }

    /// Whether a comment allows the finding.
    fn allow(&mut self, finding: &Diagnostic, sources: &Sources) -> bool {
        if self.allowed.is_empty() || !finding.code.is_allowable() {
            return false;
        }
        let Some(file) = sources.file(finding.origin.file) else { return false };
        let line = file.line_of(finding.origin.start);
        match self.allowed.get_mut(&(finding.origin.file, line, finding.code)) {
            Some(allowed) => {
                allowed.used = true;
                true
            }
            None => false,
        }
    }

    fn unused(self) -> impl Iterator<Item = Diagnostic> {
        // Nearly no run looks into a cluster, or holds pods to a level: what is allowed for those that do is not unused.
        let unused =
            |((_, _, code), allowed): &((FileId, usize, Code), Allowed)| !allowed.used && !code.is_of_request();
        self.allowed.into_iter().chain(self.repeated).filter(unused).map(|((_, line, code), allowed)| {
            Diagnostic::new(
                Code::UnusedAllow,
                allowed.origin,
                format!("expected a finding of `{code}` to allow on line {line}, found none"),
            )
            .help("remove it: what it allowed is gone")
            .with_fix(Fix::safe(allowed.alone.map(|comment| Edit::bytes(comment, ""))))
        })
    }
}

/// Returns the bytes of a comment with the space before it, and of its line where that holds nothing else.
fn whole_comment(file: &SourceFile, comment: Origin) -> Origin {
    let line = file.line_range(file.line_of(comment.start));
    let before = file.text[line.start..comment.start as usize].trim_end().len();
    if before > 0 {
        return Origin::new(comment.file, line.start + before, comment.end as usize);
    }
    let rest = &file.text[line.end..];
    let end = rest.find('\n').map_or(file.text.len(), |at| line.end + at + 1);
    Origin::new(comment.file, line.start, end)
}

/// Returns the next line that holds more than a comment.
fn next_content(file: &SourceFile, line: usize) -> Option<usize> {
    let last = file.line_of(u32::MAX);
    (line + 1..=last).find(|line| {
        let text = file.line(*line).trim_start();
        // Nor is a statement of a template.
        !text.is_empty() && !text.starts_with('#') && !text.starts_with("{%") && !text.starts_with("{#")
    })
}

/// What a comment says.
struct Allow {
    codes: Vec<(Code, Origin)>,
}

impl Allow {
    /// Reads a comment; none where it is not for this product, or says nothing that can be followed.
    fn read(sources: &Sources, comment: Origin, found: &mut Diagnostics) -> Option<Self> {
        let text = sources.text(comment);
        let at = |part: &str| {
            // The part is a slice of the text, so that the distance of the two is where it stands.
            let start = comment.start as usize + (part.as_ptr() as usize - text.as_ptr() as usize);
            Origin::new(comment.file, start, start + part.len())
        };
        let said = text.strip_prefix('#')?.trim_start().strip_prefix(MARK)?.trim();
        let list = said.strip_prefix("allow").map(str::trim_start).and_then(|rest| rest.strip_prefix('('));
        let Some((list, reason)) = list.and_then(|list| list.split_once(')')) else {
            found.push(
                Diagnostic::new(Code::InvalidAllow, at(said), format!("expected `allow(code) reason`, found `{said}`"))
                    .help("for example `# fanfold: allow(empty-matrix) filled in per region`"),
            );
            return None;
        };
        let mut codes = Vec::new();
        for word in list.split(',').map(str::trim) {
            match Code::from_name(word) {
                Some(code) if code.is_allowable() => codes.push((code, at(word))),
                Some(code) => found.push(
                    Diagnostic::new(Code::InvalidAllow, at(word), format!("`{code}` cannot be allowed"))
                        .help("there is no output without mending it"),
                ),
                None if word.is_empty() => {
                    found.push(Diagnostic::new(Code::InvalidAllow, at(word), "expected a code, found nothing"));
                }
                None => found.push(
                    Diagnostic::new(Code::InvalidAllow, at(word), format!("no code is named `{word}`"))
                        .did_you_mean_word(word, Code::ALL.iter().map(|code| code.name())),
                ),
            }
        }
        if !reason.contains(char::is_alphanumeric) {
            found.push(
                Diagnostic::new(Code::InvalidAllow, at(said), "expected a reason after the codes, found none")
                    .help("say why it is fine here: whoever reads this next will want to know"),
            );
        }
        Some(Self { codes })
    }
}
