//! A finding in; the same finding out, without a word of what its places mark as secret.
//!
//! This is the one door to all formats. It does not look for values: a finding that has a place where a secret stands, or
//! that a secret flows into, tells no text that was not Fanfold's own. By the rule of all messages such texts stand in
//! backticks, those of a server in quotes; what [`Diagnostic::names_alone`] says to be none but names is told as it is.

use crate::diagnostic::fix::offered;
use crate::diagnostic::words::{MASK, masked};
use crate::diagnostic::{Code, Diagnostic, Edit, Label, Subject, words};
use crate::limits;
use crate::text::{Origin, Sources};

/// Returns the finding as it may be shown; a fix at a secret place, or one that does not hold, is left out.
pub(super) fn redacted(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    let mut finding = cut(without_secrets(finding, sources));
    finding.fix = finding.fix.and_then(|fix| offered(&fix, sources));
    if let Some(space) = odd_space_at(finding.origin, sources) {
        finding.help.push(format!("{space} stands there, which is none to YAML: write a plain one"));
    }
    finding.template = sources.template(finding.origin).map(|path| words::cut(path).into_owned());
    finding
}

/// Returns the space at or around a place that YAML takes for a letter, and nobody sees.
fn odd_space_at(origin: Origin, sources: &Sources) -> Option<&'static str> {
    /// A name or value of more characters is none with a slip in it.
    const LONGEST: usize = 100;
    let file = sources.file(origin.file)?;
    let line = file.line_range(file.line_of(origin.start));
    let (start, end) = (origin.start as usize, (origin.end as usize).min(line.end));
    let text = file.text.get(start..end.max(start))?;
    let before = file.text.get(line.start..start)?;
    // What an indentation is made of, and what stands between a key and its value.
    let lead =
        before.chars().rev().take_while(|letter| letter.is_whitespace() || words::odd_space_of(*letter).is_some());
    lead.chain(text.chars()).take(LONGEST).find_map(words::odd_space_of)
}

/// Returns the finding with no text that is longer, and no more parts, than anybody reads.
fn cut(mut finding: Diagnostic) -> Diagnostic {
    finding.labels.truncate(limits::PARTS_OF_A_FINDING);
    finding.help.truncate(limits::PARTS_OF_A_FINDING);
    let labels = finding.labels.iter_mut().map(|label| &mut label.text);
    let subject = finding.subject.iter_mut().flat_map(|subject| [&mut subject.object, &mut subject.field]);
    let texts =
        [&mut finding.message, &mut finding.label].into_iter().chain(labels).chain(&mut finding.help).chain(subject);
    for text in texts.filter(|text| text.len() > limits::MESSAGE_BYTES) {
        *text = words::cut(text).into_owned();
    }
    // Half a replacement would be a wrong one.
    let is_short = |edit: &Edit| edit.replacement.len() <= limits::MESSAGE_BYTES;
    finding.fix = finding.fix.filter(|fix| fix.edits.iter().all(is_short));
    finding
}

fn without_secrets(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    let labels = finding.labels.iter().map(|label| label.origin);
    let fixed = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.origin);
    let repeated = finding.repeats.iter().copied();
    let mut places = std::iter::once(finding.origin).chain(labels).chain(fixed).chain(repeated);
    if finding.names_alone || !places.any(|place| sources.is_secret(place)) {
        return with_name_masked(finding, sources);
    }
    // What follows a colon is the reason that another program gave; here it is one of our own.
    let own = matches!(finding.code, Code::UnreadableFile | Code::InvalidParameter);
    // What an excerpt shows of a key or a kind may be said of it too; the other words of such findings are names of fields,
    // kinds and versions.
    let names_key = matches!(
        finding.code,
        Code::UnknownField
            | Code::DuplicateKey
            | Code::UnknownKind
            | Code::UnknownCustomKind
            | Code::RemovedApi
            | Code::DeprecatedApi
    ) && is_shown(finding.origin, sources)
        && finding.repeats.iter().all(|place| is_shown(*place, sources));
    let told = |text: &str| if names_key { text.to_owned() } else { without_numbers(&masked(text), own) };
    // The last step of the path of a field that is not known is a key: an expression may have made it.
    let is_key = matches!(finding.code, Code::UnknownField | Code::InvalidKey | Code::DuplicateKey | Code::InvalidName);
    let subject = finding.subject.clone().map(|subject| {
        let cut = subject.field.rfind(['.', '[']).filter(|_| is_key).unwrap_or(subject.field.len());
        let field = if is_key && !subject.field.contains(['.', '[']) { "" } else { &subject.field[..cut] };
        // The name of an object may be made of what is secret in it.
        let is_masked = sources.is_tainted(finding.origin) && !names_key;
        let object = if is_masked { nameless(&subject.object) } else { subject.object.clone() };
        Subject { object, field: field.to_owned(), ..subject }
    });
    let subject = with_name_masked(&Diagnostic { subject, ..finding.clone() }, sources).subject;
    Diagnostic {
        subject,
        message: told(&finding.message),
        label: told(&finding.label),
        labels: finding.labels.iter().map(|label| Label { origin: label.origin, text: told(&label.text) }).collect(),
        help: finding.help.iter().map(|help| told(help)).collect(),
        fix: None,
        ..finding.clone()
    }
}

/// Returns the finding without the name of its object where that is made of a secret.
fn with_name_masked(finding: &Diagnostic, sources: &Sources) -> Diagnostic {
    let mut finding = finding.clone();
    if let Some(subject) =
        finding.subject.as_mut().filter(|subject| subject.named.iter().any(|named| sources.is_tainted(*named)))
    {
        subject.object = nameless(&subject.object);
    }
    finding
}

/// Returns the kind of an object, and a mask in the place of its name.
fn nameless(object: &str) -> String {
    format!("{} {MASK}", object.split(' ').next().unwrap_or_default())
}

/// Whether excerpts show what was written at a place, and no expression made it.
fn is_shown(origin: Origin, sources: &Sources) -> bool {
    let written = sources.text(origin);
    !(written.is_empty() || written.contains("{{") || sources.is_hidden(origin))
}

/// Masks numbers: a length tells too. Cuts the reason of another program off.
fn without_numbers(text: &str, own: bool) -> String {
    let end = text.rfind('`').unwrap_or_default();
    let end = text[end..].find(": ").filter(|_| !own).map_or(text.len(), |colon| end + colon);
    let mut told = String::with_capacity(text.len());
    for letter in text[..end].chars() {
        match letter {
            '0'..='9' if told.ends_with(MASK) => {}
            // `base64` is a word, and so is the version of Kubernetes.
            '0'..='9' if !told.ends_with(char::is_alphanumeric) && !ends_with_version(&told) => told.push_str(MASK),
            letter => told.push(letter),
        }
    }
    told
}

/// Whether a text ends with the name of Kubernetes and a part of its version.
fn ends_with_version(text: &str) -> bool {
    text.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.').ends_with("Kubernetes ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_at_a_secret_place_are_fanfolds_own() {
        assert_eq!(
            masked("expected an integer, found the string `a`b`"),
            "expected an integer, found the string `•••`"
        );
        assert_eq!(masked("expected `a` or `b`, found `c"), "expected `•••`c");
        assert_eq!(masked("found `c"), "found `•••`");
        assert_eq!(masked("unclosed bracket `[`"), "unclosed bracket `[`");
        assert_eq!(masked("Invalid value: \"a\": must be `b`"), "Invalid value: `•••`");
        assert_eq!(masked("nothing"), "nothing");
        assert_eq!(without_numbers("`•••` is none: x", false), "`•••` is none");
        assert_eq!(without_numbers("it fails: x", false), "it fails");
        assert_eq!(without_numbers("cannot read `•••`: not found", true), "cannot read `•••`: not found");
        assert_eq!(without_numbers("at least 12 of 3", true), "at least ••• of •••");
        assert_eq!(without_numbers("`•••` in Kubernetes 1.37 is 12", true), "`•••` in Kubernetes 1.37 is •••");
    }

    #[test]
    fn a_key_that_an_excerpt_shows_is_named() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "dta: TOKEN\n{{ x }}: y");
        let at = |start, end| Origin::new(file, start, end);
        sources.taint(at(0, 22));
        sources.hide(at(5, 10));
        let tell = |origin| Diagnostic::new(Code::UnknownField, origin, "`Secret` has no field `dta`");
        assert_eq!(redacted(&tell(at(0, 3)), &sources).message, "`Secret` has no field `dta`");
        assert_eq!(redacted(&tell(at(5, 10)), &sources).message, "`•••`");
        assert_eq!(redacted(&tell(at(11, 18)), &sources).message, "`•••`");
    }

    #[test]
    fn a_place_that_a_secret_flows_into_masks_what_is_told_of_it() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "replicas: TOKEN");
        let at = |start, end| Origin::new(file, start, end);
        sources.taint(at(10, 15));
        let tell = |origin| Diagnostic::new(Code::WrongType, origin, "found `TOKEN`").fix(at(0, 1), "x");
        assert_eq!(redacted(&tell(at(0, 8)), &sources), tell(at(0, 8)));
        let told = redacted(&tell(at(10, 15)), &sources);
        assert_eq!((told.message.as_str(), told.fix), ("found `•••`", None));
        assert_eq!(redacted(&tell(at(0, 8)).also(at(10, 15), "here"), &sources).message, "found `•••`");
        assert_eq!(redacted(&tell(at(10, 15)).names_alone(), &sources).message, "found `TOKEN`");
    }
}
